"""Gene sets in files: GMT, JSON, tables of weights; broken ones with row and remedy."""

from __future__ import annotations

import json

import pytest

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.gene_sets import (
    curated_gene_sets,
    read_gene_sets,
    write_gene_sets,
)


@pytest.fixture
def write(tmp_path):
    def make(text: str, name: str = "sets.gmt"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


def test_gmt_with_blank_lines_spaces_and_repeats_is_read_and_said(write):
    path = write(
        "\nHYPOXIA\thttps://x\tVEGFA \t CA9\tVEGFA\t\t\n\n  \nVEGF\tna\tKDR\tFLT1\r\nEMPTY\tna\t\n"
    )
    sets = read_gene_sets(path)
    assert {name: sets[name].genes for name in sets} == {
        "HYPOXIA": ("VEGFA", "CA9"),
        "VEGF": ("KDR", "FLT1"),
    }
    assert (sets["HYPOXIA"].source, sets["VEGF"].source) == ("https://x", "")
    notes = " ".join(sets.notes)
    assert "3 blank lines" in notes
    assert "1 repeated gene counts once" in notes
    assert "row 6: gene set EMPTY has no genes" in notes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("HYPOXIA na VEGFA CA9\n", "has no tabs"),
        ("A\tna\tVEGFA CA9 ADM\n", r'row 1 \(A\): "VEGFA CA9 ADM" is no gene name'),
        ("A\tna\tX\n\nA\tna\tY\n", '"A" is already on row 1'),
        ("A\tna\tX\n\tna\tY\n", "row 2: the gene set has no name"),
        ("A\tna\t\n", "holds no gene set"),
        ("", "is empty"),
    ],
)
def test_a_broken_gmt_is_refused_with_its_row(write, text, message):
    with pytest.raises(InputError, match=message):
        read_gene_sets(write(text))


def test_faulty_rows_are_left_out_on_request_and_named(write):
    path = write("A\tna\tX\nBAD na CA9 VEGFA\n\nA\tna\tY\nB\tna\tX Y\nC\tna\tY\n")
    sets = read_gene_sets(path, faulty="leave_out")
    assert list(sets) == ["A", "C"]
    assert [fault.partition(", row ")[2][0] for fault in sets.left_out] == ["2", "4", "5"]
    assert all(fault.startswith(str(path)) for fault in sets.left_out)
    assert '"BAD na CA9 VEGFA" has no tabs' in sets.left_out[0]
    assert "Write tabs" in sets.left_out[0]
    assert set(sets.left_out) < set(sets.notes)
    with pytest.raises(InputError, match="row 2"):
        read_gene_sets(path)


def test_json_of_msigdb_plain_and_with_weights(write):
    text = json.dumps(
        {
            "MSIG": {"geneSymbols": ["A", "B"], "exactSource": "doi:1"},
            "PLAIN": ["C", "D", "C"],
            "WEIGHTED": {"E": 1.5, "F": -2},
        }
    )
    sets = read_gene_sets(write(text, "sets.json"))
    assert sets["MSIG"].genes == ("A", "B")
    assert sets["MSIG"].source == "doi:1"
    assert sets["PLAIN"].genes == ("C", "D")
    assert sets["WEIGHTED"].weights == (1.5, -2.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no valid JSON"),
        ('["A"]', "JSON list"),
        ('{"A": "B"}', "no list of gene names"),
        ('{"A": {"B": "high"}}', "no number"),
    ],
)
def test_broken_json_is_refused(write, text, message):
    with pytest.raises(InputError, match=message):
        read_gene_sets(write(text, "sets.json"))


def test_tables_of_weights(write):
    net = read_gene_sets(write("source,target,mor\nP,A,1.5\nP,B,-2\nQ,A,1\n", "net.csv"))
    assert net["P"].genes == ("A", "B")
    assert net["P"].weights == (1.5, -2.0)
    wide = read_gene_sets(write('"","EGFR","WNT"\n"A",0,2.5\n"B",-1,0\n"C",3,1e-3\n', "w.csv"))
    assert wide["EGFR"].genes == ("B", "C")
    assert wide["WNT"].weights == (2.5, 0.001)
    assert read_gene_sets(write("source\ttarget\nP\tA\n", "n.tsv"))["P"].weights == ()
    with pytest.raises(InputError, match='weight of B in P is "high"'):
        read_gene_sets(write("source,target,weight\nP,A,1\nP,B,high\n", "bad.csv"))
    with pytest.raises(InputError, match="A occurs twice in P"):
        read_gene_sets(write("source,target,weight\nP,A,1\nP,A,2\n", "bad.csv"))


@pytest.mark.parametrize("name", ["mine.gmt", "mine.json"])
def test_what_is_written_is_read_again(tmp_path, name):
    sets = curated_gene_sets()
    path = write_gene_sets(sets, tmp_path / name)
    again = read_gene_sets(path)
    assert again.sets == sets.sets


def test_weights_survive_json_and_are_refused_in_gmt(tmp_path):
    weighted = {"P": {"A": 1.25, "B": -2.0}}
    assert read_gene_sets(write_gene_sets(weighted, tmp_path / "w.json"))["P"].weights == (1.25, -2)
    with pytest.raises(InputError, match="GMT has no place for weights, and P"):
        write_gene_sets(weighted, tmp_path / "w.gmt")
    with pytest.raises(InputError, match=r"must end with \.gmt or \.json"):
        write_gene_sets(weighted, tmp_path / "w.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["w.json"]


def test_the_curated_sets_are_those_of_their_sources():
    sets = curated_gene_sets()
    sizes = {name: len(sets[name]) for name in sets}
    assert sizes == {
        "BUFFA_HYPOXIA_51": 51,
        "BUFFA_HYPOXIA_15": 15,
        "CRISTESCU_ANGIOGENESIS_16": 16,
        "VEGF_LIGAND_RECEPTOR_10": 10,
        "HALLMARK_HYPOXIA": 200,
        "HALLMARK_ANGIOGENESIS": 36,
    }
    assert all(sets[name].source for name in sets)
    assert set(sets["BUFFA_HYPOXIA_15"].genes) < set(sets["BUFFA_HYPOXIA_51"].genes)
    assert {"VEGFA", "CA9", "SLC2A1"} < set(sets["BUFFA_HYPOXIA_51"].genes)
    assert not {"KDR", "FLT1", "PECAM1", "CD34"} & set(sets["HALLMARK_ANGIOGENESIS"].genes)
    assert "VEGFA" in sets.shared()


def test_the_hallmark_collection_is_read(real_data):
    sets = read_gene_sets(real_data("gene_sets/h.all.v7.0.symbols.gmt"))
    assert len(sets) == 50
    assert len(sets["HALLMARK_HYPOXIA"]) == 200
