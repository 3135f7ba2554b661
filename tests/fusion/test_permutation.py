"""Permutation importance: what speaks counts, what was fitted by chance does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion import fuse, permutation_importance
from napari_radiogenomics.fusion.explaining.permutation import _Shuffled
from napari_radiogenomics.fusion.strategies.late import LateFusion
from napari_radiogenomics.fusion.tables import patients_of, tables_of

QUICK = {"folds": 3, "inner_folds": 3}


@pytest.fixture(scope="module")
def told():
    """Two columns speak, one of them alone in its modality; the others are noise."""
    rng = np.random.default_rng(5)
    ids = [f"P{n:03d}" for n in range(120)]
    y = pd.Series(rng.integers(0, 2, 120), ids, name="y")
    imaging = pd.DataFrame(rng.normal(size=(120, 5)), ids).add_prefix("f")
    imaging["f0"] += 2.5 * y.to_numpy()
    rna = pd.DataFrame(rng.normal(size=(120, 6)), ids).add_prefix("g")
    return {"imaging": imaging, "rna": rna}, y


def test_the_modality_that_speaks_is_named_and_the_other_loses_nothing(told):
    modalities, y = told
    found = permutation_importance(modalities, y, **QUICK).set_index("modality")
    assert list(found["column"]) == [""] * len(found)
    assert found.loc["imaging", "low"] > 0.1
    if "rna" in found.index:  # a model that ends with no gene of it does not name it
        assert found.loc["rna", "low"] <= 0 <= found.loc["rna", "high"] + 0.02


def test_the_column_that_speaks_comes_first(told):
    modalities, y = told
    found = permutation_importance(modalities, y, strategy="imaging alone", by="column", **QUICK)
    assert found.loc[0, "column"] == "f0"
    assert found.loc[0, "used"] == 1.0
    rest = found.iloc[1:]
    assert (rest["importance"].abs() < 0.05).all()


def test_shuffling_everything_leaves_chance(told):
    modalities, y = told
    one = {"imaging": modalities["imaging"]}
    with pytest.warns(DataWarning, match="imaging: f0 .0.95."):
        whole = fuse(one, y, strategies=["single"], repeats=1, thorough=False, **QUICK)
    area = whole.table.loc["imaging alone", "auc"]
    lost = permutation_importance(one, y, strategy="imaging alone", shuffles=40, **QUICK)
    # The folds are those of `fuse`: what is lost leads from its area down to a half.
    assert area - lost.loc[0, "importance"] == pytest.approx(0.5, abs=0.05)


def test_the_shuffle_is_that_of_the_raw_columns(told):
    modalities, y = told
    model = LateFusion(inner_folds=3).fit(modalities, y)
    everyone = patients_of(modalities)
    tables = tables_of(modalities, everyone)
    order = np.random.default_rng(0).permutation(len(everyone))
    by_hand = dict(modalities)
    frame = modalities["imaging"].copy()
    frame["f0"] = frame["f0"].to_numpy()[np.argsort(order)]
    by_hand["imaging"] = frame
    shuffled = _Shuffled.of(model.fitted_, tables).link(("imaging", "f0"), order)
    np.testing.assert_allclose(shuffled, model.decision_function(by_hand), atol=1e-10)


def test_who_lacks_a_modality_is_not_dealt_one(told):
    modalities, y = told
    few = {**modalities, "rna": modalities["rna"].iloc[:70]}
    model = LateFusion(inner_folds=3).fit(few, y)
    tables = tables_of(few, patients_of(few))
    before = model.fitted_.link(tables)
    order = np.random.default_rng(0).permutation(120)
    after = _Shuffled.of(model.fitted_, tables).link(("rna", ""), order)
    np.testing.assert_array_equal(after[70:], before[70:])


def test_bad_wishes_are_told(told):
    modalities, y = told
    with pytest.raises(InputError, match='no strategy "lat".*late'):
        permutation_importance(modalities, y, strategy="lat", **QUICK)
    with pytest.raises(InputError, match='by is "gene"'):
        permutation_importance(modalities, y, by="gene", **QUICK)
    with pytest.raises(InputError, match="shuffles is a whole number, 1 or more; got 0"):
        permutation_importance(modalities, y, shuffles=0, **QUICK)
