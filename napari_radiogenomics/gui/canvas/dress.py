"""Everything that our docks put on the canvas, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.gui.attached import is_attached
from napari_radiogenomics.gui.canvas.hover import show_hover
from napari_radiogenomics.gui.canvas.legend import show_legend
from napari_radiogenomics.gui.canvas.overlays import show_orientation, show_scale_bar, stand_upright
from napari_radiogenomics.gui.canvas.window_level import RightDrag, drag_with_right

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["dress_canvas"]


def dress_canvas(viewer: ViewerModel, *, linked: bool = False) -> None:
    """Show letters, scale bar, legend and hover card; turn the head up; right-drag the window.

    A second call changes nothing.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    linked : bool, optional
        It is a view beside the main one: the legend and the scale bar are not repeated.

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
    drag_with_right(viewer)
    if not linked:
        show_scale_bar(viewer)
        show_legend(viewer)
