"""Another timepoint of the open patient: its scan and regions, for the moment, beside these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from qtpy.QtCore import QObject, QSignalBlocker, Signal

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.cohort.patient import Loaded, PatientView, load_layers
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.layers.keys import PASSING, SOURCE
from napari_radiogenomics.gui.session import session_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_radiogenomics.gui.layers.layers import LayerData

__all__ = ["OtherTime", "Visit", "timepoint_text"]

_NAME = "other timepoint"
_NONE = "one timepoint only"


@dataclass(frozen=True, eq=False)
class Visit:
    """Scan and regions of another timepoint, on the screen for the moment.

    Attributes
    ----------
    scan : napari.layers.Image
        The scan of the same role.
    regions : napari.layers.Labels or None
        What is drawn on it.
    note : str
        What a person has to know of their places.
    """

    scan: ImageLayer
    regions: Labels | None
    note: str


def timepoint_text(name: str, days: float) -> str:
    """Name a timepoint with its day.

    Examples
    --------
    >>> timepoint_text("t1", 98.0), timepoint_text("t1", float("nan"))
    ('t1 (day 98)', 't1')
    """
    return f"{name} (day {days:.0f})" if days == days else name


class OtherTime(QObject):
    """Offers the other timepoints of the open patient, and brings one on the screen.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    parent : QObject
        Owner.

    Attributes
    ----------
    combo : QuietCombo
        The other timepoints.
    came : Signal(Visit)
        One is on the screen.
    failed : Signal(str)
        It cannot be shown, and why.
    """

    came = Signal(object)
    failed = Signal(str)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._session = viewer, session_of(viewer)
        self._beside: ImageLayer | None = None
        self._shown: list[Layer] = []
        self.combo = QuietCombo()
        self.combo.setAccessibleName("Other timepoint")
        self.combo.setToolTip("<p>Shows the scan of another timepoint on the right</p>")
        self.combo.activated.connect(self._bring)
        self.runner = Runner(self)
        self.runner.ended.connect(self._ended)
        self.list()

    def list(self) -> None:
        """List the other timepoints of the patient, none of them chosen."""
        cohort, here = self._session.cohort, self._session.selection
        names: list[str] = []
        if cohort is not None and here.patient_id:
            names = cohort.timepoints_of(here.patient_id)
            names = [name for name in names if name != (here.timepoint or names[0])]
        with QSignalBlocker(self.combo):
            self.combo.clear()
            self.combo.addItem("choose …" if names else _NONE, "")
            for name in names:
                self.combo.addItem(timepoint_text(name, self._days(name)), name)
        self.combo.setEnabled(bool(names))

    def _days(self, name: str) -> float:
        cohort, patient = self._session.cohort, self._session.selection.patient_id
        if cohort is None:
            return float("nan")
        own = cohort.timepoints
        own = own[(own["patient_id"] == patient) & (own["timepoint"] == name)]
        return float(own["days"].iloc[0]) if len(own) else float("nan")

    def bring(self, name: str, beside: ImageLayer | None) -> None:
        """Read a timepoint and show its scan; `came` follows.

        Parameters
        ----------
        name : str
            The timepoint.
        beside : napari.layers.Image or None
            The scan that it is compared with: the one of the same role is taken.
        """
        cohort, patient = self._session.cohort, self._session.selection.patient_id
        if cohort is None or not patient:
            self.failed.emit("Open a patient of a cohort first.")
        elif self.runner.running:
            self.failed.emit("The timepoint before is still being read. Wait a moment.")
        else:
            self._beside = beside
            facts = {"timepoint": name, "open_with": ("scans", "segmentations")}
            self.runner.run(load_layers, cohort, patient, title=f"Open {name}", **facts)

    def _bring(self) -> None:
        name = self.combo.currentData()
        if name:
            self.bring(name, self._beside)

    def compare_with(self, scan: ImageLayer | None) -> None:
        """Compare with this scan from now on."""
        self._beside = scan

    def _ended(self, outcome: Outcome) -> None:
        if not outcome.ok:
            self.failed.emit(str(outcome.error))
            return
        try:
            self.came.emit(self._show(outcome.value))
        except InputError as error:
            self.failed.emit(str(error))

    def _show(self, loaded: Loaded) -> Visit:
        chosen = self.combo.currentIndex()
        self.remove()
        self.combo.setCurrentIndex(chosen)
        if loaded.patient_id != self._session.selection.patient_id:
            raise InputError("Another patient was opened meanwhile.")
        scan = _scan_like(self._beside, loaded)
        regions = next((x for x in loaded.layers if x[2] == "labels" and _drawn_on(x, scan)), None)
        shift, note = self._meeting(scan, regions)
        made = [
            self._add(data, loaded.timepoint, shift) for data in (scan, regions) if data is not None
        ]
        drawn = made[1] if len(made) > 1 else None
        return Visit(made[0], drawn, note)

    def _meeting(self, scan: LayerData, regions: LayerData | None) -> tuple[np.ndarray, str]:
        """How far to move it so that the tumours meet, where the frames are not the same."""
        none = np.zeros(3)
        frames = [_facts(scan).get("frame")]
        if self._beside is not None:
            frames.append(getattr(self._beside.metadata.get(SOURCE), "metadata", {}).get("frame"))
        if len(set(frames)) == 1:
            return none, ""
        here = next((x for x in attached(self._viewer, PatientView).layers if _is_drawn(x)), None)
        if here is None or regions is None or not np.any(regions[0]):
            return none, "Not registered: the same place may be another one of the patient."
        looks = regions[1]
        there = np.argwhere(regions[0]).mean(axis=0) * looks["scale"] + looks["translate"]
        own = np.asarray(here.data_to_world(np.argwhere(here.data).mean(axis=0)))
        return own - there, "Not registered: moved so that the middles of the tumours meet."

    def _add(self, data: LayerData, timepoint: str, shift: np.ndarray) -> Layer:
        array, looks, kind = data
        looks = {**looks, "metadata": {**looks["metadata"], PASSING: _NAME}, "visible": True}
        looks["name"] = f"{looks['name']} {timepoint}"
        looks["translate"] = tuple(np.asarray(looks["translate"]) + shift)
        chosen = self._viewer.layers.selection.active
        layer = self._viewer.add_layer(Layer.create(array, looks, kind))
        layer.editable = False
        self._viewer.layers.selection.active = chosen
        self._shown.append(layer)
        return layer

    def remove(self) -> None:
        """Take the other timepoint off the screen."""
        if self._shown:
            self.combo.setCurrentIndex(0)
        shown, self._shown = self._shown, []
        for layer in shown:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)


def _facts(data: LayerData) -> dict[str, Any]:
    return dict(getattr(data[1].get("metadata", {}).get(SOURCE), "metadata", {}))


def _scan_like(scan: ImageLayer | None, loaded: Loaded) -> LayerData:
    """Scan of the same role, else the first one."""
    found = [x for x in loaded.layers if x[2] == "image" and not x[1].get("rgb")]
    if not found:
        raise InputError(f"There is no scan of {loaded.patient_id} at {loaded.timepoint}.")
    source = None if scan is None else scan.metadata.get(SOURCE)
    role = getattr(source, "metadata", {}).get("role", "")
    return next((x for x in found if role and _facts(x).get("role") == role), found[0])


def _drawn_on(regions: LayerData, scan: LayerData) -> bool:
    return bool(_facts(regions).get("scan_id") == _facts(scan).get("scan_id"))


def _is_drawn(layer: Layer) -> bool:
    return isinstance(layer, Labels) and not layer.metadata.get(PASSING) and bool(layer.data.any())
