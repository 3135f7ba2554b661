"""What drove the prediction of a patient: exact Shapley values, feature by feature.

Letters: N patients, F features of all views, K columns that a learner sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.checks.lost_columns import not_there
from napari_radiogenomics.fusion.explaining.conformal import conformal_interval, conformal_set
from napari_radiogenomics.fusion.explaining.tree_shap import tree_shap
from napari_radiogenomics.fusion.models.expert import Expert
from napari_radiogenomics.fusion.models.fitted import Fitted
from napari_radiogenomics.fusion.models.joining import applied
from napari_radiogenomics.fusion.models.model import FusionModel, new_tables, refuse_threshold
from napari_radiogenomics.fusion.models.predictor import Linear, sigmoid
from napari_radiogenomics.fusion.tables import Tables
from napari_radiogenomics.fusion.validation.operating_points import threshold_of
from napari_radiogenomics.fusion.validation.survival_at import SURVIVAL, survival_at, time_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["explain", "explained", "predict_patients"]

Reals = NDArray[np.float64]
_DRIVERS = 3


def explain(
    model: FusionModel, modalities: Mapping[str, pd.DataFrame], groups: pd.Series | None = None
) -> pd.DataFrame:
    """Shapley values of every feature for every patient.

    Parameters
    ----------
    model : FusionModel
        Fitted.
    modalities : mapping of str to DataFrame
        Of the patients.
    groups : Series, optional
        Their sites.

    Returns
    -------
    DataFrame
        ``patient_id``, ``modality``, ``feature``, ``column`` (of the table, so that its map can
        be opened), ``value`` (standardized) and ``contribution``; features without one are left
        out. ``attrs["base"]`` is what they are added to, by patient, and ``attrs["scale"]`` in
        what: ``"link"`` (log odds, number, log hazard) or, for random forests, ``"share"`` of
        votes.

    Notes
    -----
    Of a line these are β(x − mean), exact interventional values; of trees they are exact too,
    measured from typical rows of the training patients. A component of hybrid fusion hands its
    value on to its features in proportion to what they put into it. Those of late fusion are
    the weighted sums of those of its experts.

    References
    ----------
    Lundberg 2017, https://doi.org/10.48550/arXiv.1705.07874.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from napari_radiogenomics import LateFusion
    >>> rng = np.random.default_rng(0)
    >>> ids = [f"P{n}" for n in range(80)]
    >>> y = pd.Series(rng.integers(0, 2, 80), ids)
    >>> rna = pd.DataFrame({"VEGFA": y + rng.normal(0, 0.3, 80), "CA9": rng.normal(size=80)}, ids)
    >>> model = LateFusion(inner_folds=3).fit({"rna": rna}, y)
    >>> shares = explain(model, {"rna": rna})
    >>> shares.loc[shares["contribution"].abs().idxmax(), "feature"]
    'VEGFA'
    """
    return explained(model.fitted_, new_tables(modalities, groups)).drop(columns="view")


def explained(fitted: Fitted, tables: Tables) -> pd.DataFrame:
    """What `explain` answers, and the ``view`` of each feature."""
    import pandas as pd

    shares = fitted.shares(tables)
    parts: list[pd.DataFrame] = []
    base = np.zeros(len(tables))
    if _scale(fitted) == "link":  # votes are not recalibrated
        shares = shares * fitted.line.slope
        base += fitted.line.intercept
    for at, expert in enumerate(fitted.experts):
        rows = np.flatnonzero(shares[:, at] != 0)
        if not rows.size:
            continue
        found, start = _of_expert(expert, tables.take(rows))
        base[rows] += shares[rows, at] * start
        found["contribution"] *= np.repeat(shares[rows, at], len(found) // len(rows))
        parts.append(found)
    columns = ["patient_id", "modality", "view", "feature", "column", "value", "contribution"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    table = table[table["contribution"] != 0].reset_index(drop=True)
    table.attrs["base"] = dict(zip(map(str, tables.patients), base.tolist(), strict=True))
    table.attrs["scale"] = _scale(fitted)
    return table[columns]


def _scale(fitted: Fitted) -> str:
    kinds = {getattr(expert.predictor, "scale", "link") for expert in fitted.experts}
    return "share" if "share" in kinds else "link"


def _of_expert(expert: Expert, tables: Tables) -> tuple[pd.DataFrame, float]:
    """Long table of the contributions of one expert, and what they are added to."""
    import pandas as pd

    matrices = {name: view.matrix(tables) for name, view in expert.views.items()}
    parts, start = _contributions(expert, matrices)
    frames = []
    for name, own in parts.items():
        names = expert.views[name].names
        n = len(tables)
        frames.append(
            pd.DataFrame(
                {
                    "patient_id": np.repeat(tables.patients.astype(str), len(names)),
                    "modality": expert.views[name].view.source,
                    "view": name,
                    "feature": names * n,
                    "column": expert.views[name].origins * n,
                    "value": matrices[name].ravel(),
                    "contribution": own.ravel(),
                    "row": np.repeat(np.arange(n), len(names)),
                }
            )
        )
    joined = pd.concat(frames, ignore_index=True)
    return joined.sort_values("row", kind="stable", ignore_index=True), start


def _contributions(expert: Expert, matrices: Mapping[str, Reals]) -> tuple[dict[str, Reals], float]:
    """Shapley values of the features of each view, shape (N, F) each."""
    predictor, slope = expert.predictor, expert.line.slope
    columns = np.hstack([applied(expert.maps[name], X) for name, X in matrices.items()])
    if isinstance(predictor, Linear):
        values, base = columns * predictor.coefficients, predictor.intercept
    else:
        values, base = tree_shap(predictor, columns)
    found, start = {}, 0
    for name, matrix in matrices.items():
        weights = expert.maps[name]
        width = len(weights) if weights.ndim == 1 else weights.shape[1]
        own = values[:, start : start + width]
        found[name] = own if weights.ndim == 1 else _to_features(own, matrix, weights)
        start += width
    share = getattr(predictor, "scale", "link") == "share"
    if share:  # votes are explained as votes: their log odds do not add up
        return found, base
    found = {name: own * slope for name, own in found.items()}
    return found, expert.line.intercept + slope * base


def _to_features(own: Reals, matrix: Reals, weights: Reals) -> Reals:
    """Hand the share of each component on to the features it is made of, shape (N, F).

    A component is the sum of feature × weight; each part gets its part of the share.
    """
    total = matrix @ weights
    rate = np.divide(own, total, out=np.zeros_like(own), where=np.abs(total) > 1e-12)
    return matrix * (rate @ weights.T)


def predict_patients(
    model: FusionModel,
    modalities: Mapping[str, pd.DataFrame],
    groups: pd.Series | None = None,
    *,
    level: float = 0.9,
    threshold: str | float = "youden",
    at: float | None = None,
) -> pd.DataFrame:
    """Prediction of each patient, how sure it is, and the three features that drove it.

    Parameters
    ----------
    model : FusionModel
        Fitted.
    modalities : mapping of str to DataFrame
        Of the patients; modalities may be missing.
    groups : Series, optional
        Their sites.
    level : float, optional
        Coverage of the conformal set or interval.
    threshold : str or float, optional
        Probability above which a patient is called, or the operating point of the model that
        says it: ``"youden"``, ``"sensitive"``, ``"specific"``.
    at : float, optional
        Time of the survival probability, in the unit of the times that were learned from; their
        median follow-up without it.

    Returns
    -------
    DataFrame
        By patient: ``link``; for classes ``probability`` of the event, ``class`` at the
        threshold (empty where nothing can be said; ``attrs["threshold"]`` is its value) and
        ``set``, the classes that cannot be excluded; for numbers ``low`` and ``high``; for
        times ``survival``, the probability of no event by ``attrs["at"]``, with
        ``survival_low`` and ``survival_high``, how far the training patients fix it; then
        ``driver_1`` to ``driver_3`` with ``modality``, ``column`` and ``contribution`` of each,
        and ``lacks``, the modalities that the patient does not have. A patient of whom nothing
        is known that the model reads has no numbers, the set ``"not answered"``, and the reason
        in words in ``unanswered``, which is empty for all others.

    Raises
    ------
    InputError
        If no patient can be answered.

    Raises
    ------
    InputError
        If there is no such threshold or time, or the model has no classes or no times and one is
        named; or a modality is called otherwise than in training.

    References
    ----------
    Vovk 2015 (cross-conformal), https://doi.org/10.1007/s10472-013-9368-4.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from napari_radiogenomics import EarlyFusion
    >>> rng = np.random.default_rng(0)
    >>> ids = [f"P{n}" for n in range(80)]
    >>> y = pd.Series(rng.integers(0, 2, 80), ids)
    >>> rna = pd.DataFrame({"VEGFA": y + rng.normal(0, 0.3, 80), "CA9": rng.normal(size=80)}, ids)
    >>> found = predict_patients(EarlyFusion(inner_folds=3).fit({"rna": rna}, y), {"rna": rna})
    >>> found.loc["P1", ["driver_1", "driver_1_column"]].tolist()
    ['VEGFA', 'VEGFA']
    """
    import pandas as pd

    fitted = model.fitted_
    refuse_threshold(fitted, threshold)
    if at is not None and fitted.kind != "survival":
        raise InputError(
            f"at is {at:g}, but the model predicts {fitted.target} ({fitted.kind}), which has no "
            "times. Leave at out."
        )
    tables = new_tables(modalities, groups)
    table = pd.DataFrame(
        {"link": model.decision_function(modalities, groups)},
        index=pd.Index(tables.patients.astype(str), name="patient_id"),
    )
    link = table["link"].to_numpy()
    why = _unanswered(fitted, tables, link)
    if fitted.kind == "classification":
        table["probability"] = sigmoid(link)
        found = conformal_set(fitted.scores, link, level=level)
        names = list(map(str, fitted.classes))
        limit = threshold_of(fitted.points, threshold)
        called = np.where(table["probability"] > limit, names[1], names[0])
        table["class"] = np.where(np.isfinite(link), called, "")
        table["set"] = [
            (", ".join(name for name, there in zip(names, row, strict=True) if there) or "none")
            if answered
            else "not answered"
            for row, answered in zip(found, np.isfinite(link), strict=True)
        ]
    elif fitted.kind == "regression":
        table[["low", "high"]] = conformal_interval(fitted.scores, link, level=level)
    elif not 0 < level < 1:
        raise InputError(f"level is {level}; it must be between 0 and 1, such as 0.9.")
    else:
        table.attrs["at"] = time_of(fitted.scores, at)
        table[list(SURVIVAL)] = survival_at(fitted.scores, link, table.attrs["at"], level=level)
    drivers = _drivers(explain(model, modalities, groups))
    facts = dict(table.attrs)
    table = table.join(drivers)
    table.attrs = facts
    if fitted.kind == "classification":
        table.attrs["threshold"] = limit
    sources = list(fitted.facts["held"])
    lacks = {name: ~_has(fitted, tables, name) for name in sources}
    table["unanswered"] = why
    table["lacks"] = [", ".join(n for n in sources if lacks[n][at]) for at in range(len(tables))]
    return table


def _unanswered(fitted: Fitted, tables: Tables, link: Reals) -> list[str]:
    """Why each patient is not answered, in words; empty where there is an answer.

    Raises
    ------
    InputError
        If there is none for anybody.
    """
    needs = [
        " with ".join(dict.fromkeys(view.view.source for view in expert.views.values()))
        for expert in fitted.experts
    ]
    reads = " or ".join(dict.fromkeys(needs))
    gone = not_there(fitted, tables)
    known = {name: _has(fitted, tables, name) for name in fitted.facts["held"] if name not in gone}
    words = []
    for at, answered in enumerate(np.isfinite(link)):
        has = " and ".join(name for name in known if known[name][at]) or "nothing"
        words.append("" if answered else f"{has} is known; the model reads {reads}")
    if len(link) and not np.isfinite(link).any():
        told = " ".join([*gone.values(), _remedy(fitted, gone, known)])
        raise InputError(
            f"None of the {len(link)} patients can be answered: of the first, "
            f"{tables.patients[0]}, {words[0]}. {told}"
        )
    return words


def _has(fitted: Fitted, tables: Tables, name: str) -> NDArray[np.bool_]:
    """Who has something of a modality that the model can read, shape (N,)."""
    views = [v for expert in fitted.experts for v in expert.views.values() if v.view.source == name]
    held = [view.held(tables) for view in views]
    there = tables.present.get(name, np.zeros(len(tables), bool))
    return np.logical_or.reduce(held) if held else there


def _remedy(fitted: Fitted, gone: Mapping[str, str], known: Mapping[str, Any]) -> str:
    """What to do where nobody is answered."""
    remedy = "Give them what the model reads"
    if not gone:
        return f"{remedy}."
    late = "; a late fusion model answers without" if fitted.rule == "first" and known else ""
    return f"{remedy}, under the names of the columns it learned from{late}."


def _drivers(shares: pd.DataFrame) -> pd.DataFrame:
    """The features that moved each patient most, side by side."""
    import pandas as pd

    order = shares["contribution"].abs().sort_values(ascending=False, kind="stable").index
    top = shares.loc[order].groupby("patient_id", sort=False).head(_DRIVERS)
    rank = top.groupby("patient_id", sort=False).cumcount() + 1
    rows: dict[str, dict[str, Any]] = {}
    for number, row in zip(rank, top.itertuples(), strict=True):
        own = rows.setdefault(str(row.patient_id), {})
        own |= {
            f"driver_{number}": row.feature,
            f"driver_{number}_modality": row.modality,
            f"driver_{number}_column": row.column,
            f"driver_{number}_contribution": row.contribution,
        }
    return pd.DataFrame.from_dict(rows, orient="index")
