"""A thin crosshair in the three linked views, at the place where their slices meet.

napari-orthogonal-views 0.5 draws one too, but takes the number of a step for a place, so that it
misses every scan that does not start at 0 mm. Its overlay is kept, with another drawing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari_orthogonal_views.cross_hair_overlay import CrosshairOverlay, VispyCrosshairOverlay
from napari_orthogonal_views.ortho_view_manager import overlay_to_visual
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["ThinCrosshair", "crosshair_lines", "meeting_place", "use_thin_crosshair"]

_COLOR = (0.35, 1.0, 1.0, 0.75)
# The lines leave the place itself free, by this many pixels to each side.
_GAP_PIXELS = 12.0
_FAR_MM = 1e5


def crosshair_lines(place: tuple[float, float], gap: float) -> NDArray[np.float32]:
    """Ends of the four lines of a crosshair.

    Parameters
    ----------
    place : tuple of float
        Horizontal and vertical position in mm.
    gap : float
        Half of the width that is left free in the middle, in mm.

    Returns
    -------
    ndarray, shape (8, 2)
        Two ends of each line, one after another.

    Examples
    --------
    >>> crosshair_lines((3.0, 7.0), 1.0)[0::2].tolist()
    [[4.0, 7.0], [2.0, 7.0], [3.0, 8.0], [3.0, 6.0]]
    """
    ways = np.repeat(np.array([(1, 0), (-1, 0), (0, 1), (0, -1)], np.float32), 2, axis=0)
    lengths = np.tile(np.array([gap, _FAR_MM], np.float32), 4)
    return np.asarray(place, np.float32) + ways * lengths[:, np.newaxis]


def meeting_place(viewer: ViewerModel) -> tuple[float, float] | None:
    """Where the slices meet on the screen: horizontal and vertical position in mm.

    None in 3D and where nothing is open.

    Examples
    --------
    >>> from napari.components import ViewerModel
    >>> viewer = ViewerModel()
    >>> meeting_place(viewer)
    >>> _ = viewer.add_image(np.zeros((3, 5, 7)), scale=(4, 2, 1))
    >>> viewer.dims.set_point((0, 1, 2), (4, 6, 5))
    >>> meeting_place(viewer)
    (5.0, 6.0)
    """
    dims = viewer.dims
    if dims.ndisplay != 2 or not len(viewer.layers):
        return None
    vertical, horizontal = (float(dims.point[axis]) for axis in dims.displayed)
    return horizontal, vertical


class ThinCrosshair(VispyCrosshairOverlay):
    """Draws the crosshair of a view at the point of its sliders."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for event in (
            self.viewer.dims.events.point,
            self.viewer.dims.events.order,
            self.viewer.dims.events.ndisplay,
            self.viewer.scene.camera.events.zoom,
            self.viewer.layers.events.inserted,
            self.viewer.layers.events.removed,
        ):
            event.connect(self._move_crosshairs)
        self._move_crosshairs()

    def _move_crosshairs(self, event: object = None) -> None:
        """Draw it where the slices meet."""
        place, ends = meeting_place(self.viewer), np.zeros((2, 2), np.float32)
        if place is not None:
            ends = crosshair_lines(place, _GAP_PIXELS / max(self.viewer.scene.camera.zoom, 1e-6))
        self.node.set_data(pos=ends, color=_COLOR, width=1, connect="segments")


def use_thin_crosshair() -> None:
    """Let views that are opened from now on draw the thin crosshair."""
    overlay_to_visual[CrosshairOverlay] = ThinCrosshair
