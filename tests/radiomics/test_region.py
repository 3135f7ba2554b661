"""Features of regions: PyRadiomics' numbers for its settings, and messages for bad input."""

from __future__ import annotations

import json
import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import extract_features
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import Cancelled, DataWarning, GeometryError, InputError
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.provenance import history_of
from napari_radiogenomics.radiomics.family import FAMILIES, families_of
from napari_radiogenomics.radiomics.lattice import directions

# The images of LoG have single precision, so that equal sums may fall to either side of an edge.
JOB = {"Original": {}, "LoG": {"sigma": [1.0, 2.0, 3.0]}, "Wavelet": {}}


@pytest.fixture
def same_as_pyradiomics():
    """Compare all columns with PyRadiomics: values, where there is none, and their order."""
    pytest.importorskip("radiomics", reason="PyRadiomics is the oracle")

    def check(image, segmentation, *, rtol=1e-9, atol=1e-9, **settings):
        settings.setdefault("families", [f.name for f in FAMILIES if f.name != "shape2D"])
        ours = extract_features(image, segmentation, **settings)
        theirs = extract_features(image, segmentation, engine="pyradiomics", **settings)
        assert list(ours.index) == list(theirs.index)
        assert set(ours.columns) == set(theirs.columns)
        for name in theirs:
            expected = theirs[name].astype(float)
            # PyRadiomics adds 2e-16 to what it takes the logarithm of.
            loose = name.endswith(("Entropy", "Imc1", "Imc2", "MCC"))
            np.testing.assert_allclose(
                ours[name], expected, max(rtol, 1e-6 * loose), max(atol, 1e-7 * loose), err_msg=name
            )
        return ours

    return check


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"bin_count": 6},
        {"bin_width": 7.3, "voxel_array_shift": 1000},
        {"distances": (1, 2), "gldm_a": 1},
        {"symmetrical": False},
        {"weighting_norm": "manhattan"},
        {"weighting_norm": "euclidean", "symmetrical": False},
        {"weighting_norm": "infinity"},
        {"weighting_norm": "no_weighting"},
        {"force_2d": True},
        {"force_2d": True, "force_2d_dimension": 2, "weighting_norm": "euclidean"},
        {"normalize": True, "normalize_scale": 100, "remove_outliers": 1.5, "bin_width": 5},
        {"resample_spacing": (1.0, 1.0, 0.0), "interpolator": "sitkLinear"},
        {"resample_spacing": (2.0, 2.0, 2.0), "minimum_roi_dimensions": 1},
        {"resegment_range": (80, 150)},
        {"resegment_range": (0.3, 0.8), "resegment_mode": "relative", "resegment_shape": True},
        {"resegment_range": (-1.5, 1), "resegment_mode": "sigma"},
        {"image_types": {"LoG": {"sigma": [1.0], "binWidth": 3}, "Square": {}}, "pre_crop": True},
        {"image_types": ("Wavelet",), "wavelet": "haar", "families": ("firstorder", "glszm")},
    ],
    ids=str,
)
def test_every_setting_is_what_pyradiomics_says(same_as_pyradiomics, phantom, settings):
    ours = same_as_pyradiomics(*phantom((5, 8, 7)), **settings)
    assert len(ours.columns) > 20


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32, np.float64])
def test_every_type_of_scan_is_what_pyradiomics_says(same_as_pyradiomics, phantom, dtype):
    image, region = phantom(dtype=np.int16)
    image = Image(np.clip(image.array, 0, 250).astype(dtype), image.geometry)
    same_as_pyradiomics(image, region)


def test_sparse_and_flat_regions_are_what_pyradiomics_says(same_as_pyradiomics, phantom):
    image, sparse = phantom(seed=5, filled=0.06)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        same_as_pyradiomics(image, sparse)
    flat = Image(np.full_like(image.array, 7), image.geometry)
    same_as_pyradiomics(flat, phantom()[1], families=[f for f in _TEXTURES if f != "ngtdm"])


_TEXTURES = [family.name for family in families_of("maps")]


@pytest.mark.parametrize("name", ["brain1", "breast1"])
def test_real_tumours_are_what_pyradiomics_says(same_as_pyradiomics, real_case, name):
    same_as_pyradiomics(*real_case(name))


def test_twelve_images_are_what_pyradiomics_says(same_as_pyradiomics, real_case):
    ours = same_as_pyradiomics(*real_case("breast1"), image_types=JOB)
    assert ours.shape == (1, 1130)
    assert not ours.isna().any(axis=None)


