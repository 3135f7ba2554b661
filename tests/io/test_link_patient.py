"""Samples and segmentations of a cohort: frames, timepoints, transforms, edited structures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import link_cohort, link_patient, load_patient, open_cohort, write
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.flip import flip_samples
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.structures import DEFAULT_STRUCTURES
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohort_samples import correct_samples
from napari_radiogenomics.io.structure_map import (
    cohort_structures,
    read_structures,
    write_structures,
)

SAMPLES = (
    "sample_id,patient_id,timepoint,kind,frame,coord_system,unit,x,y,z,radius_mm,precision,"
    "structure\n"
    "near,P1,t0,biopsy,P1-t0,LPS,mm,3,5,5,1,point,\n"
    "moved,P1,t0,biopsy,stage,LPS,mm,103,5,5,1,point,\n"
    "lost,P1,t0,biopsy,elsewhere,LPS,mm,3,5,5,1,point,\n"
    "bulk,P1,t0,bulk,P1-t0,,,,,,,tumour,\n"
    "layer,P2,,LMD,,,,,,,,region,CTpan\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    labels = np.ones((10, 10, 20), np.uint8)
    labels[:, :, 10:] = 3
    for name in ("a", "b"):
        write(Segmentation(labels, Geometry((20, 10, 10))), tmp_path / f"{name}.nrrd")
    matrix = np.eye(4)
    matrix[0, 3] = -100.0
    for name, values in (("to.json", matrix), ("from.json", np.linalg.inv(matrix))):
        (tmp_path / name).write_text(json.dumps({"matrix": values.tolist()}))
    tables = {
        "cohort.toml": 'format = 1\nname = "Trial"\n',
        "patients.csv": "patient_id\nP1\nP2\n",
        "timepoints.csv": "patient_id,timepoint,days\nP1,t0,0\nP1,t1,90\n",
        "scans.csv": "scan_id,patient_id,timepoint,path,frame\nA,P1,t0,a.nrrd,P1-t0\n"
        "B,P1,t1,b.nrrd,P1-t1\n",
        "segmentations.csv": "segmentation_id,scan_id,path\nA-R1,A,a.nrrd\nA-R2,A,a.nrrd\n"
        "B-R1,B,b.nrrd\n",
        "labels.csv": "value,name\n1,necrotic core\n3,viable tumor\n",
        "samples.csv": SAMPLES,
        "transforms.csv": "from_frame,to_frame,path\nstage,P1-t0,to.json\n",
    }
    for name, text in tables.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def counted(cohort: Cohort, patient: str) -> pd.DataFrame:
    links = link_patient(cohort, load_patient(cohort, patient))
    return links.table[links.table["counts"]]


@pytest.mark.parametrize("forward", [True, False])
def test_samples_meet_the_segmentations_of_their_frame_and_timepoint(folder, forward):
    if not forward:  # the same transform, written the other way round
        text = "from_frame,to_frame,path\nP1-t0,stage,from.json\n"
        (folder / "transforms.csv").write_text(text)
    table = counted(open_cohort(folder), "P1")
    assert set(table["segmentation_id"]) == {"A-R1", "A-R2", ""}
    regions = table[table["segmentation_id"] == "A-R1"].set_index("sample_id")["region"]
    assert regions.to_dict() == {
        "near": "necrotic core",
        "moved": "necrotic core",  # by the transform of its frame
        "bulk": "whole tumor",
    }
    lost = table[table["sample_id"] == "lost"]
    assert lost["precision"].tolist() == ["tumour"]  # in a frame that nothing leads to


def test_the_whole_cohort_takes_one_reader_a_scan(folder):
    links = link_cohort(open_cohort(folder))
    assert set(links.table["segmentation_id"]) == {"A-R1", ""}
    layer = links.table.set_index("sample_id").loc["layer"]
    assert (layer["region"], layer["how"]) == ("necrotic", "structure name")
    assert links.table["patient_id"].nunique() == 2


def test_a_broken_segmentation_is_said_and_the_others_are_linked(folder):
    (folder / "b.nrrd").write_bytes(b"rubbish")
    links = link_cohort(open_cohort(folder))
    assert any("b.nrrd" in note for note in links.notes)
    assert "A-R1" in set(links.table["segmentation_id"])


def test_a_broken_transform_is_named(folder):
    (folder / "to.json").write_text('{"matrix": [[1, 0], [0, 1]]}')
    with pytest.raises(InputError, match=r"to\.json holds no transform .Its matrix is no 4×4"):
        link_cohort(open_cohort(folder))
    (folder / "to.json").write_text("{}")
    with pytest.raises(InputError, match=r"to\.json holds no transform"):
        link_cohort(open_cohort(folder))


def test_patients_without_samples_have_no_links(folder):
    (folder / "samples.csv").write_text(SAMPLES.splitlines()[0] + "\n")
    cohort = open_cohort(folder)
    assert len(link_cohort(cohort)) == 0
    assert len(link_patient(cohort, load_patient(cohort, "P1"))) == 0


def test_the_structure_map_of_a_cohort_is_a_table_that_a_person_edits(folder):
    cohort = open_cohort(folder)
    assert cohort_structures(cohort) is DEFAULT_STRUCTURES
    mine = DEFAULT_STRUCTURES.changed({"CTpan": ["enhancing", "necrotic"], "my layer": "edema"})
    write_structures(mine, folder / "structures.csv")
    assert cohort_structures(cohort).regions == mine.regions
    assert cohort_structures(cohort).notes["LE"] == DEFAULT_STRUCTURES.notes["LE"]
    again = link_cohort(open_cohort(folder)).table
    assert again.loc[again["sample_id"] == "layer", "region"].tolist() == ["enhancing", "necrotic"]
    assert not any("structures.csv" in problem.file for problem in open_cohort(folder).problems)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,region\nCT,enhancing\n", "has no column structure"),
        ("structure,region\nCT,\n", "row 2: the region is empty"),
        ("structure,region\nCT,enhancing\n,edema\n", "row 3: the structure is empty"),
    ],
)
def test_broken_structure_maps_are_refused_with_the_row(
    tmp_path: Path, text: str, message: str, folder: Callable
) -> None:
    path = tmp_path / "structures.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_structures(path)


def test_regions_of_a_structure_may_stand_on_several_rows(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("structure,region,note\nCT,enhancing,solid\nCT,necrotic; edema,\n")
    found = read_structures(path)
    assert found["CT"] == ("enhancing", "necrotic", "edema")
    assert found.notes == {"CT": "solid"}


def test_corrected_samples_go_back_to_the_cohort_and_its_table(folder):
    cohort = open_cohort(folder)
    data = load_patient(cohort, "P1")
    assert data.samples is not None
    before = (folder / "samples.csv").read_text()
    mended = correct_samples(cohort, flip_samples(data.samples, ["near"], to="RAS"))
    assert mended.samples.loc["near", "coord_system"] == "RAS"
    assert cohort.samples.loc["near", "coord_system"] == "LPS"
    assert (folder / "samples.csv").read_text() == before
    correct_samples(cohort, flip_samples(data.samples, ["near"], to="voxel"), save=True)
    after = (folder / "samples.csv").read_text()
    assert after == before.replace("near,P1,t0,biopsy,P1-t0,LPS,mm", "near,P1,t0,biopsy,P1-t0,"
                                   "voxel,voxel")  # fmt: skip
    assert open_cohort(folder).samples.loc["near", "unit"] == "voxel"
    other = data.samples.table.rename(index={"near": "far"})
    with pytest.raises(InputError, match='"far" is not in Trial'):
        correct_samples(cohort, replace(data.samples, table=other))
    with pytest.raises(InputError, match="Export it as a cohort folder"):
        correct_samples(replace(cohort, layout="brats"), data.samples, save=True)
