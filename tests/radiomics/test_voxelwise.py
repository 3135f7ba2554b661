"""Texture maps: where they lie, what they carry, what is refused, how they stop."""

from __future__ import annotations

import math
import re
import threading
import tracemalloc
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from napari_radiogenomics import extract_features, read, write
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import Cancelled, GeometryError, InputError
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.provenance import read_history
from napari_radiogenomics.radiomics import plan, room, texture_maps
from napari_radiogenomics.radiomics.family import (
    FAMILIES,
    Family,
    Feature,
    chosen_names,
    find_features,
)
from napari_radiogenomics.radiomics.filters import derive

ENTROPY = "original_firstorder_Entropy"
MEAN = "original_firstorder_Mean"
GRID = Geometry(
    (7, 6, 5), (0.5, 0.5, 3.0), (-20.0, 4.0, 11.0), (0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
)


@pytest.fixture
def scan() -> Image:
    rng = np.random.default_rng(0)
    array = rng.integers(-200, 300, GRID.shape).astype(np.int16)
    return Image(array, GRID, unit="HU", name="CT", modality="CT", metadata={"scan_id": "s1"})


@pytest.fixture
def tumour() -> Segmentation:
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1:4, 1:5, 2:6] = 1
    return Segmentation(labels, GRID, name="tumour")


def test_maps_lie_on_the_grid_of_the_scan_and_are_blank_outside(scan, tumour):
    maps = texture_maps(scan, tumour)
    assert list(maps) == [ENTROPY, MEAN]
    for found in maps.values():
        assert found.geometry == scan.geometry
        assert (np.isfinite(found.array) == (tumour.labels == 1)).all()
        assert found.array.dtype == np.float64


def test_maps_carry_unit_source_and_history(scan, tumour):
    maps = texture_maps(scan, tumour, kernel_radius=2)
    assert (maps[ENTROPY].unit, maps[MEAN].unit) == ("bits", "HU")
    assert maps[MEAN].modality == "map"
    assert maps[MEAN].metadata["scan_id"] == "s1"
    (record,) = maps[MEAN].history
    assert record.verb == "texture_maps"
    assert record.settings["kernel_radius"] == 2
    assert record.inputs["image"]["name"] == "CT"


def test_units_are_empty_where_the_scan_has_none(scan, tumour):
    maps = texture_maps(replace(scan, unit=""), tumour, features=["all"])
    assert maps[ENTROPY].unit == "bits"
    assert maps["original_firstorder_TotalEnergy"].unit == ""


def test_a_map_survives_nifti_to_the_last_bit(scan, tumour, tmp_path):
    found = texture_maps(scan, tumour)[ENTROPY]
    path = write(found, tmp_path / "entropy.nii.gz")
    again = read(path, kind="image")
    np.testing.assert_array_equal(again.array, found.array)
    assert again.geometry.same_grid(found.geometry)
    settings = read_history(path)[0].settings
    assert chosen_names(settings["families"], settings["features"])[1] == ("Entropy", "Mean")


def test_families_alone_mean_all_their_features(scan, tumour):
    found = texture_maps(scan, tumour, families=["ngtdm"])
    assert list(found) == [f"original_ngtdm_{x.name}" for x in FAMILIES["ngtdm"].features]
    assert found["original_ngtdm_Contrast"].metadata["title"] == "NGTDM contrast"
    assert list(texture_maps(scan, tumour)) == [ENTROPY, "original_firstorder_Mean"]
    everything = plan.plan_maps(scan, tumour, features=["all"])
    assert len(everything.features) == 93
    assert "original_firstorder_StandardDeviation" not in everything.features


def test_a_bare_array_and_writing_into_a_map_are_refused(scan, tumour):
    with pytest.raises(InputError, match="scan is ndarray where Image is needed"):
        texture_maps(scan.array, tumour)
    with pytest.raises(InputError, match="region is ndarray where Segmentation is needed"):
        texture_maps(scan, tumour.labels)
    with pytest.raises(InputError, match="Change a copy"):
        texture_maps(scan, tumour)[ENTROPY].array[0] = 1.0


