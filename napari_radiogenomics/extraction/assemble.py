"""One table of what the patients' tasks answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.case import Case, Regions
from napari_radiogenomics.extraction.measure import Block
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.extraction.task import Outcome

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["assemble"]


def assemble(
    outcomes: list[Outcome],
    cases: Mapping[str, Case],
    known: Mapping[str, pd.DataFrame],
    wanted: Sequence[str],
    regions: Regions,
) -> CohortFeatures:
    """Join the blocks of all patients.

    Parameters
    ----------
    outcomes : list of Outcome
        One a patient, in the order of the rows.
    cases : Mapping of str to Case
        What was measured, by patient.
    known : Mapping of str to DataFrame
        What is known without images, by measure; one row a patient.
    wanted : sequence of str
        Measures in the order of the columns.
    regions : {"whole", "each"}
        Whether the label is part of the index.

    Raises
    ------
    InputError
        If nobody was measured, or two measures have a column of the same name.
    """
    by_patient = {outcome.patient_id: outcome for outcome in outcomes}
    without_images = not set(wanted) - set(known)
    measured = [name for name, one in by_patient.items() if one.blocks or without_images]
    failures = _failures(outcomes)
    if not measured:
        patient, measure, error = failures.iloc[0]
        what = f"{measure}: {error}" if measure else error
        raise InputError(f"None of {len(outcomes)} patients could be measured. {patient}: {what}")
    parts = {
        name: known[name].loc[measured] if name in known else _table(name, by_patient)
        for name in wanted
    }
    blocks = _blocks(parts)
    table = _joined(parts, measured, by_patient, regions)
    units: dict[str, str] = {}
    notes: list[str] = []
    for name, part in parts.items():
        units |= part.attrs.get("units", {})
        notes += [f"{name}: {note}" for note in part.attrs.get("notes", ())]
    return CohortFeatures(
        table, blocks, units, failures, _sources(by_patient, cases), notes=tuple(notes)
    )


def _failures(outcomes: list[Outcome]) -> pd.DataFrame:
    """One row an error; one that concerns every measure is told once."""
    import pandas as pd

    rows = []
    for outcome in outcomes:
        same = set(outcome.errors.values())
        if len(same) == 1 and not outcome.blocks:
            rows.append((outcome.patient_id, "", same.pop()))
        else:
            rows += [(outcome.patient_id, name, error) for name, error in outcome.errors.items()]
    return pd.DataFrame(rows, columns=["patient_id", "measure", "error"])


def _table(name: str, outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Table of one measure, index ``patient_id, label``."""
    import pandas as pd

    found = {who: one.blocks[name] for who, one in outcomes.items() if name in one.blocks}
    keys = [(who, label) for who, block in found.items() for label in block.rows]
    rows = [row for block in found.values() for row in block.rows.values()]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    index = pd.MultiIndex.from_tuples(keys, names=["patient_id", "label"]) if keys else None
    numbers = [c for c in columns if not any(isinstance(row.get(c), str) for row in rows)]
    values = np.array([[_number(row.get(c)) for c in numbers] for row in rows], float)
    table = pd.DataFrame(values.reshape(len(rows), len(numbers)), index=index, columns=numbers)
    texts = [c for c in columns if c not in numbers]
    if texts:
        more = pd.DataFrame([[row.get(c) for c in texts] for row in rows], index, texts)
        table = pd.concat([table, more], axis=1)[columns]
    table.attrs = {"units": _units(found.values()), "notes": _notes(found)}
    return table


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _units(blocks: Iterable[Block]) -> dict[str, str]:
    """Units that all patients agree on; where they differ, what they are joined by "or"."""
    seen: dict[str, dict[str, None]] = {}
    for block in blocks:
        for column, unit in block.units.items():
            seen.setdefault(column, {})[unit] = None
    return {column: " or ".join(units) for column, units in seen.items()}


def _notes(blocks: Mapping[str, Block]) -> tuple[str, ...]:
    """Each note once, with whom it concerns."""
    seen: dict[str, list[str]] = {}
    for patient, block in blocks.items():
        for note in block.notes:
            seen.setdefault(note, []).append(patient)
    everyone = len(blocks)
    return tuple(
        note if len(who) == everyone else f"{note} ({_some(who)})" for note, who in seen.items()
    )


def _some(names: list[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _blocks(parts: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    blocks: dict[str, str] = {}
    for name, part in parts.items():
        for column in map(str, part.columns):
            if column in blocks:
                raise InputError(
                    f'The measures {blocks[column]} and {name} both have a column "{column}". '
                    "Rename it in the table of patients, or leave one of them out."
                )
            blocks[column] = name
    return blocks


def _joined(
    parts: Mapping[str, pd.DataFrame],
    measured: list[str],
    outcomes: Mapping[str, Outcome],
    regions: Regions,
) -> pd.DataFrame:
    """All blocks side by side; what is known of a patient holds for each region."""
    import pandas as pd

    keys = [
        (patient, label)
        for patient in measured
        for label in sorted({n for b in outcomes[patient].blocks.values() for n in b.rows} or {1})
    ]
    index = pd.MultiIndex.from_tuples(keys, names=["patient_id", "label"])
    owners = index.get_level_values("patient_id")
    aligned = [
        part.reindex(index) if part.index.nlevels > 1 else part.loc[owners].set_axis(index)
        for part in parts.values()
        if part.shape[1]
    ]
    table = pd.concat(aligned, axis=1)
    table.attrs = {}
    return table if regions == "each" else table.droplevel("label")


def _sources(outcomes: Mapping[str, Outcome], cases: Mapping[str, Case]) -> pd.DataFrame:
    """What was measured of whom."""
    import pandas as pd

    rows = [
        {
            "patient_id": patient,
            "timepoint": case.timepoint,
            "scan_id": case.scan_id,
            "segmentation_id": case.segmentation_id,
            "scan_hash": outcomes[patient].inputs.get(case.scan_id, ""),
            "segmentation_hash": outcomes[patient].inputs.get(case.segmentation_id, ""),
            "cached": bool(outcomes[patient].blocks)
            and outcomes[patient].n_cached == len(outcomes[patient].blocks),
            "seconds": round(outcomes[patient].seconds, 3),
        }
        for patient, case in cases.items()
    ]
    columns = (
        "patient_id timepoint scan_id segmentation_id scan_hash segmentation_hash cached seconds"
    )
    return pd.DataFrame(rows, columns=columns.split()).set_index("patient_id")
