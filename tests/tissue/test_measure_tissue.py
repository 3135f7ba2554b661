"""Sections whose vessels, nuclei and hypoxia are known, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from scipy import ndimage
from skimage.data import immunohistochemistry
from skimage.filters import threshold_otsu

from napari_radiogenomics import Geometry, Segmentation, correspond, measure_tissue
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.tissue import TissueMeasurement
from napari_radiogenomics.tissue.cells import cells_of, disk_sums
from napari_radiogenomics.tissue.fields import Sums, fields_table, systematic
from napari_radiogenomics.tissue.lattice import lattice_of
from napari_radiogenomics.tissue.objects import Joined
from napari_radiogenomics.tissue.stains import STAIN_SETS

VECTORS = BLUE, BROWN = STAIN_SETS["h_dab"].matrix
GLASS = 240.0
# The last one holds all of a slide.
TILES = (100, 177, 4096)


def row(found: TissueMeasurement) -> pd.Series:
    return found.table.iloc[0]


# Known discs


def test_discs_are_counted_one_by_one(art, spots) -> None:
    pixels, mask = spots
    found = measure_tissue(art.slide(pixels))
    places = art.grid((1200, 1600), 97, 120)
    assert row(found)["vessels"] == len(places) == 150
    assert row(found)["tissue_mm2"] == pytest.approx(1.04 * 1.44)
    assert row(found)["vessels_per_mm2"] == pytest.approx(150 / (1.04 * 1.44))
    assert row(found)["endothelial_area_percent"] == pytest.approx(100 * mask.sum() / (1040 * 1440))
    # Each where it was drawn, in mm from the center of the first pixel.
    drawn = np.array(places)[:, ::-1] / 1000
    assert found.objects[["x_mm", "y_mm"]].to_numpy() == pytest.approx(drawn, abs=1e-9)
    assert found.objects["area_um2"].to_numpy() == pytest.approx(np.full(150, mask.sum() / 150))
    assert row(found)["antibody"] == "CD31"
    assert row(found)["um_per_pixel"] == 1.0
    assert row(found)["white"] == "240 240 240"
    assert "20 µm² or more" in row(found)["object_rule"]
    units = found.table.attrs["units"]
    assert units["vessels_per_mm2"] == "1/mm²"
    assert units["endothelial_area_percent"] == "%"


@pytest.mark.parametrize("measure", ["vessels", "hypoxia", "nuclei"])
def test_nothing_depends_on_the_tiles(measure: str) -> None:
    """A real picture, so that glands cross every border of tiles."""
    ihc = immunohistochemistry()
    slide = Slide((ihc,), (0.5, 0.5), stain="CD31" if measure != "hypoxia" else "CAIX", name="S")
    found = [
        measure_tissue(
            slide, measure=measure, resolution_um=0.5, field_mm=0.1, window_mm=0.2, tile=tile
        )
        for tile in TILES
    ]
    for other in found[1:]:
        pd.testing.assert_frame_equal(found[0].table, other.table)
        pd.testing.assert_frame_equal(found[0].fields, other.fields)
        pd.testing.assert_frame_equal(found[0].objects, other.objects)
        for name, image in found[0].maps.items():
            np.testing.assert_array_equal(image.array, other.maps[name].array)
    assert len(found[0].objects) > 20 or measure == "hypoxia"


def test_a_vessel_through_every_tile_is_one(art) -> None:
    amounts = np.full((900, 900, 2), [0.2, 0.0])
    y, x = np.indices((900, 900))
    angle = np.arctan2(y - 450, x - 450)
    turns = (np.hypot(y - 450, x - 450) - 30 - 60 * (angle / (2 * np.pi) + 0.5)) % 60
    amounts[(turns < 8) & (np.hypot(y - 450, x - 450) < 400)] = [0.1, 0.8]
    slide = art.slide(art.draw(amounts, VECTORS))
    for tile in (64, 100, 900):
        found = measure_tissue(slide, white=(240, 240, 240), tile=tile, background_um=200)
        assert row(found)["vessels"] == 1


def test_joined_labels_are_those_of_the_whole(art, spots) -> None:
    """Random blots, touching at sides and corners, against one labeling of everything."""
    rng = np.random.default_rng(0)
    blots = rng.random((300, 410)) < 0.35
    labels, count = ndimage.label(blots, np.ones((3, 3)))
    slide = Slide((np.zeros((300, 410, 3), np.uint8),), (1.0, 1.0))
    lattice = lattice_of(slide, 1.0)
    for size in (37, 64, 500):
        joined = Joined(lattice, 1)
        for tile in lattice.tiles(size):
            part = blots[tile.rows, tile.columns]
            cells = (np.zeros(part.shape[0], int), np.zeros(part.shape[1], int), 1)
            joined.add(tile, part, part, cells)
        found = joined.objects().table
        expected = np.bincount(labels.ravel())[1:]
        assert sorted(found["pixels"]) == sorted(expected)
        centers = np.array(ndimage.center_of_mass(blots, labels, np.arange(1, count + 1)))
        own = found[["row", "column"]].to_numpy()
        assert own[np.lexsort(own.T)] == pytest.approx(centers[np.lexsort(centers.T)])


def test_a_mirrored_or_turned_slide_has_the_same_vessels(art, spots) -> None:
    pixels, _ = spots
    rng = np.random.default_rng(5)
    noisy = np.clip(pixels + rng.normal(0, 3, pixels.shape), 0, 255).astype(np.uint8)
    there = measure_tissue(art.slide(noisy), white=(240, 240, 240))
    for turned in (noisy[::-1], noisy[:, ::-1], np.rot90(noisy)):
        again = measure_tissue(art.slide(np.ascontiguousarray(turned)), white=(240, 240, 240))
        for name in ("vessels", "tissue_mm2", "weidner_vessels_per_mm2"):
            assert row(again)[name] == pytest.approx(row(there)[name], rel=1e-12)
        assert row(again)["endothelial_area_percent"] == pytest.approx(
            row(there)["endothelial_area_percent"], rel=0.002
        )
        assert sorted(again.objects["area_um2"]) == pytest.approx(
            sorted(there.objects["area_um2"]), abs=3
        )


def test_what_is_too_small_or_faint_does_not_count_and_gaps_are_closed(art) -> None:
    places = art.grid((600, 600), 80, 140)
    shape = {"shape": (600, 600)}
    small, _ = art.paint(places, 2.0, **shape)  # 13 µm²
    assert row(measure_tissue(art.slide(small)))["vessels"] == 0
    assert row(measure_tissue(art.slide(small), min_area_um2=10))["vessels"] == len(places)
    faint, _ = art.paint(places, 8.0, depth=0.12, **shape)
    assert row(measure_tissue(art.slide(faint)))["vessels"] == 0
    assert row(measure_tissue(art.slide(faint), threshold=0.1))["vessels"] == len(places)
    # Pairs of discs with 3 pixels between them.
    pairs, _ = art.paint([p for y, x in places for p in ((y, x), (y, x + 20))], 8.0, **shape)
    assert row(measure_tissue(art.slide(pairs)))["vessels"] == 2 * len(places)
    closed = measure_tissue(art.slide(pairs), gap_um=6)
    assert row(closed)["vessels"] == len(places)
    # The gap is closed, but it is no endothelium.
    assert row(closed)["endothelial_area_percent"] == pytest.approx(
        row(measure_tissue(art.slide(pairs)))["endothelial_area_percent"]
    )


def test_a_brown_haze_is_background(art) -> None:
    """Half of the slide is stained unspecifically, more than the other half's vessels need."""
    pixels, _ = art.paint(art.grid((800, 800), 90, 130), 7.0, shape=(800, 800))
    density = -np.log10(pixels / GLASS)
    density[80:720, 400:720] += 0.3 * BROWN
    hazy = art.slide(np.rint(GLASS * 10**-density).astype(np.uint8))
    assert row(measure_tissue(hazy))["vessels"] == len(art.grid((800, 800), 90, 130))


