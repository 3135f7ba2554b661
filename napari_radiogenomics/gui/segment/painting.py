"""What napari's brush may paint on: a range of values, some labels; locked ones never."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.forms.form import form_layout
from napari_radiogenomics.gui.segment.fields import LabelsField, RangeRow
from napari_radiogenomics.gui.segment.guard import Guard, PaintRule, guard_of, locked_of
from napari_radiogenomics.segmentation import paint_mask
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_radiogenomics.gui.segment.regions import Entry

__all__ = ["NO_SCAN_FITS", "PaintRow", "fits", "guards_of"]

NO_SCAN_FITS = (
    "The range is taken from a scan with the voxels of the segmentation. Choose it above, or press "
    "Onto scan."
)
"""Said where a range cannot be taken from the chosen scan."""


def guards_of(viewer: ViewerModel, layer: Labels) -> list[Guard]:
    """Guards of a layer and of its copies in linked views, which follow its locks."""
    guards = [guard_of(layer)]
    for model in models(viewer)[1:]:
        for other in model.layers:
            if isinstance(other, Labels) and other.name == layer.name:
                guard = guard_of(other)
                guard.locked = lambda: locked_of(layer)
                guards.append(guard)
    return guards


class PaintRow(QWidget):
    """Switches of what may be painted on.

    Attributes
    ----------
    changed : Signal()
        The rule changed.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.brush = QLabel()
        self.brush.setWordWrap(True)
        self.within = QCheckBox("Paint only values from")
        self.within.setToolTip(
            "<p>napari's brush, bucket and polygon paint only voxels of the scan in this range "
            "(Shift+D)</p>"
        )
        self.range = RangeRow()
        parameter = describe(paint_mask)["inside"]
        self.inside = LabelsField(parameter)
        self.inside.widget.setToolTip("<p>Paint only on these labels</p>")
        rows = form_layout()
        rows.addRow("Only on", self.inside.widget)
        for part in (self.brush, self.within, self.range):
            column.addWidget(part)
        column.addLayout(rows)
        self.range.setEnabled(False)
        self.within.toggled.connect(self._switch)
        self.range.changed.connect(self.changed)
        self.inside.changed.connect(self.changed)

    def _switch(self, on: bool) -> None:
        self.range.setEnabled(on)
        self.changed.emit()

    def offer(self, entries: list[Entry]) -> None:
        """List the labels to paint on."""
        self.inside.offer(entries)

    def rule(self, layer: Labels, scan: ImageLayer | None) -> PaintRule:
        """Rule of the switches; a range needs a scan with the voxels of the layer."""
        ranged = self.within.isChecked() and scan is not None and fits(layer, scan)
        low, high = self.range.range if ranged else (None, None)
        values = scan.data if ranged and scan is not None else None
        return PaintRule(values, low, high, self.inside.value)

    def summary(self) -> str:
        """Say in a few words what is switched on; empty where anything may be painted."""
        parts = []
        if self.within.isChecked():
            low, high = self.range.range
            parts.append(f"values {number_text(low)} to {number_text(high)}")
        if self.inside.value:
            parts.append(self.inside.widget.text())
        return ", ".join(parts)

    def tell_brush(self, layer: Labels | None) -> None:
        """Write the size of napari's brush in mm."""
        if layer is None:
            self.brush.setText("")
            return
        mm = layer.brush_size * float(np.min(np.abs(layer.scale)))
        self.brush.setText(f"Brush {layer.brush_size} pixels = {number_text(round(mm, 1))} mm wide")


def fits(layer: Labels, scan: ImageLayer) -> bool:
    """Whether a scan has the voxels of a labels layer on the screen."""
    return (
        layer.data.shape == scan.data.shape
        and np.allclose(layer.scale, scan.scale)
        and np.allclose(layer.translate, scan.translate, atol=1e-3)
    )
