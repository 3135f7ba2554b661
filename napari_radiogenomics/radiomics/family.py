"""What a family of features is: one module in ``families/`` that defines ``FAMILY``.

Letters: V voxels measured, F features, K voxels of a kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.neighborhoods import Neighborhoods
from napari_radiogenomics.radiomics.roi import MatrixSettings, Region
from napari_radiogenomics.registry import Registry, did_you_mean

__all__ = [
    "DEFAULT_FEATURES",
    "FAMILIES",
    "Family",
    "Feature",
    "MatrixSettings",
    "Neighborhoods",
    "Region",
    "Use",
    "chosen_names",
    "families_of",
    "feature_meanings",
    "find_features",
    "full_title",
    "in_sentence",
    "several_have",
]

Use = Literal["maps", "regions"]
# What is mapped where neither families nor features are named.
DEFAULT_FEATURES = ("Entropy", "Mean")


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
    of_region : str
        The meaning of a whole region, where that is more than "in the region" instead of
        "around a voxel".
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
    of_region: str = ""

    def meaning_for(self, use: Use) -> str:
        """What a high value says in a map, or of a whole region.

        Examples
        --------
        >>> FAMILIES["firstorder"]["Entropy"].meaning_for("regions")
        'How unpredictable the gray levels are in the region.'
        """
        if use == "maps":
            return self.meaning
        return self.of_region or self.meaning.replace(" around a voxel", " in the region")

    def unit_on(self, scan_unit: str) -> str:
        """Unit on a scan with this unit; empty where the scan's values have none."""
        nameless = "{unit}" in self.unit and not scan_unit
        return "" if nameless else self.unit.format(unit=scan_unit)


Measure = Callable[[Neighborhoods, NDArray[np.intp], tuple[str, ...]], NDArray[np.float64]]
MeasureRegion = Callable[[Region, tuple[str, ...]], NDArray[np.float64]]


def _no_maps(
    neighborhoods: Neighborhoods, centers: NDArray[np.intp], names: tuple[str, ...]
) -> NDArray[np.float64]:
    raise InputError(f"{', '.join(names)} describe a whole region: they have no map.")


def _no_regions(region: Region, names: tuple[str, ...]) -> NDArray[np.float64]:
    raise InputError(f"{', '.join(names)} are measured around voxels only, not of a region.")


@dataclass(frozen=True, eq=False)
class Family:
    """One family of features.

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
        Runs in several threads at once. A value without meaning is NaN. A family without it
        has no maps.
    measure_region : callable
        ``measure_region(region, names) -> ndarray of float64, shape (F,)``: the named features
        of a whole region. A family without it is measured around voxels only.
    of_shape : bool
        Whether it looks at the outline alone: the same in every derived image.
    needs_matrix, by_distance : bool
        Whether it looks at `Neighborhoods.native_levels`; at the distances of the settings.
    cost : float
        Time for a voxel, compared with first order, where kernels hold few gray levels.
    level_power : int
        Power of the number of gray levels with which the time grows where they are many.
    """

    name: str
    title: str
    features: tuple[Feature, ...]
    measure: Measure = _no_maps
    measure_region: MeasureRegion = _no_regions
    of_shape: bool = False
    needs_matrix: bool = False
    by_distance: bool = False
    cost: float = 1.0
    level_power: int = 0

    @property
    def short(self) -> str:
        """What the family is called for short: "GLCM"."""
        return self.title.partition("(")[2].rstrip(")") or self.title

    @property
    def has_maps(self) -> bool:
        """Whether it can be measured around voxels."""
        return self.measure is not _no_maps

    @property
    def has_regions(self) -> bool:
        """Whether it can be measured of a region."""
        return self.measure_region is not _no_regions

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


def families_of(use: Use) -> tuple[Family, ...]:
    """Families that make maps, or that measure regions."""
    return tuple(f for f in FAMILIES if (f.has_maps if use == "maps" else f.has_regions))


def feature_meanings(use: Use = "maps") -> Mapping[str, str]:
    """Names of the features that make maps, or measure regions, each with its meaning there."""
    several: dict[str, list[tuple[Family, Feature]]] = {}
    for family in families_of(use):
        for feature in family.features:
            several.setdefault(feature.name, []).append((family, feature))
    return {
        name: " ".join(
            ("" if len(found) == 1 else f"{family.title}: ") + feature.meaning_for(use)
            for family, feature in found
        )
        for name, found in several.items()
    }


