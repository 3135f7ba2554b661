"""The demo: the sample cohort in napari; without a display, pictures of it."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.demo_genes import GENE_SHOTS, gene_scenes
from napari_radiogenomics.gui.demo_page import Picture, page_of
from napari_radiogenomics.gui.demo_segment import SEGMENT_SHOTS, segment_scenes
from napari_radiogenomics.gui.screen import has_display, virtual_screen
from napari_radiogenomics.io.atomic import atomic_path

if TYPE_CHECKING:
    import napari

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["Picture", "is_blank", "run_demo"]

SIZES = ((1366, 768), (1920, 1080))
THEMES = ("dark", "light")
# Themes and sizes of each scene: all for the map, enough for the others.
_SHOTS = {
    "1-empty": [(SIZES[0], "dark")],
    "2-ct": [(SIZES[0], "dark"), (SIZES[0], "light")],
    "3-preview": [(SIZES[0], "dark")],
    "3-map": [(size, theme) for theme in THEMES for size in SIZES],
    "3-features": [(SIZES[0], "dark")],
    "3-habitats": [(SIZES[0], "light")],
    "4-mr": [(SIZES[0], "dark"), (SIZES[1], "dark")],
    **SEGMENT_SHOTS,
    "7-scan": [(SIZES[0], "light")],
    **GENE_SHOTS,
}
_SECONDS = 180.0


def run_demo(output: Path | None = None, window: bool | None = None) -> list[Picture]:
    """Open the workspace with the sample cohort, or write pictures of it.

    Parameters
    ----------
    output : Path, optional
        Folder for pictures; ``demo_output`` where there is no display and none is given.
    window : bool, optional
        Open a window for a person and wait until it is closed. By default where there is a
        display and no folder is given.

    Returns
    -------
    list of Picture
        What was written; nothing for a window.

    Raises
    ------
    InputError
        If there is no display and none can be started, if the folder cannot be made, or if a
        picture is blank.
    """
    if window is None:
        window = output is None and has_display()
    if window:
        _show_window()
        return []
    folder = Path("demo_output") if output is None else output
    _make(folder)
    with _some_screen():
        pictures = _take_pictures(folder)
    page = folder / "index.html"
    with atomic_path(page) as temporary:
        temporary.write_text(page_of(pictures), encoding="utf-8")
    sys.stdout.write(f"{len(pictures)} pictures of the window: {page}\n")
    return pictures


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"The folder {folder.absolute()} cannot be made ({error.strerror}). Name another one "
            "with the setting output."
        ) from error


@contextlib.contextmanager
def _some_screen() -> Iterator[None]:
    """Use the display that is there; where there is none, a virtual one."""
    from qtpy.QtWidgets import QApplication

    if has_display() or QApplication.instance() is not None:
        yield
    else:
        width, height = SIZES[-1]
        with virtual_screen((width + 80, height + 120)):
            yield


def _show_window() -> None:
    import napari

    from napari_radiogenomics.gui.workspace import open_workspace

    viewer = napari.Viewer(title="napari-radiogenomics demo")
    open_workspace(viewer)["Cohort"].open_sample()
    napari.run()


def _take_pictures(folder: Path) -> list[Picture]:
    import napari

    from napari_radiogenomics.gui.workspace import open_workspace

    viewer = napari.Viewer(title="napari-radiogenomics demo")
    before = viewer.theme
    try:
        viewer.window.resize(*SIZES[0])
        widgets = open_workspace(viewer)
        _settle()
        return [
            picture
            for name, caption in _scenes(viewer, widgets)
            for picture in _photograph(viewer, folder, name, caption)
        ]
    finally:
        viewer.theme = before
        viewer.close()


def _scenes(viewer: napari.Viewer, widgets: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Bring the window into one state after another; name and caption of each."""
    from napari_radiogenomics.gui.placing import raise_dock

    cohort_dock, texture_dock = widgets["Cohort"], widgets["Texture"]
    yield "1-empty", "The workspace before a cohort is open: it says what to do first."
    cohort_dock.open_sample()
    _until(lambda: _is_open(cohort_dock), "The sample cohort")
    _until(lambda: not cohort_dock.page.table.rows.thumbnails.busy, "The small pictures")
    cohort: Cohort = cohort_dock.session.cohort
    ct, mr = _patient(cohort, "CT"), _patient(cohort, "MR")
    if ct:
        _open(cohort_dock, ct)
        _to_a_biopsy(cohort_dock, ct)
        yield "2-ct", f"CT of {ct} with segmentation and biopsies; card and table of the cohort."
        _closer(viewer, cohort_dock)
        raise_dock(texture_dock)
        _until(lambda: _previews(texture_dock), "The preview of texture")
        _settle()
        yield "3-preview", f"Live preview of the slices in sight in {ct}, before anything is run."
        _compute(texture_dock)
        viewer.layers.remove(viewer.layers.selection.active)
        _compute(texture_dock)  # now without the time of compiling, which is spent once
        _hover(viewer)
        yield (
            "3-map",
            f"Texture map of {ct} over its CT, with its legend and the card under the mouse.",
        )
        yield from _of_regions(viewer, widgets, ct)
        raise_dock(cohort_dock)
    if mr:
        _open(cohort_dock, mr)
        yield "4-mr", f"MR of {mr} with its regions in three views."
        raise_dock(widgets["Segment"])
        _settle()
        yield from segment_scenes(viewer, widgets["Segment"], mr, _until)
    raise_dock(widgets["Scan"])
    _settle()
    yield "7-scan", "Window and level of the scan; Scan dock."
    if ct:
        _open(cohort_dock, ct)
        _to_a_biopsy(cohort_dock, ct)
        _closer(viewer, cohort_dock)
        raise_dock(widgets["Genes"])
        yield from gene_scenes(viewer, widgets["Genes"], ct, _until)


