"""What is printed of an object: what a person asks first, in a few words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from napari_radiogenomics import open_cohort
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.data.slide import Slide

GRID = Geometry((6, 5, 4), (0.5, 0.5, 2.0))


def test_an_image_tells_name_modality_unit_type_and_grid() -> None:
    scan = Image(np.zeros(GRID.shape, np.int16), GRID, "HU", "thorax", "CT")
    assert repr(scan) == f"Image('thorax', CT, HU, int16, {GRID})"
    both = Image(np.zeros((2, *GRID.shape)), GRID, fourth_axis="time")
    assert "2 × time" in repr(both)


def test_a_segmentation_tells_its_labels_and_not_its_voxels() -> None:
    labels = np.ones(GRID.shape, np.uint8)
    drawn = Segmentation(labels, GRID, (Label(1, "core"), Label(2, "edema")), name="seg")
    assert repr(drawn) == f"Segmentation('seg', labels: 1 core, 2 edema, uint8, {GRID})"
    many = Segmentation(labels, GRID, tuple(Label(n) for n in range(1, 100)))
    assert "93 more" in repr(many)
    assert len(repr(many)) < 300


def test_a_slide_tells_its_pixel_size_or_that_there_is_none() -> None:
    level = np.zeros((40, 60, 3), np.uint8)
    slide = Slide((level,), (0.5, 0.25), "H&E", name="s")
    assert repr(slide) == "Slide('s', H&E, 40×60 pixels (y×x), 1 levels, 0.5×0.25 µm (y×x))"
    assert "pixel size not told" in repr(Slide((level,)))


def test_samples_and_cohorts_tell_how_many(tmp_path: Path) -> None:
    frame = pd.DataFrame({"sample_id": ["a", "b"], "patient_id": "P", "precision": "tumour"})
    samples = Samples.from_table(frame, name="all")
    assert repr(samples) == "Samples('all', 2 samples, 0 with coordinates)"
    (tmp_path / "cohort.toml").write_text('format = 1\nname = "Trial"\n')
    (tmp_path / "patients.csv").write_text("patient_id,site\nP1,A\n")
    assert repr(open_cohort(tmp_path)).startswith("Cohort('Trial (folder): 1 patient; ")
