"""Canvases beside the scan: for the moving side, and for a fixed slide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.components import ViewerModel
from napari.qt import QtViewer
from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QMainWindow, QSplitter, QVBoxLayout, QWidget
from superqt import QElidingLabel

from napari_radiogenomics.gui.attached import Attached, attached, plain_viewer
from napari_radiogenomics.gui.canvas.beside import show_beside
from napari_radiogenomics.gui.canvas.overlays import show_scale_bar
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.style import tone_color

if TYPE_CHECKING:
    from napari_radiogenomics.gui.placing import PlacedWidget
    from napari_radiogenomics.gui.register.pairs import Side

__all__ = ["SideCanvas", "SidesView", "sides_view"]

_TITLE = "Register view"
_EMPTY = "Nothing: choose the sides in the Register dock"


class SideCanvas(QWidget):
    """One canvas with its title."""

    def __init__(self, theme: str) -> None:
        super().__init__()
        self.model = ViewerModel(title=_TITLE)
        self.model.theme = theme
        self.canvas: QtViewer | None = QtViewer(self.model)
        canvas = self.canvas
        self.title = QElidingLabel()
        self.title.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.setMinimumSize(1, 1)
        canvas.setMinimumSize(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.title)
        column.addWidget(canvas, 1)
        show_scale_bar(self.model)

    def shut(self) -> None:
        """Let go of the canvas, once."""
        canvas, self.canvas = self.canvas, None
        if canvas is not None and isalive(canvas):
            self.model.layers.clear()
            self.model.mouse_drag_callbacks.clear()
            canvas.close()


class SidesView(QWidget):
    """One canvas for each side that the main viewer does not show.

    Parameters
    ----------
    viewer : napari.Viewer
        The main viewer, whose theme it follows.

    Attributes
    ----------
    canvases : dict of SideCanvas
        By side; that of the fixed one is hidden while the main viewer shows it.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.main = plain_viewer(viewer)
        self.setObjectName("radiogenomics-register-view")
        self.setMinimumSize(1, 1)  # else the window would grow where there is little room
        self.connections = Connections(self)
        self.canvases: dict[Side, SideCanvas] = {
            "fixed": SideCanvas(self.main.theme), "moving": SideCanvas(self.main.theme),
        }  # fmt: skip
        split = QSplitter(Qt.Orientation.Vertical)
        for canvas in self.canvases.values():
            split.addWidget(canvas)
        split.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(split)
        self.connections.add(self.main.events.theme, self._follow_theme)
        self._follow_theme()

    def show_side(self, side: Side, title: str) -> ViewerModel:
        """Show the canvas of a side under a title; answers with its model."""
        canvas = self.canvases[side]
        canvas.title.setText(f"{side.capitalize()}: {title}")
        if canvas.canvas is not None:
            canvas.canvas.dims.setVisible(True)
        canvas.show()
        return canvas.model

    def hide_side(self, side: Side) -> None:
        """Hide the canvas of a side."""
        self.canvases[side].hide()

    def rest(self) -> None:
        """Say that no side is shown."""
        for side, canvas in self.canvases.items():
            canvas.title.setText(f"{side.capitalize()}: {_EMPTY}")

    def fit(self) -> None:
        """Show all of each side."""
        for canvas in self.canvases.values():
            if canvas.model.layers:
                canvas.model.fit_to_view(layers=[canvas.model.layers[0]])

    def _follow_theme(self, event: object = None) -> None:
        for canvas in self.canvases.values():
            canvas.model.theme = self.main.theme
            canvas.title.setStyleSheet(
                f"color: {tone_color(self.main.theme, 'plain')}; padding: 2px;"
            )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt names it
        """Close the canvases with the window."""
        if event.type() == QEvent.Type.Close and isinstance(watched, QMainWindow):
            self.shut()
        return bool(super().eventFilter(watched, event))

    def shut(self) -> None:
        """Let go of the canvases."""
        for canvas in self.canvases.values():
            canvas.shut()


class _Holder(Attached):
    """Keeps the view of a viewer."""

    view: SidesView | None = None


def sides_view(viewer: ViewerModel, owner: PlacedWidget | None = None) -> SidesView:
    """Return the view of a window, docked to the left of the scan and shown.

    Parameters
    ----------
    viewer : napari.Viewer
        The main viewer; a model without a window gets a view that is not docked.
    owner : PlacedWidget, optional
        Dock that the view is seen with.
    """
    viewer = plain_viewer(viewer)
    holder = attached(viewer, _Holder)
    if holder.view is None or not isalive(holder.view):
        holder.view = SidesView(viewer)
    view = holder.view
    show_beside(viewer, view, _TITLE, owner=owner, fit=view.fit)
    return view
