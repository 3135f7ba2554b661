"""What a method of association is: one module in ``methods/`` that defines ``METHOD``.

Letters: N patients, P features, M outcomes, C columns of confounders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.registry import Registry
from napari_radiogenomics.statistics.linear import basis_of

__all__ = [
    "LEVEL",
    "METHODS",
    "Block",
    "Describe",
    "Estimates",
    "Method",
    "normal_interval",
    "t_estimates",
]

Reals = NDArray[np.float64]
Describe = Callable[[Reals, int, Reals, Reals], "Estimates"]
LEVEL = 0.95
"""Of every interval."""


@dataclass(frozen=True, eq=False)
class Block:
    """Patients for whom nothing is missing in some features and some outcomes.

    Attributes
    ----------
    features : ndarray, shape (N, P)
        With mean 0 and standard deviation 1 over these patients.
    outcomes : ndarray, shape (N, M)
        Times, where ``event`` is given.
    confounders : ndarray, shape (N, C)
        Numbers, and groups as 0 and 1.
    site : ndarray of int, shape (N,), or None
        Group of each patient, from 0.
    event : ndarray, shape (N,), or None
        1 where the time ends with the event.
    size_factors : ndarray, shape (N,), or None
        How deep each sample was sequenced.
    """

    features: Reals
    outcomes: Reals
    confounders: Reals
    site: NDArray[np.intp] | None = None
    event: Reals | None = None
    size_factors: Reals | None = None

    @property
    def n(self) -> int:
        """Patients."""
        return len(self.features)

    @cached_property
    def with_site(self) -> Reals:
        """Confounders and the sites as 0 and 1, without a constant."""
        if self.site is None:
            return self.confounders
        levels = np.unique(self.site)[1:]
        return np.hstack([self.confounders, np.equal.outer(self.site, levels).astype(float)])

    @cached_property
    def given(self) -> Reals:
        """Orthonormal columns that span the constant, the confounders and the sites."""
        return basis_of(np.hstack([np.ones((self.n, 1)), self.with_site]))

    @cached_property
    def given_without_site(self) -> Reals:
        """The same without the sites."""
        return basis_of(np.hstack([np.ones((self.n, 1)), self.confounders]))


@dataclass(frozen=True, eq=False)
class Estimates:
    """Answers for every pair of a block, each of shape (P, M); NaN where there is no test.

    Attributes
    ----------
    effect, low, high : ndarray
        With interval; of a slope, for one standard deviation of the feature.
    statistic, p_value : ndarray
        Of the test.
    extra : mapping of str to ndarray
        Further columns.
    """

    effect: Reals
    low: Reals
    high: Reals
    statistic: Reals
    p_value: Reals
    extra: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    """One way to test whether a feature and an outcome go together.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name in full.
    meaning : str
        What it answers, in one sentence.
    effect : str
        What the effect is.
    doi : str
        Where it is defined.
    limits : str
        Where it fails.
    run : callable
        ``run(block) -> Estimates``.
    outcome : str
        ``"number"``, ``"classes"`` (two), ``"log"`` (log expression), ``"count"`` or
        ``"survival"``.
    confounders : bool
        Whether it takes confounders.
    site : str
        How it takes sites: ``"fixed"``, ``"strata"``, ``"random"``, ``"studies"``, or ``""``
        where it does not.
    slope : bool
        Whether the effect is per unit of the feature, rather than without unit.
    joint : bool
        Whether outcomes are judged together (their variances are drawn toward each other), so
        that none may be missing.
    describe : callable or None
        ``describe(r, freedom, x_size, y_size) -> Estimates`` of a linear method, whose test is
        that of a (partial) correlation: it can be permuted, and millions of pairs screened.
    ranks : bool
        Whether it works on ranks.
    """

    name: str
    title: str
    meaning: str
    effect: str
    doi: str
    limits: str
    run: Callable[[Block], Estimates] = field(repr=False)
    outcome: str = "number"
    confounders: bool = True
    site: str = "fixed"
    slope: bool = True
    joint: bool = False
    describe: Describe | None = field(default=None, repr=False)
    ranks: bool = False


METHODS: Registry[Method] = Registry(
    "napari_radiogenomics.association.methods",
    attribute="METHOD",
    noun="method of association",
    group="napari_radiogenomics.associations",
)


def normal_interval(effect: Reals, error: Reals) -> tuple[Reals, Reals]:
    """Interval of an effect that is about normal."""
    from scipy.stats import norm

    reach = float(norm.ppf((1 + LEVEL) / 2)) * error
    return effect - reach, effect + reach


def t_estimates(
    effect: Reals,
    error: Reals,
    freedom: Reals | float,
    extra: Mapping[str, NDArray[np.generic]] | None = None,
) -> Estimates:
    """Estimates of effects whose test is a t-test.

    Parameters
    ----------
    effect, error : ndarray, shape (P, M)
    freedom : float or ndarray, broadcast to (P, M)
    extra : mapping, optional
        Further columns.
    """
    from scipy.special import stdtr, stdtrit

    reach = stdtrit(freedom, (1 + LEVEL) / 2) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = effect / error
    p_value = np.minimum(2 * stdtr(freedom, -np.abs(statistic)), 1.0)
    return Estimates(effect, effect - reach, effect + reach, statistic, p_value, extra or {})
