"""Single-sample GSEA, normalized by the range of all scores, as GSVA's ``ssgsea``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.scorer import ANY, PlacedSets, Scorer
from napari_radiogenomics.genomics.scorers._ssgsea import raw_scores
from napari_radiogenomics.progress import Progress

__all__ = ["SCORER"]


def _score(
    values: NDArray[np.float64], sets: PlacedSets, progress: Progress
) -> NDArray[np.float64]:
    scores = raw_scores(values, sets, progress)
    spread = np.ptp(scores)
    if spread == 0:
        raise InputError(
            "All scores are equal, so that ssGSEA has no range to divide by. Use "
            'method="ssgsea_raw", or score more than one sample or set.'
        )
    return scores / spread


SCORER = Scorer(
    name="ssgsea",
    title="Single-sample GSEA (GSVA's ssgsea, normalized)",
    meaning="Sum of the walk inside minus outside the set over the ranks of a sample, divided by "
    "the range of all scores.",
    doi="10.1038/nature08460",
    limits="The range is that of all sets and samples scored together: scores change with both. "
    "Other packages' ssGSEA differ (r = 0.99993 to gseapy).",
    unit="ssGSEA score",
    takes=ANY,
    score=_score,
    common_factor=True,
    has_background=True,
)
