"""Which cohort is opened: the one in a folder, what a pattern finds in it, or the sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.io.scan_tree import ScanTree

__all__ = ["cohort_at", "sample_of_everything"]


def sample_of_everything() -> Cohort:
    """Open the sample cohort, simulated once where it did not come with the package."""
    from napari_radiogenomics.io.cohorts import open_cohort
    from napari_radiogenomics.simulate import sample_cohort

    return open_cohort(sample_cohort())


def cohort_at(folder: str, *, pattern: str = "") -> Cohort | ScanTree:
    """Open the cohort in a folder; of a tree of scans without tables or pattern, list its files."""
    from napari_radiogenomics.io.cohorts import find_layout, open_cohort
    from napari_radiogenomics.io.scan_tree import scan_tree

    if not pattern and Path(folder).is_dir() and any(Path(folder).iterdir()):
        try:
            find_layout(folder)
        except InputError:
            return scan_tree(folder)
    return open_cohort(folder, pattern=pattern)
