"""Which sides are shown, and whether the canvases still show them. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.gui.register.objects import Entry
from napari_radiogenomics.gui.register.pairs import Pairs
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.registration.sides import frame_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Shown", "Waiting", "patient_of"]

Patient = tuple[str, str]


def patient_of(viewer: ViewerModel) -> Patient:
    """Folder of the open cohort and its patient; empty without."""
    session = session_of(viewer)
    return str(getattr(session.cohort, "root", "")), session.selection.patient_id


@dataclass(frozen=True, eq=False)
class Shown:
    """Two sides as they were shown.

    Attributes
    ----------
    patient : tuple of str
        Whose they are: folder of the cohort, key of the patient.
    entries : tuple of Entry
        Fixed and moving, as they were chosen.
    objects : tuple of Image or Slide
        What they were.
    """

    patient: Patient
    entries: tuple[Entry, Entry]
    objects: tuple[Image | Slide, Image | Slide]

    @property
    def titles(self) -> str:
        """Both in words."""
        return " and ".join(entry.title for entry in self.entries)

    @property
    def key(self) -> tuple[object, ...]:
        """By which their pairs are known: frames and grids, not only names."""
        known = [
            (frame_of(one), str(one.geometry) if isinstance(one, Image) else str(one.shape))
            for one in self.objects
        ]
        return (self.patient, *(entry.key for entry in self.entries), *known)

    def still_seen(self, viewer: ViewerModel) -> bool:
        """Whether the patient is open, and layers still show the scans that they did."""
        seen = zip(self.entries, self.objects, strict=True)
        return patient_of(viewer) == self.patient and all(
            _shows(viewer, entry, one) for entry, one in seen
        )


def _shows(viewer: ViewerModel, entry: Entry, one: Image | Slide) -> bool:
    if entry.layer is None:
        return True  # a slide of the patient, on a canvas of its own
    if entry.layer not in viewer.layers:
        return False
    source = entry.layer.metadata.get(SOURCE)
    if source is None or isinstance(source, Slide):
        return source is None or source.name == one.name
    own = frame_of(source)
    return (not own or own == frame_of(one)) and entry.layer.name == entry.title


class Waiting:
    """Sides that were left with their patient, and pairs of all sides that were shown."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[object, ...], Pairs] = {}
        self._sides: dict[Patient, tuple[str, str]] = {}

    def pairs_of(self, shown: Shown) -> Pairs:
        """The pairs that were placed on these sides before, or none."""
        return self._pairs.setdefault(shown.key, Pairs())

    def leave(self, shown: Shown) -> None:
        """Remember which sides a patient had."""
        first, second = shown.entries
        self._sides[shown.patient] = first.key, second.key

    def sides_of(self, patient: Patient) -> tuple[str, str] | None:
        """Keys of the sides that a patient was left with."""
        return self._sides.get(patient)

    def forget(self, patient: Patient) -> None:
        """The patient has sides again."""
        self._sides.pop(patient, None)
