"""`read_expression`: whatever form an expression table comes in, samples × genes come out.

What was decided on the way (orientation, repeats, blanks, names) is said in ``attrs["notes"]``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.gene_names import (
    gene_id_of,
    mangled_names,
    renamed,
    repair_names,
)
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression_layout import (
    LAYOUTS,
    ExpressionLayout,
    RawExpression,
    Rows,
)
from napari_radiogenomics.io.expression_rows import oriented
from napari_radiogenomics.io.gene_ids import read_gene_ids
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DATES", "Blanks", "Duplicates", "layout_of", "read_expression"]

DATES = "turned into dates by a spreadsheet"
"""Words of the note that names such genes."""

Duplicates = Literal["highest_mean", "mean", "sum", "first", "refuse"]
Blanks = Literal["keep", "zero", "drop_genes", "refuse"]


def _layouts() -> Mapping[str, str]:
    return {"auto": "known from the content"} | LAYOUTS.titles()


@verb
def read_expression(
    path: str | Path,
    *,
    layout: Annotated[str, Setting(choices=_layouts)] = "auto",
    rows: Rows = "auto",
    unit: str = "",
    duplicates: Duplicates = "highest_mean",
    blanks: Blanks = "keep",
    repair_dates: bool = False,
    names: str | Path | Mapping[str, str] | None = None,
    samples: Sequence[str] = (),
    known_samples: Sequence[str] = (),
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Read an expression table.

    Parameters
    ----------
    path : str or Path
        CSV or TSV (NSCLC-Radiogenomics, TCGA, cBioPortal's data files and their like), GCT,
        AnnData (``.h5ad``), 10x matrix (``.h5``), Visium folder, cBioPortal study folder, GEO
        series matrix, Ivy GAP RNA-seq folder or ISH table. Text files gzipped or not.
    layout : str, optional
        Name of the layout; ``"auto"`` tells it from the content.
    rows : {"auto", "samples", "genes"}, optional
        What a row of the file is. ``"auto"`` decides from headers and names and says how.
    unit : str, optional
        What the values are: ``"count"``, ``"TPM"``, ``"FPKM"``, ``"log2 TPM"``, ….
    duplicates : str, optional
        Rule for genes that occur more than once: keep the one with the highest mean, their
        mean, their sum, the first, or refuse.
    blanks : str, optional
        Rule for blank cells: keep them as missing, read them as 0, leave out their genes, or
        refuse.
    repair_dates : bool, optional
        Give genes that a spreadsheet turned into dates (``2-Sep``) their symbols back. They are
        named in the notes either way.
    names : str, Path or mapping, optional
        Other names of the genes, for example Ensembl identifier → symbol: a mapping, or a table
        (CSV or TSV) as HGNC, BioMart, NCBI or 10x give it, or with the two in its first columns.
    samples : sequence of str, optional
        Samples to read, as the file names them; all where not given. Those that the file does
        have are reported.
    known_samples : sequence of str, optional
        Names of samples that may be in it, such as those of a cohort: ``rows="auto"`` knows
        rows and columns by them.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame, N samples × G genes
        ``attrs`` hold ``unit``, ``gene_id`` (``"symbol"``, ``"ensembl"``, ``"entrez"``),
        ``layout``, ``classes`` (sample → class, of the ``.cls`` beside a ``.gct``),
        ``sample_facts`` (sample → what the file says of it), ``source`` (the path),
        ``notes`` and the history.

    Raises
    ------
    InputError
        If the file is no expression table, or a rule refuses what it holds.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "counts.csv"
    >>> _ = path.write_text("gene,P1,P2" + chr(10) + "VEGFA,5,7" + chr(10) + "CA9,0,2")
    >>> table = read_expression(path, unit="count")
    >>> table.loc["P2", "VEGFA"], table.attrs["notes"][0]
    (np.float64(7.0), 'Rows are genes: a column is called "gene".')
    """
    path = Path(path)
    entry = _layout_of(path, layout)
    for step in progress([entry], entry.title):
        raw = step.read(path)
    values, sample_names, genes, said = oriented(raw, path, rows, known_samples)
    notes = [said, *raw.notes]
    values, sample_names = _chosen(values, sample_names, samples, path, notes)
    _refuse_repeated_samples(sample_names, path)
    values, genes = _without_blank_names(values, genes, path, notes)
    genes = _with_names(genes, names, path, notes)
    genes = _without_dates(genes, repair_dates, notes)
    values = _ruled_blanks(values, blanks, sample_names, genes, path, notes)
    if blanks == "drop_genes":
        there = np.flatnonzero(~np.isnan(values).any(axis=0))
        values, genes = values[:, there], [genes[at] for at in there]
    values, genes = _without_repeats(values, genes, duplicates, path, notes)
    table = _table(values, sample_names, genes, raw, unit, entry.name, notes)
    table.attrs["source"] = str(path)
    return table


