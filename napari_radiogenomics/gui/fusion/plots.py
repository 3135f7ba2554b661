"""Plots of a comparison: strategies, ROC, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor

from napari_radiogenomics.fusion.survival_curves import calibration_at, roc_at, time_words
from napari_radiogenomics.fusion.validation.measures import CHANCE, slope_ends
from napari_radiogenomics.gui.fusion.numbers import (
    NAMES,
    answered_of,
    event_of,
    is_plain,
    median_event_time,
    reference_of,
)
from napari_radiogenomics.gui.fusion.patient_rows import free_words
from napari_radiogenomics.gui.plots.plot import Plot

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.result import FusionResult

__all__ = ["FUSED", "PLAIN", "CalibrationPlot", "RocPlot", "StrategyPlot"]

FUSED, PLAIN, OUTSIDE, SITES = "#0072b2", "#999999", "#e69f00", "#009e73"
_NAME_WIDTH = 158


class StrategyPlot(Plot):
    """A line a strategy: its main measure with the interval, beside chance and the baseline.

    Attributes
    ----------
    chosen : Signal(str)
        Strategy whose line was clicked.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("Strategies")
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.names: list[str] = []
        self.plot.getPlotItem().getViewBox().invertY(True)
        axis = self.plot.getAxis("left")
        axis.setStyle(tickLength=0, autoReduceTextSpace=False, hideOverlappingLabels=False)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.plot.scene().sigMouseMoved.connect(self._moved)
        self._result: FusionResult | None = None

    def show_result(self, result: FusionResult, chosen: str) -> None:
        """Draw all strategies; a star marks the one to trust."""
        self._result, main = result, result.main
        self.names = [str(name) for name in result.table.index]
        self.begin(_legend(result))
        self._mark(chosen)
        for at, name in enumerate(self.names):
            row = result.table.loc[name]
            color = QColor(PLAIN if is_plain(name) else FUSED)
            ends = [row[f"{main}_low"], row[f"{main}_high"]]
            if np.isfinite(ends).all():
                self.plot.plot(ends, [at, at], pen=pg.mkPen(color, width=3))
            symbol = "star" if name == result.star else "o"
            size = 15 if name == result.star else 10
            self._dot(row[main], at, color, symbol, size)
            self._others(result, name, at)
        self._rules(result)
        ends = [answered_of(result.table.loc[name]) for name in self.names]
        named = [(n, f" ({e})" if e else "") for n, e in zip(self.names, ends, strict=True)]
        self.name_axis(named, _NAME_WIDTH)
        self.plot.setLabel("bottom", NAMES[main])
        self.plot.enableAutoRange("x")
        self.plot.setYRange(-0.6, len(self.names) - 0.4, padding=0)

    def _dot(self, x: float, y: float, color: QColor, symbol: str, size: int) -> None:
        if np.isfinite(x):
            dot = pg.ScatterPlotItem([x], [y], symbol=symbol, size=size, brush=color, pen=None)
            self.plot.addItem(dot)

    def _others(self, result: FusionResult, name: str, at: int) -> None:
        """The same at sites left out, and in the second cohort."""
        contrast = result.contrast
        if "leave_site_out" in contrast and name in contrast.index:
            self._dot(contrast.loc[name, "leave_site_out"], at + 0.24, QColor(SITES), "t1", 9)
        if result.external is not None:
            row = result.external.loc[name]
            ends = [row[f"{result.main}_low"], row[f"{result.main}_high"]]
            if np.isfinite(ends).all():
                pen = pg.mkPen(QColor(OUTSIDE), width=1)
                self.plot.plot(ends, [at + 0.24] * 2, pen=pen)
            self._dot(row[result.main], at + 0.24, QColor(OUTSIDE), "d", 9)

    def _rules(self, result: FusionResult) -> None:
        faint = QColor(self.text_color)
        faint.setAlpha(130)
        dashed = pg.mkPen(faint, style=Qt.PenStyle.DashLine)
        self.plot.addItem(pg.InfiniteLine(CHANCE[result.kind], angle=90, pen=dashed))
        reference = reference_of(result)
        if reference:
            dotted = pg.mkPen(faint, style=Qt.PenStyle.DotLine)
            at = float(result.table.loc[reference, result.main])
            if np.isfinite(at):
                self.plot.addItem(pg.InfiniteLine(at, angle=90, pen=dotted))

    def _mark(self, chosen: str) -> None:
        """Shade the line of a strategy."""
        if chosen in self.names:
            at = self.names.index(chosen)
            shade = QColor(self.text_color)
            shade.setAlpha(28)
            band = pg.LinearRegionItem(
                (at - 0.5, at + 0.5), orientation="horizontal", movable=False,
                brush=shade, pen=pg.mkPen(None),
            )  # fmt: skip
            self.plot.addItem(band)

    def strategy_at(self, place: Any) -> str:
        """Strategy under a place of the scene; empty where there is none."""
        row = round(self.plot.getPlotItem().getViewBox().mapSceneToView(place).y())
        return self.names[row] if 0 <= row < len(self.names) else ""

    def _clicked(self, event: Any) -> None:
        name = self.strategy_at(event.scenePos())
        if name and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(name)

    def _moved(self, place: Any) -> None:
        name = self.strategy_at(place)
        self.plot.setToolTip(_said_of(self._result, name) if name and self._result else "")


