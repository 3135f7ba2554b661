"""A canvas of its own for slides, beside that of the scan.

In the viewer of the scan a slide would be seen through every slice, with sliders in steps of
its pixels. Here it has two axes in mm of the slide, as its maps, points and outlines.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from napari.components import ViewerModel
from napari.layers import Layer
from napari.qt import QtViewer
from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_radiogenomics.gui.attached import plain_viewer
from napari_radiogenomics.gui.canvas.legend import show_legend
from napari_radiogenomics.gui.canvas.overlays import show_scale_bar
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.style import tone_color
from napari_radiogenomics.gui.slide.layers import (
    COMMON,
    map_layer,
    outlines_layer,
    picture_layer,
    points_layer,
    um_drawn,
    units_drawn,
)
from napari_radiogenomics.gui.slide.redraw import Redraw
from napari_radiogenomics.gui.slide.tiles import ShownPyramid

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from napari_radiogenomics.data.image import Image
    from napari_radiogenomics.data.slide import Slide

__all__ = ["SlideView"]

_TITLE = "Slide view"
_EMPTY = "Choose a slide in the Slide dock."
_CROSS = "Crosshair"
# Of pixels, however close one looks: the limits cut a part of the slide's longer side.
_CROSS_PIXELS, _CROSS_PART = (3, 15), 0.1


class SlideView(QWidget):
    """One slide with what lies on it.

    Parameters
    ----------
    viewer : napari.Viewer
        The main viewer, whose theme it follows.

    Attributes
    ----------
    model : ViewerModel
        Viewer of the slide: its layers have the axes y and x in mm of the slide.
    slide : Slide or None
        What is shown.
    moved : Signal(object)
        Place of the mouse, ``(x, y)`` in mm of the slide, or None where it is not on it.
    clicked : Signal(float, float)
        Place x, y in mm that was clicked, without a drag.
    changed : Signal(object)
        The slide that is shown now, or None.
    damaged : Signal(str)
        A part of the slide cannot be read; it is hatched.
    """

    moved = Signal(object)
    clicked = Signal(float, float)
    changed = Signal(object)
    damaged = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        main = plain_viewer(viewer)
        self._main = weakref.ref(main)  # who keeps the view for the viewer must not keep both
        self.model = ViewerModel(title=_TITLE)
        self.slide: Slide | None = None
        self.picture: Layer | None = None
        self._pyramid: ShownPyramid | None = None
        self._cameras: dict[int, tuple[Any, float]] = {}
        self._fitted = False  # until the person looks closer, or elsewhere
        self.connections = Connections(self)
        self.canvas: QtViewer | None = None
        self._build()
        self._redraw = Redraw(self._draw)
        self.connections.add(main.events.theme, self._follow_theme)
        self.connections.add(self.model.scene.camera.events.zoom, self._tell)
        self.connections.add(self.model.canvas.events.size, self._keep_fitted)
        self._place: tuple[float, float] | None = None
        self._follow_theme()

    def _build(self) -> None:
        self.setObjectName("radiogenomics-slide-view")
        self.setMinimumSize(1, 1)  # else the window would grow where there is little room
        canvas = self.canvas = QtViewer(self.model)
        canvas.dims.hide()
        self.title, self.where = QElidingLabel(_EMPTY), QLabel()
        self.title.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.where.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.title.setAccessibleName("Slide")
        self.where.setAccessibleName("Place on the slide")
        line = QHBoxLayout()
        line.setContentsMargins(6, 0, 6, 2)
        line.addWidget(self.title, 1)
        line.addWidget(self.where)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(canvas, 1)
        column.addLayout(line)
        show_scale_bar(self.model)
        show_legend(self.model)
        self.model.mouse_move_callbacks.append(self._mouse_moved)
        self.model.mouse_drag_callbacks.append(self._mouse_pressed)
        self.model.mouse_wheel_callbacks.append(self._mouse_turned)
        canvas.installEventFilter(self)

    # What is shown

    def show_slide(self, slide: Slide, shown: ShownPyramid | None = None) -> None:
        """Show a slide in place of the one before, with what lay on that one gone.

        Parameters
        ----------
        slide : Slide
            What to show.
        shown : ShownPyramid, optional
            Its levels for the canvas, where they were made in a worker already: making them
            reads the coarsest level.
        """
        if slide is self.slide:
            return
        self.clear()
        self._pyramid = shown or ShownPyramid(slide)
        self._pyramid.arrived = self._redraw.soon
        self._pyramid.failed = self.damaged.emit
        self.slide = slide
        self.picture = self._add(picture_layer(slide, self._pyramid))
        self.model.canvas.background_color_override = "white"
        camera = self._cameras.get(id(slide))
        if camera is None:
            self.fit()
        else:
            self._fitted = False
            self.model.scene.camera.center, self.model.scene.camera.zoom = camera
        self._tell()
        for message in self._pyramid.messages:
            self.damaged.emit(message)
        self.changed.emit(slide)

    def fit(self) -> None:
        """Show all of the slide, wherever points lie beside it, whatever room the view gets."""
        if self.picture is not None:
            self._fitted = True
            self.model.fit_to_view(layers=[self.picture])

    def _keep_fitted(self, event: object = None) -> None:
        if self._fitted:
            self.fit()

    def clear(self) -> None:
        """Show no slide, and let go of its tiles."""
        if self.slide is None:
            return
        camera = self.model.scene.camera
        self._cameras.pop(id(self.slide), None)
        if not self._fitted:
            self._cameras[id(self.slide)] = (camera.center, camera.zoom)
        self.slide = self.picture = None
        self.model.layers.clear()
        if self._pyramid is not None:
            self._pyramid.close()
        self._pyramid = None
        self.model.canvas.background_color_override = None
        self._place = None
        self._tell()
        self.changed.emit(None)

    def add_map(self, image: Image, *, visible: bool = True) -> Layer:
        """Lay a map over the slide; the topmost one that is seen has the legend.

        Parameters
        ----------
        image : Image
            One slice, array (1, Y, X), in mm of the slide; NaN where it has no value.
        visible : bool, optional
            Whether it is seen at once.
        """
        data, looks, kind = map_layer(image)
        return self._add((data, looks | {"visible": visible}, kind))

    def add_points(self, table: pd.DataFrame, **looks: Any) -> Layer:
        """Lay points over the slide.

        Parameters
        ----------
        table : DataFrame
            Columns ``x_mm, y_mm``.
        **looks
            As for `points_layer`.
        """
        return self._add(points_layer(table, **looks))

    def add_squares(
        self, squares: pd.DataFrame, *, name: str, side_mm: float, colors: Sequence[str]
    ) -> Layer:
        """Draw the outlines of fields; parameters as for `outlines_layer`."""
        return self._add(outlines_layer(squares, name=name, side_mm=side_mm, colors=colors))

    def draw_region(self, name: str = "Region") -> Layer:
        """Let the person draw a polygon; answers with its layer."""
        found = next((layer for layer in self.model.layers if layer.name == name), None)
        layer = found or self._add(
            (None, {"name": name, "edge_color": "#ffd400", "face_color": "#ffd40020",
                    "edge_width": 0.02, "ndim": 2, **COMMON}, "shapes")
        )  # fmt: skip
        self.model.layers.selection.active = layer
        layer.mode = "add_polygon"
        return layer

    def _add(self, data: Any) -> Layer:
        values, looks, kind = data
        layer = Layer.create(values, looks | {"units": units_drawn(self.slide)}, kind)
        self.model.layers.append(layer)
        self.model.layers.selection.active = self.picture or layer  # drags pan
        return layer

    def remove(self, *layers: Layer | None) -> None:
        """Take layers away, where they are still there."""
        for layer in layers:
            if layer is not None and layer in self.model.layers:
                self.model.layers.remove(layer)

    def go_to(self, x: float, y: float, width_mm: float = 0.0) -> None:
        """Look at a place.

        Parameters
        ----------
        x, y : float
            In mm of the slide.
        width_mm : float, optional
            How much is to be seen around it; as much as now without it.
        """
        camera = self.model.scene.camera
        self._fitted = False
        if width_mm > 0:
            side = min(self.width(), self.height())
            camera.zoom = max(side, 100) / width_mm
        camera.center = (y, x)

    def set_crosshair(self, place: tuple[float, float] | None) -> None:
        """Mark a place x, y in mm, as of a crosshair in the scan; None takes the mark away."""
        layer = next((layer for layer in self.model.layers if layer.name == _CROSS), None)
        if place is None:
            self.remove(layer)
            return
        x, y = place
        size = _CROSS_PART * max(self._sides)
        if layer is not None:
            layer.data = [(y, x)]
            return
        self._add(
            ([(y, x)], {"name": _CROSS, "symbol": "disc", "size": size,
                        "face_color": "transparent", "border_color": "#ff2bd6",
                        "border_width": 0.06, "canvas_size_limits": _CROSS_PIXELS,
                        **COMMON}, "points")
        )  # fmt: skip

    # What happens

    def _mouse_moved(self, _model: ViewerModel, event: Any) -> None:
        self._say_place(self._on_slide(event.position))

    def _on_slide(self, position: Sequence[float]) -> tuple[float, float] | None:
        """Place x, y in mm, None beside the slide."""
        if self.slide is None:
            return None
        y, x = (float(value) for value in position[-2:])
        inside = all(0 <= at <= side for at, side in zip((y, x), self._sides, strict=True))
        return (x, y) if inside else None

    @property
    def _sides(self) -> tuple[float, ...]:
        """Height and width of the slide in the unit that it is drawn in."""
        if self.slide is None:
            return 0.0, 0.0
        both = zip(self.slide.shape, um_drawn(self.slide), strict=True)
        return tuple(n * um / 1000 for n, um in both)

    def _mouse_pressed(self, _model: ViewerModel, event: Any) -> Any:
        start = event.position
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged, self._fitted = True, False
            yield
        place = self._on_slide(start)
        if place is not None and not dragged and event.button == 1:
            self.clicked.emit(*place)

    def _mouse_turned(self, _model: ViewerModel, _event: Any) -> None:
        self._fitted = False

    def _say_place(self, place: tuple[float, float] | None) -> None:
        self._place = place
        self._tell()
        self.moved.emit(place)

    def _tell(self, event: object = None) -> None:
        """Write the line below the canvas."""
        if self.slide is None:
            self.title.setText(_EMPTY)
            self.where.clear()
            return
        facts = [self.slide.name, self.slide.stain]
        self.title.setText(" · ".join(filter(None, facts)))
        said = [f"{1000 / self.model.scene.camera.zoom:.3g} µm/px on screen"]
        if self.slide.um_per_pixel is None:
            said = ["pixel size not known: lengths are in pixels"]
        if self._place is not None and self.slide.um_per_pixel is not None:
            said.insert(0, f"x {self._place[0]:.3f} y {self._place[1]:.3f} mm")
        self.where.setText(" · ".join(said))

    def _draw(self) -> None:
        if self.picture is not None:
            self.picture.refresh(thumbnail=False, extent=False)

    def _follow_theme(self, event: object = None) -> None:
        main = self._main()
        if main is None:
            return
        self.model.theme = main.theme
        for label in (self.title, self.where):
            label.setStyleSheet(f"color: {tone_color(main.theme, 'plain')}")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt names it
        """Hear the mouse leave the canvas, and the window close."""
        if event.type() == QEvent.Type.Leave and watched is self.canvas:
            self._say_place(None)
        elif event.type() == QEvent.Type.Close and watched is not self.canvas:
            self.shut()
        return bool(super().eventFilter(watched, event))

    def shut(self) -> None:
        """Let go of the slide and of the canvas, once: the window closes."""
        canvas, self.canvas = self.canvas, None
        if canvas is None:
            return
        self._redraw.stop()
        self.clear()
        self.model.mouse_move_callbacks.clear()
        self.model.mouse_drag_callbacks.clear()
        canvas.removeEventFilter(self)
        canvas.close()