@cache
def several_have(name: str) -> bool:
    """Whether several families that make maps have a feature of this name.

    Examples
    --------
    >>> several_have("Contrast"), several_have("JointEntropy")
    (True, False)
    """
    return sum(name in family for family in families_of("maps")) > 1


def full_title(family: Family, feature: Feature) -> str:
    """Title of a feature, with its family where other families have one of the same name.

    Examples
    --------
    >>> full_title(FAMILIES["ngtdm"], FAMILIES["ngtdm"]["Contrast"])
    'NGTDM contrast'
    >>> full_title(FAMILIES["ngtdm"], FAMILIES["ngtdm"]["Busyness"])
    'Busyness'
    """
    if not several_have(feature.name):
        return feature.title
    return f"{family.short} {in_sentence(feature.title)}"


def in_sentence(title: str) -> str:
    """A title in the middle of a sentence: small letters, but for short forms.

    Examples
    --------
    >>> in_sentence("Joint entropy"), in_sentence("GLCM contrast (wavelet-LLH)")
    ('joint entropy', 'GLCM contrast (wavelet-LLH)')
    """
    words, _, rest = title.partition(" (")
    small = " ".join(w if len(w) > 1 and w.isupper() else w.lower() for w in words.split(" "))
    return f"{small} ({rest}" if rest else small


def chosen_names(
    families: Sequence[str] | None, features: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Families and features that are meant where one or both are not named.

    Parameters
    ----------
    families : sequence of str or None
        All that make maps where they are not named.
    features : sequence of str or None
        All of the families where they are not named; `DEFAULT_FEATURES` where the families are
        not named either.

    Examples
    --------
    >>> chosen_names(["glcm"], None)
    (('glcm',), ('all',))
    >>> chosen_names(None, None)[1]
    ('Entropy', 'Mean')
    """
    if features is None:
        features = DEFAULT_FEATURES if families is None else ("all",)
    if families is None:
        families = [family.name for family in families_of("maps")]
    return _several(families), _several(features)


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    """Names as they are given; one alone is one name, not its letters."""
    return (names,) if isinstance(names, str) else tuple(names)


def find_features(
    families: str | Sequence[str], names: str | Sequence[str], *, use: Use = "maps"
) -> dict[Family, tuple[Feature, ...]]:
    """Find features by name in the families chosen.

    Parameters
    ----------
    families : sequence of str
        Names of families.
    names : sequence of str
        ``"Entropy"``, ``"firstorder_Entropy"`` or ``"original_firstorder_Entropy"``;
        ``"all"`` and ``"firstorder_all"`` mean every feature that is computed by default.
    use : {"maps", "regions"}, optional
        What they are wanted for.

    Returns
    -------
    dict
        Families that have one of the features, each with its features in the order asked.

    Raises
    ------
    InputError
        If a family or a feature is not known or has no such use, or none is named.

    Examples
    --------
    >>> [(f.name, [x.name for x in found])
    ...  for f, found in find_features(["firstorder"], ["Mean", "Range"]).items()]
    [('firstorder', ['Mean', 'Range'])]
    """
    chosen = [FAMILIES[name] for name in dict.fromkeys(_several(families))]
    if not chosen:
        fit = ", ".join(family.name for family in families_of(use))
        raise InputError(f"No family is chosen: families is empty. Name at least one of {fit}.")
    unfit = [family for family in chosen if family not in families_of(use)]
    if unfit:
        fit = ", ".join(family.name for family in families_of(use))
        what = "one number a region, no map" if use == "maps" else "maps, no number of a region"
        raise InputError(f"{unfit[0].title} gives {what}. Choose from {fit}.")
    found: dict[Family, dict[str, Feature]] = {}
    for name in _several(names):
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
    if name in ("all", f"{family.name}_all"):
        return feature.by_default
    full = f"original_{family.name}_{feature.name}"
    return name in (feature.name, full, full.removeprefix("original_"))


def _bare(name: str) -> str:
    return name.rpartition("_")[2]
