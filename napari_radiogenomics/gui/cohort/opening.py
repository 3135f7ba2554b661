"""Which cohort is opened: the one in a folder, or the sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["cohort_at", "sample_of_everything"]


def sample_of_everything() -> Cohort:
    """Open the sample cohort, simulated once where it did not come with the package."""
    from napari_radiogenomics.io.cohorts import open_cohort
    from napari_radiogenomics.simulate import sample_cohort

    return open_cohort(sample_cohort())


def cohort_at(folder: str) -> Cohort:
    """Open the cohort in a folder."""
    from napari_radiogenomics.io.cohorts import open_cohort

    return open_cohort(folder)
