"""``features IMAGE SEGMENTATION --output TABLE``: radiomic features of regions as a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.cli.scan import add_scan_arguments, volume_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.signature import describe

__all__ = ["COMMAND"]


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.radiomics import extract_features

    add_arguments(parser, describe(extract_features))
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="CSV file: one row a region. The history is written beside it.",
    )
    add_scan_arguments(parser)


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.files import read
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import write_history
    from napari_radiogenomics.radiomics import extract_features

    settings = given(arguments, describe(extract_features))
    output: Path = arguments.output
    if not output.absolute().parent.is_dir():
        raise InputError(f"The folder {output.absolute().parent} does not exist. Create it first.")
    scan = read(settings.pop("image"), kind="image", series=arguments.series)
    scan = volume_of(scan, arguments.volume)
    regions = read(settings.pop("segmentation"), kind="segmentation", reference=scan)
    table = extract_features(scan, regions, **settings, progress=terminal_progress())
    write_table(table, output)
    write_history(table, output)
    sys.stdout.write(f"{output}\n")
    blank = int(table.isna().to_numpy().sum())
    if blank:
        sys.stderr.write(f"{blank} of {table.size} cells are blank: no value is defined there.\n")
    return 0


COMMAND = Command(
    "features", "Measure radiomic features of regions, and save the table.", _configure, _run
)
