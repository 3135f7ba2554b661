"""Local binary patterns on a sphere, the same however the tissue is turned.

Letters: P voxels of a part, S points of the sphere, N levels, H harmonics.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.filter import Filter, Source

__all__ = ["FILTER", "icosphere"]

# The influence of a voxel on a cubic spline dies as 0.268 a step: 1e-16 after 28.
_SPLINE = 28
_PART = 20_000


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
    sampled = _Sampled(values, inside)
    places = np.indices(sampled.shape).reshape(3, -1).T + [part.start for part in inside]
    found = [
        _patterns(sampled, part, sphere, harmonics)
        for part in np.array_split(places, range(_PART, len(places), _PART))
    ]
    maps = np.concatenate(found, axis=1).reshape(-1, *sampled.shape)
    for level in range(lbp3DLevels):
        yield f"lbp-3D-m{level + 1}", maps[level]
    yield "lbp-3D-k", maps[-1]


class _Sampled:
    """A part of a scan, sampled between its voxels by cubic splines."""

    def __init__(self, values: NDArray, inside: tuple[slice, ...]) -> None:
        from scipy.ndimage import spline_filter

        self.values = values
        self.coefficients = spline_filter(values, order=3, output=np.float64, mode="mirror")
        self.shape = tuple(part.stop - part.start for part in inside)

    def at(self, places: NDArray[np.float64]) -> NDArray:
        """Values at places of shape (3, …), in the type of the scan; 0 outside."""
        from scipy.ndimage import map_coordinates

        found: NDArray = map_coordinates(
            self.coefficients, places, output=self.values.dtype, order=3, prefilter=False
        )
        return found


def _patterns(
    sampled: _Sampled,
    places: NDArray[np.intp],
    sphere: NDArray[np.float64],
    harmonics: list[NDArray[np.complex128]],
) -> NDArray[np.float64]:
    """Patterns of each level and kurtosis at P places, shape (N + 1, P)."""
    from scipy.stats import kurtosis

    around = sampled.at((places[None] + sphere[:, None]).T)  # (P, S)
    centers = sampled.values[tuple(places.T)]
    brighter = (around >= centers[:, None]).astype(float)
    levels = []
    for basis in harmonics:  # (S, H) of one level
        shape = (brighter @ basis) @ basis.T  # (P, S)
        levels.append(np.real(np.sqrt((shape**2).sum(axis=1))))
    with np.errstate(invalid="ignore", divide="ignore"):
        peaked = _quiet_kurtosis(kurtosis, around)
    return np.array([*levels, peaked])


def _quiet_kurtosis(kurtosis: Any, around: NDArray) -> NDArray[np.float64]:
    import warnings

    with warnings.catch_warnings():
        # Where all samples are alike there is no kurtosis; NaN says so.
        warnings.filterwarnings("ignore", "Precision loss occurred", RuntimeWarning)
        found: NDArray[np.float64] = kurtosis(around, axis=1)
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
