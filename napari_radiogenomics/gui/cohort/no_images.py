"""What can be seen of a cohort that has no images; no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.genomics.cohort_scores import has_genes

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["no_images_text"]


def no_images_text(cohort: Cohort) -> str:
    """Say that a cohort has no images, and what can be seen; empty where it has some.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> no_images_text(open_cohort(sample_cohort()))
    ''
    """
    if len(cohort.scans) or len(cohort.segmentations) or len(cohort.slides):
        return ""
    fact = f"{cohort.name} has no images: there is nothing to draw on the canvas."
    if not has_genes(cohort):
        return f"{fact} Name its scans in scans.csv."
    return (
        f"{fact} Its genes can be seen: Plugins ▸ Patients × genes shows all patients, the Genes "
        "tab the samples of one."
    )
