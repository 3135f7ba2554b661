"""What a family of texture features is: one module in ``families/`` that defines ``FAMILY``.

Letters: V voxels measured, F features, K voxels of a kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.lattice import Pairs, far_pairs, pairs
from napari_radiogenomics.registry import Registry, did_you_mean

__all__ = [
    "FAMILIES",
    "Family",
    "Feature",
    "MatrixSettings",
    "Neighborhoods",
    "feature_meanings",
    "find_features",
]


@dataclass(frozen=True)
class Feature:
    """Record of one texture feature.

    Attributes
    ----------
    name : str
        PyRadiomics' name, for example ``"Entropy"``.
    title : str
        Name a person reads.
    meaning : str
        What a high value says, in plain words.
    formula : str
        Formula in plain text.
    ibsi : str
        Permanent id in the reference manual of the IBSI; empty where it has none.
    unit : str
        Unit; ``{unit}`` stands for the unit of the scan.
    degenerate : str
        What it is where the formula has no answer.
    doi : str
        Where it is defined.
    by_default : bool
        Whether "all" means it too.
    """

    name: str
    title: str
    meaning: str
    formula: str
    ibsi: str = ""
    unit: str = ""
    degenerate: str = ""
    doi: str = "10.1158/0008-5472.CAN-17-0339"
    by_default: bool = True

    def unit_on(self, scan_unit: str) -> str:
        """Unit on a scan with this unit; empty where the scan's values have none."""
        if "{unit}" in self.unit and not scan_unit:
            return ""
        return self.unit.format(unit=scan_unit)


@dataclass(frozen=True)
class MatrixSettings:
    """How the matrices of gray levels are made.

    Attributes
    ----------
    distances : tuple of int
        How far apart neighbors are, in voxels along the longest axis.
    symmetrical : bool
        Count a pair of neighbors both ways (GLCM).
    weighting_norm : str or None
        Join the angles (GLCM, GLRLM), weighted by their length in mm by this norm:
        "manhattan", "euclidean", "infinity", or all alike with "no_weighting". Without it, a
        feature is the mean over the angles.
    alpha : int
        Gray levels that dependent neighbors may differ (GLDM).
    """

    distances: tuple[int, ...] = (1,)
    symmetrical: bool = True
    weighting_norm: str | None = None
    alpha: int = 0


@dataclass(frozen=True)
class Neighborhoods:
    """A region cropped and padded so that a kernel is a list of flat offsets.

    Attributes
    ----------
    values : ndarray of float64
        Crop of the scan, flat, padded by the radius; NaN where a voxel does not count.
    levels : ndarray of int32
        Gray levels of the same voxels; 0 where a voxel does not count.
    n_levels : int
        Highest gray level of the region.
    offsets : ndarray of intp, shape (K,)
        Flat distance from a voxel to those of its kernel, itself included, in scan order.
    spacing : tuple of float
        Size of a voxel along z, y, x in mm.
    native_levels : ndarray of int16
        Gray levels made in the scan's own precision, for the matrices; empty where no family
        chosen needs them.
    n_native_levels : int
        The highest of them.
    radius : int
        Of the kernel, in voxels.
    thin_axis : int or None
        Axis (0 = z) along which the kernel is one voxel thick.
    matrix : MatrixSettings
        How matrices are made.
    """

    values: NDArray[np.float64]
    levels: NDArray[np.int32]
    n_levels: int
    offsets: NDArray[np.intp]
    spacing: tuple[float, float, float]
    native_levels: NDArray[np.int16]
    n_native_levels: int
    radius: int
    thin_axis: int | None = None
    matrix: MatrixSettings = MatrixSettings()

    @property
    def voxel_volume(self) -> float:
        """In mm³."""
        return math.prod(self.spacing)

    @cached_property
    def one_level(self) -> bool:
        """Whether the whole region has one gray level."""
        counted = self.native_levels[self.native_levels > 0]
        return bool((counted == self.n_native_levels).all())

    def pairs(self, *, distances: tuple[int, ...] | None = None) -> Pairs:
        """Neighbors within a kernel; those that touch with ``distances=(1,)``."""
        return pairs(self.radius, self.thin_axis, distances or self.matrix.distances)

    def touching(self) -> Pairs:
        """Neighbors within a kernel that touch, ordered by the first of two: one sweep."""
        found = self.pairs(distances=(1,))
        order = np.lexsort((found.second, found.first))
        return found._replace(first=found.first[order], second=found.second[order])

    def lengths(self, steps: NDArray[np.intp]) -> NDArray[np.float64]:
        """Length of steps of shape (A, 3) in the weighting norm, in mm; 1 without weighting."""
        parts = np.abs(steps) * np.array(self.spacing)
        norms: dict[str | None, Callable[[], NDArray[np.float64]]] = {
            "infinity": lambda: parts.max(axis=1),
            "euclidean": lambda: np.sqrt((parts**2).sum(axis=1)),
            "manhattan": lambda: parts.sum(axis=1),
        }
        return norms.get(self.matrix.weighting_norm, lambda: np.ones(len(steps)))()

    def far_pairs(self) -> Pairs:
        """Voxels of a kernel on one line that do not touch."""
        return far_pairs(self.radius, self.thin_axis)

    @cached_property
    def buckets(self) -> NDArray[np.uint8]:
        """Part of the region's values, 0 to 255, that a voxel's value lies in; rises with it."""
        counted = self.values[self.levels > 0]
        edges = np.quantile(counted, np.arange(1, 256) / 256)
        return np.searchsorted(edges, self.values, side="right").astype(np.uint8)


