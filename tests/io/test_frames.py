"""Samples of a slide reach a scan through the transforms of the cohort, or a note says why."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.transform import Rotation

from napari_radiogenomics import link_patient, load_patient, open_cohort
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.gui.cohort.patient import load_layers
from napari_radiogenomics.io.frames import in_frame, way_between
from napari_radiogenomics.simulate.sample import sample_cohort


@pytest.fixture(scope="module")
def cohort():
    return open_cohort(sample_cohort())


def on_slide(cohort, moving: np.ndarray, frame="P001-HE") -> Samples:
    """Spots of a slide at some places (N, 3) in mm."""
    rows = {
        "sample_id": [f"s{n}" for n in range(len(moving))], "patient_id": "P001",
        "timepoint": "t0", "kind": "spot", "frame": frame, "coord_system": "LPS", "unit": "mm",
        "x": moving[:, 0], "y": moving[:, 1], "z": moving[:, 2], "radius_mm": 0.03,
        "precision": "point",
    }  # fmt: skip
    return Samples.from_table(pd.DataFrame(rows))


def landmarks(cohort) -> tuple[np.ndarray, np.ndarray]:
    row = cohort.transforms[cohort.transforms["from_frame"] == "P001-HE"].iloc[0]
    table = pd.read_csv(cohort.file(row["landmarks"]))
    return tuple(table[[f"{side}_{a}" for a in "xyz"]].to_numpy() for side in ("moving", "fixed"))


def test_landmarks_of_a_slide_fall_on_those_of_the_scan(cohort):
    """The landmarks of the sample cohort were marked with an error that its table states."""
    moving, fixed = landmarks(cohort)
    placed = in_frame(cohort, on_slide(cohort, moving), "P001-t0")
    away = np.linalg.norm(placed.points_lps() - fixed, axis=1)
    stated = cohort.transforms.set_index("from_frame").at["P001-HE", "error_mm"]
    assert np.sqrt((away**2).mean()) == pytest.approx(stated, abs=0.002)
    np.testing.assert_allclose(placed.table["uncertainty_mm"], stated)
    assert set(placed.table["frame"]) == {"P001-t0"}


def test_transforms_are_chained_in_either_direction(cohort):
    """From the slide to the first visit, and backwards to the second."""
    way = way_between(cohort, "P001-HE", "P001-t1")
    read = {row.from_frame: np.array(json.loads(cohort.file(row.path).read_text())["matrix"])
            for row in cohort.transforms.itertuples()}  # fmt: skip
    expected = np.linalg.inv(read["P001-t1"]) @ read["P001-HE"]
    np.testing.assert_allclose(way.matrix, expected, atol=1e-9)
    assert way_between(cohort, "P001-HE", "P002-t0") is None
    back = way_between(cohort, "P001-t0", "P001-HE")
    np.testing.assert_allclose(back.matrix @ read["P001-HE"], np.eye(4), atol=1e-9)


def test_spots_of_a_slide_count_for_regions_and_are_drawn_on_the_scan(cohort):
    moving, fixed = landmarks(cohort)
    spots = on_slide(cohort, moving)
    table = pd.concat([cohort.samples, spots.table])
    table.index.name = "sample_id"
    mine = replace(cohort, samples=table)
    links = link_patient(mine, load_patient(mine, "P001", timepoint="t0", slides=False))
    own = links.table[links.table["sample_id"].isin(spots.table.index)]
    assert (own["how"] == "coordinates").all()
    loaded = load_layers(mine, "P001", timepoint="t0")
    data, settings, _ = next(layer for layer in loaded.layers if layer[2] == "points")
    features = settings["features"].set_index("sample_id")
    at = [list(features.index).index(name) for name in spots.table.index]
    world = (np.asarray(data) * np.asarray(settings["scale"]))[at][:, ::-1]
    np.testing.assert_allclose(world, fixed, atol=0.6)
    assert (features.loc[spots.table.index, "caption"] == "").all()
    assert features.at["P001-b1", "caption"] == "P001-b1"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("warp.tps", r"warp\.tps is no transform that is read \(\.json, \.txt, \.tfm\)"),
        ("", "no transform leads there"),
    ],
)
def test_what_no_matrix_reaches_is_said(cohort, path, message):
    moving, _ = landmarks(cohort)
    table = cohort.transforms.copy()
    own = table["from_frame"] == "P001-HE"
    table.loc[own, ["path", "method"]] = [path, "thin-plate spline"]
    mine = replace(cohort, transforms=table if path else table[~own])
    samples = on_slide(cohort, moving)
    placed = in_frame(mine, samples, "P001-t0")
    assert len(placed) == 0
    assert f"{len(moving)} samples" in placed.notes[-1]
    assert re.search(message, placed.notes[-1])
    everyone = pd.concat([cohort.samples, samples.table])
    everyone.index.name = "sample_id"
    both = replace(mine, samples=everyone)
    links = link_patient(both, load_patient(both, "P001", timepoint="t0", slides=False))
    lost = links.table[links.table["sample_id"].isin(samples.table.index)]
    assert set(lost["precision"]) == {"tumour"}
    assert lost["warning"].str.contains('its frame "P001-HE"').all()
    assert any("P001-HE" in note for note in links.notes)


def test_voxels_of_another_frame_are_not_moved(cohort):
    moving, _ = landmarks(cohort)
    samples = on_slide(cohort, moving)
    table = samples.table.assign(coord_system="voxel", unit="voxel")
    placed = in_frame(cohort, replace(samples, table=table), "P001-t0")
    assert "voxel coordinates cannot be moved" in placed.notes[-1]


def test_errors_add_up_in_squares(cohort, tmp_path: Path):
    rotation = np.eye(4)
    rotation[:3, :3] = Rotation.from_euler("xyz", [10, 20, 30], degrees=True).as_matrix()
    (tmp_path / "a.json").write_text(json.dumps({"matrix": rotation.tolist()}))
    rows = [("A", "B", str(tmp_path / "a.json"), 3.0), ("C", "B", str(tmp_path / "a.json"), 4.0)]
    table = pd.DataFrame(rows, columns=["from_frame", "to_frame", "path", "error_mm"])
    mine = replace(cohort, transforms=table.assign(landmarks="", method=""))
    way = way_between(mine, "A", "C")
    assert way.error_mm == pytest.approx(5.0)
    np.testing.assert_allclose(way.matrix, np.eye(4), atol=1e-12)


def test_a_broken_transform_hides_no_scan(cohort, tmp_path: Path):
    (tmp_path / "broken.json").write_text("{}")
    table = cohort.transforms.copy()
    table.loc[table["from_frame"] == "P001-HE", "path"] = str(tmp_path / "broken.json")
    everyone = pd.concat([cohort.samples, on_slide(cohort, landmarks(cohort)[0]).table])
    everyone.index.name = "sample_id"
    loaded = load_layers(
        replace(cohort, transforms=table, samples=everyone), "P001", timepoint="t0"
    )
    assert {kind for *_, kind in loaded.layers} >= {"image", "labels", "points"}
    assert any("broken.json" in str(problem) for problem in loaded.data.problems)
