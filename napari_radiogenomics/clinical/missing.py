"""Missing values by their many spellings, and by numbers that no patient can have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Missing", "as_number", "find_missing"]

_SPELLINGS = frozenset({
    "na", "n/a", "n.a.", "n.a", "#n/a", "#na", "<na>", "nan", "null", "nil", "unknown", "unk",
    "unkn", "missing", "blank", "empty", ".", "..", "-", "--", "---", "?", "??", "nd", "n.d.", "nr",
    "n.r.", "tbd", "pending",
    "not available", "not applicable", "not collected", "not recorded", "not assessed",
    "not assessable", "not reported", "not done", "not tested", "not performed", "not determined",
    "not evaluated", "not known", "not stated", "not specified", "not given", "not provided",
    "not recorded in database", "no data", "no information", "data missing", "indeterminate",
})  # fmt: skip
# Among numbers "none" is no value; among words it may be a level ("none" of the treatments).
_IN_NUMBERS = frozenset({"none", "x"})
# Codes below zero, where everything else is zero or more.
_NEGATIVE = (-1.0, -7.0, -8.0, -9.0, -77.0, -88.0, -99.0, -777.0, -888.0, -999.0, -9999.0, -99999.0)
_POSITIVE = (99.0, 777.0, 888.0, 999.0, 9999.0, 99999.0, 999999.0)
# A code above is so many times the highest other value.
_FAR = 3.0
# A number of two digits may be an outlier; one that occurs so often is a code.
_OFTEN = 2
_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?")
_BRACKETS = re.compile(r"^[\[(<]\s*(.*?)\s*[\])>]$")


@dataclass(frozen=True)
class Missing:
    """What is missing in a column.

    Attributes
    ----------
    mask : ndarray of bool, shape (N,)
        True where there is no value.
    spellings : dict of str to int
        How it was written, and how often; ``""`` is an empty cell.
    codes : tuple of str
        Those of them that are numbers no patient can have.
    """

    mask: NDArray[np.bool_]
    spellings: dict[str, int]
    codes: tuple[str, ...] = ()


def as_number(text: str) -> float:
    """Read a number as people write it; NaN where it is none.

    Examples
    --------
    >>> as_number("3,5"), as_number(" 62 "), as_number("G2")
    (3.5, 62.0, nan)
    """
    text = text.strip()
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else float("nan")


def find_missing(column: pd.Series, also: Collection[Any] = ()) -> Missing:
    """Find what is missing in a column.

    Parameters
    ----------
    column : Series, length N
        Texts or numbers.
    also : collection, optional
        Further values that mean missing in this column.

    Returns
    -------
    Missing
        Which, and how it was written.

    Notes
    -----
    A number counts as a code only where it is impossible: a negative one (-1, -9, -99, …) where
    all others are 0 or more, and 99, 999, … where it is three times the highest other value;
    two digits must occur twice. 9 is never taken for one by itself: say it in ``also``.

    Examples
    --------
    >>> import pandas as pd
    >>> find_missing(pd.Series(["61", "n/a", "-9", "", "58"])).spellings
    {'n/a': 1, '-9': 1, '': 1}
    >>> find_missing(pd.Series([140, 999, 2300])).spellings
    {}
    """
    blank = column.isna().to_numpy()
    texts = ["" if gone else str(cell).strip() for cell, gone in zip(column, blank, strict=True)]
    numbers = np.array([as_number(text) for text in texts])
    wanted = {str(value).strip().casefold() for value in also}
    mostly = np.isfinite(numbers).sum() > 0.5 * sum(not _is_word(text) for text in texts)
    words = _IN_NUMBERS | wanted if mostly else wanted
    mask = np.array([_is_word(text) or text.casefold() in words for text in texts], bool)
    codes = _codes(numbers, mask) if mostly else frozenset()
    is_code = np.isin(numbers, list(codes)) & ~mask
    mask |= is_code
    spellings = Counter(text for text, gone in zip(texts, mask, strict=True) if gone)
    as_written = dict.fromkeys(text for text, code in zip(texts, is_code, strict=True) if code)
    return Missing(mask, dict(spellings), tuple(as_written))


def _is_word(text: str) -> bool:
    bare = text.casefold()
    inner = _BRACKETS.match(bare)
    return not bare or bare in _SPELLINGS or (inner is not None and inner[1] in _SPELLINGS)


def _codes(numbers: NDArray[np.float64], mask: NDArray[np.bool_]) -> frozenset[float]:
    """Numbers that no patient can have."""
    there = numbers[np.isfinite(numbers) & ~mask]
    codes: set[float] = set()
    for code in _NEGATIVE:
        others = there[~np.isin(there, [code, *_NEGATIVE])]
        if code in there and others.size and others.min() >= 0:
            codes.add(code)
    for code in _POSITIVE:
        others = there[~np.isin(there, _POSITIVE) & (there >= 0)]
        often = int((there == code).sum()) >= (_OFTEN if code < 100 else 1)
        if code in there and often and others.size and code >= _FAR * max(others.max(), 1.0):
            codes.add(code)
    return frozenset(codes)
