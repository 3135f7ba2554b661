"""Vesselness: values by hand and scikit-image's, and what is no tube."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.filters import sato

from napari_radiogenomics import Geometry
from napari_radiogenomics.progress import quiet
from napari_radiogenomics.vessels.area import Lattice
from napari_radiogenomics.vessels.detect import automatic_threshold, vesselness_at
from napari_radiogenomics.vessels.hessian import Axis, curvatures, hessian, smoothed
from napari_radiogenomics.vessels.vesselness import FILTERS

SIZE = 41
NAMES = ["frangi", "sato"]


def axes_of(shape: tuple[int, ...]) -> list[Axis]:
    return [Axis(n, np.arange(n, dtype=float), 1.0) for n in shape]


def gauss(kind: str, width: float) -> np.ndarray:
    """A tube, sheet or ball with a Gaussian profile of this standard deviation."""
    z, y, x = np.indices((SIZE,) * 3) - SIZE // 2
    away = {"tube": z**2 + y**2, "sheet": z**2 + 0 * y, "ball": z**2 + y**2 + x**2}[kind]
    return (100 * np.exp(-away / (2 * width**2))).astype(np.float32)


def respond(name: str, volume: np.ndarray, scale: float, *, bright: bool = True) -> np.ndarray:
    second = hessian(volume, axes_of(volume.shape), scale, np.arange(volume.size))
    return FILTERS[name].respond(curvatures(second, bright=bright)).reshape(volume.shape)


def test_every_filter_says_what_it_is() -> None:
    assert list(FILTERS.titles()) == NAMES
    for found in FILTERS:
        assert found.title
        assert found.meaning
        assert found.doi.startswith("10.")
        assert found.limits


def test_satos_response_to_a_gaussian_tube_is_that_of_the_textbook() -> None:
    width, scale = 2.0, 1.5
    # Blurring adds the variances; the second derivative in the middle is the height over them.
    total = width**2 + scale**2
    expected = scale**2 * 100 * (width**2 / total) / total
    response = respond("sato", gauss("tube", width), scale)
    middle = SIZE // 2
    assert response[middle, middle, middle] == pytest.approx(expected, rel=0.01)


def test_sato_is_that_of_scikit_image() -> None:
    rng = np.random.default_rng(0)
    volume = gauss("tube", 1.5) + rng.normal(0, 10, (SIZE,) * 3).astype(np.float32)
    ours = respond("sato", volume, 2.0)[8:-8, 8:-8, 8:-8]
    theirs = sato(volume, sigmas=[2.0], black_ridges=False)[8:-8, 8:-8, 8:-8]
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.999
    # scikit-image differentiates with Gaussians half as wide, twice: a little less blur.
    assert ours.max() == pytest.approx(theirs.max(), rel=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_a_tube_is_more_of_a_vessel_than_a_sheet_or_what_is_dark(name) -> None:
    middle = (SIZE // 2,) * 3
    tube = respond(name, gauss("tube", 1.5), 1.5)[middle]
    assert respond(name, gauss("sheet", 1.5), 1.5)[middle] < 0.1 * tube
    assert respond(name, -gauss("tube", 1.5), 1.5)[middle] == 0
    assert respond(name, -gauss("tube", 1.5), 1.5, bright=False)[middle] == pytest.approx(tube)


def test_frangi_tells_a_ball_from_a_tube() -> None:
    middle = (SIZE // 2,) * 3
    tube, ball = (respond("frangi", gauss(kind, 1.5), 1.5)[middle] for kind in ("tube", "ball"))
    assert ball < 0.3 * tube


@pytest.mark.parametrize("name", NAMES)
def test_a_flat_image_has_no_vessel(name) -> None:
    flat = np.full((9, 9, 9), 7.0, np.float32)
    assert respond(name, flat, 1.0).max() == 0
    assert automatic_threshold(np.zeros(10, np.float32)) == 0


def test_eigenvalues_are_those_of_numpy() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(500, 6)).astype(np.float32)
    rows[0] = 0
    zz, zy, zx, yy, yx, xx = -rows.T
    matrices = np.array([[zz, zy, zx], [zy, yy, yx], [zx, yx, xx]]).transpose(2, 0, 1)
    expected = np.linalg.eigvalsh(matrices)[:, ::-1]
    np.testing.assert_allclose(curvatures(rows, bright=True), expected, atol=2e-5)
    flat = rows[:, :3]
    matrices = np.array([[flat[:, 0], flat[:, 1]], [flat[:, 1], flat[:, 2]]]).transpose(2, 0, 1)
    expected = np.linalg.eigvalsh(matrices)[:, ::-1]
    np.testing.assert_allclose(curvatures(flat, bright=False), expected, atol=2e-5)


def test_second_derivatives_of_a_polynomial_are_exact_across_grids() -> None:
    # Steps of the lattice are no multiple of the voxels; splines know polynomials exactly.
    lattice = Lattice(
        (slice(0, 20), slice(0, 30), slice(0, 30)),
        Geometry((30, 30, 20), (1.0, 1.0, 1.5)),
        (36, 36, 36),
        0.8,
    )
    k, j, i = np.indices((20, 30, 30))
    z, y, x = 1.5 * k, 1.0 * j, 1.0 * i
    volume = (2 * z * z - y * y + 0.5 * x * x + z * y - 3 * y * x).astype(np.float32)
    at = np.ravel_multi_index((18, 18, 18), lattice.shape)
    second = hessian(volume, lattice.axes, 1.2, np.array([at])) / 1.2**2
    np.testing.assert_allclose(second[0], [4, 1, 0, -2, -3, 1], atol=0.02)


def test_scales_find_vessels_of_their_width() -> None:
    lattice = Lattice((slice(0, SIZE),) * 3, Geometry((SIZE,) * 3), (SIZE,) * 3, 1.0)
    at = np.arange(SIZE**3)

    def best(width: float) -> float:
        found = [
            vesselness_at(
                gauss("tube", width), lattice, at, FILTERS["sato"], [scale],
                bright=True, progress=quiet,
            ).max()
            for scale in (1.0, 2.0, 4.0)
        ]  # fmt: skip
        return (1.0, 2.0, 4.0)[int(np.argmax(found))]

    # The response peaks where the scale is the width of a Gaussian tube.
    assert [best(width) for width in (1.0, 2.0, 4.0)] == [1.0, 2.0, 4.0]


def test_smoothing_a_single_slice_leaves_its_axis_out() -> None:
    lattice = Lattice(
        (slice(0, 1), slice(0, 20), slice(0, 20)), Geometry((20, 20, 1)), (1, 20, 20), 1.0
    )
    assert smoothed(np.ones((20, 20), np.float32), lattice.axes, 1.0).shape == (20, 20)
