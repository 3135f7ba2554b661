"""What the error of each strategy is made of: bias against variance, also without a modality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_radiogenomics.fusion.advice_errors import modality_that_lacks
from napari_radiogenomics.fusion.validation.trade_off import ERRORS
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.plots.plot import Plot
from napari_radiogenomics.report.trade_off import BIAS_COLOR, VARIANCE_COLOR

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.result import FusionResult

__all__ = ["ErrorsPage", "ErrorsPlot"]

_NAME_WIDTH, _THIN = 158, 0.34
_NONE = (
    "Bias and variance are told apart by a thorough comparison in folds, where half of the "
    "patients are enough to learn from."
)


class ErrorsPlot(Plot):
    """A bar a strategy: bias with noise, then variance; a thin one for patients who lack a part."""

    def __init__(self) -> None:
        super().__init__("Bias and variance")
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.names: list[str] = []
        self._tips: list[str] = []
        self.plot.getPlotItem().getViewBox().invertY(True)
        axis = self.plot.getAxis("left")
        axis.setStyle(tickLength=0, autoReduceTextSpace=False, hideOverlappingLabels=False)
        self.plot.scene().sigMouseMoved.connect(self._moved)

    def show_result(self, result: FusionResult, lacks: str) -> None:
        """Draw all strategies.

        Parameters
        ----------
        result : FusionResult
            What `fuse` found.
        lacks : str
            Modality that the thin bars are without; none where empty.
        """
        table = result.trade_off
        if not len(table):
            self.clear(_NONE)
            return
        self.names = list(dict.fromkeys(map(str, table["strategy"])))
        self.begin(_legend(table, lacks))
        whole = table[table["without"] == ""].set_index("strategy")
        lost = table[table["without"] == lacks].set_index("strategy")
        self._bars(whole, -0.24 if lacks else 0.0, 0.4)
        if lacks:  # thin, yet some pixels where all strategies share a small screen
            self._bars(lost, 0.26, _THIN)
        self._tips = [_said_of(name, whole, lost, lacks) for name in self.names]
        starred = [(name, " ★" if name == result.star else "") for name in self.names]
        self.name_axis(starred, _NAME_WIDTH)
        self.plot.setLabel("bottom", ERRORS[result.kind])
        self.plot.enableAutoRange("x")
        self.plot.setYRange(-0.6, len(self.names) - 0.4, padding=0)

    def _bars(self, rows: pd.DataFrame, below: float, height: float) -> None:
        """Bias, then variance after it; nothing where nobody is answered."""
        known = [name for name in self.names if np.isfinite(rows["error"].get(name, np.nan))]
        y = np.array([self.names.index(name) for name in known], float) + below
        bias = rows.loc[known, "bias"].to_numpy(float)
        variance = rows.loc[known, "variance"].to_numpy(float)
        for start, width, color in ((np.zeros(len(y)), bias, BIAS_COLOR),
                                    (bias, variance, VARIANCE_COLOR)):  # fmt: skip
            bars = pg.BarGraphItem(x0=start, width=width, y=y, height=height,
                                   brush=QColor(color), pen=None)  # fmt: skip
            self.plot.addItem(bars)

    def _moved(self, place: Any) -> None:
        row = round(self.plot.getPlotItem().getViewBox().mapSceneToView(place).y())
        self.plot.setToolTip(self._tips[row] if 0 <= row < len(self._tips) else "")


def _legend(table: pd.DataFrame, lacks: str) -> str:
    learned = table["learned"].iloc[0]
    words = (
        f'<span style="color:{BIAS_COLOR}">■</span> bias² and noise &nbsp;'
        f'<span style="color:{VARIANCE_COLOR}">■</span> variance; learned from {learned:.0f} '
        "patients"
    )
    return f"{words}; thin: without {lacks}" if lacks else words


def _said_of(name: str, whole: pd.DataFrame, lost: pd.DataFrame, lacks: str) -> str:
    lines = [f"{name}: {_parts(whole.loc[name])}"]
    if lacks:
        own = lost.loc[name]
        told = _parts(own) if np.isfinite(own["error"]) else "cannot answer"
        lines.append(f"without {lacks}: {told}")
    lines.append(
        f"bias² above the least biased, free of noise: {whole.loc[name, 'above_least']:.3f}"
    )
    return "\n".join(lines)


def _parts(row: pd.Series) -> str:
    return (
        f"bias² and noise {row['bias']:.3f} ({row['bias_low']:.3f} to {row['bias_high']:.3f}), "
        f"variance {row['variance']:.3f} ({row['variance_low']:.3f} to "
        f"{row['variance_high']:.3f})"
    )


class ErrorsPage(QWidget):
    """The plot, and which modality the thin bars are without."""

    def __init__(self) -> None:
        super().__init__()
        self.plot, self.which = ErrorsPlot(), QuietCombo()
        self.which.setAccessibleName("Modality that patients lack")
        self._result: FusionResult | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.addWidget(self.which)
        column.addWidget(self.plot, 1)
        self.which.currentIndexChanged.connect(self._draw)
        self.plot.clear(_NONE)

    def show_result(self, result: FusionResult) -> None:
        """Show a comparison; the modality that most patients lack comes first."""
        self._result = result
        table = result.trade_off
        names = [name for name in dict.fromkeys(map(str, table.get("without", ()))) if name]
        self.which.blockSignals(True)
        self.which.clear()
        for name in names:
            self.which.addItem(f"Thin bars: patients without {name}", name)
        self.which.addItem("Patients with all modalities only", "")
        first = modality_that_lacks(table, result.missing) if len(table) else ""
        self.which.setCurrentIndex(self.which.findData(first))
        self.which.blockSignals(False)
        self.which.setVisible(bool(names))
        self._draw()

    def _draw(self, _index: int = 0) -> None:
        if self._result is not None:
            self.plot.show_result(self._result, str(self.which.currentData() or ""))
