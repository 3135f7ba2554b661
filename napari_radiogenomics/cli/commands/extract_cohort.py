"""``extract-cohort COHORT --output TABLE``: all measures of all patients as one table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.signature import describe

__all__ = ["COMMAND"]

_OF_FEATURES = ("image", "segmentation", "labels")


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.extraction.extract import extract_cohort
    from napari_radiogenomics.radiomics.region import extract_features

    parser.add_argument("cohort", type=Path, metavar="COHORT", help="Folder of the cohort.")
    add_arguments(parser, describe(extract_cohort), without=("cohort",))
    features = parser.add_argument_group("features and shape")
    add_arguments(features, describe(extract_features), without=_OF_FEATURES)
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="CSV file: one row a patient or region. Facts and history are written beside it.",
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.extraction.extract import extract_cohort
    from napari_radiogenomics.io.cohorts import open_cohort
    from napari_radiogenomics.radiomics.region import extract_features

    output: Path = arguments.output
    if not output.absolute().parent.is_dir():
        raise InputError(f"The folder {output.absolute().parent} does not exist. Create it first.")
    settings = given(arguments, describe(extract_cohort))
    cohort = open_cohort(settings.pop("cohort"))
    extraction = given(arguments, describe(extract_features))
    extraction.pop("labels", None)  # those of the cohort's own option
    features = extract_cohort(
        cohort, **settings, extraction=extraction, progress=terminal_progress()
    )
    features.save(output)
    for patient, measure, error in features.failures.itertuples(index=False):
        who = f"{patient}, {measure}" if measure else patient
        told = error if error.startswith(patient) else f"{who}: {error}"
        sys.stderr.write(f"{told}\n")
    sys.stdout.write(f"{features}\n{output}\n")
    return 0


COMMAND = Command(
    "extract-cohort",
    "Measure all patients of a cohort, and save one table.",
    _configure,
    _run,
)
