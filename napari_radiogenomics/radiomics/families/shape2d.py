"""Shape of a region that is one slice thick.

A is the area within the outline, which runs midway between pixels inside and out, P its
length; λ1 ≥ λ2 are the variances of the pixels' places along the principal axes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.family import Family, Feature, Region
from napari_radiogenomics.radiomics.outline import corners, furthest, square_size

__all__ = ["FAMILY"]


@dataclass(frozen=True)
class _Outline:
    """What the features of a flat region's shape are made of."""

    inside: NDArray[np.bool_]
    spacing: tuple[float, float]

    @cached_property
    def size(self) -> tuple[float, float]:
        """Perimeter and area."""
        return square_size(self.inside, self.spacing)

    @property
    def P(self) -> float:  # noqa: N802
        return self.size[0]

    @property
    def A(self) -> float:  # noqa: N802
        return self.size[1]

    @property
    def sphericity(self) -> float:
        return float(2 * np.sqrt(np.pi * self.A) / self.P)

    @cached_property
    def variances(self) -> NDArray[np.float64]:
        """λ1, λ2."""
        places = np.argwhere(self.inside) * np.array(self.spacing)
        places -= places.mean(axis=0)
        return np.maximum(np.linalg.eigvalsh(places.T @ places / len(places))[::-1], 0.0)

    def axis(self, number: int) -> float:
        return float(4 * np.sqrt(self.variances[number]))

    def elongation(self) -> float:
        most, least = self.variances
        return float(np.sqrt(least / most)) if most > 0 else np.nan


_Entry = tuple[Feature, Callable[[_Outline], float]]
_ENTRIES: tuple[_Entry, ...] = (
    (
        Feature(
            "Elongation", "Elongation",
            "How much the region is as wide as it is long: 1 for a disk, 0 for a line.",
            "√(λ2 / λ1)", "", "", "A single pixel: blank.",
        ),
        lambda o: o.elongation(),
    ),
    (
        Feature(
            "MajorAxisLength", "Major axis length",
            "The longer axis of the ellipse that spreads as the region does.",
            "4·√λ1", "", "mm",
        ),
        lambda o: o.axis(0),
    ),
    (
        Feature(
            "MaximumDiameter", "Maximum diameter",
            "The largest distance of two corners of the outline.",
            "largest distance of corners", "", "mm",
        ),
        lambda o: furthest(corners(o.inside), o.spacing),
    ),
    (
        Feature(
            "MeshSurface", "Area",
            "The area within the outline.", "A", "", "mm²",
        ),
        lambda o: o.A,
    ),
    (
        Feature(
            "MinorAxisLength", "Minor axis length",
            "The shorter axis of the ellipse that spreads as the region does.",
            "4·√λ2", "", "mm",
        ),
        lambda o: o.axis(1),
    ),
    (
        Feature("Perimeter", "Perimeter", "The length of the outline.", "P", "", "mm"),
        lambda o: o.P,
    ),
    (
        Feature(
            "PerimeterSurfaceRatio", "Perimeter to area ratio",
            "How long the outline is for the area; small regions have more.",
            "P / A", "", "1/mm",
        ),
        lambda o: o.P / o.A,
    ),
    (
        Feature(
            "PixelSurface", "Area of the pixels",
            "The number of pixels times the area of one.", "N · pixel area", "", "mm²",
        ),
        lambda o: float(o.inside.sum() * np.prod(o.spacing)),
    ),
    (
        Feature(
            "Sphericity", "Roundness",
            "How round the region is: 1 for a disk, less the longer its outline.",
            "2·√(π·A) / P",
        ),
        lambda o: o.sphericity,
    ),
    (
        Feature(
            "SphericalDisproportion", "Disproportion",
            "How much longer the outline is than that of a disk; one over roundness.",
            "P / (2·√(π·A))", by_default=False,
        ),
        lambda o: 1 / o.sphericity,
    ),
)  # fmt: skip
_VALUE_OF = {feature.name: value for feature, value in _ENTRIES}


def _measure_region(region: Region, names: tuple[str, ...]) -> NDArray[np.float64]:
    axis = 0 if region.thin_axis is None else region.thin_axis
    thick = region.inside.shape[axis]
    if thick > 1:
        raise InputError(
            f"The region is {thick} slices thick along axis {'kji'[axis]} of the scan; its shape "
            "in 2D needs one. Leave shape2D out, or choose another force_2d_dimension."
        )
    y, x = (n for a, n in enumerate(region.spacing) if a != axis)
    outline = _Outline(region.inside.squeeze(axis), (y, x))
    return np.array([_VALUE_OF[name](outline) for name in names])


FAMILY = Family(
    name="shape2D",
    title="Shape (2D)",
    features=tuple(feature for feature, _ in _ENTRIES),
    measure_region=_measure_region,
    of_shape=True,
)
