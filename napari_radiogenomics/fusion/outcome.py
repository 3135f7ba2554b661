"""What is to be predicted: two classes, a number, or a time until an event.

Letters: N patients.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.event import likely_event

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEWEST_EVENTS", "Kind", "Outcome", "outcome_of"]

Reals = NDArray[np.float64]
Kind = Literal["classification", "regression", "survival"]
FEWEST_EVENTS = 10  # cases of the rarer class, or events


@dataclass(frozen=True, eq=False)
class Outcome:
    """Outcome of N patients.

    Attributes
    ----------
    kind : {"classification", "regression", "survival"}
        What it is.
    values : ndarray, shape (N,)
        1 for the event and 0 for the other class; the number; the time.
    event : ndarray of bool, shape (N,)
        Whether the event was seen; all True where there is no time.
    name : str
        What a person calls it.
    classes : tuple
        The two classes as they were given, the event last; empty for the other kinds.
    event_name : str
        What a person calls the event of a time; empty for the other kinds.
    """

    kind: Kind
    values: Reals
    event: NDArray[np.bool_]
    name: str = "outcome"
    classes: tuple[Any, ...] = ()
    event_name: str = ""

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[np.intp]) -> Outcome:
        """Outcome of some of the patients, in the order asked for."""
        return replace(self, values=self.values[rows], event=self.event[rows])

    def of_event(self, event: Any) -> Outcome:
        """The same outcome with a named class as the event.

        Raises
        ------
        InputError
            If it is none of the two classes.
        """
        if self.kind != "classification":
            raise InputError(
                f"event is {event}, but {self.name} has no classes ({self.kind}). Leave event out."
            )
        names = [str(name) for name in self.classes]
        if str(event) not in names:
            raise InputError(
                f'event is "{event}", but the classes of {self.name} are {" and ".join(names)}. '
                "Name one of these."
            )
        if str(event) == names[1]:
            return self
        return replace(self, values=1 - self.values, classes=self.classes[::-1])

    @property
    def n_events(self) -> int:
        """Cases of the rarer class, events, or patients."""
        if self.kind == "classification":
            return int(min(self.values.sum(), (1 - self.values).sum()))
        return int(self.event.sum())

    def strata(self) -> NDArray[np.intp]:
        """Groups whose shares should be alike in all folds, shape (N,).

        The class of the first patient comes first, so that the same patients are dealt together
        whatever the classes are called, and whichever is the event.
        """
        if self.kind == "classification":
            return (self.values != self.values[:1]).astype(np.intp)
        thirds = np.empty(len(self), np.intp)
        for seen in (False, True):
            own = np.flatnonzero(self.event == seen)
            order = np.argsort(np.argsort(self.values[own], kind="stable"), kind="stable")
            thirds[own] = 3 * seen + order * 3 // max(len(own), 1)
        return thirds

    def working(self) -> Reals:
        """One number a patient that a least-squares fit can aim at, shape (N,).

        The class, the number, or for times the martingale residual of a model without features
        (Therneau 1990, https://doi.org/10.1093/biomet/77.1.147): high where the event came early.
        """
        if self.kind != "survival":
            return self.values
        order = np.argsort(self.values, kind="stable")
        at_risk = len(order) - np.searchsorted(self.values[order], self.values[order])
        steps = self.event[order] / at_risk
        last = np.searchsorted(self.values[order], self.values[order], side="right") - 1
        hazard = np.empty(len(order))
        hazard[order] = np.cumsum(steps)[last]
        return self.event - hazard


def outcome_of(
    target: Any, kind: str | None = None, *, event: Any = None
) -> tuple[Outcome, pd.Index]:
    """Read a target; patients without one are left out.

    Parameters
    ----------
    target : Series or DataFrame
        By patient id. A table has the columns ``time`` and ``event``, or two columns in that
        order.
    kind : str, optional
        What it is; without it, two different values are classes and more of them numbers.
    event : optional
        Class that is the event; that of `likely_event` without it.

    Returns
    -------
    outcome : Outcome
    patients : Index
        Ids in the same order.

    Raises
    ------
    InputError
        If a patient is there twice, there is one class, or there are too few events.
    """
    import pandas as pd

    if not isinstance(target, pd.Series | pd.DataFrame):
        raise InputError(
            f"The target is a {type(target).__name__}. Give a Series with the patient ids as its "
            'index, or a table with the columns "time" and "event".'
        )
    refuse_repeats(target.index, "the target")
    if isinstance(target, pd.DataFrame):
        outcome, kept = _survival(target, kind)
    else:
        outcome, kept = _single(target, kind)
    outcome = outcome.take(np.flatnonzero(kept))
    if event not in (None, ""):
        outcome = outcome.of_event(event)
    require_outcome(outcome)
    return outcome, target.index[kept].astype(str)


def refuse_repeats(index: pd.Index, where: str) -> None:
    """Refuse a table in which a patient has two rows."""
    if not index.astype(str).is_unique:
        twice = index[index.astype(str).duplicated()].astype(str).unique()
        raise InputError(
            f"{len(twice)} patients have more than one row in {where}, the first is {twice[0]}. "
            "Lesions or scans of one patient must not be split over folds: give one row a patient "
            "(their mean, or the largest lesion)."
        )


def _survival(target: pd.DataFrame, kind: str | None) -> tuple[Outcome, NDArray[np.bool_]]:
    if target.shape[1] == 1 and kind != "survival":
        return _single(target.iloc[:, 0], kind)
    names = list(map(str, target.columns))
    pair = ("time", "event") if {"time", "event"} <= set(names) else names
    if len(pair) != 2 or kind not in (None, "survival"):
        raise InputError(
            f"The target has {target.shape[1]} columns ({', '.join(names[:5])}). Give one column, "
            'or for survival "time" and "event".'
        )
    time, event = (_numbers(target.set_axis(names, axis=1)[name]) for name in pair)
    kept = np.isfinite(time) & np.isfinite(event)
    if not np.isin(event[kept], (0, 1)).all():
        raise InputError(f'The column "{pair[1]}" must hold 1 (event) and 0 (censored) only.')
    if (time[kept] <= 0).any():
        raise InputError(
            f"{int((time[kept] <= 0).sum())} patients have a time of 0 or less. Correct them, or "
            "leave them out."
        )
    blank = int((np.isfinite(time) & np.isnan(event)).sum())
    if blank and (event[kept] == 1).all():
        raise InputError(
            f"{blank} of {len(time)} patients have a time and no {pair[1]}, and nobody is "
            "censored: left out, they would take all who live with them. Write 0 where the event "
            "had not come by that time."
        )
    return Outcome("survival", time, event == 1, pair[0], event_name=pair[1]), kept


def _single(target: pd.Series, kind: str | None) -> tuple[Outcome, NDArray[np.bool_]]:
    name = str(target.name or "outcome")
    kept = target.notna().to_numpy()
    found = target[kept]
    classes = sorted(found.unique().tolist(), key=lambda value: (str(type(value)), value))
    if kind is None:
        text = found.dtype.kind not in "iuf" or found.dtype == bool
        kind = "classification" if len(classes) == 2 or text else "regression"
    events = np.ones(len(target), bool)
    if kind == "regression":
        return Outcome("regression", _numbers(target), events, name), kept
    if kind != "classification":
        raise InputError(
            f'The kind "{kind}" does not fit a single column. Choose "classification" or '
            '"regression", or give "time" and "event" for survival.'
        )
    if len(classes) != 2:
        raise InputError(
            f"{name} has {len(classes)} class{'es' if len(classes) != 1 else ''} "
            f"({', '.join(map(str, classes[:5]))}); two are needed. Choose another target, or "
            "compare one class with all others."
        )
    if likely_event(found) != classes[1]:
        classes = classes[::-1]
    values = (target == classes[1]).to_numpy(float)
    return Outcome("classification", values, events, name, tuple(classes)), kept


def _numbers(column: pd.Series) -> Reals:
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
    if np.isinf(values).any() or (np.isnan(values) & column.notna().to_numpy()).any():
        raise InputError(f'"{column.name}" holds what is no finite number. Correct the target.')
    return values


def require_outcome(outcome: Outcome) -> None:
    """Refuse an outcome from which nothing can be learned."""
    noun = {"classification": "cases of the rarer class", "survival": "events"}
    if outcome.kind == "regression":
        if len(outcome) and np.ptp(outcome.values) == 0:
            raise InputError(
                f"{outcome.name} is {outcome.values[0]:g} for all {len(outcome)} patients, so that "
                "there is nothing to predict. Give patients of another value or class too, or "
                "choose another target."
            )
        if len(outcome) < FEWEST_EVENTS:
            raise InputError(
                f"{outcome.name} has values of {len(outcome)} patients; at least {FEWEST_EVENTS} "
                "are needed. Give more patients."
            )
    elif outcome.n_events < FEWEST_EVENTS:
        raise InputError(
            f"{outcome.name} has {outcome.n_events} {noun[outcome.kind]} in {len(outcome)} "
            f"patients; at least {FEWEST_EVENTS} are needed, and 10 a feature are advised. Give "
            "more patients, or choose a more frequent outcome."
        )
