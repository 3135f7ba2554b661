"""Public layouts, from small trees made by the facts their publishers give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from napari_radiogenomics import open_cohort, write
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.problems import Problem
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.table import table_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohorts import export_cohort, find_layout, load_patient
from napari_radiogenomics.io.cohorts._names import brats_labels
from napari_radiogenomics.io.cohorts.pattern import compile_pattern
from napari_radiogenomics.io.layout import LAYOUTS, Draft, Layout, LayoutOptions


def touch(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"rubbish")


def labels(path: Path, *values: int) -> None:
    array = np.zeros((4, 5, 6), np.uint8)
    array.flat[: len(values)] = values
    write(Segmentation(array, Geometry((6, 5, 4))), path)


def serious(problems: tuple[Problem, ...]) -> list[str]:
    return [str(problem) for problem in problems if problem.level != "note"]


@pytest.mark.parametrize("layout", list(LAYOUTS), ids=lambda layout: layout.name)
def test_every_layout_introduces_itself_and_claims_no_empty_folder(layout, tmp_path: Path) -> None:
    assert layout.title
    assert layout.recognizes(tmp_path) == ""


# ---------------------------------------------------------------- BraTS


@pytest.fixture
def brats(tmp_path: Path) -> Path:
    root = tmp_path / "Pre-operative_TCGA_GBM_NIfTI_and_Segmentations"
    first, second = "TCGA-02-0006/TCGA-02-0006_1996.08.23", "TCGA-02-0009/TCGA-02-0009_1997.06.14"
    later = "TCGA-02-0006/TCGA-02-0006_1996.09.02"
    for visit in (first, second):
        touch(root, *(f"{visit}_{role}.nii.gz" for role in ("t1", "t1Gd", "t2", "flair")))
        touch(root, f"{visit}_GlistrBoost.nii.gz")
    touch(root, f"{first}_GlistrBoost_ManuallyCorrected.nii.gz", f"{later}_t1.nii.gz")
    touch(root, "TCGA-02-0006/odd.nii.gz")
    (root / "name_mapping.csv").write_text(
        "Grade,BraTS_2017_subject_ID,BraTS_2018_subject_ID,TCGA_TCIA_subject_ID\n"
        "HGG,Brats17_TCIA_1,NA,TCGA-02-0006\n"
        "LGG,Brats17_2,Brats18_2,TCGA-99-9999\n"
    )
    (root / "TCGA_GBM_radiomicFeatures.csv").write_text(
        "ID,Date,VOLUME_ET\nTCGA-02-0006,1996.08.23,5\nTCGA-77-0001,1996.08.23,6\n"
    )
    return root


def test_brats_tcga(brats: Path) -> None:
    cohort = open_cohort(brats)
    assert cohort.layout == "brats"
    assert "brats" in cohort.problems[-1].what
    assert cohort.patients.index.tolist() == ["TCGA-02-0006", "TCGA-02-0009"]
    assert cohort.timepoints["days"].tolist() == [0, 10, 0]
    assert cohort.scans_of("TCGA-02-0006", "1996.08.23")["role"].tolist() == [
        "FLAIR", "T1", "T1c", "T2",
    ]  # fmt: skip
    masks = cohort.segmentations
    assert masks["source"].tolist() == ["corrected", "auto"]
    assert masks["path"].iloc[0].endswith("ManuallyCorrected.nii.gz")
    assert (cohort.scans.loc[masks["scan_id"], "role"] == "T1c").all()
    assert cohort.resolve("Brats17_TCIA_1") == "TCGA-02-0006"
    assert cohort.patients["grade"].fillna("").tolist() == ["HGG", ""]
    assert cohort.features[0].key == "ID"
    (odd,) = serious(cohort.problems)
    assert "TCGA-02-0006/odd.nii.gz" in odd
    notes = " ".join(str(p) for p in cohort.problems)
    assert "TCGA-77-0001" in notes
    assert "is used in its place" in notes


@pytest.mark.parametrize(
    ("present", "enhancing"), [((1, 2, 4), 4), ((1, 2, 3), 3), ((2, 3), 3), ((4,), 4)]
)
def test_brats_labels_are_detected(brats: Path, present: tuple[int, ...], enhancing: int) -> None:
    cohort = open_cohort(brats)
    path = cohort.segmentations.query("source == 'auto'")["path"].iloc[0]
    labels(brats / path, *present)
    (mask,) = load_patient(cohort, "TCGA-02-0009").segmentations
    assert {label.value for label in mask.scheme} == set(present)
    assert mask["enhancing tumour"].value == enhancing


@pytest.mark.parametrize("present", [(1, 2, 3, 4), (1, 5), (7,), ()])
def test_brats_labels_are_never_assumed(present: tuple[int, ...]) -> None:
    assert brats_labels(present) == ()


def test_names_of_the_brats_challenges(tmp_path: Path) -> None:
    touch(
        tmp_path,
        *(f"BraTS20_Training_001/BraTS20_Training_001_{w}.nii" for w in ("t1ce", "flair", "seg")),
        *(f"BraTS-GLI-00002-000/BraTS-GLI-00002-000-{w}.nii.gz" for w in ("t1c", "t2f", "seg")),
    )
    cohort = open_cohort(tmp_path)
    assert cohort.layout == "brats"
    assert cohort.patients.index.tolist() == ["BraTS-GLI-00002-000", "BraTS20_Training_001"]
    assert sorted(set(cohort.scans["role"])) == ["FLAIR", "T1c"]
    assert cohort.segmentations["source"].tolist() == ["expert", "expert"]


# ---------------------------------------------------------------- UCSF-PDGM

UCSF = (
    "ID,Sex,Age at MRI,WHO CNS Grade,Final pathologic diagnosis (WHO 2021),MGMT status,IDH,"
    "1-dead 0-alive,OS,BraTS21 ID\n"
    'UCSF-PDGM-004,M,66,4,"Glioblastoma, IDH-wildtype",negative,wildtype,1,1303,BraTS2021_00097\n'
    'UCSF-PDGM-429,F,41,3,"Astrocytoma, IDH-mutant",unknown,mutated (NOS),0,200,\n'
    'UCSF-PDGM-429_FU003d,F,41,3,"Astrocytoma, IDH-mutant",unknown,mutated (NOS),0,200,\n'
    "UCSF-PDGM-500,M,unknown,2,Oligodendroglioma,unknown,unknown,unknown,unknown,\n"
    "somebody,M,3,2,x,unknown,unknown,unknown,unknown,\n"
)


@pytest.fixture
def ucsf(tmp_path: Path) -> Path:
    root = tmp_path / "UCSF-PDGM-v5"
    for name in ("UCSF-PDGM-0004", "UCSF-PDGM-0429", "UCSF-PDGM-0429_FU003d"):
        words = ("T1", "T1c", "T1_bias", "FLAIR", "ADC", "brain_segmentation", "tumor_segmentation")
        touch(root, *(f"{name}_nifti/{name}_{word}.nii.gz" for word in words))
    (root / "UCSF-PDGM-metadata_v5.csv").write_text(UCSF)
    return root


@pytest.mark.parametrize("name", ["", "UCSF-PDGM-metadata_v5.csv"])
def test_ucsf_pdgm(ucsf: Path, name: str) -> None:
    cohort = open_cohort(ucsf / name)
    assert cohort.layout == "ucsf-pdgm"
    patients = cohort.patients
    assert patients.index.tolist() == ["UCSF-PDGM-0004", "UCSF-PDGM-0429", "UCSF-PDGM-0500"]
    assert patients["os_days"].fillna(-1).tolist() == [1303, 200, -1]
    assert patients["os_event"].fillna(-1).tolist() == [1, 0, -1]
    assert patients["idh"].fillna("?").tolist() == ["wildtype", "mutant", "?"]
    assert patients["IDH"].iloc[1] == "mutated (NOS)"
    assert patients["MGMT status"].isna().tolist() == [False, True, True]
    assert patients.loc["UCSF-PDGM-0004"].str.contains("Glioblastoma, IDH").any()
    assert cohort.timepoints_of("UCSF-PDGM-0429") == ["baseline", "FU003d"]
    assert cohort.timepoints.query("timepoint == 'FU003d'")["days"].tolist() == [3]
    assert cohort.resolve("UCSF-PDGM-004") == "UCSF-PDGM-0004"
    assert cohort.resolve("BraTS2021_00097") == "UCSF-PDGM-0004"
    assert len(cohort.scans) == 15
    assert cohort.segmentations_of("UCSF-PDGM-0429", "FU003d").index.tolist() == [
        "UCSF-PDGM-0429_FU003d_tumor_segmentation",
        "UCSF-PDGM-0429_FU003d_brain_segmentation",
    ]
    (problem,) = [p for p in cohort.problems if p.level != "note"]
    assert (problem.file, problem.row) == ("UCSF-PDGM-metadata_v5.csv", 6)
    assert cohort.rows["patients"]["UCSF-PDGM-0500"] == 5


def test_ucsf_brain_mask_is_not_called_necrosis(ucsf: Path) -> None:
    cohort = open_cohort(ucsf)
    folder = ucsf / "UCSF-PDGM-0004_nifti"
    labels(folder / "UCSF-PDGM-0004_brain_segmentation.nii.gz", 1)
    labels(folder / "UCSF-PDGM-0004_tumor_segmentation.nii.gz", 1, 2, 4)
    tumour, brain = load_patient(cohort, "UCSF-PDGM-004").segmentations
    assert tumour["enhancing tumour"].value == 4
    assert [label.name for label in brain.scheme] == ["label 1"]


def test_ucsf_without_its_table(ucsf: Path) -> None:
    (ucsf / "UCSF-PDGM-metadata_v5.csv").unlink()
    cohort = open_cohort(ucsf)
    assert cohort.patients.index.tolist() == ["UCSF-PDGM-0004", "UCSF-PDGM-0429"]
    assert serious(cohort.problems) == []


# ---------------------------------------------------------------- any tree


def test_pattern_of_one_level(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "P1/T1.nii.gz", "P1/T1c.nii.gz", "P1/T1c_seg.nii.gz", "P2/CT.nii.gz", "P2/mask.nii.gz",
        "P3/mask.nii.gz", "deep/er/T1.nii.gz", "notes.txt", ".hidden/T1.nii.gz",
    )  # fmt: skip
    cohort = open_cohort(tmp_path, pattern="{patient_id}/{modality}.nii.gz")
    assert cohort.layout == "pattern"
    assert cohort.scans["modality"].to_dict() == {"P1_T1": "MR", "P1_T1c": "MR", "P2_CT": "CT"}
    assert cohort.scans.loc["P2_CT", "unit"] == "HU"
    assert cohort.segmentations["scan_id"].tolist() == ["P1_T1c", "P2_CT"]
    said = {p.file: p.level for p in cohort.problems}
    assert said["deep/er/T1.nii.gz"] == "warning"
    assert said["notes.txt"] == "note"
    assert said["P3/mask.nii.gz"] == "error"
    assert not any("hidden" in file for file in said)


def test_pattern_with_site_timepoint_and_own_masks(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "Bonn/P1/t0/FLAIR.nii", "Bonn/P1/t1/FLAIR.nii", "Bonn/P1/t1/labels/tumour.nii",
        "Lyon/P1/t0/T2.nii",
    )  # fmt: skip
    pattern = (
        "{site}/{patient_id}/{timepoint}/labels/{segmentation}.nii"
        " | {site}/{patient_id}/{timepoint}/{modality}.nii"
    )
    cohort = open_cohort(tmp_path, pattern=pattern)
    assert cohort.patients["site"].to_dict() == {"P1": "Bonn"}
    assert cohort.timepoints_of("P1") == ["t0", "t1"]
    assert cohort.segmentations["scan_id"].tolist() == ["P1_t1_FLAIR"]
    (warning,) = serious(cohort.problems)
    assert "Bonn and Lyon" in warning


def test_pattern_of_dicom_folders_and_repeated_fields(tmp_path: Path) -> None:
    touch(tmp_path, "P1/CT/1.dcm", "P1/CT/2.dcm", "P2/P2_CT.nii", "P3/P4_CT.nii")
    cohort = open_cohort(
        tmp_path, pattern="{patient_id}/{modality}/|{patient_id}/{patient_id}_{modality}.nii"
    )
    assert cohort.scans["path"].to_dict() == {"P1_CT": "P1/CT", "P2_CT": "P2/P2_CT.nii"}
    assert len(serious(cohort.problems)) == 1


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{patient}/{modality}.nii", 'Did you mean "patient_id"'),
        ("{modality}.nii", "needs {patient_id}"),
        ("{patient_id}/{modality.nii", "closed braces"),
        ("{patient_id}.nrrd", "No file fits"),
    ],
)
def test_patterns_that_cannot_be(tmp_path: Path, pattern: str, said: str) -> None:
    touch(tmp_path, "P1/T1.nii")
    with pytest.raises(InputError, match=said):
        open_cohort(tmp_path, pattern=pattern)


def test_pattern_is_asked_for_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="with the setting pattern"):
        open_cohort(tmp_path, layout="pattern")


def test_pattern_is_no_regular_expression() -> None:
    compiled = compile_pattern("{patient_id}/a.b(c)/{modality}*.nii.gz")
    assert compiled.fullmatch("P/a.b(c)/T1_x.nii.gz")
    assert not compiled.fullmatch("P/aXb(c)/T1.nii.gz")
    assert not compiled.fullmatch("P/Q/a.b(c)/T1.nii.gz")


def test_a_tree_becomes_our_folder(tmp_path: Path) -> None:
    touch(tmp_path, "P1/T1c.nii.gz", "P1/T1c_seg.nii.gz")
    cohort = open_cohort(tmp_path, pattern="{patient_id}/{modality}.nii.gz")
    export_cohort(cohort)
    again = open_cohort(tmp_path)
    assert again.layout == "folder"
    assert serious(again.problems) == []
    assert again.scans.equals(cohort.scans)
    assert again.segmentations.equals(cohort.segmentations)


# ---------------------------------------------------------------- PyRadiomics


def test_pyradiomics_batch(tmp_path: Path) -> None:
    touch(tmp_path, "data/brain1_image.nrrd", "data/brain1_label.nrrd", "data/lung1_image.nrrd")
    outside = tmp_path.parent / f"{tmp_path.name}-masks" / "lung1_label.nrrd"
    touch(outside.parent, outside.name)
    (tmp_path / "batch.csv").write_text(
        "Image,Mask,Label,Center\n"
        "data/brain1_image.nrrd,data/brain1_label.nrrd,1,A\n"
        "data/brain1_image.nrrd,data/brain1_label.nrrd,2,A\n"
        f"data/lung1_image.nrrd,{outside},1,B\n"
        "data/brest1_image.nrrd,data/breast1_label.nrrd,1,B\n"
    )
    cohort = open_cohort(tmp_path / "batch.csv")
    assert cohort.layout == "pyradiomics"
    assert cohort.patients.index.tolist() == ["brain1", "lung1", "brest1"]
    assert cohort.patients["Center"].tolist() == ["A", "B", "B"]
    assert cohort.segmentations["label"].tolist()[0] == "1 2"
    assert cohort.file(cohort.segmentations["path"].iloc[1]) == outside
    assert {(p.row, p.column) for p in cohort.problems if p.level == "error"} == {(5, "path")}
    assert find_layout(tmp_path)[0].name == "pyradiomics"


def test_pyradiomics_patients_share_an_image(tmp_path: Path) -> None:
    touch(tmp_path, "lung_image.nrrd", "a_mask.nrrd", "b_mask.nrrd", "c_mask.nrrd")
    (tmp_path / "a.csv").write_text(
        "Patient,Image,Mask\n"
        "X1,lung_image.nrrd,a_mask.nrrd\n"
        "X2,lung_image.nrrd,b_mask.nrrd\n"
        "X2,lung_image.nrrd,c_mask.nrrd\n"
    )
    cohort = open_cohort(tmp_path / "a.csv")
    assert cohort.scans["patient_id"].to_dict() == {"X1": "X1", "X2": "X2"}
    assert cohort.segmentations_of("X1")["path"].tolist() == ["a_mask.nrrd"]
    assert cohort.segmentations_of("X2")["path"].tolist() == ["b_mask.nrrd", "c_mask.nrrd"]
    assert not any(p.level == "error" or "no scan" in p.what for p in cohort.problems)


def test_pyradiomics_images_of_one_name_are_told_apart(tmp_path: Path) -> None:
    touch(tmp_path, "pre/ct.nrrd", "post/ct.nrrd", "m.nrrd")
    (tmp_path / "a.csv").write_text("ID,Image,Mask\nP,pre/ct.nrrd,m.nrrd\nP,post/ct.nrrd,m.nrrd\n")
    cohort = open_cohort(tmp_path / "a.csv")
    assert cohort.scans["path"].to_dict() == {"P_ct": "pre/ct.nrrd", "P_ct_2": "post/ct.nrrd"}
    assert len(cohort.segmentations) == 2


def test_pyradiomics_batch_with_patients_or_folders(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{p}/{w}.nii.gz" for p in ("P1", "P2") for w in ("image", "mask")))
    lines = [f"{p}/image.nii.gz,{p}/mask.nii.gz" for p in ("P1", "P2")]
    (tmp_path / "a.csv").write_text("\n".join(["Image,Mask", *lines]))
    cohort = open_cohort(tmp_path / "a.csv")
    assert cohort.patients.index.tolist() == ["P1", "P2"]
    assert serious(cohort.problems) == []
    (tmp_path / "b.csv").write_text(
        "ID,Image,Mask\n" + "\n".join(f"X{n},{line}" for n, line in enumerate(lines))
    )
    assert open_cohort(tmp_path / "b.csv").patients.index.tolist() == ["X0", "X1"]


def test_pyradiomics_reads_the_real_cases(real_data: Callable[[str], Path], tmp_path: Path) -> None:
    folder = real_data("pyradiomics")
    (tmp_path / "cases.csv").write_text(
        f"Image,Mask\n{folder}/brain1_image.nrrd,{folder}/brain1_label.nrrd\n"
    )
    data = load_patient(open_cohort(tmp_path / "cases.csv"), "brain1")
    assert data.problems == ()
    assert int(data.segmentations[0].mask(1).sum()) == 4137


# ---------------------------------------------------------------- other people's layouts


def test_a_layout_of_another_package_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: Path, options: LayoutOptions) -> Draft:
        scans = table_of([{"scan_id": "s", "patient_id": "P1", "path": "x.mine"}], "mine", [])
        return Draft(path, "Mine", tables={"scans": scans})

    mine = Layout("mine", "My layout", lambda path: "x.mine" * (path / "x.mine").exists(), read)
    point = SimpleNamespace(name="mine", value="mine:LAYOUT", dist=None, load=lambda: mine)
    monkeypatch.setattr(LAYOUTS, "_entries", None)
    monkeypatch.setattr(
        "napari_radiogenomics.registry.entry_points",
        lambda group: [point] if group == "napari_radiogenomics.layouts" else [],
    )
    touch(tmp_path, "x.mine")
    cohort = open_cohort(tmp_path)
    assert cohort.layout == "mine"
    assert cohort.patients.index.tolist() == ["P1"]
    assert cohort.scans["path"].tolist() == ["x.mine"]
