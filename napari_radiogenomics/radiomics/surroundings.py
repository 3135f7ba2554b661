"""The surroundings of a region, ready for kernels.

Strategy: the region's box is cropped with a margin of the kernel radius and padded by it once
more, so that a kernel is a list of flat offsets and needs no bounds checking. Voxels that do
not count are NaN there and have gray level 0: one way for masked kernels, unmasked ones and
the edge of the scan. Planes that no masked kernel reaches, as between two lesions far apart,
are left out: a margin of the radius on each side keeps what was apart out of reach.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.discretize import gray_levels
from napari_radiogenomics.radiomics.family import MatrixSettings, Neighborhoods
from napari_radiogenomics.radiomics.lattice import cells
from napari_radiogenomics.radiomics.roi import MOST_MATRIX_LEVELS

__all__ = ["MOST_MATRIX_LEVELS", "make_neighborhoods"]


def make_neighborhoods(
    image: Image,
    mask: NDArray[np.bool_],
    *,
    radius: int,
    masked: bool,
    thin_axis: int | None,
    matrix: MatrixSettings,
    binning: dict[str, Any],
    needs_matrix: bool,
    shift: float = 0.0,
) -> tuple[Neighborhoods, NDArray[np.intp]]:
    """Crop, pad and discretize what the kernels of a region see.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    mask : ndarray of bool, shape (Z, Y, X)
        Region; at least one voxel.
    radius, thin_axis, matrix
        As for `Neighborhoods`.
    masked : bool
        Whether only voxels of the region count.
    binning : dict
        ``bin_width`` and ``bin_count``, as for `gray_levels`.
    needs_matrix : bool
        Whether gray levels for matrices are made too.
    shift : float, optional
        Added to the values for energies.

    Returns
    -------
    neighborhoods : Neighborhoods
        What counts around the region.
    centers : ndarray of intp, shape (V,)
        Flat positions of the region's voxels in it, in scan order.

    Raises
    ------
    InputError
        If values that count are not finite, or make too many gray levels.
    """
    box = _box(mask, radius)
    _require_finite(image, mask, box, masked)
    seen = np.ix_(*_planes(mask, radius)) if masked else box
    crop, inside = image.array[seen], mask[seen]
    counts = inside if masked else np.ones_like(inside)
    # First order bins in double precision, whatever the type of the scan.
    values = np.where(counts, crop, np.nan).astype(np.float64)
    levels = gray_levels(values, counts, **binning)
    native = _native_levels(crop, counts, levels, binning) if needs_matrix else levels[:0]
    values = np.pad(values, radius, constant_values=np.nan)
    neighborhoods = Neighborhoods(
        values=values.ravel(),
        levels=np.pad(levels, radius).ravel(),
        n_levels=int(levels.max()),
        offsets=_offsets(values.shape, radius, thin_axis),
        spacing=image.geometry.spacing[::-1],
        native_levels=np.pad(native, radius).ravel().astype(np.int16),
        n_native_levels=int(native.max(initial=0)),
        radius=radius,
        thin_axis=thin_axis,
        matrix=matrix,
        shift=shift,
    )
    return neighborhoods, np.flatnonzero(np.pad(inside, radius)).astype(np.intp)


def _native_levels(
    crop: NDArray, counts: NDArray[np.bool_], levels: NDArray[np.int32], binning: dict[str, Any]
) -> NDArray[np.int32]:
    """Levels in the scan's own precision; whole numbers have the same in doubles."""
    if crop.dtype.kind == "f" and crop.dtype.itemsize <= 4:
        levels = gray_levels(crop.astype(np.float32), counts, **binning)
    if levels.max() > MOST_MATRIX_LEVELS:
        raise InputError(
            f"The settings make {levels.max()} gray levels; matrices hold up to "
            f"{MOST_MATRIX_LEVELS}. Use a larger bin_width or set bin_count, for example 32."
        )
    return levels


def _planes(mask: NDArray[np.bool_], radius: int) -> list[NDArray[np.intp]]:
    """Along each axis, the planes that kernels around the region reach."""
    reach = np.ones(2 * radius + 1, bool)
    planes = []
    for axis in range(3):
        drawn = mask.any(axis=tuple(a for a in range(3) if a != axis))
        near = np.convolve(drawn, reach)[radius : radius + drawn.size]
        planes.append(np.flatnonzero(near))
    return planes


def _box(mask: NDArray[np.bool_], radius: int) -> tuple[slice, ...]:
    """Bounding box of the region with a margin of the radius, clipped at the scan's edge."""
    box = []
    for axis in range(3):
        places = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        box.append(slice(max(int(places[0]) - radius, 0), int(places[-1]) + radius + 1))
    return tuple(box)


def _require_finite(
    image: Image, mask: NDArray[np.bool_], box: tuple[slice, ...], masked: bool
) -> None:
    crop = image.array[box]
    if crop.dtype.kind not in "fiub":
        raise InputError(f"The scan holds {crop.dtype} values; texture needs real numbers.")
    if not masked and any(box[0].start <= k < box[0].stop for k in image.blank_slices):
        raise InputError(
            "Kernels reach slices that are missing in the source of the scan. Use masked kernels "
            "(masked_kernel=True), or read the scan with all its files."
        )
    bad = ~np.isfinite(crop)
    bad &= mask[box] if masked else True
    if bad.any():
        z, y, x = (int(i) + s.start for i, s in zip(np.argwhere(bad)[0], box, strict=True))
        where = "of the region" if masked else "around the region"
        what = counted(int(bad.sum()), "voxel", f"{where} is", f"{where} are")
        raise InputError(
            f"{what} not finite (NaN or infinite), the first at i={x}, j={y}, k={z}. "
            "Leave them out of the region, or repair the scan."
        )


def _offsets(shape: tuple[int, ...], radius: int, thin_axis: int | None) -> NDArray[np.intp]:
    """Flat distances to the cells of the kernel, in scan order."""
    dz, dy, dx = cells(radius, thin_axis).T
    return np.asarray((dz * shape[1] + dy) * shape[2] + dx, np.intp)
