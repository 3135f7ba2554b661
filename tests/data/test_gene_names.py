"""Names of genes and of samples: former symbols, dates of spreadsheets, joining by id."""

from __future__ import annotations

import pytest

from napari_radiogenomics.data.gene_names import (
    ALIASES,
    gene_id_of,
    mangled_names,
    renamed,
    repair_names,
)
from napari_radiogenomics.data.sample_ids import join_samples
from napari_radiogenomics.errors import InputError


@pytest.mark.parametrize(
    ("alias", "symbol"),
    [
        ("CTSL2", "CTSV"),
        ("C20orf20", "MRGBP"),
        ("C7orf68", "HILPDA"),
        ("HIG2", "HILPDA"),
        ("AK3L1", "AK4"),
        ("UTP11L", "UTP11"),
        ("NP", "PNP"),
        ("CXCR7", "ACKR3"),
        ("FIGF", "VEGFD"),
    ],
)
def test_aliases_of_the_signatures_map(alias, symbol):
    assert ALIASES.symbol(alias) == symbol
    assert ALIASES.other(symbol, {alias}) == alias
    assert ALIASES.other(alias, {symbol}) == symbol


def test_no_alias_means_two_genes_or_is_itself_a_symbol():
    aliases = [alias for _, alias in ALIASES.pairs]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & {symbol for symbol, _ in ALIASES.pairs}


@pytest.mark.parametrize(
    ("date", "genes"),
    [
        ("2-Sep", ("SEPTIN2",)),
        ("Sep-02", ("SEPTIN2",)),
        ("7-mar", ("MARCHF7",)),
        ("1-Mar", ("MARCHF1", "MTARC1")),
        ("01-Dec", ("DELEC1",)),
        ("2006-09-15", ("SELENOF",)),
        ("2006-03-04 00:00:00", ("MARCHF4",)),
        ("14-Sep-06", ("SEPTIN14",)),
    ],
)
def test_dates_are_known_in_all_their_forms(date, genes):
    assert mangled_names([date]) == {date: genes}


@pytest.mark.parametrize("name", ["SEPTIN2", "MARCHF1", "12-Mar", "13-Sep", "5-Oct", "HLA-A", "2"])
def test_what_is_no_date_of_a_gene_is_left_alone(name):
    assert mangled_names([name]) == {}


def test_a_date_is_repaired_only_where_it_means_one_gene():
    assert repair_names(["2-Sep", "1-Mar"]) == (
        ["SEPTIN2", "1-Mar"],
        {"2-Sep": "SEPTIN2"},
        ["1-Mar"],
    )
    assert repair_names(["MARCH1", "1-Mar"])[0] == ["MARCH1", "MTARC1"]
    assert repair_names(["1-Mar", "1-Mar"])[2] == ["1-Mar"]
    assert repair_names(["SEPT2", "2-Sep"])[2] == ["2-Sep"]  # the gene is there already


def test_kinds_of_identifiers_and_other_names():
    assert gene_id_of(["ENSMUSG00000112715", "ENSMUSG00000112716"]) == "ensembl"
    assert gene_id_of(["1", "22", "333"]) == "entrez"
    assert gene_id_of([]) == "symbol"
    assert renamed(["ENSG00000112715.4"], {"ENSG00000112715": "VEGFA"}) == (["VEGFA"], [])


@pytest.mark.parametrize(
    ("sample", "patient", "rule"),
    [
        ("R01-007", "R01-007", "the same name"),
        ("GSM1", "R01-007", "an alias"),
        ("TCGA-02-0006-01A-11R-1849-01", "TCGA-02-0006", "the first 12 characters"),
        ("W10-1-1-B.2.01", "W10", "the W number"),
        ("ucsf_pdgm_4", "UCSF-PDGM-0004", "the name but for case, separators and zeros"),
        ("UCSF-PDGM-0004_FU003d", "UCSF-PDGM-0004", "the beginning of the name"),
    ],
)
def test_samples_join_by_what_they_are_called(sample, patient, rule):
    patients = ["R01-007", "TCGA-02-0006", "W10", "UCSF-PDGM-0004", "W1"]
    found = join_samples([sample], patients, aliases={"GSM1": "R01-007"})
    assert found.patients == {sample: patient}
    assert found.rules == {rule: 1}


def test_samples_that_fit_nobody_or_two_are_named():
    found = join_samples(["P1", "p-2", "TCGA-02-9999-01A"], ["P1", "P-2", "P-02"])
    assert found.unmatched == ("p-2", "TCGA-02-9999-01A")
    assert "2 samples are of no patient" in found.notes[-1]
    with pytest.raises(InputError, match="samples look like X1, patients like P1"):
        join_samples(["X1"], ["P1"])


def test_the_real_samples_of_nsclc_join_their_patients(real_data):
    """130 samples of the expression series are all of the 162 patients called R01."""
    pd = pytest.importorskip("pandas")
    folder = real_data("nsclc_radiogenomics")
    clinical = pd.read_csv(next(folder.glob("NSCLCR01*.csv")), dtype=str)
    patients = [name for name in clinical.iloc[:, 0] if name.startswith("R01")]
    text = (folder / "GSE103584_series_matrix.txt").read_text()
    lines = {
        line.split("\t")[0]: line.replace('"', "").split("\t")[1:] for line in text.split("\n")
    }
    titles, accessions = lines["!Sample_title"], lines["!Sample_geo_accession"]
    assert (len(patients), len(titles)) == (162, 130)
    found = join_samples(accessions, patients, aliases=dict(zip(accessions, titles, strict=True)))
    assert set(found.patients.values()) <= set(patients)
    assert found.rules == {"an alias": 130}
    by_name = join_samples(titles, patients)
    assert by_name.rules == {"the same name": 130}
    assert by_name.unmatched == ()
