"""``fuse PATIENTS --outcome COLUMN --table NAME=PATH``: compare fusion models without leaks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.cli.text import aligned
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.result import FusionResult

__all__ = ["COMMAND"]


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.fusion.fuse import fuse

    parser.add_argument(
        "patients",
        type=Path,
        metavar="PATIENTS",
        help="Table of the patients (CSV), with patient_id and the outcome; or a cohort folder.",
    )
    parser.add_argument(
        "--outcome",
        nargs="+",
        required=True,
        metavar="COLUMN",
        help="Column to predict; for survival the columns of the time and of the event.",
    )
    parser.add_argument(
        "--table",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="Modality and its table by patient (CSV); several times.",
    )
    parser.add_argument(
        "--clinical",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="Columns of PATIENTS that are clinical facts.",
    )
    parser.add_argument("--site", metavar="COLUMN", help="Column of PATIENTS with the site.")
    add_arguments(parser, describe(fuse), without=("modalities", "target", "groups", "external"))
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="Folder for all tables, the advice, and the trusted model with its card.",
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.fusion.fuse import fuse
    from napari_radiogenomics.fusion.read_modality import read_patients

    path = arguments.patients
    patients = read_patients(path / "patients.csv" if path.is_dir() else path)
    target = _columns(patients, arguments.outcome)
    modalities = {}
    for word in arguments.table:
        name, sign, place = word.partition("=")
        if not (sign and name and place):
            raise InputError(f'"{word}" is not NAME=PATH, such as imaging=features.csv.')
        modalities[name] = read_patients(place)
    if arguments.clinical:
        modalities["clinical"] = _columns(patients, arguments.clinical)
    site = None if arguments.site is None else _columns(patients, [arguments.site])[arguments.site]
    settings = given(arguments, describe(fuse))
    for name in ("patients", "target", "modalities"):
        settings.pop(name, None)
    result = fuse(
        modalities,
        target if len(arguments.outcome) > 1 else target[arguments.outcome[0]],
        groups=site,
        **settings,
        progress=terminal_progress(),
    )
    _show(result)
    if arguments.output is not None:
        _save(result, arguments.output)
    return 0


def _columns(patients: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    for name in names:
        if name not in patients:
            hint = did_you_mean(name, list(map(str, patients.columns)))
            raise InputError(f'The table of patients has no column "{name}". {hint}')
    return patients[names]


def _show(result: FusionResult) -> None:
    main = result.main
    rows = [["strategy", main, "low", "high", "optimism", "features", "answered"]]
    for name, row in result.table.iterrows():
        cells: list[Any] = [row[f"{main}{end}"] for end in ("", "_low", "_high")]
        cells += [row["optimism"], row["features"], row["answered"]]
        rows.append([str(name), *(f"{cell:.3g}" for cell in cells)])
    sys.stdout.write(aligned(rows))
    for sentence in result.told:
        sys.stdout.write(f"{sentence}\n")


def _save(result: FusionResult, folder: Path) -> None:
    from napari_radiogenomics.fusion.model_file import save_model
    from napari_radiogenomics.fusion.result_files import write_result

    folder.mkdir(parents=True, exist_ok=True)
    write_result(result, folder)
    save_model(result.model(), folder / "model.npz")
    sys.stdout.write(f"{folder}\n")


COMMAND = Command(
    "fuse",
    "Compare models on image, genes and clinic, validated without leaks.",
    _configure,
    _run,
)
