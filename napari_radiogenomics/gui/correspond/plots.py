"""Plots of the Correspondence dock: matched places of a tumor, and one dot a patient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QFrame, QScrollArea

from napari_radiogenomics.correspondence.result import step_words
from napari_radiogenomics.data.wording import p_said
from napari_radiogenomics.gui.plots.plot import HERE, Plot

if TYPE_CHECKING:
    from napari_radiogenomics.correspondence.patients import PooledCorrespondence
    from napari_radiogenomics.correspondence.result import Correspondence

__all__ = ["ForestPlot", "PlacesPlot", "signs_differ"]

_MOST = 4000
_DOT = "#0072b2"
_DIAMOND = "#009e73"
_NO_BAR = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
_ROW = 16  # pixels of a patient at the least: the height of a name
_HALF_DIAMOND = 0.4  # of a row
_TICK = 8  # pixels of a tick and the space beside it
_AROUND = 14  # pixels above and below the axes


def signs_differ(found: Correspondence) -> str:
    """Say that the sign of what is freed is not that of the maps as they are; else nothing."""
    raw, last = found.row(step="raw"), found.row()
    if not float(raw["r"]) * float(last["r"]) < 0:
        return ""
    return f"The sign turns: as they are, r is {raw['r']:.2f}."


class PlacesPlot(Plot):
    """The two maps at the same places; a click goes there.

    Attributes
    ----------
    chosen : Signal(int)
        Row of the place that was clicked, in the table of places.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__("Matched places")

    def show_places(self, found: Correspondence, labels: tuple[str, str], *, left: bool) -> None:
        """Draw places as measured, or what is left of them beside what was given.

        Parameters
        ----------
        found : Correspondence
            Of this tumor.
        labels : tuple of str
            Names of the maps with their units.
        left : bool
            Beside what was given.
        """
        ending = "_left" if left else ""
        table = found.places
        step = max(1, len(table) // _MOST)
        rows = np.arange(0, len(table), step)
        x, y = (table[f"{name}{ending}"].to_numpy(float)[rows] for name in ("b", "a"))
        row = found.row() if left else found.row(step="raw")
        worth = f"worth {row['n_effective']:.1f} places"
        p = p_said(row["p_value"]) if np.isfinite(row["p_value"]) else "no p-value"
        self.begin(f"Maps {step_words(row)}: r = {row['r']:.2f}, {worth}, {p}. This tumor only.")
        self.words.setToolTip(f"<p>{signs_differ(found)}</p>" if signs_differ(found) else "")
        color = QColor(_DOT)
        color.setAlpha(110)
        dots = pg.ScatterPlotItem(
            x=x, y=y, size=5, pen=None, brush=color, data=rows.tolist(), hoverable=True,
            tip=lambda x, y, data: f"{labels[0]} {y:.4g}\n{labels[1]} {x:.4g}",
        )  # fmt: skip
        dots.sigClicked.connect(self._clicked)
        self.plot.addItem(dots)
        self.plot.setLabel("bottom", labels[1])
        self.plot.setLabel("left", labels[0])
        self.plot.enableAutoRange()

    def _clicked(self, _item: object, points: Sequence[Any], _event: object = None) -> None:
        if len(points):
            self.chosen.emit(int(points[-1].data()))


class ForestPlot(Plot):
    """The diamond of all, and one dot a patient with its interval; a click opens the patient.

    Filled ones are of the maps freed of trend and what else was taken out, rings of the maps as
    they are. Rows keep the height of a name: where they have no room, the plot scrolls. What all
    say together stands on top with the axis, as that is seen first.

    Attributes
    ----------
    chosen : Signal(str)
        Patient of the dot.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("Across patients")
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(_NO_BAR)
        column = self.layout()
        column.replaceWidget(self.plot, self.area)
        self.area.setWidget(self.plot)
        column.setStretchFactor(self.area, 1)
        self.plot.showAxis("top")
        self.plot.hideAxis("bottom")

    def show_patients(
        self, pooled: PooledCorrespondence, here: str, raw: PooledCorrespondence | None = None
    ) -> None:
        """Draw their summary, and effects of patients below, the largest on top.

        Parameters
        ----------
        pooled : PooledCorrespondence
            Of the maps freed of what was taken out.
        here : str
            Patient on the screen.
        raw : PooledCorrespondence, optional
            Of the maps as they are, drawn as rings where it is another.
        """
        table = pooled.table.sort_values("r")
        raw = None if raw is None or raw.step == pooled.step else raw
        self._tell(pooled, raw)
        names = [str(name) for name in table.index]
        heights = np.arange(1, len(names) + 1, dtype=float)
        pen = pg.mkPen(self.text_color, width=1)
        for y, low, high in zip(heights, table["low"], table["high"], strict=True):
            if np.isfinite(low):
                self.plot.addItem(pg.PlotCurveItem([low, high], [y, y], pen=pen))
        if raw is not None:
            self._draw_rings(raw, names)
        dots = pg.ScatterPlotItem(hoverable=True, tip=_patient_tip)
        dots.addPoints([
            {"pos": (r, y), "size": 12 if name == here else 9, "data": name,
             "brush": QColor(HERE if name == here else _DOT), "pen": None}
            for name, r, y in zip(names, table["r"], heights, strict=True)
        ])  # fmt: skip
        dots.sigClicked.connect(self._clicked)
        self.plot.addItem(dots)
        line = pg.InfiniteLine(0, pen=pg.mkPen(self.text_color, style=Qt.PenStyle.DashLine))
        self.plot.addItem(line)
        last = [(len(names) + 1.5, "all" if raw is None else "all ●")]
        self._draw_summary(pooled, last[0][0])
        if raw is not None:
            last.append((len(names) + 2.5, "all ○"))
            self._draw_summary(raw, last[1][0], filled=False)
        self._set_axes([*zip(heights.tolist(), names, strict=True), *last])

    def _tell(self, pooled: PooledCorrespondence, raw: PooledCorrespondence | None) -> None:
        """One line a summary above the plot; the whole sentences wait behind it."""
        both = [("●", pooled)] if raw is None else [("○", raw), ("●", pooled)]
        self.begin("\n".join(f"{sign} {_short(one)}" for sign, one in both))
        whole = [f"{sign} {one.step}: {one.text()}" for sign, one in both]
        self.words.setToolTip("".join(f"<p>{escape(line)}</p>" for line in whole))
        self.words.setAccessibleDescription(" ".join(whole))

    def clear(self, words: str = "") -> None:
        """Show no plot, and say why."""
        super().clear(words)
        self.area.setVisible(False)
        self.words.setToolTip("")
        self.words.setAccessibleDescription("")

    def begin(self, words: str) -> None:
        """Empty the plot and write the lines above it."""
        super().begin(words)
        self.area.setVisible(True)

    @contextmanager
    def in_full(self) -> Iterator[None]:
        """Show every patient while a picture is taken."""
        before, policy = self.size(), self.area.verticalScrollBarPolicy()
        hidden = self.plot.minimumHeight() - self.area.viewport().height()
        self.area.setVerticalScrollBarPolicy(_NO_BAR)
        self.resize(before.width(), before.height() + max(0, hidden))
        try:
            yield
        finally:
            self.resize(before)
            self.area.setVerticalScrollBarPolicy(policy)

    def _set_axes(self, ticks: list[tuple[float, str]]) -> None:
        """Name the rows, and keep each as high as its name."""
        metrics = self.plot.fontMetrics()
        axis, top = self.plot.getAxis("left"), self.plot.getAxis("top")
        axis.setTicks([ticks])
        axis.setStyle(hideOverlappingLabels=False)
        self.plot.setLabel("top", "r within the tumor")
        head = round(2.2 * metrics.height()) + _TICK
        top.setHeight(head)
        first, last = 0.3, ticks[-1][0] + 0.7
        self.plot.setXRange(-1, 1, padding=0.02)
        self.plot.setYRange(first, last, padding=0)
        row = max(_ROW, metrics.height() + 1)
        self.plot.setMinimumHeight(head + _AROUND + round((last - first) * row))

    def _draw_rings(self, raw: PooledCorrespondence, names: Sequence[str]) -> None:
        """Rings beside the dots: the maps as they are."""
        rings = pg.ScatterPlotItem(
            x=raw.table["r"].reindex(names).to_numpy(float), y=np.arange(1.0, len(names) + 1),
            size=9, brush=None, pen=pg.mkPen(_DOT, width=1.5), data=list(names), hoverable=True,
            tip=lambda x, y, data: f"{data}: r {x:.2f} of the maps as they are. Click to open.",
        )  # fmt: skip
        rings.sigClicked.connect(self._clicked)
        self.plot.addItem(rings)

    def _draw_summary(self, pooled: PooledCorrespondence, y: float, *, filled: bool = True) -> None:
        """A diamond as wide as the interval; a small one without an interval below 6 patients."""
        low, high = pooled.low, pooled.high
        known = np.isfinite(low)
        if not known:
            low, high = pooled.r - 0.02, pooled.r + 0.02
        half = _HALF_DIAMOND
        xs, ys = [low, pooled.r, high, pooled.r, low], [y, y + half, y, y - half, y]
        brush = QColor(_DIAMOND)
        brush.setAlpha(200 if known else 90)
        shape = pg.QtWidgets.QGraphicsPolygonItem(
            pg.QtGui.QPolygonF([pg.QtCore.QPointF(x, y) for x, y in zip(xs, ys, strict=True)])
        )
        shape.setBrush(brush if filled else pg.mkBrush(None))
        shape.setPen(pg.mkPen(None) if filled else pg.mkPen(_DIAMOND, width=1.5))
        self.plot.addItem(shape)

    def _clicked(self, _item: object, points: Sequence[Any], _event: object = None) -> None:
        if len(points):
            self.chosen.emit(str(points[-1].data()))


def _patient_tip(x: float, y: float, data: str) -> str:
    return f"{data}: r {x:.2f}. Click to open."


def _short(pooled: PooledCorrespondence) -> str:
    """A summary in half a sentence: what it is of, and the numbers that its diamond has not."""
    step = pooled.step.partition(" of ")[0]
    p_value = p_said(pooled.p_value) if np.isfinite(pooled.p_value) else "no p-value"
    return f"{step}: r = {pooled.r:.2f}, {p_value}, n = {pooled.n_patients}"