def test_outside_may_hold_any_value(scan, tumour):
    found = texture_maps(scan, tumour, init_value=0)[MEAN].array
    assert (found[tumour.labels == 0] == 0).all()


def test_rotating_the_patient_rotates_the_map(scan, tumour):
    turned = Geometry(GRID.size[::-1], GRID.spacing[::-1])
    there = texture_maps(
        Image(scan.array.transpose(2, 1, 0), turned),
        Segmentation(tumour.labels.transpose(2, 1, 0), turned),
        features=["all"],
    )
    here = texture_maps(scan, tumour, features=["all"])
    for name, found in here.items():
        if "TotalEnergy" not in name:
            np.testing.assert_allclose(
                there[name].array.transpose(2, 1, 0), found.array, rtol=1e-12
            )


def test_values_outside_the_region_do_not_count_in_masked_kernels(scan, tumour):
    other = np.where(tumour.labels == 1, scan.array, 9999).astype(np.int16)
    masked = texture_maps(scan, tumour)[MEAN].array
    np.testing.assert_array_equal(
        texture_maps(replace(scan, array=other), tumour)[MEAN].array, masked
    )
    seen = texture_maps(replace(scan, array=other), tumour, masked_kernel=False)[MEAN].array
    assert np.nanmax(seen) > np.nanmax(masked)


def test_one_slice_kernels_do_not_see_the_next_slice(scan, tumour):
    other = scan.array.copy()
    other[2] += 100
    changed = texture_maps(replace(scan, array=other), tumour, force_2d=True)[MEAN].array
    usual = texture_maps(scan, tumour, force_2d=True)[MEAN].array
    np.testing.assert_array_equal(changed[1], usual[1])
    assert not np.array_equal(changed[2], usual[2], equal_nan=True)


@pytest.mark.parametrize("block", [27, 200_000])
@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_and_threads_do_not_change_the_numbers(scan, tumour, monkeypatch, block, threads):
    usual = texture_maps(scan, tumour, features=["all"])
    monkeypatch.setattr(plan, "_BLOCK", block)
    monkeypatch.setattr(plan, "_THREADS", threads)
    for name, found in texture_maps(scan, tumour, features=["all"]).items():
        np.testing.assert_array_equal(found.array, usual[name].array)


def test_label_one_is_measured_or_else_the_only_one(scan, tumour):
    expected = texture_maps(scan, tumour)[MEAN].array
    only = Segmentation(tumour.labels * 4, GRID)
    np.testing.assert_array_equal(texture_maps(scan, only)[MEAN].array, expected)
    two = Segmentation(np.where(tumour.labels == 1, 1, 2).astype(np.uint8), GRID)
    np.testing.assert_array_equal(texture_maps(scan, two)[MEAN].array, expected)


def test_several_labels_without_a_one_must_be_chosen(scan, tumour):
    labels = tumour.labels * 2
    labels[0, 0, 0] = 5
    regions = Segmentation(labels, GRID, (Label(2, "core"), Label(5, "edema")))
    with pytest.raises(InputError, match=r"2 \(core\), 5 \(edema\)"):
        texture_maps(scan, regions)
    assert np.isfinite(texture_maps(scan, regions, label=5)[MEAN].array).sum() == 1


def test_overlapping_regions_are_measured_each(scan, tumour):
    layers = np.stack([tumour.labels, np.full(GRID.shape, 2, np.uint8)])
    both = Segmentation(layers, GRID)
    expected = texture_maps(scan, tumour)[MEAN].array
    np.testing.assert_array_equal(texture_maps(scan, both, label=1)[MEAN].array, expected)
    assert np.isfinite(texture_maps(scan, both, label=2)[MEAN].array).all()


def test_another_grid_is_refused_with_both_grids_named(scan, tumour):
    elsewhere = Geometry(GRID.size, GRID.spacing, (0.0, 0.0, 0.0), GRID.direction)
    with pytest.raises(GeometryError, match="Resample the segmentation onto the scan"):
        texture_maps(scan, Segmentation(tumour.labels, elsewhere))


