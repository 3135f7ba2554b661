"""``missingness TABLE``: what is missing, in whom, and whether that hangs on outcome or site."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments
from napari_radiogenomics.cli.patient_tables import read_cells
from napari_radiogenomics.cli.text import aligned, rows_of
from napari_radiogenomics.signature import describe

__all__ = ["COMMAND"]


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.clinical.missingness import missingness_report

    parser.add_argument(
        "table",
        type=Path,
        metavar="TABLE",
        help="Clinical table: CSV whose first column holds the patients' ids.",
    )
    parser.add_argument(
        "--outcome", nargs="+", default=(), metavar="NAME", help="Columns that are outcomes."
    )
    form = describe(missingness_report)
    add_arguments(parser, form, without=("table", "outcome", "types", "missing"))
    parser.add_argument(
        "--output",
        type=Path,
        default=None,
        metavar="PATH",
        help="CSV file: one row a comparison of those with and without a value. The history is "
        "written beside it.",
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.clinical.missingness import missingness_report
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import write_history

    settings = {"site": arguments.site} if "site" in arguments else {}
    table = read_cells(arguments.table)
    found = missingness_report(table, outcome=tuple(arguments.outcome), **settings)
    for note in found.notes:
        sys.stderr.write(f"note: {note}\n")
    sys.stdout.write(aligned(rows_of(found.columns.reset_index())))
    if arguments.output is not None:
        write_table(found.tests, arguments.output, index=False)
        write_history(found, arguments.output)
        sys.stdout.write(f"{arguments.output}\n")
    return 0


COMMAND = Command(
    "missingness",
    "Report what is missing in a clinical table, and whether outcome or site explain it.",
    _configure,
    _run,
)
