"""`validate_cohort`: every problem of a cohort, those that need a look into the files too."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from napari_radiogenomics.data.cohort import Cohort, ExpressionRef
from napari_radiogenomics.data.ids import canonical_id
from napari_radiogenomics.data.problems import Level, Problem, problem_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohort_columns import further_columns
from napari_radiogenomics.io.cohort_genes import cohort_expression
from napari_radiogenomics.io.cohort_open import open_cohort
from napari_radiogenomics.io.cohort_variants import cohort_variants
from napari_radiogenomics.io.expression import layout_of, read_expression
from napari_radiogenomics.io.expression_formats.delimited import GENE_COLUMNS
from napari_radiogenomics.io.patient import load_patient
from napari_radiogenomics.io.tables import read_header, read_table
from napari_radiogenomics.io.text import decode, delimiter_of, first_lines
from napari_radiogenomics.progress import Progress, quiet

__all__ = ["validate_cohort"]


def validate_cohort(
    cohort: Cohort | str | Path, *, deep: bool = False, progress: Progress = quiet
) -> tuple[Problem, ...]:
    """List everything that is wrong with a cohort; nothing is changed.

    Parameters
    ----------
    cohort : Cohort, str or Path
        An open cohort, or where it lies.
    deep : bool, optional
        Read every patient too: broken files, segmentations on another grid than their scan,
        samples outside the tumour (RAS and LPS swapped). Takes as long as reading them.
    progress : Progress, optional
        Reports the patients.

    Returns
    -------
    tuple of Problem
        Errors first. `data.problems.problems_table` makes a table of them.

    Raises
    ------
    InputError
        If there is no cohort at all.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "cohort.toml").write_text('format = 1' + chr(10) + 'name = "Trial"')
    >>> _ = (folder / "patients.csv").write_text("patient_id,age" + chr(10) + 'P1,"61,5"')
    >>> print(validate_cohort(folder)[0])
    error: patients.csv, row 2, column age: "61,5" is not a number; it is taken as missing. Write
    the decimal with a point: 61.5.
    """
    if not isinstance(cohort, Cohort):
        cohort = open_cohort(cohort, progress=progress)
    found = [*cohort.problems]
    for reference in cohort.expression:
        found += _expression(cohort, reference)
    found += _expression_unmatched(cohort)
    for variants in cohort.variants:
        found += _variants(cohort, variants.path)
    for sets in cohort.gene_sets:
        found += _gene_sets(_shown(cohort, sets.path), sets.path)
    found += _transforms(cohort)
    found += further_columns(cohort)
    if deep:
        errors = [problem for problem in cohort.problems if problem.level == "error"]
        told = {_place(problem) for problem in errors}
        told |= {(p.file, None, p.column, p.patient_id) for p in errors}
        for patient_id in progress(list(cohort.patients.index), "Patients"):
            more = load_patient(cohort, patient_id).problems
            found += [p for p in more if _place(p) not in told]
    order = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: order[problem.level]))


def _place(problem: Problem) -> tuple[str, int | None, str, str]:
    return problem.file, problem.row, problem.column, problem.patient_id


def _shown(cohort: Cohort, path: Path) -> str:
    """Path as it is shown: relative where it lies in the cohort."""
    return (
        path.relative_to(cohort.root).as_posix() if path.is_relative_to(cohort.root) else str(path)
    )


def expression_samples(reference: ExpressionRef) -> list[str]:
    """Names of the samples of an expression table, without reading its values.

    Parameters
    ----------
    reference : ExpressionRef
        Where it is and what its rows are.

    Returns
    -------
    list of str
        In the order of the file.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    if not _is_plain(reference):
        return [str(name) for name in read_expression(reference.path).index]
    header = read_header(reference.path)
    if reference.rows == "genes":
        return [cell.strip() for cell in header[1:]]
    lines = first_lines(reference.path)
    delimiter = delimiter_of(decode(next(lines), str(reference.path))[0])
    return [name for name in _first_cells(lines, delimiter) if name]


