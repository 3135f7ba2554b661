"""What is wrong with a table: file, row, column, what, remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Level", "Problem", "problem_of", "problems_table", "summarize_problems"]

Level = Literal["error", "warning", "note"]
_ORDER: tuple[Level, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Problem:
    """One thing a person should know or mend.

    Attributes
    ----------
    file : str
        Where it is: path relative to the cohort's folder, or the path as given.
    row : int or None
        Row as a spreadsheet counts it: the header is row 1. None where it is not about a row.
    column : str
        Name of the column, or ``""``.
    what : str
        The fact, in one sentence.
    remedy : str
        What to do about it.
    level : {"error", "warning", "note"}
        ``"error"``: something is left out. ``"warning"``: it is used, but may be wrong.
        ``"note"``: good to know.
    patient_id : str
        Patient it is about, where there is one.

    Examples
    --------
    >>> print(Problem("scans.csv", 3, "path", "CT.nii does not exist.", "Correct the path."))
    error: scans.csv, row 3, column path: CT.nii does not exist. Correct the path.
    """

    file: str
    row: int | None
    column: str
    what: str
    remedy: str
    level: Level = "error"
    patient_id: str = ""

    def __str__(self) -> str:
        row = f"row {self.row}" if self.row is not None else ""
        column = f"column {self.column}" if self.column else ""
        place = ", ".join(part for part in (self.file, row, column) if part)
        return f"{self.level}: {place}: {self.what} {self.remedy}".rstrip()


# What a library said, in brackets at the end of a message.
_SAID = re.compile(r"\s\([A-Z]\w+: .*\)\.?$", re.DOTALL)


def problem_of(
    error: Exception | str,
    file: str,
    *,
    column: str = "",
    row: int | None = None,
    level: Level = "error",
) -> Problem:
    """Make a problem of an error; its last sentence, which says what to do, is the remedy.

    Parameters
    ----------
    error : Exception or str
        Fact, limit, remedy.
    file, column, row, level
        As in `Problem`.

    Examples
    --------
    >>> problem_of("It is cut off. Copy it again. (EOFError: at byte 9)", "rna.csv").remedy
    'Copy it again.'
    """
    text = str(error).strip()
    said = _SAID.search(text)
    body = text[: said.start()] if said else text
    ends = [match.end() for match in re.finditer(r"[.?!…]\s+(?=[A-ZÄÖÜ\"])", body)]
    at = ends[-1] if ends else len(body)
    what = body[:at].strip() + (said[0] if said else "")
    return Problem(file, row, column, what, body[at:].strip(), level)


def problems_table(problems: Iterable[Problem]) -> pd.DataFrame:
    """Problems as a table, errors first.

    Parameters
    ----------
    problems : iterable of Problem
        In any order.

    Returns
    -------
    DataFrame
        Columns ``level, file, row, column, what, remedy, patient_id``.

    Examples
    --------
    >>> int(problems_table([Problem("a.csv", 2, "x", "Bad.", "Mend it.")]).loc[0, "row"])
    2
    """
    import pandas as pd

    names = ["level", *(field.name for field in fields(Problem) if field.name != "level")]
    ordered = sorted(problems, key=lambda p: (_ORDER.index(p.level), p.file, p.row or 0))
    table = pd.DataFrame(
        [[getattr(problem, name) for name in names] for problem in ordered], columns=names
    )
    return table.astype({"row": "Int64"})


def summarize_problems(problems: Iterable[Problem]) -> str:
    """Count problems in words.

    Examples
    --------
    >>> summarize_problems([Problem("a.csv", 2, "", "Bad.", "Mend it.")])
    '1 error'
    >>> summarize_problems([])
    'no problems'
    """
    levels = [problem.level for problem in problems]
    counts = [(levels.count(level), level) for level in _ORDER]
    parts = [f"{n} {level}{'s' if n > 1 else ''}" for n, level in counts if n]
    return ", ".join(parts) or "no problems"
