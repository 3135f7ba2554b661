"""The Virtual biopsy dock: what a biopsy would say at every place of a tumor, or that none can."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLabel, QPushButton

from napari_radiogenomics.correspondence import (
    VirtualBiopsy,
    VirtualBiopsyModel,
    VirtualMaps,
    map_virtual_biopsy,
    virtual_biopsy,
)
from napari_radiogenomics.correspondence.biopsy_targets import number_columns
from napari_radiogenomics.errors import InputError, RadiogenomicsError
from napari_radiogenomics.genomics.cohort_scores import has_genes
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.cohort.patient import PatientView
from napari_radiogenomics.gui.forms.checklist import CheckList
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.form import folded
from napari_radiogenomics.gui.forms.panel import Panel, section_line
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.forms.sight import Sight
from napari_radiogenomics.gui.genes.answer import names_of
from napari_radiogenomics.gui.genes.search import GeneSearch
from napari_radiogenomics.gui.session import Selection, session_of
from napari_radiogenomics.gui.texture.map_layer import choose_map
from napari_radiogenomics.gui.virtual_biopsy.layers import (
    KINDS,
    VIRTUAL,
    remove_virtual,
    show_virtual,
)
from napari_radiogenomics.gui.virtual_biopsy.level import LevelButton
from napari_radiogenomics.gui.virtual_biopsy.scatter import HeldOutPlot
from napari_radiogenomics.gui.virtual_biopsy.verdict import Verdict

if TYPE_CHECKING:
    import napari
    from napari.layers import Image as ImageLayer

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["VirtualBiopsyDock"]

_HIDDEN = ("channels", "kind", "expression", "method")
_LOOK_MS, _MOST_LOOKS = 250, 2400
_MODEL = "Virtual biopsy (*.npz)"
_READY = "Name a gene, a pathway or a column of samples.csv, then press Learn."


class VirtualBiopsyDock(Panel):
    """A score at every place of a tumor.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.

    Attributes
    ----------
    found : VirtualBiopsy or None
        What was learned last.
    model : VirtualBiopsyModel or None
        What maps are drawn with; None where there is none, or it was refused.
    layer : napari.layers.Image or None
        The maps on the canvas.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__(
            napari_viewer,
            virtual_biopsy,
            name="virtual_biopsy",
            purpose="What would a biopsy say at every place of the tumor?",
            run="Learn",
            hidden=_HIDDEN,
        )
        self.session = session_of(self.viewer)
        self.found: VirtualBiopsy | None = None
        self.model: VirtualBiopsyModel | None = None
        self._wanted, self._looks = ("", ""), 0
        self._names: dict[str, list[str]] | None = None
        self.reader, self.in_sight = Runner(self), Sight(self)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._make_inputs()
        self._make_result()
        self._connect()
        self.recall()
        dress_canvas(self.viewer)
        self._use(self.session.cohort)
        self._use_theme()

    def _make_inputs(self) -> None:
        self.target = GeneSearch()
        self.target.setAccessibleName("Target")
        self.channels = CheckList([], what="channels", rows=3)
        self.inputs.addRow("Target", self.target)
        self.inputs.addRow("Channels", self.channels)
        self.channels.setToolTip(
            "<p>Scans to look at. With no tick, those most patients share.</p>"
        )
        settings = folded("Settings")
        settings.addWidget(self.form)
        self.before_settings.addWidget(settings)

    def _make_result(self) -> None:
        self.verdict, self.plot, self.notes = Verdict(), HeldOutPlot(), QLabel()
        self.notes.setWordWrap(True)
        self.anchor = QCheckBox("Start from the patient's own biopsies")
        self.anchor.setChecked(True)
        self.anchor.setToolTip(
            "<p>The interval then need not cover how patients differ. Without it, the map is what "
            "a patient with no biopsy would get.</p>"
        )
        self.shown = QuietCombo()
        self.shown.setAccessibleName("Map that is shown")
        for name, title in KINDS.items():
            self.shown.addItem(title, name)
        self.draw_button = _button("Draw map", "Draw the map of the patient on the screen")
        self.save_button = _button("Save model…", "Write what was learned, for other cohorts")
        self.open_button = _button("Open model…", "Read a model that was saved")
        row, files = QHBoxLayout(), QHBoxLayout()
        row.addWidget(self.draw_button)
        row.addWidget(self.shown, 1)
        for button in (self.save_button, self.open_button):
            files.addWidget(button)
        self.after.addWidget(section_line())
        self.after.addWidget(self.verdict)
        self.after.addLayout(row)
        self.after.addWidget(self.anchor)
        self.after.addWidget(self.plot)
        self.after.addWidget(self.notes)
        self.after.addLayout(files)
        self.level_button = LevelButton()
        self.beside_run(self.level_button)

    def _connect(self) -> None:
        self.target.asked.connect(self._ask)
        self.anchor.toggled.connect(self._show_plot)
        self.shown.currentIndexChanged.connect(self._choose_map)
        self.draw_button.clicked.connect(self.draw)
        self.save_button.clicked.connect(self._ask_to_save)
        self.open_button.clicked.connect(self._ask_to_open)
        self.plot.chosen.connect(self.open_biopsy)
        self.level_button.wanted.connect(self._learn_at)
        self.runner.ended.connect(self.level_button.show_outcome)
        for asked_anew in (self.runner.started, self.form.changed):
            asked_anew.connect(self.level_button.hide)
        self.reader.ended.connect(self._take_names)
        self.in_sight.changed.connect(self._read_names)
        self._timer.timeout.connect(self._look)
        self.connections.add(self.session.cohort_changed, self._use)
        self.connections.add(self.session.selection_changed, self._follow)
        self.connections.add(self.viewer.events.theme, self._use_theme)

    # What is asked

    @property
    def cohort(self) -> Cohort:
        """The open cohort; raises `InputError` where there is none."""
        if self.session.cohort is None:
            raise InputError("No cohort is open. Open one in the Cohort dock.")
        return self.session.cohort

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """The open cohort, the target, and the settings."""
        settings = {**self.form.values, "channels": self.channels.checked}
        return virtual_biopsy, (self.cohort, self.target.text().strip()), settings

    def _learn_at(self, level: float) -> None:
        self.form.values = {**self.form.values, "level": level}
        self.start()

    def _ask(self, text: str) -> None:
        if text:
            self.session.select(gene=text)
            self.say(f"Press Learn to learn {text} from the biopsies.")

    def _use(self, cohort: Cohort | None) -> None:
        """Take another cohort; a model that was opened or learned stays."""
        self._names, self.found = None, None
        self._timer.stop()
        self.target.offer({})
        self.channels.offer([])
        if self.model is None:
            self.verdict.show_nothing()
        self.plot.clear()
        self.notes.clear()
        if cohort is None:
            self.say("Open a cohort with biopsies in the Cohort dock.")
        else:
            points = cohort.samples[cohort.samples["precision"] == "point"]
            scans = cohort.scans[cohort.scans["patient_id"].isin(points["patient_id"])]
            roles = scans.groupby("role")["patient_id"].nunique().drop("", errors="ignore")
            self.channels.offer([(str(r), f"{r} ({n} patients)", "") for r, n in roles.items()])
            self.say(_READY if len(points) else _no_points(cohort))
        self._read_names()
        self._enable()

    def _read_names(self) -> None:
        """Read what can be asked for, once the dock is in sight."""
        cohort = self.session.cohort
        if cohort is None or not self.in_sight or self._names is not None or self.reader.running:
            return
        if has_genes(cohort):
            self.reader.run(names_of, cohort, title="Read genes")
        else:
            self._offer({})

    def _take_names(self, outcome: Outcome) -> None:
        self._offer(outcome.value if outcome.ok else {})

    def _offer(self, names: dict[str, list[str]]) -> None:
        self._names = names
        columns = [] if self.session.cohort is None else number_columns(self.session.cohort)
        genes, sets = names.get("gene", []), names.get("pathway", [])
        # A mutation is of the tumor: no place in it has one of its own.
        self.target.offer({"gene": genes, "pathway": [*columns, *sets]})
        self.target.setToolTip(
            f"<p>{len(genes):,} genes, {len(sets)} pathways and {len(columns)} columns of "
            "samples.csv.</p>"
        )

    # What was found

    def show_result(self, outcome: Outcome) -> str:
        """Show what was learned, or the map of a patient."""
        if isinstance(outcome.value, VirtualMaps):
            return self._show_maps(outcome.value)
        self.found = found = outcome.value
        self.model = None if found.refused else found.learned
        self.verdict.show_found(found)
        self._use_theme()
        self.notes.setText(" ".join(found.notes))
        remove_virtual(self.viewer)
        self._enable()
        if found.refused:
            raise InputError(f"Refused: no map of {found.target} is drawn. {found.refused}")
        if self._patient:
            QTimer.singleShot(0, self.draw)
            return f"Learned. Drawing the map of {self._patient} …"
        return "Learned. Next: click a dot, or open a patient and press Draw map."

    def _show_maps(self, maps: VirtualMaps) -> str:
        if self._patient != maps.patient_id:
            return f"{maps.patient_id} is no longer on the screen: its map is not shown."
        show_virtual(self.viewer, maps, str(self.shown.currentData()))
        unit = f" {maps.value.unit}" if maps.value.unit else ""
        width = float(np.nanmedian(maps.width.array))
        seen = "The fit did not see this patient. " if maps.held_out else ""
        return (
            f"{maps.patient_id}: intervals are {width:.3g}{unit} wide. {seen}{' '.join(maps.notes)}"
        )

    @property
    def layer(self) -> ImageLayer | None:
        """The maps on the canvas."""
        own = (x for x in self.viewer.layers if VIRTUAL in x.metadata and hasattr(x, "gamma"))
        return next(own, None)

    def _choose_map(self) -> None:
        if self.layer is not None:
            choose_map(self.layer, str(self.shown.currentData()))

    def _show_plot(self, _event: object = None) -> None:
        if self.found is not None:
            self.plot.show_table(
                self.found.samples, unit=self.found.unit, level=self.found.level,
                here=self.session.selection.patient_id, anchored=self.anchor.isChecked(),
            )  # fmt: skip

    def _enable(self) -> None:
        for widget in (self.draw_button, self.save_button, self.shown, self.anchor):
            widget.setEnabled(self.model is not None)

    # Patients

    @property
    def _patient(self) -> str:
        """Patient on the screen."""
        return attached(self.viewer, PatientView).patient_id

    def draw(self) -> None:
        """Draw the map of the patient on the screen, in the background."""
        try:
            if self.model is None:
                raise InputError("There is no virtual biopsy to draw with. Press Learn first.")
            if not self._patient:
                raise InputError("No patient is open. Open one in the Cohort dock.")
            anchor = self.anchor.isChecked()
            self.runner.run(map_virtual_biopsy, self.model, self.cohort, self._patient,
                            title="Draw the map", anchor=anchor)  # fmt: skip
        except RadiogenomicsError as error:
            self.say(str(error), "error")

    def open_biopsy(self, patient: str, sample: str) -> None:
        """Open the patient of a dot, go to the biopsy, and draw the map."""
        self._wanted, self._looks = (patient, sample), 0
        self.session.select(patient_id=patient, sample_id=sample)
        self.say(f"Opening {patient} …")
        self._timer.start()

    def _look(self) -> None:
        """Wait until the patient is open, with its biopsies."""
        patient, sample = self._wanted
        self._looks += 1
        if self._looks > _MOST_LOOKS or self.session.selection.patient_id != patient:
            self._timer.stop()
        elif self._patient == patient and not self.runner.running:
            self._timer.stop()
            self._go_to(sample)
            if self.model is not None:
                self.draw()
            else:
                self.say(f"{patient} is open, at the biopsy {sample}.")

    def _go_to(self, sample: str) -> None:
        for layer in self.viewer.layers:
            if isinstance(layer, Points) and "sample_id" in layer.features.columns:
                rows = np.flatnonzero(layer.features["sample_id"].astype(str) == sample)
                for row in rows[:1]:
                    layer.selected_data = {int(row)}
                    x, y, z = layer.data_to_world(layer.data[row])[-1:-4:-1]
                    attached(self.viewer, PatientView).go_to((x, y, z))

    def _follow(self, selection: Selection) -> None:
        if selection.gene and not self.runner.running:
            self.target.show_text(selection.gene)
        self._show_plot()

    # Files

    def _ask_to_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save model", "virtual-biopsy.npz", _MODEL)
        if path:
            self.save_model(path)

    def save_model(self, path: str | Path) -> None:
        """Write the model, and say where."""
        try:
            if self.model is None:
                raise InputError("There is no model to save. Press Learn first.")
            self.say(f"Written: {self.model.save(Path(path).with_suffix('.npz'))}", "good")
        except RadiogenomicsError as error:
            self.say(str(error), "error")

    def _ask_to_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open model", "", _MODEL)
        if path:
            self.open_model(path)

    def open_model(self, path: str | Path) -> None:
        """Read a model, and say how good it is."""
        try:
            self.model = VirtualBiopsyModel.load(path)
        except RadiogenomicsError as error:
            self.say(str(error), "error")
            return
        self.found = None
        self.plot.clear()
        self.verdict.show_model(self.model)
        self._use_theme()
        self._enable()
        self.say(f"{self.model.title} is ready. Open a patient and press Draw map.", "good")

    def _use_theme(self, _event: object = None) -> None:
        theme = self.viewer.theme
        self.verdict.use_theme(theme)
        self.plot.use_theme(theme)
        self._show_plot()


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button


def _no_points(cohort: Cohort) -> str:
    return (
        f"{cohort.name} has no biopsies with a place in the scan, from which this is learned: they "
        'need x, y, z and the precision "point" in samples.csv.'
    )
