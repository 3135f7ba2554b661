"""The wide dock of fusion: strategies beside the baselines, and the patients behind one."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from napari.utils.theme import get_theme
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.fusion.result_files import write_result
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.style import tone_color
from napari_radiogenomics.gui.fusion.apply import Applied
from napari_radiogenomics.gui.fusion.errors_page import ErrorsPage
from napari_radiogenomics.gui.fusion.features_page import FeaturesPage, unit_of
from napari_radiogenomics.gui.fusion.missing_page import MissingPage
from napari_radiogenomics.gui.fusion.numbers import NAMES, compared, event_of, time_tips
from napari_radiogenomics.gui.fusion.patient_plots import PredictionPlot
from napari_radiogenomics.gui.fusion.patient_rows import (
    PATIENT_TIPS,
    rows_of_applied,
    rows_of_result,
)
from napari_radiogenomics.gui.fusion.plots import CalibrationPlot, RocPlot, StrategyPlot
from napari_radiogenomics.gui.fusion.rows import FrameTable
from napari_radiogenomics.gui.fusion.work import LEVEL, Degraded, Fused, Shuffled
from napari_radiogenomics.gui.placing import PlacedWidget, Side
from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.report.trade_off import trade_off_svg

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.result import FusionResult

__all__ = ["FuseSheet"]

_MOST, _LOUD, _WIDE = 140, 2, 10_000
_NOTHING = "Fuse: the dock on the right does it. The strategies come here, with their intervals."
_TIPS = {
    "95 %": "Interval of 95 % over patients left out",
    "p perm.": "The whole pipeline on shuffled outcomes: how often it was as good by chance",
    "p of it": "Corrected resampled t-test on the same folds, on patients that both answer",
    "sites out": "Each site was tested by models of the other sites",
    "optimism": "What is lost from patients that were learned from to those left out",
    "slope": "Of calibration; 1 is right, less is overconfident",
    "answered": "Share of the patients who got a prediction",
    "answered 2nd": "The same in the second cohort",
}


class FuseSheet(PlacedWidget):
    """What was found, and the patients behind one strategy.

    Attributes
    ----------
    strategy_changed : Signal(str)
        Another strategy is looked at.
    patient_chosen : Signal(str)
        Patient of a dot or a row.
    feature_chosen : Signal(str)
        Column of a bar.
    shuffle_wanted : Signal(str)
        Importance by shuffling modalities or columns is wanted.
    curve_wanted : Signal(str, str)
        What a missing modality costs is wanted, and how it goes missing.
    saved : Signal(str)
        A table was written, and where.
    """

    side: ClassVar[Side] = "below"

    strategy_changed, patient_chosen = Signal(str), Signal(str)
    feature_chosen, shuffle_wanted, saved = Signal(str), Signal(str), Signal(str)
    curve_wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.fused: Fused | None = None
        self.applied: Applied | None = None
        self.curves: dict[tuple[str, str], Degraded] = {}
        self.here = ""
        self._theme = "dark"
        self.setObjectName("radiogenomics-fusion")
        self.strategies, self.predictions = StrategyPlot(), PredictionPlot()
        self.roc, self.calibration, self.features = RocPlot(), CalibrationPlot(), FeaturesPage()
        self.errors, self.missing = ErrorsPage(), MissingPage()
        self.numbers, self.patients = FrameTable("Strategies"), FrameTable("Patients left out")
        self.others = FrameTable("Patients of the model that was applied")
        self.which = QuietCombo()
        self.which.setAccessibleName("Strategy")
        self._build()
        self._connect()
        self.strategies.clear(_NOTHING)
        self.predictions.clear("Their patients come here; a click opens one.")
        self.roc.clear()
        self.calibration.clear()

    def _build(self) -> None:
        self.banner = QLabel()
        self.banner.setWordWrap(True)
        self.banner.setTextFormat(Qt.TextFormat.PlainText)
        self.banner.setAccessibleName("Warnings")
        self.banner.hide()
        self.left, self.right = QTabWidget(), QTabWidget()
        self.applied_page = self._make_applied()
        self.notes = QTextBrowser()
        self.notes.setAccessibleName("Advice and warnings")
        for page, title in ((self.strategies, "Strategies"), (self.numbers, "Numbers"),
                            (self.patients, "Patients"), (self.applied_page, "Applied"),
                            (self.notes, "Notes")):  # fmt: skip
            self.left.addTab(page, title)
        for page, title in ((self.predictions, "Predictions"), (self.roc, "ROC"),
                            (self.calibration, "Calibration"),
                            (self.features, "Features"), (self.errors, "Bias, variance"),
                            (self.missing, "Missing")):  # fmt: skip
            self.right.addTab(page, title)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        for tabs in (self.left, self.right):
            tabs.setDocumentMode(True)
            tabs.setUsesScrollButtons(True)
        splitter.addWidget(self.left)
        splitter.addWidget(self._make_right())
        splitter.setChildrenCollapsible(False)
        for at in range(splitter.count()):  # halves of any window, whatever their tabs ask for
            splitter.setStretchFactor(at, 1)
        splitter.setSizes([_WIDE, _WIDE])
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 2, 6, 4)
        column.setSpacing(2)
        column.addWidget(self.banner)
        column.addWidget(splitter, 1)

    def _make_right(self) -> QWidget:
        self.save_button = QPushButton("Save tables…")
        self.save_button.setToolTip("Write all tables (CSV) with their history, and the advice")
        self.save_button.setEnabled(False)
        row = QHBoxLayout()
        row.addWidget(self.which, 1)
        row.addWidget(self.save_button)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.right, 1)
        return page

    def _make_applied(self) -> QWidget:
        self.headline = QLabel("A model of the dock's last section, applied to other patients.")
        self.headline.setWordWrap(True)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 2, 0, 0)
        column.addWidget(self.headline)
        column.addWidget(self.others, 1)
        return page

    def _connect(self) -> None:
        self.which.currentIndexChanged.connect(self._show_strategy)
        self.strategies.chosen.connect(self.choose)
        self.numbers.chosen.connect(self.choose)
        for source in (self.predictions, self.patients, self.others):
            source.chosen.connect(self.patient_chosen)
        self.features.chosen.connect(self.feature_chosen)
        self.features.wanted.connect(self.shuffle_wanted)
        self.missing.wanted.connect(self.curve_wanted)
        self.save_button.clicked.connect(self.ask_and_save)

    @property
    def strategy(self) -> str:
        """Strategy that is looked at."""
        return str(self.which.currentData() or "")

    def choose(self, strategy: str) -> None:
        """Look at a strategy."""
        self.which.setCurrentIndex(max(self.which.findData(strategy), 0))

    def show_fused(self, fused: Fused, here: str) -> None:
        """Show a comparison.

        Parameters
        ----------
        fused : Fused
            What was compared.
        here : str
            The patient on the screen.
        """
        self.fused, self.here, self.curves = fused, here, {}
        result = fused.result
        kept = self.strategy
        self.which.blockSignals(True)
        self.which.clear()
        for name in map(str, result.table.index):
            star = " ★" if name == result.star else ""
            self.which.addItem(f"{name}{star}", name)
        known = kept if kept in result.table.index else result.trusted
        self.which.setCurrentIndex(self.which.findData(known))
        self.which.blockSignals(False)
        self.numbers.show_frame(
            compared(result), tips=_TIPS | time_tips(result), shares=("answered", "answered 2nd")
        )
        for page in (self.features, self.errors, self.missing):
            page.show_result(result)
        self.save_button.setEnabled(True)
        self._show_notes(fused)
        self._show_strategy()

    def _show_notes(self, fused: Fused) -> None:
        warned = fused.warnings
        lines = [f"⚠ {shortened(text)}" for text in warned[:_LOUD]]
        if len(warned) > _LOUD:  # more would make the window grow on a small screen
            lines[-1] += f" … and {len(warned) - _LOUD} more (see Notes)"
        self.banner.setText("\n".join(lines))
        self.banner.setToolTip("".join(f"<p>{escape(text)}</p>" for text in warned))
        self.banner.setVisible(bool(warned))
        items = "".join(f"<li><b>{escape(text)}</b></li>" for text in warned)
        items += "".join(
            f"<li>{escape(text)}</li>" for text in (*fused.result.advice, *fused.notes)
        )
        chosen = (
            f"The star is chosen among {len(fused.result.table)} strategies on the same patients: "
            "confirm it in another cohort."
        )
        items += f"<li>{chosen}</li>" if fused.result.star else ""
        self.notes.setHtml(f"<ul>{items}</ul>")
        at = self.left.indexOf(self.notes)
        self.left.setTabText(at, f"Notes ⚠ {len(warned)}" if warned else "Notes")

    def _show_strategy(self, _index: int = 0) -> None:
        fused, name = self.fused, self.strategy
        if fused is None or not name:
            return
        result = fused.result
        self.strategies.show_result(result, name)
        self.numbers.mark(name)
        self.roc.show_strategy(result, name)
        self.calibration.show_strategy(result, name)
        self._list_patients(result, name)
        self._show_here()
        self.strategy_changed.emit(name)

    def _list_patients(self, result: FusionResult, name: str) -> None:
        self._table = result.patients(name, level=LEVEL)
        shown, told = rows_of_result(result, self._table)
        told["drivers"] = f"What moved the prediction most: SHAP values in {unit_of(result)}"
        self.patients.show_frame(shown, tips=PATIENT_TIPS | told, wrong="right")

    def prediction_of(self, patient: str) -> pd.Series | None:
        """What was said of a patient left out; None where they were not in the comparison."""
        if self.fused is None or patient not in self._table.index:
            return None
        return self._table.loc[patient]

    def show_here(self, here: str) -> None:
        """Mark the patient on the screen."""
        self.here = here
        self.others.mark(here)
        if self.fused is not None:
            self._show_here()

    def _show_here(self) -> None:
        if self.fused is None:
            return
        result = self.fused.result
        self.predictions.show_patients(self._table, target=result.target, here=self.here,
                                       level=LEVEL, event=event_of(result))  # fmt: skip
        self.patients.mark(self.here)
        self.features.show_strategy(self.strategy, self.here)

    def show_shuffled(self, found: Shuffled) -> None:
        """Show importance by shuffling."""
        self.features.show_shuffled(found)
        self.right.setCurrentWidget(self.features)

    def show_degraded(self, found: Degraded) -> None:
        """Show what a missing modality costs."""
        self.curves[found.modality, found.mechanism] = found
        self.missing.show_degraded(found)
        self.right.setCurrentWidget(self.missing)

    def show_applied(self, applied: Applied) -> None:
        """Show a model on other patients."""
        self.applied = applied
        self.headline.setText(applied_text(applied))
        shown, told = rows_of_applied(applied)
        self.others.show_frame(shown, tips=PATIENT_TIPS | told)
        self.left.setCurrentWidget(self.applied_page)

    def use_theme(self, theme: str) -> None:
        """Draw in the colors of napari's theme."""
        self._theme = theme
        plots = (self.strategies, self.predictions, self.roc, self.calibration, self.features.plot,
                 self.errors.plot, self.missing.plot)  # fmt: skip
        for plot in plots:
            plot.use_theme(theme)
        color = tone_color(theme, "warning")
        self.banner.setStyleSheet(f"color: {color}; font-weight: bold;")
        # Else it is a white sheet of paper in one theme, and a black one in the other.
        paper, ink = get_theme(theme).foreground.as_hex(), get_theme(theme).text.as_hex()
        self.notes.setStyleSheet(f"QTextBrowser {{ background: {paper}; color: {ink}; }}")
        for table in (self.patients, self.others):
            table.rows.marked = QColor(color)
        self._show_strategy()

    def ask_and_save(self) -> None:
        """Ask for a folder and write all tables there."""
        path = QFileDialog.getExistingDirectory(self, "Folder for the tables")
        if path:
            self.save(path)

    def save(self, folder: str | Path) -> None:
        """Write all tables with their history, the patients of this strategy, and the advice."""
        if self.fused is None:
            return
        result = self.fused.result
        told = (*self.fused.warnings, *result.advice, *self.fused.notes)
        curves = {f"missing_{name}_{how}": found.table
                  for (name, how), found in self.curves.items()}  # fmt: skip
        write_result(result, Path(folder), told=told, more={"patients": self._table, **curves})
        if len(result.trade_off):
            with atomic_path(Path(folder) / "trade_off.svg") as path:
                path.write_text(trade_off_svg(result), encoding="utf-8")
        self.saved.emit(str(folder))


def shortened(text: str, most: int = _MOST) -> str:
    """A warning in one or two lines; the notes hold all of it.

    Parameters
    ----------
    text : str
        The warning.
    most : int, optional
        Characters.

    Examples
    --------
    >>> shortened("Short."), shortened("word " * 100)[-18:]
    ('Short.', 'word … (see Notes)')
    """
    if len(text) <= most:
        return text
    kept = text[: most - 14].rsplit(" ", 1)[0]
    return f"{kept} … (see Notes)"


def applied_text(applied: Applied) -> str:
    """How good a model is on other patients, and what lacks, as rich text."""
    said = f"<b>{escape(applied.title)}</b>: {applied.answered} of {applied.asked} patients."
    row = applied.measures
    if row is not None:
        main = applied.main
        said += (
            f" {NAMES[main]} <b>{row[main]:.2f}</b> ({row[f'{main}_low']:.2f} to "
            f"{row[f'{main}_high']:.2f})."
        )
    return said + "".join(f"<br>⚠ {escape(text)}" for text in applied.warnings)
