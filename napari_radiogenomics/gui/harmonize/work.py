"""What the Harmonize dock runs: a new table without the sites, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.harmonization.batch_effects import BatchEffects, batch_effects
from napari_radiogenomics.harmonization.harmonize import harmonize
from napari_radiogenomics.harmonization.harmonizer import HARMONIZERS
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import history_of

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["Evened", "batches_of", "even_out"]

_NOT_IMAGING = ("clinical",)
_FEWEST_VALUES = 3


@dataclass(frozen=True, eq=False)
class Evened:
    """A harmonized table, and what it changed.

    Attributes
    ----------
    features : CohortFeatures
        The new table; columns that were not harmonized are as they were.
    raw : DataFrame
        The harmonized columns as they were before, patients × features.
    effects : BatchEffects
        Before; ``effects.after`` is after.
    batch : Series
        Batch of each patient.
    notes : tuple of str
        What should be known.
    """

    features: CohortFeatures
    raw: pd.DataFrame
    effects: BatchEffects
    batch: pd.Series
    notes: tuple[str, ...]


def batches_of(cohort: Cohort, features: CohortFeatures, column: str) -> pd.Series:
    """Batch of each patient of a table, by a column of patients or of the scans measured.

    Raises
    ------
    InputError
        If there is no such column, or a patient has no cell there.
    """
    import pandas as pd

    patients = [str(name) for name in features.table.index]
    if column in cohort.patients:
        values = cohort.patients[column].reindex(patients)
    elif column in cohort.scans and "scan_id" in features.sources:
        scans = features.sources["scan_id"].reindex(patients)
        values = pd.Series(cohort.scans[column].reindex(scans).to_numpy(), patients)
    else:
        raise InputError(f'Neither patients nor scans have a column "{column}".')
    empty = values.isna() | (values.astype(str) == "")
    if empty.any():
        who = ", ".join(map(str, values.index[empty][:5]))
        raise InputError(
            f'{int(empty.sum())} patients have no "{column}": {who}. Fill it in the table of '
            "patients, or choose another column."
        )
    return values.astype(str).rename(column)


def even_out(
    features: CohortFeatures,
    batch: pd.Series,
    covariates: pd.DataFrame | None,
    *,
    progress: Progress = quiet,
    **settings: Any,
) -> Evened:
    """Harmonize a table, and measure what the batches did to it before and after.

    Parameters
    ----------
    features : CohortFeatures
        A row a patient.
    batch : Series
        By patient.
    covariates : DataFrame or None
        What is kept, by patient.
    progress : Progress, optional
        Reports, may cancel.
    **settings
        As for `harmonize`.
    """
    raw, notes = _harmonizable(features, batch)
    even = harmonize(raw, batch, covariates=covariates, progress=progress, **settings)
    method = str(settings.get("method", "combat"))
    known = HARMONIZERS[method].uses
    plain = not any(settings.get(name) for name in known)
    effects = batch_effects(
        raw, batch, covariates=covariates, after=method if plain else "", progress=progress
    )
    if not plain:  # settings that the comparison does not take: measured on the table itself
        after = batch_effects(even, batch, covariates=covariates, progress=progress)
        effects = replace(effects, after=replace(after, area=None, method=method))
    table = features.table.copy()
    table[list(raw.columns)] = even[list(raw.columns)]
    warned = effects.after.warnings if effects.after is not None else ()
    said = tuple(dict.fromkeys((*notes, *even.attrs["notes"], *effects.warnings, *warned)))
    new = replace(
        features,
        table=table,
        notes=(*features.notes, f"Harmonized for {batch.name} by {method}.", *said),
        history=(*features.history, *history_of(even)),
    )
    return Evened(new, raw, effects, batch, said)


def _harmonizable(
    features: CohortFeatures, batch: pd.Series
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Imaging columns that vary in every batch; a note names the others."""
    numbers = features.table.select_dtypes("number")
    imaging = [n for n in numbers if features.blocks.get(str(n)) not in _NOT_IMAGING]
    numbers = numbers[imaging].replace([np.inf, -np.inf], np.nan).astype(float)
    numbers.index = numbers.index.astype(str)
    varies = (numbers.groupby(batch.reindex(numbers.index)).nunique() >= _FEWEST_VALUES).all()
    lost = [str(name) for name in numbers.columns[~varies]]
    if not varies.any():
        counts = batch.reindex(numbers.index).value_counts()
        few = ", ".join(f"{name} ({n})" for name, n in counts.items() if n < _FEWEST_VALUES)
        why = f" Fewer than {_FEWEST_VALUES} patients are in {few}." if few else ""
        raise InputError(
            f"No feature varies in every batch, so that nothing can be evened out.{why} Choose "
            "another batch, or a table with more patients in each."
        )
    notes: tuple[str, ...] = ()
    if lost:
        more = " …" if len(lost) > 3 else ""
        notes = (
            f"{len(lost)} features do not vary in every batch and stay as they are: "
            f"{', '.join(lost[:3])}{more}.",
        )
    return numbers.loc[:, varies], notes
