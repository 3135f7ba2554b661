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
        help="Scan whose grid contours are drawn on; found beside the file where not given.",
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.files import read, write

    settings = given(arguments, describe(read))
    if settings.pop("reference", None) is not None:
        settings["reference"] = read(arguments.reference, kind="image")
    sys.stdout.write(f"{write(read(settings.pop('path'), **settings), arguments.output)}\n")
    return 0


COMMAND = Command(
    "convert",
    "Convert a scan or a segmentation; voxels and grid stay as they are.",
    _configure,
    _run,
)
