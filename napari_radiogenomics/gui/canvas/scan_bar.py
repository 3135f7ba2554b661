"""The color bar of the scan that is seen: its window in numbers, with the unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image as ImageLayer

from napari_radiogenomics.gui.attached import Attached
from napari_radiogenomics.gui.canvas.legend import is_map
from napari_radiogenomics.gui.canvas.overlays import keep_text
from napari_radiogenomics.gui.canvas.window_level import image_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

__all__ = ["ScanBar"]

# Smaller than the legend of a map, which stands at the opposite side.
_BAR_PIXELS = (10, 80)


def _scans(viewer: ViewerModel) -> list[ImageLayer]:
    """Layers that may have a bar, the topmost first."""
    plain = (x for x in reversed(viewer.layers) if isinstance(x, ImageLayer) and not x.rgb)
    return [layer for layer in plain if image_of(layer) is not None and not is_map(layer)]


class ScanBar(Attached):
    """napari's color bar of the topmost visible scan, titled with its unit.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer; linked views have none.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._enabled = True
        layers = self.viewer.layers
        self.viewer.canvas.overlay_tiling.bottom_left = "vertical"
        self._title = keep_text(viewer, "scan_unit", position="bottom_left", font_size=9)
        for layer in layers:
            self._watch(layer)
        layers.events.inserted.connect(self._inserted)
        layers.events.removed.connect(self.update)
        layers.events.reordered.connect(self.update)
        self.update()

    @property
    def enabled(self) -> bool:
        """Whether the bar is shown."""
        return self._enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self._enabled = enabled
        self.update()

    def _inserted(self, event: Any) -> None:
        self._watch(event.value)
        self.update()

    def _watch(self, layer: Layer) -> None:
        layer.events.visible.connect(self.update)
        layer.events.metadata.connect(self.update)

    def update(self, event: object = None) -> None:
        """Show the bar of the scan that is on top now."""
        viewer = self._viewer()
        if viewer is None:
            return
        scans = _scans(viewer)
        seen = (layer for layer in scans if layer.visible and self._enabled)
        shown = next(seen, None)
        if shown is not None:
            shown.colorbar.position, shown.colorbar.size = "bottom_left", _BAR_PIXELS
            shown.colorbar.font_size = 8
        for scan in scans:
            scan.colorbar.visible = scan is shown
        image = image_of(shown)
        self._title.text = "" if image is None else image.unit or "no unit"
        self._title.visible = image is not None
