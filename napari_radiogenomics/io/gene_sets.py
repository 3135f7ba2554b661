"""Gene sets in files: GMT, JSON (MSigDB's or plain), and weights as tables (PROGENy, decoupleR).

What is read is known by its content, not by its name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from napari_radiogenomics.data.gene_sets import GeneSet, GeneSets, gene_sets_of
from napari_radiogenomics.data.table import parse_numbers
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.io.tables import read_table
from napari_radiogenomics.io.text import decode, read_bytes

__all__ = ["Faulty", "curated_gene_sets", "read_gene_sets", "write_gene_sets"]

Faulty = Literal["refuse", "leave_out"]
_WEIGHTS = ("weight", "mor", "likelihood")
_JSON_GENES = ("geneSymbols", "genes", "members")


def read_gene_sets(path: str | Path, *, faulty: Faulty = "refuse") -> GeneSets:
    """Read gene sets.

    Parameters
    ----------
    path : str or Path
        GMT (name, source, genes; by tabs), JSON (name → genes, or MSigDB's), a table with the
        columns ``source, target`` and ``weight`` or ``mor`` (decoupleR), or a table of weights
        with a row for each gene and a column for each set (PROGENy; 0 is "not in the set").
        Gzipped or not.
    faulty : {"refuse", "leave_out"}, optional
        Rule for faulty rows of a GMT: refuse the file, or leave them out and name them.

    Returns
    -------
    GeneSets
        With notes on what was mended: blank lines, repeated genes, sets without genes.

    Raises
    ------
    InputError
        If it is none of these, or holds no gene set.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.gmt"
    >>> _ = path.write_text("VEGF" + chr(9) + "my list" + chr(9) + "VEGFA" + chr(9) + "KDR")
    >>> read_gene_sets(path)["VEGF"].genes
    ('VEGFA', 'KDR')
    """
    path = Path(path)
    text, problems = decode(read_bytes(path), str(path))
    notes = [problem.what for problem in problems]
    faults: list[str] = []
    if text.lstrip()[:1] in "{[":
        sets = _read_json(text, path, notes)
    elif _is_table(text):
        sets = _read_weights(path, notes)
    else:
        sets = _read_gmt(text, path, notes, faults)
    if faults and faulty == "refuse":
        raise InputError(faults[0])
    if not sets:
        raise InputError(f"{path} holds no gene set. Choose another file.")
    left_out = tuple(f"{fault} The row was left out." for fault in faults)
    return GeneSets(tuple(sets), path.name, (*notes, *left_out), left_out)


def curated_gene_sets() -> GeneSets:
    """Read the signatures of hypoxia, VEGF and angiogenesis that come with the package.

    Each has its source. Buffa's hypoxia signature contains VEGFA, CA9 and SLC2A1: a correlation
    of it with VEGF is partly circular unless they are removed.

    Examples
    --------
    >>> len(curated_gene_sets()["BUFFA_HYPOXIA_51"])
    51
    """
    folder = files("napari_radiogenomics.io")
    text = folder.joinpath("hypoxia_angiogenesis.gmt").read_text("utf-8")
    sets = _read_gmt(text, Path("hypoxia_angiogenesis.gmt"), [], [])
    return GeneSets(tuple(sets), "Hypoxia, VEGF and angiogenesis")


def write_gene_sets(gene_sets: Mapping[str, Any], path: str | Path) -> Path:
    """Write gene sets as GMT, or as JSON where the name ends so (JSON keeps weights).

    Parameters
    ----------
    gene_sets : GeneSets or mapping
        What to write.
    path : str or Path
        ``….gmt`` or ``….json``.

    Returns
    -------
    Path
        The written file.

    Raises
    ------
    InputError
        If the name ends otherwise, the folder is missing, or GMT cannot hold the sets.
    """
    sets, path = gene_sets_of(gene_sets), Path(path)
    if not path.parent.exists():
        raise InputError(f"The folder {path.parent} does not exist. Create it, then save again.")
    ending = path.suffix.lower()
    if ending not in (".gmt", ".json"):
        raise InputError(f'"{path.name}" must end with .gmt or .json. Rename it.')
    text = _gmt_text(sets) if ending == ".gmt" else _json_text(sets)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return path


def _gmt_text(sets: GeneSets) -> str:
    weighted = [name for name in sets if sets[name].weights]
    if weighted:
        raise InputError(
            f"GMT has no place for weights, and {', '.join(weighted[:3])} has some. Write JSON."
        )
    lines = []
    for one in sets.sets:
        cells = [one.name, one.source or "na", *one.genes]
        if any(mark in cell for cell in cells for mark in "\t\r\n"):
            raise InputError(f'Gene set "{one.name}" has a tab or a line break in a name. Mend it.')
        lines.append("\t".join(cells) + "\n")
    return "".join(lines)


def _json_text(sets: GeneSets) -> str:
    entries = {
        one.name: {"source": one.source, "genes": list(one.genes)}
        | ({"weights": list(one.weights)} if one.weights else {})
        for one in sets.sets
    }
    return json.dumps(entries, indent=1) + "\n"


def _read_gmt(text: str, path: Path, notes: list[str], faults: list[str]) -> list[GeneSet]:
    """Gene sets of the good rows; what the others lack goes to ``faults``."""
    lines = text.splitlines()
    if not any("\t" in line for line in lines):
        row = next((at for at, line in enumerate(lines, start=1) if line.strip()), 1)
        raise InputError(
            f"{path}, row {row}: the file has no tabs, so it is no GMT file: its cells (name, "
            "source, genes) are separated by tabs, not spaces or commas. Export it again."
        )
    rows: dict[str, int] = {}
    sets: list[GeneSet] = []
    blank = 0
    for row, line in enumerate(lines, start=1):
        cells = [cell.strip().strip('"') for cell in line.split("\t")]
        if not any(cells):
            blank += 1
            continue
        genes = [cell for cell in cells[2:] if cell]
        fault = _fault(cells, genes, rows)
        if fault:
            faults.append(f"{path}, row {row}{fault}")
            continue
        if not genes:
            notes.append(f"{path}, row {row}: gene set {cells[0]} has no genes and was left out.")
            continue
        rows[cells[0]] = row
        unique = _once(genes, f"{path}, row {row} ({cells[0]})", notes)
        source = cells[1] if cells[1].lower() != "na" else ""
        sets.append(GeneSet(cells[0], unique, (), source))
    if blank:
        notes.append(f"{path}: {counted(blank, 'blank line', 'was', 'were')} skipped.")
    return sets


def _fault(cells: list[str], genes: list[str], rows: Mapping[str, int]) -> str:
    """What is wrong with a row of a GMT; empty where nothing is."""
    name = cells[0]
    if not name:
        return ": the gene set has no name. Write one before the tab."
    if len(cells) == 1:
        return (
            f': "{name[:40]}" has no tabs, which separate the cells of a GMT (name, source, '
            "genes). Write tabs in the place of spaces or commas."
        )
    broken = [gene for gene in genes if any(mark in gene for mark in " ,;")]
    if broken:
        return (
            f' ({name}): "{broken[0][:40]}" is no gene name: genes are separated by tabs, not by '
            "spaces or commas. Mend the line."
        )
    if name in rows:
        return f': gene set "{name}" is already on row {rows[name]}. Rename one of them.'
    return ""


def _once(genes: list[str], where: str, notes: list[str]) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(genes))
    if len(unique) < len(genes):
        again = counted(len(genes) - len(unique), "repeated gene", "counts", "count")
        notes.append(f"{where}: {again} once.")
    return unique


def _read_json(text: str, path: Path, notes: list[str]) -> list[GeneSet]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path} is no valid JSON ({error}). Export it again.") from error
    if not isinstance(found, dict):
        raise InputError(f"{path} holds a JSON list. It must map each name to its genes.")
    return [_json_entry(str(name), entry, path, notes) for name, entry in found.items()]


def _json_entry(name: str, entry: Any, path: Path, notes: list[str]) -> GeneSet:
    where = f'{path}, gene set "{name}"'
    weights: Any = ()
    source = ""
    if isinstance(entry, dict):
        key = next((key for key in _JSON_GENES if key in entry), "")
        if key:
            source = str(
                entry.get("source") or entry.get("exactSource") or entry.get("msigdbURL") or ""
            )
            entry, weights = entry[key], entry.get("weights", ())
        else:
            entry, weights = list(entry), list(entry.values())
    if not isinstance(entry, list) or not all(isinstance(gene, str) for gene in entry):
        raise InputError(f'{where} is no list of gene names. Write ["VEGFA", …].')
    if not all(isinstance(weight, int | float) for weight in weights):
        raise InputError(f"{where} has a weight that is no number. Write numbers.")
    if weights:
        return GeneSet(name, tuple(entry), tuple(map(float, weights)), source)
    genes = [gene.strip() for gene in entry if gene.strip()]
    return GeneSet(name, _once(genes, where, notes), (), source)


def _is_table(text: str) -> bool:
    """Whether the first line is a header: of a net, or empty first cell and sets (PROGENy)."""
    first = text.lstrip("\r\n").split("\n", 1)[0].replace('"', "").strip("\r")
    cells = [cell.strip().lower() for cell in first.replace("\t", ",").split(",")]
    return {"source", "target"} <= set(cells) or cells[0] in ("", "gene", "symbol")


def _read_weights(path: Path, notes: list[str]) -> list[GeneSet]:
    table, problems = read_table(path)
    notes += [problem.what for problem in problems if not problem.what.startswith("Column 1 ")]
    frame = table.frame
    lower = {name.lower(): name for name in frame.columns}
    if {"source", "target"} <= set(lower):
        column = next((lower[name] for name in _WEIGHTS if name in lower), "")
        cells = frame[column].tolist() if column else ["1"] * len(frame)
        net = list(zip(frame[lower["source"]], frame[lower["target"]], cells, strict=True))
        return _gathered(net, path, weighted=bool(column))
    genes = frame.columns[0]
    triples = [
        (name, gene, cell)
        for name in frame.columns[1:]
        for gene, cell in zip(frame[genes], frame[name], strict=True)
    ]
    return _gathered([triple for triple in triples if triple[2] not in ("", "0")], path)


def _gathered(
    triples: list[tuple[str, str, str]], path: Path, *, weighted: bool = True
) -> list[GeneSet]:
    numbers, bad = parse_numbers([weight for _, _, weight in triples])
    if bad.any() or (numbers != numbers).any():
        at = int((bad | (numbers != numbers)).argmax())
        raise InputError(
            f"{path}: the weight of {triples[at][1]} in {triples[at][0]} is "
            f'"{triples[at][2]}", which is no number. Mend it.'
        )
    found: dict[str, dict[str, float]] = {}
    for (name, gene, _), number in zip(triples, numbers.tolist(), strict=True):
        if gene in found.setdefault(name, {}):
            raise InputError(f"{path}: {gene} occurs twice in {name}. Keep one weight.")
        if number:
            found[name][gene] = number
    return [
        GeneSet(name, tuple(genes), tuple(genes.values()) if weighted else ())
        for name, genes in found.items()
        if genes
    ]
