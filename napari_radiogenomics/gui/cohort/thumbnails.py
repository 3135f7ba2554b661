"""Small pictures and tumour volumes of patients, made one after another in the background.

The latest wish is served first, because it is what the person looks at. Results are kept on
disk by the identity of the files, so that a cohort that was seen once is there at once.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import RadiogenomicsError
from napari_radiogenomics.gui.layers.layers import contrast_limits
from napari_radiogenomics.imaging.display import show
from napari_radiogenomics.io.atomic import atomic_path

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["SIDE", "Glance", "Thumbnails", "glance", "glance_of"]

SIDE = 40
"""Side of a thumbnail in pixels."""
_CONTOUR = np.array([255, 176, 0], np.uint8)
_FORMAT = 2


@dataclass(frozen=True, eq=False)
class Glance:
    """What the table shows of a patient's scan.

    Attributes
    ----------
    picture : ndarray of uint8, shape (SIDE, SIDE, 3), or None
        Axial slice with the largest tumour; None where no scan could be read.
    volume_ml : float
        Volume of all labels of the first segmentation; NaN where there is none.
    """

    picture: NDArray[np.uint8] | None
    volume_ml: float


def glance(scan: Image | None, segmentation: Segmentation | None) -> Glance:
    """Make the thumbnail of a scan and measure the tumour on its true grid.

    Parameters
    ----------
    scan : Image or None
        The scan; the first volume of a 4-D one is taken.
    segmentation : Segmentation or None
        The tumour; its outline is drawn where it lies on the grid of the scan.
    """
    volume = np.nan
    if segmentation is not None:
        drawn = np.logical_or.reduce([layer > 0 for layer in segmentation.layers()])
        volume = float(drawn.sum()) * segmentation.geometry.voxel_volume / 1000
    if scan is None:
        return Glance(None, volume)
    first = scan.volumes()[0]
    shown = show(first)[0]
    mask = _mask_on(segmentation, shown.geometry)
    areas = None if mask is None else mask.sum(axis=(1, 2))
    k = len(shown.array) // 2 if areas is None or not areas.any() else int(areas.argmax())
    low, high = contrast_limits(first)
    gray = np.clip((shown.array[k].astype(np.float32) - low) / (high - low), 0, 1)
    spacing = (shown.scale[1], shown.scale[2])
    return Glance(_square(gray, None if mask is None else mask[k], spacing), volume)


def _mask_on(segmentation: Segmentation | None, grid: Any) -> NDArray[np.bool_] | None:
    if segmentation is None:
        return None
    parts = show(segmentation)
    if not parts[0].geometry.same_grid(grid):
        return None
    return np.asarray(np.logical_or.reduce([part.array > 0 for part in parts]))


def _square(
    gray: NDArray[np.float32], mask: NDArray[np.bool_] | None, spacing: tuple[float, float]
) -> NDArray[np.uint8]:
    """Sample a slice onto a square of pixels that keeps its proportions in mm."""
    extent = np.array(gray.shape) * spacing
    step = extent.max() / SIDE
    y, x = (np.arange(SIDE) + 0.5) * step - (extent.max() - extent[:, np.newaxis]) / 2
    rows, columns = np.floor(y / spacing[0]).astype(int), np.floor(x / spacing[1]).astype(int)
    inside = np.outer(
        (rows >= 0) & (rows < gray.shape[0]), (columns >= 0) & (columns < gray.shape[1])
    )
    pick = np.ix_(np.clip(rows, 0, gray.shape[0] - 1), np.clip(columns, 0, gray.shape[1] - 1))
    values = np.where(inside, gray[pick], 0.0)
    picture = np.repeat((values * 255).astype(np.uint8)[..., np.newaxis], 3, axis=-1)
    if mask is not None:
        drawn = mask[pick] & inside
        padded = np.pad(drawn, 1)
        whole = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        picture[drawn & ~whole] = _CONTOUR
    return picture


def glance_of(cohort: Cohort, patient_id: str) -> Glance:
    """Read the first scan that has a segmentation, and make its `Glance`.

    Files that cannot be read give an empty one: opening the patient says why.
    """
    scan_path, drawn_path = _paths(cohort, patient_id)
    store = _store(scan_path, drawn_path)
    known = _load(store)
    if known is not None:
        return known
    found = glance(_read(scan_path, "image"), _read(drawn_path, "segmentation"))
    _save(found, store)
    return found


def _paths(cohort: Cohort, patient_id: str) -> tuple[Path | None, Path | None]:
    drawn = cohort.segmentations_of(patient_id)
    scans = cohort.scans_of(patient_id)
    drawn, scans = drawn[drawn["path"] != ""], scans[scans["path"] != ""]
    if len(drawn):
        first = drawn.iloc[0]
        own = scans[scans.index == first["scan_id"]]
        scan = cohort.file(own.iloc[0]["path"]) if len(own) else None
        return scan, cohort.file(first["path"])
    return (cohort.file(scans.iloc[0]["path"]) if len(scans) else None), None


def _read(path: Path | None, kind: Any) -> Any:
    from napari_radiogenomics.io.files import find_format
    from napari_radiogenomics.io.format import ReadOptions

    if path is None:
        return None
    try:
        found = find_format(path).read(path, ReadOptions(kind=kind))
    except (RadiogenomicsError, OSError, EOFError, ValueError, KeyError, RuntimeError):
        return None
    wanted = Image if kind == "image" else Segmentation
    return next((obj for obj in found if isinstance(obj, wanted)), None)


def _store(*paths: Path | None) -> Path | None:
    """Where the glance of these files is kept; None where they cannot be told apart."""
    import platformdirs

    parts = [f"{_FORMAT}"]
    for path in paths:
        try:
            facts = None if path is None else path.stat()
        except OSError:
            return None
        parts.append("" if facts is None else f"{path} {facts.st_mtime_ns} {facts.st_size}")
    name = hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
    return Path(platformdirs.user_cache_dir("napari-radiogenomics")) / "glances" / f"{name}.npz"


def _load(store: Path | None) -> Glance | None:
    if store is None or not store.exists():
        return None
    try:
        with np.load(store, allow_pickle=False) as kept:
            picture, volume = kept["picture"], float(kept["volume_ml"])
    except (OSError, ValueError, KeyError, EOFError):
        return None
    return Glance(picture if picture.size else None, volume)


def _save(found: Glance, store: Path | None) -> None:
    if store is None:
        return
    picture = np.zeros(0, np.uint8) if found.picture is None else found.picture
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(store) as temporary:
            np.savez_compressed(temporary, picture=picture, volume_ml=found.volume_ml)
    except OSError:  # a cache that cannot be written only costs time
        return


class Thumbnails(QObject):
    """Makes glances in one background thread, the latest wish first.

    Attributes
    ----------
    made : Signal(str, Glance)
        Patient and its glance.
    """

    made = Signal(object, str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="thumbnails")
        stop = weakref.finalize(self, self._pool.shutdown, wait=False, cancel_futures=True)
        stop.atexit = False
        self._wishes: list[str] = []
        self._asked: set[str] = set()
        self._lock = threading.Lock()
        self._cohort: Cohort | None = None
        self._held = False
        self._serving = False

    @property
    def held(self) -> bool:
        """Whether wishes wait, as while the first patient of a cohort is opened."""
        return self._held

    @held.setter
    def held(self, held: bool) -> None:
        self._held = held
        waiting = 0 if held else len(self._wishes)
        for _ in range(waiting):
            self._pool.submit(self._serve)

    @property
    def busy(self) -> bool:
        """Whether some wish is not yet served, or is being served."""
        return bool(self._wishes) or self._serving

    def use(self, cohort: Cohort | None) -> None:
        """Forget all wishes and serve another cohort."""
        with self._lock:
            self._wishes.clear()
            self._asked.clear()
            self._cohort = cohort

    def ask(self, patient_id: str) -> None:
        """Wish for the glance of a patient; asking again brings nothing new."""
        with self._lock:
            if patient_id in self._asked or self._cohort is None:
                return
            self._asked.add(patient_id)
            self._wishes.append(patient_id)
        if not self._held:
            self._pool.submit(self._serve)

    def again(self, patient_id: str) -> None:
        """Wish for it anew, as after its labels were saved."""
        with self._lock:
            self._asked.discard(patient_id)
        self.ask(patient_id)

    def _serve(self) -> None:
        with self._lock:
            if not self._wishes or self._cohort is None:
                return
            cohort, patient_id = self._cohort, self._wishes.pop()
            self._serving = True
        try:
            found = glance_of(cohort, patient_id)
            with self._lock:
                current = cohort is self._cohort
            if current:
                self.made.emit(cohort, patient_id, found)
        finally:
            self._serving = False

    def stop(self) -> None:
        """Serve no more wishes, and wait for the one that is being made."""
        self.use(None)
        self._pool.shutdown(wait=True, cancel_futures=True)
