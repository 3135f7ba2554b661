"""Filling layers that are there with other voxels: ten times quicker than making new ones.

napari makes visuals and controls for every new layer, in every linked view, and collects
garbage for every one that goes. From patient to patient the layers are mostly of the same
kind, so they are kept and get other data.

Strategy: napari would slice, draw and tell at each of a dozen settings, in three views. So a
layer is hidden and silent while it is filled, and its copies in the linked views are filled
beside it rather than through their links. At the end the sliders tell once, then each layer
tells what has changed, then it is seen again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer, Points
from napari.layers.base import ActionType
from napari.utils.colormaps.standardize_color import transform_color

from napari_radiogenomics.gui.attached import attached, is_attached
from napari_radiogenomics.gui.canvas.slider_steps import SliderSteps

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_radiogenomics.gui.canvas.three_views import ThreeViews

__all__ = ["Refill", "batched", "models", "refillable", "unselected"]

_KINDS = {"image": ImageLayer, "labels": Labels, "points": Points}
# What the sliders tell, in the order in which it is told: first how many there are.
_OF_SLIDERS = (
    "ndim", "order", "axis_labels", "units", "range", "nsteps", "margin_left", "margin_right",
    "point", "current_step", "displayed",
)  # fmt: skip
# Set in this order: the voxels come before, so that what depends on their shape fits.
_OF_ALL = ("scale", "translate", "metadata", "name", "features")
_OF_POINTS = ("size", "symbol", "face_color", "border_color", "border_width")
_LIMITS = ("contrast_limits_range", "contrast_limits")
# Of a volume every so many rows and columns are looked at for the range of its values.
_EVERY = 4
# What the canvas of a linked view has to know; the rest follows from its slices.
_SEEN = {"colormap", "gamma", "show_selected_label", "blending", "opacity", *_LIMITS, *_OF_POINTS}


def _views(viewer: ViewerModel) -> ThreeViews | None:
    """Return the linked orthogonal views, where they are installed and were opened."""
    try:
        from napari_radiogenomics.gui.canvas.three_views import ThreeViews
    except ImportError:  # napari-orthogonal-views is not installed
        return None
    return attached(viewer, ThreeViews) if is_attached(viewer, ThreeViews) else None


def models(viewer: ViewerModel) -> list[ViewerModel]:
    """Return the viewer and the models of its linked orthogonal views, where they are open."""
    views = _views(viewer)
    return [viewer, *([] if views is None else views.models())]


@contextmanager
def batched(viewer: ViewerModel) -> Iterator[None]:
    """Draw once after many layers were added or removed, in all linked views."""
    with ExitStack() as stack:
        for model in models(viewer):
            if hasattr(model.layers, "batched_update"):  # napari 0.9
                stack.enter_context(model.layers.batched_update())
        yield


@contextmanager
def unselected(viewer: ViewerModel) -> Iterator[None]:
    """Leave what is selected: no dock is to take a hidden layer that comes in for the one meant."""
    selection = viewer.layers.selection
    active = selection.active
    with selection.events.active.blocker():
        yield
        selection.active = active


def refillable(layer: Layer) -> bool:
    """Whether a layer can show other data: plain volumes, labels and points can."""
    if isinstance(layer, Labels | Points):
        return True
    return isinstance(layer, ImageLayer) and not layer.rgb and not layer.multiscale


class Refill:
    """Fills the layers of the patient before with the next one; tells of it at its end.

    Parameters
    ----------
    viewer : ViewerModel
        Where the layers are.
    spare : list of Layer
        Layers that may be filled; what is filled is taken from the list.

    Notes
    -----
    Used as a context. Within it the sliders are silent and may be set; of the layers only what
    was taken is silent.
    """

    def __init__(self, viewer: ViewerModel, spare: list[Layer]) -> None:
        self.spare = spare
        self._viewer, self._models = viewer, models(viewer)
        # Found by name now: the names change before the copies hear of it.
        self._copies = {id(layer): [*self._copies_of(layer)] for layer in spare}
        self._changed: list[tuple[Layer, list[str]]] = []
        self._taken: list[tuple[Layer, Any, dict[str, Any]]] = []
        self._position: tuple[float, float, float] | None = None
        self._unseen: list[Layer] = []

    def _copies_of(self, layer: Layer) -> Iterator[Layer]:
        for model in self._models[1:]:
            if layer.name in model.layers:
                yield model.layers[layer.name]

    def __enter__(self) -> Refill:
        self._sliders = ExitStack()
        self._sliders.enter_context(_sliders_told_once(self._models))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: Any
    ) -> None:
        with self._sliders:
            if kind is None:
                self._measure()
                self._go()
        if kind is None:
            self._show()
            with _sliders_told_once(self._models):  # napari sets them anew at each that it hears
                self._tell()
                self._measure()

    def take(self, data: Any, settings: dict[str, Any], kind: str) -> Layer | None:
        """Choose a spare layer to be filled.

        Parameters
        ----------
        data, settings, kind
            What the layer is to show, as napari's layer data.

        Returns
        -------
        Layer or None
            The layer, not filled yet; None where no spare one is of the kind.
        """
        seen = settings.get("visible", True)
        if kind not in _KINDS or settings.get("rgb") or settings.get("multiscale"):
            return None
        alike = [x for x in self.spare if type(x) is _KINDS[kind] and _is_alike(x, data)]
        found = next((x for x in alike if x.visible == seen), next(iter(alike), None))
        if found is None or (kind == "points" and not seen):
            return None
        self.spare.remove(found)
        self._taken.append((found, data, settings))
        return found

    def fill(self) -> None:
        """Fill the layers that were taken, silently."""
        names = {settings["name"] for _, _, settings in self._taken}
        for layer in self.spare:
            if layer.name in names:  # else napari would number the one that comes
                layer.name = f"{layer.name} (before)"
        for layer, data, settings in self._taken:
            _make_plain(layer, settings.get("visible", True))
            wanted = _wanted(layer, data, settings)
            with self._unlinked():
                for each in (layer, *self._copies[id(layer)]):
                    if not each.visible and settings.get("visible", True):
                        self._unseen.append(each)
                    self._changed.append((each, _fill(each, data, wanted)))

    def look_at(self, position: tuple[float, float, float] | None) -> None:
        """Show the slices at a place x, y, z in LPS mm, in all views, at the end."""
        self._position = position

    @contextmanager
    def _unlinked(self) -> Iterator[None]:
        views = _views(self._viewer)
        with nullcontext() if views is None else views.unlinked():
            yield

    def _measure(self) -> None:
        """Give the sliders their ranges in all views; one layer is enough to have them measured."""
        for layer, _ in self._changed:
            layer.events.extent()
        with self._unlinked():
            for layer, _, _ in self._taken[:1]:
                for each in (layer, *self._copies[id(layer)]):
                    each.events.translate()
        for model in self._models:
            if is_attached(model, SliderSteps):
                attached(model, SliderSteps).update()

    def _go(self) -> None:
        for model in self._models:
            if self._position is not None and model.dims.ndim >= 3:
                axes = range(model.dims.ndim - 3, model.dims.ndim)
                model.dims.set_point(axes, self._position[::-1])

    def _show(self) -> None:
        """Slice what was filled, in all views, once."""
        for layer, _, settings in self._taken:
            for each in (layer, *self._copies[id(layer)]):
                if isinstance(each, Points):
                    each.refresh()
                    shift = settings["text"]["translation"]
                    if not np.array_equal(each.text.translation, shift):
                        each.text.translation = shift
                elif settings.get("visible", True):
                    with each.events.blocker_all():
                        each.visible = True
                    each.events.set_data()
                    each.events.thumbnail()
        for layer in self._unseen:
            layer.events.visible()

    def _tell(self) -> None:
        """Let each layer tell what has changed in it, now that all is as it will be."""
        own = {id(layer) for layer, _, _ in self._taken}
        with self._unlinked():
            for layer, names in self._changed:
                for name in [x for x in names if id(layer) in own or x in _SEEN]:
                    _tell(layer, name)


@contextmanager
def _sliders_told_once(models: list[ViewerModel]) -> Iterator[None]:
    """Hold back what the sliders of all views tell, and tell at the end what has changed."""
    before = [_of_sliders(model) for model in models]
    try:
        with ExitStack() as stack:
            for model in models:
                stack.enter_context(model.dims.events.blocker_all())
            yield
    finally:
        for model, old in zip(models, before, strict=True):
            for name, value in _of_sliders(model).items():
                if value != old[name]:
                    getattr(model.dims.events, name)(value=value)


def _of_sliders(model: ViewerModel) -> dict[str, Any]:
    return {name: getattr(model.dims, name) for name in _OF_SLIDERS}


def _is_alike(layer: Layer, data: Any) -> bool:
    if isinstance(layer, Points):
        return bool(layer.ndim == data.shape[1])
    same_type = isinstance(layer, ImageLayer) or layer.data.dtype == data.dtype
    return bool(layer.ndim == data.ndim and same_type)


def _make_plain(layer: Layer, seen: bool) -> None:
    """Lay tools and selections of the patient before aside, aloud."""
    if layer.mode != "pan_zoom":
        layer.mode = "pan_zoom"
    if isinstance(layer, Points):
        if layer.selected_data:
            layer.selected_data = set()
        if not layer.visible:
            layer.visible = True
    elif layer.visible and not seen:
        layer.visible = False


def _wanted(layer: Layer, data: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Properties of a layer in the order in which they are set."""
    names = (*_OF_ALL, *_OF_POINTS) if isinstance(layer, Points) else _OF_ALL
    wanted = {name: settings[name] for name in names if name in settings}
    if "colormap" in settings:
        wanted["colormap"] = settings["colormap"]
    if isinstance(layer, Labels):
        wanted |= {"selected_label": 1, "show_selected_label": False}
    elif isinstance(layer, ImageLayer):
        limits = tuple(settings["contrast_limits"])
        wanted |= {"gamma": 1.0, "contrast_limits_range": _range(data, limits)}
        wanted["contrast_limits"] = limits
    wanted["blending"] = settings.get("blending", "translucent")
    return wanted | {"opacity": settings.get("opacity", 1.0)}