def test_a_slice_has_a_shape_in_2d(same_as_pyradiomics, phantom):
    image, region = phantom()
    drawn = region.labels.copy()
    drawn[1:] = 0
    slice_ = Segmentation(drawn, image.geometry)
    same_as_pyradiomics(image, slice_, families=["shape2D"], force_2d=True)
    with pytest.raises(InputError, match="needs one"):
        extract_features(image, region, families=["shape2D"], force_2d=True)


def test_diagnostics_are_pyradiomics(same_as_pyradiomics, phantom):
    image, region = phantom((5, 8, 7))
    settings = {
        "families": ["shape"],
        "diagnostics": True,
        "resample_spacing": (1.0, 1.0, 2.0),
        "resegment_range": (90, 200),
    }
    wide = Image(image.array.astype(np.int64), image.geometry)
    ours = extract_features(wide, region, **settings).loc[1]
    theirs = extract_features(wide, region, engine="pyradiomics", **settings).loc[1]
    compared = [name for name in theirs.index if "_Image-" in name or "_Mask-" in name]
    assert len(compared) > 20
    for name in compared:
        if isinstance(theirs[name], str):
            assert ours[name] == theirs[name], name
        else:
            np.testing.assert_allclose(ours[name], theirs[name], atol=1e-9, err_msg=name)


def test_a_ball_is_round_and_a_box_has_its_size():
    z, y, x = np.mgrid[-10:11, -10:11, -10:11]
    ball = Segmentation((z**2 + y**2 + x**2 <= 81).astype(np.uint8), Geometry((21, 21, 21)))
    scan = Image(np.zeros((21, 21, 21)), ball.geometry)
    row = extract_features(scan, ball, families=["shape"]).loc[1]
    assert row["original_shape_MeshVolume"] == pytest.approx(4 / 3 * np.pi * 9**3, rel=0.02)
    assert row["original_shape_Flatness"] == pytest.approx(1)
    assert 0.9 < row["original_shape_Sphericity"] < 1
    # A ball's major axis, 4·√(r²/5), is not its diameter.
    assert row["original_shape_MajorAxisLength"] == pytest.approx(4 * 9 / np.sqrt(5), rel=0.02)


def test_all_labels_are_measured_and_one_too_small_is_left_out(phantom):
    image, region = phantom()
    labels = region.labels * np.where(np.arange(5) < 3, 2, 7).astype(np.uint8)
    labels[0, 0, 0] = 4
    several = Segmentation(labels, image.geometry)
    with pytest.warns(DataWarning, match="Label 4 is left out.*single voxel"):
        table = extract_features(image, several, families=["firstorder"])
    assert list(table.index) == [2, 7]
    assert table.index.name == "label"
    only = extract_features(image, several, families=["firstorder"], labels=[7])
    assert only.loc[7].equals(table.loc[7])
    assert any("Label 4" in note for note in table.attrs["notes"])


def test_a_layer_can_be_chosen_where_regions_overlap(phantom):
    image, region = phantom()
    layers = np.stack([region.labels, np.ones_like(region.labels) * 2])
    both = Segmentation(layers, image.geometry)
    row = extract_features(image, both, features=["VoxelVolume"], labels=[2], label_channel=1)
    assert row.iloc[0, 0] == pytest.approx(image.array.size * image.geometry.voxel_volume)
    with pytest.raises(InputError, match="label_channel is 3"):
        extract_features(image, both, labels=[2], label_channel=3)


def test_a_table_tells_units_settings_and_history(phantom):
    image, region = phantom()
    scan = Image(image.array, image.geometry, unit="HU")
    table = extract_features(scan, region, features=["Mean", "MeshVolume"], bin_width=10)
    assert table.attrs["units"] == {
        "original_shape_MeshVolume": "mm³",
        "original_firstorder_Mean": "HU",
    }
    assert table.attrs["settings"]["binWidth"] == 10
    assert history_of(table)[0].verb == "extract_features"


