"""New patients in other units are told, those of the same kind are not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from napari_radiogenomics.errors import DataWarning
from napari_radiogenomics.fusion import LateFusion, fuse, load_model, save_model


def _measure(own, seed):
    rng = np.random.default_rng(seed)
    own.modalities["imaging"]["length"] = rng.normal(40, 8, len(own.target))  # mm


@pytest.fixture(scope="module")
def model(draw):
    own = draw(5)
    _measure(own, 5)
    return LateFusion(inner_folds=3).fit(own.modalities, own.target)


@pytest.fixture
def others(draw):
    own = draw(6)
    _measure(own, 6)
    return own


@pytest.mark.parametrize("rows", [1, 4, 10, 40, 120])
def test_patients_of_the_same_kind_are_not_told(model, draw, rows):
    for seed in range(30, 40):
        own = draw(seed)
        _measure(own, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("error", DataWarning)
            model.predict_proba({name: t.iloc[:rows] for name, t in own.modalities.items()})


@pytest.mark.parametrize(
    ("column", "factor", "words"),
    [
        ("length", 0.1, r"length: \d+ standard deviations below|length: .* times as small"),
        ("length", 10.0, r"length: \d+ standard deviations above"),
        (
            "original_shape_MeshVolume",
            1e-3,
            r"MeshVolume: 1\.?\d*e\+03 times as small|MeshVolume: \d+"
            " times as small",
        ),
        ("original_shape_MeshVolume", 1e3, "MeshVolume: .* standard deviations above"),
    ],
)
def test_other_units_are_told_by_name(model, others, tmp_path, column, factor, words):
    others.modalities["imaging"][column] *= factor
    back = load_model(save_model(model, tmp_path / "late.npz"))
    for one in (model, back):
        with pytest.warns(DataWarning, match=words):
            one.predict_proba(others.modalities)


def test_a_single_patient_in_other_units_is_told(model, others):
    one = {name: table.iloc[:1].copy() for name, table in others.modalities.items()}
    one["imaging"]["length"] *= 10
    with pytest.warns(DataWarning, match="length: .* above.* in the same units"):
        model.predict_proba(one)


def test_the_second_cohort_in_other_units_is_told_on_the_result(draw):
    own, other = draw(5), draw(6)
    age = other.modalities["clinical"]["age"]
    other.modalities["clinical"]["age"] = age * 12
    second = {name: table.rename("X{}".format) for name, table in other.modalities.items()}
    with pytest.warns(DataWarning, match="age"):
        found = fuse(own.modalities, own.target, strategies=["late"], folds=3, inner_folds=3,
                     repeats=1, thorough=False,
                     external=(second, other.target.rename("X{}".format)))  # fmt: skip
    (text,) = found.warnings
    assert text.startswith('Second cohort, late: 1 columns of "clinical" lie far')
    assert np.isfinite(found.external.loc["late", "auc"])
