"""Perturbations do what they say, and stable features are told from unstable ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import binary_dilation, gaussian_filter

from napari_radiogenomics import feature_stability, stable_features
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.perturb import estimate_noise, perturbed

SPACING = (1.0, 1.0, 2.0)
SHAPE = (14, 40, 40)
GRID = Geometry(SHAPE[::-1], spacing=SPACING)


def ball(radius: float) -> np.ndarray:
    z, y, x = np.mgrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    return ((z - 7) * 2.0) ** 2 + (y - 20.0) ** 2 + (x - 20.0) ** 2 <= radius**2


def case(radius: float = 9.0, level: float = 100.0, sigma: float = 5.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    inside = ball(radius)
    values = gaussian_filter(level * inside, (0.4, 0.8, 0.8)) + rng.normal(0, sigma, SHAPE)
    return Image(values, GRID), Segmentation(inside.astype(np.uint8), GRID)


def copies(**settings: object) -> dict[str, tuple[Image, Segmentation]]:
    made = perturbed(*case(), **settings)  # type: ignore[arg-type]
    return {name: (image, region) for name, image, region in made}


def test_every_kind_comes_once_with_the_original_first() -> None:
    assert list(copies()) == [
        "original", "contour 1", "contour 2", "contour 3", "grow", "shrink",
        "noise 1", "noise 2", "noise 3", "rotation -5°", "rotation +5°",
    ]  # fmt: skip


def test_growing_and_shrinking_are_in_mm() -> None:
    found = copies(kinds=["grow", "shrink"], margin_mm=2.0)
    np.testing.assert_array_equal(found["grow"][1].labels > 0, _by_hand(ball(9.0), 2.0))
    np.testing.assert_array_equal(found["shrink"][1].labels > 0, ~_by_hand(~ball(9.0), 2.0))


def _by_hand(mask: np.ndarray, mm: float) -> np.ndarray:
    """Dilation by all voxels within a distance, on 1 × 1 × 2 mm."""
    z, y, x = np.mgrid[-1:2, -2:3, -2:3]
    return binary_dilation(mask, (2.0 * z) ** 2 + y**2 + x**2 <= mm**2)


def test_contours_move_at_the_rim_alone() -> None:
    found = copies(kinds=["contour"], repeats=4)
    original = found["original"][1].labels > 0
    regions = [region.labels > 0 for name, (_, region) in found.items() if name != "original"]
    for region in regions:
        dice = 2 * (region & original).sum() / (region.sum() + original.sum())
        assert 0.75 < dice < 1.0
        assert (region & ball(4.0)).sum() == ball(4.0).sum()
    assert any((regions[0] != other).any() for other in regions[1:])
    again = copies(kinds=["contour"], repeats=4)
    np.testing.assert_array_equal(again["contour 2"][1].labels, found["contour 2"][1].labels)


@pytest.mark.parametrize("sigma", [2.0, 20.0])
def test_noise_is_estimated_and_added_as_asked(sigma: float) -> None:
    image, region = case(sigma=sigma)
    assert estimate_noise(image) == pytest.approx(sigma, rel=0.08)
    made = {name: copy for name, copy, _ in perturbed(image, region, kinds=["noise"], noise=2.0)}
    added = made["noise 1"].array - image.array
    assert added.std() == pytest.approx(2 * sigma, rel=0.1)
    assert not np.array_equal(made["noise 1"].array, made["noise 2"].array)


def test_rotation_turns_scan_and_region_together() -> None:
    bar = np.zeros(SHAPE, np.uint8)
    bar[7, 19:22, 8:33] = 1
    scan = Image(100.0 * bar, GRID)
    made = {name: (copy, mask) for name, copy, mask in perturbed(
        scan, Segmentation(bar, GRID), kinds=["rotation"], degrees=20.0)}  # fmt: skip
    turned, mask = made["rotation +20°"]
    assert turned.array[mask.labels > 0].mean() > 80
    places = np.argwhere(mask.labels[7] > 0).astype(float)
    axis = np.linalg.svd(places - places.mean(axis=0), full_matrices=False)[2][0]
    assert np.rad2deg(np.arctan(abs(axis[0] / axis[1]))) == pytest.approx(20, abs=2)
    assert abs(int((mask.labels > 0).sum()) - int(bar.sum())) < 12


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    def cases() -> Iterator[tuple[Image, Segmentation]]:
        for seed in range(12):
            yield case(6.0 + 0.4 * seed, level=60.0 + 15 * (seed * 5 % 12), seed=seed)

    features = ["Mean", "Skewness", "Maximum", "MeshVolume"]
    return feature_stability(
        cases(), extraction={"families": ["firstorder", "shape"], "features": features}
    )


def test_what_differs_between_tumours_is_stable_and_chance_is_not(table: pd.DataFrame) -> None:
    assert table.loc["original_firstorder_Mean", "low"] > 0.9
    assert table.loc["original_shape_MeshVolume", "icc"] > 0.8
    assert table.loc["original_firstorder_Skewness", "high"] < 0.9
    assert (table["low"] <= table["icc"]).all()
    assert (table["icc"] <= table["high"]).all()
    assert (table["n_perturbations"] == 11).all()
    assert (table["n_cases"] == 12).all()
    assert table.attrs["history"][-1].verb == "feature_stability"


def test_stable_features_are_a_filter(table: pd.DataFrame) -> None:
    assert "original_firstorder_Mean" in stable_features(table)
    assert "original_firstorder_Skewness" not in stable_features(table, 0.9)
    assert set(stable_features(table)) <= set(stable_features(table, bound="icc"))
    with pytest.raises(InputError, match="bound"):
        stable_features(table, bound="high")
    for wrong in (2, -1.5, float("nan")):
        with pytest.raises(InputError, match="icc is a correlation, 1 at most; got"):
            stable_features(table, wrong)
    assert stable_features(table, 1.0) == []
    with pytest.raises(InputError, match='no column "low"; it has icc, cv. Give the one'):
        stable_features(table[["icc", "cv"]])


def test_one_tumour_has_no_correlation_and_says_so() -> None:
    found = feature_stability(
        [case()], perturbations=["noise"],
        extraction={"families": ["firstorder"], "features": ["Mean"]},
    )  # fmt: skip
    assert np.isnan(found.loc["original_firstorder_Mean", "icc"])
    assert 0 < found.loc["original_firstorder_Mean", "cv"] < 0.01
    assert "One tumour" in found.attrs["notes"][0]


def test_one_perturbation_may_be_a_word() -> None:
    settings = {"extraction": {"families": ["firstorder"], "features": ["Mean"]}, "repeats": 2}
    words = (feature_stability([case()], perturbations=x, **settings) for x in ("noise", ["noise"]))
    pd.testing.assert_frame_equal(*words)
    with pytest.raises(InputError, match='No perturbation "nois". Did you mean "noise"'):
        feature_stability([case()], perturbations="nois")  # type: ignore[arg-type]


def test_a_tumour_that_cannot_be_perturbed_is_named_and_the_others_stay() -> None:
    scan, region = case()
    speck = Segmentation(ball(1.0).astype(np.uint8), GRID, name="speck")
    found = feature_stability(
        [case(8.0, seed=1), (scan, speck), (scan, region)], perturbations=["shrink"],
        margin_mm=2.0, extraction={"families": ["firstorder"], "features": ["Mean"]},
    )  # fmt: skip
    assert (found["n_cases"] == 2).all()
    assert "speck is left out: The region is gone" in found.attrs["notes"][-1]


BAD = [
    ({"perturbations": ["contours"]}, 'Did you mean "contour"'),
    ({"perturbations": []}, "No perturbation is chosen"),
    ({"repeats": 0}, "repeats is a whole number, 1 or more"),
    ({"perturbations": ["shrink"], "margin_mm": 30.0}, "is gone.*deepest voxel lies 9.06 mm"),
    ({"perturbations": ["grow"], "margin_mm": 500.0}, "no small change of a region 19 mm wide"),
    ({"perturbations": ["grow"], "margin_mm": 0.5}, "less than a voxel"),
    ({"extraction": {"labels": [2]}}, "parameter of its own"),
    ({"label": 7}, "7"),
    ({"icc": "9,9"}, 'No intraclass correlation "9,9". Known: 1,1, A,1'),
    ({"icc": "a1"}, 'Did you mean "A,1"'),
    ({"extraction": {"bin_widht": 3}}, 'no setting "bin_widht". Did you mean "bin_width"'),
]


@pytest.mark.parametrize(("settings", "said"), BAD, ids=[said for _, said in BAD])
def test_bad_input_is_refused_with_the_reason(settings: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        feature_stability([case()], **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"icc": "9,9"}, {"extraction": {"bin_widht": 3}}, {"repeats": 0}]
)
def test_settings_are_refused_before_a_case_is_read(wrong: dict[str, object]) -> None:
    def cases() -> Iterator[tuple[Image, Segmentation]]:
        pytest.fail("a case was read")
        yield case()

    with pytest.raises(InputError):
        feature_stability(cases(), **wrong)  # type: ignore[arg-type]


def test_cases_are_a_list_of_pairs() -> None:
    with pytest.raises(InputError, match="list of"):
        feature_stability(case())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no tumour"):
        feature_stability([])
