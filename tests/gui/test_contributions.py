"""What napari finds in the manifest: readers, writers, sample data."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Labels
from napari.plugins.utils import get_preferred_reader
from napari.settings import get_settings
from napari.utils.notifications import notification_manager
from npe2 import PluginManager, PluginManifest
from npe2.io_utils import read_get_reader

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.gui import contributions
from napari_radiogenomics.gui.cohort.dock import CohortDock
from napari_radiogenomics.gui.drops import is_cohort, on_another_grid
from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.gui.layers.layers import image_layers, segmentation_layers
from napari_radiogenomics.gui.preferences import prefer_own_reader
from napari_radiogenomics.imaging import resample
from napari_radiogenomics.io.drawn_on import drawn_on
from napari_radiogenomics.io.files import write
from napari_radiogenomics.io.format import FORMATS

PLUGIN = "napari-radiogenomics"
GRID = Geometry((6, 5, 4), (0.8, 0.8, 3.0), (1.0, 2.0, 3.0))


@pytest.fixture(scope="module", autouse=True)
def _plugins():
    PluginManager.instance().discover()


@pytest.fixture
def manifest():
    return PluginManifest.from_distribution(PLUGIN)


@pytest.fixture
def scan(tmp_path):
    array = np.random.default_rng(0).normal(size=GRID.shape).astype(np.float32)
    return write(Image(array, GRID), tmp_path / "scan.nii.gz")


@pytest.fixture
def readers_chosen():
    """Set which readers the person chose; what was set before comes back."""
    plugins = get_settings().plugins
    before = dict(plugins.extension2reader)
    yield lambda chosen: setattr(plugins, "extension2reader", chosen)
    plugins.extension2reader = before


@pytest.fixture
def in_a_window(monkeypatch):
    """Let the readers believe that a window shows what they notify; hear it."""
    monkeypatch.setattr(contributions.napari, "current_viewer", SimpleNamespace)
    said = []
    monkeypatch.setattr(contributions, "show_error", said.append)
    return said


def test_every_volume_format_is_offered_to_napari(manifest):
    patterns = {p.removeprefix("*") for p in manifest.contributions.readers[0].filename_patterns}
    voxels = {
        suffix
        for form in FORMATS
        if {"image", "segmentation"} & set(form.kinds)
        for suffix in form.suffixes
    }
    missing = voxels - patterns
    assert not missing


def _offered(path: Path) -> set[str]:
    readers = PluginManager.instance().iter_compatible_readers([str(path)])
    return {reader.plugin_name for reader in readers}


def _pyramid(path: Path) -> None:
    level = np.zeros((64, 64, 3), np.uint8)
    with tifffile.TiffWriter(path) as file:
        file.write(level, subifds=1, tile=(16, 16), photometric="rgb")
        file.write(level[::2, ::2], subfiletype=1, tile=(16, 16), photometric="rgb")


@pytest.mark.parametrize("name", ["IM0001", "00000001", "I1", "IM1", "1.2.840.113.4", "a.dicom"])
def test_dicom_without_an_ending_is_offered_and_read(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(bytes(128) + b"DICM" + bytes(64))
    assert PLUGIN in _offered(path)
    assert contributions.get_reader(str(path)) is contributions.read_paths
    if "." not in name:
        path.write_bytes(b"just some text")
        assert contributions.get_reader(str(path)) is None


@pytest.mark.parametrize("name", ["slide.tif", "slide.tiff", "slide.svs", "slide.ome.btf"])
def test_slides_are_read_and_offered_unless_napari_reads_such_names(tmp_path, name):
    _pyramid(tmp_path / name)
    offered = name.endswith((".svs", ".btf"))
    assert (PLUGIN in _offered(tmp_path / name)) == offered
    assert contributions.get_reader(str(tmp_path / name)) is contributions.read_paths


def test_tables_are_read_where_they_are_a_cohort_or_samples(tmp_path):
    (tmp_path / "batch.csv").write_text("Image,Mask\na.nrrd,b.nrrd\n")
    (tmp_path / "biopsies.tsv").write_text("sample_id\tpatient_id\nb1\tP1\n")
    (tmp_path / "points.csv").write_text("index,axis-0,axis-1\n0,1,2\n")
    (tmp_path / "samples.csv").write_text("sample_id,patient_id\nb1,P1\n")
    for name in ("batch.csv", "biopsies.tsv", "samples.csv"):
        assert (PLUGIN in _offered(tmp_path / name)) == (name != "batch.csv")
        assert contributions.get_reader(str(tmp_path / name)) is not None
    assert contributions.get_reader(str(tmp_path / "points.csv")) is None
    assert _offered(tmp_path / "points.csv") == {"napari"}


def test_pictures_stay_with_napari(tmp_path):
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    tifffile.imwrite(tmp_path / "plain.tif", picture)
    assert contributions.get_reader(str(tmp_path / "plain.tif")) is None
    (layer,), reader = read_get_reader(str(tmp_path / "plain.tif"))
    assert reader.plugin_name == "napari"
    np.testing.assert_array_equal(layer[0], picture)
    for name in ("photo.png", "photo.jpg", "film.mp4", "data.h5", "notes"):
        assert PLUGIN not in _offered(tmp_path / name)


def test_every_writable_ending_is_written(manifest):
    for writer in manifest.contributions.writers:
        kind = "image" if writer.layer_types == ["image"] else "segmentation"
        able = {s for f in FORMATS if f.write and kind in f.writes for s in f.suffixes}
        assert set(writer.filename_extensions) <= able


def test_dropped_files_open_as_layers(scan, tmp_path):
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1, 1:3, 1:3] = 1
    drawn = write(Segmentation(labels, GRID, (Label(1, "tumour"),)), tmp_path / "seg.nrrd")
    viewer = ViewerModel()
    viewer.open([str(scan), str(drawn)], plugin=PLUGIN)
    assert [type(layer).__name__ for layer in viewer.layers] == ["Image", "Labels"]
    assert viewer.dims.axis_labels == ("z", "y", "x")
    assert viewer.layers[1].features["name"].tolist() == ["background", "tumour"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.nii.gz", b"", "empty"),
        ("cut.nii.gz", b"\x1f\x8b\x08\x00broken", "damaged"),
        ("cut.nrrd", b"NRRD0004\ntype: float\n", "damaged"),
    ],
)
def test_a_damaged_file_gives_one_message_and_no_layer(tmp_path, in_a_window, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    reader = contributions.get_reader(str(path))
    assert reader is not None
    assert reader(str(path)) == contributions.NOTHING
    assert len(in_a_window) == 1
    assert says in in_a_window[0]
    assert name in in_a_window[0]


def test_a_message_begins_with_the_name_and_the_cause_and_ends_with_the_path(tmp_path, in_a_window):
    path = tmp_path / "my scans" / "ct.nii.gz"
    path.parent.mkdir()
    path.touch()
    contributions.read_paths(str(path))
    (message,) = in_a_window
    assert message.startswith("ct.nii.gz is empty (0 bytes).")
    assert message.endswith(str(path))
    assert message.count(str(path.parent)) == 1


def test_saving_where_it_cannot_be_says_the_name_first(tmp_path):
    data, settings, _ = image_layers(Image(np.zeros(GRID.shape, np.float32), GRID))[0]
    path = tmp_path / "ct.xyz"
    with pytest.raises(InputError, match=r'^"ct\.xyz" is no name'):
        contributions.write_image(str(path), data, settings)
    (tmp_path / "taken.nii.gz").mkdir()
    with pytest.raises(InputError, match=r"^taken\.nii\.gz could not be saved") as caught:
        contributions.write_image(str(tmp_path / "taken.nii.gz"), data, settings)
    assert str(caught.value).endswith(str(tmp_path / "taken.nii.gz"))


def test_one_bad_file_of_several_adds_nothing(scan, tmp_path, in_a_window):
    bad = tmp_path / "bad.nii.gz"
    bad.write_bytes(b"")
    assert contributions.read_paths([str(scan), str(bad)]) == contributions.NOTHING


def test_scripts_get_the_exception(tmp_path):
    path = tmp_path / "empty.nii.gz"
    path.touch()
    with pytest.raises(InputError, match="empty"):
        contributions.read_paths(str(path))


def test_what_is_not_ours_is_left_to_others(tmp_path):
    picture = tmp_path / "photo.png"
    picture.write_bytes(b"\x89PNG")
    assert contributions.get_reader(str(picture)) is None


def folder_of(tmp_path, *names):
    folder = tmp_path / "dropped"
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"\x89PNG")
    return folder


@pytest.mark.parametrize(
    ("names", "says"),
    [((), "Looked for a cohort"), (("a.xyz", "notes"), "Looked for a cohort")],
    ids=["empty", "foreign"],
)
def test_a_folder_of_nothing_gives_one_message_that_says_what_was_looked_for(
    tmp_path, in_a_window, names, says
):
    folder = folder_of(tmp_path, *names)
    assert ViewerModel().open(str(folder), plugin=PLUGIN) == []
    (message,) = in_a_window
    assert says in message
    assert str(folder) in message
    for word in ("cohort.toml", "BraTS", "DICOM series", ".nii.gz"):
        assert word in message


def test_a_folder_of_pictures_is_passed_on_to_napari(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    pictures = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    for number, picture in enumerate(pictures):
        tifffile.imwrite(folder / f"{number}.tif", picture)
    (layer,) = ViewerModel().open(str(folder), plugin=PLUGIN)
    np.testing.assert_array_equal(layer.data, pictures)


def test_a_folder_of_zarr_is_left_to_those_who_read_it(tmp_path):
    folder = tmp_path / "cells.zarr"
    folder.mkdir()
    (folder / "zarr.json").write_text("{}")
    assert contributions.get_reader(str(folder)) is not contributions.read_paths


def test_nothing_is_asked_for_scans_slides_and_folders_once_the_workspace_was_open(
    scan, tmp_path, readers_chosen
):
    readers_chosen({f"{tmp_path / 'own'}/": "napari"})
    for folder in ("patient", "own"):
        (tmp_path / folder).mkdir()
    prefer_own_reader()
    assert get_preferred_reader(tmp_path / "patient") == PLUGIN
    assert get_preferred_reader(tmp_path / "own") == "napari"
    for name in ("a.nii.gz", "a.svs", "a.ome.tif", "a.ome.tiff", "IM1.DCM"):
        assert get_preferred_reader(tmp_path / name) == PLUGIN
    for name in ("a.tif", "a.csv", "a.png"):
        assert get_preferred_reader(tmp_path / name) is None
    scan.rename(tmp_path / "patient" / "ct.nii.gz")
    (layer,) = ViewerModel().open(
        str(tmp_path / "patient"), plugin=None
    )  # raises where napari would ask
    assert layer.name == "ct"


def test_the_volumes_of_a_folder_open_with_scans_at_the_bottom(scan, tmp_path):
    folder = folder_of(tmp_path, "notes.png")
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1, 1:3, 1:3] = 1
    write(Segmentation(labels, GRID, (Label(1, "tumour"),)), folder / "a.nrrd")
    scan.rename(folder / "b.nii.gz")
    layers = ViewerModel().open(str(folder), plugin=PLUGIN)
    assert [layer.name for layer in layers] == ["b", "a"]


def test_a_folder_with_very_many_volumes_is_not_opened(tmp_path, in_a_window):
    folder = folder_of(tmp_path, *(f"{number}.nii.gz" for number in range(21)))
    assert ViewerModel().open(str(folder), plugin=PLUGIN) == []
    assert "21 volumes" in in_a_window[0]


def test_cohorts_of_any_layout_are_known_and_other_files_are_not(scan, tmp_path):
    brats = folder_of(tmp_path, "TCGA-02-0006_1996.08.23_t1.nii.gz")
    batch = tmp_path / "batch.csv"
    batch.write_text("Image,Mask\nscan.nii.gz,seg.nrrd\n", encoding="utf-8")
    places = tmp_path / "places.csv"
    places.write_text("sample_id,patient_id,x,y,z\nS1,P1,1,2,3\n", encoding="utf-8")
    (tmp_path / "e").mkdir()
    assert is_cohort(brats)
    assert is_cohort(batch)
    assert not any(is_cohort(path) for path in (scan, places, tmp_path / "none", tmp_path / "e"))


def test_real_layouts_are_known(real_data):
    assert is_cohort(real_data("nsclc_radiogenomics"))
    assert not is_cohort(real_data("pyradiomics"))


def shifted(by):
    return Geometry(GRID.size, GRID.spacing, (GRID.origin[0] + by, *GRID.origin[1:]))


def test_regions_on_another_grid_are_told_once_with_both_grids_and_a_remedy():
    labels = np.ones(GRID.shape, np.uint8)
    image = Image(np.zeros(GRID.shape), GRID, name="T1")
    fits, odd = (Segmentation(labels, grid, name="drawn") for grid in (GRID, shifted(5)))
    assert on_another_grid([image, fits]) == ""
    assert on_another_grid([odd]) == ""
    viewer = ViewerModel()
    viewer._add_layer_from_data(*image_layers(image)[0])
    for said in (on_another_grid([image, fits, odd, odd]), on_another_grid([odd], viewer.layers)):
        assert "drawn (6×5×4 at 0.8×0.8×3 mm, first voxel at x 6.0" in said
        assert "T1 has 6×5×4 at 0.8×0.8×3 mm, first voxel at x 1.0" in said
    moved = resample(odd, image)  # the remedy that the message names
    assert on_another_grid([image, moved]) == ""


def test_a_dicom_seg_comes_on_the_grid_of_the_open_scan_it_refers_to(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(contributions, "show_warning", said.append)
    labels = np.zeros(GRID.shape, np.uint8)
    labels[2, 1:3, 1:3] = 1
    scan = Image(
        np.zeros(GRID.shape),
        GRID,
        name="CT",
        metadata={"series": "1.2.3", "instances": ("1", "2", "3", "4")},
    )
    path = write(drawn_on(Segmentation(labels, GRID, (Label(1, "t"),)), scan), tmp_path / "seg.dcm")
    data = pydicom.dcmread(path)
    del data[0x0063, 0x0010], data[0x0063, 0x1002]  # as another program would write it
    data.save_as(path)
    (alone,) = contributions.read_objects(path)
    assert alone.geometry.size == (6, 5, 1)
    assert "without the scan" in said[0]
    said.clear()
    (placed,) = contributions.read_objects(path, beside=[scan])
    assert placed.geometry.same_grid(GRID)
    np.testing.assert_array_equal(placed.labels, labels)
    viewer = ViewerModel()
    viewer._add_layer_from_data(*image_layers(scan)[0])
    monkeypatch.setattr(contributions.napari, "current_viewer", lambda: viewer)
    (placed,) = contributions.read_objects(path)
    assert placed.geometry.same_grid(GRID)
    assert said == []


def test_a_drop_on_two_grids_opens_with_one_warning(scan, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(contributions, "show_warning", said.append)
    labels = np.ones(GRID.shape, np.uint8)
    drawn = write(Segmentation(labels, shifted(5), (Label(1, "t"),)), tmp_path / "seg.nrrd")
    layers = contributions.read_paths([str(scan), str(drawn)])
    assert len(layers) == 2
    assert len(said) == 1
    assert "imaging.resample" in said[0]


def test_what_a_format_cannot_keep_is_notified_every_time(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(contributions, "show_warning", said.append)
    drawn = Segmentation(np.ones(GRID.shape, np.uint8), GRID, (Label(1, "necrosis"),))
    data, settings, _ = segmentation_layers(drawn)[0]
    for _ in range(2):
        contributions.write_labels(str(tmp_path / "seg.nii.gz"), data, settings)
    assert len(said) == 2
    assert "names of its labels" in said[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [("slide.ome.tif", b"no TIFF"), ("cut.ome.tiff", b"II*\0\x08\0\0\0"), ("e.ome.tif", b"")],
)
def test_a_damaged_slide_gives_one_message(tmp_path, in_a_window, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    assert ViewerModel().open(str(path), plugin=PLUGIN) == []
    assert len(in_a_window) == 1
    assert name in in_a_window[0]


def test_a_damaged_table_of_samples_gives_one_message(tmp_path, in_a_window):
    path = tmp_path / "samples.csv"
    path.write_text("sample_id,patient_id,x\nS1,P1\nS1,P1,2,9,9\n", encoding="utf-8")
    reader = contributions.get_reader(str(path))
    assert reader(str(path)) == contributions.NOTHING
    assert len(in_a_window) == 1


def test_a_sample_that_cannot_be_had_says_why_once_and_raises_nothing(monkeypatch, in_a_window):
    monkeypatch.setitem(__import__("sys").modules, "radiomics", None)
    viewer = ViewerModel()
    for key in ("brain1", "breast1", "lung1"):
        in_a_window.clear()
        assert viewer.open_sample(PLUGIN, key) == []
        assert len(in_a_window) == 1
        assert "napari-radiogenomics[pyradiomics]" in in_a_window[0]
    assert len(viewer.layers) == 0


def test_one_tumour_comes_at_one_timepoint_without_slides():
    viewer = ViewerModel()
    viewer.open_sample(PLUGIN, "case")
    names = [layer.name for layer in viewer.layers]
    assert {name.split("-")[1] for name in names[:-1]} == {"t0"}
    assert viewer.dims.ndim == 3
    assert [type(layer).__name__ for layer in viewer.layers][-1] == "Points"
    assert sum(isinstance(layer, Labels) and layer.visible for layer in viewer.layers) == 1


def test_the_sample_cohort_opens_in_its_dock_without_an_error(opengl, make_napari_viewer, qtbot):
    viewer = make_napari_viewer()
    assert viewer.open_sample(PLUGIN, "cohort") == []
    (dock,) = viewer.window._qt_window.findChildren(CohortDock)
    qtbot.waitUntil(lambda: bool(dock.view.patient_id) and not dock.runner.running, timeout=60_000)
    names = [layer.name for layer in viewer.layers]
    assert len(set(names)) == len(names) > 0
    dock.page.table.rows.thumbnails.stop()
    viewer.window.remove_dock_widget("all")


def test_a_scan_in_a_fresh_window_gets_its_scale_bar(opengl, make_napari_viewer, qtbot, scan):
    viewer = make_napari_viewer()
    viewer.open(str(scan), plugin=PLUGIN)
    qtbot.waitUntil(lambda: viewer.canvas.overlays.scale_bar.visible, timeout=5_000)


def test_every_case_in_an_empty_window_opens_on_its_tumour(
    opengl, make_napari_viewer, qtbot, scan, tmp_path
):
    viewer = make_napari_viewer()
    for place in (4, 1):
        labels = np.zeros(GRID.shape, np.uint8)
        labels[place - 1, 1:3, 1:3] = 1
        drawn = write(Segmentation(labels, GRID, (Label(1, "t"),)), tmp_path / "seg.nrrd")
        viewer.open([str(scan), str(drawn)], plugin=PLUGIN)
        z = GRID.origin[2] + (place - 1) * GRID.spacing[2]
        qtbot.waitUntil(lambda z=z: abs(viewer.dims.point[0] - z) < 0.1, timeout=5_000)
        viewer.layers.clear()


def test_notes_come_every_time_as_a_notification(monkeypatch, scan):
    noted = Image(np.zeros(GRID.shape), GRID, notes=("2 slices are missing and left blank.",))
    monkeypatch.setattr(contributions, "read_all", lambda path: [noted])
    for _ in range(2):
        before = len(notification_manager.records)
        contributions.read_objects(scan)
        new = notification_manager.records[before:]
        assert [str(record.message) for record in new] == list(noted.notes)


def test_real_cases_open_with_the_mask_on_the_tumour(real_data):
    folder = real_data("pyradiomics")
    for case, voxels in {"brain1": 4137, "breast1": 143, "lung1": 837}.items():
        viewer = ViewerModel()
        paths = [str(folder / f"{case}_{kind}.nrrd") for kind in ("image", "label")]
        viewer.open(paths, plugin=PLUGIN)
        image, labels = viewer.layers
        assert (np.asarray(labels.data) > 0).sum() == voxels
        np.testing.assert_allclose(image.extent.world, labels.extent.world, atol=1e-4)
        center = np.argwhere(labels.data > 0).mean(axis=0)
        k, j, i = np.argwhere(labels.metadata[SOURCE].labels > 0).mean(axis=0)
        place = labels.metadata[SOURCE].geometry.index_to_world((i, j, k))[::-1]
        np.testing.assert_allclose(labels.data_to_world(center), place, atol=1e-6)


def test_labels_of_two_segmentations_are_not_written_together(tmp_path):
    one, two = (Segmentation(np.ones(GRID.shape, np.uint8), GRID) for _ in range(2))
    layers = [(obj.labels, {"metadata": {SOURCE: obj}}, "labels") for obj in (one, two)]
    with pytest.raises(InputError, match="one layer at a time"):
        contributions.write_regions(str(tmp_path / "both.dcm"), layers)


def test_a_name_of_no_format_names_the_formats(tmp_path):
    with pytest.raises(InputError, match=r"\.nii\.gz"):
        contributions.write_image(str(tmp_path / "scan.xyz"), np.zeros((2, 3, 4)), {"name": "a"})


def test_a_real_case_without_internet_says_what_to_do(monkeypatch, tmp_path):
    radiomics = pytest.importorskip("radiomics")
    monkeypatch.setattr(radiomics, "getTestCase", lambda name, folder: (None, None))
    with pytest.raises(InputError, match="brain1_image.nrrd"):
        contributions.pyradiomics_case("brain1")


def test_a_real_case_without_pyradiomics_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "radiomics", None)
    with pytest.raises(MissingDependency, match=r"napari-radiogenomics\[pyradiomics\]"):
        contributions.lung_case()


def test_a_cached_real_case_opens_as_ct(monkeypatch, real_data):
    folder = real_data("pyradiomics")
    paths = (str(folder / "lung1_image.nrrd"), str(folder / "lung1_label.nrrd"))
    monkeypatch.setattr(contributions, "pyradiomics_case", lambda name: paths)
    (_, scan, _), (_, tumour, _) = contributions.lung_case()
    assert scan["contrast_limits"] == (-1200.0, 200.0)
    assert Path(tumour["metadata"][SOURCE].metadata["path"]).name == "lung1_label.nrrd"


def test_samples_in_the_manifest_are_named(manifest):
    keys = [sample.key for sample in manifest.contributions.sample_data]
    assert keys == ["cohort", "case", "brain1", "breast1", "lung1"]
