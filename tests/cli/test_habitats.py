"""The command line of habitats: what it prints and writes, and how it says no."""

from __future__ import annotations

import numpy as np

from napari_radiogenomics import read, write
from napari_radiogenomics.cli import main
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation


def test_habitats_writes_them_and_says_how_large_they_are(tmp_path, capsys):
    grid = Geometry((8, 2, 1))
    values = np.where(np.arange(8) < 2, 1.0, 9.0) + np.linspace(0, 0.1, 16).reshape(1, 2, 8)
    write(Image(values, grid, name="flow"), tmp_path / "flow.nii.gz")
    write(Segmentation(np.ones((1, 2, 8), np.uint8), grid), tmp_path / "roi.nrrd")
    files = [str(tmp_path / "roi.nrrd"), str(tmp_path / "flow.nii.gz")]
    target = tmp_path / "habitats.nrrd"
    assert main(["habitats", *files, "--n", "2", "--output", str(target)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "1\t25.0%\tHabitat 1 (low flow)"
    assert told[-1] == str(target)
    np.testing.assert_array_equal(read(target).labels > 1, values > 5)

    from napari_radiogenomics import habitat_model

    regions = read(files[0], kind="segmentation")
    model = habitat_model([([read(files[1], kind="image")], regions)], n=2)
    path = str(model.save(tmp_path / "model.json"))
    again = tmp_path / "again.nrrd"
    assert main(["habitats", *files, "--model", path, "--output", str(again)]) == 0
    np.testing.assert_array_equal(read(again).labels, read(target).labels)
