"""What the Cohort dock shows before a cohort is open, and the button that asks for one."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

__all__ = ["EmptyPage", "OpenButton"]

_TEXT = (
    "Open a cohort, or try the sample.<br><br>A cohort is a folder with a "
    "<code>cohort.toml</code> and plain tables of patients, scans and samples. Folders of "
    "BraTS-TCGA, UCSF-PDGM and NSCLC-Radiogenomics are recognized too, and a CSV of PyRadiomics. "
    "For folders of scans without tables you are asked where the patients' scans lie."
)


class OpenButton(QPushButton):
    """Asks for the folder of a cohort, or for its table.

    Attributes
    ----------
    chosen : Signal(str)
        Folder or file that the person chose.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Open cohort…", parent)
        menu = QMenu(self)
        self.folder_action = menu.addAction("Folder…", self.ask_for_folder)
        self.table_action = menu.addAction("PyRadiomics table (CSV)…", self.ask_for_table)
        self.setMenu(menu)

    def ask_for_folder(self) -> None:
        """Ask for the folder of a cohort."""
        self._tell(QFileDialog.getExistingDirectory(self, "Open tumour cohort"))

    def ask_for_table(self) -> None:
        """Ask for a table that is a cohort by itself."""
        kinds = "PyRadiomics table (*.csv *.tsv);;Cohort (cohort.toml)"
        path, _ = QFileDialog.getOpenFileName(self, "Open table of a cohort", "", kinds)
        self._tell(path)

    def _tell(self, path: str) -> None:
        if path:
            self.chosen.emit(path)


class EmptyPage(QWidget):
    """Says what a cohort is, and offers to open one or the sample."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        text = QLabel(_TEXT)
        text.setWordWrap(True)
        self.open_button, self.sample_button = OpenButton(), QPushButton("Open sample")
        column = QVBoxLayout(self)
        column.addStretch(1)
        for part in (text, self.open_button, self.sample_button):
            column.addWidget(part)
        column.addStretch(3)