def test_ibsi_bins_begin_at_the_minimum_or_at_the_range(phantom):
    image, region = phantom()
    values = image.array[region.labels == 1].astype(float)

    def uniformity(start):
        counts = np.bincount(((values - start) // 25).astype(int))
        return ((counts / counts.sum()) ** 2).sum()

    settings = {"features": ["Uniformity"], "standard": "ibsi"}
    found = extract_features(image, region, **settings).iloc[0, 0]
    assert found == pytest.approx(uniformity(values.min()))
    wide = extract_features(image, region, resegment_range=(-1000, 3000), **settings).iloc[0, 0]
    assert wide == pytest.approx(uniformity(-1000))
    assert found != pytest.approx(wide)


def test_a_mask_on_another_grid_is_corrected_when_asked_for(same_as_pyradiomics, phantom):
    image, region = phantom((4, 6, 6), filled=1.0)
    drawn = np.pad(region.labels, ((1, 1), (2, 2), (2, 2)))
    drawn[drawn > 0] = 1
    shifted = Geometry(
        (10, 10, 6), image.geometry.spacing,
        tuple(image.geometry.index_to_world([-2, -2, -1])),
    )  # fmt: skip
    moved = Segmentation(drawn, shifted)
    with pytest.raises(GeometryError, match="Resample"):
        extract_features(image, moved)
    corrected = same_as_pyradiomics(image, moved, correct_mask=True, families=["shape", "glcm"])
    same = extract_features(image, region, families=["shape", "glcm"])
    assert corrected.equals(same)


def test_grids_may_differ_within_a_tolerance(phantom):
    image, region = phantom()
    x, y, z = image.geometry.origin
    shifted = Geometry(image.geometry.size, image.geometry.spacing, (x + 0.1, y, z))
    moved = Segmentation(region.labels, shifted)
    with pytest.raises(GeometryError):
        extract_features(image, moved, features=["Mean"])
    extract_features(image, moved, features=["Mean"], geometry_tolerance=0.2)


def test_a_cancelled_run_stops_between_images(phantom):
    seen = []
    progress = reporting(lambda *step: seen.append(step), cancelled=lambda: len(seen) > 1)
    with pytest.raises(Cancelled):
        extract_features(*phantom(), image_types=["Original", "Square"], progress=progress)


@pytest.mark.parametrize("families", [["glcm"], ["gldm", "ngtdm"]], ids=str)
def test_distances_beyond_the_region_are_refused_at_once(phantom, families):
    with pytest.raises(InputError, match=r"box of 5×6×4 voxels, are 1000 apart.*up to 5"):
        extract_features(*phantom(), distances=[1000], families=families)
    with pytest.raises(InputError, match="up to 5"):
        extract_features(*phantom(), parameters={"setting": {"distances": [6]}}, families=families)
    near = extract_features(*phantom(), distances=[2], families=families)
    both = extract_features(*phantom(), distances=[2, 1000], families=families)
    pd.testing.assert_frame_equal(near, both)
    assert len(extract_features(*phantom(), distances=[1000], families=["firstorder", "glrlm"]))


def test_directions_are_those_that_fit_into_the_box():
    everything = [
        step for step in product(range(-3, 4), repeat=3)
        if step > (0, 0, 0) and max(map(abs, step)) in (1, 3)
    ]  # fmt: skip
    assert directions((3, 1)).tolist() == [list(step) for step in everything]
    for shape in ((4, 2, 3), (1, 1, 1), (9, 9, 9)):
        fit = [
            list(s) for s in everything if all(abs(d) < n for d, n in zip(s, shape, strict=True))
        ]
        assert directions((3, 1), shape=shape).tolist() == fit


class TestParameterFile:
    FILE = """
    imageType:
      Original: {}
      Square:
        binWidth: 10
    featureClass:
      shape:
      firstorder: [Mean, StandardDeviation]
      glcm: ['Id', 'Homogeneity1']
    setting:
      binWidth: 20
      label: 1
      additionalInfo: false
    voxelSetting:
      kernelRadius: 2
    """

    def test_yaml_and_json_say_the_same(self, tmp_path, phantom):
        import yaml

        (tmp_path / "settings.yaml").write_text(self.FILE)
        (tmp_path / "settings.json").write_text(json.dumps(yaml.safe_load(self.FILE)))
        first, second = (
            extract_features(*phantom(), parameters=tmp_path / f"settings.{kind}")
            for kind in ("yaml", "json")
        )
        assert first.equals(second)
        assert len(first.columns) == 14 + 2 * 3
        assert first.attrs["settings"]["binWidth"] == 20
        retired, of_maps = first.attrs["notes"]
        assert retired == "glcm_Homogeneity1 is not computed any more; Id says the same."
        assert of_maps == "kernelRadius: only for texture maps (texture_maps); ignored here."

    def test_it_is_what_pyradiomics_makes_of_it(self, same_as_pyradiomics, tmp_path, phantom):
        (tmp_path / "settings.yaml").write_text(self.FILE)
        same_as_pyradiomics(
            *phantom(),
            parameters=tmp_path / "settings.yaml",
            families=("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm"),
        )

    def test_a_keyword_wins_over_the_file(self, phantom):
        file = {"setting": {"binWidth": 20, "force2D": True}}
        table = extract_features(*phantom(), parameters=file, bin_width=5.0)
        assert table.attrs["settings"]["binWidth"] == 5.0
        assert table.attrs["settings"]["force2D"] is True

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ({"settings": {}}, 'unknown section "settings". Did you mean "setting"?'),
            ({"setting": {"binwidth": 5}}, 'unknown setting "binwidth". Did you mean "binWidth"?'),
            ({"imageType": {"Wavelets": {}}}, 'unknown image type "Wavelets". Did you mean'),
            (
                {"imageType": {"LoG": {"sgma": [1]}}},
                'LoG: unknown setting "sgma". Did you mean "sigma"? Known: sigma.',
            ),
            ({"featureClass": {"glmc": None}}, '"glmc". Did you mean "glcm"?'),
            ({"setting": {"binWdith": 5, "sgima": 1}}, '"binWdith". Did you mean "binWidth"?'),
            ({"setting": {"binWdith": 5}, "featureClass": {"glmc": None}}, '"glmc". Did you'),
            ({"featureClass": {"glcm": ["Idd"]}}, 'unknown feature "Idd". Did you mean "Id"?'),
            ({"featureClass": {"glcm": "Id"}}, "a list of features is needed; got 'Id'"),
            ({"setting": {"binWidth": 0}}, "binWidth is a number above 0; got 0"),
            ({"setting": {"normalize": "yes"}}, "normalize is yes or no"),
            ({"setting": {"weightingNorm": "euclid"}}, "got 'euclid'. Did you mean \"euclidean\"?"),
            ({"setting": [1]}, 'holds list where "name: value" pairs are needed'),
            ({"voxelSetting": {"kernelradius": 1}}, "Did you mean"),
        ],
        ids=str,
    )
    def test_what_is_not_known_is_named_with_the_nearest(self, phantom, content, said):
        with pytest.raises(InputError) as error:
            extract_features(*phantom(), parameters=content)
        assert said in str(error.value)

    def test_a_damaged_or_missing_file_is_named(self, tmp_path, phantom):
        bad = tmp_path / "bad.yaml"
        bad.write_text("setting: {binWidth: 5")
        with pytest.raises(InputError, match="bad.yaml is neither YAML nor JSON"):
            extract_features(*phantom(), parameters=bad)
        with pytest.raises(InputError, match="none.yaml does not exist"):
            extract_features(*phantom(), parameters=tmp_path / "none.yaml")


