"""Keys for the left hand while the right one paints; none of them is one of napari's.

Keys of regions work while a segmentation is the selected layer, those of the view always.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from qtpy.compat import isalive

from napari_radiogenomics.errors import RadiogenomicsError
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.forms.inputs import is_region
from napari_radiogenomics.gui.segment.places import step_slice
from napari_radiogenomics.gui.segment.side_by_side import Flicker
from napari_radiogenomics.gui.segment.toolbox import SHORT, TOOL_KEYS

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_radiogenomics.gui.segment.desk import DrawDesk

__all__ = ["REGION_KEYS", "VIEW_KEYS", "Key", "KeyBinder", "key_rows"]

_MOST_BRUSH = 400


@dataclass(frozen=True)
class Key:
    """A key, what it does, and how.

    Attributes
    ----------
    key : str
        As napari names it.
    meaning : str
        What it does, in plain words.
    press : callable
        Called with the desk of the Segment dock.
    """

    key: str
    meaning: str
    press: Callable[[DrawDesk], None]


def _slice(by: int) -> Callable[[DrawDesk], None]:
    def press(desk: DrawDesk) -> None:
        if desk.layer is not None:
            step_slice(desk.viewer, desk.layer, by)

    return press


def _label(by: int) -> Callable[[DrawDesk], None]:
    def press(desk: DrawDesk) -> None:
        values = [entry.label.value for entry in desk.page.table.entries]
        if desk.layer is not None and values:
            here = values.index(desk.value) if desk.value in values else -1 if by > 0 else 0
            desk.layer.selected_label = values[(here + by) % len(values)]

    return press


def _brush(by: int) -> Callable[[DrawDesk], None]:
    def press(desk: DrawDesk) -> None:
        if desk.layer is not None:
            size = int(desk.layer.brush_size)
            step = max(1, size // 8) * by
            desk.layer.brush_size = min(max(1, size + step), _MOST_BRUSH)

    return press


def _outline(desk: DrawDesk) -> None:
    if desk.layer is not None:
        desk.layer.contour = 0 if desk.layer.contour else 2


def _within(desk: DrawDesk) -> None:
    desk.page.painting.within.toggle()


def _show_regions(desk: DrawDesk) -> None:
    regions = [layer for layer in desk.viewer.layers if is_region(layer)]
    known = [layer for layer in desk.regions_shown if layer in regions]
    seen = [layer for layer in regions if layer.visible]
    if seen:
        desk.regions_shown = seen
        for layer in seen:
            layer.visible = False
    else:
        for layer in known or regions[-1:]:
            layer.visible = True


def _flip(desk: DrawDesk) -> None:
    try:
        shown = attached(desk.viewer, Flicker).flip()
    except RadiogenomicsError as error:
        desk.say(str(error), "error")
    else:
        desk.say(f"Shown: {shown.name}. H again for the other.")


def _tool(name: str) -> Callable[[DrawDesk], None]:
    def press(desk: DrawDesk) -> None:
        desk.page.tools.choose(name)

    return press


def _apply(desk: DrawDesk) -> None:
    desk.tools.apply()


REGION_KEYS: tuple[Key, ...] = (
    Key("W", "next slice", _slice(1)),
    Key("S", "slice before", _slice(-1)),
    Key("D", "next label", _label(1)),
    Key("A", "label before", _label(-1)),
    Key("R", "larger brush", _brush(1)),
    Key("C", "smaller brush", _brush(-1)),
    Key("Shift-H", "outlines or filled", _outline),
    Key("Shift-D", "brush in the range of values only", _within),
    Key("Shift-Z", "apply the tool", _apply),
    *(Key(key, f"tool: {SHORT[name]}", _tool(name)) for name, key in TOOL_KEYS.items()),
)
"""Keys that work while a segmentation is selected."""
VIEW_KEYS: tuple[Key, ...] = (
    Key("G", "regions on and off", _show_regions),
    Key("H", "flicker: the other scan", _flip),
)
"""Keys that work whatever is selected."""


def key_rows() -> list[tuple[str, str]]:
    """List keys and what they do, as a person reads them."""
    return [(key.key.replace("-", "+"), key.meaning) for key in (*VIEW_KEYS, *REGION_KEYS)]


class KeyBinder:
    """Binds the keys to a viewer and its segmentations, until its desk is gone.

    Parameters
    ----------
    desk : DrawDesk
        Desk of the Segment dock.
    """

    def __init__(self, desk: DrawDesk) -> None:
        self._desk, self._page = weakref.ref(desk), weakref.ref(desk.page)
        taken = {str(key) for key in (*desk.viewer.keymap, *desk.viewer.class_keymap)}
        self._own = [key for key in VIEW_KEYS if key.key not in taken]
        for key in self._own:
            desk.viewer.bind_key(key.key, self._caller(key))
        viewer, own = weakref.ref(desk.viewer), self._own
        weakref.finalize(desk, _release, viewer, own).atexit = False

    def _caller(self, key: Key) -> Callable[[Any], None]:
        held, page = self._desk, self._page

        def press(_owner: Any) -> None:
            desk, widget = held(), page()
            if desk is not None and widget is not None and isalive(widget):
                key.press(desk)

        return press

    def bind_layers(self, layers: Any) -> None:
        """Bind the keys of regions to segmentations that have not got them yet."""
        for layer in layers:
            if isinstance(layer, Labels) and is_region(layer):
                for key in REGION_KEYS:
                    layer.bind_key(key.key, self._caller(key), overwrite=True)


def _release(viewer: Callable[[], ViewerModel | None], keys: list[Key]) -> None:
    alive = viewer()
    for key in keys:
        if alive is not None:
            alive.bind_key(key.key, None, overwrite=True)
