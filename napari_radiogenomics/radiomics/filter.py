"""What an image type is: one module in ``filters/`` that defines ``FILTER``.

An image type is a scan seen through a filter before its texture is measured. Numbers and names
are PyRadiomics'.

Strategy: texture is measured in a small box of a large scan, and filtering the rest is most of
PyRadiomics' time. A filter here reads only what reaches the box, and gives there what it would
give if it had filtered the whole scan.

Letters: Z, Y, X voxels of the scan; a box is three slices along z, y, x.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.radiomics.boxes import Box, crop, whole_box
from napari_radiogenomics.registry import Registry, did_you_mean

__all__ = ["FILTERS", "Filter", "ImageTypes", "Source", "derive", "image_type_meanings", "margin"]

ImageTypes = Sequence[str] | Mapping[str, Mapping[str, Any] | None]
Spacing = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Source:
    """The scan that a filter works on, and the box where its result is wanted.

    Attributes
    ----------
    array : ndarray, shape (Z, Y, X)
        Values of the whole scan.
    spacing : tuple of float
        Size of a voxel along z, y, x in mm.
    box : tuple of slice
        Where the result is wanted.
    name : str
        Of the scan, for messages.
    blank_slices : tuple of int
        Slices that were missing in the source.
    progress : Progress
        Told of each part of a filter that takes its time; may cancel between two.
    """

    array: NDArray
    spacing: Spacing
    box: Box
    name: str = ""
    blank_slices: tuple[int, ...] = ()
    progress: Progress = quiet

    @cached_property
    def peak(self) -> float:
        """Largest absolute value of the whole scan.

        Raises
        ------
        InputError
            If a value is not finite, or all are 0.
        """
        peak = max(abs(float(self.array.min())), abs(float(self.array.max())))
        if not np.isfinite(peak):
            raise InputError(
                f"{self.name} holds values that are not finite (NaN or infinite), and this image "
                "type is scaled by the highest of the whole scan. Repair the scan."
            )
        if peak == 0:
            raise InputError(f"Every value of {self.name} is 0: this image type has no scale.")
        return peak

    @property
    def inner(self) -> NDArray[np.float64]:
        """Values in the box, as doubles."""
        return self.array[self.box].astype(np.float64)

    def around(self, reach: Sequence[int]) -> tuple[NDArray, Box]:
        """Values in the box and around it, clipped at the edge of the scan.

        Parameters
        ----------
        reach : sequence of int
            Voxels to each side along z, y, x.

        Returns
        -------
        values : ndarray
            Part of the scan.
        inside : tuple of slice
            The box in it.
        """
        outer, inside = [], []
        for part, far, size in zip(self.box, reach, self.array.shape, strict=True):
            start = max(part.start - far, 0)
            outer.append(slice(start, min(part.stop + far, size)))
            inside.append(slice(part.start - start, part.stop - start))
        self.require_measured(outer[0].start, outer[0].stop)
        values = self.array[tuple(outer)]
        self.require_finite(values)
        return values, tuple(inside)  # type: ignore[return-value]

    def require_measured(self, start: int, stop: int) -> None:
        """Refuse slices that were missing in the source."""
        blank = [k for k in self.blank_slices if start <= k < stop]
        if blank:
            raise InputError(
                f"The filter reaches {len(blank)} slices that are missing in the source of "
                f"{self.name} (the first is slice {blank[0]}, counted from 0). Read the scan with "
                "all its files, or measure the original image alone."
            )

    def require_finite(self, values: NDArray) -> None:
        """Refuse values that a filter would spread."""
        if not np.isfinite(values).all():
            raise InputError(
                f"{self.name} holds values around the region that are not finite (NaN or "
                "infinite), and a filter would spread them. Repair the scan."
            )


@dataclass(frozen=True)
class Filter:
    """One image type.

    Attributes
    ----------
    name : str
        PyRadiomics' name, for example ``"LoG"``.
    title : str
        Name a person knows.
    meaning : str
        What it brings out, in plain words.
    formula : str
        Formula in plain text.
    apply : callable
        ``apply(source, **settings)`` yields names (``"log-sigma-3-0-mm-3D"``) and arrays in
        the box. Between steps of at most 50 ms it asks ``source.progress``.
    settings : Mapping
        Names of its settings, PyRadiomics' own, each with its default.
    reach : callable
        ``reach(spacing, **settings)``: voxels along z, y, x beyond the box that it reads.
    whole : bool
        Whether it needs to know the highest value of the whole scan.
    unit : str
        Unit of the result; ``{unit}`` stands for the unit of the scan.
    doi : str
        Where it is described; empty where it is elementary.
    limits : str
        When not to trust it.
    """

    name: str
    title: str
    meaning: str
    formula: str
    apply: Callable[..., Iterator[tuple[str, NDArray]]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    reach: Callable[..., tuple[int, int, int]] = lambda spacing, **settings: (0, 0, 0)
    whole: bool = False
    unit: str = "{unit}"
    doi: str = ""
    limits: str = ""

    def settled(self, given: Mapping[str, Any] | None, common: Mapping[str, Any]) -> dict[str, Any]:
        """Settings to use: the defaults, the common ones that it knows, then its own.

        Raises
        ------
        InputError
            If one of its own is not known.
        """
        own = dict(given or {})
        for name in own:
            if name not in self.settings:
                raise InputError(
                    f'{self.title} has no setting "{name}". '
                    f"{did_you_mean(name, list(self.settings))}"
                )
        shared = {name: value for name, value in common.items() if name in self.settings}
        return {**self.settings, **shared, **own}


FILTERS: Registry[Filter] = Registry(
    "napari_radiogenomics.radiomics.filters",
    attribute="FILTER",
    noun="image type",
    group="napari_radiogenomics.filters",
)


def image_type_meanings() -> Mapping[str, str]:
    """Names of all image types, each with its meaning."""
    return {found.name: found.meaning for found in FILTERS}


def derive(
    image: Image,
    image_types: ImageTypes,
    *,
    box: Box | None = None,
    common: Mapping[str, Any] | None = None,
    progress: Progress = quiet,
) -> Iterator[tuple[str, Image]]:
    """Derive images by filters, one after the other.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    image_types : sequence of str or Mapping
        Names of image types, or each with its settings as in a PyRadiomics parameter file:
        ``{"Original": {}, "LoG": {"sigma": [1.0, 3.0]}}``. They are derived in this order.
    box : tuple of slice, optional
        Part of the scan that is wanted, along z, y, x. What is derived there is what would be
        derived from the whole scan.
    common : Mapping, optional
        Settings for every image type that knows them, such as ``force2D``.
    progress : Progress, optional
        Reports the parts of each filter; may cancel.

    Yields
    ------
    name : str
        PyRadiomics' name, for example ``"wavelet-LLH"``.
    image : Image
        On the grid of the scan, or of the box.

    Raises
    ------
    InputError
        If an image type or a setting is not known or out of range, the scan holds several
        volumes, or what a filter reads is missing or not finite.
    Cancelled
        If ``progress`` says so.

    Notes
    -----
    In a box the numbers are those of the whole scan, but for the rounding of sums. LoG has
    single precision, as in PyRadiomics.

    References
    ----------
    van Griethuysen et al., Cancer Res 2017, doi:10.1158/0008-5472.CAN-17-0339.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> scan = Image(np.arange(-1.0, 3).reshape(1, 1, 4), Geometry((4, 1, 1)))
    >>> for name, derived in derive(scan, ["Original", "Square"]):
    ...     print(name, derived.array.round(2).tolist())
    original [[[-1.0, 0.0, 1.0, 2.0]]]
    square [[[0.5, 0.0, 0.5, 2.0]]]
    """
    if image.array.ndim == 4:
        raise InputError("The scan holds several volumes. Choose one of image.volumes().")
    if image.array.dtype.kind not in "fiub":
        raise InputError(f"The scan holds {image.array.dtype} values; filters need real numbers.")
    wanted = [(found, found.settled(given, common or {})) for found, given in _chosen(image_types)]
    box = whole_box(image.array.shape) if box is None else box
    small = crop(image, box)
    source = Source(
        _plain(image.array),
        image.geometry.spacing[::-1],
        box,
        image.name or "The scan",
        image.blank_slices,
        progress,
    )
    for found, settings in wanted:
        for name, array in found.apply(source, **settings):
            yield name, _derived(small, array, found, name)


def margin(
    image_types: ImageTypes, spacing: Sequence[float], common: Mapping[str, Any] | None = None
) -> int:
    """Voxels around a region's box that filters read.

    Parameters
    ----------
    image_types : sequence of str or Mapping
        As for `derive`.
    spacing : sequence of float
        Size of a voxel along z, y, x in mm.
    common : Mapping, optional
        As for `derive`.

    Returns
    -------
    int
        The most along any axis. A scan cropped so loses two things: the highest value of the
        whole scan, which some image types are scaled by, and its true edges, which wavelets
        wrap around. `derive` with a box minds both.

    Examples
    --------
    >>> margin(["Original", "Wavelet"], (1.0, 1.0, 1.0))
    6
    """
    reaches = [
        max(found.reach(tuple(spacing), **found.settled(given, common or {})))
        for found, given in _chosen(image_types)
    ]
    return max(reaches, default=0)


def _chosen(image_types: ImageTypes) -> list[tuple[Filter, Mapping[str, Any] | None]]:
    if isinstance(image_types, str):
        raise InputError(f'image_types is a list of names; got "{image_types}".')
    given = image_types if isinstance(image_types, Mapping) else dict.fromkeys(image_types)
    return [(FILTERS[name], settings) for name, settings in given.items()]


def _plain(array: NDArray) -> NDArray:
    """Types that SimpleITK and PyWavelets know."""
    if array.dtype == bool:
        return array.astype(np.uint8)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _derived(small: Image, array: NDArray, found: Filter, name: str) -> Image:
    if name == "original":
        return small
    unit = found.unit.format(unit=small.unit) if small.unit or "{unit}" not in found.unit else ""
    return replace(
        small,
        array=array,
        unit=unit,
        name=" ".join(filter(None, (small.name, name))),
        metadata={**small.metadata, "image_type": name},
    )
