"""How many independent places two smooth maps are worth.

Strategy: the variance of the correlation of two unrelated stationary maps u and v, whose common
columns Q were taken out (R = I − QQ'), is tr(R Σu R Σv) over the product of their traces
(Dutilleul 1993). Covariances are sums of hat functions of the distance in the slice and of the
distance between slices, so that tr(R Σu R Σv) = a_u' K⁺ a_v, where a are the sums of the
cross-correlogram under each hat and K their Gram matrix under R. That is free of the bias that
taking out a mean or a trend brings to a correlogram: the smoother the maps, the larger it is.
Correlograms and K come from Fourier transforms; no matrix of voxels times voxels is made.

Letters: n voxels, Q columns, B hats, Z Y X the padded box.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.progress import Progress, quiet

__all__ = ["Correlogram", "Lags", "correlation_test"]

Reals = NDArray[np.float64]
# Each hat is this much wider than the one before: near lags decide, far ones are few.
_GROWTH = 2.0
# Directions of K below this part of its largest are those that Q took away.
_NOTHING = 1e-2
# Fewer independent places than this tell nothing.
LEAST_PLACES = 3.0


@dataclass(frozen=True, eq=False)
class Lags:
    """Lags between the voxels of a mask, sorted by hats.

    Attributes
    ----------
    mask : ndarray of bool
        Cut to its box.
    shape : tuple of int
        Of the padded box.
    across, within : ndarray
        Hats over the lags between slices, shape (Bz, Z), and in the slice, shape (Br, Y·X).
    gram : ndarray, shape (B, B)
        K of a map from which nothing was taken.
    used : ndarray of int
        Hats that hold a pair of voxels.
    """

    mask: NDArray[np.bool_]
    shape: tuple[int, ...]
    across: Reals
    within: Reals
    gram: Reals
    used: NDArray[np.intp]

    @classmethod
    def of(cls, mask: NDArray[np.bool_], spacing: tuple[float, ...]) -> Lags:
        """Sort the lags.

        Parameters
        ----------
        mask : ndarray of bool, shape (Z, Y, X)
        spacing : tuple of float
            Of the voxels along z, y, x in mm.
        """
        from scipy.fft import irfftn, next_fast_len, rfftn

        sides = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
        box = mask[tuple(slice(side[0], side[-1] + 1) for side in sides)]
        shape = tuple(next_fast_len(2 * size - 1, real=True) if size > 1 else 1
                      for size in box.shape)  # fmt: skip
        pairs = irfftn(np.abs(rfftn(box.astype(float), shape)) ** 2, shape).round()
        z, y, x = (np.minimum(np.arange(size), size - np.arange(size)) for size in shape)
        distance = np.hypot(spacing[1] * y[:, None], spacing[2] * x[None]).ravel()
        flat = pairs.reshape(shape[0], -1)
        reach = distance[flat.any(axis=0)].max()
        across = _hats(z.astype(float), 1.0, box.shape[0] - 1)
        within = _hats(distance, min(spacing[1:]), reach)
        slices = np.einsum("az,cz,zl->acl", across, across, flat, optimize=True)
        gram = np.einsum("acl,bl,dl->abcd", slices, within, within, optimize=True)
        gram = gram.reshape(len(across) * len(within), -1)
        return cls(box, shape, across, within, gram, np.flatnonzero(np.diag(gram) > 0))

    def sums(self, values: Reals) -> Reals:
        """Sums of the correlogram of values, shape (n,), under each hat."""
        from scipy.fft import irfftn

        power = irfftn(np.abs(self._transform(values)) ** 2, self.shape)
        flat = power.reshape(self.shape[0], -1)
        return np.asarray((self.across @ flat @ self.within.T).ravel()[self.used])

    def beside(self, basis: Reals, *, progress: Progress = quiet) -> Correlogram:
        """Correlograms of maps from which an orthonormal basis, shape (n, Q), was taken."""
        gram = self.gram[np.ix_(self.used, self.used)].copy()
        inner = np.empty((len(self.used), basis.shape[1], basis.shape[1]))
        spreader = _Spreader(self)
        for k in progress(range(basis.shape[1]), "Effective sample size"):
            spread = spreader(basis[:, k])
            gram -= 2 * spread @ spread.T
            inner[:, k] = spread @ basis
        gram += np.einsum("bqr,crq->bc", inner, inner, optimize=True)
        return Correlogram(self, _inverse(gram, np.diag(self.gram)[self.used]))

    def _transform(self, values: Reals) -> NDArray[np.complex128]:
        from scipy.fft import rfftn

        filled = np.zeros(self.mask.shape)
        filled[self.mask] = values
        return np.asarray(rfftn(filled, self.shape))


class _Spreader:
    """Spreads values by every hat: in the planes by Fourier transforms, across by a matrix."""

    def __init__(self, lags: Lags) -> None:
        from scipy.fft import rfft2

        self.lags = lags
        rings = lags.within.reshape(-1, *lags.shape[1:])
        self.planes = rfft2(rings).real  # rings are even: their transforms are real
        slices = np.arange(lags.mask.shape[0])
        self.across = lags.across[:, np.abs(np.subtract.outer(slices, slices))]

    def __call__(self, values: Reals) -> Reals:
        """Spread values, shape (n,), by the hats that are used: shape (B, n)."""
        from scipy.fft import irfft2, rfft2

        mask, plane = self.lags.mask, self.lags.shape[1:]
        filled = np.zeros(mask.shape)
        filled[mask] = values
        transformed = rfft2(filled, plane)
        spread = np.empty((len(self.across), len(self.planes), len(values)))
        for at, ring in enumerate(self.planes):
            part = irfft2(transformed * ring, plane)[:, : mask.shape[1], : mask.shape[2]]
            for across, matrix in enumerate(self.across):
                spread[across, at] = np.tensordot(matrix, part, axes=1)[mask]
        return spread.reshape(-1, len(values))[self.lags.used]


@dataclass(frozen=True, eq=False)
class Correlogram:
    """Turns two maps into the variance that their correlation has by chance.

    Attributes
    ----------
    lags : Lags
        Of the mask.
    inverse : ndarray, shape (B, B)
        Pseudoinverse of K.
    """

    lags: Lags
    inverse: Reals

    def n_effective(self, u: Reals, v: Reals) -> float:
        """Effective sample size of two residual maps of length 1.

        Where chance makes the variance negative, its upper bound by Cauchy and Schwarz is taken.
        """
        a, b = self.lags.sums(u), self.lags.sums(v)
        variance = float(a @ self.inverse @ b)
        if variance <= 0:
            variance = float(np.sqrt((a @ self.inverse @ a) * (b @ self.inverse @ b)))
        return float(min(1 + 1 / variance, len(u)))


def correlation_test(r: float, n_effective: float, level: float) -> tuple[float, float, float]:
    """Interval and two-sided p-value of a correlation of so many independent places.

    Returns
    -------
    low, high, p_value : float
        NaN where there are 3 or fewer.
    """
    from scipy.stats import norm

    from napari_radiogenomics.statistics.linear import correlation_p

    if not n_effective > LEAST_PLACES:
        return np.nan, np.nan, np.nan
    middle = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15))
    reach = norm.ppf((1 + level) / 2) / np.sqrt(n_effective - LEAST_PLACES)
    low, high = np.tanh([middle - reach, middle + reach])
    return float(low), float(high), float(correlation_p(np.array(r), n_effective - 2))


def _hats(distance: Reals, unit: float, reach: float) -> Reals:
    """Hat functions of distances, shape (B, …): 1 at their node, 0 from the next one on."""
    nodes, width = [0.0], unit
    while nodes[-1] < reach:
        nodes.append(nodes[-1] + width)
        width *= _GROWTH
    each = np.eye(len(nodes))
    return np.stack([np.interp(distance, nodes, one) for one in each])


def _inverse(gram: Reals, size: Reals) -> Reals:
    """Pseudoinverse of K, hats scaled to the same size."""
    scale = 1 / np.sqrt(size)
    values, vectors = np.linalg.eigh(gram * scale[:, None] * scale)
    kept = values > _NOTHING * values.max()
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    return np.asarray(inverse * scale[:, None] * scale)
