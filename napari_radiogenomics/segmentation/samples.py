"""What strokes have shown: features of their voxels, kept so that none is computed twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.segmentation.channels import Stack
from napari_radiogenomics.segmentation.pixel_features import Box, Recipe, pixel_features

__all__ = ["Samples", "gather"]

_MOST = 4000  # voxels of one class on one patient; more do not make it better, only slower


@dataclass(frozen=True, eq=False)
class Samples:
    """Voxels of known class on one patient.

    Attributes
    ----------
    places : ndarray of int64, shape (V,)
        Where they are in the flattened scan, ascending.
    classes : ndarray of int64, shape (V,)
        Values of their strokes.
    table : ndarray of float32, shape (V, F)
        Their features.
    """

    places: NDArray[np.int64]
    classes: NDArray[np.int64]
    table: NDArray[np.float32]


def gather(
    stack: Stack, scribbles: Segmentation, recipe: Recipe, before: Samples | None = None
) -> Samples:
    """Look at the voxels of strokes.

    Parameters
    ----------
    stack : Stack
        The scans.
    scribbles : Segmentation
        Strokes on their grid; 0 is not known.
    recipe : Recipe
        Which features.
    before : Samples, optional
        Of the same scans; what was looked at then is not again.

    Returns
    -------
    Samples
        Of each class no more than 4,000 voxels, evenly taken.

    Raises
    ------
    InputError
        If the strokes overlap.
    """
    if scribbles.overlapping:
        raise InputError(
            f"The regions of {scribbles.called} may overlap, and strokes may not. Draw them in a "
            "new, empty segmentation."
        )
    places, classes = _chosen(scribbles.labels.reshape(-1))
    known = np.zeros(places.size, bool)
    width = len(recipe.names([""] * len(stack.values)))
    table = np.empty((places.size, width), np.float32)
    if before is not None and before.places.size:
        at = np.minimum(np.searchsorted(before.places, places), before.places.size - 1)
        known = before.places[at] == places
        table[known] = before.table[at[known]]
    table[~known] = _looked_at(stack, places[~known], recipe, width)
    return Samples(places, classes, table)


def _chosen(labels: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Voxels to learn from: all of a class, or evenly taken ones where there are many."""
    drawn = np.flatnonzero(labels).astype(np.int64)
    values = labels[drawn].astype(np.int64)
    parts = []
    for value in np.unique(values):
        own = drawn[values == value]
        parts.append(own[np.linspace(0, own.size - 1, min(own.size, _MOST)).astype(np.int64)])
    places = np.sort(np.concatenate(parts)) if parts else drawn
    return places, labels[places].astype(np.int64)


def _looked_at(
    stack: Stack, places: NDArray[np.int64], recipe: Recipe, width: int
) -> NDArray[np.float32]:
    """Features of some voxels, slice by slice along the axis on which they lie in the fewest."""
    table = np.empty((places.size, width), np.float32)
    where = np.stack(np.unravel_index(places, stack.shape))  # (3, V)
    axis = min(range(3), key=lambda a: np.unique(where[a]).size)
    for index in np.unique(where[axis]):
        own = where[axis] == index
        inside = where[:, own]
        low, high = inside.min(axis=1), inside.max(axis=1) + 1
        box: Box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))  # type: ignore[assignment]
        found = pixel_features(
            stack.values, stack.spacing, box, recipe, affine=stack.geometry.affine
        )
        table[own] = found[np.ravel_multi_index(tuple(inside - low[:, None]), tuple(high - low))]
    return table
