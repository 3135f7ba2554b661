"""DICOM SEG: on its scan, every type, every orientation, there and back."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_radiogenomics import drawn_on, read, read_all, write
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.segmentation import Code, Label, Segmentation
from napari_radiogenomics.errors import GeometryError, InputError, MissingDependency
from napari_radiogenomics.io.dicom import seg_write
from napari_radiogenomics.io.dicom.lattice import onto

RIGHT_HANDED = [
    np.eye(3)[:, list(order)] * signs
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
    if np.linalg.det(np.eye(3)[:, list(order)] * signs) > 0
]
ALL_48 = [
    np.eye(3)[:, list(order)] * signs
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]
OBLIQUE = Rotation.from_euler("xyz", [12, -31, 57], degrees=True).as_matrix()
LABELS = np.zeros((6, 5, 4), np.uint8)
LABELS[1, 1:4, 1:3] = 1
LABELS[2, 2, 0] = 4
LABELS[4, 3:, 3] = 2  # slices 0, 3 and 5 are empty


def grid(matrix: NDArray[Any] | None = None) -> Geometry:
    direction = tuple((np.eye(3) if matrix is None else matrix).ravel())
    return Geometry((4, 5, 6), (0.75, 0.5, 2.5), (-10.0, 20.0, -30.0), direction)


def drawn(matrix: NDArray[Any] | None = None, **more: Any) -> Segmentation:
    scheme = (Label(1, "necrosis", (10, 200, 30)), Label(2, "oedema"), Label(4, "rim"))
    return Segmentation(LABELS.copy(), grid(matrix), scheme, name="tumour", **more)


def quietly(path: Path, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read(path, **options)


def by_world(segmentation: Segmentation, label: int) -> NDArray[Any]:
    """Centres of the voxels of a label in mm, sorted."""
    places = np.argwhere(segmentation.mask(label))[:, ::-1]
    points = np.round(segmentation.geometry.index_to_world(places), 3)
    return points[np.lexsort(points.T)]


# Real files


def test_the_liver_falls_on_its_ct_as_its_nrrd_twin_does(real_data: Any) -> None:
    folder = real_data("dicom_seg/dcmqi")
    liver, twin = quietly(folder / "liver.dcm"), quietly(folder / "liver_spine_seg.nrrd")
    scan = quietly(folder / "01.dcm")
    assert liver.geometry.same_grid(scan.geometry)
    assert liver.geometry.same_grid(twin.geometry)
    np.testing.assert_array_equal(liver.mask(1), twin.mask(1))
    np.testing.assert_array_equal(by_world(liver, 1), by_world(twin, 1))
    (label,) = liver.scheme
    assert (label.name, label.color) == ("Liver", (221, 130, 101))  # as 3D Slicer shows it
    assert label.type == Code("T-62000", "SRT", "Liver")
    assert label.metadata["algorithm_type"] == "SEMIAUTOMATIC"
    assert liver.metadata["source_series"] == scan.metadata["series"]
    assert liver.metadata["source_files"] == scan.metadata["source_files"]


def test_overlapping_segments_keep_every_voxel(real_data: Any) -> None:
    path = real_data("dicom_seg/dcmqi") / "partial_overlaps.dcm"
    regions = quietly(path)
    data = pydicom.dcmread(path)
    assert regions.overlapping
    expected = {n: 0 for n in range(1, 6)}
    for frame, group in zip(data.pixel_array, data.PerFrameFunctionalGroupsSequence, strict=True):
        number = int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        expected[number] += int(frame.sum())
    assert {n: int(regions.mask(n).sum()) for n in regions.present} == expected


def test_without_its_scan_the_frames_make_the_grid(real_data: Any, tmp_path: Path) -> None:
    folder = real_data("dicom_seg/dcmqi")
    shutil.copy(folder / "liver.dcm", tmp_path)
    with pytest.warns(UserWarning, match="without the scan it was drawn on"):
        alone = read(tmp_path / "liver.dcm")
    placed = quietly(folder / "liver.dcm")
    np.testing.assert_array_equal(alone.labels, placed.labels)
    np.testing.assert_allclose(alone.geometry.corners, placed.geometry.corners, atol=1e-5)
    given = quietly(tmp_path / "liver.dcm", reference=quietly(folder / "01.dcm"))
    assert given.geometry.same_grid(placed.geometry)
    np.testing.assert_array_equal(given.labels, placed.labels)


@pytest.mark.parametrize(
    "name",
    [
        "seg_image_ct_binary", "seg_image_ct_binary_fractional", "seg_image_ct_binary_overlap",
        "seg_image_ct_binary_single_frame", "seg_image_ct_true_fractional",
    ],
)  # fmt: skip
def test_highdicoms_own_files_hold_what_highdicom_reads(
    real_data: Any, tmp_path: Path, name: str
) -> None:
    path = Path(shutil.copy(real_data("dicom_seg/highdicom") / f"{name}.dcm", tmp_path))
    with pytest.warns(UserWarning, match="without the scan it was drawn on"):
        ours = read(path)
    oracle = highdicom.seg.segread(path)
    groups = oracle.PerFrameFunctionalGroupsSequence
    frames = np.atleast_3d(oracle.pixel_array.T).T
    top = float(oracle.get("MaximumFractionalValue", 1))
    array = ours.fractions if ours.fractions is not None else None
    for frame, group in zip(frames, groups, strict=True):
        number = 1
        for place in (group, oracle.SharedFunctionalGroupsSequence[0]):
            if "SegmentIdentificationSequence" in place:
                number = int(place.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        position = group.PlanePositionSequence[0].ImagePositionPatient
        i, j, k = ours.geometry.world_to_index([float(v) for v in position])
        assert (round(i), round(j)) == (0, 0)
        assert k == pytest.approx(round(k), abs=0.01)
        if array is None:
            found = (ours.labels == number)[..., round(k), :, :]
            found = found.any(axis=0) if ours.overlapping else found
        else:
            found = array[number - 1, round(k)]
        np.testing.assert_allclose(found, frame / top, atol=1e-6)


def test_a_segmentation_of_a_slide_says_so(real_data: Any) -> None:
    path = real_data("dicom_seg/highdicom") / "seg_image_sm_control_labelmap.dcm"
    with pytest.raises(InputError, match="tissue slide"):
        read(path)


# There and back


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
@pytest.mark.parametrize("matrix", [*RIGHT_HANDED, OBLIQUE], ids=range(25))
def test_it_comes_back_on_the_same_grid(tmp_path: Path, matrix: NDArray[Any], kind: str) -> None:
    regions = drawn(matrix, metadata={"segmentation_type": kind})
    back = quietly(write(regions, tmp_path / "seg.dcm"))
    assert back.geometry.same_grid(regions.geometry)
    np.testing.assert_array_equal(back.labels, LABELS)
    assert back.scheme[0].color == (10, 200, 30)
    assert [(label.value, label.name) for label in back.scheme] == [
        (1, "necrosis"), (2, "oedema"), (4, "rim"),
    ]  # fmt: skip
    assert back.metadata["segmentation_type"] == kind


@pytest.mark.parametrize("matrix", ALL_48, ids=range(48))
def test_all_48_orientations_keep_every_voxel_in_its_place(
    tmp_path: Path, matrix: NDArray[Any]
) -> None:
    regions = drawn(matrix)
    back = quietly(write(regions, tmp_path / "seg.dcm"), reference=regions)
    assert back.geometry.same_grid(regions.geometry)
    np.testing.assert_array_equal(back.labels, regions.labels)
    own = quietly(tmp_path / "seg.dcm")
    for label in (1, 2, 4):
        np.testing.assert_allclose(by_world(own, label), by_world(regions, label), atol=1e-3)


def test_overlapping_regions_come_back(tmp_path: Path) -> None:
    masks = np.zeros((3, 6, 5, 4), bool)
    masks[0, 1:4, 1:4, 1:3] = masks[1, 2:5, 2:, :] = masks[2, 3, 0, 0] = True
    scheme = (Label(1, "a"), Label(2, "b"), Label(7, "c"))
    regions = Segmentation.from_masks(masks, grid(OBLIQUE), scheme)
    back = quietly(write(regions, tmp_path / "seg.dcm"))
    for mask, label in zip(masks, scheme, strict=True):
        np.testing.assert_array_equal(back.mask(label.value), mask)
    assert pydicom.dcmread(tmp_path / "seg.dcm").SegmentsOverlap == "YES"
    asked = dataclasses.replace(regions, metadata={"segmentation_type": "LABELMAP"})
    with pytest.raises(InputError, match="LABELMAP cannot hold overlapping"):
        write(asked, tmp_path / "no.dcm")


def test_fractions_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    fractions = (rng.integers(0, 128, (2, 6, 5, 4)) / 255).astype(np.float32)
    fractions[0, 1:3, :2] = 200 / 255
    labels = np.where(fractions[0] >= 0.5, 3, 0).astype(np.uint8)
    labels[(fractions[1] >= 0.5) & (fractions[1] > fractions[0])] = 5
    regions = Segmentation(
        labels, grid(), (Label(3, "a"), Label(5, "b")), fractions=fractions,
        metadata={"fractional_type": "OCCUPANCY"},
    )  # fmt: skip
    back = quietly(write(regions, tmp_path / "seg.dcm"))
    assert back.metadata["segmentation_type"] == "FRACTIONAL"
    assert back.metadata["fractional_type"] == "OCCUPANCY"
    assert back.fractions is not None
    np.testing.assert_allclose(back.fractions, fractions, atol=1e-6)
    np.testing.assert_array_equal(back.labels, labels)


def test_what_labels_mean_comes_back(tmp_path: Path) -> None:
    label = Label(
        1,
        "vena cava",
        (0, 151, 206),
        Code("91723000", "SCT", "Anatomical Structure"),
        Code("64131007", "SCT", "Vena cava inferior"),
        {
            "tracking_id": "lesion 1",
            "tracking_uid": "1.2.3.4.5",
            "algorithm_type": "AUTOMATIC",
            "algorithm_name": "grow",
            "description": "drawn on the venous phase",
        },
    )
    mask = (LABELS == 1).astype(np.uint8)
    back = quietly(write(Segmentation(mask, grid(), (label,)), tmp_path / "seg.dcm"))
    assert back.scheme == (label,)


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_highdicom_reads_what_we_write(tmp_path: Path, kind: str) -> None:
    write(drawn(OBLIQUE, metadata={"segmentation_type": kind}), tmp_path / "seg.dcm")
    oracle = highdicom.seg.segread(tmp_path / "seg.dcm")
    volume = oracle.get_volume(combine_segments=True, rescale_fractional=False)
    ours = grid(OBLIQUE)
    number = {1: 1, 2: 2, 4: 3} if kind == "BINARY" else {1: 1, 2: 2, 4: 4}
    for label, segment in number.items():
        places = np.argwhere(volume.array == segment)
        world = (volume.affine @ np.c_[places, np.ones(len(places))].T).T[:, :3]
        expected = ours.index_to_world(np.argwhere(label == LABELS)[:, ::-1])
        np.testing.assert_allclose(
            sorted(map(tuple, world.round(3))), sorted(map(tuple, expected.round(3))), atol=2e-3
        )


# Its scan


def scanned(folder: Path, dicom: SimpleNamespace, **more: Any) -> Any:
    dicom.series(folder, np.zeros((6, 5, 4), np.int16), **more)
    return quietly(folder)


def test_the_scan_is_referenced_and_found_again(tmp_path: Path, dicom: SimpleNamespace) -> None:
    scan = scanned(tmp_path / "a", dicom, matrix=OBLIQUE, spacing=(0.75, 0.5, 2.5))
    regions = Segmentation(LABELS, scan.geometry, (Label(1, "a"),), metadata=scan.metadata)
    path = write(regions, tmp_path / "a" / "seg.dcm")
    data = pydicom.dcmread(path)
    (series,) = data.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == scan.metadata["series"]
    known = {item.ReferencedSOPInstanceUID for item in series.ReferencedInstanceSequence}
    assert known <= set(scan.metadata["instances"])
    assert data.StudyInstanceUID == scan.metadata["study"]
    assert data.FrameOfReferenceUID == scan.metadata["frame_of_reference"]
    assert data.PatientID == "P1"
    assert str(data.PatientName) == ""
    assert data.PatientBirthDate == ""
    frame = data.PerFrameFunctionalGroupsSequence[0]
    source = frame.DerivationImageSequence[0].SourceImageSequence[0]
    slice_of = {uid: k for k, uid in enumerate(scan.metadata["instances"])}
    assert slice_of[source.ReferencedSOPInstanceUID] in (1, 2, 4)
    back = quietly(path)
    assert back.geometry.same_grid(scan.geometry)
    np.testing.assert_array_equal(back.labels, LABELS)
    assert [type(obj).__name__ for obj in read_all(tmp_path / "a")] == ["Image", "Segmentation"]


def test_the_name_is_written_only_where_asked(tmp_path: Path, dicom: SimpleNamespace) -> None:
    scan = scanned(tmp_path / "a", dicom)
    facts = {**scan.metadata, "keep_patient": True}
    regions = Segmentation(LABELS, scan.geometry, metadata=facts)
    data = pydicom.dcmread(write(regions, tmp_path / "seg.dcm"))
    assert str(data.PatientName) == dicom.secret


def test_a_scan_that_moved_is_still_referenced(tmp_path: Path, dicom: SimpleNamespace) -> None:
    scan = scanned(tmp_path / "a", dicom)
    shutil.rmtree(tmp_path / "a")
    regions = Segmentation(LABELS, scan.geometry, metadata=scan.metadata)
    data = pydicom.dcmread(write(regions, tmp_path / "seg.dcm"))
    assert data.ReferencedSeriesSequence[0].SeriesInstanceUID == scan.metadata["series"]
    again = dataclasses.replace(quietly(tmp_path / "seg.dcm"), name="second version")
    data = pydicom.dcmread(write(again, tmp_path / "again.dcm"))
    assert data.ReferencedSeriesSequence[0].SeriesInstanceUID == scan.metadata["series"]


def test_without_a_scan_nothing_is_referenced(tmp_path: Path) -> None:
    data = pydicom.dcmread(write(drawn(), tmp_path / "seg.dcm"))
    assert "ReferencedSeriesSequence" not in data
    assert "DerivationImageSequence" not in data.PerFrameFunctionalGroupsSequence[0]


def test_sparse_frames_lie_on_their_slices(tmp_path: Path, dicom: SimpleNamespace) -> None:
    scan = scanned(tmp_path / "a", dicom)
    labels = np.zeros((6, 5, 4), np.uint8)
    labels[1, 2, 2] = labels[5, 3, 1] = 1
    regions = Segmentation(labels, scan.geometry, metadata=scan.metadata)
    path = write(regions, tmp_path / "a" / "seg.dcm")
    data = pydicom.dcmread(path)
    assert data.NumberOfFrames == 2
    assert (
        data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices == 2.5
    )
    np.testing.assert_array_equal(quietly(path).labels, labels)
    del data[0x0063, 0x0010], data[0x0063, 0x1002]  # as another program would write it
    data.save_as(path)
    np.testing.assert_array_equal(quietly(path).labels, labels)
    with pytest.warns(UserWarning, match=r"without the scan .* \(4×5×5 at .*reference=scan"):
        own = read(Path(shutil.copy(path, tmp_path)))
    assert own.geometry.size == (4, 5, 5)
    assert own.geometry.spacing[2] == pytest.approx(2.5)
    assert own.labels.sum() == 2


def test_the_scan_is_given_as_an_object_or_by_its_path(
    tmp_path: Path, dicom: SimpleNamespace
) -> None:
    scan = scanned(tmp_path / "a", dicom)
    labels = np.zeros((6, 5, 4), np.uint8)
    labels[2, 2, 2] = 1
    path = write(Segmentation(labels, scan.geometry, metadata=scan.metadata), tmp_path / "seg.dcm")
    data = pydicom.dcmread(path)
    del data[0x0063, 0x0010], data[0x0063, 0x1002]  # as another program would write it
    data.save_as(path)
    for reference in (scan, tmp_path / "a", str(tmp_path / "a")):
        back = quietly(path, reference=reference)
        assert back.geometry.same_grid(scan.geometry)
        np.testing.assert_array_equal(back.labels, labels)
        assert back.metadata["source_files"] == scan.metadata["source_files"]
    with pytest.raises(InputError, match=r"none\.dcm does not exist"):
        read(path, reference=tmp_path / "none.dcm")
    dicom.series(tmp_path / "b", np.zeros((6, 5, 4), np.int16))
    dicom.series(tmp_path / "b" / "2", np.zeros((6, 5, 4), np.int16))
    for file in (tmp_path / "b" / "2").iterdir():
        file.rename(tmp_path / "b" / f"second_{file.name}")
    (tmp_path / "b" / "2").rmdir()
    with pytest.raises(InputError, match="holds 2 scans: .* a reference is one"):
        read(path, reference=tmp_path / "b")


def test_a_label_map_told_its_scan_refers_to_it_in_dicom(
    tmp_path: Path, dicom: SimpleNamespace
) -> None:
    scan = scanned(tmp_path / "a", dicom)
    plain = Segmentation(LABELS, scan.geometry, (Label(1, "a"),))
    data = pydicom.dcmread(write(drawn_on(plain, scan), tmp_path / "seg.dcm"))
    assert data.ReferencedSeriesSequence[0].SeriesInstanceUID == scan.metadata["series"]
    with pytest.raises(GeometryError, match="Segmentation"):
        drawn_on(drawn(OBLIQUE), scan)


def test_a_scan_on_other_voxels_is_told(tmp_path: Path, dicom: SimpleNamespace) -> None:
    scan = scanned(tmp_path / "a", dicom)
    path = write(drawn(), tmp_path / "seg.dcm")
    shifted = dataclasses.replace(scan.geometry, origin=(-10.3, 20.0, -30.0))
    data = pydicom.dcmread(path)
    del data[0x0063, 0x0010], data[0x0063, 0x1002]
    data.save_as(path)
    with pytest.warns(UserWarning, match="voxels do not coincide"):
        back = read(path, reference=dataclasses.replace(scan, geometry=shifted))
    np.testing.assert_array_equal(by_world(back, 1), by_world(drawn(), 1))


# Refusals


def test_an_empty_segmentation_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is empty"):
        write(Segmentation(np.zeros((6, 5, 4), np.uint8), grid()), tmp_path / "seg.dcm")
    assert not (tmp_path / "seg.dcm").exists()


def test_types_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='no type "ROUND"'):
        write(drawn(metadata={"segmentation_type": "round"}), tmp_path / "seg.dcm")
    with pytest.raises(InputError, match="labels, not fractions"):
        write(drawn(metadata={"segmentation_type": "FRACTIONAL"}), tmp_path / "seg.dcm")


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    path = write(drawn(), tmp_path / "seg.dcm")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match=r"seg\.dcm.* is damaged or cut off"):
        read(path)


def test_frames_of_two_orientations_are_refused(tmp_path: Path) -> None:
    path = write(drawn(), tmp_path / "seg.dcm")
    data = pydicom.dcmread(path)
    shared = data.SharedFunctionalGroupsSequence[0]
    for n, group in enumerate(data.PerFrameFunctionalGroupsSequence):
        item = pydicom.Dataset()
        item.ImageOrientationPatient = [1, 0, 0, 0, 1, 0] if n else [0, 1, 0, 0, 0, 1]
        group.PlaneOrientationSequence = [item]
    del shared.PlaneOrientationSequence
    data.save_as(path)
    with pytest.raises(GeometryError, match="frames of different orientation"):
        read(path)


def test_it_is_no_scan(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not image"):
        read(write(drawn(), tmp_path / "seg.dcm"), kind="image")


def test_highdicom_is_asked_for_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(drawn(), tmp_path / "seg.dcm")
    for name in [name for name in sys.modules if name.split(".")[0] == "highdicom"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(seg_write, "find_spec", lambda name: None)
    np.testing.assert_array_equal(quietly(path).labels, LABELS)
    assert "highdicom" not in sys.modules  # reading needs none
    with pytest.raises(MissingDependency, match=r"highdicom is needed to write DICOM SEG"):
        write(drawn(), tmp_path / "other.dcm")


# Moving between grids that share their points


@pytest.mark.parametrize("matrix", ALL_48, ids=range(48))
def test_voxels_move_between_any_two_orientations(matrix: NDArray[Any]) -> None:
    rng = np.random.default_rng(1)
    array = rng.integers(1, 9, (3, 4, 2))
    target = Geometry((7, 8, 9), origin=(5, 6, 7))
    own_size = np.array([2, 4, 3])
    far = matrix @ (own_size - 1)
    origin = np.array([5, 6, 7]) + 2 - np.minimum(far, 0)
    own = Geometry(tuple(own_size), origin=tuple(origin), direction=tuple(matrix.ravel()))
    moved = onto(array, own, target)
    assert moved is not None
    for k, j, i in np.ndindex(array.shape):
        x, y, z = np.round(target.world_to_index(own.index_to_world([i, j, k]))).astype(int)
        assert moved[z, y, x] == array[k, j, i]
    assert np.count_nonzero(moved) == array.size


def test_voxels_outside_or_between_are_not_moved() -> None:
    array = np.ones((2, 2, 2), int)
    target = Geometry((4, 4, 4))
    assert onto(array, Geometry((2, 2, 2), origin=(3, 0, 0)), target) is None
    assert onto(array, Geometry((2, 2, 2), origin=(0.5, 0, 0)), target) is None
    assert onto(array, Geometry((2, 2, 2), spacing=(1.2, 1, 1)), target) is None
    strided = onto(array, Geometry((2, 2, 2), spacing=(1, 1, 3)), target)
    assert strided is not None
    assert strided[[0, 3]].sum() == strided.sum() == 8
