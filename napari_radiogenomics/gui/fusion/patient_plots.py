"""Plots of patients left out: their predictions, and the features that drove them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor

from napari_radiogenomics.gui.fusion.patient_rows import free_words
from napari_radiogenomics.gui.fusion.plots import FUSED
from napari_radiogenomics.gui.fusion.words import said_of_time
from napari_radiogenomics.gui.plots.plot import HERE, Plot

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BarPlot", "PredictionPlot"]

WRONG, DOWN = "#e69f00", "#56b4e9"
_NAME_WIDTH = 170
_FEWEST, _MOST, _ROW, _AROUND = 4, 24, 16, 48  # bars; pixels of one, and of the axis


class PredictionPlot(Plot):
    """A dot a patient: what was said of them, against what is true; a click opens them.

    Attributes
    ----------
    chosen : Signal(str)
        The patient whose dot was clicked.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("Predictions")
        self.words.setTextFormat(Qt.TextFormat.RichText)

    def show_patients(
        self, table: pd.DataFrame, *, target: str, here: str, level: float, event: str = ""
    ) -> None:
        """Draw patients as `FusionResult.patients` tells of them."""
        if "probability" in table:
            self._show_classes(table, target, here, level)
        elif "predicted" in table:
            self._show_numbers(table, target, here)
        else:
            self._show_times(table, target, event, here)

    def _show_classes(self, table: pd.DataFrame, target: str, here: str, level: float) -> None:
        known = table[table["probability"].notna()]
        names = list(table.attrs["classes"])
        covered = float(known["covered"].mean()) if len(known) else np.nan
        unsure = ~known["set"].isin(names)
        self.begin(
            f'<span style="color:{FUSED}">●</span> right '
            f'<span style="color:{WRONG}">●</span> wrong; ○ undecided at {level:.0%}: '
            f"{int(unsure.sum())} of {len(known)}; sets hold the truth in {covered:.0%}. A click "
            "opens the patient."
        )
        x = known["outcome"].astype(str).map(names.index).to_numpy(float)
        y, rows = known["probability"].to_numpy(float), known.itertuples()
        tips = [f"{who}: {p:.2f} for {names[-1]}; is {row.outcome}; set {row.set}"
                for who, p, row in zip(known.index, y, rows, strict=True)]  # fmt: skip
        self._dots(known.index, x + _apart(y), y, known["right"].eq(True).tolist(),
                   ~unsure.to_numpy(), tips, here)  # fmt: skip
        self.plot.getAxis("bottom").setTicks([list(enumerate(names))])
        self._axes(target, f"probability of {names[-1]}")
        self._rule(0.5)
        self.plot.setRange(xRange=(-0.5, 1.5), yRange=(0, 1), padding=0.03)

    def _show_numbers(self, table: pd.DataFrame, target: str, here: str) -> None:
        known = table[table["predicted"].notna()]
        inside = float(known["right"].eq(True).mean()) if len(known) else np.nan
        self.begin(f"Intervals of 90 % hold {inside:.0%} of the patients. Click a dot to open one.")
        x, y = known["outcome"].to_numpy(float), known["predicted"].to_numpy(float)
        rows = known.itertuples()
        tips = [f"{who}: {p:.3g} ({row.low:.3g} to {row.high:.3g}); is {row.outcome:.3g}"
                for who, p, row in zip(known.index, y, rows, strict=True)]  # fmt: skip
        right = known["right"].eq(True).tolist()
        self._dots(known.index, x, y, right, np.ones(len(known), bool), tips, here)
        ends = [float(np.nanmin([x, y])), float(np.nanmax([x, y]))] if len(x) else [0, 1]
        self.plot.plot(ends, ends, pen=pg.mkPen(self.text_color, style=Qt.PenStyle.DashLine))
        self.plot.getAxis("bottom").setTicks(None)
        self._axes(target, "predicted")
        self.plot.enableAutoRange()

    def _show_times(self, table: pd.DataFrame, target: str, event: str, here: str) -> None:
        known, at = table[table["survival"].notna()], table.attrs["at"]
        free = free_words(target, event, at)
        self.begin(f"Probability of {free} (┄). ● {event or 'event'} ○ censored. Click a dot.")
        x, y = known["time"].to_numpy(float), known["survival"].to_numpy(float)
        seen = known["event"].astype(bool).to_numpy()
        tips = [said_of_time(str(who), row, target, event, at) for who, row in known.iterrows()]
        self._dots(known.index, x, y, [True] * len(known), seen, tips, here)
        pen = pg.mkPen(self.text_color, style=Qt.PenStyle.DashLine)
        self.plot.addItem(pg.InfiniteLine(at, angle=90, pen=pen))
        self.plot.getAxis("bottom").setTicks(None)
        self._axes(target, "probability")
        self.plot.enableAutoRange("x")
        self.plot.setYRange(0, 1, padding=0.03)

    def _dots(
        self,
        patients: Sequence[str],
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        right: Sequence[bool],
        filled: NDArray[np.bool_],
        tips: Sequence[str],
        here: str,
    ) -> None:
        dots = pg.ScatterPlotItem(hoverable=True, tip=_tip)
        spots = []
        for at, patient in enumerate(patients):
            color, own = QColor(FUSED if right[at] else WRONG), patient == here
            pen = pg.mkPen(HERE, width=2.5) if own else pg.mkPen(color, width=1.5)
            brush = pg.mkBrush(color) if filled[at] else pg.mkBrush(None)
            spots.append({"pos": (x[at], y[at]), "size": 12 if own else 9, "brush": brush,
                          "pen": pen, "data": (str(patient), tips[at])})  # fmt: skip
        dots.addPoints(spots)
        dots.sigClicked.connect(self._clicked)
        self.plot.addItem(dots)

    def _axes(self, bottom: str, left: str) -> None:
        self.plot.setLabel("bottom", bottom)
        self.plot.setLabel("left", left)

    def _rule(self, at: float) -> None:
        pen = pg.mkPen(self.text_color, style=Qt.PenStyle.DashLine)
        self.plot.addItem(pg.InfiniteLine(at, angle=0, pen=pen))

    def _clicked(self, _item: object, points: Sequence[Any], _event: object = None) -> None:
        if len(points):
            self.chosen.emit(points[-1].data()[0])


