"""What the models of all patients say: of another cohort, and of themselves (.632+).

Letters: N patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.comparing import estimates_row
from napari_radiogenomics.fusion.intervals import Held
from napari_radiogenomics.fusion.measures import CHANCE, MAIN, main_measure, measures
from napari_radiogenomics.fusion.model import FusionModel
from napari_radiogenomics.fusion.outcome import Outcome, outcome_of
from napari_radiogenomics.fusion.running import Data
from napari_radiogenomics.fusion.tables import patients_of, tables_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["external_table", "optimism_corrected"]


def external_table(
    models: Mapping[str, FusionModel], data: Data, external: tuple[Any, ...]
) -> pd.DataFrame:
    """Measures of fitted models in another cohort; DeLong's interval for the area.

    Raises
    ------
    InputError
        If the cohort is not given as asked, or its outcome is another.
    """
    import pandas as pd

    if len(external) not in (2, 3):
        raise InputError(
            "The external cohort must be (modalities, target) or (modalities, target, groups)."
        )
    modalities, target, *groups = external
    everyone = patients_of(modalities)
    outcome, patients = outcome_of(target, data.outcome.kind)
    outcome = _same_classes(outcome, data.outcome)
    rows = np.flatnonzero(patients.isin(everyone))
    if not rows.size:
        raise InputError(
            "No patient of the external target is in an external table. Give both the same ids."
        )
    known = set(map(str, data.tables.patients))
    both = [name for name in patients[rows] if name in known]
    if both:
        raise InputError(
            f"{len(both)} patients of the external cohort were learned from, the first is "
            f"{both[0]}. Leave them out of one of the two."
        )
    tables = tables_of(modalities, patients[rows], groups[0] if groups else None)
    own, found = outcome.take(rows), {}
    for name, model in models.items():
        fitted = model.fitted_
        fold = Held(0, np.arange(len(rows)), fitted.link(tables), fitted.hazard())
        row = estimates_row(measures(own, [fold], seed=data.seed))
        row["answered"] = len(fold.known().rows) / len(rows)
        found[name] = row
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("strategy")


def _same_classes(outcome: Outcome, learned: Outcome) -> Outcome:
    if outcome.classes != learned.classes:
        raise InputError(
            f"The external target has the classes {outcome.classes}, the models know "
            f"{learned.classes}. Name them alike."
        )
    return outcome


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
        table.loc[name, [f"{main}_low", f"{main}_high"]] += corrected - left
        table.loc[name, main] = corrected
        table.loc[name, "optimism"] = apparent - corrected
    return table


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
