"""Clinical tables: what kind a column is, what is missing and in whom, numbers for models."""

from __future__ import annotations

from napari_radiogenomics.clinical.columns import ColumnType, column_types, typed_table
from napari_radiogenomics.clinical.encoder import ClinicalEncoder
from napari_radiogenomics.clinical.little import mcar_test
from napari_radiogenomics.clinical.missingness import MissingnessReport, missingness_report

__all__ = [
    "ClinicalEncoder",
    "ColumnType",
    "MissingnessReport",
    "column_types",
    "mcar_test",
    "missingness_report",
    "typed_table",
]
