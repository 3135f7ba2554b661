"""How much of a feature is site: planted shares, chance, harmonization in folds, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from napari_radiogenomics import batch_effects, harmonize
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import history_of
from napari_radiogenomics.statistics.roc import area_under_curve, macro_area


def table(n: int = 90, p: int = 12, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(n, p)), [f"P{k:03}" for k in range(n)]).add_prefix("f")


def sites(n: int = 90, names: str = "ABC") -> pd.Series:
    return pd.Series(np.resize(list(names), n), table(n).index)


def test_planted_shares_are_found() -> None:
    site = sites(600)
    x = table(600)
    x["f0"] += site.map({"A": -1.5, "B": 0.0, "C": 1.5})  # variance 1.5 of 2.5
    age = pd.DataFrame({"age": table(600, 1, 5)["f0"]})
    x["f1"] += 2 * age["age"]  # 4 of 5
    found = batch_effects(x, site, covariates=age).table.set_index("feature")
    assert found.index[0] == "f0"
    assert found.loc["f0", "batch_share"] == pytest.approx(0.6, abs=0.05)
    assert found.loc["f1", "age_share"] == pytest.approx(0.8, abs=0.05)
    assert (found.loc["f2":, "batch_share"].drop("f0", errors="ignore") < 0.03).all()
    assert found.loc["f0", "q_value"] < 1e-50


def test_kruskal_equals_scipy_with_holes_and_ties() -> None:
    x, site = table().round(1), sites()
    x.iloc[:11, 3] = np.nan
    found = batch_effects(x, site).table.set_index("feature")
    for name in ("f0", "f3"):
        parts = [x.loc[site == one, name].dropna() for one in "ABC"]
        h, p = stats.kruskal(*parts)
        assert found.loc[name, "statistic"] == pytest.approx(h, rel=1e-10)
        assert found.loc[name, "p_value"] == pytest.approx(p, rel=1e-10)
    assert found.loc["f3", "n"] == 79


def test_a_site_can_be_told_before_and_not_after() -> None:
    site = sites()
    x = table().add(site.map({"A": 0.0, "B": 1.0, "C": -1.0}), axis=0)
    found = batch_effects(x, site, after="combat")
    assert found.area.low > 0.8
    assert found.after.area.low < 0.5 < found.after.area.high + 0.1
    assert found.silhouette > 0.05 > found.after.silhouette
    assert (found.after.table["batch_share"] < 0.02).all()
    summary = found.summary()
    assert list(summary.index) == ["as they are", "combat"]
    assert summary["batch_auc"].iloc[0] > 0.9 > summary["batch_auc"].iloc[1]


def test_chance_is_about_a_half() -> None:
    areas = [batch_effects(table(60, 6, seed), sites(60, "AB")).area.value for seed in range(8)]
    assert 0.38 < np.mean(areas) < 0.58


def test_trap_06_harmonizing_all_samples_first_falls_below_chance() -> None:
    """In the folds it does not: that is what `after` does."""
    inside, outside = [], []
    for seed in range(6):
        site = sites(60, "AB")
        x = table(60, 30, seed).add(1.0 * (site == "B"), axis=0)
        inside.append(batch_effects(x, site, after="combat").after.area.value)
        outside.append(batch_effects(harmonize(x, site), site).area.value)
    assert np.mean(outside) < 0.4
    assert np.mean(inside) > np.mean(outside) + 0.05


def test_what_cannot_be_learned_in_folds_has_no_area() -> None:
    found = batch_effects(table(), sites(), after="remove_mean")
    assert found.after.area is None
    assert any("cannot be learned inside folds" in note for note in found.after.warnings)


def test_macro_area_is_the_mean_of_each_class_against_the_rest() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 200)
    scores = rng.dirichlet(np.ones(3), 200) + 0.3 * np.eye(3)[y]
    scores /= scores.sum(axis=1, keepdims=True)
    found = macro_area(y, scores)
    assert found.value == pytest.approx(roc_auc_score(y, scores, multi_class="ovr"), rel=1e-12)
    draws = rng.integers(0, 200, (300, 200))
    spread = np.std([macro_area(y[d], scores[d]).value for d in draws])
    assert found.variance**0.5 == pytest.approx(spread, rel=0.15)
    two = macro_area(y == 1, np.column_stack([1 - scores[:, 1], scores[:, 1]]))
    one = area_under_curve(y == 1, scores[:, 1])
    assert two.value == pytest.approx(one.value, rel=1e-12)
    assert two.variance**0.5 == pytest.approx(one.variance**0.5, rel=0.02)


def test_coordinates_and_history() -> None:
    found = batch_effects(table(), sites())
    assert list(found.coordinates.columns) == ["PC1", "PC2", "PC3", "PC4", "PC5", "batch"]
    assert found.batches == {"A": 30, "B": 30, "C": 30}
    assert 0 < sum(found.explained) < 1
    assert history_of(found)[0].verb == "batch_effects"


def test_trap_08_a_site_with_one_patient_is_told() -> None:
    site = sites()
    site.iloc[0] = "D"
    x = table().assign(flat=1.0, empty=np.nan)
    found = batch_effects(x, site)
    assert np.isfinite(found.table["p_value"]).all()
    said = " ".join(found.warnings)
    assert "Fewer than 4 samples in D (1)" in said
    assert "flat does not vary: left out" in said
    assert "empty has no value: left out" in said
    with pytest.raises(InputError, match="Batch D has one sample"):
        batch_effects(x, site, after="combat")


def test_bad_input_says_what_to_do() -> None:
    x, site = table(), sites()
    with pytest.raises(InputError, match="There is one batch"):
        batch_effects(x, site.map(lambda _: "A"))
    with pytest.raises(InputError, match="have no batch"):
        batch_effects(x, site.iloc[:50])
    with pytest.raises(InputError, match="samples have no batch"):
        batch_effects(x, site.where(site != "A"))
    with pytest.raises(InputError, match="No feature varies"):
        batch_effects(x * 0, site)
    with pytest.raises(InputError, match='Text is in "name": "a" in the row of'):
        batch_effects(x.assign(name="a"), site)
    with pytest.raises(InputError, match="follows from the batch"):
        batch_effects(
            x, site, covariates=site.map({"A": 1.0, "B": 2.0, "C": 2.0}).to_frame("field")
        )
    with pytest.raises(InputError, match="Did you mean"):
        batch_effects(x, site, after="combatt")
