"""Whether maps, and biopsies, lie in the same places as a map: the honest statistics.

Maps of one tumor by their effective sample size and by surrogates; tumors joined with the
patient as the unit; biopsies within their patients.
"""

from napari_radiogenomics.correspondence.biopsies import SampleCorrespondence, correspond_samples
from napari_radiogenomics.correspondence.correspond import correspond
from napari_radiogenomics.correspondence.patients import PooledCorrespondence, pool_correspondence
from napari_radiogenomics.correspondence.result import Correspondence

__all__ = [
    "Correspondence",
    "PooledCorrespondence",
    "SampleCorrespondence",
    "correspond",
    "correspond_samples",
    "pool_correspondence",
]
