"""Regions drawn on a scan: integer labels, and what each value means."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.provenance import Record

__all__ = ["CODES", "Code", "Label", "Segmentation", "labels_present"]

CODES = ("category", "type", "anatomic_region")
"""Fields of a label that hold coded concepts."""

# Okabe-Ito, without black: told apart by colour-blind readers.
_PALETTE = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
    (0, 114, 178),
)

_BLOCK = 1 << 20
# As many labels are named where a segmentation is printed.
_MOST_SHOWN = 6


@dataclass(frozen=True)
class Code:
    """A coded concept, as in DICOM: value, scheme and meaning.

    Examples
    --------
    >>> str(Code("108369006", "SCT", "Neoplasm"))
    'SCT^108369006^Neoplasm'
    >>> Code.parse("SCT^108369006^Neoplasm").meaning
    'Neoplasm'
    """

    value: str
    scheme: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.scheme}^{self.value}^{self.meaning}"

    @classmethod
    def parse(cls, text: str) -> Code | None:
        """Read what `str` writes, as 3D Slicer writes it too; None where there is no value."""
        scheme, _, rest = text.partition("^")
        value, _, meaning = rest.partition("^")
        return cls(value, scheme, meaning) if value else None


@dataclass(frozen=True)
class Label:
    """What one value of a segmentation means.

    Attributes
    ----------
    value : int
        Voxel value, 1 or more.
    name : str
        Name of the region.
    color : tuple of int
        Red, green, blue, 0-255; taken from a colour-blind safe palette where None is given.
    category, type : Code or None
        Segmented property category and type.
    metadata : Mapping
        Further facts from the source, for example tracking ids or the algorithm.
    anatomic_region : Code or None
        Where in the body it lies.
    """

    value: int
    name: str = ""
    color: tuple[int, int, int] | None = None
    category: Code | None = None
    type: Code | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    anatomic_region: Code | None = None

    def __post_init__(self) -> None:
        if self.value < 1:
            raise InputError(f"Label values start at 1 (0 is background); got {self.value}.")
        if not self.name:
            object.__setattr__(self, "name", f"label {self.value}")
        if self.color is None:
            object.__setattr__(self, "color", _PALETTE[(self.value - 1) % len(_PALETTE)])


def labels_present(labels: NDArray) -> tuple[int, ...]:
    """Values other than 0 that occur, in ascending order.

    Examples
    --------
    >>> labels_present(np.array([0, 4, 1, 1]))
    (1, 4)
    """
    if labels.dtype.kind in "bu" or (labels.size and labels.min() >= 0):
        top = int(labels.max()) if labels.size else 0
        if top < 1 << 20:
            found = np.zeros(top + 1, bool)
            flat = labels.reshape(-1)
            for start in range(0, flat.size, _BLOCK):  # counting wants 8 bytes a voxel
                block = flat[start : start + _BLOCK].astype(np.intp)
                found |= np.bincount(block, minlength=top + 1) > 0
            return tuple(int(v) for v in np.flatnonzero(found) if v)
    return tuple(int(v) for v in np.unique(labels) if v)


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Labelled regions on a grid.

    Attributes
    ----------
    labels : ndarray of int, shape (Z, Y, X) or (L, Z, Y, X)
        0 is background. Where regions overlap they are spread over L layers, each value in
        one layer only.
    geometry : Geometry
        True grid in patient space.
    scheme : tuple of Label
        Meaning of the values; values that occur without one get a plain label.
    name : str
        What a person calls it.
    fractions : ndarray of float32, shape (S, Z, Y, X), or None
        Probability or occupancy of each label of ``scheme``, where the source gave it.
    notes, metadata, history
        As for `Image`.

    Raises
    ------
    GeometryError
        If the array does not have the shape of the grid.
    InputError
        If the labels are not integers, or negative.

    Examples
    --------
    >>> labels = np.zeros((1, 2, 2), np.uint8); labels[0, 0] = 1
    >>> tumour = Segmentation(labels, Geometry((2, 2, 1)), (Label(1, "tumour"),))
    >>> int(tumour.mask(1).sum()), tumour["tumour"].value
    (2, 1)
    """

    labels: NDArray[np.integer]
    geometry: Geometry
    scheme: tuple[Label, ...] = ()
    name: str = ""
    fractions: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        if self.labels.ndim not in (3, 4) or self.labels.shape[-3:] != self.geometry.shape:
            raise GeometryError(
                f"Labels of shape {self.labels.shape} do not fit a grid of shape "
                f"{self.geometry.shape} (z, y, x)."
            )
        if self.labels.dtype == bool:
            object.__setattr__(self, "labels", self.labels.astype(np.uint8))
        if self.labels.dtype.kind not in "iu":
            raise InputError(
                f"Labels are whole numbers; got {self.labels.dtype}. Round them first, or read "
                'the file with the setting kind as "image".'
            )
        present = labels_present(self.labels)
        if present and present[0] < 0:
            raise InputError(f"Labels are 0 or more; got {present[0]}.")
        known = {label.value for label in self.scheme}
        missing = tuple(Label(value) for value in present if value not in known)
        scheme = tuple(sorted((*self.scheme, *missing), key=lambda label: label.value))
        object.__setattr__(self, "scheme", scheme)

    def __repr__(self) -> str:
        labels = ", ".join(f"{label.value} {label.name}" for label in self.scheme[:_MOST_SHOWN])
        more = len(self.scheme) - _MOST_SHOWN
        labels += f", {more} more" if more > 0 else ""
        fractions = ", with fractions" if self.fractions is not None else ""
        grid = f"{self.labels.dtype}, {self.geometry}"
        return f"Segmentation({self.name!r}, labels: {labels or 'none'}{fractions}, {grid})"

    def recorded(self, record: Record) -> Segmentation:
        """Return it with one more record in its history, without looking at its voxels again."""
        after = copy.copy(self)
        object.__setattr__(after, "history", (*self.history, record))
        return after

    def __getitem__(self, name: str) -> Label:
        for label in self.scheme:
            if label.name == name:
                return label
        known = ", ".join(f"{label.name} ({label.value})" for label in self.scheme)
        raise InputError(f'No region is called "{name}". Known: {known or "none"}.')

    @property
    def overlapping(self) -> bool:
        """Whether regions may share voxels."""
        return self.labels.ndim == 4

    @property
    def present(self) -> tuple[int, ...]:
        """Label values that occur, in ascending order."""
        return labels_present(self.labels)

    @property
    def called(self) -> str:
        """How a message calls it: by its name where it has one.

        Examples
        --------
        >>> Segmentation(np.zeros((1, 1, 1), np.uint8), Geometry((1, 1, 1))).called
        'the segmentation'
        """
        return f"the segmentation {self.name!r}" if self.name else "the segmentation"

    def mask(self, label: int) -> NDArray[np.bool_]:
        """Voxels of one label, shape (Z, Y, X).

        Raises
        ------
        InputError
            If the label does not occur.
        """
        mask = self.labels == label
        mask = mask.any(axis=0) if self.overlapping else mask
        if not mask.any():
            raise InputError(
                f"Label {label} does not occur in {self.called}. "
                f"Present: {', '.join(map(str, self.present)) or 'none'}."
            )
        return mask

    def volume_ml(self, label: int) -> float:
        """Volume of one label in mL."""
        return float(self.mask(label).sum()) * self.geometry.voxel_volume / 1000

    def layers(self) -> list[NDArray[np.integer]]:
        """Label maps of shape (Z, Y, X) that together hold every region."""
        return list(self.labels) if self.overlapping else [self.labels]

    @classmethod
    def from_masks(
        cls,
        masks: Iterable[NDArray[np.bool_]],
        geometry: Geometry,
        scheme: Iterable[Label],
        **more: Any,
    ) -> Segmentation:
        """Combine one mask a label; overlapping ones are spread over as few layers as found.

        Parameters
        ----------
        masks : iterable of ndarray of bool, shape (Z, Y, X)
            One for each label of ``scheme``.
        geometry : Geometry
            Their grid.
        scheme : iterable of Label
            Values and names, in the order of the masks.
        **more
            Further fields of the segmentation.
        """
        scheme = tuple(scheme)
        top = max((label.value for label in scheme), default=0)
        dtype = np.uint8 if top < 256 else np.uint16 if top < 65536 else np.uint32
        layers: list[NDArray[np.integer]] = []
        for mask, label in zip(masks, scheme, strict=True):
            free = (layer for layer in layers if not layer[mask].any())
            layer = next(free, None)
            if layer is None:
                layer = np.zeros(geometry.shape, dtype)
                layers.append(layer)
            layer[mask] = label.value
        if not layers:
            layers = [np.zeros(geometry.shape, dtype)]
        labels = layers[0] if len(layers) == 1 else np.stack(layers)
        return cls(labels, geometry, scheme, **more)
