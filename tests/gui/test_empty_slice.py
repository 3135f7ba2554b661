"""A slice of one value says so on the canvas, with the reason where it is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.canvas.empty_slice import empty_text, show_empty_slice
from napari_radiogenomics.gui.layers.layers import image_layers

GRID = Geometry((6, 5, 4), (1.0, 2.0, 3.0), (-3.0, 7.0, 11.0))


@pytest.fixture
def scan():
    values = np.arange(120, dtype=np.float32).reshape(GRID.shape)
    values[2] = 0
    return Image(values, GRID, "HU", "chest", "CT")


def showing(image):
    viewer = ViewerModel()
    data, settings, _ = image_layers(image)[0]
    viewer.add_image(data, **settings)
    return viewer


def test_only_the_slice_of_one_value_says_so(scan):
    viewer = showing(scan)
    show_empty_slice(viewer)
    text = viewer.canvas.overlays["radiogenomics_empty_slice"]
    for k in range(4):
        viewer.dims.set_point(0, 11.0 + 3 * k)
        assert text.visible == (k == 2)
    viewer.dims.set_point(0, 17.0)
    assert text.text == "Empty slice:\n0 HU\neverywhere"
    viewer.layers[0].visible = False
    assert not text.visible
    viewer.layers[0].visible = True
    viewer.dims.order = (1, 0, 2)
    assert not text.visible


def test_a_slice_that_the_series_lacks_says_that(scan):
    viewer = showing(replace(scan, blank_slices=(2,)))
    viewer.dims.set_point(0, 17.0)
    assert empty_text(viewer) == "Slice missing\nin the series:\n0 HU"


def test_a_time_point_is_looked_at_alone(scan):
    array = np.stack([scan.array + 1, scan.array])
    viewer = showing(Image(array, GRID, "HU", "perfusion", "CT", fourth_axis="time"))
    viewer.dims.set_point((0, 1), (1.0, 17.0))
    assert "0 HU" in empty_text(viewer)
    viewer.dims.set_point((0, 1), (1.0, 14.0))
    assert empty_text(viewer) == ""


def test_nothing_is_said_of_maps_slides_and_foreign_layers(scan):
    viewer = showing(replace(scan, modality="map"))
    viewer.dims.set_point(0, 17.0)
    assert empty_text(viewer) == ""
    viewer = ViewerModel()
    assert empty_text(viewer) == ""
    viewer.add_image(np.zeros((3, 4, 5)))
    viewer.add_image(np.zeros((8, 8, 3), np.uint8), rgb=True)
    assert empty_text(viewer) == ""
