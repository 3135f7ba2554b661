"""The Virtual biopsy dock: what was learned in plain words, maps on the scan, and refusals."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels

from napari_radiogenomics import map_virtual_biopsy, open_cohort, virtual_biopsy
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.canvas.legend import top_map
from napari_radiogenomics.gui.cohort.dock import CohortDock
from napari_radiogenomics.gui.cohort.patient import PatientView
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.layers.keys import DERIVED, SOURCE
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.texture.map_layer import maps_of
from napari_radiogenomics.gui.virtual_biopsy.dock import VirtualBiopsyDock
from napari_radiogenomics.gui.virtual_biopsy.layers import KINDS, VIRTUAL
from napari_radiogenomics.simulate.sample import sample_cohort

SETTINGS = {"level": 0.8, "permutations": 99}


@pytest.fixture(scope="module")
def cohort():
    return open_cohort(sample_cohort())


@pytest.fixture(scope="module")
def found(cohort):
    return virtual_biopsy(cohort, "BUFFA_HYPOXIA", **SETTINGS)


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def dock(viewer, qtbot):
    dock = VirtualBiopsyDock(viewer)
    qtbot.addWidget(dock)
    return dock


@pytest.fixture
def patient(viewer, cohort, dock, qtbot):
    """P001 is open, as the Cohort dock opens it."""
    session = session_of(viewer)
    session.cohort = cohort
    opener = CohortDock(viewer)
    qtbot.addWidget(opener)
    session.select(patient_id="P001")
    qtbot.waitUntil(lambda: attached(viewer, PatientView).patient_id == "P001", timeout=60_000)
    qtbot.waitUntil(lambda: opener.at_rest, timeout=60_000)
    return opener


def virtual_layers(viewer):
    return [layer for layer in viewer.layers if VIRTUAL in layer.metadata]


def test_the_dock_asks_what_the_verb_takes(dock, viewer, cohort):
    assert dock.message == "Open a cohort with biopsies in the Cohort dock."
    dock.start()
    assert (dock.message, dock.tone) == ("No cohort is open. Open one in the Cohort dock.", "error")
    session_of(viewer).cohort = cohort
    session_of(viewer).select(gene="CA9")
    assert dock.target.text() == "CA9"
    dock.channels.checked = ("CT",)
    function, data, settings = dock.arguments()
    assert function is virtual_biopsy
    assert data == (cohort, "CA9")
    defaults = {p.name: p.default for p in dock.description.settings}
    for name, value in settings.items():
        if name != "channels":
            assert value == defaults[name], name
    assert settings["channels"] == ("CT",)


def test_what_lacks_is_said(dock, viewer, cohort, qtbot):
    session_of(viewer).cohort = replace(cohort, samples=cohort.samples.assign(precision="tumour"))
    assert 'the precision "point"' in dock.message
    session_of(viewer).cohort = cohort
    dock.target.setText("BUFFA_HYPOXI")
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
    assert 'Did you mean "BUFFA_HYPOXIA"' in dock.message
    assert dock.tone == "error"
    dock.draw()
    assert "Press Learn first" in dock.message


def test_a_level_that_the_biopsies_are_enough_for_is_offered(dock, viewer, cohort, qtbot):
    session_of(viewer).cohort = cohort
    dock.target.show_text("BUFFA_HYPOXIA")
    assert dock.form.values["level"] == 0.9
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
    assert "choose a level of 0.87" in dock.message
    assert not dock.level_button.isHidden()
    assert dock.level_button.text() == "Learn at 87%"
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.level_button.click()
    assert dock.form.values["level"] == 0.87
    assert dock.found.level == 0.87
    assert dock.level_button.isHidden()


def test_the_map_lies_on_the_scan_with_its_unit_and_what_is_unlike(
    dock, viewer, patient, found, cohort, qtbot
):
    said = dock.show_result(Outcome(value=found))
    assert said == "Learned. Drawing the map of P001 …"
    assert dock.verdict.large.text() == f"{found.skill:.0%} better than the patient's mean".replace(
        "%", " %"
    )
    assert f"{found.n_patients} patients, {found.n_biopsies} biopsies" in dock.verdict.small.text()
    qtbot.waitUntil(lambda: bool(virtual_layers(viewer)), timeout=60_000)
    maps = map_virtual_biopsy(found.learned, cohort, "P001")
    assert dock.layer is top_map(viewer)
    shown = maps_of(dock.layer)
    assert list(shown) == list(KINDS)
    np.testing.assert_array_equal(shown["virtual_biopsy"].array, maps.value.array)
    assert shown["virtual_biopsy"].unit == "combined z"
    (mask,) = [layer for layer in virtual_layers(viewer) if isinstance(layer, Labels)]
    assert mask.metadata[DERIVED]
    assert (np.asarray(mask.data) > 0).sum() == (maps.unlike.labels > 0).sum()
    dock.shown.setCurrentIndex(1)
    assert dock.layer.metadata[SOURCE].name.endswith("width of 80%")
    assert "The fit did not see this patient" in dock.message


def test_a_dot_opens_its_patient_at_its_biopsy_with_the_map(dock, viewer, patient, found, qtbot):
    dock.show_result(Outcome(value=found))
    qtbot.waitUntil(lambda: bool(virtual_layers(viewer)), timeout=60_000)
    own = found.samples[found.samples["patient_id"] == "P004"]
    dock.plot.chosen.emit("P004", str(own.index[1]))
    qtbot.waitUntil(lambda: dock.message.startswith("P004: intervals"), timeout=60_000)
    assert session_of(viewer).selection.sample_id == own.index[1]
    assert {layer.metadata[VIRTUAL].patient_id for layer in virtual_layers(viewer)} == {"P004"}
    (points,) = [layer for layer in viewer.layers if "sample_id" in getattr(layer, "features", {})
                 and layer.name == "Biopsies"]  # fmt: skip
    (row,) = np.flatnonzero(points.features["sample_id"] == own.index[1])
    place = points.data_to_world(points.data[row])
    np.testing.assert_allclose(viewer.dims.point, place, atol=2.0)  # within a voxel


def test_dots_are_biopsies_with_the_interval_that_is_chosen(dock, viewer, cohort, found):
    session_of(viewer).cohort = cohort
    dock.show_result(Outcome(value=found))
    dock._show_plot()
    low, high = found.samples["anchored_low"], found.samples["anchored_high"]
    inside = ((low <= found.samples["score"]) & (found.samples["score"] <= high)).mean()
    assert f"hold {inside:.0%} of 37 biopsies" in dock.plot.words.text()
    dock.anchor.setChecked(False)
    low, high = found.samples["low"], found.samples["high"]
    inside = ((low <= found.samples["score"]) & (found.samples["score"] <= high)).mean()
    assert f"hold {inside:.0%} of 37 biopsies" in dock.plot.words.text()
    heard = []
    dock.plot.chosen.connect(lambda *names: heard.append(names))
    dock.plot._clicked(None, [SimpleNamespace(data=lambda: ("P001", "P001-b1", ""))])
    assert heard == [("P001", "P001-b1")]


def test_a_refusal_is_explained_and_takes_the_map_away(dock, viewer, patient, found, qtbot):
    dock.show_result(Outcome(value=found))
    qtbot.waitUntil(lambda: bool(virtual_layers(viewer)), timeout=60_000)
    refused = replace(found, refused="It is no better.", model=None, skill=-0.1, target="ACTB")
    dock._show_end(Outcome(value=refused))
    assert virtual_layers(viewer) == []
    assert dock.verdict.large.text() == "No map: ACTB is not told by the scan"
    assert dock.verdict.small.text().startswith("It is no better. Skill -10 %")
    assert (dock.message, dock.tone) == (
        "Refused: no map of ACTB is drawn. It is no better.",
        "error",
    )
    assert not dock.draw_button.isEnabled()
    assert not dock.save_button.isEnabled()


def test_a_model_is_saved_and_opened(dock, viewer, cohort, found, tmp_path):
    session_of(viewer).cohort = cohort
    dock.save_model(tmp_path / "a.npz")
    assert "Press Learn first" in dock.message
    dock.show_result(Outcome(value=found))
    dock.save_model(tmp_path / "a")
    assert (tmp_path / "a.npz").is_file()
    dock.model = None
    dock.open_model(tmp_path / "a.npz")
    assert dock.model.target == "BUFFA_HYPOXIA"
    assert "8 patients, 37 biopsies" in dock.verdict.small.text()
    assert dock.draw_button.isEnabled()
    (tmp_path / "b.npz").write_bytes(b"nothing")
    dock.open_model(tmp_path / "b.npz")
    assert "damaged" in dock.message
    assert dock.model.target == "BUFFA_HYPOXIA"
