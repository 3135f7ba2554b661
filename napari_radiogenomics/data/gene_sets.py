"""Gene sets: named lists of genes, with weights where the source gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    from napari_radiogenomics.provenance import Record

__all__ = ["GeneSet", "GeneSets", "gene_sets_of"]


@dataclass(frozen=True)
class GeneSet:
    """One gene set.

    Attributes
    ----------
    name : str
        As in its file.
    genes : tuple of str
        Each once, in the order of the file.
    weights : tuple of float
        One a gene; empty where all count alike.
    source : str
        Where the set comes from: citation, DOI or address.

    Examples
    --------
    >>> GeneSet("VEGF", ("VEGFA", "KDR")).weight_of("KDR")
    1.0
    """

    name: str
    genes: tuple[str, ...]
    weights: tuple[float, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        if len(set(self.genes)) < len(self.genes):
            twice = next(gene for gene in self.genes if self.genes.count(gene) > 1)
            raise InputError(f'Gene set "{self.name}" names {twice} twice. Keep it once.')
        if self.weights and len(self.weights) != len(self.genes):
            raise InputError(
                f'Gene set "{self.name}" has {len(self.genes)} genes and {len(self.weights)} '
                "weights. Give each gene one weight, or none a weight."
            )
        if not np.isfinite(self.weights).all():
            at = int(np.flatnonzero(~np.isfinite(self.weights))[0])
            raise InputError(
                f'The weight of {self.genes[at]} in gene set "{self.name}" is '
                f"{self.weights[at]}. Give a finite number or leave the gene out."
            )

    def weight_of(self, gene: str) -> float:
        """Weight of one of its genes."""
        return self.weights[self.genes.index(gene)] if self.weights else 1.0

    def __len__(self) -> int:
        return len(self.genes)


@dataclass(frozen=True, eq=False)
class GeneSets(Mapping[str, GeneSet]):
    """Gene sets by name.

    Attributes
    ----------
    sets : tuple of GeneSet
        In order; no two have the same name.
    name : str
        What the collection is called.
    notes : tuple of str
        What should be known of the reading.
    left_out : tuple of str
        Faulty files and rows that were left out: file, row, fault and remedy. In ``notes`` too.
    history : tuple of Record
        How it came to be.

    Examples
    --------
    >>> sets = GeneSets((GeneSet("VEGF", ("VEGFA", "KDR")),))
    >>> list(sets), sets["VEGF"].genes
    (['VEGF'], ('VEGFA', 'KDR'))
    """

    sets: tuple[GeneSet, ...]
    name: str = ""
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()
    _by_name: dict[str, GeneSet] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {one.name: one for one in self.sets}
        if len(by_name) < len(self.sets):
            names = [one.name for one in self.sets]
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f'Two gene sets are called "{twice}". Rename one of them.')
        object.__setattr__(self, "_by_name", by_name)

    def __getitem__(self, name: str) -> GeneSet:
        try:
            return self._by_name[name]
        except KeyError:
            raise InputError(
                f'Unknown gene set "{name}". {did_you_mean(str(name), list(self._by_name))}'
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self.sets)

    def shared(self) -> dict[str, tuple[str, ...]]:
        """Genes that occur in several sets, each with the names of those sets.

        Examples
        --------
        >>> GeneSets((GeneSet("A", ("X", "Y")), GeneSet("B", ("Y", "Z")))).shared()
        {'Y': ('A', 'B')}
        """
        owners: dict[str, list[str]] = {}
        for one in self.sets:
            for gene in one.genes:
                owners.setdefault(gene, []).append(one.name)
        return {gene: tuple(names) for gene, names in owners.items() if len(names) > 1}


def gene_sets_of(found: Any) -> GeneSets:
    """Gene sets from what people write.

    Parameters
    ----------
    found : GeneSets or mapping
        Name → genes (a sequence), or name → mapping of gene to weight, or name → `GeneSet`.

    Returns
    -------
    GeneSets

    Raises
    ------
    InputError
        If it is something else, or a set names a gene twice.

    Examples
    --------
    >>> sets = gene_sets_of({"VEGF": ["VEGFA", "KDR"], "MAPK": {"DUSP6": 2.0, "SPRY4": -1.5}})
    >>> sets["MAPK"].weights
    (2.0, -1.5)
    """
    if isinstance(found, GeneSets):
        return found
    if not isinstance(found, Mapping):
        raise InputError(
            f"Gene sets are given as {type(found).__name__}. Give a mapping of name to genes, "
            "or read them from a file with read_gene_sets."
        )
    return GeneSets(tuple(_one(str(name), genes) for name, genes in found.items()))


def _one(name: str, genes: Any) -> GeneSet:
    if isinstance(genes, GeneSet):
        return genes
    if isinstance(genes, Mapping):
        return GeneSet(name, tuple(map(str, genes)), tuple(map(float, genes.values())))
    if isinstance(genes, str) or not isinstance(genes, Sequence | set | frozenset):
        raise InputError(f'Gene set "{name}" is no list of genes but {genes!r:.60}.')
    ordered = sorted(genes) if isinstance(genes, set | frozenset) else genes
    return GeneSet(name, tuple(map(str, ordered)))
