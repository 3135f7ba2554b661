"""``skat MEMBERS OUTCOMES``: gene sets, taken together, against an imaging phenotype."""

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
_BY_NAME = ("members", "outcome", "gene_sets", "covariates", "groups")


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.association.skat import skat

    for name, what in (
        ("members", "Genotypes, mutations or expression"),
        ("outcomes", "Imaging phenotypes"),
    ):
        words = f"{what} by patient: CSV whose first column holds the patients' ids."
        parser.add_argument(name, type=Path, metavar=name.upper(), help=words)
    parser.add_argument(
        "--outcome", required=True, metavar="NAME", help="Which column of the outcomes."
    )
    parser.add_argument(
        "--gene-sets", type=Path, default=None, metavar="PATH",
        help="Sets to test (GMT); without them all members are one set.",
    )  # fmt: skip
    add_clinical_argument(parser)
    parser.add_argument(
        "--covariates", nargs="+", default=(), metavar="NAME", help="Columns to adjust for."
    )
    parser.add_argument("--groups", default="", metavar="NAME", help="Column with the site.")
    add_arguments(parser, describe(skat), without=_BY_NAME)
    parser.add_argument(
        "--output", type=Path, default=None, metavar="PATH",
        help="CSV file: one row a set. The history is written beside it. Without it the first "
        f"{_SHOWN} sets are printed.",
    )  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.association.skat import skat
    from napari_radiogenomics.io.gene_sets import read_gene_sets
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import write_history

    members, kept = read_features(arguments.members)
    outcomes = read_patients(arguments.outcomes)
    clinical = clinical_beside(outcomes, arguments.clinical)
    settings: dict[str, Any] = given(arguments, describe(skat))
    for name in _BY_NAME:
        settings.pop(name, None)
    if arguments.covariates:
        settings["covariates"] = columns_of(clinical, arguments.covariates, "--covariates")
    if arguments.groups:
        settings["groups"] = column_of(clinical, arguments.groups, "--groups")
    outcome = column_of(outcomes, arguments.outcome, "--outcome")
    sets = None if arguments.gene_sets is None else read_gene_sets(arguments.gene_sets)
    found = skat(members[kept], outcome, sets, **settings, progress=terminal_progress())
    for note in (found.family, f"p-values: {found.p_kind}.", *found.warnings):
        sys.stderr.write(f"note: {note}\n")
    if arguments.output is None:
        sys.stdout.write(aligned(rows_of(found.table.head(_SHOWN))))
        return 0
    write_table(found.table, arguments.output, index=False)
    write_history(found, arguments.output)
    sys.stdout.write(f"{arguments.output}\n")
    return 0


COMMAND = Command(
    "skat",
    "Test gene sets, taken together, against an imaging phenotype (SKAT, burden, SKAT-O).",
    _configure,
    _run,
)
