"""Tables in CSV and TSV: cohort folders, NSCLC-Radiogenomics, TCGA, cBioPortal, and their like."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression_layout import ExpressionLayout, RawExpression, Rows
from napari_radiogenomics.io.text import decode, delimiter_of, read_bytes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GENE_COLUMNS", "LAYOUT", "read_delimited", "rows_of_header"]

_MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "#N/A", "NA ", "."]
_SYMBOLS = ("hugo_symbol", "gene_symbol", "genesymbol", "symbol", "gene_name", "genename")
_IDS = ("gene_id", "geneid", "gene", "genes", "ensembl_id", "ensembl", "id_ref", "name", "probe")
GENE_COLUMNS = {
    *_SYMBOLS, *_IDS, "description", "entrez_gene_id", "entrez_id", "entrezid", "gene_entrez_id",
    "chromosome", "chr", "start", "end", "strand", "length", "cytoband", "gene_type",
    "gene_biotype", "biotype", "gene_chromosome", "transcript_id", "transcript_ids",
}  # fmt: skip
"""Headers, in lower case, of columns that say something of a gene and are no sample."""
_SAMPLES = ("sample_id", "sample", "samples", "sampleid", "patient_id", "patient", "barcode",
            "case_id", "case id", "submitter_id", "run", "cell")  # fmt: skip
_WITH_ENTREZ = re.compile(r"[^|]+\|\d+")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")


def read_delimited(data: bytes, path: Path) -> RawExpression:
    """Read an expression table from the bytes of a CSV or TSV.

    Parameters
    ----------
    data : bytes
        Content of the file, unpacked.
    path : Path
        For messages.

    Raises
    ------
    InputError
        If it is no table of numbers with names.
    """
    data = data.lstrip(b"\r\n")
    text, problems = decode(data, str(path))
    delimiter = delimiter_of(text[:1_000_000])
    notes = [problem.what for problem in problems]
    if problems or data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:3] == b"\xef\xbb\xbf":
        data = text.encode()
    header = _header(text, delimiter, path)
    del text
    frame = _frame(data, delimiter, header, ".", path)
    if delimiter != "," and _has_decimal_commas(frame):
        frame = _frame(data, delimiter, header, ",", path)
        notes.append(f"{path}: numbers were read with decimal commas.")
    return _raw(frame, path, notes)


def _header(text: str, delimiter: str, path: Path) -> list[str]:
    """Cells of the header; one more in front where R left out that of the row names."""
    lines = ((at, line) for at, line in enumerate(_lines(text), start=1) if line.strip())
    _, first = next(lines)
    header = [cell.strip() for cell in _cells(first, delimiter)]
    second = next(lines, None)
    if second and len(_cells(second[1], delimiter)) == len(header) + 1:
        header = [*header, ""] if second[1].endswith(delimiter) else ["", *header]
    for row, line in lines if second is None else itertools.chain([second], lines):
        count = len(_cells(line, delimiter)) if '"' in line else line.count(delimiter) + 1
        if count != len(header):
            raise InputError(
                f"{path}, row {row}: {count} cells, the header has {len(header)}. The file is cut "
                "off, or a cell holds the delimiter: export it again."
            )
    return header


def _lines(text: str) -> Iterator[str]:
    """Lines one by one: a list of them would hold the file twice."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end].removesuffix("\r")
        start = end + 1


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter))


def _frame(
    data: bytes, delimiter: str, header: list[str], decimal: str, path: Path
) -> pd.DataFrame:
    import pandas as pd

    places = range(len(header))
    try:
        frame = pd.read_csv(
            io.BytesIO(data),
            sep=delimiter,
            decimal=decimal,
            header=None,
            skiprows=1,
            index_col=False,
            names=list(places),
            dtype={0: str},
            na_values={place: _MISSING for place in places if place},
            keep_default_na=False,
            skip_blank_lines=True,
            low_memory=False,
        )
    except pd.errors.ParserError as error:
        reason = " ".join(str(error).split())[-200:]
        raise InputError(
            f"{path} is no table: its rows have different lengths ({reason}). Export it again."
        ) from error
    frame.columns = pd.Index(header)
    return frame


def _has_decimal_commas(frame: pd.DataFrame) -> bool:
    texts = [
        frame.iloc[:50, at] for at in range(1, frame.shape[1]) if frame.dtypes.iloc[at].kind == "O"
    ]
    cells = [str(cell) for column in texts[:50] for cell in column if cell == cell]
    return bool(cells) and sum(bool(_DECIMAL_COMMA.fullmatch(c)) for c in cells) > len(cells) / 2