# Fields, hot spots, maps


def test_fields_and_hot_spots_find_what_was_planted(art) -> None:
    """Twice as dense in one corner."""
    dense = [p for p in art.grid((1800, 1800), 50, 130) if p[0] < 1000 and p[1] < 1000]
    sparse = [p for p in art.grid((1800, 1800), 100, 130) if p[0] >= 1000 or p[1] >= 1000]
    pixels, _ = art.paint(dense + sparse, 6.0, shape=(1800, 1800))
    found = measure_tissue(art.slide(pixels), field_mm=0.4, window_mm=0.4)
    even = found.fields[found.fields["kind"] == "systematic"]
    hot = found.fields[found.fields["kind"] == "hot spot"]
    assert row(found)["n_fields"] == len(even) >= 10
    # A field of 400 µm holds 8 × 8 discs that are 50 µm apart.
    assert hot["vessels_per_mm2"].tolist() == pytest.approx([400] * 3)
    assert (hot[["x_mm", "y_mm"]] < 1.0).all(axis=None)
    assert row(found)["weidner_vessels_per_mm2"] == pytest.approx(400)
    assert row(found)["chalkley_vessels_per_mm2"] == pytest.approx(400)
    apart = np.abs(hot[["x_mm", "y_mm"]].to_numpy()[:, None] - hot[["x_mm", "y_mm"]].to_numpy())
    assert (apart.max(axis=2)[~np.eye(3, dtype=bool)] >= 0.4 - 1e-9).all()
    # By the ratio of sums; 4 of about 20 fields lie in the dense corner.
    assert row(found)["fields_vessels_per_mm2"] == pytest.approx(
        row(found)["vessels_per_mm2"], rel=0.2
    )
    density = found.maps["vessels_per_mm2"]
    assert density.unit == "1/mm²"
    assert density.metadata["frame"] == "S1-frame"
    at = [np.rint(density.geometry.world_to_index([x, y, 0])).astype(int) for x, y in
          ((0.55, 0.55), (1.4, 1.4), (0.02, 0.02))]  # fmt: skip
    inside, outside, glass = (density.array[0, j, i] for i, j, _ in at)
    assert inside == pytest.approx(400, rel=0.05)
    assert outside == pytest.approx(100, rel=0.25)
    assert np.isnan(glass)


