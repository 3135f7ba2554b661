"""Frames that survive the deletion of what the frame before had drawn, in software OpenGL.

Mesa 22.3 takes the vertex shader off a context when programs of removed layers are deleted, and
does not put it back where the next drawing uses the program of the last one: it crashes. A view
with one thing to draw always does so. Two programs that draw nothing open each frame, so that
no program is ever used before and after a deletion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from qtpy.QtWidgets import QApplication
from vispy.gloo import Program

from napari_radiogenomics.gui.attached import Attached

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["SteadyFrames"]

_VERTEX = "attribute vec2 a_position; void main() { gl_Position = vec4(a_position, 2.0, 1.0); }"
_FRAGMENT = "void main() { gl_FragColor = vec4(0.0); }"
_OUT_OF_SIGHT = np.full((1, 2), 9, np.float32)


class SteadyFrames(Attached):
    """Opens every frame of the canvases of a viewer with two points that lie out of sight.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view, with its canvas already made; without a canvas
        nothing happens.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._programs: WeakKeyDictionary[Any, list[Program]] = WeakKeyDictionary()
        for widget in QApplication.allWidgets():
            canvas = getattr(widget, "canvas", None)
            if canvas is not None and getattr(widget, "viewer", None) is viewer:
                canvas.events.draw.connect(self._open_frame, position="first")

    def _open_frame(self, event: Any) -> None:
        if event.source not in self._programs:
            self._programs[event.source] = [_point() for _ in range(2)]
        for program in self._programs[event.source]:
            program.draw("points")


def _point() -> Program:
    program = Program(_VERTEX, _FRAGMENT)
    program["a_position"] = _OUT_OF_SIGHT
    return program
