"""Clinical tables: what kind a column is, what is missing and in whom, numbers for models.

`ClinicalEncoder` is loaded from its module when it is asked for: scikit-learn takes a second or
more, which workers that read columns need not spend.
"""

from __future__ import annotations

from napari_radiogenomics.clinical.columns import ColumnType, column_types, typed_table
from napari_radiogenomics.clinical.little import mcar_test
from napari_radiogenomics.clinical.missingness import MissingnessReport, missingness_report

__all__ = [
    "ColumnType",
    "MissingnessReport",
    "column_types",
    "mcar_test",
    "missingness_report",
    "typed_table",
]
