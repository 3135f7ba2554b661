"""``vessels IMAGE SEGMENTATION --output TABLE``: tortuosity of vessels around a region."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.cli.scan import add_scan_arguments, volume_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    from napari_radiogenomics.vessels import VesselMeasures

__all__ = ["COMMAND"]

_MORE = {
    "vessels_output": ("--vessels-output", "CSV file for a row a vessel."),
    "lines_output": ("--lines-output", "CSV file for the points of all centerlines, in LPS mm."),
    "map_output": ("--map-output", "File for the map of local tortuosity (.nii.gz, .nrrd, …)."),
}


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.vessels import measure_vessels

    add_arguments(parser, describe(measure_vessels))
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="CSV file: one row a ring. The history is written beside it.",
    )
    for name, (option, text) in _MORE.items():
        parser.add_argument(option, dest=name, type=Path, metavar="PATH", help=text)
    add_scan_arguments(parser)


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.files import read
    from napari_radiogenomics.vessels import measure_vessels

    settings = given(arguments, describe(measure_vessels))
    for path in (arguments.output, *(getattr(arguments, name) for name in _MORE)):
        if path is not None and not path.absolute().parent.is_dir():
            folder = path.absolute().parent
            raise InputError(f"The folder {folder} does not exist. Create it first.")
    scan = read(settings.pop("image"), kind="image", series=arguments.series)
    scan = volume_of(scan, arguments.volume)
    regions = read(settings.pop("segmentation"), kind="segmentation", reference=scan)
    found = measure_vessels(scan, regions, **settings, progress=terminal_progress())
    _write(found, arguments)
    for note in found.notes:
        sys.stderr.write(f"{note}\n")
    return 0


def _write(found: VesselMeasures, arguments: argparse.Namespace) -> None:
    from napari_radiogenomics.io.files import write
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import write_history

    tables = (
        (arguments.output, found.regions),
        (arguments.vessels_output, found.vessels),
        (arguments.lines_output, found.points()),
    )
    for path, table in tables:
        if path is not None:
            write_history(table, write_table(table, path))
            sys.stdout.write(f"{path}\n")
    if arguments.map_output is not None:
        if found.map is None:
            raise InputError("No map was made. Give --map-sigma-mm a number above 0.")
        write(found.map, arguments.map_output)
        sys.stdout.write(f"{arguments.map_output}\n")


COMMAND = Command(
    "vessels", "Measure how tortuous the vessels around a region are, and save the tables.",
    _configure, _run,
)  # fmt: skip
