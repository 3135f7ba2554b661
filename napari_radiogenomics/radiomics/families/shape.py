"""Shape: how large and how round a region is, whatever its gray values.

V is the volume of the triangle mesh around the region and A its area; λ1 ≥ λ2 ≥ λ3 are the
variances of the voxels' places along the principal axes. The same in every derived image, so
it is measured of the original alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.family import Family, Feature, Region
from napari_radiogenomics.radiomics.outline import corners, furthest, mesh_size

__all__ = ["FAMILY"]

_IBSI = "10.1148/radiol.2020191145"


@dataclass(frozen=True)
class _Outline:
    """What the features of a region's shape are made of."""

    region: Region

    @cached_property
    def size(self) -> tuple[float, float]:
        """Area and volume of the mesh."""
        return mesh_size(self.region.inside, self.region.spacing)

    @property
    def A(self) -> float:  # noqa: N802
        return self.size[0]

    @property
    def V(self) -> float:  # noqa: N802
        return self.size[1]

    @property
    def sphericity(self) -> float:
        return float((36 * np.pi * self.V**2) ** (1 / 3) / self.A)

    @cached_property
    def corners(self) -> NDArray[np.intp]:
        return corners(self.region.inside)

    def furthest(self, plane: int | None = None) -> float:
        return furthest(self.corners, self.region.spacing, plane=plane)

    @cached_property
    def variances(self) -> NDArray[np.float64]:
        """λ1, λ2, λ3."""
        places = np.argwhere(self.region.inside) * np.array(self.region.spacing)
        places -= places.mean(axis=0)
        # The IBSI's reference values have the variance of a sample.
        n = len(places) - (self.region.standard == "ibsi" and len(places) > 1)
        spread = places.T @ places / n
        return np.maximum(np.linalg.eigvalsh(spread)[::-1], 0.0)

    def axis(self, number: int) -> float:
        return float(4 * np.sqrt(self.variances[number]))

    def ratio(self, number: int) -> float:
        least, most = self.variances[number], self.variances[0]
        return float(np.sqrt(least / most)) if most > 0 else np.nan


_Entry = tuple[Feature, Callable[[_Outline], float]]
_ENTRIES: tuple[_Entry, ...] = (
    (
        Feature(
            "Elongation", "Elongation",
            "How much the region is as wide as it is long: 1 for a ball, 0 for a line.",
            "√(λ2 / λ1)", "Q3CK", "", "A single voxel: blank.", doi=_IBSI,
        ),
        lambda o: o.ratio(1),
    ),
    (
        Feature(
            "Flatness", "Flatness",
            "How thick the region is for its length: 1 for a ball, 0 for a slice.",
            "√(λ3 / λ1)", "N17B", "", "A single voxel: blank.", doi=_IBSI,
        ),
        lambda o: o.ratio(2),
    ),
    (
        Feature(
            "LeastAxisLength", "Least axis length",
            "The shortest axis of the ellipsoid that spreads as the region does.",
            "4·√λ3", "7J51", "mm", "A single slice: 0.", doi=_IBSI,
        ),
        lambda o: o.axis(2),
    ),
    (
        Feature(
            "MajorAxisLength", "Major axis length",
            "The longest axis of the ellipsoid that spreads as the region does.",
            "4·√λ1", "TDIC", "mm", doi=_IBSI,
        ),
        lambda o: o.axis(0),
    ),
    (
        Feature(
            "Maximum2DDiameterColumn", "Maximum diameter across columns",
            "The largest distance of two corners of the mesh in one plane of rows and slices' "
            "stack: the coronal plane of an axial scan.",
            "largest distance of corners with one y", "", "mm",
        ),
        lambda o: o.furthest(1),
    ),
    (
        Feature(
            "Maximum2DDiameterRow", "Maximum diameter across rows",
            "The largest distance of two corners of the mesh in one plane of columns and "
            "slices' stack: the sagittal plane of an axial scan.",
            "largest distance of corners with one x", "", "mm",
        ),
        lambda o: o.furthest(2),
    ),
    (
        Feature(
            "Maximum2DDiameterSlice", "Maximum diameter in a slice",
            "The largest distance of two corners of the mesh in one slice.",
            "largest distance of corners with one z", "", "mm",
        ),
        lambda o: o.furthest(0),
    ),
    (
        Feature(
            "Maximum3DDiameter", "Maximum diameter",
            "The largest distance of two corners of the mesh.",
            "largest distance of corners", "L0JK", "mm", doi=_IBSI,
        ),
        lambda o: o.furthest(),
    ),
    (
        Feature(
            "MeshVolume", "Volume of the mesh",
            "The volume of the region, its surface taken midway between voxels inside and out.",
            "V", "RNU0", "mm³", doi=_IBSI,
        ),
        lambda o: o.V,
    ),
    (
        Feature(
            "MinorAxisLength", "Minor axis length",
            "The middle axis of the ellipsoid that spreads as the region does.",
            "4·√λ2", "P9VJ", "mm", doi=_IBSI,
        ),
        lambda o: o.axis(1),
    ),
    (
        Feature(
            "Sphericity", "Sphericity",
            "How round the region is: 1 for a ball, less the more surface it has.",
            "(36·π·V²)^(1/3) / A", "QCFX", doi=_IBSI,
        ),
        lambda o: o.sphericity,
    ),
    (
        Feature(
            "SurfaceArea", "Surface area",
            "The area of the triangle mesh around the region.", "A", "C0JK", "mm²", doi=_IBSI,
        ),
        lambda o: o.A,
    ),
    (
        Feature(
            "SurfaceVolumeRatio", "Surface to volume ratio",
            "How much surface there is for the volume; small regions have more.",
            "A / V", "2PR5", "1/mm", doi=_IBSI,
        ),
        lambda o: o.A / o.V,
    ),
    (
        Feature(
            "VoxelVolume", "Volume of the voxels",
            "The number of voxels times the volume of one.",
            "N · voxel volume", "YEKZ", "mm³", doi=_IBSI,
        ),
        lambda o: float(o.region.inside.sum() * o.region.voxel_volume),
    ),
    (
        Feature(
            "Compactness1", "Compactness 1",
            "How round the region is; says the same as sphericity.",
            "V / (√π · A^(3/2))", "SKGS", by_default=False, doi=_IBSI,
        ),
        lambda o: o.V / (np.sqrt(np.pi) * o.A**1.5),
    ),
    (
        Feature(
            "Compactness2", "Compactness 2",
            "How round the region is; the third power of sphericity.",
            "36·π·V² / A³", "BQWJ", by_default=False, doi=_IBSI,
        ),
        lambda o: o.sphericity**3,
    ),
    (
        Feature(
            "SphericalDisproportion", "Spherical disproportion",
            "How much more surface the region has than a ball; one over sphericity.",
            "A / (36·π·V²)^(1/3)", "KRCK", by_default=False, doi=_IBSI,
        ),
        lambda o: 1 / o.sphericity,
    ),
)  # fmt: skip
_VALUE_OF = {feature.name: value for feature, value in _ENTRIES}


def _measure_region(region: Region, names: tuple[str, ...]) -> NDArray[np.float64]:
    outline = _Outline(region)
    return np.array([_VALUE_OF[name](outline) for name in names])


FAMILY = Family(
    name="shape",
    title="Shape",
    features=tuple(feature for feature, _ in _ENTRIES),
    measure_region=_measure_region,
    of_shape=True,
)
