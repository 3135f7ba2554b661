"""The table of a cohort: what was measured, what failed, and how it came about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.io.tables import read_table, write_table
from napari_radiogenomics.provenance import Record, read_history, write_history
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CohortFeatures"]

_FORMAT = 1


@dataclass(frozen=True, eq=False)
class CohortFeatures:
    """Measures of all patients as one table.

    Attributes
    ----------
    table : DataFrame
        One row a patient (index ``patient_id``) or a region (index ``patient_id, label``).
        NaN where there is no value.
    blocks : Mapping of str to str
        Measure of each column.
    units : Mapping of str to str
        Unit of the columns that have one.
    failures : DataFrame
        ``patient_id``, ``measure`` (empty where it is about all of them) and ``error``.
    sources : DataFrame, index ``patient_id``
        What was measured: ``timepoint, scan_id, segmentation_id``, hashes of the files, and
        ``cached`` and ``seconds`` of this run.
    settings : Mapping
        By measure.
    notes : tuple of str
        What should be known about the numbers.
    history : tuple of Record
        How it came to be.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> table = pd.DataFrame({"age": [61.0]}, index=pd.Index(["P1"], name="patient_id"))
    >>> features = CohortFeatures(table, {"age": "clinical"})
    >>> path = features.save(Path(tempfile.mkdtemp()) / "features.csv")
    >>> CohortFeatures.load(path).block("clinical")["age"].tolist()
    [61.0]
    """

    table: pd.DataFrame
    blocks: Mapping[str, str]
    units: Mapping[str, str] = field(default_factory=dict)
    failures: pd.DataFrame = field(default_factory=lambda: _empty("patient_id measure error"))
    sources: pd.DataFrame = field(
        default_factory=lambda: _empty("patient_id timepoint scan_id").set_index("patient_id")
    )
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    def __str__(self) -> str:
        rows, columns = self.table.shape
        what = "regions" if self.table.index.nlevels > 1 else "patients"
        lost = self.failures["patient_id"].nunique()
        return f"{rows} {what} × {columns} columns; {lost} patients with failures"

    def block(self, measure: str) -> pd.DataFrame:
        """Columns of one measure.

        Parameters
        ----------
        measure : str
            Its name.

        Raises
        ------
        InputError
            If there is no such block.
        """
        known = list(dict.fromkeys(self.blocks.values()))
        if measure not in known:
            raise InputError(f'No block is called "{measure}". {did_you_mean(measure, known)}')
        return self.table[[name for name in self.table if self.blocks[name] == measure]]

    def save(self, path: str | Path) -> Path:
        """Write the table as CSV, with what is known of it as JSON beside it.

        Parameters
        ----------
        path : str or Path
            CSV file. Beside it are written ``….facts.json`` (blocks, units, failures, sources,
            settings, notes) and ``….history.json``.
        """
        path = Path(path)
        facts = {
            "format": _FORMAT,
            "index": list(self.table.index.names),
            "text": [name for name in self.table if self.table[name].dtype.kind not in "fiub"],
            "blocks": dict(self.blocks),
            "units": dict(self.units),
            "failures": _records(self.failures),
            "sources": _records(self.sources.reset_index()),
            "settings": self.settings,
            "notes": list(self.notes),
        }
        write_table(self.table, path)
        with atomic_path(_facts_path(path)) as temporary:
            text = json.dumps(facts, indent=1, default=repr, ensure_ascii=False)
            temporary.write_text(text + "\n", encoding="utf-8")
        write_history(self, path)
        return path

    @classmethod
    def load(cls, path: str | Path) -> CohortFeatures:
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or Path
            The CSV file.

        Raises
        ------
        InputError
            If the file, or the facts beside it, cannot be read.
        """
        import pandas as pd

        path = Path(path)
        table, _ = read_table(path)
        try:
            facts = json.loads(_facts_path(path).read_text(encoding="utf-8"))
            if facts["format"] != _FORMAT:
                raise ValueError(f"format {facts['format']} instead of {_FORMAT}")
            frame = _typed(table.frame, facts["index"], facts["text"])
            sources = pd.DataFrame(facts["sources"], columns=list(_columns(facts["sources"])))
            failures = pd.DataFrame(facts["failures"], columns=["patient_id", "measure", "error"])
            return cls(
                frame, facts["blocks"], facts["units"], failures,
                sources.set_index("patient_id"), facts["settings"], tuple(facts["notes"]),
                read_history(path),
            )  # fmt: skip
        except OSError as error:
            raise InputError(
                f"{_facts_path(path)} cannot be read ({error.strerror}). It is written beside the "
                "table by CohortFeatures.save; copy both."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{_facts_path(path)} does not describe this table ({error}). Extract it again."
            ) from error


def _empty(columns: str) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=columns.split(), dtype=object)


def _facts_path(path: Path) -> Path:
    return path.with_name(path.name + ".facts.json")


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def _columns(records: list[dict[str, Any]]) -> dict[str, None]:
    return {"patient_id": None, **dict.fromkeys(name for row in records for name in row)}


def _typed(frame: pd.DataFrame, index: list[str], text: list[str]) -> pd.DataFrame:
    """Numbers and texts as they were; an empty cell is missing."""
    for name in frame.columns.difference([*text, "patient_id"]):
        frame[name] = frame[name].replace("", "nan").astype(float)
    for name in text:
        frame[name] = frame[name].where(frame[name] != "")
    if "label" in index:
        frame["label"] = frame["label"].astype(int)
    return frame.set_index(index)
