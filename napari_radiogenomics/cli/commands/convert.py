"""``convert IN OUT``: a scan or a segmentation in another format, a cohort in our own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.signature import describe

__all__ = ["COMMAND"]


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.io.cohort_open import open_cohort
    from napari_radiogenomics.io.files import read_all

    add_arguments(parser, describe(read_all))
    add_arguments(parser, describe(open_cohort), without=("path",))
    parser.add_argument(
        "output",
        type=Path,
        metavar="OUTPUT",
        help="Where to write; its ending chooses the format. The grid is not changed. A folder "
        "that holds the files of a cohort gets cohort.toml and its tables.",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="SCAN",
        help="Scan that a segmentation was drawn on: contours are read on its grid, and DICOM SEG "
        "refers to it.",
    )


def _run(arguments: argparse.Namespace) -> int:
    if arguments.output.is_dir() or arguments.output.name == "cohort.toml":
        return _export(arguments)
    from napari_radiogenomics.data.segmentation import Segmentation
    from napari_radiogenomics.io.drawn_on import drawn_on
    from napari_radiogenomics.io.files import read, read_all, write

    settings = given(arguments, describe(read_all))
    if arguments.reference is not None:
        settings["reference"] = read(arguments.reference, kind="image")
    found = read(settings.pop("path"), **settings)
    if arguments.reference is not None and isinstance(found, Segmentation):
        found = drawn_on(found, settings["reference"])
    sys.stdout.write(f"{write(found, arguments.output)}\n")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.cohort_export import export_cohort
    from napari_radiogenomics.io.cohort_open import open_cohort

    cohort = open_cohort(**given(arguments, describe(open_cohort)), progress=terminal_progress())
    folder = arguments.output if arguments.output.is_dir() else arguments.output.parent
    sys.stdout.write(f"{export_cohort(cohort, folder)}\n")
    return 0


COMMAND = Command(
    "convert",
    "Convert a scan, a segmentation or the tables of a cohort; voxels and grid stay as they are.",
    _configure,
    _run,
)
