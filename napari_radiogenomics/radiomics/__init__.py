"""Radiomics: features of gray levels and shape, voxel by voxel and region by region.

One file a family of features in ``families/``; what they compute is what PyRadiomics computes.
"""

from napari_radiogenomics.radiomics.habitats import find_habitats, habitat_model
from napari_radiogenomics.radiomics.region import extract_features
from napari_radiogenomics.radiomics.voxelwise import texture_maps

__all__ = ["extract_features", "find_habitats", "habitat_model", "texture_maps"]
