"""A voxelwise map of local tortuosity: what the vessels near a voxel do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.vessels.area import Lattice
from napari_radiogenomics.vessels.measures import Vessel

__all__ = ["local_map"]

# A voxel farther from every vessel than this many standard deviations has no value.
_NEAR = 2.0


def local_map(
    lines: Sequence[Vessel],
    lattice: Lattice,
    inside: NDArray[np.bool_],
    *,
    sigma_mm: float,
    unit: str,
    feature: str,
) -> Image:
    """Average the local tortuosity of vessels around each voxel.

    Parameters
    ----------
    lines : sequence of Vessel
        Evenly sampled, so that each point stands for the same length.
    lattice : Lattice
        Says which voxels of the scan are looked at.
    inside : ndarray of bool, shape (Z, Y, X)
        Voxels of the scan that get a value.
    sigma_mm : float
        Standard deviation of the Gaussian weight of distance.
    unit, feature : str
        Of the values.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    geometry, block = lattice.geometry, lattice.block
    shape = tuple(part.stop - part.start for part in block)
    total, weight = np.zeros(shape), np.zeros(shape)
    start = np.array([part.start for part in block])
    for line in lines:
        known = np.isfinite(line.local)
        index = geometry.world_to_index(line.points[known])[:, ::-1] - start
        place = tuple(np.clip(np.rint(index).astype(int), 0, np.array(shape) - 1).T)
        np.add.at(total, place, line.local[known])
        np.add.at(weight, place, 1.0)
    touched = weight > 0
    values = np.full(geometry.shape, np.nan, np.float32)
    if touched.any():
        sigma = sigma_mm / lattice.spacing
        smooth, norm = (
            gaussian_filter(x, sigma, mode="constant", truncate=3) for x in (total, weight)
        )
        near = distance_transform_edt(~touched, sampling=lattice.spacing) <= _NEAR * sigma_mm
        near &= inside[block] & (norm > 0)
        values[block] = np.where(near, smooth / np.where(norm > 0, norm, 1), np.nan)
    return Image(
        values, geometry, unit=unit, name=feature, modality="map", metadata={"feature": feature}
    )
