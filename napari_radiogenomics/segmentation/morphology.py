"""Shapes in mm: distances on anisotropic voxels, growing, shrinking, opening, closing.

All distances are between centres of voxels. A region that touches the edge of the scan goes on
beyond it: the edge is no border of the region.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.segmentation.edit import Mask, region

__all__ = ["closed", "components", "grown", "opened", "parted", "shrunk", "signed_distance"]

# Voxels that lie at the distance asked for count, whatever the last bits of the header say.
_SLACK = 1e-6


def _require_mm(distance: float) -> None:
    if not (np.isfinite(distance) and distance >= 0):
        raise InputError(f"A distance is a number of mm, 0 or more; got {distance}.")


def _far(shape: tuple[int, ...]) -> NDArray[np.float64]:
    return np.full(shape, np.inf)


def distance_to(mask: Mask, spacing: Sequence[float]) -> NDArray[np.float64]:
    """Distance of each voxel to the nearest voxel of a mask, in mm; infinite if it is empty."""
    from scipy.ndimage import distance_transform_edt

    if not mask.any():
        return _far(mask.shape)
    found: NDArray[np.float64] = distance_transform_edt(~mask, sampling=spacing)
    return found


def signed_distance(mask: Mask, spacing: Sequence[float]) -> NDArray[np.float64]:
    """Distance to the outline in mm: positive inside, negative outside.

    Half the smallest spacing is taken off on both sides, so that neighbours on the two sides of
    the outline have opposite values.

    Examples
    --------
    >>> signed_distance(np.array([False, True, True]), [2.0]).tolist()
    [-1.0, 1.0, 3.0]
    """
    half = min(spacing) / 2
    out = distance_to(mask, spacing)
    into = distance_to(~mask, spacing)
    return np.where(mask, into - half, half - out)


def grown(mask: Mask, spacing: Sequence[float], distance: float) -> Mask:
    """Voxels no farther than ``distance`` mm from a mask.

    Examples
    --------
    >>> grown(np.array([[[0, 0, 0, 1, 0, 0]]], bool), (5.0, 1.0, 0.5), 1.0).astype(int).tolist()
    [[[0, 1, 1, 1, 1, 1]]]
    """
    _require_mm(distance)
    part = region(mask, spacing, distance)
    return part.whole(distance_to(part.mask, spacing) <= distance + _SLACK)


def shrunk(mask: Mask, spacing: Sequence[float], distance: float) -> Mask:
    """Voxels farther than ``distance`` mm from everything outside of a mask."""
    _require_mm(distance)
    part = region(mask, spacing)
    return part.whole(part.mask & (distance_to(~part.mask, spacing) > distance + _SLACK))


def opened(mask: Mask, spacing: Sequence[float], radius: float) -> Mask:
    """Remove what a ball of this radius in mm does not fit into."""
    core = shrunk(mask, spacing, radius)
    return grown(core, spacing, radius) & mask if core.any() else core


def closed(mask: Mask, spacing: Sequence[float], radius: float) -> Mask:
    """Fill gaps that a ball of this radius in mm does not fit into."""
    part = region(mask, spacing, 2 * radius)
    wide = distance_to(part.mask, spacing) <= radius + _SLACK
    return part.whole(part.mask | (wide & (distance_to(~wide, spacing) > radius + _SLACK)))


def components(mask: Mask, *, corners: bool = True) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the pieces of a mask.

    Parameters
    ----------
    mask : ndarray of bool
        Two or three axes.
    corners : bool, optional
        Whether voxels that share only an edge or a corner belong to one piece.

    Returns
    -------
    numbers : ndarray of int32
        Piece of each voxel, from 1 on; 0 outside.
    counts : ndarray of int
        Voxels of each piece.
    """
    from scipy.ndimage import generate_binary_structure, label

    linked = generate_binary_structure(mask.ndim, mask.ndim if corners else 1)
    numbers, n = label(mask, linked)
    return numbers, np.bincount(numbers.reshape(-1), minlength=n + 1)[1:]


def parted(
    mask: Mask, spacing: Sequence[float], neck: float, *, corners: bool = True
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the pieces of a mask, those that touch at a narrow place too.

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X)
        At least one voxel.
    spacing : sequence of float
        Along z, y, x in mm.
    neck : float
        How much less, in mm, the distance to the outline is at the narrow place than in the
        middle of each part.
    corners : bool, optional
        Whether voxels that touch at an edge or a corner only belong together.

    Returns
    -------
    numbers : ndarray of int32, shape (Z, Y, X)
        From 1.
    counts : ndarray of int64
        Voxels of each piece.

    Raises
    ------
    InputError
        If ``neck`` is no number of mm above 0.
    """
    from scipy.ndimage import generate_binary_structure
    from skimage.morphology import h_maxima
    from skimage.segmentation import watershed

    if not (np.isfinite(neck) and neck > 0):
        raise InputError(f"A neck is a number of mm above 0; got {neck}.")
    part = region(mask, spacing)
    own = np.pad(part.mask, 1)  # a mask may fill the whole scan
    depth = distance_to(~own, spacing)
    depth[~own] = -2 * neck  # a piece that is thinner than the neck has a middle, too
    middles, _ = components(h_maxima(depth, neck) > 0)
    around = generate_binary_structure(3, 3 if corners else 1)
    inside = watershed(-depth, middles, mask=own, connectivity=around)[1:-1, 1:-1, 1:-1]
    numbers = np.zeros(mask.shape, np.int32)
    numbers[part.box] = inside
    return numbers, np.bincount(numbers[mask], minlength=int(numbers.max()) + 1)[1:]
