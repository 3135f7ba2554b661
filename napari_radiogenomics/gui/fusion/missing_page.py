"""What a missing modality costs: each strategy as more and more patients lack it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_radiogenomics.fusion.validation.missingness import Mechanism
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.fusion.numbers import NAMES, is_plain
from napari_radiogenomics.gui.plots.colors import site_color
from napari_radiogenomics.gui.plots.plot import Plot

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.result import FusionResult
    from napari_radiogenomics.gui.fusion.work import Degraded

__all__ = ["MissingPage", "answered_words", "missing_words"]

_MECHANISMS = {"random": "from anybody", "outcome": "where the outcome is high"}
_APART = 0.4  # percent
_FUSED, _PLAIN = ("o", "●"), ("s", "■")


class MissingPage(QWidget):
    """Curves of strategies over the share of patients who lack a modality.

    Attributes
    ----------
    wanted : Signal(str, str)
        The curve of a modality is wanted, and how it goes missing.
    """

    wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.plot = Plot("Missing modality")
        self.plot.words.setTextFormat(Qt.TextFormat.RichText)
        self.which, self.mechanism = QuietCombo(), QuietCombo()
        self.which.setAccessibleName("Modality that is taken away")
        self.mechanism.setAccessibleName("From whom it is taken")
        for key in get_args(Mechanism):
            self.mechanism.addItem(_MECHANISMS[key], key)
        self.mechanism.setToolTip(
            "<p>From anybody, or three times as often where the outcome is high: missing values "
            "that tell of the outcome.</p>"
        )
        self.measure_button = QPushButton("Measure")
        self.measure_button.setToolTip(
            "<p>Take the modality from 0, 20, 40 and 60 % of the patients, in training and test, "
            "and validate all strategies anew each time.</p>"
        )
        self._result: FusionResult | None = None
        self._found: dict[tuple[str, str], Degraded] = {}
        row = QHBoxLayout()
        row.addWidget(self.which, 1)
        row.addWidget(self.mechanism, 1)
        row.addWidget(self.measure_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.addLayout(row)
        column.addWidget(self.plot, 1)
        for box in (self.which, self.mechanism):
            box.currentIndexChanged.connect(self._draw)
        self.measure_button.clicked.connect(self._ask)
        self.measure_button.setEnabled(False)
        self.plot.clear("Fuse first: what a missing modality costs comes here.")

    def show_result(self, result: FusionResult) -> None:
        """Offer the modalities of a comparison, and forget what was measured of another."""
        self._result, self._found = result, {}
        self.which.blockSignals(True)
        self.which.clear()
        for name in result.missing.sort_values("missing", ascending=False)["modality"]:
            self.which.addItem(f"Without {name}", name)
        self.which.blockSignals(False)
        self.measure_button.setEnabled(self.which.count() > 0)
        self._draw()

    def show_degraded(self, found: Degraded) -> None:
        """Show a curve."""
        self._found[found.modality, found.mechanism] = found
        self.which.setCurrentIndex(self.which.findData(found.modality))
        self.mechanism.setCurrentIndex(self.mechanism.findData(found.mechanism))
        self._draw()

    def _ask(self) -> None:
        self.wanted.emit(*self._asked)

    @property
    def _asked(self) -> tuple[str, str]:
        return str(self.which.currentData()), str(self.mechanism.currentData())

    def _draw(self, _index: int = 0) -> None:
        result = self._result
        if result is None:
            return
        words = missing_words(result, self._asked[0])
        found = self._found.get(self._asked)
        if found is None:
            self.plot.clear(f"{words} Not measured yet: press Measure.")
            return
        names = list(map(str, found.table["strategy"].unique()))
        colors = {name: site_color(number) for number, name in enumerate(names)}
        words = f"{words} {answered_words(found.table, found.modality)}".strip()
        self.plot.begin(f"{escape(words)} {' '.join(_key_of(n, c) for n, c in colors.items())}")
        for at, name in enumerate(names):
            own = found.table[found.table["strategy"] == name]
            self._curve(own, (at - len(names) / 2) * _APART, QColor(colors[name]), is_plain(name))
        shares = np.unique(100 * found.table["missing"].to_numpy(float))
        self.plot.plot.getAxis("bottom").setTicks([[(x, f"{x:.0f}") for x in shares]])
        self.plot.plot.setLabel("bottom", f"patients without {found.modality} (%)")
        self.plot.plot.setLabel("left", NAMES[result.main])
        self.plot.plot.enableAutoRange()

    def _curve(self, own: pd.DataFrame, aside: float, color: QColor, plain: bool) -> None:
        """A line with its intervals, a little aside so that they are told apart."""
        x, y = 100 * own["missing"].to_numpy(float) + aside, own["value"].to_numpy(float)
        symbol, _ = _PLAIN if plain else _FUSED
        dots: dict[str, Any] = {"symbol": symbol, "symbolSize": 7, "symbolBrush": color}
        style = Qt.PenStyle.DashLine if plain else Qt.PenStyle.SolidLine
        line = pg.PlotDataItem(x, y, pen=pg.mkPen(color, width=2, style=style), symbolPen=None,
                               connect="finite", **dots)  # fmt: skip
        self.plot.plot.addItem(line)
        faint = QColor(color)
        faint.setAlpha(90)
        for place, low, high in zip(x, own["low"], own["high"], strict=True):
            if np.isfinite([low, high]).all():
                self.plot.plot.plot([place, place], [low, high], pen=pg.mkPen(faint, width=1))


def _key_of(name: str, color: str) -> str:
    _, mark = _PLAIN if is_plain(name) else _FUSED
    return f'<span style="color:{color}">{mark}</span>&nbsp;{escape(name).replace(" ", "&nbsp;")}'


def answered_words(curve: pd.DataFrame, modality: str) -> str:
    """Strategies that leave patients without an answer, at the greatest share that was measured.

    Parameters
    ----------
    curve : DataFrame
        As `missing_curve` answers.
    modality : str
        Which lacks.
    """
    last = curve[curve["missing"] == curve["missing"].max()]
    few = last[last["answered"] < 1]
    parts = [f"{row.strategy} {row.answered:.0%}" for row in few.itertuples()]
    if not parts:
        return ""
    return (
        f"Where {last['missing'].iloc[0]:.0%} lack {modality}, not all are answered and measured: "
        f"{', '.join(parts)}."
    )


def missing_words(result: FusionResult, modality: str) -> str:
    """How often a modality is missing, for which outcome, in a sentence."""
    rows = result.missing[result.missing["modality"] == modality]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    if row["missing"] == 0:
        return f"All {row['patients']} patients have {modality}."
    return (
        f"{modality} is missing for {row['missing']:.0%}: {row['missing_low']:.0%} where the "
        f"outcome is low, {row['missing_high']:.0%} where it is high (p {row['p_value']:.2g})."
    )
