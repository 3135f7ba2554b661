"""What can be chosen for a correspondence: features of the scan, and measures of a slide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.family import families_of
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.tissue.kinds import KINDS, MAP_TITLES, Kind, TissueMeasure
from napari_radiogenomics.vessels.tortuosity import METRICS

__all__ = [
    "INTENSITY",
    "ORIGINAL",
    "SUMMED_UP",
    "TISSUE_MAPS",
    "VESSELS",
    "TissueMap",
    "feature_titles",
    "require_feature",
    "require_tissue",
]

INTENSITY = "intensity"
VESSELS = "vessels_"
"""Begins the names of features that are measured of vessels."""
ORIGINAL = "original_"
"""Begins the names of texture maps of the scan as it is, by PyRadiomics' custom."""
SUMMED_UP: Mapping[str, str] = {
    "distance_metric": "local_distance_metric",
    "sum_of_angles": "sum_of_angles",
    "curvature": "curvature",
}
"""Measures of vessels that have a map, and what sums the map up over a region.

The distance metric of whole vessels says as much about where they happen to touch and to be cut
as about how they wind.
"""


@dataclass(frozen=True)
class TissueMap:
    """One measure of a slide.

    Attributes
    ----------
    measure : {"vessels", "hypoxia", "nuclei"}
        Of `measure_tissue`.
    title, unit : str
        What a person reads.
    """

    measure: TissueMeasure
    title: str
    unit: str

    @property
    def kind(self) -> Kind:
        """What it needs."""
        return KINDS[self.measure]

    @property
    def stains(self) -> str:
        """Stains that show it, in words."""
        return ", ".join(self.kind.stains[:4]) or "any stain with hematoxylin"


TISSUE_MAPS: Mapping[str, TissueMap] = {
    "vessels_per_mm2": TissueMap("vessels", MAP_TITLES["vessels_per_mm2"], "1/mm²"),
    "endothelial_area_percent": TissueMap("vessels", MAP_TITLES["endothelial_area_percent"], "%"),
    "positive_percent": TissueMap("hypoxia", MAP_TITLES["positive_percent"], "%"),
    "mean_od": TissueMap("hypoxia", MAP_TITLES["mean_od"], "OD"),
    "nuclei_per_mm2": TissueMap("nuclei", MAP_TITLES["nuclei_per_mm2"], "1/mm²"),
}
"""Measures by the name of their map and of their column."""


def feature_titles() -> Mapping[str, str]:
    """Features of a scan that can be compared: name → what a person reads."""
    vessels = {
        f"{VESSELS}{name}": f"Vessels: {METRICS[whole].title.lower()}"
        for name, whole in SUMMED_UP.items()
    }
    textures = {
        f"{ORIGINAL}{family.name}_{feature.name}": f"{family.title}: {feature.name}"
        for family in families_of("maps")
        for feature in family.features
    }
    return {INTENSITY: "Intensity of the scan", **vessels, **textures}


def require_feature(name: str) -> None:
    """Refuse a feature that is unknown.

    Raises
    ------
    InputError
        With the nearest names.
    """
    known = [*feature_titles()]
    if name not in known:
        raise InputError(f'No image feature "{name}". {did_you_mean(name, known)}')


def require_tissue(name: str) -> TissueMap:
    """Measure of a slide by its name.

    Raises
    ------
    InputError
        With the nearest names.
    """
    if name not in TISSUE_MAPS:
        raise InputError(f'No tissue measure "{name}". {did_you_mean(name, [*TISSUE_MAPS])}')
    return TISSUE_MAPS[name]
