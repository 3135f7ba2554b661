"""The README's own examples run, and what it names exists."""

from __future__ import annotations

import re
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from napari_radiogenomics import Geometry, Image, Segmentation, read, write
from napari_radiogenomics.cli.command import COMMANDS
from napari_radiogenomics.errors import DataWarning
from napari_radiogenomics.io.format import FORMATS
from napari_radiogenomics.io.layout import LAYOUTS

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def example(words: str) -> str:
    """The only example that has some words in it."""
    (found,) = (block for block in PYTHON if words in block)
    return found


@pytest.fixture
def brain(tmp_path, monkeypatch):
    """The two files that the examples call by name."""
    grid = Geometry((9, 8, 7), (1.0, 1.0, 3.0))
    rng = np.random.default_rng(0)
    labels = np.zeros(grid.shape, np.uint8)
    labels[2:5, 2:6, 2:6] = 1
    scan = Image(rng.normal(200, 60, grid.shape).astype(np.float32), grid, unit="HU")
    write(scan, tmp_path / "brain1_image.nrrd")
    write(Segmentation(labels, grid), tmp_path / "brain1_label.nrrd")
    write(scan, tmp_path / "breast1_image.nrrd")
    monkeypatch.chdir(tmp_path)
    return scan


def test_the_tour_in_python_runs(brain):
    exec(compile(example("texture_maps(scan, tumour"), "README.md", "exec"), {})
    assert read("entropy.nii.gz", kind="image").array.shape == brain.array.shape


def test_the_features_of_regions_are_measured(brain):
    names: dict = {}
    exec(compile(example("extract_features(scan, tumour"), "README.md", "exec"), names)
    assert names["features"].shape == (1, 14 + 3 * 93)
    assert names["strict"].attrs["standard"] == "ibsi"


def test_the_evidence_example_says_what_stands_beside_it(capsys):
    names: dict = {}
    exec(compile(example("weigh_evidence("), "README.md", "exec"), names)
    said = capsys.readouterr().out
    assert names["card"].conclusion == "illusion"
    raw, harmonized = (names["card"][x].effect.value for x in ("raw", "harmonized"))
    assert f"AUC {raw:.2f}, and {harmonized:.2f} once the sites are evened out" in TEXT
    assert "Rules were set beforehand" in said


def test_the_segmentation_example_runs(brain):
    names: dict = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # NIfTI has no names of labels
        exec(compile(example("compare_segmentations(tumour, wider"), "README.md", "exec"), names)
    assert 0 < names["agreement"].loc[1, "dice"] < 1
    assert names["sizes"].loc[1, "volume_ml"] > names["tumour"].volume_ml(1)


def test_every_key_of_the_segment_dock_is_listed():
    from napari_radiogenomics.gui.segment.keys import key_rows

    table = TEXT.partition("## Segmenting")[2].partition("The same without")[0]
    listed = {
        key for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for key in _keys(row)
    }
    assert listed - {"key"} == {key for key, _ in key_rows()}


def _keys(cell: str) -> list[str]:
    """Keys of a cell: ``Shift+T, Q`` are two with Shift."""
    shift = "Shift+" if cell.startswith("Shift+") else ""
    return [shift + key for key in cell.removeprefix("Shift+").split(", ")]


def test_the_habitats_and_the_stability_run(brain):
    names: dict = {}
    exec(compile(example("find_habitats(maps, lesion"), "README.md", "exec"), names)
    assert read("habitats.nrrd", kind="segmentation").present
    assert names["same_in_all"].present == (1, 2, 3)
    assert len(names["table"]) > 10
    assert names["stable"] == []  # of one tumour


def test_the_vessels_run(brain):
    names: dict = {}
    exec(compile(example("measure_vessels(scan, lesion"), "README.md", "exec"), names)
    assert list(names["found"].regions.index)[-1] == "ring 0-20 mm"
    assert "apart" in names["found"].notes[0]  # its slices are thick


def test_the_sections_of_the_sample_cohort_are_measured(monkeypatch, capsys):
    monkeypatch.chdir(README.parent)
    names: dict = {}
    exec(compile(example("measure_tissue(cd31"), "README.md", "exec"), names)
    assert "in 10.8 mm² of tissue" in capsys.readouterr().out
    assert names["hypoxia"].table["positive_percent"].iloc[0] > 20


def test_a_slide_of_the_sample_cohort_is_registered(monkeypatch):
    monkeypatch.chdir(README.parent)
    names: dict = {}
    exec(compile(example("register(slide, scan, pairs"), "README.md", "exec"), names)
    found = names["found"]
    assert found.transform.to_frame == "P001-HE"
    assert 0 < found.rms_mm < found.left_out_rms_mm < 1
    # The place that is mapped lies among the landmarks, and on the section.
    place = re.search(r"found\.transform\.points\(\[\[(.*?)\]\]\)  # LPS", TEXT)
    ((x, y, off),) = found.transform.points([[float(one) for one in place[1].split(",")]])
    low, high = (edge(names["pairs"].moving, axis=0) for edge in (np.min, np.max))
    assert (low[:2] < [x, y]).all()
    assert (high[:2] > [x, y]).all()
    assert abs(off) < 0.5


def test_the_genes_of_the_sample_cohort_are_scored(monkeypatch):
    monkeypatch.chdir(README.parent / "sample_data" / "cohort")
    names: dict = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # sets of which the cohort has few genes
        exec(compile(example("score_pathways(normalize_counts"), "README.md", "exec"), names)
    assert names["scores"].shape[0] == names["counts"].shape[0]
    assert np.isfinite(names["scores"].to_numpy()).all()


