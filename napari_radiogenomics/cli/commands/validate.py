"""``validate COHORT``: every problem with file, row, column and remedy."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.cli.text import aligned
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    from napari_radiogenomics.data.problems import Problem

__all__ = ["COMMAND"]

_NONE_NEEDED = "Nothing to do."
_COLUMNS = ("level", "file", "row", "column", "what", "remedy")


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.io.cohorts import open_cohort, validate_cohort

    add_arguments(parser, describe(open_cohort))
    add_arguments(parser, describe(validate_cohort), without=("cohort",))
    parser.epilog = (
        "Exit code: 1 where there are errors, 0 where there are at most warnings and notes."
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="Print the problems as JSON.")
    form.add_argument("--csv", action="store_true", help="Print the problems as CSV.")


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.cohorts import open_cohort, validate_cohort

    progress = terminal_progress()
    where = given(arguments, describe(open_cohort))
    cohort = open_cohort(where.pop("path"), **where, progress=progress)
    how = given(arguments, describe(validate_cohort))
    problems = validate_cohort(cohort, **how, progress=progress)
    rows = [_row(problem) for problem in problems]
    if arguments.json:
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    elif arguments.csv:
        sys.stdout.write(_as_csv(rows))
    else:
        sys.stdout.write(_as_text(rows) + f"{replace(cohort, problems=problems)}\n")
    return int(any(problem.level == "error" for problem in problems))


def _row(problem: Problem) -> dict[str, Any]:
    """Cells of a problem; a note without a remedy says so, that none looks forgotten."""
    cells = {column: getattr(problem, column) for column in _COLUMNS}
    return cells | {"remedy": problem.remedy or _NONE_NEEDED}


def _as_text(rows: Iterable[dict[str, Any]]) -> str:
    places = ("level", "file", "row", "column")
    cells = [
        [*("" if row[c] is None else str(row[c]) for c in places), f"{row['what']} {row['remedy']}"]
        for row in rows
    ]
    return aligned([[*places, "what is wrong, and what to do"], *cells]) if cells else ""


def _as_csv(rows: Iterable[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _guarded(value) for key, value in row.items()} for row in rows)
    return buffer.getvalue()


def _guarded(value: Any) -> Any:
    """Keep a spreadsheet from taking text of somebody's table for a formula."""
    return (
        f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
    )


COMMAND = Command(
    "validate", "List what is wrong with a cohort, and what to do about it.", _configure, _run
)
