"""Plots of the Genes dock: pathways of a region, regions across patients, map against gene."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, Qt, Signal
from qtpy.QtGui import QColor, QPolygonF
from qtpy.QtWidgets import QGraphicsPolygonItem

from napari_radiogenomics.gui.canvas.hover import elide_middle
from napari_radiogenomics.gui.genes.rows import value_text
from napari_radiogenomics.gui.genes.violin import violin
from napari_radiogenomics.gui.plots.plot import HERE, Plot

__all__ = ["Dot", "PathwayBar", "PathwayPlot", "ScatterPlot", "StripPlot", "rank_correlation"]

_DOT, _OWN_DOT = 8, 11
_SPREAD, _VIOLIN = 0.28, 0.42
_NAME_WIDTH, _LETTERS = 138, 18
_REGION_LETTERS = 16


@dataclass(frozen=True)
class PathwayBar:
    """Score of a pathway in a region, and where the cohort lies.

    Attributes
    ----------
    name, title : str
        As it is asked for, and as a person says it.
    value : float
        In the region.
    low, median, high : float
        Quartiles of the cohort.
    """

    name: str
    title: str
    value: float
    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Dot:
    """A region of a patient in a plot."""

    patient_id: str
    region: str
    x: float
    y: float


class PathwayPlot(Plot):
    """Bars of a region's top pathways over the quartiles of the cohort.

    Attributes
    ----------
    asked : Signal(str)
        The person clicked the name or the bar of a pathway.
    """

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__("Pathways of the region")
        self.bars: list[PathwayBar] = []
        self.plot.getPlotItem().getViewBox().invertY(True)
        axis = self.plot.getAxis("left")
        axis.setWidth(_NAME_WIDTH)
        axis.setStyle(autoReduceTextSpace=False, hideOverlappingLabels=False)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.plot.scene().sigMouseMoved.connect(self._moved)
        self._unit = ""

    def show_bars(self, bars: Sequence[PathwayBar], words: str, unit: str) -> None:
        """Draw pathways, the most unusual on top."""
        self.bars, self._unit = list(bars), unit
        self.begin(words)
        places = np.arange(len(bars), dtype=float)
        gray = QColor(self.text_color)
        gray.setAlpha(70)
        self.plot.addItem(pg.BarGraphItem(
            x0=[b.low for b in bars], x1=[b.high for b in bars], y=places, height=0.8,
            brush=gray, pen=None))  # fmt: skip
        self.plot.addItem(pg.BarGraphItem(
            x0=[min(b.value, 0.0) for b in bars], x1=[max(b.value, 0.0) for b in bars], y=places,
            height=0.34, brush=QColor(HERE), pen=None))  # fmt: skip
        for place, bar in zip(places, bars, strict=True):
            line = [bar.median, bar.median], [place - 0.4, place + 0.4]
            self.plot.plot(*line, pen=pg.mkPen(self.text_color, width=2))
        names = [(place, _short(bar.title)) for place, bar in zip(places, bars, strict=True)]
        self.plot.getAxis("left").setTicks([names])
        self.plot.setLabel("bottom", unit)
        self.plot.setYRange(-0.6, max(len(bars) - 0.4, 0.6), padding=0)
        self.plot.enableAutoRange("x")

    def bar_at(self, scene: QPointF) -> PathwayBar | None:
        """Pathway whose name or bar lies at a place of the scene."""
        row = round(self.plot.getPlotItem().getViewBox().mapSceneToView(scene).y())
        return self.bars[row] if 0 <= row < len(self.bars) else None

    def _clicked(self, event: Any) -> None:
        bar = self.bar_at(event.scenePos())
        if bar is not None and event.button() == Qt.MouseButton.LeftButton:
            self.asked.emit(bar.name)

    def _moved(self, place: QPointF) -> None:
        bar = self.bar_at(place)
        self.plot.setToolTip("" if bar is None else _bar_tip(bar, self._unit))


def _short(title: str) -> str:
    """Beginning of a name: ends such as "response" or "signaling" are shared by many."""
    return title if len(title) <= _LETTERS else title[: _LETTERS - 1] + "…"


def _bar_tip(bar: PathwayBar, unit: str) -> str:
    return (
        f"<p><b>{bar.title}</b> {value_text(bar.value)} {unit}; cohort {value_text(bar.median)} "
        f"({value_text(bar.low)} to {value_text(bar.high)}). Click to search it.</p>"
    )


class _DotPlot(Plot):
    """Dots that open their patient.

    Attributes
    ----------
    chosen : Signal(str, str)
        Patient and region of the dot that was clicked.
    """

    chosen = Signal(str, str)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.dots: list[Dot] = []

    def _draw(self, dots: Sequence[Dot], here: str, columns: Sequence[float]) -> None:
        """Draw dots; those of the patient on the screen last and larger."""
        self.dots = sorted(dots, key=lambda dot: dot.patient_id == here)
        places = dict(zip(map(id, dots), columns, strict=True))
        gray = QColor(self.text_color)
        gray.setAlpha(120)
        spots = [
            {
                "pos": (places[id(dot)], dot.y),
                "size": _OWN_DOT if dot.patient_id == here else _DOT,
                "brush": QColor(HERE) if dot.patient_id == here else gray,
                "pen": None,
                "data": (dot.patient_id, dot.region),
            }
            for dot in self.dots
        ]
        scatter = pg.ScatterPlotItem(hoverable=True, tip=_tip)
        scatter.addPoints(spots)
        scatter.sigClicked.connect(self._clicked)
        self.plot.addItem(scatter)

    def _name_values(self, unit: str, classes: Sequence[str]) -> None:
        """Name the axis of the scores: their unit, or the classes 0, 1, … of a mutation."""
        axis = self.plot.getAxis("left")
        axis.setTicks([list(enumerate(classes))] if classes else None)
        axis.setLabel("" if classes else unit)
        axis.showLabel(not classes)

    def _clicked(self, _item: object, points: Sequence[object], _event: object = None) -> None:
        if len(points):
            patient, region = points[-1].data()  # type: ignore[attr-defined]
            self.chosen.emit(patient, region)


def _tip(x: float, y: float, data: tuple[str, str]) -> str:
    return f"{data[0]}, {data[1]}: {value_text(y)}"


class StripPlot(_DotPlot):
    """A score in each kind of region, one dot a patient; a violin behind ten dots or more."""

    def __init__(self) -> None:
        super().__init__("Regions across patients")

    def show_dots(
        self, dots: Sequence[Dot], here: str, words: str, unit: str, classes: Sequence[str] = ()
    ) -> None:
        """Draw one column for each region, with the median as a line."""
        self.begin(words)
        names = list(dict.fromkeys(dot.region for dot in dots))
        columns = np.zeros(len(dots))
        for at, name in enumerate(names):
            own = [n for n, dot in enumerate(dots) if dot.region == name]
            values = [dots[n].y for n in own]
            columns[own] = at + _spread(values)
            self._draw_violin(at, values)
            middle = float(np.median(values))
            pen = pg.mkPen(self.text_color, width=2)
            self.plot.plot([at - 0.35, at + 0.35], [middle, middle], pen=pen)
        self._draw(dots, here, columns.tolist())
        ticks = [(at, elide_middle(name, _REGION_LETTERS)) for at, name in enumerate(names)]
        self.plot.getAxis("bottom").setTicks([ticks])
        self._name_values(unit, classes)
        self.plot.setXRange(-0.5, len(names) - 0.5, padding=0.02)

    def _draw_violin(self, at: int, values: Sequence[float]) -> None:
        shape = violin(values)
        if shape is None:
            return
        places, half = shape[0], _VIOLIN * shape[1]
        x = np.concatenate([at - half, (at + half)[::-1]])
        y = np.concatenate([places, places[::-1]])
        gray = QColor(self.text_color)
        gray.setAlpha(45)
        outline = QGraphicsPolygonItem(
            QPolygonF([QPointF(*p) for p in zip(x.tolist(), y.tolist(), strict=True)])
        )
        outline.setBrush(gray)
        outline.setPen(pg.mkPen(None))
        self.plot.addItem(outline)


def _spread(values: Sequence[float]) -> np.ndarray:
    """Where dots of a column stand beside each other: by rank, the same at every drawing."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return ((ranks * 0.618034) % 1 - 0.5) * 2 * _SPREAD if len(values) > 1 else np.zeros(1)


class ScatterPlot(_DotPlot):
    """Mean of a map in a region against the score of its samples, one dot a region."""

    def __init__(self) -> None:
        super().__init__("Map against score")

    def show_dots(
        self,
        dots: Sequence[Dot],
        here: str,
        words: str,
        units: tuple[str, str],
        classes: Sequence[str] = (),
    ) -> None:
        """Draw dots with the units of both axes; classes of a mutation have names."""
        self.begin(words)
        self._draw(dots, here, [dot.x for dot in dots])
        self.plot.setLabel("bottom", units[0])
        self._name_values(units[1], classes)
        self.plot.enableAutoRange()


def rank_correlation(dots: Sequence[Dot]) -> float:
    """Spearman's rank correlation of dots; NaN for fewer than three, or without spread."""
    if len(dots) < 3:
        return math.nan
    from scipy.stats import rankdata

    x, y = (rankdata([getattr(dot, axis) for dot in dots]) for axis in "xy")
    return float(np.corrcoef(x, y)[0, 1]) if np.ptp(x) and np.ptp(y) else math.nan
