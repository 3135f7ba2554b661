"""Effects of several sites or cohorts, joined: fixed and random effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["Pooled", "pool_effects"]

Reals = NDArray[np.float64]
_TOLERANCE = 1e-12
_MOST_ROUNDS = 1000


@dataclass(frozen=True)
class Pooled:
    """A joint effect.

    Attributes
    ----------
    effect, error : float
        Mean and its standard error.
    low, high, p_value : float
        Interval and test.
    tau2 : float
        Variance of the effects between the studies.
    i2 : float
        Percentage of the variation that lies between the studies.
    n : int
        Studies.
    """

    effect: float
    error: float
    low: float
    high: float
    p_value: float
    tau2: float
    i2: float
    n: int


def pool_effects(
    effects: ArrayLike,
    variances: ArrayLike,
    *,
    model: Literal["reml", "dl", "fixed"] = "reml",
    knapp_hartung: bool = False,
    modified: bool = True,
    level: float = 0.95,
) -> Pooled:
    """Join effects with their variances.

    Parameters
    ----------
    effects, variances : array_like, shape (K,)
        One a study, on a scale where they are about normal (log odds ratio, Fisher's z).
    model : {"reml", "dl", "fixed"}, optional
        Random effects by restricted maximum likelihood or DerSimonian and Laird, or a common
        effect.
    knapp_hartung : bool, optional
        Interval and test by Knapp and Hartung: right for few studies.
    modified : bool, optional
        Of their interval and the usual one the wider, of the p-values the larger (metafor's
        ``adhoc="ci"``). Theirs alone can be narrower than that of a common effect, where the
        studies agree by chance.
    level : float, optional
        Of the interval.

    Returns
    -------
    Pooled

    Raises
    ------
    InputError
        If there is no study, or a variance is not above 0.

    References
    ----------
    DerSimonian 1986, https://doi.org/10.1016/0197-2456(86)90046-2; Viechtbauer 2005,
    https://doi.org/10.3102/10769986030003261; Knapp 2003, https://doi.org/10.1002/sim.1482; Wiksten
    2016, https://doi.org/10.1002/sim.6879 (modified).

    Examples
    --------
    >>> round(pool_effects([0.2, 0.4], [0.01, 0.01], model="fixed").effect, 3)
    0.3
    """
    from scipy.stats import norm, t

    y, v = np.asarray(effects, float), np.asarray(variances, float)
    if not len(y) or y.shape != v.shape or not (v > 0).all() or not np.isfinite(y).all():
        raise InputError("Give an effect and a variance above 0 for each study, at least one.")
    tau2 = 0.0 if model == "fixed" or len(y) < 2 else _between(y, v, model)
    weight = 1 / (v + tau2)
    effect = float(weight @ y / weight.sum())
    error = float(np.sqrt(1 / weight.sum()))
    ways = [(norm, error)]
    if knapp_hartung and len(y) > 1:
        spread = float(weight @ (y - effect) ** 2 / (len(y) - 1))
        ways = [*(ways if modified else ()), (t(len(y) - 1), error * float(np.sqrt(spread)))]
    reach, error = max((float(law.ppf((1 + level) / 2)) * own, own) for law, own in ways)
    p_value = max(float(2 * law.sf(abs(effect) / own)) if own else 1.0 for law, own in ways)
    i2 = _inconsistency(y, v, tau2, model)
    return Pooled(effect, error, effect - reach, effect + reach, p_value, tau2, i2, len(y))


def _between(y: Reals, v: Reals, model: str) -> float:
    """Variance between the studies."""
    w = 1 / v
    mean = w @ y / w.sum()
    q = float(w @ (y - mean) ** 2)
    scale = float(w.sum() - (w**2).sum() / w.sum())
    tau2 = max(0.0, (q - (len(y) - 1)) / scale)
    if model == "dl":
        return tau2
    for _ in range(_MOST_ROUNDS):  # Fisher scoring
        w = 1 / (v + tau2)
        rest = y - w @ y / w.sum()
        trace = float(w.sum() - (w**2).sum() / w.sum())
        curve = float((w**2).sum() - 2 * (w**3).sum() / w.sum() + ((w**2).sum() / w.sum()) ** 2)
        new = max(0.0, tau2 + (float((w**2) @ rest**2) - trace) / curve)
        if abs(new - tau2) < _TOLERANCE:
            return new
        tau2 = new
    return tau2


def _inconsistency(y: Reals, v: Reals, tau2: float, model: str) -> float:
    """Percentage of variation between studies, from tau² and a typical variance."""
    if len(y) < 2:
        return 0.0
    w = 1 / v
    if model == "fixed":
        q = float(w @ (y - w @ y / w.sum()) ** 2)
        return max(0.0, 100 * (q - (len(y) - 1)) / q) if q else 0.0
    typical = (len(y) - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum())
    return float(100 * tau2 / (tau2 + typical))
