"""Genes of a Visium section: choose one, and its spots take their colors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_radiogenomics.errors import RadiogenomicsError
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.genes.search import GeneSearch
from napari_radiogenomics.gui.slide.layers import limits_of
from napari_radiogenomics.gui.slide.work import Spots, read_spots
from napari_radiogenomics.gui.vessels.table import ColorBar

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SPOT_MM", "UNIT", "SpotsBox"]

SPOT_MM = 0.055
"""Diameter of a spot of Visium."""
UNIT = "log2(1 + counts per 10,000)"


class SpotsBox(QWidget):
    """The gene whose spots are colored.

    Attributes
    ----------
    colored : Signal(str, object)
        Gene, and its table of spots with the column ``value``; None for no gene.
    said : Signal(str, str)
        What happened, and its tone.
    """

    colored = Signal(str, object)
    said = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.runner = Runner(self, activity=False)
        self.runner.ended.connect(self._read)
        self.search, self.bar = GeneSearch(), ColorBar()
        self.search.setPlaceholderText("Gene, such as VEGFA …")
        self.search.asked.connect(self.ask)
        self.unit = QLabel(UNIT)
        self.unit.setAlignment(Qt.AlignmentFlag.AlignCenter)
        line = QHBoxLayout()
        line.addWidget(QLabel("Spots by gene"))
        line.addWidget(self.search, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(line)
        column.addWidget(self.bar)
        column.addWidget(self.unit)
        self.unit.hide()
        self.spots: Spots | None = None
        self._section = self._waiting = ""
        self.hide()

    def use(self, section: str) -> None:
        """Offer the genes of a section; "" where the slide is of none."""
        self.setVisible(bool(section))
        if section == self._section:
            return
        self._section, self.spots = section, None
        self.search.clear()
        self._hide_legend()
        if section:
            self._start()

    def _start(self) -> None:
        if self.runner.running:
            self.runner.cancel()  # the section that is wanted now is read when that has ended
            return
        self.search.setEnabled(False)
        self.runner.run(read_spots, self._section, title="Read spots")

    def _read(self, outcome: Outcome) -> None:
        if self._section and (not outcome.ok or outcome.value[0] != self._section):
            if outcome.cancelled or outcome.ok:
                self._start()
            else:
                self.said.emit(str(outcome.error), "error")
            return
        if not self._section:
            return
        self.spots = outcome.value[1]
        genes = [str(name) for name in self.spots.counts.columns]
        self.search.offer({"gene": genes})
        self.search.setEnabled(True)
        places = len(self.spots.places)
        self.said.emit(f"{places:,} spots with {len(genes):,} genes: choose one.", "plain")
        self.colored.emit("", self.spots.places)

    def ask(self, gene: str) -> None:
        """Color the spots by a gene; by none where the text is empty."""
        if self.spots is None:
            return
        if not gene:
            self._hide_legend()
            self.colored.emit("", self.spots.places)
            return
        try:
            table: pd.DataFrame = self.spots.of_gene(gene)
        except RadiogenomicsError as error:
            self.said.emit(str(error), "error")
            return
        low, high = limits_of(table["value"].to_numpy(float))
        self.bar.show_limits(low, high, "")
        self.unit.show()
        self.colored.emit(gene.upper(), table)
        share = float((table["counts"] > 0).mean())
        self.said.emit(f"{gene} was counted in {share:.0%} of {len(table):,} spots.", "good")

    def _hide_legend(self, _event: Any = None) -> None:
        self.bar.hide()
        self.unit.hide()
