"""What napari finds in the manifest: readers, writers and sample data.

Expected errors become one notification and leave the viewer as it was. Where there is no
window (a script with a `ViewerModel`), they are raised.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import napari
import napari.viewer
import numpy as np
from napari.layers import Image as ImageLayer
from napari.utils.notifications import show_error, show_warning

from napari_radiogenomics.data.segmentation import Segmentation, labels_present
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import DataWarning, InputError, RadiogenomicsError
from napari_radiogenomics.gui.by_name import by_name
from napari_radiogenomics.gui.drops import (
    dress_later,
    files_of,
    is_cohort,
    is_scan_tree,
    lying_apart,
    on_another_grid,
    readers_of_others,
    scan_of,
)
from napari_radiogenomics.gui.layers.edits import mark_saved, object_from
from napari_radiogenomics.gui.layers.keys import PART, SOURCE
from napari_radiogenomics.gui.layers.layers import LayerData, layers_of, notes_of
from napari_radiogenomics.gui.preferences import preference
from napari_radiogenomics.gui.real_cases import pyradiomics_case
from napari_radiogenomics.io.files import find_format, read_all, write
from napari_radiogenomics.io.format import FORMATS
from napari_radiogenomics.io.formats.ometiff import is_whole_slide

__all__ = [
    "NOTHING",
    "NO_LAYER",
    "get_reader",
    "brain_case",
    "breast_case",
    "guarded",
    "is_cohort",
    "lung_case",
    "open_sample_cohort",
    "read_objects",
    "read_paths",
    "sample_case",
    "write_image",
    "write_labels",
    "write_regions",
]

NOTHING: list[Any] = [(None,)]
"""What tells napari that a file was dealt with and gives no layer."""
NO_LAYER: list[LayerData] = [(np.empty((0, 1, 1)), {"channel_axis": 0}, "image")]
"""The same for sample data, where napari takes `NOTHING` for a mistake: an image of no channels,
each of which would become a layer."""


# Endings that are not ours alone: what is in the file decides.
_PICTURES, _OME, _TABLES = (".tif", ".tiff"), (".ome.tif", ".ome.tiff"), (".csv", ".tsv")


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """Answer whether we can read a path, or all paths of a list; looks at a few bytes at most.

    Parameters
    ----------
    path : str or list of str
        Files, DICOM folders or cohort folders.

    Returns
    -------
    callable or None
        The reader. Files that look like ours by their name get one even when they are
        damaged, so that the person hears why; so do folders, but for those that hold only what
        another plugin reads: they are passed on to it; of several, napari lets the person choose.
    """
    paths = [path] if isinstance(path, str) else list(path)
    if not paths or not all(_is_ours(Path(one)) for one in paths):
        return None
    others = readers_of_others([Path(one) for one in paths])
    if others:
        return others[0] if len(others) == 1 else None
    return read_paths


def _is_ours(path: Path) -> bool:
    if path.is_dir() or is_cohort(path):
        return True
    name = path.name.lower()
    if name.endswith(_PICTURES) and not name.endswith(_OME):
        return is_whole_slide(path)
    if not name.endswith(_TABLES) and any(form.claims(path) for form in FORMATS):
        return True
    try:
        find_format(path)
    except InputError:
        return False
    return True


def guarded(
    work: Callable[[], list[LayerData]], paths: Sequence[str | Path] = ()
) -> list[LayerData]:
    """Do the reading of paths; an expected error becomes one notification in a window."""
    try:
        layers = work()
    except RadiogenomicsError as error:
        if napari.current_viewer() is None:
            raise
        show_error(by_name(str(error), paths))
        return NOTHING
    if layers is not NOTHING:
        dress_later(layers)
    return layers


def _sample(work: Callable[[], list[LayerData]]) -> list[LayerData]:
    """As `guarded`, for what is opened by File ▸ Open Sample."""
    layers = guarded(work)
    return NO_LAYER if layers is NOTHING else layers


def read_paths(path: str | Sequence[str]) -> list[LayerData]:
    """Read files and folders into layers; a cohort opens in its dock with its first patient.

    Parameters
    ----------
    path : str or list of str
        What was dropped, or chosen under File ▸ Open.

    Returns
    -------
    list of LayerData
        All layers, or none at all.
    """
    paths = [Path(path)] if isinstance(path, str) else [Path(one) for one in path]
    return guarded(lambda: _layers_of_paths(paths), paths)


def _layers_of_paths(paths: Sequence[Path]) -> list[LayerData]:
    cohorts = [one for one in paths if is_cohort(one)]
    if cohorts and len(paths) > 1:
        raise InputError("A cohort is opened alone. Drop its folder without other files.")
    if cohorts:
        path = cohorts[0]
        return _open_cohort(path.parent if path.name == "cohort.toml" else path)
    window = isinstance(napari.current_viewer(), napari.viewer.Viewer)
    if window and len(paths) == 1 and is_scan_tree(paths[0]):
        return _open_cohort(paths[0])  # its dock asks for the pattern
    files = [file for one in paths for file in files_of(one)]
    objects: list[Any] = []
    for file in files:
        objects += read_objects(file, beside=objects)
    rest = _without_slides(objects)
    return _shown(rest) if rest or not objects else NOTHING


def _without_slides(objects: list[Any]) -> list[Any]:
    """Leave slides to the Slide dock where there is a scan, which they would be drawn over."""
    viewer = napari.current_viewer()
    slides = [obj for obj in objects if isinstance(obj, Slide)]
    rest = [obj for obj in objects if not isinstance(obj, Slide)]
    scans = any(
        isinstance(layer, ImageLayer) and layer.ndim > 2 for layer in getattr(viewer, "layers", ())
    )
    if not slides or not isinstance(viewer, napari.viewer.Viewer) or not (rest or scans):
        return objects
    from napari_radiogenomics.gui.slide.opening import slide_dock

    slide_dock(viewer).take(slides)
    return rest


def read_objects(path: Path, *, beside: Sequence[Any] = (), **options: Any) -> list[Any]:
    """Read all objects of a path; what should be known of it comes as a notification.

    Parameters
    ----------
    path : Path
        File or DICOM folder.
    beside : sequence, optional
        What was read before: a DICOM SEG that refers to one of these scans, or to one that is
        open, comes on its grid.
    **options
        As for `napari_radiogenomics.read_all`.
    """
    with warnings.catch_warnings():
        # Python would show the same note once in a session, not once a file.
        warnings.simplefilter("ignore", DataWarning)
        objects = read_all(path, **options)
        scan = scan_of(objects, beside, getattr(napari.current_viewer(), "layers", ()))
        if scan is not None:
            objects = read_all(path, **options, reference=scan)
    for note in notes_of(objects):
        show_warning(by_name(note, [path]))
    return objects


def _shown(objects: list[Any]) -> list[LayerData]:
    window, fourth_axis = preference("window"), preference("fourth_axis")
    layers = layers_of(objects, window=window, fourth_axis=fourth_axis)
    if not layers:
        raise InputError("Nothing in it can be drawn: no voxels and no located samples.")
    warning = on_another_grid(objects, getattr(napari.current_viewer(), "layers", ()))
    for said in filter(None, (warning, lying_apart(objects))):
        show_warning(said)
    return layers


def _open_cohort(path: Path) -> list[LayerData]:
    viewer = napari.current_viewer()
    if viewer is not None:
        from napari_radiogenomics.gui.workspace import open_cohort_dock

        open_cohort_dock(viewer, path)
        return NOTHING
    from napari_radiogenomics.io.cohorts import open_cohort

    return _first_patient(open_cohort(path))


def _first_patient(cohort: Any) -> list[LayerData]:
    """Scans, segmentations and biopsies of the first patient at the first timepoint."""
    from napari_radiogenomics.gui.cohort.patient import AT_FIRST, load_layers

    if not len(cohort.patients):
        raise InputError(f"{cohort.root} has no patients. Check its patients.csv.")
    patient = str(cohort.patients.index[0])
    timepoint = next(iter(cohort.timepoints_of(patient)), "")
    return load_layers(
        cohort,
        patient,
        timepoint=timepoint,
        open_with=AT_FIRST,
        window=preference("window"),
        fourth_axis=preference("fourth_axis"),
    ).layers


def write_image(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write an image layer on its true grid, in the format that the name of the file says.

    Parameters
    ----------
    path : str
        Where to write.
    data : array_like
        Voxels of the layer.
    attributes : dict
        Of the layer, with its source in the metadata.

    Returns
    -------
    list of str
        The written file.
    """
    return [str(_write(object_from(data, attributes, "image", _other_layers()), path))]


