"""Nuclei: dark in hematoxylin, of the size of nuclei, and split where they touch.

A nucleus is where the distance to the edge of the stained area has a peak. A tile sees as far
around itself as a nucleus is wide, and keeps the nuclei whose peaks lie in it: each is counted
once, and whole.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_radiogenomics.progress import Progress
from napari_radiogenomics.tissue.objects import Objects
from napari_radiogenomics.tissue.scene import Scene, disk

__all__ = ["find_nuclei"]

# What is wider is a clump that nothing splits, or no nucleus.
_WIDEST_UM = 30.0
# Peaks nearer than this are one nucleus that is not quite round.
_PEAK_UM = 3.0
# The edge is evened out by so much before it is measured.
_SMOOTH_UM = 0.75


def find_nuclei(scene: Scene, *, threshold: float, progress: Progress) -> Objects:
    """Find nuclei.

    Parameters
    ----------
    scene : Scene
        The slide.
    threshold : float
        Amount of hematoxylin above the local background from which on a pixel is stained.
    progress : Progress
        Reports tiles.
    """
    lattice = scene.lattice
    halo = int(np.ceil((2 * _WIDEST_UM + _PEAK_UM) / min(lattice.um)))
    found = [np.zeros((0, 3))]
    for tile in scene.tiles(progress, "Nuclei"):
        outer = tile.around(halo, lattice.shape)
        stained = scene.contrast(outer) >= threshold
        stained &= scene.at(outer, scene.ground.searched)
        peaks, pixels = _split(stained, lattice.um)
        peaks += [outer.rows.start, outer.columns.start]
        own = np.ones(len(peaks), bool)
        for axis, part in enumerate((tile.rows, tile.columns)):
            own &= (peaks[:, axis] >= part.start) & (peaks[:, axis] < part.stop)
        found.append(np.column_stack([peaks, pixels])[own])
    table = pd.DataFrame(np.concatenate(found), columns=["row", "column", "pixels"])
    table["pixels"] = table["pixels"].astype(np.int64)
    cell = scene.cells.at(table["row"].to_numpy(), table["column"].to_numpy(), lattice)
    parts = pd.DataFrame({"object": np.arange(len(table)), "cell": cell, "pixels": table["pixels"]})
    return Objects(table, parts)


def _split(
    stained: NDArray[np.bool_], um: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Peaks (N, 2) and the pixels of each, by a watershed from them."""
    from scipy import ndimage
    from skimage.segmentation import watershed

    if not stained.any():
        return np.zeros((0, 2)), np.zeros(0, np.int64)
    inner = np.pad(stained, 1)  # beyond the slide there is nothing
    deep = ndimage.distance_transform_edt(inner, um)[1:-1, 1:-1]
    deep = np.minimum(deep, _WIDEST_UM / 2)
    even = ndimage.gaussian_filter(deep, [_SMOOTH_UM / size for size in um], truncate=3.0)
    even = np.round(even, 6)  # peaks of the same height stay of the same height in every tile
    top = (even == ndimage.maximum_filter(even, footprint=disk(_PEAK_UM, um))) & stained
    markers, count = ndimage.label(top, np.ones((3, 3)))
    labels = watershed(-even, markers, mask=stained)
    numbers = np.arange(1, count + 1)
    peaks = np.array(ndimage.center_of_mass(top, markers, numbers)).reshape(-1, 2)
    pixels = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    # A peak that is cut off at the widest is a plateau within a clump.
    height = ndimage.maximum(deep, markers, numbers) if count else np.zeros(0)
    single = np.asarray(height) < _WIDEST_UM / 2
    return peaks[single], pixels[single]
