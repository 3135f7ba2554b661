"""Ten thousand patients: tables only, and one look at a folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_radiogenomics import open_cohort
from napari_radiogenomics.io.cohorts import find_layout


def put(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def big(root: Path, patients: int) -> Path:
    """A cohort whose images are rubbish that nothing can read."""
    names = [f"P{n:05d}" for n in range(patients)]
    roles = ("T1", "T1c", "FLAIR")
    (root / "scans").mkdir(parents=True)
    (root / "cohort.toml").write_text('format = 1\nname = "Big"\n')
    put(root, "patients.csv", "patient_id,site,age", *(f"{p},A,61" for p in names))
    scans = [(p, role, f"scans/{p}_{role}.nii.gz") for p in names for role in roles]
    put(
        root, "scans.csv", "scan_id,patient_id,modality,role,path",
        *(f"{p}_{role},{p},MR,{role},{path}" for p, role, path in scans),
    )  # fmt: skip
    masks = [f"scans/{p}_seg.nii.gz" for p in names]
    put(
        root, "segmentations.csv", "segmentation_id,scan_id,path",
        *(f"{p}_seg,{p}_T1c,{path}" for p, path in zip(names, masks, strict=True)),
    )  # fmt: skip
    for path in [*(path for _, _, path in scans), *masks]:
        (root / path).touch()
    return root


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return big(tmp_path_factory.mktemp("many") / "cohort", 10_000)


def test_ten_thousand_patients_are_tables_only(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    original = Path.open

    def watched(self: Path, *args: object, **more: object) -> object:
        opened.append(self.name)
        return original(self, *args, **more)  # type: ignore[call-overload]

    def refused(*args: object, **more: object) -> None:
        raise AssertionError("an image was read")

    listed: list[str] = []
    listdir = os.listdir
    monkeypatch.setattr(Path, "open", watched)
    monkeypatch.setattr("napari_radiogenomics.io.patient.read_all", refused)
    monkeypatch.setattr(os, "listdir", lambda path: (listed.append(str(path)), listdir(path))[1])
    cohort = open_cohort(many)
    assert (len(cohort), len(cohort.scans), len(cohort.segmentations)) == (10_000, 30_000, 10_000)
    assert [p.level for p in cohort.problems] == ["note"]
    assert not [name for name in opened if name.endswith(".nii.gz")]
    assert len(listed) <= 5  # one look at a folder, not one at each of 40,000 files


@pytest.mark.benchmark
def test_opening_ten_thousand_patients(many: Path, benchmark: Callable[..., object]) -> None:
    assert benchmark(open_cohort, many)


def test_layouts_look_at_few_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropping any large folder must not scan it whole before it is refused."""
    for number in range(600):
        (tmp_path / f"folder{number}").mkdir()
    scanned: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (scanned.append(str(path)), scandir(path))[1])
    with pytest.raises(ValueError, match="No cohort layout"):
        find_layout(tmp_path)
    assert len(set(scanned)) < 300
