"""What a viewer works on: one cohort, one selection, and the way back.

There is one `Session` a viewer. Tables, plots, layers, points and the hover card all read
and write its selection, so that choosing a gene in one dock moves every other. No Qt here.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from psygnal import Signal

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.layers.edits import Edits
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["SLIDES", "Selection", "Session", "session_of"]

SLIDES = "correspondence.cohort"
"""Key of a session's state: what the slides of the cohort said last, for the evidence card."""
# Steps that "back" remembers; older ones are forgotten.
_MOST_STEPS = 200


@dataclass(frozen=True)
class Selection:
    """What is looked at; an empty text or None means that nothing is chosen.

    Attributes
    ----------
    patient_id, timepoint, scan_id : str
        Keys of the cohort's tables.
    label : int or None
        Value of the chosen region in its segmentation.
    region : str
        Name of the chosen region.
    sample_id, slide_id, feature, gene : str
        Chosen tissue sample, slide, image feature, gene or pathway.
    position : tuple of float or None
        x, y, z in LPS mm.
    """

    patient_id: str = ""
    timepoint: str = ""
    scan_id: str = ""
    label: int | None = None
    region: str = ""
    sample_id: str = ""
    slide_id: str = ""
    feature: str = ""
    gene: str = ""
    position: tuple[float, float, float] | None = None

    def changed(self, **changes: Any) -> Selection:
        """Return it with some fields changed.

        What belongs to a patient (timepoint, scan, region, sample, slide, position) is emptied when
        another patient is chosen, unless it is given as well.

        Raises
        ------
        InputError
            If a field is unknown.

        Examples
        --------
        >>> here = Selection("P1", label=2, gene="VEGFA")
        >>> there = here.changed(patient_id="P2")
        >>> there.label, there.gene
        (None, 'VEGFA')
        """
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise InputError(f'A selection has no "{name}". {did_you_mean(name, known)}')
        if changes.get("patient_id", self.patient_id) != self.patient_id:
            changes = {**_OF_A_PATIENT, **changes}
        return replace(self, **changes)


_OF_A_PATIENT: Mapping[str, Any] = {
    name: getattr(Selection(), name)
    for name in ("timepoint", "scan_id", "label", "region", "sample_id", "slide_id", "position")
}


class Session:
    """The cohort and the selection of one viewer, with signals.

    Attributes
    ----------
    cohort_changed : Signal(object)
        Emitted with the new cohort, or None.
    selection_changed : Signal(Selection, Selection)
        Emitted with the new and the previous selection; a callback may take just the new one.
    state : dict
        What docks remember for the session, by a name of their own ("cohort", "texture", …).

    Examples
    --------
    >>> session = Session()
    >>> _ = session.selection_changed.connect(lambda new: seen.append(new.gene))
    >>> seen = []
    >>> session.select(gene="VEGFA"); session.select(gene="CA9"); session.back()
    >>> seen
    ['VEGFA', 'CA9', 'VEGFA']
    """

    cohort_changed = Signal(object)
    selection_changed = Signal(Selection, Selection)

    def __init__(self) -> None:
        self._cohort: Cohort | None = None
        self._steps = [Selection()]
        self._step = 0
        self.state: dict[str, Any] = {}
        self._edits: dict[str, Edits] = {}

    @property
    def cohort(self) -> Cohort | None:
        """The open cohort; choosing another one empties the selection and its history."""
        return self._cohort

    @cohort.setter
    def cohort(self, cohort: Cohort | None) -> None:
        if cohort is self._cohort:
            return
        self._cohort = cohort
        previous = self.selection
        self._steps, self._step = [Selection()], 0
        self.cohort_changed.emit(cohort)
        if self.selection != previous:
            self.selection_changed.emit(self.selection, previous)

    def renew(self, cohort: Cohort) -> None:
        """Take the open cohort after a change that nothing on the screen shows, as of transforms.

        The selection stays, and nothing is loaded anew.

        Raises
        ------
        InputError
            If another cohort is open.
        """
        if self._cohort is None or self._cohort.root != cohort.root:
            raise InputError(
                f"{cohort.name} is not open any more. Open it again to see the change."
            )
        self._cohort = cohort

    @property
    def edits(self) -> Edits:
        """What was drawn on patients of the open cohort; kept when another one is opened."""
        root = str(getattr(self._cohort, "root", ""))
        return self._edits.setdefault(root, Edits())

    @property
    def selection(self) -> Selection:
        """What is selected now."""
        return self._steps[self._step]

    def select(self, **changes: Any) -> None:
        """Change some fields of the selection; nothing happens when they are so already.

        Parameters
        ----------
        **changes
            Fields of `Selection`.
        """
        new = self.selection.changed(**changes)
        previous = self.selection
        if new == previous:
            return
        self._steps = [*self._steps[: self._step + 1], new][-_MOST_STEPS:]
        self._step = len(self._steps) - 1
        self.selection_changed.emit(new, previous)

    @property
    def can_go_back(self) -> bool:
        """Whether there is an earlier selection."""
        return self._step > 0

    @property
    def can_go_forward(self) -> bool:
        """Whether there is a later selection."""
        return self._step < len(self._steps) - 1

    def back(self) -> None:
        """Return to the selection before; nothing happens at the first."""
        self._go(-1)

    def forward(self) -> None:
        """Go to the selection after; nothing happens at the last."""
        self._go(1)

    def _go(self, step: int) -> None:
        target = self._step + step
        if not 0 <= target < len(self._steps):
            return
        previous = self.selection
        self._step = target
        if self.selection != previous:
            self.selection_changed.emit(self.selection, previous)


_SESSIONS: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


def session_of(viewer: ViewerModel) -> Session:
    """Return the session of a viewer, made on first use.

    Parameters
    ----------
    viewer : napari.Viewer or ViewerModel
        The viewer, or the proxy of it that napari hands to plugins.

    Examples
    --------
    >>> from napari.components import ViewerModel
    >>> viewer = ViewerModel()
    >>> session_of(viewer) is session_of(viewer)
    True
    """
    own = inspect.unwrap(viewer)
    if own not in _SESSIONS:
        _SESSIONS[own] = Session()
    return _SESSIONS[own]
