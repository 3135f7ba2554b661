"""Local binary patterns on a sphere, the same however the tissue is turned.

Letters: S points of the sphere, N levels, H harmonics.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.boxes import Box
from napari_radiogenomics.radiomics.filter import Filter, Source

__all__ = ["FILTER", "icosphere"]

# The influence of a voxel on a cubic spline dies as 0.268 a step: 1e-16 after 28.
_SPLINE = 28
# Samples in a part: some 10 ms of work, and they stay in the cache.
_SAMPLES = 200_000


def _apply(
    source: Source,
    *,
    lbp3DLevels: int,
    lbp3DIcosphereRadius: float,
    lbp3DIcosphereSubdivision: int,
) -> Iterator[tuple[str, NDArray]]:
    if lbp3DLevels < 1 or lbp3DIcosphereSubdivision < 0:
        raise InputError("lbp3DLevels is 1 or more, lbp3DIcosphereSubdivision 0 or more.")
    values, inside = source.around(
        _reach(source.spacing, lbp3DIcosphereRadius=lbp3DIcosphereRadius)
    )
    sphere = icosphere(lbp3DIcosphereSubdivision) * lbp3DIcosphereRadius
    harmonics = _harmonics(sphere, lbp3DIcosphereRadius, lbp3DLevels)
    maps = np.empty((lbp3DLevels + 1, *(part.stop - part.start for part in inside)))
    sampled = _Sampled(values, lbp3DIcosphereRadius, source)
    for part in source.progress(_parts(inside, len(sphere)), FILTER.title):
        around = np.stack([sampled.beside(part, point) for point in sphere], axis=-1)
        place = tuple(
            slice(own.start - whole.start, own.stop - whole.start)
            for own, whole in zip(part, inside, strict=True)
        )
        maps[(slice(None), *place)] = _patterns(around, values[part], harmonics)
    for level in range(lbp3DLevels):
        yield f"lbp-3D-m{level + 1}", maps[level]
    yield "lbp-3D-k", maps[-1]


def _parts(inside: Box, points: int) -> list[Box]:
    """Rows or slices of the box, so many that their samples are a part."""
    z, y, x = inside
    rows = max(1, _SAMPLES // (points * (x.stop - x.start)))
    slices = max(1, rows // (y.stop - y.start))
    return [
        (slice(k, min(k + slices, z.stop)), slice(j, min(j + rows, y.stop)), x)
        for k in range(z.start, z.stop, slices)
        for j in range(y.start, y.stop, rows)
    ]


class _Sampled:
    """A scan, sampled between its voxels by cubic splines as SciPy does.

    All voxels of a part are sampled at the same step from them, so that an axis has its four
    weights for all: 12 products a sample, where SciPy takes 64 and the weights of each.
    """

    def __init__(self, values: NDArray, radius: float, source: Source) -> None:
        from scipy.ndimage import spline_filter1d

        self.type, self.shape = values.dtype, values.shape
        self.far = int(np.ceil(radius)) + 2
        coefficients = values.astype(np.float64)
        for axis in source.progress(range(3), FILTER.title):
            if self.shape[axis] > 1:
                coefficients = spline_filter1d(coefficients, 3, axis, np.float64, "mirror")
        self.coefficients = np.pad(coefficients, self.far, mode="reflect")

    def beside(self, part: Box, step: NDArray[np.float64]) -> NDArray:
        """Values a step (z, y, x) from each voxel of a part, in the type of the scan."""
        whole = np.floor(step)
        start = [own.start + int(n) - 1 + self.far for own, n in zip(part, whole, strict=True)]
        sizes = [own.stop - own.start for own in part]
        found = self.coefficients[
            tuple(slice(low, low + n + 3) for low, n in zip(start, sizes, strict=True))
        ]
        for axis, n in enumerate(sizes):
            first, *others = _cubic(step[axis] - whole[axis])
            total = found[_at(axis, slice(0, n))] * first
            for k, weight in enumerate(others, start=1):
                total += found[_at(axis, slice(k, k + n))] * weight
            found = total
        for axis, own in enumerate(part):
            place = np.arange(own.start, own.stop) + step[axis]
            found[_at(axis, (place < 0) | (place > self.shape[axis] - 1))] = 0
        return _in_type(found, self.type)


def _at(axis: int, part: Any) -> tuple[Any, ...]:
    return (*[slice(None)] * axis, part)


def _cubic(x: float) -> tuple[float, float, float, float]:
    """Weights of the four coefficients around a place, x after the second."""
    z = 1.0 - x
    first = z * z * z / 6.0
    second = (x * x * (x - 2.0) * 3.0 + 4.0) / 6.0
    third = (z * z * (z - 2.0) * 3.0 + 4.0) / 6.0
    return first, second, third, 1.0 - first - second - third


def _in_type(values: NDArray[np.float64], kind: np.dtype) -> NDArray:
    """Values in the type of the scan; whole numbers are rounded and held within its limits."""
    if kind.kind == "f":
        return values.astype(kind, copy=False)
    limits = np.iinfo(kind)
    return np.trunc(values + np.copysign(0.5, values)).clip(limits.min, limits.max).astype(kind)


def _patterns(
    around: NDArray, centers: NDArray, harmonics: list[NDArray[np.complex128]]
) -> NDArray[np.float64]:
    """Patterns of each level and kurtosis of S samples around voxels, shape (N + 1, …)."""
    brighter = (around >= centers[..., None]).astype(float)
    levels = []
    for basis in harmonics:  # (S, H) of one level
        shape = (brighter @ basis) @ basis.T  # (…, S)
        levels.append(np.real(np.sqrt((shape**2).sum(axis=-1))))
    return np.array([*levels, _kurtosis(around)])


def _kurtosis(around: NDArray) -> NDArray:
    """Excess kurtosis of samples, as SciPy's; NaN where all are alike."""
    means = around.mean(axis=-1, keepdims=True)
    squares = (around - means) ** 2
    second, fourth = squares.mean(axis=-1), (squares**2).mean(axis=-1)
    alike = second <= (np.finfo(second.dtype).resolution * means[..., 0]) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray = np.where(alike, np.nan, fourth / second**2) - 3
    return found


