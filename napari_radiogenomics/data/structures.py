"""Names of anatomic structures, and the regions of a segmentation that stand for them.

Tissue is often known by its structure only (Ivy atlas: leading edge, cellular tumor, …), a
scan by its regions (necrotic, enhancing, edema). A `StructureMap` says which goes with which; a
person may change it, and whatever is drawn from it is drawn as "by structure name".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

__all__ = ["DEFAULT_STRUCTURES", "WHOLE", "StructureMap", "is_region_name"]

WHOLE = "whole tumor"
"""Region that is all labels of a segmentation together."""

# What regions are called in segmentations, by the word that stands for them.
_REGION_NAMES = {
    "necrotic": (
        "necrotic", "necrosis", "necrotic core", "necrotic center", "core", "ncr", "nec",
        "necrotic and non enhancing", "necrotic and non enhancing core", "non enhancing core",
        "necrotic non enhancing core", "necrotic tumor core", "ncr/net", "ncr net",
    ),
    "enhancing": (
        "enhancing", "enhancing tumor", "enhancing core", "gd enhancing tumor", "et",
        "contrast enhancing", "contrast enhancing tumor", "viable", "viable tumor", "rim",
        "enhancement", "solid", "solid tumor",
    ),
    "edema": (
        "edema", "peritumoral edema", "ed", "peritumoral edematous tissue", "flair abnormality",
        "flair hyperintensity", "surrounding non enhancing flair hyperintensity", "snfh",
    ),
    WHOLE: ("whole tumor", "tumor", "tumour", "wt", "bulk", "lesion", "gtv", "gtv 1", "mass"),
}  # fmt: skip


def _plain(name: str) -> str:
    """Reduce a name to what people mean: case, separators and British spelling do not count."""
    text = re.sub(r"[\s_\-]+", " ", name.strip().casefold())
    return text.replace("oedema", "edema").replace("tumour", "tumor").replace("centre", "center")


_WORD_OF_NAME = {_plain(name): word for word, names in _REGION_NAMES.items() for name in names}


@dataclass(frozen=True)
class StructureMap:
    """Which regions stand for which structure.

    Attributes
    ----------
    regions : mapping of str to tuple of str
        Structure → names of regions: ``"necrotic"``, ``"enhancing"``, ``"edema"``,
        ``"whole tumor"``, or the name of a label as the segmentation has it.
    notes : mapping of str to str
        Structure → why, for whoever reads the table.

    Examples
    --------
    >>> DEFAULT_STRUCTURES["CTpan"], DEFAULT_STRUCTURES["ctmvp"]
    (('necrotic',), ('enhancing',))
    >>> mine = DEFAULT_STRUCTURES.changed({"CTpan": "enhancing"})
    >>> mine["CTpan"]
    ('enhancing',)
    """

    regions: Mapping[str, tuple[str, ...]]
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        empty = [name for name, regions in self.regions.items() if not any(regions)]
        if empty:
            raise InputError(f'Structure "{empty[0]}" has no region. Name one, or leave it out.')
        object.__setattr__(self, "regions", MappingProxyType(dict(self.regions)))

    def __getitem__(self, structure: str) -> tuple[str, ...]:
        """Regions of a structure; none where the map does not have it."""
        if structure in self.regions:
            return self.regions[structure]
        plain = _plain(structure)
        return next((names for own, names in self.regions.items() if _plain(own) == plain), ())

    def __contains__(self, structure: str) -> bool:
        return bool(self[structure])

    def changed(self, changes: Mapping[str, str | Sequence[str]]) -> StructureMap:
        """Return it with other regions for some structures; an empty one leaves it out."""
        regions = dict(self.regions)
        for structure, names in changes.items():
            given = (names,) if isinstance(names, str) else tuple(names)
            regions[structure] = tuple(name.strip() for name in given if name.strip())
        kept = {name: found for name, found in regions.items() if found}
        return replace(self, regions=kept)

    def labels(self, structure: str, segmentation: Segmentation) -> tuple[int, ...]:
        """Labels of a segmentation that stand for a structure.

        A label called like the structure itself comes before what the map says.

        Parameters
        ----------
        structure : str
            As the sample has it.
        segmentation : Segmentation
            Whose scheme gives the names; only labels that occur count.

        Returns
        -------
        tuple of int
            Empty where none does; all labels for the whole tumor.
        """
        present = segmentation.present
        scheme = {label.value: _plain(label.name) for label in segmentation.scheme}
        for wanted in ((structure,), self[structure] or _words(structure)):
            exact = {_plain(name) for name in wanted}
            found = tuple(v for v in present if scheme[v] in exact)
            if found:
                return found
        words = {_WORD_OF_NAME.get(_plain(name), name) for name in self[structure]}
        words |= set(_words(structure)) if not words else set()
        if WHOLE in words:
            return present
        return tuple(v for v in present if _WORD_OF_NAME.get(scheme[v]) in words)

    def is_whole(self, structure: str) -> bool:
        """Whether a structure means the tumor as a whole."""
        words = {_WORD_OF_NAME.get(_plain(name)) for name in self[structure] or (structure,)}
        return WHOLE in words

    def require(self, structures: Sequence[str]) -> None:
        """Refuse structures that the map does not have.

        Raises
        ------
        InputError
            With the name that is closest.
        """
        lost = [name for name in structures if name not in self]
        if lost:
            hint = did_you_mean(lost[0], list(self.regions))
            raise InputError(f'Structure "{lost[0]}" has no region in the map. {hint}')


def is_region_name(structure: str) -> bool:
    """Whether a structure is called as regions of segmentations are, so that no map is needed.

    Examples
    --------
    >>> is_region_name("necrotic core"), is_region_name("CTpan")
    (True, False)
    """
    return bool(_words(structure))


def _words(structure: str) -> tuple[str, ...]:
    """Word of a structure that is called as regions are; none otherwise."""
    word = _WORD_OF_NAME.get(_plain(structure))
    return (word,) if word else ()


_INFILTRATED = "infiltrated brain around the tumor; on MR within the edema"
_NECROSIS = "borders necrosis; choose enhancing where the necrotic region is drawn tightly"
_SOLID = "solid tumor; on MR the enhancing part"

DEFAULT_STRUCTURES = StructureMap(
    {
        "LE": ("edema",), "LEhbv": ("edema",), "IT": ("edema",), "IThbv": ("edema",),
        "CT": ("enhancing",), "CThbv": ("enhancing",), "CTmvp": ("enhancing",),
        "CTpnn": ("enhancing",), "CTpan": ("necrotic",), "CTpnz": ("necrotic",),
        "CTne": ("necrotic",),
    },
    {
        "LE": _INFILTRATED, "LEhbv": _INFILTRATED, "IT": _INFILTRATED, "IThbv": _INFILTRATED,
        "CT": _SOLID, "CThbv": _SOLID, "CTmvp": _SOLID, "CTpnn": "no necrosis beside it",
        "CTpan": _NECROSIS, "CTpnz": _NECROSIS, "CTne": "necrosis itself",
    },
)  # fmt: skip
"""Structures of the Ivy Glioblastoma Atlas (doi 10.1126/science.aaf2666) and the regions of MR
that most likely hold them. A convention to start from, not a measurement."""
