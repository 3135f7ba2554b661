"""Names of region features as a person reads and searches them."""

from __future__ import annotations

from functools import cache
from html import escape

from napari_radiogenomics.gui.canvas.legend import feature_title
from napari_radiogenomics.radiomics.family import Family, Feature, families_of

__all__ = ["about", "meaning_of", "search_text", "title_of"]


@cache
def _records() -> dict[str, tuple[Family, Feature]]:
    return {
        f"{family.name}_{feature.name}": (family, feature)
        for family in families_of("regions")
        for feature in family.features
    }


def _record(name: str) -> tuple[str, tuple[Family, Feature] | None]:
    """What the scan was seen through, and the record of the feature."""
    derived, _, key = name.partition("_")
    return derived, _records().get(key)


def title_of(name: str) -> str:
    """Title of a feature with its family in short, and with the filter where there is one.

    Examples
    --------
    >>> title_of("original_firstorder_Entropy"), title_of("original_glcm_Contrast")
    ('Entropy · First order', 'Contrast · GLCM')
    >>> title_of("diagnostics_Versions_Numpy")
    'diagnostics_Versions_Numpy'
    """
    derived, record = _record(name)
    if record is None:
        return feature_title(name)
    family, feature = record
    seen = "" if derived == "original" else f" · {derived}"
    return f"{feature.title} · {family.short}{seen}"


def meaning_of(name: str) -> str:
    """What a feature means of a region, with its IBSI id and its formula; empty where unknown."""
    _, record = _record(name)
    if record is None:
        return ""
    feature = record[1]
    ibsi = f" IBSI {feature.ibsi}." if feature.ibsi else ""
    return f"{feature.meaning_for('regions')}{ibsi}\n{feature.formula}".strip()


def about(name: str) -> str:
    """Title, meaning and formula of a feature as rich text."""
    meaning = escape(meaning_of(name), quote=False).replace("\n", "<br>")
    return f"<b>{escape(title_of(name), quote=False)}</b>" + (f": {meaning}" if meaning else "")


def search_text(name: str) -> str:
    """All that the search looks into, in small letters."""
    return f"{name} {title_of(name)} {meaning_of(name)}".lower()
