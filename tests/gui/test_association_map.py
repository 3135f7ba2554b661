"""Names beside and below the plots of associations, where there is little room."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import QPointF

from napari_radiogenomics.gui.associate.plots import AssociationMap, PairPlot

FEATURES = ["original_shape_Maximum2DDiameterRow", "original_glcm_Contrast", "wavelet-HHH_x"]
OUTCOMES = ["EGFR", "HALLMARK_HYPOXIA", "HALLMARK_E2F_TARGETS", "VEGF_LIGAND_RECEPTOR"]


def result_of(outcomes):
    rng = np.random.default_rng(0)
    rows = [(f, o, rng.uniform(-1, 1), rng.uniform()) for f in FEATURES for o in outcomes]
    table = pd.DataFrame(rows, columns=["feature", "outcome", "effect", "q_value"])
    return SimpleNamespace(table=table, effect="partial correlation", family="")


@pytest.fixture
def heat(qtbot):
    widget = AssociationMap()
    qtbot.addWidget(widget)
    widget.resize(385, 240)  # what a screen of 1366 × 768 leaves
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def test_every_column_is_named_on_a_small_screen(heat, qtbot):
    heat.show_result(result_of(OUTCOMES))
    qtbot.wait(50)
    axis = heat.columns
    assert axis.upright
    assert len(axis.shown) == 4
    assert all(axis.shown)
    shown = dict(zip(heat.matrix.outcomes, axis.shown, strict=True))
    assert (shown["EGFR"], shown["HALLMARK_HYPOXIA"]) == ("EGFR", "HYPOXIA")
    long = shown["VEGF_LIGAND_RECEPTOR"]
    assert "…" in long
    assert long[0] + long[-1] == "VR"  # cut in the middle
    assert axis.height() < 0.5 * heat.height()


def test_names_are_side_by_side_where_there_is_room(heat, qtbot):
    heat.resize(900, 300)
    heat.show_result(result_of(OUTCOMES[1:3]))
    qtbot.wait(50)
    assert not heat.columns.upright
    assert sorted(heat.columns.shown) == ["E2F_TARGETS", "HYPOXIA"]
    heat.resize(300, 300)
    qtbot.wait(50)
    assert heat.columns.upright


def test_gene_sets_that_differ_by_their_collection_alone_keep_it(heat, qtbot):
    heat.resize(900, 300)
    heat.show_result(result_of(["HYPOXIA", "HALLMARK_HYPOXIA"]))
    assert set(heat.columns.names) == {"HYPOXIA", "HALLMARK_HYPOXIA"}


def test_the_whole_name_is_told_where_it_is_cut(heat, qtbot):
    heat.show_result(result_of(OUTCOMES))
    qtbot.wait(50)
    view = heat.plot.getPlotItem().getViewBox()
    column = heat.matrix.outcomes.index("VEGF_LIGAND_RECEPTOR")
    low = view.mapViewToScene(QPointF(column, len(FEATURES) - 0.5))
    assert heat.name_at(QPointF(low.x(), low.y() + 30)) == "VEGF_LIGAND_RECEPTOR"
    row = heat.matrix.features.index(FEATURES[0])
    left = view.mapViewToScene(QPointF(-0.5, row))
    assert heat.name_at(QPointF(left.x() - 40, left.y())) == FEATURES[0]
    assert heat.name_at(view.mapViewToScene(QPointF(0, 0))) == ""


def test_the_name_beside_a_scatter_is_cut_to_its_height(qtbot):
    plot = PairPlot()
    qtbot.addWidget(plot)
    plot.resize(400, 200)
    with qtbot.waitExposed(plot):
        plot.show()
    words = {"sites": {}, "here": "", "words": "", "labels": (FEATURES[0], "VEGF")}
    plot.show_patients(["P1", "P2"], np.array([1.0, 2.0]), np.array([3.0, 4.0]), **words)
    qtbot.wait(50)
    axis = plot.plot.getAxis("left")
    small = axis.labelText
    assert "…" in small
    drawn = axis.label.mapRectToParent(axis.label.boundingRect())
    assert drawn.top() >= -2
    assert drawn.bottom() <= axis.size().height() + 2
    plot.resize(400, 700)
    qtbot.wait(50)
    assert axis.labelText == "shape_Maximum2DDiameterRow"
    assert axis.toolTip() == FEATURES[0]