class TestBadInput:
    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"bin_width": 0}, "bin_width is a number above 0; got 0"),
            ({"bin_width": 1e-9}, "gray levels"),
            ({"bin_width": 0.01}, "matrices hold up to 5000"),
            ({"bin_count": 0}, "bin_count is a whole number, 1 or more"),
            ({"distances": (0,)}, "distances is a whole number of voxels, 1 or more"),
            ({"labels": [3]}, "Label 3 does not occur"),
            ({"labels": []}, "labels names no label"),
            ({"families": ["firstordr"]}, 'Did you mean "firstorder"?'),
            ({"features": ["Entrop"]}, 'Did you mean "Entropy"?'),
            ({"image_types": ["Wavelett"]}, 'Did you mean "Wavelet"?'),
            ({"image_types": []}, "at least one"),
            ({"image_types": ["LoG"]}, "LoG needs sigma"),
            ({"standard": "ibis"}, 'Did you mean "ibsi"?'),
            ({"engine": "pyradiomic"}, 'Did you mean "pyradiomics"?'),
            (
                {"minimum_roi_dimensions": 4},
                "minimum_roi_dimensions is a whole number, from 1 to 3",
            ),
            ({"minimum_roi_size": 1000}, "must have more than 1000"),
            ({"resegment_range": (5000, 6000)}, "Widen the range"),
            ({"resample_spacing": (1.0,)}, "resample_spacing is three sizes"),
        ],
        ids=str,
    )
    def test_settings_that_make_no_sense(self, phantom, settings, said):
        with pytest.raises(InputError) as error:
            extract_features(*phantom(), **settings)
        assert said in str(error.value)

    def test_an_empty_segmentation(self, phantom):
        image, region = phantom()
        with pytest.raises(InputError, match="is empty"):
            extract_features(image, Segmentation(region.labels * 0, image.geometry))

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_values_that_are_not_finite(self, phantom, bad):
        image, region = phantom()
        array = image.array.astype(float)
        array[0, 0, 0] = bad
        with pytest.raises(InputError, match="^1 voxel of the region is not finite.*i=0, j=0"):
            extract_features(Image(array, image.geometry), region, features=["Mean"])

    def test_slices_that_were_missing(self, phantom):
        image, region = phantom()
        gap = Image(image.array, image.geometry, blank_slices=(2,))
        with pytest.raises(InputError, match="missing in the source"):
            extract_features(gap, region)

    def test_maps_have_no_shape_and_say_so(self, phantom):
        from napari_radiogenomics import texture_maps

        with pytest.raises(InputError, match="one number a region, no map"):
            texture_maps(*phantom(), families=["shape"])
