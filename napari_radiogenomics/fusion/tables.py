"""Tables of several modalities, joined by patient; who has what.

Letters: N patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.checks.same_id import require_one_site
from napari_radiogenomics.fusion.checks.spellings import refuse_spellings
from napari_radiogenomics.fusion.outcome import refuse_repeats

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Tables", "patients_of", "tables_of"]


@dataclass(frozen=True, eq=False)
class Tables:
    """Modalities of N patients, row by row the same patient.

    Attributes
    ----------
    patients : ndarray of str, shape (N,)
        Ids.
    frames : dict of DataFrame, N rows
        By modality; rows are numbered. A patient without the modality has a row of NaN.
    present : dict of ndarray of bool, shape (N,)
        Who has the modality.
    sites : ndarray of str, shape (N,), or None
        Where they come from.
    """

    patients: NDArray[Any]
    frames: Mapping[str, pd.DataFrame]
    present: Mapping[str, NDArray[np.bool_]]
    sites: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.patients)

    def take(self, rows: NDArray[np.intp]) -> Tables:
        """Tables of some patients, in the order asked for."""
        frames = {
            name: frame.iloc[rows].reset_index(drop=True) for name, frame in self.frames.items()
        }
        present = {name: there[rows] for name, there in self.present.items()}
        sites = None if self.sites is None else self.sites[rows]
        return Tables(self.patients[rows], frames, present, sites)

    def without(self, name: str, rows: NDArray[np.bool_]) -> Tables:
        """Tables in which some patients do not have a modality."""
        present = {**self.present, name: self.present[name] & ~rows}
        return Tables(self.patients, self.frames, present, self.sites)

    def held(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Who has all of some modalities, shape (N,)."""
        return np.logical_and.reduce([self.present[name] for name in names])


def patients_of(modalities: Mapping[str, pd.DataFrame]) -> pd.Index:
    """Check the tables; answer with the ids of all patients that are in one of them.

    Raises
    ------
    InputError
        If there is no table, one is none, a patient is there twice, be it under another
        spelling, or a column is.
    """
    import pandas as pd

    if not hasattr(modalities, "items") or hasattr(modalities, "columns") or not modalities:
        raise InputError(
            'There are no modalities. Give a dictionary such as {"imaging": table, "rna": table}, '
            "each table with the patient ids as its index."
        )
    everyone = pd.Index([], dtype=object)
    for name, frame in modalities.items():
        if not isinstance(frame, pd.DataFrame) or frame.shape[1] == 0:
            raise InputError(
                f'The modality "{name}" is no table with columns. Give a DataFrame, one row a '
                "patient."
            )
        if not len(frame):
            raise InputError(f'The modality "{name}" has no patients. Leave it out.')
        require_one_site({name: frame})  # before rows are taken for lesions of one patient
        refuse_repeats(frame.index, f'the modality "{name}"')
        if not frame.columns.astype(str).is_unique:
            twice = frame.columns[frame.columns.astype(str).duplicated()][0]
            raise InputError(f'"{name}" has two columns "{twice}". Rename or drop one.')
        everyone = everyone.union(frame.index.astype(str), sort=False)
    refuse_spellings(everyone)
    return everyone


def tables_of(
    modalities: Mapping[str, pd.DataFrame], patients: pd.Index, groups: Any = None
) -> Tables:
    """Join modalities and sites to patients.

    Parameters
    ----------
    modalities : mapping of str to DataFrame
        By patient id.
    patients : Index
        Whom, in order.
    groups : Series, optional
        Site of each patient, by id.

    Raises
    ------
    InputError
        If a modality holds none of the patients, or a patient has no site.
    """
    frames, present = {}, {}
    for name, frame in modalities.items():
        known = frame.set_axis(frame.columns.astype(str), axis=1)
        known = known.set_axis(frame.index.astype(str), axis=0)
        there = patients.isin(known.index)
        if not there.any():
            first = ", ".join(map(str, list(known.index[:2])))
            raise InputError(
                f'None of the {len(known)} rows of "{name}" is of a patient of the others: its '
                f"ids are like {first}, theirs like {', '.join(map(str, patients[:2]))}. Give all "
                "tables the same patient ids."
            )
        joined = known.reindex(patients).reset_index(drop=True)
        joined.attrs = {}  # pandas would copy them with every column that is taken
        frames[str(name)] = joined
        present[str(name)] = there & joined.notna().any(axis=1).to_numpy()
    return Tables(np.asarray(patients, object), frames, present, _sites(groups, patients))


def _sites(groups: Any, patients: pd.Index) -> NDArray[Any] | None:
    import pandas as pd

    if groups is None:
        return None
    if not isinstance(groups, pd.Series):
        raise InputError("Give the sites as a Series with the patient ids as its index.")
    refuse_repeats(groups.index, "the sites")
    refuse_spellings([*patients, *groups.index])
    found = groups.set_axis(groups.index.astype(str)).reindex(patients)
    if found.isna().any():
        lost = patients[found.isna().to_numpy()]
        raise InputError(
            f"{len(lost)} patients have no site, the first is {lost[0]}. Give each patient one, or "
            "leave them out."
        )
    return found.astype(str).to_numpy(object)