def _legend(result: FusionResult) -> str:
    reference = reference_of(result)
    parts = [f'<span style="color:{FUSED}">●</span>&nbsp;fused',
             f'<span style="color:{PLAIN}">●</span>&nbsp;to&nbsp;be&nbsp;beaten',
             "★&nbsp;to&nbsp;trust" if result.star else "none to trust yet",
             "┄&nbsp;chance", *([f"┈&nbsp;{reference}"] if reference else [])]  # fmt: skip
    if any(answered_of(row) for _, row in result.table.iterrows()):
        parts.append("(%) of patients answered")
    if "leave_site_out" in result.contrast:
        parts.append(f'<span style="color:{SITES}">▲</span>&nbsp;sites&nbsp;left&nbsp;out')
    if result.external is not None:
        parts.append(f'<span style="color:{OUTSIDE}">◆</span>&nbsp;2nd&nbsp;cohort')
    return " &nbsp;".join(parts)


def _said_of(result: FusionResult, name: str) -> str:
    row, main = result.table.loc[name], result.main
    lines = [f"{name}: {NAMES[main]} {row[main]:.2f} "
             f"({row[f'{main}_low']:.2f} to {row[f'{main}_high']:.2f})"]  # fmt: skip
    if np.isfinite(row.get("p_permutation", np.nan)):
        lines.append(f"permutation p {row['p_permutation']:.2g}")
    lines.append(f"{row['features']:.0f} features, optimism {row['optimism']:.2f}")
    for asked, where in ((row, ""), *_outside(result, name)):
        if answered_of(asked):
            lines.append(f"answers {answered_of(asked)} of the patients{where}")
    return "\n".join(lines)


def _outside(result: FusionResult, name: str) -> list[tuple[pd.Series, str]]:
    found = result.external
    return [] if found is None else [(found.loc[name], " of the 2nd cohort")]


class RocPlot(Plot):
    """Sensitivity against specificity of the chosen strategy, and of what it has to beat."""

    def __init__(self) -> None:
        super().__init__("ROC")
        self.words.setTextFormat(Qt.TextFormat.RichText)

    def show_strategy(self, result: FusionResult, strategy: str) -> None:
        """Draw the curves of predictions of patients left out."""
        if result.kind == "regression":
            self.clear("ROC curves are of two classes, or of events by a time.")
            return
        row, times = result.table.loc[strategy], result.kind == "survival"
        main = "auc_at_median" if times else result.main
        at, reference = median_event_time(result), reference_of(result)
        when = f" at {time_words(result.target, at)}" if times else ""
        words = f"<b>{strategy}</b>: AUC{when} {_with_ends(row, main)}, mean of the folds"
        if reference and reference != strategy:
            words += f'; <span style="color:{PLAIN}">—</span> {reference}'
        points = result.points[(result.points["strategy"] == strategy)
                               & (result.points["cohort"] == "left out")]  # fmt: skip
        words += "; ◆&nbsp;operating points" * bool(len(points))
        self.begin(words)
        for name, color, width in ((reference, PLAIN, 2), (strategy, FUSED, 3)):
            if name:
                own = result.patients(name)
                x, y = roc_at(own, at) if times else roc_points(own)
                self.plot.plot(x, y, pen=pg.mkPen(QColor(color), width=width))
        self.plot.addItem(_operating(points))
        faint = pg.mkPen(self.text_color, style=Qt.PenStyle.DashLine)
        self.plot.plot([0, 1], [0, 1], pen=faint)
        later = f" (of {event_of(result) or 'event'} later)" if times else ""
        self.plot.setLabel("bottom", f"1 − specificity{later}")
        self.plot.setLabel("left", "sensitivity")
        self.plot.setRange(xRange=(0, 1), yRange=(0, 1), padding=0.02)


