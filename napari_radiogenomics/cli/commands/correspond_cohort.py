"""``correspond-cohort COHORT``: scan, slide and gene in the patients of a cohort."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.cli.text import aligned, rows_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.signature import describe

__all__ = ["COMMAND"]


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.correspondence.cohort_sections import correspond_cohort

    parser.add_argument("cohort", type=Path, metavar="COHORT", help="Folder of the cohort.")
    add_arguments(parser, describe(correspond_cohort), without=("cohort",))
    parser.add_argument(
        "--output", type=Path, default=None, metavar="PATH",
        help="CSV file: a row a patient, which weigh-evidence takes as --tissue. The links across "
        "patients are written beside it, and the history.",
    )  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.correspondence.cohort_sections import correspond_cohort
    from napari_radiogenomics.io.cohorts import open_cohort
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import write_history

    target = arguments.output
    if target is not None and not target.absolute().parent.is_dir():
        raise InputError(f"The folder {target.absolute().parent} does not exist. Create it first.")
    settings = given(arguments, describe(correspond_cohort))
    settings.pop("cohort", None)
    cohort = open_cohort(arguments.cohort)
    found = correspond_cohort(cohort, **settings, progress=terminal_progress())
    for note in found.notes:
        sys.stderr.write(f"note: {note}\n")
    table = found.table()
    sys.stdout.write(aligned(rows_of(table.reset_index())))
    sys.stdout.write(f"{found.text()}\n")
    if target is not None:
        beside = target.with_name(f"{target.stem}-links{target.suffix}")
        for rows, path, index in ((table, target, True), (found.links, beside, False)):
            write_table(rows, path, index=index)
            write_history(found, path)
            sys.stdout.write(f"{path}\n")
    return 0


COMMAND = Command(
    "correspond-cohort",
    "Compare image feature, slide and gene in the patients of a cohort.",
    _configure,
    _run,
)
