"""``predict MODEL --table NAME=PATH``: what a saved fusion model says of new patients."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.fusion_tables import Chosen, People, Told, named_paths, tell
from napari_radiogenomics.cli.options import add_arguments, given
from napari_radiogenomics.cli.output_place import require_file_place
from napari_radiogenomics.cli.text import aligned
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.models.model import FusionModel

__all__ = ["COMMAND"]

_SHOWN = 10  # patients


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.fusion.explaining.explain import predict_patients

    parser.add_argument(
        "model", type=Path, metavar="MODEL", help="File that fuse or save_model wrote (.npz)."
    )
    parser.add_argument(
        "--table",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="Modality, by the name it was learned under, and its table by patient; several times.",
    )
    parser.add_argument(
        "--patients",
        type=Path,
        metavar="PATH",
        help="Table of the patients (CSV) or cohort folder: clinical facts that the model reads, "
        "site and outcome; of a folder also rna and pathways.",
    )
    parser.add_argument("--only", metavar="COLUMN=VALUE", help="Predict these patients only.")
    parser.add_argument("--site", default="", metavar="COLUMN", help="Their column with the site.")
    parser.add_argument(
        "--outcome",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="Their known outcome, as for fuse: the model is measured against it.",
    )
    form = describe(predict_patients)
    parser.add_argument(
        "--threshold", type=_threshold, default=argparse.SUPPRESS, metavar="NAME|X",
        help=f"{form['threshold'].help.replace('``', '')} [default: {form['threshold'].default}]",
    )  # fmt: skip
    add_arguments(parser, form, without=("model", "modalities", "groups", "threshold"))
    parser.add_argument(
        "--output", type=Path, metavar="PATH",
        help="CSV file: one row a patient, with what drove the prediction and what lacks.",
    )  # fmt: skip


def _threshold(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.fusion.applying import predicted, seen_before
    from napari_radiogenomics.fusion.explaining.explain import predict_patients
    from napari_radiogenomics.fusion.models.model_file import load_model

    if arguments.output is not None:
        require_file_place(arguments.output)
    model = load_model(arguments.model)
    told, asked = _tables(model, arguments)
    settings = given(arguments, describe(predict_patients))
    settings.pop("model", None)
    table, said = predicted(model, told.modalities, told.site, **settings)
    again = seen_before(model, told.site, told.modalities)
    tell([*([again] if again else []), *said])
    measures = _measured(model, told)
    if told.target is not None:
        values = told.target
        shown = values if values.ndim == 1 else values.iloc[:, 0]
        shown = shown.set_axis(shown.index.astype(str)).reindex(table.index)
        table.insert(0, "outcome", shown)
    _show(model, table, asked, measures)
    if arguments.output is not None:
        _save(table, arguments.output, told, {"model": str(arguments.model), **settings})
    return 0


def _tables(model: FusionModel, arguments: argparse.Namespace) -> tuple[Told, int]:
    """What the model reads, as far as it is given, and how many patients are asked for."""
    from napari_radiogenomics.fusion.applying import clinical_read, modalities_read
    from napari_radiogenomics.fusion.read_modality import read_modality

    files, wanted = named_paths(arguments.table), modalities_read(model)
    for name in files:
        if name not in model.fitted_.facts["held"]:
            hint = did_you_mean(name, wanted)
            raise InputError(f'The model knows no modality "{name}". {hint}')
    if arguments.patients is None:
        for option in ("only", "site", "outcome"):
            if getattr(arguments, option):
                raise InputError(f"--{option} names columns of a table. Give it: --patients PATH.")
        tables = {}
        for name, path in files.items():
            tables[name] = read_modality(path, name).tables[name]
        told = Told(tables, {})
        asked = len({str(p) for table in tables.values() for p in table.index})
    else:
        people = People.read(arguments.patients)
        rows = people.where(arguments.only)
        clinical = clinical_read(model, people.table.columns)
        held = [n for n in ("rna", "pathways") if n in wanted and n not in files]
        cohort = people.cohort
        held = held if cohort is not None and cohort.expression else []
        chosen = Chosen(
            files, held, clinical if "clinical" in wanted else (), arguments.outcome, arguments.site
        )
        told, asked = chosen.read(people, rows), len(rows)
    if not told.modalities:
        raise InputError(
            f"The model reads {', '.join(wanted)}, and none of these is given. Name them with "
            "--table NAME=PATH, or the cohort folder with --patients."
        )
    return told, asked


def _measured(model: FusionModel, told: Told) -> pd.Series | None:
    """How good the model is where the outcome is known; why not is told."""
    from napari_radiogenomics.fusion.validation.final import measure_models

    fitted = model.fitted_
    if told.target is None:
        return None
    name = str(told.target.name if told.target.ndim == 1 else told.target.columns[0])
    if fitted.kind != "survival" and name != fitted.target:
        tell([f"The model predicts {fitted.target}; it is held against {name}."])
    try:
        found = measure_models(
            {"model": model}, told.cohort, kind=fitted.kind, classes=fitted.classes
        )
    except InputError as error:
        tell([f"Not measured: {error}"])
        return None
    return found.loc["model"]


def _show(model: FusionModel, table: pd.DataFrame, asked: int, measures: pd.Series | None) -> None:
    fitted = model.fitted_
    answered = int(table["link"].notna().sum())
    names: dict[str, list[str]] = {
        "classification": ["probability", "class", "set"],
        "regression": ["link", "low", "high"],
        "survival": ["survival", "survival_low", "survival_high"],
    }
    what = fitted.target
    if fitted.kind == "classification":
        limit = table.attrs["threshold"]
        what += f', probability of "{fitted.classes[-1]}"; called above {limit:.3g}'
    elif fitted.kind == "survival":
        what = f"no event by {table.attrs['at']:g} (unit of the times learned from)"
    sys.stdout.write(f"{answered} of {asked} patients predicted: {what}.\n")
    chosen = [*(["outcome"] * ("outcome" in table)), *names[fitted.kind], "driver_1", "lacks"]
    rows = [["patient_id", *chosen]]
    for who, row in table[chosen].head(_SHOWN).iterrows():
        rows.append([str(who), *map(_cell, row)])
    sys.stdout.write(aligned(rows))
    if len(table) > _SHOWN:
        sys.stdout.write(f"… {len(table) - _SHOWN} more; --output writes all of them.\n")
    if measures is not None:
        _show_measures(measures)


def _cell(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _show_measures(measures: pd.Series) -> None:
    from napari_radiogenomics.fusion.validation.measures import slope_word

    rows = [["measure", "value", "low", "high"]]
    for name in measures.index:
        if f"{name}_low" in measures.index:
            cells = [float(measures[f"{name}{end}"]) for end in ("", "_low", "_high")]
            told = slope_word if name == "calibration_slope" else _cell
            rows.append([name, *map(told, cells)])
    sys.stdout.write(aligned(rows))
    if measures["answered"] < 1:
        sys.stdout.write(f"Measured on the {measures['answered']:.0%} that got a prediction.\n")


def _save(table: pd.DataFrame, output: Path, told: Told, settings: dict[str, Any]) -> None:
    from napari_radiogenomics.fusion.explaining.explain import predict_patients
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import record_of, with_history, write_history

    model = settings.pop("model")
    record = record_of(predict_patients, model, told.modalities, told.site, **settings)
    write_table(table, output)
    write_history(with_history(table, record), output)
    sys.stdout.write(f"{output}\n")


COMMAND = Command(
    "predict",
    "Apply a saved fusion model to patients, and measure it where their outcome is known.",
    _configure,
    _run,
)
