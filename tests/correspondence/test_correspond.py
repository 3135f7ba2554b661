"""`correspond`: planted links, confounders that fake them, grids, and bad input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.ndimage import distance_transform_edt, zoom

from napari_radiogenomics import Geometry, Image, Segmentation, correspond
from napari_radiogenomics.errors import Cancelled, GeometryError, InputError
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.provenance import history_of

QUICK = {"surrogates": 0}


def test_a_planted_link_is_found(flat: Any) -> None:
    shared = flat.noise(1)
    a = flat.image(shared + flat.noise(2), "texture")
    found = correspond(a, flat.image(shared + flat.noise(3), "CD31"), flat.tumor)
    row = found.row()
    assert row["low"] < 0.5 < row["high"]
    assert found.p_value < 0.01
    assert found.p_surrogate < 0.02
    assert row["r_supervoxels"] == pytest.approx(row["r"], abs=0.15)
    assert 20 < found.n_effective < 120 < found.n_voxels == 900


def test_it_says_what_it_speaks_of(flat: Any) -> None:
    found = correspond(flat.image(flat.noise(1), "texture"), flat.image(flat.noise(2), "CD31"),
                       flat.tumor)  # fmt: skip
    said = found.text()
    assert said.startswith("texture and CD31 beside linear trend, distance to the edge: r = ")
    assert "This tumor only" in said
    assert f"900 voxels are worth {found.n_effective:.1f} independent places" in said
    assert any("not stationary" in note for note in found.notes)
    assert history_of(found)[-1].verb == "correspond"


def test_the_first_rows_are_plain_correlations(flat: Any) -> None:
    a, b = flat.noise(1), np.exp(flat.noise(2) + 4 * flat.noise(1))
    found = correspond(flat.image(a), flat.image(b), flat.tumor, **QUICK)
    plain, ranked = (found.row(one, "raw")["r"] for one in ("pearson", "spearman"))
    assert plain == pytest.approx(stats.pearsonr(a[flat.mask], b[flat.mask]).statistic)
    assert ranked == pytest.approx(stats.spearmanr(a[flat.mask], b[flat.mask]).statistic)
    places = found.places
    np.testing.assert_array_equal(places["a"], a[flat.mask])
    left = np.corrcoef(places["a_left"], places["b_left"])[0, 1]
    assert left == pytest.approx(found.r, rel=1e-9)


def test_units_and_order_do_not_matter(flat: Any) -> None:
    a, b = flat.noise(1), flat.noise(2) + flat.noise(1) / 2
    first = correspond(flat.image(a), flat.image(b), flat.tumor, **QUICK).table
    second = correspond(flat.image(7 - b / 3), flat.image(a * 1e4), flat.tumor, **QUICK).table
    np.testing.assert_allclose(second["r"], -first["r"], rtol=1e-7)
    np.testing.assert_allclose(second["n_effective"], first["n_effective"], rtol=1e-7)


def test_surrogates_come_from_the_seed(flat: Any) -> None:
    maps = flat.image(flat.noise(1)), flat.image(flat.noise(2) + flat.noise(1) / 4)
    some = {"surrogates": 99, "n_supervoxels": 100}
    first, same, other = (correspond(*maps, flat.tumor, seed=k, **some).table for k in (1, 1, 2))
    np.testing.assert_array_equal(first["p_surrogate"], same["p_surrogate"])
    assert not np.array_equal(first["p_surrogate"], other["p_surrogate"])


def test_a_rim_common_to_both_is_taken_out(flat: Any) -> None:
    """Both maps fall off from the edge with widths of their own, and share nothing else."""
    depth = distance_transform_edt(flat.mask[0])[None]
    p_values = {"raw": [], "partialled": []}
    for seed in range(40):
        a = 2 * np.exp(-depth / 3) + flat.noise(2 * seed + 1) * 3
        b = 2 * np.exp(-depth / 5) + flat.noise(2 * seed + 2) * 3
        found = correspond(flat.image(a), flat.image(b), flat.tumor, **QUICK)
        for step, values in p_values.items():
            values.append(found.row(step=step)["p_value"])
    assert np.mean(np.array(p_values["raw"]) < 0.05) > 0.5
    assert np.mean(np.array(p_values["partialled"]) < 0.05) <= 0.125


def test_cellularity_and_slices_are_taken_out(solid: Any) -> None:
    cells = solid.noise(1)
    gain = np.random.default_rng(0).normal(size=(len(solid.mask), 1, 1))
    a = solid.noise(2) + 3 * cells + gain
    b = solid.noise(3) + np.expm1(3 * cells) + gain
    images = solid.image(a), solid.image(b), solid.tumor
    alone = correspond(*images, detrend="none", partial=(), **QUICK)
    beside = correspond(*images, (solid.image(cells, "cellularity"),), detrend="none",
                        partial=("slice",), **QUICK)  # fmt: skip
    assert alone.row("spearman")["p_value"] < 0.05
    assert beside.row("spearman")["p_value"] > 0.05
    assert abs(beside.row("spearman")["r"]) < 0.3 < abs(alone.row("spearman")["r"])
    assert beside.row()["given"] == "slice, cellularity"


def test_a_trend_is_taken_out(flat: Any) -> None:
    slope = np.indices(flat.mask.shape)[2] / 10.0
    maps = [flat.image(flat.noise(k) * 2 + sign * slope) for k, sign in ((1, 1), (2, -1))]
    table = correspond(*maps, flat.tumor, partial=(), **QUICK).table
    raw, detrended = table[table["method"] == "pearson"]["r"]
    assert raw < -0.6
    assert abs(detrended) < 0.3
    curved = correspond(*maps, flat.tumor, detrend="quadratic", partial=(), **QUICK)
    assert curved.row()["given"] == "quadratic trend"


def test_other_grids_are_refused_or_resampled(flat: Any) -> None:
    a, coarse = flat.noise(1, 4.0), Geometry((26, 26, 1), (2, 2, 1), (0.5, 0.5, 0))
    half = Image(
        zoom(a[0], 0.5, order=1, grid_mode=True, mode="nearest")[None], coarse, name="CD31"
    )
    with pytest.raises(GeometryError, match=r"52×52×1 .* 26×26×1 .* resample=True"):
        correspond(flat.image(a), half, flat.tumor)
    found = correspond(flat.image(a), half, flat.tumor, resample=True, **QUICK)
    assert found.r > 0.95
    assert '"CD31" was resampled (linear)' in found.notes[0]
    far = Segmentation(np.ones((1, 26, 26), np.uint8), coarse)
    with pytest.raises(GeometryError, match="resample=True"):
        correspond(flat.image(a), flat.image(a), far)


def test_what_was_not_measured_is_left_out(solid: Any) -> None:
    a, b = solid.noise(1), solid.noise(2)
    a[5, 8, 8] = np.nan
    blank = replace(solid.image(b), blank_slices=(4,))
    found = correspond(solid.image(a), blank, solid.tumor, **QUICK)
    gone = int(solid.mask[4].sum()) + 1
    assert found.n_voxels == 700 - gone
    assert f"{gone} voxels of the region have no value" in found.notes[0]


def test_maps_too_smooth_have_no_p_value(small: Any) -> None:
    ramp = np.indices(small.mask.shape)[2] * 1.0
    maps = [small.image(ramp + small.noise(k) / 100) for k in (1, 2)]
    found = correspond(*maps, small.tumor, detrend="none", partial=(), **QUICK)
    assert not np.isfinite(found.p_value)
    assert "too few for a p-value" in found.text()
    assert any("no p-value" in note for note in found.notes)


def test_a_map_is_no_partner_of_itself(flat: Any) -> None:
    first, other = flat.noise(1), flat.noise(2)
    for values in (first, 3 - 2 * first):
        found = correspond(flat.image(first), flat.image(values), flat.tumor, **QUICK)
        assert any("the same, but for scale and offset" in note for note in found.notes)
    found = correspond(flat.image(first), flat.image(first + other / 100), flat.tumor, **QUICK)
    assert not any("the same, but" in note for note in found.notes)


def test_bad_maps_are_refused(flat: Any) -> None:
    good, grid = flat.image(flat.noise(1), "texture"), flat.grid
    with pytest.raises(InputError, match='"CD31" has the same value'):
        correspond(good, flat.image(np.ones(grid.shape), "CD31"), flat.tumor)
    rounding = np.random.default_rng(0).normal(size=grid.shape)
    for shaky in (1 + 1e-15 * rounding, 0.1 + 1e-11 * rounding, np.float32(0.1 + 1e-8 * rounding)):
        with pytest.raises(InputError, match='"CD31" has the same value'):
            correspond(good, flat.image(shaky, "CD31"), flat.tumor)
    small = correspond(good, flat.image(1 + 1e-7 * rounding), flat.tumor, **QUICK)
    assert np.isfinite(small.r)
    few = np.zeros(grid.shape, np.uint8)
    few[0, 20, 10:39] = 1
    with pytest.raises(InputError, match="The region has 29 voxels; at least 30 are needed"):
        correspond(good, good, Segmentation(few, grid))
    two = Image(np.zeros((2, *grid.shape)), grid, name="DCE", fourth_axis="time")
    with pytest.raises(InputError, match='"DCE" holds 2 volumes'):
        correspond(good, two, flat.tumor)
    holed = good.array.copy()
    holed[0, :, 11:] = np.nan
    with pytest.raises(InputError, match="Only 1 of the 29 voxels of the region has a value in ev"):
        correspond(good, flat.image(holed, "CD31"), Segmentation(few, grid))
    nothing = Segmentation(np.zeros(grid.shape, np.uint8), grid, name="GTV left")
    with pytest.raises(InputError, match="^The segmentation 'GTV left' is empty. Draw the region"):
        correspond(good, good, nothing)
    with pytest.raises(InputError, match="Label 3 does not occur"):
        correspond(good, good, flat.tumor, label=3)
    ramp = flat.image(np.indices(grid.shape)[1] * 1.0, "ramp")
    with pytest.raises(InputError, match='Nothing of "ramp" is left beside linear trend'):
        correspond(good, ramp, flat.tumor)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"detrend": "lineal"}, 'Did you mean "linear"'),
        ({"partial": ("egde",)}, 'Did you mean "edge"'),
        ({"partial": "edge"}, "partial is a list"),
        ({"surrogates": -1}, "surrogates is a whole number, 0 or more"),
        ({"surrogates": 1}, r"1 surrogates no p-value can be below 0\.5\. Take 99 or more"),
        ({"surrogates": 98}, r"below 0\.01\. Take 99 or more .*or 0 for none"),
        ({"n_supervoxels": 10}, "n_supervoxels is a whole number, 50 or more"),
    ],
)
def test_bad_settings_are_refused(flat: Any, settings: dict[str, Any], told: str) -> None:
    image = flat.image(flat.noise(1))
    with pytest.raises(InputError, match=told):
        correspond(image, image, flat.tumor, **settings)


def test_no_p_value_is_printed_as_zero(flat: Any) -> None:
    a = flat.noise(1)
    found = correspond(
        flat.image(a), flat.image(a + 0.01 * flat.noise(2)), flat.tumor, surrogates=99
    )
    assert found.p_value < 1e-6
    assert found.p_surrogate == 1 / 100  # none of 99 is as strong
    assert "effective sample size p < 0.001, surrogates p = 0.01" in found.text()


def test_it_can_be_cancelled(flat: Any) -> None:
    image = flat.image(flat.noise(1))
    progress = reporting(lambda *_: None, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        correspond(image, image, flat.tumor, progress=progress)
