"""``tissue SLIDE --output TABLE``: vessels, hypoxia or nuclei of a section, or of a cohort's."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    from napari_radiogenomics.tissue import TissueMeasurement

__all__ = ["COMMAND"]

_TABLES = {
    "fields_output": ("--fields-output", "CSV file for a row a field."),
    "objects_output": ("--objects-output", "CSV file for a row a vessel or nucleus."),
}


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.tissue import measure_tissue

    parser.add_argument(
        "slide",
        type=Path,
        metavar="SLIDE",
        help="Slide, or folder of a cohort: then all its slides with the right stain.",
    )
    add_arguments(parser, describe(measure_tissue), without=("slide",))
    parser.add_argument("--patients", nargs="+", metavar="ID", help="Of a cohort, whom only.")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="CSV file: one row a slide. The history is written beside it.",
    )
    for name, (option, text) in _TABLES.items():
        parser.add_argument(option, dest=name, type=Path, metavar="PATH", help=text)
    parser.add_argument(
        "--maps-output", type=Path, metavar="FOLDER", help="Folder for the maps of a slide (.nrrd)."
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.tissue import measure_tissue

    settings = given(arguments, describe(measure_tissue))
    for path in (arguments.output, *(getattr(arguments, name) for name in _TABLES)):
        if path is not None and not path.absolute().parent.is_dir():
            folder = path.absolute().parent
            raise InputError(f"The folder {folder} does not exist. Create it first.")
    source: Path = settings.pop("slide")
    if source.name == "cohort.toml" or (source / "cohort.toml").is_file():
        return _run_cohort(source, settings, arguments)
    return _run_slide(source, settings, arguments)


def _run_slide(source: Path, settings: dict[str, Any], arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.files import read
    from napari_radiogenomics.tissue import measure_tissue

    if arguments.patients:
        raise InputError(f"{source} is a slide, no cohort: leave --patients.")
    region = settings.pop("region", None)
    region = None if region is None else read(region, kind="segmentation")
    slide = read(source, kind="slide")
    found = measure_tissue(slide, region, **settings, progress=terminal_progress())
    _write(found, arguments)
    for note in found.warnings:
        sys.stderr.write(f"note: {note}\n")
    sys.stdout.write(f"{slide.name}: {found.text()}\n{arguments.output}\n")
    return 0


def _write(found: TissueMeasurement, arguments: argparse.Namespace) -> None:
    from napari_radiogenomics.io.files import write
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import write_history

    tables = (
        (arguments.output, found.table),
        (arguments.fields_output, found.fields),
        (arguments.objects_output, found.objects),
    )
    for path, table in tables:
        if path is not None:
            write_history(table, write_table(table, path))
    folder = arguments.maps_output
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, image in found.maps.items():
            target = folder / f"{found.table.index[0]}_{name}.nrrd"
            write(image, target)
            sys.stdout.write(f"{target}\n")


def _run_cohort(source: Path, settings: dict[str, Any], arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.cohort_open import open_cohort
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import write_history
    from napari_radiogenomics.tissue import measure_slides

    own = [*_TABLES, "maps_output"]
    given_too = [name for name in own if getattr(arguments, name) is not None]
    if "region" in settings or given_too:
        what = "region" if "region" in settings else given_too[0]
        option = "--" + what.replace("_", "-")
        raise InputError(f"{option} is for one slide, and {source} is a cohort. Give one slide.")
    measure = settings.pop("measure", "vessels")
    table = measure_slides(
        open_cohort(source), measure=measure, patients=arguments.patients, settings=settings,
        progress=terminal_progress(),
    )  # fmt: skip
    for note in table.attrs["warnings"]:
        sys.stderr.write(f"note: {note}\n")
    for slide, error in table.attrs["failures"].itertuples(index=False):
        sys.stderr.write(f"{slide}: {error}\n")
    write_history(table, write_table(table, arguments.output))
    sys.stdout.write(f"{len(table)} slides\n{arguments.output}\n")
    return 0


COMMAND = Command(
    "tissue",
    "Measure vessels, hypoxia or nuclei of stained sections, and save the tables.",
    _configure,
    _run,
)