@dataclass(frozen=True)
class Family:
    """One family of texture features.

    Attributes
    ----------
    name : str
        PyRadiomics' name of the class, for example ``"firstorder"``.
    title : str
        Name a person knows.
    features : tuple of Feature
        In PyRadiomics' order.
    measure : callable
        ``measure(neighborhoods, centers, names) -> ndarray of float64, shape (F, V)``: the
        named features around the voxels at the flat positions ``centers`` (intp, shape (V,)).
        Runs in several threads at once. A value without meaning is NaN.
    needs_matrix : bool
        Whether it looks at `Neighborhoods.native_levels`.
    cost : float
        Time for a voxel, compared with first order.
    """

    name: str
    title: str
    features: tuple[Feature, ...]
    measure: Callable[[Neighborhoods, NDArray[np.intp], tuple[str, ...]], NDArray[np.float64]]
    needs_matrix: bool = False
    cost: float = 1.0

    def __getitem__(self, name: str) -> Feature:
        for feature in self.features:
            if feature.name == name:
                return feature
        known = [feature.name for feature in self.features]
        raise InputError(f'{self.title} has no feature "{name}". {did_you_mean(name, known)}')

    def __contains__(self, name: object) -> bool:
        return any(feature.name == name for feature in self.features)


FAMILIES: Registry[Family] = Registry(
    "napari_radiogenomics.radiomics.families",
    attribute="FAMILY",
    noun="texture family",
    group="napari_radiogenomics.families",
)


def feature_meanings() -> Mapping[str, str]:
    """Names of the features of all families, each with its meaning."""
    several: dict[str, list[tuple[Family, Feature]]] = {}
    for family in FAMILIES:
        for feature in family.features:
            several.setdefault(feature.name, []).append((family, feature))
    return {
        name: " ".join(
            feature.meaning if len(found) == 1 else f"{family.title}: {feature.meaning}"
            for family, feature in found
        )
        for name, found in several.items()
    }


def find_features(
    families: Sequence[str], names: Sequence[str]
) -> dict[Family, tuple[Feature, ...]]:
    """Find features by name in the families chosen.

    Parameters
    ----------
    families : sequence of str
        Names of families.
    names : sequence of str
        ``"Entropy"``, ``"firstorder_Entropy"`` or ``"original_firstorder_Entropy"``;
        ``"all"`` means every feature that is computed by default.

    Returns
    -------
    dict
        Families that have one of the features, each with its features in the order asked.

    Raises
    ------
    InputError
        If a family or a feature is not known, or none is named.

    Examples
    --------
    >>> [(f.name, [x.name for x in found])
    ...  for f, found in find_features(["firstorder"], ["Mean", "Range"]).items()]
    [('firstorder', ['Mean', 'Range'])]
    """
    chosen = [FAMILIES[name] for name in dict.fromkeys(families)]
    found: dict[Family, dict[str, Feature]] = {}
    for name in names:
        matches = [(f, x) for f in chosen for x in f.features if _means(name, f, x)]
        if not matches:
            known = [feature.name for family in chosen for feature in family.features]
            raise InputError(f'Unknown feature "{name}". {did_you_mean(_bare(name), known)}')
        for family, feature in matches:
            found.setdefault(family, {})[feature.name] = feature
    if not found:
        raise InputError('No feature is chosen. Name at least one, for example "Entropy".')
    return {family: tuple(features.values()) for family, features in found.items()}


def _means(name: str, family: Family, feature: Feature) -> bool:
    if name == "all":
        return feature.by_default
    full = f"original_{family.name}_{feature.name}"
    return name in (feature.name, full, full.removeprefix("original_"))


def _bare(name: str) -> str:
    return name.rpartition("_")[2]
