"""Normalizations against DESeq2 and edgeR, their properties, and what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics import normalize_counts
from napari_radiogenomics.genomics.normalization import NORMALIZATIONS
from napari_radiogenomics.genomics.normalize import filter_genes
from napari_radiogenomics.genomics.size_factors import median_of_ratios
from napari_radiogenomics.provenance import history_of


def factors(table: pd.DataFrame) -> list[float]:
    return list(table.attrs["size_factors"].values())


def test_size_factors_are_those_of_deseq2(counts, reference):
    table = normalize_counts(counts, method="median_of_ratios")
    expected = reference("rnaseq/ref_deseq2_sizefactors")["sizeFactor"]
    assert_allclose(factors(table), expected, rtol=1e-12)
    assert list(table.attrs["size_factors"]) == list(expected.index)
    assert_allclose(table, np.log2(counts.div(expected, axis=0) + 1), rtol=1e-12)


@pytest.mark.parametrize(
    ("method", "file"), [("tmm", "TMM"), ("rle", "RLE"), ("upper_quartile", "upperquartile")]
)
def test_factors_of_the_library_sizes_are_those_of_edger(counts, reference, method, file):
    expected = reference(f"rnaseq/ref_edger_normfactors_{file}")
    table = normalize_counts(counts, method=method, log=False)
    assert_allclose(factors(table), expected["norm.factors"], rtol=1e-12)
    assert list(table.attrs["library_sizes"].values()) == list(expected["lib.size"])
    effective = expected["lib.size"] * expected["norm.factors"]
    assert_allclose(table, counts.div(effective / 1e6, axis=0), rtol=1e-12)
    assert table.attrs["unit"] == "CPM"


def test_log_cpm_is_that_of_edger(counts, reference):
    expected = reference("rnaseq/ref_edger_logcpm_tmm").T
    table = normalize_counts(counts, method="tmm")
    assert_allclose(table, expected, rtol=1e-12)
    assert table.attrs["unit"] == "log2 CPM"
    assert list(table.index) == list(counts.index)


def test_the_variance_stabilizing_transformation_is_that_of_deseq2(counts, reference):
    table = normalize_counts(counts, method="vst")
    assert_allclose(table, reference("rnaseq/ref_deseq2_vst_blind").T, rtol=1e-9)


def test_the_prior_is_scaled_to_each_library():
    """With no read of a gene, samples of any depth get the same value."""
    counts = pd.DataFrame({"A": [0, 0, 0], "B": [100, 1000, 10_000]})
    column = normalize_counts(counts, method="log_cpm")["A"]
    assert np.ptp(column) < 1e-9
    low, high = (normalize_counts(counts, method="log_cpm", prior_count=p)["A"][0] for p in (1, 4))
    assert low < high


def test_clr_adds_up_to_zero_and_says_what_it_added(counts):
    table = normalize_counts(counts, method="clr")
    assert_allclose(table.sum(axis=1), 0, atol=1e-9)
    assert ("0.5 was added" in " ".join(table.attrs["notes"])) == bool((counts == 0).any().any())
    parts = pd.DataFrame({"A": [1.0, 2.0], "B": [2.0, 4.0], "C": [50.5, 101.0]})
    found = normalize_counts(parts, method="clr", nature="FPKM")
    assert_allclose(found.iloc[0], found.iloc[1])


def test_filtering_is_that_of_edger_by_hand():
    """Two groups of 3: at least 3 samples with 10 reads in the median library."""
    rng = np.random.default_rng(0)
    counts = pd.DataFrame(rng.poisson(1000, (6, 20)), columns=[f"G{k}" for k in range(20)])
    counts["in three"] = [30, 30, 30, 0, 0, 0]
    counts["in two"] = [60, 60, 0, 0, 0, 0]
    counts["few in all"] = [5, 5, 5, 5, 5, 5]
    groups = pd.Series(list("aaabbb"))
    kept = filter_genes(counts, groups=groups)
    assert "in three" in kept
    assert not {"in two", "few in all"} & set(kept)
    assert "in three" not in filter_genes(counts)
    assert "2 of 23 genes" in kept.attrs["notes"][-1]


def test_large_groups_need_part_of_their_samples_only():
    counts = pd.DataFrame({"A": [1000] * 20, "B": [50] * 17 + [0] * 3, "C": [50] * 16 + [0] * 4})
    assert list(filter_genes(counts)) == ["A", "B"]  # 10 + 0.7 * 10 = 17


@given(
    scale=st.lists(st.integers(1, 9), min_size=4, max_size=4),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=25)
def test_size_factors_follow_the_depth(scale, seed):
    """Samples that are multiples of one another have factors in the same ratio."""
    base = np.random.default_rng(seed).poisson(60, 50) + 1.0
    found = median_of_ratios(np.outer(scale, base))
    assert_allclose(found / found[0], np.array(scale) / scale[0], rtol=1e-9)


@given(seed=st.integers(0, 2**16), depth=st.integers(2, 20))
@settings(max_examples=15)
def test_no_method_depends_on_the_order_of_genes_or_samples(seed, depth):
    rng = np.random.default_rng(seed)
    values = rng.poisson(rng.gamma(2, 40, 30), (6, 30)) + 1
    values[1] *= depth
    counts = pd.DataFrame(values).add_prefix("G").rename(index="S{}".format)
    mixed = counts.iloc[rng.permutation(6), rng.permutation(30)]
    for entry in NORMALIZATIONS:
        if "count" in entry.takes:
            ours = normalize_counts(counts, method=entry.name)
            theirs = normalize_counts(mixed, method=entry.name).loc[ours.index, ours.columns]
            assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9, err_msg=entry.name)


@pytest.mark.parametrize("name", NORMALIZATIONS.names())
def test_every_normalization_has_a_complete_record(name):
    entry = NORMALIZATIONS[name]
    assert entry.name == name
    assert entry.title
    assert entry.meaning.endswith(".")
    assert entry.limits.endswith(".")
    assert entry.doi.startswith("10.")
    assert entry.takes


def test_a_result_carries_its_history_and_leaves_the_input_alone(counts):
    before = counts.copy()
    table = normalize_counts(filter_genes(counts), method="vst")
    assert [record.verb for record in history_of(table)] == ["filter_genes", "normalize_counts"]
    assert history_of(table)[-1].settings["method"] == "vst"
    pd.testing.assert_frame_equal(counts, before)
    assert not counts.attrs


BAD = {
    "negative": (lambda c: -c, "the smallest value is -.* no count or abundance is negative"),
    "log": (lambda c: np.log2(c + 1), "holds log values .*normalized already"),
    "z": (lambda c: (c - c.mean()) / c.std(), "holds z values"),
    "TPM": (lambda c: c.div(c.sum(axis=1), axis=0) * 1e6, 'TPM.*method="log2"'),
    "FPKM": (lambda c: c * 1.37 + 0.1, "FPKM"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("method", ["tmm", "vst", "median_of_ratios"])
def test_what_is_no_count_is_refused_with_fact_and_remedy(counts, kind, method):
    change, message = BAD[kind]
    with pytest.raises(InputError, match=message):
        normalize_counts(change(counts), method=method)


def test_counts_are_refused_where_relative_abundance_is_wanted(counts):
    with pytest.raises(InputError, match='holds count values.*Use method="tmm"'):
        normalize_counts(counts, method="log2")
    tpm = counts.div(counts.sum(axis=1), axis=0) * 1e6
    assert_allclose(normalize_counts(tpm, method="log2"), np.log2(tpm + 1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.rename(columns={"G0001": "G0000"}), "1 gene occurs more than once: G0000"),
        (lambda c: c.rename(index={"P001": "P000"}), "1 sample occurs more than once: P000"),
        (lambda c: c.astype(float).replace(c.iloc[0, 0], np.nan), "missing or not finite.*P000"),
        (lambda c: c.assign(site="A"), 'hold text, the first is "site"'),
        (lambda c: c.iloc[:0], "0 samples"),
        (lambda c: c * np.r_[0, np.ones(39, int)][:, None], "no reads at all: P000"),
        (lambda c: c.to_numpy(), "not a table"),
    ],
)
def test_broken_tables_are_refused_with_the_place(counts, change, message):
    with pytest.raises(InputError, match=message):
        normalize_counts(change(counts))


def test_settings_that_make_no_sense_are_refused(counts):
    with pytest.raises(InputError, match='Did you mean "tmm"'):
        normalize_counts(counts, method="tmn")
    with pytest.raises(InputError, match="prior_count is a number, 0 or more"):
        normalize_counts(counts, prior_count=-1)
    with pytest.raises(InputError, match="takes no prior"):
        normalize_counts(counts, method="vst", prior_count=1)
    sparse = pd.DataFrame(np.eye(5, dtype=int) * 40)
    with pytest.raises(InputError, match="None of the 5 genes has reads in all 5 samples"):
        normalize_counts(sparse, method="median_of_ratios")
    with pytest.raises(InputError, match="None of the 5 genes reaches"):
        filter_genes(sparse)
