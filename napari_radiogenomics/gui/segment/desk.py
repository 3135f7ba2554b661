"""What the Draw page does: it binds tables, brush, tools and layers to each other."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Layer
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtWidgets import QApplication, QWidget

from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.cohort.patient import PatientView
from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.segment.draw_page import (
    DrawPage,
    ask_color,
    guarded,
    labels_layer,
)
from napari_radiogenomics.gui.segment.job import ToolJob, job_for
from napari_radiogenomics.gui.segment.keys import KeyBinder
from napari_radiogenomics.gui.segment.measured import Measured
from napari_radiogenomics.gui.segment.painting import fits, guards_of
from napari_radiogenomics.gui.segment.places import contour_points, go_to_region
from napari_radiogenomics.gui.segment.regions import (
    add_label,
    adopt,
    delete_label,
    entries,
    new_segmentation,
    recolor,
    rename,
    restore_erased,
    set_hidden,
    set_locked,
)
from napari_radiogenomics.gui.segment.tool_work import ToolWork
from napari_radiogenomics.gui.session import Selection, session_of

if TYPE_CHECKING:
    from napari_radiogenomics.gui.segment.regions import Entry

__all__ = ["DrawDesk"]

# Linked views have made their copies of a layer by then.
_COPIED_MS = 600


class DrawDesk(QObject):
    """Binds a `DrawPage` to the layers of its viewer.

    Parameters
    ----------
    page : DrawPage
        The controls.

    Attributes
    ----------
    said : Signal(str, str)
        What happened, and its tone.
    """

    said = Signal(str, str)

    def __init__(self, page: DrawPage) -> None:
        super().__init__(page)
        self.page, self.viewer = page, page.viewer
        self.session = session_of(self.viewer)
        self.connections = Connections(page)
        self._watched: Labels | None = None
        self._at_mm: tuple[float, float, float] | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_COPIED_MS)
        self._later.timeout.connect(self.rule_paint)
        self._on_click = _weakly(page, self._clicked)
        self.tool_work = ToolWork(self.viewer, self._make_job, self)
        self.measured = Measured(lambda: (self.layer, page.scan.layer), self)
        self.regions_shown: list[Layer] = []
        self._keys = KeyBinder(self)
        self._connect_page()
        self._connect_work()
        self.connections.add(self.session.selection_changed, self._take_selection)
        self._use_layer()
        self._use_scan()
        self._show_tool()

    @property
    def layer(self) -> Labels | None:
        """The segmentation that is drawn on."""
        return labels_layer(self.page.region.layer)

    @property
    def value(self) -> int:
        """The label that is drawn with; 0 where there is none."""
        return 0 if self.layer is None else int(self.layer.selected_label)

    def say(self, text: str, tone: str = "plain") -> None:
        """Write the message line."""
        self.said.emit(text, tone)

    def _connect_page(self) -> None:
        page, table = self.page, self.page.table
        page.region.chosen.connect(self._use_layer)
        page.scan.chosen.connect(self._use_scan)
        page.new_button.clicked.connect(self.new)
        page.add_button.clicked.connect(self.add)
        page.delete_button.clicked.connect(self.delete)
        page.copy_button.clicked.connect(self.copy_table)
        table.chosen.connect(self.choose)
        table.eye_clicked.connect(self.show_label)
        table.lock_clicked.connect(self.lock)
        table.renamed.connect(self.rename)
        table.color_asked.connect(self._ask_color)
        page.painting.changed.connect(self.rule_paint)
        page.undo_button.clicked.connect(self.undo)
        page.redo_button.clicked.connect(self.redo)

    def _connect_work(self) -> None:
        page, work = self.page, self.tool_work
        page.tools.chosen.connect(self._show_tool)
        page.tools.changed.connect(work.wake)
        page.second.currentIndexChanged.connect(work.wake)
        page.shapes.chosen.connect(work.wake)
        page.tools.range.proposal_asked.connect(self._propose_for_tool)
        page.painting.range.proposal_asked.connect(self._propose_for_brush)
        page.preview_box.toggled.connect(self._switch_preview)
        page.apply_button.clicked.connect(self.apply)
        page.cancel_button.clicked.connect(self.cancel)
        work.said.connect(self.said)
        work.busy_changed.connect(self._show_buttons)
        work.applied.connect(self._applied)
        self.measured.looked.connect(self.list_labels)
        self.measured.found.connect(page.table.show_measured)

    # Which layers

    def _use_layer(self) -> None:
        """Take another segmentation: give it a scheme, guard it, list and measure it."""
        self._unwatch()
        self.tool_work.clear()
        layer = self.layer
        self.page.list_seconds()
        if layer is not None:
            adopted = guarded(self.say, lambda: adopt(layer, self._scans_first()))
            if adopted is None:
                layer = None
        self._watched = layer
        if layer is not None:
            self._watch(layer)
            self.page.choose_own_scan()
            self._choose_drawn(layer)
        self.page.table.show_measured(None)
        self.list_labels()
        self.rule_paint()
        self._later.start()
        self._show_buttons()
        self.tell_first()
        self.measured.ask()

    def _scans_first(self) -> list[Layer]:
        scan = self.page.scan.layer
        return [x for x in (scan, *self.viewer.layers) if x is not None and x is not self.layer]

    def _choose_drawn(self, layer: Labels) -> None:
        """Draw with the first label of the list where the layer's own is not in it."""
        listed = [entry.label.value for entry in entries(layer)]
        if listed and layer.selected_label not in (*listed, 0):
            layer.selected_label = listed[0]

    def _watch(self, layer: Labels) -> None:
        add, events = self.connections.add, layer.events
        for event in (events.paint, events.set_data, events.data):
            add(event, self._drawn)
        add(events.selected_label, self._label_selected)
        add(events.brush_size, self._brush_changed)
        add(events.mode, self._mode_changed)
        add(events.metadata, self._drawn)

    def _unwatch(self) -> None:
        if self._watched is None:
            return
        events = self._watched.events
        for event in (
            events.paint, events.set_data, events.data, events.selected_label,
            events.brush_size, events.mode, events.metadata,
        ):  # fmt: skip
            self.connections.drop(event)

    def _use_scan(self) -> None:
        scan = self.page.scan.layer
        source = None if scan is None else scan.metadata.get("radiogenomics")
        unit = getattr(source, "unit", "")
        for row in (self.page.tools.range, self.page.painting.range):
            row.use_scan(None if scan is None else scan.data, unit)
        self.rule_paint()
        self.tell_first()
        self.measured.ask()
        if self.page.tools.tool is not None:
            self.tool_work.wake()

    def tell_first(self) -> None:
        """Say what to do first."""
        if self.page.scan.layer is None and self.layer is None:
            self.say("Open a scan and its segmentation: drop the files on the window.")
        elif self.layer is None:
            self.say("Open a segmentation, or press New to draw one on the scan.")
        else:
            self.say("Choose a label and paint (P), or choose a tool.")

    # Labels

    def list_labels(self) -> None:
        """List the labels of the layer, as they are now."""
        layer = self._watched
        found: list[Entry] = []
        if layer is not None and layer in self.viewer.layers:
            restore_erased(self.viewer, layer)
            found = entries(layer)
        self.page.table.list_regions(found)
        self.page.table.value = self.value
        self.page.tools.offer(found)
        self.page.painting.offer(found)
        self._show_buttons()

    def choose(self, value: int) -> None:
        """Draw with a label, go to its region, and select it everywhere."""
        layer = self.layer
        if layer is None:
            return
        layer.selected_label = value
        if not go_to_region(self.viewer, layer, value):
            self.say(f"{self._name(value)} is not drawn yet. Paint it (P).")
        self._select(value)

    def _name(self, value: int) -> str:
        found = (e.label.name for e in self.page.table.entries if e.label.value == value)
        return next(found, f"label {value}")

    def _select(self, value: int) -> None:
        if value:
            self.session.select(label=value, region=self._name(value))

    def _label_selected(self, event: object = None) -> None:
        self.page.table.value = self.value
        self._select(self.value)
        if self.page.tools.tool is not None and self.tool_work.change is not None:
            self.tool_work.wake()

    def _take_selection(self, selection: Selection) -> None:
        layer = self.layer
        listed = [entry.label.value for entry in self.page.table.entries]
        if layer is not None and selection.label in listed:
            if layer.selected_label != selection.label:
                layer.selected_label = selection.label
            self.page.table.value = selection.label

    def new(self) -> None:
        """Start an empty segmentation on the scan."""
        scan = self.page.scan.layer
        if scan is None:
            self.say("Open a scan first: a segmentation is drawn on its grid.", "error")
            return
        layer = guarded(self.say, lambda: new_segmentation(self.viewer, scan))
        if layer is not None:
            self.page.region.layer = layer
            self.say(f'"{layer.name}" is ready: paint (P), or choose a tool.', "good")

    def add(self) -> None:
        """Add a label to draw with."""
        layer = self.layer
        if layer is None:
            self.new()
            return
        label = guarded(self.say, lambda: add_label(self.viewer, layer))
        if label is not None:
            self._touch()
            self.list_labels()
            self.say(f"{label.name} added. Double-click its name to change it.", "good")

    def delete(self) -> None:
        """Erase the chosen label and take it from the list."""
        layer, value, name = self.layer, self.value, self._name(self.value)
        if layer is None or not value:
            self.say("Choose a label in the table first.", "error")
            return
        count = guarded(self.say, lambda: delete_label(self.viewer, layer, value))
        if count is not None:
            self._touch()
            self.list_labels()
            self._choose_drawn(layer)
            self.say(f"{name} deleted: {count:,} voxels. Undo takes it back.", "good")

    def rename(self, value: int, name: str) -> None:
        """Give a label another name."""
        layer = self.layer
        if layer is None or name == self._name(value):
            return
        guarded(self.say, lambda: rename(self.viewer, layer, value, name))
        self._touch()
        self.list_labels()

    def _ask_color(self, value: int) -> None:
        known = {e.label.value: e.label.color for e in self.page.table.entries}
        color = ask_color(self.page, known.get(value) or (255, 255, 255))
        if color is not None:
            self.recolor(value, color)

    def recolor(self, value: int, color: tuple[int, int, int]) -> None:
        """Give a label another color."""
        layer = self.layer
        if layer is not None:
            guarded(self.say, lambda: recolor(self.viewer, layer, value, color))
            self._touch()
            self.list_labels()

    def show_label(self, value: int, shown: bool) -> None:
        """Show or hide a label."""
        if self.layer is not None:
            set_hidden(self.layer, value, not shown)
            self.list_labels()

    def lock(self, value: int, locked: bool) -> None:
        """Lock or unlock a label."""
        if self.layer is not None:
            set_locked(self.layer, value, locked)
            self.rule_paint()
            self.list_labels()
            if self.page.tools.tool is not None:
                self.tool_work.wake()

    def _touch(self) -> None:
        """Let the cohort's table know that there is something to save."""
        view = attached(self.viewer, PatientView)
        if view.patient_id and self.layer in view.layers:
            self.session.edits.touch(view.patient_id)

    def copy_table(self) -> None:
        """Copy the table of labels, to paste into a sheet."""
        table = self.measured.table
        if table is None:
            self.say("Nothing is drawn yet: there is nothing to copy.", "error")
            return
        QApplication.clipboard().setText(table.to_csv(sep="\t"))
        self.say(f"{len(table)} labels copied. Paste them into a sheet.", "good")

    # Painting

    def rule_paint(self) -> None:
        """Tell napari's brush where it may paint."""
        layer, scan = self._watched, self.page.scan.layer
        self.page.painting.tell_brush(layer)
        summary = self.page.painting.summary()
        self.page.painting_section.setText(f"Brush: {summary}" if summary else "Brush")
        if layer is None or layer not in self.viewer.layers:
            return
        if self.page.painting.within.isChecked() and (scan is None or not fits(layer, scan)):
            self.say("The range is taken from a scan with the voxels of the segmentation.", "error")
        rule = self.page.painting.rule(layer, scan)
        for model in models(self.viewer):
            self._keys.bind_layers(model.layers)
        for guard in guards_of(self.viewer, layer):
            guard.rule = rule
            guard.refused = [self._refused]

    def _refused(self, text: str) -> None:
        self.say(text, "error")

    def _brush_changed(self, event: object = None) -> None:
        self.page.painting.tell_brush(self.layer)

    def _mode_changed(self, event: object = None) -> None:
        self.rule_paint()  # copies in linked views may be new

    def _drawn(self, event: object = None) -> None:
        self.measured.ask()
        if self.page.tools.tool is not None:
            self.tool_work.drawn()

    def undo(self) -> None:
        """Take back the last stroke or tool."""
        if self.layer is not None:
            self.layer.undo()
            self._after_undo()

    def redo(self) -> None:
        """Do again what was taken back."""
        if self.layer is not None:
            self.layer.redo()
            self._after_undo()

    def _after_undo(self) -> None:
        self._touch()
        self.list_labels()
        self._drawn()

    # Tools

    def _show_tool(self) -> None:
        """Show the settings of the chosen tool and look what it would do."""
        tool = self.page.tools.tool
        self.page.show_rows()
        self.page.list_seconds()
        self._listen_to_clicks()
        self._at_mm = None
        if tool is None:
            self.tool_work.clear()
        else:
            self.tool_work.wake()
        self._show_buttons()

    def _make_job(self) -> ToolJob | None:
        tool, layer = self.page.tools.tool, self._watched
        if tool is None or layer is None:
            return None
        if self.page.tools.needs_click and self._at_mm is None:
            self.say("Click on the piece that is meant.")
            return None
        points = []
        if tool.name == "contours":
            if self.page.shapes.layer is None:
                self.say("Draw polygons in a Shapes layer: Layers ▸ New ▸ Shapes.")
                return None
            points = contour_points(self.page.shapes.layer)
        settings = self.page.tools.settings(self.value, self._at_mm)
        second = self.page.second.currentData() if self.page.more.isRowVisible(0) else None
        return job_for(tool, layer, self.page.scan.layer, settings, second=second, points=points)

    def _listen_to_clicks(self) -> None:
        for model in models(self.viewer):
            if self._on_click not in model.mouse_drag_callbacks:
                model.mouse_drag_callbacks.append(self._on_click)

    def _clicked(self, event: Any) -> None:
        if event.button == 1 and self.page.tools.needs_click:
            self.take_click(event.position)

    def take_click(self, position: Any) -> None:
        """Mean the piece at a world position, its last axes z, y, x."""
        z, y, x = (float(v) for v in tuple(position)[-3:])
        self._at_mm = (x, y, z)
        self.tool_work.wake()

    def _switch_preview(self, on: bool) -> None:
        self.tool_work.live = on
        if on and self.page.tools.tool is not None:
            self.tool_work.wake()
        elif not on:
            self.tool_work.clear()

    def apply(self) -> None:
        """Apply the chosen tool."""
        if self.page.tools.tool is None:
            self.say("Choose a tool first.", "error")
        elif self._watched is None:
            self.say("Open a segmentation, or press New to draw one on the scan.", "error")
        else:
            self.tool_work.apply()

    def cancel(self) -> None:
        """Put the tool away; nothing is changed."""
        tool = self.page.tools.tool
        self.tool_work.clear()
        if tool is not None:
            self.page.tools.choose("")
            self.say(f"{tool.title} put away. Nothing was changed.")

    def _applied(self, change: object) -> None:
        self.list_labels()
        self.measured.ask()

    def _show_buttons(self) -> None:
        page = self.page
        there = self._watched is not None
        page.apply_button.setEnabled(there and page.tools.tool is not None)
        page.cancel_button.setEnabled(page.tools.tool is not None)
        for button in (page.undo_button, page.redo_button, page.delete_button, page.copy_button):
            button.setEnabled(there)

    def _propose_for_tool(self) -> None:
        self._propose(self.page.tools.range)

    def _propose_for_brush(self) -> None:
        self._propose(self.page.painting.range)

    def _propose(self, row: Any) -> None:
        """Give a range the values of the chosen label: mean ± 2 SD."""
        layer, scan = self._watched, self.page.scan.layer
        if layer is None or scan is None or not fits(layer, scan):
            self.say("The range is taken from a scan with the voxels of the segmentation.", "error")
            return
        inside = np.asarray(scan.data)[np.asarray(layer.data) == self.value]
        if not inside.size:
            self.say(f"{self._name(self.value)} is not drawn: paint some of it first.", "error")
            return
        mean, sd = float(inside.mean()), float(inside.std())
        row.range = (mean - 2 * sd, mean + 2 * sd)


def _weakly(owner: QWidget, method: Callable[[Any], None]) -> Callable[[Any, Any], None]:
    """Make a mouse callback that is silent once its widget is gone: the viewer outlives it."""
    held, called = weakref.ref(owner), weakref.WeakMethod(method)

    def call(_viewer: Any, event: Any) -> None:
        widget, work = held(), called()
        if widget is not None and work is not None and isalive(widget):
            work(event)

    return call
