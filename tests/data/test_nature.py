"""What a matrix holds is told from its values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_radiogenomics.data.nature import nature_of, settle_nature
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.normalize import normalize_counts
from napari_radiogenomics.genomics.pathways import score_pathways
from napari_radiogenomics.io.expression import read_expression


def simulated(seed: int = 0, dispersion: float = 0.2, depth: float = 1.0, shape=(12, 400)):
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.normal(4, 1.6, shape[1])) * depth * rng.uniform(0.5, 2, (shape[0], 1))
    size = 1 / dispersion
    return rng.poisson(rng.gamma(size, mean / size)).astype(float)


@given(seed=st.integers(0, 2**16), depth=st.sampled_from([0.05, 1.0, 30.0]))
@settings(max_examples=20)
def test_counts_and_what_is_made_of_them_are_told_apart(seed, depth):
    counts = simulated(seed, depth=depth)
    cpm = counts / counts.sum(axis=1, keepdims=True) * 1e6
    logs = np.log2(counts + 1)
    lengths = np.random.default_rng(seed).uniform(0.5, 5, counts.shape[1])
    assert nature_of(counts).kind == "count"
    assert nature_of(cpm).kind == "TPM"
    assert nature_of(cpm / lengths).kind == "FPKM"
    assert nature_of(logs).kind == "log"
    assert nature_of(np.round(logs * 1.0 + 6)).kind == "log"
    assert nature_of(logs - logs.mean(axis=0)).kind == "z"


def test_negative_intensities_are_no_logarithms(real_data):
    """Counts with a mistaken sign, and an array after its background was subtracted."""
    counts = simulated()
    counts[0, 0] = -5
    assert nature_of(counts).kind == "intensity"
    table = read_expression(real_data("expression") / "Leukemia_hgu95av2.trim.gct")
    assert nature_of(table.to_numpy()).kind == "intensity"
    with pytest.raises(InputError, match="singscore"):
        score_pathways(table, {"S": list(table.columns[:20])})
    assert len(score_pathways(table, {"S": list(table.columns[:20])}, method="singscore")) == 48
    logs = np.log2(simulated() * 1e-9 + 1e-10)
    assert nature_of(logs).kind == "log"


@pytest.mark.parametrize("samples", [1, 2, 3, 10])
def test_few_and_small_counts_are_counts(samples):
    rng = np.random.default_rng(4)
    assert nature_of(rng.poisson(5, (samples, 400)).astype(float)).kind == "count"
    assert nature_of(rng.poisson(0.3, (samples, 400)).astype(float)).kind == "count"


def test_estimated_counts_are_not_taken_for_fpkm():
    counts = simulated()
    shared = counts.copy()
    shared[:, ::5] += 0.37
    assert nature_of(shared).kind == "expected count"


@pytest.mark.parametrize("dispersion", [0.05, 0.2, 0.5])
def test_the_overdispersion_is_that_of_the_simulation(dispersion):
    values = simulated(1, dispersion, shape=(200, 600))
    assert nature_of(values).overdispersion == pytest.approx(dispersion, rel=0.15)


def test_poisson_counts_have_slope_one_and_no_overdispersion():
    rng = np.random.default_rng(0)
    values = rng.poisson(np.exp(rng.uniform(1, 8, 500)), (200, 500)).astype(float)
    found = nature_of(values)
    assert found.slope == pytest.approx(1, abs=0.02)
    assert abs(found.overdispersion) < 0.01
    assert nature_of(simulated(shape=(100, 500))).slope > 1.5


def test_the_reason_and_the_library_sizes_are_told():
    values = simulated()
    found = nature_of(values)
    assert "whole number" in found.reason
    assert found.library_sizes == (
        values.sum(1).min(),
        np.median(values.sum(1)),
        values.sum(1).max(),
    )


def test_a_stated_kind_is_believed_where_it_is_possible():
    counts = simulated()
    found, notes = settle_nature(counts, "FPKM")
    assert found.kind == "FPKM"
    assert "look like count" in notes[0]
    assert settle_nature(counts, "counts")[1] == ()
    assert settle_nature(np.log2(counts + 1), "log2 CPM")[0].kind == "log"


@pytest.mark.parametrize(
    ("change", "stated", "message"),
    [
        (lambda c: c - 1e6, "count", "said to hold count values, but the smallest value is -"),
        (lambda c: c - 1e6, "TPM", "looks like intensity"),
        (lambda c: np.log2(c + 1), "count", "of the values have fractions"),
    ],
)
def test_an_impossible_statement_is_refused(change, stated, message):
    with pytest.raises(InputError, match=message):
        settle_nature(change(simulated()), stated)


@pytest.mark.parametrize("value", [-4.0, 2.5])
def test_a_refused_table_is_named_with_the_cell(value):
    counts = simulated(shape=(6, 40))
    counts[3, 7] = value
    table = pd.DataFrame(counts, [f"S{i}" for i in range(6)], [f"G{i}" for i in range(40)])
    table.attrs["source"] = "here/rna.csv"
    with pytest.raises(
        InputError, match=rf"^here/rna.csv is said .* {value:g} \(sample S3, gene G7"
    ):
        settle_nature(counts, "count", table=table)
    with pytest.raises(InputError, match=r"rna.csv .* \(sample S3, gene G7"):
        normalize_counts(table, nature="count")
