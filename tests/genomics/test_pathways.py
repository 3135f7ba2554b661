"""Pathway scores against GSVA and decoupleR, against their definitions, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import ndtr

from napari_radiogenomics.data.gene_sets import GeneSet, GeneSets
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.genomics import normalize_counts, score_pathways
from napari_radiogenomics.genomics.scorer import SCORERS
from napari_radiogenomics.genomics.walk import gaussian_left_tails
from napari_radiogenomics.provenance import history_of

REFERENCE = Path(__file__).resolve().parents[1] / "reference"


def random_table(seed=0, shape=(8, 60)) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(6, 2, shape) + rng.normal(0, 1, shape[1])
    index = [f"S{k}" for k in range(shape[0])]
    return pd.DataFrame(values, index=index, columns=[f"G{k}" for k in range(shape[1])])


SETS = {"first": [f"G{k}" for k in range(9)], "second": [f"G{k}" for k in range(5, 25)]}


@pytest.fixture(scope="module")
def sets() -> dict[str, list[str]]:
    lines = (REFERENCE / "rnaseq" / "sets.gmt").read_text().splitlines()
    rows = [line.split("\t") for line in lines if line]
    return {name: genes for name, _, *genes in rows}


@pytest.mark.parametrize(
    ("method", "file"),
    [
        ("gsva", "gsva"),
        ("ssgsea", "ssgsea"),
        ("ssgsea_raw", "ssgsea_raw"),
        ("zscore_lee", "zscore"),
    ],
)
def test_scores_are_those_of_gsva(logs, sets, reference, method, file):
    expected = reference(f"rnaseq/ref_gsva_{file}").T
    found = score_pathways(logs, sets, method=method)
    assert_allclose(found[expected.columns], expected, rtol=1e-9, atol=1e-11)
    assert list(found.index) == list(logs.index)


def test_gsva_of_counts_is_that_of_gsva(counts, sets, reference):
    expected = reference("rnaseq/ref_gsva_gsva_poisson_counts").T
    found = score_pathways(counts, sets, method="gsva_poisson")
    assert_allclose(found[expected.columns], expected, rtol=1e-9, atol=1e-11)


def test_plage_is_that_of_gsva_up_to_its_sign(logs, sets, reference):
    expected = reference("rnaseq/ref_gsva_plage").T
    found = score_pathways(logs, sets, method="plage")
    signs = np.sign((found * expected).sum())
    assert_allclose(found[expected.columns], expected * signs, rtol=1e-9, atol=1e-11)
    means = score_pathways(logs, sets, method="zscore_lee")
    assert ((found * means).sum() > 0).all()


@pytest.mark.parametrize("method", ["ulm", "mlm", "wsum"])
def test_scores_with_weights_are_those_of_decoupler(reference, method):
    values = reference("progeny/mat_scaled").T
    net = pd.read_csv(REFERENCE / "progeny" / "net_weighted.csv")
    weighted = {name: dict(zip(g.target, g.mor, strict=True)) for name, g in net.groupby("source")}
    table = pd.read_csv(REFERENCE / "progeny" / f"ref_decoupleR_run_{method}.csv")
    table = table[table.statistic == method]
    expected = table.pivot(index="condition", columns="source", values="score")
    found = score_pathways(values, weighted, method=method)
    assert_allclose(found.loc[expected.index, expected.columns], expected, rtol=1e-9, atol=1e-11)


def test_ulm_is_the_t_of_a_regression():
    table = random_table()
    weights = {"one": {"G1": 1.5, "G7": -2.0, "G9": 0.3, "G20": 1.0, "G30": -1.0}}
    x = [weights["one"].get(gene, 0.0) for gene in table]
    fit = stats.linregress(x, table.iloc[3])
    found = score_pathways(table, weights, method="ulm").iloc[3, 0]
    assert found == pytest.approx(fit.slope / fit.stderr)


def test_mean_and_interquartile_mean_by_hand():
    table = pd.DataFrame(np.r_[[[1.5, 2, 3, 4, 5, 6, 7, 100.5]]], columns=list("ABCDEFGH"))
    sets = {"all": list("ABCDEFGH"), "six": list("ABCDEF")}
    assert score_pathways(table, sets, method="mean", nature="log")["all"][0] == 16.125
    found = score_pathways(table, sets, method="interquartile_mean", nature="log")
    assert found["all"][0] == pytest.approx((3 + 4 + 5 + 6) / 4)
    assert found["six"][0] == pytest.approx((2 * 0.5 + 3 + 4 + 5 * 0.5) / 3)


def test_singscore_is_a_half_at_the_top_and_minus_a_half_at_the_bottom():
    table = pd.DataFrame([np.arange(40) / 3, -np.arange(40) / 3]).add_prefix("G")
    top = {"top": [f"G{k}" for k in range(33, 40)]}
    assert_allclose(score_pathways(table, top, method="singscore")["top"], [0.5, -0.5])
    spread = {"spread": [f"G{k}" for k in range(40) if k % 39 in (0, 13, 26)]}
    found = score_pathways(table, spread, method="singscore", min_genes=4)
    assert_allclose(found["spread"], 0, atol=0.01)


def test_the_gsva_walk_is_what_its_definition_says():
    table = random_table(3)
    found = score_pathways(table, SETS, method="gsva")
    # Definition, with the exact normal distribution in the place of GSVA's table.
    width = table.std() / 4
    odds = pd.DataFrame(
        {g: [stats.norm.cdf((v - table[g]) / width[g]).mean() for v in table[g]] for g in table},
        index=table.index,
    )
    for sample in table.index:
        order = odds.loc[sample].sort_values(ascending=False, kind="stable").index
        weight = np.abs(np.arange(60, 0, -1) - 30)
        for name, genes in SETS.items():
            inside = order.isin(genes)
            walk = np.cumsum(inside * weight) / (inside * weight).sum()
            walk = walk - np.cumsum(~inside) / (~inside).sum()
            expected = max(walk.max(), 0) + min(walk.min(), 0)
            assert found.loc[sample, name] == pytest.approx(expected, abs=0.05)


def _least_gap(table: pd.DataFrame) -> float:
    """How near the odds of two genes come in a sample: GSVA's are sums from a coarse table."""
    normal = ndtr(10 * np.arange(10_001) / 10_000)
    genes = np.ascontiguousarray(table.to_numpy().T)
    odds = np.empty_like(genes)
    gaussian_left_tails(genes, normal, 10.0, odds)
    return float(np.diff(np.sort(odds, axis=0), axis=0).min())


