"""Linear mixed models with one random intercept (site), for many pairs at once.

Strategy: with one random intercept the inverse of the covariance is known in closed form, so
that all a pair needs are sums over all cases and over each group. The restricted likelihood is
then a function of one number, the ratio λ of the variances between and within groups; all pairs
climb it together. Letters: N cases, B pairs, G groups, Q columns of a design.

The test is Satterthwaite's, from the curvature of the restricted likelihood, as lmerTest's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MixedFits", "fit_mixed"]

Reals = NDArray[np.float64]
_GOLDEN = (5**0.5 - 1) / 2
_ROUNDS = 60
# Share of the variance between groups below which it is taken as none.
_NONE = 1e-9


@dataclass(frozen=True, eq=False)
class MixedFits:
    """The last coefficient of each pair's model.

    Attributes
    ----------
    coefficient, error, freedom : ndarray, shape (B,)
        Effect, its standard error, and Satterthwaite's degrees of freedom.
    between, within : ndarray, shape (B,)
        Variances between and within groups.
    """

    coefficient: Reals
    error: Reals
    freedom: Reals
    between: Reals
    within: Reals


def fit_mixed(
    outcomes: Reals, features: Reals, given: Reals, groups: NDArray[np.intp]
) -> MixedFits:
    """Fit each outcome on its feature, what is given, and a random intercept of the groups.

    Parameters
    ----------
    outcomes, features : ndarray, shape (N, B)
        One column a pair.
    given : ndarray, shape (N, Q - 1)
        The constant among them.
    groups : ndarray of int, shape (N,)
        Group of each case, from 0.

    References
    ----------
    Bates 2015, https://doi.org/10.18637/jss.v067.i01; Kuznetsova 2017,
    https://doi.org/10.18637/jss.v082.i13.
    """
    sums = _Sums.of(outcomes, features, given, groups)
    share = _climb(sums)
    ratio = share / (1 - share)
    _, rss, products = sums.at(ratio)
    beta = np.asarray(np.linalg.solve(products, sums.cross(ratio)[..., None]), float)[:, -1, 0]
    within = rss / sums.freedom
    error2 = within * np.linalg.inv(products)[:, -1, -1]
    freedom = np.where(share > _NONE, _satterthwaite(sums, ratio, within), float(sums.freedom))
    between = np.where(share > _NONE, ratio * within, 0.0)
    return MixedFits(beta, np.sqrt(error2), freedom, between, within)


@dataclass(frozen=True, eq=False)
class _Sums:
    """Products of the columns (design, then outcome) of each pair.

    Attributes
    ----------
    whole : ndarray, shape (B, Q + 1, Q + 1)
    by_group : ndarray, shape (G, B, Q + 1)
        Sums of the columns in each group.
    sizes : ndarray, shape (G,)
    freedom : int
        N − Q.
    """

    whole: Reals
    by_group: Reals
    sizes: Reals
    freedom: int

    @classmethod
    def of(cls, y: Reals, x: Reals, given: Reals, groups: NDArray[np.intp]) -> _Sums:
        n, b = y.shape
        shared = np.broadcast_to(given[:, None, :], (n, b, given.shape[1]))
        columns = np.concatenate([shared, x[:, :, None], y[:, :, None]], axis=2)
        whole = np.einsum("nbq,nbr->bqr", columns, columns, optimize=True)
        member = np.equal.outer(np.arange(groups.max() + 1), groups).astype(float)
        return cls(
            whole, np.tensordot(member, columns, axes=1), member.sum(axis=1), n - given.shape[1] - 1
        )

    def weighted(self, ratio: Reals) -> Reals:
        """Products of the columns under the inverse covariance, in units of the variance within."""
        shrink = ratio / (1 + np.multiply.outer(self.sizes, ratio))  # (G, B)
        taken = np.einsum("gb,gbq,gbr->bqr", shrink, self.by_group, self.by_group, optimize=True)
        return np.asarray(self.whole - taken)

    def cross(self, ratio: Reals) -> Reals:
        """Products of the design with the outcome, shape (B, Q)."""
        return self.weighted(ratio)[:, :-1, -1]

    def at(self, ratio: Reals) -> tuple[Reals, Reals, Reals]:
        """Log determinants, residual sum of squares and products of the design at λ."""
        products = self.weighted(ratio)
        design, cross = products[:, :-1, :-1], products[:, :-1, -1]
        fitted = np.einsum("bq,bq->b", cross, np.linalg.solve(design, cross[..., None])[..., 0])
        rss = np.maximum(products[:, -1, -1] - fitted, 1e-300)
        logdet = np.log1p(np.multiply.outer(self.sizes, ratio)).sum(axis=0)
        return logdet + np.linalg.slogdet(design)[1], rss, design


def _profile(sums: _Sums, share: Reals) -> Reals:
    """Minus two restricted log likelihoods, up to a constant; ``share`` is λ / (1 + λ)."""
    logdet, rss, _ = sums.at(share / (1 - share))
    return logdet + sums.freedom * np.log(rss)


def _climb(sums: _Sums) -> Reals:
    """Share of the variance between groups where the restricted likelihood is greatest."""
    n_pairs = sums.whole.shape[0]
    grid = np.concatenate([[0.0], np.linspace(0.005, 0.98, 40), 1 - np.logspace(-2, -6, 9)])
    values = np.array([_profile(sums, np.full(n_pairs, share)) for share in grid])
    best = values.argmin(axis=0)
    low = grid[np.maximum(best - 1, 0)]
    high = grid[np.minimum(best + 1, len(grid) - 1)]
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_a, at_b = _profile(sums, a), _profile(sums, b)
    for _ in range(_ROUNDS):
        left = at_a < at_b
        low, high = np.where(left, low, a), np.where(left, b, high)
        new = np.where(left, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        value = _profile(sums, new)
        a, b = np.where(left, new, b), np.where(left, a, new)
        at_a, at_b = np.where(left, value, at_b), np.where(left, at_a, value)
    share = (low + high) / 2
    none = _profile(sums, np.zeros(n_pairs)) <= _profile(sums, share) + 1e-10
    return np.where(none, 0.0, share)


def _satterthwaite(sums: _Sums, ratio: Reals, within: Reals) -> Reals:
    """Degrees of freedom of the last coefficient.

    The deviance in (λ, σ²) is logdet(λ) + f log σ² + rss(λ) / σ²; the variance of the
    coefficient is σ² v(λ). Derivatives in λ are central differences of smooth functions.
    """
    step = 1e-3 * (ratio + 1e-3)
    step = np.minimum(step, ratio / 2)
    step = np.where(step > 0, step, 1e-4)

    def parts(at: Reals) -> Reals:
        logdet, rss, design = sums.at(at)
        return np.array([logdet, rss, np.linalg.inv(design)[:, -1, -1]])

    points = [parts(ratio + k * step) for k in (-2, -1, 0, 1, 2)]
    first = (points[0] - 8 * points[1] + 8 * points[3] - points[4]) / (12 * step)
    second = (-points[0] + 16 * points[1] - 30 * points[2] + 16 * points[3] - points[4]) / (
        12 * step**2
    )
    v = points[2][2]
    hessian = np.empty((len(ratio), 2, 2))
    hessian[:, 0, 0] = second[0] + second[1] / within
    hessian[:, 0, 1] = hessian[:, 1, 0] = -first[1] / within**2
    hessian[:, 1, 1] = sums.freedom / within**2
    slope = np.stack([within * first[2], v], axis=1)
    spread = np.einsum("bi,bij,bj->b", slope, 2 * np.linalg.pinv(hessian), slope)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 2 * (within * v) ** 2 / spread
    return np.asarray(np.where(spread > 0, found, float(sums.freedom)))
