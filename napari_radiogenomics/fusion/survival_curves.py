"""Survival at a time: what its unit is, and whether the predictions of it are good.

Letters: N patients.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.statistics.survival import censoring_weights, survival_with_ends

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["calibration_at", "roc_at", "time_unit", "time_words"]

Reals = NDArray[np.float64]
_UNITS = {"d": "days", "day": "days", "wk": "weeks", "week": "weeks", "mo": "months",
          "month": "months", "yr": "years", "year": "years", "y": "years"}  # fmt: skip
_LAST_WORD = re.compile(r"(?:^|[\s_.(\[-])(d|y|(?:day|wk|week|mo|month|yr|year)s?)[)\]]?$", re.I)
_GROUPS, _FEWEST = 5, 8  # groups, and patients of one
_WHOLE = 1000  # times from here on are told without decimals


def time_unit(name: str) -> str:
    """Unit that the name of a column of times ends in; empty where it names none.

    Examples
    --------
    >>> time_unit("os_days"), time_unit("PFS (months)"), time_unit("time")
    ('days', 'months', '')
    """
    found = _LAST_WORD.search(name.strip())
    if found is None:
        return ""
    word = found[1].lower()
    return _UNITS.get(word) or _UNITS[word.removesuffix("s")]


def time_words(name: str, at: float) -> str:
    """A time of a column, with its unit, or after the column's name where this tells none.

    Examples
    --------
    >>> time_words("os_days", 4212.0), time_words("time", 1.25)
    ('4212 days', 'time 1.25')
    """
    told = f"{at:.4g}" if at < _WHOLE else f"{at:.0f}"
    unit = time_unit(name)
    return f"{told} {unit}" if unit else f"{name} {told}"


def roc_at(patients: pd.DataFrame, at: float) -> tuple[Reals, Reals]:
    """False and true positive rates of an event by a time, over all thresholds; ties are one step.

    Cases are the events until then, weighted against censoring, controls those who were watched
    beyond; the area below is that of `statistics.survival.area_at`.

    Parameters
    ----------
    patients : DataFrame
        As `FusionResult.patients` answers for times.
    at : float
        Time, in their unit.

    Returns
    -------
    false, true : ndarray
        Rising from 0 to 1; empty where there are no cases or no controls.

    References
    ----------
    Uno 2007, https://doi.org/10.1198/016214507000000149.
    """
    known = patients[patients["link"].notna()]
    time, event = known["time"].to_numpy(float), known["event"].to_numpy(bool)
    case, control = (time <= at) & event, time > at
    if not case.any() or not control.any():
        return np.empty(0), np.empty(0)
    weight = censoring_weights(time, event, at)
    link = known["link"].to_numpy(float)
    order = np.argsort(-link, kind="stable")
    last = np.flatnonzero(np.append(np.diff(link[order]) != 0, True))
    rates = []
    for own in (control, case):
        total = np.cumsum((weight * own)[order])[last]
        rates.append(np.append(0.0, total / total[-1]))
    return rates[0], rates[1]


def calibration_at(patients: pd.DataFrame) -> pd.DataFrame:
    """Predicted against observed probability of no event by a time, in groups of like patients.

    Parameters
    ----------
    patients : DataFrame
        As `FusionResult.patients` answers for times; ``attrs["at"]`` is the time.

    Returns
    -------
    DataFrame
        A row a group, at most fifths, the least likely first: ``predicted`` (mean), ``observed``
        (Kaplan-Meier), ``low`` and ``high`` of 95 %, ``patients``. ``observed`` is NaN where
        nobody of the group was watched so long.
    """
    import pandas as pd

    known = patients[patients["survival"].notna()].sort_values("survival", kind="stable")
    groups = int(np.clip(len(known) // _FEWEST, 1, _GROUPS))
    rows = []
    for part in np.array_split(np.arange(len(known)), groups):
        if part.size:
            own = known.iloc[part]
            seen = survival_with_ends(own["time"], own["event"], patients.attrs["at"])
            rows.append((own["survival"].mean(), *seen, part.size))
    return pd.DataFrame(rows, columns=["predicted", "observed", "low", "high", "patients"])
