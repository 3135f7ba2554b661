"""Names of genes: former symbols and aliases, what a spreadsheet made of them, repeats.

`gene_aliases.csv` lists former symbols and common aliases of human genes by their present
symbol (HUGO Gene Nomenclature Committee). It is short on purpose: only names that mean one
gene are in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Literal

__all__ = ["ALIASES", "Aliases", "GeneId", "gene_id_of", "mangled_names", "renamed", "repair_names"]

GeneId = Literal["symbol", "ensembl", "entrez"]

_ENSEMBL = re.compile(r"ENS[A-Z]{0,4}G\d{11}(\.\d+)?(_PAR_Y)?")
_ENTREZ = re.compile(r"\d{1,9}")
_MONTHS = {"mar": 3, "march": 3, "sep": 9, "sept": 9, "september": 9, "dec": 12, "december": 12}
_DAY_MONTH = re.compile(r"(\d{1,2})[-/ ]([A-Za-z]{3,9})([-/ ]\d{2,4})?")
_MONTH_DAY = re.compile(r"([A-Za-z]{3,9})[-/ ](\d{1,2})")
_ISO = re.compile(r"(?:19|20)\d\d-(03|09|12)-(\d{2})( 00:00:00)?")


@dataclass(frozen=True)
class Aliases:
    """Other names of genes.

    Attributes
    ----------
    pairs : tuple of (str, str)
        Present symbol and another name of the same gene.

    Examples
    --------
    >>> ALIASES.symbol("CTSL2"), ALIASES.other("VEGFD", ["FIGF", "KDR"])
    ('CTSV', 'FIGF')
    """

    pairs: tuple[tuple[str, str], ...]

    @cached_property
    def _symbols(self) -> dict[str, str]:
        return {alias: symbol for symbol, alias in self.pairs}

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        names: dict[str, list[str]] = {}
        for symbol, alias in self.pairs:
            names.setdefault(symbol, [symbol]).append(alias)
        return {symbol: tuple(found) for symbol, found in names.items()}

    def symbol(self, name: str) -> str:
        """Present symbol of a gene; the name itself where no other is known."""
        return self._symbols.get(name, name)

    def other(self, name: str, names: Collection[str]) -> str:
        """Another name of the gene that is among ``names``, or ``""``."""
        symbol = self.symbol(name)
        candidates = self._names.get(symbol, ())
        return next((one for one in candidates if one != name and one in names), "")


def _read_aliases() -> Aliases:
    text = files("napari_radiogenomics.data").joinpath("gene_aliases.csv").read_text("utf-8")
    pairs = (line.split(",") for line in text.splitlines()[1:])
    return Aliases(tuple((symbol, alias) for symbol, alias in pairs))


ALIASES = _read_aliases()


def gene_id_of(names: Sequence[str]) -> GeneId:
    """What genes are called by.

    Examples
    --------
    >>> gene_id_of(["ENSG00000112715.25", "ENSG00000107159"]), gene_id_of(["7422", "768"])
    ('ensembl', 'entrez')
    >>> gene_id_of(["VEGFA", "CA9"])
    'symbol'
    """
    some = [str(name).strip() for name in names[:2000]]
    if some and sum(bool(_ENSEMBL.fullmatch(name)) for name in some) > len(some) / 2:
        return "ensembl"
    if some and sum(bool(_ENTREZ.fullmatch(name)) for name in some) > 0.9 * len(some):
        return "entrez"
    return "symbol"


def mangled_names(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Names that a spreadsheet turned into dates, with the genes they may have been.

    Parameters
    ----------
    names : iterable of str
        Gene symbols.

    Returns
    -------
    dict
        Name → present symbols it can stand for; more than one where the date does not tell.

    Examples
    --------
    >>> mangled_names(["VEGFA", "2-Sep", "1-Mar", "2001-03-05"])
    {'2-Sep': ('SEPTIN2',), '1-Mar': ('MARCHF1', 'MTARC1'), '2001-03-05': ('MARCHF5',)}
    """
    found = {str(name): _genes_of_date(str(name).strip()) for name in names}
    return {name: genes for name, genes in found.items() if genes}


def _genes_of_date(text: str) -> tuple[str, ...]:
    if match := _DAY_MONTH.fullmatch(text):
        day, month = int(match[1]), _MONTHS.get(match[2].lower(), 0)
    elif match := _MONTH_DAY.fullmatch(text):
        day, month = int(match[2]), _MONTHS.get(match[1].lower(), 0)
    elif match := _ISO.fullmatch(text):
        day, month = int(match[2]), int(match[1])
    else:
        return ()
    if month == 3 and 1 <= day <= 11:
        return (f"MARCHF{day}", f"MTARC{day}") if day <= 2 else (f"MARCHF{day}",)
    if month == 9 and (1 <= day <= 12 or day == 14):
        return (f"SEPTIN{day}",)
    if month == 9 and day == 15:
        return ("SELENOF",)
    return ("DELEC1",) if month == 12 and day == 1 else ()


def repair_names(names: Sequence[str]) -> tuple[list[str], dict[str, str], list[str]]:
    """Give genes back the symbols that a spreadsheet turned into dates.

    A date that two genes can have become is repaired only where the other gene is in the list.

    Parameters
    ----------
    names : sequence of str
        Gene symbols, repeats allowed.

    Returns
    -------
    names : list of str
        With present symbols in the place of dates.
    repaired : dict
        Date → symbol.
    left : list of str
        Dates that may be several genes, and were left as they are.

    Examples
    --------
    >>> repair_names(["VEGFA", "2-Sep", "1-Mar"])
    (['VEGFA', 'SEPTIN2', '1-Mar'], {'2-Sep': 'SEPTIN2'}, ['1-Mar'])
    >>> repair_names(["MARC1", "1-Mar"])[0]
    ['MARC1', 'MARCHF1']
    """
    found = mangled_names(names)
    here = {ALIASES.symbol(str(name)) for name in names}
    repaired: dict[str, str] = {}
    for name, genes in found.items():
        absent = [gene for gene in genes if gene not in here]
        if len(absent) == 1 and list(names).count(name) == 1:
            repaired[name] = absent[0]
    left = [name for name in found if name not in repaired]
    return [repaired.get(str(name), str(name)) for name in names], repaired, left


def renamed(names: Sequence[str], table: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Names by a table of other names, and those that the table does not have.

    Versions of Ensembl identifiers (``.12``) do not count.

    Examples
    --------
    >>> renamed(["ENSG00000112715.25", "ENSG1"], {"ENSG00000112715": "VEGFA"})
    (['VEGFA', 'ENSG1'], ['ENSG1'])
    """
    found, lost = [], []
    for name in map(str, names):
        key = name if name in table else name.partition(".")[0]
        found.append(table.get(key, name))
        if key not in table:
            lost.append(name)
    return found, lost
