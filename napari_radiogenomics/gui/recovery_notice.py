"""What a crash left: a line in the dock with Recover and Discard, and when work was kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_radiogenomics.errors import RadiogenomicsError
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.autosave import Autosave
from napari_radiogenomics.gui.forms.connections import Connections

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["ElsewhereLine", "KeptLine", "RecoveryNotice", "ago"]

_MOST_NAMED = 2


def ago(seconds: float) -> str:
    """Time since something, as a person says it.

    Examples
    --------
    >>> ago(3.4), ago(200)
    ('3 s ago', '3 min ago')
    """
    return f"{seconds:.0f} s ago" if seconds < 60 else f"{seconds / 60:.0f} min ago"


class RecoveryNotice(QFrame):
    """Says what was drawn and not saved before a crash; hidden where there is nothing.

    Parameters
    ----------
    viewer : ViewerModel
        Whose drawings are offered.

    Attributes
    ----------
    said : Signal(str, str)
        A message and its tone.
    """

    said = Signal(str, str)

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.autosave, self.connections = attached(viewer, Autosave), Connections(self)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("Unsaved drawing found")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.recover_button, self.discard_button = QPushButton("Recover"), QPushButton("Discard")
        self.recover_button.setToolTip("Bring it back; one undo takes it away again")
        self.discard_button.setToolTip("Put it aside; it is kept for 30 days")
        row = QHBoxLayout()
        row.addWidget(self.recover_button)
        row.addWidget(self.discard_button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.addWidget(self.text)
        column.addLayout(row)
        self.recover_button.clicked.connect(self._recover)
        self.discard_button.clicked.connect(self._discard)
        self.connections.add(self.autosave.offers_changed, self._show)
        self.connections.add(self.autosave.failed, self._tell)
        self._show()

    def _show(self, _event: object = None) -> None:
        offers = self.autosave.offers
        self.setVisible(bool(offers))
        told = [
            f"{offer.place.name} ({offer.time[:16].replace('T', ' ')}, {offer.tool or 'edited'})"
            for offer in offers
        ]
        self.text.setText(f"Drawn before and not saved: {'; '.join(told)}." if told else "")

    def _tell(self, message: str) -> None:
        self.said.emit(message, "error")

    def _recover(self) -> None:
        try:
            done = self.autosave.recover()
        except RadiogenomicsError as error:
            self.said.emit(str(error), "error")
            return
        what = "segmentation" if done == 1 else f"{done} segmentations"
        self.said.emit(f"Recovered the {what}. It is not saved yet.", "good")

    def _discard(self) -> None:
        folder = self.autosave.discard()
        if folder is not None:
            self.said.emit(
                f"Put aside what had not been saved. It is kept for 30 days in {folder}; to have "
                "it offered again, move it back to the folder above.",
                "plain",
            )


class ElsewhereLine(QLabel):
    """Names what was drawn and not saved on other scans; it is offered when they are open.

    Parameters
    ----------
    viewer : ViewerModel
        Whose drawings are left out, as they are offered here.
    """

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.autosave, self.connections = attached(viewer, Autosave), Connections(self)
        self.setAccessibleName("Unsaved elsewhere")
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.connections.add(self.autosave.offers_changed, self._show)
        self._show()

    def _show(self, _event: object = None) -> None:
        places = [drawing.place for drawing in self.autosave.elsewhere]
        named = "; ".join(place.where for place in places[:_MOST_NAMED])
        more = len(places) - _MOST_NAMED
        named += f" and {more} more" if more > 0 else ""
        self.setVisible(bool(places))
        self.setText(f"Not saved elsewhere: {named}. Open the scan to recover it." if named else "")
        self.setToolTip("\n".join(place.scan_name or place.path or place.name for place in places))


class KeptLine(QLabel):
    """Says how long ago the drawing was kept.

    Parameters
    ----------
    viewer : ViewerModel
        Whose drawings are kept.
    """

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.autosave, self.connections = attached(viewer, Autosave), Connections(self)
        self.setAccessibleName("Autosaved")
        self.setToolTip("What is drawn is kept for a crash; save the layer to keep it for good")
        self._timer = QTimer(self, interval=5000)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()
        self.connections.add(self.autosave.kept, self.refresh)
        self.refresh()

    def refresh(self, _event: object = None) -> None:
        """Say it anew."""
        at = self.autosave.kept_at
        self.setText("" if at is None else f"Autosaved {ago(time.monotonic() - at)}")
