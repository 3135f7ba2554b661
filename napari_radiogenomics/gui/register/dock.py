"""The Register dock: landmarks on two sides, their error as they are placed, the overlay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError, RadiogenomicsError
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.forms.panel import Panel
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.register.boxes import OverlayBox, PairBox, SideBox
from napari_radiogenomics.gui.register.objects import load
from napari_radiogenomics.gui.register.pairs import Pairs, Side
from napari_radiogenomics.gui.register.shown import Shown, Waiting, patient_of
from napari_radiogenomics.gui.register.stage import Stage
from napari_radiogenomics.gui.register.view import SidesView, sides_view
from napari_radiogenomics.gui.register.work import (
    Registered,
    framed,
    live_fit,
    register_sides,
    save_file,
    save_in_cohort,
)
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.io.cohort_transforms import saved_between
from napari_radiogenomics.registration import (
    Registration,
    read_landmarks,
    register,
    write_landmarks,
)
from napari_radiogenomics.registration.sides import frame_of

if TYPE_CHECKING:
    import napari

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["RegisterDock"]

_TABLE, _TRANSFORM = "Table (*.csv)", "Transform (*.json *.txt *.tfm)"
_STALE = "Landmarks or settings changed since: Register again, then save."
_READY = "Click the same place on the fixed and on the moving side, in turn. "


class RegisterDock(Panel):
    """How a slide or a scan lies to another one.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.

    Attributes
    ----------
    pairs : Pairs
        Landmarks as they are placed.
    stages : dict of Stage
        Canvas of each side, once both are shown.
    fitted : Registration or None
        Fit to the landmarks as they are now.
    found : Registration or None
        What Register found last.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__(
            napari_viewer,
            register,
            name="register",
            purpose="How does the slide lie in the scan, or one to another?",
            run="Register",
        )
        self.pairs = Pairs()
        self.stages: dict[Side, Stage] = {}
        self.fitted: Registration | None = None
        self.found: Registration | None = None
        self._overlay: Registered | None = None
        self._asked: object = None  # what the run is of, and what was found is of
        self._found_of: object = None
        self._shown: Shown | None = None
        self._view: SidesView | None = None
        self._before = ""
        self._waiting = Waiting()
        self.sides, self.box = SideBox(self.viewer), PairBox()
        self.over = OverlayBox()
        self.inputs.addRow(self.sides)
        self.before_settings.addWidget(self.box)
        self.after.addWidget(self.over)
        self._connect()
        self.recall()
        dress_canvas(self.viewer)
        self._refit()

    def _connect(self) -> None:
        self.sides.asked.connect(self.show_sides)
        self.raised.connect(self._look)
        self.lowered.connect(self._rest)
        self.form.changed.connect(self._refit)
        box, over = self.box, self.over
        for signal, work in (
            (box.undone, self.undo), (box.deleted, self.delete), (box.cleared, self.clear_pairs),
            (box.chosen, self._go_to), (box.loaded, self._ask_to_load),
            (box.saved, self._ask_to_save_pairs), (over.changed, self._draw_overlay),
            (over.saved, self._ask_to_save), (over.kept, self.save_in_cohort),
        ):  # fmt: skip
            signal.connect(work)
        self._soon = QTimer(self, interval=0, singleShot=True)  # layers are filled one by one
        self._soon.timeout.connect(self._follow)
        self.sides.refilled.connect(self._soon.start)
        session = session_of(self.viewer)
        for event in (session.selection_changed, session.cohort_changed):
            self.connections.add(event, self._follow)

    # The two sides

    def show_sides(self) -> None:
        """Show the chosen objects on their canvases, with the landmarks they had before."""
        try:
            entries = self.sides.entries()
            fixed, moving = (framed(load(self.viewer, e), e.title) for e in entries)
        except RadiogenomicsError as error:
            self.say(str(error), "error")
            return
        self._leave_sides()
        view = self._view = sides_view(self.viewer, self)
        in_main = isinstance(fixed, Image)
        if in_main:
            view.hide_side("fixed")
            if entries[0].layer is not None:
                entries[0].layer.visible = True
        self.stages = {
            "fixed": self._stage("fixed", fixed, entries[0].title, own=not in_main),
            "moving": self._stage("moving", moving, entries[1].title, own=True),
        }
        self._shown = Shown(patient_of(self.viewer), entries, (fixed, moving))
        self._waiting.forget(self._shown.patient)
        self.pairs = self._waiting.pairs_of(self._shown)
        self._refit()
        self._go_to_middle()
        back = f"{_pairs(self.pairs)} of before are back. " if self.pairs.items else ""
        self.say(f"{back}{_READY}Four pairs or more, well apart; not all on a line.")

    def _stage(self, side: Side, one: Image | Slide, title: str, *, own: bool) -> Stage:
        model = self._view.show_side(side, title) if own and self._view else self.viewer
        return Stage(model, side, one, own=own, clicked=self.place)

    def _go_to_middle(self) -> None:
        """Show the slices where the landmarks are, from near."""
        for stage in self.stages.values():
            stage.go_to_middle(self.pairs.items)
        self._look_near()

    def _look_near(self) -> None:
        """Look at a scan as near as its section is small, at the landmarks where there are some."""
        slides = [s.object for s in self.stages.values() if isinstance(s.object, Slide)]
        if slides:
            for stage in self.stages.values():
                stage.look_near(self.pairs.items, max(slides[0].extent_mm))

    def _leave_sides(self) -> None:
        for stage in self.stages.values():
            stage.close()
        self.stages, self.pairs, self._shown = {}, Pairs(), None
        self.found = self._overlay = None
        self.over.use(None)

    def _look(self) -> None:
        """Show the sides beside the scan, where there are some."""
        if self.stages:
            sides_view(self.viewer, self)
        for stage in self.stages.values():
            stage.see(True)

    def _rest(self) -> None:
        """Take the marks off the scan while another dock is in front: they are back with this."""
        for stage in self.stages.values():
            stage.see(False)

    def _follow(self, event: object = None) -> None:
        """Leave the sides with their patient, and take them up when it is open again."""
        if self._shown is not None and not self._shown.still_seen(self.viewer):
            self._set_aside(self._shown)
        if self._shown is None:
            keys = self._waiting.sides_of(patient_of(self.viewer))
            if keys is not None and self.sides.choose(*keys):
                self._waiting.forget(patient_of(self.viewer))
                self.show_sides()

    def _set_aside(self, shown: Shown) -> None:
        """No click counts for sides that are not seen; their pairs wait."""
        kept = f" {_pairs(self.pairs)} are kept, and back with them." if self.pairs.items else ""
        self._waiting.leave(shown)
        self._leave_sides()
        self._refit()
        if self._view is not None and isalive(self._view):  # it may go first, with the window
            self._view.rest()
        self.say(f"{shown.titles} are not open any more, so clicks place nothing.{kept}")

    def _frames(self) -> tuple[str, str]:
        return frame_of(self.stages["fixed"].object), frame_of(self.stages["moving"].object)

    # Landmarks

    def place(self, side: Side, place: tuple[float, float, float]) -> None:
        """Take a click on a canvas for the next landmark; on the other side's turn it is said."""
        self._follow()
        if not self.box.placing or not self.stages:
            return
        if side != self.pairs.expected:
            self.say(f"This pair waits for its place on the {self.pairs.expected} side.")
            return
        self.pairs.place(side, place)
        self._refit()

    def undo(self) -> None:
        """Undo the last change of the landmarks."""
        self.pairs.undo()
        self._refit()

    def delete(self, row: int) -> None:
        """Take a pair away."""
        if 0 <= row < len(self.pairs.items):
            self.pairs.delete(row)
            self._refit()

    def clear_pairs(self) -> None:
        """Take all pairs away; Undo brings them back."""
        self.pairs.clear()
        self._refit()

    def _go_to(self, row: int) -> None:
        if 0 <= row < len(self.pairs.items):
            pair = self.pairs.items[row]
            for stage in self.stages.values():
                stage.go_to(pair)
                stage.show_pairs(self.pairs.items, self._worst(), pair.name)
        self._look_near()

    def _refit(self) -> None:
        """Fit to the landmarks as they are, and show the errors."""
        self.fitted, why = None, ""
        if self.stages:
            try:
                landmarks = self.pairs.landmarks(self._frames())
                fixed, moving = self.stages["fixed"].object, self.stages["moving"].object
                self.fitted = live_fit(fixed, moving, landmarks, self.form.values)
            except InputError as error:
                why = self.form.in_its_words(str(error)) if self.pairs.items else ""
        self.box.use(self.pairs, self.fitted, why, ready=bool(self.stages))
        self._offer_saving()
        for stage in self.stages.values():
            stage.show_pairs(self.pairs.items, self._worst())

    def _worst(self) -> str:
        return self.fitted.worst if self.fitted is not None else ""

    def _ask_to_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load landmarks", "", _TABLE)
        if path:
            self.load_pairs(path)

    def load_pairs(self, path: str | Path) -> None:
        """Take over the landmarks of a table."""
        try:
            if not self.stages:
                raise InputError("Show the two sides first, then load their landmarks.")
            landmarks = read_landmarks(path)
            for named, own in zip(landmarks.frames, self._frames(), strict=True):
                if named and named != own:
                    raise InputError(
                        f'The table is of frame "{named}", the side that is shown of "{own}".'
                    )
        except RadiogenomicsError as error:
            self.say(str(error), "error")
            return
        self.pairs.use(landmarks)
        self._refit()
        self._go_to_middle()
        self.say(f"{len(landmarks)} pairs of {Path(path).name}.")

    def _ask_to_save_pairs(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save landmarks", "landmarks.csv", _TABLE)
        if path:
            self._try(lambda: write_landmarks(self.pairs.landmarks(self._frames()), path))

    def _try(self, write: Callable[[], Path]) -> None:
        try:
            self.say(f"Saved as {write()}.", "good")
        except RadiogenomicsError as error:
            self.say(str(error), "error")

    # The result

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """The two sides, their landmarks, and the settings of the form."""
        if not self.stages:
            raise InputError("Choose the fixed and the moving side, then press Show.")
        landmarks = self.pairs.landmarks(self._frames()) if self.pairs.complete() else None
        fixed, moving = self.stages["fixed"].object, self.stages["moving"].object
        self._asked = self._what_is_asked()
        return register_sides, (moving, fixed, landmarks), self.form.values

    def show_result(self, outcome: Outcome) -> str:
        """Draw the overlay, or say where something was saved."""
        if isinstance(outcome.value, Path):
            return f"Saved as {outcome.value}."
        if isinstance(outcome.value, tuple):
            return self._take_cohort(*outcome.value)
        found = outcome.value.registration
        if (
            not self.stages
            or (found.transform.from_frame, found.transform.to_frame) != self._frames()
        ):
            return (
                f"{found.text()} Its sides are not shown any more: show them, and register again."
            )
        self._overlay, self.found, self._found_of = outcome.value, found, self._asked
        self._offer_saving()
        self._draw_overlay()
        told = () if self.fitted is None else self.fitted.warnings  # they stand below the pairs
        return " ".join([found.text(), *(one for one in found.warnings if one not in told)])

    def _draw_overlay(self) -> None:
        if self._overlay is None or not self.stages:
            return
        side: Side = "moving" if self._overlay.overlay.side == "moving" else "fixed"
        stage = self.stages[side]
        if not self.over.redraw and stage.overlay is not None:
            stage.overlay.opacity = self.over.opacity
            return
        data, looks = self._overlay.overlay.layer(
            checkerboard=self.over.checkerboard, opacity=self.over.opacity
        )
        stage.show_overlay(data, looks)

    def _what_is_asked(self) -> object:
        """Landmarks and settings that a result would be of."""
        return self.pairs.complete(), self.form.values

    def _offer_saving(self) -> None:
        """Let a result be saved as long as it is of the landmarks and settings on the screen."""
        self.over.use(self.found, can_keep=self._can_keep(), why=self._why_stale())

    def _why_stale(self) -> str:
        stale = self.found is not None and self._what_is_asked() != self._found_of
        return _STALE if stale else ""

    def _can_keep(self) -> bool:
        cohort: Cohort | None = session_of(self.viewer).cohort
        return cohort is not None and cohort.layout == "folder"

    def _ask_to_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save transform", "transform.json", _TRANSFORM)
        found = self.found
        if path and found is not None and not self._why_stale():
            self._try(lambda: save_file(found, Path(path)))

    def save_in_cohort(self) -> None:
        """Save what was found in the cohort, and where asked for the siblings of the slide."""
        cohort = session_of(self.viewer).cohort
        if cohort is None or self.found is None:
            self.say("Register first, in an open cohort.", "error")
            return
        if self._why_stale():
            self.say(_STALE, "error")
            return
        frames = set(self._frames())
        slides = cohort.slides.index[cohort.slides["frame"].isin(frames)]
        slide = str(slides[0]) if len(slides) else ""
        self._before = saved_between(cohort, self._frames())
        self.runner.run(
            save_in_cohort, cohort, self.found, slide,
            siblings=self.over.siblings and bool(slide), title="Save in cohort",
        )  # fmt: skip

    def _take_cohort(self, cohort: Cohort, names: tuple[str, ...]) -> str:
        session_of(self.viewer).renew(cohort)
        said = [f"Saved in {cohort.name}: samples of either frame are brought to the other."]
        if self._before:
            said.append(f"It counts in place of {self._before}; that file stays.")
        if names:
            said.append(f"Saved too: {', '.join(names)}, aligned by brightness.")
        return " ".join(said)


def _pairs(pairs: Pairs) -> str:
    """How many, in words."""
    return "1 pair" if len(pairs.items) == 1 else f"{len(pairs.items)} pairs"
