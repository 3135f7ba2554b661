"""Intraclass correlation: how much of the variation lies between subjects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from napari_radiogenomics.errors import InputError

__all__ = ["Agreement", "IccKind", "intraclass_correlation"]

IccKind = Literal["1,1", "A,1", "C,1", "1,k", "A,k", "C,k"]


@dataclass(frozen=True)
class Agreement:
    """An intraclass correlation.

    Attributes
    ----------
    value, low, high : float
        Estimate and interval; may be below 0 where subjects differ less than chance.
    f, p_value : float
        Test against no variation between subjects.
    n_subjects, n_raters : int
        What it rests on.
    """

    value: float
    low: float
    high: float
    f: float
    p_value: float
    n_subjects: int
    n_raters: int


def intraclass_correlation(
    ratings: ArrayLike, kind: IccKind = "A,1", *, level: float = 0.95
) -> Agreement:
    """Intraclass correlation of subjects that were all measured by all raters.

    Parameters
    ----------
    ratings : array_like, shape (n subjects, k raters)
        Raters may be readers, perturbations or scanners. None missing.
    kind : {"1,1", "A,1", "C,1", "1,k", "A,k", "C,k"}, optional
        McGraw and Wong's names: one-way; two-way, absolute agreement; two-way, consistency; of
        one rating or of the mean of k.
    level : float, optional
        Of the interval.

    Returns
    -------
    Agreement

    Raises
    ------
    InputError
        If there are fewer than two subjects or raters, or something is missing.

    References
    ----------
    McGraw and Wong 1996, https://doi.org/10.1037/1082-989X.1.1.30; Shrout and Fleiss 1979,
    https://doi.org/10.1037/0033-2909.86.2.420.

    Examples
    --------
    >>> found = intraclass_correlation([[1, 2], [3, 4], [5, 6], [8, 9]], "C,1")
    >>> found.value
    1.0
    """
    from scipy.stats import f as f_distribution

    x = np.asarray(ratings, float)
    if x.ndim != 2 or min(x.shape) < 2:
        raise InputError(
            f"Ratings have the shape {x.shape}; an intraclass correlation needs at least two "
            "subjects (rows) and two raters (columns)."
        )
    if not np.isfinite(x).all():
        raise InputError("Some ratings are missing. Leave these subjects out.")
    n, k = x.shape
    squares = _mean_squares(x)
    rows, _, rest, within = squares
    one_way = kind.startswith("1")
    error = within if one_way else rest
    freedom = (n - 1, n * (k - 1)) if one_way else (n - 1, (n - 1) * (k - 1))
    ratio = rows / error if error > 0 else np.inf
    p_value = float(f_distribution.sf(ratio, *freedom))
    value = _value(kind, squares, n, k)
    low, high = _interval(kind, squares, n, k, freedom, level)
    return Agreement(value, low, high, float(ratio), p_value, n, k)


def _mean_squares(x: np.ndarray) -> tuple[float, float, float, float]:
    """Mean squares of rows, columns, rest, and within rows."""
    n, k = x.shape
    grand, by_row, by_column = x.mean(), x.mean(axis=1), x.mean(axis=0)
    rows = k * float(((by_row - grand) ** 2).sum()) / (n - 1)
    columns = n * float(((by_column - grand) ** 2).sum()) / (k - 1)
    left = x - by_row[:, np.newaxis] - by_column + grand
    rest = float((left**2).sum()) / ((n - 1) * (k - 1))
    within = float(((x - by_row[:, np.newaxis]) ** 2).sum()) / (n * (k - 1))
    return rows, columns, rest, within


def _value(kind: str, squares: tuple[float, float, float, float], n: int, k: int) -> float:
    rows, columns, rest, within = squares
    below = {
        "1,1": rows + (k - 1) * within,
        "A,1": rows + (k - 1) * rest + k * (columns - rest) / n,
        "C,1": rows + (k - 1) * rest,
        "1,k": rows,
        "A,k": rows + (columns - rest) / n,
        "C,k": rows,
    }[kind]
    above = rows - (within if kind.startswith("1") else rest)
    return float(above / below) if below else 0.0


def _interval(
    kind: str,
    squares: tuple[float, float, float, float],
    n: int,
    k: int,
    freedom: tuple[int, int],
    level: float,
) -> tuple[float, float]:
    from scipy.stats import f as f_distribution

    rows, _, rest, within = squares
    tail = (1 + level) / 2
    if kind.startswith("A"):
        return _absolute_interval(kind, squares, n, k, tail)
    error = within if kind.startswith("1") else rest
    if error <= 0:
        return (1.0, 1.0) if rows > 0 else (0.0, 0.0)
    low = rows / error / f_distribution.ppf(tail, *freedom)
    high = rows / error * f_distribution.ppf(tail, *freedom[::-1])
    if kind.endswith("k"):
        return float(1 - 1 / low), float(1 - 1 / high)
    return float((low - 1) / (low + k - 1)), float((high - 1) / (high + k - 1))


def _absolute_interval(
    kind: str, squares: tuple[float, float, float, float], n: int, k: int, tail: float
) -> tuple[float, float]:
    """Satterthwaite's approximation, as Shrout and Fleiss."""
    from scipy.stats import f as f_distribution

    rows, columns, rest, _ = squares
    if rest <= 0:
        value = _value(kind, squares, n, k)
        return value, value
    single = _value("A,1", squares, n, k)
    ratio = columns / rest
    above = (k - 1) * (n - 1) * (k * single * ratio + n * (1 + (k - 1) * single) - k * single) ** 2
    below = (n - 1) * k**2 * single**2 * ratio**2
    below += (n * (1 + (k - 1) * single) - k * single) ** 2
    free = above / below
    upper, lower = f_distribution.ppf(tail, n - 1, free), f_distribution.ppf(tail, free, n - 1)
    rest_of = k * columns + (k * n - k - n) * rest
    low = n * (rows - upper * rest) / (upper * rest_of + n * rows)
    high = n * (lower * rows - rest) / (rest_of + n * lower * rows)
    if kind.endswith("k"):
        low, high = (bound * k / (1 + bound * (k - 1)) for bound in (low, high))
    return float(low), float(high)
