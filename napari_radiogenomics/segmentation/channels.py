"""Scans as channels of a classifier: told apart by what they are, on one grid, on one scale.

What a scan is called counts only where the names are those that were learned; the next patient's
files have others. Then roles decide (T1c, FLAIR, CT, …), and the order where there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry, require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import content_hash
from napari_radiogenomics.segmentation.edit import values_of

__all__ = ["Channel", "Stack", "learn_channels", "match_channels", "stacked"]

_MOST = 400_000  # voxels that percentiles are taken from
_PERCENTILES = (1.0, 99.5)
_VAGUE = ("", "MR", "map")  # modalities that do not tell what a scan shows


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
    role : str
        What the scan shows, as far as that is known: ``"T1c"``, ``"CT"``; else empty.
    """

    name: str
    unit: str
    low: float
    high: float
    role: str = ""


@dataclass(frozen=True, eq=False)
class Stack:
    """Channels of one patient, ready for their features.

    Attributes
    ----------
    values : list of ndarray of float32, shape (Z, Y, X)
        Scaled so that most lie between 0 and 1.
    geometry : Geometry
        Their grid.
    notes : tuple of str
        How scans were matched with channels, where that is not certain.
    """

    values: list[NDArray[np.float32]]
    geometry: Geometry
    notes: tuple[str, ...] = ()

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


def _role(image: Image) -> str:
    """What a scan shows: its role in the cohort, else a modality that says it; or nothing.

    Examples
    --------
    >>> grid = Geometry((1, 1, 1))
    >>> _role(Image(np.zeros((1, 1, 1)), grid, name="P1_03", modality="CT"))
    'CT'
    """
    modality = "" if image.modality in _VAGUE else image.modality
    return str(image.metadata.get("role") or modality)


def _called(image: Image) -> str:
    return str(image.metadata.get("role") or image.name)


@dataclass(frozen=True, eq=False)
class _Volume:
    """A 3-D scan as a channel: its name, and its role as far as that is known."""

    name: str
    role: str
    image: Image


