"""Names of region features as a person reads and searches them."""

from __future__ import annotations

from functools import cache
from html import escape

from napari_radiogenomics.gui.canvas.legend import feature_title
from napari_radiogenomics.radiomics.family import Family, Feature, families_of

__all__ = ["about", "meaning_of", "search_text"]


@cache
def _records() -> dict[str, tuple[Family, Feature]]:
    return {
        f"{family.name}_{feature.name}": (family, feature)
        for family in families_of("regions")
        for feature in family.features
    }


def _record(name: str) -> tuple[Family, Feature] | None:
    return _records().get(name.partition("_")[2])


def meaning_of(name: str) -> str:
    """What a feature means of a region, with its IBSI id and its formula; empty where unknown."""
    record = _record(name)
    if record is None:
        return ""
    _, feature = record
    ibsi = f" IBSI {feature.ibsi}." if feature.ibsi else ""
    return f"{feature.meaning_for('regions')}{ibsi}\n{feature.formula}".strip()


def about(name: str) -> str:
    """Title, meaning and formula of a feature as rich text."""
    meaning = escape(meaning_of(name), quote=False).replace("\n", "<br>")
    title = f"<b>{escape(feature_title(name), quote=False)}</b>"
    return f"{title}: {meaning}" if meaning else title


def search_text(name: str) -> str:
    """All that the search looks into, in small letters."""
    record = _record(name)
    family = "" if record is None else record[0].title
    return f"{name} {feature_title(name)} {family} {meaning_of(name)}".lower()
