"""From a cohort to the modalities of `fuse`: blocks of measures, genes, clinical facts."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.nature import settle_nature, stated_kind
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.measures.shuffled import MEASURE as SHUFFLED
from napari_radiogenomics.fusion.checks.fitted_outside import require_unfitted
from napari_radiogenomics.fusion.checks.same_id import require_one_site
from napari_radiogenomics.genomics.cohort_matrix import comparable
from napari_radiogenomics.io.cohort_genes import cohort_expression
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import history_of, read_history
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.extraction.result import CohortFeatures

__all__ = [
    "Modalities",
    "clinical_columns",
    "cohort_modalities",
    "measures_of",
    "modality_names",
]

_JOINED = {"features": "imaging", "shape": "imaging"}
_NOT_IMAGING = ("clinical", SHUFFLED.name)
_GENES = ("rna", "pathways")
_COARSE = ("tumour", "patient")
_OPEN = ("", "array")  # units that say nothing of the scale
_ADMINISTRATIVE = re.compile(
    r"^(cohort|split|set|site|scanner|center|institution|protocol|note|notes|comment)$",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"^(os|pfs|dfs|efs|rfs)_|surviv|event|death|died|dead|vital|recur|relapse|progress|respon"
    r"|follow|^time$",
    re.IGNORECASE,
)
_MOST_LEVELS = 8


@dataclass(frozen=True, eq=False)
class Modalities:
    """Tables of patients, ready for `fuse`.

    Attributes
    ----------
    tables : dict of DataFrame
        Modality → table.
    preparations : dict
        How `fuse` prepares each.
    notes : tuple of str
        What was left out, and why.
    """

    tables: dict[str, pd.DataFrame]
    preparations: dict[str, Any]
    notes: tuple[str, ...] = ()


@dataclass
class _Draft:
    tables: dict[str, Any] = field(default_factory=dict)
    preparations: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def modality_names(features: CohortFeatures | None, cohort: Cohort | None) -> dict[str, str]:
    """Modalities that a cohort offers, with what each holds.

    Parameters
    ----------
    features : CohortFeatures or None
        What was measured.
    cohort : Cohort or None
        As opened.
    """
    found: dict[str, str] = {}
    if features is not None:
        blocks: dict[str, list[str]] = {}
        for name in _measured(features):
            blocks.setdefault(_modality(features, name), []).append(name)
        found = {
            name: f"{len(columns)} columns; harmonized over the sites in each fold"
            for name, columns in blocks.items()
        }
    if cohort is not None and cohort.expression:
        found["rna"] = "genes of the bulk samples; normalized and chosen in each fold"
        found["pathways"] = "curated gene sets, scored in each fold; not beside rna"
    if cohort is not None:
        found["clinical"] = "columns of the table of patients"
    return found


def clinical_columns(cohort: Cohort) -> dict[str, bool]:
    """Columns of the patients that may predict, and whether they are known from the start.

    Outcomes and what follows them (survival, response, recurrence) are known only later: a
    model that reads them cannot be used.

    Parameters
    ----------
    cohort : Cohort
        As opened.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> known = clinical_columns(open_cohort(sample_cohort()))
    >>> known["age"], known["os_days"], "site" in known
    (True, False, False)
    """
    found = {}
    for name in map(str, cohort.patients.columns):
        values = cohort.patients[name].replace("", None).dropna()
        few = values.nunique() <= _MOST_LEVELS
        if not _ADMINISTRATIVE.search(name) and len(values) and (few or _are_numbers(values)):
            found[name] = not _LATER.search(name)
    return found


def _are_numbers(values: pd.Series) -> bool:
    import pandas as pd

    return bool(pd.to_numeric(values, errors="coerce").notna().all())


def cohort_modalities(
    features: CohortFeatures | None,
    cohort: Cohort,
    names: Sequence[str],
    *,
    clinical: Sequence[str] | None = None,
    outcome: Collection[str] = (),
    outcome_kind: str = "clinical",
    patients: Collection[str] | None = None,
    progress: Progress = quiet,
) -> Modalities:
    """Tables of a cohort for `fuse`, without what is the outcome itself.

    Parameters
    ----------
    features : CohortFeatures or None
        What `extract_cohort` measured, a row a patient.
    cohort : Cohort
        The same cohort.
    names : sequence of str
        Of `modality_names`: ``"imaging"`` (features and shape), other measures by their names,
        ``"rna"``, ``"pathways"``, ``"clinical"``.
    clinical : sequence of str, optional
        Columns that are clinical facts; those of `clinical_columns` that are known from the
        start where not given.
    outcome : collection of str, optional
        Columns and genes that the outcome is made of; they are left out.
    outcome_kind : {"clinical", "mutation", "gene", "pathway", "survival"}, optional
        What it is. Expression is refused for outcomes that are made of it.
    patients : collection of str, optional
        Whom; everybody where not given.
    progress : Progress, optional
        Reports, may cancel.

    Raises
    ------
    InputError
        If a table was harmonized over all patients, has a row a region, a name is unknown,
        the outcome is made of a modality, or an id is of one site here and of another there.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> cohort = open_cohort(sample_cohort())
    >>> found = cohort_modalities(None, cohort, ["clinical"], clinical=["age", "stage"],
    ...                           outcome=["stage"])
    >>> list(found.tables["clinical"]), found.notes
    (['age'], ('stage is the outcome and was left out of the clinical facts.',))
    """
    known = modality_names(features, cohort)
    if features is not None and features.table.index.nlevels == 1:
        require_one_site({"features": features.table, cohort.name: cohort.patients})
    draft = _Draft()
    if {"rna", "pathways"} <= set(names):
        raise InputError("rna and pathways are made of the same genes. Choose one of the two.")
    for name in names:
        if name not in known:
            raise InputError(f'There is no modality "{name}". {did_you_mean(name, list(known))}')
        if name == "clinical":
            _add_clinical(draft, cohort, clinical, outcome)
        elif name in _GENES:
            _refuse_own(name, outcome_kind, outcome)
            _add_genes(draft, cohort, name, progress)
        elif features is not None:
            _add_measures(draft, features, name, outcome)
    if not draft.tables:
        raise InputError("Nothing is chosen to predict from. Tick a modality.")
    wanted = None if patients is None else set(map(str, patients))
    tables = {name: _of_whom(table, wanted) for name, table in draft.tables.items()}
    empty = [name for name, table in tables.items() if not len(table)]
    if len(empty) == len(tables):
        raise _of_nobody(draft, wanted or set(), empty[0])
    draft.notes += [f"None of these patients is in {name}, which was left out." for name in empty]
    tables = {name: table for name, table in tables.items() if len(table)}
    how = {name: draft.preparations[name] for name in tables}
    return Modalities(tables, how, tuple(draft.notes))


def measures_of(features: CohortFeatures, name: str) -> Modalities:
    """Measures of an extraction as one modality, without its clinical facts.

    Parameters
    ----------
    features : CohortFeatures
        What `extract_cohort` measured, a row a patient.
    name : str
        Of `modality_names`; any other name takes all measures together.

    Raises
    ------
    InputError
        If the table was harmonized over all patients, has a row a region, or no measure.
    """
    draft = _Draft()
    _add_measures(draft, features, name, ())
    return Modalities(draft.tables, draft.preparations)


def _measured(features: CohortFeatures) -> list[str]:
    numbers = features.table.select_dtypes("number").columns
    return [str(n) for n in numbers if features.blocks.get(str(n)) not in _NOT_IMAGING]


def _modality(features: CohortFeatures, column: str) -> str:
    block = str(features.blocks.get(column, "imaging"))
    return _JOINED.get(block, block)


def _of_whom(table: pd.DataFrame, wanted: set[str] | None) -> pd.DataFrame:
    return table if wanted is None else table.loc[table.index.isin(wanted)]


def _of_nobody(draft: _Draft, wanted: set[str], name: str) -> InputError:
    ids = draft.tables[name].index
    own, asked = (", ".join(sorted(map(str, some))[:2]) for some in (ids, wanted))
    return InputError(
        f'None of the {len(ids)} rows of "{name}" is of the {len(wanted)} patients asked for: its '
        f"ids are like {own}, theirs like {asked}. Choose the table of this cohort, or other "
        "patients."
    )


def _add_measures(
    draft: _Draft, features: CohortFeatures, name: str, outcome: Collection[str]
) -> None:
    if features.table.index.nlevels > 1:
        raise InputError(
            "The table has a row for each region; regions of one patient must not be split over "
            'folds. Extract it with regions="whole".'
        )
    require_unfitted("The table", features.history)
    measured = _measured(features)
    columns = [c for c in measured if _modality(features, c) == name] or measured
    own = [column for column in columns if column in outcome]
    draft.notes += [f"{column} is the outcome and was left out of {name}." for column in own]
    table = features.table[[c for c in columns if c not in own]].replace([np.inf, -np.inf], np.nan)
    table = table.dropna(axis=1, how="all")
    table.index = table.index.astype(str)
    draft.tables[name], draft.preparations[name] = table, "imaging"


def _add_clinical(
    draft: _Draft, cohort: Cohort, clinical: Sequence[str] | None, outcome: Collection[str]
) -> None:
    import pandas as pd

    offered = clinical_columns(cohort)
    names = [n for n, early in offered.items() if early] if clinical is None else list(clinical)
    own = [name for name in names if name in outcome]
    draft.notes += [f"{n} is the outcome and was left out of the clinical facts." for n in own]
    columns: dict[str, Any] = {}
    for name in names:
        if name not in cohort.patients:
            hint = did_you_mean(name, list(map(str, cohort.patients.columns)))
            raise InputError(f'The table of patients has no column "{name}". {hint}')
        if name in own:
            continue
        if not offered.get(name, True):
            draft.notes.append(
                f"{name} looks like what is known only later: a model that reads it cannot be "
                "used when it is needed."
            )
        values = cohort.patients[name].replace("", None)
        known = values.dropna()
        columns[name] = pd.to_numeric(values) if _are_numbers(known) else values
    if not columns:
        raise InputError("No clinical column is ticked. Tick one, or leave clinical facts out.")
    table = pd.DataFrame(columns)
    table.index = table.index.astype(str)
    draft.tables["clinical"], draft.preparations["clinical"] = table, "clinical"


def _refuse_own(name: str, kind: str, outcome: Collection[str]) -> None:
    if kind in ("gene", "pathway"):
        raise InputError(
            f"{', '.join(outcome)} is made of the expression, which would predict itself. Leave "
            f"{name} out."
        )


def _add_genes(draft: _Draft, cohort: Cohort, name: str, progress: Progress) -> None:
    raw = cohort_expression(cohort, progress=progress)
    file = cohort.expression[0].path  # the one that was read
    history = (*read_history(file), *history_of(raw))
    require_unfitted(f"The expression of {cohort.name} ({file.name})", history)
    counts = _are_counts(raw)
    # Counts are made comparable in the fold; other scales are brought to logs sample by sample.
    table = raw if counts else comparable(raw, progress=progress)
    bulk = [s for s in table.index if raw.attrs["precision"][s] in _COARSE]
    if not bulk:
        raise InputError(
            f"{cohort.name} has no bulk samples; biopsies do not speak for patients. Leave {name} "
            "out."
        )
    owner = [str(raw.attrs["patients"][sample]) for sample in bulk]
    rows = table.loc[bulk]
    rows.index = rows.index.__class__(owner, name="patient_id")
    twice = int(rows.index.duplicated().sum())
    if twice:
        draft.notes.append(f"{twice} further bulk samples of the same patients were left out.")
    rows = rows[~rows.index.duplicated()]
    rows.attrs = {"history": history}
    how: dict[str, Any] = {"method": "expression", "scale": "counts" if counts else "log"}
    if name == "pathways":
        how["gene_sets"] = "curated"
    draft.tables[name], draft.preparations[name] = rows, how


def _are_counts(table: pd.DataFrame) -> bool:
    unit = str(table.attrs.get("unit", ""))
    if unit not in _OPEN and stated_kind(unit) is None:
        return False
    values = table.fillna(0.0).to_numpy(float)
    nature, _ = settle_nature(values, "" if unit in _OPEN else unit, table=table)
    return nature.kind in ("count", "expected count")
