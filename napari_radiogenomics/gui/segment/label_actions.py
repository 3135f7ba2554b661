"""What a person does to labels: add, delete, rename, recolor, show, lock, copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QApplication

from napari_radiogenomics.gui.segment.draw_page import ask_color, guarded
from napari_radiogenomics.gui.segment.regions import (
    add_label,
    delete_label,
    new_segmentation,
    recolor,
    rename,
    set_hidden,
    set_locked,
)

if TYPE_CHECKING:
    from napari_radiogenomics.gui.segment.desk import DrawDesk

__all__ = ["LabelActions"]


class LabelActions(QObject):
    """Changes labels of the segmentation that is drawn on, and says what happened.

    Parameters
    ----------
    desk : DrawDesk
        The desk it belongs to.
    """

    def __init__(self, desk: DrawDesk) -> None:
        super().__init__(desk)
        self.desk, self.page = desk, desk.page
        page, table = desk.page, desk.page.table
        page.new_button.clicked.connect(self.new)
        page.add_button.clicked.connect(self.add)
        page.delete_button.clicked.connect(self.delete)
        page.copy_button.clicked.connect(self.copy_table)
        table.eye_clicked.connect(self.show_label)
        table.lock_clicked.connect(self.lock)
        table.renamed.connect(self.rename)
        table.color_asked.connect(self._ask_color)

    def new(self) -> None:
        """Start an empty segmentation on the scan."""
        scan = self.page.scan.layer
        if scan is None:
            self.desk.say("Open a scan first: a segmentation is drawn on its grid.", "error")
            return
        layer = guarded(self.desk.say, lambda: new_segmentation(self.desk.viewer, scan))
        if layer is not None:
            self.page.region.layer = layer
            self.desk.say(f'"{layer.name}" is ready: paint (P), or choose a tool.', "good")

    def add(self) -> None:
        """Add a label to draw with."""
        layer = self.desk.layer
        if layer is None:
            self.new()
            return
        label = guarded(self.desk.say, lambda: add_label(self.desk.viewer, layer))
        if label is not None:
            self.desk.touch()
            self.desk.list_labels()
            self.desk.say(f"{label.name} added. Double-click its name to change it.", "good")

    def delete(self) -> None:
        """Erase the chosen label and take it from the list."""
        layer, value, name = self.desk.layer, self.desk.value, self.desk.name_of(self.desk.value)
        if layer is None or not value:
            self.desk.say("Choose a label in the table first.", "error")
            return
        count = guarded(self.desk.say, lambda: delete_label(self.desk.viewer, layer, value))
        if count is not None:
            self.desk.touch()
            self.desk.list_labels()
            self.desk.choose_listed(layer)
            self.desk.say(f"{name} deleted: {count:,} voxels. Undo takes it back.", "good")

    def rename(self, value: int, name: str) -> None:
        """Give a label another name."""
        layer = self.desk.layer
        if layer is None or name == self.desk.name_of(value):
            return
        guarded(self.desk.say, lambda: rename(self.desk.viewer, layer, value, name))
        self.desk.touch()
        self.desk.list_labels()

    def _ask_color(self, value: int) -> None:
        known = {e.label.value: e.label.color for e in self.page.table.entries}
        color = ask_color(self.page, known.get(value) or (255, 255, 255))
        if color is not None:
            self.recolor(value, color)

    def recolor(self, value: int, color: tuple[int, int, int]) -> None:
        """Give a label another color."""
        layer = self.desk.layer
        if layer is not None:
            guarded(self.desk.say, lambda: recolor(self.desk.viewer, layer, value, color))
            self.desk.touch()
            self.desk.list_labels()

    def show_label(self, value: int, shown: bool) -> None:
        """Show or hide a label."""
        if self.desk.layer is not None:
            set_hidden(self.desk.layer, value, not shown)
            self.desk.list_labels()

    def lock(self, value: int, locked: bool) -> None:
        """Lock or unlock a label."""
        if self.desk.layer is not None:
            set_locked(self.desk.layer, value, locked)
            self.desk.rule_paint()
            self.desk.list_labels()
            if self.page.tools.tool is not None:
                self.desk.tools.work.wake()

    def copy_table(self) -> None:
        """Copy the table of labels, to paste into a sheet."""
        table = self.desk.measured.table
        if table is None:
            self.desk.say("Nothing is drawn yet: there is nothing to copy.", "error")
            return
        QApplication.clipboard().setText(table.to_csv(sep="\t"))
        self.desk.say(f"{len(table)} labels copied. Paste them into a sheet.", "good")
