"""Many tests at once: p-values adjusted for the family that was declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

__all__ = ["Correction", "StepDown", "adjust", "null_share", "stepdown_max_t"]

Reals = NDArray[np.float64]
Correction = Literal["bh", "by", "storey", "holm", "bonferroni", "none"]
_LAMBDAS = np.arange(0.05, 0.951, 0.05)


def adjust(p_values: ArrayLike, correction: Correction = "bh") -> Reals:
    """Adjust p-values of one family of tests.

    Parameters
    ----------
    p_values : array_like, any shape
        NaN where there was no test; it is not part of the family.
    correction : {"bh", "by", "storey", "holm", "bonferroni", "none"}, optional
        False discovery rate by Benjamini and Hochberg, by Benjamini and Yekutieli (any
        dependence), by Storey (q-values), or family-wise error by Holm or Bonferroni.

    Returns
    -------
    ndarray of the same shape
        Adjusted p-values; never above 1.

    Raises
    ------
    InputError
        If a p-value is outside 0 to 1, or the correction is unknown.

    References
    ----------
    Benjamini 1995, https://doi.org/10.1111/j.2517-6161.1995.tb02031.x; Benjamini 2001,
    https://doi.org/10.1214/aos/1013699998; Storey 2003, https://doi.org/10.1073/pnas.1530509100.

    Examples
    --------
    >>> adjust([0.01, 0.02, 0.5]).tolist()
    [0.03, 0.03, 0.5]
    """
    p = np.asarray(p_values, float)
    there = np.isfinite(p)
    if ((p[there] < 0) | (p[there] > 1)).any():
        raise InputError("A p-value lies outside 0 to 1. Check the test that gave it.")
    rules: dict[str, Callable[[Reals], Reals]] = {
        "bh": _step_up,
        "by": _benjamini_yekutieli,
        "storey": _storey,
        "holm": _holm,
        "bonferroni": lambda sorted_p: sorted_p * len(sorted_p),
        "none": lambda sorted_p: sorted_p,
    }
    if correction not in rules:
        hint = did_you_mean(correction, list(get_args(Correction)))
        raise InputError(f'No correction "{correction}". {hint}')
    out = np.full(p.shape, np.nan)
    family = p[there]
    if family.size:
        order = np.argsort(family, kind="stable")
        adjusted = np.empty_like(family)
        adjusted[order] = np.minimum(rules[correction](family[order]), 1.0)
        out[there] = adjusted
    return out


def _step_up(p: Reals) -> Reals:
    rank = np.arange(1, len(p) + 1)
    return np.asarray(np.minimum.accumulate((p * len(p) / rank)[::-1])[::-1])


def _benjamini_yekutieli(p: Reals) -> Reals:
    return _step_up(p) * float((1 / np.arange(1, len(p) + 1)).sum())


def _holm(p: Reals) -> Reals:
    return np.asarray(np.maximum.accumulate(p * np.arange(len(p), 0, -1)))


def _storey(p: Reals) -> Reals:
    return null_share(p) * _step_up(p)


def null_share(p_values: ArrayLike, at: float | None = None) -> float:
    """Estimate the share of tests whose null hypothesis is true, as qvalue.

    Parameters
    ----------
    p_values : array_like, shape (M,)
        Without NaN.
    at : float, optional
        p-value above which all tests are taken as null; None smooths over 0.05, 0.10, …, 0.95.

    Returns
    -------
    float
        Above 0 and at most 1.
    """
    p = np.asarray(p_values, float)
    lambdas = _LAMBDAS if at is None else np.array([at])
    shares = np.array([np.mean(p >= one) for one in lambdas]) / (1 - lambdas)
    share = float(shares[0]) if at is not None else _smoothed_end(lambdas, shares)
    share = min(share, 1.0)
    # Few or odd p-values: 1 is the careful answer (Benjamini and Hochberg).
    return share if share > 0 else 1.0


def _smoothed_end(x: Reals, y: Reals) -> float:
    """Last value of R's ``smooth.spline(x, y, df = 3)``."""
    from scipy.interpolate import make_smoothing_spline
    from scipy.optimize import brentq

    span = (x - x[0]) / (x[-1] - x[0])
    basis = np.eye(len(x))

    def degrees(log_penalty: float) -> float:
        columns = [
            make_smoothing_spline(span, unit, lam=np.exp(log_penalty))(span[place])
            for place, unit in enumerate(basis)
        ]
        return float(np.sum(columns)) - 3.0

    penalty = float(np.exp(brentq(degrees, -20.0, 10.0, xtol=1e-10)))
    return float(make_smoothing_spline(span, y, lam=penalty)(span[-1]))


def stepdown_max_t(observed: ArrayLike, permuted: ArrayLike) -> tuple[Reals, Reals]:
    """Raw and adjusted p-values of Westfall and Young's step-down maxT.

    Parameters
    ----------
    observed : array_like, shape (M,)
        Statistics; large absolute values speak against the null hypothesis.
    permuted : array_like, shape (R, M)
        The same statistics under R permutations; the observed order should be among them.

    Returns
    -------
    raw, adjusted : ndarray, shape (M,)
        The family-wise error is kept under any dependence of the tests.

    References
    ----------
    Westfall and Young 1993, ISBN 978-0-471-55761-6; Ge 2003,
    https://doi.org/10.1007/BF02595811.

    Examples
    --------
    >>> raw, adjusted = stepdown_max_t([3.0, 0.1], [[3.0, 0.1], [0.5, 2.0], [1.0, 0.2]])
    >>> adjusted.round(3).tolist()
    [0.333, 1.0]
    """
    steps = StepDown(observed)
    steps.add(permuted)
    return steps.p_values()


class StepDown:
    """Step-down maxT over permutations that come in parts.

    Parameters
    ----------
    observed : array_like, shape (M,)
        As for `stepdown_max_t`; NaN where there is no test, and then no p-value.

    Examples
    --------
    >>> steps = StepDown([3.0, 0.1])
    >>> for part in ([[3.0, 0.1]], [[0.5, 2.0], [1.0, 0.2]]): steps.add(part)
    >>> steps.p_values()[1].round(3).tolist()
    [0.333, 1.0]
    """

    def __init__(self, observed: ArrayLike) -> None:
        size = np.abs(np.asarray(observed, float))
        self.there = np.isfinite(size)
        self.size = size[self.there]
        self.order = np.argsort(-self.size, kind="stable")
        self.raw = np.zeros(self.size.size, np.int64)
        self.stepped = np.zeros(self.size.size, np.int64)
        self.n = 0

    def add(self, permuted: ArrayLike) -> None:
        """Count a part of the permutations, shape (R, M)."""
        others = np.abs(np.asarray(permuted, float))
        if not self.there.all():
            others = others[:, self.there]
        slack = 1e-12 * np.maximum(self.size, 1.0)  # as large as itself, whatever rounding
        self.raw += (others >= self.size - slack).sum(axis=0)
        least_first = others[:, self.order[::-1]]
        above = np.maximum.accumulate(least_first, axis=1)[:, ::-1]
        self.stepped += (above >= (self.size - slack)[self.order]).sum(axis=0)
        self.n += len(others)

    def p_values(self) -> tuple[Reals, Reals]:
        """Raw and adjusted p-values, shape (M,)."""
        raw, adjusted = (np.full(self.there.shape, np.nan) for _ in range(2))
        raw[self.there] = self.raw / self.n
        kept = np.empty(self.size.size)
        kept[self.order] = np.maximum.accumulate(self.stepped / self.n)
        adjusted[self.there] = kept
        return raw, adjusted
