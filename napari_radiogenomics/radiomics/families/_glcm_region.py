"""Co-occurrence of a whole region: its matrices, and what they say.

Letters: A angles, M levels that occur, F features.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.roi import Region

__all__ = ["measure_region"]

# Cells of the matrices that are made at once: 64 MB.
_MOST_CELLS = 1 << 23

_Reals = NDArray[np.float64]


def measure_region(region: Region, names: tuple[str, ...]) -> _Reals:
    """Measure the named features, shape (F,); the mean over the angles that hold a pair."""
    from napari_radiogenomics.radiomics.kernels.glcm import ROWS
    from napari_radiogenomics.radiomics.kernels.glcm_any import glcm_measures

    levels, steps = region.level_values, region.steps
    at_once = max(1, _MOST_CELLS // len(levels) ** 2)
    found = []
    for matrices in _matrices(region, steps, at_once):
        out = np.zeros((len(ROWS), len(matrices)))
        glcm_measures(matrices, levels, region.n_levels, out)
        if "MCC" in names:
            out[ROWS.index("MCC")] = _mcc(matrices, out[0], region.matrix.symmetrical)
        found.append(out)
    if not found:  # no two voxels of the region are so far apart
        return np.full(len(names), np.nan)
    by_angle = np.concatenate(found, axis=1)  # (rows, A)
    by_angle = by_angle[:, ~np.isnan(by_angle[0])]
    if not by_angle.size:
        return np.full(len(names), np.nan)
    return by_angle.mean(axis=1)[[ROWS.index(name) for name in names]]


def _matrices(region: Region, steps: NDArray[np.intp], at_once: int) -> Iterator[_Reals]:
    """Matrices of counts of all angles, some at a time; one where angles are joined."""
    from napari_radiogenomics.radiomics.kernels.region import pair_counts

    m, norm = len(region.level_values), region.matrix.weighting_norm
    weights = np.exp(-(region.lengths(steps) ** 2)) if norm != "no_weighting" else None
    joined = np.zeros((1, m, m))
    for first in range(0, len(steps), at_once):
        part = slice(first, first + at_once)
        counts = pair_counts(region.nodes, steps[part], m)
        if region.matrix.symmetrical:
            counts = counts + counts.transpose(0, 2, 1)
        if norm is None:
            yield counts
            continue
        of_part = np.ones(len(counts)) if weights is None else weights[part]
        joined[0] += np.tensordot(of_part, counts, axes=1)
    if norm is not None:
        yield joined


def _mcc(shares: _Reals, known: _Reals, symmetrical: bool) -> _Reals:
    """Second singular value of each normalized matrix; NaN where one is empty.

    Parameters
    ----------
    shares : ndarray of float64, shape (A, M, M)
        Matrices that sum to 1.
    known : ndarray of float64, shape (A,)
        NaN where a matrix is empty.
    symmetrical : bool
        Whether they are.
    """
    if shares.shape[1] == 1:
        return np.where(np.isnan(known), np.nan, 1.0)
    px, py = shares.sum(axis=2), shares.sum(axis=1)
    scale = np.sqrt(px[:, :, None] * py[:, None, :])
    scaled = shares / np.where(scale > 0, scale, 1.0)
    if symmetrical:
        values = np.sort(np.abs(np.linalg.eigvalsh(scaled)), axis=1)[:, ::-1]
    else:
        values = np.linalg.svd(scaled, compute_uv=False)
    return np.where(np.isnan(known), np.nan, np.minimum(values[:, 1], 1.0))
