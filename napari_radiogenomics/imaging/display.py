"""What is drawn on screen, and the way back from it to the true grid.

On screen all voxels run along the patient's axes: z to the superior, y to the posterior, x to
the left, in LPS mm. Axis-aligned scans get there by permuting and flipping, so that every
voxel shown is a voxel measured. Only true obliques are resampled, for display alone; edits of
their labels are carried back to the voxels that lie where something changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.inlay import tight
from napari_radiogenomics.data.orientation import canonical_geometry, from_canonical, to_canonical
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import GeometryError
from napari_radiogenomics.imaging.resample import resample_array

__all__ = ["Shown", "display_geometry", "edited", "show"]

# A display grid of an oblique scan is coarsened until it has no more voxels than this.
_MOST_VOXELS = 1 << 26


@dataclass(frozen=True, eq=False)
class Shown:
    """One array as it is drawn.

    Attributes
    ----------
    array : ndarray, shape (Z, Y, X) or (N, Z, Y, X)
        Canonical voxels. Labels are a copy that may be painted on; images may be views.
    geometry : Geometry
        Grid along the patient's axes (identity direction).
    resampled : bool
        Whether it was interpolated because the true grid is oblique.
    """

    array: NDArray
    geometry: Geometry
    resampled: bool

    @property
    def scale(self) -> tuple[float, float, float]:
        """Spacing along z, y, x in mm."""
        return self.geometry.spacing[::-1]

    @property
    def translate(self) -> tuple[float, float, float]:
        """Position of the first voxel centre along z, y, x in LPS mm."""
        return self.geometry.origin[::-1]


def display_geometry(geometry: Geometry) -> Geometry:
    """Grid on which a scan is drawn: its own voxels, or a straight box around an oblique.

    The box has, along each axis of the patient, the finest spacing that the tilted voxels
    show along it.

    Examples
    --------
    >>> display_geometry(Geometry((4, 3, 2), (1, 1, 5), direction=(0, 1, 0, 1, 0, 0, 0, 0, 1))).size
    (3, 4, 2)
    """
    if not geometry.is_oblique:
        return canonical_geometry(geometry)
    weight = np.abs(geometry.matrix)  # (3 world, 3 index)
    along = np.asarray(geometry.spacing) / np.maximum(weight, 1e-6)
    spacing = along.min(axis=1) * weight.max(axis=1)
    low, high = geometry.corners.min(axis=0), geometry.corners.max(axis=0)
    size = np.ceil((high - low) / spacing - 1e-6).astype(int) + 1
    excess = float(np.prod(size.astype(float))) / _MOST_VOXELS
    if excess > 1:
        spacing = spacing * np.cbrt(excess)
        size = np.ceil((high - low) / spacing).astype(int) + 1
    return Geometry(tuple(size), tuple(spacing), tuple(low))


def show(obj: Image | Segmentation) -> list[Shown]:
    """Bring an image or a segmentation to the axes of the screen.

    Parameters
    ----------
    obj : Image or Segmentation
        On its true grid.

    Returns
    -------
    list of Shown
        One for an image (4-D ones keep their leading axis), one for each layer of a
        segmentation. Of a map that holds a region alone, its box is drawn.

    Examples
    --------
    >>> scan = Image(np.zeros((2, 3, 4)), Geometry((4, 3, 2), spacing=(1, 1, 5)))
    >>> show(scan)[0].scale
    (5.0, 1.0, 1.0)
    """
    if isinstance(obj, Image) and not obj.geometry.is_oblique:
        obj = tight(obj)
    true = obj.geometry
    grid = display_geometry(true)
    if isinstance(obj, Segmentation):
        return [
            Shown(_labels_on(layer, true, grid), grid, true.is_oblique) for layer in obj.layers()
        ]
    if not true.is_oblique:
        return [Shown(to_canonical(obj.array, true), grid, False)]
    arrays = [_values_on(volume.array, true, grid) for volume in obj.volumes()]
    return [Shown(np.stack(arrays) if obj.fourth_axis else arrays[0], grid, True)]


def _values_on(array: NDArray, true: Geometry, grid: Geometry) -> NDArray:
    if array.dtype.kind == "f" and np.isnan(array).any():  # interpolation would spread NaN
        return resample_array(array, true, grid, "nearest", np.nan)
    return resample_array(array, true, grid, "linear", float(array.min()))


def _labels_on(labels: NDArray, true: Geometry, grid: Geometry) -> NDArray:
    if true.is_oblique:
        return resample_array(labels, true, grid, "nearest", 0)
    return np.array(to_canonical(labels, true), order="C")


def edited(segmentation: Segmentation, display: NDArray, *, layer: int = 0) -> Segmentation:
    """Carry labels that were edited on screen back to the true grid.

    Parameters
    ----------
    segmentation : Segmentation
        What `show` was given.
    display : ndarray of int, shape (Z, Y, X)
        The edited labels, on the display grid.
    layer : int, optional
        Which of its layers was edited.

    Returns
    -------
    Segmentation
        On the true grid. Axis-aligned grids get exactly what is shown; on an oblique grid a
        voxel changes only where the display voxel at its place changed.

    Raises
    ------
    GeometryError
        If the array does not have the shape of the display grid.

    Examples
    --------
    >>> drawn = Segmentation(np.zeros((1, 2, 2), np.uint8), Geometry((2, 2, 1)))
    >>> painted = show(drawn)[0].array
    >>> painted[0, 1, 1] = 1
    >>> edited(drawn, painted).labels.tolist()
    [[[0, 0], [0, 1]]]
    """
    true, before = segmentation.geometry, segmentation.layers()[layer]
    grid = display_geometry(true)
    if display.shape != grid.shape:
        raise GeometryError(
            f"Labels of shape {display.shape} do not fit the display grid {grid.shape} of "
            f"{segmentation.name!r} ({true})."
        )
    if true.is_oblique:
        after = _carry_back(before, display, true, grid)
    else:
        after = np.array(from_canonical(display, true), order="C")
    if not segmentation.overlapping:
        return replace(segmentation, labels=after, fractions=None)
    layers = segmentation.layers()
    layers[layer] = after
    return replace(segmentation, labels=np.stack(layers), fractions=None)


def _carry_back(before: NDArray, display: NDArray, true: Geometry, grid: Geometry) -> NDArray:
    """Strategy: find the box of changes on screen, then look only at true voxels inside it."""
    changed = display != resample_array(before, true, grid, "nearest", 0)
    after = before.astype(np.result_type(before, display))
    if not changed.any():
        return before
    places = [np.flatnonzero(changed.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    ends = [(p[0] - 1, p[-1] + 1) for p in places][::-1]  # i, j, k
    box = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = true.world_to_index(grid.index_to_world(box))
    low = np.clip(np.floor(inside.min(axis=0)).astype(int), 0, None)
    high = np.clip(np.ceil(inside.max(axis=0)).astype(int) + 1, None, true.size)
    for k in range(low[2], high[2]):  # slice by slice: bounded memory
        j, i = np.mgrid[low[1] : high[1], low[0] : high[0]]
        world = true.index_to_world(np.stack([i, j, np.full_like(i, k)], axis=-1))
        x, y, z = np.moveaxis(np.rint(grid.world_to_index(world)).astype(int), -1, 0)
        x, y, z = (np.clip(v, 0, n - 1) for v, n in zip((x, y, z), grid.size, strict=True))
        touched = changed[z, y, x]
        view = after[k, low[1] : high[1], low[0] : high[0]]
        view[touched] = display[z, y, x][touched]
    return after
