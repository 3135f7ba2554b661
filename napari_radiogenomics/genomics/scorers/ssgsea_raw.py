"""Single-sample GSEA as it comes, without the range of the cohort."""

from __future__ import annotations

from napari_radiogenomics.genomics.scorer import ANY, Scorer
from napari_radiogenomics.genomics.scorers._ssgsea import raw_scores

__all__ = ["SCORER"]

SCORER = Scorer(
    name="ssgsea_raw",
    title="Single-sample GSEA (GSVA's ssgsea, not normalized)",
    meaning="Sum of the walk inside minus outside the set over the ranks of a sample.",
    doi="10.1038/nature08460",
    limits="Grows with the number of genes: compare samples of one table only.",
    unit="ssGSEA raw score",
    takes=ANY,
    score=raw_scores,
    single_sample=True,
    has_background=True,
)
