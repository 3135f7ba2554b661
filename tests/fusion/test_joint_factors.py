"""Joint factors by MOFA: planted ones are found again, new patients are projected, none leaks."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from napari_radiogenomics.errors import MissingDependency
from napari_radiogenomics.fusion import HybridFusion, load_model, save_model
from napari_radiogenomics.fusion.models.joint_factors import joint_factors


def _planted(rng, n):
    """Two factors in both views; the second is what tells the classes."""
    z = rng.normal(size=(n, 2))
    pattern = np.random.default_rng(0)
    views = {name: z @ pattern.normal(size=(2, p)) + rng.normal(size=(n, p))
             for name, p in (("imaging", 25), ("rna", 40))}  # fmt: skip
    return z, views


def test_planted_factors_are_found_in_patients_that_were_not_learned_from():
    pytest.importorskip("mofapy2")
    rng = np.random.default_rng(1)
    _, learn = _planted(rng, 100)
    z, new = _planted(rng, 200)
    state = np.random.get_state()[1].copy()
    weights = joint_factors(learn, 4)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    found = sum(new[name] @ weights[name] for name in new)
    # The factors are turned freely: what counts is the plane that they span.
    for at in range(2):
        fit = np.linalg.lstsq(np.c_[found, np.ones(200)], z[:, at], rcond=None)[0]
        assert np.corrcoef(np.c_[found, np.ones(200)] @ fit, z[:, at])[0, 1] > 0.95
    again = joint_factors(learn, 4)
    np.testing.assert_array_equal(weights["rna"], again["rna"])


def test_hybrid_fusion_predicts_by_them_and_travels(tmp_path, capsys):
    pytest.importorskip("mofapy2")
    rng = np.random.default_rng(2)
    tables, target = [], []
    for n, mark in ((90, "A"), (150, "B")):
        z, views = _planted(rng, n)
        ids = [f"{mark}{k}" for k in range(n)]
        tables.append({name: pd.DataFrame(X, ids).add_prefix(name) for name, X in views.items()})
        target.append(pd.Series((z[:, 1] > 0).astype(int), ids))
    model = HybridFusion(components="mofa", n_components=4, inner_folds=3)
    model.fit(tables[0], target[0])
    p = model.predict_proba(tables[1])[:, 1]
    assert roc_auc_score(target[1], p) > 0.9
    back = load_model(save_model(model, tmp_path / "m.npz"))
    np.testing.assert_array_equal(back.predict_proba(tables[1])[:, 1], p)
    assert capsys.readouterr().out == ""


def test_without_the_package_the_extra_is_named(monkeypatch, cohort):
    monkeypatch.setitem(sys.modules, "mofapy2.run.entry_point", None)
    model = HybridFusion(components="mofa", inner_folds=3)
    with pytest.raises(MissingDependency, match=r"napari-radiogenomics\[mofa\]"):
        model.fit(cohort.modalities, cohort.target)
