"""The histogram of a map: what values the region has, and which of them the colors span."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from napari.utils.theme import get_theme
from numpy.typing import NDArray
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QVBoxLayout, QWidget

if TYPE_CHECKING:
    from napari.layers import Image as ImageLayer

__all__ = ["Histogram"]

_BINS = 64
_HEIGHT = 56
_SHARE = (0.1, 99.9)
"""Percentiles that are drawn: one outlier must not squeeze all the rest into a line."""


class Histogram(QWidget):
    """Values of the region, with the limits of the colors to drag.

    Attributes
    ----------
    limited : Signal(float, float)
        The person dragged the limits.
    """

    limited = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = pg.PlotWidget(background=None)
        self.plot.setFixedHeight(_HEIGHT)
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.plot.hideAxis("left")
        self.plot.setAccessibleName("Histogram of the map")
        self.plot.setToolTip(
            "<p>Values of the map in the region. Drag the edges of the colored part: "
            "the colors span it.</p>"
        )
        self.bars = pg.PlotCurveItem([0, 1], [0], stepMode="center", fillLevel=0)
        self.limits = pg.LinearRegionItem(swapMode="sort")
        self.plot.addItem(self.bars)
        self.plot.addItem(self.limits)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)
        self.limits.sigRegionChanged.connect(self._tell)
        self.counts: NDArray[np.intp] = np.empty(0, np.intp)
        self.setEnabled(False)

    def show_values(self, values: NDArray[np.float64], theme: str) -> None:
        """Draw the values of a region.

        Parameters
        ----------
        values : ndarray
            Those that are not finite are left out.
        theme : str
            napari's theme.
        """
        finite = values[np.isfinite(values)]
        self.setEnabled(finite.size > 0)
        found = get_theme(theme)
        self.plot.setBackground(QColor(found.background.as_hex()))  # else the theme before's
        text = QColor(found.text.as_hex())
        self.plot.setBackground(QColor(found.background.as_hex()))
        axis = self.plot.getAxis("bottom")
        axis.setPen(text)
        axis.setTextPen(text)
        axis.enableAutoSIPrefix(False)
        fill = QColor(found.highlight.as_hex())
        self.bars.setPen(None)
        self.bars.setBrush(fill)
        shade = QColor(text)
        shade.setAlpha(38)
        self.limits.setBrush(shade)
        shade.setAlpha(70)
        self.limits.setHoverBrush(shade)
        for line in self.limits.lines:
            line.setPen(text, width=2)
        if not finite.size:
            self.counts = np.empty(0, np.intp)
            self.bars.setData([0, 1], [0])
            return
        low, high = np.percentile(finite, _SHARE)
        if high <= low:
            low, high = low - 0.5, low + 0.5
        self.counts, edges = np.histogram(np.clip(finite, low, high), _BINS, (low, high))
        self.bars.setData(edges, self.counts)
        self.plot.setXRange(low, high, padding=0.03)
        self.plot.setYRange(0, self.counts.max(), padding=0)

    def follow(self, layer: ImageLayer | None) -> None:
        """Put the limits where a layer has them."""
        self.limits.setVisible(layer is not None)
        if layer is not None:
            with QSignalBlocker(self.limits):
                self.limits.setRegion(tuple(layer.contrast_limits))

    def _tell(self) -> None:
        low, high = self.limits.getRegion()
        if high > low:
            self.limited.emit(float(low), float(high))
