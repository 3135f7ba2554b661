"""A model on patients that it did not learn from: predictions, and how good they are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.applying import (
    clinical_read,
    modalities_read,
    predicted,
    seen_before,
)
from napari_radiogenomics.fusion.cohort_tables import cohort_modalities, modality_names
from napari_radiogenomics.fusion.cohort_targets import target_values
from napari_radiogenomics.fusion.validation.final import measure_models
from napari_radiogenomics.fusion.validation.measures import MAIN
from napari_radiogenomics.gui.fusion.work import LEVEL, Asked, patients_of_group, sites_of
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.extraction.result import CohortFeatures
    from napari_radiogenomics.fusion.models.model import FusionModel

__all__ = ["Applied", "apply_model"]


@dataclass(frozen=True, eq=False)
class Applied:
    """A model on patients that it did not learn from.

    Attributes
    ----------
    title : str
        Which model.
    table : DataFrame
        As `predict_patients` answers, with the ``outcome`` where it is known.
    measures : Series or None
        How good it is there.
    main : str
        Measure that counts.
    warnings : tuple of str
        What lacks, and who was left out.
    asked : int
        Patients that were to be predicted.
    target, event : str
        Outcome of the model, and the event of its times.
    """

    title: str
    table: pd.DataFrame
    measures: pd.Series | None
    main: str
    warnings: tuple[str, ...]
    asked: int = 0
    target: str = ""
    event: str = ""

    @property
    def answered(self) -> int:
        """Patients that got a prediction."""
        return int(self.table["link"].notna().sum())


def apply_model(
    model: FusionModel,
    features: CohortFeatures | None,
    cohort: Cohort,
    *,
    name: str,
    asked: Asked,
    learned: Collection[str] = (),
    progress: Progress = quiet,
) -> Applied:
    """Predict patients with a fitted model; measure it where their outcome is known.

    Parameters
    ----------
    model : FusionModel
        Fitted, or read from a file.
    features : CohortFeatures or None
        A row a patient.
    cohort : Cohort
        The open cohort.
    name : str
        Of the model.
    asked : Asked
        ``second`` are the patients, ``target`` the outcome they may be held against.
    learned : collection of str, optional
        Patients that the model is known to have learned from; they are left out.
    progress : Progress, optional
        Reports, may cancel.

    Raises
    ------
    InputError
        If nobody is left, or nothing that the model reads is there.
    """
    fitted = model.fitted_
    offered = modality_names(features, cohort)
    wanted = modalities_read(model)
    names = [source for source in wanted if source in offered]
    if not names:
        raise InputError(
            f"The model reads {', '.join(wanted)}; the cohort and the chosen table have none of "
            "these. Measure the cohort, or open its table."
        )
    patients = patients_of_group(cohort, asked.second)
    again = patients & set(learned)
    if not patients - again:
        raise InputError(
            "The model learned from all of these patients: what it says of them proves nothing. "
            "Choose other patients at Apply to, or open another cohort."
        )
    found = cohort_modalities(
        features, cohort, names, clinical=clinical_read(model, cohort.patients),
        patients=patients - again, progress=progress,
    )  # fmt: skip
    sites = sites_of(cohort, asked.site, found.tables, features)
    said = [f"{len(again)} patients were learned from and are left out."] if again else []
    if not learned:
        said.append(seen_before(model, sites, found.tables))
    table, lacking = predicted(model, found.tables, sites, level=LEVEL)
    lost = len(patients - again) - int(table["link"].notna().sum())
    if lost:
        said.append(
            f"{lost} of the {len(patients - again)} patients have nothing that the model reads and "
            "are not predicted."
        )
    said += lacking
    measures, outcome, why = _measured(model, found.tables, sites, cohort, asked)
    said.append(why)
    if outcome is not None:
        for at, column in enumerate(outcome):
            table.insert(at, column, outcome[column].reindex(table.index))
    told = tuple(dict.fromkeys(text for text in said if text))
    return Applied(
        name, table, measures, MAIN[fitted.kind], told, len(patients - again), fitted.target,
        str(fitted.facts.get("event", "")),
    )  # fmt: skip


def _measured(
    model: FusionModel,
    tables: dict[str, pd.DataFrame],
    sites: pd.Series | None,
    cohort: Cohort,
    asked: Asked,
) -> tuple[pd.Series | None, pd.DataFrame | None, str]:
    """Measures and the outcome of each patient, where it is that of the model; else why not."""
    fitted = model.fitted_
    try:
        values, *_ = target_values(cohort, asked.target, asked.text)
        times = isinstance(values, pd.DataFrame)
        name = str(values.columns[0] if times else values.name)
        if name != fitted.target:
            return None, None, f"Not measured: the model predicts {fitted.target}, not {name}."
        external = (tables, values, *([] if sites is None else [sites]))
        found = measure_models({"model": model}, external, kind=fitted.kind, classes=fitted.classes)
    except InputError as error:
        return None, None, f"Not measured: {error}"
    shown = values if times else values.to_frame("outcome")
    shown.index = shown.index.astype(str)
    return found.loc["model"], shown, ""
