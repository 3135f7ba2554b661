"""Resampling, against SimpleITK's meaning of it and analytic values."""

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.imaging import resample

FINE = Geometry((8, 6, 4))
COARSE = Geometry((4, 3, 2), (2, 2, 2), (0.5, 0.5, 0.5))


def ramp(geometry):
    k, j, i = np.indices(geometry.shape)
    return geometry.index_to_world(np.stack([i, j, k], axis=-1)) @ np.array([1.0, 10.0, 100.0])


@pytest.mark.parametrize("interpolation", ["linear", "bspline"])
def test_a_linear_ramp_stays_a_ramp_inside(interpolation):
    source = Geometry((24, 24, 24))
    inner = Geometry((5, 5, 5), (1.3, 1.1, 0.9), (9.2, 9.1, 9.3))
    result = resample(Image(ramp(source), source), inner, interpolation=interpolation)
    np.testing.assert_allclose(result.array, ramp(inner), rtol=1e-4)
    assert result.geometry == inner


def test_labels_are_never_mixed():
    labels = np.zeros(FINE.shape, np.uint8)
    labels[:, :, 4:] = 7
    result = resample(Segmentation(labels, FINE), COARSE)
    assert set(np.unique(result.labels)) == {0, 7}
    assert result.labels.dtype == np.uint8


def test_outside_is_the_lowest_value_unless_chosen():
    away = Geometry((2, 2, 2), origin=(100, 0, 0))
    scan = Image(np.full(FINE.shape, -5, np.int16), FINE)
    assert (resample(scan, away).array == -5).all()
    assert (resample(scan, away, fill=3).array == 3).all()


def test_the_history_says_what_was_done():
    record = resample(Image(ramp(FINE), FINE), COARSE, interpolation="nearest").history[-1]
    assert (record.verb, record.settings["interpolation"]) == ("resample", "nearest")


def test_unknown_interpolation_is_refused():
    with pytest.raises(InputError, match="Known: nearest, linear, bspline"):
        resample(Image(ramp(FINE), FINE), COARSE, interpolation="cubic")
