"""The Segment dock: where. Draw and correct regions, compare readers, look closely."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QLabel, QTabWidget, QVBoxLayout

from napari_radiogenomics.gui.attached import plain_viewer
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.style import Tone, tone_color
from napari_radiogenomics.gui.placing import PlacedWidget
from napari_radiogenomics.gui.recovery_notice import ElsewhereLine, KeptLine, RecoveryNotice
from napari_radiogenomics.gui.segment.compare_page import ComparePage
from napari_radiogenomics.gui.segment.desk import DrawDesk
from napari_radiogenomics.gui.segment.draw_page import DrawPage
from napari_radiogenomics.gui.segment.view_page import ViewPage

if TYPE_CHECKING:
    import napari

__all__ = ["SegmentDock"]

_WIDTH = 380
_LEAST_WIDTH = 320


class SegmentDock(PlacedWidget):
    """Regions of a scan: drawn, corrected, measured and compared.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer, self.connections = plain_viewer(napari_viewer), Connections(self)
        self._tone: Tone = "plain"
        self.setMinimumWidth(_LEAST_WIDTH)
        dress_canvas(self.viewer)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(6)
        purpose = QLabel("Where: draw, correct and compare regions.")
        purpose.setWordWrap(True)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.message_line = self._make_message()
        self.notice, self.kept_line = RecoveryNotice(self.viewer), KeptLine(self.viewer)
        self.elsewhere_line = ElsewhereLine(self.viewer)
        for part in (
            purpose, self.notice, self.elsewhere_line, self.tabs, self.kept_line, self.message_line,
        ):  # fmt: skip
            column.addWidget(part, 1 if part is self.tabs else 0)
        self.draw = DrawPage(self.viewer)
        self.tabs.addTab(self.draw, "Draw")
        self.desk = DrawDesk(self.draw)
        self.compare, self.view = ComparePage(self.viewer), ViewPage(self.viewer)
        self.tabs.addTab(self.compare, "Compare")
        self.tabs.addTab(self.view, "View")
        for part in (self.desk, self.compare, self.view, self.notice):
            part.said.connect(self.say)
        self.connections.add(self.viewer.events.theme, self._color_all)
        self._color_all()
        self.desk.tell_first()

    def _make_message(self) -> QLabel:
        line = QLabel()
        line.setWordWrap(True)
        line.setTextFormat(Qt.TextFormat.PlainText)
        line.setAccessibleName("Message")
        line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        # Room for three lines, so that nothing moves when a message comes.
        line.setMinimumHeight(3 * self.fontMetrics().lineSpacing() + 4)
        line.setAlignment(Qt.AlignmentFlag.AlignTop)
        return line

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt names it
        """Width of a right-hand dock."""
        return QSize(_WIDTH, 600)

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Write the message line."""
        self._tone = tone
        self.message_line.setText(text)
        self.message_line.setToolTip(f"<p>{text}</p>" if text else "")
        self._color()

    @property
    def message(self) -> str:
        """Text of the message line."""
        return self.message_line.text()

    def _color(self, event: object = None) -> None:
        self.message_line.setStyleSheet(f"color: {tone_color(self.viewer.theme, self._tone)};")

    def _color_all(self, event: object = None) -> None:
        self._color()
        plain = tone_color(self.viewer.theme, "plain")
        self.draw.table.color_icons(plain)
        self.draw.tools.color_icons(plain)
