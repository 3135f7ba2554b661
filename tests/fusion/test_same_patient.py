"""A patient under two ids is refused; patients who share a part of their numbers are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion import fuse

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False, "strategies": ["single"]}


def _renamed(table):
    return table.rename(lambda name: f"Z{name}")


def test_copies_under_new_ids_are_refused(draw):
    cohort = draw(3, n=60)
    tables = {k: pd.concat([t, _renamed(t.iloc[5:8])]) for k, t in cohort.modalities.items()}
    target = pd.concat([cohort.target, _renamed(cohort.target.iloc[5:8])])
    with pytest.raises(InputError, match=r'"P005" and "ZP005" have the same numbers.*Leave one'):
        fuse(tables, target, **QUICK)
    # One of them lacks a modality: the others tell it.
    with pytest.raises(InputError, match='"P005" and "ZP005"'):
        fuse({**tables, "rna": cohort.modalities["rna"]}, target, **QUICK)
    # Another tumor of a patient who shares the genes is told apart by the image.
    tables["imaging"] = tables["imaging"] + 0.01 * tables["imaging"].rank(method="first")
    assert len(fuse(tables, target, **QUICK).patients()) == 63


def test_a_second_cohort_that_holds_renamed_patients_is_refused(draw):
    cohort, other = draw(3, n=60), draw(5, n=40)
    tables = {
        k: pd.concat([_renamed(t), cohort.modalities[k].iloc[[9]].rename({"P009": "new"})])
        for k, t in other.modalities.items()
    }
    target = pd.concat([_renamed(other.target), cohort.target.iloc[[9]].rename({"P009": "new"})])
    with pytest.raises(InputError, match='"new" and "P009", from whom is learned'):
        fuse(cohort.modalities, cohort.target, external=(tables, target), **QUICK)
    # A column less does not hide it.
    tables["imaging"] = tables["imaging"].drop(columns="f3")
    with pytest.raises(InputError, match='"new" and "P009"'):
        fuse(cohort.modalities, cohort.target, external=(tables, target), **QUICK)
    others = {k: _renamed(t) for k, t in other.modalities.items()}
    second = (others, _renamed(other.target))
    assert fuse(cohort.modalities, cohort.target, external=second, **QUICK).external is not None


def _clinical(ids, seed):
    rng = np.random.default_rng(seed)
    raw = {"age": rng.integers(40, 80, len(ids)), "sex": rng.integers(0, 2, len(ids)),
           "stage": rng.integers(1, 5, len(ids))}  # fmt: skip
    table = pd.DataFrame(raw, ids).astype(float)
    return (table - table.mean()) / table.std()


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_patients_who_share_standardized_facts_are_several(share):
    ids = [f"S{n:03d}" for n in range(100)]
    rng = np.random.default_rng(2)
    target = pd.Series(rng.choice(["a", "b"], 100), ids, name="y")
    imaging = pd.DataFrame(rng.normal(size=(100, 5)), ids).add_prefix("f")
    tables = {"clinical": _clinical(ids, 3), "imaging": imaging.iloc[: round(100 * share)]}
    assert tables["clinical"].duplicated().any()
    assert len(fuse(tables, target, **QUICK).patients()) == 100
    thirds = pd.DataFrame(rng.integers(0, 4, (100, 4)) / 3, ids).add_prefix("t")
    assert len(fuse({"clinical": thirds}, target, **QUICK).patients()) == 100
    # All of them twice are as many again.
    twice = pd.concat([imaging, _renamed(imaging)])
    with pytest.raises(InputError, match='"S000" and "ZS000"'):
        fuse({"imaging": twice}, pd.concat([target, _renamed(target)]), **QUICK)
