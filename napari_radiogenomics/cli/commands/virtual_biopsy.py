"""``virtual-biopsy COHORT TARGET --output FOLDER``: a score at every voxel, or a refusal."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    from napari_radiogenomics.correspondence import VirtualBiopsyModel, VirtualMaps
    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["COMMAND"]

_MAPS = ("value", "low", "high", "width", "unlike")


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.correspondence import virtual_biopsy

    add_arguments(parser, describe(virtual_biopsy))
    parser.add_argument(
        "--model",
        type=Path,
        default=None,
        metavar="PATH",
        help="Draw maps with a model that was saved before; nothing is learned then.",
    )
    parser.add_argument(
        "--patients",
        nargs="+",
        default=None,
        metavar="ID",
        help="Whose maps are drawn; without it those of all patients learned from.",
    )
    parser.add_argument(
        "--no-anchor",
        dest="anchor",
        action="store_false",
        help="Start from the mean of other patients, also where the patient has biopsies.",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="Folder for the table of biopsies, the model, and the maps of each patient. "
        "Where it is refused, only the table is written.",
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.cohort_open import open_cohort

    folder = arguments.output
    if not folder.absolute().parent.is_dir():
        raise InputError(f"The folder {folder.absolute().parent} does not exist. Create it first.")
    cohort = open_cohort(arguments.cohort)
    model = _learn(cohort, arguments) if arguments.model is None else _saved(arguments)
    patients = arguments.patients
    if patients is None:
        patients = [name for name in model.patients if name in cohort.patients.index]
    if not patients:
        raise InputError(
            "None of the patients learned from is in this cohort. Name others with --patients."
        )
    for patient in patients:
        _draw(model, cohort, patient, arguments.anchor, folder)
    sys.stdout.write(f"{folder}\n")
    return 0


def _saved(arguments: argparse.Namespace) -> VirtualBiopsyModel:
    from napari_radiogenomics.correspondence import VirtualBiopsyModel

    model = VirtualBiopsyModel.load(arguments.model)
    if arguments.target != model.target:
        raise InputError(
            f'{arguments.model} was learned for "{model.target}", not "{arguments.target}". '
            "Name its own target, or learn another model without --model."
        )
    arguments.output.mkdir(exist_ok=True)
    return model


def _learn(cohort: Cohort, arguments: argparse.Namespace) -> VirtualBiopsyModel:
    """Learn, say how good it is, and write what there is; a refusal ends it."""
    from napari_radiogenomics.correspondence import virtual_biopsy
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import write_history

    settings: dict[str, Any] = given(arguments, describe(virtual_biopsy))
    settings.pop("cohort")
    target = settings.pop("target")
    found = virtual_biopsy(cohort, target, **settings, progress=terminal_progress())
    for note in found.notes:
        sys.stderr.write(f"note: {note}\n")
    arguments.output.mkdir(exist_ok=True)
    table = arguments.output / "biopsies.csv"
    write_table(found.samples, table)
    write_history(found, table)
    sys.stdout.write(f"{found.text()}\n")
    model = found.learned
    model.save(arguments.output / "model.npz")
    return model


def _draw(
    model: VirtualBiopsyModel, cohort: Cohort, patient: str, anchor: bool, folder: Path
) -> None:
    from napari_radiogenomics.correspondence import map_virtual_biopsy
    from napari_radiogenomics.io.files import write
    from napari_radiogenomics.provenance import with_history

    maps: VirtualMaps = map_virtual_biopsy(
        model, cohort, patient, anchor=anchor, progress=terminal_progress()
    )
    stem = re.sub(r"[^\w.-]", "_", maps.patient_id)
    for kind in _MAPS:
        image = with_history(getattr(maps, kind), maps.history[-1])
        ending = "nrrd" if kind == "unlike" else "nii.gz"  # NIfTI keeps no names of labels
        write(image, folder / f"{stem}-{kind}.{ending}")
    sys.stdout.write(f"{maps.patient_id}: {' '.join(maps.notes)}\n")


COMMAND = Command(
    "virtual-biopsy",
    "Tell a gene or pathway score at every voxel from biopsies and scans, or refuse.",
    _configure,
    _run,
)