def _write(obj: Any, path: str) -> Path:
    """Write; what the format cannot keep comes as a notification, every time."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            written = write(obj, path)
        except InputError as error:
            raise InputError(by_name(str(error), [path])) from error
    for one in caught:
        if issubclass(one.category, DataWarning):
            show_warning(by_name(str(one.message), [path]))
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return written


def write_labels(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write a labels layer with its edits on the true grid; parameters as `write_image`.

    Of overlapping regions, only those of this layer are written: select all their layers to
    write them together.
    """
    segmentation = object_from(data, attributes, "labels", _other_layers())
    if segmentation.overlapping:
        labels = segmentation.layers()[attributes["metadata"].get(PART, 0)]
        present = labels_present(labels)
        scheme = tuple(label for label in segmentation.scheme if label.value in present)
        segmentation = replace(segmentation, labels=labels, scheme=scheme)
    written = _write(segmentation, path)
    mark_saved(attributes.setdefault("metadata", {}), segmentation)
    _tell_saved(segmentation)
    return [str(written)]


def write_regions(path: str, layers: list[LayerData]) -> list[str]:
    """Write several labels layers that are overlapping regions of one segmentation.

    Raises
    ------
    InputError
        If the layers do not belong together.
    """
    sources = [attributes.get("metadata", {}).get(SOURCE) for _, attributes, _ in layers]
    first = sources[0]
    if not isinstance(first, Segmentation) or any(source is not first for source in sources):
        raise InputError(
            "These labels layers are not regions of one segmentation. Save one layer at a time."
        )
    parts = [object_from(*layer) for layer in layers]
    labels = first.labels.copy()
    for part, (_, attributes, _) in zip(parts, layers, strict=True):
        number = attributes["metadata"].get(PART, 0)
        labels[number] = part.labels[number]
    merged = replace(first, labels=labels, fractions=None)
    written = _write(merged, path)
    for _, attributes, _ in layers:
        mark_saved(attributes["metadata"], merged)
    _tell_saved(merged)
    return [str(written)]


