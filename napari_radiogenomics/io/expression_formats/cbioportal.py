"""Study folder of cBioPortal: the expression table that its meta files name."""

from __future__ import annotations

from pathlib import Path

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression_formats.delimited import read_delimited
from napari_radiogenomics.io.expression_layout import ExpressionLayout, RawExpression
from napari_radiogenomics.io.text import decode, read_bytes

__all__ = ["LAYOUT", "read_meta"]


def _reads(path: Path) -> bool:
    return path.is_dir() and (path / "meta_study.txt").is_file()


def read_meta(path: Path) -> dict[str, str]:
    """Facts of a meta file, by key."""
    text, _ = decode(read_bytes(path), str(path))
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _read(path: Path) -> RawExpression:
    metas = [read_meta(file) for file in sorted(path.glob("meta_*.txt"))]
    tables = [m for m in metas if m.get("genetic_alteration_type") == "MRNA_EXPRESSION"]
    there = [m for m in tables if (path / m.get("data_filename", "?")).is_file()]
    if not there:
        raise InputError(
            f"{path} has no expression table: no meta file with MRNA_EXPRESSION names a file that "
            "is there. Download the whole study."
        )
    chosen = [m for m in there if m.get("datatype") == "CONTINUOUS"] or there
    if len(chosen) > 1:
        names = ", ".join(m["data_filename"] for m in chosen)
        raise InputError(f"{path} has {len(chosen)} expression tables: {names}. Give one of them.")
    meta = chosen[0]
    raw = read_delimited(read_bytes(path / meta["data_filename"]), path / meta["data_filename"])
    unit = "z" if meta.get("datatype") == "Z-SCORE" else ""
    said = meta.get("profile_description") or meta.get("profile_name", "")
    notes = (*raw.notes, f"{meta['data_filename']}: {said}") if said else raw.notes
    reason = "cBioPortal has a gene a row"
    return RawExpression(raw.values, raw.row_names, raw.column_names, "genes", reason, unit, notes)


LAYOUT = ExpressionLayout(
    name="cbioportal", title="cBioPortal study folder", reads=_reads, read=_read
)
