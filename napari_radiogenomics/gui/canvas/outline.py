"""A thin outline of what lies in the scan as a sheet, in every view of it, in pixels of the screen.

A layer would have lines in mm, which are too wide close by and not seen from afar, and its flat
slices would cut a sheet that lies across them into dots. The outline is drawn whole in each view
whose slice passes through it, as the crosshair of the linked views is.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from napari_orthogonal_views.cross_hair_overlay import CrosshairOverlay, VispyCrosshairOverlay
from napari_orthogonal_views.ortho_view_manager import overlay_to_visual
from numpy.typing import NDArray

from napari_radiogenomics.gui.attached import attached, is_attached
from napari_radiogenomics.gui.canvas.three_views import ThreeViews

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["OutlineOverlay", "draw_outline", "outline_in_view", "outline_of"]

_NAME = "radiogenomics_outline"
_COLOR = (1.0, 0.17, 0.84, 1.0)
_PIXELS = 2
_NOTHING = np.zeros((2, 2), np.float32)


class OutlineOverlay(CrosshairOverlay):
    """Lines in the world of the scan.

    Attributes
    ----------
    ends : tuple
        Two ends z, y, x in mm of each line, one after another.
    """

    ends: tuple[tuple[float, float, float], ...] = ()


def outline_in_view(
    ends: NDArray[np.float64], point: NDArray[np.float64], order: tuple[int, ...], half: float
) -> NDArray[np.float32]:
    """Ends of the lines as a view shows them: horizontal and vertical position in mm.

    Parameters
    ----------
    ends : ndarray, shape (M, 3)
        z, y, x in mm.
    point : ndarray, shape (3,)
        Where the slices are.
    order : tuple of int
        Axes of the view: across, down, to the right.
    half : float
        Half of the thickness of its slices.

    Returns
    -------
    ndarray, shape (M, 2)
        All of the outline where the slice passes through it; else a line of no length.

    Examples
    --------
    >>> ends = np.array([(1.0, 5.0, 7.0), (2.0, 6.0, 9.0)])
    >>> outline_in_view(ends, np.array([2.5, 0, 0]), (0, 1, 2), 1.0).tolist()
    [[7.0, 5.0], [9.0, 6.0]]
    >>> outline_in_view(ends, np.array([3.5, 0, 0]), (0, 1, 2), 1.0).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    across, down, right = order
    if not len(ends):
        return _NOTHING
    low, high = ends[:, across].min() - half, ends[:, across].max() + half
    if not low <= point[across] <= high:
        return _NOTHING
    return ends[:, [right, down]].astype(np.float32)


class _OutlineLines(VispyCrosshairOverlay):
    """Draws the outline in one view."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        dims = self.viewer.dims
        for event in (dims.events.point, dims.events.order, dims.events.ndisplay,
                      dims.events.range, self.overlay.events.ends):  # fmt: skip
            event.connect(self._move_crosshairs)
        self._move_crosshairs()

    def _move_crosshairs(self, event: object = None) -> None:
        """Draw what the slice in sight passes through."""
        dims, lines = self.viewer.dims, _NOTHING
        ends = np.reshape(np.asarray(self.overlay.ends, float), (-1, 3))
        if dims.ndisplay == 2 and dims.ndim >= 3:
            order = tuple(axis - dims.ndim + 3 for axis in dims.order[-3:])
            if min(order) >= 0:
                half = float(dims.range[dims.order[-3]].step) / 2
                lines = outline_in_view(ends, np.asarray(dims.point[-3:], float), order, half)
        self.node.set_data(pos=lines, color=_COLOR, width=_PIXELS, connect="segments")


overlay_to_visual[OutlineOverlay] = _OutlineLines


def outline_of(viewer: ViewerModel) -> OutlineOverlay | None:
    """The outline of a viewer that is seen; None where there is none."""
    found = viewer.scene.overlays.get(_NAME)
    return found if isinstance(found, OutlineOverlay) and found.visible else None


def draw_outline(viewer: ViewerModel, lines: list[NDArray[np.float64]]) -> None:
    """Draw lines in all views of a scan, in place of those before; without lines nothing is seen.

    Parameters
    ----------
    viewer : ViewerModel
        The main viewer.
    lines : list of ndarray, shape (N, 3)
        Corners z, y, x in mm of each.
    """
    ends = tuple(
        tuple(map(float, corner)) for line in lines for pair in pairwise(line) for corner in pair
    )
    linked = attached(viewer, ThreeViews).models() if is_attached(viewer, ThreeViews) else []
    for one in (viewer, *linked):
        overlays = one.scene.overlays
        if _NAME not in overlays:
            if not ends:
                continue
            overlays[_NAME] = OutlineOverlay()
        overlays[_NAME].ends = ends
        overlays[_NAME].visible = bool(ends)