def _other_layers() -> list[LayerData]:
    viewer = napari.current_viewer()
    return [] if viewer is None else [layer.as_layer_data_tuple() for layer in viewer.layers]


def _tell_saved(segmentation: Segmentation) -> None:
    """Let the cohort's table look again whether the open patient has unsaved edits."""
    viewer = napari.current_viewer()
    if viewer is None:
        return
    from napari_radiogenomics.gui.session import session_of

    session = session_of(viewer)
    session.edits.saved.emit(segmentation)


def open_sample_cohort() -> list[LayerData]:
    """Open the sample cohort; it is simulated once where it did not come with the package."""

    def work() -> list[LayerData]:
        from napari_radiogenomics.simulate import sample_cohort

        return _open_cohort(sample_cohort())

    return _sample(work)


def sample_case() -> list[LayerData]:
    """Layers of one simulated patient at the first timepoint: scan, segmentation, biopsies."""

    def work() -> list[LayerData]:
        from napari_radiogenomics.io.cohorts import open_cohort
        from napari_radiogenomics.simulate import sample_cohort

        return _first_patient(open_cohort(sample_cohort()))

    return _sample(work)


def _real_case(name: str, title: str, modality: str, unit: str) -> list[LayerData]:
    image, mask = (Path(path) for path in pyradiomics_case(name))
    scans = read_objects(image, kind="image")
    drawn = read_objects(mask, kind="segmentation")
    scan = replace(scans[0], name=title, modality=modality, unit=unit)
    return _shown([scan, replace(drawn[0], name=f"{title} tumour")])


def brain_case() -> list[LayerData]:
    """Open the MR of a brain tumour from PyRadiomics."""
    return _sample(lambda: _real_case("brain1", "Brain tumour (MR)", "MR", ""))


def breast_case() -> list[LayerData]:
    """Open the MR of a breast tumour from PyRadiomics."""
    return _sample(lambda: _real_case("breast1", "Breast tumour (MR)", "MR", ""))


def lung_case() -> list[LayerData]:
    """Open the CT of a lung tumour from PyRadiomics."""
    return _sample(lambda: _real_case("lung1", "Lung tumour (CT)", "CT", "HU"))
