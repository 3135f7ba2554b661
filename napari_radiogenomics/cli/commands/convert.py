"""``convert IN OUT``: a scan or a segmentation in another format."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given
from napari_radiogenomics.signature import describe

__all__ = ["COMMAND"]


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.io.files import read

    add_arguments(parser, describe(read))
    parser.add_argument(
        "output",
        type=Path,
        metavar="OUTPUT",
        help="Where to write; its ending chooses the format. The grid is not changed.",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="SCAN",
        help="Scan that a segmentation was drawn on: contours are read on its grid, and DICOM SEG "
        "refers to it.",
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.data.segmentation import Segmentation
    from napari_radiogenomics.io.drawn_on import drawn_on
    from napari_radiogenomics.io.files import read, write

    settings = given(arguments, describe(read))
    if arguments.reference is not None:
        settings["reference"] = read(arguments.reference, kind="image")
    found = read(settings.pop("path"), **settings)
    if arguments.reference is not None and isinstance(found, Segmentation):
        found = drawn_on(found, settings["reference"])
    sys.stdout.write(f"{write(found, arguments.output)}\n")
    return 0


COMMAND = Command(
    "convert",
    "Convert a scan or a segmentation; voxels and grid stay as they are.",
    _configure,
    _run,
)
