"""The map that is shown: which one, its values, colors and opacity, and A/B with the scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QSignalBlocker, Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.inlay import tight
from napari_radiogenomics.gui.attached import plain_viewer
from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.canvas.legend import feature_title, map_title
from napari_radiogenomics.gui.canvas.window_level import image_of
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.texture.flicker import FLICKER_KEY, flip
from napari_radiogenomics.gui.texture.histogram import Histogram
from napari_radiogenomics.gui.texture.map_layer import choose_map, latest_maps, maps_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image as ImageLayer

__all__ = ["MapSection"]

# As a reader's eye compares two films.
_FLICKER_MS = 500
_NONE_YET = "none yet: choose features, then Compute all"


class MapSection(QWidget):
    """Controls of the map on the screen, finished or in preview.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.

    Attributes
    ----------
    wanted : Signal(str)
        The person chose another map, by PyRadiomics' name.
    """

    wanted = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.viewer, self.connections = plain_viewer(viewer), Connections(self)
        self.layer: ImageLayer | None = None
        self._offered: dict[str, str] = {}
        self.shown = QuietCombo()
        self.shown.setToolTip("Which map lies on the scan; ○ are not computed for all slices yet")
        self.histogram = Histogram()
        self.about_map = QLabel()
        self.about_map.setWordWrap(True)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName("Opacity of the map")
        self.opacity.setToolTip("Fade the map over the scan")
        self.fit_button = _tool("Fit", "Colors from the 1st to the 99th percentile of the region")
        self.flicker_button = _tool(
            "A/B", f"Switch between the map and the scan alone; or hold {FLICKER_KEY}"
        )
        self.flicker_button.setCheckable(True)
        self.save_button = QPushButton("Save…")
        self.save_button.setToolTip("Write the map that is shown, on the scan's true grid")
        self.save_all_button = QPushButton("Save all…")
        self.save_all_button.setToolTip("Write every map of this run as NIfTI, with its history")
        self.again_button = QPushButton("Again…")
        self.again_button.setToolTip("Take all settings from a map that was saved")
        self._beat = QTimer(self)
        self._beat.setInterval(_FLICKER_MS)
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(_row(QLabel("Map"), self.shown))
        column.addWidget(self.histogram)
        column.addWidget(self.about_map)
        fade = _row(QLabel("Opacity"), self.opacity)
        fade.addWidget(self.fit_button)
        fade.addWidget(self.flicker_button)
        column.addLayout(fade)
        buttons = QHBoxLayout()
        buttons.addWidget(self.save_button)
        buttons.addWidget(self.save_all_button)
        buttons.addWidget(self.again_button)
        column.addLayout(buttons)

    def _connect(self) -> None:
        self.shown.currentIndexChanged.connect(self._choose)
        self.opacity.valueChanged.connect(self._fade)
        self.histogram.limited.connect(self._limit)
        self.fit_button.clicked.connect(self.fit_colors)
        self.flicker_button.toggled.connect(self._flicker)
        self._beat.timeout.connect(self._flip)
        events = self.viewer.layers.events
        active = self.viewer.layers.selection.events.active
        for event in (events.inserted, events.removed, active):
            self.connections.add(event, self.refresh)
        self.connections.add(self.viewer.events.theme, self.draw)

    @property
    def maps(self) -> Mapping[str, Image]:
        """Finished maps to choose from."""
        return maps_of(self._finished)

    @property
    def current_map(self) -> Image | None:
        """The finished map that is shown."""
        return None if self._finished is None else image_of(self._finished)

    @property
    def offered(self) -> Mapping[str, str]:
        """Features that the preview can show, with their titles."""
        return self._offered

    def offer(self, features: Mapping[str, str]) -> None:
        """List features that the preview can show besides the finished maps.

        Parameters
        ----------
        features : mapping of str to str
            Titles by PyRadiomics' name.
        """
        if dict(features) != self._offered:
            self._offered = dict(features)
            self.refresh()

    def refresh(self, event: object = None) -> None:
        """List the maps of the layer that is meant, and show its values."""
        self._finished = latest_maps(self.viewer)
        if self.layer not in self.viewer.layers or not _is_preview_or(self.layer, self._finished):
            self.layer = self._finished
        titles = {name: _entry(image, name) for name, image in self.maps.items()}
        more = {n: f"○ {title}" for n, title in self._offered.items() if n not in titles}
        chosen = self.shown.currentData()
        with QSignalBlocker(self.shown):
            self.shown.clear()
            for name, title in {**titles, **more}.items():
                self.shown.addItem(title, name)
            if not self.shown.count():
                self.shown.addItem(_NONE_YET, "")
            drawn = self._drawn_name() or chosen
            self.shown.setCurrentIndex(max(0, self.shown.findData(drawn)))
        self.shown.setEnabled(self.shown.count() > 1)
        for button in (self.save_button, self.save_all_button):
            button.setEnabled(bool(self.maps))
        self.save_all_button.setEnabled(len(self.maps) > 1)
        self._watch()
        self.draw()

    def _drawn_name(self) -> str:
        image = image_of(self.layer)
        if image is None:
            return ""
        held = (name for name, found in self.maps.items() if found is image)
        return next(held, str(image.metadata.get("feature", "")))

    def show_layer(self, layer: ImageLayer | None) -> None:
        """Take the preview's layer as the one that is meant, or none."""
        self.layer = layer
        self.refresh()

    def _watch(self) -> None:
        known = getattr(self, "_watched", None)
        if known is self.layer:
            return
        if known is not None:
            for event in (known.events.contrast_limits, known.events.opacity):
                self.connections.drop(event)
        self._watched = self.layer
        if self.layer is not None:
            self.connections.add(self.layer.events.contrast_limits, self._follow)
            self.connections.add(self.layer.events.opacity, self._follow)

    def draw(self, event: object = None) -> None:
        """Draw the values of the layer anew."""
        image = image_of(self.layer)
        values = _values_of(image)
        unit = "" if image is None else image.unit
        self.histogram.show_values(values, self.viewer.theme)
        self.about_map.setText(_in_words(values, unit))
        for widget in (self.opacity, self.fit_button, self.flicker_button):
            widget.setEnabled(self.layer is not None)
        self._follow()

    def _follow(self, event: object = None) -> None:
        self.histogram.follow(self.layer)
        if self.layer is not None:
            with QSignalBlocker(self.opacity):
                self.opacity.setValue(round(100 * self.layer.opacity))

    def _choose(self) -> None:
        name = self.shown.currentData()
        if name in self.maps and self._finished is not None and self.layer is self._finished:
            choose_map(self._finished, name)
            self.draw()
        if name:
            self.wanted.emit(name)

    def _fade(self, percent: int) -> None:
        if self.layer is not None:
            self.layer.opacity = percent / 100

    def _limit(self, low: float, high: float) -> None:
        if self.layer is not None:
            bounds = self.layer.contrast_limits_range
            self.layer.contrast_limits_range = (min(low, bounds[0]), max(high, bounds[1]))
            self.layer.contrast_limits = (low, high)

    def fit_colors(self) -> None:
        """Let the colors span the region's values, but for 1 % at each end."""
        image = image_of(self.layer)
        values = _values_of(image)
        if values.size:
            low, high = np.percentile(values, (1, 99))
            self._limit(float(low), float(high) if high > low else float(low) + 1.0)

    def _flicker(self, on: bool) -> None:
        if on:
            self._beat.start()
        else:
            self._beat.stop()
            if self.layer is not None:
                self.layer.visible = True

    def _flip(self) -> None:
        if not flip(self.layer):
            self.flicker_button.setChecked(False)


def _is_preview_or(layer: ImageLayer | None, finished: ImageLayer | None) -> bool:
    return layer is not None and (layer is finished or not maps_of(layer))


def _values_of(image: Image | None) -> NDArray[np.float64]:
    """Values of the region; empty where no map is shown."""
    array = np.empty(0) if image is None else tight(image).array
    return array[np.isfinite(array)]


def _entry(image: Image, name: str) -> str:
    title = map_title(image) or feature_title(name)
    return f"{title} ({image.unit})" if image.unit else title


def _in_words(values: NDArray[np.float64], unit: str) -> str:
    if not values.size:
        return ""
    low, middle, high = (number_text(v) for v in np.percentile(values, (1, 50, 99)))
    return f"median {middle}, 98 % from {low} to {high} {unit or '(no unit)'}"


def _tool(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    return button


def _row(label: QLabel, widget: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    label.setBuddy(widget)
    row.addWidget(label)
    row.addWidget(widget, 1)
    return row