def test_a_four_dimensional_scan_is_refused_with_its_volumes_named(scan, tumour):
    both = Image(np.stack([scan.array] * 2), GRID, name="MR", fourth_axis="channel",
                 fourth_labels=("T1", "FLAIR"))  # fmt: skip
    with pytest.raises(InputError, match=r"2 volumes \(MR T1, MR FLAIR\)"):
        texture_maps(both, tumour)


def test_missing_slices_are_not_measured(scan, tumour):
    with pytest.raises(InputError, match="missing in the source of CT"):
        texture_maps(replace(scan, blank_slices=(3,)), tumour)
    beside = replace(scan, blank_slices=(4,))
    assert MEAN in texture_maps(beside, tumour)
    with pytest.raises(InputError, match="masked_kernel=True"):
        texture_maps(beside, tumour, masked_kernel=False)


@pytest.mark.parametrize("measure", [texture_maps, extract_features])
def test_an_empty_segmentation_is_refused(scan, measure):
    nothing = Segmentation(np.zeros(GRID.shape, np.uint8), GRID)
    with pytest.raises(InputError, match="The segmentation is empty: no voxel"):
        measure(scan, nothing)
    with pytest.raises(InputError, match='The segmentation "T1" is empty: no voxel'):
        measure(scan, replace(nothing, name="T1"))


def test_a_label_that_does_not_occur_is_refused(scan, tumour):
    with pytest.raises(InputError, match="Label 7 does not occur"):
        texture_maps(scan, tumour, label=7)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused_with_their_place(scan, tumour, bad):
    array = scan.array.astype(float)
    array[2, 3, 4] = bad
    with pytest.raises(InputError, match="i=4, j=3, k=2"):
        texture_maps(replace(scan, array=array), tumour)
    array[2, 3, 4], array[0, 0, 0] = 0, bad
    assert MEAN in texture_maps(replace(scan, array=array), tumour)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"kernel_radius": 0}, "kernel_radius"),
        ({"kernel_radius": -1}, "kernel_radius"),
        ({"kernel_radius": 1.5}, "kernel_radius"),
        ({"kernel_radius": 51}, "from 1 to 50"),
        ({"bin_width": 0.0}, "bin_width"),
        ({"bin_count": 0}, "bin_count"),
        ({"bin_width": "x"}, "bin_width is a number above 0; got 'x'"),
        ({"bin_width": np.nan}, "bin_width is a number .*got nan"),
        ({"bin_count": 2.5}, "bin_count is a whole number, 1 or more; got 2.5"),
        ({"kernel_radius": "2"}, "kernel_radius is a whole number of voxels, 1 or more; got '2'"),
        ({"distances": ["a"]}, "distances is whole numbers, 1 or more"),
        ({"masked_kernel": "no"}, "masked_kernel is yes or no"),
        ({"init_value": "x"}, "init_value is a number"),
        ({"features": ["Entropi"]}, 'Did you mean "Entropy"'),
        ({"features": []}, "No feature is chosen"),
        ({"families": ["firstordr"]}, 'Did you mean "firstorder"'),
    ],
)
def test_settings_out_of_range_are_refused(scan, tumour, settings, told):
    with pytest.raises(InputError, match=told):
        texture_maps(scan, tumour, **settings)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"distances": []}, "1 is usual"),
        ({"distances": [0]}, "whole number of voxels, 1 or more"),
        ({"distances": [3]}, "distances up to 2"),
        ({"weighting_norm": "euclid"}, 'Did you mean "euclidean"'),
        ({"gldm_a": -1}, "0 or more"),
        ({"force_2d": True, "force_2d_dimension": 3}, "from 0 to 2"),
        ({"kernel_radius": 16}, "too large for Co-occurrence"),
        ({"bin_width": 0.01}, r"gray levels; matrices hold up to 5000"),
    ],
)
def test_matrix_settings_out_of_range_are_refused(scan, tumour, settings, told):
    with pytest.raises(InputError, match=re.escape(told)):
        texture_maps(scan, tumour, features=["glcm_Contrast"], **settings)


