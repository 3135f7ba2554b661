"""What the Fuse dock says in its message line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.fusion.measures import CHANCE
from napari_radiogenomics.gui.fusion.numbers import NAMES

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.gui.fusion.work import Degraded, Fused, Shuffled

__all__ = ["clock", "said_of_degraded", "said_of_patient", "said_of_shuffled"]

_MINUTE_S = 60


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


def said_of_patient(patient: str, row: pd.Series) -> str:
    """Prediction of a patient beside what came.

    Parameters
    ----------
    patient : str
        Id.
    row : Series
        Of the table of patients, for classes, numbers or times.

    Examples
    --------
    >>> import pandas as pd
    >>> said_of_patient("P1", pd.Series({"log hazard": 0.4, "time": 364.0, "event": True}))
    'P1: log hazard 0.40, event at 364'
    """
    if "probability" in row:
        return f"{patient}: {row['probability']:.2f}, set {row['set']}, is {row['outcome']}"
    if "predicted" in row:
        ends = f"{row['low']:.3g} to {row['high']:.3g}"
        return f"{patient}: {row['predicted']:.3g} ({ends}), is {row['outcome']:.3g}"
    came = "event" if row["event"] else "censored"
    return f"{patient}: log hazard {row['log hazard']:.2f}, {came} at {row['time']:.4g}"


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
