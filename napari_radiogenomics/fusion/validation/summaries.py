"""Tables of what the folds said: predictions, scores, features, modalities.

Letters: N patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.fusion.explaining.shares import KEYS, mean_shares
from napari_radiogenomics.fusion.models.predictor import sigmoid
from napari_radiogenomics.fusion.outcome import Kind, Outcome
from napari_radiogenomics.fusion.validation.comparing import held_of
from napari_radiogenomics.fusion.validation.intervals import Held
from napari_radiogenomics.fusion.validation.measures import main_measure, score_folds
from napari_radiogenomics.fusion.validation.split_run import Data, SplitRun
from napari_radiogenomics.fusion.validation.survival_at import SURVIVAL, follow_up

if TYPE_CHECKING:
    import pandas as pd

_SURE: Mapping[Kind, list[str]] = {
    "classification": ["fits_0", "fits_1"],
    "regression": ["low", "high"],
    "survival": list(SURVIVAL),
}
__all__ = [
    "contribution_table",
    "fold_table",
    "importance_table",
    "modality_table",
    "prediction_table",
    "without_table",
]


def prediction_table(data: Data, runs: Sequence[SplitRun]) -> pd.DataFrame:
    """Predictions of patients that were not learned from; see `FusionResult.predictions`."""
    import pandas as pd

    parts = []
    for run in runs:
        rows, split = run.split.test, run.split
        for name, link in run.links.items():
            part = pd.DataFrame({"patient_id": data.tables.patients[rows], "link": link})
            part.insert(0, "strategy", name)
            part.insert(1, "repeat", split.repeat)
            part.insert(2, "fold", split.fold)
            sure = data.outcome.kind == "classification"
            part["probability"] = sigmoid(link) if sure else np.nan
            part[_SURE[data.outcome.kind]] = run.sure[name]
            part["outcome"] = data.outcome.values[rows]
            if data.outcome.kind == "survival":
                part["event"] = data.outcome.event[rows]
            part["site"] = "" if data.tables.sites is None else data.tables.sites[rows]
            parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    if data.outcome.kind == "survival":
        table.attrs["at"] = follow_up(data.outcome)
    return table


def fold_table(outcome: Outcome, runs: Sequence[SplitRun]) -> pd.DataFrame:
    """Main measure of each strategy in each fold."""
    import pandas as pd

    table = pd.DataFrame(
        {name: score_folds(outcome, held_of(runs, name)) for name in runs[0].links}
    )
    table.insert(0, "repeat", [run.split.repeat for run in runs])
    table.insert(1, "fold", [run.split.fold for run in runs])
    table.insert(2, "test", [run.split.title for run in runs])
    return table


def importance_table(runs: Sequence[SplitRun]) -> pd.DataFrame:
    """Features of each strategy: mean share of the weights, and share of folds that used it."""
    import pandas as pd

    parts = [
        weights.assign(strategy=name, selected=(weights["share"] > 0).astype(float))
        for run in runs
        for name, weights in run.weights.items()
    ]
    joined = pd.concat(parts, ignore_index=True)
    keys = ["strategy", "view", "feature"]
    table = joined.groupby(keys, sort=False)[["weight", "share", "selected"]].sum() / len(runs)
    table = table[table["selected"] > 0].reset_index()
    table["shap"] = _mean_shap(runs, table)
    return table.sort_values(["strategy", "share"], ascending=[True, False], ignore_index=True)


def _mean_shap(runs: Sequence[SplitRun], table: pd.DataFrame) -> pd.Series:
    """Mean absolute Shapley value of the features of a table, over the patients left out."""
    import pandas as pd

    explained = [run for run in runs if run.shares]
    patients = sum(len(run.split.test) for run in explained)
    sizes = {
        name: mean_shares([run.shares[name][1] for run in explained], patients)
        for name in explained[0].shares
    }
    known = {name: part for name, part in sizes.items() if len(part)}
    if not known:
        return pd.Series(0.0, table.index)
    joined = pd.concat(known, names=["strategy"])
    found = joined.reindex(pd.MultiIndex.from_frame(table[["strategy", *KEYS]]))
    return found.fillna(0.0).set_axis(table.index)


def contribution_table(runs: Sequence[SplitRun]) -> pd.DataFrame:
    """Shapley values of each patient by models that did not learn from them."""
    import pandas as pd

    order = ["strategy", "patient_id", "modality", "feature", "column", "value", "contribution"]
    parts, scale = [], "link"
    for run in runs:
        for name, (shares, _) in run.shares.items():
            scale = str(shares.attrs["scale"])
            if len(shares):  # a model may answer alike for everybody
                parts.append(shares.assign(strategy=name)[order])
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=order)
    table.attrs = {"scale": scale}
    return table


def modality_table(importance: pd.DataFrame) -> pd.DataFrame:
    """Share of each modality in the weights of each strategy, and how stable its features are.

    ``stability`` is the mean share of folds in which a feature was used that was used at all.
    """
    groups = importance.groupby(["strategy", "view"], sort=False)
    table = groups.agg(
        share=("share", "sum"), features=("feature", "size"), stability=("selected", "mean")
    )
    return table.reset_index().rename(columns={"view": "modality"})


def without_table(outcome: Outcome, runs: Sequence[SplitRun]) -> pd.DataFrame:
    """Main measure of each strategy as if the test patients lacked a modality."""
    import pandas as pd

    rows = []
    for name, source in runs[0].without:
        folds = [Held(r.split.repeat, r.split.test, r.without[name, source]) for r in runs]
        found = main_measure(outcome, folds)
        asked = sum(len(fold.rows) for fold in folds)
        answered = sum(len(fold.known().rows) for fold in folds) / max(asked, 1)
        rows.append((name, source, found.value, found.low, found.high, answered))
    columns = ["strategy", "without", "value", "low", "high", "answered"]
    return pd.DataFrame(rows, columns=columns)
