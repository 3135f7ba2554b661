"""Sections of the sample cohort: what was planted is found, by call, command and extraction."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import uniform_filter
from scipy.signal import fftconvolve
from scipy.stats import norm, spearmanr
from scipy.stats import t as student

from napari_radiogenomics import extract_cohort, measure_slides, measure_tissue, open_cohort, read
from napari_radiogenomics.cli import main
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import read_history
from napari_radiogenomics.simulate import fields, slides
from napari_radiogenomics.simulate.patient import _phantom
from napari_radiogenomics.simulate.randomness import stream
from napari_radiogenomics.simulate.sample import SAMPLE
from napari_radiogenomics.simulate.stories import Patient, draw_patients

COHORT = Path(__file__).parents[2] / "sample_data" / "cohort"
DRAWS = 12
PATIENTS = SAMPLE["n_patients"] + SAMPLE["n_validation"]
# Sections are read at a quarter of their pixels where they are drawn anew.
COARSE = 4


def tumor_of(patient: Patient) -> fields.Tumor:
    """The hidden fields, grown again."""
    body = _phantom(SAMPLE["seed"], patient, "organ")
    volume = patient.volume_ml[0]
    return fields.make_tumor(
        SAMPLE["seed"], patient.patient_id, body.box, center=body.center, volume_ml=volume,
        baseline_ml=volume, activity=patient.activity,
    )  # fmt: skip


@pytest.fixture(scope="module")
def planted() -> dict[str, fields.Tumor]:
    patients = [
        one
        for which, count in (("discovery", "n_patients"), ("validation", "n_validation"))
        for one in draw_patients(SAMPLE["seed"], which, SAMPLE[count], complete=True)
    ]
    return {one.patient_id: tumor_of(one) for one in patients}


def at_map(image: Image, stem: str) -> tuple[np.ndarray, np.ndarray]:
    """Values of a map, and their LPS places by the transform of the cohort."""
    known = np.argwhere(np.isfinite(image.array))
    text = (COHORT / "transforms" / f"{stem}_to_{stem[:4]}-t0.json").read_text(encoding="utf-8")
    matrix = np.array(json.loads(text)["matrix"])
    points = image.geometry.index_to_world(known[:, ::-1])
    return image.array[tuple(known.T)], points @ matrix[:3, :3].T + matrix[:3, 3]


def least_by_chance(draws: list[float]) -> float:
    """Rank correlation below which one of the sections falls in 1 of 20 tests, by other draws."""
    z = np.arctanh(draws)
    wide = z.std(ddof=1) * np.sqrt(1 + 1 / len(z))
    return float(np.tanh(z.mean() + student.ppf(0.05 / PATIENTS, len(z) - 1) * wide))


def window_sums(values: np.ndarray, radius: float) -> np.ndarray:
    reach = int(radius) + 1
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    return fftconvolve(values.astype(float), (x**2 + y**2 <= radius**2).astype(float), "same")


def counted_anew(density: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Vessels per mm² in round windows of 1 mm, where their number is Poisson's: the best there is.

    density : per mm² at the pixels of a map, of 0.1 mm a side; NaN where it has none.
    """
    known = np.isfinite(density)
    counts = rng.poisson(np.where(known, density, 0) * 0.01)
    area = 0.01 * window_sums(known, 5.0)
    return window_sums(counts, 5.0)[known] / area[known]


def test_vessel_density_follows_the_planted_one(planted: dict[str, fields.Tumor]) -> None:
    rng = np.random.default_rng(0)
    lost, found, true = [], [], []
    for name, tumor in planted.items():
        slide = read(COHORT / "slides" / f"{name}_CD31.ome.tiff")
        density = measure_tissue(slide).maps["vessels_per_mm2"]
        values, points = at_map(density, f"{name}-CD31")
        vascular, core = (
            fields.sample_at(field, tumor.geometry, points)
            for field in (tumor.programs["angiogenesis"], tumor.core)
        )
        expected = 38 * np.exp(0.35 * vascular) * (1 - 0.92 * core)
        there = np.full(density.array.shape[1:], np.nan)
        there[np.isfinite(density.array[0])] = expected
        # Vessels are counted: 20 to 40 in a window scatter by a fifth, and no measure sees through.
        best = [spearmanr(counted_anew(there, rng), expected).statistic for _ in range(DRAWS)]
        each = spearmanr(values, expected).statistic
        assert each >= least_by_chance(best), name
        z = np.arctanh(best)
        lost.append((np.arctanh(each) - z.mean()) / z.std(ddof=1))
        found.append(values)
        true.append(expected)
    assert len(lost) == PATIENTS
    assert sum(lost) / np.sqrt(len(lost)) > norm.ppf(0.01)  # all together no worse than counting
    values, expected = np.concatenate(found), np.concatenate(true)
    assert spearmanr(values, expected).statistic >= 0.8
    # Vessels that touch are one: some are lost where they are dense.
    assert 0.75 < values.mean() / expected.mean() < 1.05