def test_first_order_does_not_mind_what_only_matrices_do(scan, tumour):
    assert ENTROPY in texture_maps(scan, tumour, bin_width=0.01, kernel_radius=16)


def test_distances_that_do_not_fit_into_the_kernel_say_nothing(scan, tumour):
    one = texture_maps(scan, tumour, features=["glcm_Contrast"])
    more = texture_maps(scan, tumour, features=["glcm_Contrast"], distances=[1, 7])
    np.testing.assert_array_equal(*(m["original_glcm_Contrast"].array for m in (one, more)))


def test_a_bare_name_means_that_of_every_family(scan, tumour):
    maps = texture_maps(scan, tumour, features=["Contrast", "glrlm_GrayLevelVariance"])
    assert list(maps) == [
        "original_glcm_Contrast", "original_ngtdm_Contrast", "original_glrlm_GrayLevelVariance"
    ]  # fmt: skip
    assert list(texture_maps(scan, tumour, families=["ngtdm"], features=["Contrast"])) == [
        "original_ngtdm_Contrast"
    ]


def test_results_that_fill_the_memory_lie_in_a_file_and_are_the_same(scan, tumour, monkeypatch):
    expected = texture_maps(scan, tumour)
    monkeypatch.setattr(room, "MOST_IN_MEMORY", 0)
    for name, found in texture_maps(scan, tumour).items():
        assert isinstance(found.array.values, np.memmap)
        np.testing.assert_array_equal(found.array, expected[name].array)


def test_a_kernel_larger_than_the_scan_is_said(scan, tumour):
    settings = {"families": ["firstorder"], "features": ["Mean"]}
    (usual,) = texture_maps(scan, tumour, kernel_radius=3, **settings).values()
    assert usual.notes == ()  # larger along some axes alone, as in a thin stack
    (large,) = texture_maps(scan, tumour, kernel_radius=6, **settings).values()
    assert "13×13×13 voxels is larger than the scan (7×6×5" in large.notes[0]
    inside = tumour.labels == 1
    np.testing.assert_allclose(large.array[inside], scan.array[inside].mean())


def test_more_maps_than_the_disk_holds_are_refused(scan, tumour, monkeypatch):
    monkeypatch.setattr(room, "MOST_IN_MEMORY", 0)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    with pytest.raises(InputError, match="Choose fewer features"):
        texture_maps(scan, tumour)


@pytest.mark.parametrize("radius", [1, 2])
@pytest.mark.parametrize("masked", [True, False])
def test_lesions_far_apart_are_measured_as_each_alone(radius, masked):
    """Planes between them are left out; gray levels are those of both, so both have the same."""
    rng = np.random.default_rng(1)
    array = rng.integers(0, 100, (24, 9, 9)).astype(np.int16)
    labels = np.zeros(array.shape, np.uint8)
    labels[2:6, 1:5, 3:7] = labels[15:19, 4:8, 2:6] = 1
    array[15:19, 4:8, 2:6] = array[2:6, 1:5, 3:7]  # so that the edges of gray levels agree
    scan, region = Image(array, Geometry((9, 9, 24))), Segmentation(labels, Geometry((9, 9, 24)))
    one = Segmentation(np.where(np.arange(24)[:, None, None] < 10, labels, 0), region.geometry)
    settings = {
        "features": ["Mean", "glcm_Contrast", "glszm_ZonePercentage"],
        "kernel_radius": radius, "masked_kernel": masked, "bin_width": 7.0,
    }  # fmt: skip
    both, alone = (texture_maps(scan, which, **settings) for which in (region, one))
    inside = one.labels == 1
    for name in both:
        np.testing.assert_array_equal(both[name].array[inside], alone[name].array[inside])
        assert np.isfinite(both[name].array[region.labels == 1]).all()


