"""Which side of an expression table the samples are on: by what the file says, or by its names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.gene_names import ALIASES, gene_id_of
from napari_radiogenomics.data.ids import is_tcga
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression_layout import RawExpression, Rows

__all__ = ["oriented"]

_SAMPLE_LIKE = re.compile(
    r"(GSM|P|S|patient|sample|case)[-_ ]?\d+|(R01|AMC|UCSF-PDGM|W\d+)-\d+.*", re.IGNORECASE
)
# Genes that nearly every table of human or mouse expression has.
_EVERYWHERE = frozenset(
    {
        "ACTB", "GAPDH", "VEGFA", "TP53", "EGFR", "MYC", "B2M", "RPLP0", "HPRT1", "TUBB", "LDHA",
        "ENO1", "PGK1", "KDR", "FLT1", "CD34", "HIF1A", "CA9", "STAT3", "JUN", "FOS", "AKT1",
        "PTEN", "RB1", "MKI67", "VIM", "CDH1", "FN1", "COL1A1", "CD44",
    }
)  # fmt: skip


def oriented(
    raw: RawExpression, path: Path, stated: Rows
) -> tuple[NDArray[np.float64], list[str], list[str], str]:
    """Turn a matrix so that its rows are samples.

    Parameters
    ----------
    raw : RawExpression
        As it stands in the file.
    path : Path
        For messages.
    stated : {"auto", "samples", "genes"}
        What a row is, where somebody says so.

    Returns
    -------
    values : ndarray, shape (N, G)
        Samples × genes.
    samples, genes : list of str
        Their names.
    said : str
        How that was decided, as a sentence.

    Raises
    ------
    InputError
        If nothing tells rows from columns.
    """
    rows: Rows
    if stated != "auto":
        rows, reason = stated, "as stated"
    elif raw.rows != "auto":
        rows, reason = raw.rows, raw.reason
    else:
        rows, reason = _rows_of(raw, path)
    said = f"Rows are {rows}: {reason}."
    row_names, columns = list(map(str, raw.row_names)), list(map(str, raw.column_names))
    if rows == "samples":
        return raw.values, row_names, columns, said
    return np.ascontiguousarray(raw.values.T), columns, row_names, said


def _rows_of(raw: RawExpression, path: Path) -> tuple[Rows, str]:
    """What a row is, from the names, and by the longer side where they do not tell."""
    rows, columns = ([str(name) for name in names] for names in (raw.row_names, raw.column_names))
    for rule, what in ((_looks_like_genes, "genes"), (_looks_like_samples, "samples")):
        in_rows, in_columns = rule(rows), rule(columns)
        if in_rows != in_columns:
            other = "samples" if what == "genes" else "genes"
            found: Rows = what if in_rows else other  # type: ignore[assignment]
            place = "rows" if in_rows else "columns"
            return found, f"the names of the {place} look like {what}"
    if len(rows) == len(columns):
        raise InputError(
            f"{path} has {len(rows)} rows and as many columns, and their names do not tell which "
            'are genes. Say rows="genes" or rows="samples".'
        )
    longer = "genes" if len(rows) > len(columns) else "samples"
    return longer, f"there are {len(rows)} of them and {len(columns)} columns"  # type: ignore[return-value]


def _looks_like_genes(names: Sequence[str]) -> bool:
    if gene_id_of(names) == "ensembl":
        return True
    upper = {name.upper() for name in names}
    return (
        len(upper & _EVERYWHERE) >= 3 or len({ALIASES.symbol(n) for n in upper} & _EVERYWHERE) >= 3
    )


def _looks_like_samples(names: Sequence[str]) -> bool:
    some = names[:500]
    found = sum(is_tcga(name) or bool(_SAMPLE_LIKE.fullmatch(name)) for name in some)
    return found > len(some) / 2
