"""Models that are given to `fuse` keep what they were told, and are refused in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import load_model, save_model
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion import EarlyFusion, LateFusion, SingleModality, fuse

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False}


@pytest.fixture(scope="module")
def two(draw):
    own = draw(n=80)
    return {name: own.modalities[name] for name in ("imaging", "rna")}, own.target, own.sites


def _links(found, name):
    return found.predictions.query("strategy == @name")["link"].to_numpy()


def test_preparations_of_a_model_are_its_own(two):
    tables, y, _ = two
    few = {"rna": {"method": "expression", "scale": "log", "n_genes": 4}}
    models = {"mine": LateFusion(preparations=few), "theirs": LateFusion()}
    found = fuse(tables, y, strategies=models, **QUICK)
    shared = fuse(tables, y, strategies=["late"], preparations=few, **QUICK)
    np.testing.assert_array_equal(_links(found, "mine"), _links(shared, "late"))
    assert not np.allclose(_links(found, "mine"), _links(found, "theirs"))
    views = {e.views["rna"] for e in found.model("mine").fitted_.experts if "rna" in e.views}
    assert {len(view.mean) for view in views} == {4}


def test_seed_and_inner_folds_of_a_model_are_its_own(two):
    tables, y, _ = two
    told = {"a": EarlyFusion(), "b": EarlyFusion(seed=5), "c": EarlyFusion(inner_folds=4)}
    found = fuse(tables, y, strategies=told, **QUICK)
    plain = fuse(tables, y, strategies=["early"], **QUICK)
    np.testing.assert_array_equal(_links(found, "a"), _links(plain, "early"))
    assert not np.allclose(_links(found, "b"), _links(found, "a"))
    assert not np.allclose(_links(found, "c"), _links(found, "a"))
    alone = EarlyFusion(seed=5, inner_folds=3).fit(tables, y)
    np.testing.assert_array_equal(
        found.model("b").decision_function(tables), alone.decision_function(tables)
    )


def test_the_raw_contrast_is_raw_for_a_model_with_preparations_too(two):
    tables, y, sites = two
    shifted = {**tables, "imaging": tables["imaging"] + 30.0 * (sites.to_numpy() == "A")[:, None]}
    mine = SingleModality("imaging", preparations={"imaging": {"method": "imaging"}})
    other = SingleModality("imaging", preparations={"imaging": {"method": "imaging",
                                                                "harmonize": False}})  # fmt: skip
    contrasts = [
        fuse(shifted, y, groups=sites, strategies={"m": model}, **{**QUICK, "thorough": True})
        for model in (mine, other)
    ]
    first, second = (found.contrast.loc["m"] for found in contrasts)
    assert first["raw"] == second["raw"] == second["harmonized"]
    assert first["harmonized"] != first["raw"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"preparations": {"rnaa": "expression"}}, 'strategy "m": .* no modality "rnaa".*"rna"'),
        ({"preparations": {"rna": "expresion"}}, 'strategy "m": Unknown .*"expression"'),
        ({"preparations": {"rna": {"n_gene": 4}}}, 'no setting "n_gene".*"n_genes"'),
        ({"preparations": "expression"}, "Give a dictionary such as"),
        ({"preparations": {"rna": 4}}, 'preparation of "rna" is 4'),
        ({"seed": -1}, r'strategy "m": seed is -1; it must be a whole number from 0'),
    ],
)  # fmt: skip
def test_what_a_model_was_told_wrongly_is_refused(two, told, words):
    tables, y, _ = two
    with pytest.raises(InputError, match=words):
        fuse(tables, y, strategies={"m": EarlyFusion(**told)}, **QUICK)
    with pytest.raises(InputError):
        EarlyFusion(**told).fit(tables, y)


@pytest.mark.parametrize("seed", [-1, 1.5, 2**32, "a"])
def test_a_seed_that_is_none_is_refused(two, seed):
    tables, y, _ = two
    with pytest.raises(InputError, match="seed is .* must be a whole number from 0"):
        fuse(tables, y, strategies=["late"], seed=seed, **QUICK)


def test_a_model_from_a_file_is_not_validated_as_if_it_were_new(two, tmp_path):
    tables, y, _ = two
    path = save_model(LateFusion(inner_folds=3).fit(tables, y), tmp_path / "late.npz")
    with pytest.raises(InputError, match='"m" was read from a file.*predict_patients'):
        fuse(tables, y, strategies={"m": load_model(path)}, **QUICK)


def test_a_target_of_pandas_numbers_takes_any_whole_seed(two):
    tables, y, _ = two
    numbers = pd.Series((y == "mutated").astype(int), y.index)
    found = fuse(tables, numbers, strategies=["late"], seed=np.int64(3), **QUICK)
    assert np.isfinite(found.table["auc"]).all()
