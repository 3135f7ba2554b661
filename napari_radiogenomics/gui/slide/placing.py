"""Where the slide view of a window is: between the layer list and the scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive

from napari_radiogenomics.gui.attached import Attached, attached, plain_viewer
from napari_radiogenomics.gui.canvas.beside import leave_beside, show_beside
from napari_radiogenomics.gui.slide.view import SlideView

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_radiogenomics.data.slide import Slide
    from napari_radiogenomics.gui.placing import PlacedWidget

__all__ = ["leave_slide", "slide_view"]

_TITLE = "Slide view"


class _Holder(Attached):
    """Keeps the slide view of a viewer."""

    view: SlideView | None = None


def slide_view(
    viewer: ViewerModel, *, owner: PlacedWidget | None = None, yields: bool = False
) -> SlideView:
    """Return the slide view of a window, docked to the left of the scan and shown.

    Parameters
    ----------
    viewer : napari.Viewer
        The main viewer; a model without a window gets a view that is not docked.
    owner : PlacedWidget, optional
        Dock that the view is seen with.
    yields : bool, optional
        Stay unseen where another view of ours has the place.
    """
    viewer = plain_viewer(viewer)
    holder = attached(viewer, _Holder)
    if holder.view is None or not isalive(holder.view):
        holder.view = SlideView(viewer)
    view = holder.view
    show_beside(viewer, view, _TITLE, owner=owner, fit=view.fit, yields=yields)
    return view


def leave_slide(viewer: ViewerModel, slide: Slide) -> None:
    """Show a slide no more, and give its room to the scan; another one that is shown stays.

    Parameters
    ----------
    viewer : napari.Viewer
        The main viewer.
    slide : Slide
        Of a patient whose scan is not open any more.
    """
    view = attached(plain_viewer(viewer), _Holder).view
    if view is not None and isalive(view) and view.slide is slide:
        view.clear()
        leave_beside(viewer, view)
