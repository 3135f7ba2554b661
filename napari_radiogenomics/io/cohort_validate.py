"""`validate_cohort`: every problem of a cohort, those that need a look into the files too."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.problems import Problem, problem_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohort_columns import further_columns
from napari_radiogenomics.io.cohort_open import open_cohort
from napari_radiogenomics.io.cohort_variants import cohort_variants
from napari_radiogenomics.io.expression_problems import (
    expression_problems,
    samples_without_expression,
)
from napari_radiogenomics.io.patient import load_patient
from napari_radiogenomics.io.tables import read_table
from napari_radiogenomics.io.text import decode, first_lines
from napari_radiogenomics.io.transforms import read_transform
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
        samples outside the tumour (RAS and LPS swapped); and the values of the expression:
        negative counts, logarithms called counts. Takes as long as reading them.
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
        found += expression_problems(cohort, reference, _shown(cohort, reference.path), deep=deep)
    found += samples_without_expression(cohort)
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
    """Files that hold no transform of mm between the frames of their row."""
    found = []
    rows = cohort.transforms[["path", "from_frame", "to_frame"]].itertuples(index=False)
    for place, (path, first, second) in enumerate(rows):
        full = cohort.file(path)
        if not path or not full.is_file():
            continue
        try:
            transform = read_transform(full, from_frame=first, to_frame=second)
        except InputError as error:
            what = str(error)
        else:
            named = (transform.from_frame, transform.to_frame)
            same = named == (first, second)
            what = "" if same else f'It leads from "{named[0]}" to "{named[1]}".'
        if what:
            remedy = f"It is row {place + 1} of the transforms. Correct the file or the row."
            found.append(Problem(path, None, "matrix", what, remedy))
    return found
