"""Which side of an expression table the samples are on: by what the file says, or by its names."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.gene_names import ALIASES, gene_id_of
from napari_radiogenomics.data.ids import canonical_id, is_tcga
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression_layout import RawExpression, Rows

__all__ = ["oriented", "side_of"]

_STATED = "as stated"
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
    raw: RawExpression, path: Path, stated: Rows, known: Collection[str] = ()
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
    known : collection of str, optional
        Names of samples that may be in it.

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
    rows, reason = side_of(raw, path, stated, known)
    said = f"Rows are {rows}{', ' if reason == _STATED else ': '}{reason}."
    row_names, columns = list(map(str, raw.row_names)), list(map(str, raw.column_names))
    if rows == "samples":
        return raw.values, row_names, columns, said
    return np.ascontiguousarray(raw.values.T), columns, row_names, said


def side_of(
    raw: RawExpression, path: Path, stated: Rows, known: Collection[str] = ()
) -> tuple[Rows, str]:
    """What a row of a matrix is, and how that is known.

    Somebody says so; or only one side has names of known samples; or the file says so; or the
    names look like genes or samples; or there are more genes than samples.

    Parameters
    ----------
    raw : RawExpression
        Its names and what the file says; its values are not looked at.
    path, stated, known
        As for `oriented`.

    Returns
    -------
    rows : {"samples", "genes"}
        What a row is.
    reason : str
        Why, for the sentence "Rows are …: …"; "as stated" where somebody says so.
    """
    if stated != "auto":
        return stated, _STATED
    return _by_known(raw, known) or (
        (raw.rows, raw.reason) if raw.rows != "auto" else _rows_of(raw, path)
    )


def _by_known(raw: RawExpression, known: Collection[str]) -> tuple[Rows, str] | None:
    wanted = {canonical_id(name) for name in known}
    if not wanted:
        return None
    sides: list[tuple[Rows, str, Sequence[str]]] = [
        ("samples", "rows", raw.row_names),
        ("genes", "columns", raw.column_names),
    ]
    counts = [sum(canonical_id(str(name)) in wanted for name in names) for _, _, names in sides]
    if all(counts) or not any(counts):
        return None
    rows, place, names = sides[int(counts[1] > 0)]
    return rows, f"{max(counts)} of the {len(names)} {place} are called like known samples"


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
