"""Laplacian of Gaussian: blobs and edges of one size.

Strategy: ITK's recursive Gaussian is a sum of damped waves on both sides of a voxel, with the
scan's edge values going on forever. Along one axis that is a matrix, and only its rows in the
box are wanted: three matrix products an axis, instead of nine sweeps over the whole scan. ITK
keeps single precision between the axes, and so does this. The first two products of an axis are
made slab after slab, across the third.

Letters: B voxels of the box along an axis, N voxels read along it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.radiomics.filter import Filter, Source
from napari_radiogenomics.radiomics.itk_steps import run_itk
from napari_radiogenomics.statistics.threads import one_thread

__all__ = ["FILTER"]

# Waves of the fourth-order fit: how fast they die, how fast they turn, and their amplitudes
# (cosine, sine) for the Gaussian and for its second derivative.
_DECAY = np.array([1.3932, 1.3732])
_TURN = np.array([0.6681, 2.0787])
_SMOOTH = np.array([[1.3530, 1.8151], [-0.3531, 0.0902]])
_SECOND = np.array([[-1.3563, 5.2318], [0.3446, -2.2355]])
# The waves have died at this many sigma: exp(-22 · 1.37) is 8e-14.
_FAR = 22
# A box with longer edges than this, added up, is cheaper by ITK's sweeps.
_LARGE = 400
# Products in a slab: 10 ms of work or so.
_PRODUCTS = 30_000_000


def _apply(source: Source, *, sigma: Sequence[float]) -> Iterator[tuple[str, NDArray]]:
    for width in _widths(sigma):
        name = f"log-sigma-{str(width).replace('.', '-')}-mm-3D"
        if _fits(source, width, name):
            yield name, _laplacian(source, width)


def _widths(sigma: Sequence[float] | float) -> list[float]:
    widths = list(np.atleast_1d(np.asarray(sigma, object)))
    if not widths:
        raise InputError("LoG needs sigma, a list of widths in mm; for example sigma=[1.0, 3.0].")
    for width in widths:
        if not (np.isfinite(width) and width > 0):
            raise InputError(f"sigma is a width in mm, more than 0; got {width}.")
    return widths


def _fits(source: Source, width: float, name: str) -> bool:
    """Whether the scan is large enough; if not, say so, and leave it out as PyRadiomics does."""
    size = np.array(source.array.shape)
    least = np.maximum(np.ceil(width / np.array(source.spacing)) + 1, 4)
    if (size >= least).all():
        return True
    z, y, x = (int(n) for n in least)
    warnings.warn(
        f"{name} is left out: {source.name} has {'×'.join(map(str, size[::-1]))} voxels, and a "
        f"sigma of {width:g} mm needs {x}×{y}×{z}. Use a smaller sigma.",
        DataWarning,
        stacklevel=2,
    )
    return False


def _reach(spacing: tuple[float, float, float], *, sigma: Sequence[float]) -> tuple[int, int, int]:
    width = max(_widths(sigma))
    z, y, x = (int(np.ceil(_FAR * width / step)) for step in spacing)
    return z, y, x


def _laplacian(source: Source, width: float) -> NDArray[np.float32]:
    values, inside = source.around(_reach(source.spacing, sigma=[width]))
    wanted = [part.stop - part.start for part in inside]
    if sum(wanted) > _LARGE:
        return _by_sweeps(values, source, width)[inside]
    smooth, second = zip(
        *(
            _matrices(size, part, width / step)
            for size, part, step in zip(values.shape, inside, source.spacing, strict=True)
        ),
        strict=True,
    )
    total = np.zeros(wanted, np.float32)
    slabs = [slab for axis in (2, 1, 0) for slab in _slabs(values.shape, wanted, axis)]
    found: list[NDArray[np.float32]] = []
    with one_thread():
        for axis, slab, is_last in source.progress(slabs, FILTER.title):  # ITK goes x, y, z
            then, across = _others(axis)
            part = values[(*[slice(None)] * across, slab)]
            found.append(_along(smooth[then], _along(second[axis] * width**2, part, axis), then))
            if is_last:
                whole = _along(smooth[across], np.concatenate(found, axis=across), across)
                scale = 1.0 / source.spacing[axis] ** 2
                total = (total + whole.astype(np.float64) * scale).astype(np.float32)
                found.clear()
    return total


def _others(axis: int) -> tuple[int, int]:
    """The two other axes, in ITK's order."""
    first, last = (other for other in (2, 1, 0) if other != axis)
    return first, last


