"""Where the scans of a tree without tables lie: a pattern, and what it finds before opening."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    from napari_radiogenomics.io.scan_tree import ScanTree

__all__ = ["PatternForm"]

_TIP = (
    "Where each scan lies below the folder. Fields: {patient_id} {timepoint} {site} {modality} "
    "{scan} {segmentation}; * is anything within a name; / at the end means folders of DICOM; "
    "several patterns with | between them"
)
_TYPING_MS = 250


class PatternForm(QFrame):
    """Asks for the pattern of a tree; hidden until there is one.

    Attributes
    ----------
    wanted : Signal(str, str)
        Folder, and pattern to open it with.
    """

    wanted = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("Pattern of a folder tree")
        self._tree: ScanTree | None = None
        self.title, self.count = QLabel(), QLabel()
        for label in (self.title, self.count):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.count.setAccessibleName("What the pattern finds")
        self.pattern = QLineEdit()
        self.pattern.setToolTip(_TIP)
        self.open_button, self.cancel_button = QPushButton("Open"), QPushButton("Cancel")
        name = QLabel("Pattern")
        name.setBuddy(self.pattern)
        row = QHBoxLayout()
        row.addWidget(self.open_button)
        row.addWidget(self.cancel_button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.addWidget(self.title)
        for part in (name, self.pattern, self.count):
            column.addWidget(part)
        column.addLayout(row)
        self._later = QTimer(self, interval=_TYPING_MS, singleShot=True)
        self._later.timeout.connect(self.look)
        self.pattern.textEdited.connect(self._edited)
        self.pattern.returnPressed.connect(self._open)
        self.open_button.clicked.connect(self._open)
        self.cancel_button.clicked.connect(self.hide)
        self.hide()

    def ask(self, tree: ScanTree) -> None:
        """Show a guess for a tree, and what it finds.

        Parameters
        ----------
        tree : ScanTree
            Names of its files.
        """
        self._tree = tree
        self.title.setText(f"Where do the scans of a patient lie in {tree.root.name}?")
        self.title.setToolTip(str(tree.root))
        self.pattern.setText(tree.guess())
        self.pattern.setCursorPosition(0)
        self.show()
        self.look()

    def _edited(self) -> None:
        self.open_button.setEnabled(False)
        self._later.start()

    def look(self) -> bool:
        """Count what the pattern finds; answers whether there is anything to open."""
        self._later.stop()
        if self._tree is None:
            return False
        try:
            found = self._tree.count(self.pattern.text())
        except InputError as error:
            self.count.setText(str(error))
            usable = False
        else:
            self.count.setText(str(found))
            usable = found.scans > 0
        self.open_button.setEnabled(usable)
        return usable

    def _open(self) -> None:
        if self._tree is not None and self.look():
            self.wanted.emit(str(self._tree.root), self.pattern.text())
