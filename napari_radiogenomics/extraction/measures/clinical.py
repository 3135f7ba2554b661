"""Clinical columns of the table of patients, each by its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.clinical.columns import column_types, read_columns
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.measure import Measure, Settings
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["MEASURE"]

_LEFT_OUT = ("text", "identifier")


def _of_cohort(cohort: Cohort, settings: Settings) -> pd.DataFrame:
    import pandas as pd

    own = {name: settings[name] for name in ("types", "missing") if settings.get(name)}
    found = read_columns(cohort.patients, **own)
    wanted = settings.get("columns")
    for name in wanted or ():
        if name not in found:
            hint = did_you_mean(name, list(found))
            raise InputError(f'The table of patients has no column "{name}". {hint}')
    kept = list(wanted or [n for n, one in found.items() if one.type not in _LEFT_OUT])
    columns = {}
    for name in kept:
        texts = pd.Series(found[name].texts, index=cohort.patients.index, dtype=object)
        numbers = pd.to_numeric(texts.where(texts != ""), errors="coerce")
        plain = found[name].type == "ratio" or numbers.notna().equals(texts != "")
        ratio = found[name].type == "ratio"
        columns[name] = (
            found[name].numbers() if ratio else numbers.astype(float) if plain
            else texts.where(texts != "")
        )  # fmt: skip
    table = pd.DataFrame(columns, index=cohort.patients.index)
    table.attrs["notes"] = _notes(column_types(cohort.patients, **own), kept)
    return table


def _notes(types: pd.DataFrame, kept: list[str]) -> tuple[str, ...]:
    """What was read as missing, and what is left out."""
    notes = [
        f"{name}: read as missing: {row.written}."
        for name, row in types.loc[kept].iterrows()
        if row.missing
    ]
    gone = [str(name) for name in types.index if name not in kept]
    if gone:
        notes.append(f"Left out as text or identifiers: {', '.join(gone)}.")
    return tuple(notes)


MEASURE = Measure(
    name="clinical",
    title="Clinical columns",
    meaning="Site, age, stage and whatever else the table of patients says, by type.",
    of_cohort=_of_cohort,
    settings=("columns", "types", "missing"),
)
