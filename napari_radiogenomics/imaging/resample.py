"""Bring an image or a segmentation onto another grid, by interpolation and only on request."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import verb

__all__ = ["Interpolation", "resample"]

Interpolation = Literal["nearest", "linear", "bspline"]
Grid = TypeVar("Grid", Image, Segmentation)


@verb
def resample(
    source: Grid,
    reference: Image | Segmentation | Geometry,
    *,
    interpolation: Interpolation = "linear",
    fill: float | None = None,
) -> Grid:
    """Resample onto the grid of a reference.

    Parameters
    ----------
    source : Image or Segmentation
        What to resample. Labels are always taken from the nearest voxel.
    reference : Image, Segmentation or Geometry
        Whose grid to use.
    interpolation : {"nearest", "linear", "bspline"}, optional
        How values between voxels are found; B-splines are of third order.
    fill : float, optional
        Value outside the source; its lowest value where None is given, 0 for labels.

    Returns
    -------
    Image or Segmentation
        The same kind, on the other grid.

    Raises
    ------
    InputError
        If the interpolation is not known.

    Examples
    --------
    >>> scan = Image(np.arange(4.0).reshape(1, 1, 4), Geometry((4, 1, 1)))
    >>> resample(scan, Geometry((2, 1, 1), spacing=(2, 1, 1), origin=(0.5, 0, 0))).array.tolist()
    [[[0.5, 2.5]]]
    """
    geometry = reference if isinstance(reference, Geometry) else reference.geometry
    if isinstance(source, Segmentation):
        layers = [
            resample_array(a, source.geometry, geometry, "nearest", 0) for a in source.layers()
        ]
        labels = np.stack(layers) if source.overlapping else layers[0]
        return replace(source, labels=labels, geometry=geometry, fractions=None)  # type: ignore[call-arg]
    lowest = float(source.array.min()) if fill is None else fill
    volumes = [
        resample_array(volume.array, source.geometry, geometry, interpolation, lowest)
        for volume in source.volumes()
    ]
    array = np.stack(volumes) if source.fourth_axis else volumes[0]
    return replace(source, array=array, geometry=geometry, blank_slices=())


def resample_array(
    array: NDArray, source: Geometry, target: Geometry, interpolation: Interpolation, fill: float
) -> NDArray:
    """Resample a (Z, Y, X) array from one grid to another; floats come back as float32."""
    import SimpleITK as sitk

    methods = {"nearest": sitk.sitkNearestNeighbor, "linear": sitk.sitkLinear}
    methods["bspline"] = sitk.sitkBSpline
    if interpolation not in methods:
        raise InputError(f'Unknown interpolation "{interpolation}". Known: {", ".join(methods)}.')
    nearest = interpolation == "nearest"
    values = array if nearest else array.astype(np.float32, copy=False)
    moving = sitk.GetImageFromArray(np.ascontiguousarray(values))
    _put(moving, source)
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(target.size)
    resampler.SetOutputSpacing(target.spacing)
    resampler.SetOutputOrigin(target.origin)
    resampler.SetOutputDirection(target.direction)
    resampler.SetInterpolator(methods[interpolation])
    resampler.SetDefaultPixelValue(fill)
    result: NDArray = sitk.GetArrayFromImage(resampler.Execute(moving))
    return result.astype(array.dtype, copy=False) if nearest else result


def _put(image: object, geometry: Geometry) -> None:
    image.SetSpacing(geometry.spacing)  # type: ignore[attr-defined]
    image.SetOrigin(geometry.origin)  # type: ignore[attr-defined]
    image.SetDirection(geometry.direction)  # type: ignore[attr-defined]
