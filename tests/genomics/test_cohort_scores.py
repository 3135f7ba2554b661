"""Scores of a cohort: the right scale, the unit said, the planted link found, bad input named."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from napari_radiogenomics import link_cohort, open_cohort, region_scores, score_cohort
from napari_radiogenomics.cli import main
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.link import Links
from napari_radiogenomics.data.region_scores import paint, paint_points
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_matrix import comparable, normalized_expression
from napari_radiogenomics.genomics.cohort_scores import cohort_pathways, has_genes, score_names
from napari_radiogenomics.io.cohort_genes import cohort_gene_sets
from napari_radiogenomics.io.cohort_variants import WILDTYPE, mutation_table
from napari_radiogenomics.provenance import history_of
from napari_radiogenomics.simulate.sample import sample_cohort


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return open_cohort(sample_cohort())


@pytest.fixture(scope="module")
def links(cohort) -> Links:
    return link_cohort(cohort)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Cohort]:
    """Cohort of bulk samples P0, P1, … with one expression table."""

    def build(genes: dict[str, list[object]], unit: str = "count", **files: str) -> Cohort:
        n = len(next(iter(genes.values())))
        names = [f"P{i}" for i in range(n)]
        table = pd.DataFrame(genes, index=pd.Index(names, name="sample_id"))
        table.to_csv(tmp_path / "rna.csv")
        rows = "\n".join(f"{name},{name},bulk,tumour" for name in names)
        toml = f'format = 1\nname = "T"\n[[expression]]\npath = "rna.csv"\nunit = "{unit}"\n'
        given = {
            "cohort.toml": toml, "scans.csv": "scan_id,patient_id,path\n",
            "patients.csv": "patient_id\n" + "\n".join(names),
            "samples.csv": f"sample_id,patient_id,kind,precision\n{rows}\n", **files,
        }  # fmt: skip
        for name, text in given.items():
            (tmp_path / name).write_text(text)
        return open_cohort(tmp_path)

    return build


# ---------------------------------------------------------------- the sample cohort


def test_a_gene_of_counts_is_log2_cpm_with_its_unit(cohort):
    scores = score_cohort(cohort, "CA9")
    counts = pd.read_csv(cohort.root / "expression.csv.gz", index_col="sample_id")
    library = counts.sum(axis=1)
    prior = 2 * library / library.mean()
    by_hand = np.log2((counts["CA9"] + prior) / (library + 2 * prior) * 1e6)
    assert_allclose(scores["value"], by_hand[scores.index])
    assert scores.attrs["unit"] == "log2 CPM"
    assert scores.attrs["kind"] == "gene"
    assert scores.attrs["title"] == "CA9 (log2 CPM)"
    assert scores.loc["P001-b1", ["patient_id", "precision"]].tolist() == ["P001", "point"]
    assert history_of(scores)[-1].settings["method"] == "zscore_lee"


def test_a_pathway_is_scored_over_the_cohort_and_names_its_genes(cohort):
    scores = score_cohort(cohort, "BUFFA_HYPOXIA", method="mean")
    matrix = normalized_expression(cohort)
    genes = (cohort.root / "gene_sets.gmt").read_text().splitlines()[0].split("\t")[2:]
    assert_allclose(scores["value"], matrix[genes].mean(axis=1))
    assert scores.attrs["unit"] == "mean of log2 CPM"
    assert scores.attrs["genes"]["used"] == 51
    without = score_cohort(cohort, "BUFFA_HYPOXIA", method="mean", remove=["VEGFA", "CA9"])
    assert without.attrs["genes"]["removed"] == ["CA9", "VEGFA"]
    assert any("removed as asked" in note for note in without.attrs["notes"])


def test_the_planted_biopsies_are_linked_with_their_regions(links, cohort):
    """Every biopsy of the core lies in the necrotic core, every one of the rim in the rest."""
    table = links.table[links.table["counts"]].set_index("sample_id")
    structure = cohort.samples["structure"]
    regions = {"core": "necrotic core", "rim": "viable tumor", "tumor": "whole tumor"}
    expected = structure.map(regions)
    assert table["region"].to_dict() == expected.to_dict()
    assert set(table.loc[structure == "tumor", "precision"]) == {"tumour"}
    assert (table.loc[structure != "tumor", "how"] == "coordinates").all()
    assert links.flips == {}
    assert len(cohort.samples) == 66


@pytest.mark.parametrize("name", ["BUFFA_HYPOXIA", "HALLMARK_E2F_TARGETS"])
def test_the_planted_link_of_habitat_and_pathway_is_recovered(cohort, links, name):
    """Core minus rim in each patient: the mean and its 95 % interval cover the planted size.

    The size was planted as mean log2(CPM + 1); the median library here makes that of edgeR's
    prior, which shrinks small counts, differ by less than the tolerance.
    """
    truth = json.loads((cohort.root / "truth.json").read_text())
    story = next(one for one in truth["stories"] if one["id"] == "habitat_pathways")
    table = region_scores(links, score_cohort(cohort, name, method="mean"))
    wide = table[table["n"] > 0].pivot_table(index="patient_id", columns="region", values="score")
    change = (wide["necrotic core"] - wide["viable tumor"]).dropna()
    assert len(change) == 12
    low, high = stats.t.interval(0.95, 11, change.mean(), stats.sem(change))
    assert low < story["size"][name] < high
    assert not low < 0 < high
    assert change.mean() == pytest.approx(story["size"][name], abs=story["tolerance"][name])


def test_a_control_set_shows_no_link(cohort, links):
    scores = score_cohort(cohort, "HOUSEKEEPING", method="mean")
    wide = region_scores(links, scores).pivot_table(
        index="patient_id", columns="region", values="score"
    )
    change = (wide["necrotic core"] - wide["viable tumor"]).dropna()
    assert abs(change.mean()) < 0.15


def test_bulk_samples_color_only_the_whole_tumor(cohort, links):
    scores = score_cohort(cohort, "VEGFA")
    bulk = scores[cohort.samples.loc[scores.index, "kind"] == "bulk"]
    bulk.attrs = scores.attrs
    table = region_scores(links, bulk)
    own = table[(table["patient_id"] == "P001")]
    painted = paint(own)
    assert painted["value"].nunique() == 1
    assert set(painted["precision"]) == {"tumour"}
    assert painted["value"].iloc[0] == pytest.approx(scores.loc["P001-bulk", "value"])
    assert not len(paint_points(links, bulk))
    with pytest.raises(InputError, match="No region has samples of its own"):
        paint(own, claim="region")
    assert len(paint_points(links, scores)) == 54


def test_all_pathways_of_a_region_stand_beside_the_cohort(cohort, links):
    scores = cohort_pathways(cohort, gene_sets="programs", method="mean")
    table = region_scores(links, scores)
    one = region_scores(links, score_cohort(cohort, "BUFFA_HYPOXIA", method="mean"))
    same = table[table["name"] == "BUFFA_HYPOXIA"].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, one)
    assert scores.attrs["unit"] == "mean of log2 CPM"
    assert set(table["name"]) == set(scores)


def test_mutations_are_of_the_tumor(cohort, links):
    scores = score_cohort(cohort, "EGFR", kind="mutation")
    wide = mutation_table(cohort)["EGFR"]
    assert scores["value"].tolist() == [
        float(wide[patient] != WILDTYPE) for patient in scores["patient_id"]
    ]
    assert set(scores["precision"]) == {"tumour"}
    assert scores.loc["P001-b1", "text"] == "missense"
    table = region_scores(links, scores)
    assert table.loc[table["region"] == "whole tumor", "n"].gt(0).all()
    assert (table.loc[table["region"] != "whole tumor", "n"] == 0).all()


def test_a_mutation_speaks_for_a_patient_without_samples(cohort):
    alone = replace(cohort, expression=(), variants=(), samples=cohort.samples.iloc[:0])
    clinical = cohort.patients.assign(ROS1="Wildtype")
    clinical.loc["P002", "ROS1"] = "fusion"
    alone = replace(alone, patients=clinical)
    scores = score_cohort(alone, "ROS1")
    assert has_genes(alone)
    assert not has_genes(replace(alone, patients=cohort.patients.iloc[:, :0]))
    assert list(scores.index) == list(clinical.index)
    assert scores["value"].sum() == scores.loc["P002", "value"] == 1
    assert set(scores["precision"]) == {"patient"}
    some = replace(cohort, patients=clinical, samples=cohort.samples.loc[["P001-bulk"]])
    mixed = score_cohort(some, "ROS1", kind="mutation")
    assert mixed.loc["P001-bulk", "precision"] == "tumour"
    assert sorted(mixed["patient_id"]) == sorted(clinical.index)


def test_names_are_told_apart_and_completed(cohort):
    names = score_names(cohort)
    assert {"CA9", "VEGFA"} <= set(names["gene"])
    assert names["mutation"] == ["EGFR", "IDH1", "KRAS", "TP53"]
    assert "BUFFA_HYPOXIA" in names["pathway"]
    assert score_cohort(cohort, "HALLMARK_HYPOXIA").attrs["kind"] == "pathway"
    assert score_cohort(cohort, "IDH1").attrs["kind"] in ("gene", "mutation")
    with pytest.raises(InputError, match='called "vegfx". Did you mean "VEGF'):
        score_cohort(cohort, "vegfx")
    with pytest.raises(InputError, match='no mutation called "CA9"'):
        score_cohort(cohort, "CA9", kind="mutation")
    with pytest.raises(InputError, match='no gene set called "HALLMARK_HYPOXIAS"'):
        score_cohort(cohort, "HALLMARK_HYPOXIAS", kind="pathway")


def test_former_names_of_genes_find_them(make):
    scores = score_cohort(make({"CTSV": [1.5, 2.5, 3.0], "B": [1.5, 2.5, 3.5]}, "log"), "CTSL2")
    assert scores["value"].tolist() == [1.5, 2.5, 3.0]
    assert "CTSL2 is called CTSV in the table." in scores.attrs["notes"]


def test_standardized_scores_are_z_of_the_cohort(cohort):
    plain, z = score_cohort(cohort, "CA9"), score_cohort(cohort, "CA9", standardize=True)
    assert_allclose(z["value"], stats.zscore(plain["value"], ddof=1))
    assert z.attrs["unit"] == "z"
    assert z.attrs["notes"][-1] == "z over 66 samples of the cohort, of log2 CPM."


# ---------------------------------------------------------------- units


@pytest.mark.parametrize(
    ("unit", "values", "expected", "said"),
    [
        ("TPM", [3.0, 7.0, 0.0], [2, 3, 0], "log2 (TPM + 1)"),
        ("FPKM", [3.0, 7.0, 0.0], [2, 3, 0], "log2 (FPKM + 1)"),
        ("CPM", [3.0, 7.0, 0.0], [2, 3, 0], "log2 (CPM + 1)"),
        ("log2 TPM", [3.5, -1.0, 0.0], [3.5, -1, 0], "log2 TPM"),
        ("z", [0.5, -0.5, 0.0], [0.5, -0.5, 0], "z"),
        ("ISH expression energy", [3.0, 7.0, 0.5], [3, 7, 0.5], "ISH expression energy"),
        ("", [3.5, 7.25, 0.0], [3.5, 7.25, 0], "log"),
    ],
)
def test_each_unit_gets_its_own_treatment_and_says_so(unit, values, expected, said):
    table = pd.DataFrame({"VEGFA": values, "CA9": [1.5, 2.5, 0.5]})
    table.attrs["unit"] = unit
    result = comparable(table)
    assert_allclose(result["VEGFA"], expected)
    assert result.attrs["unit"] == said


def test_blank_cells_stay_missing_and_their_genes_leave_the_pathway(make):
    genes: dict[str, list[object]] = {f"G{i}": [1.0, 3.0 + i, 5.0, 7.0] for i in range(6)}
    sets = "SET\tna\t" + "\t".join(genes) + "\n"
    toml = (
        'format = 1\nname = "T"\n[[expression]]\npath = "rna.csv"\nunit = "FPKM"\n'
        '[[gene_sets]]\npath = "s.gmt"\n'
    )
    genes["G5"][1] = None
    genes["H"] = [9.0, 1.0, 4.0, 2.0]
    cohort = make(genes, "FPKM", **{"s.gmt": sets, "cohort.toml": toml})
    gene = score_cohort(cohort, "G5")
    assert np.isnan(gene.loc["P1", "value"])
    assert gene.loc["P0", "value"] == 1.0
    scores = score_cohort(cohort, "SET", method="mean")
    assert scores.attrs["genes"]["missing"] == ["G5"]
    assert "1 gene with blank cells left out of the scoring." in scores.attrs["notes"]


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("genes", "unit", "message"),
    [
        ({"A": [1, -2, 3], "B": [4, 5, 6]}, "count", "said to hold count values, but the smallest"),
        ({"A": [1.5, 2.25, 3], "B": [4.5, 5, 6]}, "count", "of the values have fractions"),
        ({"A": [1, -2, 3], "B": [4, 5, 6]}, "TPM", "said to hold TPM values, but the smallest"),
        ({"A": [0, 2, 3], "B": [0, 5, 6]}, "count", "1 samples have no reads at all: P0"),
    ],
)
def test_values_that_are_not_what_they_are_said_to_be_are_refused(make, genes, unit, message):
    with pytest.raises(InputError, match=message):
        score_cohort(make(genes, unit), "A")


def test_sets_that_keep_too_few_genes_are_refused_by_name(make):
    toml = (
        'format = 1\nname = "T"\n[[expression]]\npath = "rna.csv"\nunit = "log"\n'
        '[[gene_sets]]\npath = "s.gmt"\n'
    )
    rng = np.random.default_rng(0)
    genes = {f"G{i}": rng.normal(8, 1, 5).tolist() for i in range(20)}
    cohort = make(genes, "log", **{"s.gmt": "SET\tna\tG1\tG2\tX1\tX2\tX3\n", "cohort.toml": toml})
    with pytest.raises(InputError, match=r"SET \(2 of 5 genes; missing X1, X2, X3\)"):
        score_cohort(cohort, "SET")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert score_cohort(cohort, "SET", min_genes=2).attrs["genes"]["used"] == 2


def test_a_constant_gene_has_no_z(make):
    cohort = make({"A": [5.5, 5.5, 5.5], "B": [1.5, 2.5, 3.5]}, "log")
    with pytest.raises(InputError, match="all 3 samples are the same"):
        score_cohort(cohort, "A", standardize=True)


# ---------------------------------------------------------------- the Ivy atlas


def test_hypoxia_of_the_real_ivy_atlas_lies_around_necrosis(real_data):
    """Averaged per tumour: CA9 higher in CTpan than CT in 12 of 13, VEGFA 6 of 6, HIF1A lower."""
    cohort = open_cohort(real_data("ivygap"))
    facts = cohort.samples

    def ratio(gene: str) -> pd.Series:
        scores = score_cohort(cohort, gene)
        assert scores.attrs["unit"] == "ISH expression energy"
        frame = facts.assign(value=scores["value"])
        wide = frame.pivot(index="tumor", columns="structure", values="value")
        wide = wide[["CT", "CTpan"]].dropna()
        return wide["CTpan"] / wide["CT"]

    assert ((ratio("CA9") > 1).sum(), len(ratio("CA9"))) == (12, 13)
    assert ((ratio("VEGFA") > 1).sum(), len(ratio("VEGFA"))) == (6, 6)
    assert (ratio("HIF1A") > 1).sum() < len(ratio("HIF1A")) / 2


def test_a_tumour_of_the_ivy_atlas_is_shown_by_structure_name(real_data):
    cohort = open_cohort(real_data("ivygap"))
    links = link_cohort(cohort, patients=["W10"])
    assert set(links.table["how"]) == {"structure name"}
    table = region_scores(links, score_cohort(cohort, "CA9")).set_index("region")
    assert table.loc["necrotic", "score"] > table.loc["enhancing", "score"]
    assert table.loc["necrotic", "precision"] == "region"
    assert table.loc["whole tumor", "how"] == "mean of the samples of its regions"


def test_a_faulty_gmt_keeps_genes_and_curated_sets(make):
    """Its name, row and remedy are a note; asked for by its id it is refused."""
    genes = {"VEGFA": [9, 1, 4], "CA9": [9, 8, 7], "ADM": [1, 2, 9]}
    toml = (
        'format = 1\nname = "T"\n[[expression]]\npath = "rna.csv"\nunit = "count"\n'
        '[[gene_sets]]\nid = "mine"\npath = "gene_sets.gmt"\n'
    )
    bad = make(genes, **{"cohort.toml": toml, "gene_sets.gmt": "BAD na CA9 VEGFA\n"})
    assert score_names(bad)["gene"] == ["ADM", "CA9", "VEGFA"]
    assert "BUFFA_HYPOXIA_51" in score_names(bad)["pathway"]
    assert score_cohort(bad, "CA9")["value"].notna().all()
    (fault,) = cohort_gene_sets(bad).left_out
    for part in ("gene_sets.gmt, row 1", "no tabs", "Export it again", "left out"):
        assert part in fault
    with pytest.raises(InputError, match=r"called \"BAD\".*gene_sets.gmt, row 1"):
        score_cohort(bad, "BAD")
    with pytest.raises(InputError, match="no tabs"):
        cohort_gene_sets(bad, gene_sets="mine")


def test_the_rule_for_blank_cells_is_set_in_python_in_the_file_and_on_the_command_line(
    make, capsys
):
    genes = {f"G{i}": [2.0 + i, None if i % 2 else 5.0, 9.0 - i] for i in range(6)}
    genes |= {f"G{i}": [None, 1.0 + i, 2.0] for i in range(0, 6, 2)}
    files = {"sets.gmt": "SET\tna\t" + "\t".join(genes) + "\n"}
    toml = (
        'format = 1\nname = "T"\n[[expression]]\npath = "rna.csv"\nunit = "FPKM"\n{}'
        '[[gene_sets]]\npath = "sets.gmt"\n'
    )
    cohort = make(genes, **files, **{"cohort.toml": toml.format("")})
    with pytest.raises(InputError, match=r'6 genes has a blank.*--blanks zero.*blanks = "zero"'):
        score_cohort(cohort, "SET", method="mean")
    zero = score_cohort(cohort, "SET", method="mean", blanks="zero")
    by_hand = np.log2(pd.DataFrame(genes).fillna(0.0) + 1).mean(axis=1)
    assert_allclose(zero["value"], by_hand)
    assert "read as 0" in " ".join(zero.attrs["notes"])
    assert main(["scores", str(cohort.root), "SET", "--method", "mean", "--blanks", "zero"]) == 0
    assert f"{by_hand[0]:.4g}" in capsys.readouterr().out
    stated = make(genes, **files, **{"cohort.toml": toml.format('blanks = "zero"\n')})
    assert_allclose(score_cohort(stated, "SET", method="mean")["value"], by_hand)
    assert score_cohort(stated, "G1", blanks="keep")["value"].isna().sum() == 1
    wrong = make(genes, **files, **{"cohort.toml": toml.format('blanks = "zeros"\n')})
    assert any('Did you mean "zero"?' in problem.remedy for problem in wrong.problems)
