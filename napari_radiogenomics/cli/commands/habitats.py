"""``habitats SEGMENTATION MAP … --output …``: habitats of a region, from maps or scans."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.signature import describe

__all__ = ["COMMAND"]


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.radiomics.habitats import find_habitats

    add_arguments(parser, describe(find_habitats), without=("model",))
    parser.add_argument(
        "maps",
        nargs="+",
        type=Path,
        metavar="MAP",
        help="Maps or scans on the grid of the segmentation. The first decides the order.",
    )
    parser.add_argument(
        "--model",
        type=Path,
        default=None,
        metavar="PATH",
        help="Habitats of a cohort, as saved by HabitatModel.save; other settings do not count.",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="File for the habitats. NRRD (.nrrd) and DICOM SEG (.dcm) keep their names.",
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.files import read, write
    from napari_radiogenomics.radiomics.habitat_model import HabitatModel
    from napari_radiogenomics.radiomics.habitats import find_habitats

    settings = given(arguments, describe(find_habitats))
    paths, model = settings.pop("maps"), settings.pop("model")
    maps = [read(path, kind="image") for path in paths]
    regions = read(settings.pop("segmentation"), kind="segmentation", reference=maps[0])
    found = find_habitats(
        maps,
        regions,
        **settings,
        model=None if model is None else HabitatModel.load(model),
        progress=terminal_progress(),
    )
    write(found, arguments.output)
    for label in found.scheme:
        sys.stdout.write(f"{label.value}\t{label.metadata['share']:.1%}\t{label.name}\n")
    for note in found.notes:
        sys.stdout.write(f"{note}\n")
    sys.stdout.write(f"{arguments.output}\n")
    return 0


COMMAND = Command(
    "habitats",
    "Divide a region into parts that look alike in several maps at once.",
    _configure,
    _run,
)
