"""What the Fuse dock runs: a comparison, importance by shuffling, curves of what is missing."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion.cohort_tables import cohort_modalities
from napari_radiogenomics.fusion.cohort_targets import Target, target_values
from napari_radiogenomics.fusion.explaining.permutation import permutation_importance
from napari_radiogenomics.fusion.fuse import fuse
from napari_radiogenomics.fusion.missing_curve import missing_curve
from napari_radiogenomics.fusion.outcome import outcome_of
from napari_radiogenomics.fusion.validation.final import outside_of
from napari_radiogenomics.fusion.validation.missingness import Mechanism
from napari_radiogenomics.progress import Progress, quiet, stop_if_cancelled

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.extraction.result import CohortFeatures
    from napari_radiogenomics.fusion.result import FusionResult
    from napari_radiogenomics.gui.tables.groups import Who

__all__ = [
    "LEVEL",
    "Asked",
    "Degraded",
    "Fused",
    "Given",
    "Shuffled",
    "compare",
    "degrade",
    "patients_of_group",
    "shuffle",
    "sites_of",
]

LEVEL = 0.9
"""Coverage of sets and intervals."""


@dataclass(frozen=True)
class Asked:
    """What the person asks.

    Attributes
    ----------
    target : Target
        What is predicted.
    text : str
        Its name, where it is written.
    names : tuple of str
        Modalities.
    clinical : tuple of str
        Columns of the patients that are clinical facts.
    site : str
        Column of the patients with the site; empty for none.
    who, second : (column, value) or None
        Patients to learn from, everybody for None; and those of another cohort to be tested.
    """

    target: Target
    text: str = ""
    names: tuple[str, ...] = ()
    clinical: tuple[str, ...] = ()
    site: str = ""
    who: Who | None = None
    second: Who | None = None


@dataclass(frozen=True, eq=False)
class Given:
    """Tables that were learned from, or are predicted."""

    tables: dict[str, pd.DataFrame]
    preparations: dict[str, Any]
    target: Any
    sites: pd.Series | None
    notes: tuple[str, ...]

    @property
    def patients(self) -> list[str]:
        """Ids of all patients of the tables."""
        return list(dict.fromkeys(str(p) for table in self.tables.values() for p in table.index))


@dataclass(frozen=True, eq=False)
class Fused:
    """A comparison of strategies, and what it was made of.

    Attributes
    ----------
    result : FusionResult
        What `fuse` found.
    given : Given
        Tables of the patients.
    settings : dict
        Of `fuse`.
    warnings, notes : tuple of str
        What may be too good to be true, and what else should be known.
    """

    result: FusionResult
    given: Given
    settings: dict[str, Any]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Shuffled:
    """Permutation importance of a strategy."""

    strategy: str
    by: Literal["modality", "column"]
    table: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Degraded:
    """What `missing_curve` answered for a modality."""

    modality: str
    mechanism: Mechanism
    table: pd.DataFrame


def compare(
    features: CohortFeatures | None,
    cohort: Cohort,
    *,
    asked: Asked,
    progress: Progress = quiet,
    **settings: Any,
) -> Fused:
    """Compare strategies on a cohort, and test them on another group of it.

    Parameters
    ----------
    features : CohortFeatures or None
        A row a patient.
    cohort : Cohort
        The same cohort.
    asked : Asked
        What is predicted, from what, in whom.
    progress : Progress, optional
        Reports, may cancel.
    **settings
        As for `fuse`.
    """
    given = given_of(features, cohort, asked, asked.who, progress)
    external, said = None, ""
    if asked.second is not None and asked.second != asked.who:
        other = given_of(features, cohort, asked, asked.second, progress)
        external = (other.tables, other.target, *([] if other.sites is None else [other.sites]))
        stop_if_cancelled(progress, "Fuse")
        said = _untestable(given, external, settings.get("event", ""))
        external = None if said else external
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the result holds them
        result = fuse(
            given.tables, given.target, groups=given.sites, preparations=given.preparations,
            external=external, progress=progress, **settings,
        )  # fmt: skip
    loud = ("known only later", "None of these patients is in")
    later = [note for note in given.notes if any(words in note for words in loud)]
    warned = (*result.warnings, *later, *_of_sites(given, result))
    rest = tuple(note for note in given.notes if note not in later)
    told = (*warned, said) if said else warned  # a test that was asked for and is not there
    return Fused(result, given, settings, told, rest)


def _untestable(given: Given, external: tuple[Any, ...], event: str) -> str:
    """Why the second cohort cannot test a model; empty where it can."""
    learned, _ = outcome_of(given.target, event=event)
    try:
        outside_of(external, kind=learned.kind, classes=learned.classes, learned=given.patients)
    except InputError as error:
        return f"The 2nd cohort was not tested: {error}"
    return ""


def _of_sites(given: Given, result: FusionResult) -> list[str]:
    """What is said where nobody can see what the site does."""
    if given.sites is None:
        return [
            "No column tells the site: whether the models see the scanner or the tumor cannot be "
            "told. Choose one at Site."
        ]
    if "leave_site_out" in result.contrast or result.scheme == "leave_site_out":
        return []
    return [
        "No model was tested at sites that it did not learn from. In Settings, tick Thorough, or "
        'choose the scheme "leave site out".'
    ]


def given_of(
    features: CohortFeatures | None,
    cohort: Cohort,
    asked: Asked,
    who: Who | None,
    progress: Progress,
) -> Given:
    values, own, kind = target_values(cohort, asked.target, asked.text)
    if asked.site in own:
        raise InputError(
            f"{asked.site} is the outcome, and cannot be the site too: models of one site would "
            'know one class. Choose another column at Site, or "Not known".'
        )
    patients = patients_of_group(cohort, who)
    known = values.loc[values.index.astype(str).isin(patients)]
    found = cohort_modalities(
        features, cohort, asked.names, clinical=asked.clinical, outcome=own, outcome_kind=kind,
        patients=patients, progress=progress,
    )  # fmt: skip
    return Given(
        found.tables, found.preparations, known,
        sites_of(cohort, asked.site, found.tables, features), found.notes,
    )  # fmt: skip


def patients_of_group(cohort: Cohort, who: Who | None) -> set[str]:
    """Ids of a group of patients; of everybody for None."""
    table = cohort.patients
    if who is not None:
        table = table[table[who[0]].astype(str) == who[1]]
    return set(table.index.astype(str))


def sites_of(
    cohort: Cohort,
    column: str,
    tables: dict[str, pd.DataFrame],
    features: CohortFeatures | None = None,
) -> pd.Series | None:
    """Site of each patient by a column of patients or of scans; None where none is named.

    Of scans it is that of the scan which was measured, else of the first in the table of scans.

    Raises
    ------
    InputError
        If a patient of the tables has no cell there.
    """
    if not column:
        return None
    values = _cells(cohort, column, features).replace("", None)
    values.index = values.index.astype(str)
    asked = {str(p) for table in tables.values() for p in table.index}
    values = values.reindex([*values.index, *sorted(asked - set(values.index))])
    lost = [p for p in values.index[values.isna()] if p in asked]
    if lost:
        raise InputError(
            f'{len(lost)} patients have no "{column}", the first is {lost[0]}. Fill it in the '
            "table of patients, or choose another column at Site."
        )
    return values.dropna().astype(str)


def _cells(cohort: Cohort, column: str, features: CohortFeatures | None) -> pd.Series:
    """A column of the patients, or of a scan of each."""
    if column in cohort.patients:
        return cohort.patients[column]
    first = cohort.scans.drop_duplicates("patient_id").set_index("patient_id")[column]
    if features is None or "scan_id" not in features.sources:
        return first
    measured = features.sources["scan_id"]
    own = pd.Series(cohort.scans[column].reindex(measured).to_numpy(), measured.index)
    return own.combine_first(first)


def degrade(
    fused: Fused,
    modality: str,
    *,
    mechanism: Mechanism,
    progress: Progress = quiet,
) -> Degraded:
    """Take a modality from more and more patients of a comparison.

    Parameters
    ----------
    fused : Fused
        The comparison.
    modality : str
        Which is taken away.
    mechanism : {"random", "outcome"}
        From whom.
    progress : Progress, optional
        Reports, may cancel.
    """
    shared = ("event", "strategies", "learner", "folds", "inner_folds", "seed")
    given = fused.given
    table = missing_curve(
        given.tables, given.target, modality, mechanism=mechanism, groups=given.sites,
        preparations=given.preparations, progress=progress,
        **{name: fused.settings[name] for name in shared if name in fused.settings},
    )  # fmt: skip
    return Degraded(modality, mechanism, table)


def shuffle(
    fused: Fused,
    strategy: str,
    *,
    by: Literal["modality", "column"],
    progress: Progress = quiet,
) -> Shuffled:
    """Importance of modalities or columns by shuffling, on the folds of a comparison.

    Parameters
    ----------
    fused : Fused
        The comparison.
    strategy : str
        Name in its table.
    by : {"modality", "column"}
        What is shuffled.
    progress : Progress, optional
        Reports, may cancel.
    """
    shared = ("event", "learner", "scheme", "folds", "inner_folds", "seed")
    given = fused.given
    table = permutation_importance(
        given.tables, given.target, strategy=strategy, by=by, groups=given.sites,
        preparations=given.preparations, progress=progress,
        **{name: fused.settings[name] for name in shared if name in fused.settings},
    )  # fmt: skip
    return Shuffled(strategy, by, table)
