"""A physical phantom cohort with planted truths, and the sample that opens out of the box."""

from __future__ import annotations

from napari_radiogenomics.simulate.cohort import simulate_cohort
from napari_radiogenomics.simulate.sample import sample_cohort

__all__ = ["sample_cohort", "simulate_cohort"]
