"""Slides: the pyramid, its pixel size, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError

PICTURE = np.zeros((50, 80, 3), np.uint8)


def test_a_coarser_level_has_larger_pixels() -> None:
    slide = Slide((PICTURE, PICTURE[:25, :40], PICTURE[:13, :20]), (0.5, 0.25))
    assert slide.shape == (50, 80)
    assert slide.level_um_per_pixel(1) == (1.0, 0.5)
    # 50 rows cannot be halved twice: 13 rows still cover the same tissue.
    assert slide.level_um_per_pixel(2) == pytest.approx((0.5 * 50 / 13, 1.0))
    assert slide.extent_mm == pytest.approx((0.025, 0.02))


def test_without_a_pixel_size_nothing_is_measured_in_mm() -> None:
    slide = Slide((PICTURE,), name="unknown")
    with pytest.raises(InputError, match="um_per_pixel in slides.csv"):
        _ = slide.extent_mm


@pytest.mark.parametrize(
    ("levels", "size", "message"),
    [
        ((), None, "no picture"),
        ((PICTURE[..., 0],), None, "8-bit RGB"),
        ((PICTURE.astype(np.uint16),), None, "uint16"),
        ((PICTURE,), (0.0, 1.0), "positive size"),
        ((PICTURE,), (float("nan"), 1.0), "positive size"),
    ],
)
def test_what_is_no_slide_is_refused(levels: tuple, size: tuple | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Slide(levels, size)
