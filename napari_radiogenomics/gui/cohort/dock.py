"""The Cohort dock: who. Find a patient, read the card, open the layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_warning
from qtpy.QtCore import QSize, Qt, QTimer, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QLabel, QStackedWidget, QVBoxLayout

from napari_radiogenomics.gui.attached import attached, plain_viewer
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.canvas.looking import look_at_scan
from napari_radiogenomics.gui.cohort.ahead import ReadAhead
from napari_radiogenomics.gui.cohort.empty import EmptyPage
from napari_radiogenomics.gui.cohort.opened_words import opened_words
from napari_radiogenomics.gui.cohort.opening import cohort_at, sample_of_everything
from napari_radiogenomics.gui.cohort.page import CohortPage
from napari_radiogenomics.gui.cohort.patient import AT_FIRST, Loaded, PatientView, load_layers
from napari_radiogenomics.gui.cohort.pattern_form import PatternForm
from napari_radiogenomics.gui.cohort.rows import card, mutations, problem_text
from napari_radiogenomics.gui.cohort.step_keys import bind_step_keys
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.forms.style import Tone, tone_color
from napari_radiogenomics.gui.placing import PlacedWidget
from napari_radiogenomics.gui.preferences import preference
from napari_radiogenomics.gui.recovery_notice import RecoveryNotice
from napari_radiogenomics.gui.session import Selection, session_of
from napari_radiogenomics.gui.slide.opening import on_the_scan, open_first_slide
from napari_radiogenomics.io.scan_tree import ScanTree

if TYPE_CHECKING:
    import napari

    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.data.problems import Problem

__all__ = ["CohortDock"]

_PURPOSE = "Who: choose a tumour, and it opens with its regions, biopsies and slides."
_WIDTH, _ROOMY = 380, 460
_DRAWN_MS, _REST_MS = 300, 50  # before and between the hidden scans of a patient
_OWN = "folder"


class CohortDock(PlacedWidget):
    """Patients of a cohort; choosing one opens its layers.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.

    Attributes
    ----------
    drawn : Signal()
        What is seen of the patient is on the canvases.
    rested : Signal()
        All layers of the patient are there, the hidden ones too.
    """

    drawn = Signal()
    rested = Signal()

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = plain_viewer(napari_viewer)
        self.session = session_of(self.viewer)
        self.view = attached(self.viewer, PatientView)
        self.runner, self.connections = Runner(self), Connections(self)
        self._waiting: tuple[str, str] | None = None
        self._loaded: Loaded | None = None
        self._next: Callable[[], None] | None = None
        self._followed = Selection()
        self._variants: dict[str, list[tuple[str, str]]] = {}
        self._read_problems: tuple[Problem, ...] = ()
        self._tone: Tone = "plain"
        self._rest = QTimer(self)
        self.ahead = ReadAhead(self)
        self._ready = QTimer(self, interval=0, singleShot=True)
        self._drawn = QTimer(self, interval=_REST_MS, singleShot=True)
        self._build()
        self._connect()
        bind_step_keys(self.viewer, self.step)
        self._use(self.session.cohort)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt names it
        """Width of a right-hand dock."""
        return QSize(_WIDTH, 600)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt names it
        """Give the list the room of mere words where the dock is low, as above a wide result."""
        super().resizeEvent(event)
        self.purpose.setVisible(self.height() >= _ROOMY)
        self.page.show_facts(self.height() >= _ROOMY)

    def _build(self) -> None:
        self.setObjectName("radiogenomics-cohort")
        self.setMinimumWidth(320)
        self.purpose = QLabel(_PURPOSE)
        self.purpose.setWordWrap(True)
        self.page, self.empty = CohortPage(), EmptyPage()
        self.open_button, self.sample_button = self.empty.open_button, self.empty.sample_button
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.page)
        self.message_line = QLabel()
        self.message_line.setWordWrap(True)
        self.message_line.setTextFormat(Qt.TextFormat.PlainText)
        self.message_line.setAccessibleName("Message")
        self.message_line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message_line.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 4)
        self.message_line.setAlignment(Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(6)
        self.notice = RecoveryNotice(self.viewer)
        self.notice.said.connect(self.say)
        column.addWidget(self.purpose)
        column.addWidget(self.notice)
        self.pattern_form = PatternForm()
        self.pattern_form.wanted.connect(self.open_cohort)
        column.addWidget(self.pattern_form)
        column.addWidget(self.stack, 1)
        column.addWidget(self.message_line)

    def _connect(self) -> None:
        page = self.page
        self.open_button.chosen.connect(self.open_cohort)
        self.sample_button.clicked.connect(self.open_sample)
        page.open_button.chosen.connect(self.open_cohort)
        page.table.chosen.connect(self._choose)
        page.step.connect(self.step)
        page.timepoint_chosen.connect(self._choose_timepoint)
        page.open_with_changed.connect(self._change_open_with)
        self.runner.ended.connect(self._ended)
        self._rest.timeout.connect(self._show_next)
        self._ready.timeout.connect(self._show_ready)
        self._drawn.timeout.connect(self.drawn)
        self.drawn.connect(partial(self._rest.start, _DRAWN_MS))
        self.rested.connect(self._read_ahead)
        self.connections.add(self.session.cohort_changed, self._use)
        self.connections.add(self.session.selection_changed, self._follow)
        self.connections.add(self.viewer.events.theme, self._color)

    @property
    def at_rest(self) -> bool:
        """Whether nothing is being opened, and every layer of the patient is there."""
        timers = (self._rest, self._ready, self._drawn)
        return not (self.runner.running or any(timer.isActive() for timer in timers))

    # What the person does

    def ask_for_cohort(self) -> None:
        """Ask for the folder of a cohort and open it."""
        self.open_button.ask_for_folder()

    def open_cohort(self, folder: str | Path, pattern: str = "") -> None:
        """Open the cohort in a folder, in the background.

        Parameters
        ----------
        folder : str or Path
            Where it lies, or its table.
        pattern : str, optional
            Of a tree without tables; a form asks for it where it is needed and not given.
        """
        self._start(cohort_at, str(folder), pattern=pattern, title="Open cohort")

    def open_sample(self) -> None:
        """Open the sample cohort, in the background."""
        self._start(sample_of_everything, title="Open sample")

    def step(self, by: int) -> None:
        """Open the next patient of the table (1), or the one before (-1)."""
        shown = self.page.table.rows.shown
        if not shown:
            return
        row = self.page.table.rows.row_of(self.session.selection.patient_id)
        row = (0 if by > 0 else len(shown) - 1) if row < 0 else row + by
        if 0 <= row < len(shown):
            self.session.select(patient_id=shown[row])

    def _choose_timepoint(self, name: str) -> None:
        self.session.select(timepoint=name)

    def _choose(self, patient_id: str) -> None:
        self.session.select(patient_id=patient_id)

    def _change_open_with(self) -> None:
        self._state["open_with"] = self.page.open_with
        if self.view.patient_id:
            self._open(self.session.selection)

    @property
    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.session.state.setdefault("cohort", {})
        return state

    # What the session says

    def _use(self, cohort: Cohort | None) -> None:
        self.view.leave()
        self.ahead.forget()
        self.page.use(cohort)
        self.pattern_form.hide()
        self.page.open_with = self._state.get("open_with", AT_FIRST)
        self.stack.setCurrentIndex(0 if cohort is None else 1)
        self._variants = {} if cohort is None else mutations(cohort)
        self._read_problems, self._followed = (), Selection()
        if cohort is None:
            self.say("")
            return
        edits = self.session.edits
        self.connections.add(edits.changed, self._mark_edited)
        self.connections.add(edits.saved, self._saved)
        self.connections.add(edits.saved, self.ahead.forget)
        self._mark_edited()
        self._show_problems()
        self.say(f"{len(cohort)} patients in {cohort.name}.")
        self._follow(self.session.selection)

    def _follow(self, selection: Selection) -> None:
        cohort, before = self.session.cohort, self._followed
        self._followed = selection
        if cohort is None or not selection.patient_id:
            self.page.show_patient(None, [], [])
            return
        visit = (selection.patient_id, selection.timepoint)
        if visit != (before.patient_id, before.timepoint):
            self._show_card(cohort, selection)
            self._open(selection)
        elif selection.position and selection.position != before.position:
            self.view.go_to(selection.position)

    def _show_card(self, cohort: Cohort, selection: Selection) -> None:
        patient = selection.patient_id
        facts = card(cohort, patient, self._variants.get(patient, ()))
        self.page.show_patient(patient, facts, cohort.timepoints_of(patient), selection.timepoint)

    def _open(self, selection: Selection) -> None:
        """Load a patient; while another one is loading, the newest wish waits."""
        cohort = self.session.cohort
        if cohort is None:
            return
        for timer in (self._rest, self._ready, self._drawn):
            timer.stop()
        wish = self._wish(cohort, selection.patient_id, selection.timepoint)
        self._loaded = self.ahead.take(wish)
        self.ahead.stop()
        if self.runner.running:
            if self._next is None:  # a cohort that waits is not forgotten for a patient
                self._waiting = (selection.patient_id, wish["timepoint"])
            self.runner.cancel()
        elif self._loaded is not None:
            self._ready.start()  # the other docks hear of the patient first
        else:
            self._start(load_layers, title=f"Open {selection.patient_id}", **wish)

    def _wish(self, cohort: Cohort, patient_id: str, timepoint: str = "") -> dict[str, Any]:
        """Arguments that a patient is loaded with."""
        return {
            "cohort": cohort,
            "patient_id": patient_id,
            "timepoint": timepoint or cohort.timepoints_of(patient_id)[0],
            "open_with": on_the_scan(self.viewer, self.page.open_with),
            "window": preference("window"),
            "fourth_axis": preference("fourth_axis"),
        }

    def _read_ahead(self) -> None:
        """Read the next patient of the table, and the one before, while the person looks."""
        cohort, shown = self.session.cohort, self.page.table.rows.shown
        row = self.page.table.rows.row_of(self.view.patient_id)
        if cohort is not None and self._loaded is not None and row >= 0:
            beside = [shown[at] for at in (row + 1, row - 1) if 0 <= at < len(shown)]
            self.ahead.read([self._wish(cohort, who) for who in beside], beside=self._loaded)

    def _show_ready(self) -> None:
        if self._loaded is not None:
            self._show_loaded(self._loaded)

    def _start(self, work: Any, *data: Any, title: str, **settings: Any) -> None:
        self.say(f"{title} …")
        if self.runner.running:
            self._next = partial(self._start, work, *data, title=title, **settings)
            self.runner.cancel()
            return
        self.runner.run(work, *data, title=title, **settings)

    def _ended(self, outcome: Outcome) -> None:
        self._take(outcome)
        if not self.runner.running:
            self.page.table.rows.thumbnails.held = False

    def _take(self, outcome: Outcome) -> None:
        waiting, self._waiting = self._waiting, None
        following, self._next = self._next, None
        if following is not None:
            following()
            return
        if waiting is not None:
            selection = self.session.selection
            if (selection.patient_id, self._timepoint(selection)) == waiting:
                self._open(selection)
            return
        if not outcome.ok:
            self._rest.start(_REST_MS)
            if not outcome.cancelled:
                self.say(str(outcome.error), "error")
            return
        if isinstance(outcome.value, Loaded):
            self._show_loaded(outcome.value)
        elif isinstance(outcome.value, ScanTree):
            self.pattern_form.ask(outcome.value)
            self.say(
                f"{outcome.value.root} holds scans and no tables. Say where they lie by Pattern."
            )
        else:
            self._opened(outcome.value)

    def _timepoint(self, selection: Selection) -> str:
        cohort = self.session.cohort
        if selection.timepoint or cohort is None:
            return selection.timepoint
        return cohort.timepoints_of(selection.patient_id)[0]

    def _opened(self, cohort: Cohort) -> None:
        self.page.table.rows.thumbnails.held = True  # the first patient is seen before them
        self.session.cohort = cohort
        serious = [problem for problem in cohort.problems if problem.level == "error"]
        if serious:
            more = f"; {len(serious) - 1} more below" if len(serious) > 1 else ""
            self.say(f"{cohort.name}: {serious[0]}{more}", "warning")
        if len(cohort) and not self.session.selection.patient_id:
            self.session.select(patient_id=self.page.table.rows.shown[0])

    def _show_next(self) -> None:
        """Add one hidden scan a time, between what the person does."""
        self._rest.setInterval(_REST_MS)
        if not self.view.show_next():
            self._rest.stop()
            self.rested.emit()

    def _show_loaded(self, loaded: Loaded) -> None:
        selection = self.session.selection
        if loaded.patient_id != selection.patient_id:
            return
        self._loaded = loaded
        if not self.view.patient_id:
            QTimer.singleShot(0, self.view.fit)  # linked views have found their size by then
        dress_canvas(self.viewer)
        self.view.show(loaded, self.session.edits, at_once=False)
        look_at_scan(self.viewer)
        self.notice.autosave.look()  # layers that were filled anew are not inserted
        self._drawn.start()
        if selection.position:
            self.view.go_to(selection.position)
        if "slides" in self.page.open_with:
            open_first_slide(self.viewer, loaded.patient_id, loaded.timepoint)
        self._read_problems = loaded.data.problems
        self._show_problems()
        self.say(*opened_words(loaded, self.session.cohort))
        for note in [p for p in loaded.data.problems if p.level == "note"]:
            show_warning(str(note))

    # What is shown

    def _show_problems(self) -> None:
        cohort = self.session.cohort
        problems = () if cohort is None else cohort.problems
        both = [*self._read_problems, *problems]
        if cohort is not None and cohort.layout == _OWN:
            # That our own folders are what they are is not worth a note.
            both = [p for p in both if p.level != "note" or p.row is not None or p.remedy]
        serious = sum(problem.level != "note" for problem in both)
        self.page.show_problems(serious, len(both) - serious, problem_text(both))

    def _mark_edited(self, _event: object = None) -> None:
        self.page.table.rows.mark_edited(self.session.edits.unsaved())

    def _saved(self, _segmentation: object) -> None:
        self.view.look_again()

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Write the message line."""
        self._tone = tone
        self.message_line.setText(text)
        self._color()

    def _color(self, event: object = None) -> None:
        self.message_line.setStyleSheet(f"color: {tone_color(self.viewer.theme, self._tone)}")
