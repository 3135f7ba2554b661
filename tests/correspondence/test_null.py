"""Unrelated smooth maps: the size of the tests, and the effective sample size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from napari_radiogenomics import correspond
from napari_radiogenomics.correspondence.beside import steps_of
from napari_radiogenomics.correspondence.comparison import Comparison
from napari_radiogenomics.correspondence.effective import Lags
from napari_radiogenomics.correspondence.matched import match
from napari_radiogenomics.correspondence.surrogates import supervoxels

REPLICATES = 800
LOW, HIGH = 0.03, 0.07


def ready(region: Any, step: str, *, blocks: int = 0) -> Comparison:
    """What `correspond` makes of a region once; replicates share it."""
    some = [region.image(region.noise(seed)) for seed in (1, 2)]
    matched = match(*some, region.tumor, (), label=None, resample=False)
    given, _ = steps_of(matched, detrend="linear", partial=("edge", "slice"), ranks=False)[step]
    spacing = region.grid.spacing[::-1]
    cut = supervoxels(matched.index, np.array(spacing), blocks) if blocks else None
    return Comparison.of(given, Lags.of(matched.mask, spacing), cut)


@pytest.mark.parametrize("step", ["raw", "partialled"])
@pytest.mark.parametrize("sigma", [1.0, 2.5, 5.0])
def test_the_size_is_that_promised(flat: Any, sigma: float, step: str) -> None:
    """A test at 5 % says yes to 3 to 7 % of unrelated maps; a naive one to more than 20 %."""
    comparison = ready(flat, step, blocks=120)
    found = [
        (comparison.test(a, b, surrogates=199, seed=k), stats.pearsonr(a, b).pvalue)
        for k, (a, b) in enumerate(flat.pairs(sigma, REPLICATES, 11))
    ]
    for name in ("p_value", "p_surrogate"):
        assert LOW <= np.mean([one[name] <= 0.05 for one, _ in found]) <= HIGH, name
    assert np.mean([naive <= 0.05 for _, naive in found]) > 0.2


@pytest.mark.parametrize("sigma", [1.0, 2.5, 5.0])
def test_a_small_region_is_never_told_too_much(small: Any, sigma: float) -> None:
    """220 pixels are worth 44 places, or 6."""
    comparison = ready(small, "partialled")
    found = [comparison.test(a, b)["p_value"] for a, b in small.pairs(sigma, REPLICATES, 11)]
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= HIGH


@pytest.mark.parametrize("step", ["raw", "partialled"])
@pytest.mark.parametrize("sigma", [1.0, 2.5, (0.8, 2.0, 2.0)])
def test_the_effective_sample_size_is_that_of_a_simulation(
    solid: Any, sigma: float | tuple[float, ...], step: str
) -> None:
    """Slices are thick; the last maps are smoother in the plane than across."""
    comparison = ready(solid, step)
    found = [comparison.test(a, b) for a, b in solid.pairs(sigma, 500, 5)]
    variance = np.mean([one["r"] ** 2 for one in found])
    told = np.mean([1 / (one["n_effective"] - 1) for one in found])
    assert told == pytest.approx(variance, rel=0.15)


def test_the_verb_answers_as_what_was_simulated(flat: Any) -> None:
    a, b = flat.noise(3), flat.noise(4)
    found = correspond(flat.image(a), flat.image(b), flat.tumor, surrogates=99, n_supervoxels=120)
    same = ready(flat, "partialled", blocks=120).test(
        a[flat.mask], b[flat.mask], surrogates=99, seed=0
    )
    for name, value in same.items():
        assert found.row()[name] == pytest.approx(value, rel=1e-9), name


def test_white_noise_is_worth_its_voxels(solid: Any) -> None:
    comparison = ready(solid, "raw")
    found = [comparison.test(a, b)["n_effective"] for a, b in solid.pairs(0.0, 60, 2)]
    assert np.median(found) == pytest.approx(700, rel=0.05)


def test_the_gram_matrix_is_that_of_dense_matrices() -> None:
    """K_bc = tr(R G_b R G_c), here with voxels times voxels."""
    mask = np.random.default_rng(0).random((3, 6, 7)) < 0.5
    lags = Lags.of(mask, (3.0, 1.0, 1.2))
    place = np.argwhere(mask)
    n = len(place)
    given = np.column_stack([np.ones(n), place[:, 1], place[:, 2] ** 2])
    basis, _ = np.linalg.qr(given)
    shift = np.abs(place[:, None] - place[None])
    plane = np.hypot(shift[..., 1], 1.2 * shift[..., 2])
    across = _hat_values(shift[..., 0].astype(float), 2.0)
    within = _hat_values(plane, plane.max())
    left = np.eye(n) - basis @ basis.T
    hats = [left @ (a * w) @ left for a in across for w in within]
    hats = [hats[k] for k in lags.used]
    size = np.array([np.sum((a * w) ** 2) for a in across for w in within])[lags.used] ** 0.5
    hats = [hat / one for hat, one in zip(hats, size, strict=True)]
    dense = np.array([[np.sum(one * other) for other in hats] for one in hats])
    u, v = left @ np.random.default_rng(1).normal(size=n), left @ place[:, 0]
    sums = [np.array([x @ hat @ x for hat in hats]) for x in (u, v)]
    np.testing.assert_allclose(lags.sums(u) / size, sums[0], atol=1e-9)
    expected = sums[0] @ np.linalg.pinv(dense, rcond=1e-2, hermitian=True) @ sums[1]
    found = lags.sums(u) @ lags.beside(basis).inverse @ lags.sums(v)
    assert found == pytest.approx(expected, rel=1e-8)


def _hat_values(distance: np.ndarray, reach: float) -> list[np.ndarray]:
    nodes, width = [0.0], 1.0
    while nodes[-1] < reach:
        nodes.append(nodes[-1] + width)
        width *= 2
    return [np.interp(distance, nodes, one) for one in np.eye(len(nodes))]
