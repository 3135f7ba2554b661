"""Colors of biopsies that two docks want to give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Points

from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.genes.painter import Painter

RED, BLUE = (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0)


@pytest.fixture
def biopsies() -> Points:
    table = pd.DataFrame({"sample_id": ["b1", "b2"]})
    return Points(np.zeros((2, 3)), features=table, face_color="white")


def test_what_is_held_keeps_its_colors_until_it_is_released(biopsies: Points) -> None:
    viewer = ViewerModel()
    viewer.add_layer(biopsies)
    painter = attached(viewer, Painter)
    painter.paint_points(biopsies, {"b1": BLUE, "b2": BLUE})
    painter.hold_points(biopsies, {"b1": RED})
    held = biopsies.face_color.copy()
    np.testing.assert_array_equal(held[0], RED)
    assert held[1, 3] < 0.5  # hollow: not measured
    painter.restore()
    painter.paint_points(biopsies, {"b1": BLUE, "b2": BLUE})
    np.testing.assert_array_equal(biopsies.face_color, held)
    painter.hold_points(biopsies, {"b1": BLUE, "b2": RED})  # another comparison
    np.testing.assert_array_equal(biopsies.face_color, [BLUE, RED])
    painter.release()
    np.testing.assert_array_equal(biopsies.face_color, np.ones((2, 4)))
    assert painter.painted == []
    painter.paint_points(biopsies, {"b1": BLUE, "b2": BLUE})
    np.testing.assert_array_equal(biopsies.face_color, [BLUE, BLUE])
    painter.restore()
    np.testing.assert_array_equal(biopsies.face_color, np.ones((2, 4)))
