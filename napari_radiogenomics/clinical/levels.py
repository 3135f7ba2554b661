"""Levels that have an order: stages, grades, ranges, and words that are more or less."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from napari_radiogenomics.clinical.missing import as_number

__all__ = ["natural_order"]

_ROMAN = {"0": 0, "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}
_STAGE = re.compile(r"(?:stage\s*)?(0|i{1,3}|iv|v)\s*([abc]?)(\d?)", re.IGNORECASE)
_LETTERED = re.compile(r"(?:(?:p|c|yp)?[tnmg]|grade)?\s*(is|\d)\s*([a-d]?)\b.*", re.IGNORECASE)
_RANGE = re.compile(r"[<>≤≥=\s]*(\d+(?:[.,]\d+)?)\s*%?\s*(?:(?:-|–|to)\s*[<>≤≥\s]*\d.*|\+)?%?")
_SCALES: tuple[tuple[str, ...], ...] = (
    ("none", "absent", "negative", "mild", "low", "minor", "moderate", "intermediate", "medium",
     "marked", "severe", "high", "major", "very high"),
    ("never", "nonsmoker", "non-smoker", "never smoker", "ex", "ex-smoker", "former",
     "former smoker", "current", "current smoker", "smoker"),
    ("progressive disease", "pd", "stable disease", "sd", "partial response", "pr",
     "complete response", "cr"),
    ("poor", "fair", "good", "very good", "excellent"),
)  # fmt: skip


Rank = tuple[float, ...] | None


def natural_order(levels: Sequence[str]) -> tuple[str, ...] | None:
    """Order of levels that have one, or None.

    Parameters
    ----------
    levels : sequence of str
        Distinct texts, two or more.

    Returns
    -------
    tuple of str or None
        From the least to the most: stages (I to IV with letters), T, N, M and G categories,
        ranges by their lower end, and words of a known scale.

    Examples
    --------
    >>> natural_order(["III", "I", "IIb"])
    ('I', 'IIb', 'III')
    >>> natural_order(["former", "never", "current"])
    ('never', 'former', 'current')
    >>> natural_order(["left", "right"])
    """
    if len(levels) < 2:
        return None
    scales: list[Callable[[str], Rank]] = [partial(_word, scale) for scale in _SCALES]
    for rank in (_stage, _lower_end, _category, *scales):
        ranks = [rank(level.strip()) for level in levels]
        known = [one for one in ranks if one is not None]
        if len(known) == len(levels) and len(set(known)) == len(levels):
            pairs = sorted(zip(known, levels, strict=True))
            return tuple(level for _, level in pairs)
    return None


def _stage(level: str) -> Rank:
    match = _STAGE.fullmatch(level)
    return match and (_ROMAN[match[1].lower()], ord(match[2].lower() or "@"), int(match[3] or 0))


def _category(level: str) -> Rank:
    match = _LETTERED.fullmatch(level)
    if not match:
        return None
    number = -1 if match[1].lower() == "is" else int(match[1])
    return (number, ord(match[2].lower() or "@"))


def _lower_end(level: str) -> Rank:
    match = _RANGE.fullmatch(level)
    if not match or as_number(level) == as_number(level):
        return None
    above = level.lstrip().startswith(">") and "=" not in level
    below = level.lstrip().startswith(("<", "≤"))
    return (as_number(match[1]), float(above) - float(below))


def _word(scale: Sequence[str], level: str) -> Rank:
    word = level.casefold()
    return (float(scale.index(word)),) if word in scale else None
