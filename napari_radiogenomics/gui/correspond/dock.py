"""The Correspondence dock: image feature, tissue measure and gene, side by side and tested."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QPushButton

from napari_radiogenomics.correspondence.choices import TISSUE_MAPS, feature_titles
from napari_radiogenomics.correspondence.cohort_result import CohortCorrespondence
from napari_radiogenomics.correspondence.cohort_sections import correspond_cohort
from napari_radiogenomics.errors import DataWarning, InputError, RadiogenomicsError
from napari_radiogenomics.genomics.cohort_scores import score_names
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.correspond.biopsies import BiopsyBox, WayToBiopsies, near_words
from napari_radiogenomics.gui.correspond.boxes import ReviewBox, SweepBox, ThreeBox
from napari_radiogenomics.gui.correspond.linked import Linked
from napari_radiogenomics.gui.correspond.sheet import CorrespondSheet
from napari_radiogenomics.gui.correspond.stage import Stage
from napari_radiogenomics.gui.correspond.words import counts_as, review_of, tumor_words
from napari_radiogenomics.gui.correspond.work import Asked, Compared, compare_patient
from napari_radiogenomics.gui.forms.form import folded
from napari_radiogenomics.gui.forms.panel import Panel, section_line
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.seen_with import SeenWith
from napari_radiogenomics.gui.session import SLIDES, Selection, session_of
from napari_radiogenomics.io.reviews import read_reviews, write_review

if TYPE_CHECKING:
    import napari

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["CorrespondDock"]

_HIDDEN = ("feature", "tissue", "score", "role", "patients", "label")
_SETTLED_MS = 900
_EMPTY = "Open a cohort with slides in the Cohort dock, or try the sample."
_NEXT = "Next: your verdict, or All patients."
_READY = "Choose image feature, tissue measure and gene, then Compare."


class CorrespondDock(Panel):
    """Whether image, slide and gene lie in the same place.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.

    Attributes
    ----------
    sheet : CorrespondSheet
        The wide dock of scatter and patients; it opens with the first result.
    stage : Stage
        What is drawn on scan and slide.
    linked : Linked
        The crosshair of both.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__(
            napari_viewer,
            correspond_cohort,
            name="correspond",
            purpose="Do image, slide and gene lie in the same place?",
            run="Compare",
            hidden=_HIDDEN,
        )
        self.session = session_of(self.viewer)
        self._verdict_due = False
        self.sheet = CorrespondSheet()
        self._seen_with = SeenWith(self.sheet, self)
        self.stage, self.linked = Stage(self.viewer, self), Linked(self.viewer, self)
        self.way = WayToBiopsies(self.viewer, self.sheet.biopsy_line)
        self._make_inputs()
        self._connect()
        self.recall()
        self._use_cohort()
        dress_canvas(self.viewer)
        self.sheet.use_theme(self.viewer.theme)

    def _make_inputs(self) -> None:
        self.three, self.sweep, self.review = ThreeBox(), SweepBox(), ReviewBox()
        self.inputs.addRow(self.three)
        self.all_button = QPushButton("All patients")
        self.all_button.setToolTip(
            "<p>Compare the same three in every patient with a slide: one effect a patient, their "
            "summary, and the chain across patients.</p>"
        )
        settings = folded("Settings")
        settings.addWidget(self.form)
        self.before_settings.addWidget(settings)
        self.beside_run(self.all_button)
        self.where = QLabel()
        self.where.setWordWrap(True)
        self.where.setAccessibleName("Place of the crosshair")
        self.where.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 2)
        self.biopsies = BiopsyBox()
        beside = (self.biopsies, self.sweep, self.where)
        for widget in (section_line(), *beside, section_line(), self.review):
            self.after.addWidget(widget)
        self.form.values = {"surrogates": 199}
        self.sweep.setEnabled(False)

    def _connect(self) -> None:
        self.all_button.clicked.connect(self.compare_all)
        self.three.changed.connect(self._follow_three)
        self.raised.connect(self._look)
        self.lowered.connect(self._rest)
        self.runner.ended.connect(self._tell_former)
        bar = self.area.verticalScrollBar()
        bar.rangeChanged.connect(self._show_verdict)
        bar.actionTriggered.connect(self._let_scroll)
        self.sweep.swept.connect(lambda opacity, board: self.stage.sweep(
            opacity, checkerboard=board))  # fmt: skip
        self.sweep.covered.connect(self.stage.show_measure)
        self.linked.told.connect(self.where.setText)
        self.review.saved.connect(self.keep_review)
        self.sheet.place_chosen.connect(self._go_to_place)
        self.sheet.biopsy_line.asked_back.connect(self._look_at_section)
        self.way.went.connect(lambda name: self.session.select(sample_id=name))
        self.sheet.patient_chosen.connect(self._open_patient)
        self.connections.add(self.session.cohort_changed, self._use_cohort)
        self.connections.add(self.session.selection_changed, self._follow)
        self.connections.add(self.viewer.events.theme, self._use_theme)

    # What is chosen

    @property
    def cohort(self) -> Cohort:
        """The open cohort.

        Raises
        ------
        InputError
            If there is none.
        """
        if self.session.cohort is None:
            raise InputError(_EMPTY)
        return self.session.cohort

    @property
    def asked(self) -> Asked:
        """Whose three are asked for."""
        return Asked(self.session.selection.patient_id, **self.three.values)

    def _use_cohort(self, _cohort: object = None) -> None:
        cohort = self.session.cohort
        names = {} if cohort is None or not cohort.expression else score_names(cohort)
        self.three.offer(cohort, names)
        self.sheet.show_cohort(None)
        self._leave()
        self.say(_EMPTY if cohort is None else _READY)

    def _follow(self, selection: Selection) -> None:
        """Leave the slide of another patient; take the gene that is chosen elsewhere."""
        shown = self.stage.shown
        if shown is not None and shown.asked.patient_id != selection.patient_id:
            self._leave()
            self.say(f"{selection.patient_id or 'Nobody'} is chosen. Compare shows scan and slide.")
        gene = selection.gene.removesuffix(" mutation")
        if gene and gene != self.three.values["score"] and shown is None:
            self.three.gene.show_text(gene)
        if shown is not None and gene != shown.asked.score:
            self.stage.release_biopsies()
            self._tell_biopsies(None)

    def _follow_three(self) -> None:
        """What is shown is of the three before: say so."""
        self.remember()
        shown = self.stage.shown
        if shown is not None and shown.asked != self.asked:
            self.say("Another three is chosen. Compare shows it.")
        found = self.sheet.cohort_found
        if found is not None and (found.feature, found.tissue, found.score) != tuple(
            self.three.values[name] for name in ("feature", "tissue", "score")
        ):
            self.sheet.show_cohort(None)
            self._put_sheet_away()

    def _leave(self) -> None:
        self._verdict_due = False
        self.linked.release()
        self.stage.leave_patient()
        self._tell_biopsies(None)
        self.sweep.setEnabled(False)
        self.review.use(None, ())
        self.where.clear()
        self.sheet.clear(_READY)
        self._put_sheet_away()

    def _put_sheet_away(self) -> None:
        """Without any result the wide dock would keep the room of the scan."""
        if self.stage.shown is None and self.sheet.cohort_found is None:
            self._seen_with.put_away()

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """The patient on the screen, and the three."""
        cohort, asked = self.cohort, self.asked
        if not asked.patient_id:
            raise InputError("No patient is open. Choose one in the Cohort dock.")
        return compare_patient, (cohort, asked), self.form.values

    def compare_all(self) -> None:
        """Compare the three in every patient with a slide, in the background."""
        try:
            settings = {**self.form.values, **self.three.values, "surrogates": 0}
            self.runner.run(correspond_cohort, self.cohort, title="All patients", **settings)
        except RadiogenomicsError as error:
            self.say(str(error), "error")

    # What was found

    def show_result(self, outcome: Outcome) -> str:
        """Show a patient, or the cohort."""
        if isinstance(outcome.value, CohortCorrespondence):
            return self._show_cohort(outcome.value)
        return self._show_patient(outcome.value)

    def _show_patient(self, compared: Compared) -> str:
        asked = compared.asked
        if asked.patient_id != self.session.selection.patient_id:
            compared.shown.close()
            raise InputError(f"{asked.patient_id} is no longer open. Open it again, and Compare.")
        first = self.stage.view is None
        self.session.select(feature=asked.feature, gene=asked.score)
        self.linked.release()
        opacity, board = self.sweep.values
        view = self.stage.show(compared, opacity=opacity, checkerboard=board)
        self.stage.show_measure(self.sweep.cover.value() / 100)
        self.linked.use(view, compared.case.transform, compared.case.scan.geometry)
        self._tell_biopsies(compared)
        self.sweep.setEnabled(True)
        self._ask_review()
        # A wide dock that opens while the slide makes itself room would make the window grow.
        QTimer.singleShot(_SETTLED_MS if first else 0, self._open_sheet)
        if compared.found is None or compared.section is None:
            self.sheet.clear(compared.problem)
            raise InputError(compared.problem)
        self.sheet.show_tumor(compared.found, self._labels(compared), asked.patient_id)
        self._look_at_section()
        self._verdict_due = True
        QTimer.singleShot(0, self._show_verdict)
        said = (tumor_words(compared.found), near_words(compared), _NEXT)
        return f"{asked.patient_id}: {' '.join(filter(None, said))}"

    def _look_at_section(self) -> None:
        """Show the section's middle, marked on scan and slide."""
        middle = self.stage.look_at_section()
        if middle is not None:
            self.linked.go_to_slide(*middle)
        self.way.be_back()

    def _rest(self) -> None:
        """Take marks and map off the scan while another dock is in front."""
        self.linked.rest()
        self.stage.leave()

    def _show_verdict(self, _least: int = 0, _most: int = 0) -> None:
        """Bring what comes next into sight: on a small screen it lies below.

        The sheet that opens takes room, so it is done again until the person scrolls.
        """
        if isalive(self.review) and self._verdict_due:
            self.area.ensureWidgetVisible(self.review, 0, 0)

    def _let_scroll(self, _action: int = 0) -> None:
        self._verdict_due = False

    def _look(self) -> None:
        """Show the slide of the comparison beside the scan again."""
        opacity, board = self.sweep.values
        view = self.stage.show_again(opacity=opacity, checkerboard=board)
        if view is not None:
            self.stage.show_measure(self.sweep.cover.value() / 100)
        self.linked.wake()

    def _tell_former(self, outcome: Outcome) -> None:
        """After an error, what is on the screen is of the comparison before: say whose."""
        shown = self.stage.shown
        if outcome.ok or outcome.cancelled or shown is None:
            return
        former = " and ".join(self._labels(shown))
        self.say(
            f"{outcome.error} What is shown is the former comparison: {shown.asked.patient_id}, "
            f"{former}.", "error",
        )  # fmt: skip

    def _tell_biopsies(self, compared: Compared | None) -> None:
        """Say what the colors of the biopsies mean, and where they lie."""
        self.biopsies.use(compared)
        self.way.use(compared)

    def _labels(self, compared: Compared) -> tuple[str, str]:
        feature = feature_titles()[compared.asked.feature]
        measure = TISSUE_MAPS[compared.asked.tissue]
        unit = compared.image.map.unit
        return (f"{feature} ({unit})" if unit else feature), f"{measure.title} ({measure.unit})"

    def _show_cohort(self, found: CohortCorrespondence) -> str:
        self._open_sheet()
        self.sheet.show_cohort(found, self.cohort.patients.get("site"))
        self.sheet.mark(self.session.selection.patient_id)
        self.sheet.right.setCurrentWidget(self.sheet.forest)
        self.session.state[SLIDES] = found
        lost = f" {len(found.failed)} could not be compared: see Cohort." if found.failed else ""
        said = found.pooled_text() or "No section could be compared."
        return f"{said}{lost} Click a dot to open its patient."

    def _open_sheet(self) -> None:
        if not isalive(self.sheet):
            return
        self.stage.fit_slide()
        self._seen_with.open_as("Correspondence: places", self.viewer)

    def _go_to_place(self, row: int) -> None:
        compared = self.stage.shown
        if compared is None or compared.found is None or compared.section is None:
            return
        index = compared.found.places.loc[[row], ["z", "y", "x"]].to_numpy()
        x, y, _ = compared.section.slide_points(index)[0].tolist()
        self.linked.go_to_slide(x, y)

    def _open_patient(self, patient: str) -> None:
        self.session.select(patient_id=patient)
        self.sheet.mark(patient)
        self.say(f"{patient} is opened. Compare shows its scan and slide.")

    # The verdict

    def _ask_review(self) -> None:
        shown = self.stage.shown
        if shown is None:
            return
        asked = shown.asked
        subject = (asked.patient_id, asked.feature, asked.tissue, asked.score)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", DataWarning)
            self.review.use(subject, read_reviews(self.cohort))
        if told:
            self.say(str(told[0].message), "warning")

    def keep_review(self, verdict: Any, note: str, reviewer: str) -> None:
        """Keep the verdict with what was looked at."""
        shown = self.stage.shown
        if shown is None:
            self.say("Nothing is shown. Compare first.", "error")
            return
        try:
            path = write_review(review_of(shown, verdict, note, reviewer), self.cohort)
        except RadiogenomicsError as error:
            self.say(str(error), "error")
            return
        self._ask_review()
        self.say(f"Kept as {path}. {counts_as(shown)}", "good")

    @property
    def settings(self) -> dict[str, Any]:
        """All settings, with the three."""
        three = self.three.values
        return {**self.form.values, **{name: three[name] for name in ("feature", "tissue")}}

    @settings.setter
    def settings(self, values: dict[str, Any]) -> None:
        values = dict(values)
        self.three.choose(feature=values.pop("feature", ""), tissue=values.pop("tissue", ""))
        self.form.values = values

    def _use_theme(self, _event: object = None) -> None:
        self.sheet.use_theme(self.viewer.theme)
