"""The search box: genes, pathways and mutations, completed while typing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import QSignalBlocker, QStringListModel, Qt, Signal
from qtpy.QtWidgets import QCompleter, QLineEdit, QWidget

from napari_radiogenomics.gui.genes.asked import all_names

__all__ = ["GeneSearch"]

_MOST_SHOWN = 12


class GeneSearch(QLineEdit):
    """A line that completes what the cohort has.

    Attributes
    ----------
    asked : Signal(str)
        The person asks for this text; empty when the line was cleared.
    """

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Gene, pathway or mutation")
        self.setPlaceholderText("VEGFA, hypoxia, EGFR mutation …")
        self.setClearButtonEnabled(True)
        self._names = QStringListModel(self)
        self._known: list[str] = []
        completer = QCompleter(self._names, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setMaxVisibleItems(_MOST_SHOWN)
        completer.activated.connect(self._ask)
        self.setCompleter(completer)
        self.returnPressed.connect(self._ask)
        self.textChanged.connect(self._maybe_cleared)

    def offer(self, names: Mapping[str, Sequence[str]]) -> None:
        """Complete these names."""
        self._known = all_names(names)
        self._names.setStringList(self._known)
        counts = [f"{len(names.get(kind, ())):,} {word}" for kind, word in (
            ("gene", "genes"), ("pathway", "pathways"), ("mutation", "mutated genes"))]  # fmt: skip
        self.setToolTip(f"<p>Search {', '.join(counts)}.</p>")

    @property
    def offered(self) -> list[str]:
        """What is completed."""
        return list(self._known)

    def show_text(self, text: str) -> None:
        """Show what is asked, without asking."""
        if self.text() != text:
            with QSignalBlocker(self):
                self.setText(text)

    def _ask(self, text: str = "") -> None:
        self.asked.emit((text or self.text()).strip())

    def _maybe_cleared(self, text: str) -> None:
        if not text:
            self.asked.emit("")
