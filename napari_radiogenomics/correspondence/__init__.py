"""Whether maps, and biopsies, lie in the same places as a map: the honest statistics.

Maps of one tumor by their effective sample size and by surrogates; tumors joined with the
patient as the unit; biopsies within their patients; and the virtual biopsy, learned from them.
"""

from napari_radiogenomics.correspondence.biopsies import correspond_samples
from napari_radiogenomics.correspondence.correspond import correspond
from napari_radiogenomics.correspondence.patients import PooledCorrespondence, pool_correspondence
from napari_radiogenomics.correspondence.result import Correspondence
from napari_radiogenomics.correspondence.sample_result import SampleCorrespondence
from napari_radiogenomics.correspondence.virtual_biopsy import virtual_biopsy
from napari_radiogenomics.correspondence.virtual_map import VirtualMaps, map_virtual_biopsy
from napari_radiogenomics.correspondence.virtual_model import VirtualBiopsyModel
from napari_radiogenomics.correspondence.virtual_result import VirtualBiopsy

__all__ = [
    "Correspondence",
    "PooledCorrespondence",
    "SampleCorrespondence",
    "VirtualBiopsy",
    "VirtualBiopsyModel",
    "VirtualMaps",
    "correspond",
    "correspond_samples",
    "map_virtual_biopsy",
    "pool_correspondence",
    "virtual_biopsy",
]
