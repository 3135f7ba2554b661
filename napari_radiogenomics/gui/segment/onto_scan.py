"""Bring a segmentation onto the grid of a scan: a new layer, the old one stays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.layers.keys import SAVED
from napari_radiogenomics.gui.layers.layers import segmentation_layers
from napari_radiogenomics.gui.segment.job import regions_of, scan_of
from napari_radiogenomics.gui.segment.painting import fits
from napari_radiogenomics.imaging.resample import resample

if TYPE_CHECKING:
    from napari_radiogenomics.gui.segment.desk import DrawDesk

__all__ = ["OntoScan", "onto_scan"]


def onto_scan(region: Any, scan: Any) -> Segmentation:
    """Resample the regions of layer data onto the scan of layer data.

    Raises
    ------
    InputError
        If no region lies inside the scan.
    """
    image, before = scan_of(scan), regions_of(region)
    if image is None:
        raise InputError("The chosen layer is no scan. Choose the scan to resample onto.")
    found = resample(before, image.volumes()[0])
    if before.present and not found.present:
        raise InputError(
            f'No region of {before.called} lies inside "{image.name}". They are of different '
            "places or patients; choose another scan."
        )
    facts = {key: image.metadata[key] for key in ("scan_id",) if key in image.metadata}
    kept = {k: v for k, v in found.metadata.items() if k not in ("scan_id", "path")}
    name = f"{before.name} on {image.name}".strip()
    return replace(found, name=name, metadata={**kept, **facts})


class OntoScan(QObject):
    """What the button *Onto scan* does, in a worker.

    Parameters
    ----------
    desk : DrawDesk
        The desk it belongs to.
    """

    def __init__(self, desk: DrawDesk) -> None:
        super().__init__(desk)
        self._desk = desk
        self.runner = Runner(self)
        self.runner.ended.connect(self._ended)
        desk.page.onto_button.clicked.connect(self.start)

    def start(self) -> None:
        """Resample the chosen segmentation onto the chosen scan."""
        layer, scan = self._desk.layer, self._desk.page.scan.layer
        if layer is None or scan is None:
            self._desk.say("Choose a scan and a segmentation above first.", "error")
        elif fits(layer, scan):
            self._desk.say(f'"{layer.name}" is on the grid of "{scan.name}" already.')
        elif not self.runner.running:
            data, attributes, kind = layer.as_layer_data_tuple()
            region = (np.array(data), attributes, kind)
            self.runner.run(onto_scan, region, scan.as_layer_data_tuple(), title="Onto scan")
            self._desk.say("Working …")

    def _ended(self, outcome: Outcome) -> None:
        if not outcome.ok:
            text = "Cancelled." if outcome.cancelled else str(outcome.error)
            self._desk.say(text, "plain" if outcome.cancelled else "error")
            return
        found: Segmentation = outcome.value
        data, settings, _ = segmentation_layers(found)[0]
        settings["metadata"][SAVED] = replace(found, labels=np.zeros_like(found.labels))
        layer = self._desk.viewer.add_labels(data, **settings)
        self._desk.page.region.layer = layer
        self._desk.viewer.layers.selection.active = layer
        self._desk.say(
            f'"{found.name}" added, each voxel from the nearest one. The one before stays.',
            "good",
        )
