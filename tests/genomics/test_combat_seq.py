"""ComBat-seq against sva, a planted batch effect, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.combat_seq import combat_seq
from napari_radiogenomics.genomics.levenberg import fit_levenberg
from napari_radiogenomics.genomics.nb_glm import fit_glm, gene_dispersions


def test_counts_are_those_of_sva(counts, reference):
    """Every one of 20,000: the fits stop where edgeR's do, else 6 would fall beside an edge."""
    meta = reference("rnaseq/meta")
    found = combat_seq(counts, meta["site"], meta[["feat"]])
    expected = reference("rnaseq/ref_sva_combatseq").T
    np.testing.assert_array_equal(found.to_numpy(), expected.to_numpy())
    assert found.attrs["unit"] == "count"


def test_a_planted_batch_effect_is_gone_and_the_rest_stays():
    rng = np.random.default_rng(2)
    mean = np.exp(rng.normal(5, 0.8, 150))
    shift = np.exp(rng.normal(0, 0.8, 150))
    sick = np.tile([0, 1], 12)
    mu = mean * np.exp(np.outer(sick, np.r_[np.full(30, 1.0), np.zeros(120)]))
    mu[12:] *= shift
    counts = pd.DataFrame(rng.poisson(rng.gamma(10, mu / 10))).add_prefix("G")
    batch = pd.Series(["a"] * 12 + ["b"] * 12)
    group = pd.DataFrame({"group": np.where(sick, "sick", "well")})
    clean = combat_seq(counts, batch, group)

    def gap(table, rows):
        logs = np.log(table.to_numpy() + 0.5)
        return logs[rows].mean(axis=0) - logs[~rows].mean(axis=0)

    late = np.arange(24) >= 12
    assert np.std(gap(clean, late)) < 0.2 * np.std(gap(counts, late))
    effect = gap(clean, sick == 1)
    assert effect[:30].mean() - effect[30:].mean() == pytest.approx(1.0, abs=0.15)
    assert (clean.dtypes == np.int64).all()
    assert (clean >= 0).all().all()


def test_genes_without_reads_in_a_batch_stay_as_they_were():
    rng = np.random.default_rng(0)
    counts = pd.DataFrame(rng.poisson(40, (8, 12))).add_prefix("G")
    counts.loc[:3, "G3"] = 0
    found = combat_seq(counts, pd.Series(list("aaaabbbb")))
    assert (found["G3"] == counts["G3"]).all()
    assert "1 genes without a read" in found.attrs["notes"][-1]


def test_a_fit_without_overdispersion_is_a_poisson_regression():
    """With one group the fitted rate is the total over the total library."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(30, (6, 10)).astype(float)
    library = rng.uniform(0.5, 2, 6)
    beta, mu = fit_glm(counts, np.ones((6, 1)), np.array(1e-10), np.log(library)[:, None])
    np.testing.assert_allclose(np.exp(beta[0]), counts.sum(axis=0) / library.sum(), rtol=1e-7)
    np.testing.assert_allclose(mu, np.outer(library, np.exp(beta[0])), rtol=1e-9)


def test_a_fit_that_stops_early_is_near_the_optimum():
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(12), np.arange(12) % 2, rng.normal(size=12)])
    counts = rng.poisson(rng.gamma(5, 20, (12, 40))).astype(float)
    phi, offset = np.array(0.2), np.log(rng.uniform(0.5, 2, 12))[:, None]
    exact, _ = fit_glm(counts, design, phi, offset)
    early, mu = fit_levenberg(counts, design, phi, offset)
    gap = np.abs(early - exact).max()
    assert 1e-12 < gap < 1e-3
    np.testing.assert_allclose(mu, np.exp(design @ early + offset))


def test_dispersions_of_genes_are_near_the_simulated_ones():
    rng = np.random.default_rng(1)
    size = 1 / 0.3
    counts = rng.poisson(rng.gamma(size, 200 / size, (60, 80))).astype(float)
    found = gene_dispersions(counts, np.ones((60, 1)), 0.2)
    assert np.median(found) == pytest.approx(0.3, rel=0.1)


def table(n=8) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).poisson(40, (n, 12))).add_prefix("G")


@pytest.mark.parametrize(
    ("batch", "covariates", "message"),
    [
        (list("aaaaaaaa"), None, "There is one batch"),
        (list("aaaaaaab"), None, "Batch b has 1 sample"),
        (
            ["a", "a", "a", "a", "b", "b", "b", None],
            None,
            "1 samples have no batch, the first is 7",
        ),
        (list("aaaabbbb"), {"x": [0, 0, 0, 0, 1, 1, 1, 1]}, "follows from the batches"),
        (list("aaaabbbb"), {"x": [0, 1, 0, np.nan, 1, 1, 1, 1]}, "have no x, the first is 3"),
    ],
)
def test_batches_that_cannot_be_told_apart_are_refused(batch, covariates, message):
    frame = None if covariates is None else pd.DataFrame(covariates)
    with pytest.raises(InputError, match=message):
        combat_seq(table(), pd.Series(batch), frame)


def test_log_values_are_refused():
    with pytest.raises(InputError, match="ComBat-seq takes count values. Use ComBat on log"):
        combat_seq(np.log2(table() + 1), pd.Series(list("aaaabbbb")))
