"""Surrogate maps with the variogram of a map, on supervoxels.

Strategy: the variogram of a map, beside what is given, is fitted by a nugget and a powered
exponential, each by what its residuals are expected to show (taking out a trend flattens a
variogram). Gaussian maps of that covariance then answer how large a correlation with the other
map chance alone makes. Brain-map surrogates (Burt 2020) permute and smooth instead, which costs
seconds each; a factor of the covariance of some hundred supervoxels makes a thousand at once.

Letters: K supervoxels, Q columns, V variograms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics.linear import basis_of, residuals, unit

__all__ = ["Supervoxels", "Variograms", "require_surrogates", "supervoxels"]

Reals = NDArray[np.float64]
_BINS = 30
# Pairs farther apart than this part of the largest distance are few and say little.
_NEAR = 0.5
_RANGES = 28
_POWERS = (1.0, 2.0)
# Keeps the factor of a very smooth covariance real.
_JITTER = 1e-8
# Fewer surrogates cannot give a p-value of 0.01.
LEAST_SURROGATES = 99
# Supervoxels that must be left beside what is given.
LEAST_FREE = 10


def require_surrogates(count: int) -> None:
    """Refuse so few surrogates that their p-value says nothing: n give none below 1 / (n + 1).

    Raises
    ------
    InputError
        If there are some, but fewer than 99.
    """
    if 0 < count < LEAST_SURROGATES:
        raise InputError(
            f"With {count} surrogates no p-value can be below {1 / (count + 1):.2g}. Take "
            f"{LEAST_SURROGATES} or more (999 is usual), or 0 for none."
        )


@dataclass(frozen=True, eq=False)
class Supervoxels:
    """Blocks of neighbouring voxels.

    Attributes
    ----------
    of_voxel : ndarray of int, shape (n,)
        Supervoxel of each voxel.
    centers : ndarray, shape (K, 3)
        z, y, x in mm.
    """

    of_voxel: NDArray[np.intp]
    centers: Reals

    def __len__(self) -> int:
        return len(self.centers)

    def means(self, values: Reals) -> Reals:
        """Mean of values, shape (n, …), in each supervoxel."""
        flat = values.reshape(len(values), -1)
        counts = np.bincount(self.of_voxel, minlength=len(self))
        sums = [np.bincount(self.of_voxel, column, minlength=len(self)) for column in flat.T]
        return np.asarray((np.array(sums) / counts).T.reshape(len(self), *values.shape[1:]))


def supervoxels(index: NDArray[np.intp], spacing: Reals, count: int) -> Supervoxels:
    """Cut a region into about as many blocks of equal sides in mm.

    Parameters
    ----------
    index : ndarray of int, shape (n, 3)
        Voxels of the region: z, y, x.
    spacing : ndarray, shape (3,)
        mm.
    count : int
        Blocks wanted. Fewer voxels are their own blocks.

    Examples
    --------
    >>> blocks = supervoxels(np.argwhere(np.ones((1, 20, 20))), np.ones(3), 100)
    >>> len(blocks), float(blocks.means(np.ones(400)).max())
    (100, 1.0)
    """
    places = index * spacing
    deep = np.ptp(index, axis=0) > 0
    size = np.ones(3, int)
    if len(index) > count:
        side = (len(index) * np.prod(spacing[deep]) / count) ** (1 / deep.sum())
        size[deep] = np.maximum(np.round(side / spacing[deep]), 1)
    block = (index - index.min(axis=0)) // size
    _, of_voxel, counts = np.unique(block, axis=0, return_inverse=True, return_counts=True)
    of_voxel = of_voxel.reshape(-1)
    return _merged(places, of_voxel, counts, int(np.prod(size)))


def _merged(places: Reals, of_voxel: NDArray, counts: NDArray, full: int) -> Supervoxels:
    """Fragments at the border join the nearest block that is at least half full."""
    from scipy.spatial import cKDTree

    whole = np.flatnonzero(counts >= full / 2)
    if not len(whole):
        whole = np.arange(len(counts))
    sums = np.stack([np.bincount(of_voxel, axis) for axis in places.T], axis=1)
    centers = sums / counts[:, None]
    _, nearest = cKDTree(centers[whole]).query(centers)
    found = np.asarray(nearest, np.intp)[of_voxel]
    counts = np.bincount(found)
    sums = np.stack([np.bincount(found, axis) for axis in places.T], axis=1)
    return Supervoxels(found, sums / counts[:, None])


@dataclass(frozen=True, eq=False)
class Variograms:
    """Covariances that may explain a map, and the variograms that their residuals would show.

    Attributes
    ----------
    basis : ndarray, shape (K, Q)
        Orthonormal; what is given.
    covariances : ndarray, shape (V, K, K)
        Powered exponentials.
    expected : ndarray, shape (V + 1, bins)
        Variogram of their residuals; of the nugget last.
    pairs : tuple of ndarray
        Rows, columns and bin of the near pairs.
    """

    basis: Reals
    covariances: Reals
    expected: Reals
    pairs: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]

    @classmethod
    def of(cls, centers: Reals, given: Reals) -> Variograms:
        """Prepare the candidates.

        Parameters
        ----------
        centers : ndarray, shape (K, 3)
            mm.
        given : ndarray, shape (K, Q)
            The constant among them.
        """
        from scipy.spatial.distance import pdist, squareform

        flat = pdist(centers)
        distance = squareform(flat)
        rows, columns = np.triu_indices(len(centers), 1)
        near = flat <= _NEAR * flat.max()
        cuts = np.quantile(flat[near], np.linspace(0, 1, _BINS + 1)[1:-1])
        _, bins = np.unique(np.searchsorted(cuts, flat[near]), return_inverse=True)
        pairs = (rows[near], columns[near], bins)
        basis = basis_of(given)
        ranges = np.geomspace(flat.min() / 2, 2 * flat.max(), _RANGES)
        covariances = np.stack(
            [np.exp(-((distance / reach) ** power)) for power in _POWERS for reach in ranges]
        )
        nugget = np.eye(len(centers))
        expected = np.stack([_expected(one, basis, pairs) for one in [*covariances, nugget]])
        return cls(basis, covariances, expected, pairs)

    def fitted(self, residual: Reals) -> Reals:
        """Covariance, shape (K, K), whose variogram is nearest to that of residuals.

        Least squares weighted by the variogram (Cressie 1985); neither part is below 0.
        """
        rows, columns, bins = self.pairs
        found = _means((residual[rows] - residual[columns]) ** 2 / 2, bins)
        weight = 1 / np.maximum(found, 1e-12 * found.max())
        at, sill, rest = _two_parts(
            self.expected[:-1] * weight, self.expected[-1] * weight, found * weight
        )
        total = sill + rest
        shape = self.covariances[at] * (sill / total)
        return np.asarray(shape + np.eye(len(shape)) * (rest / total + _JITTER))

    def draw(self, residual: Reals, count: int, rng: np.random.Generator) -> Reals:
        """Surrogates of residuals, shape (K, count): given taken out, length 1."""
        factor = np.linalg.cholesky(self.fitted(residual))
        raw = factor @ rng.standard_normal((len(factor), count))
        left = residuals(self.basis, raw)
        return np.asarray(left / np.sqrt((left**2).sum(axis=0)))

    def p_value(self, a: Reals, b: Reals, count: int, seed: int) -> tuple[float, float]:
        """Correlation of two maps of supervoxels, and how often chance makes a larger one.

        Half of the surrogates stand for one map, half for the other.

        Parameters
        ----------
        a, b : ndarray, shape (K,)
        """
        rng = np.random.default_rng(seed)
        both, _ = unit(self.basis, np.stack([a, b], axis=1))
        u, v = both.T
        r = float(u @ v)
        if not np.isfinite(r) or len(u) - self.basis.shape[1] < LEAST_FREE:
            return np.nan, np.nan
        half = count // 2
        chance = np.concatenate([v @ self.draw(u, half, rng), u @ self.draw(v, count - half, rng)])
        larger = int((np.abs(chance) >= abs(r) - 1e-12).sum())
        return r, (1 + larger) / (1 + count)


def _expected(covariance: Reals, basis: Reals, pairs: tuple[NDArray, NDArray, NDArray]) -> Reals:
    """Variogram that residuals beside a basis show on average."""
    rows, columns, bins = pairs
    left = residuals(basis, residuals(basis, covariance).T)
    own = np.diag(left)
    return _means((own[rows] + own[columns]) / 2 - left[rows, columns], bins)


def _means(values: Reals, bins: NDArray[np.intp]) -> Reals:
    return np.asarray(np.bincount(bins, values) / np.bincount(bins))


def _two_parts(models: Reals, nugget: Reals, target: Reals) -> tuple[int, float, float]:
    """Model, shape (V, bins), that comes nearest together with a nugget, and the share of each.

    Least squares, neither share below 0.
    """
    own, mixed, rest = (models**2).sum(axis=1), models @ nugget, float(nugget @ nugget)
    to_model, to_nugget = models @ target, float(nugget @ target)
    det = own * rest - mixed**2
    with np.errstate(divide="ignore", invalid="ignore"):
        sill = (to_model * rest - to_nugget * mixed) / det
        share = (to_nugget * own - to_model * mixed) / det
    apart = (det > 1e-10 * own * rest) & (sill >= 0) & (share >= 0)
    alone = np.maximum(to_model / own, 0.0)
    sill, share = np.where(apart, sill, alone), np.where(apart, share, 0.0)
    errors = ((target - sill[:, None] * models - share[:, None] * nugget) ** 2).sum(axis=1)
    at = int(errors.argmin())
    flat = max(to_nugget / rest, 0.0)
    if ((target - flat * nugget) ** 2).sum() <= errors[at]:
        return at, 0.0, flat
    return at, float(sill[at]), float(share[at])
