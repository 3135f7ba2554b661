"""The patient behind a dot: once it is open, the map of the pair's feature lies on its scan."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.cohort.patient import PatientView
from napari_radiogenomics.gui.forms.inputs import belongs_to, is_derived, is_region, is_scan
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.layers.edits import object_of
from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.texture.map_layer import keep_under_points, show_maps
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import record_of, with_history
from napari_radiogenomics.radiomics.family import families_of
from napari_radiogenomics.radiomics.voxelwise import plan_maps, texture_maps

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Behind", "map_of_feature", "settings_of_feature"]

# Every quarter of a second, for ten minutes; what is waited for is told after two seconds.
_LOOK_MS, _MOST_LOOKS, _SOON = 250, 2400, 8
_TYPES = {
    "original": "Original", "square": "Square", "squareroot": "SquareRoot",
    "logarithm": "Logarithm", "exponential": "Exponential", "gradient": "Gradient",
}  # fmt: skip
_LOG = re.compile(r"log-sigma-(\d+)-(\d+)-mm-3D")


def settings_of_feature(name: str) -> dict[str, Any] | None:
    """Settings of `texture_maps` for a feature of a region; None where it has no map.

    Examples
    --------
    >>> settings_of_feature("log-sigma-3-0-mm-3D_glcm_Contrast")["log_sigma_mm"]
    (3.0,)
    >>> settings_of_feature("original_shape_MeshVolume") is None
    True
    """
    kind, _, rest = name.partition("_")
    family, _, feature = rest.partition("_")
    if family not in {entry.name for entry in families_of("maps")} or not feature:
        return None
    settings: dict[str, Any] = {"families": (family,), "features": (feature,)}
    found = _LOG.fullmatch(kind)
    if found:
        sigma = float(f"{found[1]}.{found[2]}")
        return settings | {"image_types": ("LoG",), "log_sigma_mm": (sigma,)}
    if kind.startswith("wavelet-"):
        return settings | {"image_types": ("Wavelet",)}
    return settings | {"image_types": (_TYPES[kind],)} if kind in _TYPES else None


def map_of_feature(
    image: Image, segmentation: Segmentation, name: str, *, progress: Progress = quiet
) -> Image:
    """Map of a feature in the union of all regions, and of no other derived image.

    Parameters
    ----------
    image, segmentation
        Scan, and regions on its grid.
    name : str
        As a feature of a region is called; one with a map.
    progress : Progress, optional
        Reports, may cancel.
    """
    whole = replace(
        segmentation,
        labels=(segmentation.labels > 0).astype(np.uint8),
        scheme=(Label(1, "tumor"),),
    )
    settings = settings_of_feature(name) or {}
    plan = plan_maps(image, whole, **settings).only(name.partition("_")[0])
    found = plan.map_of(name, plan.measure(progress=progress)[name])
    done: Image = with_history(found, record_of(texture_maps, image, whole, **settings))
    return done


class Behind(QObject):
    """Waits for a patient to be open, then maps a feature on it.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    parent : QObject
        Owner.

    Attributes
    ----------
    told : Signal(str)
        What was shown, or why there is no map.
    waits : Signal(str)
        What is under way, or waited for.
    """

    told = Signal(str)
    waits = Signal(str)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._wanted, self._looks = ("", ""), 0
        self._mapped = ("", "")
        self.runner = Runner(self)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.runner.ended.connect(self._ended)
        self.runner.stepped.connect(self._tell_step)

    def follow(self, patient: str, feature: str) -> None:
        """Map a feature on a patient as soon as it is open."""
        if self.runner.running and self._mapped == self._wanted == (patient, feature):
            return
        self.runner.cancel()
        self._wanted, self._looks = (patient, feature), 0
        if settings_of_feature(feature) is None:
            self._timer.stop()
            self.told.emit(f"{feature} is a number of the whole region and has no map.")
        else:
            self._timer.start()

    def stop(self) -> None:
        """Wait for no patient any more, and map nothing."""
        self._timer.stop()
        self.runner.cancel()
        self._wanted = ("", "")

    def _look(self) -> None:
        patient, feature = self._wanted
        self._looks += 1
        if self._looks > _MOST_LOOKS:
            self._timer.stop()
            self.told.emit(f"No map of {feature}: {patient} was not opened in ten minutes.")
            return
        if self.runner.running:
            return
        if attached(self._viewer, PatientView).patient_id != patient:
            self._tell_late(
                f"Waiting for {patient} to open. The Cohort dock opens it: keep it open, too."
            )
            return
        pair = self._measured()
        if pair is None and self._has_no_scan(patient):
            self._timer.stop()
            self.told.emit(f"{patient} has no scan in this cohort: there is nothing to show.")
            return
        if pair is None:
            self._tell_late(self._what_lacks(patient))
            return
        self._timer.stop()
        self._mapped = self._wanted
        self.waits.emit(f"{patient} is open. Mapping {feature} …")
        self.runner.run(map_of_feature, *pair, feature, title=f"Map {feature}")

    def _tell_late(self, text: str) -> None:
        """Say what is waited for, once it takes its time."""
        if self._looks >= _SOON and self._looks % _SOON == 0:
            self.waits.emit(text)

    def _tell_step(self, done: int, total: int, what: str) -> None:
        patient, feature = self._wanted
        if not self.runner.running or self.runner.cancelling:
            return
        if total:
            self.waits.emit(f"{patient} is open. Mapping {feature}: {100 * done // total} %")
        elif what and done:  # steps without a number take their time
            self.waits.emit(f"{patient} is open. {what} …")

    def _measured(self) -> tuple[Image, Segmentation] | None:
        """The scan in sight and the regions that were drawn on it, not what was found in them."""
        for scan in self._viewer.layers:
            source = scan.metadata.get(SOURCE)
            if not (is_scan(scan) and scan.visible and isinstance(source, Image)):
                continue
            for region in self._viewer.layers:
                drawn_on = is_region(region) and not is_derived(region) and region.visible
                if drawn_on and belongs_to(region, scan):
                    drawn = object_of(region, self._viewer.layers)
                    if isinstance(drawn, Segmentation):
                        return source, drawn
        return None

    def _has_no_scan(self, patient: str) -> bool:
        """Whether neither the layers nor the cohort have a scan of a patient."""
        cohort = session_of(self._viewer).cohort
        if cohort is None or any(map(is_scan, self._viewer.layers)):
            return False
        return not cohort.scans["patient_id"].astype(str).eq(patient).any()

    def _what_lacks(self, patient: str) -> str:
        if any(map(is_scan, self._viewer.layers)) and not any(map(is_region, self._viewer.layers)):
            return (
                f"{patient} is open, but has no regions. Draw them in the Segment dock; then the "
                "map comes."
            )
        return (
            f"{patient} is open, but no scan with its regions is in sight. Show both in the "
            "layer list; then the map comes."
        )

    def _ended(self, outcome: Outcome) -> None:
        patient, feature = self._mapped
        if outcome.cancelled or self._mapped != self._wanted:
            return
        if not outcome.ok:
            self.told.emit(f"No map of {feature}: {outcome.error}")
            return
        if attached(self._viewer, PatientView).patient_id != patient:
            return  # another one is open by now
        dress_canvas(self._viewer)
        layer = show_maps(self._viewer, {feature: outcome.value}, first=feature)
        keep_under_points(self._viewer, layer)
        self.told.emit(
            f"{patient}: the map of {feature} (3 × 3 × 3 voxels around each) is on the scan."
        )
