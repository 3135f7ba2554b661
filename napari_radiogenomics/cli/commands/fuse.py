"""``fuse PATIENTS --outcome COLUMN --table NAME=PATH``: compare fusion models without leaks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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
        help="Modality and its table by patient (CSV, TSV, GCT or AnnData); several times.",
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
        "--missing-shares", type=float, nargs="+", default=list(shares.default), metavar="X",
        help=f"{shares.help} [default: {' '.join(map(str, shares.default))}]",
    )  # fmt: skip
    parser.add_argument(
        "--missing-mechanism", choices=[str(c) for c in mechanism.choices], default="random",
        help=mechanism.help,
    )  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.fusion.fuse import fuse

    if arguments.external is not None and arguments.test_on is not None:
        raise InputError("--external and --test-on both name a second cohort. Give one of them.")
    patients = _patients(arguments.patients)
    files = _named_paths(arguments.table)
    learned = _learned(patients, files, arguments)
    settings = given(arguments, describe(fuse))
    for name in ("patients", "target", "modalities", "external"):
        settings.pop(name, None)
    progress = terminal_progress()
    result = fuse(
        learned.modalities,
        learned.target,
        groups=learned.site,
        external=_second(arguments, patients, files),
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


class _Given(NamedTuple):
    """Tables of one cohort, as `fuse` takes them."""

    modalities: dict[str, pd.DataFrame]
    target: Any
    site: pd.Series | None


def _patients(path: Path) -> pd.DataFrame:
    from napari_radiogenomics.fusion.read_modality import read_patients

    return read_patients(path / "patients.csv" if path.is_dir() else path)


def _named_paths(words: list[str]) -> dict[str, Path]:
    """NAME=PATH by name."""
    found = {}
    for word in words:
        name, sign, place = word.partition("=")
        if not (sign and name and place):
            raise InputError(f'"{word}" is not NAME=PATH, such as imaging=features.csv.')
        found[name] = Path(place)
    return found


def _rows(patients: pd.DataFrame, wish: str | None) -> pd.DataFrame:
    """Rows of the patients of whom COLUMN=VALUE holds; all of them without it."""
    if wish is None:
        return patients
    name, sign, value = wish.partition("=")
    if not (sign and name and value):
        raise InputError(f'"{wish}" is not COLUMN=VALUE, such as cohort=discovery.')
    column = _columns(patients, [name])[name]
    numbers = column.dtype.kind == "f"
    shown = column.map("{:g}".format) if numbers else column.astype(str)
    found = patients[shown == value]
    if not len(found):
        hint = did_you_mean(value, sorted(set(shown.dropna())))
        raise InputError(f'No patient has "{value}" in the column "{name}". {hint}')
    return found


def _learned(
    patients: pd.DataFrame, files: Mapping[str, Path], arguments: argparse.Namespace
) -> _Given:
    """Who is learned from: the rows that are asked for, or those that are not tested on."""
    rows = _rows(patients, arguments.learn_from)
    if arguments.test_on is not None and arguments.learn_from is None:
        rows = rows.drop(_rows(patients, arguments.test_on).index)
    return _given(rows, files, arguments, some=len(rows) < len(patients))


def _given(
    patients: pd.DataFrame,
    files: Mapping[str, Path],
    arguments: argparse.Namespace,
    *,
    some: bool = False,
) -> _Given:
    from napari_radiogenomics.fusion.read_modality import read_patients

    modalities = {}
    for name, path in files.items():
        table = read_patients(path)
        modalities[name] = table[table.index.isin(patients.index)] if some else table
    if arguments.clinical:
        modalities["clinical"] = _columns(patients, arguments.clinical)
    target = _columns(patients, arguments.outcome)
    single = target if len(arguments.outcome) > 1 else target[arguments.outcome[0]]
    site = None if arguments.site is None else _columns(patients, [arguments.site])[arguments.site]
    return _Given(modalities, single, site)


def _second(
    arguments: argparse.Namespace, patients: pd.DataFrame, files: Mapping[str, Path]
) -> tuple[Any, ...] | None:
    """The second cohort as `fuse` takes it; None where none is named."""
    if arguments.test_on is not None:
        found = _given(_rows(patients, arguments.test_on), files, arguments, some=True)
    elif arguments.external is not None:
        there = arguments.external
        own = _named_paths(arguments.external_table)
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
                f'"{same[0]}" of the external cohort would be the very file of --table. Name its '
                f"own: --external-table {same[0]}=PATH."
            )
        there_too = {name: path for name, path in beside.items() if path.exists()}
        found = _given(_patients(there), {**there_too, **own}, arguments)
    else:
        return None
    return (found.modalities, found.target, *([] if found.site is None else [found.site]))


def _curve(
    arguments: argparse.Namespace, learned: _Given, settings: Mapping[str, Any], progress: Any
) -> pd.DataFrame | None:
    """What a missing modality costs, with the settings of the comparison."""
    from napari_radiogenomics.fusion.missing_curve import missing_curve

    if arguments.missing is None:
        return None
    known = {parameter.name for parameter in describe(missing_curve).parameters}
    return missing_curve(
        learned.modalities,
        learned.target,
        arguments.missing,
        groups=learned.site,
        shares=arguments.missing_shares,
        mechanism=arguments.missing_mechanism,
        **{name: value for name, value in settings.items() if name in known},
        progress=progress,
    )


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
    wide = curve.pivot(index="strategy", columns="missing", values="value")
    rows = [[f"{result.main} where missing", *(f"{share:.0%}" for share in wide)]]
    for name in curve["strategy"].unique():
        rows.append([str(name), *(f"{value:.3g}" for value in wide.loc[name])])
    sys.stdout.write(aligned(rows))


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
