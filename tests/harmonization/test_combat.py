"""ComBat and its family against sva, ComBatFamily, limma and longCombat, and by its properties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.harmonization import ComBat, CovBat, LongitudinalComBat, harmonize
from napari_radiogenomics.harmonization.harmonizer import HARMONIZERS

REFERENCE = Path(__file__).parents[1] / "reference" / "combat"


def reference(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{name}.csv", index_col=0)


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    return reference("X")


@pytest.fixture(scope="module")
def facts() -> pd.DataFrame:
    return reference("covars")


@pytest.fixture(scope="module")
def kept(facts: pd.DataFrame) -> pd.DataFrame:
    return facts[["age", "sex"]]


def assert_close(found: pd.DataFrame, name: str, tolerance: float = 1e-10) -> None:
    np.testing.assert_allclose(found, reference(name), rtol=0, atol=tolerance, equal_nan=True)


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("combat", "ref_sva_mod"),
        ("combat", "ref_comfam_lm"),
        ("combat_mean_only", "ref_sva_mod_meanonly"),
        ("combat_nonparametric", "ref_sva_mod_nonpar"),
        ("covbat", "ref_covfam_covbat95"),
        ("remove_mean", "ref_limma_removeBatchEffect"),
    ],
)
def test_equal_to_r(
    features: pd.DataFrame, facts: pd.DataFrame, kept: pd.DataFrame, method: str, name: str
) -> None:
    assert_close(harmonize(features, facts["site"], method=method, covariates=kept), name)


def test_equal_to_sva_without_covariates(features: pd.DataFrame, facts: pd.DataFrame) -> None:
    assert_close(harmonize(features, facts["site"]), "ref_sva_plain")


def test_reference_batch_is_untouched(
    features: pd.DataFrame, facts: pd.DataFrame, kept: pd.DataFrame
) -> None:
    found = harmonize(features, facts["site"], covariates=kept, reference="B")
    assert_close(found, "ref_sva_mod_refB")
    own = facts["site"] == "B"
    pd.testing.assert_frame_equal(found[own], features[own], check_exact=True)


def test_missing_values_are_dealt_with_by_feature(
    features: pd.DataFrame, facts: pd.DataFrame, kept: pd.DataFrame
) -> None:
    holes = features.copy()
    holes.iloc[4, 2] = np.nan
    holes.iloc[[9, 29], 6] = np.nan
    found = harmonize(holes, facts["site"], covariates=kept)
    assert_close(found, "ref_sva_mod_NA")
    assert (found.isna() == holes.isna()).all(axis=None)


def test_smooth_age_equals_mgcv_within_its_tolerance(
    features: pd.DataFrame, facts: pd.DataFrame, kept: pd.DataFrame
) -> None:
    found = harmonize(features, facts["site"], method="combat_gam", covariates=kept, smooth=["age"])
    # mgcv stops its search for the smoothness early; a linear age is 0.9 away.
    assert_close(found, "ref_comfam_gam", 5e-5)
    assert np.median(np.abs(found - reference("ref_comfam_gam"))) < 1e-6


def test_new_samples_by_what_was_learned(
    features: pd.DataFrame, facts: pd.DataFrame, kept: pd.DataFrame
) -> None:
    train, test = slice(0, 45), slice(45, None)
    model = ComBat().fit(features[train], batch=facts["site"][train], covariates=kept[train])

    def adjusted(part: slice) -> pd.DataFrame:
        return model.transform(features[part], batch=facts["site"][part], covariates=kept[part])

    assert_close(adjusted(train), "ref_comfam_train45")
    assert_close(adjusted(test), "ref_comfam_predict_test15")
    one = slice(50, 51)
    pd.testing.assert_frame_equal(adjusted(one), adjusted(test).loc[adjusted(one).index])


def test_longitudinal_equals_longcombat() -> None:
    table = pd.read_csv(REFERENCE / "long_input.csv")
    wanted = pd.read_csv(REFERENCE / "ref_longCombat.csv").set_index(["id", "t"])
    names = [name for name in table if name.startswith("f")]
    found = harmonize(
        table[names],
        table["site"],
        method="longitudinal_combat",
        patient=table["id"],
        covariates=table[["age", "t"]],
    ).set_index(pd.MultiIndex.from_frame(table[["id", "t"]]))
    there = wanted[[f"{name}.combat" for name in names]]
    np.testing.assert_allclose(found.loc[there.index], there, atol=1e-6)


def two_sites(n: int = 60, features: int = 12, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    site = pd.Series(np.where(np.arange(n) % 2, "B", "A"), index=[f"P{k}" for k in range(n)])
    values = rng.normal(size=(n, features))
    own = site == "B"
    values[own] = 3 + 2 * values[own]
    return pd.DataFrame(values, index=site.index).add_prefix("f"), site


def test_samples_are_joined_by_id_never_by_order() -> None:
    table, site = two_sites()
    shuffled = site.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(harmonize(table, shuffled), harmonize(table, site))


@pytest.mark.parametrize("method", ["combat", "location_scale", "covbat", "combat_nonparametric"])
def test_the_same_batch_effect_goes_and_the_covariate_stays(method: str) -> None:
    table, site = two_sites(200)
    age = pd.DataFrame({"age": np.linspace(40, 80, 200)}, index=table.index)
    table["f0"] += 0.1 * age["age"].to_numpy()
    even = harmonize(table, site, method=method, covariates=age)
    means = even.groupby(site.to_numpy()).mean()
    left = (means.loc["A"] - means.loc["B"]).abs()
    # Empirical Bayes leaves what one feature's mean differs from the others by chance; raw, all
    # means are 3 apart.
    assert left.mean() < (0.02 if method == "location_scale" else 0.2)
    spreads = even.groupby(site.to_numpy()).std()
    assert (spreads.loc["A"] / spreads.loc["B"]).between(0.7, 1.4).all()
    slope = np.polyfit(age["age"], even["f0"], 1)[0]
    assert slope == pytest.approx(0.1, abs=0.03)


def test_labels_of_batches_do_not_matter() -> None:
    table, site = two_sites()
    renamed = site.map({"A": "zeta", "B": "alpha"})
    np.testing.assert_allclose(harmonize(table, renamed), harmonize(table, site), atol=1e-12)


def test_covbat_makes_correlations_alike() -> None:
    table, site = two_sites(300, features=3)
    own = (site == "B").to_numpy()
    table.loc[own, "f1"] += 3 * table.loc[own, "f0"]

    def apart(values: pd.DataFrame) -> float:
        pair = values[["f0", "f1"]]
        return abs(pair[own].corr().iloc[0, 1] - pair[~own].corr().iloc[0, 1])

    assert apart(harmonize(table, site)) > 0.7
    assert apart(harmonize(table, site, method="covbat")) < 0.35


def test_an_unseen_site_is_refused_unless_asked_for() -> None:
    table, site = two_sites()
    model = ComBat().fit(table, batch=site)
    elsewhere = pd.Series("C", index=table.index)
    with pytest.raises(InputError, match="Batch C was not there.*standardize"):
        model.transform(table, batch=elsewhere)
    asked = ComBat(unseen="standardize").fit(table, batch=site)
    moved = asked.transform(100 + 7 * table, batch=elsewhere)
    assert abs(moved.to_numpy().mean() - table.to_numpy().mean()) < 0.5
    with pytest.raises(InputError, match="one sample"):
        asked.transform(table[:1], batch=["C"])


def test_levels_are_frozen_at_the_fit() -> None:
    table, site = two_sites()
    sex = pd.DataFrame({"sex": ["F", "M", "M"] * 20}, index=table.index)
    model = ComBat().fit(table, batch=site, covariates=sex)
    whole = model.transform(table, batch=site, covariates=sex)
    men = (sex["sex"] == "M").to_numpy()
    alone = model.transform(table[men], batch=site[men], covariates=sex[men])
    pd.testing.assert_frame_equal(alone, whole[men])
    with pytest.raises(InputError, match="sex is .*X"):
        model.transform(table, batch=site, covariates=sex.replace("F", "X"))


def test_one_thousand_samples_keep_nothing_of_the_outcome() -> None:
    """The estimator takes no outcome: y is ignored, so that it cannot leak."""
    table, site = two_sites()
    rng = np.random.default_rng(3)
    left = ComBat().fit_transform(table, rng.integers(0, 2, len(table)), batch=site)
    pd.testing.assert_frame_equal(left, ComBat().fit_transform(table, batch=site))


def test_arrays_are_harmonized_as_tables_are() -> None:
    table, site = two_sites()
    age = np.linspace(40, 80, len(table))[:, None]
    plain = harmonize(table.to_numpy(), site.to_numpy(), covariates=age)
    named = harmonize(table, site, covariates=pd.DataFrame({"age": age[:, 0]}, table.index))
    np.testing.assert_allclose(plain, named, rtol=1e-12)
    assert plain.attrs["batches"] == named.attrs["batches"]
    np.testing.assert_allclose(harmonize(table, list(site)), harmonize(table, site), rtol=1e-12)


def test_a_new_level_of_a_covariate_is_named_as_it_is() -> None:
    table, site = two_sites()
    sex = pd.DataFrame({"sex": np.resize(["M", "M", "F"], len(table))}, table.index)
    fitted = ComBat().fit(table, batch=site, covariates=sex)
    with pytest.raises(InputError, match="sex is U in new samples"):
        fitted.transform(table, batch=site, covariates=sex.replace("M", "U"))


BAD = [
    (lambda t, s: (t, s.replace("B", "A"), {}), "one batch"),
    (lambda t, s: (t, s.where(s.index != "P0", "C"), {}), "one sample"),
    (lambda t, s: (t, s.where(s.index != "P4"), {}), "have no batch"),
    (lambda t, s: (t, s.iloc[1:], {}), '"P0"'),
    (lambda t, s: (t, s, {"covariates": pd.DataFrame({"unit": s})}), "follows from the batch"),
    (lambda t, s: (t, s, {"covariates": pd.DataFrame({"k": 1.0}, index=t.index)}), "follows from"),
    (lambda t, s: (t, s, {"covariates": pd.DataFrame({"k": "x"}, index=t.index)}), "same for all"),
    (lambda t, s: (t, s, {"reference": "a"}), 'Did you mean "A"'),
    (lambda t, s: (t, s, {"method": "combt"}), 'Did you mean "combat"'),
    (lambda t, s: (t, s, {"smooth": ["age"]}), "takes no"),
    (lambda t, s: (t, s, {"method": "combat_gam", "smooth": ["age"]}), "not among the covariates"),
    (lambda t, s: (t.assign(f3="x"), s, {}), 'Text is in "f3": "x" in the row of P0'),
    (
        lambda t, s: (t.astype(object).where(t.ne(t.iloc[4, 1]), "n/a"), s, {}),
        'Text is in "f1": "n/a" in the row of P4',
    ),
    (lambda t, s: (t.assign(f3=np.where(s == "A", 1.0, t["f3"])), s, {}), "does not vary"),
    (lambda t, s: (t.assign(f3=np.nan), s, {}), r'"f3" has no value in batch A'),
    (lambda t, s: (t.assign(f3=np.inf), s, {}), "infinite"),
    (lambda t, s: (t * 0, s, {}), "No feature varies"),
    (lambda t, s: (t, s, {"method": "longitudinal_combat"}), "needs the patient"),
    (
        lambda t, s: (
            t,
            s,
            {"method": "longitudinal_combat", "patient": pd.Series(t.index, t.index)},
        ),
        "scanned twice",
    ),
]


@pytest.mark.parametrize(("spoil", "said"), BAD, ids=[said for _, said in BAD])
def test_bad_input_is_refused_with_the_reason(spoil: object, said: str) -> None:
    table, site, options = spoil(*two_sites())  # type: ignore[operator]
    with pytest.raises(InputError, match=said):
        harmonize(table, site, **options)


def test_constant_features_and_small_batches_are_said() -> None:
    table, site = two_sites(18)
    table["flat"] = 4.0
    even = harmonize(table, site)
    assert (even["flat"] == 4.0).all()
    assert any("flat" in note for note in even.attrs["notes"])
    assert any("A (9)" in note for note in even.attrs["notes"])
    assert even.attrs["history"][-1].verb == "harmonize"


def test_every_harmonizer_explains_itself() -> None:
    for entry in HARMONIZERS:
        assert entry.title
        assert entry.meaning.endswith(".")
        assert entry.limits.endswith(".")
        assert entry.doi.startswith("10.")


def test_covbat_is_the_same_at_fit_and_after() -> None:
    table, site = two_sites(80)
    model = CovBat()
    np.testing.assert_allclose(
        model.fit_transform(table, batch=site), model.transform(table, batch=site), atol=1e-12
    )
    with pytest.raises(InputError, match="missing"):
        CovBat().fit(table.where(table > -2), batch=site)


def test_longitudinal_refuses_holes() -> None:
    table, site = two_sites()
    patient = pd.Series(np.arange(60) // 2, index=table.index)
    with pytest.raises(InputError, match="without missing"):
        LongitudinalComBat().fit_transform(table.where(table > -2), batch=site, patient=patient)
