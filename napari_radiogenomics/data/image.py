"""A scan or a voxelwise map: values on a grid, with their unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.provenance import Record

__all__ = ["FourthAxis", "Image"]

FourthAxis = Literal["", "channel", "time"]


@dataclass(frozen=True, eq=False)
class Image:
    """Values of a scan or of a map, on the grid they were measured on.

    Attributes
    ----------
    array : ndarray, shape (Z, Y, X) or (N, Z, Y, X)
        Voxel values; N is ``fourth_axis``.
    geometry : Geometry
        True grid in patient space.
    unit : str
        Unit of the values: ``"HU"``, ``"bits"``, ``""`` for arbitrary MR signal.
    name : str
        What a person calls it.
    modality : str
        DICOM modality (``"CT"``, ``"MR"``, …) or ``"map"``.
    fourth_axis : {"", "channel", "time"}
        Meaning of the leading axis of a 4-D array.
    fourth_labels : tuple of str
        Name of each volume along the leading axis; may be empty.
    blank_slices : tuple of int
        Slices (along k) that were missing in the source and hold no measurement.
    notes : tuple of str
        What a person should know about how it was read.
    metadata : Mapping
        Source facts that do not change the values: path, series UID, window.
    history : tuple of Record
        How it came to be.

    Raises
    ------
    GeometryError
        If the array does not have the shape of the grid.

    Examples
    --------
    >>> import numpy as np
    >>> scan = Image(np.zeros((2, 3, 4)), Geometry((4, 3, 2)), unit="HU")
    >>> scan.shape
    (2, 3, 4)
    """

    array: NDArray
    geometry: Geometry
    unit: str = ""
    name: str = ""
    modality: str = ""
    fourth_axis: FourthAxis = ""
    fourth_labels: tuple[str, ...] = ()
    blank_slices: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        if self.array.ndim not in (3, 4) or self.array.shape[-3:] != self.geometry.shape:
            raise GeometryError(
                f"An array of shape {self.array.shape} does not fit a grid of shape "
                f"{self.geometry.shape} (z, y, x)."
            )
        if (self.array.ndim == 4) != bool(self.fourth_axis):
            raise InputError('A 4-D image needs fourth_axis "channel" or "time", a 3-D one "".')

    def __repr__(self) -> str:
        facts = [f"{self.name!r}", self.modality, self.unit, str(self.array.dtype)]
        if self.fourth_axis:
            facts.append(f"{len(self.array)} × {self.fourth_axis}")
        return f"Image({', '.join(filter(None, [*facts, str(self.geometry)]))})"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.array.shape

    def volumes(self) -> list[Image]:
        """Its three-dimensional images: itself, or one for each channel or time."""
        if self.array.ndim == 3:
            return [self]
        labels = self.fourth_labels or tuple(
            f"{self.fourth_axis} {n}" for n in range(len(self.array))
        )
        return [
            replace(
                self,
                array=array,
                fourth_axis="",
                fourth_labels=(),
                name=f"{self.name} {label}".strip(),
            )
            for array, label in zip(self.array, labels, strict=True)
        ]
