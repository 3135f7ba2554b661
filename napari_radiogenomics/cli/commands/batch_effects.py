"""``batch-effects FEATURES --batch NAME``: how much of each feature is site, before and after."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

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
from napari_radiogenomics.cli.text import aligned
from napari_radiogenomics.signature import describe

__all__ = ["COMMAND"]

_BY_NAME = ("features", "batch", "covariates", "patient")


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.harmonization.batch_effects import batch_effects

    parser.add_argument(
        "features",
        type=Path,
        metavar="FEATURES",
        help="Features by patient: CSV whose first column holds the patients' ids.",
    )
    parser.add_argument("--batch", required=True, metavar="NAME", help="Column with the site.")
    add_clinical_argument(parser)
    parser.add_argument(
        "--covariates",
        nargs="+",
        default=(),
        metavar="NAME",
        help="Columns that may differ between sites for good reasons.",
    )
    add_patient_argument(parser, "rows of a patient are joined, and folds keep it together")
    form = describe(batch_effects)
    add_arguments(parser, form, without=_BY_NAME)
    parser.add_argument(
        "--output",
        type=Path,
        default=None,
        metavar="PATH",
        help="CSV file: one row a feature. The history is written beside it.",
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.harmonization.batch_effects import batch_effects
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import write_history

    table, kept = read_features(arguments.features)
    clinical = clinical_beside(table, arguments.clinical)
    names = list(arguments.covariates)
    settings: dict[str, Any] = given(arguments, describe(batch_effects))
    for name in _BY_NAME:
        settings.pop(name, None)
    if arguments.patient:
        settings["patient"] = owner_of(table, clinical, arguments.patient)
    batch = column_of(clinical, arguments.batch, "--batch")
    covariates = columns_of(clinical, names, "--covariates") if names else None
    taken = {arguments.batch, arguments.patient, *names} if arguments.clinical is None else set()
    features = table[[name for name in kept if name not in taken]]
    found = batch_effects(
        features, batch, covariates=covariates, **settings, progress=terminal_progress()
    )
    for note in (*found.warnings, *(found.after.warnings if found.after else ())):
        sys.stderr.write(f"note: {note}\n")
    summary = found.summary()
    rows = [
        [str(name), *(f"{value:.3g}" for value in row)]
        for name, row in zip(summary.index, summary.to_numpy(float), strict=True)
    ]
    sys.stdout.write(aligned([["features", *map(str, summary.columns)], *rows]))
    if arguments.output is not None:
        write_table(found.table, arguments.output, index=False)
        write_history(found, arguments.output)
        sys.stdout.write(f"{arguments.output}\n")
    return 0


COMMAND = Command(
    "batch-effects",
    "Measure how much of each feature is site, before and after harmonization.",
    _configure,
    _run,
)
