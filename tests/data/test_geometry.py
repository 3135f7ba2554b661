"""Grids in the patient, with nibabel and SimpleITK as independent oracles."""

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from napari_radiogenomics.data.geometry import Geometry, flip_lps_ras, require_same_grid
from napari_radiogenomics.errors import GeometryError


def rotation(axis, degrees):
    axis = np.asarray(axis, float) / np.linalg.norm(axis)
    angle = np.deg2rad(degrees)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


@pytest.fixture
def oblique():
    matrix = rotation((1, 2, 3), 25)
    return Geometry((6, 5, 4), (0.8, 0.9, 3.0), (-10.0, 20.0, 5.0), tuple(matrix.ravel()))


def test_world_positions_equal_simpleitk(oblique):
    image = sitk.Image(oblique.size, sitk.sitkUInt8)
    image.SetSpacing(oblique.spacing)
    image.SetOrigin(oblique.origin)
    image.SetDirection(oblique.direction)
    for index in ([0, 0, 0], [5, 0, 0], [1, 4, 2], [3, 2, 3]):
        expected = image.TransformIndexToPhysicalPoint(index)
        np.testing.assert_allclose(oblique.index_to_world(index), expected, atol=1e-12)
    assert Geometry.from_sitk(image) == oblique


def test_world_to_index_inverts(oblique):
    indices = np.random.default_rng(0).uniform(-3, 9, (20, 3))
    back = oblique.world_to_index(oblique.index_to_world(indices))
    np.testing.assert_allclose(back, indices, atol=1e-10)


@pytest.mark.parametrize("code", ["LPS", "RAS", "PIR", "SAL", "ILP"])
def test_orientation_letters_equal_nibabel(code):
    ends = nibabel.orientations.axcodes2ornt(code)
    matrix = np.zeros((3, 3))
    for index, (world, sign) in enumerate(ends):
        matrix[int(world), index] = sign
    matrix = np.diag([-1, -1, 1]) @ matrix  # nibabel's world is RAS
    geometry = Geometry((2, 3, 4), direction=tuple(matrix.ravel()))
    assert geometry.orientation == code
    assert "".join(nibabel.aff2axcodes(geometry.affine_ras)) == code


def test_ras_affine_round_trip(oblique):
    back = Geometry.from_affine(oblique.affine_ras, oblique.size, ras=True)
    np.testing.assert_allclose(back.affine, oblique.affine, atol=1e-12)
    assert back.same_grid(oblique)


def test_lps_and_ras_differ_in_two_signs():
    np.testing.assert_array_equal(flip_lps_ras([[1, 2, 3]]), [[-1, -2, 3]])


def test_a_sheared_grid_is_refused():
    with pytest.raises(GeometryError, match="not perpendicular"):
        Geometry((2, 2, 2), direction=(1, 0, 0, 0, 1, 0.3, 0, 0, 1))


@pytest.mark.parametrize("bad", [{"size": (0, 1, 1)}, {"spacing": (1, 0, 1)}, {"origin": (0, 0)}])
def test_impossible_grids_are_refused(bad):
    with pytest.raises(GeometryError):
        Geometry(**{"size": (2, 2, 2), **bad})


def test_oblique_is_what_snapping_would_move(oblique):
    assert oblique.is_oblique
    tiny = Geometry((6, 5, 4), direction=tuple(rotation((0, 0, 1), 0.1).ravel()))
    assert not tiny.is_oblique
    np.testing.assert_allclose(tiny.aligned.corners.mean(axis=0), tiny.corners.mean(axis=0))


def test_contains_reaches_to_the_voxel_faces():
    geometry = Geometry((2, 2, 2))
    inside = geometry.contains([[-0.4, 0, 0], [1.4, 1, 1], [1.6, 0, 0]])
    assert inside.tolist() == [True, True, False]


def test_grids_that_differ_are_named_with_the_remedy():
    scan = Geometry((256, 256, 25), (0.78, 0.78, 6.5))
    drawn = Geometry((240, 240, 155))
    with pytest.raises(GeometryError, match=r"256×256×25 at 0\.78×0\.78×6\.5 mm.*240×240×155"):
        require_same_grid(scan, drawn)
    flipped = Geometry(scan.size, scan.spacing, direction=(-1, 0, 0, 0, -1, 0, 0, 0, 1))
    with pytest.raises(GeometryError, match=r"LPS and RAS.*Resample"):
        require_same_grid(scan, flipped)


def test_single_precision_headers_are_the_same_grid(oblique):
    rounded = Geometry(
        oblique.size,
        tuple(np.float32(oblique.spacing)),
        tuple(np.float32(oblique.origin)),
        tuple(np.float32(oblique.direction)),
    )
    assert oblique.same_grid(rounded)
    require_same_grid(oblique, rounded)