def test_a_window_found_by_likelihood_shows_the_planted_density_in_every_patient(
    planted: dict[str, fields.Tumor],
) -> None:
    for name, tumor in planted.items():
        slide = read(COHORT / "slides" / f"{name}_CD31.ome.tiff")
        measured = measure_tissue(slide, window_rule="likelihood")
        values, points = at_map(measured.maps["vessels_per_mm2"], f"{name}-CD31")
        vascular, core = (
            fields.sample_at(field, tumor.geometry, points)
            for field in (tumor.programs["angiogenesis"], tumor.core)
        )
        expected = 38 * np.exp(0.35 * vascular) * (1 - 0.92 * core)
        assert spearmanr(values, expected).statistic >= 0.8, name
        row = measured.table.iloc[0]
        # 20 to 40 vessels in 1 mm scatter too much for these smooth fields.
        assert 1.0 < row["window_mm"] <= np.sqrt(row["tissue_mm2"])
        assert "cross-validated likelihood" in row["window_rule"]
        assert measured.maps["vessels_per_mm2"].metadata["window_mm"] == row["window_mm"]


class Redrawn:
    """A CAIX section as it was drawn, and as chance might have drawn it, read by perfect eyes."""

    def __init__(self, name: str, tumor: fields.Tumor, *, living_od: float) -> None:
        seed = SAMPLE["seed"]
        sections = slides.cut(seed, name, tumor)
        self.section = next(one for one in sections if one.stain == "CAIX")
        self.tumor, self.own = tumor, stream(seed, name, "tissue", "CAIX")
        self.counted = slides._tissue(stream(seed, name, "tissue")) & self.living(living_od)

    def living(self, least_od: float) -> np.ndarray:
        """Where the hematoxylin that is to be expected is enough."""
        core, growth = (
            slides._lookup(self.section, self.tumor, field) for field in ("core", "proliferation")
        )
        alive = 1 - 0.85 * core
        chance = 0.085 * np.exp(0.22 * growth) * alive
        nuclei = 1 - (1 - chance) * (1 - chance / 2)  # half of them are two pixels wide
        steps = 4 * nuclei + (1 - nuclei) * (1 + slides._dithered(0.8 * alive - 0.2))
        return uniform_filter(steps * slides._STEP, 12) >= least_od

    def percent(self, rng: np.random.Generator, image: Image) -> np.ndarray:
        """Positive percent at the places of a map."""
        brown = slides._caix(rng, self.section, self.tumor) > 0
        rows, columns = (size // COARSE for size in slides.SIZE)
        positive, tissue = (
            window_sums(
                values.reshape(rows, COARSE, columns, COARSE).sum(axis=(1, 3)),
                500 / slides.MICRONS / COARSE,
            )
            for values in (brown & self.counted, self.counted)
        )
        places = image.geometry.index_to_world(np.argwhere(np.isfinite(image.array))[:, ::-1])
        at = np.rint(places[:, 1::-1] * 1000 / slides.MICRONS / COARSE).astype(int)
        at = tuple(np.clip(at, 0, [rows - 1, columns - 1]).T)
        return 100 * positive[at] / np.maximum(tissue[at], 1)


@pytest.mark.parametrize("living_od", [0.0, 0.2])
def test_the_caix_fraction_follows_the_planted_hypoxia(
    planted: dict[str, fields.Tumor], living_od: float
) -> None:
    each, best, found, true = {}, {}, [], []
    for name, tumor in planted.items():
        slide = read(COHORT / "slides" / f"{name}_CAIX.ome.tiff")
        # The faintest stain that is drawn is 0.15.
        settings = {"threshold": 0.1, "living_od": living_od}
        percent = measure_tissue(slide, measure="hypoxia", **settings).maps["positive_percent"]
        values, points = at_map(percent, f"{name}-CAIX")
        expected = fields.sample_at(tumor.programs["hypoxia"], tumor.geometry, points)
        drawn = Redrawn(name, tumor, living_od=living_od)
        assert np.corrcoef(drawn.percent(drawn.own, percent), values)[0, 1] > 0.95
        draws = [drawn.percent(np.random.default_rng(k), percent) for k in range(DRAWS)]
        chance = [spearmanr(one, expected).statistic for one in draws]
        each[name], best[name] = spearmanr(values, expected).statistic, np.mean(chance)
        assert each[name] >= least_by_chance(chance), name
        found.append(values)
        true.append(expected)
    assert len(each) == PATIENTS
    assert spearmanr(np.concatenate(found), np.concatenate(true)).statistic >= 0.8
    if not living_od:
        assert min(best.values()) >= 0.8
        assert np.median(list(each.values())) >= 0.9


def test_the_mean_stain_follows_the_planted_hypoxia_in_each_patient(
    planted: dict[str, fields.Tumor],
) -> None:
    """No threshold is crossed all over it: it goes flat later than a fraction does."""
    each = {}
    for name, tumor in planted.items():
        found = measure_tissue(read(COHORT / "slides" / f"{name}_CAIX.ome.tiff"), measure="hypoxia")
        values, points = at_map(found.maps["mean_od"], f"{name}-CAIX")
        expected = fields.sample_at(tumor.programs["hypoxia"], tumor.geometry, points)
        each[name] = spearmanr(values, expected).statistic
        assert each[name] >= 0.8, name
        assert not any("turned round" in one for one in found.warnings), name


# A cohort


def test_all_slides_of_a_stain_are_measured_and_the_rest_goes_on(tmp_path: Path) -> None:
    cohort = open_cohort(COHORT)
    slides = cohort.slides.copy()
    slides.loc["P002-CD31", "path"] = "slides/none.ome.tiff"
    broken = replace(cohort, slides=slides)
    table = measure_slides(broken, patients=["P001", "P002", "P003"], settings={"n_fields": 12})
    assert list(table.index) == [("P001", "P001-CD31"), ("P003", "P003-CD31")]
    assert (table["n_fields"] >= 12).all()
    assert "none.ome.tiff" in table.attrs["failures"]["error"].iloc[0]
    assert table.attrs["history"][-1].settings["settings"] == {"n_fields": 12}
    alone = measure_tissue(
        replace(read(COHORT / "slides/P001_CD31.ome.tiff"), name="P001-CD31"), n_fields=12
    )
    one = table.loc["P001"]
    pd.testing.assert_frame_equal(one.rename_axis("slide"), alone.table, check_names=False)
    blank = replace(cohort, slides=slides.assign(stain="PAS"))
    with pytest.raises(InputError, match="no slide stained for vessels .*its stains: PAS"):
        measure_slides(blank, patients=["P001"])


def test_the_command_writes_tables_and_maps_of_a_slide(tmp_path: Path, capsys) -> None:
    target, objects = tmp_path / "mvd.csv", tmp_path / "vessels.csv"
    source = COHORT / "slides" / "P001_CD31.ome.tiff"
    argv = ["tissue", str(source), "--output", str(target), "--objects-output", str(objects)]
    assert main([*argv, "--maps-output", str(tmp_path / "maps"), "--window-mm", "0.8"]) == 0
    said = capsys.readouterr()
    found = measure_tissue(read(source), window_mm=0.8)
    assert found.text() in said.out
    assert "note: Pixels of 8 µm" in said.err
    (row,) = pd.read_csv(target).itertuples()
    assert row.vessels_per_mm2 == pytest.approx(found.table["vessels_per_mm2"].iloc[0])
    assert len(pd.read_csv(objects)) == row.vessels
    again = read(tmp_path / "maps" / "P001_CD31_vessels_per_mm2.nrrd")
    np.testing.assert_array_equal(again.array, found.maps["vessels_per_mm2"].array)
    assert read_history(target)[-1].settings["window_mm"] == 0.8
    assert main([*argv, "--measure", "nuclei"]) == 2
    assert "Nuclei cannot be told" in capsys.readouterr().err
    assert main([*argv, "--patients", "P001"]) == 2
    assert "no cohort" in capsys.readouterr().err


def test_the_command_measures_a_cohort(tmp_path: Path, capsys) -> None:
    target = tmp_path / "hypoxia.csv"
    argv = ["tissue", str(COHORT), "--measure", "hypoxia", "--patients", "P001", "P003"]
    assert main([*argv, "--output", str(target)]) == 0
    assert "2 slides" in capsys.readouterr().out
    table = pd.read_csv(target, index_col=["patient_id", "slide_id"])
    assert (table["antibody"] == "CAIX").all()
    same = measure_slides(open_cohort(COHORT), measure="hypoxia", patients=["P001", "P003"])
    assert table["positive_percent"].tolist() == pytest.approx(same["positive_percent"].tolist())
    fields_too = [*argv, "--output", str(target), "--fields-output", str(tmp_path / "f.csv")]
    assert main(fields_too) == 2
    assert "--fields-output is for one slide" in capsys.readouterr().err


def test_tissue_stands_beside_other_measures_of_a_patient(tmp_path: Path) -> None:
    cohort = open_cohort(COHORT)
    chosen = {"patients": ["P001", "P003"], "cache": tmp_path}
    features = extract_cohort(cohort, measures=["tissue", "clinical"], **chosen)
    table = measure_slides(cohort, patients=["P001", "P003"])
    assert features.table["tissue_vessels_per_mm2"].tolist() == pytest.approx(
        table["vessels_per_mm2"].tolist()
    )
    assert features.units["tissue_positive_percent"] == "%"
    assert features.blocks["tissue_h_score"] == "tissue"
    assert not features.sources["cached"].any()
    again = extract_cohort(cohort, measures=["tissue"], **chosen)
    assert again.sources["cached"].all()
    # Another stain of the same file is another measure.
    other = replace(cohort, slides=cohort.slides.assign(stain="CD34"))
    changed = extract_cohort(other, measures=["tissue"], patients=["P001"], cache=tmp_path)
    assert not changed.sources["cached"].any()
    none = replace(cohort, slides=cohort.slides.assign(stain="H&E"))
    with pytest.raises(InputError, match="no slide for vessels or hypoxia; stains: H&E"):
        extract_cohort(none, measures=["tissue"], patients=["P001"], cache=tmp_path)
