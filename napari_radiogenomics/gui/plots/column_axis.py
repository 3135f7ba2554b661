"""An axis that names each column of a heat map: side by side, or upright where they are long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QFontMetrics, QPainter

__all__ = ["ColumnAxis"]

_GAP, _MOST = 4, 110


class ColumnAxis(pg.AxisItem):
    """Names below columns at 0, 1, …; none is left out while a column is as wide as a line high.

    Names that have no room beside each other stand upright, cut in the middle where even that is
    too long.
    """

    def __init__(self) -> None:
        super().__init__("bottom")
        self.names: list[str] = []
        self.shown: list[str] = []
        """Names as they are drawn, ``""`` where there is no room."""
        self.upright = False
        self.setStyle(tickLength=0)

    def height_for(self, names: Sequence[str], width: float, most: float) -> int:
        """Pixels that the names take below columns of a width.

        Parameters
        ----------
        names : sequence of str
            Of all columns.
        width : float
            Of one column.
        most : float
            What they may take.
        """
        metrics = QFontMetrics(self.font())
        longest = max((metrics.horizontalAdvance(name) for name in names), default=0)
        line = metrics.height() + 2 * _GAP
        if longest + _GAP <= width:
            return line
        return int(max(min(longest + 2 * _GAP, most, _MOST), line))

    def show_names(self, names: Sequence[str], width: float, most: float) -> None:
        """Name the columns.

        Parameters
        ----------
        names : sequence of str
            Of all columns.
        width : float
            Pixels of one column.
        most : float
            Pixels that the names may take below them.
        """
        metrics = QFontMetrics(self.font())
        height = self.height_for(names, width, most)
        self.names = list(names)
        self.upright = any(metrics.horizontalAdvance(name) + _GAP > width for name in names)
        room = height - 2 * _GAP if self.upright else int(width)
        step = max(1, -(-metrics.height() // max(int(width), 1))) if self.upright else 1
        self.shown = [
            metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room) if at % step == 0 else ""
            for at, name in enumerate(names)
        ]
        self.setTicks([[(at, "") for at in range(len(names))]])
        self.setHeight(height)
        self.picture = None
        self.update()

    def drawPicture(self, p: QPainter, axisSpec: Any, tickSpecs: Any, textSpecs: Any) -> None:  # noqa: N802 - pyqtgraph names it
        """Draw the axis, and the names in place of its own texts."""
        super().drawPicture(p, axisSpec, tickSpecs, [])
        low, high = self.range
        scale = self.geometry().width() / (high - low)
        line = QFontMetrics(self.font()).height()
        p.setPen(self.textPen())
        for at, name in enumerate(self.shown):
            p.save()
            p.translate((at - low) * scale, _GAP)
            if self.upright:
                p.rotate(-90)
                box = QRectF(-_MOST, -line / 2, _MOST, line)
                p.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
            else:
                box = QRectF(-scale / 2, 0, scale, line)
                p.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, name)
            p.restore()
