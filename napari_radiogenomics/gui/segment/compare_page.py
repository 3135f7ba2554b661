"""Compare two segmentations or readers, see where they differ, and make a consensus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Layer
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QApplication,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import GeometryError, InputError, RadiogenomicsError
from napari_radiogenomics.gui.attached import plain_viewer
from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.forms.fields import NumberBox, QuietCombo
from napari_radiogenomics.gui.forms.form import form_layout
from napari_radiogenomics.gui.forms.inputs import LayerCombo, is_region
from napari_radiogenomics.gui.forms.narrow import scrolling
from napari_radiogenomics.gui.forms.panel import section_line
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.layers.keys import PASSING, SAVED
from napari_radiogenomics.gui.layers.layers import segmentation_layers
from napari_radiogenomics.gui.segment.agreement_table import AgreementTable
from napari_radiogenomics.gui.segment.job import regions_of
from napari_radiogenomics.gui.segment.places import go_to_region
from napari_radiogenomics.io.tables_write import write_table
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.segmentation import compare_segmentations, consensus, difference

if TYPE_CHECKING:
    import pandas as pd
    from napari.components import ViewerModel

__all__ = ["ComparePage", "FreeCombo"]

_DIFFERENCE = "difference"
_ROW_LABEL = Qt.ItemDataRole.UserRole
_READERS_SHOWN = 4


class FreeCombo(LayerCombo):
    """Lists layers without following the selected one: two of them stay two."""

    filled = Signal()

    def refill(self, event: object = None) -> None:
        """List the layers anew, and tell."""
        super().refill(event)
        self.filled.emit()

    def _follow(self, event: Any) -> None:
        pass


def compare_layers(
    first: Any, second: Any, *, tolerance_mm: float, progress: Progress = quiet
) -> pd.DataFrame:
    """Compare the regions of layer data; as `compare_segmentations`."""
    pair = regions_of(first, [second]), regions_of(second, [first])
    return compare_segmentations(*pair, tolerance_mm=tolerance_mm, progress=progress)


def consensus_of(
    readers: Sequence[Any], *, method: Any, progress: Progress = quiet
) -> Segmentation:
    """Make a consensus of layer data; as `consensus`."""
    regions = [regions_of(reader, readers) for reader in readers]
    return consensus(regions, method=method, progress=progress)


class ComparePage(QWidget):
    """Controls to compare segmentations.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.

    Attributes
    ----------
    said : Signal(str, str)
        What happened, and its tone.
    """

    said = Signal(str, str)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.viewer = plain_viewer(viewer)
        self.result: pd.DataFrame | None = None
        self._pair: tuple[Labels, Labels] | None = None
        self.table = AgreementTable()
        self.table.chosen.connect(self._go_to)
        self.runner = Runner(self)
        self.runner.ended.connect(self._ended)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 4, 4, 0)
        column.setSpacing(6)
        for part in (self._make_inputs(), self.table, self._make_buttons()):
            column.addWidget(part)
        column.addWidget(section_line())
        column.addWidget(self._make_consensus())
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scrolling(content))
        self.first.chosen.connect(self._choose_another)
        self.second.filled.connect(self._choose_another)
        self.second.filled.connect(self.list_readers)
        self.first.chosen.connect(self.list_readers)
        self._choose_another()
        self.list_readers()

    def _make_inputs(self) -> QWidget:
        box = QWidget()
        rows = form_layout(box)
        empty = "Open two segmentations of a scan"
        self.first = FreeCombo(self.viewer, is_region, empty=empty)
        self.second = FreeCombo(self.viewer, is_region, empty=empty)
        self.tolerance = NumberBox()
        self.tolerance.setStepType(QDoubleSpinBox.StepType.DefaultStepType)
        self.tolerance.setRange(0, 100)
        self.tolerance.setSingleStep(0.5)
        self.tolerance.setSuffix(" mm")
        self.tolerance.setValue(2.0)
        self.tolerance.setToolTip("<p>Outlines this close count as equal, for surface Dice</p>")
        rows.addRow("First", self.first)
        rows.addRow("Second", self.second)
        rows.addRow("Tolerance", self.tolerance)
        return box

    def _make_buttons(self) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.compare_button = QPushButton("Compare")
        self.difference_button = QPushButton("Show difference")
        self.copy_button, self.save_button = QPushButton("Copy"), QPushButton("CSV…")
        self.difference_button.setToolTip(
            "Where both agree on the chosen label, and where only one has it"
        )
        for button, work in (
            (self.compare_button, self.compare),
            (self.difference_button, self.show_difference),
            (self.copy_button, self.copy),
            (self.save_button, self.ask_where),
        ):
            row.addWidget(button)
            button.clicked.connect(work)
        self._show_result_buttons()
        return box

    def _make_consensus(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(QLabel("One segmentation out of several readers'"))
        self.readers = QListWidget()
        self.readers.setAccessibleName("Readers")
        self.readers.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.readers.setFixedHeight((self.fontMetrics().lineSpacing() + 4) * _READERS_SHOWN + 4)
        self.method = QuietCombo()
        self.method.addItem("STAPLE: readers weighed by their agreement", "STAPLE")
        self.method.addItem("Majority: more than half of the readers", "majority")
        self.consensus_button = QPushButton("Make consensus")
        self.consensus_button.clicked.connect(self.make_consensus)
        for part in (self.readers, self.method, self.consensus_button):
            column.addWidget(part)
        return box

    def _choose_another(self) -> None:
        """Two different segmentations, where there are two."""
        if self.second.layer is self.first.layer:
            others = (x for x in self.second.layers if x is not self.first.layer)
            self.second.layer = next(others, self.second.layer)

    def list_readers(self) -> None:
        """List all segmentations, those on the grid of the first one ticked."""
        ticked = {item.data(_ROW_LABEL) for item in self._reader_items() if _is_on(item)}
        known = {item.data(_ROW_LABEL) for item in self._reader_items()}
        self.readers.clear()
        first = self.first.layer
        for layer in self.first.layers:
            item = QListWidgetItem(layer.name, self.readers)
            item.setData(_ROW_LABEL, layer)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            alike = first is not None and layer.data.shape == first.data.shape
            on = layer in ticked if layer in known else alike
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)

    def _reader_items(self) -> list[QListWidgetItem]:
        items = (self.readers.item(row) for row in range(self.readers.count()))
        return [item for item in items if item is not None]

    # What is done

    def _start(self, function: Any, *data: Any, title: str, **settings: Any) -> None:
        try:
            self.runner.run(function, *data, title=title, **settings)
        except InputError as error:
            self.said.emit(str(error), "error")
        else:
            self.said.emit("Working …", "plain")

    def compare(self) -> None:
        """Compare the two segmentations, label by label."""
        first, second = self.first.layer, self.second.layer
        if first is None or second is None or first is second:
            self.said.emit("Open two segmentations of the same scan to compare them.", "error")
            return
        self._pair = (first, second)
        data = (_copied(first), _copied(second))
        tolerance = self.tolerance.value()
        self._start(compare_layers, *data, title="Compare", tolerance_mm=tolerance)

    def make_consensus(self) -> None:
        """Make one segmentation out of those ticked."""
        layers = [item.data(_ROW_LABEL) for item in self._reader_items() if _is_on(item)]
        if len(layers) < 2:
            self.said.emit("Tick two readers or more.", "error")
            return
        data = [_copied(layer) for layer in layers]
        self._start(consensus_of, data, title="Consensus", method=self.method.currentData())

    def _ended(self, outcome: Outcome) -> None:
        if outcome.ok and isinstance(outcome.value, Segmentation):
            self._show_consensus(outcome.value)
        elif outcome.ok:
            self._show_table(outcome.value)
        elif outcome.cancelled:
            self.said.emit("Cancelled.", "plain")
        else:
            apart = isinstance(outcome.error, GeometryError)
            way = " (Draw: choose the segmentation and the scan, then Onto scan.)" if apart else ""
            self.said.emit(f"{outcome.error}{way}", "error")

    def _show_table(self, result: pd.DataFrame) -> None:
        self.result = result
        colors = {} if self._pair is None else _colors(self._pair[0])
        self.table.show_result(result, colors)
        self._show_result_buttons()
        self.said.emit(self._summary(result), "good")

    def _summary(self, result: pd.DataFrame) -> str:
        row = result.iloc[0]
        notes = "; ".join(f"{r['name']}: {r['note']}" for _, r in result.iterrows() if r["note"])
        apart = row["hausdorff95_mm"]
        far = "" if apart != apart else f", outlines {number_text(round(apart, 1))} mm apart (95 %)"
        more = f" Note: {notes}." if notes else ""
        return f"{row['name']}: Dice {row['dice']:.3f}{far}.{more} Show difference for the place."

    def _show_consensus(self, found: Segmentation) -> None:
        found = replace(found, name=f"consensus ({self.method.currentData()})")
        data, settings, _ = segmentation_layers(found)[0]
        settings["metadata"][SAVED] = replace(found, labels=np.zeros_like(found.labels))
        self.viewer.add_labels(data, **settings)
        self.said.emit(f'"{found.name}" added. {" ".join(found.notes)}'.strip(), "good")

    def _go_to(self, label: int) -> None:
        for layer in self._pair or ():
            if layer in self.viewer.layers and go_to_region(self.viewer, layer, label):
                return

    def show_difference(self) -> Labels | None:
        """Show where both agree on the chosen label, and where only one has it."""
        label, pair = self.table.label, self._pair
        if label is None or pair is None or not all(x in self.viewer.layers for x in pair):
            self.said.emit("Compare two segmentations first.", "error")
            return None
        one, two = (_copied(layer) for layer in pair)
        try:
            found = difference(regions_of(one, [two]), regions_of(two, [one]), label=label)
        except RadiogenomicsError as error:
            self.said.emit(str(error), "error")
            return None
        self.hide_difference()
        data, settings, _ = segmentation_layers(found)[0]
        settings["metadata"][PASSING] = _DIFFERENCE
        settings["opacity"] = 0.8
        layer = self.viewer.add_labels(data, **settings)
        layer.editable = False
        for region in pair:
            region.visible = False
        only = 2 if np.any(data == 2) else 3
        go_to_region(self.viewer, layer, only)
        first, second = pair[0].name, pair[1].name
        text = f'Green: both. Orange: only "{first}". Blue: only "{second}".'
        self.said.emit(text, "plain")
        return layer

    def hide_difference(self) -> None:
        """Take the difference off the screen."""
        for layer in [x for x in self.viewer.layers if x.metadata.get(PASSING) == _DIFFERENCE]:
            self.viewer.layers.remove(layer)

    def copy(self) -> None:
        """Copy the table, to paste into a sheet."""
        if self.result is not None:
            QApplication.clipboard().setText(self.result.to_csv(sep="\t"))
            self.said.emit(f"{len(self.result)} labels copied. Paste them into a sheet.", "good")

    def ask_where(self) -> None:
        """Ask where to write the table."""
        path, _ = QFileDialog.getSaveFileName(self, "Save table", "agreement.csv", "CSV (*.csv)")
        if path:
            self.save_as(path)

    def save_as(self, path: str | Path) -> None:
        """Write the table as CSV."""
        if self.result is None:
            self.said.emit("Compare two segmentations first.", "error")
            return
        try:
            written = write_table(self.result, path)
        except RadiogenomicsError as error:
            self.said.emit(str(error), "error")
        else:
            self.said.emit(f"Saved as {written}.", "good")

    def _show_result_buttons(self) -> None:
        for button in (self.difference_button, self.copy_button, self.save_button):
            button.setEnabled(self.result is not None)


def _is_on(item: QListWidgetItem) -> bool:
    return item.checkState() == Qt.CheckState.Checked


def _copied(layer: Layer) -> Any:
    data, attributes, kind = layer.as_layer_data_tuple()
    return np.array(data), attributes, kind


def _colors(layer: Layer) -> dict[int, tuple[int, int, int]]:
    source = layer.metadata.get("radiogenomics")
    scheme = source.scheme if isinstance(source, Segmentation) else ()
    return {label.value: label.color for label in scheme if label.color is not None}
