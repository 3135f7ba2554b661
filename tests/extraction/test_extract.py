"""All patients in one table: right numbers, nothing measured twice, nobody lost."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import (
    CohortFeatures,
    extract_cohort,
    extract_features,
    find_habitats,
    habitat_model,
    load_patient,
    open_cohort,
    texture_maps,
    write,
)
from napari_radiogenomics.cli import main
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import Cancelled, InputError, MissingDependency
from napari_radiogenomics.extraction import MEASURES, Block, Measure
from napari_radiogenomics.extraction.cache import Cache
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.provenance import history_of

FEW = {"families": ["firstorder"], "features": ["Mean", "Entropy"], "bin_width": 10.0}
ENTROPY, MEAN = "original_firstorder_Entropy", "original_firstorder_Mean"


def whole_region(cohort, patient: str) -> tuple:
    data = load_patient(cohort, patient)
    drawn = data.segmentations[0]
    inside = (drawn.labels > 0).astype(np.uint8)
    return data.scans[0], Segmentation(inside, drawn.geometry)


@pytest.fixture
def measure(monkeypatch):
    """Add a measure for the test."""

    def add(run, name: str = "extra", **more) -> None:
        entry = Measure(name, "Extra", "For a test.", run, **more)
        monkeypatch.setitem(MEASURES.entries, name, entry)

    return add


def test_numbers_are_those_of_the_single_verbs(cohort, tmp_path) -> None:
    found = extract_cohort(
        cohort, measures=["features", "shape", "habitats"], extraction=FEW, cache=tmp_path
    )
    assert found.table.index.tolist() == ["P1", "P2", "P3", "P4"]
    for patient in found.table.index:
        scan, region = whole_region(cohort, patient)
        one = extract_features(scan, region, **FEW).loc[1]
        shapes = extract_features(scan, region, families=["shape"]).loc[1]
        expected = pd.concat([one, shapes])
        pd.testing.assert_series_equal(
            found.table.loc[patient, expected.index], expected, check_names=False
        )
        maps = texture_maps(scan, region, families=["firstorder"], features=["Mean", "Entropy"])
        counts = np.bincount(find_habitats(maps, region, n=3).labels.ravel())[1:]
        shares = found.table.loc[patient, [f"habitat_{k}_share" for k in (1, 2, 3)]]
        np.testing.assert_allclose(shares.to_numpy(float), counts / counts.sum(), rtol=1e-12)
    assert found.blocks[MEAN] == "features"
    assert found.units[MEAN] == "HU"
    assert found.failures.empty


def test_a_model_of_habitats_brings_its_own_number(cohort, tmp_path) -> None:
    scan, region = whole_region(cohort, "P1")
    maps = texture_maps(scan, region, families=["firstorder"], features=["Mean", "Entropy"])
    model = habitat_model([(maps, region)], n=2)
    found = extract_cohort(cohort, measures={"habitats": {"model": model}}, cache=tmp_path)
    assert [name for name in found.table if name.endswith("share")] == [
        "habitat_1_share", "habitat_2_share"
    ]  # fmt: skip
    assert found.failures.empty


def test_clinical_columns_stand_beside_by_their_types(cohort, tmp_path) -> None:
    found = extract_cohort(cohort, measures=["clinical"], cache=tmp_path)
    assert found.table["age"].tolist() == [51, 52, 53, 54]
    assert found.table["site"].tolist() == ["B", "A", "B", "A"]
    assert found.table["stage"].isna().tolist() == [False, True, False, False]
    assert any('stage: read as missing: 1 × "n/a"' in note for note in found.notes)
    assert not any(tmp_path.iterdir())


def test_each_region_has_its_row(cohort, tmp_path) -> None:
    found = extract_cohort(
        cohort, measures=["features", "clinical"], extraction=FEW, regions="each", cache=tmp_path
    )
    assert found.table.index.names == ["patient_id", "label"]
    assert found.table.index.tolist()[:3] == [("P1", 1), ("P1", 2), ("P2", 1)]
    data = load_patient(cohort, "P3")
    by_hand = extract_features(data.scans[0], data.segmentations[0], **FEW)
    np.testing.assert_array_equal(found.table.loc["P3", ENTROPY], by_hand[ENTROPY])
    assert found.table.loc[("P3", 2), "age"] == 53
    rim = extract_cohort(cohort, measures=["features"], extraction=FEW, labels=[2], cache=tmp_path)
    assert rim.table.index.names == ["patient_id"]
    assert rim.table.loc["P3", MEAN] == by_hand.loc[2, MEAN]
    with pytest.raises(InputError, match=r"None of 4 .* none of the labels \(7,\).*labels 1, 2"):
        extract_cohort(cohort, measures=["shape"], labels=[7], cache=tmp_path)


def test_nothing_is_measured_twice(own, monkeypatch, tmp_path) -> None:
    folder = own()
    first = extract_cohort(open_cohort(folder), extraction=FEW, cache=tmp_path / "cache")
    assert not first.sources["cached"].any()

    def refuse(*_, **__):
        raise RuntimeError("an image was opened")

    with monkeypatch.context() as patch:
        patch.setattr("napari_radiogenomics.extraction.case.load_patient", refuse)
        again = extract_cohort(open_cohort(folder), extraction=FEW, cache=tmp_path / "cache")
    pd.testing.assert_frame_equal(again.table, first.table)
    assert again.sources["cached"].all()
    assert again.notes == first.notes
    # Other bytes of one scan, other settings, another rule: measured again, and only that.
    scan = load_patient(open_cohort(folder), "P2").scans[0]
    write(replace(scan, array=scan.array + np.float32(7)), folder / "P2.nii.gz")
    moved = extract_cohort(open_cohort(folder), extraction=FEW, cache=tmp_path / "cache")
    assert moved.sources["cached"].to_dict() == {"P1": True, "P2": False, "P3": True, "P4": True}
    assert moved.table.loc["P2", MEAN] == pytest.approx(first.table.loc["P2", MEAN] + 7)
    wider = {**FEW, "bin_width": 20.0}
    for changed in ({"extraction": wider}, {"extraction": FEW, "labels": [1]}):
        other = extract_cohort(open_cohort(folder), **changed, cache=tmp_path / "cache")
        assert not other.sources["cached"].any()
        assert (other.table[ENTROPY] != moved.table[ENTROPY]).all()


def test_a_damaged_entry_of_the_cache_is_measured_again(cohort, tmp_path) -> None:
    first = extract_cohort(cohort, measures=["features"], extraction=FEW, cache=tmp_path)
    for path in tmp_path.rglob("*.json"):
        path.write_text('{"rows": ', encoding="utf-8")
    again = extract_cohort(cohort, measures=["features"], extraction=FEW, cache=tmp_path)
    assert not again.sources["cached"].any()
    pd.testing.assert_frame_equal(again.table, first.table)


def test_who_fails_is_recorded_and_hides_nobody(own, tmp_path) -> None:
    folder = own(7)
    (folder / "P1.nii.gz").unlink()
    (folder / "P2.nii.gz").write_bytes((folder / "P2.nii.gz").read_bytes()[:300])
    (folder / "P3-seg.nii.gz").write_bytes((folder / "P3.nii.gz").read_bytes())
    regions = pd.read_csv(folder / "segmentations.csv")
    regions[regions["segmentation_id"] != "P4-R1"].to_csv(folder / "segmentations.csv", index=False)
    small = Segmentation(np.ones((2, 3, 4), np.uint8), Geometry((4, 3, 2)))
    write(small, folder / "P5-seg.nii.gz")
    found = extract_cohort(open_cohort(folder), extraction=FEW, cache=tmp_path / "cache")
    assert found.table.index.tolist() == ["P6", "P7"]
    assert np.isfinite(found.table[[MEAN, "age"]]).all(axis=None)
    errors = found.failures.set_index("patient_id")["error"]
    assert list(errors.index) == ["P1", "P2", "P3", "P4", "P5"]
    assert (found.failures["measure"] == "").all()
    assert "P1.nii.gz" in errors["P1"]
    assert "no segmentation at t0" in errors["P4"]
    assert "4×3×2" in errors["P5"]
    assert str(found) == "2 patients × 19 columns; 5 patients with failures"


def test_a_measure_that_fails_alone_leaves_its_cells_empty(cohort, measure, tmp_path) -> None:
    def run(opened, settings, progress) -> Block:
        if opened.case.patient_id == "P2":
            raise InputError("No vessel is near the tumor.")
        return Block({1: {"vessel_length": 12.0, "kind": "arch"}}, {"vessel_length": "mm"})

    measure(run)
    found = extract_cohort(cohort, measures=["extra", "shape"], cache=tmp_path)
    assert found.table["vessel_length"].isna().tolist() == [False, True, False, False]
    assert found.table["kind"].dropna().tolist() == ["arch"] * 3
    assert found.failures.to_dict("records") == [
        {"patient_id": "P2", "measure": "extra", "error": "No vessel is near the tumor."}
    ]
    assert found.block("extra").columns.tolist() == ["vessel_length", "kind"]
    with pytest.raises(InputError, match='No block is called "shapes". Did you mean "shape"'):
        found.block("shapes")


def test_a_bug_is_not_taken_for_a_failed_patient(cohort, measure, tmp_path) -> None:
    def run(opened, settings, progress) -> Block:
        return settings.no_such_thing

    measure(run)
    with pytest.raises(AttributeError, match="no_such_thing"):
        extract_cohort(cohort, measures=["extra"], cache=tmp_path)


def test_columns_of_two_measures_never_overwrite_each_other(cohort, measure, tmp_path) -> None:
    measure(lambda opened, settings, progress: Block({1: {"age": 3.0}}))
    with pytest.raises(InputError, match='extra and clinical both have a column "age"'):
        extract_cohort(cohort, measures=["extra", "clinical"], cache=tmp_path)


def test_a_stopped_run_goes_on_where_it_was(own, tmp_path) -> None:
    cohort = open_cohort(own(6))
    done = []

    def report(count: int, total: int, what: str) -> None:
        done.append(count)

    stopping = reporting(report, cancelled=lambda: max(done, default=0) >= 3)
    settings = {"measures": ["features"], "extraction": FEW, "cache": tmp_path / "cache"}
    with pytest.raises(Cancelled):
        extract_cohort(cohort, **settings, workers=1, progress=stopping)
    time.sleep(0.1)
    kept = list((tmp_path / "cache").rglob("*.json"))
    assert 3 <= len(kept) < 6
    resumed = extract_cohort(cohort, **settings)
    assert int(resumed.sources["cached"].sum()) == len(kept)
    fresh = extract_cohort(cohort, **{**settings, "cache": tmp_path / "other"})
    pd.testing.assert_frame_equal(resumed.table, fresh.table)


def test_cancel_answers_at_the_next_step_of_each_patient(cohort, measure, tmp_path) -> None:
    """Steps, not seconds: a busy machine makes steps as slow as the answer."""
    steps, ended, when_asked = [], [], []

    def run(opened, settings, progress) -> Block:
        try:
            for _ in progress(range(1000), "Steps"):
                steps.append(opened.case.patient_id)
                time.sleep(0.01)
        finally:
            ended.append(opened.case.patient_id)
        return Block({1: {"steps": 1000.0}})

    measure(run)

    def cancelled() -> bool:
        if len(steps) > 40:
            when_asked.append(len(steps))
        return bool(when_asked)

    progress = reporting(lambda *_: None, cancelled=cancelled)
    with pytest.raises(Cancelled, match="cancelled"):
        extract_cohort(cohort, measures=["extra"], cache=tmp_path, workers=2, progress=progress)
    assert len(steps) - when_asked[0] < 50  # of the 1,960 that were left
    time.sleep(0.2)
    assert len(ended) == 2  # the two that had begun have ended, no other began
    assert not list(tmp_path.rglob("*"))


def test_progress_counts_patients_and_tells_the_total(cohort, tmp_path) -> None:
    seen = []
    progress = reporting(lambda *step: seen.append(step))
    extract_cohort(cohort, measures=["shape"], cache=tmp_path, progress=progress)
    assert [step for step in seen if step[2] == "Patients"] == [
        (done, 4, "Patients") for done in range(5)
    ]


def test_who_and_which_visit_and_scan_are_chosen_by_name(own, tmp_path) -> None:
    folder = own(2)
    scans = pd.read_csv(folder / "scans.csv")
    more = scans.assign(scan_id=["P1-PET", "P2-PET"], role="PET", path=["P2.nii.gz", "P1.nii.gz"])
    pd.concat([scans, more]).to_csv(folder / "scans.csv", index=False)
    cohort, settings = open_cohort(folder), {"measures": ["features"], "extraction": FEW}
    plain = extract_cohort(cohort, **settings, cache=tmp_path)
    other = extract_cohort(cohort, **settings, role="pet", patients=["P1"], cache=tmp_path)
    assert other.sources.loc["P1", "scan_id"] == "P1-PET"
    assert other.table.loc["P1", MEAN] == plain.table.loc["P2", MEAN]
    with pytest.raises(InputError, match="None of 2 patients could be measured"):
        extract_cohort(cohort, role="MR", cache=tmp_path)  # clinical columns alone are not enough
    for wrong, message in (
        ({"role": "MR"}, r'no scan with the role "MR" at t0. Its roles: CT, PET'),
        ({"reader": "R9"}, "no segmentation by R9 at t0"),
        ({"timepoint": "t5"}, "no segmentation at t5"),
        ({"patients": []}, "no patient to measure"),
        ({"patients": "P1"}, "list of ids"),
        ({"patients": ["P9"]}, "P9"),
    ):
        with pytest.raises(InputError, match=message):
            extract_cohort(cohort, **settings, **wrong, cache=tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"measures": ["shapes"]}, 'Unknown measure "shapes". Did you mean "shape"'),
        ({"measures": "shape"}, "measures is a list"),
        ({"measures": []}, "at least one"),
        ({"measures": {"habitats": {"m": 3}}}, 'habitats has no setting "m"'),
        ({"extraction": {"bin_widht": 5}}, 'Did you mean "bin_width"'),
        ({"extraction": {"labels": [1]}}, '"labels" is not for extraction'),
        ({"measures": ["features"], "extraction": {"bin_width": -1}}, "None of 4 patients"),
        ({"measures": ["shape"], "scheduler": "proceses"}, "Unknown scheduler"),
        ({"measures": {"clinical": {"columns": ["aeg"]}}}, 'Did you mean "age"'),
    ],
)
def test_wrong_settings_are_refused_with_the_right_ones(
    cohort, settings, message, tmp_path
) -> None:
    with pytest.raises(InputError, match=message):
        extract_cohort(cohort, **settings, cache=tmp_path)


def test_measures_take_settings_of_their_own(cohort, tmp_path) -> None:
    found = extract_cohort(
        cohort, patients=["P1"], cache=tmp_path, extraction=FEW,
        measures={"features": {"features": ["Mean"]}, "clinical": {"columns": ["age"]}},
    )  # fmt: skip
    assert found.table.columns.tolist() == [MEAN, "age"]
    assert found.settings["features"] == {**FEW, "features": ["Mean"]}


def test_a_parameter_file_chooses_the_features(cohort, tmp_path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("featureClass:\n  firstorder: [Mean]\n  shape:\nsetting:\n  binWidth: 5\n")
    settings = {"measures": ["features", "shape"], "extraction": {"parameters": file}}
    found = extract_cohort(cohort, patients=["P1"], **settings, cache=tmp_path / "c")
    assert found.block("features").columns.tolist() == [MEAN]
    assert found.block("shape").shape[1] == 14
    file.write_text("featureClass:\n  firstorder: [Median]\nsetting:\n  binWidth: 5\n")
    again = extract_cohort(cohort, patients=["P1"], **settings, cache=tmp_path / "c")
    assert again.block("features").columns.tolist() == ["original_firstorder_Median"]


def test_saved_and_read_again(cohort, measure, tmp_path) -> None:
    measure(lambda opened, settings, progress: Block({1: {"note": "=1+1", "gap": None}}))
    found = extract_cohort(
        cohort, measures=["extra", "features", "clinical"], extraction=FEW, cache=tmp_path / "c"
    )
    again = CohortFeatures.load(found.save(tmp_path / "features.csv"))
    pd.testing.assert_frame_equal(again.table, found.table)
    pd.testing.assert_frame_equal(again.failures, found.failures)
    pd.testing.assert_frame_equal(again.sources, found.sources)
    assert again.blocks == found.blocks
    assert again.units == found.units
    assert again.notes == found.notes
    assert history_of(again) == history_of(found)
    assert history_of(found)[-1].settings["extraction"] == FEW
    assert "'=1+1" in (tmp_path / "features.csv").read_text()
    each = extract_cohort(
        cohort, measures=["shape"], regions="each", patients=["P1"], cache=tmp_path / "c"
    )
    pd.testing.assert_frame_equal(
        CohortFeatures.load(each.save(tmp_path / "each.csv")).table, each.table
    )
    (tmp_path / "each.csv.facts.json").write_text(json.dumps({"format": 9}))
    with pytest.raises(InputError, match="does not describe this table"):
        CohortFeatures.load(tmp_path / "each.csv")
    (tmp_path / "each.csv.facts.json").unlink()
    with pytest.raises(InputError, match="copy both"):
        CohortFeatures.load(tmp_path / "each.csv")


def test_vessels_stand_beside_by_ring(cohort, tmp_path) -> None:
    vessels = pytest.importorskip("napari_radiogenomics.vessels.measure")
    settings = {"ring_mm": (0.0, 6.0), "scales_mm": (1.0,)}
    found = extract_cohort(cohort, measures={"vessels": settings}, patients=["P1"], cache=tmp_path)
    alone = vessels.measure_vessels(*whole_region(cohort, "P1"), **settings).regions
    expected = {f"vessels_ring_0-6mm_{name}": value for name, value in alone.iloc[-1].items()}
    assert len(expected) == 13
    np.testing.assert_allclose(
        found.table.loc["P1", list(expected)].to_numpy(float), list(expected.values())
    )
    assert found.units["vessels_ring_0-6mm_length_density"] == "mm/mL"


def test_shuffled_voxels_keep_their_values_and_lose_their_pattern(cohort, tmp_path) -> None:
    chosen = {"families": ["firstorder", "glcm"], "features": ["Mean", "Variance", "Contrast"]}
    found, again = (
        extract_cohort(
            cohort, measures=["features", "shuffled"], patients=["P1"], extraction=chosen, cache=c
        )
        for c in (tmp_path / "one", tmp_path / "two")
    )
    row = found.table.loc["P1"]
    for name in ("original_firstorder_Mean", "original_firstorder_Variance"):
        assert row[f"shuffled_{name}"] == pytest.approx(row[name], rel=1e-9)
    contrast = "original_glcm_Contrast"
    assert abs(row[f"shuffled_{contrast}"] - row[contrast]) > 1e-3 * row[contrast]
    assert row.equals(again.table.loc["P1"])  # the same shuffle every time
    assert found.blocks[f"shuffled_{contrast}"] == "shuffled"


def test_every_measure_is_described_and_of_one_kind() -> None:
    known = {"features", "shape", "habitats", "vessels", "clinical", "shuffled", "tissue"}
    assert set(MEASURES.names()) == known
    for entry in MEASURES:
        assert (entry.run is None) != (entry.of_cohort is None)
        assert entry.title
        assert entry.meaning.endswith(".")
        assert not (entry.settings and entry.extraction)


def test_without_distributed_an_address_names_the_extra(cohort, monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingDependency, match=r"napari-radiogenomics\[scale\]"):
        extract_cohort(cohort, measures=["shape"], scheduler="tcp://127.0.0.1:1", cache=tmp_path)


def test_a_block_with_what_is_not_finite_comes_back_whole(tmp_path) -> None:
    cache = Cache(tmp_path)
    cache.write("00aa", Block({2: {"a": float("nan"), "b": 0.1 + 0.2, "c": "x"}}, {"b": "mm"}))
    block = cache.read("00aa")
    assert block == Block({2: {"a": None, "b": 0.1 + 0.2, "c": "x"}}, {"b": "mm"})


def test_the_command_writes_the_table_and_names_who_failed(own, tmp_path, capsys) -> None:
    folder = own(3)
    (folder / "P2.nii.gz").unlink()
    output = tmp_path / "features.csv"
    words = ["--families", "firstorder", "--features", "Mean", "--measures", "features", "clinical"]
    code = main(
        ["extract-cohort", str(folder), *words, "--cache", str(tmp_path / "c"),
         "--output", str(output)]
    )  # fmt: skip
    said = capsys.readouterr()
    assert code == 0
    assert "2 patients × 4 columns; 1 patients with failures" in said.out
    assert said.err.startswith("P2: ") or "P2.nii.gz" in said.err
    assert CohortFeatures.load(output).table[MEAN].notna().all()
    assert main(["extract-cohort", str(folder), "--output", str(tmp_path / "no" / "x.csv")]) == 2
