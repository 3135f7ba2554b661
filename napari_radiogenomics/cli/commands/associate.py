"""``associate FEATURES OUTCOMES``: every feature against every outcome, with the warnings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.cli.patient_tables import (
    add_clinical_argument,
    clinical_beside,
    column_of,
    columns_of,
    read_features,
    read_patients,
)
from napari_radiogenomics.cli.text import aligned, rows_of
from napari_radiogenomics.signature import describe

__all__ = ["COMMAND"]

_SHOWN = 10
_BY_NAME = ("confounders", "groups", "unit", "library_sizes")


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.association.associate import associate

    for name, what in (("features", "Features"), ("outcomes", "Genes, scores or clinical facts")):
        words = f"{what} by patient: CSV whose first column holds the patients' ids."
        parser.add_argument(name, type=Path, metavar=name.upper(), help=words)
    for option, what in (("--feature", "features"), ("--outcome", "outcomes")):
        words = f"Which columns of the {what}; all where not given."
        parser.add_argument(option, nargs="+", default=None, metavar="NAME", help=words)
    add_clinical_argument(parser)
    parser.add_argument(
        "--confounders", nargs="+", default=(), metavar="NAME", help="Columns to adjust for."
    )
    parser.add_argument("--groups", default="", metavar="NAME", help="Column with the site.")
    form = describe(associate)
    add_arguments(parser, form, without=("features", "outcomes", *_BY_NAME))
    parser.add_argument(
        "--output",
        type=Path,
        default=None,
        metavar="PATH",
        help="CSV file: one row a test. The history is written beside it. Without it the first "
        f"{_SHOWN} tests are printed.",
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.association.associate import associate
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import write_history

    table, kept = read_features(arguments.features, named=arguments.feature is not None)
    outcomes = read_patients(arguments.outcomes)
    clinical = clinical_beside(table, arguments.clinical)
    settings: dict[str, Any] = given(arguments, describe(associate))
    for name in ("features", "outcomes", *_BY_NAME):
        settings.pop(name, None)
    beside = list(arguments.confounders)
    if beside:
        settings["confounders"] = columns_of(clinical, beside, "--confounders")
    if arguments.groups:
        settings["groups"] = column_of(clinical, arguments.groups, "--groups")
    taken = {*beside, arguments.groups} if arguments.clinical is None else set()
    if arguments.feature is None:
        features = table[[name for name in kept if name not in taken]]
    else:
        features = columns_of(table, arguments.feature, "--feature")
    if arguments.outcome is not None:
        outcomes = columns_of(outcomes, arguments.outcome, "--outcome")
    found = associate(features, outcomes, **settings, progress=terminal_progress())
    sites = (found.sites,) if arguments.groups else ()  # without them a warning says so
    for note in (found.family, *sites, *found.warnings):
        sys.stderr.write(f"note: {note}\n")
    if arguments.output is None:
        sys.stdout.write(aligned(rows_of(found.table.head(_SHOWN))))
        return 0
    write_table(found.table, arguments.output, index=False)
    write_history(found, arguments.output)
    sys.stdout.write(f"{arguments.output}\n")
    return 0


COMMAND = Command(
    "associate",
    "Test features against genes, pathways, clinical facts or survival, patients as the unit.",
    _configure,
    _run,
)
