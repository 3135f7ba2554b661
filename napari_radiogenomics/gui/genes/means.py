"""Means of a map in the regions that are drawn; no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.gui.layers.edits import object_from

__all__ = ["layer_means", "region_means"]


def region_means(image: Image, segmentation: Segmentation) -> dict[int, float]:
    """Mean of an image in every label, on the true grid; voxels without a value do not count.

    Parameters
    ----------
    image : Image
        Scan or map.
    segmentation : Segmentation
        Regions on the same grid.

    Returns
    -------
    dict of int to float
        Label → mean; 0 is the whole tumor, if all of its regions have values. Empty where the
        grids differ.
    """
    if image.fourth_axis or not image.geometry.same_grid(segmentation.geometry):
        return {}
    values = np.asarray(image.array)
    known = np.isfinite(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
    masks = {label: segmentation.mask(label) for label in segmentation.present}
    inside = {label: mask & known for label, mask in masks.items()}
    if masks and all(mask.any() for mask in inside.values()):
        # A map of one region says nothing of the whole tumor.
        inside[0] = np.any(list(inside.values()), axis=0)
    return {
        label: float(values[mask].mean(dtype=float)) for label, mask in inside.items() if mask.any()
    }


def layer_means(image: Any, drawn: Any, beside: Sequence[Any] = ()) -> dict[int, float]:
    """Means of an image layer in the regions of a labels layer, given as layer data tuples."""
    data, attributes, kind = drawn
    segmentation = object_from(data, attributes, kind, list(beside))
    return region_means(object_from(*image), segmentation)
