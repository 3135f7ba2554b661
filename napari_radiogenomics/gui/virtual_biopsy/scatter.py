"""Measured against predicted, one dot a biopsy of a patient that the fit did not see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor

from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.plots.plot import HERE, Plot

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HeldOutPlot"]

_DOT, _OWN_DOT, _TALL = 8, 11, 230
_ANCHORED = ("anchored", "anchored_low", "anchored_high")
_FREE = ("predicted", "low", "high")


class HeldOutPlot(Plot):
    """Biopsies with the intervals that were said of them; a click opens patient and biopsy.

    Attributes
    ----------
    chosen : Signal(str, str)
        Patient and sample of the dot that was clicked.
    """

    chosen = Signal(str, str)

    def __init__(self) -> None:
        super().__init__("Biopsies of patients left out")
        self.setMinimumHeight(_TALL)
        self.table: pd.DataFrame | None = None

    def show_table(
        self, table: pd.DataFrame, *, unit: str, level: float, here: str, anchored: bool
    ) -> None:
        """Draw all biopsies; those of the patient on the screen last and larger.

        Parameters
        ----------
        table : DataFrame
            ``VirtualBiopsy.samples``.
        unit : str
            Of the score.
        level : float
            Of the intervals.
        here : str
            Patient on the screen.
        anchored : bool
            Show what was said from the other biopsies of the patient, not from other patients.
        """
        self.table = table
        value, low, high = (table[name].to_numpy(float) for name in
                            (_ANCHORED if anchored else _FREE))  # fmt: skip
        score = table["score"].to_numpy(float)
        inside = float(np.mean((low <= score) & (score <= high)))
        self.begin(
            f"Intervals of {level:.0%} hold {inside:.0%} of {len(table)} biopsies. A dot is a "
            "biopsy: click to open it."
        )
        faint = QColor(self.text_color)
        faint.setAlpha(80)
        ends = [float(min(score.min(), value.min())), float(max(score.max(), value.max()))]
        self.plot.plot(ends, ends, pen=pg.mkPen(self.text_color, style=Qt.PenStyle.DashLine))
        own = table["patient_id"].to_numpy(str) == here
        for rows, color in ((~own, faint), (own, QColor(HERE))):
            bars = pg.ErrorBarItem(
                x=score[rows], y=value[rows], top=(high - value)[rows],
                bottom=(value - low)[rows], beam=0, pen=pg.mkPen(color),
            )  # fmt: skip
            self.plot.addItem(bars)
        self._dots(table, score, value, own, [
            f"{row.patient_id}, {name}: predicted {number_text(float(f'{v:.3g}'))} "
            f"({number_text(float(f'{a:.3g}'))} to {number_text(float(f'{b:.3g}'))}), "
            f"measured {number_text(float(f'{row.score:.3g}'))} {unit}"
            for (name, row), v, a, b in zip(table.iterrows(), value, low, high, strict=True)
        ])  # fmt: skip
        self.plot.setLabel("bottom", f"measured, {unit}" if unit else "measured")
        self.plot.setLabel("left", "predicted")  # in the same unit
        self.plot.enableAutoRange()

    def _dots(
        self,
        table: pd.DataFrame,
        x: np.ndarray,
        y: np.ndarray,
        own: np.ndarray,
        tips: Sequence[str],
    ) -> None:
        gray = QColor(self.text_color)
        gray.setAlpha(170)
        order = np.argsort(own, kind="stable")
        spots = [
            {
                "pos": (x[at], y[at]),
                "size": _OWN_DOT if own[at] else _DOT,
                "brush": QColor(HERE) if own[at] else gray,
                "pen": None,
                "data": (str(table["patient_id"].iloc[at]), str(table.index[at]), tips[at]),
            }
            for at in order
        ]
        scatter = pg.ScatterPlotItem(hoverable=True, tip=_tip)
        scatter.addPoints(spots)
        scatter.sigClicked.connect(self._clicked)
        self.plot.addItem(scatter)

    def _clicked(self, _item: object, points: Sequence[object], _event: object = None) -> None:
        if len(points):
            patient, sample, _ = points[-1].data()  # type: ignore[attr-defined]
            self.chosen.emit(patient, sample)


def _tip(x: float, y: float, data: tuple[str, str, str]) -> str:
    return data[2]
