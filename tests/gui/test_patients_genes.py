"""Patients × genes: right values, an order that shows blocks, columns that select patients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_matrix import normalized_expression
from napari_radiogenomics.gui.genes.heat import MUTATIONS, heat_of
from napari_radiogenomics.gui.genes.heat_dock import PatientsGenesDock
from napari_radiogenomics.gui.genes.heat_plot import heat_colors
from napari_radiogenomics.gui.plots.scales import MISSING
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.io.cohort_variants import mutation_table
from napari_radiogenomics.io.cohorts import open_cohort
from napari_radiogenomics.simulate.sample import sample_cohort


@pytest.fixture(scope="module")
def cohort():
    return open_cohort(sample_cohort())


@pytest.fixture
def dock(cohort, qtbot):
    viewer = ViewerModel()
    session_of(viewer).cohort = cohort
    dock = PatientsGenesDock(viewer)
    qtbot.addWidget(dock)
    qtbot.waitUntil(lambda: dock.at_rest and dock.plot.heat is not None, timeout=30_000)
    return dock


def settle(qtbot, dock):
    qtbot.waitUntil(lambda: dock.at_rest, timeout=30_000)


def test_values_are_z_of_the_whole_tumor_samples(cohort):
    heat = heat_of(cohort, "CA9 vegfa")
    table = normalized_expression(cohort)
    bulk = table["CA9"][[f"{patient}-bulk" for patient in heat.patients]].to_numpy()
    expected = (bulk - bulk.mean()) / bulk.std(ddof=1)
    np.testing.assert_allclose(heat.values[heat.genes.index("CA9")], expected, atol=1e-12)
    assert heat.unit == "log2 CPM"


def test_a_pathway_gives_its_genes_with_patients_from_low_to_high(cohort):
    heat = heat_of(cohort, "hypoxia")
    assert "Hypoxia" in heat.title
    trend = np.corrcoef(heat.values.mean(axis=0), np.arange(len(heat.patients)))[0, 1]
    assert trend > 0.5


def test_unknown_genes_are_named(cohort):
    assert "NOGENE1" in " ".join(heat_of(cohort, "CA9, NOGENE1").notes)
    with pytest.raises(InputError, match="NOGENE1"):
        heat_of(cohort, "NOGENE1")


def test_an_oncoprint_shows_each_class(cohort):
    heat = heat_of(cohort, MUTATIONS)
    table = mutation_table(cohort)
    for row, gene in enumerate(heat.genes):
        for column, patient in enumerate(heat.patients):
            value, said = heat.values[row, column], table.at[patient, gene]
            shown = "wildtype" if value == 0 else heat.classes[int(value) - 1]
            assert shown == said
    altered = (heat.values > 0).sum(axis=1)
    assert list(altered) == sorted(altered, reverse=True)
    without = replace(cohort, expression=())
    assert heat_of(without, "").kind == "mutation"


def test_missing_cells_are_gray(cohort):
    heat = heat_of(cohort, "CA9, VEGFA")
    values = heat.values.copy()
    values[0, 0] = np.nan
    colors = heat_colors(replace(heat, values=values))
    np.testing.assert_array_equal(colors[0, 0], np.asarray(255 * np.array(MISSING), np.uint8))
    assert not np.array_equal(colors[0, 1], colors[0, 0])


def test_columns_select_patients_and_names_select_genes(dock, qtbot):
    heat = dock.plot.heat
    dock.plot.choose(0, 3)
    assert dock.session.selection.patient_id == heat.patients[3]
    assert dock.plot.here == heat.patients[3]
    dock.plot.choose(2, -1)
    assert dock.session.selection.gene == heat.genes[2]


def test_the_search_line_asks_and_errors_are_said(dock, qtbot):
    dock.search.setText("CA9, HK2")
    dock.search.returnPressed.emit()
    settle(qtbot, dock)
    assert set(dock.plot.heat.genes) == {"CA9", "HK2"}
    dock.search.setText("NOGENE1")
    dock.search.returnPressed.emit()
    settle(qtbot, dock)
    assert "NOGENE1" in dock.message
    dock.mutations.click()
    settle(qtbot, dock)
    assert dock.plot.heat.kind == "mutation"
    assert dock.message == ""


def test_without_a_cohort_or_genes_it_says_what_to_do(cohort, qtbot):
    viewer = ViewerModel()
    dock = PatientsGenesDock(viewer)
    qtbot.addWidget(dock)
    assert "Open a cohort" in dock.plot.words.text()
    session_of(viewer).cohort = replace(cohort, expression=(), variants=())
    assert "cohort.toml" in dock.plot.words.text()
