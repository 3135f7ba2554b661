"""Images, labels and samples brought from one frame into another, all by the same map."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.transform import Transform, require_frame
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["move_samples", "resample_through"]

Grid = TypeVar("Grid", Image, Segmentation)

_XYZ = ["x", "y", "z"]
# Voxels looked up at once: bounds the memory, and how long a cancel waits.
_BLOCK = 200_000
# A bent border is looked at in so many places along each side, with this margin.
_BORDER, _MARGIN = 9, 0.15


def move_samples(
    samples: Samples, transform: Transform, *, geometry: Geometry | None = None
) -> Samples:
    """Bring located samples into the second frame of a transform.

    Parameters
    ----------
    samples : Samples
        In the first frame of the transform; those without coordinates stay as they are.
    transform : Transform
        Its error is added to their uncertainty, in squares.
    geometry : Geometry, optional
        Grid that voxel coordinates count.

    Returns
    -------
    Samples
        In LPS mm of the second frame.

    Raises
    ------
    InputError
        If a located sample is in another frame, or has voxel coordinates and there is no grid.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"sample_id": ["s1"], "patient_id": ["P1"], "coord_system": ["LPS"],
    ...     "unit": ["mm"], "x": [1], "y": [2], "z": [0], "frame": ["HE"], "precision": ["point"]})
    >>> shift = Transform.of(np.eye(4) + np.eye(4, k=3) * 5, "HE", "CT")
    >>> moved = move_samples(Samples.from_table(frame), shift)
    >>> moved.points_lps().tolist(), moved.table.at["s1", "frame"]
    ([[6.0, 2.0, 0.0]], 'CT')
    """
    located = samples.located
    for name in dict.fromkeys(located.table["frame"]):
        require_frame(str(name), transform.from_frame, "Samples lie")
    table: pd.DataFrame = samples.table.copy()
    rows = table[_XYZ].notna().all(axis=1)
    table.loc[rows, _XYZ] = transform.points(located.points_lps(geometry))
    table.loc[rows, ["coord_system", "unit", "frame"]] = ["LPS", "mm", transform.to_frame]
    if transform.error_mm:
        own = table.loc[rows, "uncertainty_mm"].fillna(0.0)
        table.loc[rows, "uncertainty_mm"] = np.hypot(own, transform.error_mm)
    return replace(samples, table=table)


def resample_through(
    source: Grid,
    transform: Transform,
    onto: Image | Segmentation | Geometry,
    *,
    nearest: bool = False,
    fill: float | None = None,
    progress: Progress = quiet,
) -> Grid:
    """Look an image or a segmentation up at the places of a grid in another frame.

    Parameters
    ----------
    source : Image or Segmentation
        In the second frame of the transform. A single slice is as thick as its spacing.
    transform : Transform
        From the frame of the grid to that of the source.
    onto : Image, Segmentation or Geometry
        Grid in the first frame of the transform.
    nearest : bool, optional
        Take values from the nearest voxel; labels always are. Else they are interpolated
        linearly.
    fill : float, optional
        Value outside the source; NaN of a map, 0 of labels and else its lowest value where None
        is given.
    progress : Progress, optional
        Reports blocks of voxels; may cancel.

    Returns
    -------
    Image or Segmentation
        The same kind on the grid, in its frame.

    Raises
    ------
    InputError
        If the source is known to be in another frame than the transform leads to.

    Examples
    --------
    >>> scan = Image(np.arange(4.0).reshape(1, 1, 4), Geometry((4, 1, 1)))
    >>> half = Transform.of(np.eye(4) + np.eye(4, k=3) * 0.5)
    >>> resample_through(scan, half, Geometry((3, 1, 1))).array.tolist()
    [[[0.5, 1.5, 2.5]]]
    """
    grid = onto if isinstance(onto, Geometry) else onto.geometry
    require_frame(str(source.metadata.get("frame", "")), transform.to_frame, "The image is")
    if not isinstance(onto, Geometry):
        require_frame(str(onto.metadata.get("frame", "")), transform.from_frame, "The grid is")
    metadata = {**source.metadata, "frame": transform.from_frame}
    facts: dict[str, Any] = {"geometry": grid, "metadata": metadata}
    if isinstance(source, Segmentation):
        stack = np.stack([np.asarray(layer) for layer in source.layers()])
        found = _looked_up(stack, source.geometry, transform, grid, True, 0, progress)
        labels = found if source.overlapping else found[0]
        return replace(source, labels=labels, fractions=None, **facts)  # type: ignore[call-arg]
    outside = _outside(source) if fill is None else fill
    stack = source.array if source.fourth_axis else source.array[np.newaxis]
    found = _looked_up(stack, source.geometry, transform, grid, nearest, outside, progress)
    array = found if source.fourth_axis else found[0]
    return replace(source, array=array, blank_slices=(), **facts)


def _outside(source: Image) -> float:
    if source.modality == "map" and source.array.dtype.kind == "f":
        return float("nan")
    values = source.array[np.isfinite(source.array)]
    return float(values.min()) if values.size else 0.0


def _looked_up(
    stack: NDArray,
    geometry: Geometry,
    transform: Transform,
    grid: Geometry,
    nearest: bool,
    fill: float,
    progress: Progress,
) -> NDArray:
    """Values of volumes (C, Z, Y, X) on another grid, shape (C, Z', Y', X')."""
    kind = stack.dtype if nearest else np.result_type(stack.dtype, np.float32)
    if nearest and stack.dtype.kind in "iub" and not np.isfinite(fill):
        raise InputError("Whole numbers have no NaN. Give a fill value.")
    found = np.full((len(stack), *grid.shape), fill, kind)
    flat = found.reshape(len(stack), -1)
    box = _reached(geometry, transform, grid)
    count = int(np.prod([part.stop - part.start for part in box]))
    for start in progress(range(0, count, _BLOCK), "Resampling"):
        kji = _voxels(box, start, min(count, start + _BLOCK))
        places = transform.points_or_nan(grid.index_to_world(kji[:, ::-1]))
        at = geometry.world_to_index(places)  # (M, 3): i, j, k
        with np.errstate(invalid="ignore"):
            inside = np.all((at >= -0.5) & (at < np.array(geometry.size) - 0.5), axis=1)
        if inside.any():
            target = np.ravel_multi_index(tuple(kji[inside].T), grid.shape)
            flat[:, target] = _values(stack, at[inside][:, ::-1], nearest)
    return found


def _values(stack: NDArray, at: NDArray[np.float64], nearest: bool) -> NDArray:
    """Values at fractional indices (M, 3) in order k, j, i, shape (C, M)."""
    from scipy.ndimage import map_coordinates

    if nearest:
        k, j, i = np.floor(at + 0.5).astype(np.intp).T
        return stack[:, k, j, i]
    whole = [
        map_coordinates(volume, at.T, output=np.float64, order=1, mode="nearest")
        for volume in stack
    ]
    return np.stack(whole)


def _voxels(box: tuple[slice, ...], start: int, stop: int) -> NDArray[np.intp]:
    """Indices k, j, i of some voxels of a box, counted row by row, shape (M, 3)."""
    shape = [part.stop - part.start for part in box]
    within = np.stack(np.unravel_index(np.arange(start, stop), shape), axis=1)
    return within + [part.start for part in box]


def _reached(source: Geometry, transform: Transform, grid: Geometry) -> tuple[slice, ...]:
    """Box of the grid, slices along z, y, x, that the source can lie in."""
    ends = [np.linspace(-0.5, size - 0.5, _BORDER) for size in source.size]
    border = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    places = transform.inverse().points_or_nan(source.index_to_world(border))
    if not np.isfinite(places).all():  # it folds somewhere: look everywhere
        return tuple(slice(0, size) for size in grid.shape)
    at = grid.world_to_index(places)
    low, high = at.min(axis=0), at.max(axis=0)
    margin = 1 if transform.is_matrix else 1 + _MARGIN * (high - low)
    first = np.clip(np.floor(low - margin), 0, grid.size).astype(int)
    last = np.clip(np.ceil(high + margin) + 1, 0, grid.size).astype(int)
    return tuple(
        slice(a, b) for a, b in zip(first[::-1].tolist(), last[::-1].tolist(), strict=True)
    )
