"""The slices in sight show the scan that is visible, and slices of it that were measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.gui.canvas.empty_slice import empty_text
from napari_radiogenomics.gui.canvas.looking import look_at_scan, look_at_tumour
from napari_radiogenomics.gui.drops import lying_apart
from napari_radiogenomics.gui.layers.layers import layers_of

HERE = Geometry((6, 5, 7), (1.0, 2.0, 3.0), (-3.0, 7.0, 11.0))
FAR = Geometry((6, 5, 7), (1.0, 2.0, 3.0), (200.0, -300.0, 900.0))


def scan_on(grid, name="CT"):
    values = np.arange(np.prod(grid.shape), dtype=np.float32).reshape(grid.shape)
    return Image(values, grid, "HU", name, "CT")


def region_on(grid, k, name="tumour"):
    labels = np.zeros(grid.shape, np.uint8)
    labels[k, 1:3, 2:4] = 1
    return Segmentation(labels, grid, name=name)


def add(viewer, *objects):
    for data, settings, kind in layers_of(objects):
        getattr(viewer, f"add_{kind}")(data, **settings)


def index_in(grid, viewer):
    return np.rint(grid.world_to_index(np.array(viewer.dims.point)[::-1]))[::-1].tolist()


def test_of_several_patients_the_tumour_of_the_visible_one_is_shown():
    viewer = ViewerModel()
    one, other = scan_on(HERE, "one"), scan_on(FAR, "other")
    add(viewer, one, other, region_on(HERE, 4), region_on(FAR, 1))
    assert look_at_tumour(viewer)
    assert index_in(HERE, viewer)[0] == 4
    assert not look_at_scan(viewer)


def test_a_scan_that_is_dropped_far_away_is_gone_to():
    viewer = ViewerModel()
    add(viewer, scan_on(HERE))
    viewer.dims.set_point((0, 1, 2), HERE.index_to_world([1, 1, 1])[::-1])
    add(viewer, scan_on(FAR, "far"))
    viewer.dims.set_point((0, 1, 2), HERE.index_to_world([1, 1, 1])[::-1])
    assert look_at_scan(viewer)
    assert index_in(FAR, viewer) == [3, 2, 3]
    viewer.dims.set_point((0, 1, 2), HERE.index_to_world([1, 1, 1])[::-1])
    add(viewer, region_on(FAR, 5))
    viewer.dims.set_point((0, 1, 2), HERE.index_to_world([1, 1, 1])[::-1])
    assert look_at_scan(viewer)
    assert index_in(FAR, viewer)[0] == 5
    before = viewer.dims.point
    assert not look_at_scan(viewer)  # it is in sight: the person chooses the slice
    assert viewer.dims.point == before


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_a_series_opens_on_a_slice_that_was_measured(order):
    """Whichever way the slices of the series lie in the patient."""
    values = scan_on(HERE).array.copy()
    values[2:5] = -1000.0
    direction = np.eye(3)[:, list(order)]
    grid = replace(HERE, direction=tuple(direction.ravel()))
    viewer = ViewerModel()
    add(viewer, Image(values, grid, "HU", "CT", "CT", blank_slices=(2, 3, 4)))
    middle = grid.index_to_world([3, 2, 3])[::-1]
    viewer.dims.set_point((0, 1, 2), middle)
    assert not look_at_scan(viewer)
    k, j, i = index_in(grid, viewer)
    assert k in (1, 5)
    assert (j, i) == (2, 3)
    assert empty_text(viewer) == ""


def test_a_scan_without_gaps_may_be_looked_at_where_it_is_empty():
    values = scan_on(HERE).array.copy()
    values[3] = 0
    viewer = ViewerModel()
    add(viewer, Image(values, HERE, "HU", "CT", "CT"))
    before = viewer.dims.point
    assert not look_at_scan(viewer)
    assert viewer.dims.point == before


def test_scans_that_lie_apart_are_named_with_a_remedy():
    one, same, far = scan_on(HERE, "one"), scan_on(HERE, "same"), scan_on(FAR, "far")
    assert lying_apart([]) == lying_apart([one, same, region_on(FAR, 1)]) == ""
    said = lying_apart([one, same, far])
    assert said.startswith("Shown: one. ")
    assert "hidden: far. Open each alone" in said
