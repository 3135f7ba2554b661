"""The patient behind a dot or a row: prediction and truth in words, and a map of what drove it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_radiogenomics.gui.fusion.words import said_of_drivers
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.tables.behind import Behind, settings_of_feature

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Clicked"]


class Clicked(QObject):
    """Maps what drove the prediction of a patient, and says it beside the prediction.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    parent : QObject
        Owner.

    Attributes
    ----------
    began, went_on : Signal(str)
        What is said at the click, and what became of it later.
    behind : Behind
        Waits for the patient, and maps.
    """

    began, went_on = Signal(str), Signal(str)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session_of(viewer)
        self.behind = Behind(viewer, self)
        self._about, self._drivers = "", list[str]()
        self.behind.told.connect(self._tell)
        self.behind.waits.connect(self._tell_waiting)

    def open(self, patient: str, about: str, drivers: Sequence[str], reasons: str = "") -> None:
        """Map the first driver that has a map, once the patient is open.

        Parameters
        ----------
        patient : str
            Who.
        about : str
            Prediction and truth.
        drivers : sequence of str
            Image features, that which moved the prediction most first.
        reasons : str, optional
            What is said where no image feature moved it.
        """
        self._about, self._drivers = f"{about}. ", list(drivers)
        mapped = next((name for name in drivers if settings_of_feature(name)), "")
        if mapped:
            self.began.emit(f"{self._about}Opening …")
            self._session.select(feature=mapped)
            self.behind.follow(patient, mapped)
            return
        self.behind.stop()
        why = said_of_drivers(drivers, "") if drivers else reasons
        self.began.emit(f"{self._about}{why}".strip())

    def map_on_screen(self, column: str) -> None:
        """Map a feature on the patient on the screen."""
        patient = self._session.selection.patient_id
        if patient:
            self._about, self._drivers = "", []
            self.began.emit(f"The map of {column} comes on {patient} …")
            self._session.select(feature=column)
            self.behind.follow(patient, column)

    def _tell(self, text: str) -> None:
        """Say what became of the map, beside the prediction and which driver it is of."""
        feature, which = self._session.selection.feature, ""
        if feature in self._drivers and "on the scan" in text:
            which = f" {said_of_drivers(self._drivers, feature)}"
        self.went_on.emit(f"{self._about}{self._without_name(text)}{which}")

    def _tell_waiting(self, text: str) -> None:
        self.went_on.emit(f"{self._about}{text}")

    def _without_name(self, text: str) -> str:
        """Text without the patient's name before it, where the prediction has said it."""
        patient, colon, rest = text.partition(": ")
        known = bool(self._about and colon) and patient == self._session.selection.patient_id
        return f"{rest[:1].upper()}{rest[1:]}" if known else text
