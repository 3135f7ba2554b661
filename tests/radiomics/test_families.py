"""Records of all families: complete, and named as PyRadiomics names them."""

from __future__ import annotations

import re

import pytest

from napari_radiogenomics import extract_features, texture_maps
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.family import FAMILIES, families_of, feature_meanings

# How many features PyRadiomics 3.0.1 computes by default.
COUNTS = {
    "firstorder": 18,
    "glcm": 24,
    "glrlm": 16,
    "glszm": 16,
    "gldm": 14,
    "ngtdm": 5,
    "shape": 14,
    "shape2D": 9,
}


def test_all_families_of_pyradiomics_are_there():
    found = {family.name: sum(f.by_default for f in family.features) for family in FAMILIES}
    assert found == COUNTS


@pytest.mark.parametrize("name", COUNTS)
def test_every_feature_has_its_record(name):
    features = FAMILIES[name].features
    for feature in features:
        assert all((feature.title, feature.formula)), feature.name
        assert feature.meaning.endswith("."), feature.name
        assert re.fullmatch(r"10\.\d+/\S+", feature.doi), feature.name
        assert re.fullmatch(r"([0-9A-Z]{4})?", feature.ibsi), feature.name
    assert len({feature.name for feature in features}) == len(features)


@pytest.mark.parametrize("family", families_of("regions"), ids=lambda family: family.name)
def test_a_number_of_a_region_is_explained_of_the_region(family):
    for feature in family.features:
        said = feature.meaning_for("regions")
        for of_a_map in ("around a voxel", "around each", "kernel", "smoothed", "The same,"):
            assert of_a_map not in said, feature.name
        assert said.endswith("."), feature.name
        named = feature_meanings("regions")[feature.name]
        assert said in named, feature.name
        assert "The same for" not in said, feature.name


def test_what_a_map_shows_stays_said_of_voxels():
    mean, entropy = (FAMILIES["firstorder"][name] for name in ("Mean", "Entropy"))
    assert mean.meaning_for("maps").endswith("around a voxel: the scan, smoothed.")
    assert mean.meaning_for("regions") == "The average value in the region."
    assert entropy.meaning_for("regions") == "How unpredictable the gray levels are in the region."


def test_ibsi_ids_belong_to_one_feature_each():
    ids = [feature.ibsi for family in FAMILIES for feature in family.features if feature.ibsi]
    assert len(set(ids)) == len(ids)


def test_a_name_of_several_families_has_all_their_meanings():
    meaning = feature_meanings()["Contrast"]
    assert "Co-occurrence (GLCM): " in meaning
    assert "Gray tone differences (NGTDM): " in meaning


@pytest.mark.parametrize("name", ["glcm", "gldm", "glrlm", "glszm", "ngtdm"])
def test_ids_of_the_ibsi_are_those_of_the_dicom_standard(name):
    from pydicom.sr.codedict import codes

    known = {getattr(codes.IBSI, concept).value for concept in codes.IBSI.dir()}
    ids = [feature.ibsi for feature in FAMILIES[name].features if feature.ibsi]
    assert set(ids) <= known
    assert len(set(ids)) == len(ids)


# From the reference manual (doi:10.1148/radiol.2020191145), by the IBSI's own names.
_SHAPE = {
    "MeshVolume": "RNU0", "VoxelVolume": "YEKZ", "SurfaceArea": "C0JK",
    "SurfaceVolumeRatio": "2PR5",
    "Compactness1": "SKGS", "Compactness2": "BQWJ", "SphericalDisproportion": "KRCK",
    "Sphericity": "QCFX", "Maximum3DDiameter": "L0JK", "MajorAxisLength": "TDIC",
    "MinorAxisLength": "P9VJ", "LeastAxisLength": "7J51", "Elongation": "Q3CK", "Flatness": "N17B",
}  # fmt: skip
_FIRST = {
    "Mean": "Q4LE", "Variance": "ECT3", "Skewness": "KE2A", "Kurtosis": "IPH6", "Median": "Y12H",
    "Minimum": "1GSF", "10Percentile": "QG58", "90Percentile": "8DWT", "Maximum": "84IY",
    "InterquartileRange": "SALO", "Range": "2OJQ", "MeanAbsoluteDeviation": "4FUA",
    "RobustMeanAbsoluteDeviation": "1128", "Energy": "N8CA", "RootMeanSquared": "5ZWQ",
    "Entropy": "TLU2", "Uniformity": "BJ5W",
}  # fmt: skip


@pytest.mark.parametrize(("name", "known"), [("shape", _SHAPE), ("firstorder", _FIRST)])
def test_ids_of_shape_and_first_order_are_those_of_the_manual(name, known):
    assert {x.name: x.ibsi for x in FAMILIES[name].features if x.ibsi} == known


@pytest.mark.parametrize("verb", [texture_maps, extract_features])
def test_one_name_alone_is_a_name_and_no_name_is_told(phantom, verb):
    case = phantom((3, 4, 4))
    for alone in ({"features": "Entropy"}, {"families": "ngtdm"}):
        (name,) = alone
        listed = {name: [alone[name]]}
        assert list(verb(*case, **alone)) == list(verb(*case, **listed))
    with pytest.raises(InputError, match=r"families is empty\. Name at least one of .*glcm"):
        verb(*case, families=[])


def test_gray_levels_that_are_too_coarse_or_too_fine_are_told(phantom):
    case = phantom((6, 9, 9))
    wanted = {"families": "glcm", "features": "Contrast"}
    table = extract_features(*case, **wanted, image_types=["Original", "LBP2D"])
    (note,) = table.attrs["notes"]
    assert note.startswith("One gray level in the lbp-2D image of label 1: its values are 0 to 9")
    assert extract_features(*case, **wanted, bin_width=5).attrs["notes"] == ()
    (note,) = extract_features(*phantom((9, 9, 9), spread=600), **wanted, bin_width=2).attrs[
        "notes"
    ]
    n = int(note.split()[0])
    assert n > 256
    assert f"{n} × {n} cells" in note
