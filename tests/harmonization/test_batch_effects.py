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


def lesions(n: int, each: int, seed: int = 0) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Noise of patients, each with several lesions that are alike, at two sites."""
    base, site = table(n, 30, seed), sites(n, "AB")
    rng = np.random.default_rng(seed + 100)
    many = pd.concat([base + rng.normal(0, 0.2, base.shape) for _ in range(each)])
    return many, pd.concat([site] * each), many.index.to_series()


def test_trap_1_rows_that_repeat_a_patient_are_refused_or_joined() -> None:
    many, site, patient = lesions(40, 4)
    for of in (many, many.set_index(np.tile(range(4), 40), append=True)):
        with pytest.raises(InputError, match="40 patients more than once .*Give patient="):
            batch_effects(of, site.set_axis(of.index))
    for n in range(3):
        many, site, patient = lesions(40, 4, n)
        found = batch_effects(many, site, patient=patient)
        one = batch_effects(many.groupby(level=0).mean(), sites(40, "AB"))
        assert found.area == one.area  # as if there were one row a patient: chance
        assert found.table.equals(one.table)
        assert found.area.low < 0.5
        assert (found.table["q_value"] > 0.05).all()
        assert found.batches == {"A": 20, "B": 20}
        assert "160 rows of 40 patients: the patient is the unit" in found.warnings[0]
        split = batch_effects(many.reset_index(drop=True), site.reset_index(drop=True))
        assert split.area.low > 0.7  # what it would be if lesions were samples


def test_patients_of_several_batches_stay_in_one_fold() -> None:
    rng = np.random.default_rng(3)
    base = table(30, 25)
    many = pd.concat([base + rng.normal(0, 0.2, base.shape) for _ in range(3)])
    patient = many.index.to_series().reset_index(drop=True)
    # Two scans at one site and one at the other: a model that knows the patient knows the site.
    mostly = np.resize(["A", "B"], 30)
    other = np.where(mostly == "A", "B", "A")
    site = pd.Series(np.concatenate([mostly, mostly, other]))
    age = pd.DataFrame({"age": rng.normal(size=90), "sex": list(np.resize(["f", "m"], 30)) * 3})
    rows = many.reset_index(drop=True)
    found = batch_effects(rows, site, covariates=age, patient=patient, after="longitudinal_combat")
    assert found.area.low < 0.5
    assert found.batches == {"A": 30, "B": 30}
    assert "30 patients are in several batches" in found.warnings[0]
    assert found.coordinates.index[0] == "P000 (A)"
    assert found.after.area is None
    age.loc[30, "sex"] = "?"
    with pytest.raises(InputError, match='"sex" differs between rows of patient "P000"'):
        batch_effects(rows, site, covariates=age, patient=patient)
    with pytest.raises(InputError, match="1 rows have no patient"):
        batch_effects(rows, site, patient=patient.where(patient.index > 0))


def test_harmonize_refuses_rows_that_repeat_a_patient_but_for_the_longitudinal_one() -> None:
    many, site, patient = lesions(40, 3)
    with pytest.raises(InputError, match='once .*longitudinal_combat" with patient='):
        harmonize(many, site)
    even = harmonize(many, site, method="longitudinal_combat", patient=patient)
    assert even.shape == many.shape
    assert np.isfinite(even).all(axis=None)


def test_trap_6_a_table_that_was_harmonized_before_is_told() -> None:
    even = harmonize(table(), sites())
    assert any(
        "harmonized before (combat)" in note for note in batch_effects(even, sites()).warnings
    )
    assert not batch_effects(table(), sites()).warnings
