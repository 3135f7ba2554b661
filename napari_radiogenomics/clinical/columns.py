"""What kind of column each one is: recognized, said with its reason, and corrected by the user."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from napari_radiogenomics.clinical.dates import day_is_first, days_of, read_dates
from napari_radiogenomics.clinical.levels import natural_order
from napari_radiogenomics.clinical.missing import Missing, as_number, find_missing
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ColumnType", "Read", "Types", "column_types", "read_columns", "typed_table"]

ColumnType = Literal["nominal", "ordinal", "ratio", "date", "text", "identifier"]
Types = Mapping[str, ColumnType | Sequence[str]]
# Share of the values that have to be numbers, or dates, for the column to be one of them.
_MOST = 0.9
_ID = re.compile(r"(^|[_\s])(id|ids|uid|mrn|barcode|accession|alias)$", re.IGNORECASE)
_SCORE = re.compile(
    r"\b(ecog|asa|grade|stage|score|performance|gleason|rads|who|class)\b", re.IGNORECASE
)
_CODE = re.compile(r"\b(code|type|category|arm|group|cluster|site|center|centre)\b", re.IGNORECASE)
# More levels than this, for the size of the table, are free text.
_MOST_LEVELS = 20
_SENTENCE_WORDS = 5.0
_FEWEST_IDS = 5


@dataclass(frozen=True)
class Read:
    """A column as it is understood.

    Attributes
    ----------
    type : str
        Its `ColumnType`.
    why : str
        What speaks for it.
    texts : list of str, length N
        Its cells; ``""`` where missing.
    missing : Missing
        What is missing.
    levels : tuple of str
        Of nominal columns by frequency, of ordinal ones in order.
    unreadable : tuple of str
        Texts that are none of its numbers, dates or levels, and count as missing.
    note : str
        What should be known.
    """

    type: ColumnType
    why: str
    texts: list[str]
    missing: Missing
    levels: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    note: str = ""

    def numbers(self) -> np.ndarray:
        """Values as numbers, shape (N,): ratios, codes of levels, days since 1970; else NaN."""
        if self.type == "ratio":
            return np.array([as_number(text) for text in self.texts])
        if self.type == "date":
            return days_of(read_dates(self.texts))
        codes = {level: float(code) for code, level in enumerate(self.levels)}
        return np.array([codes.get(text, np.nan) for text in self.texts])


@verb
def column_types(
    table: pd.DataFrame,
    *,
    types: Types | None = None,
    missing: Mapping[str, Collection[Any]] | None = None,
) -> pd.DataFrame:
    """Recognize what kind of column each one is, and what is missing in it.

    Parameters
    ----------
    table : DataFrame, N patients × C columns
        Texts, numbers or both.
    types : Mapping, optional
        Corrections by column: "nominal", "ordinal", "ratio", "date", "text", "identifier", or
        the levels of an ordinal one from the least to the most.
    missing : Mapping, optional
        Further values that mean missing, by column: ``{"nodes": ["9"]}``.

    Returns
    -------
    DataFrame, index ``column``
        ``type``, ``why`` (what speaks for it), ``known`` and ``missing`` (counts),
        ``written`` (how missing values are spelled, with counts), ``levels``, ``unreadable``
        and ``note``.

    Raises
    ------
    InputError
        If a correction names a column or type that is not known, or does not fit its values.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"age": ["61", "n/a", "58"], "stage": ["II", "I", "IV"]})
    >>> column_types(table)["type"].to_dict()
    {'age': 'ratio', 'stage': 'ordinal'}
    >>> column_types(table).loc["age", "written"]
    '1 × "n/a"'
    """
    import pandas as pd

    found = read_columns(table, types=types, missing=missing)
    rows = {
        name: {
            "type": one.type,
            "why": one.why,
            "known": int((~one.missing.mask).sum()),
            "missing": int(one.missing.mask.sum()),
            "written": _written(one.missing.spellings),
            "levels": ", ".join(one.levels),
            "unreadable": ", ".join(one.unreadable),
            "note": one.note,
        }
        for name, one in found.items()
    }
    columns = list(next(iter(rows.values()), {"type": ""}))
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return frame.rename_axis("column")


@verb
def typed_table(
    table: pd.DataFrame,
    *,
    types: Types | None = None,
    missing: Mapping[str, Collection[Any]] | None = None,
) -> pd.DataFrame:
    """Give each column its type, with NaN for what is missing.

    Parameters
    ----------
    table, types, missing
        As for `column_types`.

    Returns
    -------
    DataFrame
        As ``table``: ratios as float, dates as datetime64, ordinal columns as ordered
        categories, others as text. ``attrs["types"]`` has the type of each.

    Examples
    --------
    >>> import pandas as pd
    >>> typed_table(pd.DataFrame({"crp": ["3.5", "unknown"]}))["crp"].tolist()
    [3.5, nan]
    """
    import pandas as pd

    found = read_columns(table, types=types, missing=missing)
    columns: dict[str, Any] = {}
    for name, one in found.items():
        texts = pd.Series(one.texts, index=table.index, dtype=object)
        if one.type == "ratio":
            columns[name] = one.numbers()
        elif one.type == "date":
            columns[name] = read_dates(one.texts).astype("datetime64[s]")
        elif one.type == "ordinal":
            columns[name] = pd.Categorical(texts.where(texts != ""), one.levels, ordered=True)
        else:
            columns[name] = texts.where(texts != "")
    typed = pd.DataFrame(columns, index=table.index)
    typed.attrs["types"] = {name: one.type for name, one in found.items()}
    return typed


def _written(spellings: Mapping[str, int]) -> str:
    return ", ".join(f'{count} × "{text}"' for text, count in spellings.items())


def read_columns(
    table: pd.DataFrame,
    *,
    types: Types | None = None,
    missing: Mapping[str, Collection[Any]] | None = None,
) -> dict[str, Read]:
    """Read every column; the plain answer behind `column_types`.

    Parameters
    ----------
    table, types, missing
        As for `column_types`.

    Raises
    ------
    InputError
        As for `column_types`, or if two columns have the same name.
    """
    names = [str(name) for name in table.columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f'Two columns are called "{twice}". Rename one of them.')
    for given in (types or {}, missing or {}):
        for name in given:
            if name not in names:
                raise InputError(f'There is no column "{name}". {did_you_mean(name, names)}')
    return {
        name: _read(name, table.iloc[:, at], (types or {}).get(name), (missing or {}).get(name, ()))
        for at, name in enumerate(names)
    }


def _read(name: str, column: pd.Series, given: Any, also: Collection[Any]) -> Read:
    missing = find_missing(column, also)
    cells = ["" if gone else _text(cell) for cell, gone in zip(column, missing.mask, strict=True)]
    there = [cell for cell in cells if cell]
    kind, why, levels = _given(name, given, there) if given is not None else _guess(name, there)
    good = _readable(kind, cells, levels)
    bad = tuple(dict.fromkeys(c for c, ok in zip(cells, good, strict=True) if c and not ok))
    if given is not None and there and not any(good):
        raise InputError(
            f'"{name}" cannot be {kind}: none of its values, such as "{there[0]}", is one.'
        )
    texts = [cell if ok else "" for cell, ok in zip(cells, good, strict=True)]
    if bad:
        spellings = dict(missing.spellings)
        for cell in (c for c, ok in zip(cells, good, strict=True) if c and not ok):
            spellings[cell] = spellings.get(cell, 0) + 1
        mask = np.array([not text for text in texts], bool)
        missing = Missing(mask, spellings, missing.codes)
    note = day_is_first(texts)[1] if kind == "date" else ""
    return Read(kind, why, texts, missing, levels, bad, note)


def _text(cell: Any) -> str:
    whole = isinstance(cell, float | np.floating) and float(cell).is_integer()
    return str(int(cell)) if whole else str(cell).strip()


def _by_count(cells: Sequence[str]) -> tuple[str, ...]:
    distinct = dict.fromkeys(cells)
    return tuple(sorted(distinct, key=lambda level: (-cells.count(level), level)))


def _readable(kind: ColumnType, cells: list[str], levels: tuple[str, ...]) -> list[bool]:
    """Which cells are values of the type."""
    if kind == "ratio":
        return [bool(np.isfinite(as_number(cell))) for cell in cells]
    if kind == "date":
        return (~np.isnat(read_dates(cells))).tolist()
    return [cell in levels if kind in ("nominal", "ordinal") else bool(cell) for cell in cells]


def _given(name: str, given: Any, there: Sequence[str]) -> tuple[ColumnType, str, tuple[str, ...]]:
    """Type, reason and levels that the user says."""
    if not isinstance(given, str):
        return "ordinal", "you gave its levels", tuple(map(_text, given))
    if given not in get_args(ColumnType):
        hint = did_you_mean(given, list(get_args(ColumnType)))
        raise InputError(f'"{given}" is no type of column ("{name}"). {hint}')
    kind: ColumnType = given  # type: ignore[assignment]
    if kind == "ordinal":
        order = _numeric_order(there) or natural_order(_by_count(there))
        if order is None:
            raise InputError(
                f'The order of the levels of "{name}" is not known. Give them from the least to '
                f"the most instead: {', '.join(_by_count(there)[:6])}."
            )
        return kind, "you said so", order
    return kind, "you said so", _by_count(there) if kind == "nominal" else ()


def _numeric_order(there: Sequence[str]) -> tuple[str, ...] | None:
    if not there or not all(np.isfinite(as_number(cell)) for cell in there):
        return None
    return tuple(sorted(dict.fromkeys(there), key=as_number))


def _guess(name: str, there: Sequence[str]) -> tuple[ColumnType, str, tuple[str, ...]]:
    """Type, reason and levels by the values, then by the name."""
    if not there:
        return "text", "it holds nothing", ()
    distinct = len(set(there))
    if _ID.search(name) and distinct == len(there):
        return "identifier", "its name, and no value occurs twice", ()
    numbers = sum(np.isfinite(as_number(cell)) for cell in there)
    if numbers >= _MOST * len(there):
        return _guess_numbers(name, there, distinct)
    if (~np.isnat(read_dates(there))).sum() >= _MOST * len(there):
        return "date", "its values are dates", ()
    return _guess_words(name, there, distinct)


def _guess_numbers(
    name: str, there: Sequence[str], distinct: int
) -> tuple[ColumnType, str, tuple[str, ...]]:
    words = name.replace("_", " ")
    if distinct <= 2 and distinct < len(there):
        return "nominal", f"numbers, but {distinct} of them", _numeric_order(there) or ()
    whole = all(as_number(cell) % 1 == 0 for cell in there)
    if whole and distinct <= 10 and _SCORE.search(words):
        return "ordinal", "whole numbers of a score by its name", _numeric_order(there) or ()
    if whole and distinct <= _MOST_LEVELS and _CODE.search(words):
        return "nominal", "whole numbers of a code by its name", _by_count(there)
    return "ratio", "its values are numbers", ()


def _guess_words(
    name: str, there: Sequence[str], distinct: int
) -> tuple[ColumnType, str, tuple[str, ...]]:
    levels = _by_count(there)
    words = float(np.mean([len(cell.split()) for cell in there]))
    order = natural_order(levels)
    if order is not None:
        return "ordinal", "its levels have an order", order
    if distinct == len(there) >= _FEWEST_IDS and words < 2:
        return "identifier", "no value occurs twice, each is one word", ()
    if words >= _SENTENCE_WORDS:
        return "text", f"{words:.0f} words a cell", ()
    many = distinct > _MOST_LEVELS or (distinct > 5 and distinct > 0.5 * len(there))
    if many and not _CODE.search(name.replace("_", " ")):
        return "text", f"{distinct} different values", ()
    return "nominal", f"{distinct} levels without an order", levels
