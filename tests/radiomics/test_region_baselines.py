"""Region features are PyRadiomics' own baseline tables and the IBSI's reference values."""

from __future__ import annotations

import ast
import csv
import functools

import numpy as np
import pytest

from napari_radiogenomics import extract_features, read
from napari_radiogenomics.data.segmentation import Segmentation

CASES = ("brain1", "brain2", "breast1", "lung1", "lung2")
FAMILIES = ("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
# Made by Python 2 and an older SimpleITK: entropies have other last digits, and where PyRadiomics
# resamples, B-splines are summed in another order.
RTOL = 1e-6
# PyRadiomics 2.0 made the table of brain1 with other triangles where voxels touch at an edge;
# what 3.0.1 says of it is tested in test_region.
OTHER_MESH = {"MeshVolume", "SurfaceArea", "SurfaceVolumeRatio", "Sphericity"}


def _baseline(path, family, case):
    """Settings and features of each column of the case."""
    with open(path, encoding="utf-8") as lines:
        rows = {row["featureName"]: row for row in csv.DictReader(lines)}
    settings = rows["diagnostics_Configuration_Settings"]
    for column in settings:
        if column == case or column.startswith(f"{case}_"):
            found = {
                name.removeprefix(f"original_{family}_"): float(row[column])
                for name, row in rows.items()
                if name.startswith("original_")
            }
            yield column, ast.literal_eval(settings[column]), found, rows


@pytest.fixture(scope="module")
def case_once(real_case):
    return functools.cache(real_case)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("case", CASES)
def test_baseline(real_data, case_once, case, family):
    scan, regions = case_once(case)
    path = real_data(f"pyradiomics/baseline/baseline_{family}.csv")
    seen = 0
    for column, settings, expected, _ in _baseline(path, family, case):
        table = extract_features(
            scan,
            regions,
            parameters={"setting": settings, "featureClass": {family: sorted(expected)}},
        )
        for name in expected.keys() - (OTHER_MESH if column == "brain1" else set()):
            ours = table.loc[1, f"original_{family}_{name}"]
            np.testing.assert_allclose(
                ours, expected[name], RTOL, 1e-12, err_msg=f"{column} {name}"
            )
        seen += 1
    assert seen >= 2


@pytest.mark.parametrize("case", CASES)
def test_baseline_of_slices(real_data, case_once, case):
    scan, regions = case_once(case)
    path = real_data("pyradiomics/baseline/baseline_shape2D.csv")
    ((column, settings, expected, rows),) = _baseline(path, "shape2D", case)
    x, y, z, *_ = ast.literal_eval(rows["diagnostics_Mask-corrected_BoundingBox"][column])
    drawn = np.zeros_like(regions.labels)
    drawn[z] = regions.labels[z]
    flat = Segmentation(drawn, regions.geometry)
    assert (np.argwhere(drawn[z])[:, ::-1].min(axis=0) == (x, y)).all()
    table = extract_features(
        scan, flat, parameters={"setting": settings, "featureClass": {"shape2D": None}}
    )
    for name, value in expected.items():
        np.testing.assert_allclose(
            table.loc[1, f"original_shape2D_{name}"], value, RTOL, err_msg=name
        )


# Tags of the IBSI for PyRadiomics' names.
_SHAPE = {
    "MeshVolume": "morph_volume",
    "VoxelVolume": "morph_vol_approx",
    "SurfaceArea": "morph_area_mesh",
    "SurfaceVolumeRatio": "morph_av",
    "Compactness1": "morph_comp_1",
    "Compactness2": "morph_comp_2",
    "SphericalDisproportion": "morph_sph_dispr",
    "Sphericity": "morph_sphericity",
    "Maximum3DDiameter": "morph_diam",
    "MajorAxisLength": "morph_pca_maj_axis",
    "MinorAxisLength": "morph_pca_min_axis",
    "LeastAxisLength": "morph_pca_least_axis",
    "Elongation": "morph_pca_elongation",
    "Flatness": "morph_pca_flatness",
}
_FIRST = {
    "Mean": "stat_mean",
    "Variance": "stat_var",
    "Skewness": "stat_skew",
    "Kurtosis": "stat_kurt",
    "Median": "stat_median",
    "Minimum": "stat_min",
    "10Percentile": "stat_p10",
    "90Percentile": "stat_p90",
    "Maximum": "stat_max",
    "InterquartileRange": "stat_iqr",
    "Range": "stat_range",
    "MeanAbsoluteDeviation": "stat_mad",
    "RobustMeanAbsoluteDeviation": "stat_rmad",
    "Energy": "stat_energy",
    "RootMeanSquared": "stat_rms",
    "Entropy": "ih_entropy",
    "Uniformity": "ih_uniformity",
}
_GLCM = {
    "MaximumProbability": "joint_max",
    "JointAverage": "joint_avg",
    "SumSquares": "joint_var",
    "JointEntropy": "joint_entr",
    "DifferenceAverage": "diff_avg",
    "DifferenceVariance": "diff_var",
    "DifferenceEntropy": "diff_entr",
    "SumAverage": "sum_avg",
    "SumEntropy": "sum_entr",
    "JointEnergy": "energy",
    "Contrast": "contrast",
    "Id": "inv_diff",
    "Idn": "inv_diff_norm",
    "Idm": "inv_diff_mom",
    "Idmn": "inv_diff_mom_norm",
    "InverseVariance": "inv_var",
    "Correlation": "corr",
    "Autocorrelation": "auto_corr",
    "ClusterTendency": "clust_tend",
    "ClusterShade": "clust_shade",
    "ClusterProminence": "clust_prom",
    "Imc1": "info_corr1",
    "Imc2": "info_corr2",
}
_GLRLM = {
    "ShortRunEmphasis": "sre",
    "LongRunEmphasis": "lre",
    "LowGrayLevelRunEmphasis": "lgre",
    "HighGrayLevelRunEmphasis": "hgre",
    "ShortRunLowGrayLevelEmphasis": "srlge",
    "ShortRunHighGrayLevelEmphasis": "srhge",
    "LongRunLowGrayLevelEmphasis": "lrlge",
    "LongRunHighGrayLevelEmphasis": "lrhge",
    "GrayLevelNonUniformity": "glnu",
    "GrayLevelNonUniformityNormalized": "glnu_norm",
    "RunLengthNonUniformity": "rlnu",
    "RunLengthNonUniformityNormalized": "rlnu_norm",
    "RunPercentage": "r_perc",
    "GrayLevelVariance": "gl_var",
    "RunVariance": "rl_var",
    "RunEntropy": "rl_entr",
}
_GLSZM = {
    "SmallAreaEmphasis": "sze",
    "LargeAreaEmphasis": "lze",
    "LowGrayLevelZoneEmphasis": "lgze",
    "HighGrayLevelZoneEmphasis": "hgze",
    "SmallAreaLowGrayLevelEmphasis": "szlge",
    "SmallAreaHighGrayLevelEmphasis": "szhge",
    "LargeAreaLowGrayLevelEmphasis": "lzlge",
    "LargeAreaHighGrayLevelEmphasis": "lzhge",
    "GrayLevelNonUniformity": "glnu",
    "GrayLevelNonUniformityNormalized": "glnu_norm",
    "SizeZoneNonUniformity": "zsnu",
    "SizeZoneNonUniformityNormalized": "zsnu_norm",
    "ZonePercentage": "z_perc",
    "GrayLevelVariance": "gl_var",
    "ZoneVariance": "zs_var",
    "ZoneEntropy": "zs_entr",
}
_NGTDM = {
    name: name.lower() for name in ("Coarseness", "Contrast", "Busyness", "Complexity", "Strength")
}
_GLDM = {
    "SmallDependenceEmphasis": "lde",
    "LargeDependenceEmphasis": "hde",
    "LowGrayLevelEmphasis": "lgce",
    "HighGrayLevelEmphasis": "hgce",
    "SmallDependenceLowGrayLevelEmphasis": "ldlge",
    "SmallDependenceHighGrayLevelEmphasis": "ldhge",
    "LargeDependenceLowGrayLevelEmphasis": "hdlge",
    "LargeDependenceHighGrayLevelEmphasis": "hdhge",
    "GrayLevelNonUniformity": "glnu",
    "DependenceNonUniformity": "dcnu",
    "DependenceNonUniformityNormalized": "dcnu_norm",
    "GrayLevelVariance": "gl_var",
    "DependenceVariance": "dc_var",
    "DependenceEntropy": "dc_entr",
}


def _of(family, tags, prefix, suffix):
    return {f"original_{family}_{name}": f"{prefix}_{tag}_{suffix}" for name, tag in tags.items()}


def _plain(family, tags):
    return {f"original_{family}_{name}": tag for name, tag in tags.items()}


def _matrices(dimensions, how):
    return {
        **_of("glcm", _GLCM, "cm", f"{dimensions}_{how}"),
        **_of("glrlm", _GLRLM, "rlm", f"{dimensions}_{how}"),
        **_of("glszm", _GLSZM, "szm", dimensions),
        **_of("ngtdm", _NGTDM, "ngt", dimensions),
        **_of("gldm", _GLDM, "ngl", dimensions),
    }


@pytest.mark.parametrize(
    ("settings", "tags"),
    [
        ({}, {**_plain("shape", _SHAPE), **_plain("firstorder", _FIRST)}),
        ({}, _matrices("3D", "avg")),
        ({"weighting_norm": "no_weighting"}, _matrices("3D", "comb")),
        ({"aggregation": "3D averaged"}, _matrices("3D", "avg")),
        ({"aggregation": "3D merged"}, _matrices("3D", "comb")),
        ({"aggregation": "2.5D direction-merged"}, _matrices("2_5D", "avg")),
        ({"aggregation": "2.5D merged"}, _matrices("2_5D", "comb")),
        ({"aggregation": "2D averaged"}, _matrices("2D", "avg")),
        ({"aggregation": "2D slice-merged"}, _matrices("2D", "comb")),
    ],
    ids=lambda given: given.get("aggregation") if "aggregation" in given else None,
)
def test_ibsi_phantom(real_data, settings, tags):
    path = real_data("ibsi_digital_phantom/reference_values.csv")
    with open(path, encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    published = {r["tag"]: (r["reference value"], float(r["tolerance"] or 0)) for r in rows}
    scan = read(real_data("ibsi_digital_phantom/phantom.nii.gz"))
    region = read(real_data("ibsi_digital_phantom/mask.nii.gz"), kind="segmentation")
    names = [name.removeprefix("original_") for name in tags]
    table = extract_features(
        scan, region, features=names, standard="ibsi", bin_width=1.0, **settings
    )
    for column, tag in tags.items():
        text, tolerance = published[tag]
        # Published to three digits.
        rounding = 0.5 * 10.0 ** (np.floor(np.log10(abs(float(text)))) - 2)
        assert abs(table.loc[1, column] - float(text)) <= tolerance + 1.001 * rounding, (
            column,
            tag,
        )


def test_ibsi_identifiers_travel_with_the_table(phantom):
    table = extract_features(*phantom(), families=["shape", "firstorder"])
    assert table.attrs["ibsi"]["original_shape_MeshVolume"] == "RNU0"
    assert table.attrs["ibsi"]["original_firstorder_Skewness"] == "KE2A"
