"""The blur of a scan: found where it was planted, matched to the widest, honest where unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.imaging import blurriest, estimate_blur, match_blur
from napari_radiogenomics.imaging.point_spread import FWHM
from napari_radiogenomics.provenance import history_of

OVER = 3  # samples of the phantom a voxel, so that its border is no staircase


def ball(spacing: tuple, fwhm: tuple, noise: float = 10.0) -> tuple[Image, Segmentation]:
    """A soft-tissue ball in lung, blurred by a Gaussian, sampled, with white noise."""
    size = tuple(round(48 / step) for step in spacing)
    fine = [step / OVER for step in spacing]
    axes = [(np.arange(n * OVER) + 0.5) * step - 24 for n, step in zip(size, fine, strict=True)]
    z, y, x = np.meshgrid(*axes[::-1], indexing="ij")
    inside = (x / 15) ** 2 + (y / 14) ** 2 + (z / 15) ** 2 < 1
    sigma = [width / FWHM / step for width, step in zip(fwhm, fine, strict=True)]
    blurred = gaussian_filter(np.where(inside, 50.0, -800.0), sigma[::-1])
    sampled = (slice(OVER // 2, None, OVER),) * 3
    rng = np.random.default_rng(0)
    values = blurred[sampled] + rng.normal(0, noise, inside[sampled].shape)
    grid = Geometry(size, spacing)
    return Image(values, grid, unit="HU"), Segmentation(inside[sampled].astype(np.uint8), grid)


@pytest.mark.parametrize(
    ("spacing", "fwhm"),
    [((1.6, 1.6, 1.6), (2.0, 2.0, 2.0)), ((1.5, 1.5, 2.0), (3.0, 3.0, 4.0))],
)
def test_edges_tell_the_planted_blur(spacing: tuple, fwhm: tuple) -> None:
    found = estimate_blur(*ball(spacing, fwhm))
    assert found.fwhm_mm == pytest.approx(fwhm, rel=0.12)
    assert min(found.used) > 50
    assert "at the most" in found.notes[-1]


@pytest.mark.parametrize("sigma", [(0.8, 0.8, 0.8), (1.0, 1.5, 2.0)])
def test_noise_tells_the_planted_blur(sigma: tuple) -> None:
    rng = np.random.default_rng(1)
    grid = Geometry((40, 40, 40), (1.0, 1.0, 1.0))
    _, y, x = np.mgrid[:40, :40, :40]
    noise = gaussian_filter(rng.normal(0, 20, grid.shape), sigma[::-1]) + 0.5 * x - 0.02 * y**2
    whole = Segmentation(np.ones(grid.shape, np.uint8), grid)
    found = estimate_blur(Image(noise, grid), whole, method="noise")
    assert found.fwhm_mm == pytest.approx(tuple(FWHM * s for s in sigma), rel=0.06)
    white = estimate_blur(Image(rng.normal(size=grid.shape), grid), whole, method="noise")
    assert max(white.fwhm_mm) < 1.3  # less than a voxel and a half: nothing can be finer


def test_matched_scans_have_the_edges_of_the_blurriest() -> None:
    sharp, region = ball((1.6, 1.6, 1.6), (1.8, 1.8, 1.8))
    soft, _ = ball((1.6, 1.6, 1.6), (3.2, 3.2, 3.2))
    spreads = [estimate_blur(scan, region) for scan in (sharp, soft)]
    target = blurriest(spreads)
    matched = match_blur(sharp, fwhm_mm=spreads[0].fwhm_mm, target_fwhm_mm=target)
    assert estimate_blur(matched, region).fwhm_mm == pytest.approx(target, rel=0.08)
    before = np.abs(sharp.array - soft.array)[region.labels > 0].mean()
    assert np.abs(matched.array - soft.array)[region.labels > 0].mean() < 0.6 * before
    assert history_of(matched)[-1].settings["target_fwhm_mm"] == list(target)


@pytest.mark.parametrize("width", [0.4, 1.0, 2.5])
def test_the_variance_that_is_missing_is_added_exactly(width: float) -> None:
    point = np.zeros((31, 1, 1))
    point[15] = 1
    scan = Image(point, Geometry((1, 1, 31), (1.0, 1.0, 0.8)))
    wide = match_blur(scan, fwhm_mm=(0, 0, 0.3), target_fwhm_mm=(0, 0, width + 0.3)).array.ravel()
    where = (np.arange(31) - 15) * 0.8
    assert wide.sum() == pytest.approx(1, abs=1e-6)
    expected = ((width + 0.3) ** 2 - 0.3**2) / FWHM**2
    assert (wide * where**2).sum() == pytest.approx(expected, rel=1e-4)


def test_nothing_is_sharpened_and_the_notes_say_so() -> None:
    scan, _ = ball((1.6, 1.6, 1.6), (2, 2, 2))
    kept = match_blur(scan, fwhm_mm=(3, 3, 3), target_fwhm_mm=(2, 2, 2))
    np.testing.assert_array_equal(kept.array, scan.array.astype(np.float32))
    assert sum("left as it is" in note for note in kept.notes) == 3


def test_what_cannot_be_told_is_said() -> None:
    scan, region = ball((1.6, 1.6, 1.6), (2, 2, 2))
    with pytest.raises(InputError, match="edges"):
        estimate_blur(scan, region, method="edge")
    few = np.zeros_like(region.labels)
    few[15, 15, 15] = 1
    with pytest.raises(InputError, match="too few"):
        estimate_blur(scan, replace(region, labels=few))
    with pytest.raises(InputError, match="three widths"):
        match_blur(scan, fwhm_mm=(1, 1), target_fwhm_mm=(2, 2, 2))
    with pytest.raises(InputError, match="no site has a known blur"):
        blurriest([(1.0, float("nan"), 1.0)])
    assert blurriest([(1.0, float("nan"), 1.0), (0.5, 2.0, 0.5)]) == (1.0, 2.0, 1.0)
