"""The pattern that is guessed for a tree of scans finds in it what was put there."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohorts import open_cohort
from napari_radiogenomics.io.scan_tree import has_scans, scan_tree

TREES = {
    "folders of patients": (
        "{p}/CT.nii.gz",
        "{p}/PET.nii.gz",
        "{p}/CT_seg.nii.gz",
    ),
    "names in the files too": ("{p}/{p}_T1.nii", "{p}/{p}_FLAIR.nii", "{p}/{p}_seg.nii"),
    "visits": ("{p}/2019-01-01/T1.nrrd", "{p}/2020-01-01/T1.nrrd", "{p}/2020-01-01/mask.nrrd"),
    "BIDS": ("{p}/anat/{p}_T1w.nii.gz", "{p}/anat/{p}_T2w.nii.gz", "{p}/anat/{p}_label.nii.gz"),
    "one folder above": ("images/{p}/CT.mha", "images/{p}/PET.mha", "images/{p}/roi.mha"),
    "flat": ("{p}_CT.nii.gz", "{p}_PET.nii.gz", "{p}_mask.nii.gz"),
    "two formats": ("{p}/CT.nii.gz", "{p}/PET.nrrd", "{p}/seg.nrrd"),
}


def planted(root: Path, *files: str) -> Path:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


@pytest.mark.parametrize("files", TREES.values(), ids=TREES)
def test_the_guess_finds_what_was_planted(tmp_path: Path, files: tuple[str, ...]) -> None:
    patients = ("A1", "A2", "B7")
    planted(tmp_path, *(file.format(p=p) for p in patients for file in files), "notes.txt")
    tree = scan_tree(tmp_path)
    count = tree.count(tree.guess())
    assert (count.patients, count.scans, count.segmentations) == (3, 6, 3)
    assert count.unmatched == ()
    cohort = open_cohort(tmp_path, pattern=tree.guess())
    assert list(cohort.patients.index) == list(patients)
    assert (len(cohort.scans), len(cohort.segmentations)) == (6, 3)


def test_series_of_dicom_are_folders(tmp_path: Path) -> None:
    planted(tmp_path, *(f"{p}/{m}/{n}.dcm" for p in "AB" for m in ("CT", "PT") for n in range(3)))
    tree = scan_tree(tmp_path)
    assert tree.guess() == "{patient_id}/{modality}/"
    assert str(tree.count(tree.guess())) == "Finds 2 patients, 4 scans, 0 segmentations."


def test_what_does_not_fit_is_named_and_notes_are_not(tmp_path: Path) -> None:
    planted(tmp_path, "A1/CT.nii.gz", "A1/CT.nrrd", "A1/read.txt")
    count = scan_tree(tmp_path).count("{patient_id}/{modality}.nii.gz")
    assert str(count).endswith("1 file does not fit, such as A1/CT.nrrd.")
    with pytest.raises(InputError, match='Did you mean "patient_id"'):
        scan_tree(tmp_path).count("{patient}/{modality}.nii.gz")


def test_a_folder_without_scans_is_refused(tmp_path: Path) -> None:
    planted(tmp_path, "a/b.txt")
    assert not has_scans(tmp_path)
    with pytest.raises(InputError, match="neither tables nor scans"):
        scan_tree(tmp_path)
    assert has_scans(planted(tmp_path, "a/c/d.nii"))
