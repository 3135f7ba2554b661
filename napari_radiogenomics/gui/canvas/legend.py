"""The legend of the map on top: napari's color bar, titled with the feature and its unit."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.gui.attached import Attached, attached
from napari_radiogenomics.gui.canvas.overlays import keep_text
from napari_radiogenomics.gui.canvas.ticks import ticks_fit
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
# Below this height (pixels) the numbers at a bar would lie on each other: its limits are written.
_LEAST_WITH_TICKS, _LEAST_HEIGHT = 50, 16
_FONT_SIZE, _NO_FONT_SIZE = 9.0, 1.0
_TITLE_AND_UNIT = 2  # lines
_CLEAR = (0.0, 0.0, 0.0, 0.0)
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


def title_lines(height: int) -> int:
    """Lines that a title with its unit may have above a bar with numbers; below 2 there is no room.

    Examples
    --------
    >>> title_lines(900), title_lines(300), title_lines(170)
    (15, 2, 0)
    """
    return max(0, int((height / 2 - _TAKEN[1] - _LEAST_WITH_TICKS) // _LINE))


def plain_lines(height: int) -> int:
    """Lines that a title, limits and unit may have above a bar without numbers, which can be low.

    Examples
    --------
    >>> plain_lines(900), plain_lines(370), plain_lines(170)
    (16, 5, 2)
    """
    return max(_TITLE_AND_UNIT, int((height / 2 - _TAKEN[1] - _LEAST_HEIGHT) // _LINE))


def shortened(name: str, letters: int, lines: int) -> str:
    r"""A title in so many lines at most.

    Examples
    --------
    >>> shortened("Vessels: local distance metric", 12, 2)
    'Vessels:\nlocal…'
    >>> shortened("Vessels: local distance metric", 12, 9).count("\n")
    3
    >>> shortened("BUFFA_HYPOXIA, virtual biopsy", 11, 4)
    'BUFFA_\nHYPOXIA,\nvirtual\nbiopsy'
    """
    # Names of genes and pathways are long words: they are parted at their dashes, or cut.
    parts = wrap(name.replace("_", "_ "), letters, break_long_words=False)
    words = [part.replace("_ ", "_") for part in parts]
    if len(words) > lines:
        words = [*words[: lines - 1], f"{words[lines - 1]}…"]
    return "\n".join(word if len(word) <= letters else _cut(word, letters) for word in words)


def _cut(word: str, letters: int) -> str:
    return word[: letters - 1].rstrip(" ,:_…") + "…"


def bar_height(height: int, lines: int) -> int:
    """Height of the bar below a title on a canvas, so that it ends above the middle letter.

    Examples
    --------
    >>> bar_height(900, 3), bar_height(380, 3), bar_height(160, 3)
    (110, 75, 36)
    """
    return int(np.clip(height / 2 - _TAKEN[1] - _LINE * lines, *_BAR_HEIGHT))


def low_bar_height(height: int, lines: int) -> int:
    """Height of a bar without numbers.

    Examples
    --------
    >>> low_bar_height(230, 2), low_bar_height(120, 2)
    (23, 16)
    """
    return int(np.clip(height / 2 - _TAKEN[1] - _LINE * lines, _LEAST_HEIGHT, _BAR_HEIGHT[0]))


def _limits(layer: ImageLayer) -> str:
    low, high = layer.contrast_limits
    return f"{low:.3g} to {high:.3g}"


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
        if is_map(layer):
            layer.events.contrast_limits.connect(self.update)

    def update(self, event: object = None) -> None:
        """Show the legend of the map that is on top now."""
        viewer = self._viewer()
        if viewer is None:
            return
        shown = top_map(viewer)
        image = image_of(shown)
        height, width = (int(side) for side in viewer.canvas.size)
        room = title_lines(height)
        low = room < _TITLE_AND_UNIT
        plain = low  # without numbers at the bar: its limits are written
        if image is not None and shown is not None:
            name, unit = map_title(image) or shown.name, image.unit or "no unit"
            letters = letters_in(width)
            title = shortened(name, letters, 1 if low else room - 1)
            if not low:
                high = bar_height(height, title.count("\n") + _TITLE_AND_UNIT)
                plain = not ticks_fit(tuple(shown.contrast_limits), high)
            if plain:
                ending = f"{_limits(shown)} {unit}"
                lines = plain_lines(height)
                if lines > _TITLE_AND_UNIT and len(ending) > letters:
                    ending = f"{_limits(shown)}\n{unit}"
                title = shortened(name, letters, lines - ending.count("\n") - 1)
            self._title.text = f"{title}\n{ending if plain else unit}"
        lines = self._title.text.count("\n") + 1
        high = low_bar_height(height, lines) if lines > room else bar_height(height, lines)
        for layer in viewer.layers:
            if is_map(layer):
                bar = layer.colorbar
                bar.size = (_BAR_WIDTH, high)
                # napari has no bar without numbers: they are clear, and take no room.
                bar.font_size, bar.color = (_NO_FONT_SIZE, _CLEAR) if plain else (_FONT_SIZE, None)
                bar.visible = layer is shown
        self._title.visible = image is not None


def show_legend(viewer: ViewerModel) -> Legend:
    """Show the legend of maps; a second call finds the first."""
    return attached(viewer, Legend)
