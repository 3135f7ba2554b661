"""What is to be said of the errors of strategies: optimism, bias, variance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.fusion.outcome import Kind
from napari_radiogenomics.fusion.validation.measures import MAIN, WORDS
from napari_radiogenomics.fusion.validation.trade_off import ERRORS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["bias_and_variance", "modality_that_lacks"]

_OVERFIT, _UNSTABLE = 0.15, 0.01
_SAME = 0.0005
_FEW_MISSING = 0.02


def bias_and_variance(
    kind: Kind, trusted: str, table: pd.DataFrame, trade_off: pd.DataFrame, missing: pd.DataFrame
) -> list[str]:
    """Sentences on what is lost from known to new patients, and on what the errors are made of.

    Parameters
    ----------
    kind : str
        Of the outcome.
    trusted : str
        Strategy to trust.
    table, trade_off, missing : DataFrame
        As in `FusionResult`.
    """
    said = []
    worst = str(table["optimism"].fillna(-np.inf).idxmax())
    if table.loc[worst, "optimism"] > _OVERFIT:
        other = f", {trusted} {table.loc[trusted, 'optimism']:.2f}" * (worst != trusted)
        said.append(
            f"From the patients that were learned from to new ones {worst} loses "
            f"{table.loc[worst, 'optimism']:.2f} of its {WORDS[MAIN[kind]]}{other}: never quote "
            "the former."
        )
    if len(trade_off):
        return said + _apart(kind, trusted, trade_off, missing)
    return said + _between_fits(kind, table)


def _between_fits(kind: Kind, table: pd.DataFrame) -> list[str]:
    """How much fits of different repeats differ, where nothing better was measured."""
    variance = table["variance"]
    if kind != "classification" or not variance.notna().any():
        return []
    least, most = str(variance.idxmin()), str(variance.idxmax())
    if variance[most] <= _UNSTABLE:
        return []
    return [
        f"Fits of {most} differ most (a patient's probability varies by "
        f"{variance[most] ** 0.5:.2f} between fits), those of {least} least "
        f"({variance[least] ** 0.5:.2f})."
    ]


def modality_that_lacks(trade_off: pd.DataFrame, missing: pd.DataFrame) -> str:
    """Modality that most patients lack; where nobody lacks one, that whose loss costs most.

    Parameters
    ----------
    trade_off, missing : DataFrame
        As in `FusionResult`.
    """
    rates = missing.set_index("modality")["missing"]
    if len(rates) and rates.max() > 0:
        return str(rates.idxmax())
    whole = trade_off[trade_off["without"] == ""].set_index("strategy")["error"]
    lost = trade_off[trade_off["without"] != ""]
    cost = (lost["error"] - lost["strategy"].map(whole)).groupby(lost["without"]).mean()
    return str(cost.idxmax()) if cost.notna().any() else ""


def _apart(kind: Kind, trusted: str, trade_off: pd.DataFrame, missing: pd.DataFrame) -> list[str]:
    """What the error of the trusted strategy is made of, beside those that vary most and least."""
    whole = trade_off[trade_off["without"] == ""].set_index("strategy")
    every = whole[whole["answered"] >= whole["answered"].max() - _FEW_MISSING]
    if trusted not in whole.index or not np.isfinite(whole.loc[trusted, "error"]):
        return []
    said = [
        f"Of the error of {trusted} ({ERRORS[kind]} {whole.loc[trusted, 'error']:.3f} when learned "
        f"from {whole.loc[trusted, 'learned']:.0f} patients) {whole.loc[trusted, 'variance']:.3f} "
        "is variance, which other training patients would have changed, and "
        f"{whole.loc[trusted, 'bias']:.3f} bias and noise."
    ]
    steady, fitting = str(every["variance"].idxmin()), str(every["bias"].idxmin())
    wild = str(every["variance"].idxmax())
    if every.loc[wild, "variance"] - every.loc[steady, "variance"] > _SAME:
        said.append(
            f"{wild} varies most ({every.loc[wild, 'variance']:.3f}), {steady} least "
            f"({every.loc[steady, 'variance']:.3f}); {fitting} has the least bias. More patients "
            "take variance away, not bias."
        )
    lacks = modality_that_lacks(trade_off, missing)
    lost = trade_off[trade_off["without"] == lacks].set_index("strategy")
    if lacks and trusted in lost.index:
        rates = missing.set_index("modality")["missing"]
        said.append(_without(trusted, lacks, lost, whole, gaps=bool(rates.get(lacks, 0) > 0)))
    return said


def _without(
    trusted: str, lacks: str, lost: pd.DataFrame, whole: pd.DataFrame, *, gaps: bool
) -> str:
    silent = [str(name) for name in lost.index
              if name != f"{lacks} alone" and lost.loc[name, "answered"] == 0
              and whole.loc[name, "answered"] > 0]  # fmt: skip
    rest = f" {', '.join(silent)} cannot answer them at all" if silent else ""
    if silent and not gaps:
        rest += (
            f": they learned here from patients who all have {lacks}. Where some of those lack it "
            "(as in missing_curve) they learn to answer without"
        )
    rest += "." * bool(silent)
    own = lost.loc[trusted]
    if not np.isfinite(own["error"]):
        return f"Patients without {lacks} get no answer from {trusted}.{rest}"
    return (
        f"For patients without {lacks} the error of {trusted} is {own['error']:.3f} "
        f"(bias and noise {own['bias']:.3f}, variance {own['variance']:.3f}).{rest}"
    )
