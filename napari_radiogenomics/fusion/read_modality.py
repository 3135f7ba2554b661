"""Tables of patients as files: one row a patient, numbers where all cells are numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.fusion.checks.fitted_outside import require_unfitted
from napari_radiogenomics.fusion.cohort_tables import Modalities, measures_of
from napari_radiogenomics.io.expression import read_expression
from napari_radiogenomics.io.tables import read_table
from napari_radiogenomics.provenance import read_history

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_modality", "read_patients", "with_numbers"]

_ID = "patient_id"
_EXPRESSION = (".gct", ".h5ad")
_SHOWN = 6


def read_patients(path: str | Path) -> pd.DataFrame:
    """Read a CSV or TSV by patient.

    Parameters
    ----------
    path : str or Path
        File; the patient ids are in the column ``patient_id``, or in the first. Or an
        expression table as GCT or AnnData, whose samples are called as the patients.

    Returns
    -------
    DataFrame
        The ids are its index; a column whose cells are all numbers holds numbers, empty cells
        are missing.

    Raises
    ------
    InputError
        If the file cannot be read or has no column beside the ids, or the history beside it
        tells of a step that was learned on all patients.
    """
    require_unfitted(str(path), read_history(path))
    if any(suffix.lower() in _EXPRESSION for suffix in Path(path).suffixes[-2:]):
        return read_expression(path).rename_axis(_ID)
    frame = read_table(path)[0].frame
    key = _ID if _ID in frame else frame.columns[0]
    frame = frame[frame[key] != ""].set_index(key).rename_axis(_ID)
    if not frame.shape[1]:
        raise InputError(f"{path} has no column beside the patient ids.")
    return with_numbers(frame)


def with_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Table of text with numbers where all cells are numbers, and NaN where a cell is empty.

    Parameters
    ----------
    frame : DataFrame
        Cells as they are written.
    """
    import pandas as pd

    frame = frame.mask(frame == "")
    columns = {}
    for name in frame.columns:
        numbers = pd.to_numeric(frame[name], errors="coerce")
        whole = numbers.notna().sum() == frame[name].notna().sum()
        columns[name] = numbers.astype(float) if whole else frame[name]
    return pd.DataFrame(columns, index=frame.index)


def read_modality(path: str | Path, name: str, *, known: Collection[str] = ()) -> Modalities:
    r"""Read a modality from a file, without what else is in it.

    Parameters
    ----------
    path : str or Path
        As for `read_patients`, or what `extract_cohort` wrote: its clinical facts are no
        measures, and of its blocks those are taken that the modality is called after.
    name : str
        What the modality is called.
    known : collection of str, optional
        Columns of the table of patients. They are facts of the patient (site, age, outcome) and
        are left out.

    Returns
    -------
    Modalities
        One table, how it is prepared where the file tells, and what was left out.

    Raises
    ------
    InputError
        If the file cannot be read, nothing is left, or it has a row for each region.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "features.csv"
    >>> _ = file.write_text("patient_id,f,age\nP1,0.5,61\nP2,0.7,58\n")
    >>> found = read_modality(file, "imaging", known=["age", "sex"])
    >>> list(found.tables["imaging"]), found.notes
    (['f'], ('1 column of features.csv is no measure of imaging and was left out: age.',))
    """
    path = Path(path)
    if path.with_name(path.name + ".facts.json").is_file():
        require_unfitted(str(path), read_history(path))
        found = measures_of(CohortFeatures.load(path), name)
        table, how = found.tables[name], found.preparations
        lost = [column for column in table.columns if column in known]
        everything = read_table(path)[0].frame.columns
        left = [str(c) for c in everything if c not in table or c in known]
        left = [column for column in left if column != _ID]
    else:
        table, how = read_patients(path), {}
        lost = left = [str(column) for column in table.columns if column in known]
    table = table.drop(columns=lost)
    if not table.shape[1]:
        raise InputError(
            f"All columns of {path} are in the table of patients too, so that none is left for "
            f'"{name}". Name those that predict as clinical facts.'
        )
    return Modalities({name: table}, how, (_told(path, name, left),) if left else ())


def _told(path: Path, name: str, left: Sequence[str]) -> str:
    shown = ", ".join(left[:_SHOWN]) + (", …" if len(left) > _SHOWN else "")
    words = "column of {} is no measure" if len(left) == 1 else "columns of {} are no measures"
    verb = "was" if len(left) == 1 else "were"
    return f"{len(left)} {words.format(path.name)} of {name} and {verb} left out: {shown}."
