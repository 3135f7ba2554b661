"""The Genes dock in a real window: linked views get the colors, the heat map lies below."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import Qt

from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.placing import raise_dock
from napari_radiogenomics.gui.workspace import open_workspace
from napari_radiogenomics.simulate.sample import sample_cohort


@pytest.fixture
def viewer(make_napari_viewer):
    made = make_napari_viewer(show=True)
    made.window.resize(1366, 768)
    yield made
    made.window.remove_dock_widget("all")
    gc.unfreeze()  # the workspace keeps what it opened out of collections; here it has to go


@pytest.mark.slow
@pytest.mark.usefixtures("opengl")
def test_colors_reach_all_views_and_the_heat_map_lies_below(viewer, qtbot):
    widgets = open_workspace(viewer)
    cohort, genes = widgets["Cohort"], widgets["Genes"]
    cohort.open_cohort(sample_cohort())
    qtbot.waitUntil(lambda: bool(cohort.view.patient_id) and cohort.at_rest, timeout=60_000)
    raise_dock(genes)
    genes.ask("CA9")
    qtbot.waitUntil(lambda: genes.at_rest and genes.scale is not None, timeout=60_000)
    wanted = [genes.scale.rgba(row.score)[:3] for row in genes.shown_rows if row.label]
    labels = [row.label for row in genes.shown_rows if row.label]
    for model in models(viewer):
        layer = next(layer for layer in model.layers if isinstance(layer, Labels))
        colors = [layer.get_color(label)[:3] for label in labels]
        np.testing.assert_allclose(colors, wanted, atol=0.01)
    dock, heat = viewer.window.add_plugin_dock_widget("napari-radiogenomics", "Patients × genes")
    qtbot.waitUntil(lambda: heat.at_rest and heat.plot.heat is not None, timeout=60_000)
    main = dock.window()
    bottom = Qt.DockWidgetArea.BottomDockWidgetArea
    qtbot.waitUntil(lambda: main.dockWidgetArea(dock) == bottom, timeout=5_000)
    heat.plot.choose(0, heat.plot.heat.patients.index("P004"))
    qtbot.waitUntil(lambda: cohort.view.patient_id == "P004" and cohort.at_rest, timeout=60_000)
    qtbot.waitUntil(lambda: genes.at_rest, timeout=60_000)
    assert genes.answered.question.patient_id == "P004"
    cohort.page.table.rows.thumbnails.stop()