def _slabs(
    shape: tuple[int, ...], wanted: Sequence[int], axis: int
) -> list[tuple[int, slice, bool]]:
    """Parts of the work on an axis: slabs across the last of the other two."""
    _, across = _others(axis)
    size = shape[across]
    cost = wanted[axis] * math.prod(shape) / size  # products a plane
    thick = max(1, int(_PRODUCTS / cost))
    return [(axis, slice(k, k + thick), k + thick >= size) for k in range(0, size, thick)]


def _along(matrix: NDArray[np.float64], values: NDArray, axis: int) -> NDArray[np.float32]:
    """Multiply along one axis, in doubles; keep single precision."""
    values = values.astype(np.float64, copy=False)
    if axis == 2:
        product = values @ matrix.T
    elif axis == 1:
        product = np.matmul(matrix, values)
    else:
        product = (matrix @ values.reshape(len(values), -1)).reshape(-1, *values.shape[1:])
    return product.astype(np.float32)


def _matrices(
    size: int, part: slice, sigma: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gaussian and its second derivative as matrices of shape (B, N); sigma in voxels."""
    far = size + int(np.ceil(30 * sigma))
    steps = np.arange(far + 1)
    gauss, bump = _waves(steps / sigma, _SMOOTH), _waves(steps / sigma, _SECOND)
    total = 2 * gauss.sum() - gauss[0]
    bump -= (2 * bump.sum() - bump[0]) / total * gauss  # flat tissue has no second derivative
    bump /= (steps**2 * bump).sum()  # that of x²/2 is 1
    rows = np.arange(part.start, part.stop)
    return _spread(gauss / total, rows, size), _spread(bump, rows, size)


def _waves(x: NDArray[np.float64], amplitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    parts: NDArray[np.float64] = sum(
        (a * np.cos(turn * x) + b * np.sin(turn * x)) * np.exp(-decay * x)
        for decay, turn, (a, b) in zip(_DECAY, _TURN, amplitudes, strict=True)
    )
    return parts


def _spread(
    response: NDArray[np.float64], rows: NDArray[np.intp], size: int
) -> NDArray[np.float64]:
    """Matrix of a symmetric response; the first and the last value go on forever."""
    matrix: NDArray[np.float64] = response[np.abs(rows[:, None] - np.arange(size))]
    tails = np.append(np.cumsum(response[::-1])[::-1], 0.0)  # sums from each step on
    matrix[:, 0] = tails[rows]
    matrix[:, -1] = tails[size - 1 - rows] if size > 1 else 1
    return matrix


def _by_sweeps(values: NDArray, source: Source, width: float) -> NDArray[np.float32]:
    import SimpleITK as sitk

    scan = sitk.GetImageFromArray(np.ascontiguousarray(values))
    scan.SetSpacing(source.spacing[::-1])
    sweeps = sitk.LaplacianRecursiveGaussianImageFilter()
    sweeps.SetSigma(float(width))
    sweeps.SetNormalizeAcrossScale(True)
    found = run_itk(sweeps, scan, source.progress, FILTER.title)
    result: NDArray[np.float32] = sitk.GetArrayFromImage(found)
    return result


FILTER = Filter(
    "LoG",
    "Laplacian of Gaussian",
    "Spots and edges about as wide as sigma; dark spots are high, bright ones low.",
    "f = σ² ∇²(G(σ) ∗ x), G a Gaussian of width σ in mm",
    _apply,
    settings={"sigma": ()},
    reach=_reach,
    doi="10.1007/s10851-006-8464-z",
    limits="Finer than a slice is thick, it says nothing across slices.",
)
