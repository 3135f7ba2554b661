"""NSCLC-Radiogenomics, from its real tables and small trees; real DICOM; the sample cohort."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_radiogenomics import open_cohort, validate_cohort
from napari_radiogenomics.data.problems import Problem
from napari_radiogenomics.io.cohorts import export_cohort, load_patient
from napari_radiogenomics.io.cohorts._nsclc_clinical import survival


def touch(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"rubbish")


def serious(problems: tuple[Problem, ...]) -> list[str]:
    return [str(problem) for problem in problems if problem.level != "note"]


# ---------------------------------------------------------------- NSCLC-Radiogenomics


def test_nsclc_tables(real_data: Callable[[str], Path]) -> None:
    cohort = open_cohort(real_data("nsclc_radiogenomics"))
    assert cohort.layout == "nsclc-radiogenomics"
    (sure,) = serious(cohort.problems)
    assert "47 of 63" in sure
    patients = cohort.patients
    assert len(patients) == 211
    assert patients.index.str.startswith("R01").sum() == 162
    assert patients["histology"].value_counts()["Adenocarcinoma"] == 172
    assert patients["site"].value_counts().to_dict() == {"Stanford": 118, "VA": 93}
    assert patients["EGFR"].value_counts().to_dict() == {"Wildtype": 129, "Mutant": 43}
    assert patients["Weight (lbs)"].isna().sum() == 59
    assert patients["Weight (lbs)"].dtype == float
    assert patients.loc["AMC-001", "location"] == "RLL"
    assert patients["os_event"].sum() == 63
    assert len(cohort.aliases) == 130
    assert cohort.resolve("GSM2774822") == "R01-034"
    assert set(cohort.samples["precision"]) == {"tumour"}
    assert cohort.samples.loc["GSM2774823", "histology"] == "Squamous cell carcinoma"
    assert "central" in patients.loc["R01-118", "AIM Axial Location"]
    assert patients["AIM Axial Location"].notna().sum() == 1
    assert len(cohort.scans) == 1351
    assert not cohort.scans.index.duplicated().any()
    data = load_patient(cohort, "R01-118")
    assert data.scans == []
    assert "no file to open" in data.problems[0].what


def test_nsclc_survival_is_reckoned_from_shifted_dates() -> None:
    row = {
        "Survival Status": "Dead", "CT Date": "8/10/1994", "Date of Death": "1/7/1997",
        "Days between CT and surgery": "9", "Date of Last Known Alive": "1/7/1997",
    }  # fmt: skip
    assert survival({**row, "Time to Death (days)": "871"}) == ("871", "1")
    assert survival(row) == ("872", "1")  # as the publisher states for AMC-001
    assert survival({**row, "Survival Status": "Alive"}) == ("872", "0")
    assert survival({**row, "CT Date": ""}) == ("", "")
    assert survival({**row, "Survival Status": ""}) == ("", "")
    with pytest.raises(ValueError, match="no date"):
        survival({**row, "CT Date": "1994-08-10"})
    with pytest.raises(ValueError, match="before the operation"):
        survival({**row, "Days between CT and surgery": "2000"})


def test_nsclc_series_on_disk(tmp_path: Path) -> None:
    study = "nsclc_radiogenomics/R01-001/1.3.6.1.4.1.14519.5.2.1.1"
    touch(tmp_path, f"{study}/CT_1.3.6.1.4.1.14519.5.2.1.11/1.dcm")
    touch(tmp_path, f"{study}/PT_1.3.6.1.4.1.14519.5.2.1.12/1.dcm")
    touch(tmp_path, f"{study}/SEG_1.3.6.1.4.1.14519.5.2.1.13/1.dcm")
    (tmp_path / "NSCLCR01Radiogenomic_DATA.csv").write_text(
        "Case ID,Patient affiliation,Histology ,Survival Status,CT Date,"
        "Days between CT and surgery,Date of Last Known Alive\n"
        "R01-001,VA,Adenocarcinoma,Alive,1/1/1994,10,1/21/1994\n"
        "R01-002,VA,Not Collected,Alive,1/1/1994,10,1/2/1994\n"
    )
    (tmp_path / "GSE103584_R01_NSCLC_RNAseq.txt.gz").write_bytes(
        gzip.compress(b"\tR01-001\tR01-009\nEGFR\t1.5\t\n")
    )
    (tmp_path / "bomb.xml").write_text(
        '<!DOCTYPE x [<!ENTITY a "b">]><ImageAnnotationCollection>&a;</ImageAnnotationCollection>'
    )
    cohort = open_cohort(tmp_path)
    assert cohort.layout == "nsclc-radiogenomics"
    assert cohort.scans["modality"].tolist() == ["CT", "PT"]
    assert cohort.segmentations["scan_id"].tolist() == ["1.3.6.1.4.1.14519.5.2.1.11"]
    assert cohort.patients["os_days"].fillna(-1).tolist() == [10, -1]
    assert cohort.patients["histology"].isna().tolist() == [False, True]
    assert cohort.expression[0].unit == "FPKM"
    said = {(p.file, p.row) for p in cohort.problems if p.level != "note"}
    assert said == {("bomb.xml", None), ("NSCLCR01Radiogenomic_DATA.csv", 3)}
    assert any("R01-009" in text for text in serious(validate_cohort(cohort)))


# ---------------------------------------------------------------- DICOM


def test_dicom_folders_of_a_patient(real_data: Callable[[str], Path], tmp_path: Path) -> None:
    source = real_data("dicom_seg/dcmqi")
    for folder, names in (("ct", ("01.dcm", "02.dcm", "03.dcm")), ("seg", ("liver.dcm",))):
        (tmp_path / folder).mkdir()
        for name in names:
            shutil.copy(source / name, tmp_path / folder)
    (tmp_path / "cohort.toml").write_text('format = 1\nname = "Liver"\n')
    (tmp_path / "patients.csv").write_text("patient_id,site\nP1,A\n")
    (tmp_path / "scans.csv").write_text("scan_id,patient_id,path\nct,P1,ct\n")
    (tmp_path / "segmentations.csv").write_text("segmentation_id,scan_id,path\nliver,ct,seg\n")
    cohort = open_cohort(tmp_path)
    assert serious(cohort.problems) == []
    data = load_patient(cohort, "P1")
    assert serious(data.problems) == []
    (scan,), (liver,) = data.scans, data.segmentations
    assert scan.geometry.same_grid(liver.geometry)
    assert scan.modality == "CT"
    assert liver.mask(liver.present[0]).any()


# ---------------------------------------------------------------- the sample


def test_the_sample_cohort_is_without_fault() -> None:
    folder = Path(__file__).resolve().parents[2] / "sample_data" / "cohort"
    if not folder.is_dir():
        pytest.skip(f"the sample cohort is not in this checkout: {folder}")
    cohort = open_cohort(folder)
    assert len(cohort) == 12
    assert serious(validate_cohort(cohort)) == []
    with_biopsies = cohort.overview().query("biopsies > 0").index[0]
    data = load_patient(cohort, with_biopsies)
    assert serious(data.problems) == []
    assert len(data.scans) == len(cohort.scans_of(with_biopsies))
    assert len(data.slides) == len(cohort.slides_of(with_biopsies))
    assert data.samples is not None
    points = data.samples.points_lps(data.scans[0].geometry)
    assert data.scans[0].geometry.contains(points).all()


def test_nsclc_becomes_our_folder(real_data: Callable[[str], Path], tmp_path: Path) -> None:
    for file in real_data("nsclc_radiogenomics").iterdir():
        shutil.copy(file, tmp_path)
    before = open_cohort(tmp_path)
    after = open_cohort(export_cohort(before))
    assert after.layout == "folder"
    assert not [str(p) for p in after.problems if p.level == "error"]
    assert after.patients.equals(before.patients)
    assert after.samples.equals(before.samples)
    assert len(after.scans) == 1351
