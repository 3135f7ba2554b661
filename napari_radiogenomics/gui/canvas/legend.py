"""The legend of the map on top: napari's color bar, titled with the feature and its unit."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.gui.attached import Attached, attached
from napari_radiogenomics.gui.canvas.overlays import keep_text
from napari_radiogenomics.gui.canvas.window_level import image_of
from napari_radiogenomics.gui.layers.map_titles import feature_of, feature_title, map_title

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image as ImageLayer
    from napari.layers import Layer
__all__ = ["Legend", "feature_of", "feature_title", "is_map", "map_title", "show_legend", "top_map"]

# Narrow and low enough for one of three views on a small screen.
_BAR_WIDTH, _BAR_HEIGHT = 15, (36, 110)
# Letters of a line: a longer one would run into the letter in the middle of the edge.
_LETTERS = (6, 18)
# Pixels of a letter and of a line of the title, and what the letter at the edge and gaps take.
_LETTER, _LINE, _TAKEN = 10, 23, (28, 46)


def is_map(layer: Any) -> bool:
    """Whether a layer shows a voxelwise map."""
    image = image_of(layer)
    return image is not None and image.modality == "map"


def top_map(viewer: ViewerModel) -> ImageLayer | None:
    """Return the topmost visible map; None where there is none."""
    maps = (layer for layer in reversed(viewer.layers) if layer.visible and is_map(layer))
    return next(maps, None)


def letters_in(width: int) -> int:
    """Letters that a line of the title may have on a canvas of that width in pixels.

    Examples
    --------
    >>> letters_in(287), letters_in(900), letters_in(90)
    (11, 18, 6)
    """
    return int(np.clip((width / 2 - _TAKEN[0]) // _LETTER, *_LETTERS))


def bar_height(height: int, lines: int) -> int:
    """Height of the bar below a title on a canvas, so that it ends above the middle letter.

    Examples
    --------
    >>> bar_height(900, 3), bar_height(380, 3), bar_height(160, 3)
    (110, 75, 36)
    """
    return int(np.clip(height / 2 - _TAKEN[1] - _LINE * lines, *_BAR_HEIGHT))


class Legend(Attached):
    """Color bar of the topmost visible map, with its name and unit.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        viewer = self.viewer
        viewer.canvas.overlay_tiling.top_right = "vertical"
        self._title = keep_text(viewer, "legend", position="top_right", font_size=10)
        for layer in viewer.layers:
            self._watch(layer)
        viewer.layers.events.inserted.connect(self._inserted)
        viewer.layers.events.removed.connect(self.update)
        viewer.layers.events.reordered.connect(self.update)
        viewer.canvas.events.size.connect(self.update)
        self.update()

    def _inserted(self, event: Any) -> None:
        self._watch(event.value)
        self.update()

    def _watch(self, layer: Layer) -> None:
        layer.events.visible.connect(self.update)
        layer.events.metadata.connect(self.update)

    def update(self, event: object = None) -> None:
        """Show the legend of the map that is on top now."""
        viewer = self._viewer()
        if viewer is None:
            return
        shown = top_map(viewer)
        image = image_of(shown)
        height, width = (int(side) for side in viewer.canvas.size)
        if image is not None and shown is not None:
            name = map_title(image) or shown.name
            title = fill(name, letters_in(width), break_long_words=False)
            self._title.text = f"{title}\n{image.unit or 'no unit'}"
        high = bar_height(height, self._title.text.count("\n") + 1)
        for layer in viewer.layers:
            if is_map(layer):
                layer.colorbar.size = (_BAR_WIDTH, high)
                layer.colorbar.font_size = 9
                layer.colorbar.visible = layer is shown
        self._title.visible = image is not None


def show_legend(viewer: ViewerModel) -> Legend:
    """Show the legend of maps; a second call finds the first."""
    return attached(viewer, Legend)
