"""NaN and infinities survive NIfTI: SimpleITK alone reads them as zeros."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from napari_radiogenomics import read, write
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image


@pytest.fixture
def array() -> np.ndarray:
    found = np.random.default_rng(0).normal(size=(3, 4, 5))
    found[0, 1, 2], found[2, 3, 4], found[1, 0, 0] = np.nan, np.inf, -np.inf
    return found


@pytest.mark.parametrize("name", ["map.nii", "map.nii.gz"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_written_is_read(tmp_path, array, name, dtype):
    path = write(Image(array.astype(dtype), Geometry((5, 4, 3))), tmp_path / name)
    np.testing.assert_array_equal(read(path, kind="image").array, array.astype(dtype))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("width", ["f4", "f8"])
def test_every_header_is_understood(tmp_path, array, order, width):
    values = array.transpose(2, 1, 0).astype(order + width)
    header = nib.Nifti1Image.header_class(endianness=order)
    header.set_data_dtype(np.dtype(order + width))
    nib.save(nib.Nifti1Image(values, np.eye(4), header), tmp_path / "map.nii")
    found = read(tmp_path / "map.nii", kind="image")
    np.testing.assert_array_equal(found.array, array.astype(width))


@pytest.mark.parametrize("fourth", ["channel", "time"])
def test_four_dimensional_files_keep_their_blanks(tmp_path, array, fourth):
    both = np.stack([array, array[::-1]])
    path = write(Image(both, Geometry((5, 4, 3)), fourth_axis=fourth), tmp_path / "map.nii.gz")
    np.testing.assert_array_equal(read(path, kind="image").array, both)


def test_whole_numbers_are_left_alone(tmp_path):
    path = write(Image(np.arange(60, dtype=np.int16).reshape(3, 4, 5), Geometry((5, 4, 3))),
                 tmp_path / "scan.nii")  # fmt: skip
    assert read(path, kind="image").array.dtype == np.int16