@pytest.mark.parametrize("method", SCORERS.names())
@given(seed=st.integers(0, 2**16))
@settings(max_examples=8)
def test_scores_do_not_depend_on_the_order_of_genes_sets_or_samples(method, seed):
    rng = np.random.default_rng(seed)
    table = random_table(seed)
    if method == "gsva_poisson":
        table = pd.DataFrame(rng.poisson(rng.gamma(2, 30, 60), (8, 60))).add_prefix("G")
    if method == "gsva":  # two genes of one odds stand in the order of the table, as in R
        assume(_least_gap(table) > 1e-12)
    mixed = table.iloc[rng.permutation(8), rng.permutation(60)]
    turned = {name: SETS[name][::-1] for name in reversed(SETS)}
    ours = score_pathways(table, SETS, method=method)
    theirs = score_pathways(mixed, turned, method=method).loc[ours.index, ours.columns]
    assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("method", [s.name for s in SCORERS if s.single_sample])
def test_scores_of_single_samples_do_not_depend_on_the_cohort(method):
    table = random_table()
    whole = score_pathways(table, SETS, method=method)
    part = score_pathways(table.iloc[2:3], SETS, method=method)
    assert_allclose(part, whole.iloc[2:3], rtol=1e-9)


@pytest.mark.parametrize("method", [s.name for s in SCORERS if s.name != "gsva_poisson"])
def test_a_planted_pathway_is_higher_where_it_is_active(method):
    table = random_table(5, (20, 300))
    table.iloc[:10, :9] += 6
    scores = score_pathways(table, SETS, method=method)["first"]
    assert scores[:10].min() > scores[10:].max()


@pytest.mark.parametrize("name", SCORERS.names())
def test_every_score_has_a_complete_record(name):
    entry = SCORERS[name]
    assert entry.name == name
    assert entry.title
    assert entry.unit
    assert entry.meaning.endswith(".")
    assert entry.limits.endswith(".")
    assert entry.doi.startswith("10.")
    assert entry.takes


def test_missing_genes_and_former_names_are_reported():
    table = random_table().rename(columns={"G0": "FIGF", "G1": "KDR"})
    scores = score_pathways(table, {"VEGF": ["VEGFD", "KDR", "ABCX", "G2", "G3", "G4"]})
    record = scores.attrs["genes"]["VEGF"]
    assert record == {
        "used": 5,
        "missing": ["ABCX"],
        "removed": [],
        "renamed": {"VEGFD": "FIGF"},
    }
    notes = " ".join(scores.attrs["notes"])
    assert "5 of 6 genes; the table lacks ABCX" in notes
    assert "VEGFD is called FIGF" in notes
    assert scores.attrs["doi"] == "10.1371/journal.pcbi.1000217"
    assert history_of(scores)[-1].verb == "score_pathways"


def test_a_set_that_keeps_too_few_genes_is_refused_by_name_and_the_others_scored():
    table = random_table()
    with pytest.warns(DataWarning, match=r"1 of 3 .*few \(2 of 4 genes; missing X, Y\)"):
        scores = score_pathways(table, {**SETS, "few": ["G1", "G2", "X", "Y"]})
    assert list(scores) == list(SETS)
    with pytest.raises(InputError, match="genes look like G0, G1, G2.*same identifiers"):
        score_pathways(table, {"none": ["ENSG01", "ENSG02"]})


