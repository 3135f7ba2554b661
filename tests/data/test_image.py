"""An image is values on a grid; what does not fit is refused."""

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import GeometryError, InputError

GRID = Geometry((4, 3, 2))


def test_four_dimensions_become_named_volumes():
    array = np.arange(48).reshape(2, 2, 3, 4)
    scan = Image(array, GRID, name="MR", fourth_axis="channel", fourth_labels=("T1", "T2"))
    volumes = scan.volumes()
    assert [volume.name for volume in volumes] == ["MR T1", "MR T2"]
    np.testing.assert_array_equal(volumes[1].array, array[1])
    unnamed = Image(array, GRID, fourth_axis="time").volumes()
    assert [volume.name for volume in unnamed] == ["time 0", "time 1"]


def test_a_single_volume_is_itself():
    scan = Image(np.zeros(GRID.shape), GRID)
    assert scan.volumes() == [scan]


def test_wrong_shapes_are_refused():
    with pytest.raises(GeometryError, match="does not fit a grid"):
        Image(np.zeros((3, 3, 4)), GRID)
    with pytest.raises(InputError, match="fourth_axis"):
        Image(np.zeros((2, *GRID.shape)), GRID)
    with pytest.raises(InputError, match="fourth_axis"):
        Image(np.zeros(GRID.shape), GRID, fourth_axis="time")
