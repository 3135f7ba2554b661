"""All measures of all patients of a cohort as one table, computed in parallel and resumable."""

from __future__ import annotations

from napari_radiogenomics.extraction.extract import extract_cohort
from napari_radiogenomics.extraction.measure import MEASURES, Block, Measure
from napari_radiogenomics.extraction.result import CohortFeatures

__all__ = ["MEASURES", "Block", "CohortFeatures", "Measure", "extract_cohort"]
