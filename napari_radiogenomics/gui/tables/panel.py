"""The base of docks that compare the patients of a table: measure, run, show below the canvas."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.extract import extract_cohort
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.gui.forms.panel import Panel
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.forms.style import Tone
from napari_radiogenomics.gui.placing import PlacedWidget
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.tables.picker import TablePicker

if TYPE_CHECKING:
    import napari

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["TablePanel"]


class TablePanel(Panel):
    """A dock for a verb that takes a table of the cohort.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    verb : callable
        The verb.
    sheet : PlacedWidget
        Where the results are shown; it opens below the canvas with the first of them.
    sheet_name : str
        Name of that dock.
    name, purpose, run, hidden
        As for `Panel`.

    Attributes
    ----------
    picker : TablePicker
        The tables; the first row of the inputs.
    patient_speaks : bool
        Whether the message line is about a patient that was clicked, and may go on about it.
    """

    def __init__(
        self,
        viewer: napari.viewer.Viewer,
        verb: Callable[..., Any],
        *,
        sheet: PlacedWidget,
        sheet_name: str,
        name: str,
        purpose: str,
        run: str,
        hidden: Collection[str] = (),
    ) -> None:
        super().__init__(viewer, verb, name=name, purpose=purpose, run=run, hidden=hidden)
        self.patient_speaks = False
        self.session = session_of(self.viewer)
        self._sheet, self._sheet_name = sheet, sheet_name
        sheet.belong_to(self)
        self.picker = TablePicker(self.viewer)
        self.inputs.addRow(self.picker)
        self.picker.asked.connect(self.measure)
        self.picker.failed.connect(self._say_failed)

    @property
    def cohort(self) -> Cohort:
        """The open cohort.

        Raises
        ------
        InputError
            If there is none.
        """
        if self.session.cohort is None:
            raise InputError("No cohort is open. Open one in the Cohort dock.")
        return self.session.cohort

    def measure(self, measures: list[str]) -> None:
        """Measure the patients of the cohort, in the background."""
        if not measures:
            self.say("Nothing is ticked to be measured. See the arrow beside Measure.", "error")
        else:
            self.work(
                extract_cohort, lambda: (self.cohort,), "Measure the cohort", measures=measures
            )

    def work(
        self,
        verb: Callable[..., Any],
        data: Callable[[], tuple[Any, ...]],
        title: str,
        **settings: Any,
    ) -> None:
        """Run something other than the dock's own verb; what lacks is said."""
        try:
            self.runner.run(verb, *data(), title=title, **settings)
        except InputError as error:
            self.say(str(error), "error")

    def show_result(self, outcome: Outcome) -> str:
        """Take a table that was measured; show anything else."""
        if isinstance(outcome.value, CohortFeatures):
            return f"{self.picker.take(outcome.value)} Next: {self.run_button.text()}."
        return self.show_found(outcome.value)

    def show_found(self, found: Any) -> str:
        """Show what the verb answered, and say what happened and what to do next."""
        raise NotImplementedError

    def open_sheet(self) -> None:
        """Open the wide dock below the canvas, or bring it to the front; where there is a window.

        It places itself among the other wide ones.
        """
        self._sheet.open_as(self._sheet_name, self.viewer)

    def choose_patient(self, patient: str) -> None:
        """Open a patient."""
        self.session.select(patient_id=patient)

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Write the message line; from then on no patient that was clicked before speaks there."""
        self.patient_speaks = False
        super().say(text, tone)

    def say_of_patient(self, text: str, *, clicked: bool = False) -> None:
        """Say of a patient what became of it, unless something else was said since the click.

        Parameters
        ----------
        text : str
            What.
        clicked : bool, optional
            The person has just asked for it.
        """
        if clicked or self.patient_speaks:
            super().say(text)
            self.patient_speaks = True

    def _say_failed(self, text: str) -> None:
        self.say(text, "error")