def _of_regions(
    viewer: napari.Viewer, widgets: dict[str, Any], patient: str
) -> Iterator[tuple[str, str]]:
    """Measure whole regions, and divide one by its maps."""
    from napari_radiogenomics.gui.placing import raise_dock

    features, habitats = widgets["Features"], widgets["Habitats"]
    for name, dock, caption in (
        ("3-features", features, f"Features of the regions of {patient}, a column a region."),
        ("3-habitats", habitats, f"Habitats of the tumour of {patient} by its maps."),
    ):
        raise_dock(dock)
        _settle()
        _compute(dock)
        yield name, caption
    if habitats.layer in viewer.layers:
        viewer.layers.remove(habitats.layer)  # it would count as an unsaved drawing


def _previews(dock: Any) -> bool:
    return dock.looker.layer.layer is not None and not dock.looker.preview.busy


def _compute(dock: Any) -> None:
    dock.start()
    _until(lambda: not dock.runner.running, "What was computed")


def _hover(viewer: napari.Viewer) -> None:
    """Put the cursor on the map in the slice that is shown, as a mouse over it would be."""
    from napari_radiogenomics.gui.canvas.hover import show_hover

    layer = viewer.layers.selection.active
    here = np.round(layer.world_to_data(viewer.dims.point)).astype(int)
    drawn = np.argwhere(np.isfinite(layer.data[here[0]]))
    if len(drawn):
        nearest = drawn[np.abs(drawn - here[1:]).sum(axis=1).argmin()]
        show_hover(viewer).point(layer.data_to_world((here[0], *nearest)))
    _settle()


def _patient(cohort: Cohort, modality: str) -> str:
    """First patient with such a scan, one with located biopsies before others."""
    owners = cohort.scans.loc[cohort.scans["modality"] == modality, "patient_id"]
    biopsies = cohort.overview()["biopsies"]
    ranked = sorted(dict.fromkeys(owners), key=lambda patient: biopsies[patient] == 0)
    return str(ranked[0]) if ranked else ""


def _is_open(dock: Any) -> bool:
    return bool(dock.view.patient_id) and dock.at_rest


def _open(dock: Any, patient_id: str) -> None:
    dock.session.select(patient_id=patient_id)
    _until(lambda: dock.view.patient_id == patient_id and dock.at_rest, patient_id)


def _to_a_biopsy(dock: Any, patient_id: str) -> None:
    """Show the slices of a located sample, as a click on it would."""
    located = dock.session.cohort.samples_table(patient_id, dock.view.timepoint).located
    scans = [layer.metadata["radiogenomics"] for layer in dock.view.layers]
    geometry = next((obj.geometry for obj in scans if hasattr(obj, "geometry")), None)
    if len(located) and geometry is not None:
        point = tuple(float(v) for v in located.points_lps(geometry)[0])
        dock.session.select(sample_id=str(located.table.index[0]), position=point)
    _settle()


def _closer(viewer: napari.Viewer, dock: Any) -> None:
    """Choose the largest region and look at it from nearby, in all linked views."""
    from napari.layers import Labels

    from napari_radiogenomics.gui.cohort.refill import models

    drawn = [layer for layer in dock.view.layers if isinstance(layer, Labels)]
    if drawn:
        table = drawn[0].features.set_index("index")["volume_mL"].drop(0)
        dock.session.select(label=int(table.idxmax()))
    for model in models(viewer):
        camera, dims = model.scene.camera, model.dims
        camera.center = (0.0, *(dims.point[axis] for axis in dims.order[-2:]))
        camera.zoom *= 1.5
    _settle()


def _until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _SECONDS
    while not done():
        if time.monotonic() > end:
            raise InputError(f"{what} was not ready after {_SECONDS:.0f} s. Run it again.")
        _pump()
    _settle()


def _pump() -> None:
    from qtpy.QtWidgets import QApplication

    QApplication.processEvents()
    time.sleep(0.01)


def _settle(seconds: float = 0.4) -> None:
    """Let everything be drawn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        _pump()


def _photograph(viewer: napari.Viewer, folder: Path, name: str, caption: str) -> list[Picture]:
    taken = []
    for (width, height), theme in _SHOTS[name]:
        viewer.window.resize(width, height)
        if viewer.theme != theme:
            viewer.theme = theme
        _settle()
        file = f"{name}-{width}x{height}-{theme}.png"
        picture = viewer.screenshot(str(folder / file), canvas_only=False, flash=False)
        if len(viewer.layers) and is_blank(_canvas_of(picture)):
            raise InputError(
                f"{folder / file} shows a blank canvas: OpenGL does not draw. Install "
                "libgl1 and libgl1-mesa-dri, or run on a screen with OpenGL."
            )
        taken.append(Picture(file, f"{caption} {width}×{height}, {theme}."))
    viewer.window.resize(*SIZES[0])
    return taken


def _canvas_of(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Part of a picture of the window where the main canvas surely is."""
    height, width = picture.shape[:2]
    return picture[height // 10 : height // 2, round(width * 0.27) : width // 2]


def is_blank(picture: NDArray[np.uint8]) -> bool:
    """Whether nothing is seen on a picture of the canvas: hardly any pixel differs.

    Parameters
    ----------
    picture : ndarray of uint8, shape (Y, X, 3) or (Y, X, 4)
        Screenshot of the canvas.

    Examples
    --------
    >>> is_blank(np.zeros((40, 40, 4), np.uint8))
    True
    """
    gray = picture[..., :3].mean(axis=-1)
    return bool((np.abs(gray - np.median(gray)) > 8).mean() < 0.005)
