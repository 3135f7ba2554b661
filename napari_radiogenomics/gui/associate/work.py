"""What the Associate dock runs: outcomes of patients, all pairs, and the weighing of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_radiogenomics.association.associate import associate
from napari_radiogenomics.association.cohort_study import cohort_study
from napari_radiogenomics.association.evidence import EvidenceCard, weigh_evidence
from napari_radiogenomics.association.method import METHODS
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_matrix import normalized_expression
from napari_radiogenomics.genomics.cohort_outcomes import cohort_outcomes
from napari_radiogenomics.gui.tables.groups import Who
from napari_radiogenomics.io.cohort_genes import cohort_expression
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    from napari_radiogenomics.association.result import AssociationResult
    from napari_radiogenomics.association.study import Study
    from napari_radiogenomics.extraction.result import CohortFeatures

__all__ = ["OUTCOMES", "Asked", "Found", "find_associations", "weigh_pair"]

OUTCOMES = {
    "pathways": "Pathways of hypoxia, VEGF and angiogenesis",
    "sets": "All gene sets of the cohort",
    "genes": "All genes",
    "mutations": "Mutations",
    "survival": "Survival",
    "named": "Named below",
}
"""What features may be held against, in words."""
_SURVIVAL = (("os_days", "os_event"), ("time", "event"), ("survival_days", "event"))


@dataclass(frozen=True)
class Asked:
    """What the person asks.

    Attributes
    ----------
    outcomes : str
        Key of `OUTCOMES`.
    names : tuple of str
        Where they are named.
    who, second : (column, value) or None
        Patients that are looked at; everybody for None. And those of the second cohort.
    site : str
        Column of the table of patients with the site; empty for none.
    confounders : tuple of str
        Clinical columns, and ``"volume"``.
    """

    outcomes: str = "pathways"
    names: tuple[str, ...] = ()
    who: Who | None = None
    second: Who | None = None
    site: str = "site"
    confounders: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Found:
    """All pairs, and the tables behind them.

    Attributes
    ----------
    result : AssociationResult
        The tests.
    study, second : Study
        Tables of the patients looked at, and of the second cohort where there is one.
    """

    result: AssociationResult
    study: Study
    second: Study | None


def find_associations(
    features: CohortFeatures,
    cohort: Cohort,
    *,
    asked: Asked,
    progress: Progress = quiet,
    **settings: Any,
) -> Found:
    """Hold every feature against every outcome.

    Parameters
    ----------
    features : CohortFeatures
        A row a patient.
    cohort : Cohort
        The same cohort.
    asked : Asked
        Outcomes, patients, confounders.
    progress : Progress, optional
        Reports, may cancel.
    **settings
        As for `associate`.
    """
    table = _outcome_table(cohort, asked, str(settings.get("method", "partial")), progress)
    confounders = [name for name in asked.confounders if name != "volume"]
    shared: dict[str, Any] = {"site": asked.site, "confounders": confounders}
    study = cohort_study(features, cohort, table, where=_where(asked.who), **shared)
    second = None
    if asked.second is not None and asked.second != asked.who:
        second = cohort_study(features, cohort, table, where=_where(asked.second), **shared)
    entry = METHODS[str(settings.get("method", "partial"))]
    kept = study.confounders
    if "volume" in asked.confounders and study.volume is not None:
        size = study.volume.to_frame("volume")
        kept = size if kept is None else kept.join(size)
    tested = study.features
    if kept is not None and study.volume is not None and "volume" in kept:
        tested = tested.drop(columns=[study.volume.name])  # nothing is left of it beside itself
    result = associate(
        tested,
        study.outcomes,
        confounders=kept if entry.confounders else None,
        groups=study.site,
        progress=progress,
        **settings,
    )
    return Found(result, study, second)


def _where(who: Who | None) -> dict[str, str] | None:
    return None if who is None else {who[0]: who[1]}


def _outcome_table(cohort: Cohort, asked: Asked, method: str, progress: Progress) -> pd.DataFrame:
    kind = METHODS[method].outcome
    if kind == "survival" or asked.outcomes == "survival":
        if kind != "survival":
            raise InputError('Survival needs a model for it. Choose the method "cox".')
        return _survival(cohort)
    if kind == "count":
        return _patients_of(cohort, cohort_expression(cohort, progress=progress))
    if asked.outcomes == "genes":
        return _patients_of(cohort, normalized_expression(cohort, progress=progress))
    if asked.outcomes == "named":
        if not asked.names:
            raise InputError("Nothing is named. Write genes, gene sets or columns: CA9, stage.")
        return cohort_outcomes(cohort, asked.names)
    if asked.outcomes == "mutations":
        table = cohort_outcomes(cohort, gene_sets="")
        named = [name for name, what in table.attrs["kinds"].items() if what == "mutation"]
        if not named:
            raise InputError(f"{cohort.name} has no table of mutations ([[variants]]).")
        return table[named]
    sets = "curated" if asked.outcomes == "pathways" else ""
    return cohort_outcomes(cohort, gene_sets=sets, mutations=False)


def _patients_of(cohort: Cohort, table: pd.DataFrame) -> pd.DataFrame:
    """Bulk samples as rows of patients; biopsies speak for their places alone."""
    bulk = [
        sample
        for sample in table.index
        if table.attrs["precision"][sample] in ("tumour", "patient")
    ]
    owner = [table.attrs["patients"][sample] for sample in bulk]
    rows = table.loc[bulk].set_axis(pd.Index(owner, name="patient_id"))
    if rows.empty:
        raise InputError(f"{cohort.name} has no bulk samples; biopsies do not speak for patients.")
    return rows[~rows.index.duplicated()]


def _survival(cohort: Cohort) -> pd.DataFrame:
    for time, event in _SURVIVAL:
        if {time, event} <= set(cohort.patients.columns):
            table = cohort.patients[[time, event]].apply(pd.to_numeric, errors="coerce")
            return table.set_axis(["time", "event"], axis=1)
    raise InputError(
        "The table of patients has no survival. Name its columns os_days and os_event (1 died)."
    )


def weigh_pair(
    found: Found,
    pair: tuple[str, str],
    *,
    expected: Sequence[str] = (),
    progress: Progress = quiet,
) -> EvidenceCard:
    """Weigh one pair of what was found, for as many tests as were made.

    Parameters
    ----------
    found : Found
        All pairs.
    pair : (str, str)
        Feature and outcome.
    expected : sequence of str, optional
        Outcomes that should rise with the feature; ``-NAME`` should fall, ``0NAME`` do neither.
    progress : Progress, optional
        Reports, may cancel.
    """
    feature, outcome = pair
    table = found.result.table
    row = table[(table["feature"] == feature) & (table["outcome"] == outcome)]
    q_value = float(row["q_value"].iloc[0]) if len(row) else None
    signs = {"-": -1, "0": 0}
    directions = {name.lstrip("-0"): signs.get(name[:1], 1) for name in expected}
    return weigh_evidence(
        feature, outcome, found.study, found.second,
        expected=directions, q_value=q_value, n_tests=found.result.n_tests,
        search_method=f"{found.result.effect}; {found.result.sites}".rstrip("."), progress=progress,
    )  # fmt: skip
