"""Our own folder: ``cohort.toml`` and plain tables beside it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from napari_radiogenomics.data.cohort import ExpressionRef, GeneSetsRef, VariantsRef
from napari_radiogenomics.data.problems import Problem, problem_of
from napari_radiogenomics.data.schema import EXPRESSION_UNITS, TABLES
from napari_radiogenomics.data.table import Table, table_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression import Blanks
from napari_radiogenomics.io.expression_formats.tenx import is_visium
from napari_radiogenomics.io.layout import Draft, Layout, LayoutOptions
from napari_radiogenomics.io.tables import read_table
from napari_radiogenomics.io.text import decode, read_bytes
from napari_radiogenomics.io.tree import Tree
from napari_radiogenomics.io.visium import spot_records
from napari_radiogenomics.registry import did_you_mean

__all__ = ["LAYOUT"]

_TOML = "cohort.toml"
_FORMAT = 1
_KNOWN = ["format", "name", "description", "tables", "expression", "gene_sets", "variants"]
_SPOTS = ("patient_id", "timepoint", "frame")
"""What an entry says of the spots of a Visium section."""
_REFERENCES = {
    "expression": ("id", "path", "unit", "gene_id", "rows", "repair_dates", "blanks", *_SPOTS),
    "gene_sets": ("id", "path"),
    "variants": ("id", "path"),
}


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _recognizes(path: Path) -> str:
    folder = _folder(path)
    if (folder / _TOML).is_file() and (path.is_dir() or path.suffix in (".toml", ".csv", ".tsv")):
        return _TOML
    tables = [name for name in ("patients.csv", "scans.csv") if (folder / name).is_file()]
    if len(tables) == 2 and (path.is_dir() or path.name in tables):
        return " and ".join(tables)
    return ""


def _read(path: Path, options: LayoutOptions) -> Draft:
    root = _folder(path)
    draft = Draft(root, root.resolve().name)
    settings = _settings(root, draft)
    draft.name = str(settings.get("name") or draft.name)
    draft.description = str(settings.get("description", ""))
    files = _table_files(settings, draft)
    tree = Tree(root)
    for name, file in options.progress(files.items(), "Tables"):
        _add_table(name, file, tree, draft)
    _add_references(settings, tree, draft)
    return draft


def _settings(root: Path, draft: Draft) -> dict[str, Any]:
    """Content of ``cohort.toml``; the tables are read by their usual names where it is bad."""
    report = _reporter(draft)
    if not (root / _TOML).is_file():
        report(
            None,
            "",
            "There is no cohort.toml; the tables are read by their usual names.",
            'Add one with the lines: format = 1, name = "…".',
            "warning",
        )
        return {}
    try:
        text, problems = decode(read_bytes(root / _TOML), _TOML)
        draft.problems += problems
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        row = int(found[1]) if found else None
        what = f"It is no valid TOML: {error}. The tables are read by their usual names."
        report(row, "", what, "Mend the line; texts need quotation marks.", "error")
        return {}
    except InputError as error:
        draft.problems.append(problem_of(error, _TOML))
        return {}
    _check_keys(settings, report)
    return settings


_Report = Callable[[int | None, str, str, str, Any], None]


def _reporter(draft: Draft) -> _Report:
    def report(row: int | None, key: str, what: str, remedy: str, level: Any) -> None:
        draft.problems.append(Problem(_TOML, row, key, what, remedy, level))

    return report


def _check_keys(settings: dict[str, Any], report: _Report) -> None:
    version = settings.get("format")
    if version is None:
        report(None, "format", 'The key "format" is missing.', "Write: format = 1.", "warning")
    elif version != _FORMAT:
        what = f"Format {version!r} is not known; it is read as format {_FORMAT}."
        report(None, "format", what, "Update napari-radiogenomics, or write 1.", "error")
    if not settings.get("name"):
        what = 'The key "name" is missing; the folder\'s name is used.'
        report(None, "name", what, 'Write: name = "…".', "warning")
    for key in settings:
        if key not in _KNOWN:
            what = f'Unknown key "{key}".'
            report(None, key, what, did_you_mean(key, _KNOWN), "warning")


def _table_files(settings: dict[str, Any], draft: Draft) -> dict[str, str]:
    files = {name: spec.file for name, spec in TABLES.items()}
    named = settings.get("tables", {})
    report = _reporter(draft)
    if not isinstance(named, dict):
        report(None, "tables", "[tables] is no table of names.", "", "error")
        return files
    for name, file in named.items():
        if name not in files:
            what = f'Unknown table "{name}" in [tables].'
            report(None, "tables", what, did_you_mean(name, list(files)), "warning")
        elif not isinstance(file, str):
            report(None, f"tables.{name}", f"{file!r} is no file name.", "Quote it.", "error")
        else:
            files[name] = file
    return files


def _add_table(name: str, file: str, tree: Tree, draft: Draft) -> None:
    spec = TABLES[name]
    if not tree.exists(file):
        if file != spec.file or name == "patients":
            finding = tree.find(file)
            what = finding.what or f"{file} does not exist."
            draft.problems.append(Problem(_TOML, None, f"tables.{name}", what, finding.remedy))
            file = finding.path if finding.usable else ""
        else:
            _suggest_table(name, file, tree, draft)
            return
    if not file:
        return
    try:
        draft.tables[name], problems = read_table(tree.root / file, file=file)
    except InputError as error:
        what = str(error).replace(str(tree.root / file), file)
        draft.problems.append(problem_of(what, file))
    else:
        draft.problems += problems


def _suggest_table(name: str, file: str, tree: Tree, draft: Draft) -> None:
    """A table that is not there, but one of nearly its name is."""
    usual = {spec.file for spec in TABLES.values()}
    names = {near for near in tree.listing("").values() if near.endswith((".csv", ".tsv"))}
    close = difflib.get_close_matches(file, names - usual, 1, cutoff=0.85)
    if close:
        what = f'There is no {file}; is it "{close[0]}"?'
        remedy = f'Rename it, or name it in [tables]: {name} = "{close[0]}".'
        draft.problems.append(Problem(close[0], None, "", what, remedy, "warning"))


def _add_references(settings: dict[str, Any], tree: Tree, draft: Draft) -> None:
    makers: dict[str, Callable[..., Any]] = {
        "expression": ExpressionRef,
        "gene_sets": GeneSetsRef,
        "variants": VariantsRef,
    }
    for kind, known in _REFERENCES.items():
        target = getattr(draft, kind)
        entries = settings.get(kind, [])
        for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
            place = f"{kind}[{number}]"
            found = _reference(entry, place, known, tree, draft)
            if found and any(found["id"] == other.id for other in target):
                what = f'The id "{found["id"]}" occurs twice in [[{kind}]].'
                draft.problems.append(Problem(_TOML, None, place, what, "Rename one."))
            elif found:
                spots = {key: found.pop(key) for key in _SPOTS if key in found}
                target.append(makers[kind](**found))
                if kind == "expression" and is_visium(found["path"]):
                    _add_spots(target[-1], spots, place, draft)


def _add_spots(entry: ExpressionRef, facts: dict[str, str], place: str, draft: Draft) -> None:
    """Spots of a Visium section become samples of the cohort."""
    import numpy as np
    import pandas as pd

    report = _reporter(draft)
    if not facts.get("patient_id"):
        what = f"The Visium section {entry.path.name} is of no patient; its spots are left out."
        report(None, f"{place}.patient_id", what, 'Write: patient_id = "…".', "warning")
        return
    facts = {"frame": entry.path.name, **facts, "expression": entry.id}
    try:
        records = spot_records(entry.path, facts, prefix=f"{entry.id}:")
    except InputError as error:
        draft.problems.append(problem_of(error, _TOML, column=place))
        return
    spec = TABLES["samples"]
    spots = table_of(records, _TOML, spec.names)
    listed = draft.tables.get("samples")
    if listed is not None:
        frame = pd.concat([listed.frame, spots.frame], ignore_index=True).fillna("")
        spots = Table(frame, np.concatenate([listed.rows, spots.rows]), listed.file)
    draft.tables["samples"] = spots


def _reference(
    entry: Any, place: str, known: tuple[str, ...], tree: Tree, draft: Draft
) -> dict[str, Any] | None:
    report = _reporter(draft)
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        what = "An entry without a path is left out."
        report(None, place, what, 'Write: path = "…".', "error")
        return None
    for key in set(entry) - set(known):
        report(None, f"{place}.{key}", f'Unknown key "{key}".', did_you_mean(key, list(known)),
               "warning")  # fmt: skip
    finding = tree.find(entry["path"])
    if finding.what:
        level = "warning" if finding.usable else "error"
        report(None, f"{place}.path", finding.what, finding.remedy, level)
    if not finding.usable:
        return None
    _check_expression(entry, place, report)
    values: dict[str, Any] = {key: str(entry[key]) for key in known if key in entry}
    if "repair_dates" in entry:
        values["repair_dates"] = entry["repair_dates"] is True
    values.setdefault("id", Path(finding.path).name.split(".")[0])
    return {**values, "path": tree.root / finding.path}


def _check_expression(entry: dict[str, Any], place: str, report: _Report) -> None:
    if not place.startswith("expression"):
        return
    unit, rows = entry.get("unit", ""), entry.get("rows", "auto")
    if unit not in EXPRESSION_UNITS and not str(unit).startswith("log"):
        what = f'Unit "{unit}" of the expression table is not known.'
        hint = did_you_mean(str(unit), list(EXPRESSION_UNITS))
        report(None, f"{place}.unit", what, hint, "warning")
    if rows not in ("auto", "samples", "genes"):
        what = f'rows = "{rows}" is neither "samples" nor "genes"; it is recognized from the names.'
        report(None, f"{place}.rows", what, "Write what a row of the table is.", "warning")
        entry["rows"] = "auto"
    rules, rule = list(get_args(Blanks)), str(entry.get("blanks", "keep"))
    if rule not in rules:
        what = f'blanks = "{rule}" is no rule for blank cells; they stay missing.'
        report(None, f"{place}.blanks", what, did_you_mean(rule, rules), "warning")
        entry["blanks"] = "keep"


LAYOUT = Layout(
    name="folder",
    title="Cohort folder (cohort.toml)",
    recognizes=_recognizes,
    read=_read,
    rank=10,
)