def _raw(frame: pd.DataFrame, path: Path, notes: list[str]) -> RawExpression:
    lower = [name.lower() for name in frame.columns]
    first = list(frame.columns[:1])
    if lower[0].startswith("hybridization ref") and len(frame):
        frame = frame.iloc[1:]  # TCGA's tables of the Broad have a second header
        frame = frame.apply(_as_numbers_where_possible).reset_index(drop=True)
        lower[0] = first[0] = "gene_id"
    of_genes = [at for at, name in enumerate(lower) if name in GENE_COLUMNS]
    key = next((at for name in _SYMBOLS for at in of_genes if lower[at] == name), 0)
    rows, reason = rows_of_header(first + list(frame.columns[1:]))
    if rows == "samples":
        key, of_genes = 0, []
    names = ["" if cell != cell else str(cell).strip() for cell in frame.iloc[:, key]]
    left_out = {0, key, *of_genes}
    kept, dropped = _numeric_columns(frame, left_out, path)
    if dropped:
        some = ", ".join(frame.columns[at] for at in dropped[:5])
        notes.append(f"{path}: {len(dropped)} columns hold text and are no expression ({some}).")
    values = frame.iloc[:, kept].to_numpy(np.float64)
    columns = [frame.columns[at].strip() for at in kept]
    names = _without_entrez(names)
    return RawExpression(values, names, columns, rows, reason, "", tuple(notes))


def rows_of_header(header: Sequence[str]) -> tuple[Rows, str]:
    """What a row is by the header of a table, and which of its cells says so.

    Examples
    --------
    >>> rows_of_header(["Patient_ID", "VEGFA"]), rows_of_header(["", "P1", "P2"])
    (('samples', 'the first column is called "Patient_ID"'), ('auto', ''))
    """
    if header[0].strip().lower() in _SAMPLES:
        return "samples", f'the first column is called "{header[0]}"'
    name = next((name for name in header if name.strip().lower() in GENE_COLUMNS), "")
    return ("genes", f'a column is called "{name}"') if name else ("auto", "")


def _as_numbers_where_possible(column: pd.Series) -> pd.Series:
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if numbers.notna().mean() > 0.5 else column


def _numeric_columns(
    frame: pd.DataFrame, left_out: set[int], path: Path
) -> tuple[list[int], list[int]]:
    """Places of the columns of numbers, and of those of text."""
    kept, dropped = [], []
    for at in range(frame.shape[1]):
        if at in left_out or (not frame.columns[at] and frame.iloc[:, at].isna().all()):
            continue  # a delimiter at the end of each line makes an empty column
        if frame.dtypes.iloc[at].kind in "iuf":
            kept.append(at)
            continue
        _refuse_bad_cells(frame, at, path)
        dropped.append(at)
    if not kept:
        raise InputError(
            f"{path} has no column of numbers, so it is no expression table. Its columns are "
            f"{', '.join(map(str, frame.columns[:5]))}. Check the delimiter and the file."
        )
    return kept, dropped


def _refuse_bad_cells(frame: pd.DataFrame, at: int, path: Path) -> None:
    """Refuse a column that holds numbers but for some cells; text in all of them is fine."""
    import pandas as pd

    column = frame.iloc[:, at]
    bad: NDArray[np.bool_] = np.asarray(
        column.notna() & pd.to_numeric(column, errors="coerce").isna()
    )
    if column.dtype.kind == "b" or bad.mean() > 0.5 or not bad.any():
        return
    row = int(bad.argmax())
    raise InputError(
        f'{path}, row {row + 2}, column "{frame.columns[at]}": "{column.iloc[row]}" is no number '
        f"({int(bad.sum())} such cells in the column). Mend it, or leave the cell empty."
    )


def _without_entrez(names: list[str]) -> list[str]:
    """Symbols of TCGA's ``VEGFA|7422``; names without a symbol (``?|100130426``) stay."""
    if sum(bool(_WITH_ENTREZ.fullmatch(name)) for name in names) < len(names) / 2:
        return names
    return [name if name.startswith("?") else name.partition("|")[0] for name in names]


def _read(path: Path) -> RawExpression:
    return read_delimited(read_bytes(path), path)


LAYOUT = ExpressionLayout(
    name="table",
    title="Table in CSV or TSV",
    reads=lambda path: path.is_file(),
    read=_read,
    last=True,
)
