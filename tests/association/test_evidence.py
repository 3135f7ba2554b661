"""Evidence cards: planted illusions read as illusions, planted links as credible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from napari_radiogenomics import Study, harmonize, weigh_evidence
from napari_radiogenomics.association.effect import effect_of, joined, measure_for
from napari_radiogenomics.association.held_out import folds_of, held_out_effects
from napari_radiogenomics.association.weighing import _percent, volume_line
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import history_of
from napari_radiogenomics.report.forest import evidence_svg


def cohort(seed=0, n=120, sites="ABC", name="discovery", shift=1.0, link=0.6):
    """Patients of sites with a shift of the scanner, EGFR more frequent where it is larger.

    ``noise`` is the scanner alone, ``winding`` follows VEGF, ``energy`` the volume, as does E2F.
    """
    rng = np.random.default_rng(seed)
    ids = [f"{name[0]}{i:03d}" for i in range(n)]
    site = pd.Series([sites[i % len(sites)] for i in range(n)], ids, name="site")
    place = site.map({s: i for i, s in enumerate(sites)}).to_numpy(float)
    volume = np.exp(rng.normal(3, 0.7, n))
    vegf, log_volume = rng.normal(size=n), (np.log(volume) - 3) / 0.7
    features = pd.DataFrame(rng.normal(size=(n, 12)), ids).add_prefix("other")
    features += shift * place[:, None] * rng.normal(size=12)  # a scanner shifts all features
    features["noise"] = shift * 1.5 * place + rng.normal(size=n)
    features["winding"] = link * vegf + np.sqrt(1 - link**2) * rng.normal(size=n) + 0.3 * place
    features["energy"] = log_volume + 0.1 * rng.normal(size=n)
    outcomes = pd.DataFrame(index=ids)
    chance = np.array([0.15, 0.45, 0.8])[place.astype(int) % 3]
    outcomes["EGFR"] = np.where(rng.random(n) < chance, "missense", "wildtype")
    outcomes["VEGF"] = vegf
    outcomes["ANGIO"] = 0.8 * vegf + 0.6 * rng.normal(size=n)
    outcomes["E2F"] = 0.7 * log_volume + rng.normal(size=n) * 0.7
    outcomes["HOUSE"] = rng.normal(size=n)
    return Study(features, outcomes, site=site, volume=pd.Series(volume, ids), name=name)


@pytest.fixture(scope="module")
def first():
    return cohort()


@pytest.fixture(scope="module")
def second():
    return cohort(5, n=80, sites="XY", name="validation")


def test_a_scanner_that_tells_egfr_reads_as_an_illusion(first, second):
    card = weigh_evidence("noise", "EGFR", first, second)
    assert card.conclusion == "illusion"
    assert card.positive == "missense"
    assert card["raw"].effect.value > 0.72
    assert abs(card["harmonized"].effect.value - 0.5) < 0.1
    assert card["harmonized"].verdict == "falls"
    assert "site and scanner" in card.summary


def test_a_link_that_survives_reads_as_credible(first, second):
    card = weigh_evidence("winding", "VEGF", first, second, expected={"ANGIO": 1, "HOUSE": 0})
    assert card.conclusion == "credible"
    for name in ("raw", "harmonized", "without_site", "adjusted", "volume", "folds", "validation"):
        assert card[name].verdict == "holds", name
    assert card["ANGIO"].verdict == card["HOUSE"].verdict == "holds"
    assert card["adjusted"].effect.low < 0.58 < card["adjusted"].effect.high
    assert card["together"].effect.n == 200
    assert {name for name, _ in card["sites"].parts} == {"A", "B", "C"}


def test_what_is_only_volume_is_exposed(first):
    card = weigh_evidence("energy", "E2F", first)
    assert card.conclusion == "illusion"
    assert card["volume"].verdict == "falls"
    assert "the volume of the tumour" in card.summary
    beyond = dict(card["volume"].parts)["feature beyond volume"]
    assert beyond.low < 0 < beyond.high


def test_nothing_is_not_shown_and_a_single_cohort_is_promising(first):
    assert weigh_evidence("other0", "VEGF", first).conclusion == "not shown"
    alone = weigh_evidence("winding", "VEGF", first)
    assert alone.conclusion == "promising"
    assert alone["validation"].verdict == "untested"
    assert "second cohort" in alone.summary


def test_a_second_cohort_without_the_link_refutes(first):
    other = cohort(6, n=160, sites="XY", name="validation", link=0.0)
    card = weigh_evidence("winding", "VEGF", first, other)
    assert card.conclusion == "refuted"
    assert card["validation"].verdict == "falls"


def test_a_search_is_told_and_confirmed_by_other_patients(first, second):
    few = Study(first.features.iloc[:40], first.outcomes, site=first.site, volume=first.volume)
    alone = weigh_evidence("winding", "VEGF", few, n_tests=30_000_000)
    assert alone["raw"].verdict == "holds"
    assert alone["search"].verdict == "open"
    assert "30,000,000 tests" in alone["search"].sentence
    assert alone.conclusion == "promising"
    assert weigh_evidence("winding", "VEGF", few, n_tests=2)["search"].verdict == "holds"
    confirmed = weigh_evidence("winding", "VEGF", first, second, q_value=0.2)
    assert confirmed["search"].verdict == "open"
    assert confirmed.conclusion == "credible"
    # An adjusted search finds nothing in an illusion; the card still says what it is.
    assert weigh_evidence("noise", "EGFR", first, q_value=0.98).conclusion == "illusion"


def test_shuffled_voxels_that_say_the_same_are_a_caveat_and_no_illusion(first, second):
    rng = np.random.default_rng(1)
    same = first.features + 0.3 * rng.normal(size=first.features.shape)
    other = pd.DataFrame(rng.normal(size=same.shape), same.index, same.columns)
    study = dict(site=first.site, volume=first.volume)
    kept = Study(first.features, first.outcomes, shuffled=same, **study)
    lost = Study(first.features, first.outcomes, shuffled=other, **study)
    equal = Study(first.features, first.outcomes, shuffled=first.features, **study)
    card = weigh_evidence("winding", "VEGF", kept, second)
    assert card["shuffled"].verdict == "open"
    assert "distribution of the intensities, not in their pattern" in card["shuffled"].sentence
    assert card.conclusion == "credible"
    assert "A caveat" in card.summary
    alone = weigh_evidence("winding", "VEGF", kept)
    assert alone.conclusion == "promising"
    assert "A caveat" in alone.summary
    assert "shuffled voxels (open)" not in alone.summary
    assert "caveat" not in weigh_evidence("winding", "VEGF", lost, second).summary
    scanner = Study(first.features, first.outcomes, shuffled=same, **study)
    assert "site and scanner" in weigh_evidence("noise", "EGFR", scanner).summary
    assert weigh_evidence("winding", "VEGF", lost)["shuffled"].verdict == "holds"
    assert weigh_evidence("winding", "VEGF", equal)["shuffled"].verdict == "untested"


def test_tissue_and_reviewers(first):
    patients = first.features.index[:8]
    tissue = pd.DataFrame({"r": [0.5, 0.4, 0.6, 0.3, 0.5, 0.45, 0.55, -0.1], "n": 30}, patients)
    tissue.attrs["measure"] = "CD31 map"
    seen = Study(first.features, first.outcomes, tissue=tissue, reviews=["agrees", "unsure"])
    card = weigh_evidence("winding", "VEGF", seen)
    assert card["tissue"].verdict == card["review"].verdict == "holds"
    assert "7 of 8 tumours positive" in card["tissue"].sentence
    few = Study(first.features, first.outcomes, tissue=tissue.iloc[:5])
    assert weigh_evidence("winding", "VEGF", few)["tissue"].verdict == "open"


def test_reviews_of_a_cohort_count_for_their_feature_outcome_and_patients(first):
    rows = [(first.features.index[0], "winding", "VEGF", "agrees", "AB"),
            (first.features.index[1], "winding", "", "cannot tell", "CD"),
            (first.features.index[2], "noise", "VEGF", "disagrees", "AB"),
            (first.features.index[3], "winding", "EGFR", "disagrees", "AB"),
            ("somebody else", "winding", "VEGF", "disagrees", "AB")]  # fmt: skip
    columns = ["patient_id", "feature", "score", "verdict", "reviewer"]
    reviews = pd.DataFrame(rows, columns=columns)
    study = Study(first.features, first.outcomes, reviews=reviews)
    line = weigh_evidence("winding", "VEGF", study)["review"]
    assert line.verdict == "holds"
    people = "AB, CD on image ~ tissue, without a gene; 2 patients"
    assert line.sentence == f"1 agree, 0 disagree, 1 cannot tell ({people})."
    alone = Study(first.features, first.outcomes, reviews=reviews.iloc[:1])
    assert weigh_evidence("winding", "VEGF", alone)["review"].sentence == "reviewer AB: agrees."
    no_gene = replace(alone, reviews=alone.reviews.assign(score="", tissue="CD31"))
    told = weigh_evidence("winding", "VEGF", no_gene)["review"].sentence
    assert told == "reviewer AB on image ~ CD31, without a gene: agrees."
    unseen = replace(alone, reviews=alone.reviews.assign(tissue="CD31", gene_compared=False))
    told = weigh_evidence("winding", "VEGF", unseen)["review"].sentence
    assert told == "reviewer AB on image ~ CD31, VEGF not compared: agrees."
    assert weigh_evidence("winding", "EGFR", unseen)["review"].verdict == "holds"
    assert weigh_evidence("noise", "EGFR", study)["review"].verdict == "untested"
    nobody = Study(first.features, first.outcomes, reviews=reviews.iloc[:0])
    assert weigh_evidence("winding", "VEGF", nobody)["review"].verdict == "untested"


def test_a_reviewer_has_one_word_on_a_patient_however_many_tissues_were_seen(first):
    patient = first.features.index[0]
    rows = [(patient, "winding", "VEGF", tissue, "agrees", "AB", f"2026-01-0{day}")
            for day, tissue in enumerate(["mean_od", "vessels", "nuclei"], 1)]  # fmt: skip
    rows.append((patient, "winding", "VEGF", "mean_od", "disagrees", "CD", "2026-01-01"))
    columns = ["patient_id", "feature", "score", "tissue", "verdict", "reviewer", "time"]
    reviews = pd.DataFrame(rows, columns=columns)
    line = weigh_evidence("winding", "VEGF", Study(first.features, first.outcomes,
                                                   reviews=reviews))["review"]  # fmt: skip
    assert line.sentence == "1 agree, 1 disagree, 0 cannot tell (AB, CD; 1 patient)."
    assert line.verdict == "open"
    reviews.loc[0, ["verdict", "time"]] = ["disagrees", "2026-02-01"]  # a change of mind
    line = weigh_evidence("winding", "VEGF", Study(first.features, first.outcomes,
                                                   reviews=reviews))["review"]  # fmt: skip
    assert line.verdict == "falls"


def test_slides_held_against_another_feature_say_nothing(first):
    tissue = pd.DataFrame({"r": 0.5, "n": 30}, first.features.index[:8])
    tissue.attrs |= {"measure": "CD31 map", "feature": "noise"}
    card = weigh_evidence("winding", "VEGF", Study(first.features, first.outcomes, tissue=tissue))
    assert card["tissue"].verdict == "untested"
    assert "another feature (noise)" in card["tissue"].sentence


def test_one_site_and_tiny_sites_are_untested_and_say_so(first):
    one = Study(first.features, first.outcomes, site=pd.Series("A", first.features.index))
    card = weigh_evidence("winding", "VEGF", one)
    for name in ("harmonized", "without_site", "sites", "volume"):
        assert card[name].verdict == "untested"
        assert card[name].sentence
    assert card["folds"].verdict == "holds"
    lone = first.site.copy()
    lone.iloc[0] = "D"  # a site of one patient has no say
    card = weigh_evidence("winding", "VEGF", Study(first.features, first.outcomes, site=lone))
    assert card["harmonized"].effect.n == len(first) - 1


def test_the_card_is_the_same_for_the_same_seed_and_tells_its_history(first):
    one, two = (weigh_evidence("noise", "EGFR", first, seed=3, repeats=2) for _ in range(2))
    assert one.text() == two.text()
    assert history_of(one)[0].verb == "weigh_evidence"
    assert "ILLUSION" in one.text()
    assert list(one.table()["line"])[:3] == ["raw", "search", "harmonized"]
    assert '"conclusion": "illusion"' in one.to_json()
    assert "ComBat" in one.methods()


def test_held_out_values_of_nothing_are_at_chance():
    values = []
    for seed in range(12):
        study = cohort(seed, n=90)
        pair = study.pair("other1", "EGFR")
        held = held_out_effects(study, "other1", pair, folds=5, repeats=2, seed=seed)
        values.append(held.predicted.value)
    assert abs(np.mean(values) - 0.5) < 0.05  # 12 replicates of spread 0.06


def test_an_outcome_never_reaches_the_harmonizer(first):
    flipped = first.outcomes.assign(VEGF=-first.outcomes["VEGF"])
    one = held_out_effects(
        first, "winding", first.pair("winding", "VEGF"), folds=5, repeats=2, seed=0
    )
    study = Study(first.features, flipped, site=first.site)
    two = held_out_effects(
        study, "winding", study.pair("winding", "VEGF"), folds=5, repeats=2, seed=0
    )
    assert one.harmonized.value == pytest.approx(-two.harmonized.value, abs=1e-12)


# Effects


def test_a_correlation_is_scipys_and_its_interval_covers():
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(300):
        x = rng.normal(size=60)
        y = 0.5 * x + np.sqrt(0.75) * rng.normal(size=60)
        effect = effect_of(x, y, measure="rho")
        inside += effect.low <= 6 / np.pi * np.arcsin(0.25) <= effect.high
    assert effect.value == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
    assert 0.92 <= inside / 300 <= 0.98


def test_a_partial_correlation_is_that_of_three_variables():
    rng = np.random.default_rng(3)
    x, y, z = rng.normal(size=(3, 50))
    x, y = x + z, y + z
    ranks = pd.DataFrame({"x": x, "y": y}).rank().assign(z=z).corr()
    xy, xz, yz = ranks.loc["x", "y"], ranks.loc["x", "z"], ranks.loc["y", "z"]
    expected = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    found = effect_of(x, y, measure="rho", covariates=z[:, None])
    assert found.value == pytest.approx(expected, abs=1e-12)


def test_an_adjusted_area_is_freed_of_what_both_follow():
    rng = np.random.default_rng(4)
    site = rng.integers(0, 2, 400).astype(float)
    outcome = (rng.random(400) < 0.2 + 0.6 * site).astype(float)
    feature = 2 * site + rng.normal(size=400)
    raw = effect_of(feature, outcome, measure="auc")
    free = effect_of(feature, outcome, measure="auc", covariates=site[:, None])
    assert raw.low > 0.6
    assert free.low < 0.5 < free.high


def test_classes_that_are_apart_have_an_interval():
    effect = effect_of(np.arange(12.0), np.repeat([0.0, 1.0], 6), measure="auc")
    assert 0.9 < effect.value < 1
    assert 0.5 < effect.low < effect.high < 1


def test_effects_are_joined_by_their_weight():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(2, 200))
    one = effect_of(x[0], x[0] + x[1], measure="rho")
    two = effect_of(x[0][:20], (x[0] + x[1])[:20], measure="rho")
    both, pooled = joined([one, two])
    assert min(one.value, two.value) <= both.value <= max(one.value, two.value)
    assert pooled.n == 2
    assert both.n == 220


def test_folds_have_their_share_of_every_stratum():
    strata = np.repeat(["A", "B", "C"], [20, 7, 3])
    fold = folds_of(strata, 5, np.random.default_rng(0))
    for name, least, most in (("A", 4, 4), ("B", 1, 2), ("C", 0, 1)):
        counts = np.bincount(fold[strata == name], minlength=5)
        assert counts.min() >= least
        assert counts.max() <= most
    assert np.bincount(fold).min() >= 5


# Bad input


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f, o: (f, o, "nois", "EGFR"), 'Did you mean "noise"'),
        (lambda f, o: (f, o, "noise", "EGFRx"), 'Did you mean "EGFR"'),
        (lambda f, o: (f.assign(noise="high"), o, "noise", "EGFR"), "not a number"),
        (lambda f, o: (f.assign(noise=1.0), o, "noise", "EGFR"), "same in all patients"),
        (lambda f, o: (f.assign(noise=np.nan), o, "noise", "EGFR"), "6 are needed"),
        (lambda f, o: (f, o.assign(EGFR="wildtype"), "noise", "EGFR"), "1 value"),
        (lambda f, o: (f, o.assign(EGFR=list("abc") * 40), "noise", "EGFR"), "3 classes"),
        (lambda f, o: (f, o.rename(index=str.upper), "noise", "EGFR"), "ids of both tables"),
        (lambda f, o: (pd.concat([f, f]), o, "noise", "EGFR"), "several rows of features"),
    ],
)
def test_bad_input(first, change, says):
    features, outcomes, feature, outcome = change(first.features, first.outcomes)
    with pytest.raises(InputError, match=says):
        weigh_evidence(feature, outcome, Study(features, outcomes, site=first.site))


def test_wildtype_is_the_lesser_class_whatever_the_alphabet(first):
    named = first.outcomes.assign(EGFR=first.outcomes["EGFR"].replace("missense", "amplified"))
    assert Study(first.features, named).pair("noise", "EGFR").positive == "amplified"
    assert measure_for(named["EGFR"]) == "auc"


def test_what_the_sites_mask_has_a_verdict_of_its_own() -> None:
    """Shifts of the scanner hide a link of 0.6: what the lines show is what the card says."""
    rng = np.random.default_rng(3)
    ids = [f"P{k:03}" for k in range(120)]
    site = pd.Series(rng.choice(list("ABC"), 120), ids)
    shift = site.map({"A": 0.0, "B": 4.0, "C": 8.0})
    gene = pd.Series(rng.normal(size=120), ids)
    gene -= gene.groupby(site).transform("mean")
    others = pd.DataFrame(rng.normal(size=(120, 6)), ids).add_prefix("t").add(shift, axis=0)
    link = others.assign(real=0.6 * gene + 0.8 * rng.normal(size=120) + shift)
    outcomes = pd.DataFrame({"gene": gene, "null": rng.normal(size=120)})
    study = Study(link, outcomes, site=site)
    card = weigh_evidence("real", "gene", study)
    assert not card["raw"].effect.excludes_null
    assert card.conclusion == "masked by site"
    assert card.summary.startswith("Promising, and masked by site: in 120 patients as they are ρ")
    assert "promising, no more" in card.rule
    assert f"{card['harmonized'].effect.value:.2f}" in card.summary
    assert "MASKED BY SITE" in card.text()
    assert "masked by site" in evidence_svg(card).lower()
    assert weigh_evidence("real", "null", study).conclusion == "not shown"
    against = Study(link.assign(real=-link["real"]), outcomes, site=site, name="second")
    assert weigh_evidence("real", "gene", study, against).conclusion == "not shown"


def test_trap_4_harmonized_features_are_refused(first) -> None:
    kept = harmonize(first.features, first.site, covariates=first.outcomes[["VEGF"]])
    for features in (kept, kept[["winding", "other0"]].copy()):
        study = Study(features, first.outcomes, site=first.site)
        with pytest.raises(InputError, match="harmonized from all patients together"):
            weigh_evidence("winding", "VEGF", study)
        with pytest.raises(InputError, match="harmonized from all patients together"):
            weigh_evidence("winding", "VEGF", first, study)


def _of_sites(rng, n=66):
    """A texture and a class that follow the site, and a volume that follows nothing."""
    ids = [f"P{k}" for k in range(n)]
    site = rng.choice(3, n)
    sick = (rng.random(n) < np.array([0.15, 0.45, 0.8])[site]).astype(int)
    features = pd.DataFrame({"f": rng.normal(size=n) + 1.5 * site}, ids)
    return Study(
        features,
        pd.DataFrame({"y": sick}, ids),
        site=pd.Series(site.astype(str), ids),
        volume=pd.Series(np.exp(rng.normal(3, 0.5, n)), ids),
    )


def _beyond_volume(study, seed):
    pair = study.pair("f", "y")
    raw = effect_of(pair.feature, pair.outcome, measure="auc")
    return raw, dict(volume_line(raw, study, pair, seed).parts)["feature beyond volume"]


def test_beside_volume_alone_the_interval_is_not_narrower_than_the_raw_one() -> None:
    """Sites are no covariate there: resamples that keep their sizes would hide their share."""
    rng = np.random.default_rng(0)
    pairs = [_beyond_volume(_of_sites(rng), seed) for seed in range(5)]
    raw, beyond = (
        np.mean([own.high - own.low for own in side]) for side in zip(*pairs, strict=True)
    )
    assert beyond > 0.95 * raw


@pytest.mark.slow
@pytest.mark.very_slow
def test_the_interval_beside_volume_covers_the_truth() -> None:
    rng = np.random.default_rng(0)
    large = _of_sites(rng, 200_000)
    truth = effect_of(
        large.features["f"].to_numpy(), large.outcomes["y"].to_numpy(float), measure="auc"
    )
    found = [_beyond_volume(_of_sites(rng), seed)[1] for seed in range(200)]
    assert np.mean([own.low < truth.value < own.high for own in found]) > 0.91


def test_an_area_of_a_half_points_nowhere() -> None:
    rng = np.random.default_rng(1)
    raw = effect_of(rng.normal(size=40), rng.normal(size=40), measure="rho")
    against = replace(raw, value=-0.001 * np.sign(raw.value))
    assert _percent(raw, against) == "nothing of the raw effect is left"
    assert _percent(raw, replace(raw, value=-raw.value)) == "it points the other way"
