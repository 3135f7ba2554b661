"""Several ways to fill the slices between drawn ones, blended by how well each predicts them.

Strategy: each drawn slice between two others is left out in turn, and every way says what it
was. A way counts by the square of the inverse of its error. Without a slice the gap is twice as
wide as it will be: the error of an interpolated shape falls with the square of the gap, that of
a shape that is looked for in the scan about in proportion, and one that is wrong altogether
says nothing of narrower gaps.

Letters: S slices, D drawn slices. Slices lie along the first axis here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.segmentation.edit import Mask
from napari_radiogenomics.segmentation.morphology import signed_distance
from napari_radiogenomics.segmentation.slices import drawn_slices

__all__ = ["FEWEST", "Fill", "Way", "blended", "shares"]

FEWEST = 2
"""So many slices left out tell ways apart; fewer are chance."""
_MOST = 8  # slices left out, evenly spread: more say the same


class Fill(Protocol):
    """Fills a (S, Y, X) mask that was drawn in its first and last slice, and others between."""

    def __call__(self, mask: Mask, part: slice, left_out: int | None) -> Mask:
        """Fill the slices ``part`` of the stack, without looking at the slice left out."""


@dataclass(frozen=True)
class Way:
    """One way to fill in.

    Attributes
    ----------
    fill : Fill
        What does it.
    order : int
        Its error falls with this power of the gap.
    """

    fill: Fill
    order: int = 2


def shares(mask: Mask, ways: Mapping[str, Way]) -> dict[str, float]:
    """Part that each way has in the blend; empty where too few slices are drawn to tell.

    Parameters
    ----------
    mask : ndarray of bool, shape (S, Y, X)
        The first and the last slice are drawn.
    ways : mapping of str to Way
        By name.

    Examples
    --------
    >>> mask = np.ones((7, 2, 2), bool); mask[[1, 3, 5]] = False
    >>> right = Way(lambda mask, part, left_out: np.ones_like(mask))
    >>> wrong = Way(lambda mask, part, left_out: np.zeros_like(mask))
    >>> {name: round(part, 2) for name, part in shares(mask, {"a": right, "b": wrong}).items()}
    {'a': 1.0, 'b': 0.0}
    """
    drawn = drawn_slices(mask)
    inner = np.arange(1, len(drawn) - 1)
    if len(inner) < FEWEST:
        return {}
    places = np.linspace(0, len(inner) - 1, min(len(inner), _MOST)).round().astype(int)
    wrong, voxels = dict.fromkeys(ways, 0), 0
    for n in inner[np.unique(places)]:
        first, k, last = (int(drawn[m]) for m in (n - 1, n, n + 1))
        part = slice(first, last + 1)
        without = mask[part].copy()
        without[k - first] = False
        voxels += int(mask[k].sum())
        for name, way in ways.items():
            guess = way.fill(without, part, k)[k - first]
            wrong[name] += int(np.count_nonzero(guess != mask[k]))
    weights = {name: _expected(wrong[name], voxels, way.order) ** -2 for name, way in ways.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _expected(wrong: int, voxels: int, order: int) -> float:
    """Wrong voxels in a gap half as wide."""
    told = 1 - min(1.0, wrong / voxels)
    return (wrong + 1) / (1 + (2**order - 1) * told)


def blended(
    masks: Mapping[str, Mask], parts: Mapping[str, float], spacing: Sequence[float]
) -> Mask:
    """Blend filled masks by their distances to the outline, slice by slice.

    Parameters
    ----------
    masks : mapping of str to ndarray of bool, shape (S, Y, X)
        What each way gives.
    parts : mapping of str to float
        As `shares` gives.
    spacing : sequence of float
        Along the slices, y and x in mm.

    Examples
    --------
    >>> one, two = np.zeros((2, 1, 1, 9), bool)
    >>> one[..., :2], two[..., :6] = True, True
    >>> int(blended({"a": one, "b": two}, {"a": 0.5, "b": 0.5}, (1, 1, 1)).sum())
    4
    """
    first = next(iter(masks.values()))
    level: NDArray[np.float64] = np.zeros(first.shape)
    plane = spacing[1:]
    far = float(np.linalg.norm([n * step for n, step in zip(first.shape[1:], plane, strict=True)]))
    for name, mask in masks.items():
        for k, inside in enumerate(mask):
            if inside.any():
                level[k] += parts[name] * signed_distance(inside, plane)
            else:
                level[k] -= parts[name] * far
    return level > 0
