"""Colors of sites: no two alike."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from napari_radiogenomics.gui.plots.colors import SITE_COLORS, site_colors


def lab(color: str) -> np.ndarray:
    from skimage.color import rgb2lab

    return rgb2lab(np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255)


def test_ten_sites_have_colors_that_are_told_apart_and_none_is_that_of_no_site():
    colors = site_colors([f"site {letter}" for letter in "ABCDEFGHIJ"])
    found = {name: lab(color) for name, color in colors.items()} | {"": lab(SITE_COLORS[-1])}
    assert len(found) == 11
    apart = [np.linalg.norm(a - b) for a, b in combinations(found.values(), 2)]
    assert min(apart) > 20  # 2.3 is seen by the eye side by side


def test_of_many_sites_none_has_the_color_of_another():
    assert len(set(site_colors(list(map(str, range(60)))).values())) == 60
