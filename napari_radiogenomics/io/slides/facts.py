"""What names and headers of slides tell: stain, pixel size, objective."""

from __future__ import annotations

import re

__all__ = ["COARSEST_UM", "no_pixel_size", "number_in", "stain_of"]

COARSEST_UM = 120.0
"""A pixel above this is by a screen's 72 or 96 dots per inch, not by a microscope."""

_STAINS = {
    "H&E": r"h&e|h_e|he|hne|hematoxylin",
    "CD31": r"cd31|pecam1?",
    "CD34": r"cd34",
    "CAIX": r"caix|ca9|ca-ix",
    "pimonidazole": r"pimonidazole|pimo|hypoxyprobe",
    "HIF1A": r"hif-?1-?a(lpha)?",
    "Ki-67": r"ki-?67|mki67",
    "VEGFA": r"vegfa?",
}


def stain_of(name: str) -> str:
    """Stain that a name tells, as a word of its own.

    Examples
    --------
    >>> stain_of("P001_CD31"), stain_of("tumour H&E 3"), stain_of("sheep")
    ('CD31', 'H&E', '')
    """
    for stain, pattern in _STAINS.items():
        if re.search(rf"(?<![a-z0-9])({pattern})(?![a-z0-9])", name, re.IGNORECASE):
            return stain
    return ""


def number_in(text: object) -> float:
    """Positive number that a header gives; 0 where it gives none. Some write a decimal comma.

    Examples
    --------
    >>> number_in("0,2525"), number_in(None), number_in("20x"), number_in("-1")
    (0.2525, 0.0, 20.0, 0.0)
    """
    found = re.match(r"\s*\+?(\d+([.,]\d*)?([eE][-+]?\d+)?)", str(text))
    return float(found.group(1).replace(",", ".")) if found else 0.0


def no_pixel_size(name: str, objective: float = 0.0) -> str:
    """Note on a slide whose pixel size is not told; an objective does not tell it.

    Parameters
    ----------
    name : str
        Of the file.
    objective : float, optional
        Power of the objective, 0 where it is not told either.
    """
    known = f" (only a {objective:g}× objective, which cameras turn into many sizes)"
    return (
        f"{name} does not tell its pixel size{known if objective else ''}; nothing per mm² can "
        "be measured. Give um_per_pixel in slides.csv."
    )
