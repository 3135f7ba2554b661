"""``demo``: the sample cohort in napari."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from pathlib import Path

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.errors import InputError, MissingDependency

__all__ = ["COMMAND"]


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="Write pictures of the window there, and close it.",
    )
    parser.add_argument(
        "--no-window",
        action="store_true",
        help="Write pictures without waiting for a person; into ./demo_output where --output is "
        "not given.",
    )


def _run(arguments: argparse.Namespace) -> int:
    if importlib.util.find_spec("napari") is None:
        raise MissingDependency("napari", extra="gui", purpose="open the demo's window")
    output: Path | None = arguments.output
    if arguments.no_window and output is None:
        output = Path("demo_output")
    if output is not None and output.exists() and not output.is_dir():
        raise InputError(f"{output} is a file. Give a folder as --output.")
    # By name: window and command line share a floor, and neither needs the other to load.
    demo = importlib.import_module("napari_radiogenomics.gui.demo")
    demo.run_demo(output)
    if output is not None:
        sys.stdout.write(f"{output}\n")
    return 0


COMMAND = Command("demo", "Open the sample cohort in napari.", _configure, _run)
