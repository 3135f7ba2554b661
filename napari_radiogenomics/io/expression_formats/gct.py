"""GCT of the Broad Institute (versions 1.2 and 1.3), and the classes of a CLS file."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np

from napari_radiogenomics.data.table import parse_numbers
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression_layout import ExpressionLayout, RawExpression
from napari_radiogenomics.io.text import decode, first_lines, read_bytes

__all__ = ["LAYOUT", "read_cls"]


def _reads(path: Path) -> bool:
    return path.is_file() and next(first_lines(path, 1), b"").startswith((b"#1.2", b"#1.3"))


def _read(path: Path) -> RawExpression:
    text, problems = decode(read_bytes(path), str(path))
    lines = [line.rstrip("\r") for line in text.split("\n")]
    sizes = [int(cell) for cell in lines[1].split()] if re.fullmatch(r"[\d\s]+", lines[1]) else []
    if len(sizes) < 2 or len(lines) < 3:
        raise InputError(f'{path}, row 2: "{lines[1][:40]}" is no size of a GCT. Export it again.')
    n_genes, n_samples = sizes[:2]
    extra_rows = sizes[3] if len(sizes) > 3 else 0
    before = 1 + (sizes[2] if len(sizes) > 3 else 1)
    header = [cell.strip() for cell in lines[2].split("\t")]
    body = [line.split("\t") for line in lines[3 + extra_rows :] if line.strip()]
    if len(body) != n_genes or len(header) - before != n_samples:
        raise InputError(
            f"{path} says it has {n_genes} genes and {n_samples} samples, and has {len(body)} and "
            f"{len(header) - before}. It is cut off or was edited: export it again."
        )
    samples = header[before:]
    values = np.array([_row(cells, before, path, 4 + extra_rows + at, samples)
                       for at, cells in enumerate(body)])  # fmt: skip
    notes = [problem.what for problem in problems]
    facts = {name: {"class": one} for name, one in _classes_beside(path, samples, notes).items()}
    names = [cells[0].strip() for cells in body]
    reason = "GCT has a gene a row"
    return RawExpression(values, names, samples, "genes", reason, "", tuple(notes), facts)


def _classes_beside(path: Path, samples: list[str], notes: list[str]) -> dict[str, str]:
    """Sample → class of the CLS file of the same stem; what is wrong with it is a note."""
    stem = re.sub(r"(\.gct)?(\.gz)?$", "", path.name, flags=re.IGNORECASE)
    names = (f"{stem}.cls", f"{stem}.cls.gz", f"{stem}.CLS")
    beside = next((path.with_name(name) for name in names if path.with_name(name).is_file()), None)
    if beside is None:
        return {}
    try:
        classes = read_cls(beside)
    except InputError as error:
        notes.append(f"The classes were left out: {error}")
        return {}
    if len(classes) != len(samples):
        notes.append(
            f"The classes were left out: {beside} has {len(classes)} samples, {path.name} has "
            f"{len(samples)}. Export both again."
        )
        return {}
    counts = ", ".join(f"{count} {name}" for name, count in Counter(classes).items())
    notes.append(f"Classes of the samples, in their order, are those of {beside.name}: {counts}.")
    return dict(zip(samples, classes, strict=True))


def _row(cells: list[str], before: int, path: Path, row: int, samples: list[str]) -> np.ndarray:
    found = [cell.strip() for cell in cells[before:]]
    if len(found) != len(samples):
        raise InputError(
            f"{path}, row {row}: {len(found)} values for {len(samples)} samples. Export it again."
        )
    numbers, bad = parse_numbers(["" if cell in ("NA", "na", "NaN") else cell for cell in found])
    if bad.any():
        at = int(bad.argmax())
        raise InputError(
            f'{path}, row {row}, column "{samples[at]}": "{found[at]}" is no number. Mend it.'
        )
    return numbers


def read_cls(path: str | Path) -> list[str]:
    """Classes of the samples of a GCT, in their order.

    Parameters
    ----------
    path : str or Path
        CLS file: counts, names after ``#``, one class a sample.

    Returns
    -------
    list of str
        Name of the class of each sample.

    Raises
    ------
    InputError
        If it is no CLS file of classes.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.cls"
    >>> _ = path.write_text("3 2 1" + chr(10) + "# sick well" + chr(10) + "0 1 0" + chr(10))
    >>> read_cls(path)
    ['sick', 'well', 'sick']
    """
    path = Path(path)
    text, _ = decode(read_bytes(path), str(path))
    lines = [line.split() for line in text.splitlines() if line.strip()]
    is_cls = len(lines) == 3 and lines[1][:1] == ["#"] and len(lines[0]) == 3
    if not is_cls or not all(cell.isdigit() for cell in lines[0]):
        raise InputError(
            f'{path} is no CLS file of classes: it has three lines, the second "# names". '
            "Export it again."
        )
    n_samples, n_classes = int(lines[0][0]), int(lines[0][1])
    names, found = lines[1][1:], lines[2]
    if len(found) != n_samples or len(names) != n_classes:
        raise InputError(
            f"{path} says {n_samples} samples of {n_classes} classes, and has {len(found)} of "
            f"{len(names)}. Export it again."
        )
    if set(found) <= set(names):
        return found
    # Otherwise the labels are numbers or codes, named in the order in which they appear.
    order = list(dict.fromkeys(found))
    if len(order) > n_classes:
        raise InputError(f"{path} names {n_classes} classes and uses {len(order)}. Mend it.")
    return [names[order.index(one)] for one in found]


LAYOUT = ExpressionLayout(name="gct", title="GCT", reads=_reads, read=_read)
