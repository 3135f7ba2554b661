"""Little's test: whether values are missing completely at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["McarTest", "mcar_test"]

Reals = NDArray[np.float64]
_STEPS = 5000
_TOLERANCE = 1e-10
_FLAT = 1e-10
_SINGULAR = 1e-8


@dataclass(frozen=True)
class McarTest:
    """Little's test.

    Attributes
    ----------
    statistic, df, p_value : float
        χ², its degrees of freedom, and the chance of one as large when values are missing
        completely at random.
    n, n_patterns : int
        Patients with any value, and patterns of missing values among them.
    columns : tuple of str
        What was tested.
    """

    statistic: float
    df: int
    p_value: float
    n: int
    n_patterns: int
    columns: tuple[str, ...]


def mcar_test(table: pd.DataFrame) -> McarTest:
    """Test whether values are missing completely at random.

    Parameters
    ----------
    table : DataFrame, N patients × P columns
        Numbers; NaN where missing.

    Returns
    -------
    McarTest
        A small p-value says that who misses a value differs from the others.

    Raises
    ------
    InputError
        If nothing is missing, a column holds nothing or does not vary, columns follow from each
        other, or there are not more patients than columns.

    Notes
    -----
    The means of each pattern are compared with those of all, estimated by maximum likelihood
    (EM) under a multivariate normal distribution. It has little power with few patients, and
    says nothing of values that are missing because of what they would be.

    References
    ----------
    Little, J Am Stat Assoc 1988, doi:10.1080/01621459.1988.10478722.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "c"])
    >>> table.loc[table["a"] > 0.5, "b"] = np.nan
    >>> mcar_test(table).p_value < 0.001
    True
    """
    from scipy.stats import chi2

    values = table.to_numpy(float)
    values = values[np.isfinite(values).any(axis=1)]
    names = tuple(map(str, table.columns))
    standard = _standardized(values, names)
    mean, covariance = _em(standard, names)
    seen = np.isfinite(standard)
    patterns = np.unique(seen, axis=0)
    statistic = 0.0
    for pattern in patterns:
        own = standard[(seen == pattern).all(axis=1)][:, pattern]
        apart = own.mean(axis=0) - mean[pattern]
        within = covariance[np.ix_(pattern, pattern)]
        statistic += len(own) * float(apart @ np.linalg.solve(within, apart))
    df = int(patterns.sum()) - len(names)
    return McarTest(statistic, df, float(chi2.sf(statistic, df)), len(values), len(patterns), names)


def _standardized(values: Reals, names: tuple[str, ...]) -> Reals:
    """Columns with a mean of 0 and a deviation of 1, which changes no test."""
    n, p = values.shape
    known = np.isfinite(values)
    if known.all():
        raise InputError("No value is missing; there is nothing to test.")
    if n <= p or p < 2:
        raise InputError(
            f"Little's test needs two columns and more patients than columns; there are {p} "
            f"columns and {n} patients with a value."
        )
    few = np.flatnonzero(known.sum(axis=0) < 2)
    if few.size:
        raise InputError(f'"{names[few[0]]}" has fewer than two values. Leave it out.')
    center, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    flat = np.flatnonzero(spread <= _FLAT * np.maximum(np.abs(center), 1))
    if flat.size:
        raise InputError(f'"{names[flat[0]]}" is the same in all patients. Leave it out.')
    return (values - center) / spread


def _em(values: Reals, names: tuple[str, ...]) -> tuple[Reals, Reals]:
    """Means and covariances of most likelihood, shapes (P,) and (P, P)."""
    seen = np.isfinite(values)
    patterns, which = np.unique(seen, axis=0, return_inverse=True)
    which = which.ravel()
    n, p = values.shape
    mean, covariance = np.zeros(p), np.eye(p)
    for _ in range(_STEPS):
        total, products = np.zeros(p), np.zeros((p, p))
        for at, pattern in enumerate(patterns):
            own = values[which == at].copy()
            gone = ~pattern
            if gone.any():
                slope = _slope(covariance, pattern, gone, names)
                own[:, gone] = mean[gone] + (own[:, pattern] - mean[pattern]) @ slope
                rest = covariance[np.ix_(gone, gone)] - covariance[np.ix_(gone, pattern)] @ slope
                products[np.ix_(gone, gone)] += len(own) * rest
            total += own.sum(axis=0)
            products += own.T @ own
        old, mean = (mean, covariance), total / n
        covariance = products / n - np.outer(mean, mean)
        step = max(np.abs(mean - old[0]).max(), np.abs(covariance - old[1]).max())
        if step < _TOLERANCE:
            break
    if np.linalg.eigvalsh(covariance)[0] < _SINGULAR:
        raise _dependent(names)
    return mean, covariance


def _slope(
    covariance: Reals, pattern: NDArray[np.bool_], gone: NDArray[np.bool_], names: tuple[str, ...]
) -> Reals:
    """What is missing regressed on what is there, shape (seen, gone)."""
    there = covariance[np.ix_(pattern, pattern)]
    try:
        slope = np.linalg.solve(there, covariance[np.ix_(pattern, gone)])
    except np.linalg.LinAlgError as error:
        raise _dependent(names) from error
    return np.asarray(slope, np.float64)


def _dependent(names: tuple[str, ...]) -> InputError:
    return InputError(
        f"Of the {len(names)} columns ({', '.join(names[:3])}, …) one follows from others, or two "
        "are never known together, so that the test has no answer. Leave one out."
    )
