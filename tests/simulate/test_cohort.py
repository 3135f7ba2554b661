"""The folder that a simulation leaves: complete, the same every time, or not there at all."""

from __future__ import annotations

import gzip
import json
import re
import shlex
import threading
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy import ndimage

from napari_radiogenomics import open_cohort
from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.io.patient import load_patient
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.simulate import cohort as module
from napari_radiogenomics.simulate import sample, sample_cohort, simulate_cohort
from napari_radiogenomics.simulate.patient import make_patient
from napari_radiogenomics.simulate.stories import draw_patients

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample_data" / "cohort"
SMALL = {"n_patients": 3, "n_validation": 1, "field_of_view": "tumor", "seed": 4}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four patients of both modalities, with all they can have."""
    folder = tmp_path_factory.mktemp("small") / "cohort"
    return simulate_cohort(folder, **SMALL, complete=True)


def _content(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_same_seed_gives_the_same_bytes_in_any_number_of_threads(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: 1)
    again = simulate_cohort(tmp_path / "again", **SMALL, complete=True)
    assert _content(again) == _content(small)


def test_another_seed_gives_another_cohort(tmp_path: Path) -> None:
    one = {"n_patients": 1, "n_validation": 0, "modality": "CT", "field_of_view": "tumor"}
    first = simulate_cohort(tmp_path / "first", **one, seed=5)
    second = simulate_cohort(tmp_path / "second", **one, seed=6)
    for name in ("scans/P001-t0-CT.nii.gz", "expression.csv.gz", "truth.json"):
        assert (first / name).read_bytes() != (second / name).read_bytes()


def test_it_opens_as_a_cohort_without_a_problem(small: Path) -> None:
    cohort = open_cohort(small)
    assert [problem for problem in cohort.problems if problem.level != "note"] == []
    assert set(cohort.patients["cohort"]) == {"discovery", "validation"}
    for patient in cohort.patients.index:
        data = load_patient(cohort, patient)
        assert [problem for problem in data.problems if problem.level != "note"] == []
        assert [slide.stain for slide in data.slides] == ["H&E", "CD31", "CAIX"]
        assert data.slides[1].frame == f"{patient}-CD31"
        assert data.slides[1].um_per_pixel == (8.0, 8.0)
        assert data.scans
        assert data.segmentations
        assert data.samples is not None


def test_every_file_that_a_table_names_is_there_and_no_other(small: Path) -> None:
    named = {"cohort.toml", "truth.json", "gene_sets.gmt", "expression.csv.gz"}
    for table in small.glob("*.csv"):
        named.add(table.name)
        rows = pd.read_csv(table, dtype=str)
        for column in {"path", "landmarks"} & set(rows.columns):
            named |= set(rows[column].dropna())
    assert named == set(_content(small))


def test_biopsies_lie_where_they_say_in_both_conventions(small: Path) -> None:
    samples = pd.read_csv(small / "samples.csv").query("kind == 'biopsy'")
    assert set(samples["coord_system"]) == {"LPS", "RAS"}
    regions = pd.read_csv(small / "segmentations.csv").query("reader == 'R1'")
    paths = regions.set_index("segmentation_id")["path"]
    for biopsy in samples.itertuples():
        image = nib.load(small / paths[f"{biopsy.patient_id}-t0-R1"])
        point = np.array([biopsy.x, biopsy.y, biopsy.z])
        ras = point * [-1, -1, 1] if biopsy.coord_system == "LPS" else point
        index = np.linalg.solve(image.affine, [*ras, 1])[:3]
        labels = np.asarray(image.dataobj)
        wanted = {"core": 1, "rim": 3}[biopsy.structure]
        away = ndimage.distance_transform_edt(
            labels != wanted, sampling=image.header.get_zooms()[:3]
        )
        # Recorded up to 1 mm off, and the voxels are up to 2.5 mm thick.
        assert away[tuple(np.round(index).astype(int))] <= 3.5, biopsy.sample_id


def test_bulk_has_no_place_and_biopsies_have(small: Path) -> None:
    samples = pd.read_csv(small / "samples.csv")
    bulk = samples.query("kind == 'bulk'")
    assert set(bulk["precision"]) == {"tumour"}
    assert bulk[["x", "coord_system"]].isna().all(axis=None)
    biopsies = samples.query("kind == 'biopsy'").groupby("patient_id").size()
    assert biopsies.between(3, 5).all()
    expression = pd.read_csv(small / "expression.csv.gz", index_col="sample_id")
    assert list(expression.index) == list(samples["sample_id"])
    assert 1900 < expression.shape[1] < 2200
    assert (expression.to_numpy() >= 0).all()


def test_later_visits_lie_as_the_transform_says(small: Path) -> None:
    patient = next(patient for patient in draw_patients(4, "discovery", 3) if len(patient.days) > 1)
    name = patient.patient_id
    content = json.loads((small / f"transforms/{name}-t1_to_{name}-t0.json").read_text("utf-8"))
    centers = []
    for visit in ("t0", "t1"):
        image = nib.load(small / f"segmentations/{name}-{visit}-R1-seg.nii.gz")
        labels = np.asarray(image.dataobj)
        voxels = np.argwhere((labels == 1) | (labels == 3)).mean(axis=0)
        ras = (image.affine @ [*voxels, 1])[:3]
        centers.append(ras * [-1, -1, 1])
    moved = (np.asarray(content["matrix"]) @ [*centers[1], 1])[:3]
    assert np.linalg.norm(moved - centers[0]) < 1.0
    assert np.linalg.norm(centers[1] - centers[0]) > 1.0  # they truly lie apart


def test_a_cancel_leaves_nothing_and_comes_soon(tmp_path: Path) -> None:
    asked = threading.Event()
    moment: list[float] = []

    def cancelled() -> bool:
        if asked.is_set() and not moment:
            moment.append(time.perf_counter())
        return asked.is_set()

    progress = reporting(lambda done, total, what: asked.set(), cancelled=cancelled)
    with pytest.raises(Cancelled):
        simulate_cohort(tmp_path / "cohort", n_patients=60, n_validation=0, progress=progress)
    assert list(tmp_path.iterdir()) == []
    assert moment


def test_a_failing_patient_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **more: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(module, "make_patient", broken)
    with pytest.raises(OSError, match="No space"):
        simulate_cohort(tmp_path / "cohort", n_patients=3)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"already holds files.*Choose a new folder"):
        simulate_cohort(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "wrong", [{"n_patients": 0}, {"n_validation": -1}, {"timepoints": 4}, {"seed": -1}]
)
def test_numbers_out_of_range_are_named(tmp_path: Path, wrong: dict[str, int]) -> None:
    (name,) = wrong
    with pytest.raises(InputError, match=f"{name} is"):
        simulate_cohort(tmp_path / "cohort", **wrong)
    assert not (tmp_path / "cohort").exists()


def test_the_sample_is_small_and_complete() -> None:
    files = [path for path in (ROOT / "sample_data").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 10_000_000
    cohort = open_cohort(SAMPLE)
    assert len(cohort.patients) == 12
    for table in (cohort.samples, cohort.slides, cohort.scans):
        assert set(table["patient_id"]) == set(cohort.patients.index)
    assert set(cohort.scans["modality"]) == {"CT", "MR"}
    assert set(cohort.timepoints["timepoint"]) == {"t0", "t1", "t2"}


def test_the_readme_names_the_command_that_made_the_sample() -> None:
    text = (ROOT / "sample_data" / "README.md").read_text(encoding="utf-8")
    command = re.search(r"^napari-radiogenomics simulate .*$", text, re.MULTILINE)
    assert command is not None
    words = shlex.split(command.group(0))[2:]
    assert words[0] == "sample_data/cohort"
    wanted = []
    for name, value in sample.SAMPLE.items():
        wanted += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
    assert words[1:] == wanted


@pytest.mark.parametrize("name", ["P002", "P006"])
def test_the_command_makes_the_committed_sample(name: str, tmp_path: Path) -> None:
    settings = sample.SAMPLE
    patients = draw_patients(
        settings["seed"], "discovery", settings["n_patients"], complete=settings["complete"]
    )
    patient = next(patient for patient in patients if patient.patient_id == name)
    for folder in ("scans", "segmentations", "slides", "transforms"):
        (tmp_path / folder).mkdir()
    rows = make_patient(settings["seed"], patient, tmp_path)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert made == sorted(
        path.relative_to(SAMPLE) for path in SAMPLE.rglob(f"{name}*") if path.is_file()
    )
    for path in made:
        new, old = _values(tmp_path / path), _values(SAMPLE / path)
        # Another processor may round a last digit differently, and a voxel with it.
        assert np.mean(new != old) < 1e-3, path
    table = pd.read_csv(SAMPLE / "expression.csv.gz", index_col="sample_id")
    for sample_id, counts in rows.expression.items():
        np.testing.assert_allclose(counts, table.loc[sample_id], rtol=0.02, atol=2)


def _values(path: Path) -> np.ndarray:
    if path.name.endswith(".nii.gz"):
        return np.frombuffer(gzip.decompress(path.read_bytes())[352:], np.uint8)
    if path.name.endswith(".tiff"):
        return tifffile.imread(path)
    return np.array(path.read_text(encoding="utf-8").split())


def test_the_sample_of_a_checkout_is_the_committed_one() -> None:
    assert sample_cohort() == SAMPLE


def test_elsewhere_the_sample_is_simulated_once_into_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def small_one(folder: Path, **settings: object) -> Path:
        calls.append(settings)
        return simulate_cohort(
            folder, n_patients=1, n_validation=0, modality="CT", field_of_view="tumor"
        )

    monkeypatch.setattr(sample, "__file__", str(tmp_path / "site" / "a" / "b" / "sample.py"))
    monkeypatch.setattr(sample, "_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(sample, "simulate_cohort", small_one)
    first, second = sample_cohort(), sample_cohort()
    assert first == second
    assert (first / "cohort.toml").is_file()
    assert len(calls) == 1
    assert {key: calls[0][key] for key in sample.SAMPLE} == sample.SAMPLE
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["cohort"]
