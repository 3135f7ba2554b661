"""Size, values and diameters of regions, in mm and mL on the true grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.segmentation.edit import (
    Mask,
    region,
    require_labels,
    spacing_zyx,
    values_of,
)
from napari_radiogenomics.segmentation.morphology import components

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Diameters", "Plane", "diameters", "measure_regions"]

Plane = Literal["k", "j", "i"]
_AXES = {"k": 0, "j": 1, "i": 2}


@dataclass(frozen=True)
class Diameters:
    """Longest diameter of a region within one plane, and the longest one perpendicular to it.

    Attributes
    ----------
    longest_mm, perpendicular_mm : float
        Lengths.
    slice : int
        Number of the plane along its axis of the grid, from 0.
    longest_ends, perpendicular_ends : tuple of tuple of float
        Two points x, y, z (LPS, mm) each, to draw them.
    """

    longest_mm: float
    perpendicular_mm: float
    slice: int
    longest_ends: tuple[tuple[float, float, float], ...]
    perpendicular_ends: tuple[tuple[float, float, float], ...]


@verb
def measure_regions(
    segmentation: Segmentation,
    image: Image | None = None,
    *,
    labels: Sequence[int] | None = None,
    plane: Plane = "k",
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Measure each label: volume, values, diameters and pieces.

    Parameters
    ----------
    segmentation : Segmentation
        The regions.
    image : Image, optional
        Scan on the same grid, for mean and standard deviation.
    labels : sequence of int, optional
        Labels to measure; all that occur where None is given.
    plane : {"k", "j", "i"}, optional
        Axis of the grid across which diameters are measured; ``"k"``: in the acquired slices,
        as RECIST asks for.
    progress : Progress, optional
        Reports the labels, may cancel.

    Returns
    -------
    DataFrame
        One row a label (index ``label``): ``name``, ``voxels``, ``volume_ml``, ``pieces``
        (voxels that touch at a corner belong together), ``longest_mm``, ``perpendicular_mm``,
        ``slice`` (of the longest diameter, from 0), ``x_mm``, ``y_mm``, ``z_mm`` (LPS: the
        voxel of the region deepest inside its largest piece, to jump to), and with a scan
        ``mean`` and ``sd`` (of the population of voxels, in its unit, which is in
        ``attrs["unit"]``).

    Raises
    ------
    InputError
        If a label does not occur, or the plane is not known.
    GeometryError
        If scan and segmentation are on different grids.

    References
    ----------
    RECIST 1.1: Eisenhauer et al., Eur J Cancer 2009, doi:10.1016/j.ejca.2008.10.026.

    Examples
    --------
    >>> drawn = np.zeros((1, 4, 5), np.uint8); drawn[0, 1:3, 1:4] = 1
    >>> tumour = Segmentation(drawn, Geometry((5, 4, 1), (2, 2, 5)))
    >>> table = measure_regions(tumour)
    >>> float(table.loc[1, "volume_ml"]), int(table.loc[1, "pieces"])
    (0.12, 1)
    """
    import pandas as pd

    found = require_labels(segmentation, labels)
    values = None if image is None else values_of(image, segmentation)
    names = {x.value: x.name for x in segmentation.scheme}
    rows = {}
    for label in progress(found, "Labels"):
        row = _row(segmentation.mask(label), segmentation, values, plane)
        rows[label] = {"name": names[label], **row}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "label"
    if image is not None:
        table.attrs["unit"] = image.unit
    return table


def _row(
    mask: Mask, segmentation: Segmentation, values: NDArray | None, plane: str
) -> dict[str, object]:
    geometry, count = segmentation.geometry, int(mask.sum())
    found = diameters(mask, geometry, plane=plane)
    numbers, center = _pieces(mask, spacing_zyx(segmentation))
    x, y, z = (float(v) for v in geometry.index_to_world(center[::-1]))
    row: dict[str, object] = {
        "voxels": count,
        "volume_ml": count * geometry.voxel_volume / 1000,
        "pieces": numbers,
        "longest_mm": found.longest_mm,
        "perpendicular_mm": found.perpendicular_mm,
        "slice": found.slice,
        "x_mm": x,
        "y_mm": y,
        "z_mm": z,
    }
    if values is not None:
        inside = values[mask].astype(float)
        row |= {"mean": float(inside.mean()), "sd": float(inside.std())}
    return row


def _pieces(mask: Mask, spacing: Sequence[float]) -> tuple[int, NDArray[np.int_]]:
    """Number of pieces, and the voxel (z, y, x) deepest inside the largest one."""
    from scipy.ndimage import distance_transform_edt

    part = region(mask, spacing)
    numbers, counts = components(part.mask)
    largest = np.pad(numbers == counts.argmax() + 1, 1)
    depth = distance_transform_edt(largest, sampling=spacing)[1:-1, 1:-1, 1:-1]
    spot = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(counts.size), np.asarray(spot) + [s.start for s in part.box]


