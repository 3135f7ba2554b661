"""``register MOVING FIXED LANDMARKS --output TRANSFORM``: how a slide or a scan lies to another."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.cli.text import aligned
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    from napari_radiogenomics.registration import Registration

__all__ = ["COMMAND"]

_OBJECTS = {
    "moving": "Scan or slide that is brought to the other one.",
    "fixed": "Scan or slide that stays.",
}
_PAIRS = (
    "Pairs of places in mm: name, fixed_x, fixed_y, fixed_z, moving_x, moving_y, moving_z. "
    "Without them brightness registers two scans or two slides."
)
_MORE = (
    ("--moving-frame", "NAME", "Name of the frame of the moving one; its file's name without it."),
    ("--fixed-frame", "NAME", "Name of the frame of the fixed one; its file's name without it."),
    ("--output", "PATH", "Transform from the fixed to the moving frame: .json, .txt (4×4), .tfm."),
    ("--errors", "CSV", "Table of the landmarks: residual, and error with each left out, in mm."),
    ("--resampled", "PATH", "The moving scan on the grid of the fixed one (.nii.gz, .nrrd, …)."),
)


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.registration import register

    for name, text in _OBJECTS.items():
        parser.add_argument(name, type=Path, metavar=name.upper(), help=text)
    parser.add_argument("--landmarks", type=Path, default=None, metavar="CSV", help=_PAIRS)
    add_arguments(parser, describe(register), without=("moving", "fixed", "landmarks"))
    for option, metavar, text in _MORE:
        parser.add_argument(
            option,
            type=str if metavar == "NAME" else Path,
            default="" if metavar == "NAME" else None,
            required=option == "--output",
            metavar=metavar,
            help=text,
        )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.registration import read_landmarks, register

    settings = given(arguments, describe(register))
    for path in (arguments.output, arguments.errors, arguments.resampled):
        if path is not None and not path.absolute().parent.is_dir():
            folder = path.absolute().parent
            raise InputError(f"The folder {folder} does not exist. Create it first.")
    pairs = settings.pop("landmarks", None)
    moving, fixed = (
        _object(settings.pop(side), getattr(arguments, f"{side}_frame"))
        for side in ("moving", "fixed")
    )
    landmarks = None if pairs is None else read_landmarks(pairs)
    found = register(moving, fixed, landmarks, **settings, progress=terminal_progress())
    for warning in found.warnings:
        sys.stderr.write(f"note: {warning}\n")
    _tell(found)
    _write(found, moving, fixed, arguments)
    return 0


def _object(path: Path, frame: str) -> Any:
    """A slide where the file is one, else a scan; in a named frame."""
    from napari_radiogenomics.data.slide import Slide
    from napari_radiogenomics.io.files import read

    one = read(path)
    name = frame or path.name.partition(".")[0]
    if isinstance(one, Slide):
        return replace(one, frame=frame or one.frame or name)
    if not hasattr(one, "array"):
        raise InputError(f"{path} is neither a scan nor a slide. Give an image.")
    own = str(one.metadata.get("frame", ""))
    return replace(one, metadata={**one.metadata, "frame": frame or own or name})


def _tell(found: Registration) -> None:
    rows = [
        [str(row["name"]), *(f"{row[name]:.3f}" if row[name] == row[name] else "not known"
                             for name in ("residual_mm", "left_out_mm"))]
        for _, row in found.landmarks.iterrows()
    ]  # fmt: skip
    if rows:
        sys.stdout.write(aligned([["landmark", "residual mm", "left out mm"], *rows]))
    sys.stdout.write(f"{found.text()}\n")


def _write(found: Registration, moving: Any, fixed: Any, arguments: argparse.Namespace) -> None:
    from napari_radiogenomics.io.files import write
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.io.transforms import write_transform
    from napari_radiogenomics.provenance import write_history

    own = replace(found.transform, history=found.history)
    write_history(found, write_transform(own, arguments.output))
    sys.stdout.write(f"{arguments.output}\n")
    if arguments.errors is not None:
        write_history(found, write_table(found.landmarks, arguments.errors, index=False))
        sys.stdout.write(f"{arguments.errors}\n")
    if arguments.resampled is not None:
        if not (hasattr(moving, "array") and hasattr(fixed, "array")):
            raise InputError("Only a scan is written on the grid of a scan. Leave --resampled out.")
        resampled = found.transform.resample(moving, fixed, progress=terminal_progress())
        write(replace(resampled, history=(*moving.history, *found.history)), arguments.resampled)
        sys.stdout.write(f"{arguments.resampled}\n")


COMMAND = Command(
    "register",
    "Find how a slide or a scan lies to another one, by landmarks or by brightness.",
    _configure,
    _run,
)