def test_memory_is_that_of_the_region_and_not_of_the_scan():
    grid = Geometry((256, 256, 100))
    labels = np.zeros(grid.shape, np.uint8)
    labels[20:30, 30:40, 50:60] = 1
    labels[80:85, 200:205, 200:205] = 1
    scan = Image(np.zeros(grid.shape, np.int16), grid)
    scan.array[labels == 1] = np.arange(1125) % 90
    settings = {"features": ["all"], "families": ["firstorder", "ngtdm"], "bin_width": 10.0}
    texture_maps(scan, Segmentation(labels, grid), **settings)  # kernels are loaded
    tracemalloc.start()
    maps = texture_maps(scan, Segmentation(labels, grid), **settings)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(maps) > 20
    assert held < 0.2 * scan.array.size * 8 < 0.2 * len(maps) * scan.array.size  # bytes of one map
    assert peak < scan.array.size * 8


def test_progress_counts_up_and_cancel_stops(scan, tumour, monkeypatch):
    monkeypatch.setattr(plan, "_BLOCK", 27 * 16)
    texture_maps(scan, tumour)  # kernels are prepared, which is a step of its own
    seen: list[tuple[int, int]] = []
    texture_maps(
        scan, tumour, progress=reporting(lambda done, total, _: seen.append((done, total)))
    )
    assert seen == [(n, 3) for n in range(4)]  # blocks

    stop = reporting(lambda *_: None, cancelled=lambda: True)
    threads = threading.active_count()
    with pytest.raises(Cancelled):
        texture_maps(scan, tumour, progress=stop)
    assert threading.active_count() == threads


def test_a_part_has_the_values_of_the_whole(scan, tumour):
    settings = {"features": ["all"], "families": ["firstorder", "glszm"], "bin_width": 12.0}
    maps = texture_maps(scan, tumour, **settings)
    ready = plan.plan_maps(scan, tumour, **settings)
    assert list(ready.features) == list(maps)
    voxels = np.argwhere(ready.mask)
    part = np.flatnonzero(voxels[:, 0] == voxels[len(voxels) // 2, 0])
    assert 0 < part.size < len(voxels)
    for name, values in ready.measure(part).items():
        np.testing.assert_array_equal(values, maps[name].array[tuple(voxels[part].T)])
    whole = ready.measure()["original_firstorder_Entropy"]
    again = ready.map_of("original_firstorder_Entropy", whole)
    np.testing.assert_array_equal(again.array, maps["original_firstorder_Entropy"].array)


def test_maps_of_derived_images_are_named_as_pyradiomics_does_and_carry_their_unit(scan, tumour):
    maps = texture_maps(
        scan,
        tumour,
        features=["glcm_Contrast", "Mean"],
        image_types={"Original": {}, "Gradient": {}, "LoG": {"sigma": [0.5, 1.0]}, "LBP2D": {}},
    )
    assert list(maps)[:4] == [
        "original_glcm_Contrast", "original_firstorder_Mean",
        "gradient_glcm_Contrast", "gradient_firstorder_Mean",
    ]  # fmt: skip
    means = {name: found for name, found in maps.items() if name.endswith("_Mean")}
    units = {name.partition("_")[0]: found.unit for name, found in means.items()}
    assert units == {
        "original": "HU", "gradient": "HU/mm", "log-sigma-0-5-mm-3D": "HU",
        "log-sigma-1-0-mm-3D": "HU", "lbp-2D": "",
    }  # fmt: skip
    edge = means["gradient_firstorder_Mean"]
    assert edge.name == "CT mean (gradient)"
    assert edge.metadata["feature"] == "gradient_firstorder_Mean"
    assert edge.geometry == scan.geometry
    assert (np.isfinite(edge.array) == (tumour.labels == 1)).all()
    alone = texture_maps(scan, tumour, features=["glcm_Contrast", "Mean"])
    for name, found in alone.items():
        np.testing.assert_array_equal(found.array, maps[name].array)


def test_a_derived_image_is_that_of_the_whole_scan(scan, tumour):
    whole = dict(derive(scan, ["Wavelet", "Square"]))
    maps = texture_maps(scan, tumour, image_types=["Wavelet", "Square"], masked_kernel=False)
    assert len(maps) == 18
    for name, found in maps.items():
        derived, _, feature = name.split("_")
        (expected,) = texture_maps(
            whole[derived], tumour, features=[feature], masked_kernel=False
        ).values()
        np.testing.assert_allclose(found.array, expected.array, rtol=1e-9)


def test_widths_of_log_and_flat_slices_reach_the_filters(scan, tumour):
    settings = {"features": ["Mean"], "image_types": ["LoG", "Wavelet"], "force_2d": True}
    maps = texture_maps(scan, tumour, log_sigma_mm=[0.5, 0.75], **settings)
    assert [name.partition("_")[0] for name in maps] == [
        "log-sigma-0-5-mm-3D", "log-sigma-0-75-mm-3D",
        "wavelet-LH", "wavelet-HL", "wavelet-HH", "wavelet-LL",
    ]  # fmt: skip


@pytest.mark.filterwarnings("ignore:log-sigma-90")
@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"image_types": []}, "No image is chosen"),
        ({"image_types": ["LoG"], "log_sigma_mm": [90.0]}, "No image is chosen"),
        ({"image_types": ["Wavelets"]}, 'Did you mean "Wavelet"'),
        ({"image_types": {"Gradient": {"spacing": 1}}}, 'Gradient: unknown setting "spacing"'),
        (
            {"image_types": ["LoG"], "log_sigma_mm": [-1.0]},
            "log_sigma_mm is a number of mm, 0 or more",
        ),
    ],
)
def test_image_types_that_cannot_be_are_refused(scan, tumour, settings, told):
    with pytest.raises(InputError, match=told):
        texture_maps(scan, tumour, **settings)


