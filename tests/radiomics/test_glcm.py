"""Co-occurrence against PyRadiomics itself, and against answers known by hand."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.radiomics import texture_maps

FAMILY = "glcm"
# Entropies and MCC of PyRadiomics carry its log2(p + 2e-16) and the rounding of a square root.
_LOOSE = dict.fromkeys(
    ("JointEntropy", "SumEntropy", "DifferenceEntropy", "Imc1", "Imc2", "MCC"), 1e-6
)
# Powers of what cancels.
_FLOOR = {"ClusterShade": 1e-7, "ClusterProminence": 1e-7, "Imc2": 1e-7, "MCC": 1e-7}
TOLERANCES: dict = {"rtol": _LOOSE, "atol": _FLOOR}


def _line(*values, **settings):
    """Maps of a row of voxels, one gray level a value."""
    array = np.array([[values]], float)
    geometry = Geometry(array.shape[::-1])
    region = Segmentation(np.ones(array.shape, np.uint8), geometry)
    maps = texture_maps(
        Image(array, geometry), region, families=[FAMILY], features=["all"], bin_width=1,
        **{"kernel_radius": 2, **settings},
    )  # fmt: skip
    return {name.rpartition("_")[2]: found.array.ravel() for name, found in maps.items()}


@pytest.mark.parametrize("norm", ["manhattan", "euclidean", "infinity", "no_weighting"])
@pytest.mark.parametrize("symmetrical", [True, False])
def test_joined_angles_are_what_pyradiomics_says(check_family, phantom, norm, symmetrical):
    settings = {"weighting_norm": norm, "symmetrical": symmetrical}
    check_family(FAMILY, *phantom(), **TOLERANCES, **settings)


def test_one_way_is_what_pyradiomics_says(check_family, phantom):
    # Where an angle has one first level, it divides rounding by rounding in Correlation.
    given = {"symmetrical": False, "leave_out": ("Correlation",)}
    check_family(FAMILY, *phantom(), **TOLERANCES, **given)
    check_family(FAMILY, *phantom(spread=20), **TOLERANCES, **given, kernel_radius=2)


def test_pairs_are_counted_by_hand():
    found = _line(1, 1, 2, 3, 3)  # around the middle: pairs 11, 12, 23, 33
    assert found["Contrast"][2] == pytest.approx(2 / 4)
    assert found["JointAverage"][2] == pytest.approx((2 + 3 + 5 + 6) / 8)
    assert found["JointEnergy"][2] == pytest.approx(2 * (2 / 8) ** 2 + 4 * (1 / 8) ** 2)
    assert found["MaximumProbability"][2] == pytest.approx(1 / 4)
    assert found["InverseVariance"][2] == pytest.approx(2 / 4)


def _exact_shade(row, at, radius):
    """Cluster shade of the pairs of a row around one place, as a fraction."""
    seen = row[max(at - radius, 0) : at + radius + 1]
    sums = [a + b for a, b in pairwise(seen)]
    mean = Fraction(sum(sums), len(sums))
    return sum((s - mean) ** 3 for s in sums) / len(sums)


@pytest.mark.parametrize("norm", [None, "no_weighting"])
def test_cluster_shade_is_exact_also_where_it_cancels(norm):
    row = np.random.default_rng(5).integers(1, 40, 300).tolist()
    for step in (1, 3, 4):  # sums that lie evenly around their mean
        row[70 * step : 70 * step + 9] = range(1, 9 * step + 1, step)
    found = _line(*row, weighting_norm=norm, kernel_radius=3)["ClusterShade"]
    expected = [_exact_shade(row, at, 3) for at in range(len(row))]
    assert expected.count(0) > 3
    np.testing.assert_allclose(found, np.array(expected, float), rtol=1e-14)


def test_levels_that_alternate_predict_each_other():
    found = _line(1, 3, 1, 3, 1)
    assert found["Correlation"].tolist() == pytest.approx([-1.0] * 5)
    assert found["MCC"].tolist() == [1.0] * 5
    assert found["Imc1"].tolist() == pytest.approx([-1.0] * 5)


@pytest.mark.parametrize("radius", [1, 2])
def test_the_voxel_that_a_block_begins_with_does_not_matter(phantom, monkeypatch, radius):
    from napari_radiogenomics.radiomics import plan

    scan = phantom((4, 5, 40), filled=0.9)
    settings = {"families": [FAMILY, "firstorder"], "features": ["all"], "kernel_radius": radius}
    usual = texture_maps(*scan, **settings)
    monkeypatch.setattr(plan, "_BLOCK", 1)
    again = texture_maps(*scan, **settings)
    for name, found in again.items():
        np.testing.assert_array_equal(found.array, usual[name].array, err_msg=name)


def _largest(matrices):
    """Largest |eigenvalue| of each of a group of matrices, by the kernel."""
    from napari_radiogenomics.radiomics.kernels.machine import rows
    from napari_radiogenomics.radiomics.kernels.spectrum import SCRATCH_ROWS, largest_eigenvalues

    lanes, size, _ = matrices.shape
    lower = rows(size * (size + 1) // 2)
    lower[:] = matrices[:, *np.tril_indices(size)].T.ravel()
    found = np.empty(lanes)
    largest_eigenvalues(lower, size, rows(SCRATCH_ROWS * size), found)
    return found


def _turned(eigenvalues, seed=0):
    """Symmetric matrices with these eigenvalues, one row a matrix."""
    rng = np.random.default_rng(seed)
    turns = np.linalg.qr(rng.normal(size=(*eigenvalues.shape, eigenvalues.shape[1])))[0]
    return (turns * eigenvalues[:, None, :]) @ turns.transpose(0, 2, 1)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20, 60])
def test_the_largest_eigenvalue_is_that_of_lapack(size):
    from napari_radiogenomics.radiomics.kernels.machine import LANES

    rng = np.random.default_rng(size)
    matrices = rng.normal(size=(LANES, size, size)) * (rng.random((LANES, size, size)) < 0.4)
    matrices = matrices @ matrices.transpose(0, 2, 1)
    matrices[::2] -= np.trace(matrices[::2], axis1=1, axis2=2)[:, None, None] * np.diag(
        [0.0, *[1.0] * (size - 1)]
    )
    expected = np.abs(np.linalg.eigvalsh(matrices)).max(axis=1)
    np.testing.assert_allclose(_largest(matrices), expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("gap", [0.0, 1e-13, 1e-9, 1e-5, 1e-2])
def test_eigenvalues_that_lie_together_are_told_apart(gap):
    eigenvalues = np.zeros((8, 9))
    eigenvalues[:, :2] = 0.7, 0.7 - gap  # beside it
    eigenvalues[:, 2] = -(0.7 - gap)  # and at the other end
    eigenvalues[1, :] = 0.7  # all of them
    eigenvalues[2, :3] = 0.1, 0.2, -0.7  # the other end alone
    eigenvalues[3] *= 1e-6
    expected = np.array([0.7, 0.7, 0.7, 0.7e-6, *[0.7] * 4])
    np.testing.assert_allclose(_largest(_turned(eigenvalues)), expected, rtol=1e-10)


def test_a_matrix_does_not_depend_on_those_beside_it():
    rng = np.random.default_rng(4)
    matrices = _turned(rng.uniform(-1, 1, (8, 12)))
    usual = _largest(matrices)
    for lane in range(8):
        others = _turned(rng.uniform(-1, 1, (8, 12)), seed=lane) * 10.0**-lane
        others[lane] = matrices[lane]
        assert _largest(others)[lane] == usual[lane]
    assert (_largest(matrices[::-1])[::-1] == usual).all()


def test_nothing_has_no_eigenvalue_but_zero():
    assert (_largest(np.zeros((8, 5, 5))) == 0.0).all()


@pytest.mark.parametrize(("spread", "width"), [(60, 25), (60, 1), (400, 1)])
def test_the_coefficient_is_that_of_lapack_for_any_number_of_levels(phantom, spread, width):
    from napari_radiogenomics.radiomics.families.glcm import FAMILY, _mcc_of
    from napari_radiogenomics.radiomics.family import MatrixSettings
    from napari_radiogenomics.radiomics.surroundings import make_neighborhoods

    image, region = phantom((5, 5, 5), filled=1.0, spread=spread)
    around, centers = make_neighborhoods(
        image, region.labels == 1, radius=2, masked=True, thin_axis=None,
        matrix=MatrixSettings(), binning={"bin_width": width}, needs_matrix=True,
    )  # fmt: skip
    few = centers[::9]
    expected = [np.nanmean(_mcc_of(around, center)) for center in few]
    found = FAMILY.measure(around, few, ("MCC",))[0]
    np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.parametrize(("radius", "force_2d"), [(1, False), (1, True), (2, True)])
@pytest.mark.parametrize("width", [4, 40, 400])
def test_kernels_of_few_and_of_many_cells_give_the_same_coefficients(
    phantom, radius, force_2d, width, monkeypatch
):
    from napari_radiogenomics.radiomics.families import glcm

    case = phantom((5, 6, 9), filled=0.6)
    settings = {"kernel_radius": radius, "force_2d": force_2d, "bin_width": width}
    both = []
    for few in (0, 27):
        monkeypatch.setattr(glcm, "_FEW_CELLS", few)
        (found,) = texture_maps(*case, features=["glcm_MCC"], **settings).values()
        both.append(np.asarray(found.array))
    np.testing.assert_allclose(*both, rtol=1e-10)
    assert ((both[0] == 1.0) == (both[1] == 1.0)).all()


@pytest.mark.parametrize("radius", [1, 2, 3])
@pytest.mark.parametrize("width", [4, 40, 400])
def test_coefficients_are_those_of_lapack(phantom, radius, width):
    from napari_radiogenomics.radiomics.families.glcm import _mcc_of
    from napari_radiogenomics.radiomics.plan import plan_maps

    case = phantom((5, 6, 9), filled=0.6)
    plan = plan_maps(*case, features=["glcm_MCC"], kernel_radius=radius, bin_width=width)
    ((_, view),) = plan.seen.values()
    (found,) = plan.measure().values()
    by_angle = np.array([_mcc_of(view, center) for center in plan.centers])
    held = ~np.isnan(by_angle)
    n = held.sum(axis=1)
    expected = np.where(n > 0, np.where(held, by_angle, 0.0).sum(axis=1) / np.maximum(n, 1), np.nan)
    # LAPACK finds 0 to its rounding.
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)