def layout_of(path: str | Path) -> str:
    """Name of the layout of an expression table, told from its content.

    Raises
    ------
    InputError
        If it is not there, or of no known layout.
    """
    return _layout_of(Path(path), "auto").name


def _layout_of(path: Path, layout: str) -> ExpressionLayout:
    if not path.exists():
        raise InputError(
            f"{path} does not exist. Check the spelling; looked in {path.parent.resolve()}."
        )
    if layout != "auto":
        return LAYOUTS[layout]
    for entry in sorted(LAYOUTS, key=lambda entry: entry.last):
        if entry.reads(path):
            return entry
    known = "; ".join(entry.title for entry in LAYOUTS)
    raise InputError(f"{path} holds no expression table that is known ({known}).")


def _chosen(
    values: NDArray[np.float64],
    found: list[str],
    wanted: Sequence[str],
    path: Path,
    notes: list[str],
) -> tuple[NDArray[np.float64], list[str]]:
    if not wanted:
        return values, found
    places = {name: at for at, name in enumerate(found)}
    there = [name for name in dict.fromkeys(wanted) if name in places]
    lost = [name for name in dict.fromkeys(wanted) if name not in places]
    if not there:
        raise InputError(
            f"None of the {len(lost)} samples asked for is in {path}. {lost[0]}: "
            f"{did_you_mean(lost[0], found[:50])} Check how the samples are called, and what the "
            "rows of the file are."
        )
    if lost:
        notes.append(f"{counted(len(lost), 'sample', 'is', 'are')} not in the file: {_some(lost)}.")
    return values[[places[name] for name in there]], there


def _some(names: Collection[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:5]) + (" …" if len(listed) > 5 else "")


def _refuse_repeated_samples(names: list[str], path: Path) -> None:
    if not all(name.strip() for name in names):
        place = next(at for at, name in enumerate(names, start=1) if not name.strip())
        raise InputError(f"{path}: sample {place} of {len(names)} has no name. Write one.")
    if len(set(names)) == len(names):
        return
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    what = counted(len(twice), "sample", "occurs", "occur")
    raise InputError(
        f"{path}: {what} more than once: {_some(twice)}. Rename or leave out the copies."
    )


def _without_blank_names(
    values: NDArray[np.float64], genes: list[str], path: Path, notes: list[str]
) -> tuple[NDArray[np.float64], list[str]]:
    kept = np.array([bool(name.strip()) for name in genes], bool)
    if not kept.any():
        raise InputError(f"{path}: no gene has a name. Check the first column and the header.")
    if kept.all():
        return values, genes
    notes.append(f"{counted(int((~kept).sum()), 'gene')} without a name left out.")
    return values[:, kept], [name for name, there in zip(genes, kept, strict=True) if there]


def _with_names(
    genes: list[str],
    names: str | Path | Mapping[str, str] | None,
    path: Path,
    notes: list[str],
) -> list[str]:
    if names is None:
        return genes
    if isinstance(names, str | Path):
        names = read_gene_ids(names)
    found, lost = renamed(genes, names)
    if len(lost) == len(genes):
        raise InputError(
            f"None of the {len(genes)} genes of {path} is in names: they look like "
            f"{_some(genes[:3])}, the table's like {_some(list(names)[:3])}."
        )
    if lost:
        notes.append(
            f"Not in names, and called as before: {counted(len(lost), 'gene')} ({_some(lost)})."
        )
    return found


def _without_dates(genes: list[str], repair: bool, notes: list[str]) -> list[str]:
    found = mangled_names(genes)
    if not found:
        return genes
    if not repair:
        notes.append(
            f"{counted(len(found), 'gene', 'was', 'were')} {DATES}: {_some(found)}. "
            "repair_dates=True, in cohort.toml repair_dates = true, gives them their symbols back."
        )
        return genes
    repaired, done, left = repair_names(genes)
    if done:
        pairs = [f"{old} → {new}" for old, new in done.items()]
        notes.append(f"{counted(len(done), 'gene')} repaired from dates: {_some(pairs)}.")
    if left:
        choices = [f"{name} ({' or '.join(found[name])})" for name in left]
        notes.append(
            f"{counted(len(left), 'date')} may be several genes, unchanged: {_some(choices)}. A "
            "table of names decides: names={date: symbol}, in a cohort gene_ids.csv."
        )
    return repaired


