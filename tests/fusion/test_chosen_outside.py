"""Columns that were chosen by their tests against the outcome are refused; families pass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import associate, score_pathways, skat
from napari_radiogenomics.data import tests_made
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion import explain, fuse
from napari_radiogenomics.fusion.checks.chosen_outside import refuse_chosen, warn_of_chosen
from napari_radiogenomics.fusion.outcome import outcome_of
from napari_radiogenomics.fusion.tables import tables_of

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False, "strategies": ["single"]}


@pytest.fixture(scope="module")
def searched():
    rng = np.random.default_rng(77)
    ids = [f"S{n:03d}" for n in range(90)]
    y = pd.Series(rng.choice(["mutated", "wildtype"], 90), ids, name="EGFR")
    imaging = pd.DataFrame(rng.normal(size=(90, 200)), ids).add_prefix("f")
    outcomes = pd.DataFrame({"IDH": rng.normal(size=90), "EGFR": (y == "mutated") * 1.0}, ids)
    found = associate(imaging, outcomes, method="pearson").table
    own = found[found["outcome"] == "EGFR"].sort_values("p_value")
    return imaging, y, list(own["feature"].astype(str))


def _checked(table, y):
    outcome, patients = outcome_of(y)
    tables = tables_of({"imaging": table}, patients)
    refuse_chosen(tables, outcome)
    return warn_of_chosen(tables, outcome)


@pytest.mark.parametrize("count", [1, 15, 60])
def test_the_columns_with_the_smallest_p_values_are_refused(searched, count):
    imaging, y, best = searched
    with pytest.raises(
        InputError, match="of the 200 that were tested against EGFR.*Give all.*before the search"
    ):
        fuse({"imaging": imaging[best[:count]]}, y, **QUICK)


def test_they_are_known_under_other_names_scales_classes_and_in_a_part_of_the_patients(searched):
    imaging, y, best = searched
    part = np.exp(imaging[best[:15]].iloc[10:80]).set_axis(range(15), axis=1)
    with pytest.raises(InputError, match="15 columns"):
        _checked(part.sample(frac=1, random_state=0), y.map({"mutated": 0, "wildtype": 1}))
    with pytest.raises(InputError, match="12 columns"):  # correlated ones left out of the best
        _checked(imaging[best[:24:2]], y)


def test_a_whole_table_a_family_and_other_outcomes_or_patients_pass(searched):
    imaging, y, best = searched
    rng = np.random.default_rng(1)
    other = pd.Series(rng.permutation(y), y.index)
    assert _checked(imaging, y) == ()
    assert _checked(imaging.iloc[:, :40], y) == ()
    assert _checked(imaging[best[15:60]], other) == ()
    assert _checked(imaging[best[100:]], y) == ()
    elsewhere = imaging[best[:15]].rename(lambda name: f"T{name}")
    assert _checked(elsewhere, y.rename(lambda name: f"T{name}")) == ()
    # Two tables together are all that was tested.
    fuse({"imaging": imaging[best[:15]], "more": imaging[best[15:]]}, y, **QUICK)


def test_a_choice_that_leans_on_the_p_values_is_told_and_has_no_star(searched):
    imaging, y, best = searched
    with pytest.warns(DataWarning, match="smaller p-values than"):
        found = fuse({"imaging": imaging[best[:8] + best[30:75:3]]}, y, **QUICK)
    assert found.star == ""
    assert found.doubts == found.warnings[:1]


def test_a_family_that_is_better_than_the_others_is_told_and_has_no_star():
    rng = np.random.default_rng(4)
    ids = [f"S{n:03d}" for n in range(100)]
    hidden = rng.normal(size=100)
    y = pd.Series(np.where(hidden + rng.normal(size=100) > 0, "mutated", "wildtype"), ids, name="y")
    glcm = pd.DataFrame(rng.normal(size=(100, 20)) + hidden[:, None], ids)
    noise = pd.DataFrame(rng.normal(size=(100, 100)), ids).add_prefix("original_glrlm_")
    imaging = glcm.add_prefix("original_glcm_").join(noise)
    associate(imaging, (y == "mutated").to_frame("y") * 1.0, method="pearson")
    family = imaging.filter(like="glcm")
    with pytest.warns(DataWarning, match="20 columns .* smaller p-values than"):
        found = fuse({"imaging": family}, y, **QUICK)
    assert found.star == ""
    with pytest.raises(InputError, match="19 columns"):  # a part of it was chosen by hand
        fuse({"imaging": family.iloc[:, 1:]}, y, **QUICK)


def _one_gap_each(table):
    rows = np.random.default_rng(1).integers(0, len(table), table.shape[1])
    return table.mask(np.arange(len(table))[:, None] == rows)


@pytest.mark.parametrize(
    "change", [lambda t: t.astype("f4"), _one_gap_each, lambda t: (20 * t).round().astype(int)]
)
def test_they_are_known_when_they_were_rounded_or_lost_a_value(searched, change):
    imaging, y, best = searched
    given = change(imaging[best[:15]]).set_axis(range(15), axis=1)
    with pytest.raises(InputError, match="15 columns"):
        _checked(given, y)
    # Other columns of the search, changed alike, pass.
    assert _checked(change(imaging[best[100:]]).add_prefix("x"), y) == ()


def test_a_part_of_the_outcome_that_was_tested_is_that_outcome():
    rng = np.random.default_rng(5)
    ids = [f"U{n:03d}" for n in range(90)]
    imaging = pd.DataFrame(rng.normal(size=(90, 200)), ids).add_prefix("f")
    level = pd.Series(rng.normal(size=90), ids, name="VEGFA")
    found = associate(imaging, level.to_frame(), method="pearson").table
    best = list(found.sort_values("p_value")["feature"].astype(str))
    high = (level > level.median()).astype(int)
    with pytest.raises(InputError, match="15 columns"):
        _checked(imaging[best[:15]], high)
    assert _checked(imaging[best[:15]], pd.Series(rng.permutation(high), ids)) == ()


def _cohort(seed, columns, start, n=80):
    """Noise, an outcome, and a search in so many columns; `start` names them."""
    rng = np.random.default_rng(seed)
    ids = [f"V{seed}_{at:03d}" for at in range(n)]
    y = pd.Series(rng.permutation(np.repeat(["mutated", "wildtype"], n // 2)), ids, name="EGFR")
    return rng, pd.DataFrame(rng.normal(size=(n, columns)), ids).add_prefix(start), y


def _best(*found):
    table = pd.concat([one.table for one in found])
    return list(table.sort_values("p_value")["feature"].astype(str))


def test_a_search_is_known_after_many_others():
    rng, rna, y = _cohort(11, 200, "g")
    best = _best(associate(rna, y))
    for at in range(20):
        associate(rna, pd.Series(rng.permutation(y), y.index, name=f"KRAS{at}"))
    with pytest.raises(InputError, match="20 columns .* of the 200"):
        _checked(rna[best[:20]], y)
    assert _checked(rna, y) == ()


def test_what_is_kept_has_a_bound_and_one_table_is_kept_once(monkeypatch):
    rng, rna, y = _cohort(12, 50, "g")
    tests_made.forget_tests()
    for at in range(5):
        associate(rna, pd.Series(rng.permutation(y), y.index, name=f"KRAS{at}"))
        associate(rna, y)
    assert len(tests_made.remembered()) == 6
    assert len({search.features.key for search in tests_made.remembered()}) == 1
    assert len({id(search.features) for search in tests_made.remembered()}) == 1
    monkeypatch.setattr(tests_made, "_MOST", 1)
    best = _best(associate(rna, y))
    assert len(tests_made.remembered()) == 1
    with pytest.raises(InputError, match="8 columns"):
        _checked(rna[best[:8]], y)


@pytest.mark.parametrize("size", [1, 20])
def test_a_search_in_many_calls_is_one(size):
    _, rna, y = _cohort(13 + size, 200, "P")
    calls = [associate(rna.iloc[:, at : at + size], y) for at in range(0, 200, size)]
    best = _best(*calls)
    with pytest.raises(InputError, match="10 columns .* of the 200"):
        _checked(rna[best[:10]], y)
    associate(rna[best[:10]], y)  # tested once more, they are no table of their own
    with pytest.raises(InputError, match="10 columns .* of the 200"):
        _checked(rna[best[:10]], y)
    assert _checked(rna[best[100:]], y) == ()
    assert _checked(rna.iloc[:, :40], y) == ()


def test_a_whole_table_passes_beside_others_that_were_tested():
    rng, rna, y = _cohort(16, 250, "g")
    imaging = pd.DataFrame(rng.normal(size=(80, 30)), y.index).add_prefix("f")
    imaging += 2.0 * (y == "mutated").to_numpy()[:, None]
    volume = pd.DataFrame({"volume": imaging.mean(axis=1)})
    for table in (rna, imaging, volume):
        associate(table, y)
    assert _checked(imaging, y) == ()
    with pytest.warns(DataWarning, match="1 column .* of the 281"):  # not refused
        _checked(volume, y)


def test_the_best_of_many_tables_is_told():
    _, rna, y = _cohort(17, 120, "g")
    rna.iloc[:, :20] += (y == "mutated").to_numpy()[:, None]
    for at in range(0, 120, 20):
        associate(rna.iloc[:, at : at + 20], y)
    with pytest.warns(DataWarning, match="20 columns .* of the 120"):
        _checked(rna.iloc[:, :20], y)
    assert _checked(rna.iloc[:, 20:40], y) == ()


def test_the_best_of_two_searches_are_not_hidden_by_a_modality_that_is_whole():
    rng, rna, y = _cohort(18, 200, "g")
    imaging = pd.DataFrame(rng.normal(size=(80, 300)), y.index).add_prefix("f")
    best = _best(*[associate(rna.iloc[:, at : at + 20], y) for at in range(0, 200, 20)])
    associate(imaging, y)
    outcome, patients = outcome_of(y)
    both = {"rna": rna[best[:15]], "imaging": imaging}
    with pytest.raises(InputError, match="15 columns"):
        refuse_chosen(tables_of(both, patients), outcome)


@pytest.mark.parametrize("method", ["ssgsea", "zscore_lee"])
def test_gene_sets_of_the_best_genes_are_told(method):
    _, rna, y = _cohort(19, 400, "GENE")
    found = associate(rna, y).table.sort_values("p_value")
    up, down = (list(found[found["effect"] * side > 0]["feature"][:15]) for side in (1, -1))
    logs = rna + 10
    scores = score_pathways(logs, {"UP": up, "DOWN": down}, method=method)
    beside = pd.concat([scores], axis=1).add_prefix("my_")  # no history, other names
    # Not refused: a published set of the process that drives the outcome looks the same.
    with pytest.warns(DataWarning, match="2 gene sets .my_UP, my_DOWN. are .* genes of the 400"):
        (said,) = _checked(beside, y)
    assert said.count("gene set") == 1


def test_gene_sets_with_some_good_genes_pass():
    rng, rna, y = _cohort(20, 400, "GENE")
    best = _best(associate(rna, y))
    sets = {
        f"SET{at}": best[at : at + 3] + list(rng.choice(best[20:], 17, replace=False))
        for at in range(0, 15, 3)
    }
    scores = score_pathways(rna + 10, sets, method="ssgsea")
    assert _checked(scores, y) == ()
    one = score_pathways(rna + 10, {"RANDOM": best[50:80]}, method="ssgsea")
    assert _checked(one, y) == ()


@pytest.mark.parametrize("rename", [str, lambda name: f"x{name}"])
def test_mutations_that_skat_has_tested_are_known(rename):
    rng, _, y = _cohort(21, 1, "g")
    dna = pd.DataFrame((rng.random((80, 300)) < 0.2) * 1, y.index).add_prefix("MUT")
    tested = (y == "mutated").astype(int)
    best = list(skat(dna, tested, {name: [name] for name in dna}).table["set"])
    with pytest.raises(InputError, match="20 columns .* of the 300"):
        _checked(dna[best[:20]].rename(columns=rename).astype(float), y)
    assert _checked(dna[best[150:]].rename(columns=rename), y) == ()


@pytest.mark.parametrize("learner", ["linear", "forest"])
def test_what_a_first_run_weighed_most_is_told_and_has_no_star(learner):
    _, rna, y = _cohort(22, 200, "M")
    rna.iloc[:, ::10] += 0.5 * (y == "mutated").to_numpy()[:, None]
    first = fuse({"rna": rna}, y, learner=learner, **QUICK)
    shares = explain(first.model("rna alone"), {"rna": rna})
    size = shares["contribution"].abs().groupby(shares["column"]).mean()
    best = list(size.sort_values(ascending=False).index[:15])
    assert len(best) > 5
    with pytest.warns(DataWarning, match="of the 200 that were weighed by fuse.*greater weights"):
        again = fuse({"rna": rna[best]}, y, **QUICK)
    assert again.star == ""
    assert _checked(rna, y) == ()
    assert _checked(rna.iloc[:, :50], y) == ()


@pytest.mark.parametrize("censored", [False, True])
def test_who_died_early_is_the_outcome_of_survival(censored):
    rng, rna, y = _cohort(23 + censored, 200, "g")
    time = rng.exponential(800, 80).round() + 1
    event = rng.random(80) < 0.75
    early = (time < np.median(time)) & (event | (not censored))
    survival = pd.DataFrame({"time": time, "event": event * 1}, y.index)
    best = _best(associate(rna, pd.Series(early * 1, y.index, name="dead")))
    with pytest.raises(InputError, match="15 columns .* against time"):
        _checked(rna[best[:15]], survival)
    other = survival.set_axis(rng.permutation(survival.index), axis=0)
    assert _checked(rna[best[:15]], other) == ()
