"""The Slide dock: open the slides of a patient, measure them, color the spots of a gene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton
from superqt import QElidingLabel

from napari_radiogenomics.errors import InputError, RadiogenomicsError
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.form import folded
from napari_radiogenomics.gui.forms.panel import Panel, section_line
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.session import Selection, session_of
from napari_radiogenomics.gui.slide.measures import MEASURES, measure_for
from napari_radiogenomics.gui.slide.overlays import Overlays
from napari_radiogenomics.gui.slide.placing import slide_view
from napari_radiogenomics.gui.slide.result import ResultBox, sentence, warning_lines
from napari_radiogenomics.gui.slide.slide_table import SlideTable
from napari_radiogenomics.gui.slide.spots import SpotsBox
from napari_radiogenomics.gui.slide.work import (
    Entry,
    Measured,
    measure_entry,
    prepare,
    read_files,
    read_patient,
    save_tables,
)
from napari_radiogenomics.tissue.measure import measure_tissue

if TYPE_CHECKING:
    import napari

    from napari_radiogenomics.data.slide import Slide

__all__ = ["SlideDock"]

_HIDDEN = ("measure",)
_SAVE_AS = "Table (*.csv)"
_EMPTY = "Open a cohort with slides in the Cohort dock, or a slide by Open file."


class SlideDock(Panel):
    """Slides of a patient, and what can be measured of them.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.

    Attributes
    ----------
    entries : list of Entry
        The slides of the patient, then those of files.
    current : Entry or None
        The slide that is shown.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__(
            napari_viewer,
            measure_tissue,
            name="slide",
            purpose="Tissue: what does the slide show?",
            run="Measure",
            hidden=_HIDDEN,
        )
        self.session = session_of(self.viewer)
        self.entries: list[Entry] = []
        self.current: Entry | None = None
        self._files: list[Entry] = []
        self._found: dict[str, Measured] = {}
        self._patient = self._wanted = self._proposed = ""
        self.reader, self.opener = Runner(self, activity=False), Runner(self, activity=False)
        self.overlays = Overlays()
        self._make_inputs()
        self._make_result()
        self._connect()
        self.recall()
        self._follow(self.session.selection)
        self.say(_EMPTY)

    def _make_inputs(self) -> None:
        self.table, self.open_button = SlideTable(), QPushButton("Open file…")
        self.open_button.setToolTip("Open slides, or the folder of a Visium or DICOM slide")
        self.folder_button = QPushButton("Open folder…")
        self.folder_button.setToolTip("Open a Visium section or the levels of a DICOM slide")
        self.measure, self.rule = QuietCombo(), QLabel()
        for name, (title, _) in MEASURES.items():
            self.measure.addItem(title, name)
        self.measure.setAccessibleName("Measure")
        self.rule.setWordWrap(True)
        self.draw_button, self.clear_button = QPushButton("Draw region"), QPushButton("Clear")
        self.draw_button.setToolTip(
            "<p>Click the corners of a polygon on the slide; a double click ends it. Only what "
            "lies within is measured.</p>"
        )
        self.region_text = QElidingLabel()
        opening, region = QHBoxLayout(), QHBoxLayout()
        opening.addWidget(self.open_button)
        opening.addWidget(self.folder_button)
        for widget in (self.draw_button, self.clear_button):
            region.addWidget(widget)
        self.spots = SpotsBox()
        for row in (self.table, opening, self.spots):
            self.inputs.addRow(row)
        self.inputs.addRow("Measure", self.measure)
        self.inputs.addRow(self.rule)
        self.inputs.addRow("Where", region)
        self.inputs.addRow("", self.region_text)
        settings = folded("Settings")
        settings.addWidget(self.form)
        self.before_settings.addWidget(settings)

    def _make_result(self) -> None:
        self.result, self.save_button = ResultBox(), QPushButton("Save CSV…")
        self.save_button.setToolTip("Write the numbers, the fields and the vessels, with history")
        for widget in (section_line(), self.result, self.save_button):
            self.after.addWidget(widget)
        self._show_measured(None)

    def _connect(self) -> None:
        self.table.chosen.connect(self.choose)
        self.raised.connect(self._look)
        self.open_button.clicked.connect(self.ask_for_files)
        self.folder_button.clicked.connect(self.ask_for_folder)
        self.measure.currentIndexChanged.connect(self._show_rule)
        self.draw_button.clicked.connect(self.draw_region)
        self.clear_button.clicked.connect(self.clear_region)
        self.save_button.clicked.connect(self.ask_to_save)
        self.spots.colored.connect(self.overlays.show_spots)
        self.spots.said.connect(self.say)
        self.result.map_chosen.connect(self.overlays.show_map)
        self.result.opacity_chosen.connect(self.overlays.set_opacity)
        self.result.toggled.connect(self.overlays.toggle)
        self.result.field_chosen.connect(self._look_at_field)
        self.reader.ended.connect(self._listed)
        self.opener.ended.connect(self._opened)
        self.runner.ended.connect(self._warn)
        self.connections.add(self.session.selection_changed, self._follow)
        self.connections.add(self.session.cohort_changed, self._use_cohort)
        self._show_rule()

    # Which slides there are

    def _use_cohort(self, _cohort: Any = None) -> None:
        self._patient, self._found = "", {}
        self._follow(self.session.selection)

    def _follow(self, selection: Selection) -> None:
        """List the slides of another patient; open the one that is selected."""
        if selection.patient_id != self._patient:
            self._patient = selection.patient_id
            self._list()
        elif selection.slide_id and selection.slide_id != self._wanted:
            self._open(selection.slide_id)

    def _list(self) -> None:
        self._wanted = ""
        self._close_slide()
        if self.reader.running:
            self.reader.cancel()  # `_listed` asks again
        elif self._patient and self.session.cohort is not None:
            work = read_patient, self.session.cohort, self._patient
            self.reader.run(*work, title=f"Slides of {self._patient}")
        else:
            self._show_entries([])

    def _listed(self, outcome: Outcome) -> None:
        if outcome.ok and isinstance(outcome.value, list):
            self._take_files(outcome.value)
        elif outcome.ok and outcome.value[0] == self._patient:
            self._show_entries(outcome.value[1])
        elif outcome.ok or outcome.cancelled:
            self._list()
        else:
            self.say(str(outcome.error), "error")

    def _show_entries(self, entries: list[Entry]) -> None:
        self.entries = [*entries, *self._files]
        self.table.use(self.entries)
        broken = [entry for entry in entries if entry.slide is None]
        if broken:
            self.say(f"{broken[0].key}: {broken[0].problem}", "error")
        elif entries:
            self.say(f"{len(entries)} slides of {self._patient}: choose one.")
        else:
            who = f"{self._patient} has no slides. " if self._patient else ""
            self.say(who + _EMPTY)
        if self.session.selection.slide_id:
            self._open(self.session.selection.slide_id)

    def ask_for_files(self) -> None:
        """Ask for slides and open the first."""
        paths, _ = QFileDialog.getOpenFileNames(self, "Open slides")
        if paths:
            self.open_files(paths)

    def ask_for_folder(self) -> None:
        """Ask for the folder of a Visium section or a DICOM slide, and open it."""
        path = QFileDialog.getExistingDirectory(self, "Open a slide's folder")
        if path:
            self.open_files([path])

    def open_files(self, paths: Sequence[str | Path]) -> None:
        """Read slides from files or folders, list them, and open the first."""
        self.say("Reading …")
        self.reader.run(read_files, [str(path) for path in paths], title="Read slides")

    def take(self, slides: Sequence[Slide]) -> None:
        """List slides that were read elsewhere, as of files dropped, and open the first."""
        self._take_files([Entry(f"{s.metadata.get('path', '')}#{s.name}", s) for s in slides])

    def _take_files(self, entries: list[Entry]) -> None:
        keys = {entry.key for entry in entries}
        self._files = [entry for entry in self._files if entry.key not in keys] + entries
        own = [entry for entry in self.entries if "#" not in entry.key]
        self.entries = [*own, *self._files]
        self.table.use(self.entries)
        if entries:
            self.choose(entries[0].key)

    # The slide that is shown

    def choose(self, key: str) -> None:
        """Select a slide for the whole session, and open it."""
        self.session.select(slide_id=key)
        if self._wanted != key:
            self._open(key)

    def _open(self, key: str) -> None:
        entry = next((entry for entry in self.entries if entry.key == key), None)
        if entry is None:
            return
        self._wanted = key
        self.table.choose(key)
        if self.opener.running:
            self.opener.cancel()
            return
        self.say(f"Opening {key} …")
        self.opener.run(prepare, entry, title=f"Open {key}")

    def _opened(self, outcome: Outcome) -> None:
        if not outcome.ok and not outcome.cancelled:
            self._close_slide()
            self.say(str(outcome.error), "error")
            return
        if not outcome.ok or outcome.value[0].key != self._wanted:
            if outcome.ok:
                outcome.value[1].close()
            if self._wanted:
                self._open(self._wanted)
            return
        entry, shown = outcome.value
        view = slide_view(self.viewer, owner=self, yields=not self.in_front)
        if view is not self.overlays.view:
            view.damaged.connect(self._tell_damage)
            self.overlays.use(view)
        self.current = entry
        self.say(f"{entry.slide.name} is open. The wheel zooms, a drag moves it.")
        view.show_slide(entry.slide, shown)
        self._propose(measure_for(entry.slide.stain))
        self._show_region()
        self._show_measured(self._found.get(entry.key))
        self.spots.use(entry.section)
        for note in entry.slide.notes[:1]:
            self.say(note, "warning")

    def _propose(self, fits: str) -> None:
        """Choose what a stain is made for; of an unknown one nothing that the last one proposed."""
        if fits or self.measure.currentData() == self._proposed:
            self._proposed = fits or next(iter(MEASURES))
            self.measure.setCurrentIndex(self.measure.findData(self._proposed))

    def _look(self) -> None:
        """Show the slide beside the scan, where one is open."""
        entry = self.current
        if entry is None or entry.slide is None:
            return
        view = slide_view(self.viewer, owner=self)
        if view.slide is not entry.slide:  # another dock showed its own meanwhile
            view.show_slide(entry.slide)
            self._show_measured(self._found.get(entry.key))

    def _tell_damage(self, message: Any) -> None:
        self.say(f"{message} What cannot be read is striped red.", "error")

    def _close_slide(self) -> None:
        self.current = None
        self.overlays.clear()
        self.spots.use("")
        self._show_measured(None)
        if self.overlays.view is not None:
            self.overlays.view.clear()

    def _show_rule(self) -> None:
        self.rule.setText(MEASURES[self.measure.currentData()][1])
        self.remember()

    # Where it is measured

    def draw_region(self) -> None:
        """Let the person draw a polygon on the slide."""
        view = self.overlays.view
        if self.current is None or view is None:
            self.say("Choose a slide first.", "error")
            return
        layer = view.draw_region()
        if not self.connections.has(layer.events.data):
            self.connections.add(layer.events.data, self._show_region)
        self.say("Click the corners on the slide; a double click ends the polygon.")

    def clear_region(self) -> None:
        """Measure the whole section again."""
        if self.overlays.view is not None:
            self.overlays.view.remove(self.overlays.region_layer)
        self._show_region()

    def _show_region(self, _event: object = None) -> None:
        corners = self.overlays.region
        self.region_text.setText("whole section" if corners is None else "within the polygon")
        self.clear_button.setEnabled(corners is not None)

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """The slide that is shown, the region that is drawn, and the settings."""
        if self.current is None:
            raise InputError("No slide is open. Choose one in the list.")
        data = self.current, self.overlays.region
        return measure_entry, data, self.form.values | {"measure": self.measure.currentData()}

    # What was found

    def show_result(self, outcome: Outcome) -> str:
        """Show numbers, maps and fields, or say where they were written."""
        if isinstance(outcome.value, Path):
            return f"Saved as {outcome.value}, fields and objects beside it, with their history."
        measured: Measured = outcome.value
        self._found[measured.entry.key] = measured
        if self.current is not None and measured.entry.key == self.current.key:
            self._show_measured(measured)
        return f"{sentence(measured.found)}. Measured in {outcome.seconds:.1f} s."

    def _warn(self, outcome: Outcome) -> None:
        """Say what a person should know before using the numbers, beside the numbers."""
        if outcome.ok and isinstance(outcome.value, Measured) and outcome.value.found.warnings:
            said, all_of_them = warning_lines(outcome.value.found)
            self.say(f"{sentence(outcome.value.found)}. {said}", "warning")
            self.message_line.setToolTip(all_of_them)

    def _show_measured(self, measured: Measured | None) -> None:
        self.result.show_result(measured)
        self.save_button.setVisible(measured is not None)
        self.overlays.show(measured)
        if measured is not None:
            self.overlays.show_map(self.result.map.currentData() or "")
            self.overlays.set_opacity(self.result.opacity.value() / 100)
            self.overlays.toggle("objects", self.result.objects_box.isChecked())

    def _look_at_field(self, x: float, y: float) -> None:
        measured = self._measured
        if measured is not None and self.overlays.view is not None:
            self.overlays.view.go_to(x, y, 3 * measured.field_mm)

    @property
    def _measured(self) -> Measured | None:
        return None if self.current is None else self._found.get(self.current.key)

    def ask_to_save(self) -> None:
        """Ask where, and write the tables."""
        path, _ = QFileDialog.getSaveFileName(self, "Save the measures", "tissue.csv", _SAVE_AS)
        if path:
            try:
                self.save_as(path)
            except RadiogenomicsError as error:
                self.say(str(error), "error")

    def save_as(self, path: str | Path) -> None:
        """Write the row of the section, and beside it its fields and objects."""
        if self._measured is None:
            raise InputError("Nothing is measured yet. Measure the slide first.")
        self.runner.run(save_tables, self._measured, Path(path), title="Save the measures")

    @property
    def settings(self) -> dict[str, Any]:
        """All settings, with the measure."""
        return {**self.form.values, "measure": self.measure.currentData()}

    @settings.setter
    def settings(self, values: dict[str, Any]) -> None:
        values = dict(values)
        with QSignalBlocker(self.measure):
            self.measure.setCurrentIndex(max(0, self.measure.findData(values.pop("measure", ""))))
        self.form.values = values
        self._show_rule()
