"""NIfTI, NRRD and MetaImage: every orientation and type, there and back, in the right world."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import itertools
import warnings
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_radiogenomics import read, write
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Code, Label, Segmentation
from napari_radiogenomics.errors import DataWarning, GeometryError, InputError

ALL_48 = [
    np.eye(3)[:, list(order)] * signs
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]
OBLIQUES = [
    Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    for angles in ((12, -31, 57), (3, 0, 0), (-80, 44, 171))
]
FORMATS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
RNG = np.random.default_rng(2)
ARRAY = RNG.integers(-1000, 3000, (5, 4, 3)).astype(np.int16)
AFFINE = np.array([[-1.0, 0, 0, 5], [0, -2, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1]])


def grid(matrix: NDArray[Any] | None = None) -> Geometry:
    direction = tuple((np.eye(3) if matrix is None else matrix).ravel())
    return Geometry((3, 4, 5), (0.75, 0.5, 2.5), (-10.0, 20.0, -30.0), direction)


def quietly(path: Path, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read(path, **options)


def nifti(path: Path, array: NDArray[Any] = ARRAY.T, **codes: Any) -> Path:
    """Write a NIfTI with nibabel; sform and qform are given as (matrix, code)."""
    image = nibabel.Nifti1Image(array, AFFINE)
    for name in ("sform", "qform"):
        matrix, code = codes.get(name, (AFFINE, 1))
        getattr(image, f"set_{name}")(matrix, code)
    if "units" in codes:
        image.header.set_xyzt_units(codes["units"], "sec")
    nibabel.save(image, path)
    return path


# There and back


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("matrix", [*ALL_48, *OBLIQUES], ids=range(51))
def test_every_orientation_comes_back(tmp_path: Path, matrix: NDArray[Any], suffix: str) -> None:
    scan = Image(ARRAY, grid(matrix))
    back = quietly(write(scan, tmp_path / f"scan{suffix}"))
    assert isinstance(back, Image)
    np.testing.assert_array_equal(back.array, ARRAY)
    assert back.geometry.same_grid(scan.geometry)
    assert back.geometry.orientation == scan.geometry.orientation


@pytest.mark.parametrize("matrix", [*ALL_48, *OBLIQUES], ids=range(51))
def test_the_world_of_nifti_is_nibabels(tmp_path: Path, matrix: NDArray[Any]) -> None:
    scan = Image(ARRAY, grid(matrix))
    path = write(scan, tmp_path / "scan.nii.gz")
    image = nibabel.load(path)
    np.testing.assert_allclose(image.affine, scan.geometry.affine_ras, atol=1e-4)
    np.testing.assert_array_equal(np.asarray(image.dataobj), ARRAY.T)
    nibabel.save(nibabel.Nifti1Image(ARRAY.T, scan.geometry.affine_ras), path)
    back = quietly(path)
    np.testing.assert_allclose(back.geometry.affine_ras, nibabel.load(path).affine, atol=1e-5)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"])
def test_every_type_comes_back(tmp_path: Path, suffix: str, dtype: str) -> None:
    array = (np.abs(ARRAY) % 120).astype(dtype)
    if dtype[0] == "f":
        array += np.asarray(0.25, dtype)
    back = quietly(write(Image(array, grid()), tmp_path / f"scan{suffix}"), kind="image")
    assert back.array.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(back.array, array)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("axis", ["time", "channel"])
def test_four_axes_come_back(tmp_path: Path, suffix: str, axis: Any) -> None:
    array = np.stack([ARRAY, ARRAY + 1, ARRAY + 2])
    scan = Image(array, grid(OBLIQUES[0]), fourth_axis=axis)
    path = write(scan, tmp_path / f"scan{suffix}")
    back = quietly(path)
    np.testing.assert_array_equal(back.array, array)
    assert back.fourth_axis == axis
    assert back.geometry.same_grid(scan.geometry)
    other = {"time": "channel", "channel": "time"}[axis]
    assert quietly(path, fourth_axis=other).fourth_axis == other


def test_five_axes_of_which_one_is_short(tmp_path: Path) -> None:
    array = np.stack([ARRAY.T, ARRAY.T + 1], axis=-1)
    channels = quietly(nifti(tmp_path / "c.nii", array[:, :, :, np.newaxis]))
    assert channels.fourth_axis == "channel"
    np.testing.assert_array_equal(channels.array, np.stack([ARRAY, ARRAY + 1]))
    with pytest.raises(InputError, match="2 time points of 2 channels"):
        read(nifti(tmp_path / "both.nii", np.stack([array, array], axis=-1)))


# The world of NIfTI


def test_scales_come_from_the_sform(tmp_path: Path) -> None:
    """A header whose pixdim contradicts its sform is read as nibabel reads it."""
    path = nifti(tmp_path / "scan.nii", qform=(None, 0))
    data = bytearray(path.read_bytes())
    data[80:92] = np.array([9, 9, 9], "<f4").tobytes()
    path.write_bytes(data)
    np.testing.assert_allclose(quietly(path).geometry.affine_ras, nibabel.load(path).affine)


@pytest.mark.parametrize("codes", [(1, 1), (1, 2), (2, 1), (4, 1)])
def test_forms_that_differ_are_told(tmp_path: Path, codes: tuple[int, int]) -> None:
    other = AFFINE.copy()
    other[0, 3] += 45
    path = nifti(tmp_path / "scan.nii", sform=(other, codes[0]), qform=(AFFINE, codes[1]))
    with pytest.warns(DataWarning, match="sform and qform .* differ by up to 45 mm"):
        scan = read(path)
    np.testing.assert_allclose(scan.geometry.affine_ras, nibabel.load(path).affine)


def test_only_one_form_is_enough(tmp_path: Path) -> None:
    for codes in ({"sform": (None, 0)}, {"qform": (None, 0)}):
        scan = quietly(nifti(tmp_path / "scan.nii", **codes))
        np.testing.assert_allclose(scan.geometry.affine_ras, AFFINE, atol=1e-6)


@pytest.mark.parametrize("matrix", [*ALL_48, *OBLIQUES], ids=range(51))
def test_the_qform_is_decoded_as_nibabel_does(tmp_path: Path, matrix: NDArray[Any]) -> None:
    affine = AFFINE.copy()
    affine[:3, :3] = matrix * [1, 2, 3]
    path = nifti(tmp_path / "scan.nii", sform=(None, 0), qform=(affine, 1))
    expected = nibabel.load(path).affine
    np.testing.assert_allclose(expected, affine, atol=1e-5)
    np.testing.assert_allclose(quietly(path).geometry.affine_ras, expected, atol=1e-5)


def test_without_a_place_it_is_told(tmp_path: Path) -> None:
    path = nifti(tmp_path / "scan.nii")
    data = bytearray(path.read_bytes())
    data[252:256] = bytes(4)  # qform_code and sform_code
    path.write_bytes(data)
    with pytest.warns(DataWarning, match="says not where .* left and right may be swapped"):
        scan = read(path)
    np.testing.assert_allclose(scan.geometry.affine_ras, np.diag([1, 2, 3, 1]))


def test_a_sheared_grid_is_refused(tmp_path: Path) -> None:
    sheared = AFFINE.copy()
    sheared[0, 1] = 0.4
    path = nifti(tmp_path / "scan.nii", sform=(sheared, 1), qform=(None, 0))
    with pytest.raises(GeometryError, match="not perpendicular"):
        read(path)
    path = nifti(tmp_path / "scan.nii", sform=(sheared, 2), qform=(AFFINE, 1))
    with pytest.warns(DataWarning, match=r"sform .* is sheared.*the qform.*is taken"):
        scan = read(path)
    np.testing.assert_allclose(scan.geometry.affine_ras, AFFINE, atol=1e-6)


@pytest.mark.parametrize(
    ("units", "factor"), [("micron", 1e-3), ("mm", 1.0), ("meter", 1e3), ("unknown", 1.0)]
)
def test_units_are_honoured(tmp_path: Path, units: str, factor: float) -> None:
    geometry = quietly(nifti(tmp_path / "scan.nii", units=units)).geometry
    np.testing.assert_allclose(geometry.spacing, np.array([1, 2, 3]) * factor, rtol=1e-6)
    np.testing.assert_allclose(geometry.affine_ras[:3, 3], np.array([5, 6, 7]) * factor, rtol=1e-6)


def test_slope_and_intercept_of_nifti(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(ARRAY.T, AFFINE)
    image.header.set_slope_inter(0.5, -3)
    nibabel.save(image, tmp_path / "scan.nii")
    data = bytearray((tmp_path / "scan.nii").read_bytes())
    data[112:120] = np.array([0.5, -3], "<f4").tobytes()
    (tmp_path / "scan.nii").write_bytes(data)
    expected = nibabel.load(tmp_path / "scan.nii").get_fdata().T
    np.testing.assert_allclose(quietly(tmp_path / "scan.nii").array, expected)


def test_big_endian_nifti(tmp_path: Path) -> None:
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(np.int16)
    nibabel.save(nibabel.Nifti1Image(ARRAY.T, AFFINE, header), tmp_path / "scan.nii")
    scan = quietly(tmp_path / "scan.nii")
    np.testing.assert_array_equal(scan.array, ARRAY)
    np.testing.assert_allclose(scan.geometry.affine_ras, AFFINE)


# Damage


@pytest.mark.parametrize("suffix", [s for s in FORMATS if s not in (".nhdr", ".mhd")])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_named(tmp_path: Path, suffix: str, part: float) -> None:
    array = RNG.integers(-1000, 1000, (9, 30, 30)).astype(np.int16)
    path = write(Image(array, Geometry((30, 30, 9))), tmp_path / f"scan{suffix}")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(InputError, match=f"scan{suffix}"):
        read(path)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("content", [b"hello", b"\x00" * 4096, b"PK\x03\x04" + b"x" * 900])
def test_other_content_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"scan{suffix}"
    path.write_bytes(gzip.compress(content) if suffix == ".nii.gz" else content)
    with pytest.raises(InputError, match="scan"):
        read(path)


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    path = nifti(tmp_path / "scan.nii", ARRAY.T.astype(np.complex64))
    with pytest.raises(InputError, match="complex numbers"):
        read(path)


# Labels or scan


@pytest.mark.parametrize("case", ["brain1", "breast1", "lung1"])
def test_real_labels_and_scans_are_told_apart(real_data: Any, case: str) -> None:
    scan = quietly(real_data("pyradiomics") / f"{case}_image.nrrd")
    regions = quietly(real_data("pyradiomics") / f"{case}_label.nrrd")
    assert isinstance(scan, Image)
    assert isinstance(regions, Segmentation)
    assert scan.geometry.same_grid(regions.geometry)
    expected = {"brain1": 4137, "breast1": 143, "lung1": 837}
    assert regions.mask(1).sum() == expected[case]


def test_the_ibsi_phantom_is_a_scan_and_its_mask_labels(real_data: Any) -> None:
    folder = real_data("ibsi_digital_phantom")
    assert isinstance(quietly(folder / "phantom.nii.gz"), Image)
    assert isinstance(quietly(folder / "mask.nii.gz"), Segmentation)


def blob() -> NDArray[np.bool_]:
    z, y, x = np.indices((10, 20, 20))
    return (z - 5) ** 2 * 4 + (y - 10) ** 2 + (x - 9) ** 2 < 49


@pytest.mark.parametrize(
    ("name", "array", "labelled"),
    [
        ("photo", RNG.integers(0, 40, (10, 20, 20)).astype(np.uint8), False),
        ("smooth", (np.indices((10, 20, 20)).sum(axis=0) * 5).astype(np.uint8), False),
        ("binary", blob().astype(np.uint8), True),
        ("binary255", (blob() * 255).astype(np.uint8), True),
        ("signed", blob().astype(np.int16) * 3, True),
        ("probability", blob() * np.float32(0.37), False),
        ("tumour_mask", blob().astype(np.float64), True),
        ("case_seg", np.zeros((10, 20, 20), np.int16), True),
        ("empty", np.zeros((10, 20, 20), np.int16), False),
        ("hounsfield", np.where(blob(), 40, -1000).astype(np.int16), False),
        ("mask_map", blob() * np.float32(0.37), False),
    ],
)
@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
def test_labels_and_scans_are_told_apart(
    tmp_path: Path, name: str, array: NDArray[Any], labelled: bool, suffix: str
) -> None:
    path = write(Image(array, Geometry((20, 20, 10))), tmp_path / f"{name}{suffix}")
    assert isinstance(quietly(path), Segmentation) == labelled
    assert isinstance(quietly(path, kind="image"), Image)


def test_fractions_are_no_labels(tmp_path: Path) -> None:
    array = blob() * np.float32(0.37)
    path = write(Image(array, Geometry((20, 20, 10))), tmp_path / "p.nii")
    with pytest.raises(InputError, match=r"p\.nii holds 0\.37 at voxel i, j, k = 8, 7, 2, which"):
        read(path, kind="segmentation")


NO_LABELS = [
    (np.float32, -1.0, "-1"),
    (np.float64, -1000.0, "-1000"),
    (np.float32, np.nan, "nan"),
    (np.float64, np.inf, "inf"),
    (np.float32, 5e9, "5e+09"),
    (np.int16, -1, "-1"),
    (np.int32, -3, "-3"),
]


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
@pytest.mark.parametrize(("dtype", "value", "told"), NO_LABELS)
def test_what_is_no_label_is_named_with_its_place(
    tmp_path: Path, suffix: str, dtype: Any, value: float, told: str
) -> None:
    array = np.zeros((4, 5, 6), dtype)
    array[1, 1, 1], array[2, 3, 4] = 1, value
    path = write(Image(array, Geometry((6, 5, 4))), tmp_path / f"case_seg{suffix}")
    with pytest.raises(InputError) as raised:
        read(path, kind="segmentation")
    assert str(raised.value).startswith(f"{path} holds {told} at voxel i, j, k = 4, 3, 2, which")
    assert 'kind="image"' in str(raised.value)
    with pytest.warns(DataWarning, match="is read as an image"):
        found = read(path)  # a name alone does not turn values into labels
    assert isinstance(found, Image)
    np.testing.assert_array_equal(found.array, array)
    assert f"holds {told} at voxel i, j, k = 4, 3, 2" in found.notes[-1]


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
def test_labels_in_real_numbers_keep_their_values(tmp_path: Path, suffix: str) -> None:
    array = np.zeros((4, 5, 6), np.float32)
    array[1, 1, 1], array[2, 3, 4], array[0, 0, 0] = 1, 300, 70000
    path = write(Image(array, Geometry((6, 5, 4))), tmp_path / f"case{suffix}")
    found = read(path, kind="segmentation")
    assert found.present == (1, 300, 70000)
    np.testing.assert_array_equal(found.labels, array)


# 3D Slicer


def slicer(path: Path, array: NDArray[Any], fields: dict[str, str]) -> Path:
    """Write a NRRD by hand as 3D Slicer does: (Z, Y, X) or (Z, Y, X, L), in LPS."""
    layered = array.ndim == 4
    sizes = [*array.shape[::-1]]
    lines = [
        "NRRD0005", "type: unsigned char", f"dimension: {array.ndim}",
        "space: left-posterior-superior", f"sizes: {' '.join(map(str, sizes))}",
        f"space directions: {'none ' if layered else ''}(0.5,0,0) (0,0.5,0) (0,0,2)",
        f"kinds: {'list ' if layered else ''}domain domain domain", "encoding: raw",
        "space origin: (1,2,3)", *(f"{key}:={value}" for key, value in fields.items()),
    ]  # fmt: skip
    path.write_bytes("\n".join(lines).encode() + b"\n\n" + array.astype(np.uint8).tobytes())
    return path


def segment(number: int, name: str, value: int, layer: int, **more: str) -> dict[str, str]:
    fields = {"ID": f"S{number}", "Name": name, "LabelValue": str(value), "Layer": str(layer)}
    return {f"Segment{number}_{key}": text for key, text in {**fields, **more}.items()}


def test_names_colors_and_codes_of_slicer(tmp_path: Path) -> None:
    array = np.zeros((4, 5, 6), np.uint8)
    array[1, 2:4], array[2, 1] = 1, 3
    terms = (
        "Segmentation.Status:inprogress|TerminologyEntry:Segmentation category and type - 3D "
        "Slicer General Anatomy list~SCT^49755003^Morphologically Altered Structure~"
        "SCT^4147007^Mass~^^~Anatomic codes~^^~^^|"
    )
    fields = segment(0, "tumour", 1, 0, Color="0.5 0 1", Tags=terms) | segment(1, "core", 3, 0)
    regions = quietly(slicer(tmp_path / "case.seg.nrrd", array, fields))
    np.testing.assert_array_equal(regions.labels, array)
    tumour, core = regions.scheme
    assert (tumour.name, tumour.color, core.name) == ("tumour", (128, 0, 255), "core")
    assert tumour.type == Code("4147007", "SCT", "Mass")
    assert tumour.category == Code("49755003", "SCT", "Morphologically Altered Structure")
    assert regions.name == "case"
    assert regions.geometry.spacing == (0.5, 0.5, 2.0)


def test_layers_of_slicer_with_the_same_values(tmp_path: Path) -> None:
    array = np.zeros((4, 5, 6, 2), np.uint8)
    array[1, 1:4, :, 0], array[1, 2:5, :, 1], array[3, 0, 0, 1] = 1, 1, 2
    fields = segment(0, "a", 1, 0) | segment(1, "b", 1, 1) | segment(2, "c", 2, 1)
    regions = quietly(slicer(tmp_path / "case.seg.nrrd", array, fields))
    assert regions.overlapping
    values = {label.name: label.value for label in regions.scheme}
    assert len(set(values.values())) == 3
    np.testing.assert_array_equal(regions.mask(values["a"]), array[..., 0] == 1)
    np.testing.assert_array_equal(regions.mask(values["b"]), array[..., 1] == 1)
    np.testing.assert_array_equal(regions.mask(values["c"]), array[..., 1] == 2)


@pytest.mark.parametrize("ras", [False, True])
def test_a_box_of_slicer_returns_to_its_scan(tmp_path: Path, ras: bool) -> None:
    array = np.ones((2, 3, 4), np.uint8)
    whole = Geometry((10, 9, 8), (0.5, 0.5, 2), (-0.5, 1, -1))  # the box begins at (3, 2, 2)
    matrix = whole.affine_ras if ras else whole.affine
    numbers = [*matrix.ravel().tolist(), 0, 9, 0, 8, 0, 7]
    text = "Collapse labelmaps|1|Merge&Reference image geometry|" + ";".join(map(str, numbers))
    fields = segment(0, "a", 1, 0) | {"Segmentation_ConversionParameters": text + ";|why&"}
    regions = quietly(slicer(tmp_path / "case.seg.nrrd", array, fields))
    assert regions.geometry.same_grid(whole)
    assert regions.labels.sum() == 24
    np.testing.assert_array_equal(np.argwhere(regions.labels)[0], (2, 2, 3))


@pytest.mark.parametrize("matrix", [np.eye(3), ALL_48[17], OBLIQUES[0]], ids=str)
def test_overlapping_regions_come_back_as_slicer_layers(
    tmp_path: Path, matrix: NDArray[Any]
) -> None:
    masks = np.zeros((3, 5, 4, 3), bool)
    masks[0, :3], masks[1, 2:4], masks[2, 0, 0, 0] = True, True, True
    code = Code("4147007", "SCT", "Mass")
    scheme = (Label(1, "a", (10, 20, 30)), Label(2, "b", None, code, code), Label(5, "c"))
    regions = Segmentation.from_masks(masks, grid(matrix), scheme)
    back = quietly(write(regions, tmp_path / "case.seg.nrrd"))
    assert back.geometry.same_grid(regions.geometry)
    assert back.scheme == scheme
    for mask, label in zip(masks, scheme, strict=True):
        np.testing.assert_array_equal(back.mask(label.value), mask)
    assert b"kinds: list domain" in (tmp_path / "case.seg.nrrd").read_bytes()
    with pytest.raises(InputError, match="cannot hold overlapping regions"):
        write(regions, tmp_path / "case.nii.gz")


def test_labels_come_back_with_their_names(tmp_path: Path) -> None:
    labels = (np.abs(ARRAY) % 4).astype(np.uint8)
    scheme = tuple(Label(n, f"part {n}", (n, 2 * n, 255)) for n in (1, 2, 3))
    regions = Segmentation(labels, grid(OBLIQUES[2]), scheme)
    for suffix in FORMATS:
        with (
            contextlib.nullcontext()
            if suffix in (".nrrd", ".nhdr")
            else pytest.warns(DataWarning, match="names")
        ):
            path = write(regions, tmp_path / f"labels{suffix}")
        back = quietly(path, kind="segmentation")
        np.testing.assert_array_equal(back.labels, labels)
        assert back.geometry.same_grid(regions.geometry)
        if suffix in (".nrrd", ".nhdr"):
            assert back.scheme == scheme


def test_simpleitk_reads_what_we_write(tmp_path: Path) -> None:
    scan = Image(ARRAY, grid(OBLIQUES[0]))
    for suffix in FORMATS:
        image = sitk.ReadImage(str(write(scan, tmp_path / f"scan{suffix}")))
        np.testing.assert_array_equal(sitk.GetArrayFromImage(image), ARRAY)
        same = dataclasses.replace(scan, geometry=Geometry.from_sitk(image))
        assert same.geometry.same_grid(scan.geometry)
