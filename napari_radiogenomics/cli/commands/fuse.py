"""``fuse PATIENTS --outcome COLUMN --table NAME=PATH``: compare fusion models without leaks."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.fusion_tables import Chosen, People, Told, named_paths, tell
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.cli.output_place import require_folder_place
from napari_radiogenomics.cli.text import aligned
from napari_radiogenomics.errors import DataWarning, InputError
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
        help="Column to predict; for survival two columns: the time, and the event (1 where it "
        "came, 0 where the patient was censored). Of a cohort folder also a mutated gene (EGFR), "
        "a gene or gene set of its expression, or one group against the others "
        "('grade: G3').",
    )
    parser.add_argument(
        "--table",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="Modality and its table by patient (CSV, TSV, GCT or AnnData), such as what "
        "extract-cohort wrote; several times. Columns that PATIENTS has too are left out of it.",
    )
    parser.add_argument(
        "--modalities",
        nargs="+",
        default=[],
        metavar="NAME",
        help="Modalities that the cohort folder holds itself: rna (genes of the bulk samples, by "
        "patient), pathways, clinical (columns that are known from the start).",
    )
    parser.add_argument(
        "--clinical",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="Columns of PATIENTS that are clinical facts.",
    )
    parser.add_argument("--site", metavar="COLUMN", help="Column of PATIENTS with the site.")
    _add_second(parser)
    _add_missing(parser)
    add_arguments(parser, describe(fuse), without=("modalities", "target", "groups", "external"))
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="Folder for all tables, the advice, and the trusted model with its card.",
    )


def _add_second(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--learn-from",
        metavar="COLUMN=VALUE",
        help="Learn from the rows of PATIENTS that hold this value; without it from all that are "
        "not tested on.",
    )
    parser.add_argument(
        "--test-on",
        metavar="COLUMN=VALUE",
        help="Test the models on these rows of PATIENTS, as a second cohort.",
    )
    parser.add_argument(
        "--external",
        type=Path,
        metavar="PATIENTS",
        help="Table or folder of another cohort, with columns of the same names, to test on.",
    )
    parser.add_argument(
        "--external-table",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="Modality of the other cohort; several times. Where not given, a file beside it that "
        "is called as that of --table.",
    )


def _add_missing(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.fusion.missing_curve import missing_curve

    parser.add_argument(
        "--missing",
        metavar="NAME",
        help="Also take this modality away from more and more patients, and validate anew.",
    )
    known = {parameter.name: parameter for parameter in describe(missing_curve).parameters}
    shares, mechanism = known["shares"], known["mechanism"]
    parser.add_argument(
        "--missing-shares", type=float, nargs="+", default=None, metavar="X",
        help=f"{shares.help} [default: {' '.join(map(str, shares.default))}]",
    )  # fmt: skip
    parser.add_argument(
        "--missing-mechanism", choices=[str(c) for c in mechanism.choices], default=None,
        help=f"{mechanism.help} [default: {mechanism.default}]",
    )  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.fusion.fuse import fuse

    _require_sense(arguments)
    people = People.read(arguments.patients)
    chosen = _chosen(arguments, named_paths(arguments.table))
    learned = _learned(people, chosen, arguments)
    second = _second(arguments, people, chosen)
    settings = given(arguments, describe(fuse))
    for name in ("target", "modalities", "external"):
        settings.pop(name, None)
    settings.setdefault("event", _event(people, arguments.outcome))
    settings["preparations"] = learned.preparations
    progress = terminal_progress()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the result tells them
        result = fuse(
            learned.modalities,
            learned.target,
            groups=learned.site,
            external=None if second is None else second.cohort,
            **settings,
            progress=progress,
        )
    _show(result)
    curve = _curve(arguments, learned, settings, progress)
    if curve is not None:
        _show_missing(result, curve)
    if arguments.output is not None:
        _save(result, arguments.output, curve)
    return 0


_WRITTEN = ("advice.txt", "model.md", "model.npz", "table.csv")


def _require_sense(arguments: argparse.Namespace) -> None:
    """Refuse what would be found out, or passed over, only after the work."""
    if arguments.external is not None and arguments.test_on is not None:
        raise InputError("--external and --test-on both name a second cohort. Give one of them.")
    if arguments.external_table and arguments.external is None:
        raise InputError("--external-table is of the cohort that --external names. Give both.")
    for option in ("shares", "mechanism"):
        if arguments.missing is None and getattr(arguments, f"missing_{option}") is not None:
            raise InputError(
                f"--missing-{option} says how a modality is taken away. Name it: --missing NAME."
            )
    if arguments.output is not None:
        there = require_folder_place(arguments.output, _WRITTEN)
        if there:
            tell([f"{arguments.output} holds an earlier result ({', '.join(there)}), which this "
                  "one replaces."])  # fmt: skip


def _chosen(arguments: argparse.Namespace, files: Mapping[str, Path]) -> Chosen:
    return Chosen(
        files, arguments.modalities, arguments.clinical, arguments.outcome, arguments.site or ""
    )


def _learned(people: People, chosen: Chosen, arguments: argparse.Namespace) -> Told:
    """Who is learned from: the rows that are asked for, or those that are not tested on."""
    rows = people.where(arguments.learn_from)
    if arguments.test_on is not None and arguments.learn_from is None:
        rows = rows.drop(people.where(arguments.test_on).index)
    return chosen.read(people, rows)


def _event(people: People, names: list[str]) -> str:
    """The event of two classes, as all patients of the table tell it; empty for other outcomes."""
    from napari_radiogenomics.fusion.event import likely_event

    values = people.outcome(names)[0]
    if values.ndim > 1 or values.nunique() != 2:
        return ""
    return str(likely_event(values))


def _second(arguments: argparse.Namespace, people: People, chosen: Chosen) -> Told | None:
    """The second cohort; None where none is named."""
    if arguments.test_on is not None:
        return chosen.read(people, people.where(arguments.test_on))
    if arguments.external is None:
        return None
    there, files = arguments.external, chosen.files
    own = named_paths(arguments.external_table)
    unknown = [name for name in own if name not in files]
    if unknown:
        raise InputError(
            f'--external-table names "{unknown[0]}", which no --table does. '
            f"{did_you_mean(unknown[0], list(files))}"
        )
    folder = there if there.is_dir() else there.parent
    beside = {name: folder / path.name for name, path in files.items()}
    same = [name for name, path in files.items()
            if name not in own and beside[name].resolve() == path.resolve()]  # fmt: skip
    if same:
        raise InputError(
            f'"{same[0]}" of the external cohort would be the very file of --table. Name its own: '
            f"--external-table {same[0]}=PATH."
        )
    there_too = {name: path for name, path in beside.items() if path.exists()}
    others = People.read(there)
    return _chosen(arguments, {**there_too, **own}).read(others, others.table)


def _curve(
    arguments: argparse.Namespace, learned: Told, settings: Mapping[str, Any], progress: Any
) -> pd.DataFrame | None:
    """What a missing modality costs, with the settings of the comparison."""
    from napari_radiogenomics.fusion.missing_curve import missing_curve

    if arguments.missing is None:
        return None
    known = {parameter.name for parameter in describe(missing_curve).parameters}
    asked = {"shares": arguments.missing_shares, "mechanism": arguments.missing_mechanism}
    return missing_curve(
        learned.modalities,
        learned.target,
        arguments.missing,
        groups=learned.site,
        **{name: value for name, value in asked.items() if value is not None},
        **{name: value for name, value in settings.items() if name in known},
        progress=progress,
    )


def _show(result: FusionResult) -> None:
    main = result.main
    rows = [["strategy", main, "low", "high", "optimism", "features", "answered"]]
    for name, row in result.table.iterrows():
        cells: list[Any] = [row[f"{main}{end}"] for end in ("", "_low", "_high")]
        cells += [row["optimism"], row["features"], row["answered"]]
        rows.append([str(name), *(f"{cell:.3g}" for cell in cells)])
    sys.stdout.write(aligned(rows))
    if result.external is not None:
        rows = [["second cohort", main, "low", "high", "answered"]]
        for name, row in result.external.iterrows():
            cells = [row[f"{main}{end}"] for end in ("", "_low", "_high")]
            rows.append([str(name), *(f"{cell:.3g}" for cell in (*cells, row["answered"]))])
        sys.stdout.write(aligned(rows))
    for sentence in result.told:
        sys.stdout.write(f"{sentence}\n")


def _show_missing(result: FusionResult, curve: pd.DataFrame) -> None:
    """Who lacks what, by outcome; then each strategy by the share of patients who lack it."""
    rows = [["modality", "missing", "where low", "where high", "p"]]
    for row in result.missing.itertuples():
        cells = (row.missing, row.missing_low, row.missing_high, row.p_value)
        rows.append([str(row.modality), *(f"{cell:.3g}" for cell in cells)])
    sys.stdout.write(aligned(rows))
    wide, answered = (curve.pivot(index="strategy", columns="missing", values=name)
                      for name in ("value", "answered"))  # fmt: skip
    rows = [[f"{result.main} where missing", *(f"{share:.0%}" for share in wide)]]
    for name in curve["strategy"].unique():
        known = zip(wide.loc[name], answered.loc[name], strict=True)
        rows.append([str(name), *(_measured(value, share) for value, share in known)])
    sys.stdout.write(aligned(rows))
    sys.stdout.write("Each share is learned anew, with the patients who lack it.\n")
    if (curve["answered"] < 1).any():
        sys.stdout.write("In brackets: the patients that are answered, where that is not all.\n")


def _measured(value: float, answered: float) -> str:
    return f"{value:.3g}" + (f" ({answered:.0%})" if answered < 1 else "")


def _save(result: FusionResult, folder: Path, curve: pd.DataFrame | None) -> None:
    from napari_radiogenomics.fusion.models.model_file import save_model
    from napari_radiogenomics.fusion.result_files import write_result
    from napari_radiogenomics.io.atomic import atomic_path
    from napari_radiogenomics.report.trade_off import trade_off_svg

    folder.mkdir(parents=True, exist_ok=True)
    write_result(result, folder, more={} if curve is None else {"missing_curve": curve})
    if len(result.trade_off):
        with atomic_path(folder / "trade_off.svg") as path:
            path.write_text(trade_off_svg(result), encoding="utf-8")
    save_model(result.model(), folder / "model.npz")
    sys.stdout.write(f"{folder}\n")


COMMAND = Command(
    "fuse",
    "Compare models on image, genes and clinic, validated without leaks.",
    _configure,
    _run,
)
