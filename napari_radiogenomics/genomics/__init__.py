"""Genes: what a matrix holds, counts made comparable, scores of pathways.

One file a method: normalizations in ``normalizations/``, pathway scores in ``scorers/``.
Tables are samples × genes; what they hold is in ``attrs["unit"]``. Letters: N samples,
G genes, S gene sets.
"""

from napari_radiogenomics.genomics.combat_seq import combat_seq
from napari_radiogenomics.genomics.normalize import filter_genes, normalize_counts
from napari_radiogenomics.genomics.pathways import score_pathways

__all__ = ["combat_seq", "filter_genes", "normalize_counts", "score_pathways"]
