"""The controls of the Genes dock, in the order in which they are read; no logic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.gui.canvas.legend import is_map
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.form import form_layout
from napari_radiogenomics.gui.forms.inputs import LayerCombo, is_region, is_scan
from napari_radiogenomics.gui.genes.legend_bar import LegendBar
from napari_radiogenomics.gui.genes.plots import PathwayPlot, ScatterPlot, StripPlot
from napari_radiogenomics.gui.genes.region_table import RegionTable
from napari_radiogenomics.gui.genes.search import GeneSearch
from napari_radiogenomics.gui.genes.structure_table import StructureTable

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

__all__ = ["GenesPage"]

_PURPOSE = "What is it? Genes and pathways of the regions on the screen."
_PLOT_HEIGHT = 220


def _is_measurable(layer: Layer) -> bool:
    return is_scan(layer) or (is_map(layer) and layer.ndim == 3)


class GenesPage(QWidget):
    """What the dock shows.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer whose layers the combos list.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        # Else napari takes half of the column for a stretch below.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        content = QWidget()
        self.rows = QVBoxLayout(content)
        self.rows.setContentsMargins(0, 0, 4, 0)
        self.rows.setSpacing(6)
        purpose = QLabel(_PURPOSE)
        purpose.setWordWrap(True)
        self.rows.addWidget(purpose)
        self._make_search()
        self._make_inputs(viewer)
        self._make_table()
        self._make_flips()
        self._make_tabs()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        self._make_message()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.addWidget(area, 1)
        column.addWidget(self.message_line)

    def _make_search(self) -> None:
        self.search = GeneSearch()
        self.units = QuietCombo()
        self.units.addItem("as measured", False)
        self.units.addItem("z in cohort", True)
        self.units.setAccessibleName("Unit")
        self.units.setToolTip(
            "<p>Show scores in their own unit (log2 CPM), or in standard deviations from the "
            "mean of the cohort's samples (z).</p>"
        )
        row = QHBoxLayout()
        row.addWidget(self.search, 1)
        row.addWidget(self.units)
        self.rows.addLayout(row)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setTextFormat(Qt.TextFormat.RichText)
        self.hint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hint.setVisible(False)
        self.rows.addWidget(self.hint)

    def _make_inputs(self, viewer: ViewerModel) -> None:
        self.region = LayerCombo(viewer, is_region, empty="Open or draw a segmentation")
        self.map = LayerCombo(viewer, _is_measurable, empty="Open a scan or a map")
        self.region.setAccessibleName("Segmentation")
        self.map.setAccessibleName("Map")
        self.map.setToolTip("<p>Its mean in each region stands in the table.</p>")
        for combo in (self.region, self.map):
            combo.setMinimumContentsLength(5)
        form = form_layout()
        form.addRow("Regions", self.region)
        form.addRow("Map", self.map)
        self.rows.addLayout(form)

    def _make_table(self) -> None:
        self.table = RegionTable()
        self.color_regions = QCheckBox("Color regions")
        self.color_points = QCheckBox("Color biopsies")
        self.color_regions.setToolTip(
            "<p>Color regions by the score of their samples. Bulk samples color the whole tumor "
            "as one: never finer than the samples allow.</p>"
        )
        self.color_points.setToolTip(
            "<p>Color biopsies by their own values. Samples without a place are no points.</p>"
        )
        row = QHBoxLayout()
        for box in (self.color_regions, self.color_points):
            box.setChecked(True)
            row.addWidget(box)
        row.addStretch(1)
        self.claim = QLabel()
        row.addWidget(self.claim)
        self.legend = LegendBar()
        self.rows.addWidget(self.table)
        self.rows.addLayout(row)
        self.rows.addWidget(self.legend)

    def _make_flips(self) -> None:
        self.flip_text = QLabel()
        self.flip_text.setWordWrap(True)
        self.flip_button, self.undo_button, self.save_button = (
            QPushButton("Correct"),
            QPushButton("Undo"),
            QPushButton("Save in cohort"),
        )
        self.flip_button.setToolTip("Take the coordinates of these biopsies the other way")
        self.undo_button.setToolTip("Take the coordinates as they were")
        self.save_button.setToolTip("Write the corrected coordinate systems into the samples table")
        buttons = QHBoxLayout()
        for button in (self.flip_button, self.undo_button, self.save_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.flips = QWidget()
        column = QVBoxLayout(self.flips)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.flip_text)
        column.addLayout(buttons)
        self.flips.setVisible(False)
        self.rows.addWidget(self.flips)

    def _make_tabs(self) -> None:
        self.pathways, self.strip, self.scatter = PathwayPlot(), StripPlot(), ScatterPlot()
        self.structures = StructureTable()
        self.compare_button = QPushButton("Measure this map in all patients")
        self.compare_button.setToolTip(
            "<p>Compute the chosen map, with the settings it was made with, in the same region "
            "of every patient. It can be cancelled.</p>"
        )
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setEnabled(False)
        scatter = QWidget()
        column = QVBoxLayout(scatter)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.scatter, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.compare_button, 1)
        buttons.addWidget(self.cancel_button)
        column.addLayout(buttons)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for widget, name, tip in (
            (self.pathways, "Pathways", "Pathways of the chosen region beside the cohort"),
            (self.strip, "Patients", "The score in each region of every patient"),
            (scatter, "Map × score", "Mean of the map against the score, one dot a region"),
            (self.structures, "Structures", "Which region stands for which structure name"),
        ):
            self.tabs.setTabToolTip(self.tabs.addTab(widget, name), tip)
        self.tabs.setMinimumHeight(_PLOT_HEIGHT)
        self.rows.addWidget(self.tabs, 1)

    def _make_message(self) -> None:
        self.message_line = QLabel()
        self.message_line.setWordWrap(True)
        self.message_line.setTextFormat(Qt.TextFormat.PlainText)
        self.message_line.setAccessibleName("Message")
        self.message_line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message_line.setMinimumHeight(3 * self.fontMetrics().lineSpacing() + 4)
        self.message_line.setAlignment(Qt.AlignmentFlag.AlignTop)

    def use_theme(self, theme: str) -> None:
        """Draw the plots in the colors of a theme."""
        for plot in (self.pathways, self.strip, self.scatter):
            plot.use_theme(theme)