def _is_plain(reference: ExpressionRef) -> bool:
    """Whether it is a CSV or TSV of samples and genes alone, whose header tells the names."""
    if reference.path.is_dir() or layout_of(reference.path) != "table":
        return False
    header = {cell.strip().lower() for cell in read_header(reference.path)[1:]}
    return not header & GENE_COLUMNS


def _by_reading(cohort: Cohort, reference: ExpressionRef, file: str) -> list[Problem]:
    """What reading a container or a published table finds, and who is not in the cohort."""
    try:
        table = cohort_expression(cohort, expression=reference.id)
    except InputError as error:
        return [problem_of(error, file)]
    found = [Problem(file, None, "", note, "", "note") for note in table.attrs["notes"]]
    lost = table.attrs["unmatched"]
    if lost:
        what = f"{len(lost)} samples are of nobody in the cohort: {', '.join(lost[:5])}"
        remedy = f"Add them to {cohort.files.get('samples', 'samples.csv')}."
        found.append(Problem(file, None, "", what + (" …." if len(lost) > 5 else "."), remedy,
                             "warning"))  # fmt: skip
    return found


def _first_cells(lines: Iterable[bytes], delimiter: str) -> Iterator[str]:
    mark = delimiter.encode()
    for line in lines:
        if line.startswith(b'"'):
            yield next(csv.reader([line.decode("utf-8", "replace")], delimiter=delimiter))[0]
        else:
            yield line.split(mark, 1)[0].strip().decode("utf-8", "replace")


def _expression(cohort: Cohort, reference: ExpressionRef) -> list[Problem]:
    """Header and sample names of one expression table."""
    file, found = _shown(cohort, reference.path), []

    def report(row: int | None, column: str, what: str, remedy: str, level: Level) -> None:
        found.append(Problem(file, row, column, what, remedy, level))

    try:
        if not _is_plain(reference):
            return _by_reading(cohort, reference, file)
        header, names = read_header(reference.path), expression_samples(reference)
    except InputError as error:
        return [problem_of(error, file)]
    if len(header) < 2:
        what = f"The header has {len(header)} cell: there are no genes or no samples."
        report(1, "", what, "Check its delimiter and its first line.", "error")
        return found
    if reference.rows == "samples" and header[0].strip() != "sample_id":
        what = f'The first header is "{header[0]}", not "sample_id".'
        remedy = 'Rename it, or write rows = "genes" in cohort.toml if the rows are genes.'
        report(1, header[0], what, remedy, "error")
    for place, name in enumerate(header[1:], start=2):
        if not name.strip():
            report(1, f"column {place}", "The header is empty.", "Name the gene.", "error")
    what = "gene" if reference.rows == "samples" else "sample"
    for name in _repeated(header[1:]):
        report(1, name, f'{what.title()} "{name}" occurs twice.', "Keep one.", "error")
    if reference.rows == "samples":
        for name in _repeated(names):
            row = len(names) - names[::-1].index(name) + 1
            report(row, "sample_id", f'Sample "{name}" occurs twice.', "Keep one.", "error")
    known = _expression_names(cohort)
    spellings = {canonical_id(name): name for name in known}
    for place, name in enumerate(names, start=2):
        if name and name not in known:
            row = place if reference.rows == "samples" else 1
            near = spellings.get(canonical_id(name))
            hint = f'Did you mean "{near}"? ' if near else ""
            what = f'"{name}" is not among the samples.'
            remedy = f"{hint}Add it to {cohort.files.get('samples', 'samples.csv')}."
            report(row, "sample_id" if row > 1 else name, what, remedy, "warning")
    return found


def _repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    again = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    return list(dict.fromkeys(name for name in again if name))


def _expression_names(cohort: Cohort) -> set[str]:
    return {*cohort.samples.index, *cohort.samples["expression_column"]} - {""}


