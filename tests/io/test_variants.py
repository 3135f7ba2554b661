"""Variants from MAF and VCF."""

from __future__ import annotations

import gzip

import pytest

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.variants import VARIANT_COLUMNS, read_variants

MAF = (
    "#version 2.4\n"
    "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\t"
    "Variant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\n"
    "IDH1\t2\t209113112\tC\tT\tMissense_Mutation\tTCGA-02-0006-01A\tp.R132H\n"
    "IDH1\t2\t209113112\tC\tT\tMissense_Mutation\tTCGA-02-0006-01A\tp.R132H\n"
    "Unknown\t1\t5\tA\tT\tIGR\tTCGA-02-0006-01A\t\n"
    "TP53\t17\t7577121\tG\tA\tMissense_Mutation\tTCGA-02-0007-01A\tp.R273C\n"
)
VCF = (
    "##fileformat=VCFv4.2\n"
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="Format: Allele|Consequence|SYMBOL|HGVSp">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOR\tNORMAL\n"
    "2\t209113112\t.\tC\tT\t.\tPASS\tDP=5;CSQ=T|missense_variant|IDH1|p.Arg132His\tGT:AD\t0/1:5,5\t0/0:9,0\n"
    "7\t55\t.\tA\tG,T\t.\t.\tCSQ=G|synonymous_variant|EGFR|,T|stop_gained|EGFR|p.1\tGT\t2/2\t./.\n"
    "9\t77\t.\tA\tG\t.\tlowq\tCSQ=G|missense_variant|CDKN2A|\tGT\t0/1\t0/1\n"
)


@pytest.fixture
def write(tmp_path):
    def make(text: str, name: str = "a.maf"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


def test_a_maf(write):
    table = read_variants(write(MAF))
    assert tuple(table) == VARIANT_COLUMNS
    assert table["gene"].tolist() == ["IDH1", "TP53"]
    assert table["position"].tolist() == [209113112, 7577121]
    assert table["protein_change"][0] == "p.R132H"
    assert table.attrs["notes"] == (
        "1 rows without a sample or gene were left out.",
        "1 repeated rows count once.",
    )


def test_a_vcf_of_vep(write, tmp_path):
    table = read_variants(write(VCF, "a.vcf"))
    assert table[["sample_id", "gene", "class", "alt"]].to_numpy().tolist() == [
        ["TUMOR", "IDH1", "missense_variant", "T"],
        ["TUMOR", "EGFR", "stop_gained", "T"],
    ]
    assert "1 variants that failed a filter" in table.attrs["notes"][0]
    packed = tmp_path / "a.vcf.gz"
    packed.write_bytes(gzip.compress(VCF.encode()))
    assert len(read_variants(packed)) == 2


def test_a_vcf_of_snpeff(write):
    text = VCF.replace(
        "CSQ=T|missense_variant|IDH1|p.Arg132His", "ANN=T|missense_variant|MODERATE|IDH1"
    )
    assert read_variants(write(text, "a.vcf"))["gene"][0] == "IDH1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene,sample\nIDH1,P1\n", "no column Tumor_Sample_Barcode and Hugo_Symbol"),
        ("#version 2.4\n", "no rows after its comments"),
        (VCF.replace("\tFORMAT\tTUMOR\tNORMAL", ""), "has no samples"),
        (VCF.replace("\t0/0:9,0", ""), "variant 1: 10 cells, the header has 11"),
        (VCF.replace("CSQ=", "XXX="), "Annotate the variants"),
        (VCF.replace("0/1", "0/0").replace("2/2", "0/0"), "no sample carries any"),
    ],
)
def test_what_is_no_variant_table_is_refused(write, text, message):
    with pytest.raises(InputError, match=message):
        read_variants(write(text))