def _tip(x: float, y: float, data: tuple[str, str]) -> str:
    return data[1]


def _apart(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places beside each other, so that dots of like values are told apart."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return np.asarray(((ranks * 0.618034) % 1 - 0.5) * 0.7, float)


class BarPlot(Plot):
    """A bar a feature, the longest first; a click chooses it.

    Attributes
    ----------
    chosen : Signal(str)
        Column of the bar.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("Features")
        self.columns: list[str] = []
        self._tips: list[str] = []
        self._shown: tuple[pd.DataFrame, str, str] | None = None
        self._drawn = 0
        self.plot.getPlotItem().getViewBox().invertY(True)
        axis = self.plot.getAxis("left")
        axis.setStyle(tickLength=0, autoReduceTextSpace=False, hideOverlappingLabels=False)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.plot.scene().sigMouseMoved.connect(self._moved)

    def show_bars(self, table: pd.DataFrame, *, words: str, label: str) -> None:
        """Draw bars.

        Parameters
        ----------
        table : DataFrame
            ``title``, ``column``, ``value``, ``tip``, and where known ``low`` and ``high``.
        words, label : str
            What is seen, and what the axis counts.
        """
        if table.empty:
            self.clear(words)
            return
        self._shown, self._drawn = (table, words, label), self._room(words, len(table))
        order = table["value"].abs().sort_values(ascending=False, kind="stable").index
        top = table.loc[order].head(self._drawn)
        more = f" The {len(top)} largest of {len(table)}." if len(table) > len(top) else ""
        self.begin(words + more)
        self.columns, self._tips = top["column"].tolist(), top["tip"].tolist()
        values = top["value"].to_numpy(float)
        brushes = [QColor(FUSED if value >= 0 else DOWN) for value in values]
        at = np.arange(len(values))
        bars = pg.BarGraphItem(x0=np.minimum(values, 0), width=np.abs(values), y=at, height=0.72,
                               brushes=brushes, pen=None)  # fmt: skip
        self.plot.addItem(bars)
        if "low" in top:
            pen = pg.mkPen(self.text_color, width=1.5)
            for y, low, high in zip(at, top["low"], top["high"], strict=True):
                if np.isfinite([low, high]).all():
                    self.plot.plot([low, high], [y, y], pen=pen)
        names = [(str(title).removeprefix("original_"), "") for title in top["title"]]
        self.name_axis(names, _NAME_WIDTH)
        self.plot.setLabel("bottom", label)
        self.plot.enableAutoRange("x")
        self.plot.setYRange(-0.6, max(len(values), 4) - 0.4, padding=0)

    def _room(self, words: str, bars: int) -> int:
        """Bars whose names can be told apart below a line of words, or two."""
        wrapped = self.fontMetrics().boundingRect(
            0, 0, self.width(), self.height(), Qt.TextFlag.TextWordWrap,
            f"{words} The {_MOST} largest of {bars}.",
        )  # fmt: skip
        return min(max((self.height() - wrapped.height() - _AROUND) // _ROW, _FEWEST), _MOST)

    def clear(self, words: str = "") -> None:
        """Show no bars, and say why."""
        super().clear(words)
        self._shown, self.columns = None, []

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 - Qt names it
        """Draw more or fewer bars."""
        super().resizeEvent(event)
        if self._shown is None:
            return
        table, words, label = self._shown
        if self._room(words, len(table)) != self._drawn:
            self.show_bars(table, words=words, label=label)

    def _at(self, place: Any) -> int | None:
        row = round(self.plot.getPlotItem().getViewBox().mapSceneToView(place).y())
        return row if 0 <= row < len(self.columns) else None

    def _clicked(self, event: Any) -> None:
        row = self._at(event.scenePos())
        if row is not None and self.columns[row] and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self.columns[row])

    def _moved(self, place: Any) -> None:
        row = self._at(place)
        self.plot.setToolTip("" if row is None else self._tips[row])