def _range(data: Any, limits: tuple[float, float]) -> tuple[float, float]:
    """How far the sliders of a window reach: as far as the values, and the window itself."""
    some = np.asarray(data[..., ::_EVERY, ::_EVERY])
    some = some[np.isfinite(some)]
    ends = (float(some.min()), float(some.max())) if some.size else limits
    return min(ends[0], limits[0]), max(ends[1], limits[1])


def _fill(layer: Layer, data: Any, wanted: Mapping[str, Any]) -> list[str]:
    """Give a layer other voxels and settings, silently; answer with what has changed."""
    changed = ["data"]
    with layer.events.blocker_all():
        if not isinstance(layer, Points):
            layer.visible = False  # what is hidden is not sliced
        layer.data = data
        for name, value in wanted.items():
            if not _is_so(layer, name, value):
                setattr(layer, name, value)
                changed.append(name)
            if name == "translate" and isinstance(layer, Points):
                layer.refresh()  # colors and texts look for the points that are in the slice
    return changed


def _tell(layer: Layer, name: str) -> None:
    if name != "data":
        getattr(layer.events, name)()
    elif isinstance(layer, Points):
        every = tuple(range(len(layer.data)))
        layer.events.data(
            value=layer.data, action=ActionType.CHANGED, data_indices=every, vertex_indices=((),)
        )
    else:
        layer.events.data(value=layer.data)


def _is_so(layer: Layer, name: str, value: Any) -> bool:
    """Whether a layer has this already; telling it again would draw or compile it anew."""
    if name in ("metadata", "features"):
        return False
    now = getattr(layer, name)
    if name.endswith("_color"):
        return bool(np.allclose(now, transform_color(value)))
    if name == "symbol":
        return {str(symbol) for symbol in now} <= {value}
    if name == "colormap":
        if isinstance(value, str):
            return bool(now.name == value)
        return _same_colors(now.color_dict, value.color_dict)
    return now == value if isinstance(value, str) else bool(np.all(np.equal(now, value)))


def _same_colors(one: Mapping[int | None, Any], other: Mapping[int | None, Any]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[x], other[x]) for x in one)
