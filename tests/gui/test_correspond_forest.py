"""The forest plot of Correspondence in the height that a small screen leaves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QImage, QWheelEvent
from qtpy.QtWidgets import QApplication, QGraphicsPolygonItem

from napari_radiogenomics.correspondence.patients import PooledCorrespondence
from napari_radiogenomics.gui.correspond.plots import ForestPlot

LOW, WIDE = 230, 331  # pixels that the dock has in a window of 1366x768
NAMES = [f"P{at:03d}" for at in range(1, 13)]


def pooled(step: str, r: float, n_patients: int = 12) -> PooledCorrespondence:
    effects = np.linspace(r - 0.3, r + 0.3, len(NAMES))
    table = pd.DataFrame({"r": effects, "low": effects - 0.3, "high": effects + 0.3}, index=NAMES)
    return PooledCorrespondence(table, r, r - 0.2, r + 0.2, 0.069, 0.77, 28.0, n_patients, step)


@pytest.fixture
def forest(qtbot: Any) -> ForestPlot:
    plot = ForestPlot()
    qtbot.addWidget(plot)
    plot.resize(WIDE, LOW)
    plot.show_patients(
        pooled("freed of trend, edge distance, slice", -0.01), "P006", pooled("as they are", 0.5, 6)
    )
    with qtbot.waitExposed(plot):
        plot.show()
    qtbot.wait(50)
    return plot


def ticks(plot: ForestPlot) -> dict[str, float]:
    (major,) = plot.plot.getAxis("left")._tickLevels
    return {name: y for y, name in major}


def pixel(plot: ForestPlot, y: float) -> float:
    view = plot.plot.getViewBox()
    return float(view.mapToScene(view.mapFromView(QPointF(0, y))).y())


def test_rows_are_as_high_as_a_name(forest: ForestPlot) -> None:
    rows = ticks(forest)
    assert set(rows) == {*NAMES, "all ●", "all ○"}
    centers = np.sort([pixel(forest, y) for y in rows.values()])
    height = forest.plot.fontMetrics().height()
    assert np.diff(centers).min() >= max(14, height)
    assert centers[0] - height / 2 > 0  # no name is cut by an edge
    assert centers[-1] + height / 2 < forest.plot.height()


def test_what_has_no_room_is_scrolled_to(forest: ForestPlot) -> None:
    bar, shown = forest.area.verticalScrollBar(), forest.area.viewport().height()
    assert pixel(forest, ticks(forest)["P001"]) - bar.maximum() < shown < forest.plot.height()
    assert pixel(forest, ticks(forest)["all ●"]) < shown  # the answer is seen before
    place = QPointF(150, 100)
    turn = QWheelEvent(
        place, place, QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(forest.plot.viewport(), turn)
    assert not turn.isAccepted()  # left to the area around the plot
    bar.setValue(bar.maximum())
    forest.show_patients(pooled("freed of trend", 0.0), "P001", pooled("as they are", 0.5))
    assert bar.value() == bar.maximum()  # a click on a patient does not scroll back


def test_summaries_are_told_apart_and_high_enough(forest: ForestPlot) -> None:
    shapes = [item for item in forest.plot.getPlotItem().items
              if isinstance(item, QGraphicsPolygonItem)]  # fmt: skip
    spans = {}
    for shape in shapes:
        box = shape.polygon().boundingRect()
        filled = shape.brush().style() != Qt.BrushStyle.NoBrush
        spans[filled] = sorted((pixel(forest, box.top()), pixel(forest, box.bottom())))
    assert spans[False][1] <= spans[True][0]  # rings above, no overlap
    assert all(high - low >= 10 for low, high in spans.values())


def test_words_take_two_lines_and_the_rest_waits_behind_them(forest: ForestPlot) -> None:
    words = forest.words
    assert words.text().splitlines() == [
        "○ as they are: r = 0.50, p = 0.069, n = 6",
        "● freed: r = -0.01, p = 0.069, n = 12",
    ]
    assert words.height() < 2.5 * words.fontMetrics().height()
    for behind in (words.toolTip(), words.accessibleDescription()):
        assert "freed of trend, edge distance, slice: r = -0.01 (-0.21 to 0.19" in behind
        assert "positive in 6 of 12 (sign test p = 0.77)" in behind
    forest.clear("Nothing.")
    assert (words.text(), words.toolTip(), forest.area.isVisible()) == ("Nothing.", "", False)


def test_a_picture_has_every_patient(forest: ForestPlot, tmp_path: Path) -> None:
    saved = QImage(str(forest.save(tmp_path / "forest.png")))
    ratio = forest.devicePixelRatioF()
    assert saved.height() / ratio >= forest.plot.height() + forest.words.height()
    assert (forest.width(), forest.height()) == (WIDE, LOW)  # on the screen it is as before
