"""Heat map and oncoprint: columns are patients, and a click opens one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor

from napari_radiogenomics.gui.genes.heat import Heat
from napari_radiogenomics.gui.genes.rows import value_text
from napari_radiogenomics.gui.plots.plot import HERE, Plot
from napari_radiogenomics.gui.plots.scales import MISSING, Scale

__all__ = ["HeatPlot", "heat_colors"]

_MOST_Z = 2.5
_WILD = (0.78, 0.78, 0.78, 1.0)
# Okabe and Ito, for classes of mutations in the order of their frequency.
_CLASSES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#f0e442", "#000000")
_NAME_WIDTH = 110
_LEAST_COLUMN, _LEAST_ROW = 44, 11


def heat_colors(heat: Heat) -> NDArray[np.uint8]:
    """Colors of all cells, shape (G, P, 4); gray where nothing was measured."""
    if heat.kind == "expression":
        colors = Scale("diverging", -_MOST_Z, _MOST_Z).colors(heat.values.ravel())
        return np.asarray(255 * colors.reshape(*heat.values.shape, 4), np.uint8)
    colors = np.empty((*heat.values.shape, 4))
    colors[:] = MISSING
    colors[heat.values == 0] = _WILD
    for number, _ in enumerate(heat.classes, 1):
        found = QColor(_CLASSES[(number - 1) % len(_CLASSES)]).getRgbF()
        colors[heat.values == number] = found
    return np.asarray(255 * colors, np.uint8)


class HeatPlot(Plot):
    """A heat map whose columns select patients, and whose names of rows select genes.

    Attributes
    ----------
    patient_chosen, gene_chosen : Signal(str)
        The person clicked a column, or the name of a gene.
    """

    patient_chosen = Signal(str)
    gene_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("Patients and genes")
        self.heat: Heat | None = None
        self.here = ""
        box = self.plot.getPlotItem().getViewBox()
        box.invertY(True)
        axis = self.plot.getAxis("left")
        axis.setWidth(_NAME_WIDTH)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.plot.scene().sigMouseMoved.connect(self._moved)
        self._frame = pg.PlotCurveItem()

    def show_heat(self, heat: Heat, here: str) -> None:
        """Draw genes and patients; the patient on the screen gets a frame."""
        self.heat = heat
        self.begin(self._words(heat))
        genes, patients = heat.values.shape
        self.words.setTextFormat(Qt.TextFormat.RichText)
        image = pg.ImageItem(heat_colors(heat), axisOrder="row-major", levels=None)
        image.setRect(QRectF(-0.5, -0.5, patients, genes))
        self.plot.addItem(image)
        self._frame = pg.PlotCurveItem(pen=pg.mkPen(QColor(HERE), width=2.5))
        self.plot.addItem(self._frame)
        self.plot.setXRange(-0.5, patients - 0.5, padding=0.005)
        self.plot.setYRange(-0.5, genes - 0.5, padding=0.01)
        self._name_axes()
        self.mark(here)

    def _words(self, heat: Heat) -> str:
        said = [f"<b>{heat.title}</b> in {len(heat.patients)} patients."]
        if heat.kind == "expression":
            ramp = "".join(
                f'<span style="background:{_html(Scale("diverging", -1, 1).rgba(x))}">'
                "&nbsp;&nbsp;</span>"
                for x in np.linspace(-1, 1, 9)
            )
            said.append(f"−{_MOST_Z} {ramp} {_MOST_Z} z of {heat.unit or 'the values'}.")
        else:
            said += [_swatch(_WILD, "wildtype")]
            said += [_swatch(QColor(_CLASSES[n % len(_CLASSES)]).getRgbF(), name)
                     for n, name in enumerate(heat.classes)]  # fmt: skip
        said.append(_swatch(MISSING, "not measured"))
        return " ".join([*said, *(f"· {note}" for note in heat.notes[-2:])])

    def _name_axes(self) -> None:
        """Names of genes and patients, as many as there is room for."""
        if self.heat is None:
            return
        room = self.plot.width() - _NAME_WIDTH, self.plot.height() - 30
        left = _every(self.heat.genes, max(room[1] // _LEAST_ROW, 1))
        below = _every(self.heat.patients, max(room[0] // _LEAST_COLUMN, 1))
        self.plot.getAxis("left").setTicks([left])
        self.plot.getAxis("bottom").setTicks([below])

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 - Qt names it
        """Name more or fewer rows and columns."""
        super().resizeEvent(event)
        self._name_axes()

    def mark(self, patient_id: str) -> None:
        """Frame the column of a patient; nothing where it is not shown."""
        self.here = patient_id
        if self.heat is None or patient_id not in self.heat.patients:
            self._frame.setData([], [])
            return
        at, low, high = self.heat.patients.index(patient_id), -0.5, len(self.heat.genes) - 0.5
        x = [at - 0.5, at + 0.5, at + 0.5, at - 0.5, at - 0.5]
        self._frame.setData(x, [low, low, high, high, low])

    def cell_at(self, scene: QPointF) -> tuple[int, int] | None:
        """Row and column under a place of the scene; column −1 on the names of genes."""
        if self.heat is None:
            return None
        place = self.plot.getPlotItem().getViewBox().mapSceneToView(scene)
        row, column = round(place.y()), round(place.x())
        if not 0 <= row < len(self.heat.genes) or column >= len(self.heat.patients):
            return None
        return row, max(column, -1)

    def choose(self, row: int, column: int) -> None:
        """Choose a patient by a column, or a gene by its name."""
        if self.heat is None:
            return
        if column >= 0:
            self.patient_chosen.emit(self.heat.patients[column])
        else:
            own = " mutation" if self.heat.kind == "mutation" else ""
            self.gene_chosen.emit(self.heat.genes[row] + own)

    def _clicked(self, event: Any) -> None:
        cell = self.cell_at(event.scenePos())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self.choose(*cell)

    def _moved(self, place: QPointF) -> None:
        cell, heat = self.cell_at(place), self.heat
        if cell is None or heat is None or cell[1] < 0:
            self.plot.setToolTip("")
            return
        self.plot.setToolTip(
            f"{heat.patients[cell[1]]}, {heat.genes[cell[0]]}: {_said(heat, *cell)}"
        )


def _said(heat: Heat, row: int, column: int) -> str:
    value = heat.values[row, column]
    if not np.isfinite(value):
        return "not measured"
    if heat.kind == "expression":
        return f"{value_text(value)} z"
    return heat.classes[int(value) - 1] if value else "wildtype"


def _every(names: tuple[str, ...], most: int) -> list[tuple[int, str]]:
    """Places and names, evenly thinned where there are too many."""
    step = -(-len(names) // max(most, 1))
    return [(at, name) for at, name in enumerate(names) if at % step == 0]


def _html(color: tuple[float, ...]) -> str:
    return QColor.fromRgbF(*color).name()


def _swatch(color: tuple[float, ...], word: str) -> str:
    return f'<span style="background:{_html(color)}">&nbsp;&nbsp;&nbsp;</span> {word}'
