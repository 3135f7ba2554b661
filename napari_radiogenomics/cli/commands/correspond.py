"""``correspond MAP_A MAP_B MASK``: whether two maps of a tumor lie in the same places."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.cli.text import aligned
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.signature import describe

__all__ = ["COMMAND"]

_NUMBERS = ("r", "low", "high", "n_effective", "p_value", "p_surrogate")


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.correspondence.correspond import correspond

    add_arguments(parser, describe(correspond))
    parser.add_argument(
        "--output",
        type=Path,
        default=None,
        metavar="PATH",
        help="CSV file: a row for each step and method. The history is written beside it.",
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.correspondence.correspond import correspond
    from napari_radiogenomics.io.files import read
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import write_history

    target = arguments.output
    if target is not None and not target.absolute().parent.is_dir():
        raise InputError(f"The folder {target.absolute().parent} does not exist. Create it first.")
    settings = given(arguments, describe(correspond))
    first, second = (read(settings.pop(name), kind="image") for name in ("map_a", "map_b"))
    mask = read(settings.pop("mask"), kind="segmentation")
    others = [read(path, kind="image") for path in settings.pop("confounders", ())]
    found = correspond(first, second, mask, others, **settings, progress=terminal_progress())
    for note in found.notes:
        sys.stderr.write(f"note: {note}\n")
    rows = [
        [row["step"], row["method"], *(f"{row[name]:.3g}" for name in _NUMBERS)]
        for _, row in found.table.iterrows()
    ]
    sys.stdout.write(aligned([["step", "method", *_NUMBERS], *rows]))
    sys.stdout.write(f"{found.text()}\n")
    if target is not None:
        write_table(found.table, target, index=False)
        write_history(found, target)
        sys.stdout.write(f"{target}\n")
    return 0


COMMAND = Command(
    "correspond",
    "Tell whether two maps of a tumor lie in the same places, beyond chance.",
    _configure,
    _run,
)
