"""Tables of the names of genes: HGNC's, BioMart's, NCBI's, 10x's, or any with two columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from napari_radiogenomics.data.table import Table
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.tables import read_table

__all__ = ["read_gene_ids"]

# Headers without case, blanks and marks.
_SYMBOL = (
    "symbol", "hgncsymbol", "genesymbol", "hugosymbol", "approvedsymbol", "genename",
    "externalgenename", "name",
)  # fmt: skip
_IDS = (
    "ensemblgeneid", "ensembl", "ensemblid", "genestableid", "genestableidversion", "geneid",
    "entrez", "entrezid", "entrezgeneid", "ncbigeneid", "ncbigeneformerlyentrezgeneid",
    "geneentrezid", "hgncid",
)  # fmt: skip
_FORMER = ("aliassymbol", "prevsymbol", "synonyms", "previoussymbols", "aliassymbols")


def read_gene_ids(path: str | Path) -> dict[str, str]:
    """Read which symbol each identifier of a gene has.

    Parameters
    ----------
    path : str or Path
        CSV or TSV: the complete set of HGNC, an export of Ensembl's BioMart, ``gene_info`` of
        NCBI, ``features.tsv`` of 10x, or any table whose first two columns are the other name
        and the symbol.

    Returns
    -------
    dict
        Ensembl identifier without version, Entrez identifier or former symbol → symbol. A name
        that stands for two genes, or is itself a symbol, is left out.

    Raises
    ------
    InputError
        If it has one column, or no pair of names.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "genes.csv"
    >>> rows = ["symbol,ensembl_gene_id,entrez_id,prev_symbol", "VEGFA,ENSG00000112715,7422,VEGF"]
    >>> _ = path.write_text(chr(10).join(rows))
    >>> read_gene_ids(path)
    {'ENSG00000112715': 'VEGFA', '7422': 'VEGFA', 'VEGF': 'VEGFA'}
    """
    path = Path(path)
    table, _ = read_table(path)
    if table.frame.shape[1] < 2:
        raise InputError(f"{path} has one column; two are needed: old name and new name.")
    symbols: set[str] = set()
    found: dict[str, str] = {}
    for other, symbol in _pairs(table):
        symbols.add(symbol)
        if found.setdefault(other, symbol) != symbol:
            found[other] = ""  # two genes are meant
    kept = {other: symbol for other, symbol in found.items() if symbol and other not in symbols}
    if not kept:
        raise InputError(
            f"{path} has no pair of an identifier and a symbol; its columns are "
            f"{', '.join(map(str, table.frame.columns[:5]))}. Name them ensembl and symbol."
        )
    return kept


def _pairs(table: Table) -> Iterator[tuple[str, str]]:
    """Other name and symbol of every gene, from all columns that have one."""
    by_plain = {re.sub(r"[^a-z]", "", str(name).lower()): str(name) for name in table.frame}
    symbol = next((by_plain[name] for name in _SYMBOL if name in by_plain), "")
    others = [by_plain[name] for name in (*_IDS, *_FORMER) if name in by_plain]
    if not symbol or not others:
        first, second = (str(name) for name in table.frame.columns[:2])
        yield from _header_pair(first, second)
        symbol, others = second, [first]
    symbols = [cell.strip() for cell in table.texts(symbol)]
    for column in others:
        for cell, name in zip(table.texts(column), symbols, strict=True):
            for part in cell.split("|") if name else ():
                text = part.strip().strip('"')
                if text and text != "-":
                    yield re.sub(r"^(ENS[A-Z]*G\d{11})\.\d+$", r"\1", text), name


def _header_pair(first: str, second: str) -> Iterator[tuple[str, str]]:
    """The first line itself, where a table without header begins with a gene (10x)."""
    if re.fullmatch(r"ENS[A-Z]*G\d{11}(\.\d+)?|\d{2,9}", first):
        yield first.partition(".")[0], second