def _ruled_blanks(
    values: NDArray[np.float64],
    rule: Blanks,
    samples: list[str],
    genes: list[str],
    path: Path,
    notes: list[str],
) -> NDArray[np.float64]:
    if np.isinf(values).any():
        row, column = (int(at) for at in np.argwhere(np.isinf(values))[0])
        raise InputError(
            f"{path}: sample {samples[row]}, gene {genes[column]} is infinite. Mend the table."
        )
    blank = np.isnan(values)
    count = int(blank.sum())
    if not count:
        return values
    genes_hit = counted(int(blank.any(axis=0).sum()), "gene")
    what = f"{counted(count, 'cell')} ({count / values.size:.2%}) of {genes_hit}"
    if rule == "refuse":
        row, column = (int(at) for at in np.argwhere(blank)[0])
        raise InputError(
            f"{path}: {what} are blank, the first is sample {samples[row]}, gene "
            f'{genes[column]}. Choose a rule: blanks="zero", "drop_genes" or "keep".'
        )
    if rule == "zero":
        notes.append(f"{what} were blank and are read as 0.")
        return np.where(blank, 0.0, values)
    verdict = "the genes are left out" if rule == "drop_genes" else "they are missing"
    if rule == "drop_genes" and blank.any(axis=0).all():
        raise InputError(f'{path}: every gene has a blank cell. Choose blanks="zero" or "keep".')
    notes.append(f"{what} were blank; {verdict}.")
    return values


def _without_repeats(
    values: NDArray[np.float64], genes: list[str], rule: Duplicates, path: Path, notes: list[str]
) -> tuple[NDArray[np.float64], list[str]]:
    if rule not in get_args(Duplicates):
        known = list(get_args(Duplicates))
        raise InputError(f'"{rule}" is no rule for duplicates. {did_you_mean(rule, known)}')
    groups: dict[str, list[int]] = {}
    for at, name in enumerate(genes):
        groups.setdefault(name, []).append(at)
    twice = [name for name, places in groups.items() if len(places) > 1]
    if not twice:
        return values, genes
    what = f"{counted(len(twice), 'gene', 'occurs', 'occur')} more than once ({_some(twice)})"
    if rule == "refuse":
        raise InputError(f'{path}: {what}. Choose a rule, such as duplicates="highest_mean".')
    verdicts = {
        "highest_mean": "the one with the highest mean was kept",
        "mean": "their mean was taken",
        "sum": "they were added up",
        "first": "the first was kept",
    }
    notes.append(f"{what}; {verdicts[rule]}.")
    out = values[:, [places[0] for places in groups.values()]]
    for at, name in enumerate(groups):
        if len(groups[name]) > 1:
            out[:, at] = _one_of(values[:, groups[name]], rule)
    return out, list(groups)


def _one_of(copies: NDArray[np.float64], rule: Duplicates) -> NDArray[np.float64]:
    """One gene of its copies, shape (N, copies); a cell blank in one copy counts in the others."""
    filled = ~np.isnan(copies)
    total = np.where(filled, copies, 0.0).sum(axis=1)
    some = filled.sum(axis=1)
    if rule == "sum":
        return np.where(some > 0, total, np.nan)
    if rule == "mean":
        return np.where(some > 0, total / np.maximum(some, 1), np.nan)
    if rule == "first":
        return copies[:, 0]
    means = np.where(filled, copies, 0.0).sum(axis=0) / np.maximum(filled.sum(axis=0), 1)
    return copies[:, int(np.argmax(np.where(filled.any(axis=0), means, -np.inf)))]


def _table(
    values: NDArray[np.float64],
    samples: list[str],
    genes: list[str],
    raw: RawExpression,
    unit: str,
    layout: str,
    notes: list[str],
) -> pd.DataFrame:
    import pandas as pd

    index = pd.Index(samples, name="sample_id", dtype=object)
    table = pd.DataFrame(values, index=index, columns=pd.Index(genes, dtype=object))
    table.attrs.update(
        unit=unit or raw.unit,
        gene_id=gene_id_of(genes),
        layout=layout,
        classes={
            name: raw.facts[name]["class"] for name in samples if "class" in raw.facts.get(name, {})
        },
        sample_facts={name: dict(raw.facts[name]) for name in samples if name in raw.facts},
        notes=tuple(notes),
    )
    return table
