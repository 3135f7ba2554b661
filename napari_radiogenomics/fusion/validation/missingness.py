"""Modalities that are missing: how often, for whom, and what it costs.

Letters: N patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.checks.warned import warned
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.tables import Tables
from napari_radiogenomics.fusion.validation.comparing import held_of
from napari_radiogenomics.fusion.validation.intervals import Held
from napari_radiogenomics.fusion.validation.measures import MAIN, WORDS, main_measure
from napari_radiogenomics.fusion.validation.metrics import column_concordance
from napari_radiogenomics.fusion.validation.running import run_able
from napari_radiogenomics.fusion.validation.split_run import Data, SplitRun
from napari_radiogenomics.fusion.validation.splits import Split
from napari_radiogenomics.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Mechanism", "degradation", "missing_by_outcome", "warn_of_pattern"]

_SURE, _STRONG = 0.01, 0.6  # of a pattern that speaks for itself

Mechanism = Literal["random", "outcome"]


def missing_by_outcome(tables: Tables, outcome: Outcome) -> pd.DataFrame:
    """How often each modality is missing in both halves of the outcome, with a test.

    Parameters
    ----------
    tables : Tables
        Of N patients.
    outcome : Outcome
        Theirs: classes, events, or above and below the median.

    Returns
    -------
    DataFrame
        ``modality``, ``patients`` (who have it), ``missing``, ``missing_low`` and
        ``missing_high`` (its share where the outcome is low and high), ``p_value`` (Fisher),
        and ``alone``, how well who has it orders the outcome by itself (AUC or concordance; 0.5
        is chance).
    """
    import pandas as pd
    from scipy.stats import fisher_exact

    if outcome.kind == "regression":
        high = outcome.values > np.median(outcome.values)
    else:
        high = outcome.event if outcome.kind == "survival" else outcome.values == 1
    rows = []
    for name, there in tables.present.items():
        counts = [[int((there & g).sum()), int((~there & g).sum())] for g in (high, ~high)]
        p = float(fisher_exact(counts)[1]) if (~there).any() else np.nan
        rows.append(
            (
                name,
                int(there.sum()),
                float((~there).mean()),
                _share(counts[1]),
                _share(counts[0]),
                p,
                column_concordance(there.astype(float), outcome),
            )
        )
    columns = ["modality", "patients", "missing", "missing_low", "missing_high", "p_value"]
    columns.append("alone")
    return pd.DataFrame(rows, columns=columns)


def warn_of_pattern(tables: Tables, outcome: Outcome, runs: Sequence[SplitRun]) -> tuple[str, ...]:
    """Warn of modalities that tell the outcome by who has them.

    A strategy may then predict who was sampled, and not the tumor.

    Parameters
    ----------
    tables : Tables
        Of N patients.
    outcome : Outcome
        Theirs.
    runs : sequence of SplitRun
        Main run; what the best strategy does among those who have the modality is told beside.

    Returns
    -------
    tuple of str
        One warning a modality; empty where what is missing tells nothing.
    """
    found = missing_by_outcome(tables, outcome)
    sure = found["p_value"] * max(int(found["p_value"].notna().sum()), 1) < _SURE
    said = []
    for row in found[sure & (found["alone"] >= _STRONG)].itertuples():
        alone = f"by itself with {_article(outcome)} of {row.alone:.2f}"
        among = _among(tables, outcome, runs, str(row.modality), WORDS[MAIN[outcome.kind]])
        said.append(
            f"Who has {row.modality} tells {outcome.name} {alone}: {row.missing_low:.0%} lack it "
            f"where the outcome is low and {row.missing_high:.0%} where it is high. What a "
            f"strategy reaches with all patients may be that. {among}"
        )
    return warned(said)


def _article(outcome: Outcome) -> str:
    return "an AUC" if outcome.kind == "classification" else "a concordance"


def _among(
    tables: Tables, outcome: Outcome, runs: Sequence[SplitRun], modality: str, word: str
) -> str:
    """What strategies reach among the patients who have a modality."""
    there = tables.present[modality]
    parts = []
    for name in runs[0].links:
        folds = []
        for fold in held_of(runs, name):
            kept = there[fold.rows]
            folds.append(Held(fold.repeat, fold.rows[kept], fold.link[kept], fold.hazard))
        found = main_measure(outcome, folds)
        if np.isfinite(found.value):
            parts.append(f"{name} {found.value:.2f} ({found.low:.2f} to {found.high:.2f})")
    return f"{word} among those who have it: {', '.join(parts)}." if parts else ""


def _share(counts: list[int]) -> float:
    return counts[1] / sum(counts) if sum(counts) else np.nan


def degradation(
    data: Data,
    models: Mapping[str, FusionModel],
    splits: Sequence[Split],
    modality: str,
    *,
    shares: Sequence[float],
    mechanism: Mechanism,
    workers: int,
    progress: Progress,
) -> pd.DataFrame:
    """Main measure of each model when a share of all patients lacks a modality.

    Parameters
    ----------
    data : Data
        Patients.
    models : mapping of str to FusionModel
        Unfitted.
    splits : sequence of Split
        The same for every share.
    modality : str
        Which is taken away, in training and in test.
    shares : sequence of float
        Of the patients.
    mechanism : {"random", "outcome"}
        From anybody, or three times as often where the outcome is high.
    workers, progress
        As `run_splits`.

    Returns
    -------
    DataFrame
        ``strategy``, ``missing`` (share), ``value``, ``low``, ``high``, ``answered`` (share of
        the patients that got a prediction; 0 where too few are left to learn from).
    """
    import pandas as pd

    if modality not in data.tables.present:
        known = ", ".join(data.tables.present)
        raise InputError(f'There is no modality "{modality}". Known: {known}.')
    rows = []
    for share in shares:
        lost = _lost(data.outcome, share, mechanism, data.seed)
        tables = data.tables.without(modality, lost)
        part = Data(tables, data.outcome, data.views, data.inner_folds, data.seed)
        what = f"{share:.0%} without {modality}"
        runs = run_able(
            part, models, splits, workers=workers, details=False, what=what, progress=progress
        )
        for name in models:
            if not runs or name not in runs[0].links:  # too few are left to learn from
                rows.append((name, share, np.nan, np.nan, np.nan, 0.0))
                continue
            folds = held_of(runs, name)
            found = main_measure(data.outcome, folds)
            asked = sum(len(fold.rows) for fold in folds)
            answered = sum(len(fold.known().rows) for fold in folds) / asked
            rows.append((name, share, found.value, found.low, found.high, answered))
    columns = ["strategy", "missing", "value", "low", "high", "answered"]
    return pd.DataFrame(rows, columns=columns)


def _lost(outcome: Outcome, share: float, mechanism: str, seed: int) -> NDArray[np.bool_]:
    """Who lacks it: the same patients and more where the share is greater, shape (N,)."""
    if not 0 <= share < 1:
        raise InputError(f"A share of missing patients is {share}; it must be from 0 to below 1.")
    if mechanism not in ("random", "outcome"):
        raise InputError(f'mechanism is "{mechanism}". Choose "random" or "outcome".')
    rng = np.random.default_rng([seed, 23])
    odds = np.ones(len(outcome))
    if mechanism == "outcome":
        odds = np.where(outcome.working() > np.median(outcome.working()), 3.0, 1.0)
        if outcome.kind == "classification":
            odds = np.where(outcome.values == 1, 3.0, 1.0)
    # Exponential clocks (Efraimidis 2006): the first to ring are drawn, in proportion to odds.
    order = np.argsort(rng.exponential(size=len(outcome)) / odds, kind="stable")
    lost = np.zeros(len(outcome), bool)
    lost[order[: round(share * len(outcome))]] = True
    return lost
