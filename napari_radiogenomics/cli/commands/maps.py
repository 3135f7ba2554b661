"""``maps IMAGE SEGMENTATION --output …``: texture maps as files."""

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
    from napari_radiogenomics.radiomics import texture_maps

    add_arguments(parser, describe(texture_maps))
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="Folder for one NIfTI file a map, or the name of a file for a single map. The "
        "history is written beside each.",
    )
    add_scan_arguments(parser)


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.files import read, write
    from napari_radiogenomics.radiomics import texture_maps

    form = describe(texture_maps)
    settings = given(arguments, form)
    scan = read(settings.pop("image"), kind="image", series=arguments.series)
    scan = volume_of(scan, arguments.volume)
    regions = read(settings.pop("segmentation"), kind="segmentation", reference=scan)
    output: Path = arguments.output
    if not output.absolute().parent.is_dir():
        raise InputError(f"The folder {output.absolute().parent} does not exist. Create it first.")
    maps = texture_maps(scan, regions, **settings, progress=terminal_progress())
    for result, target in zip(maps.values(), _targets(output, list(maps)), strict=True):
        write(result, target)
        sys.stdout.write(f"{target}\n")
    return 0


def _targets(output: Path, names: list[str]) -> list[Path]:
    """Where each map goes: into a folder, or a single one into a file."""
    from napari_radiogenomics.io.format import FORMATS

    if any(form.claims(output) for form in FORMATS if form.write) and not output.is_dir():
        if len(names) > 1:
            raise InputError(
                f"{output} is one file, and there are {len(names)} maps: {', '.join(names)}. "
                "Give a folder as --output."
            )
        return [output]
    try:
        output.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(
            f"The folder {output} cannot be made ({error.strerror}). Choose another --output."
        ) from error
    return [output / f"{name}.nii.gz" for name in names]


COMMAND = Command(
    "maps", "Map texture around each voxel of a region, and save the maps.", _configure, _run
)
