"""What the models of all patients say: of another cohort, and of themselves (.632+).

Letters: N patients.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.checks.fitted_outside import refuse_fitted_outside
from napari_radiogenomics.fusion.checks.lost_columns import lost_columns
from napari_radiogenomics.fusion.checks.same_id import require_one_site
from napari_radiogenomics.fusion.checks.spellings import refuse_spellings, spelled_alike
from napari_radiogenomics.fusion.checks.warned import warned
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.models.predictor import sigmoid
from napari_radiogenomics.fusion.outcome import Kind, Outcome, outcome_of
from napari_radiogenomics.fusion.tables import Tables, patients_of, tables_of
from napari_radiogenomics.fusion.validation.comparing import estimates_row
from napari_radiogenomics.fusion.validation.intervals import Held
from napari_radiogenomics.fusion.validation.measures import CHANCE, MAIN, main_measure, measures
from napari_radiogenomics.fusion.validation.split_run import Data
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "external_table",
    "measure_models",
    "optimism_corrected",
    "outside_of",
    "warn_of_lacking",
]

_EDGE = 0.005  # areas nearer to 0 and 1 are taken for this where a scale has no end


def external_table(
    models: Mapping[str, FusionModel],
    data: Data,
    external: tuple[Any, ...],
    *,
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Measures of fitted models in another cohort; DeLong's interval for the area.

    Raises
    ------
    InputError
        If the cohort is not given as asked, or its outcome is another.
    """
    return measure_models(
        models,
        external,
        kind=data.outcome.kind,
        classes=data.outcome.classes,
        learned=set(map(str, data.tables.patients)),
        seed=data.seed,
        progress=progress,
    )


