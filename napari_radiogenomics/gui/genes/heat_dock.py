"""The wide dock "Patients × genes": whose tumor is alike, and which genes make it so."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from napari_radiogenomics.genomics.cohort_scores import has_genes
from napari_radiogenomics.gui.attached import plain_viewer
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.forms.style import Tone, tone_color
from napari_radiogenomics.gui.genes.answer import names_of
from napari_radiogenomics.gui.genes.heat import MUTATIONS, Heat, heat_of
from napari_radiogenomics.gui.genes.heat_plot import HeatPlot
from napari_radiogenomics.gui.genes.search import GeneSearch
from napari_radiogenomics.gui.placing import PlacedWidget, Side
from napari_radiogenomics.gui.session import Selection, session_of

if TYPE_CHECKING:
    import napari

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["PatientsGenesDock"]


class PatientsGenesDock(PlacedWidget):
    """Heat map of expression and oncoprint of mutations, patients × genes.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    side: ClassVar[Side] = "below"

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = plain_viewer(napari_viewer)
        self.session = session_of(self.viewer)
        self.connections, self.runner = Connections(self), Runner(self)
        self._again = False
        self._tone: Tone = "plain"
        self._names: dict[str, list[str]] | None = None
        self.setObjectName("radiogenomics-patients-genes")
        self._build()
        self.search.asked.connect(self.look)
        self.mutations.clicked.connect(self._ask_mutations)
        self.plot.patient_chosen.connect(self._choose_patient)
        self.plot.gene_chosen.connect(self._choose_gene)
        self.runner.ended.connect(self._ended)
        self.connections.add(self.session.cohort_changed, self._use)
        self.connections.add(self.session.selection_changed, self._follow)
        self.connections.add(self.viewer.events.theme, self._color)
        self._color()
        self._use(self.session.cohort)

    def _build(self) -> None:
        purpose = QLabel("Click a column to open its patient, the name of a gene to search it.")
        purpose.setWordWrap(True)
        self.search = GeneSearch()
        self.search.setPlaceholderText("hypoxia · CA9, VEGFA, HK2 · empty: genes that vary most")
        self.mutations = QPushButton("Mutations")
        self.mutations.setToolTip("Show an oncoprint of all mutated genes")
        row = QHBoxLayout()
        row.addWidget(purpose, 1)
        row.addWidget(self.search, 1)
        row.addWidget(self.mutations)
        self.plot = HeatPlot()
        self.message_line = QLabel()
        self.message_line.setWordWrap(True)
        self.message_line.setAccessibleName("Message")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 4)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.plot, 1)
        column.addWidget(self.message_line)

    @property
    def at_rest(self) -> bool:
        """Whether nothing is under way."""
        return not self.runner.running

    def look(self, _text: str = "") -> None:
        """Make the map that the search line asks for, in the background."""
        cohort = self.session.cohort
        if cohort is None or not has_genes(cohort):
            return
        if self.runner.running:
            self._again = True
            self.runner.cancel()
        elif self._names is None:
            self.runner.run(names_of, cohort, title="Read genes")
        else:
            self.runner.run(heat_of, cohort, self.search.text(), title="Patients × genes")

    def _ask_mutations(self) -> None:
        self.search.show_text(MUTATIONS)
        self.look()

    def _ended(self, outcome: Outcome) -> None:
        again, self._again = self._again, False
        if isinstance(outcome.value, dict):
            self._names, again = outcome.value, True
            self.search.offer(self._names)
        elif outcome.ok and not again:
            self._show(outcome.value)
        elif outcome.expected and not outcome.cancelled:
            self._names = self._names or {}
            self.say(str(outcome.error), "error")
        if again:
            self.look()

    def _show(self, heat: Heat) -> None:
        self.plot.show_heat(heat, self.session.selection.patient_id)
        self.say("")

    def _choose_patient(self, patient: str) -> None:
        self.session.select(patient_id=patient)

    def _choose_gene(self, gene: str) -> None:
        self.session.select(gene=gene)

    def _follow(self, selection: Selection) -> None:
        self.plot.mark(selection.patient_id)

    def _use(self, cohort: Cohort | None) -> None:
        self._names = None
        self.plot.heat = None
        asks = cohort is not None and has_genes(cohort)
        for part in (self.search, self.mutations):
            part.setEnabled(asks)
        if cohort is None:
            self.plot.clear("Open a cohort to compare its patients.")
        elif not asks:
            self.plot.clear(
                f"{cohort.name} has no genes: name its tables in cohort.toml under [[expression]] "
                "and [[variants]]."
            )
        else:
            self.plot.clear("Reading genes …")
        self.say("")
        self.look()

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Write the message line; it takes no room while it is empty."""
        self._tone = tone
        self.message_line.setText(text)
        self.message_line.setVisible(bool(text))
        self.message_line.setStyleSheet(f"color: {tone_color(self.viewer.theme, tone)}")

    @property
    def message(self) -> str:
        """Text of the message line."""
        return self.message_line.text()

    def _color(self, _event: object = None) -> None:
        self.plot.use_theme(self.viewer.theme)
