"""Plots of associations: heat map, volcano, and the patients behind one pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QFontMetrics

from napari_radiogenomics.gui.associate.matrix import Matrix, matrix_of, stars
from napari_radiogenomics.gui.plots.colors import SITE_COLORS, site_colors
from napari_radiogenomics.gui.plots.column_axis import ColumnAxis
from napari_radiogenomics.gui.plots.plot import HERE, Plot
from napari_radiogenomics.gui.plots.scales import Scale

if TYPE_CHECKING:
    from napari_radiogenomics.association.result import AssociationResult

__all__ = ["AssociationMap", "PairPlot", "Volcano"]

_NAME_WIDTH, _LEAST_ROW, _LEAST_CELL = 180, 13, 14
_BELOW = 0.35  # share of the height that the names of the columns may take
_AROUND = 50  # pixels of the words above
_EDGE = 10  # pixels around the text of a label
_ALPHA = 0.05
_LEAST_Q = 1e-12


def _elided(name: str, most: int) -> str:
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[:half]}…{name[-half:]}"


def _short(names: Sequence[str]) -> list[str]:
    """Names without the collection that all gene sets of it begin with, where they stay apart."""
    short = [name.removeprefix("HALLMARK_") for name in names]
    return short if len(set(short)) == len(set(names)) else list(names)


class AssociationMap(Plot):
    """Features × outcomes, colored by the effect, with stars by q; a click chooses a pair.

    Attributes
    ----------
    chosen : Signal(str, str)
        Feature and outcome of the cell that was clicked.
    """

    chosen = Signal(str, str)

    def __init__(self) -> None:
        super().__init__("Features and outcomes")
        self.matrix: Matrix | None = None
        self._result: AssociationResult | None = None
        self._outcomes: list[str] = []
        self._pair, self._drawn = ("", ""), (0, 0)
        self._frame = pg.PlotCurveItem()
        self.plot.getPlotItem().getViewBox().invertY(True)
        self.plot.getAxis("left").setWidth(_NAME_WIDTH)
        self.plot.getAxis("left").setStyle(
            tickLength=0, autoReduceTextSpace=False, hideOverlappingLabels=False
        )
        self.columns = ColumnAxis()
        self.plot.setAxisItems({"bottom": self.columns})
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.plot.scene().sigMouseMoved.connect(self._moved)

    def show_result(self, result: AssociationResult) -> None:
        """Draw the surest pairs, as many as there is room for; white is no effect."""
        self._result = result
        self._outcomes = result.table["outcome"].astype(str).unique().tolist()
        self._arrange()

    def _arrange(self) -> None:
        if self._result is None:
            return
        features, outcomes = self._room()
        self._drawn = (features, outcomes)
        self.matrix = matrix_of(self._result.table, features=features, outcomes=outcomes)
        rest = ", the surest" if any(self.matrix.left_out) else ""
        words = f"{self._result.effect}{rest}; blue below 0, red above; * q ≤ 0.05"
        self._draw(self.matrix, words)

    def _room(self) -> tuple[int, int]:
        """Rows and columns that can be told apart."""
        width = self.width() - _NAME_WIDTH
        columns, names = max(width // _LEAST_CELL, 4), _short(self._outcomes)
        each = width / max(min(columns, len(names)), 1)
        below = self.columns.height_for(names, each, _BELOW * self.height())
        return max((self.height() - _AROUND - below) // _LEAST_ROW, 4), columns

    def _draw(self, matrix: Matrix, words: str) -> None:
        self.begin(words)
        rows, columns = matrix.effects.shape
        reach = float(np.nanmax(np.abs(matrix.effects), initial=1e-9))
        colors = Scale("diverging", -reach, reach).colors(matrix.effects.ravel())
        picture = np.asarray(255 * colors.reshape(rows, columns, 4), np.uint8)
        image = pg.ImageItem(picture, axisOrder="row-major", levels=None)
        image.setRect(QRectF(-0.5, -0.5, columns, rows))
        self.plot.addItem(image)
        self._draw_stars(matrix)
        self._frame = pg.PlotCurveItem(pen=pg.mkPen(QColor(HERE), width=2.5))
        self.plot.addItem(self._frame)
        self.plot.setXRange(-0.5, columns - 0.5, padding=0.005)
        self.plot.setYRange(-0.5, rows - 0.5, padding=0.01)
        self._name_axes()
        self.mark(*self._pair)

    def _draw_stars(self, matrix: Matrix) -> None:
        for row, column in np.argwhere(matrix.q_values <= _ALPHA):
            mark = pg.TextItem(stars(matrix.q_values[row, column]), "#000000", anchor=(0.5, 0.42))
            mark.setPos(column, row)
            self.plot.addItem(mark)

    def _name_axes(self) -> None:
        if self.matrix is None:
            return
        names = _short(self.matrix.outcomes)
        width = (self.width() - _NAME_WIDTH) / len(names)
        self.columns.show_names(names, width, _BELOW * self.height())
        features = [name.removeprefix("original_") for name in self.matrix.features]
        left = [(at, _elided(name, 24)) for at, name in enumerate(features)]
        self.plot.getAxis("left").setTicks([left])

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 - Qt names it
        """Name more or fewer rows and columns."""
        super().resizeEvent(event)
        if self._result is not None and self._room() != self._drawn:
            self._arrange()
        else:
            self._name_axes()

    def mark(self, feature: str, outcome: str) -> None:
        """Frame a pair; nothing where it is not shown."""
        self._pair = (feature, outcome)
        matrix = self.matrix
        if matrix is None or feature not in matrix.features or outcome not in matrix.outcomes:
            self._frame.setData([], [])
            return
        x, y = matrix.outcomes.index(outcome), matrix.features.index(feature)
        half = 0.5
        self._frame.setData(
            [x - half, x + half, x + half, x - half, x - half],
            [y - half, y - half, y + half, y + half, y - half],
        )

    def pair_at(self, scene: QPointF) -> tuple[int, int] | None:
        """Row and column under a place of the scene."""
        if self.matrix is None:
            return None
        place = self.plot.getPlotItem().getViewBox().mapSceneToView(scene)
        row, column = round(place.y()), round(place.x())
        inside = 0 <= row < len(self.matrix.features) and 0 <= column < len(self.matrix.outcomes)
        return (row, column) if inside else None

    def name_at(self, scene: QPointF) -> str:
        """Whole name of the row or column that is named at a place of the scene."""
        if self.matrix is None:
            return ""
        place = self.plot.getPlotItem().getViewBox().mapSceneToView(scene)
        row, column = round(place.y()), round(place.x())
        rows, columns = self.matrix.features, self.matrix.outcomes
        if place.x() < 0 and 0 <= row < len(rows):
            return rows[row]
        return columns[column] if row >= len(rows) and 0 <= column < len(columns) else ""

    def _clicked(self, event: Any) -> None:
        at = self.pair_at(event.scenePos())
        if at is not None and event.button() == Qt.MouseButton.LeftButton and self.matrix:
            self.chosen.emit(self.matrix.features[at[0]], self.matrix.outcomes[at[1]])

    def _moved(self, place: QPointF) -> None:
        at = self.pair_at(place)
        if at is None or self.matrix is None:
            self.plot.setToolTip(self.name_at(place))
            return
        effect, q = self.matrix.effects[at], self.matrix.q_values[at]
        told = "no result" if np.isnan(effect) else f"effect {effect:.2f}, q {q:.2g}"
        names = f"{self.matrix.features[at[0]]} ~ {self.matrix.outcomes[at[1]]}"
        self.plot.setToolTip(f"{names}\n{told}")


class Volcano(Plot):
    """Effects against q-values, one dot a pair; a click chooses it.

    Attributes
    ----------
    chosen : Signal(str, str)
        Feature and outcome of the dot.
    """

    chosen = Signal(str, str)
    MOST = 20_000

    def __init__(self) -> None:
        super().__init__("Effects and q-values")

    def show_result(self, result: AssociationResult) -> None:
        """Draw pairs; of very many those with the smallest q-values."""
        table = result.table
        pairs = list(zip(table["feature"].astype(str), table["outcome"].astype(str), strict=True))
        effects, q_values = table["effect"].to_numpy(float), table["q_value"].to_numpy(float)
        good = np.flatnonzero(np.isfinite(effects) & np.isfinite(q_values))
        good = good[np.argsort(q_values[good], kind="stable")][: self.MOST]
        self.begin(f"{len(good):,} pairs; orange: q ≤ 0.05. {result.family}")
        height = -np.log10(np.maximum(q_values[good], _LEAST_Q))
        gray = QColor(self.text_color)
        gray.setAlpha(90)
        sure = q_values[good] <= _ALPHA
        brushes = [pg.mkBrush(QColor(HERE) if own else gray) for own in sure]
        dots = pg.ScatterPlotItem(
            x=effects[good], y=height, size=7, pen=None, brush=brushes,
            data=[pairs[at] for at in good], hoverable=True, tip=_pair_tip,
        )  # fmt: skip
        dots.sigClicked.connect(self._clicked)
        self.plot.addItem(dots)
        line = pg.InfiniteLine(
            -np.log10(_ALPHA), angle=0, pen=pg.mkPen(gray, style=Qt.PenStyle.DashLine)
        )
        self.plot.addItem(line)
        self.plot.setLabel("bottom", result.effect)
        self.plot.setLabel("left", "−log10 q")
        self.plot.enableAutoRange()

    def _clicked(self, _item: object, points: Sequence[Any], _event: object = None) -> None:
        if len(points):
            self.chosen.emit(*points[-1].data())


def _pair_tip(x: float, y: float, data: tuple[str, str]) -> str:
    return f"{data[0]} ~ {data[1]}\neffect {x:.2f}, q {10**-y:.2g}"


class PairPlot(Plot):
    """One feature against one outcome, a dot a patient, colored by site; a click opens it.

    Attributes
    ----------
    chosen : Signal(str)
        The patient whose dot was clicked.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("Patients of the pair")
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self._label = ""
        self.plot.getPlotItem().getViewBox().sigResized.connect(self._name_side)

    def show_patients(
        self,
        patients: Sequence[str],
        feature: NDArray[np.float64],
        outcome: NDArray[np.float64],
        *,
        sites: Mapping[str, str],
        here: str,
        words: str,
        labels: tuple[str, str],
        classes: tuple[str, str] | None = None,
    ) -> None:
        """Draw patients; two classes stand in two columns."""
        colors = site_colors(list(sites.values()))
        swatches = " ".join(
            f'<span style="color:{color}">●</span> {name}' for name, color in colors.items()
        )
        self.begin(f"{words} {swatches}")
        x = outcome.copy()
        if classes is not None:
            ranks = np.argsort(np.argsort(feature, kind="stable"), kind="stable")
            x = x + ((ranks * 0.618034) % 1 - 0.5) * 0.5
        dots = pg.ScatterPlotItem(hoverable=True, tip=_patient_tip)
        dots.addPoints([
            {
                "pos": (x[at], feature[at]),
                "size": 12 if patient == here else 8,
                "brush": QColor(colors.get(sites.get(patient, ""), SITE_COLORS[-1])),
                "pen": pg.mkPen(HERE, width=2.5) if patient == here else None,
                "data": patient,
            }
            for at, patient in enumerate(patients)
        ])  # fmt: skip
        dots.sigClicked.connect(self._clicked)
        self.plot.addItem(dots)
        ticks = None if classes is None else [[(0, classes[0]), (1, classes[1])]]
        self.plot.getAxis("bottom").setTicks(ticks)
        self.plot.setLabel("bottom", labels[1])
        self._label = labels[0]
        self._name_side()
        self.plot.enableAutoRange()

    def _name_side(self, *_: object) -> None:
        """Write the feature beside the plot, cut in the middle to the height there is."""
        if not self._label:
            return
        axis = self.plot.getAxis("left")
        name = self._label.removeprefix("original_")
        room = int(self.plot.getPlotItem().getViewBox().height())
        metrics = QFontMetrics(axis.label.document().defaultFont())
        axis.setLabel(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room - _EDGE))
        axis.resizeEvent()  # pyqtgraph keeps the place of the text before
        axis.setToolTip(self._label)

    def _clicked(self, _item: object, points: Sequence[Any], _event: object = None) -> None:
        if len(points):
            self.chosen.emit(str(points[-1].data()))


def _patient_tip(x: float, y: float, data: str) -> str:
    return f"{data}: {y:.4g} against {x:.4g}"
