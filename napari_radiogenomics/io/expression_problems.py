"""What is wrong with the expression tables of a cohort: names always, values where asked for.

What stands here agrees with what `cohort_expression` does: what is an error here is refused
there, and what is a warning here is read there by a rule.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.data.cohort import Cohort, ExpressionRef
from napari_radiogenomics.data.gene_names import mangled_names, repair_names
from napari_radiogenomics.data.ids import canonical_id
from napari_radiogenomics.data.nature import settle_nature, stated_kind
from napari_radiogenomics.data.problems import Level, Problem, problem_of
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohort_genes import cohort_expression, known_samples
from napari_radiogenomics.io.expression import DATES, layout_of, read_expression
from napari_radiogenomics.io.expression_formats.delimited import GENE_COLUMNS, rows_of_header
from napari_radiogenomics.io.expression_layout import RawExpression, Rows
from napari_radiogenomics.io.expression_rows import side_of
from napari_radiogenomics.io.tables import read_header
from napari_radiogenomics.io.text import decode, delimiter_of, first_lines

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["expression_problems", "samples_without_expression"]

_Report = Callable[[int | None, str, str, str, Level], None]


def expression_problems(
    cohort: Cohort, reference: ExpressionRef, file: str, *, deep: bool = False
) -> list[Problem]:
    """List what is wrong with one expression table.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    reference : ExpressionRef
        The table.
    file : str
        How it is shown.
    deep : bool, optional
        Look at the values of plain tables too; other containers are read in any case.
    """
    try:
        plain = _is_plain(reference)
        found = _names(cohort, reference, file) if plain else []
    except InputError as error:
        return [problem_of(error, file)]
    if plain and (not deep or any(problem.level == "error" for problem in found)):
        return found
    try:
        table = cohort_expression(cohort, expression=reference.id)
    except InputError as error:
        return [*found, problem_of(error, file)]
    return [*found, *(() if plain else _read(cohort, table, file)), *_values(table, file)]


def samples_without_expression(cohort: Cohort) -> list[Problem]:
    """Samples that say they have expression and are in no table."""
    names: set[str] = set()
    for reference in cohort.expression:
        try:
            names.update(_sample_names(cohort, reference))
        except InputError:
            return []  # said already, and then nothing is known of the samples
    table, found = cohort.samples, list[Problem]()
    if not cohort.expression:
        count = int((table["expression_column"] != "").sum())
        naming = counted(count, "sample", "names", "name")
        what = f"{naming} a column of an expression table, and there is none."
        file = cohort.files.get("samples", "samples.csv")
        note = Problem(file, None, "expression_column", what, "Add the table.", "warning")
        return [note] if count else []
    file, rows = cohort.files.get("samples", "samples.csv"), cohort.rows.get("samples", {})
    for identity, column, patient in zip(
        table.index, table["expression_column"], table["patient_id"], strict=True
    ):
        if column and column not in names and identity not in names:
            what = f'"{column}" is in no expression table.'
            remedy = "Correct it, or leave it empty if there is no RNA."
            row = rows.get(identity) or None
            found.append(Problem(file, row, "expression_column", what, remedy, "error", patient))
    return found


def _is_plain(reference: ExpressionRef) -> bool:
    """Whether it is a CSV or TSV of samples and genes alone, whose header tells the names."""
    if reference.path.is_dir() or layout_of(reference.path) != "table":
        return False
    header = {cell.strip().lower() for cell in read_header(reference.path)[1:]}
    return not header & GENE_COLUMNS


def _sample_names(cohort: Cohort, reference: ExpressionRef) -> list[str]:
    """Names of the samples of a table; the values of a plain one are not read."""
    if not _is_plain(reference):
        return [str(name) for name in read_expression(reference.path).index]
    header, firsts = _edges(reference)
    rows, _ = _side(cohort, reference, header, firsts)
    names = firsts if rows == "samples" else [cell.strip() for cell in header[1:]]
    return [name for name in names if name]


def _edges(reference: ExpressionRef) -> tuple[list[str], list[str]]:
    """Header of a plain table, and the first cell of each further row."""
    lines = first_lines(reference.path)
    delimiter = delimiter_of(decode(next(lines), str(reference.path))[0])
    return read_header(reference.path), list(_first_cells(lines, delimiter))


def _first_cells(lines: Iterable[bytes], delimiter: str) -> Iterator[str]:
    mark = delimiter.encode()
    for line in lines:
        if line.startswith(b'"'):
            yield next(csv.reader([line.decode("utf-8", "replace")], delimiter=delimiter))[0]
        elif line.strip():
            yield line.split(mark, 1)[0].strip().decode("utf-8", "replace")


def _side(
    cohort: Cohort, reference: ExpressionRef, header: Sequence[str], firsts: Sequence[str]
) -> tuple[Rows, str]:
    """What a row of a plain table is, as reading it decides."""
    said, reason = rows_of_header(header)
    raw = RawExpression(np.empty((0, 0)), firsts, header[1:], said, reason)
    stated: Rows = reference.rows  # type: ignore[assignment]
    return side_of(raw, reference.path, stated, known_samples(cohort))


def _names(cohort: Cohort, reference: ExpressionRef, file: str) -> list[Problem]:
    """Header and first column of a plain table."""
    found: list[Problem] = []

    def report(row: int | None, column: str, what: str, remedy: str, level: Level) -> None:
        found.append(Problem(file, row, column, what, remedy, level))

    header, firsts = _edges(reference)
    if len(header) < 2:
        what = f"The header has {len(header)} cell: there are no genes or no samples."
        report(1, "", what, "Check its delimiter and its first line.", "error")
        return found
    rows, reason = _side(cohort, reference, header, firsts)
    if rows == "samples" and header[0].strip() != "sample_id":
        what = (
            f'The first header is "{header[0]}", not "sample_id"; rows are read as samples: '
            f"{reason}."
        )
        remedy = 'Rename it, or write rows = "genes" in cohort.toml if the rows are genes.'
        report(1, header[0], what, remedy, "warning")
    elif rows == "genes" and reason != "as stated":
        remedy = 'Write rows = "samples" in cohort.toml if that is wrong.'
        report(None, "", f"Rows are read as genes: {reason}.", remedy, "note")
    in_rows = [(name, row, "") for row, name in enumerate(firsts, start=2)]
    in_header = [(name.strip(), 1, name or f"column {at}") for at, name in
                 enumerate(header[1:], start=2)]  # fmt: skip
    samples, genes = (in_rows, in_header) if rows == "samples" else (in_header, in_rows)
    _report_samples(cohort, samples, report)
    _report_genes(genes, report)
    found += _dates([name for name, _, _ in genes], reference, file)
    return found


def _report_samples(cohort: Cohort, samples: list[tuple[str, int, str]], report: _Report) -> None:
    known = {*cohort.samples.index, *cohort.samples["expression_column"]} - {""}
    spellings = {canonical_id(name): name for name in known}
    seen: set[str] = set()
    for name, row, column in samples:
        place = column or "sample_id"
        if not name:
            report(row, place, "The sample has no name.", "Name it.", "error")
        elif name in seen:
            report(row, place, f'Sample "{name}" occurs twice.', "Keep one.", "error")
        elif name not in known:
            near = spellings.get(canonical_id(name))
            hint = f'Did you mean "{near}"? ' if near else ""
            what = f'"{name}" is not among the samples.'
            remedy = f"{hint}Add it to {cohort.files.get('samples', 'samples.csv')}."
            report(row, place, what, remedy, "warning")
        seen.add(name)


def _report_genes(genes: list[tuple[str, int, str]], report: _Report) -> None:
    seen: set[str] = set()
    for name, row, column in genes:
        if not name:
            what = "The gene has no name and is left out."
            report(row, column, what, "Name the gene.", "warning")
        elif name in seen:
            what = f'Gene "{name}" occurs twice; the one with the highest mean is read.'
            report(row, column or name, what, "Keep one.", "warning")
        seen.add(name)


def _dates(genes: Sequence[str], reference: ExpressionRef, file: str) -> list[Problem]:
    """Genes that a spreadsheet turned into dates, and that reading leaves so."""
    found = mangled_names(genes)
    left = repair_names(genes)[2] if found and reference.repair_dates else list(found)
    if not left:
        return []
    named = [f"{name} ({' or '.join(found[name])})" for name in left[:5]]
    more = " …" if len(left) > 5 else ""
    what = f"{counted(len(left), 'gene', 'was', 'were')} {DATES}: {', '.join(named)}{more}."
    remedy = (
        "Name them in gene_ids.csv (date, symbol)."
        if reference.repair_dates
        else "Write repair_dates = true in cohort.toml, or mend the table."
    )
    return [Problem(file, None, "", what, remedy, "warning")]


def _read(cohort: Cohort, table: pd.DataFrame, file: str) -> list[Problem]:
    """What reading a container or a published table found, and who is not in the cohort."""
    notes: tuple[str, ...] = table.attrs["notes"]
    levels: list[Level] = ["warning" if DATES in note else "note" for note in notes]
    found = [Problem(file, None, "", note, "", level)
             for note, level in zip(notes, levels, strict=True)]  # fmt: skip
    lost = table.attrs["unmatched"]
    if lost:
        some = ", ".join(lost[:5])
        what = f"{counted(len(lost), 'sample', 'is', 'are')} of nobody in the cohort: {some}"
        remedy = f"Add them to {cohort.files.get('samples', 'samples.csv')}."
        found.append(Problem(file, None, "", what + (" …." if len(lost) > 5 else "."), remedy,
                             "warning"))  # fmt: skip
    return found


def _values(table: pd.DataFrame, file: str) -> list[Problem]:
    """Values that cannot be, or do not look like, what the unit says."""
    unit = str(table.attrs["unit"])
    if unit not in ("", "array") and stated_kind(unit) is None:
        return []  # an energy, an intensity: any number may be one
    try:
        stated = "" if unit == "array" else unit
        _, notes = settle_nature(table.fillna(0.0).to_numpy(float), stated, table=table)
    except InputError as error:
        return [problem_of(error, file)]
    remedy = "Correct the unit in cohort.toml, or give the original table."
    return [Problem(file, None, "", note, remedy, "note") for note in notes]