def test_fields_start_at_random_and_tell_the_density_of_the_section_without_bias() -> None:
    """An irregular piece of tissue that reaches the edge of the slide, denser on one side."""
    rng = np.random.default_rng(8)
    lattice = lattice_of(Slide((np.zeros((1500, 1500, 3), np.uint8),), (1.0, 1.0)), 1.0)
    cells = cells_of(lattice, 0.1)
    y, x = np.indices(cells.shape)
    tissue = np.where((y - 20) ** 2 + (x - 25) ** 2 < 900, 625, 0)
    objects = rng.poisson(0.2 + 0.02 * x) * (tissue > 0)
    sums = Sums(objects, 0 * tissue, tissue, lattice, cells)
    true = objects.sum() / (tissue.sum() * lattice.pixel_mm2)
    found, starts = [], set()
    for seed in range(400):
        corners = systematic(sums, 10, 10, seed)
        table = fields_table(sums, corners, 10, "systematic", "vessels")
        assert len(table) >= 10
        starts.add(tuple(corners[0]))
        found.append(table["vessels"].sum() / table["tissue_mm2"].sum())
    assert len(starts) > 50
    assert np.mean(found) == pytest.approx(true, rel=0.02)
    assert np.std(found) / true < 0.2


def test_sums_over_disks_are_those_of_a_loop() -> None:
    values = np.random.default_rng(1).integers(0, 9, (23, 31))
    for radius, step in ((4.0, 4), (2.6, 3), (0.5, 1), (7.3, 2)):
        found = disk_sums(values, radius, step)
        y, x = np.indices(values.shape)
        for i, j in np.ndindex(found.shape):
            middle = np.array([i, j]) * step + (step - 1) / 2
            near = (y - middle[0]) ** 2 + (x - middle[1]) ** 2 <= radius**2 + 1e-9
            assert found[i, j] == values[near].sum()


