"""Where the tissue of a slide lies in the scan: its outline, and who draws it. No Qt here."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.transform import Transform
from napari_radiogenomics.gui.attached import Attached, attached, is_attached

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Footprint", "footprint"]

_LEVEL, _TOLERANCE = 0.5, 0.6  # of the mask; pixels that a corner may be moved by


def footprint(tissue: Image, transform: Transform) -> list[NDArray[np.float64]]:
    """Outlines of the tissue, z, y, x in LPS mm of the scan.

    Parameters
    ----------
    tissue : Image, shape (1, Y, X)
        Measure of the slide; NaN where there is no tissue.
    transform : Transform
        From mm of the slide to LPS mm of the scan.

    Returns
    -------
    list of ndarray, shape (N, 3)
        Closed: the last corner is the first; one for each piece of tissue and each hole.
    """
    from skimage.measure import approximate_polygon, find_contours

    known = np.pad(np.isfinite(np.asarray(tissue.array[0], float)), 1).astype(float)
    found = []
    for contour in find_contours(known, _LEVEL):
        corners = approximate_polygon(contour, _TOLERANCE) - 1  # (N, 2): row, column
        index = np.column_stack([corners[:, ::-1], np.zeros(len(corners))])
        if len(corners) > 3:
            found.append(transform.points(tissue.geometry.index_to_world(index))[:, ::-1])
    return found


class Footprint(Attached):
    """The outline of a section on the views of a scan, also on those that are opened later.

    Without napari-orthogonal-views, which draws it, there is none.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.lines: list[NDArray[np.float64]] = []
        self.seen = False
        self._followed = False

    def use(self, lines: list[NDArray[np.float64]]) -> None:
        """Take the outline of another section; an empty list takes it away."""
        self.lines = lines
        self.see(bool(lines))

    def see(self, seen: bool) -> None:
        """Show it, or hide it while another dock is in front."""
        self.seen = seen
        self.draw()

    def draw(self) -> None:
        """Draw it in the views that there are."""
        if find_spec("napari_orthogonal_views") is None:
            return
        from napari_radiogenomics.gui.canvas.outline import draw_outline
        from napari_radiogenomics.gui.canvas.three_views import ThreeViews

        viewer = self._viewer()
        if viewer is None:
            return
        if not self._followed and is_attached(viewer, ThreeViews):
            self._followed = True
            attached(viewer, ThreeViews).changed.connect(self.draw)
        draw_outline(viewer, self.lines if self.seen else [])
