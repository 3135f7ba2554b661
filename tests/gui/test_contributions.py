"""What napari finds in the manifest: readers, writers, sample data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.notifications import notification_manager
from npe2 import PluginManager, PluginManifest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.gui import contributions
from napari_radiogenomics.gui.layers.keys import SOURCE
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
def in_a_window(monkeypatch):
    """Let the readers believe that a window shows what they notify; hear it."""
    monkeypatch.setattr(contributions.napari, "current_viewer", object)
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
    (tmp_path / "folder").mkdir()
    assert contributions.get_reader(str(picture)) is None
    assert contributions.get_reader(str(tmp_path / "folder")) is None


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
