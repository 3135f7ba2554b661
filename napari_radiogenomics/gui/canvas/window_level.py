"""Window and level of scans: presets, and dragging with the right button.

Dragging on the canvas with the right button changes the window of a scan: to the right
wider, upwards brighter (a lower level), as on a reading station. It acts on the selected
layer where that is a scan or a map, else on the topmost visible scan. napari's own
right-drag zoom stays where there is no scan, while a layer is being edited, and in 3D; with a
key held the drag is left to others. The wheel always zooms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.attached import Attached, attached
from napari_radiogenomics.gui.layers.layers import SOURCE, WINDOWS, body_limits

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = [
    "CT_PRESETS",
    "Preset",
    "RightDrag",
    "drag_with_right",
    "image_of",
    "presets_for",
    "scan_to_window",
    "set_window",
    "window_of",
]

# A drag over this many canvas pixels changes the window or the level by the whole window.
_PIXELS = 300.0
# Values looked at for percentiles: enough for 0.1 % steps, and instant on any scan.
_MOST_VALUES = 200_000
# HU of the lowest and of the highest voxel of a CT: air or padding, and bone or metal.
_AIR, _BONE = (-3100.0, -800.0), (100.0, 32767.0)


@dataclass(frozen=True)
class Preset:
    """A window by name: width and level in the unit of the scan."""

    name: str
    width: float
    level: float


CT_PRESETS = tuple(
    Preset(name.capitalize(), width, level) for name, (width, level) in WINDOWS.items()
)


def image_of(layer: Any) -> Image | None:
    """Return the scan or map that a layer shows; None where it shows something else."""
    if not isinstance(layer, ImageLayer) or layer.rgb:
        return None
    source = layer.metadata.get(SOURCE)
    return source if isinstance(source, Image) else None


def window_of(layer: ImageLayer) -> tuple[float, float]:
    """Width and level that a layer is shown with."""
    low, high = layer.contrast_limits
    return float(high - low), float(high + low) / 2


def set_window(layer: ImageLayer, width: float, level: float) -> None:
    """Show a layer with this window; a width below a thousandth of the range is widened.

    Parameters
    ----------
    layer : napari.layers.Image
        Layer of a scan or a map.
    width, level : float
        In the unit of its values.

    Examples
    --------
    >>> layer = ImageLayer(np.linspace(-1000, 1000, 8).reshape(2, 2, 2))
    >>> set_window(layer, 400, 40)
    >>> window_of(layer)
    (400.0, 40.0)
    """
    low, high = layer.contrast_limits_range
    width = max(abs(width), (high - low) / 1000, 1e-6)
    layer.contrast_limits = (level - width / 2, level + width / 2)


def _from_file(image: Image) -> list[Preset]:
    """Window that the file asks for; DICOM gives its level first."""
    window = image.metadata.get("window")
    if not isinstance(window, Sequence) or isinstance(window, str) or len(window) != 2:
        return []
    level, width = (float(value) for value in window)
    return [Preset("As the file asks", width, level)] if width > 0 else []


def _as_opened(image: Image) -> list[Preset]:
    """Window that a scan without one of its own opens with: dark background, bright tissue."""
    if image.modality == "map" or image.unit == "HU" or not np.isfinite(image.array).any():
        return []
    low, high = body_limits(image.array)
    return [Preset("Bright tissue", high - low, (low + high) / 2)]


def _percentiles(image: Image) -> list[Preset]:
    values = image.array.reshape(-1)
    values = np.asarray(values[:: max(1, values.size // _MOST_VALUES)], float)
    values = values[np.isfinite(values)]
    if not values.size:
        return []
    presets = []
    for name, low, high in (
        ("1st to 99th percentile", 1, 99),
        ("5th to 95th percentile", 5, 95),
        ("Full range", 0, 100),
    ):
        first, last = np.percentile(values, (low, high))
        if last > first:
            presets.append(Preset(name, float(last - first), float(first + last) / 2))
    return presets


def _is_like_ct(image: Image) -> bool:
    """Whether whole numbers without a unit reach from air to bone, as those of a CT do."""
    if image.unit or image.modality or image.array.dtype.kind not in "if":
        return False
    values = image.array.reshape(-1)[:: max(1, image.array.size // _MOST_VALUES)]
    if not values.size or not np.isfinite(values).all() or (values != np.round(values)).any():
        return False
    low, high = float(values.min()), float(values.max())
    return _AIR[0] <= low <= _AIR[1] and _BONE[0] <= high <= _BONE[1]


def presets_for(image: Image) -> list[Preset]:
    """Windows that suit a scan: its DICOM tags, those of its modality, percentiles.

    Parameters
    ----------
    image : Image
        Scan or map.

    Returns
    -------
    list of Preset
        Hounsfield windows where the unit is HU, and, said to be assumed, where a file names
        neither unit nor modality and its values are like those of a CT.
    """
    hounsfield: Sequence[Preset] = ()
    if image.unit == "HU" or image.modality == "CT":
        hounsfield = CT_PRESETS
    elif _is_like_ct(image):
        hounsfield = [replace(one, name=f"{one.name} (assumed HU)") for one in CT_PRESETS]
    return [*_from_file(image), *hounsfield, *_as_opened(image), *_percentiles(image)]


def scan_to_window(viewer: ViewerModel) -> ImageLayer | None:
    """Return the layer whose window is meant: the selected one, else the topmost visible scan.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.

    Returns
    -------
    napari.layers.Image or None
        None where no scan is visible.
    """
    active = viewer.layers.selection.active
    if active is not None and active.visible and image_of(active) is not None:
        return active
    for layer in reversed(viewer.layers):
        image = image_of(layer)
        if layer.visible and image is not None and image.modality != "map":
            return layer
    return None


def _is_drawing(viewer: ViewerModel) -> bool:
    active = viewer.layers.selection.active
    return active is not None and str(active.mode) != "pan_zoom"


class RightDrag(Attached):
    """Window and level by dragging with the right button.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.viewer.mouse_drag_callbacks.append(_drag_window)


def _drag_window(viewer: ViewerModel, event: Any) -> Iterator[None]:
    """Change the window for as long as the right button is held."""
    if event.button != 2 or event.modifiers:
        return
    if viewer.dims.ndisplay != 2 or _is_drawing(viewer):
        return
    layer = scan_to_window(viewer)
    if layer is None:
        return
    camera, start = viewer.scene.camera, np.asarray(event.pos, float)
    width, level = window_of(layer)
    pans = camera.mouse_pan
    # napari's camera zooms by right-drag under the same switch as panning.
    camera.mouse_pan = False
    event.handled = True
    try:
        yield
        while event.type == "mouse_move":
            right, down = (np.asarray(event.pos, float) - start) / _PIXELS
            set_window(layer, width * np.exp(right), level + down * width)
            event.handled = True
            yield
    finally:
        camera.mouse_pan = pans


def drag_with_right(viewer: ViewerModel) -> RightDrag:
    """Let the right button change the window; a second call finds the first."""
    return attached(viewer, RightDrag)
