"""What `info` tells of an expression table, of gene sets or of classes of samples."""

from __future__ import annotations

from pathlib import Path

from napari_radiogenomics.errors import InputError

__all__ = ["gene_facts"]

_SETS = (".gmt", ".gmt.gz")
_SHOWN = 5


def gene_facts(path: Path) -> list[list[str]]:
    """Facts of an expression table, a file of gene sets, or of the classes of its samples.

    Parameters
    ----------
    path : Path
        File or folder.

    Returns
    -------
    list of pairs of text
        Empty where it is neither.

    Raises
    ------
    InputError
        If it is one of them, and cannot be read.
    """
    from napari_radiogenomics.io.expression import layout_of

    if path.name.lower().endswith(_SETS):
        return _sets(path)
    if path.name.lower().endswith(".cls"):
        return _classes(path)
    try:
        layout_of(path)
    except InputError:
        return []
    return _expression(path)


def _expression(path: Path) -> list[list[str]]:
    from napari_radiogenomics.data.nature import KINDS, nature_of
    from napari_radiogenomics.io.expression import read_expression
    from napari_radiogenomics.io.expression_layout import LAYOUTS

    table = read_expression(path)
    found = nature_of(table.to_numpy(float))
    low, middle, high = found.library_sizes
    return [
        ["format", LAYOUTS[table.attrs["layout"]].title],
        ["kind", "expression"],
        ["samples", f"{len(table):,}: {_some(list(table.index))}"],
        ["genes", f"{table.shape[1]:,}, by {table.attrs['gene_id']}: {_some(list(table.columns))}"],
        ["unit", table.attrs["unit"] or "not told"],
        ["values look like", f"{found.kind}: {KINDS[found.kind]} ({found.reason})"],
        ["totals of samples", f"{low:,.6g} to {high:,.6g}, median {middle:,.6g}"],
        *(["note", note] for note in table.attrs["notes"]),
    ]


def _sets(path: Path) -> list[list[str]]:
    from napari_radiogenomics.io.gene_sets import read_gene_sets

    sets = read_gene_sets(path)
    sizes = sorted(len(one.genes) for one in sets.sets)
    return [
        ["format", "Gene sets (GMT)"],
        ["kind", "gene sets"],
        ["sets", f"{len(sizes):,}: {_some([one.name for one in sets.sets])}"],
        ["genes of a set", f"{sizes[0]} to {sizes[-1]}"],
        *(["note", note] for note in sets.notes),
    ]


def _classes(path: Path) -> list[list[str]]:
    from collections import Counter

    from napari_radiogenomics.io.expression_formats.gct import read_cls

    counts = Counter(read_cls(path))
    return [
        ["format", "Classes of samples (CLS)"],
        ["kind", "classes, in the order of the samples of a GCT file"],
        ["samples", f"{counts.total():,}"],
        *(["class", f"{name}: {count}"] for name, count in counts.items()),
    ]


def _some(names: list[str]) -> str:
    return ", ".join(map(str, names[:_SHOWN])) + (" …" if len(names) > _SHOWN else "")