def test_a_map_goes_into_correspond_as_it_is(art, spots) -> None:
    pixels, _ = spots
    found = measure_tissue(art.slide(pixels), window_mm=0.3, map_step_mm=0.05)
    first, second = found.maps.values()
    known = np.isfinite(first.array) & np.isfinite(second.array)
    mask = Segmentation(known.astype(np.uint8), first.geometry)
    answer = correspond(first, second, mask, surrogates=0)
    assert answer.r > 0.5  # counts and areas of the same vessels
    assert first.history[-1].verb == "measure_tissue"


# Regions


def test_a_region_holds_the_vessels_whose_centers_it_holds(art, spots) -> None:
    pixels, _ = spots
    corners = np.array([[0.3, 0.25], [1.1, 0.25], [1.1, 0.85], [0.3, 0.85]])
    found = measure_tissue(art.slide(pixels), corners)
    places = np.array(art.grid((1200, 1600), 97, 120)) / 1000
    held = ((places >= [0.25, 0.3]) & (places <= [0.85, 1.1])).all(axis=1)
    assert row(found)["vessels"] == held.sum()
    assert row(found)["tissue_mm2"] == pytest.approx(0.8 * 0.6, rel=0.02)
    # None is cut: all have the area of a whole disc.
    assert found.objects["area_um2"].nunique() == 1
    labels = np.zeros((1, 120, 160), np.uint8)
    labels[0, 25:85, 30:110] = 3
    drawn = Segmentation(labels, Geometry((160, 120, 1), (0.01, 0.01, 1), (0.0045, 0.0045, 0)))
    assert row(measure_tissue(art.slide(pixels), drawn))["vessels"] == held.sum()
    small = measure_tissue(art.slide(pixels), corners, tile=128)
    pd.testing.assert_frame_equal(small.table, found.table)


def test_regions_that_are_none_are_refused(art, spots) -> None:
    pixels, _ = spots
    with pytest.raises(InputError, match="The region holds no tissue"):
        measure_tissue(art.slide(pixels), np.array([[5, 5], [6, 5], [6, 6.0]]))
    with pytest.raises(InputError, match="three corners or more"):
        measure_tissue(art.slide(pixels), np.array([[0, 0], [1, 1.0]]))
    with pytest.raises(InputError, match="has no place"):
        measure_tissue(art.slide(pixels), np.array([[0, 0], [1, np.nan], [1, 0]]))
    solid = Segmentation(np.ones((2, 4, 4), np.uint8), Geometry((4, 4, 2)))
    with pytest.raises(InputError, match="one slice"):
        measure_tissue(art.slide(pixels), solid)


# Nuclei


def test_nuclei_are_counted_and_split_where_they_touch(art) -> None:
    places = art.grid((800, 800), 60, 120)
    pixels, _ = art.paint(places, 10.0, shape=(800, 800), stain=0, depth=0.7)
    slide = art.slide(pixels, um=0.5, stain="H&E")
    found = measure_tissue(slide, measure="nuclei", resolution_um=0.5)
    assert row(found)["nuclei"] == len(places)
    assert row(found)["antibody"] == "hematoxylin"
    assert found.objects["area_um2"].median() == pytest.approx(np.pi * 5**2, rel=0.03)
    # Two that overlap are two.
    pairs = [p for y, x in places for p in ((y, x), (y + 5, x + 15))]
    touching, _ = art.paint(pairs, 10.0, shape=(800, 800), stain=0, depth=0.7)
    slide = art.slide(touching, um=0.5, stain="H&E")
    again = measure_tissue(slide, measure="nuclei", resolution_um=0.5)
    assert row(again)["nuclei"] == len(pairs)
    assert again.maps["nuclei_per_mm2"].unit == "1/mm²"


# Hypoxia


def half_brown(art, low: float, high: float, noise: float = 2.0) -> np.ndarray:
    """Tissue of 60 × 60 % of the slide, its right half browner."""
    amounts = np.zeros((1000, 1000, 2))
    amounts[200:800, 200:800, 0] = 0.25
    amounts[200:800, 200:500, 1] = low
    amounts[200:800, 500:800, 1] = high
    pixels = art.draw(amounts, VECTORS).astype(float)
    rng = np.random.default_rng(0)
    return np.clip(pixels + rng.normal(0, noise, pixels.shape), 0, 255).astype(np.uint8)