def _volumes(images: Sequence[Image]) -> list[_Volume]:
    """Return 3-D scans in the order given; of two with one name the second is numbered."""
    found: list[_Volume] = []
    for image in images:
        for volume in image.volumes():
            role = "" if image.array.ndim == 4 else _role(volume)
            name = volume.name if image.array.ndim == 4 else _called(volume)
            same = sum(other.name == name for other in found)
            found.append(_Volume(f"{name} {same + 1}" if same else name, role, volume))
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
        If there are none.
    """
    return tuple(
        Channel(x.name, x.image.unit, *_range(x.image.array), role=x.role) for x in _volumes(images)
    )


def match_channels(
    images: Sequence[Image], channels: Sequence[Channel]
) -> tuple[list[Image], tuple[str, ...]]:
    """Choose, of the scans of a patient, those that a classifier needs.

    Strategy: where all scans are called as they were, they are the same ones. Else scans of a
    role go to its channels; what is left is taken in the order given if it is as many, or if the
    classifier has one channel. Two roles that are known and differ never meet.

    Parameters
    ----------
    images : sequence of Image
        All scans; the first is the one that was chosen.
    channels : sequence of Channel
        What the classifier knows.

    Returns
    -------
    images : list of Image, one for each channel
        Other scans are left aside.
    notes : tuple of str
        How they were matched, where roles do not tell, and what was left aside.

    Raises
    ------
    InputError
        If there is no scan for a channel.

    Examples
    --------
    >>> grid = Geometry((1, 1, 1))
    >>> ct = Image(np.zeros((1, 1, 1)), grid, name="P2", modality="CT")
    >>> other = Image(np.zeros((1, 1, 1)), grid, name="P2 later", modality="PT")
    >>> [image.name for image in match_channels([other, ct], [Channel("P1", "", 0, 1, "CT")])[0]]
    ['P2']
    """
    found = _volumes(images)
    names = {volume.name: volume for volume in found}
    if all(channel.name in names for channel in channels):
        taken = [names[channel.name] for channel in channels]
        return [volume.image for volume in taken], _aside(found, taken, channels)
    matched, unsure = _by_role(found, channels)
    open_ = [n for n in range(len(channels)) if n not in matched]
    left = [x for x in found if x not in matched.values()]
    left = [x for x in left if any(not _differ(channels[n].role, x.role) for n in open_)]
    several = len(left) > 1
    if len(channels) == 1 and left[:1] == found[:1]:
        left = left[:1]
    pairs = dict(zip(open_, left, strict=False))
    if len(left) != len(open_) or any(_differ(channels[n].role, pairs[n].role) for n in pairs):
        raise _unmatched(found, channels)
    if several or any(channels[n].role != pairs[n].role for n in pairs):
        unsure |= {*pairs}
    matched |= pairs
    taken = [matched[n] for n in range(len(channels))]
    notes = _notes(matched, channels, unsure)
    return [volume.image for volume in taken], notes + _aside(found, taken, channels)


def _differ(one: str, other: str) -> bool:
    """Whether two roles are known and not the same."""
    return bool(one and other) and one.casefold() != other.casefold()


def _by_role(
    found: Sequence[_Volume], channels: Sequence[Channel]
) -> tuple[dict[int, _Volume], set[int]]:
    """Scan of each channel whose role says it, by place; and places where several could be."""
    matched: dict[int, _Volume] = {}
    unsure: set[int] = set()
    for role in dict.fromkeys(channel.role.casefold() for channel in channels if channel.role):
        wanted = [n for n, channel in enumerate(channels) if channel.role.casefold() == role]
        there = [x for x in found if x.role.casefold() == role]
        pairs = dict(zip(wanted, there, strict=False))
        matched |= pairs
        unsure |= {*pairs} if len(wanted) > 1 or len(there) > 1 else set()
    return matched, unsure


def _notes(
    matched: dict[int, _Volume], channels: Sequence[Channel], unsure: set[int]
) -> tuple[str, ...]:
    if not unsure:
        return ()
    pairs = [(matched[n].name or "a scan without a name", channels[n].name) for n in sorted(unsure)]
    told = ", ".join(f'"{scan}" as "{channel or "its channel"}"' for scan, channel in pairs)
    return (
        f"Roles do not tell which scan is which channel of the classifier; taken in order: {told}. "
        "Check it, or give the scans their roles.",
    )


def _aside(
    found: Sequence[_Volume], taken: Sequence[_Volume], channels: Sequence[Channel]
) -> tuple[str, ...]:
    """Name scans that were given and are not looked at, unless their role says why."""
    left = [
        volume
        for volume in found
        if not any(volume is other for other in taken)
        and any(not x.role or x.role.casefold() == volume.role.casefold() for x in channels)
    ]
    if not left:
        return ()
    names = ", ".join(f'"{volume.name or "a scan without a name"}"' for volume in left)
    count = f"{len(channels)} channel{'s' if len(channels) > 1 else ''}"
    return (f"The classifier learned from {count}; left aside: {names}.",)


def _unmatched(found: Sequence[_Volume], channels: Sequence[Channel]) -> InputError:
    wanted, there = [x.name for x in channels], [x.name for x in found]
    missing = [name for name in wanted if name not in there]
    surplus = [name for name in there if name not in wanted]
    return InputError(
        f"The classifier learned from the channels {', '.join(wanted)}; "
        + (f"missing: {', '.join(missing)}; " if missing else "")
        + (f"not known: {', '.join(surplus)}; " if surplus else "")
        + "give it scans of the same roles, or as many without roles in the same order."
    )


def stacked(
    images: Sequence[Image], channels: Sequence[Channel], drawn: Segmentation | None = None
) -> Stack:
    """Bring scans into the order and onto the scale of the channels.

    Parameters
    ----------
    images : sequence of Image
        As for `match_channels`.
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
    found, notes = match_channels(images, channels)
    grid = found[0].geometry
    values = [_scaled(x, one, grid, drawn) for x, one in zip(found, channels, strict=True)]
    return Stack(values, grid, notes)


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
