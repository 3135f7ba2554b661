"""RTSTRUCT: contours become voxels by one stated rule, in any orientation."""

from __future__ import annotations

import dataclasses
import itertools
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from scipy.spatial.transform import Rotation
from skimage.measure import points_in_poly

from napari_radiogenomics import read, read_all
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.io.dicom.contours import fill_rows, inside

RIGHT_HANDED = [
    np.eye(3)[:, list(order)] * signs
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
    if np.linalg.det(np.eye(3)[:, list(order)] * signs) > 0
]
OBLIQUE = Rotation.from_euler("xyz", [12, -31, 57], degrees=True).as_matrix()
SIZE, SPACING, ORIGIN = (30, 28, 12), (1.0, 1.0, 2.0), (-10.0, 20.0, -30.0)


def grid(matrix: NDArray[Any] | None = None) -> Geometry:
    direction = tuple((np.eye(3) if matrix is None else matrix).ravel())
    return Geometry(SIZE, SPACING, ORIGIN, direction)


def scan(matrix: NDArray[Any] | None = None) -> Image:
    geometry = grid(matrix)
    return Image(np.zeros(geometry.shape, np.int16), geometry, name="CT")


def ring(radius: float, centre: Any = (14.2, 13.7), count: int = 180) -> NDArray[Any]:
    """Circle in mm of a plane, (V, 2)."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.asarray(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def on_slice(points: Any, k: float, geometry: Geometry) -> NDArray[Any]:
    """Points in pixels of slice k as LPS mm."""
    points = np.asarray(points, float)
    return geometry.index_to_world(np.c_[points, np.full(len(points), k)])


def item(**attributes: Any) -> Dataset:
    data = Dataset()
    for name, value in attributes.items():
        setattr(data, name, value)
    return data


def structures(
    path: Path,
    dicom: SimpleNamespace,
    rois: dict[str, list[Any]],
    *,
    series: str = "",
    kind: str = "CLOSED_PLANAR",
    numbers: list[int] | None = None,
) -> Path:
    """Write an RTSTRUCT; each contour is (V, 3) in mm, or a pair of kind and points."""
    data = dicom.dataset(dicom.RTSTRUCT, Modality="RTSTRUCT", StructureSetLabel="plan")
    data.SeriesInstanceUID = "1.2.3.99"
    referenced = [item(SeriesInstanceUID=series)] if series else []
    data.ReferencedFrameOfReferenceSequence = [
        item(
            FrameOfReferenceUID="1.2.3.5",
            RTReferencedStudySequence=[item(RTReferencedSeriesSequence=referenced)],
        )
    ]
    data.StructureSetROISequence, data.ROIContourSequence = [], []
    data.RTROIObservationsSequence = []
    numbers = numbers or list(range(1, len(rois) + 1))
    for number, (name, contours) in zip(numbers, rois.items(), strict=True):
        data.StructureSetROISequence.append(item(ROINumber=number, ROIName=name))
        sequence = []
        for contour in contours:
            own, points = contour if isinstance(contour, tuple) else (kind, contour)
            values = [round(float(v), 4) for v in np.ravel(points)]
            sequence.append(
                item(
                    ContourGeometricType=own,
                    NumberOfContourPoints=len(values) // 3,
                    ContourData=values,
                )
            )
        color = [number * 20, 10, 200]
        data.ROIContourSequence.append(
            item(ReferencedROINumber=number, ROIDisplayColor=color, ContourSequence=sequence)
        )
        data.RTROIObservationsSequence.append(
            item(ReferencedROINumber=number, RTROIInterpretedType="GTV")
        )
    return Path(dicom.save(data, path))


def told(path: Path, **options: Any) -> tuple[Any, str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        regions = read(path, **options)
    return regions, "\n".join(str(w.message) for w in caught if w.category is DataWarning)


def centres_inside(contour: NDArray[Any]) -> NDArray[np.bool_]:
    """Which pixel centres of a slice lie in a contour, by scikit-image."""
    places = np.argwhere(np.ones((SIZE[1], SIZE[0])))[:, ::-1]
    return points_in_poly(places, contour).reshape(SIZE[1], SIZE[0])


# The rule


def test_filling_agrees_with_scikit_image() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        angle = np.sort(rng.uniform(0, 2 * np.pi, 25))
        radius = rng.uniform(3, 12, 25)
        star = np.array([15, 14]) + radius[:, None] * np.c_[np.cos(angle), np.sin(angle)]
        np.testing.assert_array_equal(fill_rows([star], (28, 30)), centres_inside(star))
        points = np.argwhere(np.ones((28, 30)))[:, ::-1].astype(float)
        np.testing.assert_array_equal(inside([star], points), fill_rows([star], (28, 30)).ravel())


def test_neighbours_share_an_outline_without_seam_or_overlap() -> None:
    left = np.array([[2, 3], [9, 3], [9, 20], [2, 20]], float)  # outlines through voxel centres
    right = np.array([[9, 3], [15, 3], [15, 20], [9, 20]], float)
    both = fill_rows([left], (28, 30)).astype(int) + fill_rows([right], (28, 30))
    assert both.max() == 1
    assert both.sum() == 13 * 17
    assert fill_rows([left], (28, 30)).sum() == 7 * 17


def test_area_of_a_circle() -> None:
    for centre in ((100.0, 100.0), (100.3, 99.6)):
        filled = fill_rows([ring(80, centre, 2000)], (200, 200))
        assert filled.sum() == pytest.approx(np.pi * 80**2, rel=2e-3)


# On the scan


@pytest.mark.parametrize("matrix", [*RIGHT_HANDED, OBLIQUE], ids=range(25))
def test_contours_on_slices_of_any_orientation(
    tmp_path: Path, dicom: SimpleNamespace, matrix: NDArray[Any]
) -> None:
    geometry = grid(matrix)
    contours = [on_slice(ring(6 + k), k, geometry) for k in (3, 4, 5)]
    path = structures(tmp_path / "rs.dcm", dicom, {"tumour": contours})
    regions, remarks = told(path, reference=scan(matrix))
    assert remarks == ""
    assert regions.geometry.same_grid(geometry)
    expected = np.zeros(geometry.shape, bool)
    for k in (3, 4, 5):
        expected[k] = centres_inside(ring(6 + k))
    np.testing.assert_array_equal(regions.labels == 1, expected)


def test_the_scan_is_found_beside_the_file(tmp_path: Path, dicom: SimpleNamespace) -> None:
    dicom.series(
        tmp_path, np.zeros((12, 28, 30), np.int16), spacing=SPACING, origin=ORIGIN, matrix=OBLIQUE
    )
    contours = [on_slice(ring(7), k, grid(OBLIQUE)) for k in (3, 4, 5)]
    for series in ("1.2.3.4", ""):  # by the series, else by the frame of reference
        path = structures(tmp_path / "rs.dcm", dicom, {"tumour": contours}, series=series)
        regions, remarks = told(path)
        assert remarks == ""
        assert regions.geometry.same_grid(grid(OBLIQUE))
        assert regions.metadata["source_series"] == "1.2.3.4"
    objects = read_all(tmp_path)
    assert [obj.name for obj in objects] == ["CT", "plan"]
    np.testing.assert_array_equal(objects[1].labels, regions.labels)


def test_names_colors_and_kinds(tmp_path: Path, dicom: SimpleNamespace) -> None:
    rois = {name: [on_slice(ring(3), 2, grid())] for name in ("GTV", "PTV")}
    path = structures(tmp_path / "rs.dcm", dicom, rois, numbers=[4, 9])
    regions, _ = told(path, reference=scan())
    assert [(label.value, label.name, label.color) for label in regions.scheme] == [
        (4, "GTV", (80, 10, 200)), (9, "PTV", (180, 10, 200)),
    ]  # fmt: skip
    assert regions.scheme[0].metadata["interpreted_type"] == "GTV"
    assert regions.name == "plan"


def test_a_contour_in_a_contour_is_a_hole(tmp_path: Path, dicom: SimpleNamespace) -> None:
    for kind in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR"):
        contours = [on_slice(ring(radius), 4, grid()) for radius in (10, 5)]
        path = structures(tmp_path / "rs.dcm", dicom, {"torus": contours}, kind=kind)
        regions, _ = told(path, reference=scan())
        expected = centres_inside(ring(10)) & ~centres_inside(ring(5))
        np.testing.assert_array_equal(regions.labels[4] > 0, expected)
        area = float(regions.mask(1).sum())
        assert area == pytest.approx(np.pi * (10**2 - 5**2), rel=0.02)


def test_a_keyhole_is_a_hole(tmp_path: Path, dicom: SimpleNamespace) -> None:
    outer, inner = ring(10), ring(5)[::-1]
    keyhole = np.concatenate([outer, outer[:1], inner[-1:], inner])
    path = structures(tmp_path / "rs.dcm", dicom, {"torus": [on_slice(keyhole, 4, grid())]})
    regions, _ = told(path, reference=scan())
    expected = centres_inside(ring(10)) & ~centres_inside(ring(5))
    np.testing.assert_array_equal(regions.labels[4] > 0, expected)


def test_several_contours_on_a_slice(tmp_path: Path, dicom: SimpleNamespace) -> None:
    parts = [ring(4, (7.2, 8.1)), ring(5, (20.3, 17.9))]
    path = structures(
        tmp_path / "rs.dcm", dicom, {"nodes": [on_slice(part, 6, grid()) for part in parts]}
    )
    regions, _ = told(path, reference=scan())
    expected = centres_inside(parts[0]) | centres_inside(parts[1])
    np.testing.assert_array_equal(regions.labels[6] > 0, expected)


def test_overlapping_regions_keep_their_voxels(tmp_path: Path, dicom: SimpleNamespace) -> None:
    rois = {"GTV": [on_slice(ring(5), 4, grid())], "PTV": [on_slice(ring(9), 4, grid())]}
    regions, _ = told(structures(tmp_path / "rs.dcm", dicom, rois), reference=scan())
    assert regions.overlapping
    np.testing.assert_array_equal(regions.mask(1)[4], centres_inside(ring(5)))
    np.testing.assert_array_equal(regions.mask(2)[4], centres_inside(ring(9)))


# Planes that are not slices


@pytest.mark.parametrize("axis", [0, 1], ids=["sagittal", "coronal"])
def test_contours_across_the_slices(tmp_path: Path, dicom: SimpleNamespace, axis: int) -> None:
    """A cylinder along x or y, drawn in planes across the slices at every voxel."""
    geometry = grid()
    centre = np.array([14.0, 13.0, 6.0]) * SPACING
    contours = []
    for place in range(8, 18):
        flat = ring(7, (0, 0))
        points = np.zeros((len(flat), 3))
        points[:, [a for a in range(3) if a != axis]] = flat
        points += centre
        points[:, axis] = place
        contours.append(points + ORIGIN)
    path = structures(tmp_path / "rs.dcm", dicom, {"tube": contours})
    regions, remarks = told(path, reference=scan())
    assert remarks == ""
    index = np.argwhere(np.ones(geometry.shape))[:, ::-1]
    off = index * SPACING - centre
    off[:, axis] = 0
    along = (index[:, axis] >= 8) & (index[:, axis] < 18)
    expected = (np.linalg.norm(off, axis=1) < 7 * np.cos(np.pi / 180)) & along
    found = (regions.labels > 0)[tuple(index[:, ::-1].T)]
    assert (found != expected).mean() < 2e-3
    assert found.sum() == pytest.approx(expected.sum(), rel=0.02)


def test_wide_planes_across_the_slices_count_for_their_nearest(
    tmp_path: Path, dicom: SimpleNamespace
) -> None:
    square = np.array([[0, 5, 4], [0, 15, 4], [0, 15, 14], [0, 5, 14]], float)
    contours = [square + np.add(ORIGIN, (x, 0.2, 0.2)) for x in (6, 9, 12)]
    path = structures(tmp_path / "rs.dcm", dicom, {"block": contours})
    regions, remarks = told(path, reference=scan())
    columns = np.flatnonzero((regions.labels > 0).any(axis=(0, 1)))
    assert columns.tolist() == list(range(5, 14))  # 6 ± 1.5 … 12 ± 1.5, nothing between is empty
    assert "contours lie 3 columns apart" in remarks


def test_oblique_planes_are_filled_in_their_own_plane(
    tmp_path: Path, dicom: SimpleNamespace
) -> None:
    """A cylinder along an oblique axis keeps its volume and its place."""
    normal, first, second = OBLIQUE.T[2], OBLIQUE.T[0], OBLIQUE.T[1]
    centre = np.array([14.0, 13.0, 12.0])
    flat = ring(6, (0, 0))
    contours = [
        flat[:, :1] * first + flat[:, 1:] * second + centre + depth * normal + ORIGIN
        for depth in np.arange(-4, 4.1, 2)
    ]
    path = structures(tmp_path / "rs.dcm", dicom, {"tube": contours})
    regions, remarks = told(path, reference=scan())
    assert "at an angle" in remarks
    index = np.argwhere(np.ones(regions.geometry.shape))
    off = index[:, ::-1] * SPACING - centre
    depth = off @ normal
    radius = np.linalg.norm(off - depth[:, None] * normal, axis=1)
    expected = (radius < 6) & (depth >= -5) & (depth < 5)
    found = (regions.labels > 0)[tuple(index.T)]
    assert (found != expected).sum() <= 0.02 * expected.sum()
    assert regions.volume_ml(1) == pytest.approx(np.pi * 36 * 10 / 1000, rel=0.04)


# What is told


def test_contours_between_slices_are_told(tmp_path: Path, dicom: SimpleNamespace) -> None:
    contours = [on_slice(ring(5), k + 0.3, grid()) for k in (3, 4, 5)]
    path = structures(tmp_path / "rs.dcm", dicom, {"tumour": contours})
    regions, remarks = told(path, reference=scan())
    assert "3 of 3 contour planes lie between slices, up to 0.30" in remarks
    assert np.flatnonzero((regions.labels > 0).any(axis=(1, 2))).tolist() == [3, 4, 5]


def test_contours_that_are_not_flat_are_told(tmp_path: Path, dicom: SimpleNamespace) -> None:
    bent = [on_slice(ring(radius), 4, grid()) for radius in (9, 5)]
    for points in bent:
        points[::2, 2] += 0.3
    path = structures(tmp_path / "rs.dcm", dicom, {"tumour": bent})
    regions, remarks = told(path, reference=scan())
    assert "2 of 2 contours are not flat, by up to 0.15 mm" in remarks
    expected = centres_inside(ring(9)) & ~centres_inside(ring(5))
    np.testing.assert_array_equal(regions.labels[4] > 0, expected)


def test_slices_without_a_contour_stay_empty(tmp_path: Path, dicom: SimpleNamespace) -> None:
    dicom.series(tmp_path, np.zeros((12, 28, 30), np.int16), spacing=SPACING, origin=ORIGIN)
    contours = [on_slice(ring(5), k, grid()) for k in (2, 5, 8)]
    path = structures(tmp_path / "rs.dcm", dicom, {"tumour": contours}, series="1.2.3.4")
    regions, remarks = told(path)
    assert np.flatnonzero((regions.labels > 0).any(axis=(1, 2))).tolist() == [2, 5, 8]
    assert "4 slices between its contours have none and stay empty" in remarks


def test_contours_outside_of_the_scan_are_told(tmp_path: Path, dicom: SimpleNamespace) -> None:
    contours = [on_slice(ring(5), k, grid()) for k in (10, 11, 12, 13)]
    contours.append(on_slice(ring(20), 4, grid()))
    path = structures(tmp_path / "rs.dcm", dicom, {"tumour": contours})
    regions, remarks = told(path, reference=scan())
    assert "3 of 5 contours reach outside of the scan" in remarks
    np.testing.assert_array_equal(regions.labels[11] > 0, centres_inside(ring(5)))
    np.testing.assert_array_equal(regions.labels[4] > 0, centres_inside(ring(20)))


def test_points_and_open_contours_are_skipped(tmp_path: Path, dicom: SimpleNamespace) -> None:
    closed = on_slice(ring(5), 4, grid())
    rois = {
        "tumour": [closed, ("OPEN_PLANAR", closed[:20]), closed],
        "isocentre": [("POINT", closed[:1])],
        "line": [on_slice([[1, 1], [2, 2], [3, 3]], 4, grid())],
        "nothing": [],
    }
    regions, remarks = told(structures(tmp_path / "rs.dcm", dicom, rois), reference=scan())
    assert regions.present == (1,)
    np.testing.assert_array_equal(regions.labels[4] > 0, centres_inside(ring(5)))
    for text in (
        "tumour: 1 open contour skipped", "tumour: 1 contour drawn twice", "line: 1 contour with",
        "isocentre: 1 point skipped", "nothing: it has no contour",
    ):  # fmt: skip
        assert text in remarks


def test_without_a_scan_the_contours_make_the_grid(tmp_path: Path, dicom: SimpleNamespace) -> None:
    for matrix in (np.eye(3), RIGHT_HANDED[9], OBLIQUE):
        geometry = grid(matrix)
        contours = [on_slice(ring(9, count=60), k, geometry) for k in range(3, 8)]
        path = structures(tmp_path / "rs.dcm", dicom, {"tumour": contours})
        regions, remarks = told(path)
        assert "grid made from their own spacing" in remarks
        assert regions.geometry.spacing[2] == pytest.approx(2.0, rel=1e-3)
        assert regions.geometry.size[2] == 5
        assert regions.volume_ml(1) == pytest.approx(np.pi * 81 * 10 / 1000, rel=0.03)
        places = np.argwhere(regions.mask(1))[:, ::-1]
        middle = regions.geometry.index_to_world(places).mean(axis=0)
        expected = geometry.index_to_world([14.2, 13.7, 5])
        np.testing.assert_allclose(middle, expected, atol=0.2)


def test_one_plane_of_another_scan_is_enough(tmp_path: Path, dicom: SimpleNamespace) -> None:
    path = structures(tmp_path / "rs.dcm", dicom, {"a": [on_slice(ring(4), 3, grid())]})
    regions, _ = told(path)
    assert regions.geometry.size[2] == 1
    assert regions.mask(1).any()


def test_files_without_a_region_are_refused(tmp_path: Path, dicom: SimpleNamespace) -> None:
    path = structures(tmp_path / "rs.dcm", dicom, {"iso": [("POINT", [[1, 2, 3]])]})
    with pytest.raises(InputError, match=r"no closed contour\. iso: 1 point skipped"):
        read(path)
    with pytest.raises(InputError, match="not image"):
        read(path, kind="image")
    closed = on_slice(ring(4), 3, grid())
    path = structures(tmp_path / "rs.dcm", dicom, {"a": [np.arange(8)]})
    with pytest.raises(InputError, match="contour of 8 numbers"):
        read(path)
    path = structures(tmp_path / "rs.dcm", dicom, {"a": [closed]})
    with pytest.raises(InputError, match="has no grid"):
        read(path, reference=3)
    with pytest.raises(InputError, match=r"scan\.nii does not exist"):
        read(path, reference="scan.nii")


def test_no_message_holds_the_patients_name(tmp_path: Path, dicom: SimpleNamespace) -> None:
    path = structures(tmp_path / "rs.dcm", dicom, {"a": [on_slice(ring(40), 3.4, grid())]})
    regions, remarks = told(path, reference=scan())
    assert "Mustermann" not in remarks + repr(dataclasses.asdict(regions)["metadata"])


def test_a_clinical_file(tmp_path: Path) -> None:
    path = tmp_path / "rtstruct.dcm"
    path.write_bytes(Path(get_testdata_file("rtstruct.dcm")).read_bytes())
    regions, remarks = told(path)
    assert [label.name for label in regions.scheme] == ["patient"]
    assert "Isocenter 1: 1 point skipped" in remarks
    # its outline is a box of 400 × 300 mm on three slices 10 mm apart
    assert regions.volume_ml(1) == pytest.approx(400 * 300 * 30 / 1000, rel=0.01)