def diameters(mask: Mask, geometry: Geometry, *, plane: str = "k") -> Diameters:
    """Longest diameter within one plane of the grid, and the longest perpendicular to it.

    Each piece within a slice is measured alone. Its outline runs through the middles of the
    pixel sides that part it from the outside, as in PyRadiomics; diameters end on its convex
    hull.

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X)
        At least one voxel.
    geometry : Geometry
        Its grid.
    plane : {"k", "j", "i"}, optional
        Axis of the grid across which planes lie.

    Returns
    -------
    Diameters

    Raises
    ------
    InputError
        If the mask is empty, or the plane is not known.

    References
    ----------
    RECIST 1.1: Eisenhauer et al., Eur J Cancer 2009, doi:10.1016/j.ejca.2008.10.026.

    Examples
    --------
    >>> line = np.zeros((1, 3, 7), bool); line[0, 1, 1:6] = True
    >>> found = diameters(line, Geometry((7, 3, 1), (2, 3, 5)))
    >>> found.longest_mm, found.perpendicular_mm, found.slice
    (10.0, 3.0, 0)
    """
    if plane not in _AXES:
        raise InputError(f'Unknown plane "{plane}". {did_you_mean(plane, [*_AXES])}')
    if not mask.any():
        raise InputError("The region is empty: it has no diameter. Draw it first.")
    axis = _AXES[plane]
    across = [a for a in range(3) if a != axis]
    step = np.asarray(geometry.spacing[::-1])[across]
    stack = np.moveaxis(mask, axis, 0)
    best: tuple[float, int, NDArray[np.float64], tuple[int, int]] | None = None
    for number in np.flatnonzero(stack.any(axis=(1, 2))):
        numbers, counts = components(stack[number])
        for piece in range(1, counts.size + 1):
            hull = _hull(numbers == piece, step)
            length, ends = _longest(hull)
            if best is None or length > best[0] + 1e-9:
                best = (length, int(number), hull, ends)
    if best is None:  # an empty mask was refused above
        raise InputError("The region is empty: it has no diameter. Draw it first.")
    length, level, hull, ends = best
    width, chord = _perpendicular(hull, hull[ends[1]] - hull[ends[0]])

    def world(points: NDArray[np.float64]) -> tuple[tuple[float, float, float], ...]:
        index = np.empty((len(points), 3))
        index[:, across] = points / step
        index[:, axis] = level
        return tuple(tuple(map(float, p)) for p in geometry.index_to_world(index[:, ::-1]))  # type: ignore[misc]

    return Diameters(length, width, level, world(hull[list(ends)]), world(chord))


def _hull(piece: Mask, step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of the convex hull of an outline in order, in mm, shape (H, 2)."""
    from scipy.spatial import ConvexHull

    padded = np.pad(piece, 1)
    points = []
    for axis in range(2):
        side = np.argwhere(np.diff(padded, axis=axis)).astype(float) - 1
        side[:, axis] += 0.5
        points.append(side)
    outline = np.concatenate(points) * step
    return outline[ConvexHull(outline).vertices]


def _longest(hull: NDArray[np.float64]) -> tuple[float, tuple[int, int]]:
    """Largest distance of two corners, by trying all pairs."""
    apart = np.linalg.norm(hull[:, None] - hull[None], axis=-1)
    first, second = divmod(int(apart.argmax()), len(hull))
    return float(apart[first, second]), (first, second)


def _perpendicular(
    hull: NDArray[np.float64], along: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Longest chord across a direction, and its ends.

    The length of a parallel chord of a convex hull is largest where one starts in a corner.
    """
    u = along / np.linalg.norm(along)
    v = np.array([-u[1], u[0]])
    t, s = hull @ u, hull @ v  # place of each corner along the diameter, and across it
    low, high = s.copy(), s.copy()
    for a in range(len(hull)):
        b = (a + 1) % len(hull)
        if abs(t[b] - t[a]) < 1e-9:  # a side across the diameter: its corners tell its ends
            continue
        share = (t - t[a]) / (t[b] - t[a])
        spans = (share >= -1e-9) & (share <= 1 + 1e-9)
        crossing = s[a] + share * (s[b] - s[a])
        low[spans] = np.minimum(low, crossing)[spans]
        high[spans] = np.maximum(high, crossing)[spans]
    best = int((high - low).argmax())
    ends = np.stack([t[best] * u + low[best] * v, t[best] * u + high[best] * v])
    return float(high[best] - low[best]), ends
