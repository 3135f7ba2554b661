"""Versions: who, when, with what; what the expert drew stays as it is."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from napari_radiogenomics import Geometry, Image, Label, Segmentation, open_cohort, read, write
from napari_radiogenomics.data.segmentation import Code
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohorts import load_patient
from napari_radiogenomics.io.versions import restore, save_version, versions

GRID = Geometry((6, 5, 4), (1.0, 1.0, 3.0), (5.0, -2.0, 9.0), (-1, 0, 0, 0, -1, 0, 0, 0, 1))
SCHEME = (Label(1, "core", (200, 10, 20)), Label(4, "oedema", (0, 90, 200)))


def labels(value=1):
    array = np.zeros(GRID.shape, np.uint8)
    array[1:3, 1:3, 1:3], array[3, 4, 5] = value, 4
    return array


@pytest.fixture
def cohort(tmp_path):
    write(Image(np.zeros(GRID.shape, np.float32), GRID), tmp_path / "ct.nii.gz")
    write(Segmentation(labels(), GRID), tmp_path / "seg.nii.gz")
    (tmp_path / "cohort.toml").write_text('format = 1\nname = "Small"\n')
    (tmp_path / "patients.csv").write_text("patient_id,site\nP1,A\n")
    (tmp_path / "scans.csv").write_text("scan_id,patient_id,modality,path\nCT1,P1,CT,ct.nii.gz\n")
    (tmp_path / "segmentations.csv").write_text(
        "segmentation_id,scan_id,path,source,reader,note\nS1,CT1,seg.nii.gz,expert,AB,'=1+1\n"
    )
    return open_cohort(tmp_path)


def corrected() -> Segmentation:
    array = labels()
    array[0, 0, 0] = 1
    return Segmentation(array, GRID, SCHEME)


def rows(cohort, name="segmentations.csv"):
    with (cohort.root / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".seg.nrrd", ".dcm"])
def test_a_correction_is_a_new_file_and_a_new_row(cohort, suffix):
    before = (cohort.root / "seg.nii.gz").read_bytes()
    made = save_version(
        cohort, corrected(), segmentation_id="S1", reader="C. Día", tool="paint", suffix=suffix
    )
    assert made.startswith("S1__corrected__C.-Día__")
    assert (cohort.root / "seg.nii.gz").read_bytes() == before
    old, new = rows(cohort)
    assert (old["segmentation_id"], old["source"], old["note"]) == ("S1", "expert", "'=1+1")
    assert new["path"] == f"segmentations/{made}{suffix}"
    assert (new["source"], new["reader"], new["tool"]) == ("corrected", "C. Día", "paint")
    assert (new["scan_id"], new["based_on"]) == ("CT1", "S1")
    again = open_cohort(cohort.root)
    assert not [p for p in again.problems if p.level == "error"]
    first, second = load_patient(again, "P1").segmentations
    np.testing.assert_array_equal(first.labels, labels())
    np.testing.assert_array_equal(second.labels, corrected().labels)
    assert second.geometry.same_grid(GRID)
    assert [(x.value, x.name) for x in second.scheme] == [(1, "core"), (4, "oedema")]
    np.testing.assert_allclose([x.color for x in second.scheme], [x.color for x in SCHEME], atol=1)


def test_versions_are_listed_and_any_is_restored(cohort):
    one = save_version(cohort, corrected(), segmentation_id="S1", reader="CD")
    two = save_version(
        cohort, Segmentation(labels(4), GRID), segmentation_id=one, reader="CD", source="auto"
    )
    assert two.startswith("S1__auto__CD__")
    for asked in ("S1", one, two):
        table = versions(cohort, asked)
        assert set(table.index) == {"S1", one, two}
        assert table.index[-1] == "S1"
        assert table.loc[["S1", one, two], "source"].tolist() == ["expert", "corrected", "auto"]
        assert table.loc[two, "based_on"] == one
    np.testing.assert_array_equal(restore(cohort, "S1").labels, labels())
    back = restore(cohort, one)
    np.testing.assert_array_equal(back.labels, corrected().labels)
    assert [(x.name, x.color) for x in back.scheme] == [(x.name, x.color) for x in SCHEME]
    assert back.metadata["segmentation_id"] == one
    assert back.metadata["scan_id"] == "CT1"


def test_two_versions_of_one_second_have_two_names(cohort):
    made = {save_version(cohort, corrected(), segmentation_id="S1", reader="CD") for _ in range(3)}
    assert len(made) == len({row["path"] for row in rows(cohort)} - {"seg.nii.gz"}) == 3


def test_a_name_leads_nowhere_else_and_is_no_formula(cohort):
    made = save_version(cohort, corrected(), segmentation_id="S1", reader="../../=cmd")
    assert (cohort.root / "segmentations" / f"{made}.nii.gz").is_file()
    assert len(list((cohort.root / "segmentations").iterdir())) == 1
    save_version(cohort, corrected(), segmentation_id="S1", reader="=cmd")
    assert rows(cohort)[-1]["reader"] == "'=cmd"


def test_what_cannot_be_saved_leaves_everything_as_it_was(cohort):
    before = sorted(p.name for p in cohort.root.rglob("*"))
    with pytest.raises(InputError, match="Enter your name"):
        save_version(cohort, corrected(), segmentation_id="S1", reader=" ")
    with pytest.raises(InputError, match='no segmentation "S9"'):
        save_version(cohort, corrected(), segmentation_id="S9", reader="CD")
    with pytest.raises(InputError, match="cannot be listed"):
        versions(replace(cohort, layout="brats"), "S1")
    assert sorted(p.name for p in cohort.root.rglob("*")) == before
    with pytest.raises(InputError, match="no name for a file"):
        save_version(cohort, corrected(), segmentation_id="S1", reader="CD", suffix=".txt")
    assert len(rows(cohort)) == 1


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".seg.nrrd", ".dcm"])
def test_names_colors_and_codes_come_back_from_every_format(cohort, suffix):
    tumour = Label(
        1,
        "left temporal tumour",
        (200, 10, 20),
        Code("49755003", "SCT", "Morphologically Altered Structure"),
        Code("86049000", "SCT", "Malignant neoplasm, primary"),
        anatomic_region=Code("12738006", "SCT", "Brain"),
    )
    plain = Label(4, "oedema", (0, 90, 200))
    drawn = replace(corrected(), scheme=(tumour, plain))
    made = save_version(cohort, drawn, segmentation_id="S1", reader="CD", suffix=suffix)
    for found in (
        restore(cohort, made),
        load_patient(open_cohort(cohort.root), "P1").segmentations[1],
    ):
        for label, want in zip(found.scheme, (tumour, plain), strict=True):
            assert (label.value, label.name, label.color) == (want.value, want.name, want.color)
        back = found.scheme[0]
        codes = (back.category, back.type, back.anatomic_region)
        assert codes == (tumour.category, tumour.type, tumour.anatomic_region)
    alone = read(cohort.root / f"segmentations/{made}{suffix}", kind="segmentation").scheme[0]
    if suffix in (".seg.nrrd", ".dcm"):  # formats that hold the codes themselves
        assert (alone.type, alone.anatomic_region) == (tumour.type, tumour.anatomic_region)
