"""Layers filled with the next patient are as new ones, in every linked view."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Points

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.canvas.slider_steps import step_by_slices
from napari_radiogenomics.gui.cohort.patient import AT_FIRST, Loaded, PatientView, load_layers
from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.layers.edits import Edits
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.io.cohorts import open_cohort
from napari_radiogenomics.simulate import sample_cohort

_SHOWN = {
    ImageLayer: ("contrast_limits", "gamma"),
    Labels: ("selected_label", "show_selected_label"),
    Points: ("size", "face_color", "border_color", "border_width"),
}


def facts(model):
    """All that a view shows, to be compared."""
    dims, camera = model.dims, model.scene.camera
    said = {"order": dims.order, "axes": dims.axis_labels, "nsteps": dims.nsteps}
    said |= {"point": dims.point, "range": dims.range, "center": camera.center}
    said["zoom"] = camera.zoom
    for layer in model.layers:
        names = ("name", "data", "scale", "translate", "visible", "opacity", "blending", "mode")
        own = {name: getattr(layer, name) for name in (*names, *_SHOWN[type(layer)])}
        own |= {"extent": layer.extent.world, "thumbnail": layer.thumbnail}
        if isinstance(layer, Points):
            own |= {"texts": layer.text.values, "shift": layer.text.translation}
            own["selected"] = sorted(layer.selected_data)
        else:
            own["colors"] = layer.colormap.map(np.arange(4))
        if not isinstance(layer, ImageLayer):
            own["features"] = layer.features.to_numpy().astype(str)
        said |= {f"{layer.name}: {name}": value for name, value in own.items()}
    return said


def assert_alike(one, other):
    assert one.keys() == other.keys()
    for name in one:
        if isinstance(one[name], str | bool):
            assert one[name] == other[name], name
        elif np.asarray(one[name]).dtype.kind in "US":
            np.testing.assert_array_equal(one[name], other[name], name)
        else:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-9, err_msg=name)


def change_everything(viewer):
    """Do what a person may do to the layers of a patient without drawing."""
    for layer in viewer.layers:
        layer.opacity, layer.blending = 0.3, "additive"
        if isinstance(layer, ImageLayer):
            layer.colormap, layer.gamma, layer.contrast_limits = "magma", 0.5, (3, 4)
            layer.visible = False
        elif isinstance(layer, Labels):
            layer.selected_label, layer.mode, layer.show_selected_label = 2, "paint", True
            layer.colormap = {None: "red", 0: "transparent", 1: "blue"}
        else:
            layer.face_color, layer.mode = "green", "select"
            layer.selected_data = {0}


@pytest.mark.slow
@pytest.mark.usefixtures("opengl")
def test_filled_layers_look_like_new_ones_in_all_views(make_napari_viewer, qtbot):
    three_views = pytest.importorskip("napari_radiogenomics.gui.canvas.three_views")
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1366, 768)
    three_views.show_three_views(viewer)
    qtbot.waitUntil(lambda: len(models(viewer)) == 3, timeout=5000)
    dress_canvas(viewer)
    cohort = open_cohort(sample_cohort())
    located = cohort.samples[cohort.samples["precision"] == "point"]
    first, then = located["patient_id"].drop_duplicates().iloc[:2]
    view = PatientView(viewer)
    loaded = [load_layers(cohort, p, timepoint="t0", open_with=AT_FIRST) for p in (first, then)]
    view.show(loaded[0], Edits())
    qtbot.wait(200)  # the linked views find their size
    before = list(viewer.layers)
    assert {type(layer) for layer in before} == set(_SHOWN)
    change_everything(viewer)
    widgets = attached(viewer, three_views.ThreeViews).widgets()

    def seen():
        qtbot.wait(50)
        view.fit()
        qtbot.wait(50)
        pictures = [viewer.screenshot(canvas_only=True, flash=False)]
        pictures += [widget.qt_viewer.screenshot(flash=False) for widget in widgets]
        return [facts(model) for model in models(viewer)], pictures

    view.show(loaded[1], Edits())
    assert set(before) & set(viewer.layers)
    filled, pictures = seen()
    view.leave()
    view.show(loaded[1], Edits())
    assert not set(before) & set(viewer.layers)
    new, others = seen()
    for one, other in zip(filled, new, strict=True):
        assert_alike(one, other)
    for one, other in zip(pictures, others, strict=True):
        assert one.std() > 5
        np.testing.assert_array_equal(one, other)


def scan(name, z=0.0, visible=True):
    grid = Geometry((8, 8, 4), (1, 1, 2), (0, 0, z))
    (layer,) = layers_of([Image(np.full(grid.shape, z, np.float32), grid, name=name)])
    layer[1]["visible"] = visible
    return layer


def test_layers_of_the_same_name_are_not_numbered_nor_mixed_up():
    viewer = ViewerModel()
    view = PatientView(viewer)
    step_by_slices(viewer)
    both = [scan("T1"), scan("T2", visible=False), scan("T3", visible=False)]
    view.show(Loaded("P1", "", None, both), Edits())
    view.show(Loaded("P2", "", None, [scan("T3", 10.0), scan("T1", 20.0)]), Edits(), at_once=False)
    while view.show_next():
        pass
    found = {layer.name: float(layer.data.max()) for layer in viewer.layers}
    assert found == {"T3": 10.0, "T1": 20.0}


def test_each_layer_tells_once_what_changed_and_when_all_is_as_it_will_be():
    viewer = ViewerModel()
    view, told = PatientView(viewer), []
    step_by_slices(viewer)
    view.show(Loaded("P1", "", None, [scan("a")]), Edits())
    (layer,) = viewer.layers
    for name in ("data", "name", "translate", "scale", "contrast_limits"):
        event = getattr(layer.events, name)
        event.connect(lambda e: told.append((e.type, layer.visible, viewer.dims.range[0].start)))
    view.show(Loaded("P2", "", None, [scan("b", 30.0)]), Edits())
    assert ("data", True, 30.0) in told
    assert ("name", True, 30.0) in told
    assert [kind for kind, *_ in told].count("data") == 1
    assert "scale" not in [kind for kind, *_ in told]


@pytest.mark.slow
@pytest.mark.usefixtures("opengl")
def test_what_is_left_of_the_patient_before_goes_without_moving_the_slices(
    make_napari_viewer, qtbot
):
    three_views = pytest.importorskip("napari_radiogenomics.gui.canvas.three_views")
    viewer = make_napari_viewer(show=True)
    three_views.show_three_views(viewer)
    qtbot.waitUntil(lambda: len(models(viewer)) == 3, timeout=5000)
    dress_canvas(viewer)
    view = PatientView(viewer)
    before = [scan("CT"), scan("PET", 100.0, visible=False), scan("MR", -60.0, visible=False)]
    view.show(Loaded("P1", "", None, before), Edits())
    qtbot.wait(100)
    view.show(Loaded("P2", "", None, [scan("CT", 40.0)]), Edits(), at_once=False)
    assert len(viewer.layers) > 1  # hidden scans of P1 are still there
    view.go_to(np.array([5.0, 3.0, 44.0]))
    qtbot.wait(50)
    here = viewer.dims.point
    assert here == (44.0, 3.0, 5.0)
    while view.show_next():
        pass
    qtbot.wait(50)
    assert len(viewer.layers) == 1
    assert viewer.dims.point == here
