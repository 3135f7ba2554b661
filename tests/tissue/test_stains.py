"""Stains are separated as theory and an independent program have it, or estimation is refused."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2hed
from skimage.data import immunohistochemistry

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.tissue.estimate import estimate_vectors
from napari_radiogenomics.tissue.stains import STAIN_SETS, amounts, find_stains, optical_density

HDAB = STAIN_SETS["h_dab"]


def degrees(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip((a * b).sum(axis=-1), -1, 1))).max())


@pytest.mark.parametrize("name", list(STAIN_SETS))
def test_known_mixtures_come_apart(name: str) -> None:
    found = STAIN_SETS[name]
    planted = np.random.default_rng(0).uniform(0, 0.8, (50, len(found.stains)))
    light = 235 * 10 ** -(planted @ found.matrix)
    back = amounts(optical_density(light, (235, 235, 235)), found.matrix)
    assert back == pytest.approx(planted, abs=0.01)  # below 1 of 255 nothing can be told
    assert np.linalg.norm(found.matrix, axis=1) == pytest.approx(1)
    assert found.source


def test_a_table_of_densities_is_the_formula() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    white = (240.0, 238.0, 229.0)
    expected = -np.log10(np.maximum(pixels, 1) / np.array(white))
    assert optical_density(pixels, white) == pytest.approx(expected, abs=1e-6)
    np.testing.assert_array_equal(
        optical_density(pixels, white), optical_density(pixels.astype(np.float32), white)
    )


def test_brown_and_blue_of_a_real_slide_agree_with_scikit_image() -> None:
    ihc = immunohistochemistry()
    hed = rgb2hed(ihc)
    ours = amounts(optical_density(ihc, (255, 255, 255)), STAIN_SETS["h_e_dab"].matrix)
    # The same vectors with one digit less, and natural logarithms.
    for stain, other in ((0, 0), (2, 2)):
        positive = np.maximum(ours[..., stain], 0)
        assert np.corrcoef(positive.ravel(), hed[..., other].ravel())[0, 1] > 0.99
    pair = amounts(optical_density(ihc, (255, 255, 255)), HDAB.matrix)
    assert np.corrcoef(pair[..., 1].ravel(), hed[..., 2].ravel())[0, 1] > 0.95
    assert np.corrcoef(pair[..., 0].ravel(), hed[..., 0].ravel())[0, 1] > 0.7


def test_the_vectors_of_a_slide_are_found_from_its_pixels() -> None:
    rng = np.random.default_rng(1)
    own = np.array([[0.72, 0.62, 0.31], [0.33, 0.52, 0.79]])
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    mixed = rng.exponential(0.4, (6000, 2)) * rng.integers(0, 2, (6000, 2))
    light = 240 * 10 ** -(mixed @ own) + rng.normal(0, 1, (6000, 3))
    found = estimate_vectors(optical_density(light, (240, 240, 240)), HDAB)
    assert degrees(found, own) < 3
    assert degrees(HDAB.matrix, own) > 5  # the printed ones are farther off


def test_the_order_of_stains_does_not_depend_on_their_shares() -> None:
    rng = np.random.default_rng(2)
    for share in (0.1, 0.9):
        brown = rng.random(5000) < share
        mixed = np.where(brown[:, None], [0.1, 0.7], [0.7, 0.0]) * rng.uniform(0.7, 1.3, (5000, 1))
        found = estimate_vectors((mixed @ HDAB.matrix).astype(np.float32), HDAB)
        assert degrees(found[:1], HDAB.matrix[:1]) < 1
        assert degrees(found[1:], HDAB.matrix[1:]) < 8


def test_a_slide_with_one_stain_is_refused() -> None:
    rng = np.random.default_rng(3)
    light = 240 * 10 ** -(rng.uniform(0.2, 1, (5000, 1)) * HDAB.matrix[0])
    light += rng.normal(0, 1.5, light.shape)
    with pytest.raises(InputError, match="one stain only.*37° apart.*fixed"):
        estimate_vectors(optical_density(light, (240, 240, 240)), HDAB)


def test_other_stains_and_too_few_pixels_are_refused() -> None:
    rng = np.random.default_rng(4)
    green = np.array([[0.70, 0.20, 0.68], HDAB.matrix[1]])
    mixed = rng.uniform(0, 1, (5000, 2)) @ green
    with pytest.raises(InputError, match="hematoxylin lies .*other stains"):
        estimate_vectors(mixed.astype(np.float32), HDAB)
    with pytest.raises(InputError, match="^0 pixels are stained well"):
        estimate_vectors(np.zeros((5000, 3), np.float32), HDAB)
    with pytest.raises(InputError, match="are estimated for two stains"):
        estimate_vectors(mixed.astype(np.float32), STAIN_SETS["h_e_dab"])


def test_stains_go_by_what_the_slide_says() -> None:
    assert find_stains("auto", "H&E").name == "h_e"
    assert find_stains("auto", "CD31").name == "h_dab"
    with pytest.raises(InputError, match="h_dab"):
        find_stains("hdab", "")
