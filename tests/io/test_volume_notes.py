"""Unit and modality travel in the free text that every volume format keeps."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from napari_radiogenomics import read, write
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image

GRID = Geometry((4, 3, 2))


@pytest.mark.parametrize("name", ["map.nii.gz", "map.nii", "map.nrrd", "map.mha", "map.mhd"])
@pytest.mark.parametrize("unit", ["bits", "HU²·mm³", ""])
def test_a_map_comes_back_as_a_map_with_its_unit(tmp_path, name, unit):
    path = write(Image(np.ones(GRID.shape), GRID, unit=unit, modality="map"), tmp_path / name)
    found = read(path, kind="image")
    assert (found.unit, found.modality) == (unit, "map")


def test_other_programs_read_it_as_the_description(tmp_path):
    image = Image(np.ones(GRID.shape), GRID, unit="HU", modality="CT")
    path = write(image, tmp_path / "scan.nii.gz")
    assert nib.load(path).header["descrip"].item() == b"unit=HU; modality=CT"


def test_descriptions_of_other_programs_are_no_units(tmp_path):
    file = nib.Nifti1Image(np.ones((4, 3, 2)), np.eye(4))
    file.header["descrip"] = b"FSL; unit=mm"
    nib.save(file, tmp_path / "scan.nii")
    assert read(tmp_path / "scan.nii", kind="image").unit == ""


def test_a_text_that_does_not_fit_is_left_out(tmp_path):
    image = Image(np.ones(GRID.shape), GRID, unit="µm" * 60)
    assert read(write(image, tmp_path / "scan.nii"), kind="image").unit == ""
