"""What can be measured of a section, with the rules that hold unless others are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

__all__ = ["KINDS", "Kind", "TissueMeasure", "MAP_TITLES", "find_kind", "is_named"]

TissueMeasure = Literal["vessels", "hypoxia", "nuclei"]


@dataclass(frozen=True)
class Kind:
    """One kind of measure.

    Attributes
    ----------
    name : str
        Short lower-case name.
    noun : str
        What is counted; empty where only areas are.
    area : str
        Column of the stained area in percent of the tissue; empty where there is none.
    target : bool
        Whether the stain of the antibody is measured; else that of the nuclei.
    above_background : bool
        Whether the amount above the local background counts.
    threshold : float
        Amount of stain from which on a pixel counts.
    area_um2 : tuple of float
        Stained area of an object, least and most.
    coarsest_um : float
        Pixels above this blur what is measured: it is said.
    refused_um : float
        Pixels above this show nothing of it.
    stains : tuple of str
        What a slide for it is stained for.
    """

    name: TissueMeasure
    noun: str
    area: str
    target: bool
    above_background: bool
    threshold: float
    area_um2: tuple[float, float]
    coarsest_um: float
    refused_um: float
    stains: tuple[str, ...]


_ANY = (0.0, float("inf"))
_MICROVESSELS = ("CD31", "PECAM1", "CD34", "CD105", "ERG", "vWF", "FVIII")
_HYPOXIA = ("CAIX", "CA9", "CA-IX", "pimonidazole", "HIF1A", "HIF-1A", "GLUT1", "EF5")

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "vessels", "vessels", "endothelial_area_percent", True, True, 0.15,
            (20.0, float("inf")), 2.0, 16.0, _MICROVESSELS,
        ),
        Kind("hypoxia", "", "positive_percent", True, False, 0.2, _ANY, 16.0, 100.0, _HYPOXIA),
        Kind("nuclei", "nuclei", "", False, True, 0.07, (15.0, 500.0), 1.0, 2.0, ()),
    )
}  # fmt: skip

MAP_TITLES: Mapping[str, str] = {
    "vessels_per_mm2": "Microvessel density",
    "endothelial_area_percent": "Endothelial area",
    "positive_percent": "Hypoxic area",
    "mean_od": "Hypoxia stain",
    "nuclei_per_mm2": "Nuclear density",
}
"""What a person reads for each measure that has a map, wherever it is chosen or drawn."""


def find_kind(name: str) -> Kind:
    """Kind of measure by name.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in KINDS:
        raise InputError(f'Unknown measure "{name}". {did_you_mean(name, list(KINDS))}')
    return KINDS[name]


def is_named(stain: str, kind: Kind) -> bool:
    """Whether a slide is stained for what a measure needs.

    Examples
    --------
    >>> is_named("cd31", KINDS["vessels"]), is_named("CAIX", KINDS["vessels"])
    (True, False)
    """
    return not kind.stains or stain.casefold() in (name.casefold() for name in kind.stains)
