"""The patient is the unit: rows that repeat one are refused, or joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.harmonization.inputs import same_samples

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Joined", "joined_by_patient", "owners_of", "refuse_repeated"]


@dataclass(frozen=True, eq=False)
class Joined:
    """Rows of a patient in a batch as one, their mean.

    Attributes
    ----------
    features : DataFrame, N units × P features
        By patient; by patient and batch where a patient is in several.
    batch : Series, length N
        Of each unit.
    covariates : DataFrame or None
        Of each unit.
    patient : Series, length N
        Of each unit.
    """

    features: pd.DataFrame
    batch: pd.Series
    covariates: pd.DataFrame | None
    patient: pd.Series

    @property
    def crossing(self) -> bool:
        """Whether a patient is in several batches."""
        return not self.patient.is_unique

    def note(self, rows: int) -> str:
        """Say what was joined."""
        count = self.patient.nunique()
        text = (
            f"{rows} rows of {count} patients: the patient is the unit, and rows of one in the "
            "same batch are joined by their mean."
        )
        if self.crossing:
            text += (
                f" {int(self.patient.duplicated(keep=False).groupby(self.patient).any().sum())} "
                "patients are in several batches: folds keep them together, and the tests by "
                "batch take their rows for independent."
            )
        return text


def refuse_repeated(features: pd.DataFrame, remedy: str) -> None:
    """Refuse rows whose ids repeat a patient.

    Parameters
    ----------
    features : DataFrame
        By patient, or by patient and region.
    remedy : str
        What to do.

    Raises
    ------
    InputError
        If an id is there twice.
    """
    ids = features.index
    if ids.nlevels > 1:
        ids = ids.get_level_values("patient_id" if "patient_id" in ids.names else 0)
    if ids.is_unique:
        return
    again = ids[ids.duplicated()]
    first, count = again[0], again.nunique()
    raise InputError(
        f"The features hold {count} patient{'s' if count != 1 else ''} more than once "
        f'("{first}" {int((ids == first).sum())} times). Regions, lesions or scans of one patient '
        f"are not independent: counted as samples they make chance look like an effect. {remedy}"
    )


def owners_of(features: pd.DataFrame, patient: Any) -> pd.Series:
    """Patient of each row as text.

    Raises
    ------
    InputError
        If a row has none.
    """
    import pandas as pd

    owner = pd.Series(same_samples(features, patient, "patient")).set_axis(features.index)
    if owner.isna().any():
        raise InputError(
            f"{int(owner.isna().sum())} rows have no patient. Fill it in, or leave them out."
        )
    return owner.astype(str)


def joined_by_patient(
    features: pd.DataFrame, batch: pd.Series, covariates: pd.DataFrame | None, owner: pd.Series
) -> Joined:
    """Join rows of a patient in a batch by their mean.

    Parameters
    ----------
    features : DataFrame, shape (rows, P)
        Numbers.
    batch : Series
        Batch of each row.
    covariates : DataFrame or None
        By row; groups must be the same in all rows of a unit.
    owner : Series
        Patient of each row.

    Raises
    ------
    InputError
        If a group differs between rows that are joined.
    """
    import pandas as pd

    keys = pd.MultiIndex.from_arrays([owner.to_numpy(str), batch.astype(str).to_numpy(str)])
    table = features.set_axis(keys).groupby(level=[0, 1], sort=False).mean()
    patient, names = (table.index.get_level_values(level).to_numpy(str) for level in (0, 1))
    whole = pd.Index(patient).is_unique
    ids = pd.Index(
        patient if whole else [f"{one} ({at})" for one, at in zip(patient, names, strict=True)],
        name="patient_id",
    )
    kept = None if covariates is None else _facts(covariates.set_axis(keys)).set_axis(ids)
    return Joined(
        table.set_axis(ids),
        pd.Series(names, ids, dtype=object),
        kept,
        pd.Series(patient, ids, dtype=object),
    )


def _facts(covariates: pd.DataFrame) -> pd.DataFrame:
    """Mean of numbers; groups as they are where they do not differ."""
    import pandas as pd

    columns = {}
    for name in covariates:
        groups = covariates[name].groupby(level=[0, 1], sort=False)
        if covariates[name].dtype.kind in "iufb":
            columns[name] = groups.mean()
            continue
        differ = groups.nunique(dropna=False) > 1
        if differ.any():
            raise InputError(
                f'The covariate "{name}" differs between rows of patient "{differ.idxmax()[0]}" in '
                "one batch. Give one value for each patient and batch, or leave it out."
            )
        columns[name] = groups.first()
    return pd.DataFrame(columns)
