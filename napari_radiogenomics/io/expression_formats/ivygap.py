"""RNA-seq of the Ivy Glioblastoma Atlas, as its zip unpacks: FPKM, samples, genes."""

from __future__ import annotations

from pathlib import Path

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression_formats.delimited import read_delimited
from napari_radiogenomics.io.expression_layout import ExpressionLayout, RawExpression
from napari_radiogenomics.io.tables import read_table
from napari_radiogenomics.io.text import read_bytes

__all__ = ["LAYOUT", "read_samples"]

_FILES = ("fpkm_table.csv", "columns-samples.csv", "rows-genes.csv")
_HISTOLOGY = "reference-histology"


def _reads(path: Path) -> bool:
    return path.is_dir() and all((path / name).is_file() for name in _FILES)


def _read(path: Path) -> RawExpression:
    table, _, genes = (path / name for name in _FILES)
    raw = read_delimited(read_bytes(table), table)
    rows, _ = read_table(genes)
    symbols = dict(zip(rows.texts("gene_id"), rows.texts("gene_symbol"), strict=True))
    lost = [name for name in raw.row_names if not symbols.get(name)]
    if lost:
        raise InputError(f"{genes} has no symbol of gene {lost[0]}. Unpack the archive again.")
    facts = read_samples(path)
    picked = sum(fact["selected_by"] == "expression" for fact in facts.values())
    note = (
        f"{picked} of {len(facts)} samples were picked by expression (stem cell clusters); they "
        "are no anatomic truth (selected_by)."
    )
    names = [symbols[name] for name in raw.row_names]
    reason = "the atlas has a gene a row"
    notes = (*raw.notes, note)
    return RawExpression(raw.values, names, raw.column_names, "genes", reason, "FPKM", notes, facts)


def read_samples(path: Path) -> dict[str, dict[str, str]]:
    """What the atlas says of each of its RNA samples, by the name of its column."""
    columns, _ = read_table(path / _FILES[1])
    return {row["rna_well_id"]: _facts(row) for row in columns.frame.to_dict("records")}


def _facts(row: dict[str, str]) -> dict[str, str]:
    """What is known of a sample, in the words of the samples table."""
    structure = row["structure_abbreviation"]
    by_place = structure.endswith(_HISTOLOGY)
    return {
        "patient_id": row["tumor_name"].partition("-")[0],
        "tumor": row["tumor_name"],
        "specimen": row["specimen_name"],
        "structure": structure.removesuffix(f"-{_HISTOLOGY}"),
        "selected_by": "histology" if by_place else "expression",
    }


LAYOUT = ExpressionLayout(
    name="ivygap", title="Ivy Glioblastoma Atlas RNA-seq folder", reads=_reads, read=_read
)
