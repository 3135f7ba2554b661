"""Filling layers that are there with other voxels: ten times quicker than making new ones.

napari makes visuals and controls for every new layer, in every linked view, and collects
garbage for every one that goes. From patient to patient the layers are mostly of the same
kind, so they are kept and get other data. They are hidden meanwhile, and the sliders are told
once at the end: napari would slice every layer anew in every view at each of the settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer, Points

from napari_radiogenomics.gui.attached import attached, is_attached

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["batched", "models", "refillable", "refilled", "sliders_told_once"]

_KINDS = {"image": ImageLayer, "labels": Labels, "points": Points}
_OF_POINTS = ("size", "symbol", "face_color", "border_color", "border_width")
# What the sliders tell, in the order in which it is told: first how many there are.
_OF_SLIDERS = (
    "ndim", "order", "axis_labels", "units", "range", "nsteps", "margin_left", "margin_right",
    "point", "current_step", "displayed",
)  # fmt: skip
# Set in this order: the voxels first, so that what depends on their shape fits.
_FIRST = ("scale", "translate", "metadata", "name", "features", "colormap")


def models(viewer: ViewerModel) -> list[ViewerModel]:
    """Return the viewer and the models of its linked orthogonal views, where they are open."""
    try:
        from napari_radiogenomics.gui.canvas.three_views import ThreeViews
    except ImportError:  # napari-orthogonal-views is not installed
        return [viewer]
    if not is_attached(viewer, ThreeViews):
        return [viewer]
    return [viewer, *attached(viewer, ThreeViews).models()]


@contextmanager
def batched(viewer: ViewerModel) -> Iterator[None]:
    """Draw once after many layers were added or removed, in all linked views."""
    with ExitStack() as stack:
        for model in models(viewer):
            if hasattr(model.layers, "batched_update"):  # napari 0.9
                stack.enter_context(model.layers.batched_update())
        yield


@contextmanager
def sliders_told_once(viewer: ViewerModel) -> Iterator[None]:
    """Hold back what the sliders of all views tell, and tell at the end what has changed."""
    seen = models(viewer)
    before = [_of_sliders(model) for model in seen]
    try:
        with ExitStack() as stack:
            for model in seen:
                stack.enter_context(model.dims.events.blocker_all())
            yield
    finally:
        for model, old in zip(seen, before, strict=True):
            for name, value in _of_sliders(model).items():
                if value != old[name]:
                    getattr(model.dims.events, name)(value=value)


def _of_sliders(model: ViewerModel) -> dict[str, Any]:
    return {name: getattr(model.dims, name) for name in _OF_SLIDERS}


def refillable(layer: Layer) -> bool:
    """Whether a layer can show other data: plain volumes, labels and points can."""
    if isinstance(layer, Labels | Points):
        return True
    return isinstance(layer, ImageLayer) and not layer.rgb and not layer.multiscale


def refilled(spare: list[Layer], data: Any, settings: dict[str, Any], kind: str) -> Layer | None:
    """Fill one of the spare layers with other voxels, and take it from the list.

    Parameters
    ----------
    spare : list of Layer
        Layers that may be filled.
    data, settings, kind
        What the layer is to show, as napari's layer data.

    Returns
    -------
    Layer or None
        The filled layer; None where no spare one is of the kind.
    """
    if kind not in _KINDS or settings.get("rgb") or settings.get("multiscale"):
        return None
    wanted = _KINDS[kind]
    alike = [x for x in spare if type(x) is wanted and _is_alike(x, data)]
    seen = settings.get("visible", True)
    found = next((x for x in alike if x.visible == seen), next(iter(alike), None))
    if found is not None:
        spare.remove(found)
        _fill(found, data, settings)
    return found


def _is_alike(layer: Layer, data: Any) -> bool:
    if isinstance(layer, Points):
        return bool(layer.ndim == data.shape[1])
    same_type = isinstance(layer, ImageLayer) or layer.data.dtype == data.dtype
    return bool(layer.ndim == data.ndim and same_type)


def _is_so(layer: Layer, name: str, value: Any) -> bool:
    """Whether a layer has this already; telling it again would slice or compile it anew."""
    if name in ("scale", "translate"):
        return np.array_equal(getattr(layer, name), value)
    if name != "colormap":
        return False
    if isinstance(value, str):
        return bool(layer.colormap.name == value)
    return _same_colors(layer.colormap.color_dict, value.color_dict)


def _same_colors(one: Mapping[int | None, Any], other: Mapping[int | None, Any]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[x], other[x]) for x in one)


def _fill(layer: Layer, data: Any, settings: dict[str, Any]) -> None:
    if isinstance(layer, Points):
        # Hidden points would look for the texts of those that they showed before.
        layer.visible, layer.selected_data = True, set()
    elif layer.visible and not settings.get("visible", True):
        layer.visible = False
    layer.data = data
    for name in _FIRST:
        if name in settings and not _is_so(layer, name, settings[name]):
            setattr(layer, name, settings[name])
    if isinstance(layer, Labels):
        layer.selected_label, layer.mode = 1, "pan_zoom"
    elif isinstance(layer, Points):
        for name in _OF_POINTS:
            setattr(layer, name, settings[name])
        layer.text.translation = settings["text"]["translation"]
    else:
        layer.reset_contrast_limits_range()
        layer.contrast_limits = settings["contrast_limits"]
    layer.blending = settings.get("blending", "translucent")
    layer.opacity = settings.get("opacity", 1.0)
