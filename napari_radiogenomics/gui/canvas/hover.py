"""The hover card: where the cursor is, and what every visible layer says there."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer, Points

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.gui.attached import Attached, attached
from napari_radiogenomics.gui.canvas.legend import is_map, map_title
from napari_radiogenomics.gui.canvas.overlays import keep_text
from napari_radiogenomics.gui.canvas.window_level import image_of
from napari_radiogenomics.gui.layers.keys import CARD, PASSING, SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.components import ViewerModel

__all__ = [
    "HoverCard",
    "card_lines",
    "elide_middle",
    "number_text",
    "region_name",
    "region_title",
    "show_hover",
]

# One update in this many milliseconds at most.
_EVERY_MS = 30
_MOST_LINES = 9
_MOST_LETTERS = 34
_FEWEST_LETTERS = 15
# Letters of the card: their size in points and width in canvas pixels, and the smaller ones of a
# canvas less wide than this (pixels). The rest of half a canvas is the edge's letter.
_LARGE, _SMALL, _NARROW = (9.0, 8.5), (7.0, 7.5), 330
_EDGE_PIXELS = 28


def elide_middle(text: str, most: int = _MOST_LETTERS) -> str:
    """Shorten a text in its middle.

    Examples
    --------
    >>> elide_middle("TCGA-06-0133_T1_contrast", 13)
    'TCGA-0…ntrast'
    """
    if len(text) <= most:
        return text
    head = most // 2
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


def number_text(value: float) -> str:
    """Write a value with four figures or more, whole numbers whole, with a true minus.

    Examples
    --------
    >>> number_text(-1024), number_text(4.13271), number_text(0.000123), number_text(13342.7)
    ('−1024', '4.133', '0.000123', '13343')
    """
    size = abs(float(value))
    whole = size < 1e7 and (float(value).is_integer() or size >= 1e4)
    return f"{float(value):{'.0f' if whole else '.4g'}}".replace("-", "−")


def region_name(layer: Labels, value: int) -> str:
    """Name of a label value, as its segmentation or the layer's features give it."""
    source = layer.metadata.get(SOURCE)
    for label in source.scheme if isinstance(source, Segmentation) else ():
        if label.value == value:
            return label.name
    features = layer.features
    if {"index", "name"} <= set(features.columns):
        found = features.loc[features["index"] == value, "name"]
        if len(found):
            return str(found.iloc[0])
    return f"label {value}"


def region_title(layer: Labels, value: int) -> str:
    """Name of a label value with the value: ``"tumour (1)"``, or ``"label 1"``."""
    name = region_name(layer, value)
    return name if name == f"label {value}" else f"{name} ({value})"


def _room(viewer: ViewerModel) -> int:
    """Letters in a line of the card, so that it stays beside the letter at the top edge."""
    half = viewer.canvas.size[1] / 2 - _EDGE_PIXELS
    return int(np.clip(half / _letters(viewer)[1], _FEWEST_LETTERS, _MOST_LETTERS))


def _letters(viewer: ViewerModel) -> tuple[float, float]:
    """Size in points and width in pixels of the card's letters: it leaves a small scan in sight."""
    return _SMALL if viewer.canvas.size[1] < _NARROW else _LARGE


def _fit(name: str, value: str, room: int) -> str:
    """Put a name before its value; the name gives way."""
    return f"{elide_middle(name, max(7, room - len(value) - 2))}  {value}"


def _image_line(layer: ImageLayer, value: Any, room: int) -> str:
    if layer.rgb or isinstance(value, tuple) or not np.isscalar(value):
        return ""
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        return ""
    image = image_of(layer)
    name = layer.name
    if image is not None and is_map(layer):
        name = map_title(image) or layer.name
    unit = image.unit if image is not None else ""
    return _fit(name, f"{number_text(number)} {unit}".rstrip(), room)


def _points_line(layer: Points, value: int, room: int) -> str:
    features = layer.features
    for column in ("sample_id", "name", "label"):
        if column in features.columns:
            return _fit(layer.name, str(features[column].iloc[int(value)]), room)
    if layer.metadata.get(PASSING):
        return ""  # the mark of a place says nothing of it
    return _fit(layer.name, f"point {int(value) + 1}", room)


def _lies_inside(layer: ImageLayer | Labels, position: tuple[float, ...]) -> bool:
    """Whether a world position is inside the voxels; napari itself looks at two axes only."""
    low, high = layer.extent.world
    half = np.abs(layer.scale) / 2
    here = np.asarray(position)[-layer.ndim :]
    return bool(np.all((here >= low - half) & (here <= high + half)))


