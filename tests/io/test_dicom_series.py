"""DICOM series: true grid and values, and every defect told by name."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from scipy.spatial.transform import Rotation

from napari_radiogenomics import read, read_all
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import (
    DataWarning,
    GeometryError,
    InputError,
    MissingDependency,
)

RNG = np.random.default_rng(7)
ARRAY = RNG.integers(-900, 2000, (6, 5, 4), dtype=np.int16)
OBLIQUE = Rotation.from_euler("xyz", [12, -31, 57], degrees=True).as_matrix()
RIGHT_HANDED = [
    np.eye(3)[:, list(order)] * signs
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
    if np.linalg.det(np.eye(3)[:, list(order)] * signs) > 0
]


def by_sitk(folder: Path) -> Any:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def quietly(path: Path, **options: Any) -> Any:
    """Read one object; a remark on it fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read(path, **options)


def told(path: Path, **options: Any) -> tuple[list[Any], str]:
    """Everything in a folder, and all that was remarked."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        objects = read_all(path, **options)
    remarks = [str(w.message) for w in caught if issubclass(w.category, DataWarning)]
    return objects, "\n".join(remarks)


# Grid and values


@pytest.mark.parametrize("matrix", [*RIGHT_HANDED, OBLIQUE], ids=range(25))
def test_the_grid_is_that_of_the_header(
    tmp_path: Path, dicom: SimpleNamespace, matrix: np.ndarray
) -> None:
    dicom.series(tmp_path, ARRAY, matrix=matrix)
    scan = quietly(tmp_path)
    np.testing.assert_array_equal(scan.array, ARRAY)
    np.testing.assert_allclose(scan.geometry.matrix, matrix, atol=1e-7)
    np.testing.assert_allclose(scan.geometry.spacing, (0.75, 0.5, 2.5), rtol=1e-7)
    np.testing.assert_allclose(scan.geometry.origin, (-10, 20, -30), atol=1e-7)


@pytest.mark.parametrize("matrix", [np.eye(3), RIGHT_HANDED[9], OBLIQUE], ids=str)
@pytest.mark.parametrize("rescale", [(1, 0), (1, -1024), (2, 5), (0.5, -3.25)], ids=str)
def test_it_agrees_with_simpleitk(
    tmp_path: Path, dicom: SimpleNamespace, matrix: np.ndarray, rescale: tuple[float, float]
) -> None:
    slope, intercept = rescale
    dicom.series(tmp_path, ARRAY, matrix=matrix, RescaleSlope=slope, RescaleIntercept=intercept)
    scan, oracle = quietly(tmp_path), by_sitk(tmp_path)
    np.testing.assert_allclose(scan.array, sitk.GetArrayFromImage(oracle), rtol=1e-6)
    assert scan.geometry.size == oracle.GetSize()
    np.testing.assert_allclose(scan.geometry.origin, oracle.GetOrigin(), atol=1e-6)
    np.testing.assert_allclose(scan.geometry.direction, oracle.GetDirection(), atol=1e-6)
    np.testing.assert_allclose(scan.geometry.spacing, oracle.GetSpacing(), rtol=1e-6)


def test_slices_are_sorted_by_place_not_by_name_or_number(
    tmp_path: Path, dicom: SimpleNamespace
) -> None:
    order = [3, 0, 5, 1, 4, 2]
    dicom.series(
        tmp_path,
        ARRAY[order],
        depths=[2.5 * n for n in order],
        InstanceNumber=[9, 9, 1, 2, 7, 3],
    )
    scan = quietly(tmp_path)
    np.testing.assert_array_equal(scan.array, ARRAY)
    assert Path(scan.metadata["source_files"][0]).name == "slice001.dcm"


@pytest.mark.parametrize(
    ("stored", "slope", "intercept", "dtype"),
    [
        (np.uint16, 1, 0, np.uint16),
        (np.int16, 1, 0, np.int16),
        (np.uint8, 1, 0, np.uint8),
        (np.uint16, 1, -1024, np.int16),
        (np.uint16, 100, 0, np.int32),
        (np.uint16, 0.1, 0, np.float32),
        (np.int16, 1, 0.5, np.float32),
    ],
)
def test_whole_numbers_stay_whole(
    tmp_path: Path, dicom: SimpleNamespace, stored: Any, slope: float, intercept: float, dtype: Any
) -> None:
    top = np.iinfo(stored).max // 2
    array = np.arange(120, dtype=stored).reshape(6, 5, 4)
    array[0, 0, 0] = top
    dicom.series(tmp_path, array, RescaleSlope=slope, RescaleIntercept=intercept)
    scan = quietly(tmp_path)
    assert scan.array.dtype == dtype
    np.testing.assert_allclose(scan.array, array.astype(float) * slope + intercept, rtol=1e-6)


def test_slope_and_intercept_are_those_of_each_slice(
    tmp_path: Path, dicom: SimpleNamespace
) -> None:
    slopes, intercepts = [0.5, 1.5, 2.25, 3.0, 0.1, 7.0], [0, 1, 2, 3, 4, 5]
    array = np.abs(ARRAY).astype(np.uint16)
    dicom.series(
        tmp_path, array, modality="PT", Units="BQML",
        RescaleSlope=slopes, RescaleIntercept=intercepts,
    )  # fmt: skip
    scan = quietly(tmp_path)
    expected = array * np.reshape(slopes, (6, 1, 1)) + np.reshape(intercepts, (6, 1, 1))
    np.testing.assert_allclose(scan.array, expected, rtol=1e-6)
    assert scan.unit == "Bq/mL"


def test_what_is_kept_of_the_header(tmp_path: Path, dicom: SimpleNamespace) -> None:
    paths = dicom.series(
        tmp_path,
        ARRAY,
        SeriesDescription="Thorax 2.5",
        WindowCenter=[[40.0, -500.0]] * 6,
        WindowWidth=[[400.0, 1400.0]] * 6,
        WindowCenterWidthExplanation=[["soft", "lung"]] * 6,
    )
    scan = quietly(tmp_path)
    assert (scan.name, scan.unit, scan.modality) == ("Thorax 2.5", "HU", "CT")
    facts = scan.metadata
    assert facts["window"] == (40.0, 400.0)
    assert facts["windows"][1] == (-500.0, 1400.0, "lung")
    assert (facts["series"], facts["study"]) == ("1.2.3.4", "1.2.3")
    assert facts["frame_of_reference"] == "1.2.3.5"
    assert facts["source_files"] == tuple(map(str, paths))
    uids = [pydicom.dcmread(path).SOPInstanceUID for path in paths]
    assert facts["instances"] == tuple(uids)
    assert "Mustermann" not in repr(facts)
    assert "1970" not in repr(facts)


def test_one_slice_reads_its_whole_series(tmp_path: Path, dicom: SimpleNamespace) -> None:
    dicom.series(tmp_path, ARRAY)
    dicom.series(tmp_path, ARRAY[:3] + 1, prefix="other", SeriesInstanceUID="1.2.3.9")
    scan = quietly(tmp_path / "slice003.dcm")
    np.testing.assert_array_equal(scan.array, ARRAY)


def test_files_need_no_suffix(tmp_path: Path, dicom: SimpleNamespace) -> None:
    for path in dicom.series(tmp_path, ARRAY):
        path.rename(path.with_name(path.stem))
    np.testing.assert_array_equal(quietly(tmp_path).array, ARRAY)
    np.testing.assert_array_equal(quietly(tmp_path / "slice000").array, ARRAY)


# Several series and orientations


def test_several_series_are_told_by_name(tmp_path: Path, dicom: SimpleNamespace) -> None:
    dicom.series(tmp_path, ARRAY, SeriesDescription="venous")
    dicom.series(
        tmp_path, ARRAY[:3] + 1, prefix="b", SeriesInstanceUID="1.2.3.9", SeriesDescription="late"
    )
    with pytest.raises(InputError, match=r"2 objects: #1 late .*1\.2\.3\.9.*#2 venous.*UID or"):
        read(tmp_path)
    np.testing.assert_array_equal(quietly(tmp_path, series="1.2.3.9").array, ARRAY[:3] + 1)
    with pytest.raises(InputError, match=r'Did you mean "1\.2\.3\.9"'):
        read(tmp_path, series="1.2.3.99")


def test_orientations_of_one_series_are_scans_of_their_own(
    tmp_path: Path, dicom: SimpleNamespace
) -> None:
    for n, matrix in enumerate((np.eye(3), RIGHT_HANDED[9], OBLIQUE)):
        dicom.series(tmp_path, ARRAY[: n + 1], matrix=matrix, prefix=f"o{n}_")
    scans, remarks = told(tmp_path)
    assert sorted(len(scan.array) for scan in scans) == [1, 2, 3]
    assert "mixes slices of different orientation" in remarks
    one, _ = told(tmp_path / "o1_000.dcm")
    assert [scan.shape for scan in one] == [(2, 5, 4)]


# Gaps


def test_a_missing_slice_keeps_its_place_blank(tmp_path: Path, dicom: SimpleNamespace) -> None:
    paths = dicom.series(tmp_path, ARRAY)
    paths[2].unlink()
    paths[3].unlink()
    (scan,), remarks = told(tmp_path)
    assert scan.blank_slices == (2, 3)
    assert scan.geometry.size == (4, 5, 6)
    assert scan.geometry.spacing[2] == pytest.approx(2.5)
    np.testing.assert_array_equal(scan.array[[0, 1, 4, 5]], ARRAY[[0, 1, 4, 5]])
    assert (scan.array[2:4] == ARRAY[[0, 1, 4, 5]].min()).all()
    assert scan.metadata["instances"][2:4] == ("", "")
    for word in ("2 slices are missing", "slice001.dcm", "slice004.dcm", "-25.00 to -22.50 mm"):
        assert word in remarks


def test_a_missing_slice_can_be_refused(tmp_path: Path, dicom: SimpleNamespace) -> None:
    dicom.series(tmp_path, ARRAY)[2].unlink()
    with pytest.raises(GeometryError, match=r"1 slice is missing.*slice001.*slice003.*blank"):
        read(tmp_path, gaps="refuse")


def test_blanks_hold_the_padding_value(tmp_path: Path, dicom: SimpleNamespace) -> None:
    paths = dicom.series(
        tmp_path, ARRAY, RescaleSlope=1, RescaleIntercept=-24, PixelPaddingValue=-2000
    )
    paths[1].unlink()
    (scan,), remarks = told(tmp_path)
    assert (scan.array[1] == -2024).all()
    assert "hold -2024" in remarks


def test_a_series_of_holes_is_refused(tmp_path: Path, dicom: SimpleNamespace) -> None:
    dicom.series(tmp_path, ARRAY[:3], depths=[0, 1, 90])
    with pytest.raises(GeometryError, match="88 of 91 slices 1 mm apart are missing"):
        read(tmp_path)


@pytest.mark.parametrize("depths", [[0, 1, 2, 3.5, 4.5, 5.5], [0, 2, 5, 7, 9, 12]])
def test_uneven_slices_are_refused(
    tmp_path: Path, dicom: SimpleNamespace, depths: list[float]
) -> None:
    dicom.series(tmp_path, ARRAY, depths=depths)
    with pytest.raises(GeometryError, match=r"unevenly spaced.*slice002\.dcm"):
        read(tmp_path)


def test_uneven_gaps_are_told_as_they_are(tmp_path: Path, dicom: SimpleNamespace) -> None:
    dicom.series(tmp_path, ARRAY[:5], depths=[0, 1, 2.3, 3, 4.4])
    with pytest.raises(GeometryError) as caught:
        read(tmp_path)
    assert "by 0.7 to 1.4 mm: their median gap is 1.15 mm" in str(caught.value)
    assert "most" not in str(caught.value)
    dicom.series(tmp_path, ARRAY, depths=[0, 1, 2, 3.5, 4.5, 5.5])
    with pytest.raises(GeometryError, match=r"4 of 5 gaps are 1 mm, that from slice002\.dcm"):
        read(tmp_path)


def test_rounding_of_positions_is_no_gap(tmp_path: Path, dicom: SimpleNamespace) -> None:
    depths = [round(0.625 * n, 1) for n in range(6)]
    dicom.series(tmp_path, ARRAY, depths=depths)
    (scan,), remarks = told(tmp_path)
    assert scan.geometry.size[2] == 6
    assert scan.geometry.spacing[2] == pytest.approx(0.62)
    assert "off their regular places" in remarks


# Tilt


def test_gantry_tilt_is_refused_with_its_angle(tmp_path: Path, dicom: SimpleNamespace) -> None:
    dicom.series(tmp_path, ARRAY, shear=(0, np.tan(np.radians(15)), 0))
    with pytest.raises(GeometryError, match=r"sheared by 15\.0° \(gantry tilt\).*straight grid"):
        read(tmp_path)


def test_a_slice_beside_the_stack_is_named(tmp_path: Path, dicom: SimpleNamespace) -> None:
    paths = dicom.series(tmp_path, ARRAY)
    data = pydicom.dcmread(paths[3])
    data.ImagePositionPatient = [30, 20, data.ImagePositionPatient[2]]
    data.save_as(paths[3])
    with pytest.raises(GeometryError, match=r"slice003\.dcm lies 40\.0 mm beside"):
        read(tmp_path)


def test_rounding_of_directions_is_no_tilt(tmp_path: Path, dicom: SimpleNamespace) -> None:
    for path in dicom.series(tmp_path, ARRAY, matrix=OBLIQUE):
        data = pydicom.dcmread(path)
        data.ImageOrientationPatient = [round(v, 5) for v in data.ImageOrientationPatient]
        data.save_as(path)
    scan = quietly(tmp_path)
    np.testing.assert_allclose(scan.geometry.matrix, OBLIQUE, atol=2e-5)


# What repeats at one place


@pytest.mark.parametrize(
    ("attribute", "values", "axis", "labels"),
    [
        ("TemporalPositionIdentifier", [1, 2], "time", ("time point 1", "time point 2")),
        ("EchoTime", [2.4, 4.8], "channel", ("TE 2.4 ms", "TE 4.8 ms")),
        ("DiffusionBValue", [0.0, 800.0], "channel", ("b 0 s/mm²", "b 800 s/mm²")),
        ("TriggerTime", [0, 50], "time", ("trigger 0 ms", "trigger 50 ms")),
        ("AcquisitionTime", ["101500", "101607.5"], "time", ("0 s", "67.5 s")),
        (
            "ImageType",
            [["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"]],
            "channel",
            ("type ORIGINAL\\PRIMARY\\M", "type ORIGINAL\\PRIMARY\\P"),
        ),
    ],
)
def test_repeats_that_the_header_tells_apart_are_a_fourth_axis(
    tmp_path: Path,
    dicom: SimpleNamespace,
    attribute: str,
    values: list[Any],
    axis: str,
    labels: tuple[str, ...],
) -> None:
    for n, value in reversed(list(enumerate(values))):
        dicom.series(
            tmp_path, ARRAY + n, prefix=f"v{n}_", modality="MR", sop=dicom.MR,
            **{attribute: [value] * 6},
        )  # fmt: skip
    scan = quietly(tmp_path)
    assert (scan.fourth_axis, scan.fourth_labels) == (axis, labels)
    np.testing.assert_array_equal(scan.array, np.stack([ARRAY, ARRAY + 1]))
    assert scan.unit == ""
    assert np.shape(scan.metadata["instances"]) == (2, 6)


def test_two_facts_together_make_the_axis(tmp_path: Path, dicom: SimpleNamespace) -> None:
    directions = [None, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    for n, direction in enumerate(directions):
        more = {"DiffusionGradientOrientation": [direction] * 6} if direction else {}
        b = 0.0 if direction is None else 1000.0
        dicom.series(tmp_path, ARRAY + n, prefix=f"v{n}_", DiffusionBValue=b, **more)
    scan = quietly(tmp_path)
    assert scan.fourth_axis == "channel"
    assert len(scan.array) == 3
    np.testing.assert_array_equal(scan.array[0], ARRAY)


def test_time_points_of_different_slices_are_kept_apart(
    tmp_path: Path, dicom: SimpleNamespace
) -> None:
    dicom.series(tmp_path, ARRAY, prefix="a", TemporalPositionIdentifier=1)
    dicom.series(tmp_path, ARRAY[:5], prefix="b", TemporalPositionIdentifier=2)
    scans, remarks = told(tmp_path)
    assert [len(scan.array) for scan in scans] == [6, 5]
    assert scans[1].name.endswith("time point 2")
    assert "kept apart by time point" in remarks


def test_a_duplicate_slice_is_named(tmp_path: Path, dicom: SimpleNamespace) -> None:
    paths = dicom.series(tmp_path, ARRAY)
    data = pydicom.dcmread(paths[2])
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.2.9"
    data.InstanceNumber = 99
    data.save_as(tmp_path / "again.dcm")
    scans, remarks = told(tmp_path)
    assert [len(scan.array) for scan in scans] == [6, 1]
    np.testing.assert_array_equal(scans[0].array, ARRAY)
    assert "again.dcm and slice002.dcm lie at the same place" in remarks


def test_one_of_two_slices_at_a_place_is_opened_by_its_number(
    tmp_path: Path, dicom: SimpleNamespace
) -> None:
    """Both have the UID of the one series, so that the UID cannot choose between them."""
    paths = dicom.series(tmp_path, ARRAY)
    data = pydicom.dcmread(paths[2])
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.2.9"
    data.save_as(tmp_path / "j.dcm")
    for series in ("", "1.2.3.4"):
        with pytest.warns(DataWarning), pytest.raises(InputError) as refusal:
            read(tmp_path, series=series)
        text = str(refusal.value)
        assert "j.dcm and slice002.dcm lie at the same place" in text
        assert 'by its number, such as "#2", with the setting series' in text
        assert "move one of its files away" in text
        assert text.count(str(tmp_path)) == 1
        with pytest.warns(DataWarning):
            whole = read(tmp_path, series=f"{series}#1")
        with pytest.warns(DataWarning):
            alone = read(tmp_path, series=f"{series}#2")
        np.testing.assert_array_equal(whole.array, ARRAY)
        np.testing.assert_array_equal(alone.array, ARRAY[2:3])
    with pytest.raises(InputError, match="no object #3: #1 .*; #2"):
        read(tmp_path, series="#3")
    with pytest.raises(InputError, match='"#two" is no setting of series'):
        read(tmp_path, series="#two")
    (tmp_path / "j.dcm").unlink()
    np.testing.assert_array_equal(quietly(tmp_path).array, ARRAY)


def test_a_file_copied_twice_counts_once(tmp_path: Path, dicom: SimpleNamespace) -> None:
    paths = dicom.series(tmp_path, ARRAY)
    (tmp_path / "zcopy.dcm").write_bytes(paths[2].read_bytes())
    (scan,), remarks = told(tmp_path)
    np.testing.assert_array_equal(scan.array, ARRAY)
    assert "zcopy.dcm (as slice002.dcm)" in remarks


# Multi-frame


def enhanced(dicom: SimpleNamespace, array: np.ndarray, **per_frame: Any) -> Dataset:
    """Make an enhanced MR of (F, Y, X) in a scrambled order of frames, 3 mm apart."""

    def item(**attributes: Any) -> Dataset:
        data = Dataset()
        for name, value in attributes.items():
            setattr(data, name, value)
        return data

    data = dicom.pixels(dicom.dataset(dicom.ENHANCED_MR, Modality="MR"), array)
    data.SharedFunctionalGroupsSequence = [
        item(
            PixelMeasuresSequence=[item(PixelSpacing=[0.5, 0.75], SliceThickness=3)],
            PlaneOrientationSequence=[item(ImageOrientationPatient=[0, 1, 0, 0, 0, -1])],
        )
    ]
    groups = []
    for n, depth in enumerate(per_frame["depths"]):
        group = item(
            PlanePositionSequence=[item(ImagePositionPatient=[-depth, 1, 2])],
            FrameContentSequence=[item(TemporalPositionIndex=per_frame["times"][n])],
            PixelValueTransformationSequence=[
                item(RescaleSlope=per_frame["slopes"][n], RescaleIntercept=1)
            ],
        )
        groups.append(group)
    data.PerFrameFunctionalGroupsSequence = groups
    return data


def test_an_enhanced_file_is_sorted_by_its_frames(tmp_path: Path, dicom: SimpleNamespace) -> None:
    order = [4, 1, 3, 0, 5, 2]
    data = enhanced(
        dicom, np.abs(ARRAY[order]), depths=[3.0 * n for n in order], times=[1] * 6,
        slopes=[1.0 + n for n in order],
    )  # fmt: skip
    scan = quietly(dicom.save(data, tmp_path / "enhanced.dcm"))
    expected = np.abs(ARRAY) * np.arange(1, 7).reshape(6, 1, 1) + 1
    np.testing.assert_array_equal(scan.array, expected)
    assert scan.geometry.orientation == "PIR"
    assert scan.geometry.spacing == pytest.approx((0.75, 0.5, 3.0))
    np.testing.assert_allclose(scan.geometry.origin, (0, 1, 2))


def test_an_enhanced_file_of_time_points(tmp_path: Path, dicom: SimpleNamespace) -> None:
    data = enhanced(
        dicom, np.abs(ARRAY), depths=[0, 3, 6] * 2, times=[2, 2, 2, 1, 1, 1], slopes=[1] * 6
    )
    scan = quietly(dicom.save(data, tmp_path / "enhanced.dcm"))
    assert scan.fourth_axis == "time"
    np.testing.assert_array_equal(scan.array, np.abs(ARRAY).reshape(2, 3, 5, 4)[::-1] + 1)


def test_an_enhanced_file_reads_alone(tmp_path: Path, dicom: SimpleNamespace) -> None:
    data = enhanced(dicom, np.abs(ARRAY), depths=list(range(6)), times=[1] * 6, slopes=[1] * 6)
    dicom.save(data, tmp_path / "a.dcm")
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.2.77"
    dicom.save(data, tmp_path / "b.dcm")
    assert quietly(tmp_path / "a.dcm").shape == (6, 5, 4)


# Files that are no slices, or broken


def test_other_objects_in_the_folder_are_named(tmp_path: Path, dicom: SimpleNamespace) -> None:
    dicom.series(tmp_path, ARRAY)
    dicom.save(dicom.dataset("1.2.840.10008.5.1.4.1.1.88.11"), tmp_path / "report.dcm")
    (tmp_path / "notes.txt").write_text("not DICOM")
    (scan,), remarks = told(tmp_path)
    np.testing.assert_array_equal(scan.array, ARRAY)
    assert "skipped: report.dcm (Basic Text SR)" in remarks
    with pytest.raises(InputError, match=r"report\.dcm is DICOM \(Basic Text SR\)"):
        read(tmp_path / "report.dcm")


def test_a_truncated_file_is_named(tmp_path: Path, dicom: SimpleNamespace) -> None:
    paths = dicom.series(tmp_path, ARRAY)
    paths[4].write_bytes(paths[4].read_bytes()[:-30])
    with pytest.raises(InputError, match=r"slice004\.dcm is damaged or cut off"):
        read(tmp_path)
    paths[4].unlink()
    (scan,), _ = told(tmp_path)
    assert scan.blank_slices == (4,)


def test_a_file_cut_off_in_its_header_is_named(tmp_path: Path, dicom: SimpleNamespace) -> None:
    paths = dicom.series(tmp_path, ARRAY)
    paths[4].write_bytes(paths[4].read_bytes()[:300])
    (scan,), remarks = told(tmp_path)
    assert "slice004.dcm could not be read: damaged or cut off" in remarks
    assert scan.blank_slices == (4,)
    with pytest.raises(InputError, match=r"slice004\.dcm"):
        read(paths[4])


def test_a_file_without_pixels_is_named(tmp_path: Path, dicom: SimpleNamespace) -> None:
    paths = dicom.series(tmp_path, ARRAY)
    data = pydicom.dcmread(paths[1])
    del data.PixelData
    data.save_as(paths[1])
    with pytest.raises(InputError, match=r"slice001\.dcm announces 4×5 pixels and holds none"):
        read(tmp_path)


def test_one_broken_series_does_not_hide_the_other(tmp_path: Path, dicom: SimpleNamespace) -> None:
    dicom.series(tmp_path, ARRAY)
    dicom.series(tmp_path, ARRAY, prefix="t", SeriesInstanceUID="1.9", shear=(0.3, 0, 0))
    (scan,), remarks = told(tmp_path)
    assert scan.metadata["series"] == "1.2.3.4"
    assert "gantry tilt" in remarks


def test_folders_without_dicom(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="empty folder"):
        read(tmp_path)
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(InputError, match="No format knows the folder"):
        read(tmp_path)
    (tmp_path / "fake.dcm").write_text("hello")
    with pytest.raises(InputError, match=r"fake\.dcm could not be read"):
        read(tmp_path)


def test_a_folder_of_series_folders(tmp_path: Path, dicom: SimpleNamespace) -> None:
    dicom.series(tmp_path / "venous", ARRAY)
    np.testing.assert_array_equal(quietly(tmp_path).array, ARRAY)
    dicom.series(tmp_path / "late", ARRAY)
    with pytest.raises(InputError, match="2 folders in it do: late, venous. Open one of them"):
        read(tmp_path)


def test_a_scan_is_no_segmentation(tmp_path: Path, dicom: SimpleNamespace) -> None:
    paths = dicom.series(tmp_path, ARRAY)
    with pytest.raises(InputError, match="holds a scan"):
        read(paths[0], kind="segmentation")


def test_a_decoder_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(get_testdata_file("MR_small_jp2klossless.dcm"))
    (tmp_path / "jpeg.dcm").write_bytes(path.read_bytes())

    class Decoder:
        is_available = False

    monkeypatch.setattr(pydicom.pixels, "get_decoder", lambda syntax: Decoder())
    with pytest.raises(MissingDependency, match=r"decode jpeg\.dcm.*\[dicom\]"):
        read(tmp_path)


@pytest.mark.parametrize("defect", ["gap", "tilt", "twice", "cut", "monochrome"])
def test_no_message_holds_the_patients_name(
    tmp_path: Path, dicom: SimpleNamespace, defect: str
) -> None:
    more = {"PhotometricInterpretation": "MONOCHROME1"} if defect == "monochrome" else {}
    shear = (0.3, 0, 0) if defect == "tilt" else (0, 0, 0)
    paths = dicom.series(tmp_path, ARRAY, shear=shear, **more)
    if defect == "gap":
        paths[2].unlink()
    if defect == "cut":
        paths[2].write_bytes(paths[2].read_bytes()[:-20])
    if defect == "twice":
        dicom.series(tmp_path, ARRAY[:4], prefix="again")
    try:
        _, message = told(tmp_path)
    except InputError as error:
        message = str(error)
    assert message
    assert "Mustermann" not in message
    assert "1970" not in message


# pydicom's own files, and real ones


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm", "MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm",
        "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm",
        "693_J2KI.dcm",
    ],
)  # fmt: skip
def test_pydicoms_own_files(tmp_path: Path, name: str) -> None:
    source = Path(get_testdata_file(name))
    path = tmp_path / name
    path.write_bytes(source.read_bytes())
    (scan,), _ = told(path)
    data = pydicom.dcmread(source)
    raw = data.pixel_array * float(data.get("RescaleSlope", 1))
    np.testing.assert_allclose(
        scan.array.reshape(raw.shape), raw + float(data.get("RescaleIntercept", 0)), rtol=1e-6
    )


def test_a_dose_grid_is_placed_by_its_offsets(tmp_path: Path) -> None:
    path = tmp_path / "dose.dcm"
    path.write_bytes(Path(get_testdata_file("rtdose.dcm")).read_bytes())
    dose = quietly(path)
    oracle = sitk.ReadImage(str(path))
    assert dose.unit == ""  # relative, says its header
    np.testing.assert_allclose(dose.geometry.origin, oracle.GetOrigin())
    np.testing.assert_allclose(dose.geometry.spacing, oracle.GetSpacing())
    data = pydicom.dcmread(path)
    np.testing.assert_allclose(dose.array, data.pixel_array * data.DoseGridScaling, rtol=1e-6)


def test_real_ct_agrees_with_simpleitk(real_data: Any) -> None:
    folder = real_data("dicom_seg/dcmqi")
    scan = quietly(folder / "01.dcm")
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(folder / f"0{n}.dcm") for n in (3, 2, 1)])
    oracle = reader.Execute()
    np.testing.assert_array_equal(scan.array, sitk.GetArrayFromImage(oracle))
    np.testing.assert_allclose(scan.geometry.origin, oracle.GetOrigin())
    np.testing.assert_allclose(scan.geometry.spacing, oracle.GetSpacing())


def test_folders_of_mixed_objects_give_all_of_them(real_data: Any) -> None:
    objects, _ = told(real_data("dicom_seg/dcmqi"))
    kinds = [(type(obj).__name__, obj.name) for obj in objects]
    assert kinds == [
        ("Image", "CT series 2"),
        ("Segmentation", "Liver Segmentation"),
        ("Segmentation", "Segmentation"),
    ]
    objects, remarks = told(real_data("dicom_seg/highdicom"))
    assert sum(isinstance(obj, Image) for obj in objects) == 1
    assert len(objects) == 6
    assert "tissue slide" in remarks
