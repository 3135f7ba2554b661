"""Tissue samples as points in mm, and never as more than they are.

A point is drawn only for a sample that was located to a point or a polygon: a sample of the
whole tumour has no place inside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.data.precision import allows
from napari_radiogenomics.gui.layers.keys import AXES, SOURCE, UNITS
from napari_radiogenomics.imaging.display import display_geometry

if TYPE_CHECKING:
    from napari_radiogenomics.data.geometry import Geometry
    from napari_radiogenomics.data.samples import Samples

__all__ = ["coarsest", "samples_layers"]

# A biopsy without a known radius is drawn as if it were this wide.
_RADIUS_MM = 2.0
_FEATURES = ("kind", "precision", "structure", "radius_mm", "uncertainty_mm")


def coarsest(grids: Iterable[Geometry]) -> float:
    """Largest side of a voxel as displayed, in mm; 1 where there is no grid."""
    return max((side for grid in grids for side in display_geometry(grid).spacing), default=1.0)


def samples_layers(
    samples: Samples, beside: Geometry | None = None, *, unit_mm: float = 1.0
) -> list[tuple[Any, dict[str, Any], str]]:
    """Make the points layer of located samples; none where no sample has a place.

    Parameters
    ----------
    samples : Samples
        Samples of a patient.
    beside : Geometry, optional
        Grid of the scan, for coordinates that are voxels.
    unit_mm : float, optional
        What one unit of the layer's data is in mm; its ``scale`` says so. napari steps the
        sliders by the finest scale of all layers, so this is the thickness of a slice.

    Returns
    -------
    list of LayerData
        One points layer, sizes twice the radius in mm, with the sample id as text.
    """
    located = samples.located
    fine = np.array([allows(p, "polygon") for p in located.table["precision"]], dtype=bool)
    drawn = located.select(fine)
    if not len(drawn):
        return []
    points = drawn.points_lps(beside)  # (N, 3)
    table = drawn.table
    radius = table["radius_mm"].fillna(_RADIUS_MM).to_numpy(float)
    features = table[list(_FEATURES)].reset_index()
    # The names of thousands of spots would hide what lies below them.
    features["caption"] = features["sample_id"].where(features["kind"] != "spot", "")
    settings = {
        "name": "Biopsies",
        "scale": (unit_mm,) * 3,
        "size": 2 * radius / unit_mm,
        "features": features,
        "text": {
            "string": "{caption}",
            "size": 9,
            "color": "white",
            "translation": np.array([0.0, -4.0, 0.0]) / unit_mm,
        },
        "face_color": "#ffffff40",
        "border_color": "#d55e00",
        "border_width": 0.12,
        "symbol": "disc",
        "projection_mode": "rescale_spherical",
        # On a slice without biopsies napari draws one point of no size at the origin, which a
        # lower limit of some pixels would make visible.
        "canvas_size_limits": (0, 10_000),
        "axis_labels": AXES,
        "units": UNITS,
        "metadata": {SOURCE: drawn},
    }
    return [(points[:, ::-1] / unit_mm, settings, "points")]
