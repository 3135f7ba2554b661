"""What the Draw page does: it binds tables, brush, tools and layers to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Labels, Layer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.cohort.patient import PatientView
from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.sight import Sight
from napari_radiogenomics.gui.segment.draw_page import DrawPage, guarded, labels_layer
from napari_radiogenomics.gui.segment.keys import KeyBinder
from napari_radiogenomics.gui.segment.label_actions import LabelActions
from napari_radiogenomics.gui.segment.measured import Measured
from napari_radiogenomics.gui.segment.onto_scan import OntoScan
from napari_radiogenomics.gui.segment.painting import NO_SCAN_FITS, fits, guards_of
from napari_radiogenomics.gui.segment.places import go_to_region
from napari_radiogenomics.gui.segment.regions import adopt, entries, restore_erased
from napari_radiogenomics.gui.segment.tool_desk import ToolDesk
from napari_radiogenomics.gui.session import Selection, session_of

if TYPE_CHECKING:
    from napari_radiogenomics.gui.segment.regions import Entry

__all__ = ["DrawDesk"]

# Linked views have made their copies of a layer by then.
_COPIED_MS = 600
# After a dock came into sight, its tables are filled by then.
_IDLE_MS = 2000


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
        self.watched: Labels | None = None
        self._scan: Layer | None = None
        self._patient = self.session.selection.patient_id
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_COPIED_MS)
        self._later.timeout.connect(self.rule_paint)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(_IDLE_MS)
        self._idle.timeout.connect(self._prepare)
        self.measured = Measured(lambda: (self.layer, page.scan.layer), self)
        self.regions_shown: list[Layer] = []
        self._keys = KeyBinder(self)
        self.labels, self.tools = LabelActions(self), ToolDesk(self)
        self.onto = OntoScan(self)
        self._sight = Sight(page)
        self._sight.changed.connect(self._seen)
        # A page that is in no window is that of a script, which wants its numbers.
        self.measured.active = lambda: bool(self._sight) or not page.window().isVisible()
        self._connect_page()
        self.connections.add(self.session.selection_changed, self._take_selection)
        self._use_layer()
        self._use_scan()
        self.tools.show_tool()

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
        table.chosen.connect(self.choose)
        page.versions.said.connect(self.said)
        page.versions_section.toggled.connect(self._list_versions)
        page.painting.changed.connect(self.rule_paint)
        page.undo_button.clicked.connect(self.undo)
        page.redo_button.clicked.connect(self.redo)
        self.measured.looked.connect(self.list_labels)
        self.measured.found.connect(table.show_measured)

    # Which layers

    def _use_layer(self) -> None:
        """Take another segmentation: give it a scheme, guard it, list and measure it."""
        self._unwatch()
        self.tools.work.clear()
        layer = self.layer
        self.page.list_seconds()
        if layer is not None:
            adopted = guarded(self.say, lambda: adopt(layer, self._scans_first()))
            if adopted is None:
                layer = None
        self.watched = layer
        if layer is not None:
            self._watch(layer)
            self.page.choose_own_scan()
            self.choose_listed(layer)
        self.page.table.show_measured(None)
        self.page.versions.use(layer)
        self.list_labels()
        self.rule_paint()
        self._later.start()
        self.show_buttons()
        self.tell_first()
        self.measured.ask()

    def _scans_first(self) -> list[Layer]:
        scan = self.page.scan.layer
        return [x for x in (scan, *self.viewer.layers) if x is not None and x is not self.layer]

    def choose_listed(self, layer: Labels) -> None:
        """Draw with the first label of the list where the layer's own is not in it."""
        listed = [entry.label.value for entry in entries(layer)]
        if listed and layer.selected_label not in (*listed, 0):
            layer.selected_label = listed[0]

    def _watch(self, layer: Labels) -> None:
        add, events = self.connections.add, layer.events
        # napari tells of painting before it is done, and of the voxels after.
        for event in (events.paint, events.labels_update, events.set_data, events.data):
            add(event, self._drawn)
        add(events.selected_label, self._label_selected)
        add(events.brush_size, self._brush_changed)
        add(events.mode, self._mode_changed)
        add(events.metadata, self._drawn)

    def _unwatch(self) -> None:
        if self.watched is None:
            return
        events = self.watched.events
        for event in (
            events.paint, events.labels_update, events.set_data, events.data,
            events.selected_label, events.brush_size, events.mode, events.metadata,
        ):  # fmt: skip
            self.connections.drop(event)

    def _use_scan(self, event: object = None) -> None:
        """Take the values of another scan, or of another patient in the same layer."""
        scan = self.page.scan.layer
        if scan is not self._scan:
            if self._scan is not None:
                self.connections.drop(self._scan.events.data)
            if scan is not None:
                self.connections.add(scan.events.data, self._use_scan)
            self._scan = scan
        source = None if scan is None else scan.metadata.get("radiogenomics")
        unit = getattr(source, "unit", "")
        for row in (self.page.tools.range, self.page.painting.range):
            row.use_scan(None if scan is None else scan.data, unit)
        self.rule_paint()
        self.tell_first()
        self.measured.ask()
        if self.page.tools.tool is not None:
            self.tools.work.wake()

    def _seen(self) -> None:
        self.measured.ask()
        if self._sight:
            self._idle.start()

    def _prepare(self) -> None:
        """Load what the classifier needs before it is asked for, while nobody paints."""
        if self._sight and self.layer is not None:
            self.tools.learner.warm_up()

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
        layer = self.watched
        found: list[Entry] = []
        if layer is not None and layer in self.viewer.layers:
            restore_erased(self.viewer, layer)
            found = entries(layer)
        self.page.table.list_regions(found)
        self.page.table.value = self.value
        self.page.tools.offer(found)
        self.page.painting.offer(found)
        self.show_buttons()

    def choose(self, value: int) -> None:
        """Draw with a label, go to its region, and select it everywhere."""
        layer = self.layer
        if layer is None:
            return
        layer.selected_label = value
        self.viewer.layers.selection.active = layer  # its brush and keys are those that count
        if not go_to_region(self.viewer, layer, value):
            self.say(f"{self.name_of(value)} is not drawn yet. Paint it (P).")
        self._select(value)

    def name_of(self, value: int) -> str:
        """Name of a label of the table."""
        found = (e.label.name for e in self.page.table.entries if e.label.value == value)
        return next(found, f"label {value}")

    def _select(self, value: int) -> None:
        if value:
            self.session.select(label=value, region=self.name_of(value))

    def _label_selected(self, event: object = None) -> None:
        self.page.table.value = self.value
        self.tools.learner.show_label(self.value)
        self._select(self.value)
        work = self.tools.work
        if self.page.tools.tool is not None and (work.change is not None or work.refused):
            work.wake()

    def _take_selection(self, selection: Selection) -> None:
        if selection.patient_id != self._patient:
            self._patient = selection.patient_id
            self.tools.leave()
            self.page.versions.use(None)
            self.page.versions_section.collapse(animate=False)
        layer = self.layer
        listed = [entry.label.value for entry in self.page.table.entries]
        if layer is not None and selection.label in listed:
            if layer.selected_label != selection.label:
                layer.selected_label = selection.label
            self.page.table.value = selection.label

    def touch(self) -> None:
        """Let the cohort's table know that there is something to save."""
        view = attached(self.viewer, PatientView)
        if view.patient_id and self.layer in view.layers:
            self.session.edits.touch(view.patient_id)

    def show_buttons(self) -> None:
        """Enable what can be pressed now."""
        page = self.page
        there = self.watched is not None
        chosen = page.tools.tool is not None
        page.apply_button.setEnabled(there and chosen and not self.tools.work.refused)
        page.cancel_button.setEnabled(chosen)
        for button in (page.undo_button, page.redo_button, page.delete_button, page.copy_button):
            button.setEnabled(there)

    # Painting

    def rule_paint(self) -> None:
        """Tell napari's brush where it may paint."""
        layer, scan = self.watched, self.page.scan.layer
        self.page.painting.tell_brush(layer)
        summary = self.page.painting.summary()
        self.page.painting_section.setText(f"Brush: {summary}" if summary else "Brush")
        if layer is None or layer not in self.viewer.layers:
            return
        if self.page.painting.within.isChecked() and (scan is None or not fits(layer, scan)):
            self.say(NO_SCAN_FITS, "error")
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
            self.tools.work.drawn()

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

    def _list_versions(self, opened: bool) -> None:
        if opened:
            self.page.versions.use(self.watched)

    def _after_undo(self) -> None:
        attached(self.viewer, PatientView).look_again()
        self.list_labels()
        self._drawn()
