"""What a name means: one rule for Python, the command line and the dock.

1. As written: a gene, then a gene set, then a mutation. ``"EGFR mutation"`` is a mutation alone.
2. The same but for case, where only one name of its kind is called so.
3. Another name of a gene: a former symbol or an alias.
4. Whole words of the name of a gene set: a Hallmark set before others, then the shortest name.

What was meant otherwise than written is said, with the other candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from napari_radiogenomics.data.gene_names import ALIASES, mangled_names
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

__all__ = ["MUTATION", "Named", "NamedKind", "closest_name", "find_name"]

NamedKind = Literal["gene", "pathway", "mutation"]
MUTATION = " mutation"
"""End of a text that means the mutation of a gene, not its expression."""
_KINDS: tuple[NamedKind, ...] = ("gene", "pathway", "mutation")
_COLLECTION = "HALLMARK_"
# A hint is looked for among this many genes.
_MOST_GENES = 2000
_MOST_OTHERS = 3


@dataclass(frozen=True)
class Named:
    """What a text means.

    Attributes
    ----------
    name : str
        As the table, the collection of gene sets or the mutations have it.
    kind : {"gene", "pathway", "mutation"}
        What it is.
    others : tuple of str
        Gene sets that have the text in their name, where it was not written in full.
    note : str
        How the text was read, as a sentence; empty where it was written in full.
    """

    name: str
    kind: NamedKind
    others: tuple[str, ...] = ()
    note: str = ""


def find_name(text: str, names: Mapping[str, Sequence[str]], *, kind: str = "auto") -> Named | None:
    """Find what a text means.

    Parameters
    ----------
    text : str
        As typed.
    names : mapping of str to sequence of str
        ``"gene"``, ``"pathway"`` and ``"mutation"`` → names, as `score_names` answers.
    kind : {"auto", "gene", "pathway", "mutation"}, optional
        What it may be.

    Returns
    -------
    Named or None
        None where nothing is called so.

    Raises
    ------
    InputError
        If several names differ from it by case alone.

    Examples
    --------
    >>> names = {"gene": ["VEGFA", "CA9"], "pathway": ["VEGF_LIGAND_RECEPTOR", "HALLMARK_HYPOXIA"]}
    >>> find_name("ca9", names).name, find_name("hypoxia", names).name
    ('CA9', 'HALLMARK_HYPOXIA')
    >>> print(find_name("VEGF", names).note)
    VEGF is called VEGFA in the table; it is also part of VEGF_LIGAND_RECEPTOR.
    """
    wanted = " ".join(text.split())
    kinds = _KINDS if kind == "auto" else tuple(one for one in _KINDS if one == kind)
    if "mutation" in kinds and wanted.casefold().endswith(MUTATION):
        wanted, kinds = wanted[: -len(MUTATION)], ("mutation",)
    found = _written(wanted, names, kinds)
    if found or not wanted:
        return found
    # Whole words: a gene that the table lacks (MET) must not be read as METABOLISM.
    words = f"_{wanted.casefold().replace(' ', '_')}_"
    sets = names.get("pathway", ()) if "pathway" in kinds else ()
    parts = sorted((one for one in sets if words in f"_{one.casefold()}_"), key=_rank)
    gene = _other_name(wanted, names.get("gene", ())) if "gene" in kinds else ""
    if gene:
        return Named(
            gene, "gene", tuple(parts), _note(f"{wanted} is called {gene} in the table", parts)
        )
    if parts:
        note = _note(f'"{wanted}" is read as the gene set {parts[0]}', parts[1:])
        return Named(parts[0], "pathway", tuple(parts[1:]), note)
    return None


def _written(
    wanted: str, names: Mapping[str, Sequence[str]], kinds: Sequence[NamedKind]
) -> Named | None:
    """Name that is written so, or so but for case."""
    for kind in kinds:
        if wanted in names.get(kind, ()):
            return Named(wanted, kind)
    for kind in kinds:
        alike = [one for one in names.get(kind, ()) if one.casefold() == wanted.casefold()]
        if len(alike) > 1:
            raise InputError(
                f'"{wanted}" may be {" or ".join(alike)}: they differ by case alone. Write it so.'
            )
        if alike:
            return Named(alike[0], kind)
    return None


def _other_name(wanted: str, genes: Sequence[str]) -> str:
    """Gene of a table that has another name, in the case of the text or in capitals."""
    for name in dict.fromkeys((wanted, wanted.upper())):
        if found := ALIASES.other(name, genes):
            return found
    return ""


def _rank(name: str) -> tuple[bool, int]:
    return not name.startswith(_COLLECTION), len(name)


def _note(said: str, others: Sequence[str]) -> str:
    if not others:
        return f"{said}."
    more = " …" if len(others) > _MOST_OTHERS else ""
    return f"{said}; it is also part of {', '.join(others[:_MOST_OTHERS])}{more}."


def closest_name(text: str, names: Mapping[str, Sequence[str]]) -> str:
    """What to do where `find_name` finds nothing: the closest name, or a date to be repaired.

    Examples
    --------
    >>> closest_name("VEGFX", {"gene": ["VEGFA", "CA9"]})
    'Did you mean "VEGFA"?'
    >>> closest_name("SEPT2", {"gene": ["VEGFA", "2-Sep"]})[:36]
    'A spreadsheet made "2-Sep" of SEPTIN'
    """
    genes = list(names.get("gene", ()))
    wanted = text.strip().upper()
    symbol = ALIASES.symbol(wanted)
    for date, meant in mangled_names(genes).items():
        if symbol in meant:
            return (
                f'A spreadsheet made "{date}" of {symbol}. repair_dates=True, in cohort.toml '
                "repair_dates = true, gives genes their symbols back."
                + (f" It may be {' or '.join(meant)}: gene_ids.csv decides." if meant[1:] else "")
            )
    mutations = [name + MUTATION for name in names.get("mutation", ())]
    alike = [gene for gene in genes if gene[:2].upper() == wanted[:2]] or genes
    every = [*names.get("pathway", ()), *mutations, *alike[:_MOST_GENES]]
    hint = did_you_mean(wanted, every).partition(" Known:")[0]
    return hint if "Did you mean" in hint else "Check the spelling, or choose from the list."
