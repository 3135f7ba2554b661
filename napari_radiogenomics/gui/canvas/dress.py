"""Everything that our docks put on the canvas, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.gui.attached import Attached, attached, is_attached
from napari_radiogenomics.gui.canvas.empty_slice import show_empty_slice
from napari_radiogenomics.gui.canvas.hover import show_hover
from napari_radiogenomics.gui.canvas.legend import show_legend
from napari_radiogenomics.gui.canvas.looking import look_at_tumour
from napari_radiogenomics.gui.canvas.overlays import show_orientation, show_scale_bar, stand_upright
from napari_radiogenomics.gui.canvas.scan_bar import ScanBar
from napari_radiogenomics.gui.canvas.slider_numbers import show_whole_numbers
from napari_radiogenomics.gui.canvas.slider_steps import step_by_slices
from napari_radiogenomics.gui.canvas.window_level import RightDrag, drag_with_right

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["DarkCanvas", "FirstLook", "dress_canvas", "dress_on_first_scan"]


class DarkCanvas(Attached):
    """Black behind scans in every theme, as on a reading station; empty canvases keep theirs.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.viewer.layers.events.inserted.connect(self.update)
        self.viewer.layers.events.removed.connect(self.update)
        self._ours = False
        self.update()

    def update(self, event: object = None) -> None:
        """Color the canvas; a color that somebody else chose stays."""
        viewer = self._viewer()
        if viewer is None:
            return
        canvas, wanted = viewer.canvas, len(viewer.layers) > 0
        if wanted and canvas.background_color_override is None:
            canvas.background_color_override = "black"
            self._ours = True
        elif not wanted and self._ours:
            canvas.background_color_override = None
            self._ours = False


def dress_canvas(viewer: ViewerModel, *, linked: bool = False) -> None:
    """Show letters, bars, legend and hover card on black; head up; right-drag the window.

    The sliders step by slices of the scan.

    A second call changes nothing.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    linked : bool, optional
        It is a view beside the main one: the legend and the bars are not repeated.

    Examples
    --------
    >>> from napari.components import ViewerModel
    >>> viewer = ViewerModel()
    >>> dress_canvas(viewer)
    >>> viewer.canvas.overlays.scale_bar.visible
    True
    """
    if is_attached(viewer, RightDrag):
        return  # what the person switched off since then stays off
    show_orientation(viewer)
    stand_upright(viewer)
    show_hover(viewer)
    attached(viewer, DarkCanvas)
    drag_with_right(viewer)
    step_by_slices(viewer)
    show_whole_numbers(viewer)
    if not linked:
        show_scale_bar(viewer)
        show_legend(viewer)
        show_empty_slice(viewer)
        attached(viewer, ScanBar)


class FirstLook(Attached):
    """Marks a viewer that was shown a tumour once: from then on the person chooses the slice."""


def dress_on_first_scan(viewer: ViewerModel) -> None:
    """Do what a scan dropped on a bare window needs: dress the canvas, once show the tumour.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer; without layers it is only dressed.
    """
    dress_canvas(viewer)
    if not is_attached(viewer, FirstLook) and look_at_tumour(viewer):
        attached(viewer, FirstLook)
