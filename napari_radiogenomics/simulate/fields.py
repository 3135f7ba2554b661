"""The hidden biology of one tumour: its shape and the fields that everything else reads.

Scan, RNA and slides of a patient are drawn from the same fields, which is why they agree.
Fields are in units of one standard deviation between patients; a gene of loading b changes
by b·log2 units with each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.simulate.randomness import smooth_field, stream

__all__ = [
    "PROGRAMS",
    "Tumor",
    "axes_of",
    "block_of",
    "box_around",
    "ellipsoid",
    "make_tumor",
    "sample_at",
]

Float = NDArray[np.float32]
Triple = tuple[float, float, float]

PROGRAMS = ("hypoxia", "angiogenesis", "proliferation", "emt", "immune")
# What each program gains from the core to the rim, and how much it varies in between.
_RIM = {"hypoxia": -1.6, "angiogenesis": 1.2, "proliferation": 1.5, "emt": 0.5, "immune": 0.4}
_PATCHES = {"hypoxia": 0.6, "angiogenesis": 0.5, "proliferation": 0.4, "emt": 0.4, "immune": 0.5}
PATCH_MM = 3.0


@dataclass(frozen=True)
class Tumor:
    """Shape and fields of a tumour, on the part of the phantom's lattice around it.

    Attributes
    ----------
    geometry : Geometry
        Box of the phantom's lattice, with the axes of the patient.
    depth : ndarray, shape (Z, Y, X)
        About the distance below the surface in mm; negative outside.
    core : ndarray
        0 in the rim to 1 in the necrotic core.
    patches : ndarray
        Unit-variance field that both the hypoxia genes and the texture follow.
    programs : dict of ndarray
        The fields by name.
    center : ndarray, shape (3,)
        LPS mm.
    """

    geometry: Geometry
    depth: Float
    core: Float
    patches: Float
    programs: dict[str, Float]
    center: NDArray[np.float64]

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Voxels of the tumour."""
        return self.depth > 0

    @property
    def volume_ml(self) -> float:
        """Volume in mL."""
        return float(self.mask.sum()) * self.geometry.voxel_volume / 1000


def axes_of(geometry: Geometry) -> tuple[Float, Float, Float]:
    """World x, y, z of a lattice with the patient's axes, ready to broadcast to (Z, Y, X)."""
    x, y, z = (
        (origin + spacing * np.arange(size)).astype(np.float32)
        for origin, spacing, size in zip(
            geometry.origin, geometry.spacing, geometry.size, strict=True
        )
    )
    return x, y[:, None], z[:, None, None]


def ellipsoid(axes: tuple[Float, ...], center: Triple, radii: Triple) -> Float:
    """Roughly the distance inside an ellipsoid's surface in mm, positive inside."""
    squared = sum(((a - c) / r) ** 2 for a, c, r in zip(axes, center, radii, strict=True))
    return ((1 - np.sqrt(squared)) * min(radii)).astype(np.float32)


def box_around(lattice: Geometry, center: NDArray[np.float64], reach: float) -> Geometry:
    """Part of a lattice within ``reach`` mm of a point along each axis."""
    index = lattice.world_to_index(center)
    half = reach / np.asarray(lattice.spacing)
    low = np.maximum(np.floor(index - half).astype(int), 0)
    high = np.minimum(np.ceil(index + half).astype(int), np.asarray(lattice.size) - 1)
    return Geometry(tuple(high - low + 1), lattice.spacing, tuple(lattice.index_to_world(low)))


def block_of(lattice: Geometry, box: Geometry) -> tuple[slice, slice, slice]:
    """Where the voxels of a box lie in the arrays of its lattice."""
    low = np.round(lattice.world_to_index(box.origin)).astype(int)[::-1]
    return tuple(  # type: ignore[return-value]
        slice(start, start + size) for start, size in zip(low, box.shape, strict=True)
    )


def sample_at(field: Float, geometry: Geometry, points: NDArray[np.float64]) -> NDArray:
    """Interpolate a field at LPS points (..., 3) in mm."""
    from scipy import ndimage

    index = np.moveaxis(geometry.world_to_index(points)[..., ::-1], -1, 0)
    return ndimage.map_coordinates(field, index, order=1, mode="nearest")


def _blob(seed: int, patient: str, geometry: Geometry, center: NDArray, radius: float) -> Float:
    """Level set of a lumpy, slightly elongated ball; positive inside, about in mm."""
    rng = stream(seed, patient, "shape")
    stretch = np.exp(rng.normal(0, 0.10, 3))
    stretch /= np.prod(stretch) ** (1 / 3)
    x, y, z = axes_of(geometry)
    squared = sum(
        ((axis - c) / s) ** 2 for axis, c, s in zip((x, y, z), center, stretch, strict=True)
    )
    lumps = smooth_field(rng, geometry, 0.45 * radius)
    spikes = smooth_field(rng, geometry, 2.0)
    return (radius - np.sqrt(squared) + 0.14 * radius * lumps + 0.4 * spikes).astype(np.float32)


def _to_volume(depth: Float, volume_ml: float, geometry: Geometry) -> Float:
    """Shift a level set so that its inside has a volume, and keep the largest piece."""
    from scipy import ndimage

    count = round(volume_ml * 1000 / geometry.voxel_volume)
    for _ in range(2):  # the second time without the islands
        threshold = np.partition(depth.ravel(), -count)[-count]
        pieces, n_pieces = ndimage.label(depth > threshold)
        if n_pieces > 1:
            largest = np.bincount(pieces.ravel())[1:].argmax() + 1
            depth = np.where((pieces > 0) & (pieces != largest), threshold - 0.1, depth)
    return (depth - threshold).astype(np.float32)


def make_tumor(
    seed: int,
    patient: str,
    geometry: Geometry,
    *,
    center: NDArray[np.float64],
    volume_ml: float,
    baseline_ml: float,
    activity: dict[str, float],
) -> Tumor:
    """Grow a tumour on a lattice.

    Parameters
    ----------
    seed, patient
        Name of the random streams: every timepoint of a patient has the same ones.
    geometry : Geometry
        Box of the phantom's lattice.
    center : ndarray, shape (3,)
        LPS mm.
    volume_ml, baseline_ml : float
        Volume now and at the first timepoint, which sets the form.
    activity : dict
        Mean of each program, in standard deviations between patients.
    """
    radius = (3 * baseline_ml * 1000 / (4 * np.pi)) ** (1 / 3)
    depth = _to_volume(_blob(seed, patient, geometry, center, radius), volume_ml, geometry)
    grown = (volume_ml / baseline_ml) ** (1 / 3)
    rim_mm = 0.45 * radius * grown
    core = 1 / (1 + np.exp(-np.clip((depth - rim_mm) / 1.0, -30, 30)))
    fields = {
        name: smooth_field(stream(seed, patient, "field", name), geometry, PATCH_MM)
        for name in PROGRAMS
    }
    inside = depth > 0
    rim = 1 - core - float((1 - core)[inside].mean())
    programs = {
        name: (activity[name] + _RIM[name] * rim + _PATCHES[name] * fields[name]).astype(np.float32)
        for name in PROGRAMS
    }
    return Tumor(
        geometry, depth, core.astype(np.float32), fields["hypoxia"], programs, np.asarray(center)
    )