def _operating(points: pd.DataFrame) -> Any:
    """Operating points on the curve, each with its numbers as a tooltip."""
    dots = pg.ScatterPlotItem(hoverable=True, tip=lambda x, y, data: data)
    spots = []
    for row in points.itertuples():
        tip = (
            f"{row.point}: above {row.threshold:.2f}, sensitivity {row.sensitivity:.2f} "
            f"({row.sensitivity_low:.2f} to {row.sensitivity_high:.2f}), specificity "
            f"{row.specificity:.2f} ({row.specificity_low:.2f} to {row.specificity_high:.2f})"
        )
        spots.append({"pos": (1 - row.specificity, row.sensitivity), "data": tip, "symbol": "d",
                      "size": 11, "brush": pg.mkBrush(OUTSIDE), "pen": None})  # fmt: skip
    dots.addPoints(spots)
    return dots


def roc_points(patients: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rates over all thresholds; ties are one step.

    Parameters
    ----------
    patients : DataFrame
        As `FusionResult.patients` answers for classes.
    """
    from sklearn.metrics import roc_curve

    known = patients[patients["probability"].notna()]
    event = patients.attrs["classes"][-1]
    truth = known["outcome"].astype(str).eq(event).to_numpy()
    x, y, _ = roc_curve(truth, known["probability"].to_numpy(float), drop_intermediate=False)
    return x, y


class CalibrationPlot(Plot):
    """What was predicted against what came, in fifths of the patients; of times at one time."""

    def __init__(self) -> None:
        super().__init__("Calibration")

    def show_strategy(self, result: FusionResult, strategy: str) -> None:
        """Draw the curve with Wilson's intervals, or those of Kaplan and Meier."""
        row = result.table.loc[strategy]
        words = f"{strategy}: slope {_with_ends(row, 'calibration_slope')} (1 is right)"
        if "calibration_intercept" in row:
            words += f", intercept {_with_ends(row, 'calibration_intercept')} (0 is right)"
        if "brier" in row:
            words += f", Brier {row['brier']:.3f}"
        if result.kind == "regression":
            self.clear(f"{words}. Curves are of two classes, or of events by a time.")
            return
        own, names = result.calibration, ("predicted probability", "observed share")
        own = own[own["strategy"] == strategy] if len(own) else own
        if result.kind == "survival":
            words += f", integrated Brier {_with_ends(row, 'integrated_brier')}"
            patients = result.patients(strategy)
            own = calibration_at(patients).dropna()
            free = free_words(result.target, event_of(result), patients.attrs["at"])
            names = (f"predicted probability of {free}", "Kaplan-Meier")
        self.begin(words)
        faint = pg.mkPen(self.text_color, style=Qt.PenStyle.DashLine)
        self.plot.plot([0, 1], [0, 1], pen=faint)
        pen = pg.mkPen(QColor(FUSED), width=2)
        for part in own.itertuples():
            self.plot.plot([part.predicted] * 2, [part.low, part.high], pen=pen)
        self.plot.plot(
            own["predicted"].to_numpy(float), own["observed"].to_numpy(float), pen=pen,
            symbol="o", symbolBrush=QColor(FUSED), symbolPen=None, symbolSize=9,
        )  # fmt: skip
        for side, name in zip(("bottom", "left"), names, strict=True):
            self.plot.setLabel(side, name)
        self.plot.setRange(xRange=(0, 1), yRange=(0, 1), padding=0.02)


def _with_ends(row: Any, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if name == "calibration_slope":
        return f"{row[name]:.2f}{slope_ends(low, high)}"
    ends = f" ({low:.2f} to {high:.2f})" if np.isfinite(low) else ""
    return f"{row[name]:.2f}{ends}"
