"""A step of a slider is a slice of the scan, with biopsies and slides too."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Points

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.canvas.slider_steps import step_by_slices
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.io.cohorts import load_patient, open_cohort
from napari_radiogenomics.simulate import sample_cohort

GRID = Geometry((8, 7, 6), (0.7, 0.9, 5.0), (3.0, -4.0, 50.0))
SCAN = Image(np.zeros(GRID.shape, np.float32), GRID, "HU", "chest", "CT")


def add(viewer, layers):
    for data, settings, kind in layers:
        getattr(viewer, f"add_{kind}")(data, **settings)


@pytest.mark.parametrize("slides", [False, True])
def test_each_step_of_the_sample_is_a_slice(slides):
    cohort = open_cohort(sample_cohort())
    patient = str(cohort.slides["patient_id"].iloc[0])
    read = load_patient(cohort, patient, timepoint="t0", slides=slides)
    layers = layers_of([*read.scans, *read.segmentations, *read.slides, read.samples])
    viewer = ViewerModel()
    add(viewer, layers)
    if slides:
        assert min(axis.step for axis in viewer.dims.range) < 0.1
    step_by_slices(viewer)
    scan = viewer.layers[0]
    assert viewer.dims.nsteps == scan.data.shape
    np.testing.assert_allclose([axis.step for axis in viewer.dims.range], scan.scale)
    for number in range(scan.data.shape[0]):
        viewer.dims.set_current_step(0, number)
        assert scan.world_to_data(viewer.dims.point)[0] == pytest.approx(number)


def test_biopsies_stand_where_they_were_taken():
    cohort = open_cohort(sample_cohort())
    samples = load_patient(cohort, "P001", timepoint="t0", slides=False).samples
    scan = load_patient(cohort, "P001", timepoint="t0", slides=False).scans[0]
    data, settings, _ = layers_of([scan, samples])[-1]
    points = Points(data, **settings)
    world = [points.data_to_world(place)[::-1] for place in points.data]
    drawn = samples.select(samples.table.index.isin(points.features["sample_id"]))
    np.testing.assert_allclose(world, drawn.points_lps(scan.geometry))
    np.testing.assert_allclose(points.size * points.scale[0], 2 * drawn.table["radius_mm"])


def test_time_keeps_its_own_steps():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((3, 4, 5, 6)), scale=(1, 5, 2, 2))
    viewer.add_points([[0.0, 2.5, 1.0, 1.0]])
    step_by_slices(viewer)
    assert viewer.dims.nsteps == (3, 4, 5, 6)


def test_a_viewer_without_volumes_is_left_alone():
    viewer = ViewerModel()
    step_by_slices(viewer)
    viewer.add_points([[0.0, 0.0, 0.0], [9.0, 9.0, 9.0]])
    assert viewer.dims.nsteps == (10, 10, 10)
    add(viewer, layers_of([SCAN]))
    assert viewer.dims.nsteps == GRID.shape
