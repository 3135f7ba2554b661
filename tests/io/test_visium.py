"""A Visium section is a source of samples by itself: places from the array, counts by barcode."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import open_cohort, read, score_cohort
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.io.cohort_genes import cohort_expression
from napari_radiogenomics.io.expression_formats.tenx import read_visium_spots
from napari_radiogenomics.io.visium import read_visium, um_per_pixel, visium_samples


@pytest.fixture
def section(real_data):
    return real_data("visium")


def test_the_scale_is_that_of_the_section(section):
    """Space Ranger writes the pixels of a circle of 65 µm, which is another measurement."""
    spots = read_visium_spots(section)
    found = um_per_pixel(spots)
    assert found == pytest.approx(65 / 89.42751063343188, rel=0.005)
    twice = spots.assign(**{name: 2 * spots[name] for name in spots if name.startswith("pxl")})
    assert um_per_pixel(twice) == pytest.approx(found / 2)


def test_spots_are_points_of_the_slide_in_mm(section):
    with pytest.warns(DataWarning, match="says no patient"):
        samples = read(section)
    spots = read_visium_spots(section)
    seen = spots[spots["in_tissue"] == 1]
    assert list(samples.table.index) == list(seen.index)
    expected = seen[["pxl_col_in_fullres", "pxl_row_in_fullres"]] * um_per_pixel(spots) / 1000
    np.testing.assert_allclose(samples.points_lps()[:, :2], expected, atol=1e-5)
    apart = np.linalg.norm(np.diff(samples.points_lps()[[0, 1]], axis=0))
    assert 0.1 < apart < 10  # mm
    assert samples.finest_claim.value == "point"


def test_spots_come_with_their_counts(section):
    samples, table = read_visium(section, patient_id="M1", frame="M1-HE")
    assert list(samples.table.index) == list(table.index)
    assert table.attrs["unit"] == "count"
    assert set(samples.table["patient_id"]) == {"M1"}
    assert float(table.to_numpy().min()) >= 0


def cohort_of(tmp_path, section, entry):
    shutil.copytree(section, tmp_path / "section")
    bulk = pd.DataFrame({"CA9": [5, 6]}, index=pd.Index(["M1-bulk", "M2"], name="sample_id"))
    bulk.to_csv(tmp_path / "bulk.csv")
    for name, text in {
        "cohort.toml": 'format = 1\nname = "Mice"\n[[expression]]\nid = "bulk"\n'
        'path = "bulk.csv"\nunit = "count"\n'
        f'[[expression]]\nid = "spots"\npath = "section"\n{entry}',
        "patients.csv": "patient_id\nM1\nM2\n",
        "scans.csv": "scan_id,patient_id,path\n",
        "samples.csv": "sample_id,patient_id,kind,precision\nM1-bulk,M1,bulk,tumour\n",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    return open_cohort(tmp_path)


def test_a_section_of_a_cohort_needs_no_table_of_samples(tmp_path, section):
    cohort = cohort_of(tmp_path, section, 'patient_id = "M1"\nframe = "M1-HE"\n')
    spots = cohort.samples[cohort.samples["kind"] == "spot"]
    assert len(spots) == int(read_visium_spots(section)["in_tissue"].sum())
    assert set(spots["frame"]) == {"M1-HE"}
    table = cohort_expression(cohort, expression="spots")
    assert set(table.index) == set(spots.index)
    assert "M1-bulk" not in table.index
    gene = str(table.sum().idxmax())
    scores = score_cohort(cohort, gene, expression="spots")
    assert set(scores["precision"]) == {"point"}
    bulk = cohort_expression(cohort, expression="bulk")
    assert list(bulk.index) == ["M1-bulk", "M2"]


def test_a_section_of_nobody_is_said(tmp_path, section):
    cohort = cohort_of(tmp_path, section, "")
    assert not (cohort.samples["kind"] == "spot").any()
    assert any("of no patient" in str(problem) for problem in cohort.problems)


def test_spots_that_are_not_on_the_array_are_refused(section, tmp_path):
    spots = read_visium_spots(section)
    stretched = spots.assign(pxl_row_in_fullres=spots["pxl_row_in_fullres"] * 1.5)
    with pytest.raises(InputError, match="not the array of Visium"):
        um_per_pixel(stretched)
    with pytest.raises(InputError, match="2 spots do not tell"):
        um_per_pixel(spots.iloc[:2])
    (tmp_path / "spatial").mkdir()
    with pytest.raises(InputError, match=r"no tissue_positions\.csv"):
        visium_samples(tmp_path)
