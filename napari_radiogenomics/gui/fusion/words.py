"""What the Fuse dock says in its message line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.fusion.survival_curves import time_words
from napari_radiogenomics.fusion.validation.measures import CHANCE
from napari_radiogenomics.gui.fusion.numbers import NAMES, event_of
from napari_radiogenomics.gui.fusion.patient_rows import free_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from napari_radiogenomics.fusion.cohort_targets import Target
    from napari_radiogenomics.fusion.result import FusionResult
    from napari_radiogenomics.gui.fusion.work import Degraded, Fused, Shuffled

__all__ = [
    "clock",
    "event_words",
    "said_of_degraded",
    "said_of_drivers",
    "said_of_event",
    "said_of_patient",
    "said_of_shuffled",
    "said_of_target",
    "said_of_time",
]

_MINUTE_S = 60
_NAMED = 2


def clock(seconds: float) -> str:
    """A time as a person reads it.

    Examples
    --------
    >>> clock(12.4), clock(125)
    ('12 s', '2:05 min')
    """
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // _MINUTE_S}:{int(seconds) % _MINUTE_S:02d} min"


def event_words(outcome: str, event: str) -> str:
    """What has a probability: a class of an outcome, or the outcome itself where it is a yes.

    Examples
    --------
    >>> event_words("EGFR", "mutated"), event_words("EGFR mutation", "yes")
    ('EGFR mutated', 'EGFR mutation')
    """
    return outcome if event == "yes" else f"{outcome} {event}"


def said_of_target(target: Target, event: str, event_column: str = "") -> str:
    """What is predicted of an outcome, before anything is learned.

    Parameters
    ----------
    target : Target
        The outcome.
    event : str
        Class whose probability is predicted; empty where there are no classes.
    event_column : str, optional
        Column that says whether the event of a time came.

    Examples
    --------
    >>> from napari_radiogenomics.fusion.cohort_targets import Target
    >>> said_of_target(Target("column", "EGFR"), "mutated")
    'the probability of EGFR mutated'
    """
    if event:
        return f"the probability of {event_words(target.title, event)}"
    if target.kind == "survival":
        return f"survival: {target.name}, with the event {event_column}"
    return "what is named below" if target.kind == "named" else target.title


def said_of_event(result: FusionResult) -> str:
    """What the probabilities of a comparison are of; empty where it has none."""
    classes = result.patients(result.trusted).attrs.get("classes")
    return event_words(str(result.target), str(classes[-1])) if classes else ""


def said_of_patient(patient: str, row: pd.Series, result: FusionResult) -> str:
    """Prediction of a patient beside what came.

    Parameters
    ----------
    patient : str
        Id.
    row : Series
        Of `FusionResult.patients`.
    result : FusionResult
        What it is of.
    """
    if "probability" in row:
        event = said_of_event(result)
        sure = f"probability of {event} {row['probability']:.2f} (set {row['set']})"
        return f"{patient}: {sure}, is {row['outcome']}"
    if "predicted" in row:
        ends = f"{row['low']:.3g} to {row['high']:.3g}"
        return f"{patient}: {row['predicted']:.3g} ({ends}), is {row['outcome']:.3g}"
    at = result.predictions.attrs["at"]
    return said_of_time(patient, row, result.target, event_of(result), at)


def said_of_time(patient: str, row: pd.Series, target: str, event: str, at: float) -> str:
    """Probability of no event by a time, with its unit, beside what came.

    Examples
    --------
    >>> import pandas as pd
    >>> row = pd.Series({"survival": 0.62, "survival_low": 0.5, "survival_high": 0.7,
    ...                  "link": 0.4, "time": 364.0, "event": True})
    >>> said_of_time("P1", row, "os_days", "os_event", 720.0)[:60]
    'P1: probability of no os_event by 720 days 0.62 (0.50 to 0.7'
    >>> said_of_time("P1", row, "os_days", "os_event", 720.0)[60:]
    '0), log hazard 0.40; os_event at 364 days'
    """
    came = (event or "event") if row["event"] else "censored"
    ends = f"{row['survival_low']:.2f} to {row['survival_high']:.2f}"
    free, when = free_words(target, event, at), time_words(target, row["time"])
    sure = f"probability of {free} {row['survival']:.2f} ({ends})"
    return f"{patient}: {sure}, log hazard {row['link']:.2f}; {came} at {when}"


def said_of_drivers(drivers: Sequence[str], mapped: str) -> str:
    """Which driver a mapped feature is, and which ones before it have no map.

    Parameters
    ----------
    drivers : sequence of str
        Image features, that which moved the prediction most first.
    mapped : str
        The one on the scan; empty where none has a map.

    Examples
    --------
    >>> said_of_drivers(["other2", "mean"], "mean")
    'It is image driver 2 of 2; other2 drove it more, but has no map.'
    >>> said_of_drivers(["other2", "other4"], "")
    'other2 drove it most; no image driver of it has a map. Features has all.'
    """
    count = len(drivers)
    if not mapped:
        return f"{drivers[0]} drove it most; no image driver of it has a map. Features has all."
    before = list(drivers[: drivers.index(mapped)])
    told = f"It is image driver {len(before) + 1} of {count}"
    if not before:
        return f"{told}."
    named = before if len(before) <= _NAMED else [before[0], f"{len(before) - 1} more"]
    have = "has" if len(before) == 1 else "have"
    return f"{told}; {' and '.join(named)} drove it more, but {have} no map."


def said_of_shuffled(found: Shuffled, fused: Fused | None) -> str:
    """What costs most when it is shuffled."""
    if found.table.empty:
        return f"{found.strategy} uses nothing: it answers alike for everybody."
    first = found.table.iloc[0]
    name = first["column"] or first["modality"]
    of = f" of {NAMES[fused.result.main]}" if fused is not None else ""
    return (
        f"Shuffling {name} costs {found.strategy} most: {first['importance']:.3f}{of} "
        f"({first['low']:.3f} to {first['high']:.3f})."
    )


def said_of_degraded(found: Degraded, fused: Fused | None) -> str:
    """Who holds best where most patients lack the modality, of those who answer all."""
    most = found.table[found.table["missing"] == found.table["missing"].max()]
    every = most[most["answered"] >= most["answered"].max()]
    if not every["value"].notna().any():
        return f"Without {found.modality} nothing can be told."
    best = every.loc[every["value"].idxmax()]
    ends = f"{best['low']:.2f} to {best['high']:.2f}"
    lacking = f"With {best['missing']:.0%} without {found.modality}"
    if fused is None:
        return f"{lacking} {best['strategy']} holds best: {best['value']:.2f} ({ends})."
    name, kind = NAMES[fused.result.main], fused.result.kind
    told = f"{name} {best['value']:.2f} ({ends})"
    if best["low"] > CHANCE[kind]:
        return f"{lacking} {best['strategy']} holds best: {told}."
    return f"{lacking} nothing is surely better than chance; {best['strategy']} is next: {told}."
