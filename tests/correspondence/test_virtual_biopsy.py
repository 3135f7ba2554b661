"""A virtual biopsy finds a planted field in patients left out, and refuses where it cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import (
    VirtualBiopsy,
    VirtualBiopsyModel,
    map_virtual_biopsy,
    read,
    virtual_biopsy,
    write,
)
from napari_radiogenomics.cli import main
from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.provenance import read_history

QUICK: dict[str, Any] = {"features": (), "permutations": 99}


@pytest.fixture(scope="module")
def found(biopsied: Any) -> VirtualBiopsy:
    return virtual_biopsy(biopsied.cohort, "score", **QUICK)


@pytest.fixture(scope="module")
def other(tmp_path_factory: Any, biopsied: Any) -> Any:
    """Other patients, who have the same ids."""
    return type(biopsied)(tmp_path_factory.mktemp("other"), patients=4, seed=5)


def within(values: pd.Series, patients: pd.Series) -> pd.Series:
    return values - values.groupby(patients).transform("mean")


def test_the_planted_score_is_told_and_said(found: VirtualBiopsy) -> None:
    assert (found.refused, found.n_patients, found.n_biopsies) == ("", 20, 80)
    assert found.skill > 0.8
    assert found.skill_low < found.skill < found.skill_high
    assert found.p_value == 0.01
    assert "Better than the patient's mean" in found.text()
    assert found.history[-1].verb == "virtual_biopsy"
    assert found.learned.recipe.radius_mm == 3.0  # radius and uncertainty of a biopsy


def test_the_skill_is_that_of_the_table(found: VirtualBiopsy) -> None:
    table = found.samples
    score = within(table["score"], table["patient_id"])
    np.testing.assert_allclose(score, table["score_within"], atol=1e-12)
    missed = score - within(table["predicted"], table["patient_id"])
    assert found.skill == pytest.approx(1 - (missed**2).sum() / (score**2).sum())


def test_maps_of_patients_left_out_are_the_planted_field(
    found: VirtualBiopsy, biopsied: Any
) -> None:
    inside = biopsied.inside
    for patient in found.learned.patients:
        maps = map_virtual_biopsy(found.learned, biopsied.cohort, patient)
        assert (maps.held_out, maps.anchored) == (True, 4)
        assert np.isnan(maps.value.array[~inside]).all()
        truth = biopsied.truth(patient)
        assert np.corrcoef(maps.value.array[inside], truth)[0, 1] > 0.85
        width = maps.high.array[inside] - maps.low.array[inside]
        np.testing.assert_allclose(maps.width.array[inside], width)


@pytest.mark.parametrize("anchor", [True, False])
def test_intervals_of_90_percent_cover_85_to_95_percent(
    biopsied: Any, tmp_path: Path, anchor: bool
) -> None:
    """Voxels of patients left out, over four cohorts: one of 20 patients alone scatters more."""
    shares = []
    for seed in range(4):
        folder = tmp_path / str(seed)
        folder.mkdir()
        planted = type(biopsied)(folder, seed=seed)
        learned = virtual_biopsy(planted.cohort, "score", **QUICK).learned
        rng = np.random.default_rng(seed)
        for patient in learned.patients[::2]:
            maps = map_virtual_biopsy(learned, planted.cohort, patient, anchor=anchor)
            truth = planted.truth(patient)
            measured = truth + rng.normal(0, 0.3, len(truth))
            low, high = (m.array[planted.inside] for m in (maps.low, maps.high))
            shares.append(np.mean((low <= measured) & (measured <= high)))
    assert 0.85 <= np.mean(shares) <= 0.95


def test_other_patients_are_mapped_by_a_saved_model(
    found: VirtualBiopsy, other: Any, tmp_path: Path
) -> None:
    """One of the same id is not taken for the patient learned from."""
    path = found.learned.save(tmp_path / "model.npz")
    model = VirtualBiopsyModel.load(path)
    assert model.history == found.history
    for patient in other.fields:
        maps = map_virtual_biopsy(model, other.cohort, patient)
        again = map_virtual_biopsy(found.learned, other.cohort, patient)
        np.testing.assert_array_equal(maps.value.array, again.value.array)
        np.testing.assert_array_equal(maps.high.array, again.high.array)
        assert (maps.held_out, maps.anchored) == (False, 0)
        inside = other.inside
        assert np.corrcoef(maps.value.array[inside], other.truth(patient))[0, 1] > 0.85


def test_a_changed_file_is_refused(found: VirtualBiopsy, tmp_path: Path) -> None:
    path = found.learned.save(tmp_path / "model.npz")
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez_compressed(path, **{**arrays, "weights": 2 * arrays["weights"]})
    with pytest.raises(InputError, match="it was changed or cut off"):
        VirtualBiopsyModel.load(path)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(InputError, match="damaged"):
        VirtualBiopsyModel.load(path)
    with pytest.raises(InputError, match="does not exist"):
        VirtualBiopsyModel.load(tmp_path / "none.npz")


@pytest.mark.parametrize("target", ["chance", "patient"])
def test_what_the_scan_does_not_tell_is_refused(biopsied: Any, target: str) -> None:
    """Chance; and a score by which patients differ, and places do not."""
    found = virtual_biopsy(biopsied.cohort, target, **QUICK)
    assert found.refused
    assert found.model is None
    assert "REFUSED" in found.text()
    with pytest.raises(InputError, match="No map of"):
        _ = found.learned


def test_what_looks_like_no_biopsy_is_marked(found: VirtualBiopsy, biopsied: Any) -> None:
    cohort = biopsied.cohort
    model = found.learned
    plain = map_virtual_biopsy(model, cohort, "P03")
    scan = read(biopsied.folder / "P03.nii.gz", kind="image")
    array = np.array(scan.array)
    array[2:7, 6:10, 6:10] += 600  # a metal clip
    write(replace(scan, array=array), biopsied.folder / "clip.nii.gz")
    scans = cohort.scans.copy()
    scans.loc["P03", "path"] = "clip.nii.gz"
    marked = map_virtual_biopsy(model, replace(cohort, scans=scans), "P03")
    assert marked.unlike.labels[4, 8, 8] == 1
    assert plain.unlike.labels[4, 8, 8] == 0
    assert plain.share_unlike < 0.15 < marked.share_unlike + 0.1
    assert "looks like around no biopsy" in marked.notes[0]


def test_the_scanner_does_not_matter_within_tumors(biopsied: Any, found: VirtualBiopsy) -> None:
    """Values of the whole cohort need the sites taken away; those of a tumor do not."""
    settings = {**QUICK, "scope": "cohort"}
    harmonized = virtual_biopsy(biopsied.cohort, "score", batch="site", **settings)
    assert harmonized.learned.batches == ("A", "B")
    plain = virtual_biopsy(biopsied.cohort, "score", **settings)
    error = {
        name: (one.samples["predicted"] - one.samples["score"]).abs().mean()
        for name, one in (("harmonized", harmonized), ("plain", plain), ("tumor", found))
    }
    assert max(error["harmonized"], error["tumor"]) < 0.9 * error["plain"]
    with pytest.raises(InputError, match='no column "sites"'):
        virtual_biopsy(biopsied.cohort, "score", batch="sites", **settings)
    with pytest.raises(InputError, match='choose scope="cohort"'):
        virtual_biopsy(biopsied.cohort, "score", batch="site", **QUICK)


def test_the_region_without_its_surface_and_textures(biopsied: Any) -> None:
    found = virtual_biopsy(
        biopsied.cohort, "score", features=["Entropy"], permutations=99, edge_mm=4.0, radius_mm=4
    )
    assert found.learned.features == ("CT", "CT firstorder_Entropy")
    assert found.skill > 0.6
    with pytest.raises(InputError, match="no voxel deeper than 30 mm"):
        virtual_biopsy(biopsied.cohort, "score", edge_mm=30.0, **QUICK)


def _only_first(samples: pd.DataFrame) -> pd.DataFrame:
    return samples[~samples["patient_id"].duplicated()]


def _unlocated(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(precision="tumour")


def _of_three(samples: pd.DataFrame) -> pd.DataFrame:
    return samples[samples["patient_id"].isin(["P00", "P01", "P02"])]


def _same(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(score=samples.groupby("patient_id")["score"].transform("mean"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_unlocated, "80 samples, none of them located as a point"),
        (_only_first, "0 patients have two located and scored biopsies or more; 10 are needed"),
        (_of_three, "3 patients have two located and scored biopsies or more; 10 are needed"),
        (_same, "The score is the same in all biopsies of a patient"),
    ],
)
def test_samples_that_cannot_teach_are_told(biopsied: Any, change: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        virtual_biopsy(biopsied.altered(change), "score", **QUICK)


@pytest.mark.parametrize(
    ("target", "settings", "told"),
    [
        ("scor", {}, 'no column of numbers "scor". Did you mean "score"'),
        ("", {}, "The target is empty"),
        ("structure", {}, "holds no score"),
        ("score", {"channels": ["T1"]}, 'role "T1". Did you mean|role "T1". .*CT'),
        ("score", {"level": 1.0}, "level is a number, from 0.5 to 0.99"),
        ("score", {"level": 0.98}, "50 are needed for intervals of 98 ?%.* a level of 0.95"),
        ("score", {"radius_mm": 0.0}, "a length in mm above 0"),
        ("score", {"radius_mm": 2.0}, "0 patients have two"),
        ("score", {"labels": [7]}, "no voxel with the label 7; it has 1"),
        ("score", {"permutations": 3}, "99 or more"),
    ],
)
def test_bad_input_is_told(biopsied: Any, target: str, settings: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        virtual_biopsy(biopsied.cohort, target, **{**QUICK, **settings})


def test_patients_without_their_scan_are_left_out_and_named(biopsied: Any) -> None:
    cohort = biopsied.cohort
    scans = cohort.scans.copy()
    scans.loc["P04", "path"] = "gone.nii.gz"
    found = virtual_biopsy(replace(cohort, scans=scans), "score", **QUICK)
    assert found.n_patients == 19
    assert any("P04 is left out. The scan P04 could not be read" in note for note in found.notes)
    scans["path"] = "gone.nii.gz"
    with pytest.raises(InputError, match="0 patients have two.*P00 is left out"):
        virtual_biopsy(replace(cohort, scans=scans), "score", **QUICK)


def test_a_cancel_stops_it(biopsied: Any) -> None:
    steps: list[str] = []
    progress = reporting(lambda done, total, what: steps.append(what),
                         cancelled=lambda: len(steps) > 5)  # fmt: skip
    with pytest.raises(Cancelled):
        virtual_biopsy(biopsied.cohort, "score", **QUICK, progress=progress)


def test_the_command_writes_model_table_and_maps(
    biopsied: Any, tmp_path: Path, capsys: Any, found: VirtualBiopsy
) -> None:
    folder = tmp_path / "out"
    argv = ["virtual-biopsy", str(biopsied.folder), "score", "--channels", "CT"]
    argv += ["--features", "Mean", "--permutations", "99", "--output", str(folder)]
    assert main([*argv, "--patients", "P01"]) == 0
    said = capsys.readouterr().out
    assert "Better than the patient's mean" in said
    assert "P01: " in said
    table = pd.read_csv(folder / "biopsies.csv", index_col="sample_id")
    assert len(table) == 80
    assert read_history(folder / "P01-value.nii.gz")[-1].verb == "map_virtual_biopsy"
    model = VirtualBiopsyModel.load(folder / "model.npz")
    maps = map_virtual_biopsy(model, biopsied.cohort, "P01")
    value = read(folder / "P01-value.nii.gz", kind="image")
    np.testing.assert_allclose(value.array, maps.value.array)
    more = [*argv, "--model", str(folder / "model.npz"), "--patients", "P02", "--no-anchor"]
    assert main(more) == 0
    assert "P02: " in capsys.readouterr().out
    assert (folder / "P02-unlike.nrrd").is_file()


def test_the_command_says_what_is_refused(biopsied: Any, tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "out"
    argv = ["virtual-biopsy", str(biopsied.folder), "chance", "--features", "Mean"]
    assert main([*argv, "--permutations", "99", "--output", str(folder)]) == 2
    told = capsys.readouterr()
    assert "REFUSED" in told.out
    assert "No map of chance is drawn" in told.err
    assert [path.name for path in folder.iterdir() if path.suffix == ".csv"] == ["biopsies.csv"]
    assert not (folder / "model.npz").exists()
    assert main([*argv, "--output", str(tmp_path / "no" / "out")]) == 2
    assert "does not exist" in capsys.readouterr().err
