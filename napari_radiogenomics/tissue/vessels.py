"""Vessels: what is stained more than its surroundings, and hangs together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.progress import Progress
from napari_radiogenomics.tissue.objects import Joined, Objects
from napari_radiogenomics.tissue.scene import Scene, disk

__all__ = ["find_vessels"]


def find_vessels(scene: Scene, *, threshold: float, gap_um: float, progress: Progress) -> Objects:
    """Find interconnected stained objects.

    Parameters
    ----------
    scene : Scene
        The slide.
    threshold : float
        Amount of stain above the local background from which on a pixel is stained.
    gap_um : float
        Stained pixels nearer than this hang together.
    progress : Progress
        Reports tiles.
    """
    rows, columns = scene.cells.shape
    joined = Joined(scene.lattice, rows * columns)
    bridge = disk(gap_um / 2, scene.lattice.um)
    halo = max(bridge.shape)
    for tile in scene.tiles(progress, "Vessels"):
        outer = tile.around(halo, scene.lattice.shape)
        stained = scene.contrast(outer) >= threshold
        stained &= scene.at(outer, scene.ground.searched)
        own = tile.within(outer)
        connected = _bridged(stained, bridge)[own]
        cells = (*scene.cells.of(tile, scene.lattice), scene.cells.shape[1])
        joined.add(tile, connected, stained[own], cells)
    return joined.objects()


def _bridged(stained: NDArray[np.bool_], bridge: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close gaps; at the border of the slide as anywhere else."""
    from scipy import ndimage

    if bridge.size == 1 or not stained.any():
        return stained
    reach = max(bridge.shape)
    closed = ndimage.binary_closing(np.pad(stained, reach), bridge)
    found: NDArray[np.bool_] = closed[reach:-reach, reach:-reach] | stained
    return found
