"""A section through a scan: what is looked up, what is recovered, what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_radiogenomics import (
    Geometry,
    Image,
    Segmentation,
    Transform,
    correspond_section,
    pool_correspondence,
)
from napari_radiogenomics.correspondence.section import match_section
from napari_radiogenomics.errors import GeometryError, InputError

SCAN = Geometry((40, 40, 30), (0.8, 0.8, 1.2), (-16.0, -16.0, -18.0))
SLIDE = Geometry((60, 50, 1), (0.2, 0.2, 1.0))
QUICK: dict[str, Any] = {"surrogates": 0}


def oblique(error_mm: float = 0.3) -> Transform:
    """A section tilted by 40 degrees, its corner at (-6, -5, -4) mm."""
    turn = np.deg2rad(40)
    matrix = np.eye(4)
    matrix[:3, 0] = np.cos(turn), 0, np.sin(turn)
    matrix[:3, 1] = 0, 1, 0
    matrix[:3, 2] = -np.sin(turn), 0, np.cos(turn)
    matrix[:3, 3] = -6, -5, -4
    return replace(Transform.of(matrix, "HE", "CT"), error_mm=error_mm)


def scan_map(values: np.ndarray, name: str = "texture") -> Image:
    return Image(values, SCAN, name=name, modality="map", metadata={"frame": "CT"})


def tissue_map(values: np.ndarray, name: str = "CD31") -> Image:
    facts = {"frame": "HE", "window_mm": 1.0}
    return Image(values, SLIDE, unit="1/mm²", name=name, modality="map", metadata=facts)


def field(seed: int, sigma_mm: float = 1.0) -> np.ndarray:
    """Smooth in mm, with a spread of 1."""
    noise = np.random.default_rng(seed).normal(size=SCAN.shape)
    values = gaussian_filter(noise, sigma_mm / np.array(SCAN.spacing[::-1]))
    return values / values.std()


def on_slide(values: np.ndarray) -> np.ndarray:
    """The oracle: SciPy's interpolation at hand-made places, nothing of ours."""
    from scipy.interpolate import RegularGridInterpolator

    axes = [np.arange(n) * s + o for n, s, o in
            zip(SCAN.size, SCAN.spacing, SCAN.origin, strict=True)]  # fmt: skip
    look_up = RegularGridInterpolator(axes, values.transpose(2, 1, 0))
    y, x = np.meshgrid(np.arange(50) * 0.2, np.arange(60) * 0.2, indexing="ij")
    turn = np.deg2rad(40)
    places = np.stack([-6 + x * np.cos(turn), -5 + y, -4 + x * np.sin(turn)], axis=-1)
    return look_up(places)[None]


def tumor(radius: float = 9.0) -> Segmentation:
    z, y, x = np.meshgrid(
        *(np.arange(n) * s + o for n, s, o in
          zip(SCAN.shape, SCAN.spacing[::-1], SCAN.origin[::-1], strict=True)), indexing="ij",
    )  # fmt: skip
    return Segmentation((x**2 + y**2 + z**2 < radius**2).astype(np.uint8), SCAN, name="tumor")


def test_the_scan_is_looked_up_where_the_section_lies() -> None:
    values = field(1)
    section = match_section(scan_map(values), tissue_map(np.ones(SLIDE.shape)), oblique())
    assert section.scan_map.array == pytest.approx(on_slide(values), abs=1e-5)
    corner = section.scan_points(np.array([[0, 0, 0], [0, 10, 5]]))
    turn = np.deg2rad(40)
    assert corner[0] == pytest.approx([-6, -5, -4])
    assert corner[1] == pytest.approx([-6 + np.cos(turn), -5 + 2, -4 + np.sin(turn)])


def test_millimeters_of_pixels_voxels_and_error_are_told() -> None:
    found = correspond_section(
        scan_map(field(1)), tissue_map(on_slide(field(2))), oblique(), **QUICK
    )
    (said,) = [note for note in found.notes if note.startswith("Places of the slide")]
    assert "0.2×0.2 mm (windows of 1 mm)" in said
    assert "voxels of 0.8×0.8×1.2 mm" in said
    assert "reaches over 7.6 mm across slices" in said  # 11.8 mm × sin 40°
    assert "Error of the registration: 0.3 mm" in said
    assert found.scope.startswith("This tumor only")


def planted(seed: int, share: float) -> Any:
    """Scan and slide that share a part of their variance, and say so."""
    shared, own, other = (field(3 * seed + k) for k in range(3))
    scan = np.sqrt(share) * shared + np.sqrt(1 - share) * own
    slide = on_slide(np.sqrt(share) * shared + np.sqrt(1 - share) * other)
    return correspond_section(scan_map(scan), tissue_map(slide), oblique(), tumor(), **QUICK)


def least_by_chance(r: float, n: float) -> float:
    """Correlation of n independent places below which chance brings a true r in 1 of 100."""
    return float(np.tanh(np.arctanh(r) - 2.33 / np.sqrt(max(n - 3, 1))))


