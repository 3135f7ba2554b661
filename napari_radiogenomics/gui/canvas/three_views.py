"""Three linked orthogonal views with napari-orthogonal-views, heads up in each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from napari_orthogonal_views import OrthoViewWidget
from napari_orthogonal_views.ortho_view_manager import show_orthogonal_views
from napari_orthogonal_views.widget_controls import ControlsWidget
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QSplitter

from napari_radiogenomics.gui.attached import Attached, attached
from napari_radiogenomics.gui.canvas.dress import dress_canvas

if TYPE_CHECKING:
    import napari.viewer
    from napari.components import ViewerModel

__all__ = ["ThreeViews", "show_three_views"]

# Part of the height that the lower view and the controls of the views get.
_LOWER = 0.36


def upright_order(labels: tuple[str, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    """Exchange the displayed axes of a view where the head would lie on its side.

    Examples
    --------
    >>> upright_order(("z", "y", "x"), (2, 1, 0))
    (2, 0, 1)
    >>> upright_order(("z", "y", "x"), (1, 0, 2))
    (1, 0, 2)
    """
    if labels[order[-1]] != "z":
        return order
    return (*order[:-2], order[-1], order[-2])


def center_in_sight(model: ViewerModel, center: Sequence[float]) -> tuple[float, ...]:
    """Move a camera's center only as far as the point of the slices would be out of sight."""
    dims, camera = model.dims, model.scene.camera
    wanted = list(center)
    for place, axis in ((-2, dims.order[-2]), (-1, dims.order[-1])):
        half = model.canvas.size[place] / camera.zoom / 2
        if abs(dims.point[axis] - center[place]) > half:
            wanted[place] = dims.point[axis]
    return tuple(wanted)


class ThreeViews(Attached):
    """Turns the linked views upright and puts letters on them, whenever they come.

    Parameters
    ----------
    viewer : napari.Viewer
        The main viewer.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer)
        self._followed: WeakSet[Any] = WeakSet()
        self._centers: dict[int, list[tuple[ViewerModel, Any]]] = {}
        self.viewer.dims.events.order.connect(self.update, position="last")
        self.viewer.layers.events.inserted.connect(self.update, position="last")

    def widgets(self) -> list[OrthoViewWidget]:
        """The linked views of this viewer."""
        found = [widget for widget in QApplication.allWidgets() if _is_linked(widget)]
        return [widget for widget in found if widget.viewer is self.viewer]

    def models(self) -> list[ViewerModel]:
        """Models of the linked views."""
        return [widget.vm_container.viewer_model for widget in self.widgets()]

    def update(self, event: object = None) -> None:
        """Turn every linked view."""
        for model in self.models():
            if model not in self._followed:
                self._followed.add(model)
                model.dims.events.order.connect(self.update, position="last")
                dress_canvas(model, linked=True)
            labels, dims = tuple(self.viewer.dims.axis_labels), model.dims
            if dims.ndim != len(labels):
                continue  # it has not got its layers yet
            if tuple(dims.axis_labels) != labels:
                dims.axis_labels = labels
            order = upright_order(labels, tuple(dims.order))
            if tuple(dims.order) != order:
                dims.order = order

    def _hold_still(self, model: ViewerModel) -> None:
        """Keep the pictures where they are when slices change.

        napari-orthogonal-views 0.5 follows the slice with the camera, but takes places for
        voxel indices, so that a scan that does not start at 0 mm jumps out of sight.
        """
        step = model.dims.events.current_step
        step.connect(self._note_centers, position="first")
        step.connect(self._restore_centers, position="last")

    def _note_centers(self, event: Any) -> None:
        seen = [self.viewer, *self.models()]
        self._centers[id(event.source)] = [(model, model.scene.camera.center) for model in seen]

    def _restore_centers(self, event: Any) -> None:
        for model, center in self._centers.pop(id(event.source), ()):
            wanted = center_in_sight(model, center)
            if tuple(model.scene.camera.center) != wanted:
                model.scene.camera.center = wanted

    def arrange(self) -> None:
        """Set the controls and sizes so that everything fits a small screen."""
        if self.viewer not in self._followed:
            self._followed.add(self.viewer)
            self._hold_still(self.viewer)
        self.update()
        for widget in self.widgets():
            row = widget.parentWidget()
            column = None if row is None else row.parentWidget()
            if isinstance(row, QSplitter) and isinstance(column, QSplitter):
                height = max(column.height(), 1)
                lower = round(height * _LOWER)
                column.setSizes([height - lower, lower])
                for controls in column.findChildren(ControlsWidget):
                    controls.show_axes.setChecked(False)  # the letters say it


def _is_linked(widget: object) -> bool:
    return isinstance(widget, OrthoViewWidget)


def show_three_views(viewer: napari.viewer.Viewer) -> None:
    """Show coronal and sagittal views beside the axial one; they come in the next event.

    Parameters
    ----------
    viewer : napari.Viewer
        The main viewer.
    """
    views = attached(viewer, ThreeViews)
    show_orthogonal_views(views.viewer)
    QTimer.singleShot(0, views.arrange)
