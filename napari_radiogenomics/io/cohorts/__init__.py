"""Cohort layouts, one file each; and the two verbs that use them."""

from __future__ import annotations

from napari_radiogenomics.io.cohort_export import export_cohort
from napari_radiogenomics.io.cohort_open import find_layout, open_cohort
from napari_radiogenomics.io.cohort_validate import validate_cohort
from napari_radiogenomics.io.patient import PatientData, load_patient

__all__ = [
    "PatientData",
    "export_cohort",
    "find_layout",
    "load_patient",
    "open_cohort",
    "validate_cohort",
]
