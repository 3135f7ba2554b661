"""Maps on the screen: below the biopsies; and the window a scan opens with."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.layers.layers import contrast_limits
from napari_radiogenomics.gui.texture.map_layer import show_maps

GRID = Geometry((10, 10, 10))


def test_a_map_lies_on_the_scan_and_below_the_biopsies():
    viewer = ViewerModel()
    scan = viewer.add_image(np.zeros(GRID.shape))
    labels = viewer.add_labels(np.zeros(GRID.shape, int))
    biopsies = viewer.add_points([[1, 1, 1]])
    layer = show_maps(viewer, {"original_firstorder_Mean": Image(np.ones(GRID.shape), GRID)})
    assert list(viewer.layers) == [scan, labels, layer, biopsies]
    assert viewer.layers.selection.active is layer


@pytest.mark.parametrize(
    ("lung", "limits"), [(0.5, (-1200.0, 200.0)), (0.1, (-160.0, 240.0)), (0.0, (-160.0, 240.0))]
)
def test_a_chest_opens_in_the_lung_window(lung, limits):
    values = np.full(1000, 40.0)
    values[: int(1000 * lung)] = -850
    body = Image(values.reshape(GRID.shape), GRID, unit="HU")
    assert contrast_limits(body) == limits


def test_air_around_the_body_is_no_lung():
    values = np.full(1000, -1000.0)
    values[:100] = 40
    assert contrast_limits(Image(values.reshape(GRID.shape), GRID, unit="HU")) == (-160.0, 240.0)
