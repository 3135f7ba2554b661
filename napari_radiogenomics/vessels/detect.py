"""Find vessels on the lattice: vesselness, threshold with hysteresis, skeleton, branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.progress import Progress
from napari_radiogenomics.vessels.area import Lattice
from napari_radiogenomics.vessels.graph import Branch, branches_of, prune
from napari_radiogenomics.vessels.hessian import curvatures, hessian
from napari_radiogenomics.vessels.vesselness import Vesselness

__all__ = ["Tree", "automatic_threshold", "skeleton_of", "vesselness_at", "with_hysteresis"]

Box = tuple[slice, ...]

# Vesselness of noise alone rarely exceeds this many of its standard deviations.
_ABOVE_NOISE = 6.0


def vesselness_at(
    volume: NDArray[np.float32],
    lattice: Lattice,
    at: NDArray[np.intp],
    vesselness: Vesselness,
    scales_mm: Sequence[float],
    *,
    bright: bool,
    progress: Progress,
) -> NDArray[np.float32]:
    """Return the strongest response over all scales at points of the lattice, shape (V,)."""
    strongest = np.zeros(len(at), np.float32)
    for scale in progress(list(scales_mm), "Scales"):
        second = hessian(volume, lattice.axes, scale, at)
        response = vesselness.respond(curvatures(second, bright=bright))
        np.maximum(strongest, response, out=strongest)
    return strongest


def automatic_threshold(response: NDArray[np.float32]) -> float:
    """Response from which on a point is a vessel for sure.

    Parameters
    ----------
    response : ndarray, shape (V,)
        Vesselness where vessels are looked for.

    Returns
    -------
    float
        Otsu's threshold between vessels and the rest; but never within what noise reaches,
        by the median and its absolute deviation, as vessels fill little of the space.
    """
    from skimage.filters import threshold_otsu

    middle = float(np.median(response))
    noise = middle + _ABOVE_NOISE * 1.4826 * float(np.median(np.abs(response - middle)))
    if response.min() == response.max():
        return noise
    return max(noise, float(threshold_otsu(response)))


def with_hysteresis(
    response: NDArray[np.float32],
    at: NDArray[np.intp],
    shape: tuple[int, ...],
    high: float,
    low: float,
) -> NDArray[np.bool_]:
    """Points above ``low`` that are connected with one above ``high``."""
    from skimage.filters import apply_hysteresis_threshold

    full = np.zeros(shape, np.float32)
    full.reshape(-1)[at] = response
    mask: NDArray[np.bool_] = apply_hysteresis_threshold(full, low, high)
    return mask


@dataclass(frozen=True)
class Tree:
    """Skeleton of the vessels.

    Attributes
    ----------
    coordinates : ndarray of int, shape (N, D)
        Its points on the lattice.
    branches : list of Branch
        Without spurs.
    """

    coordinates: NDArray[np.intp]
    branches: list[Branch]

    @property
    def junctions(self) -> NDArray[np.float64]:
        """Branch points, where three branches meet or more, shape (J, D)."""
        meeting: dict[int, list[int]] = {}
        for branch in self.branches:
            meeting.setdefault(branch.first, []).append(int(branch.path[0]))
            meeting.setdefault(branch.last, []).append(int(branch.path[-1]))
        found = [self.coordinates[rows].mean(axis=0) for rows in meeting.values() if len(rows) > 2]
        return np.array(found).reshape(-1, self.coordinates.shape[1])

    @property
    def kept(self) -> NDArray[np.intp]:
        """Points of the skeleton that belong to a branch, shape (N, D)."""
        rows = [branch.path for branch in self.branches]
        return self.coordinates[np.unique(np.concatenate(rows))] if rows else self.coordinates[:0]


def skeleton_of(mask: NDArray[np.bool_]) -> Tree:
    """Thin vessels to lines one point wide, and take away what is roughness of their surface."""
    from scipy.ndimage import distance_transform_edt

    radii = distance_transform_edt(mask)
    skeleton = _thinned(mask, radii)
    coordinates, branches = branches_of(skeleton)
    return Tree(coordinates, prune(branches, coordinates, radii[skeleton]))


def _thinned(mask: NDArray[np.bool_], radii: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Thin, and thin again what was lost.

    scikit-image's thinning eats up a straight vessel that is an even number of points wide from
    its ends (its issue 3757). One that is a point narrower on one side is odd, and stays.
    """
    from scipy.ndimage import find_objects, label
    from skimage.morphology import skeletonize

    skeleton: NDArray[np.bool_] = skeletonize(mask)
    pieces, count = label(mask, np.ones((3,) * mask.ndim))
    boxes, left = (find_objects(x, count) for x in (pieces, np.where(skeleton, pieces, 0)))
    for number, (box, kept) in enumerate(zip(boxes, left, strict=True), 1):
        piece = pieces[box] == number
        if _is_lost(box, kept, float(radii[box][piece].max())):
            tries = [skeletonize(_narrowed(piece, sides)) for sides in _sides(mask.ndim)]
            best = max(tries, key=np.count_nonzero)
            if best.sum() > skeleton[box][piece].sum():
                skeleton[box] = np.where(piece, best, skeleton[box])
    return skeleton


def _is_lost(box: Box, kept: Box | None, radius: float) -> bool:
    """Whether a skeleton spans less than its piece by more than a radius or two at each end."""
    if kept is None:
        return max(side.stop - side.start for side in box) > 4 * radius
    spans = zip(box, kept, strict=True)
    return any(
        (whole.stop - whole.start) - (part.stop - part.start) > 4 * radius + 2
        for whole, part in spans
    )


def _sides(dimensions: int) -> list[tuple[int, ...]]:
    """Axes along which to take a point away: one, or two."""
    axes = range(dimensions)
    return [(a,) for a in axes] + list(combinations(axes, 2))


def _narrowed(piece: NDArray[np.bool_], sides: tuple[int, ...]) -> NDArray[np.bool_]:
    """Take the first point away along some axes."""
    padded = np.pad(piece, 1)
    for axis in sides:
        padded = padded & np.roll(padded, 1, axis)
    return padded[(slice(1, -1),) * piece.ndim]
