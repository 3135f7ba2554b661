"""A click on the canvas selects the region or the biopsy under the mouse, in any linked view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Points

from napari_radiogenomics.gui.attached import Attached
from napari_radiogenomics.gui.canvas.hover import region_name
from napari_radiogenomics.gui.session import session_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Picker", "pick"]

_STILL_PIXELS = 4
_NAVIGATING = ("pan_zoom",)


class Picker(Attached):
    """Hears clicks on the canvas of a viewer and of its linked views.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.follow()

    def follow(self) -> None:
        """Hear the linked views too, which may have been opened meanwhile."""
        from napari_radiogenomics.gui.cohort.refill import models

        for model in models(self.viewer):
            if self._click not in model.mouse_drag_callbacks:
                model.mouse_drag_callbacks.append(self._click)

    def _click(self, model: ViewerModel, event: Any) -> Iterator[None]:
        """Tell a click from a drag; painting and panning are left alone."""
        start, position = np.asarray(event.pos), tuple(event.position)
        active = model.layers.selection.active
        free = str(getattr(active, "mode", "pan_zoom")) in _NAVIGATING
        plain = event.button == 1 and not event.modifiers
        yield
        while event.type == "mouse_move":
            if np.abs(np.asarray(event.pos) - start).max() > _STILL_PIXELS:
                return
            yield
        main = self._viewer()
        if main is not None and free and plain and model.dims.ndisplay == 2:
            pick(main, model, position)


def pick(main: ViewerModel, model: ViewerModel, position: tuple[float, ...]) -> bool:
    """Select what lies at a place of a view: a biopsy before a region.

    Parameters
    ----------
    main : ViewerModel
        Viewer whose session selects.
    model : ViewerModel
        View that was clicked on.
    position : tuple of float
        World position.

    Returns
    -------
    bool
        Whether anything is there.
    """
    session = session_of(main)
    seen = [layer for layer in reversed(model.layers) if layer.visible]
    for layer in (layer for layer in seen if isinstance(layer, Points)):
        value = layer.get_value(position, world=True)
        if value is not None and "sample_id" in layer.features.columns:
            session.select(sample_id=str(layer.features["sample_id"].iloc[int(value)]))
            return True
    for layer in (layer for layer in seen if isinstance(layer, Labels)):
        value = layer.get_value(position, world=True)
        if value:
            session.select(label=int(value), region=region_name(layer, int(value)), sample_id="")
            return True
    return False