def test_the_positive_fraction_is_that_of_the_tissue(art) -> None:
    slide = art.slide(half_brown(art, 0.05, 0.5), um=2.0, stain="CAIX")
    for rule in ("fixed", "otsu"):
        found = measure_tissue(slide, measure="hypoxia", resolution_um=2, threshold_rule=rule)
        assert row(found)["positive_percent"] == pytest.approx(50, abs=0.5)
        assert row(found)["mean_od"] == pytest.approx(0.275, abs=0.01)
    assert 0.1 < row(found)["threshold_od"] < 0.45
    assert row(found)["threshold_rule"] == "Otsu within the tissue"
    # 0.5 is at twice the threshold of 0.2 and below three times of it.
    fixed = measure_tissue(slide, measure="hypoxia", resolution_um=2)
    assert row(fixed)["h_score"] == pytest.approx(0.5 * 200, abs=1)
    share = fixed.maps["positive_percent"]
    assert share.unit == "%"
    middle = share.array[0][share.shape[1] // 2]
    known = middle[np.isfinite(middle)]
    assert known[0] < 2
    assert known[-1] > 98


@pytest.mark.parametrize("strong", [0, 400])
def test_a_stain_too_weak_for_the_threshold_is_told_with_what_there_is(art, strong: int) -> None:
    amounts = np.zeros((1000, 1000, 2))
    amounts[..., 0] = 0.2
    amounts[:500, :, 1] = 0.15
    amounts.reshape(-1, 2)[:strong, 1] = 0.9  # 0.04 % of the tissue, if any
    slide = art.slide(art.draw(amounts, VECTORS), stain="CAIX")
    settings = {"measure": "hypoxia", "white": (GLASS,) * 3}
    found = measure_tissue(slide, **settings)
    assert row(found)["positive_percent"] == pytest.approx(strong / 1e4)
    start = "In 0.04 % only is" if strong else "Nowhere is"
    told = f"{start} the stain 0.2 OD or more; 99.9 % of the tissue has less than 0.15 OD."
    assert found.warnings[0].startswith(told)
    lower = measure_tissue(slide, **settings, threshold=0.1)
    assert row(lower)["positive_percent"] == pytest.approx(50, abs=0.1)
    assert not any("OD or more" in note for note in lower.warnings)


def test_where_no_vessel_is_found_the_threshold_is_named(art) -> None:
    pixels, _ = art.paint([(600, 800)], 8, depth=0.1)
    found = measure_tissue(art.slide(pixels))
    assert row(found)["vessels"] == 0
    assert "nothing of 20 µm² or more is 0.15 OD above its surroundings" in found.warnings[0]


def test_black_is_no_tissue(art, spots) -> None:
    pixels, _ = spots
    black = np.zeros_like(pixels)
    with pytest.raises(InputError, match=r"100 % of the slide 'S1' is black, and no glass"):
        measure_tissue(art.slide(black))
    glow = black.copy()
    glow[300:500, 300:500] = (20, 160, 40)  # fluorescence
    with pytest.raises(InputError, match="fluorescence"):
        measure_tissue(art.slide(glow))
    # What a scanner did not scan: more than half of the picture, beside glass and tissue.
    padded = measure_tissue(art.slide(np.concatenate([pixels, black, black], axis=1)))
    plain = measure_tissue(art.slide(pixels))
    assert row(padded)["tissue_mm2"] == pytest.approx(row(plain)["tissue_mm2"], rel=0.01)
    assert row(padded)["vessels"] == row(plain)["vessels"]
    assert any("67 % of the picture is black" in note for note in padded.warnings)


def test_otsu_refuses_tissue_that_is_all_alike(art) -> None:
    for amount in (0.05, 0.6):
        slide = art.slide(half_brown(art, amount, amount), um=2.0, stain="CAIX")
        with pytest.raises(InputError, match="one peak, not two"):
            measure_tissue(slide, measure="hypoxia", resolution_um=2, threshold_rule="otsu")
    with pytest.raises(InputError, match="merges vessels"):
        measure_tissue(slide, threshold_rule="otsu")


# Slides as they come


def test_a_pyramid_is_read_at_the_level_nearest_to_the_resolution(art, spots) -> None:
    """Only small blocks of the finest level are ever read."""
    pixels, mask = spots
    fine = np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1)
    read: list[int] = []

    def block(part: np.ndarray) -> np.ndarray:
        read.append(part.size)
        return part

    lazy = da.from_array(fine, chunks=(512, 512, 3)).map_blocks(block, dtype=np.uint8)
    alone = Slide((lazy,), (0.5, 0.5), stain="CD31", name="S1")
    found = measure_tissue(alone, tile=256)
    assert row(found)["vessels"] == 150
    assert row(found)["um_per_pixel"] == 1.0
    assert row(found)["endothelial_area_percent"] == pytest.approx(100 * mask.sum() / (1040 * 1440))
    read.clear()
    pyramid = replace(alone, levels=(lazy, da.from_array(pixels, chunks=(256, 256, 3))))
    assert row(measure_tissue(pyramid))["vessels"] == 150
    assert not read  # the finest level is left alone


