"""What a strategy goes by: Shapley values, folds, shuffling, one patient's reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.fusion.numbers import NAMES
from napari_radiogenomics.gui.fusion.patient_plots import BarPlot

if TYPE_CHECKING:
    from napari_radiogenomics.fusion.result import FusionResult
    from napari_radiogenomics.gui.fusion.work import Shuffled

__all__ = ["FeaturesPage", "unit_of"]

_VIEWS = {
    "shap": "All patients: mean |SHAP|",
    "selected": "All patients: share of folds that use it",
    "patient": "This patient: what drove the prediction",
    "modality": "Shuffling a modality: what is lost",
    "column": "Shuffling a column: what is lost",
}
_UNITS = {"link": "log odds", "share": "share of votes"}


class FeaturesPage(QWidget):
    """Bars of what a strategy goes by, in one of several ways.

    Attributes
    ----------
    chosen : Signal(str)
        Column of a bar that was clicked.
    wanted : Signal(str)
        Importance by shuffling is wanted, of each ``"modality"`` or ``"column"``.
    """

    chosen, wanted = Signal(str), Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.plot, self.which = BarPlot(), QuietCombo()
        self.which.setAccessibleName("What the bars show")
        for key, title in _VIEWS.items():
            self.which.addItem(title, key)
        self.measure_button = QPushButton("Measure")
        self.measure_button.setToolTip(
            "<p>Shuffle it among patients left out, ten times in each fold, and measure what is "
            "lost. The folds are learned again for it.</p>"
        )
        self._result: FusionResult | None = None
        self._strategy, self._patient = "", ""
        self._shuffled: dict[tuple[str, str], Shuffled] = {}
        row = QHBoxLayout()
        row.addWidget(self.which, 1)
        row.addWidget(self.measure_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.addLayout(row)
        column.addWidget(self.plot, 1)
        self.which.currentIndexChanged.connect(self._draw)
        self.measure_button.clicked.connect(self._ask)
        self.plot.chosen.connect(self.chosen)

    @property
    def view(self) -> str:
        """Key of what the bars show."""
        return str(self.which.currentData())

    @view.setter
    def view(self, key: str) -> None:
        self.which.setCurrentIndex(self.which.findData(key))

    def show_result(self, result: FusionResult) -> None:
        """Forget what was measured of another comparison."""
        self._result, self._shuffled = result, {}

    def show_strategy(self, strategy: str, patient: str) -> None:
        """Show a strategy, and the reasons of a patient."""
        self._strategy, self._patient = strategy, patient
        self._draw()

    def show_shuffled(self, found: Shuffled) -> None:
        """Show what shuffling has cost."""
        self._shuffled[found.strategy, found.by] = found
        self.view = found.by
        self._draw()

    def _ask(self) -> None:
        self.wanted.emit(self.view)

    def _draw(self, _index: int = 0) -> None:
        shuffles = self.view in ("modality", "column")
        self.measure_button.setVisible(shuffles)
        result = self._result
        if result is None or not self._strategy:
            self.plot.clear("Fuse first: what the models go by comes here.")
        elif shuffles:
            self._draw_shuffled(result)
        elif self.view == "patient":
            self._draw_patient(result)
        else:
            self._draw_all(result)

    def _draw_all(self, result: FusionResult) -> None:
        own = result.importance[result.importance["strategy"] == self._strategy]
        unit = unit_of(result)
        bars = own.assign(
            title=own["feature"], column=own["feature"], value=own[self.view],
            tip=[f"{row.feature} ({row.view})\nmean |SHAP| {row.shap:.3g} {unit}, in "
                 f"{row.selected:.0%} of the folds" for row in own.itertuples()],
        )  # fmt: skip
        words = f"{self._strategy}, in patients left out."
        if own.empty:
            words = f"{self._strategy} uses no feature: it answers alike for everybody."
        label = f"mean |SHAP|, {unit}" if self.view == "shap" else "share of folds"
        self.plot.show_bars(bars, words=words, label=label)

    def _draw_patient(self, result: FusionResult) -> None:
        table = result.contributions
        own = table[(table["strategy"] == self._strategy) & (table["patient_id"] == self._patient)]
        if own.empty and self._patient in set(result.predictions["patient_id"]):
            self.plot.clear(f"Nothing: {self._strategy} answered alike for everybody in that fold.")
            return
        if own.empty:
            who = f"{self._patient} was not in the comparison." if self._patient else ""
            self.plot.clear(f"{who} Click a patient: what drove the prediction comes here.")
            return
        named = own["feature"].where(own["feature"] != "", "all others")
        bars = own.assign(
            title=named, value=own["contribution"],
            tip=[f"{title} ({row.modality})\n{row.contribution:+.3g}" for title, row in
                 zip(named, own.itertuples(), strict=True)],
        )  # fmt: skip
        words = (
            f"{self._patient}, by a fit of {self._strategy} that did not learn from them. Click a "
            "bar: its map is drawn on the scan."
        )
        self.plot.show_bars(bars, words=words, label=f"SHAP, {unit_of(result)}")

    def _draw_shuffled(self, result: FusionResult) -> None:
        found = self._shuffled.get((self._strategy, self.view))
        if found is None:
            self.plot.clear(f"Not measured yet for {self._strategy}. Press Measure.")
            return
        table, main = found.table, NAMES[result.main]
        title = table["modality"] if found.by == "modality" else table["column"]
        bars = table.assign(
            title=title, value=table["importance"],
            tip=[f"{name}\n{main} loses {row.importance:.3f} ({row.low:.3f} to {row.high:.3f})"
                 for name, row in zip(title, table.itertuples(), strict=True)],
        )  # fmt: skip
        words = f"{self._strategy}: what shuffling costs in patients left out."
        self.plot.show_bars(bars, words=words, label=f"loss of {main}")


def unit_of(result: FusionResult) -> str:
    """Unit of the SHAP values of a comparison."""
    scale = str(result.contributions.attrs.get("scale", "link"))
    if scale == "link" and result.kind != "classification":
        return "log hazard" if result.kind == "survival" else "units of the outcome"
    return _UNITS[scale]
