"""A/B: the map, the scan alone, and back, as often as the eye needs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.gui.attached import Attached, attached
from napari_radiogenomics.gui.canvas.legend import top_map

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

__all__ = ["FLICKER_KEY", "FlickerKey", "flicker_with_key", "flip"]

FLICKER_KEY = "Q"
"""Free in napari for every kind of layer, and under the left hand."""


def flip(layer: Layer | None) -> bool:
    """Hide a layer that is seen, or show it again.

    Returns
    -------
    bool
        Whether there was one.
    """
    if layer is None:
        return False
    layer.visible = not layer.visible
    return True


class FlickerKey(Attached):
    """Shows the scan without its map for as long as the key is held.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        if FLICKER_KEY not in map(str, self.viewer.keymap):  # whoever has it keeps it
            self.viewer.bind_key(FLICKER_KEY, _without_map)


def _without_map(viewer: Any) -> Iterator[None]:
    """Hide the map on top while the key is held."""
    layer = top_map(viewer)
    flip(layer)
    yield
    if layer is not None and layer in viewer.layers:
        layer.visible = True


def flicker_with_key(viewer: ViewerModel) -> FlickerKey:
    """Bind the key; a second call finds the first."""
    return attached(viewer, FlickerKey)