def test_a_slide_without_pixel_size_is_refused_or_told(art, spots) -> None:
    pixels, _ = spots
    unknown = art.slide(pixels, um=None)
    with pytest.raises(InputError, match="pixel size .*per mm².*Give um_per_pixel"):
        measure_tissue(unknown)
    assert row(measure_tissue(unknown, um_per_pixel=1.0))["vessels"] == 150
    found = measure_tissue(art.slide(pixels, um=0.5), um_per_pixel=1.0)
    assert row(found)["tissue_mm2"] == pytest.approx(1.04 * 1.44)
    assert any("tells 0.5×0.5 µm" in note for note in found.warnings)
    with pytest.raises(InputError, match="um_per_pixel is a number of µm, 0.001 or more"):
        measure_tissue(unknown, um_per_pixel=-1.0)


def test_a_blank_slide_has_no_tissue(art) -> None:
    blank = np.full((400, 400, 3), 238, np.uint8)
    with pytest.raises(InputError, match="No tissue was found"):
        measure_tissue(art.slide(blank))


def test_a_slide_that_is_all_tissue_has_no_glass_and_says_so(art) -> None:
    places = art.grid((600, 600), 80, 60)
    pixels, _ = art.paint(places, 8.0, shape=(600, 600), margin=0, haze=0.5)
    found = measure_tissue(art.slide(pixels))
    assert row(found)["vessels"] == len(places)
    assert row(found)["tissue_mm2"] == pytest.approx(0.36)
    assert any("no glass in sight" in note for note in found.warnings)
    assert measure_tissue(art.slide(pixels), white=(240, 240, 240)).table["vessels"].iloc[0] == len(
        places
    )


def test_one_stain_has_no_vessels_and_no_estimate(art) -> None:
    amounts = np.zeros((400, 400, 2))
    amounts[40:360, 40:360, 0] = np.random.default_rng(0).uniform(0.15, 0.8, (320, 320))
    slide = art.slide(art.draw(amounts, VECTORS))
    found = measure_tissue(slide)
    assert row(found)["vessels"] == 0
    assert row(found)["endothelial_area_percent"] == 0
    with pytest.raises(InputError, match="one stain only"):
        measure_tissue(slide, vectors="estimated")


def test_estimated_vectors_find_the_same_vessels(art) -> None:
    places = art.grid((600, 600), 80, 140)
    brown, mask = art.paint(places, 8.0, shape=(600, 600), depth=0.9)
    nuclei = [(y + 40, x + 40) for y, x in places]
    blue, _ = art.paint(nuclei, 6.0, shape=(600, 600), stain=0, depth=0.7)
    pixels = np.where(mask[..., None], brown, blue)
    rng = np.random.default_rng(0)
    noisy = np.clip(pixels + rng.normal(0, 2, pixels.shape), 0, 255).astype(np.uint8)
    found = measure_tissue(art.slide(noisy), vectors="estimated")
    assert row(found)["vessels"] == len(places)
    assert "Macenko" in row(found)["stains"]