def _expression_unmatched(cohort: Cohort) -> list[Problem]:
    """Samples that say they have expression and are in no table."""
    names: set[str] = set()
    for reference in cohort.expression:
        try:
            names.update(expression_samples(reference))
        except InputError:
            return []  # said already, and then nothing is known of the samples
    table, found = cohort.samples, list[Problem]()
    if not cohort.expression:
        count = int((table["expression_column"] != "").sum())
        what = f"{count} samples name a column of an expression table, and there is none."
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


def _variants(cohort: Cohort, path: Path) -> list[Problem]:
    file = _shown(cohort, path)
    if next(first_lines(path, 1), b"").startswith(b"#") or ".maf" in path.name.lower():
        return _findings(cohort, path, file)
    try:
        table, found = read_table(path, file=file)
    except InputError as error:
        return [problem_of(error, file)]
    if "Tumor_Sample_Barcode" in table.frame or "sample_id" in table.frame:
        return _findings(cohort, path, file)
    for column in ("patient_id", "gene"):
        if column not in table.frame:
            what = f'The column "{column}" is missing.'
            remedy = f"Add it. Found: {', '.join(table.frame.columns)}."
            return [*found, Problem(file, 1, column, what, remedy)]
    patients = table.texts("patient_id")
    known = set(cohort.patients.index) | set(cohort.aliases["alias"])
    for at in np.flatnonzero([text not in known for text in patients]):
        what = f'Patient "{patients[at]}" is not among the patients.'
        found.append(table.problem(at, "patient_id", what, "Correct it.", "warning"))
    return found


def _findings(cohort: Cohort, path: Path, file: str) -> list[Problem]:
    """What reading a MAF or VCF finds, and who is not in the cohort."""
    reference = next(one for one in cohort.variants if one.path == path)
    try:
        table = cohort_variants(cohort, variants=reference.id)
    except InputError as error:
        return [problem_of(error, file)]
    return [Problem(file, None, "", note, "", "note") for note in table.attrs["notes"]]


def _gene_sets(file: str, path: Path) -> list[Problem]:
    found, seen = [], dict[str, int]()
    try:
        lines = decode(b"".join(first_lines(path)), file)[0].splitlines()
    except InputError as error:
        return [problem_of(error, file)]
    for row, line in enumerate(lines, start=1):
        cells = line.split("\t")
        if line.strip() and (len(cells) < 3 or not any(cell.strip() for cell in cells[2:])):
            what = (
                f'"{cells[0][:40]}" has no genes: a GMT line is name, description, genes, by tabs.'
            )
            found.append(Problem(file, row, "", what, "Separate the cells by tabs."))
        elif line.strip() and seen.setdefault(cells[0], row) != row:
            what = f'Gene set "{cells[0]}" is already on row {seen[cells[0]]}.'
            found.append(Problem(file, row, "", what, "Rename one.", "warning"))
    return found


def _transforms(cohort: Cohort) -> list[Problem]:
    """Matrices that are no rigid or affine map of mm."""
    found = []
    for place, path in enumerate(cohort.transforms["path"]):
        full = cohort.file(path)
        if not path or not full.is_file():
            continue
        try:
            matrix = np.array(json.loads(full.read_text("utf-8"))["matrix"], float)
            good = matrix.shape == (4, 4) and np.allclose(matrix[3], [0, 0, 0, 1])
            good = good and abs(np.linalg.det(matrix[:3, :3])) > 1e-9
        except (OSError, ValueError, KeyError, TypeError) as error:
            what = f"It holds no transform ({type(error).__name__}: {error})."
        else:
            what = "" if good else "Its matrix is no invertible 4×4 matrix with last row 0 0 0 1."
        if what:
            remedy = f'Write {{"matrix": [[…], […], […], [0, 0, 0, 1]]}}; it is row {place + 1}.'
            found.append(Problem(path, None, "matrix", what, remedy))
    return found
