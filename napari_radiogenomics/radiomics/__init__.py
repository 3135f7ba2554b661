"""Texture of a region: features of the gray levels, voxel by voxel.

One file a family of features in ``families/``; what they compute is what PyRadiomics computes.
"""

from napari_radiogenomics.radiomics.voxelwise import texture_maps

__all__ = ["texture_maps"]
