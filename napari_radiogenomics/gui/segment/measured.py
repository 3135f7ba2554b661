"""What the regions of a layer measure, kept up to date while a person draws."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.segment.job import regions_of, scan_of
from napari_radiogenomics.gui.segment.work import LatestWork
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.segmentation import measure_regions

if TYPE_CHECKING:
    import pandas as pd
    from napari.layers import Labels, Layer

__all__ = ["Measured", "measure_layers"]

_PAUSE_MS = 400


def measure_layers(region: Any, scan: Any, *, progress: Progress = quiet) -> pd.DataFrame | None:
    """Measure the labels of layer data on the true grid; None where nothing is drawn.

    Parameters
    ----------
    region : layer data tuple
        Of a Labels layer.
    scan : layer data tuple or None
        Of its scan; one on another grid gives no mean.
    progress : Progress, optional
        Reports the labels, may cancel.
    """
    segmentation, image = regions_of(region, [scan]), scan_of(scan)
    if not segmentation.present:
        return None
    measure = inspect.unwrap(measure_regions)
    try:
        return measure(segmentation, image, progress=progress)
    except (GeometryError, InputError):
        # A scan on another grid, or with holes: the regions have a size all the same.
        return measure(segmentation, progress=progress)


class Measured(QObject):
    """Measures the regions of a layer after each change, in a worker.

    Parameters
    ----------
    layers : callable
        Answers with the Labels layer and its scan, either of which may be None.
    parent : QObject
        Owner.

    Attributes
    ----------
    found : Signal(object)
        The table of `measure_regions`, or None where nothing is drawn.
    active : callable
        Whether anybody looks at the table.
    looked : Signal()
        It is about to measure other voxels than before: list the labels.
    """

    found = Signal(object)
    looked = Signal()

    def __init__(
        self, layers: Callable[[], tuple[Labels | None, Layer | None]], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._layers = layers
        self.active: Callable[[], bool] = lambda: True
        self._known: tuple[Any, ...] = ()
        self.table: pd.DataFrame | None = None
        self.work = LatestWork(self._make, self, pause_ms=_PAUSE_MS, title="Measure regions")
        self.work.ended.connect(self._take)

    def ask(self, event: object = None) -> None:
        """Look soon whether anything changed; a hidden dock measures nothing."""
        if self.active():
            self.work.ask()

    def _make(self) -> tuple[Callable[..., Any], tuple[Any, ...]] | None:
        region, scan = self._layers()
        if region is None:
            return None
        data = np.asarray(region.data)
        seen = (region, scan, None if scan is None else scan.data)
        same = self._known and all(a is b for a, b in zip(self._known[1], seen, strict=True))
        if same and self._known[0].shape == data.shape and np.array_equal(self._known[0], data):
            return None
        copy = np.array(data)
        self._known = (copy, seen)
        self.looked.emit()
        _, attributes, kind = region.as_layer_data_tuple()
        told = None if scan is None else scan.as_layer_data_tuple()
        return measure_layers, ((copy, attributes, kind), told)

    def _take(self, outcome: Outcome) -> None:
        if outcome.ok:
            self.table = outcome.value
            self.found.emit(outcome.value)
        else:
            self._known = ()
