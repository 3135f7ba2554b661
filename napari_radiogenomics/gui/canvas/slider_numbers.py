"""The numbers beside the sliders, whole: napari leaves them a few pixels too little room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QLabel

from napari_radiogenomics.gui.attached import Attached, attached

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["SliderNumbers", "show_whole_numbers"]

_NAME = "slice_label"


def _without_indent() -> None:
    """Begin the number of the last slice at the edge of its label, which is as wide as it is.

    A label with a style of its own is indented by half a letter, and its last digit is cut off.
    """
    for widget in QApplication.allWidgets():
        if isinstance(widget, QLabel) and widget.objectName() == _NAME and widget.indent() != 0:
            widget.setIndent(0)


class SliderNumbers(Attached):
    """Looks after the labels of the sliders, those of later axes too.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.viewer.dims.events.ndim.connect(self.update)
        self.update()

    def update(self, event: object = None) -> None:
        """Give the labels their room as soon as they are there; without a window, do nothing."""
        if QApplication.instance() is not None:
            QTimer.singleShot(0, _without_indent)


def show_whole_numbers(viewer: ViewerModel) -> SliderNumbers:
    """Show the numbers beside the sliders whole; a second call finds the helper of the first."""
    return attached(viewer, SliderNumbers)
