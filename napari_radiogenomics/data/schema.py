"""The tables of a cohort: their columns, keys and permitted values.

This is the information model. Readers of foreign layouts fill the same tables, and the
checks of `data.conform` and `data.relate` read nothing but what stands here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from napari_radiogenomics.data.precision import Precision

__all__ = ["CLINICAL", "EXPRESSION_UNITS", "TABLES", "Column", "TableSpec"]

EXPRESSION_UNITS = ("count", "TPM", "FPKM", "CPM", "log", "z", "array")
_PRECISIONS = tuple(precision.value for precision in Precision)


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
        Header.
    kind : {"text", "number", "path"}
        How its cells are read. An empty cell is missing: ``""`` in text, NaN in numbers.
    required : bool
        Whether the table is of no use without it.
    choices : tuple of str
        Permitted values; anything where empty.
    low, high : float
        Range of plausible numbers.
    """

    name: str
    kind: Literal["text", "number", "path"] = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class TableSpec:
    """One table of a cohort.

    Attributes
    ----------
    name, file : str
        Name in the cohort and default file name.
    key : str
        Column that identifies a row and becomes the index; ``""`` where `unique` does.
    columns : tuple of Column
        Known columns, in order.
    unique : tuple of str
        Columns that together identify a row, where there is no key.
    free : bool
        Whether further columns are expected, as clinical ones.
    """

    name: str
    file: str
    key: str
    columns: tuple[Column, ...]
    unique: tuple[str, ...] = ()
    free: bool = False

    @property
    def names(self) -> list[str]:
        """Headers of the known columns."""
        return [column.name for column in self.columns]


def _spec(
    name: str, key: str, *columns: Column, unique: tuple[str, ...] = (), free: bool = False
) -> TableSpec:
    head = (Column(key, required=True),) if key else ()
    return TableSpec(name, f"{name}.csv", key, (*head, *columns), unique or (key,), free)


_PATIENT = Column("patient_id", required=True)
_TIMEPOINT = Column("timepoint")

_SPECS = (
    _spec(
        "patients",
        "patient_id",
        Column("site"),
        free=True,
    ),
    _spec(
        "aliases",
        "",
        _PATIENT,
        Column("system"),
        Column("alias", required=True),
        unique=("patient_id", "system", "alias"),
    ),
    _spec(
        "timepoints",
        "",
        _PATIENT,
        Column("timepoint", required=True),
        Column("days", "number"),
        unique=("patient_id", "timepoint"),
        free=True,
    ),
    _spec(
        "scans",
        "scan_id",
        _PATIENT,
        _TIMEPOINT,
        Column("modality"),
        Column("role"),
        Column("path", "path", required=True),
        Column("unit"),
        Column("frame"),
        free=True,
    ),
    _spec(
        "segmentations",
        "segmentation_id",
        Column("scan_id", required=True),
        Column("path", "path", required=True),
        Column("source", choices=("expert", "auto", "corrected")),
        Column("reader"),
        free=True,
    ),
    _spec(
        "labels",
        "",
        Column("value", "number", required=True, low=1),
        Column("name", required=True),
        Column("color"),
        Column("segmentation_id"),
        Column("category"),
        Column("type"),
        Column("anatomic_region"),
        unique=("value", "segmentation_id"),
    ),
    _spec(
        "samples",
        "sample_id",
        _PATIENT,
        _TIMEPOINT,
        Column("kind", choices=("bulk", "biopsy", "LMD", "spot")),
        Column("frame"),
        Column("coord_system", choices=("RAS", "LPS", "voxel")),
        Column("unit"),
        Column("x", "number"),
        Column("y", "number"),
        Column("z", "number"),
        Column("radius_mm", "number", low=0),
        Column("uncertainty_mm", "number", low=0),
        Column("structure"),
        Column("selected_by", choices=("location", "histology", "expression")),
        Column("expression_column"),
        Column("precision", choices=_PRECISIONS),
        free=True,
    ),
    _spec(
        "slides",
        "slide_id",
        _PATIENT,
        _TIMEPOINT,
        Column("sample_id"),
        Column("stain"),
        Column("path", "path", required=True),
        Column("um_per_pixel", "number", low=0),
        Column("frame"),
        Column("section"),
        free=True,
    ),
    _spec(
        "transforms",
        "",
        Column("from_frame", required=True),
        Column("to_frame", required=True),
        Column("path", "path", required=True),
        Column("landmarks", "path"),
        Column("method"),
        Column("error_mm", "number", low=0),
        unique=("from_frame", "to_frame"),
        free=True,
    ),
)

# Clinical columns with a fixed meaning; they are numbers wherever they occur.
CLINICAL = (
    Column("age", "number", low=0, high=130),
    Column("os_days", "number", low=0),
    Column("os_event", "number", low=0, high=1),
)

TABLES: dict[str, TableSpec] = {spec.name: spec for spec in _SPECS}
