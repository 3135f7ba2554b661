"""The Scan dock: window and level by preset or by number, and what stands on the canvas."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image as ImageLayer
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from napari_radiogenomics.gui.attached import attached, plain_viewer
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.canvas.hover import HoverCard, number_text
from napari_radiogenomics.gui.canvas.overlays import OrientationLetters
from napari_radiogenomics.gui.canvas.scan_bar import ScanBar
from napari_radiogenomics.gui.canvas.window_level import (
    Preset,
    image_of,
    presets_for,
    scan_to_window,
    set_window,
    window_of,
)
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.fields import NumberBox, QuietCombo
from napari_radiogenomics.gui.forms.form import form_layout
from napari_radiogenomics.gui.placing import PlacedWidget

if TYPE_CHECKING:
    import napari
    from napari.components import ViewerModel

    from napari_radiogenomics.data.image import Image

__all__ = ["ScanDock", "WindowCombo"]

_HINT = (
    "Drag on the scan with the right button: to the right wider, upwards brighter. The wheel zooms."
)


class WindowCombo(QuietCombo):
    """Window presets of the scan that is meant; it follows every other way to change them.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.

    Attributes
    ----------
    followed : Signal()
        Another scan is meant, or its window changed.
    """

    followed = Signal()

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = plain_viewer(viewer)
        self._presets: list[Preset] = []
        self.layer: ImageLayer | None = None
        self._image: Image | None = None
        self._connections = Connections(self)
        events = self._viewer.layers.events
        active = self._viewer.layers.selection.events.active
        for event in (events.inserted, events.removed, active):
            self._connections.add(event, self.refresh)
        self.activated.connect(self._apply)
        self.setToolTip(f"<p>Window of the scan. {_HINT}</p>")
        self.refresh()

    def refresh(self, event: object = None) -> None:
        """List the presets of the scan that is meant now."""
        layer = scan_to_window(self._viewer)
        image = image_of(layer)
        if self.layer is not None:
            self._connections.drop(self.layer.events.contrast_limits)
        if image is not self._image:
            self._presets = [] if image is None else presets_for(image)
        self.layer, self._image = layer, image
        if layer is not None:
            self._connections.add(layer.events.contrast_limits, self._mark)
        with QSignalBlocker(self):
            self.clear()
            for preset in self._presets:
                self.addItem(_preset_text(preset, "" if image is None else image.unit), preset)
            self.addItem("no scan" if layer is None else "by hand", None)
        self.setEnabled(layer is not None)
        self._mark()

    def _mark(self, event: object = None) -> None:
        """Choose the preset that the layer is shown with."""
        if image_of(self.layer) is not self._image:  # it was filled with another scan
            self.refresh()
            return
        if self.layer is not None:
            shown = window_of(self.layer)
            same = (np.allclose(shown, (p.width, p.level), rtol=1e-3) for p in self._presets)
            row = next((row for row, found in enumerate(same) if found), len(self._presets))
            with QSignalBlocker(self):
                self.setCurrentIndex(row)
        self.followed.emit()

    def _apply(self, row: int) -> None:
        if self.layer is not None and row < len(self._presets):
            set_window(self.layer, self._presets[row].width, self._presets[row].level)


def _preset_text(preset: Preset, unit: str) -> str:
    width, level = number_text(preset.width), number_text(preset.level)
    return f"{preset.name} · {width} / {level} {unit}".rstrip()


class ScanDock(PlacedWidget):
    """How the scan is shown.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = plain_viewer(napari_viewer)
        dress_canvas(self.viewer)
        self._connections = Connections(self)
        self.setMinimumWidth(300)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        self.title = QLabel()
        self.title.setWordWrap(True)
        self.window_combo = WindowCombo(self.viewer)
        self.width_box, self.level_box = NumberBox(), NumberBox()
        rows = form_layout()
        for text, widget in (
            ("Window", self.window_combo),
            ("Width", self.width_box),
            ("Level", self.level_box),
        ):
            rows.addRow(text, widget)
        for box in (self.width_box, self.level_box):
            box.setRange(-1e9, 1e9)
            box.setKeyboardTracking(False)
            box.valueChanged.connect(self._take_numbers)
        hint = QLabel(_HINT)
        hint.setWordWrap(True)
        column.addWidget(self.title)
        column.addLayout(rows)
        column.addWidget(hint)
        self._add_switches(column)
        column.addStretch(1)
        self.window_combo.followed.connect(self._show_numbers)
        self._show_numbers()

    def _add_switches(self, column: QVBoxLayout) -> None:
        self.letters, self.card = QCheckBox("Orientation letters"), QCheckBox("Hover card")
        self.scale_bar = QCheckBox("Scale bar in mm")
        self.color_bar = QCheckBox("Color bar with the unit of the scan")
        letters, card = attached(self.viewer, OrientationLetters), attached(self.viewer, HoverCard)
        bar = self.viewer.canvas.overlays.scale_bar
        self.letters.setChecked(letters.enabled)
        self.card.setChecked(card.enabled)
        self.scale_bar.setChecked(bar.visible)
        self.color_bar.setChecked(attached(self.viewer, ScanBar).enabled)
        self.letters.toggled.connect(self._switch_letters)
        self.card.toggled.connect(self._switch_card)
        self.scale_bar.toggled.connect(self._switch_bar)
        self.color_bar.toggled.connect(self._switch_color_bar)
        for box in (self.letters, self.card, self.scale_bar, self.color_bar):
            column.addWidget(box)
        self._add_views(column)

    def _add_views(self, column: QVBoxLayout) -> None:
        """Switches of the linked views, where napari-orthogonal-views is installed."""
        self.views, self.crosshair = QCheckBox("Three views"), QCheckBox("Crosshair")
        column.addWidget(self.views)
        column.addWidget(self.crosshair)
        if find_spec("napari_orthogonal_views") is None or not hasattr(self.viewer, "window"):
            self.views.hide()
            self.crosshair.hide()
            return
        from napari_radiogenomics.gui.canvas.three_views import ThreeViews

        self._linked = attached(self.viewer, ThreeViews)
        self._connections.add(self._linked.changed, self._follow_views)
        self.views.toggled.connect(self._switch_views)
        self.crosshair.toggled.connect(self._switch_crosshair)
        self._follow_views()

    def _follow_views(self, event: object = None) -> None:
        """Tick what is shown."""
        for box, on in ((self.views, self._linked.shown), (self.crosshair, self._linked.crosshair)):
            with QSignalBlocker(box):
                box.setChecked(on)
        self.crosshair.setEnabled(self._linked.shown)

    def _switch_views(self, on: bool) -> None:
        self._linked.shown = on

    def _switch_crosshair(self, on: bool) -> None:
        self._linked.crosshair = on

    def _switch_letters(self, on: bool) -> None:
        attached(self.viewer, OrientationLetters).enabled = on

    def _switch_card(self, on: bool) -> None:
        attached(self.viewer, HoverCard).enabled = on

    def _switch_bar(self, on: bool) -> None:
        self.viewer.canvas.overlays.scale_bar.visible = on

    def _switch_color_bar(self, on: bool) -> None:
        attached(self.viewer, ScanBar).enabled = on

    def _show_numbers(self) -> None:
        layer = self.window_combo.layer
        image = image_of(layer)
        self.title.setText("Open a scan to set its window." if layer is None else layer.name)
        shown = (0.0, 0.0) if layer is None else window_of(layer)
        # Four figures of the width: whole HU, and thousandths where a scan runs from 0 to 1.
        decimals = 0 if shown[0] <= 0 else max(0, 3 - int(np.floor(np.log10(shown[0]))))
        for box, value in zip((self.width_box, self.level_box), shown, strict=True):
            with QSignalBlocker(box):
                box.setDecimals(decimals)
                box.setValue(value)
                box.setSuffix(f" {image.unit}" if image is not None and image.unit else "")
            box.setEnabled(layer is not None)

    def _take_numbers(self) -> None:
        if self.window_combo.layer is not None:
            set_window(self.window_combo.layer, self.width_box.value(), self.level_box.value())
