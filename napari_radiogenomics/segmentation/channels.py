"""Scans as channels of a classifier: told apart by name, on one grid, on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry, require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import content_hash
from napari_radiogenomics.segmentation.edit import values_of

__all__ = ["Channel", "Stack", "channel_name", "known_channels", "learn_channels", "stacked"]

_MOST = 400_000  # voxels that percentiles are taken from
_PERCENTILES = (1.0, 99.5)


@dataclass(frozen=True)
class Channel:
    """One channel of a classifier.

    Attributes
    ----------
    name : str
        Role of the scan (``"T1c"``), or its name.
    unit : str
        Unit of its values; empty for arbitrary signal, which is scaled in each scan anew.
    low, high : float
        Values that became 0 and 1 in the first scan.
    """

    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Stack:
    """Channels of one patient, ready for their features.

    Attributes
    ----------
    values : list of ndarray of float32, shape (Z, Y, X)
        Scaled so that most lie between 0 and 1.
    geometry : Geometry
        Their grid.
    """

    values: list[NDArray[np.float32]]
    geometry: Geometry

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the arrays."""
        return self.geometry.shape

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Along z, y, x in mm."""
        return self.geometry.spacing[::-1]

    @cached_property
    def key(self) -> str:
        """What tells these scans from others: grid and a part of the values."""
        few = [array.reshape(-1)[:: max(1, array.size // _MOST)] for array in self.values]
        return content_hash([self.geometry, *few])


def channel_name(image: Image) -> str:
    """Name that a scan has as a channel: its role in the cohort, else its own.

    Examples
    --------
    >>> grid = Geometry((1, 1, 1))
    >>> channel_name(Image(np.zeros((1, 1, 1)), grid, name="P1_03", metadata={"role": "T1c"}))
    'T1c'
    """
    return str(image.metadata.get("role") or image.name)


def _volumes(images: Sequence[Image]) -> dict[str, Image]:
    found: dict[str, Image] = {}
    for image in images:
        for volume in image.volumes():
            name = volume.name if image.array.ndim == 4 else channel_name(volume)
            if name in found:
                raise InputError(
                    f'Two channels are called "{name}", and channels are told apart by their '
                    "names. Give the scans different names or roles."
                )
            found[name] = volume
    if not found:
        raise InputError("There is no scan to look at. Choose one scan or more.")
    return found


def _range(values: NDArray) -> tuple[float, float]:
    few = values.reshape(-1)[:: max(1, values.size // _MOST)]
    low, high = (float(v) for v in np.percentile(few, _PERCENTILES))
    if not high > low:
        low, high = float(values.min()), float(values.max())
    return low, high if high > low else low + 1.0


def learn_channels(images: Sequence[Image]) -> tuple[Channel, ...]:
    """Channels of the first patient, in the order given.

    Raises
    ------
    InputError
        If there are none, or two have one name.
    """
    found = _volumes(images)
    return tuple(Channel(name, x.unit, *_range(x.array)) for name, x in found.items())


def known_channels(images: Sequence[Image], channels: Sequence[Channel]) -> list[Image]:
    """Choose, of the scans of a patient, those that a classifier learned from.

    Parameters
    ----------
    images : sequence of Image
        All scans; the first is the one that was chosen.
    channels : sequence of Channel
        What the classifier knows.

    Returns
    -------
    list of Image
        The scans of these names. A classifier of one channel takes the chosen scan where none has
        its name and the scan has no role, as files that are opened one by one have none. Where a
        channel is missing, all scans, so that `stacked` names what does not fit.

    Raises
    ------
    InputError
        If two scans have one name.

    Examples
    --------
    >>> grid = Geometry((1, 1, 1))
    >>> t1, t2 = (Image(np.zeros((1, 1, 1)), grid, name=name) for name in ("T1", "T2"))
    >>> [image.name for image in known_channels([t1, t2], [Channel("T2", "", 0, 1)])]
    ['T2']
    """
    found = _volumes(images)
    if all(channel.name in found for channel in channels):
        return [found[channel.name] for channel in channels]
    chosen = images[0]
    if len(channels) == 1 and chosen.array.ndim == 3 and not chosen.metadata.get("role"):
        return [replace(chosen, name=channels[0].name)]
    return list(images)


def stacked(
    images: Sequence[Image], channels: Sequence[Channel], drawn: Segmentation | None = None
) -> Stack:
    """Bring scans into the order and onto the scale of the channels.

    Parameters
    ----------
    images : sequence of Image
        In any order.
    channels : sequence of Channel
        What is wanted.
    drawn : Segmentation, optional
        Has to be on the same grid.

    Raises
    ------
    InputError
        If a channel is missing or has another unit, or values are not finite.
    GeometryError
        If the grids differ.
    """
    found = _volumes(images)
    wanted = [channel.name for channel in channels]
    if len(channels) != len(found) or set(wanted) != set(found):
        missing = [name for name in wanted if name not in found]
        surplus = [name for name in found if name not in wanted]
        raise InputError(
            f"The classifier learned from the channels {', '.join(wanted)}; "
            + (f"missing: {', '.join(missing)}; " if missing else "")
            + (f"not known: {', '.join(surplus)}; " if surplus else "")
            + "give it the same ones. A scan is called by its role in the cohort, else its name."
        )
    grid = found[wanted[0]].geometry
    return Stack([_scaled(found[one.name], one, grid, drawn) for one in channels], grid)


def _scaled(
    image: Image, channel: Channel, grid: Geometry, drawn: Segmentation | None
) -> NDArray[np.float32]:
    if image.unit != channel.unit:
        raise InputError(
            f'The channel "{channel.name}" was learned in {channel.unit or "arbitrary signal"} and '
            f"is now in {image.unit or 'arbitrary signal'}. Bring it to the same unit."
        )
    require_same_grid(grid, image.geometry, names=("First scan", f"Scan {channel.name}"))
    like = drawn or Segmentation(np.zeros(grid.shape, np.uint8), grid)
    values = values_of(image, like)
    low, high = (channel.low, channel.high) if channel.unit else _range(values)
    scaled = (values.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return np.clip(scaled, -1, 2)
