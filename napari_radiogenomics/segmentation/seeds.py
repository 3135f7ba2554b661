"""From seeds to regions: what each label looks like, and which one reaches a voxel first.

Strategy: each label learns the values under its seeds, as a smoothed histogram of a voxel's
value and the mean around it. A path is cheap through voxels that look like the label it starts
from, and pays for every step in value; a voxel goes to the label with the cheapest path. A few
strokes are enough where a region differs from its surroundings, and each further stroke changes
the outcome near it most.

Letters: L labels, B bins.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.progress import Progress, quiet

__all__ = ["Appearance", "grow_seeds", "scaled"]

_BINS = 32
_BLUR_MM = 1.2  # scale of the mean around a voxel
_BANDWIDTH = 0.8  # of the histograms, in bins, where whole slices are known
_FLOOR = 1e-3  # part of the even distribution that each histogram keeps
_SHORTEST = 0.05  # cost of a mm where a voxel looks exactly like the label
_EDGE = 10.0  # crossing the whole contrast costs as much as these mm


def scaled(values: NDArray) -> NDArray[np.float64]:
    """Values from 0 to 1, between the 1st and the 99.5th percentile; all 0 where they are flat.

    Examples
    --------
    >>> scaled(np.array([[[5, 5]]])).tolist()
    [[[0.0, 0.0]]]
    """
    low, high = (float(v) for v in np.percentile(values, [1, 99.5]))
    if not high > low:
        low, high = float(values.min()), float(values.max())
    if not high > low:
        return np.zeros(values.shape)
    return np.clip((values.astype(float) - low) / (high - low), 0, 1)


class Appearance:
    """What voxels look like, in bins: their value, and the mean around them.

    Parameters
    ----------
    values : ndarray, shape (Z, Y, X)
        Scaled to 0 … 1.
    spacing : sequence of float
        Along z, y, x in mm.
    bandwidth : float, optional
        Smoothness of what is learned, in bins, for 200 seeds or more of a label. A few strokes
        need a larger one: they show a part of what a region looks like.
    """

    def __init__(
        self,
        values: NDArray[np.float64],
        spacing: Sequence[float],
        *,
        bandwidth: float = _BANDWIDTH,
    ) -> None:
        from scipy.ndimage import gaussian_filter

        scale = max(_BLUR_MM, min(spacing))
        around = gaussian_filter(values, [scale / step for step in spacing], mode="nearest")
        self._bins = _binned(values) * _BINS + _binned(around)
        self._bandwidth = bandwidth

    def likelihoods(self, seeds: NDArray[np.integer], labels: Sequence[int]) -> NDArray[np.float64]:
        """Probability of each label by its look alone, all labels being equally frequent.

        Parameters
        ----------
        seeds : ndarray of int, shape (Z, Y, X)
            Labels where they are known.
        labels : sequence of int
            Those that compete; each has a seed.

        Returns
        -------
        ndarray of float64, shape (L, Z, Y, X)
        """
        tables = np.stack([_table(self._bins[seeds == label], self._bandwidth) for label in labels])
        tables += _FLOOR / tables[0].size
        tables /= tables.sum(axis=0)
        return tables.reshape(len(labels), -1)[:, self._bins]


def _binned(values: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.minimum((values * _BINS).astype(np.intp), _BINS - 1)


def _table(bins: NDArray[np.intp], bandwidth: float) -> NDArray[np.float64]:
    """Smoothed histogram, shape (B, B), that sums to one."""
    from scipy.ndimage import gaussian_filter

    counts = np.bincount(bins, minlength=_BINS * _BINS).reshape(_BINS, _BINS).astype(float)
    width = bandwidth * max(1.0, (200 / bins.size) ** (1 / 6))
    table: NDArray[np.float64] = gaussian_filter(counts, width, mode="nearest")
    return table / table.sum()


def grow_seeds(
    values: NDArray[np.float64],
    seeds: NDArray[np.integer],
    labels: Sequence[int],
    spacing: Sequence[float],
    *,
    likelihoods: NDArray[np.float64],
    blocked: NDArray[np.bool_] | None = None,
    smooth_mm: float = 1.0,
    progress: Progress = quiet,
) -> NDArray[np.integer]:
    """Give every voxel that a path reaches to one of the labels.

    Parameters
    ----------
    values : ndarray, shape (Z, Y, X)
        Scaled to 0 … 1.
    seeds : ndarray of int, shape (Z, Y, X)
        Labels where they are known; these stay.
    labels : sequence of int
        Those that compete; each has a seed.
    spacing : sequence of float
        Along z, y, x in mm.
    likelihoods : ndarray, shape (L, Z, Y, X)
        Probability of each label.
    blocked : ndarray of bool, optional
        Voxels that no path enters.
    smooth_mm : float, optional
        Standard deviation of the Gaussian that smooths the labels' shares before they decide.
    progress : Progress, optional
        Reports parts of the work, may cancel.

    Returns
    -------
    ndarray of int, shape (Z, Y, X)
        0 where no path leads.
    """
    from scipy.ndimage import gaussian_filter

    from napari_radiogenomics.segmentation.fronts import travel_costs

    shares = np.zeros((len(labels), *values.shape), np.float32)
    for n, label in enumerate(labels):
        costs = _SHORTEST + 1 - likelihoods[n]
        if blocked is not None:
            costs[blocked] = np.inf
        far = travel_costs(seeds == label, costs, values, spacing, edge=_EDGE, progress=progress)
        shares[n] = 1 / (far + 1e-6)
    total = shares.sum(axis=0)
    shares /= np.where(total > 0, total, 1)
    if smooth_mm > 0:
        sigma = [smooth_mm / step for step in spacing]
        shares = np.stack([gaussian_filter(share, sigma, mode="nearest") for share in shares])
    found = np.asarray(labels, seeds.dtype)[shares.argmax(axis=0)]
    found[total == 0] = 0
    known = np.isin(seeds, [*labels])
    found[known] = seeds[known]
    return found