@lru_cache(maxsize=8)
def icosphere(subdivision: int) -> NDArray[np.float64]:
    """Corners of an icosahedron whose edges are halved again and again, on the unit sphere.

    Parameters
    ----------
    subdivision : int
        How often edges are halved: 12, 42, 162, … corners.

    Returns
    -------
    ndarray of float64, shape (S, 3)

    Examples
    --------
    >>> [len(icosphere(n)) for n in range(3)]
    [12, 42, 162]
    """
    golden = (1 + np.sqrt(5)) / 2
    signs = [(a, b) for a in (-1, 1) for b in (-1, 1)]
    corners = np.array(
        [
            np.roll((0, a, b * golden), shift)
            for shift in range(3)
            for a, b in signs
        ]
    ) / np.sqrt(2 + golden)  # fmt: skip
    for _ in range(subdivision):
        corners = _halved(corners)
    corners.flags.writeable = False
    return corners


def _halved(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add the middle of each edge, on the sphere."""
    from scipy.spatial import ConvexHull

    faces = ConvexHull(corners).simplices
    edges = np.unique(np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
    middles = corners[edges].mean(axis=1)
    return np.concatenate([corners, middles / np.linalg.norm(middles, axis=1, keepdims=True)])


def _harmonics(
    sphere: NDArray[np.float64], radius: float, levels: int
) -> list[NDArray[np.complex128]]:
    """Spherical harmonics at the points, one array of shape (S, 2n + 1) a level n.

    As in PyRadiomics, which takes the polar angle for the azimuth and the azimuth for the
    polar angle.
    """
    azimuth = np.arccos(sphere[:, 2] / radius)
    polar = np.arctan2(sphere[:, 1], sphere[:, 0])
    return [
        np.stack([_harmonic(m, n, azimuth, polar) for m in range(-n, n + 1)], axis=1)
        for n in range(levels)
    ]


def _harmonic(
    m: int, n: int, azimuth: NDArray[np.float64], polar: NDArray[np.float64]
) -> NDArray[np.complex128]:
    from scipy.special import lpmv, poch

    order = abs(m)
    scale = np.sqrt((2 * n + 1) / 4 / np.pi / poch(n - order + 1, 2 * order))
    found = scale * lpmv(order, n, np.cos(polar)) * np.exp(1j * order * azimuth)
    return found if m >= 0 else (-1) ** order * np.conj(found)


def _reach(
    spacing: tuple[float, float, float],
    *,
    lbp3DIcosphereRadius: float,
    **settings: Any,
) -> tuple[int, int, int]:
    if not lbp3DIcosphereRadius > 0:
        raise InputError(
            f"lbp3DIcosphereRadius is a number of voxels, more than 0; got {lbp3DIcosphereRadius}."
        )
    far = int(np.ceil(lbp3DIcosphereRadius)) + _SPLINE
    return far, far, far


FILTER = Filter(
    "LBP3D",
    "Local binary pattern, 3D",
    "How the brighter neighbors lie around a voxel, whatever way the tissue is turned.",
    "norm of the harmonics of degree n of [x(sphere) ≥ center]; and the kurtosis of x(sphere)",
    _apply,
    settings={"lbp3DLevels": 2, "lbp3DIcosphereRadius": 1, "lbp3DIcosphereSubdivision": 1},
    reach=_reach,
    unit="",
    doi="10.1007/978-3-642-37410-4_3",
    limits="The sphere is one of voxels: on thick slices it is drawn out across them. Use a small "
    "bin width.",
)
