"""The Slide dock of a window, opened where something is to be shown in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from napari_radiogenomics.gui.placing import raise_dock
from napari_radiogenomics.gui.session import session_of

if TYPE_CHECKING:
    import napari
    from napari.components import ViewerModel

    from napari_radiogenomics.gui.slide.dock import SlideDock

__all__ = ["on_the_scan", "open_first_slide", "slide_dock"]

_PLUGIN, _NAME = "napari-radiogenomics", "Slide"


def slide_dock(viewer: napari.viewer.Viewer, *, in_front: bool = True) -> SlideDock:
    """Return the Slide dock of a window, opened on first use.

    Parameters
    ----------
    viewer : napari.Viewer
        With a window.
    in_front : bool, optional
        Bring its tab to the front.
    """
    _, dock = viewer.window.add_plugin_dock_widget(_PLUGIN, _NAME, tabify=True)
    if in_front:
        raise_dock(dock)
    return dock


def on_the_scan(viewer: ViewerModel, names: Iterable[str]) -> tuple[str, ...]:
    """What of a patient is drawn with the scan: in a window, slides have a view of their own.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, with a window or not.
    names : iterable of str
        What the patient is opened with.

    Examples
    --------
    >>> from napari.components import ViewerModel
    >>> on_the_scan(ViewerModel(), ["scans", "slides"])
    ('scans', 'slides')
    """
    return tuple(name for name in names if name != "slides" or not hasattr(viewer, "window"))


def open_first_slide(viewer: ViewerModel, patient_id: str, timepoint: str = "") -> None:
    """Open the first slide of a patient in the slide view, unless one is chosen already.

    Parameters
    ----------
    viewer : ViewerModel
        Without a window nothing happens.
    patient_id, timepoint : str
        Whose, and when.
    """
    session = session_of(viewer)
    if session.cohort is None or not hasattr(viewer, "window"):
        return
    slides = session.cohort.slides_of(patient_id, timepoint)
    if len(slides):
        slide_dock(viewer, in_front=False)
        if not session.selection.slide_id:
            session.select(slide_id=str(slides.index[0]))
