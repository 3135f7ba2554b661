"""The legend of the map on top: napari's color bar, titled with the feature and its unit."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.gui.attached import Attached, attached
from napari_radiogenomics.gui.canvas.overlays import keep_text
from napari_radiogenomics.gui.canvas.window_level import image_of
from napari_radiogenomics.gui.layers.map_titles import feature_of, feature_title, map_title

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image as ImageLayer
    from napari.layers import Layer
__all__ = ["Legend", "feature_of", "feature_title", "is_map", "map_title", "show_legend", "top_map"]

# Narrow enough for one of three views on a small screen.
_BAR_PIXELS = (15, 110)
# A longer title would run into the letter in the middle of the edge.
_LETTERS = 18


def is_map(layer: Any) -> bool:
    """Whether a layer shows a voxelwise map."""
    image = image_of(layer)
    return image is not None and image.modality == "map"


def top_map(viewer: ViewerModel) -> ImageLayer | None:
    """Return the topmost visible map; None where there is none."""
    maps = (layer for layer in reversed(viewer.layers) if layer.visible and is_map(layer))
    return next(maps, None)


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
        for layer in viewer.layers:
            if is_map(layer):
                layer.colorbar.size = _BAR_PIXELS
                layer.colorbar.font_size = 9
                layer.colorbar.visible = layer is shown
        image = image_of(shown)
        if image is not None and shown is not None:
            title = fill(map_title(image) or shown.name, _LETTERS, break_long_words=False)
            self._title.text = f"{title}\n{image.unit or 'no unit'}"
        self._title.visible = image is not None


def show_legend(viewer: ViewerModel) -> Legend:
    """Show the legend of maps; a second call finds the first."""
    return attached(viewer, Legend)