def test_shared_genes_are_removed_on_request_and_said():
    table = random_table()
    plain = score_pathways(table, SETS, method="mean")
    apart = score_pathways(table, SETS, method="mean", remove_shared=True, min_genes=3)
    own = [f"G{k}" for k in range(5)]
    assert_allclose(apart["first"], table[own].mean(axis=1))
    assert "first is scored without G5, G6, G7, G8" in " ".join(apart.attrs["notes"])
    assert not np.allclose(plain["first"], apart["first"])
    by_set = score_pathways(table, SETS, method="mean", remove=["first"])
    assert_allclose(by_set["first"], plain["first"])
    assert_allclose(by_set["second"], table[[f"G{k}" for k in range(9, 25)]].mean(axis=1))
    by_gene = score_pathways(table, SETS, method="mean", remove=["G5"])
    assert by_gene.attrs["genes"]["second"]["removed"] == ["G5"]
    with pytest.raises(InputError, match="VEGFF should be removed"):
        score_pathways(table, SETS, remove=["VEGFF"])


def test_constant_genes_are_left_out_where_they_have_no_z(logs, sets):
    with_constant = logs.assign(G0239=5.0)
    dropped = score_pathways(logs.drop(columns="G0239"), sets, method="gsva")
    found = score_pathways(with_constant, sets, method="gsva")
    assert_allclose(found, dropped, rtol=1e-9)
    assert "1 gene without variation left out (G0239)" in " ".join(found.attrs["notes"])


def test_counts_abundances_and_logs_go_where_they_belong(counts, sets):
    with pytest.raises(InputError, match="holds count values.*normalize_counts"):
        score_pathways(counts, sets, method="gsva")
    with pytest.raises(InputError, match="Poisson kernel takes count values.*gsva"):
        score_pathways(normalize_counts(counts), sets, method="gsva_poisson")
    with pytest.raises(InputError, match='TPM.*method="log2"'):
        score_pathways(counts.div(counts.sum(axis=1), axis=0) * 1e6, sets, method="mean")
    logs = normalize_counts(counts)
    assert score_pathways(logs, sets).attrs["unit"] == "combined z"
    assert len(score_pathways(counts, sets, method="singscore")) == 40


def test_gene_sets_come_from_a_file_or_from_the_package(logs, sets):
    path = REFERENCE / "rnaseq" / "sets.gmt"
    pd.testing.assert_frame_equal(score_pathways(logs, path), score_pathways(logs, sets))
    hypoxia = [*random_table(shape=(5, 36)).columns]
    names = ["VEGFA", "CA9", "KDR", "FLT1", "ADM", "LDHA", "PGK1", "TEK", "TIE1", "DLL4"]
    table = random_table(shape=(5, 36)).rename(columns=dict(zip(hypoxia, names, strict=False)))
    with pytest.warns(DataWarning, match="HALLMARK_ANGIOGENESIS"):
        scores = score_pathways(table)
    assert "CRISTESCU_ANGIOGENESIS_16" in scores


def test_weights_that_a_method_does_not_use_are_said(logs):
    weighted = {"one": {f"G{k:04d}": -1.0 for k in range(8)}}
    notes = score_pathways(logs, weighted, method="mean").attrs["notes"]
    assert "does not use the weights of 1 gene sets" in " ".join(notes)


@pytest.mark.parametrize(
    ("table", "sets", "method", "message"),
    [
        (random_table(), {"whole": [f"G{k}" for k in range(60)]}, "ssgsea", "holds all 60 genes"),
        (random_table(shape=(1, 60)), SETS, "zscore_lee", "needs 3 samples, the table has 1"),
        (random_table(), {"a": SETS["first"], "b": SETS["first"]}, "mlm", "follow from the others"),
        (random_table(), {}, "mean", "There are no gene sets"),
        (random_table() * 0 + 1.5, SETS, "ulm", "All genes of sample S0 have the same value"),
        (random_table(), {"twice": ["G1", "G1"]}, "mean", "names G1 twice"),
        (random_table(), {"text": "G1 G2"}, "mean", "no list of genes"),
        (random_table(), ["G1"], "mean", "Give a mapping"),
        (random_table(), SETS, "zscore", 'Did you mean "zscore_lee"'),
    ],
)
def test_what_cannot_be_scored_is_refused(table, sets, method, message):
    with pytest.raises(InputError, match=message):
        score_pathways(table, sets, method=method)


def test_gene_sets_check_what_they_hold():
    with pytest.raises(InputError, match='Two gene sets are called "A"'):
        GeneSets((GeneSet("A", ("X",)), GeneSet("A", ("Y",))))
    with pytest.raises(InputError, match="2 genes and 1 weights"):
        GeneSet("A", ("X", "Y"), (1.0,))
    with pytest.raises(InputError, match="weight of Y in gene set"):
        GeneSet("A", ("X", "Y"), (1.0, float("nan")))
    with pytest.raises(InputError, match='Did you mean "VEGF"'):
        _ = GeneSets((GeneSet("VEGF", ("X",)),))["VEGFA"]
