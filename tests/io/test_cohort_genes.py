"""Expression, gene sets and variants of a cohort: joined by id, and what did not match is said."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import open_cohort, validate_cohort
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_matrix import normalized_expression
from napari_radiogenomics.io.cohort_genes import CURATED, cohort_expression, cohort_gene_sets
from napari_radiogenomics.io.cohort_variants import WILDTYPE, cohort_variants, mutation_table
from napari_radiogenomics.io.gene_ids import read_gene_ids
from napari_radiogenomics.provenance import history_of

TOML = """format = 1
name = "Trial"
[[expression]]
id = "rna"
path = "{rna}"
unit = "{unit}"
{rows}
[[gene_sets]]
id = "mine"
path = "sets.gmt"
[[variants]]
id = "dna"
path = "{dna}"
"""
PATIENTS = "patient_id,site,EGFR,KRAS\nTCGA-02-0006,A,Mutant,\nR01-007,B,wildtype,wt\nP3,B,,\n"
SAMPLES = (
    "sample_id,patient_id,kind,expression_column,precision\n"
    "s1,TCGA-02-0006,bulk,,tumour\ns2,R01-007,biopsy,well-9,tumour\ns3,P3,bulk,well-8,tumour\n"
)
RNA = "sample_id,VEGFA,CA9,ADM\ns1,1,2,3\nwell-9,4,5,6\nnobody,7,8,9\n"
MAF = (
    "#version 2.4\nHugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\n"
    "IDH1\tMissense_Mutation\tTCGA-02-0006-01A\nTP53\tNonsense_Mutation\ts2\n"
    "TP53\tFrame_Shift_Del\ts2\nTP53\tMissense_Mutation\tX9\n"
)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Cohort]:
    def build(
        rna: str = RNA, dna: str = MAF, *, rna_name: str = "rna.csv", unit: str = "count",
        rows: str = "", samples: str = SAMPLES, **files: str,
    ) -> Cohort:  # fmt: skip
        dna_name = "dna.maf" if dna.startswith("#") else "dna.csv"
        toml = TOML.format(rna=rna_name, unit=unit, rows=rows, dna=dna_name)
        given = {
            "cohort.toml": toml, "patients.csv": PATIENTS, "samples.csv": samples,
            "scans.csv": "scan_id,patient_id,path\n", rna_name: rna, dna_name: dna,
            "sets.gmt": "MINE\tna\tVEGFA\tCA9\n", **files,
        }  # fmt: skip
        for name, text in given.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return open_cohort(tmp_path)

    return build


# ---------------------------------------------------------------- expression


def test_dates_are_repaired_where_the_cohort_says_so(make):
    rna = "sample_id,VEGFA,2-Sep\ns1,100,20\nwell-9,40,50\n"
    named = cohort_expression(make(rna))
    assert "2-Sep" in named
    assert "repair_dates = true" in " ".join(named.attrs["notes"])
    assert "SEPTIN2" in cohort_expression(make(rna, rows="repair_dates = true"))


def test_rows_join_by_id_never_by_order_and_the_rest_is_reported(make):
    table = cohort_expression(make())
    assert table.index.tolist() == ["s1", "s2"]
    assert table.loc["s2"].tolist() == [4, 5, 6]
    assert table.index.name == "sample_id"
    assert table.attrs["unit"] == "count"
    assert table.attrs["patients"] == {"s1": "TCGA-02-0006", "s2": "R01-007"}
    assert table.attrs["unmatched"] == ("nobody",)
    assert table.attrs["without"] == ("s3",)
    assert "1 sample has no row in rna.csv: s3." in table.attrs["notes"]
    assert history_of(table)[0].verb == "read_expression"


def test_samples_that_no_table_lists_join_their_patients_by_name(make):
    rna = (
        "sample_id,VEGFA,CA9,ADM\nTCGA-02-0006-01A-11R,1,2,3\nTCGA-02-0006-11A-11R,4,5,6\n"
        "r01_7,7,8,9\n"
    )
    table = cohort_expression(make(rna, samples=SAMPLES.splitlines()[0] + "\n"))
    assert list(table.attrs["patients"].values()) == ["TCGA-02-0006", "TCGA-02-0006", "R01-007"]
    assert table.attrs["precision"] == {
        "TCGA-02-0006-01A-11R": "tumour",
        "TCGA-02-0006-11A-11R": "patient",  # normal tissue says nothing of the tumour
        "r01_7": "tumour",
    }


def test_a_table_of_nobody_is_refused(make):
    with pytest.raises(InputError, match="None of the 2 samples is of a patient of the cohort"):
        cohort_expression(make("sample_id,VEGFA,CA9\nx1,1,2\nx2,3,4\n"))


def test_the_table_is_read_once_and_again_when_it_changes(make, tmp_path):
    cohort = make()
    first = cohort_expression(cohort)
    assert cohort_expression(cohort) is first
    assert cohort_expression(cohort, blanks="zero") is not first
    (tmp_path / "rna.csv").write_text(RNA.replace("s1,1", "s1,100"))
    assert cohort_expression(cohort).loc["s1", "VEGFA"] == 100
    assert cohort_expression(open_cohort(tmp_path)) is not first


@pytest.mark.parametrize(
    ("rna", "name", "rows"),
    [
        (RNA, "rna.csv", ""),
        ("gene,s1,well-9\nVEGFA,1,4\nCA9,2,5\nADM,3,6\n", "rna.csv", 'rows = "genes"'),
        ("#1.2\n3\t2\nNAME\tDescription\ts1\twell-9\nVEGFA\t\t1\t4\nCA9\t\t2\t5\nADM\t\t3\t6\n",
         "rna.gct", ""),
        ("Hugo_Symbol\tEntrez_Gene_Id\ts1\twell-9\nVEGFA\t7422\t1\t4\nCA9\t768\t2\t5\n"
         "ADM\t133\t3\t6\n", "rna.txt", 'rows = "genes"'),
    ],
)  # fmt: skip
def test_every_form_of_the_table_gives_the_same(make, rna, name, rows):
    cohort = make(rna, rna_name=name, rows=rows)
    table = cohort_expression(cohort)
    assert table.loc["s1", ["VEGFA", "CA9", "ADM"]].tolist() == [1, 2, 3]
    assert table.loc["s2", ["VEGFA", "CA9", "ADM"]].tolist() == [4, 5, 6]
    found = [p for p in validate_cohort(cohort) if p.file == name and p.level == "error"]
    assert found == []


def test_other_identifiers_become_symbols_by_a_table_in_the_folder(make):
    rna = "sample_id,ENSG00000112715.25,ENSG00000107159,ENSG00000000001\ns1,1,2,3\nwell-9,4,5,6\n"
    ids = "symbol\tensembl_gene_id\nVEGFA\tENSG00000112715\nCA9\tENSG00000107159\n"
    table = cohort_expression(make(rna, **{"gene_ids.csv": ids}))
    assert list(table) == ["VEGFA", "CA9", "ENSG00000000001"]
    assert any(
        "Not in names, and called as before: 1 gene (" in note for note in table.attrs["notes"]
    )


@pytest.mark.parametrize(
    "text",
    [
        "hgnc_id\tsymbol\tname\talias_symbol\tprev_symbol\tentrez_id\tensembl_gene_id\n"
        'HGNC:12680\tVEGFA\tvascular endothelial growth factor A\t"VPF|VEGF-A"\tVEGF\t7422\t'
        "ENSG00000112715\n",
        "Gene stable ID,Gene name,NCBI gene (formerly Entrezgene) ID\nENSG00000112715,VEGFA,7422\n",
        "#tax_id\tGeneID\tSymbol\tSynonyms\n9606\t7422\tVEGFA\tMVCD1|VEGF|VPF\n",
        "ENSG00000112715\tVEGFA\tGene Expression\nENSG00000107159\tCA9\tGene Expression\n",
        "old,new\nENSG00000112715.25,VEGFA\n",
    ],
    ids=["HGNC", "BioMart", "NCBI", "10x features.tsv", "two columns"],
)
def test_published_tables_of_names_are_understood(tmp_path, text):
    path = tmp_path / "ids.tsv"
    path.write_text(text)
    found = read_gene_ids(path)
    assert set(found.values()) <= {"VEGFA", "CA9"}
    assert found.get("ENSG00000112715", found.get("7422")) == "VEGFA"


def test_names_of_two_genes_are_not_used(tmp_path):
    path = tmp_path / "ids.csv"
    path.write_text("symbol,prev_symbol\nA1,X\nA2,X\nA3,A1\nA4,B\n")
    assert read_gene_ids(path) == {"B": "A4"}
    path.write_text("symbol\nA1\n")
    with pytest.raises(InputError, match="one column"):
        read_gene_ids(path)


def test_unknown_tables_answer_did_you_mean(make):
    cohort = make()
    with pytest.raises(InputError, match='No expression "rnaa". Did you mean "rna"'):
        cohort_expression(cohort, expression="rnaa")
    with pytest.raises(InputError, match='No variants "x"'):
        cohort_variants(cohort, variants="x")
    with pytest.raises(InputError, match='No gene sets "x"'):
        cohort_gene_sets(cohort, gene_sets="x")


def test_gene_sets_of_the_cohort_come_before_the_curated(make):
    cohort = make(**{"sets.gmt": "MINE\tna\tVEGFA\tCA9\nHALLMARK_HYPOXIA\tna\tVEGFA\n"})
    sets = cohort_gene_sets(cohort)
    assert list(sets)[:2] == ["MINE", "HALLMARK_HYPOXIA"]
    assert len(sets["HALLMARK_HYPOXIA"]) == 1
    assert any("HALLMARK_HYPOXIA" in note for note in sets.notes)
    assert list(cohort_gene_sets(cohort, gene_sets="mine")) == ["MINE", "HALLMARK_HYPOXIA"]
    assert "BUFFA_HYPOXIA_51" in cohort_gene_sets(cohort, gene_sets=CURATED)


# ---------------------------------------------------------------- variants


def test_a_maf_joins_by_barcode_and_by_sample_and_says_who_is_nobody(make):
    table = cohort_variants(make())
    assert table["patient_id"].tolist() == ["TCGA-02-0006", "R01-007", "R01-007"]
    assert table.attrs["unmatched"] == ("X9",)
    wide = mutation_table(make())
    assert wide.loc["R01-007", "TP53"] == "Nonsense_Mutation; Frame_Shift_Del"
    assert wide.loc["R01-007", "IDH1"] == WILDTYPE
    assert pd.isna(wide.loc["P3", "IDH1"])  # is not in the MAF: nothing is known
    assert any("list findings only" in note for note in wide.attrs["notes"])


def test_a_plain_table_tells_tested_from_untested(make):
    dna = "patient_id,gene,class\nP3,EGFR,missense\nR01-007,EGFR,wildtype\nP3,TP53,WT\n"
    wide = mutation_table(make(dna=dna))
    assert wide["EGFR"].fillna("").tolist() == ["", WILDTYPE, "missense"]
    assert wide.loc["P3", "TP53"] == WILDTYPE
    assert pd.isna(wide.loc["R01-007", "TP53"])


def test_clinical_columns_of_genes_count_where_no_table_has_them(make):
    wide = mutation_table(make())
    assert wide["EGFR"].fillna("").tolist() == ["Mutant", WILDTYPE, ""]
    assert wide["KRAS"].fillna("").tolist() == ["", WILDTYPE, ""]
    assert 'EGFR is taken from the clinical column "EGFR".' in wide.attrs["notes"]
    assert "site" not in wide


# ---------------------------------------------------------------- published studies


def test_a_cbioportal_study_opens_as_a_cohort(tmp_path):
    meta = "genetic_alteration_type: {}\ndatatype: {}\nstable_id: {}\ndata_filename: {}\n"
    hashes = "#a\tb\tc\td\n" * 4
    files = {
        "meta_study.txt": "cancer_study_identifier: x\nname: Lung study\n",
        "meta_rna.txt": meta.format("MRNA_EXPRESSION", "CONTINUOUS", "rna", "data_rna.txt"),
        "meta_mut.txt": meta.format("MUTATION_EXTENDED", "MAF", "mutations", "data_mut.txt"),
        "meta_z.txt": meta.format("MRNA_EXPRESSION", "Z-SCORE", "rna_z", "data_z.txt"),
        "data_clinical_patient.txt": hashes + "PATIENT_ID\tAGE\tOS_MONTHS\tOS_STATUS\n"
        "P-1\t61\t12\t1:DECEASED\nP-2\t[Not Available]\tx\t0:LIVING\n",
        "data_clinical_sample.txt": hashes + "PATIENT_ID\tSAMPLE_ID\tCANCER_TYPE\n"
        "P-1\tP-1-T\tNSCLC\nP-2\tP-2-T\tNSCLC\n",
        "data_rna.txt": "Hugo_Symbol\tEntrez_Gene_Id\tP-1-T\tP-2-T\nVEGFA\t7422\t1.5\t2\n"
        "CA9\t768\t0\t4\n",
        "data_z.txt": "Hugo_Symbol\tEntrez_Gene_Id\tP-1-T\tP-2-T\nVEGFA\t7422\t-1\t1\n",
        "data_mut.txt": MAF.replace("TCGA-02-0006-01A", "P-1-T").replace("s2", "P-2-T"),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    cohort = open_cohort(tmp_path)
    assert (cohort.layout, cohort.name) == ("cbioportal", "Lung study")
    assert cohort.patients.loc["P-1", ["age", "os_days", "os_event"]].tolist() == [61, 365, 1]
    assert np.isnan(cohort.patients.loc["P-2", "age"])
    assert any('"x" is no number of months' in str(problem) for problem in cohort.problems)
    assert [one.id for one in cohort.expression] == ["rna", "rna_z"]
    assert cohort_expression(cohort).loc["P-2-T", "CA9"] == 4
    assert cohort_expression(cohort, expression="rna_z").attrs["unit"] == "z"
    assert mutation_table(cohort).loc["P-1", "IDH1"] == "Missense_Mutation"
    assert [p for p in validate_cohort(cohort) if p.level == "error"] == []


def test_the_real_nsclc_tables_join(real_data):
    """130 expression samples, 162 patients called R01; every recode is reported."""
    cohort = open_cohort(real_data("nsclc_radiogenomics"))
    samples = cohort.samples
    assert len(samples) == samples["patient_id"].nunique() == 130
    assert set(samples["patient_id"]) <= set(cohort.patients.index)
    assert (cohort.patients.index.str.startswith("R01").sum(), len(cohort.patients)) == (162, 211)
    said = {problem.column: problem.what for problem in cohort.problems if problem.column}
    assert 'is read as "site"' in said["Patient affiliation"]
    assert said["EGFR mutation status"] == 'Read as missing: 5 × "Not collected", 34 × "Unknown".'
    assert said["Weight (lbs)"] == 'Read as missing: 59 × "Not Collected".'
    assert said["location"].startswith("7 columns of a location each")
    wide = mutation_table(cohort)
    assert wide["EGFR"].value_counts().to_dict() == {WILDTYPE: 129, "Mutant": 43}
    with pytest.raises(InputError, match="has no expression table"):
        cohort_expression(cohort)


def test_nsclc_expression_joins_by_the_title_of_the_series(real_data, tmp_path):
    """The published table, in little: symbols × R01 names with blanks, joined to GSM samples."""
    for file in real_data("nsclc_radiogenomics").glob("*"):
        if not file.name.startswith("nsclc_idc"):
            (tmp_path / file.name).symlink_to(file)
    text = "\tR01-034\tR01-023\tR01-999\nVEGFA\t1.5\t\t2\nCA9\t0.25\t3\t4\n"
    (tmp_path / "GSE103584_R01_NSCLC_RNAseq.txt").write_text(text)
    table = cohort_expression(open_cohort(tmp_path))
    assert table.attrs["unit"] == "FPKM"
    assert table.attrs["patients"]["GSM2774822"] == "R01-034"
    assert table.loc["GSM2774822", "VEGFA"] == 1.5
    assert table.attrs["unmatched"] == ("R01-999",)
    assert len(table.attrs["without"]) == 128
    assert table.isna().sum().sum() == 1


def test_the_real_ivy_table_opens_as_a_cohort_of_structures(real_data):
    cohort = open_cohort(real_data("ivygap"))
    assert (cohort.layout, len(cohort)) == ("ivygap", 41)
    assert set(cohort.samples["precision"]) == {"region"}
    assert cohort.samples["tumor"].nunique() == 42
    assert "survival_days" not in cohort.patients
    assert any("no survival is offered" in problem.what for problem in cohort.problems)
    table = cohort_expression(cohort)
    assert table.shape == (367, 480)
    assert table.attrs["unmatched"] == table.attrs["without"] == ()


def test_the_ivy_rna_folder_opens_as_a_cohort(tmp_path):
    files = {
        "fpkm_table.csv": '"gene_id\\rna_well_id",1,2\n10,1.5,2\n11,0,4\n',
        "rows-genes.csv": "gene_id,gene_symbol\n10,VEGFA\n11,CA9\n",
        "columns-samples.csv": "tumor_name,specimen_name,rna_well_id,structure_abbreviation\n"
        "W1-1-2,W1-1-2-D.2.01,1,CTpan-reference-histology\nW10-1-1,W10-1-1-B.1.01,2,CT-CD44\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    cohort = open_cohort(tmp_path)
    assert cohort.samples["precision"].tolist() == ["region", "tumour"]
    assert cohort.samples["selected_by"].tolist() == ["histology", "expression"]
    assert cohort.samples["patient_id"].tolist() == ["W1", "W10"]
    assert cohort_expression(cohort).loc["1", "VEGFA"] == 1.5


@pytest.mark.slow
def test_20000_genes_of_2000_samples_are_scored_within_2_gb(tmp_path):
    rng = np.random.default_rng(0)
    rows = [",".join(map(str, rng.poisson(rng.gamma(0.5, 400, 20_000)))) for _ in range(20)]
    names = ["VEGFA", "CA9", *(f"GENE{n}" for n in range(19_998))]
    with (tmp_path / "rna.csv").open("w") as out:
        out.write("sample_id," + ",".join(names) + "\n")
        out.writelines(f"P{n},{rows[n % 20]}\n" for n in range(2000))
    (tmp_path / "patients.csv").write_text("patient_id\n" + "".join(f"P{n}\n" for n in range(2000)))
    (tmp_path / "scans.csv").write_text("scan_id,patient_id,path\n")
    toml = (
        'format = 1\nname = "big"\n[[expression]]\nid = "rna"\npath = "rna.csv"\nunit = "count"\n'
    )
    (tmp_path / "cohort.toml").write_text(toml)
    # Linux hands the peak of the process that starts another on to it; /proc tells its own.
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from napari_radiogenomics import open_cohort, score_cohort\n"
        "scores = score_cohort(open_cohort(sys.argv[1]), 'CA9')\n"
        "told = Path('/proc/self/status')\n"
        "lines = told.read_text().splitlines() if told.is_file() else []\n"
        "peaks = [int(line.split()[1]) for line in lines if line.startswith('VmHWM')]\n"
        "peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        "print(len(scores), peaks[0])"
    )
    pytest.importorskip("resource")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    count, kilobytes = map(int, done.stdout.split())
    kilobytes //= 1024 if sys.platform == "darwin" else 1  # which counts bytes
    assert count == 2000
    assert kilobytes < 2_000_000


# ---------------------------------------------------------------- orientation and validation

TURNED = "name,s1,well-9,nobody\nQ1,1,4,7\nQ2,2,5,8\n"


@pytest.mark.parametrize("rna", ["name,Q1,Q2\ns1,1,2\nwell-9,4,5\nnobody,7,8\n", TURNED])
def test_rows_are_recognized_by_the_samples_of_the_cohort(make, rna):
    """Neither the header nor the names of the genes tell them, and the sides are as long."""
    cohort = make(rna)
    table = cohort_expression(cohort)
    assert table.loc["s2", ["Q1", "Q2"]].tolist() == [4, 5]
    side = "genes" if rna == TURNED else "samples"
    assert table.attrs["notes"][0].startswith(f"Rows are {side}: 2 of the 3")
    told = [p.what for p in validate_cohort(cohort) if p.file == "rna.csv"]
    assert any(f"rows are read as {side}: 2 of the 3" in what.lower() for what in told)
    assert any('"nobody" is not among the samples' in what for what in told)


def test_rows_that_are_stated_wrongly_are_told_with_the_remedy(make):
    with pytest.raises(InputError, match=r'rna.csv: .* write rows = "genes" in cohort.toml'):
        cohort_expression(make("name,X1,X2\nQ1,1,4\nQ2,2,5\n", rows='rows = "samples"'))


@pytest.mark.parametrize(
    ("rna", "unit", "told"),
    [
        ("sample_id,CA9,ADM\ns1,-4,300\nwell-9,20,700\n", "count", "-4 (sample s1, gene CA9)"),
        ("sample_id,CA9,ADM\ns1,4.5,3\nwell-9,2.5,7\n", "count", "4.5 (sample s1, gene CA9)"),
        ("sample_id,CA9\ns1,1\ns1,2\n", "count", 'Sample "s1" occurs twice'),
    ],
)
def test_validate_says_what_reading_refuses(make, rna, unit, told):
    cohort = make(rna, unit=unit)
    with pytest.raises(InputError, match=r"rna\.csv"):
        normalized_expression(cohort)
    errors = [p for p in validate_cohort(cohort, deep=True) if p.level == "error"]
    assert any(told in p.what and p.file == "rna.csv" and p.remedy for p in errors)


def test_validate_warns_of_what_reading_mends_by_a_rule(make):
    rna = "sample_id,CA9,CA9,1-Mar,2-Sep,\ns1,40,300,5,6,1\nwell-9,20,700,7,8,1\n"
    cohort = make(rna)
    assert cohort_expression(cohort)["CA9"].tolist() == [300, 700]
    for deep in (False, True):
        found = [p for p in validate_cohort(cohort, deep=deep) if p.file == "rna.csv"]
        assert {p.level for p in found} == {"warning"}
        said = " ".join(f"{p.what} {p.remedy}" for p in found)
        assert 'Gene "CA9" occurs twice; the one with the highest mean is read. Keep one.' in said
        assert "2 genes were turned into dates" in said
        assert "1-Mar (MARCHF1 or MTARC1), 2-Sep (SEPTIN2)" in said
        assert "repair_dates = true" in said
        assert "no name and is left out" in said
    repaired = validate_cohort(make(rna, rows="repair_dates = true"))
    assert any("1 gene was turned" in p.what and "gene_ids.csv" in p.remedy for p in repaired)
