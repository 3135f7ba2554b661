"""Features against genes, pathways, mutations, clinical facts and survival.

One file a method in ``methods/``. Letters: N patients, P features, M outcomes, C columns of
confounders.
"""

from napari_radiogenomics.association.associate import associate
from napari_radiogenomics.association.result import AssociationResult
from napari_radiogenomics.association.skat import SkatResult, skat

__all__ = ["AssociationResult", "SkatResult", "associate", "skat"]
