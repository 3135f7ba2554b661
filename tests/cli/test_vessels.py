"""The command line of vessels: what it prints and writes, and how it says no."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from napari_radiogenomics import write
from napari_radiogenomics.cli import main
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.provenance import read_history


def test_vessels_writes_tables_a_map_and_what_should_be_known(tmp_path, capsys):
    grid = Geometry((40, 24, 24), (1.0, 1.0, 1.6))
    k, j, _ = np.indices(grid.shape)
    tube = 100 * np.exp(-((1.6 * (k - 12)) ** 2 + (j - 17) ** 2) / 4.0)
    labels = np.zeros(grid.shape, np.uint8)
    labels[11:14, 4:7, 18:22] = 1
    write(Image(tube, grid), tmp_path / "scan.nii.gz")
    write(Segmentation(labels, grid), tmp_path / "roi.nrrd")
    argv = ["vessels", str(tmp_path / "scan.nii.gz"), str(tmp_path / "roi.nrrd")]
    argv += ["--ring-mm", "0", "15", "--output", str(tmp_path / "rings.csv")]
    each, points, target = (tmp_path / x for x in ("each.csv", "points.csv", "map.nrrd"))
    argv += ["--vessels-output", str(each), "--lines-output", str(points)]
    assert main([*argv, "--map-output", str(target)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == str(target)
    assert "1.6 mm apart" in said.err
    with (tmp_path / "rings.csv").open(newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert row["region"] == "ring 0-15 mm"
    assert float(row["distance_metric"]) == pytest.approx(1, abs=0.01)
    for path in (tmp_path / "rings.csv", each, points, target):
        assert read_history(path)[-1].settings["ring_mm"] == [0.0, 15.0]
    assert main([*argv, "--map-sigma-mm", "0", "--map-output", str(target)]) == 2
    assert "No map was made" in capsys.readouterr().err
    assert main([*argv[:-1], str(tmp_path / "no" / "points.csv")]) == 2
    assert "does not exist" in capsys.readouterr().err
