"""What is taken out of both maps before they are compared: trend, edge, slice, other maps.

Letters: n voxels, Q columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.matched import Matched

__all__ = ["Partial", "Trend", "edge_columns", "edge_distance_mm", "slice_columns", "steps_of"]

Reals = NDArray[np.float64]
Trend = Literal["none", "linear", "quadratic"]
Partial = Literal["edge", "slice"]
# Powers of the distance to the edge: a rim that levels off is followed, whatever its width.
_EDGE_POWERS = 3


def steps_of(
    matched: Matched, *, detrend: Trend, partial: Sequence[Partial], ranks: bool
) -> dict[str, tuple[Reals, str]]:
    """Columns that are given at each step, from the maps as they are to all that was asked for.

    Parameters
    ----------
    matched : Matched
        Voxels.
    detrend, partial
        As for `correspond`.
    ranks : bool
        Confounders as ranks, for a rank correlation.

    Returns
    -------
    dict
        Step → columns, shape (n, Q), and what they are in words.
    """
    constant = np.ones((len(matched.a), 1))
    steps = {"raw": (constant, "")}
    trend = trend_columns(matched, detrend)
    if trend.shape[1]:
        steps["detrended"] = (np.hstack([constant, trend]), f"{detrend} trend")
    parts, words = [constant, trend], [f"{detrend} trend"] if trend.shape[1] else []
    if "edge" in partial:
        parts.append(edge_columns(edge_distance_mm(matched)))
        words.append("distance to the edge")
    slices = slice_columns(matched.index[:, 0])
    if "slice" in partial and slices.shape[1] > 1:
        parts.append(slices)
        words.append("slice")
    if matched.confounders.shape[1]:
        parts.append(_ranked(matched.confounders) if ranks else _scaled(matched.confounders))
        words.append(", ".join(matched.confounder_names))
    if len(parts) > 2:
        steps["partialled"] = (np.hstack(parts), ", ".join(words))
    return steps


def trend_columns(matched: Matched, detrend: Trend) -> Reals:
    """Coordinates, and their products, scaled to −1 … 1; axes of a single voxel are left out."""
    place = matched.index - matched.index.mean(axis=0)
    reach = np.abs(place).max(axis=0)
    place = place[:, reach > 0] / reach[reach > 0]
    if detrend == "none":
        return np.empty((len(place), 0))
    if detrend == "linear":
        return place
    axes = place.shape[1]
    products = [place[:, i] * place[:, j] for i in range(axes) for j in range(i, axes)]
    return np.column_stack([place, *products])


def edge_distance_mm(matched: Matched) -> Reals:
    """Distance of each voxel to the nearest one outside the region, shape (n,).

    A region of a single slice has an edge in its plane alone.
    """
    from scipy.ndimage import distance_transform_edt

    spacing = np.array(matched.geometry.spacing[::-1])
    deep = np.ptp(np.argwhere(matched.region), axis=0) > 0
    around = [(1, 1) if one else (0, 0) for one in deep]
    padded = np.pad(matched.region, around)
    if not deep[0]:
        at = int(np.argwhere(matched.region)[0, 0])
        flat = distance_transform_edt(padded[at], sampling=spacing[1:])
        distance = np.zeros(padded.shape)
        distance[at] = flat
    else:
        distance = distance_transform_edt(padded, sampling=spacing)
    inner = tuple(slice(before, before + size) for (before, _), size in
                  zip(around, matched.region.shape, strict=True))  # fmt: skip
    return np.asarray(distance[inner][matched.mask])


def edge_columns(distance: Reals) -> Reals:
    """Powers of the distance to the edge, as part of the largest."""
    share = distance / distance.max()
    return share[:, None] ** np.arange(1, _EDGE_POWERS + 1)


def slice_columns(slices: NDArray[np.intp]) -> Reals:
    """A column for each slice, 1 in it and 0 elsewhere: whatever is the same all over a slice."""
    return np.equal.outer(slices, np.unique(slices)).astype(float)


def _scaled(values: Reals) -> Reals:
    centered = values - values.mean(axis=0)
    return np.asarray(centered / np.abs(centered).max(axis=0))


def _ranked(values: Reals) -> Reals:
    from scipy.stats import rankdata

    return _scaled(rankdata(values, axis=0))
