"""The layer of the live preview: one, refilled, on top while it shows, gone without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Layer
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.layers.keys import AXES, SOURCE, UNITS
from napari_radiogenomics.gui.layers.layers import image_layers
from napari_radiogenomics.gui.texture.map_layer import (
    PREVIEW,
    is_preview,
    keep_under_points,
    maps_of,
)
from napari_radiogenomics.gui.texture.sheet import Sheet
from napari_radiogenomics.radiomics.family import in_sentence

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["PreviewLayer"]


class PreviewLayer:
    """Shows a sheet as a layer.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.

    Attributes
    ----------
    layer : napari.layers.Image or None
        The layer while there is one.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer
        self.layer: ImageLayer | None = None
        self._sheet: Sheet | None = None
        self._name = ""
        self._grid: Geometry | None = None
        self._hidden: list[ImageLayer] = []

    def show(self, sheet: Sheet, name: str) -> ImageLayer:
        """Show what a sheet knows of a feature; the same sheet only fills the layer again.

        Parameters
        ----------
        sheet : Sheet
            Of the region.
        name : str
            PyRadiomics' name of the feature.
        """
        self._look_for_layer()
        if self.layer is None:
            self.layer = self._add(sheet, name)
        elif self._grid is None or not self._grid.same_grid(sheet.grid):
            self._move(self.layer, sheet, name)
        else:
            self._fill(self.layer, sheet, name)
        self._sheet, self._name, self._grid = sheet, name, sheet.grid
        return self.layer

    def _fill(self, layer: ImageLayer, sheet: Sheet, name: str) -> None:
        """Fill the voxels that are there: a tenth of what other voxels cost in three views."""
        sheet.picture(name, layer.data)
        for one in self._copies(layer):
            one.refresh(thumbnail=False, highlight=False, extent=False)
        if sheet is not self._sheet or name != self._name:
            _, looks = _dressed(sheet, name, layer.data)
            _dress(layer, looks)

    def _look_for_layer(self) -> None:
        """Forget a layer that was removed, and remove one that came back with its patient."""
        layers = self.viewer.layers
        if self.layer is not None and self.layer not in layers:
            self.layer = self._sheet = None
        for stray in [x for x in layers if is_preview(x) and x is not self.layer]:
            layers.remove(stray)

    def _add(self, sheet: Sheet, name: str) -> ImageLayer:
        data, looks = _dressed(sheet, name)
        active = self.viewer.layers.selection.active
        for layer in [x for x in self.viewer.layers if maps_of(x) and x.visible]:
            self._hidden.append(layer)
            layer.visible = False
        layer = self.viewer.add_image(data, **looks)
        keep_under_points(self.viewer)
        if active in self.viewer.layers:  # the person goes on with what was selected
            self.viewer.layers.selection.active = active
        return layer

    def _copies(self, layer: ImageLayer) -> Iterator[Layer]:
        """The layer and those of linked views that show the same voxels.

        They are refreshed here: the event of other data would make every viewer lay out its
        slices anew.
        """
        for model in models(self.viewer):
            yield from (other for other in model.layers if other.data is layer.data)

    def _move(self, layer: ImageLayer, sheet: Sheet, name: str) -> None:
        """Show another region."""
        data, looks = _dressed(sheet, name)
        layer.data = data
        layer.scale, layer.translate = looks["scale"], looks["translate"]
        _dress(layer, looks)

    def uncover(self) -> None:
        """Show the layer again where the result of another dock took its place."""
        self._look_for_layer()
        if self.layer is not None:
            self.layer.visible = True

    def remove(self, *, restore: bool = True) -> None:
        """Take the layer away; finished maps that it covered are shown again.

        Parameters
        ----------
        restore : bool, optional
            Show them again.
        """
        self._look_for_layer()
        if self.layer is not None:
            self.viewer.layers.remove(self.layer)
        if restore:
            for layer in self._hidden:
                layer.visible = True
        self._hidden.clear()
        self.layer = self._sheet = None

    def give_away(self) -> ImageLayer | None:
        """Hand the layer over to become the finished map."""
        self._look_for_layer()
        layer, self.layer, self._sheet = self.layer, None, None
        self._hidden.clear()
        return layer


def _dress(layer: ImageLayer, looks: dict[str, Any]) -> None:
    """Give a layer the colors, name and facts of what it shows now."""
    limits = looks["contrast_limits"]
    if limits != tuple(layer.contrast_limits):
        low, high = layer.contrast_limits_range
        layer.contrast_limits_range = (min(low, limits[0]), max(high, limits[1]))
        layer.contrast_limits = limits
        layer.contrast_limits_range = limits
    layer.name, layer.metadata = looks["name"], looks["metadata"]


def _dressed(
    sheet: Sheet, name: str, picture: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], dict[str, Any]]:
    """Voxels and looks of the layer of a sheet; of its picture, where it is drawn already."""
    _, feature = sheet.plan.features[name]
    scan, title = sheet.plan.image, sheet.title_of(name)
    known = sheet.values[name]
    image = Image(
        sheet.picture(name) if picture is None else picture,
        sheet.grid,
        unit=sheet.plan.unit_of(name),
        name=f"{scan.name} {in_sentence(title)} (preview)".strip(),
        modality="map",
        metadata={"feature": name, "title": title, "meaning": feature.meaning},
    )
    _, looks, _ = image_layers(image)[0]
    finite = known[np.isfinite(known)]
    low, high = np.percentile(finite, (1, 99)) if finite.size else (0.0, 1.0)
    looks |= {
        "contrast_limits": (float(low), float(high) if high > low else float(low) + 1.0),
        "axis_labels": AXES,
        "units": UNITS,
        "metadata": {SOURCE: image, PREVIEW: True},
    }
    return image.array, looks