def measure_models(
    models: Mapping[str, FusionModel],
    external: tuple[Any, ...],
    *,
    kind: Kind,
    classes: tuple[Any, ...],
    learned: Collection[str] = (),
    seed: int = 0,
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Measures of fitted models in a cohort that they did not learn from.

    Parameters
    ----------
    models : mapping of str to FusionModel
        Fitted, of the same outcome.
    external : tuple
        ``(modalities, target)`` or ``(modalities, target, groups)``.
    kind, classes
        Of the outcome that they know.
    learned : collection of str, optional
        Patients that they learned from, where that is known.
    seed : int, optional
        Of what is drawn for the intervals.
    progress : Progress, optional
        A step is a model.

    Raises
    ------
    InputError
        If the cohort is not given as asked, its outcome is another, or it holds patients that
        were learned from.
    """
    import pandas as pd

    tables, own = outside_of(external, kind=kind, classes=classes, learned=learned)
    found = {}
    for name in progress(list(models), "Second cohort"):
        fitted = models[name].fitted_
        fold = Held(0, np.arange(len(own)), fitted.link(tables), fitted.hazard())
        row = estimates_row(measures(own, [fold], seed=seed))
        row["answered"] = len(fold.known().rows) / len(own)
        found[name] = row
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("strategy")


def warn_of_lacking(models: Mapping[str, FusionModel], tables: Tables) -> tuple[str, ...]:
    """Warn of what another cohort lacks of what models read, and of what that costs each.

    Parameters
    ----------
    models : mapping of str to FusionModel
        Fitted.
    tables : Tables
        Of the other cohort.

    Returns
    -------
    tuple of str
        The warnings; empty where nothing is missing.
    """
    by_text: dict[str, list[str]] = {}
    for name, model in models.items():
        for text in lost_columns(model.fitted_, tables):
            by_text.setdefault(text, []).append(name)
    said = tuple(f"Second cohort, {', '.join(names)}: {text}" for text, names in by_text.items())
    return warned(said)


def outside_of(
    external: tuple[Any, ...], *, kind: Kind, classes: tuple[Any, ...], learned: Collection[str]
) -> tuple[Tables, Outcome]:
    """Tables and outcome of another cohort, checked; parameters as `measure_models`."""
    if len(external) not in (2, 3):
        raise InputError(
            "The external cohort must be (modalities, target) or (modalities, target, groups)."
        )
    modalities, target, *groups = external
    refuse_fitted_outside(modalities)
    everyone = patients_of(modalities)
    require_one_site(modalities, *groups)
    outcome, patients = outcome_of(target, kind)
    refuse_spellings([*everyone, *patients])
    if classes and set(outcome.classes) == set(classes):
        outcome = outcome.of_event(classes[-1])
    _require_classes(outcome, classes)
    rows = np.flatnonzero(patients.isin(everyone))
    if not rows.size:
        raise InputError(
            "No patient of the external target is in an external table. Give both the same ids."
        )
    known = set(map(spelled_alike, learned))
    both = [name for name in patients[rows] if spelled_alike(name) in known]
    if both:
        raise InputError(
            f"{len(both)} patients of the external cohort were learned from, the first is "
            f"{both[0]}. Leave them out of one of the two; where two hospitals number their "
            "patients alike, put the hospital before the ids."
        )
    tables = tables_of(modalities, patients[rows], groups[0] if groups else None)
    return tables, outcome.take(rows)


def _require_classes(outcome: Outcome, classes: tuple[Any, ...]) -> None:
    if outcome.classes != classes:
        raise InputError(
            f"The external target has the classes {outcome.classes}, the models know {classes}. "
            "Name them alike."
        )


def optimism_corrected(
    table: pd.DataFrame, data: Data, models: Mapping[str, FusionModel]
) -> pd.DataFrame:
    """Main measure by .632+: between that of the patients learned from and of those left out.

    The more a model overfits, the more the patients left out count (Efron 1997,
    https://doi.org/10.1080/01621459.1997.10474007).

    Parameters
    ----------
    table : DataFrame
        Measures of the patients left out of each bootstrap.
    data : Data
        All patients.
    models : mapping of str to FusionModel
        Fitted on all.
    """
    main, chance = MAIN[data.outcome.kind], CHANCE[data.outcome.kind]
    table = table.copy()
    for name, model in models.items():
        everyone = Held(0, np.arange(len(data.outcome)), model.fitted_.link(data.tables))
        apparent = main_measure(data.outcome, [everyone]).value
        left = table.loc[name, main]
        corrected = plus_632(apparent, left, chance=chance)
        ends = [f"{main}_low", f"{main}_high"]
        table.loc[name, ends] = _moved(data.outcome.kind, left, table.loc[name, ends], corrected)
        table.loc[name, main] = corrected
        table.loc[name, "optimism"] = apparent - corrected
    return table


def _moved(kind: Kind, value: float, ends: Any, to: float) -> list[float]:
    """Interval of a measure, around another value of it, that stays within its bounds.

    The width is taken over on the scale of log odds (of areas and concordances), or of the log of
    the error that is left (of R², which has no lower bound).
    """
    reach = np.array([value - ends.iloc[0], ends.iloc[1] - value], float).max()
    if kind == "regression":
        width = reach / max(1 - value, _EDGE)
        room = max(1 - to, _EDGE)
        return [1 - room * np.exp(width), 1 - room * np.exp(-width)]
    kept, moved = (float(np.clip(x, _EDGE, 1 - _EDGE)) for x in (value, to))
    width, center = reach / (kept * (1 - kept)), np.log(moved / (1 - moved))
    return [min(float(sigmoid(center - width)), to), max(float(sigmoid(center + width)), to)]


def plus_632(apparent: float, left: float, *, chance: float) -> float:
    """.632+ of a measure that is greater where a model is better.

    Examples
    --------
    >>> round(plus_632(0.9, 0.7, chance=0.5), 4), plus_632(1.0, 0.5, chance=0.5)
    (0.7451, 0.5)
    """
    left = max(left, chance)
    rate = (apparent - left) / (apparent - chance) if apparent > left else 0.0
    weight = 0.632 / (1 - 0.368 * rate)
    return (1 - weight) * apparent + weight * left