def test_stains_that_mark_nothing_and_pixels_that_show_nothing_are_refused(art, spots) -> None:
    pixels, _ = spots
    with pytest.raises(InputError, match="H&E, which marks no antibody.*CD31"):
        measure_tissue(art.slide(pixels, stain="H&E"))
    with pytest.raises(InputError, match="Nuclei cannot be told at 8 µm"):
        measure_tissue(art.slide(pixels, um=8.0), measure="nuclei")
    with pytest.raises(InputError, match="CAIX, a stain for hypoxia; vessels are not told by it"):
        measure_tissue(art.slide(pixels, stain="CAIX"))
    found = measure_tissue(art.slide(pixels, um=8.0, stain="PAX8"))
    assert any("PAX8; vessels are measured as if it were for CD31" in x for x in found.warnings)
    assert measure_tissue(art.slide(pixels, stain="CAIX"), antibody="CD34").table["vessels"].iloc[0]
    assert any("Pixels of 8 µm" in note for note in found.warnings)
    assert not measure_tissue(art.slide(pixels, stain=""), antibody="CD34", field_mm=0.2).warnings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"resolution_um": 0}, "resolution_um is a number of µm, 0.1 or more"),
        ({"n_fields": 3}, "n_fields is a whole number, 10 or more; got 3"),
        ({"min_area_um2": 9, "max_area_um2": 3}, "nothing would count"),
        ({"white": (255, 0, 255)}, "white is red, green and blue"),
        ({"map_step_mm": 0.01, "um_per_pixel": 12}, "smaller than one of the slide"),
        ({"stains": "h_dba"}, "h_dab"),
        ({"measure": "vesels"}, 'Did you mean "vessels"'),
        ({"measure": "hypoxia", "threshold_rule": "otsu", "threshold": 0.2}, "finds the threshold"),
    ],
)
def test_settings_out_of_range_are_named(art, spots, settings: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        measure_tissue(art.slide(spots[0]), **settings)


@pytest.fixture
def half_dead(art) -> np.ndarray:
    """CAIX of 0.3 in the left half, which lives; of 0.1 in the right, where nuclei are gone."""
    amounts = np.zeros((800, 1000, 2))
    amounts[50:750, 50:500] = 0.25, 0.3
    amounts[50:750, 500:950] = 0.05, 0.1
    return art.draw(amounts, STAIN_SETS["h_dab"].matrix)


def test_dead_tissue_is_left_out_on_demand_and_told(art, half_dead) -> None:
    slide = art.slide(half_dead, stain="CAIX")
    settings = {"measure": "hypoxia", "threshold": 0.2, "field_mm": 0.1}
    every = measure_tissue(slide, **settings)
    living = measure_tissue(slide, **settings, living_od=0.15)
    assert row(every)["positive_percent"] == pytest.approx(50, abs=1)
    # The border of the halves is known to a pixel of 8 µm, of 0.45 mm.
    assert row(living)["positive_percent"] == pytest.approx(100, abs=1.8 + 0.1)
    assert row(living)["tissue_mm2"] == pytest.approx(row(every)["tissue_mm2"] / 2, rel=0.03)
    assert "0.15 OD or more within 0.1 mm" in row(living)["living_rule"]
    assert "living_rule" not in row(every)
    (said,) = [one for one in living.warnings if "left out as dead" in one]
    assert said.startswith("50 % of the tissue (0.31")
    full = [note for found in (every, living) for note in found.warnings if "95 %" in note]
    assert len(full) == 1
    assert full[0].startswith("In 100 %")
    with pytest.raises(InputError, match=r"the most is 0\.2.*Lower living_od"):
        measure_tissue(slide, **settings, living_od=0.9)


def test_a_stain_that_falls_with_the_nuclei_is_told(art) -> None:
    """Stain and hematoxylin over 0.9 mm, together or against each other; or nuclei all over."""
    side = np.linspace(0.3, 0.06, 900)

    def told(nuclei: np.ndarray, stain: np.ndarray, **settings: float) -> list[str]:
        amounts = np.zeros((800, 1000, 2))
        amounts[50:750, 50:950, 0], amounts[50:750, 50:950, 1] = nuclei, stain
        slide = art.slide(art.draw(amounts, STAIN_SETS["h_dab"].matrix), stain="CAIX")
        found = measure_tissue(
            slide, measure="hypoxia", field_mm=0.1, **({"window_mm": 0.2} | settings)
        )
        return [one for one in found.warnings if "turned round" in one]

    (said,) = told(side, side)
    assert "(rank correlation 1.00 in windows of 0.2 mm)" in said
    assert "living_od" in said
    assert not told(side, side[::-1])
    assert not told(0 * side + 0.2, side)
    assert not told(side, 0 * side)
    assert not told(side, side, window_mm=0.6)  # too few windows


def test_a_polygon_that_crosses_itself_is_refused(art, spots) -> None:
    square = np.array([[0.5, 0.4], [1.4, 0.4], [1.4, 1.0], [0.5, 1.0]])
    with pytest.raises(InputError, match=r"Sides 1 and 3 .* cross at x 0.95, y 0.7 mm"):
        measure_tissue(art.slide(spots[0]), square[[0, 2, 1, 3]])
    # A notch with parallel sides, and sides that only touch, cross nothing.
    notched = np.insert(square, 2, [[1.4, 0.6], [0.8, 0.6], [0.8, 0.8], [1.4, 0.8]], axis=0)
    measured = measure_tissue(art.slide(spots[0]), notched).table["tissue_mm2"].iloc[0]
    assert measured == pytest.approx(0.9 * 0.6 - 0.6 * 0.2, rel=0.05)


def test_small_tissue_says_that_fields_do_not_fit(art) -> None:
    pixels, _ = art.paint(art.grid((600, 600), 80, 140), 8.0, shape=(600, 600))
    found = measure_tissue(art.slide(pixels), field_mm=0.3)
    assert any("fields of 0.3 mm fit into the tissue, fewer than 10" in x for x in found.warnings)
    tiny = measure_tissue(art.slide(pixels), field_mm=2.0)
    assert set(tiny.fields["kind"]) == {"systematic"}
    assert np.isnan(row(tiny)["weidner_vessels_per_mm2"])
    assert any("room for 0 hot spots" in note for note in tiny.warnings)


def test_work_can_be_stopped_between_tiles(art, spots) -> None:
    steps = []

    def report(done: int, total: int, what: str) -> None:
        steps.append(what)

    progress = reporting(report, cancelled=lambda: steps.count("Vessels") >= 3)
    with pytest.raises(Cancelled, match="Vessels cancelled after"):
        measure_tissue(art.slide(spots[0]), tile=200, progress=progress)


# A real stain


def test_vessels_of_a_real_stain_do_not_all_merge() -> None:
    """One global threshold makes three large objects of it, of which one holds nearly all."""
    ihc = immunohistochemistry()
    slide = Slide((ihc,), (0.5, 0.5), stain="CD31", name="ihc")
    found = measure_tissue(slide, resolution_um=0.5)
    from skimage.color import rgb2hed

    dab = rgb2hed(ihc)[..., 2]
    labels, _ = ndimage.label(dab > threshold_otsu(dab), np.ones((3, 3)))
    sizes = np.bincount(labels.ravel())[1:] * 0.25
    assert (sizes >= 20).sum() <= 3
    assert sizes.max() / sizes.sum() > 0.8
    ours = found.objects["area_um2"]
    assert 20 <= len(ours) <= 80
    assert ours.max() / ours.sum() < 0.4
    assert 15 < row(found)["endothelial_area_percent"] < 35
    # What is found is browner than what is not, by scikit-image's own separation.
    at = (found.objects[["y_mm", "x_mm"]].to_numpy() / 0.0005).round().astype(int)
    compact = ours.to_numpy() < 100
    assert np.median(dab[tuple(at[compact].T)]) > np.median(dab)