def test_a_planted_link_is_recovered_and_an_unrelated_pair_is_not() -> None:
    linked = pool_correspondence({f"P{k}": planted(k, 0.5) for k in range(8)})
    assert linked.low < 0.5 < linked.high
    assert linked.p_value < 0.05
    unrelated = pool_correspondence({f"P{k}": planted(20 + k, 0.0) for k in range(8)})
    assert unrelated.low < 0.0 < unrelated.high
    assert unrelated.p_value > 0.05


def test_chance_is_found_no_more_often_than_it_should() -> None:
    p_values = np.array([planted(100 + k, 0.0).p_value for k in range(40)])
    assert (p_values < 0.05).sum() <= 5  # 2 expected; more than 5 in 1 of 100 such tests


def test_a_core_that_both_follow_is_taken_out_with_the_distance_to_the_edge() -> None:
    from scipy.ndimage import distance_transform_edt

    region = tumor()
    depth = distance_transform_edt(region.labels > 0, sampling=SCAN.spacing[::-1])
    rim = 1 / (1 + np.exp(depth - 4.0))
    a, b = field(1) * 0.3 + 3 * rim, on_slide(field(2) * 0.3 + 3 * rim)
    found = correspond_section(
        scan_map(a), tissue_map(b), oblique(), region, detrend="none", **QUICK
    )
    # What both follow is a known part of the variance of each: r is that part, but for the chance
    # of the noise beside it, which is what is left once the rim is taken out.
    rim_share = 9 * rim[region.labels > 0].var() / (9 * rim[region.labels > 0].var() + 0.09)
    least = least_by_chance(rim_share, found.row()["n_effective"])
    assert found.row(step="raw")["r"] > least > 0.5
    assert found.p_value > 0.05
    assert "distance to the edge of the tumor cubed" in found.row()["given"]
    assert "position across slices" in found.row()["given"]


def test_cellularity_is_taken_out() -> None:
    cells = field(5)
    a, b = field(1) + 3 * cells, on_slide(field(2) + 3 * cells)
    beside = tissue_map(on_slide(cells), "cellularity")
    alone = correspond_section(scan_map(a), tissue_map(b), oblique(), **QUICK)
    found = correspond_section(scan_map(a), tissue_map(b), oblique(), None, [beside], **QUICK)
    assert alone.r > least_by_chance(9 / 10, alone.row()["n_effective"])
    assert alone.p_value < 0.001 < 0.05 < found.p_value
    assert "cellularity" in found.row()["given"]


def test_glass_and_places_outside_the_tumor_are_left_out() -> None:
    slide = on_slide(field(2))
    slide[:, :10] = np.nan
    section = match_section(scan_map(field(1)), tissue_map(slide), oblique(), tumor(5.0))
    known = section.mask.labels > 0
    assert not known[:, :10].any()
    points = section.scan_points(np.argwhere(known))
    assert np.linalg.norm(points, axis=1).max() < 5.0 + 0.8


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tissue": Image(np.ones((1, 2, 2)), Geometry((2, 2, 1)), name="CD31")}, "at least 30"),
        ({"transform": Transform.of(np.eye(4), "other", "CT")}, 'frame "HE"'),
        ({"transform": Transform.of(np.eye(4), "HE", "MR")}, 'frame "CT"'),
        ({"transform": Transform.of(np.eye(4) + np.eye(4, k=3) * 500, "HE", "CT")}, "Only 0"),
        ({"tissue": tissue_map(np.full(SLIDE.shape, 7.0))}, "same value"),
        ({"tissue": scan_map(np.ones(SCAN.shape))}, "30 slices"),
    ],
)
def test_what_cannot_be_compared_is_refused(change: dict[str, Any], said: str) -> None:
    given = {"tissue": tissue_map(on_slide(field(2))), "transform": oblique(), **change}
    with pytest.raises(InputError, match=said):
        correspond_section(scan_map(field(1)), given["tissue"], given["transform"], **QUICK)


def test_a_region_of_another_grid_is_refused() -> None:
    region = Segmentation(np.ones((2, 3, 4), np.uint8), Geometry((4, 3, 2)))
    with pytest.raises(GeometryError, match="region"):
        correspond_section(
            scan_map(field(1)), tissue_map(on_slide(field(2))), oblique(), region, **QUICK
        )


def test_a_section_is_worth_no_more_places_than_its_voxels_or_windows() -> None:
    """A few voxels looked up at a thousand places: the correlogram alone promises hundreds."""
    coarse = Geometry((8, 8, 8), (2.0, 2.0, 2.8), (-8.0, -8.0, -11.0))
    small = Geometry((44, 35, 1), (0.1, 0.1, 1.0))
    rng = np.random.default_rng(3)
    facts = {"frame": "HE", "window_mm": 1.0}
    scan = Image(rng.normal(size=coarse.shape), coarse, metadata={"frame": "CT"})
    slide = Image(rng.normal(size=small.shape), small, metadata=facts)  # as rough as it gets
    section = match_section(scan, slide, oblique())
    windows = 44 * 35 * 0.01 / (np.pi / 4)
    assert section.most_places == pytest.approx(max(section.n_scan_voxels, windows))
    found = correspond_section(scan, slide, oblique(), **QUICK)
    assert found.table["n_effective"].max() == pytest.approx(section.most_places)
    assert "worth 19.6 places at most" in found.notes[0]
