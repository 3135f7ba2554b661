"""The Fuse dock: what predicts an outcome, alone and together, and how far that holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QLineEdit

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.applying import modalities_read
from napari_radiogenomics.fusion.cohort_tables import clinical_columns, modality_names
from napari_radiogenomics.fusion.cohort_targets import (
    NAMED,
    Target,
    event_column,
    own_columns,
    targets_of,
)
from napari_radiogenomics.fusion.fuse import fuse
from napari_radiogenomics.fusion.models.model_file import load_model, save_model
from napari_radiogenomics.fusion.strategy import STRATEGIES
from napari_radiogenomics.gui.forms.checklist import CheckList
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.form import folded
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.fusion.apply import Applied, apply_model
from napari_radiogenomics.gui.fusion.clicked import Clicked
from napari_radiogenomics.gui.fusion.drivers import drivers_of, reasons_of
from napari_radiogenomics.gui.fusion.event import EventBox
from napari_radiogenomics.gui.fusion.models import ModelBox, OneModel
from napari_radiogenomics.gui.fusion.sheet import FuseSheet, shortened
from napari_radiogenomics.gui.fusion.site import SiteBox
from napari_radiogenomics.gui.fusion.words import (
    clock,
    said_of_degraded,
    said_of_event,
    said_of_patient,
    said_of_shuffled,
    said_of_target,
)
from napari_radiogenomics.gui.fusion.work import (
    Asked,
    Degraded,
    Fused,
    Shuffled,
    compare,
    degrade,
    shuffle,
)
from napari_radiogenomics.gui.session import Selection
from napari_radiogenomics.gui.tables.groups import EVERYBODY, offer_groups
from napari_radiogenomics.gui.tables.panel import TablePanel

if TYPE_CHECKING:
    import napari

__all__ = ["FuseDock"]

_HIDDEN = ("event", "groups", "learner_settings", "preparations", "external", "workers")
_AT_FIRST = ("imaging", "rna", "clinical")
_SOON_S = 2.0
_LINE = 76  # characters of a warning here: the results show more of it


class FuseDock(TablePanel):
    """Models on image, genes and clinic beside what they have to beat.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.

    Attributes
    ----------
    sheet : FuseSheet
        The wide dock of the results; it opens with the first.
    fused : Fused or None
        What was compared last.
    models : ModelBox
        Models at hand.
    event_box : EventBox
        Class whose probability is predicted.
    clicked : Clicked
        The patient behind a dot or a row.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        self.sheet = FuseSheet()
        super().__init__(
            napari_viewer,
            fuse,
            sheet=self.sheet,
            sheet_name="Fusion",
            name="fuse",
            purpose="What predicts an outcome: image, genes, clinic, or all together?",
            run="Fuse",
            hidden=_HIDDEN,
        )
        self.fused: Fused | None = None
        self._phase, self._begun = "", 0.0
        self.clicked = Clicked(self.viewer, self)
        self._make_inputs()
        self._connect()
        self.recall()
        self._list_cohort()
        self.sheet.use_theme(self.viewer.theme)
        self.say("Choose what to predict, and from what.")

    def _make_inputs(self) -> None:
        self.target, self.site = QuietCombo(), SiteBox()
        self.who, self.second = QuietCombo(), QuietCombo()
        self.event_box, self.text = EventBox(), QLineEdit()
        self.text.setPlaceholderText("CA9, a gene set, EGFR mutation …")
        self.modalities = CheckList([], what="modalities")
        _without_search(self.modalities)
        strategies = self.form.fields["strategies"]
        _without_search(strategies.widget)
        strategies.value = list(STRATEGIES.names())
        self.clinical = CheckList([], what="clinical columns", rows=5)
        self.second.setToolTip("<p>Models of all patients are tested here; nothing is learned.</p>")
        for title, widget in (("Predict", self.target), ("Name", self.text),
                              ("Event", self.event_box), ("From", self.modalities),
                              ("Site", self.site), ("Patients", self.who),
                              ("2nd cohort", self.second)):  # fmt: skip
            self.inputs.addRow(title, widget)
        facts = folded("Clinical facts")
        facts.addWidget(self.clinical)
        self.before_settings.addWidget(facts)
        self.models = ModelBox()
        box = folded("Save, open, apply a model")
        box.addWidget(self.models)
        self.after.addWidget(box)

    def _connect(self) -> None:
        self.target.currentIndexChanged.connect(self._follow_target)
        self.target.activated.connect(self._say_predicted)
        self.event_box.activated.connect(self._say_predicted)
        self.picker.chosen.connect(self._list_modalities)
        self.runner.stepped.connect(self._tell_time)
        self.sheet.patient_chosen.connect(self._open_patient)
        self.sheet.feature_chosen.connect(self._map_feature)
        self.sheet.shuffle_wanted.connect(self.measure_importance)
        self.sheet.curve_wanted.connect(self.measure_missing)
        self.sheet.saved.connect(self._say_saved)
        self.models.apply.connect(self.apply_model)
        self.models.load.connect(self.load_model)
        self.models.save.connect(self.save_model)
        self.clicked.began.connect(self._say_clicked)
        self.clicked.went_on.connect(self.say_of_patient)
        self.connections.add(self.session.cohort_changed, self._list_cohort)
        self.connections.add(self.session.selection_changed, self._follow)
        self.connections.add(self.viewer.events.theme, self._use_theme)

    def _list_cohort(self, _cohort: object = None) -> None:
        """Outcomes, groups, sites and clinical columns of the open cohort."""
        cohort = self.session.cohort
        self.target.clear()
        for target in targets_of(cohort):
            self.target.addItem(target.title, target)
        boxes = [(self.who, EVERYBODY, 1), (self.second, "None", 2)]
        offer_groups(cohort, [*boxes, (self.models.whom, EVERYBODY, 2)])
        known = {} if cohort is None else clinical_columns(cohort)
        self.clinical.offer([(name, name if early else f"{name} (known only later?)", "")
                             for name, early in known.items()])  # fmt: skip
        self.clinical.checked = [name for name, early in known.items() if early]
        self._list_modalities()
        self._follow_target()

    def _list_modalities(self) -> None:
        features = self.picker.tables[self.picker.name] if self.picker.name else None
        offered = modality_names(features, self.session.cohort)
        before, known = self.modalities.checked, self.modalities.shown
        self.modalities.offer([(name, name, meaning) for name, meaning in offered.items()])
        new = [name for name in offered if name not in known and name in _AT_FIRST]
        self.modalities.checked = [*before, *new]
        height = self.modalities.list.sizeHintForRow(0) * max(2, len(offered)) + 8
        self.modalities.list.setFixedHeight(height)

    def _follow_target(self, _index: int = 0) -> None:
        target = self.target.currentData()
        self.site.offer(self.session.cohort, own_columns(self.session.cohort, target))
        self.inputs.setRowVisible(self.text, target == NAMED)
        self.event_box.offer(self.session.cohort, target)
        self.inputs.setRowVisible(self.event_box, self.event_box.count() > 0)

    def _say_predicted(self, _index: int = 0) -> None:
        """Say what Fuse predicts, once the person chose it."""
        target = self.target.currentData()
        if isinstance(target, Target) and not self.runner.running:
            came = event_column(self.session.cohort, target)
            self.say(f"Fuse predicts {said_of_target(target, self.event_box.chosen, came)}.")

    @property
    def asked(self) -> Asked:
        """What the controls ask."""
        target = self.target.currentData()
        if not isinstance(target, Target):
            raise InputError("There is nothing to predict. Open a cohort in the Cohort dock.")
        return Asked(
            target, self.text.text(), self.modalities.checked, self.clinical.checked,
            self.site.column, self.who.currentData(), self.second.currentData(),
        )  # fmt: skip

    @property
    def features(self) -> Any:
        """The chosen table; None where there is none and none is needed."""
        imaging = set(self.modalities.checked) - {"rna", "pathways", "clinical"}
        return self.picker.features if imaging or self.picker.name else None

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """The chosen table and what is asked of it."""
        cohort, asked = self.cohort, self.asked
        if not asked.names:
            raise InputError(
                "Nothing is chosen to predict from. Measure the cohort, or tick genes."
            )
        settings = {**self.form.values, "event": self.event_box.chosen}
        return compare, (self.features, cohort), {**settings, "asked": asked}

    def measure_importance(self, by: str) -> None:
        """Measure what shuffling costs the strategy that is looked at."""
        if self.fused is None:
            self.say("Fuse first.", "warning")
            return
        data = (self.fused, self.sheet.strategy)
        self.work(shuffle, lambda: data, "Permutation importance", by=by)

    def measure_missing(self, modality: str, mechanism: str) -> None:
        """Measure what a missing modality costs each strategy."""
        if self.fused is None:
            self.say("Fuse first.", "warning")
            return
        data = (self.fused, modality)
        self.work(degrade, lambda: data, "Missing modality", mechanism=mechanism)

    def apply_model(self) -> None:
        """Apply the chosen model to the patients chosen for it."""
        one = self.models.chosen
        if one is None:
            self.say("There is no model yet. Fuse, or open one.", "warning")
            return

        def data() -> tuple[Any, ...]:
            features = self.picker.tables[self.picker.name] if self.picker.name else None
            return one.model, features, self.cohort

        try:
            asked = self.asked
        except InputError as error:
            self.say(str(error), "error")
            return
        whom = Asked(
            asked.target, asked.text, site=asked.site, second=self.models.whom.currentData()
        )
        self.work(apply_model, data, "Apply the model", name=one.title, asked=whom,
                  learned=one.learned)  # fmt: skip

    def load_model(self, path: str | Path) -> None:
        """Read a model and offer it."""
        try:
            model = load_model(path)
        except InputError as error:
            self.say(str(error), "error")
            return
        self.models.add_file(OneModel(Path(path).name, model))
        self.say(
            f"{Path(path).name}: {model.strategy} of {', '.join(modalities_read(model))}, predicts "
            f"{model.fitted_.target}, learned from {model.fitted_.facts['patients']} patients. "
            "Next: Apply.",
            "good",
        )

    def save_model(self, path: str | Path) -> None:
        """Write the chosen model, and its card with the validation."""
        one = self.models.chosen
        if one is None:
            self.say("There is no model yet. Fuse, or open one.", "warning")
            return
        try:
            written = save_model(one.model, path)
        except InputError as error:
            self.say(str(error), "error")
            return
        self.say(f"Written: {written}, and its card {written.with_suffix('.md').name}.", "good")

    def show_found(self, found: Any) -> str:
        """Show a comparison, an importance, or a model on other patients."""
        if isinstance(found, Shuffled):
            self.sheet.show_shuffled(found)
            return said_of_shuffled(found, self.fused)
        if isinstance(found, Degraded):
            self.sheet.show_degraded(found)
            return said_of_degraded(found, self.fused)
        self.open_sheet()
        if isinstance(found, Applied):
            self.sheet.show_applied(found)
            more = " ".join(found.warnings[:2])
            how_many = f"{found.answered} of {found.asked} patients predicted"
            return f"{found.title}: {how_many}. {more}".strip()
        self.fused = found
        self._offer_models(found)
        self.sheet.show_fused(found, self.session.selection.patient_id)
        warned = f"⚠ {shortened(found.warnings[0], _LINE)} " if found.warnings else ""
        event = said_of_event(found.result)
        what = f" Predicted: {event}." if event else ""
        return f"{warned}{found.result.advice[0]}{what} Next: click a patient, or a strategy."

    def _show_end(self, outcome: Outcome) -> None:
        """Warn in the color of warnings where there are some, or nothing is to be trusted."""
        super()._show_end(outcome)
        found: Any = outcome.value
        doubted = isinstance(found, Fused) and not found.result.star
        warned = bool(getattr(found, "warnings", ()))
        if doubted or warned:
            self.say(self.message, "warning")

    def _offer_models(self, fused: Fused) -> None:
        result, learned = fused.result, frozenset(fused.given.patients)
        models = [
            OneModel(f"{name}: {result.target}", model, learned, str(name))
            for name, model in result.models.items()
        ]
        self.models.show_models(models, result.trusted)

    def _tell_time(self, done: int, total: int, what: str) -> None:
        """Say which step is under way, and how long it will take."""
        if what != self._phase or done == 0:
            self._phase, self._begun = what, time.monotonic()
            self._done_before = done
        if total < 1 or not self.runner.running or self.runner.cancelling or self.patient_speaks:
            return
        spent, made = time.monotonic() - self._begun, done - self._done_before
        left = spent / made * (total - done) if made > 0 else 0.0
        told = f", about {clock(left)} left in this step" if left >= _SOON_S else ""
        self.say(f"{what}: {done} of {total}{told}.")

    def _open_patient(self, patient: str) -> None:
        """Open the patient of a dot or a row, and map what drove it most of what has a map."""
        self.choose_patient(patient)
        self.clicked.open(
            patient, self._said_of(patient), self._drivers_of(patient), self._reasons_of(patient)
        )

    def _said_of(self, patient: str) -> str:
        """Prediction of a patient, in words."""
        row = self.sheet.prediction_of(patient)
        if row is None or self.fused is None:
            return patient
        return said_of_patient(patient, row, self.fused.result)

    def _drivers_of(self, patient: str) -> list[str]:
        """Columns of image features, that which moved the prediction most first."""
        if self.fused is None:
            return []
        return drivers_of(self.fused.result, self.sheet.strategy, patient)

    def _reasons_of(self, patient: str) -> str:
        """Where to read what drove the prediction; empty where there is none."""
        if self.fused is None or self.sheet.prediction_of(patient) is None:
            return ""
        return reasons_of(self.fused.result, self.sheet.strategy, patient)

    def _map_feature(self, column: str) -> None:
        """Draw the map of a feature on the patient on the screen."""
        self.clicked.map_on_screen(column)

    def _say_clicked(self, text: str) -> None:
        self.say_of_patient(text, clicked=True)

    def _follow(self, selection: Selection) -> None:
        """Mark the patient on the screen."""
        if selection.patient_id != self.sheet.here:
            self.sheet.show_here(selection.patient_id)

    def _say_saved(self, path: str) -> None:
        self.say(f"Written: {path}", "good")

    def _use_theme(self, _event: object = None) -> None:
        self.sheet.use_theme(self.viewer.theme)


def _without_search(entries: CheckList) -> None:
    """Leave the search line of a short list out; All and None stay on the right."""
    entries.search.hide()
    entries.top.insertStretch(0, 1)
