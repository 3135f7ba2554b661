"""The outline of a region: its triangle mesh, and the corners that lie furthest apart.

Strategy: the mesh is never made. Each cube of eight voxel centers is one of 256 cases, and a
case has the same triangles wherever it occurs: how often it does, and the sum of the places,
give area and volume. Cases come from scikit-image's table of Lorensen and Cline; as in
PyRadiomics, half of them are the other half seen from inside, so that a mesh can have holes
where regions touch at an edge.

Letters: Z, Y, X voxels of the box, C cases, T triangles of a case, V corners of the mesh.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mask", "corners", "furthest", "mesh_size", "square_size"]

Mask = NDArray[np.bool_]
_Reals = NDArray[np.float64]
_Whole = NDArray[np.intp]

# The voxel (z, y, x) of each bit of a case.
_BITS = ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0))
_MOST_TRIANGLES = 5
# Fewer corners are compared in pairs without looking for their convex hull.
_FEW = 500


@lru_cache(maxsize=1)
def _triangles() -> _Reals:
    """Triangles of each case without the last bit, shape (128, T, 3, 3): corners as z, y, x."""
    from skimage.measure import marching_cubes

    table = np.zeros((128, _MOST_TRIANGLES, 3, 3))
    for case in range(1, 128):
        cube = np.zeros((2, 2, 2), np.float32)
        for bit, place in enumerate(_BITS):
            cube[place] = case >> bit & 1
        points, faces, _, _ = marching_cubes(cube, 0.5, method="lorensen")
        table[case, : len(faces)] = np.round(2 * points[faces[:, ::-1]]) / 2
    return table


def mesh_size(inside: Mask, spacing: tuple[float, float, float]) -> tuple[float, float]:
    """Area in mm² and volume in mm³ of the mesh around a region.

    Parameters
    ----------
    inside : ndarray of bool, shape (Z, Y, X)
        The region in its box.
    spacing : tuple of float
        Along z, y, x in mm.

    References
    ----------
    Lorensen and Cline, SIGGRAPH 1987, doi:10.1145/37401.37422.

    Examples
    --------
    >>> area, volume = mesh_size(np.ones((1, 1, 1), bool), (1.0, 1.0, 1.0))
    >>> round(area, 4), round(volume, 4)  # an octahedron
    (1.7321, 0.1667)
    """
    padded = np.pad(inside, 1).astype(np.uint8)
    Z, Y, X = (n - 1 for n in padded.shape)
    case = np.zeros((Z, Y, X), np.uint8)
    for bit, (z, y, x) in enumerate(_BITS):
        case |= padded[z : z + Z, y : y + Y, x : x + X] << bit
    places = np.flatnonzero((case > 0) & (case < 255))
    case = case.ravel()[places]
    how_often = np.bincount(case, minlength=256)
    where = np.stack(
        [np.bincount(case, n, minlength=256) for n in np.unravel_index(places, (Z, Y, X))], axis=1
    )  # (256, 3), summed up
    step = np.array(spacing)
    a, b, c = np.moveaxis(_triangles() * step, 2, 0)  # (128, T, 3) each
    area = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=-1).sum(axis=1)
    volume = (np.cross(a, b) * c).sum(axis=(1, 2)) / 6
    lean = (np.cross(a, b) + np.cross(b, c) + np.cross(c, a)).sum(axis=1) / 6
    seen = how_often[:128] + how_often[:127:-1]  # a case and the same from inside
    signed = how_often[:128] - how_often[:127:-1]
    moved = (where[:128] - where[:127:-1]) * step
    total = (signed * volume).sum() + (moved * lean).sum()
    return float((seen * area).sum()), float(total)


def square_size(inside: Mask, spacing: tuple[float, float]) -> tuple[float, float]:
    """Perimeter in mm and area in mm² of the outline around a flat region.

    Parameters
    ----------
    inside : ndarray of bool, shape (Y, X)
        The region in its box.
    spacing : tuple of float
        Along y, x in mm.

    Examples
    --------
    >>> perimeter, area = square_size(np.ones((1, 1), bool), (1.0, 1.0))
    >>> round(perimeter, 4), area  # a square on its corner
    (2.8284, 0.5)
    """
    p = np.pad(inside, 1).astype(np.intp)
    cases = p[:-1, :-1] + 2 * p[:-1, 1:] + 4 * p[1:, 1:] + 8 * p[1:, :-1]
    often = np.bincount(cases.ravel(), minlength=16)
    y, x = spacing
    corner = np.hypot(y, x) / 2
    # Two pixels across a diagonal (cases 5 and 10) are apart.
    part = np.array([0, 1, 1, 4, 1, 2, 4, 7, 1, 4, 2, 7, 4, 7, 7, 8]) / 8
    upright, flat = [6, 9], [3, 12]
    cut = [1, 2, 4, 7, 8, 11, 13, 14]
    length = often[cut].sum() * corner + 2 * often[[5, 10]].sum() * corner
    length += often[upright].sum() * y + often[flat].sum() * x
    return float(length), float((often * part).sum() * y * x)


def corners(inside: NDArray[np.bool_]) -> _Whole:
    """Corners of the mesh: midway between a voxel inside and one outside beside it.

    Parameters
    ----------
    inside : ndarray of bool, of any dimensions D
        The region in its box.

    Returns
    -------
    ndarray of intp, shape (V, D)
        In half voxels.

    Examples
    --------
    >>> corners(np.ones((1, 2), bool)).tolist()
    [[-1, 0], [-1, 2], [1, 0], [1, 2], [0, -1], [0, 3]]
    """
    found = []
    for axis in range(inside.ndim):
        ends = [(1, 1) if a == axis else (0, 0) for a in range(inside.ndim)]
        faces = 2 * np.argwhere(np.diff(np.pad(inside, ends), axis=axis))
        faces[:, axis] -= 1
        found.append(faces)
    return np.concatenate(found)


def furthest(points: _Whole, spacing: tuple[float, ...], *, plane: int | None = None) -> float:
    """Largest distance of two corners in mm.

    Parameters
    ----------
    points : ndarray of intp, shape (V, D)
        From `corners`; V is 1 or more.
    spacing : tuple of float
        Of voxels along the D axes in mm.
    plane : int, optional
        Only corners that have the same place along this axis count.

    Examples
    --------
    >>> furthest(corners(np.ones((1, 4), bool)), (1.0, 1.0))
    4.0
    """
    from napari_radiogenomics.radiomics.kernels.region import longest

    line = points.shape[1] - 1 if plane != points.shape[1] - 1 else 0
    ends, group = _line_ends(points, line, plane)
    places = ends * (np.array(spacing) / 2)
    if plane is None and len(places) > _FEW:
        from scipy.spatial import ConvexHull

        places = places[ConvexHull(places).vertices]
    if plane is None:
        group = np.zeros(len(places), np.intp)
    starts = np.flatnonzero(np.diff(group, prepend=-1, append=-1)).astype(np.intp)
    return float(np.sqrt(longest(np.ascontiguousarray(places), starts)))


def _line_ends(points: _Whole, line: int, plane: int | None) -> tuple[_Whole, _Whole]:
    """First and last corner of each line; others cannot lie furthest apart. Sorted by plane."""
    low = points.min(axis=0)
    sides = points.max(axis=0) - low + 1
    first = () if plane is None else (plane,)
    order = [*first, *(a for a in range(points.shape[1]) if a not in (*first, line)), line]
    code = np.ravel_multi_index(tuple((points - low)[:, order].T), tuple(sides[order]))
    code = np.sort(code)
    of_line = code // sides[line]
    new = np.diff(of_line, prepend=-1) != 0
    kept = code[new | np.append(new[1:], True)]
    places = np.stack(np.unravel_index(kept, tuple(sides[order])), axis=1)
    ends = np.empty_like(places)
    ends[:, order] = places
    return ends, ends[:, plane] if plane is not None else np.zeros(len(ends), np.intp)
