"""The legend of colored regions and biopsies: limits with their unit, and what an outline means."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QBrush, QColor, QLinearGradient, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_radiogenomics.gui.genes.rows import value_text
from napari_radiogenomics.gui.plots.scales import Scale

__all__ = ["LegendBar"]

_BAR, _GAP, _STOPS = 12, 4, 17
_SWATCH = 16


class LegendBar(QWidget):
    """A bar from low to high with its unit, and an empty square for "not measured"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scale: Scale | None = None
        self._title = ""
        self.setAccessibleName("Legend")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setVisible(False)

    @property
    def scale(self) -> Scale | None:
        """What is shown; None for nothing."""
        return self._scale

    def show_scale(self, scale: Scale | None, title: str = "") -> None:
        """Show a scale, or nothing."""
        self._scale, self._title = scale, title
        self.setVisible(scale is not None)
        if scale is not None:
            self.setAccessibleDescription(" to ".join(self.ends) + f" {scale.unit}")
            self.setToolTip(f"<p>{title}: the same colors in every patient of the cohort.</p>")
        self.update()

    @property
    def ends(self) -> tuple[str, str]:
        """What stands at both ends of the bar."""
        scale = self._scale
        if scale is None:
            return "", ""
        if scale.kind == "classes":
            return "wildtype", "mutated"
        unit = f"{scale.unit}, log" if scale.log else scale.unit
        return f"≤ {value_text(scale.low)}", f"≥ {value_text(scale.high)} {unit}"

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt names it
        """Height of the bar and a line of text."""
        return QSize(200, _BAR + _GAP + self.fontMetrics().lineSpacing() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt names it
        """Draw the bar, its ends and the square of what is missing."""
        scale = self._scale
        if scale is None:
            return
        painter = QPainter(self)
        words = "not measured"
        letters = self.fontMetrics()
        own = letters.horizontalAdvance(words) + _SWATCH + 3 * _GAP
        wide = max(self.width() - own - 8, 60)
        bar = QRectF(0, 1, wide, _BAR)
        painter.fillRect(bar, QBrush(self._gradient(wide)))
        text = self.palette().color(self.foregroundRole())
        painter.setPen(text)
        line = QRectF(0, _BAR + _GAP, self.width() - 8, letters.lineSpacing())
        low, high = self.ends
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, low)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, high)
        if scale.kind == "diverging":
            middle = QRectF(0, _BAR + _GAP, wide, letters.lineSpacing())
            painter.drawText(middle, Qt.AlignmentFlag.AlignHCenter, "0")
        box = QRectF(self.width() - own + _GAP, 1, _SWATCH, _BAR)
        painter.setPen(QPen(text, 1.5))
        painter.drawRect(box.adjusted(1, 1, -1, -1))
        place = QRectF(box.right() + _GAP, 0, own, letters.lineSpacing())
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft, words)
        painter.end()

    def _gradient(self, wide: float) -> QLinearGradient:
        gradient = QLinearGradient(0, 0, wide, 0)
        if self._scale is None:
            return gradient
        spaced = np.geomspace if self._scale.log else np.linspace
        values = spaced(self._scale.low, self._scale.high, _STOPS)
        if self._scale.kind == "classes":
            stops = [(0.0, 0.0), (0.499, 0.0), (0.501, 1.0), (1.0, 1.0)]
        else:
            stops = list(zip(np.linspace(0, 1, _STOPS), values, strict=True))
        for share, value in stops:
            gradient.setColorAt(float(share), QColor.fromRgbF(*self._scale.rgba(value)))
        return gradient