def test_a_failure_in_a_block_is_not_swallowed(scan, tumour, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("planted")

    broken = replace(FAMILIES["firstorder"], measure=fail)
    monkeypatch.setitem(FAMILIES.entries, "firstorder", broken)
    with pytest.raises(ZeroDivisionError, match="planted"):
        texture_maps(scan, tumour)


def test_voxels_without_a_value_are_counted(scan, tumour, monkeypatch):
    def measure(neighborhoods, centers, names):
        return np.where(np.arange(centers.size) < 3, math.nan, 1.0)[np.newaxis]

    half = Family("half", "Half", (Feature("Known", "Known", "Sometimes.", "1"),), measure)
    monkeypatch.setitem(FAMILIES.entries, "half", half)
    found = texture_maps(scan, tumour, families=["half"], features=["Known"])
    (note,) = found["original_half_Known"].notes
    assert note == "Known has no value in 3 of 48 voxels; they are blank."


@pytest.mark.parametrize("name", ["Entropy", "firstorder_Entropy", "original_firstorder_Entropy"])
def test_a_feature_is_found_by_each_of_its_names(name):
    ((family, features),) = find_features(["firstorder"], [name, "Entropy"]).items()
    assert (family.name, [feature.name for feature in features]) == ("firstorder", ["Entropy"])


def test_all_means_the_features_pyradiomics_computes_by_default():
    (features,) = find_features(["firstorder"], ["all"]).values()
    assert len(features) == 18
    assert "StandardDeviation" not in [feature.name for feature in features]


def test_cancel_waits_for_what_has_begun_alone(scan, tumour, monkeypatch):
    begun: list[int] = []

    def measure(neighborhoods, centers, names):
        begun.append(centers.size)
        return np.zeros((len(names), centers.size))

    slow = Family("slow", "Slow", (Feature("One", "One", "Once.", "1"),), measure)
    monkeypatch.setitem(FAMILIES.entries, "slow", slow)
    monkeypatch.setattr(plan, "_BLOCK", 1)
    monkeypatch.setattr(plan, "_THREADS", 2)
    asked: list[None] = []

    def cancelled() -> bool:
        asked.append(None)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        texture_maps(
            scan, tumour, families=["slow"], features=["One"],
            progress=reporting(lambda *_: None, cancelled=cancelled),
        )  # fmt: skip
    assert 3 <= len(begun) <= 6  # of 48
