"""Draw and correct regions: labels, brush, tools with a preview, Apply and Undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari.layers import Labels, Layer, Shapes
from qtpy.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.errors import RadiogenomicsError
from napari_radiogenomics.gui.attached import plain_viewer
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.form import folded, form_layout
from napari_radiogenomics.gui.forms.inputs import LayerCombo, belongs_to, is_region, is_scan
from napari_radiogenomics.gui.forms.narrow import scrolling
from napari_radiogenomics.gui.forms.panel import section_line
from napari_radiogenomics.gui.segment.label_table import LabelTable
from napari_radiogenomics.gui.segment.learner import LearnRow
from napari_radiogenomics.gui.segment.lesson_job import LESSON
from napari_radiogenomics.gui.segment.painting import PaintRow
from napari_radiogenomics.gui.segment.toolbox import ToolBox
from napari_radiogenomics.gui.segment.versions_row import VersionsRow
from napari_radiogenomics.gui.session import session_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["DrawPage"]


def _is_shapes(layer: Layer) -> bool:
    return isinstance(layer, Shapes)


class DrawPage(QWidget):
    """Controls to draw regions; what they do is in `DrawDesk`.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.

    Attributes
    ----------
    region, scan, shapes : LayerCombo
        The segmentation, the scan and the Shapes layer of contours.
    second : QuietCombo
        Another segmentation for tools that take two.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.viewer = plain_viewer(viewer)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._make_content(), 1)
        column.addWidget(section_line())
        column.addLayout(self._make_footer())

    def _make_content(self) -> QScrollArea:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(6)
        column.addLayout(self._make_inputs())
        self.table = LabelTable()
        column.addWidget(self.table)
        column.addLayout(self._make_label_buttons())
        self.painting = PaintRow()
        self.painting_section = folded("Brush")
        self.painting_section.addWidget(self.painting)
        column.addWidget(self.painting_section)
        column.addWidget(section_line())
        self.tools = ToolBox()
        column.addWidget(self.tools)
        column.addWidget(self._make_more_inputs())
        self.versions = VersionsRow(session_of(self.viewer))
        self.versions_section = folded("Versions")
        self.versions_section.addWidget(self.versions)
        column.addWidget(self.versions_section)
        column.addStretch(1)
        return scrolling(content)

    def _make_inputs(self) -> Any:
        rows = form_layout()
        self.region = LayerCombo(self.viewer, is_region, empty="Open one, or press New")
        self.scan = LayerCombo(self.viewer, is_scan, empty="Open a scan: drop a file here")
        self.new_button = QPushButton("New")
        self.new_button.setToolTip("An empty segmentation on the grid of the scan")
        self.onto_button = QPushButton("Onto scan")
        self.onto_button.setToolTip(
            "<p>Resample the regions onto the grid of the scan, as a new segmentation</p>"
        )
        line = QHBoxLayout()
        line.addWidget(self.region, 1)
        line.addWidget(self.new_button)
        line.addWidget(self.onto_button)
        rows.addRow("Scan", self.scan)
        rows.addRow("Regions", line)
        return rows

    def _make_label_buttons(self) -> QHBoxLayout:
        self.add_button, self.delete_button = QPushButton("Add label"), QPushButton("Delete")
        self.copy_button = QPushButton("Copy table")
        self.delete_button.setToolTip("Erase the chosen label and take it from the list")
        self.copy_button.setToolTip("Copy names, volumes and diameters, to paste into a sheet")
        row = QHBoxLayout()
        row.setSpacing(4)
        for button in (self.add_button, self.delete_button, self.copy_button):
            row.addWidget(button)
        return row

    def _make_more_inputs(self) -> QWidget:
        """Rows of the tools that take more than one segmentation and a scan."""
        more = QWidget()
        self.more = form_layout(more)
        self.second = QuietCombo()
        self.second.setToolTip("<p>Where the other labels are taken from</p>")
        self.shapes = LayerCombo(self.viewer, _is_shapes, empty="Draw polygons in a Shapes layer")
        self.more.addRow("Taken from", self.second)
        self.more.addRow("Contours", self.shapes)
        self.learn = LearnRow()
        self.more.addRow(self.learn)
        return more

    def _make_footer(self) -> QHBoxLayout:
        self.preview_box = QCheckBox("Preview")
        self.preview_box.setChecked(True)
        self.preview_box.setToolTip("Show what the tool would change, before it is applied")
        self.apply_button, self.cancel_button = QPushButton("Apply"), QPushButton("Cancel")
        self.undo_button, self.redo_button = QPushButton("Undo"), QPushButton("Redo")
        self.apply_button.setToolTip(
            "<p>Write what the preview shows, as one undo step (Shift+Z). Where none is shown, the "
            "first click only makes it</p>"
        )
        self.cancel_button.setToolTip("Put the tool away; nothing is changed")
        self.undo_button.setToolTip("Take back the last stroke or tool (Ctrl+Z)")
        self.redo_button.setToolTip("Do it again (Ctrl+Shift+Z)")
        self.apply_button.setDefault(True)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.preview_box)
        row.addWidget(self.apply_button, 1)
        for button in (self.cancel_button, self.undo_button, self.redo_button):
            row.addWidget(button)
        return row

    def list_seconds(self) -> None:
        """List the other segmentations that a tool may take labels from."""
        kept = self.second.currentData()
        self.second.blockSignals(True)
        self.second.clear()
        self.second.addItem("this segmentation", None)
        for layer in self.region.layers:
            if layer is not self.region.layer:
                self.second.addItem(layer.name, layer)
        self.second.setCurrentIndex(max(0, self.second.findData(kept)))
        self.second.blockSignals(False)

    def show_rows(self) -> None:
        """Show the rows that the chosen tool has a use for."""
        tool = self.tools.tool
        name = "" if tool is None else tool.name
        self.more.setRowVisible(self.second, name in ("combine", "mask"))
        self.more.setRowVisible(self.shapes, name == "contours")
        self.more.setRowVisible(self.learn, name == LESSON)
        self.versions_section.setVisible(tool is None)  # its room is for the settings

    def choose_own_scan(self) -> None:
        """Take the scan that the segmentation was drawn on."""
        region, scan = self.region.layer, self.scan.layer
        if region is None or (scan is not None and belongs_to(region, scan)):
            return
        own = (layer for layer in self.scan.layers if belongs_to(region, layer))
        self.scan.layer = next(own, scan)


def guarded(say: Callable[[str, str], None], work: Callable[[], Any]) -> Any:
    """Do something; an expected error goes to the message line."""
    try:
        return work()
    except RadiogenomicsError as error:
        say(str(error), "error")
        return None


def ask_color(parent: QWidget, color: tuple[int, int, int]) -> tuple[int, int, int] | None:
    """Ask for a color; None where the person changed their mind."""
    from qtpy.QtGui import QColor

    found = QColorDialog.getColor(QColor(*color), parent, "Color of the label")
    return (found.red(), found.green(), found.blue()) if found.isValid() else None


def labels_layer(layer: Layer | None) -> Labels | None:
    """Return the layer where it is one of labels."""
    return layer if isinstance(layer, Labels) else None
