"""Records of all families: complete, and named as PyRadiomics names them."""

from __future__ import annotations

import re

import pytest

from napari_radiogenomics.radiomics.family import FAMILIES, feature_meanings

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
