"""Maps of a slide: what lies in a moving window around each place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.tissue.cells import disk_sums
from napari_radiogenomics.tissue.fields import Sums
from napari_radiogenomics.tissue.hypoxia import AMOUNT_STEP
from napari_radiogenomics.tissue.kinds import MAP_TITLES
from napari_radiogenomics.tissue.window import block_sums

__all__ = ["local_maps"]

# A pixel of the map has a value where it is half tissue, and a quarter of its window is.
_OWN, _WINDOW = 0.5, 0.25


def local_maps(
    sums: Sums, *, window_mm: float, noun: str, area: str, frame: str, name: str
) -> dict[str, Image]:
    """Density of objects per mm², and percent of the tissue that is stained.

    Parameters
    ----------
    sums : Sums
        By cell.
    window_mm : float
        Diameter of the round window.
    noun, area : str
        What is counted, and what the stained area is; empty where there is no such map.
    frame, name : str
        Of the slide.
    """
    cells, step = sums.cells, sums.cells.per_step
    radius = window_mm / 2 / cells.side_mm
    tissue = disk_sums(sums.tissue, radius, step) * sums.lattice.pixel_mm2
    side_mm = step * cells.side_mm
    own = block_sums(sums.tissue, step) * sums.lattice.pixel_mm2
    known = (own >= _OWN * side_mm**2) & (tissue >= _WINDOW * np.pi / 4 * window_mm**2)
    start_y, start_x = sums.lattice.start_mm
    geometry = Geometry(
        (tissue.shape[1], tissue.shape[0], 1),
        (side_mm, side_mm, 1.0),
        (start_x + side_mm / 2, start_y + side_mm / 2, 0.0),
    )
    found: dict[str, tuple[NDArray[Any], float, str]] = {}
    if sums.objects is not None and noun:
        found[f"{noun}_per_mm2"] = (disk_sums(sums.objects, radius, step), 1.0, "1/mm²")
    if area:
        stained = disk_sums(sums.stained, radius, step) * sums.lattice.pixel_mm2
        found[area] = (stained, 100.0, "%")
    if sums.amount is not None:
        amount = disk_sums(sums.amount, radius, step) * sums.lattice.pixel_mm2
        found["mean_od"] = (amount, AMOUNT_STEP, "OD")
    maps = {}
    for key, (sum_of, factor, unit) in found.items():
        values = np.full(tissue.shape, np.nan, np.float32)
        values[known] = factor * sum_of[known] / tissue[known]
        title = MAP_TITLES[key]
        facts = {"feature": title, "frame": frame, "slide": name, "window_mm": window_mm}
        maps[key] = Image(
            values[None], geometry, unit=unit, name=f"{name} {title}".strip(), modality="map",
            metadata=facts,
        )  # fmt: skip
    return maps
