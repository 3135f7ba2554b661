"""Dates as people write them: the order of day and month is decided by the whole column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

__all__ = ["day_is_first", "days_of", "read_dates"]

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_SLASHED = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")


def day_is_first(texts: Sequence[str]) -> tuple[bool, str]:
    """Decide the order of day and month by all dates of a column.

    Parameters
    ----------
    texts : sequence of str
        Its cells.

    Returns
    -------
    day_first : bool
        Whether the day comes before the month.
    note : str
        Empty, or that it cannot be told.

    Examples
    --------
    >>> day_is_first(["3/4/2024", "31/4/2024"])
    (True, '')
    """
    slashed = [match for text in texts if (match := _SLASHED.fullmatch(text.strip()))]
    first = max((int(match[1]) for match in slashed), default=0)
    second = max((int(match[3]) for match in slashed), default=0)
    dotted = any(match[2] == "." for match in slashed)
    unsure = bool(slashed) and not dotted and max(first, second) <= 12
    note = "Each day and month could be exchanged; month/day/year is assumed." if unsure else ""
    return first > 12 or (dotted and second <= 12), note


def read_dates(texts: Sequence[str], day_first: bool | None = None) -> NDArray[np.datetime64]:
    """Read dates.

    Parameters
    ----------
    texts : sequence of str, length N
        ISO (2024-03-31), DICOM (20240331), or day and month in either order before the year.
    day_first : bool, optional
        Whether the day comes before the month; decided by all of the texts without it.

    Returns
    -------
    ndarray of datetime64[D], shape (N,)
        NaT where a text is no date.

    Examples
    --------
    >>> read_dates(["3/31/2024", "4/1/2024"]).astype(str).tolist()
    ['2024-03-31', '2024-04-01']
    >>> read_dates(["1.4.2024"]).astype(str).tolist()
    ['2024-04-01']
    """
    if day_first is None:
        day_first, _ = day_is_first(texts)
    return np.array([_day(text.strip(), day_first) for text in texts], "datetime64[D]")


def _day(text: str, day_first: bool) -> date | None:
    if match := _SLASHED.fullmatch(text):
        parts = (match[4], match[3], match[1]) if day_first else (match[4], match[1], match[3])
    elif match := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        parts = (match[1], match[2], match[3])
    else:
        return None
    try:
        return date(*map(int, parts))
    except ValueError:  # the 31st of February
        return None


def days_of(dates: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Days since 1970; NaN where there is no date.

    Parameters
    ----------
    dates : ndarray of datetime64[D], shape (N,)
        From `read_dates`.
    """
    return np.where(np.isnat(dates), np.nan, dates.astype(np.int64).astype(float))
