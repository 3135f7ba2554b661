"""``harmonize FEATURES --batch NAME``: the same table without site or scanner."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.cli.patient_tables import (
    add_clinical_argument,
    add_patient_argument,
    clinical_beside,
    column_of,
    columns_of,
    owner_of,
    read_features,
)
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COMMAND"]

_BY_NAME = ("features", "batch", "covariates", "patient", "smooth")


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.harmonization.harmonize import harmonize

    parser.add_argument(
        "features",
        type=Path,
        metavar="FEATURES",
        help="Features by patient: CSV whose first column holds the patients' ids.",
    )
    parser.add_argument("--batch", required=True, metavar="NAME", help="Column with the site.")
    add_clinical_argument(parser)
    for option, words in (
        ("--covariates", "Columns that may differ between sites for good reasons, and are kept."),
        ("--smooth", "Which of them are kept as a curve (combat_gam)."),
    ):
        parser.add_argument(option, nargs="+", default=(), metavar="NAME", help=words)
    add_patient_argument(parser, "for longitudinal_combat")
    add_arguments(parser, describe(harmonize), without=_BY_NAME)
    parser.add_argument(
        "--output", type=Path, required=True, metavar="PATH",
        help="CSV file: the table with the features harmonized and all else as it was. The "
        "history is written beside it.",
    )  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.harmonization.harmonize import harmonize

    table, kept = read_features(arguments.features)
    clinical = clinical_beside(table, arguments.clinical)
    settings: dict[str, Any] = given(arguments, describe(harmonize))
    for name in _BY_NAME:
        settings.pop(name, None)
    names = list(arguments.covariates)
    if names:
        settings["covariates"] = columns_of(clinical, names, "--covariates")
    if arguments.smooth:
        settings["smooth"] = tuple(arguments.smooth)
    if arguments.patient:
        settings["patient"] = owner_of(table, clinical, arguments.patient)
    batch = column_of(clinical, arguments.batch, "--batch")
    beside = {arguments.batch, arguments.patient, *names} if arguments.clinical is None else set()
    chosen = [name for name in kept if name not in beside]
    even = harmonize(table[chosen], batch, **settings, progress=terminal_progress())
    for note in even.attrs["notes"]:
        sys.stderr.write(f"note: {note}\n")
    _write(arguments, table, even)
    sys.stdout.write(f"{arguments.output}\n")
    return 0


def _write(arguments: argparse.Namespace, table: pd.DataFrame, even: pd.DataFrame) -> None:
    """Write the table with its new values, and what is known of its columns where it is known."""
    from napari_radiogenomics.extraction.result import CohortFeatures
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import history_of, write_history

    whole = table.copy()
    whole[list(even.columns)] = even
    if arguments.features.with_name(arguments.features.name + ".facts.json").is_file():
        known = CohortFeatures.load(arguments.features)
        if known.table.index.nlevels == 1:
            note = f"Harmonized for {arguments.batch} by {even.attrs['method']}."
            history = (*known.history, *history_of(even))
            replace(
                known,
                table=whole,
                notes=(*known.notes, note, *even.attrs["notes"]),
                history=history,
            ).save(arguments.output)
            return
    write_table(whole, arguments.output)
    write_history(even, arguments.output)


COMMAND = Command(
    "harmonize",
    "Take site or scanner out of a table of features; a new table is written.",
    _configure,
    _run,
)
