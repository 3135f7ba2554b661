"""The number of the last slice has room for all of its digits."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication, QLabel

from napari_radiogenomics.gui.canvas.dress import dress_canvas


def numbers():
    widgets = [x for x in QApplication.allWidgets() if x.objectName() == "slice_label"]
    return [x for x in widgets if isinstance(x, QLabel) and x.isVisible()]


@pytest.mark.slow
@pytest.mark.usefixtures("opengl")
def test_the_numbers_are_whole_for_axes_that_come_later_too(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    dress_canvas(viewer)
    viewer.add_image(np.zeros((889, 4, 4), np.uint8))
    viewer.add_image(np.zeros((12, 3, 4, 4), np.uint8))
    qtbot.waitUntil(lambda: len(numbers()) == 2, timeout=5000)
    qtbot.wait(50)
    assert sorted(label.text() for label in numbers()) == ["11", "888"]
    for label in numbers():
        indent = label.indent() if label.indent() >= 0 else label.fontMetrics().averageCharWidth()
        needed = label.fontMetrics().horizontalAdvance(label.text())
        assert label.contentsRect().width() - indent >= needed
