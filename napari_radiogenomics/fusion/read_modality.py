"""Tables of patients as files: one row a patient, numbers where all cells are numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.checks.fitted_outside import require_unfitted
from napari_radiogenomics.io.expression import read_expression
from napari_radiogenomics.io.tables import read_table
from napari_radiogenomics.provenance import read_history

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_patients"]

_ID = "patient_id"
_EXPRESSION = (".gct", ".h5ad")


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
    import pandas as pd

    require_unfitted(str(path), read_history(path))
    if any(suffix.lower() in _EXPRESSION for suffix in Path(path).suffixes[-2:]):
        return read_expression(path).rename_axis(_ID)
    frame = read_table(path)[0].frame
    key = _ID if _ID in frame else frame.columns[0]
    frame = frame[frame[key] != ""].set_index(key).rename_axis(_ID)
    if not frame.shape[1]:
        raise InputError(f"{path} has no column beside the patient ids.")
    frame = frame.mask(frame == "")
    columns = {}
    for name in frame.columns:
        numbers = pd.to_numeric(frame[name], errors="coerce")
        whole = numbers.notna().sum() == frame[name].notna().sum()
        columns[name] = numbers.astype(float) if whole else frame[name]
    return pd.DataFrame(columns, index=frame.index)
