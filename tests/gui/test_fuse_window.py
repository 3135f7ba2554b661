"""The Fuse dock in a real window on a small screen: it stays as high, and a click draws the map."""

from __future__ import annotations

import gc

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import fuse
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.fusion.work import Fused, Given
from napari_radiogenomics.gui.workspace import open_workspace
from napari_radiogenomics.simulate.sample import sample_cohort

DRIVER = "original_firstorder_Mean"


@pytest.fixture
def viewer(make_napari_viewer):
    made = make_napari_viewer(show=True)
    made.window.resize(1366, 768)
    yield made
    made.window.remove_dock_widget("all")
    gc.unfreeze()  # the workspace keeps what it opened out of collections; here it has to go


def _fused(patients: list[str]) -> Fused:
    """A comparison that patients of the sample were part of, driven by a feature with a map."""
    rng = np.random.default_rng(0)
    ids = [*patients, *(f"X{n}" for n in range(60 - len(patients)))]
    y = pd.Series(np.arange(60) % 2, ids, name="EGFR")
    table = pd.DataFrame(rng.normal(size=(60, 3)), ids).add_prefix("other")
    table[DRIVER] = 1.5 * y + rng.normal(size=60)
    found = fuse({"imaging": table}, y, strategies=["single", "late"], folds=3, inner_folds=3,
                 repeats=1, thorough=False)  # fmt: skip
    warned = tuple(f"Warning {n}: {'what may be too good to be true ' * 5}" for n in range(6))
    given = Given({"imaging": table}, {}, y, None, ())
    return Fused(found, given, {}, warned, ())


@pytest.mark.slow
@pytest.mark.usefixtures("opengl")
def test_the_window_keeps_its_height_and_a_click_draws_the_driver(viewer, qtbot):
    widgets = open_workspace(viewer)
    cohort = widgets["Cohort"]
    cohort.open_cohort(sample_cohort())
    qtbot.waitUntil(lambda: bool(cohort.view.patient_id) and cohort.at_rest, timeout=100_000)
    dock, fusing = viewer.window.add_plugin_dock_widget("napari-radiogenomics", "Fuse")
    qtbot.wait(300)
    main = dock.window()
    before = main.height()
    patients = [str(name) for name in fusing.session.cohort.patients.index]
    fusing._show_end(Outcome(value=_fused(patients)))
    qtbot.waitUntil(fusing.sheet.isVisible, timeout=10_000)
    qtbot.wait(300)
    sheet = fusing.sheet
    for tabs in (sheet.left, sheet.right):
        for at in range(tabs.count()):
            tabs.setCurrentIndex(at)
            qtbot.wait(30)
    assert main.height() == before
    sheet.choose("imaging alone")
    sheet.patient_chosen.emit("P004")
    drawn = f"The map of {DRIVER}"
    qtbot.waitUntil(lambda: drawn in fusing.message, timeout=100_000)
    assert fusing.message.startswith("P004: probability of EGFR 1 0.")
    assert cohort.view.patient_id == "P004"
    assert any("mean" in layer.name.lower() for layer in viewer.layers)
    assert main.height() == before
    cohort.page.table.rows.thumbnails.stop()
