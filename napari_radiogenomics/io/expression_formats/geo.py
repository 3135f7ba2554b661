"""Series matrix of the Gene Expression Omnibus."""

from __future__ import annotations

from pathlib import Path

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohorts._geo import read_series_matrix
from napari_radiogenomics.io.expression_formats.delimited import read_delimited
from napari_radiogenomics.io.expression_layout import ExpressionLayout, RawExpression
from napari_radiogenomics.io.text import first_lines, read_bytes

__all__ = ["LAYOUT"]

_BEGIN, _END = b"!series_matrix_table_begin", b"!series_matrix_table_end"


def _reads(path: Path) -> bool:
    return path.is_file() and next(first_lines(path, 1), b"").startswith(b"!Series_")


def _read(path: Path) -> RawExpression:
    samples = read_series_matrix(path)
    _, _, rest = read_bytes(path).partition(_BEGIN)
    table = rest.partition(_END)[0].lstrip(b"\r\n")
    if table.strip().count(b"\n") == 0:
        raise InputError(
            f"{path} names {len(samples)} samples and its table of values is empty: the "
            "expression is in a supplementary file of the series. Download that one; the names "
            "of the samples are read when the cohort is opened."
        )
    raw = read_delimited(table, path)
    facts = {sample["geo_accession"]: sample for sample in samples}
    reason = "a series matrix has a probe or gene a row"
    return RawExpression(
        raw.values, raw.row_names, raw.column_names, "genes", reason, "", raw.notes, facts
    )


LAYOUT = ExpressionLayout(name="geo", title="GEO series matrix", reads=_reads, read=_read)
