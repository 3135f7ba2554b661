"""Expression tables in all their forms: what is read, what is said, what is refused."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression import read_expression
from napari_radiogenomics.io.expression_formats.gct import read_cls
from napari_radiogenomics.io.expression_formats.tenx import read_visium_spots
from napari_radiogenomics.io.expression_layout import LAYOUTS, dense
from napari_radiogenomics.provenance import history_of

GENES = "gene\tR01-001\tR01-002\tR01-003\nVEGFA\t1.5\t2\t3\nCA9\t0\t5\t1\n"


@pytest.fixture
def write(tmp_path):
    def make(text: str, name: str = "table.tsv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return make


def notes(table: pd.DataFrame) -> str:
    return " ".join(table.attrs["notes"])


def test_genes_in_rows_are_turned_and_said(write):
    table = read_expression(write(GENES), unit="FPKM")
    assert list(table.index) == ["R01-001", "R01-002", "R01-003"]
    assert list(table.columns) == ["VEGFA", "CA9"]
    assert table.loc["R01-002", "CA9"] == 5
    assert table.attrs["unit"] == "FPKM"
    assert table.attrs["gene_id"] == "symbol"
    assert 'Rows are genes: a column is called "gene".' in notes(table)
    assert history_of(table)[0].verb == "read_expression"


def test_samples_in_rows_are_kept(write):
    table = read_expression(write("sample_id,VEGFA,CA9\nP1,1,2\nP2,3,4\n", "t.csv"))
    assert table.loc["P2", "VEGFA"] == 3
    assert "Rows are samples: " in notes(table)
    stated = read_expression(write("sample_id,VEGFA,CA9\nP1,1,2\nP2,3,4\n"), rows="samples")
    assert "Rows are samples, as stated." in notes(stated)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\tTCGA-02-0006-01\tTCGA-02-0007-01\nABC1\t1\t2\nDEF\t3\t4\nG\t1\t1\n", "genes"),
        (",VEGFA,GAPDH,ACTB\nx,1,2,3\ny,3,4,5\n", "samples"),
        (",a,b\nENSG00000112715.2,1,2\nENSG00000107159.1,3,4\n", "genes"),
        (",a,b\nx,1,2\ny,1,2\nz,1,2\n", "genes"),
    ],
)
def test_the_orientation_is_told_from_the_names(write, text, expected):
    assert f"Rows are {expected}" in notes(read_expression(write(text)))


def test_a_square_table_without_known_names_must_be_stated(write):
    path = write(",a,b\nx,1,2\ny,3,4\n")
    with pytest.raises(InputError, match='Say rows="genes" or rows="samples"'):
        read_expression(path)
    assert read_expression(path, rows="genes").loc["b", "x"] == 2


def test_blanks_follow_the_rule(write):
    path = write("gene\tR01-1\tR01-2\nVEGFA\t\t2\nCA9\tNA\tN/A\nADM\t1\t2\n")
    kept = read_expression(path)
    assert kept.isna().sum().sum() == 3
    assert "3 cells (50.00%) of 2 genes were blank; they are missing" in notes(kept)
    assert read_expression(path, blanks="zero").loc["R01-1"].tolist() == [0, 0, 1]
    assert list(read_expression(path, blanks="drop_genes")) == ["ADM"]
    with pytest.raises(InputError, match="first is sample R01-1, gene VEGFA"):
        read_expression(path, blanks="refuse")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("highest_mean", [5, 6]),
        ("mean", [3, 4]),
        ("sum", [6, 8]),
        ("first", [1, 2]),
    ],
)
def test_repeated_genes_follow_the_rule(write, rule, expected):
    path = write("gene\tR01-1\tR01-2\nCA9\t1\t2\nADM\t0\t1\nCA9\t5\t6\n")
    table = read_expression(path, duplicates=rule)
    assert table["CA9"].tolist() == expected
    assert list(table) == ["CA9", "ADM"]
    assert "1 gene occurs more than once (CA9)" in notes(table)
    with pytest.raises(InputError, match="Choose a rule"):
        read_expression(path, duplicates="refuse")


def test_dates_are_named_and_repaired_on_request(write):
    path = write("gene\tR01-1\tR01-2\n2-Sep\t1\t2\n1-Mar\t3\t4\nCA9\t5\t6\n")
    table = read_expression(path)
    assert list(table) == ["2-Sep", "1-Mar", "CA9"]
    assert "2 genes were turned into dates by a spreadsheet: 2-Sep, 1-Mar" in notes(table)
    mended = read_expression(path, repair_dates=True)
    assert list(mended) == ["SEPTIN2", "1-Mar", "CA9"]
    assert "2-Sep → SEPTIN2" in notes(mended)
    assert "1-Mar (MARCHF1 or MTARC1)" in notes(mended)
    decided = read_expression(path, repair_dates=True, names={"1-Mar": "MTARC1"})
    assert list(decided) == ["SEPTIN2", "MTARC1", "CA9"]


def test_genes_get_other_names_and_what_has_none_is_said(write):
    path = write("gene\tR01-1\tR01-2\nENSG00000112715.3\t1\t2\nENSG00000000001.1\t3\t4\n")
    table = read_expression(path, names={"ENSG00000112715": "VEGFA"})
    assert next(iter(table)) == "VEGFA"
    assert "Not in names, and called as before: 1 gene (" in notes(table)
    listed = write("ensembl,symbol\nENSG00000112715,VEGFA\n", "names.csv")
    assert list(read_expression(path, names=listed)) == list(table)
    with pytest.raises(InputError, match="None of the 2 genes"):
        read_expression(path, names={"7422": "VEGFA"})


def test_samples_are_chosen_by_name(write):
    path = write(GENES)
    table = read_expression(path, samples=["R01-003", "R01-001", "R01-999"])
    assert list(table.index) == ["R01-003", "R01-001"]
    assert "1 sample is not in the file: R01-999" in notes(table)
    with pytest.raises(InputError, match='Did you mean "R01-001"'):
        read_expression(path, samples=["R01-01"])


def test_cbioportal_and_tcga_headers(write):
    text = "Hugo_Symbol\tEntrez_Gene_Id\tTCGA-02-0006-01\tTCGA-02-0007-01\nVEGFA\t7422\t1\t2\n"
    table = read_expression(write(text + "\t123\t5\t6\n"))
    assert table.shape == (2, 1)
    assert "1 gene without a name left out" in notes(table)
    text = (
        "Hybridization REF\tTCGA-02-0006-01A\tTCGA-02-0007-01A\n"
        "gene_id\traw_count\traw_count\n?|100\t1\t2\nVEGFA|7422\t3\t4\nCA9|768\t5\t6\n"
    )
    table = read_expression(write(text))
    assert list(table) == ["?|100", "VEGFA", "CA9"]
    assert table["CA9"].tolist() == [5, 6]


def test_a_table_as_r_writes_it(write):
    table = read_expression(write('"S-1"\t"S-2"\t"S-3"\n"VEGFA"\t1\t2\t3\n"NA"\t4\t5\t6\n'))
    assert table.shape == (3, 2)
    assert list(table) == ["VEGFA", "NA"]


def test_a_delimiter_at_the_end_of_each_line_is_no_sample(write):
    table = read_expression(write("gene,S1,S2,\nVEGFA,1,2,\nCA9,3,4,\n", "t.csv"))
    assert list(table.index) == ["S1", "S2"]
    table = read_expression(write("gene,S1,S2\nVEGFA,1,2,\nCA9,3,4,\n", "t.csv"))
    assert table["CA9"].tolist() == [3, 4]


def test_decimal_commas_quotes_marks_and_gzip(write, tmp_path):
    table = read_expression(write('gene;"S 1";S2\nVEGFA;1,5;2,25\n', "t.csv"))
    assert table["VEGFA"].tolist() == [1.5, 2.25]
    assert "decimal commas" in notes(table)
    packed = tmp_path / "t.tsv.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + GENES.encode()))
    assert read_expression(packed).loc["R01-001", "VEGFA"] == 1.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene\tS1\tS2\nA\t1\t2\nB\thigh\t3\nC\t1\t2\n", 'row 3, column "S1": "high" is no number'),
        ("gene\tS1\tS1\nA\t1\t2\n", "1 sample occurs more than once: S1"),
        ("gene\tsite\nA\tx\nB\ty\n", "no column of numbers"),
        ("gene\tS1\tS2\nA\tinf\t2\nB\t1\t2\n", "sample S1, gene A is infinite"),
        ("gene\tS1\tS2\n\t1\t2\n", "no gene has a name"),
        ("gene\tS1\tS2\nA\t1\t2\t3\t4\n", "row 2: 5 cells, the header has 3"),
        ("gene\tS1\tS2\nA\t1\t2\nB\t1\n", "row 3: 2 cells, the header has 3"),
        ("gene\tS1\t\tS3\nA\t1\t2\t3\nB\t1\t3\t4\n", "sample 2 of 3 has no name"),
        ("", "is empty"),
    ],
)
def test_broken_tables_are_refused_with_the_place(write, text, message):
    with pytest.raises(InputError, match=message):
        read_expression(write(text))


def test_columns_of_text_are_left_out_and_said(write):
    table = read_expression(write("sample_id,site,VEGFA,CA9\nP1,A,1,2\nP2,B,3,4\n"))
    assert list(table) == ["VEGFA", "CA9"]
    assert "1 columns hold text and are no expression (site)" in notes(table)


def test_gct_and_cls(write):
    path = write("#1.2\n2\t3\nNAME\tDescription\ta\tb\tc\nVEGFA\tna\t1\t2\t3\nCA9\tx\t-4\t\t6\n")
    table = read_expression(path)
    assert table.attrs["layout"] == "gct"
    assert table.loc["c"].tolist() == [3, 6]
    assert np.isnan(table.loc["b", "CA9"])
    classes = write("3 2 1\n# sick well\nsick well sick\n", "a.cls")
    assert read_cls(classes) == ["sick", "well", "sick"]
    with pytest.raises(InputError, match="3 samples of 2 classes, and has 2"):
        read_cls(write("3 2 1\n# a b\n0 1\n", "b.cls"))
    with pytest.raises(InputError, match="no CLS file"):
        read_cls(path)
    with pytest.raises(InputError, match="says it has 3 genes"):
        read_expression(write("#1.2\n3\t1\nNAME\tDescription\ta\nVEGFA\tna\t1\n"))
    with pytest.raises(InputError, match=r'row 4, column "a": "x" is no number'):
        read_expression(write("#1.2\n1\t1\nNAME\tDescription\ta\nVEGFA\tna\tx\n"))


def test_a_series_matrix_with_and_without_values(write):
    head = (
        '!Series_title\t"x"\n!Sample_title\t"R01-1"\t"R01-2"\n'
        '!Sample_geo_accession\t"GSM1"\t"GSM2"\n!series_matrix_table_begin\n'
        '"ID_REF"\t"GSM1"\t"GSM2"\n'
    )
    table = read_expression(write(head + '"VEGFA"\t1\t2\n!series_matrix_table_end\n'))
    assert table.loc["GSM2", "VEGFA"] == 2
    assert table.attrs["sample_facts"]["GSM2"]["title"] == "R01-2"
    with pytest.raises(InputError, match="names 2 samples and its table of values is empty"):
        read_expression(write(head + "!series_matrix_table_end\n"))


def test_a_study_folder_of_cbioportal(write):
    meta = "genetic_alteration_type: MRNA_EXPRESSION\ndatatype: {}\ndata_filename: {}\n"
    study = write("cancer_study_identifier: x\n", "study/meta_study.txt").parent
    with pytest.raises(InputError, match="has no expression table"):
        read_expression(study)
    write(meta.format("CONTINUOUS", "data_rna.txt"), "study/meta_rna.txt")
    write(meta.format("Z-SCORE", "data_z.txt"), "study/meta_z.txt")
    write("Hugo_Symbol\tEntrez_Gene_Id\tP1\tP2\nVEGFA\t7422\t1\t2\n", "study/data_rna.txt")
    write("Hugo_Symbol\tEntrez_Gene_Id\tP1\tP2\nVEGFA\t7422\t-1\t1\n", "study/data_z.txt")
    assert read_expression(study)["VEGFA"].tolist() == [1, 2]
    write(meta.format("CONTINUOUS", "data_z.txt"), "study/meta_z.txt")
    with pytest.raises(InputError, match=r"2 expression tables: data_rna\.txt, data_z\.txt"):
        read_expression(study)


def test_the_rna_folder_of_the_ivy_atlas(write):
    folder = write(
        '"gene_id\\rna_well_id",305273026,305273027\n499304660,1.5,2\n499304661,0,4\n',
        "ivy/fpkm_table.csv",
    ).parent
    write("gene_id,gene_symbol\n499304660,VEGFA\n499304661,CA9\n", "ivy/rows-genes.csv")
    write(
        "tumor_name,specimen_name,rna_well_id,structure_abbreviation\n"
        "W1-1-2,W1-1-2-D.2.01,305273026,CTpan-reference-histology\n"
        "W10-1-1,W10-1-1-B.1.01,305273027,CT-CD44\n",
        "ivy/columns-samples.csv",
    )
    table = read_expression(folder)
    assert table.loc["305273026", "VEGFA"] == 1.5
    assert table.attrs["unit"] == "FPKM"
    first, second = table.attrs["sample_facts"].values()
    assert (first["patient_id"], first["structure"]) == ("W1", "CTpan")
    assert (second["patient_id"], second["selected_by"]) == ("W10", "expression")
    assert "1 of 2 samples were picked by expression" in notes(table)


def test_anndata_sparse_and_dense(tmp_path):
    anndata = pytest.importorskip("anndata")
    sparse = pytest.importorskip("scipy.sparse")
    values = np.array([[1.0, 0, 3], [0, 5, 0]])
    for name, matrix in {"dense": values, "sparse": sparse.csr_matrix(values)}.items():
        data = anndata.AnnData(
            matrix,
            obs=pd.DataFrame({"site": ["A", "B"]}, index=["S1", "S2"]),
            var=pd.DataFrame(index=["VEGFA", "CA9", "KDR"]),
        )
        path = tmp_path / f"{name}.h5ad"
        data.write_h5ad(path)
        table = read_expression(path)
        assert_allclose(table, values)
        assert table.attrs["sample_facts"]["S2"] == {"site": "B"}


def test_a_matrix_that_fills_the_memory_is_refused(tmp_path):
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(InputError, match=r"50000 × 33000 values, 13\.2 GB"):
        dense(sparse.csr_matrix((50_000, 33_000)), tmp_path)


@pytest.mark.parametrize("name", LAYOUTS.names())
def test_every_layout_has_a_name_and_refuses_what_is_not_there(name, tmp_path):
    assert LAYOUTS[name].name == name
    assert LAYOUTS[name].title
    with pytest.raises(InputError, match="does not exist"):
        read_expression(tmp_path / "none", layout=name)


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no expression table that is known"):
        read_expression(tmp_path)


# Real data


def test_real_gct_and_its_classes(real_data):
    table = read_expression(real_data("expression/Leukemia_hgu95av2.trim.gct"))
    assert table.shape == (48, 9020)
    assert table.loc["ALL_2", "AADAC"] == -49
    classes = read_cls(real_data("expression/Leukemia.cls"))
    assert (classes.count("ALL"), classes.count("AML")) == (24, 24)


def test_real_counts_in_anndata(real_data):
    table = read_expression(real_data("expression/airway.h5ad"))
    assert table.shape == (8, 64102)
    assert table.attrs["gene_id"] == "ensembl"
    assert table.attrs["sample_facts"]["SRR1039508"]["dex"] == "untrt"


def test_a_real_visium_section(real_data):
    folder = real_data("visium")
    table = read_expression(folder)
    assert table.attrs["unit"] == "count"
    spots = read_visium_spots(folder)
    assert list(spots.loc["AAACAAGTATCTCCCA-1"]) == [1, 50, 102, 8513, 9811]
    assert set(table.index) & set(spots.index)


def test_the_real_ivy_ish_table_averaged_per_tumour(real_data):
    """CA9 and VEGFA are higher around necrosis than in cellular tumour; HIF1A is not."""
    table = read_expression(real_data("ivygap/ivygap_ish_gene_expression_details.csv.gz"))
    facts = pd.DataFrame(table.attrs["sample_facts"]).T
    assert (facts["tumor"].nunique(), table.shape[1]) == (42, 480)

    def ratio(gene: str) -> pd.Series:
        frame = facts.assign(value=table[gene])
        wide = frame.pivot(index="tumor", columns="structure", values="value")
        wide = wide[["CT", "CTpan"]].astype(float).dropna()
        return wide["CTpan"] / wide["CT"]

    assert ((ratio("CA9") > 1).sum(), len(ratio("CA9"))) == (12, 13)
    assert ratio("CA9").median() == pytest.approx(1.75, abs=0.01)
    assert ((ratio("VEGFA") > 1).sum(), len(ratio("VEGFA"))) == (6, 6)
    assert ratio("VEGFA").median() == pytest.approx(3.23, abs=0.01)
    assert ratio("HIF1A").median() < 1


def test_the_real_series_matrix_says_where_the_values_are(real_data):
    path = real_data("nsclc_radiogenomics/GSE103584_series_matrix.txt")
    with pytest.raises(InputError, match="names 130 samples.*supplementary file"):
        read_expression(path)


GCT = "#1.2\n2\t3\nName\tDescription\tS1\tS2\tS3\nVEGFA\tna\t1\t2\t3\nCA9\tna\t4\t5\t6\n"


def test_the_classes_beside_a_gct_are_read(tmp_path):
    (tmp_path / "a.gct").write_text(GCT)
    assert read_expression(tmp_path / "a.gct").attrs["classes"] == {}
    (tmp_path / "a.cls").write_text("3 2 1\n# sick well\n0 1 0\n")
    table = read_expression(tmp_path / "a.gct", samples=["S3", "S2"])
    assert table.attrs["classes"] == {"S3": "sick", "S2": "well"}
    assert table.attrs["sample_facts"]["S2"] == {"class": "well"}
    assert any("a.cls: 2 sick, 1 well" in note for note in table.attrs["notes"])


@pytest.mark.parametrize("text", ["2 2 1\n# sick well\n0 1\n", "no classes\n"])
def test_faulty_classes_beside_a_gct_are_a_note(tmp_path, text):
    (tmp_path / "a.gct").write_text(GCT)
    (tmp_path / "a.cls").write_text(text)
    table = read_expression(tmp_path / "a.gct")
    assert table.loc["S3", "CA9"] == 6
    assert table.attrs["classes"] == {}
    said = next(note for note in table.attrs["notes"] if "classes were left out" in note)
    assert "a.cls" in said
    assert "xport" in said