def test_what_holds_and_what_does_not_is_told():
    names: dict = {}
    exec(compile(example("batch_effects(features, site"), "README.md", "exec"), names)
    found, naive = (names[name].matrix("q_value")["VEGFA"] for name in ("found", "naive"))
    assert found["tortuosity"] < 0.001
    assert found["entropy"] > 0.05
    assert naive["entropy"] < 0.001
    assert any("looks like biology" in note for note in names["naive"].warnings)
    assert names["effects"].area.low > 0.6
    assert names["sets"].table["q_value"][0] < 0.05


def test_maps_of_several_patients_are_compared(capsys):
    names: dict = {}
    exec(compile(example("pool_correspondence(cases)"), "README.md", "exec"), names)
    assert "This tumor only" in capsys.readouterr().out
    assert f"worth {names['cases']['P0'].n_effective:.0f} places" in TEXT
    assert names["together"].p_value < 0.01


def test_scan_slide_and_gene_of_the_sample_cohort_are_compared():
    names: dict = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        exec(compile(example("found = correspond_cohort("), "README.md", "exec"), names)
    found = names["found"]
    assert list(found.cases) == ["P001", "P003"]
    assert not found.failed
    assert np.isnan(found.pooled.p_value)
    assert found.samples.n_patients == 2


def test_the_regions_of_the_sample_cohort_are_scored(monkeypatch):
    monkeypatch.chdir(README.parent)
    names: dict = {}
    exec(compile(example("region_scores(links, hypoxia)"), "README.md", "exec"), names)
    scored = names["regions"][names["regions"]["n"] > 0]
    assert set(scored["region"]) == {"necrotic core", "viable tumor", "whole tumor"}
    assert scored["percentile"].between(0, 100).all()


def test_the_sample_cohort_is_measured(tmp_path, monkeypatch):
    (tmp_path / "sample_data").symlink_to(README.parent / "sample_data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    names: dict = {}
    exec(compile(example("extract_cohort("), "README.md", "exec"), names)
    assert names["features"].table.shape == (12, 18 + 14 + 11)
    assert names["features"].failures.empty
    assert names["clinical"]["age"].notna().all()


def test_the_classifier_of_the_readme_learns_and_is_read_back(brain):
    strokes = np.zeros(brain.array.shape, np.uint8)
    strokes[3, 3, 2:5], strokes[3, 7] = 1, 2
    write(Segmentation(strokes, brain.geometry), "strokes.nrrd")
    names: dict = {}
    exec(compile(example("learned.save"), "README.md", "exec"), names)
    assert names["one_slice"].shape == brain.array.shape[1:]
    assert names["everywhere"].present == (1, 2)


def test_the_fusion_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the five patients have no genes
        exec(compile(example("found = fuse("), "README.md", "exec"), names)
    assert names["found"].table.loc["late", "auc"] > 0.9
    assert names["drivers"]["driver_1_modality"].tolist() == ["imaging"] * 5
    assert (tmp_path / "egfr.md").read_text().startswith("# late: EGFR")


def test_the_virtual_biopsy_of_the_readme_is_told_and_refused(capsys):
    names: dict = {}
    exec(compile(example("virtual_biopsy(cohort"), "README.md", "exec"), names)
    told, unit, refused = capsys.readouterr().out.strip().splitlines()
    assert ": 73 % of the variance within patients is predicted in patients left out" in told
    assert unit.startswith("combined z ")
    assert refused.startswith("In patients left out it is no better")


def test_the_versions_of_the_readme_leave_the_expert_alone(tmp_path, monkeypatch):
    shutil.copytree(README.parent / "sample_data" / "cohort", tmp_path / "my_cohort")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(example("save_version(cohort"), "README.md", "exec"), names)
    assert names["table"]["source"].tolist() == ["corrected", "expert"]
    assert (tmp_path / "my_cohort" / names["table"].loc[names["made"], "path"]).is_file()


def test_the_format_of_the_readme_reads_what_it_writes(brain, tmp_path, monkeypatch):
    names: dict = {}
    exec(compile(example("FORMAT = Format("), "README.md", "exec"), names)
    monkeypatch.setattr(FORMATS, "_entries", {**FORMATS.entries, "npz": names["FORMAT"]})
    write(brain, tmp_path / "scan.npz")
    back = read(tmp_path / "scan.npz")
    np.testing.assert_array_equal(back.array, brain.array)
    assert back.geometry.same_grid(brain.geometry)


def test_the_layout_of_the_readme_opens_a_cohort(brain, tmp_path, monkeypatch):
    from napari_radiogenomics import open_cohort

    names: dict = {}
    exec(compile(example("LAYOUT = Layout("), "README.md", "exec"), names)
    monkeypatch.setattr(LAYOUTS, "_entries", {**LAYOUTS.entries, "ours": names["LAYOUT"]})
    (tmp_path / "our_patients.csv").write_text("patient_id,site\np1,A\n")
    (tmp_path / "our_scans.csv").write_text(
        "scan_id,patient_id,modality,role,path\ns1,p1,CT,CT,brain1_image.nrrd\n"
    )
    cohort = open_cohort(tmp_path)
    assert cohort.layout == "ours"
    assert list(cohort.scans.index) == ["s1"]


@pytest.mark.parametrize("link", re.findall(r"!?\[[^\]]*\]\(([^)]+)\)", TEXT))
def test_links_lead_somewhere(link):
    assert link.startswith("https://") or (README.parent / link).exists()


def test_every_command_is_shown():
    shown = set(re.findall(r"napari-radiogenomics (\w[\w-]*)", TEXT))
    assert shown >= set(COMMANDS.names())
    assert shown & set(COMMANDS.names()) == shown - {"import"}


@pytest.mark.parametrize("form", [form for form in FORMATS if form.name != "cohort"])
def test_every_format_is_in_the_table(form):
    assert [suffix for suffix in form.suffixes if suffix not in TEXT] == []