def _layer_line(layer: Layer, position: tuple[float, ...], room: int) -> str:
    if not isinstance(layer, ImageLayer | Labels | Points):
        return ""
    if not isinstance(layer, Points) and not _lies_inside(layer, position):
        return ""
    value = layer.get_value(position, world=True)
    if isinstance(value, tuple) and len(value) == 2:  # (pyramid level, value)
        value = value[1]
    if value is None:
        return ""
    if isinstance(layer, Labels):
        return elide_middle(region_title(layer, int(value)), room) if value else ""
    if isinstance(layer, Points):
        return _points_line(layer, value, room)
    return _image_line(layer, value, room)


def _more_lines(layer: Layer, position: tuple[float, ...], room: int) -> list[str]:
    """What a dock adds about the region under the cursor: its gene or pathway."""
    said = layer.metadata.get(CARD)
    if not said or not isinstance(layer, Labels) or not _lies_inside(layer, position):
        return []
    value = layer.get_value(position, world=True)
    return _wrapped(said[value], room) if value in said else []


def _wrapped(text: str, room: int) -> list[str]:
    """Lines of a text that is too long for one; a number is never cut."""
    return textwrap.wrap(text, room, subsequent_indent="  ", break_long_words=False)


def card_lines(viewer: ViewerModel, position: Sequence[float] | None = None) -> list[str]:
    """Lines of the card for a position: mm first, then the layers from the top down.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    position : sequence of float, optional
        World position, one number for each of its axes; the cursor's where not given.

    Returns
    -------
    list of str
        Empty in 3D and where no layer lies under the cursor.
    """
    dims = viewer.dims
    position = tuple(viewer.cursor.position if position is None else position)
    if dims.ndisplay != 2 or len(position) != dims.ndim:
        return []
    room = _room(viewer)
    found = [
        line
        for layer in reversed(viewer.layers)
        if layer.visible
        for line in (_layer_line(layer, position, room), *_more_lines(layer, position, room))
        if line
    ]
    lines = list(dict.fromkeys(found))  # an outline over a region says the same again
    if not lines:
        return []
    more = len(lines) - (_MOST_LINES - 1)
    if more > 0:
        lines = [*lines[: _MOST_LINES - 2], f"and {more + 1} more"]
    return [*_place_lines(dict(zip(dims.axis_labels, position, strict=True)), room), *lines]


def _place_lines(mm: Mapping[str, float], room: int) -> list[str]:
    """Position in mm, in two lines where one is too long."""
    parts = [f"{axis} {mm[axis]:.1f}".replace("-", "−") for axis in "xyz" if axis in mm]
    whole = " ".join(parts) + " mm"
    if not parts or len(whole) <= room:
        return [whole] if parts else []
    return [" ".join(parts[:-1]), f"{parts[-1]} mm"]


class HoverCard(Attached):
    """A small card in the corner of the canvas that follows the cursor.

    It waits for the mouse to move: napari writes the slice in sight into the cursor's position,
    and zeros beside it, before any mouse was there.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.

    Attributes
    ----------
    enabled : bool
        Whether it is shown at all.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        from superqt.utils import qthrottled

        super().__init__(viewer)
        self._enabled = True
        self._pointed = False
        self._text = keep_text(self.viewer, "hover", position="top_left", font_size=9)
        self._later = qthrottled(self.update, timeout=_EVERY_MS)
        self.viewer.mouse_move_callbacks.append(self._mouse_moved)
        self.viewer.cursor.events.position.connect(self._moved)
        self.viewer.events.mouse_over_canvas.connect(self._moved)

    @property
    def enabled(self) -> bool:
        """Whether the card is shown."""
        return self._enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self._enabled = enabled
        self.update()

    def point(self, position: Sequence[float]) -> None:
        """Show the card for a place as if the mouse were there.

        Parameters
        ----------
        position : sequence of float
            World position, one number for each axis of the viewer.
        """
        self._pointed = True
        self.viewer.mouse_over_canvas = True
        self.viewer.cursor.position = tuple(position)
        self._later()

    def _mouse_moved(self, viewer: ViewerModel, event: object) -> None:
        self._pointed = True
        self._later()

    def _moved(self, event: object = None) -> None:
        if self._pointed:
            self._later()

    def update(self) -> None:
        """Write the card for the present position of the cursor."""
        viewer = self._viewer()
        if viewer is None:
            return
        shown = self._enabled and self._pointed and viewer.mouse_over_canvas
        lines = card_lines(viewer) if shown else []
        if lines:
            self._text.text = "\n".join(lines)
            self._text.font_size = _letters(viewer)[0]
        self._text.visible = bool(lines)


def show_hover(viewer: ViewerModel) -> HoverCard:
    """Show the hover card; a second call finds the first."""
    return attached(viewer, HoverCard)
