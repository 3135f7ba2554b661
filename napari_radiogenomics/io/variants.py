"""Variants from MAF and VCF: one row for each sample and variant."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.tables import read_table
from napari_radiogenomics.io.text import decode, read_bytes
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VARIANT_COLUMNS", "read_variants"]

VARIANT_COLUMNS = (
    "sample_id", "gene", "class", "chromosome", "position", "ref", "alt", "protein_change",
)  # fmt: skip
_MAF = {
    "sample_id": ("Tumor_Sample_Barcode",),
    "gene": ("Hugo_Symbol",),
    "class": ("Variant_Classification",),
    "chromosome": ("Chromosome",),
    "position": ("Start_Position", "Start_position"),
    "ref": ("Reference_Allele",),
    "alt": ("Tumor_Seq_Allele2", "Tumor_Seq_Allele1"),
    "protein_change": ("HGVSp_Short", "Protein_Change", "HGVSp"),
}
_FORMAT = re.compile(r"Format: ([^\"]+)")
# Fields of snpEff's ANN that are used, by place.
_ANN = {"allele": 0, "class": 1, "gene": 3, "protein_change": 10}


@verb
def read_variants(path: str | Path, *, progress: Progress = quiet) -> pd.DataFrame:
    """Read variants.

    Parameters
    ----------
    path : str or Path
        MAF (also cBioPortal's ``data_mutations.txt``), VCF with genotypes, annotated by VEP
        (``CSQ``) or snpEff (``ANN``), or a CSV or TSV with the columns ``patient_id`` or
        ``sample_id``, ``gene`` and ``class`` (``wildtype`` where tested and unaltered). Gzipped
        or not.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame
        A row for each sample and variant: ``sample_id, gene, class, chromosome, position, ref,
        alt, protein_change``; ``position`` is a number, all else text, empty where unknown.
        ``sample_id`` holds the patient where the file names no samples.
        ``attrs["notes"]`` say what was left out.

    Raises
    ------
    InputError
        If it is none of these, or lacks genes or samples.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.maf"
    >>> header = "Hugo_Symbol,Tumor_Sample_Barcode,Variant_Classification"
    >>> rows = ["#version 2.4", header, "IDH1,P1,Missense_Mutation"]
    >>> _ = path.write_text(chr(10).join(rows).replace(",", chr(9)))
    >>> read_variants(path)["gene"].tolist()
    ['IDH1']
    """
    path = Path(path)
    text, problems = decode(read_bytes(path), str(path))
    notes = [problem.what for problem in problems]
    for read in progress([_reader_of(text)], "Rows"):
        table = read(text, path, notes)
    table.attrs.update(notes=tuple(notes))
    return table


def _reader_of(text: str) -> Callable[[str, Path, list[str]], pd.DataFrame]:
    if text.startswith("##fileformat=VCF"):
        return _read_vcf
    first = text.lstrip("\r\n").partition("\n")[0].replace('"', "")
    header = {cell.strip().lower() for cell in re.split(r"[,;\t]", first)}
    plain = "gene" in header and header & {"patient_id", "sample_id"}
    return _read_plain if plain else _read_maf


def _read_plain(text: str, path: Path, notes: list[str]) -> pd.DataFrame:
    """Our own table: patient_id or sample_id, gene, class, and what else it has of ours."""
    found, problems = read_table(path)
    notes += [problem.what for problem in problems]
    frame = found.frame.rename(columns=lambda name: name.strip().lower())
    key = "sample_id" if "sample_id" in frame else "patient_id"
    frame["sample_id"] = frame[key]
    table = frame.reindex(columns=list(VARIANT_COLUMNS), fill_value="")
    return _checked(table.apply(lambda column: column.str.strip()), path, notes)


def _read_maf(text: str, path: Path, notes: list[str]) -> pd.DataFrame:
    import pandas as pd

    lines = text.splitlines()
    skipped = next((at for at, line in enumerate(lines) if line and line[0] != "#"), len(lines))
    body = "\n".join(lines[skipped:])
    if not body.strip():
        raise InputError(f"{path} has no rows after its comments. Export it again.")
    frame = pd.read_csv(
        io.StringIO(body), sep="\t", dtype=str, keep_default_na=False, quoting=3, low_memory=False
    )
    found = {
        ours: next((name for name in theirs if name in frame), "") for ours, theirs in _MAF.items()
    }
    lost = [_MAF[name][0] for name in ("sample_id", "gene") if not found[name]]
    if lost:
        raise InputError(
            f"{path} has no column {' and '.join(lost)}, so it is no MAF; its columns are "
            f"{', '.join(map(str, frame.columns[:5]))}. Choose another file."
        )
    columns = {
        ours: frame[name].str.strip() if name else pd.Series("", index=frame.index, dtype=object)
        for ours, name in found.items()
    }
    return _checked(pd.DataFrame(columns), path, notes)


def _checked(table: pd.DataFrame, path: Path, notes: list[str]) -> pd.DataFrame:
    """Rows without sample or gene, and copies, are left out and said; positions are numbers."""
    import pandas as pd

    named = (table["sample_id"] != "") & ~table["gene"].isin(["", "Unknown"])
    if not named.any():
        raise InputError(f"{path}: no row names both a sample and a gene. Annotate the variants.")
    if not named.all():
        notes.append(f"{int((~named).sum())} rows without a sample or gene were left out.")
    table = table[named]
    copies = table.duplicated()
    if copies.any():
        notes.append(f"{int(copies.sum())} repeated rows count once.")
    table = table[~copies].reset_index(drop=True)
    position = pd.to_numeric(table["position"], errors="coerce").astype("Int64")
    return table.assign(position=position)


def _read_vcf(text: str, path: Path, notes: list[str]) -> pd.DataFrame:
    import pandas as pd

    lines = text.splitlines()
    header = next((line for line in lines if line.startswith("#CHROM")), "")
    samples = header.split("\t")[9:]
    if not samples:
        raise InputError(
            f"{path} has no samples (no genotype columns), so it says of nobody that they have "
            "a variant. Give a VCF with genotypes, or a MAF."
        )
    fields = _csq_fields(lines)
    rows = [line.split("\t") for line in lines if line and line[0] != "#"]
    short = next((at for at, cells in enumerate(rows) if len(cells) < 9 + len(samples)), -1)
    if short >= 0:
        raise InputError(
            f"{path}, variant {short + 1}: {len(rows[short])} cells, the header has "
            f"{9 + len(samples)}. The file is cut off or damaged: copy it again."
        )
    passed = [cells for cells in rows if cells[6] in ("PASS", ".")]
    if len(passed) < len(rows):
        notes.append(f"{len(rows) - len(passed)} variants that failed a filter were left out.")
    records = [record for cells in passed for record in _carriers(cells, samples, fields)]
    if not records:
        raise InputError(f"{path}: no sample carries any of the {len(passed)} variants.")
    return _checked(pd.DataFrame(records, columns=list(VARIANT_COLUMNS)), path, notes)


def _csq_fields(lines: list[str]) -> list[str]:
    """Names of the fields of VEP's annotation; empty where the file has none."""
    line = next((line for line in lines if line.startswith("##INFO=<ID=CSQ")), "")
    match = _FORMAT.search(line)
    return match[1].split("|") if match else []


def _carriers(cells: list[str], samples: list[str], fields: list[str]) -> Iterator[dict[str, str]]:
    """Rows of the samples that carry one of the alleles of a record."""
    chromosome, position, _, ref, alts = cells[:5]
    info = dict(part.partition("=")[::2] for part in cells[7].split(";"))
    if "GT" not in cells[8].split(":"):
        return
    place = cells[8].split(":").index("GT")
    for sample, genotype in zip(samples, cells[9:], strict=False):
        called = set(re.findall(r"\d+", genotype.split(":")[place])) - {"0"}
        for allele in sorted(called, key=int):
            alt = alts.split(",")[int(allele) - 1]
            yield {
                "sample_id": sample,
                "chromosome": chromosome,
                "position": position,
                "ref": ref,
                "alt": alt,
                **_annotation(info, alt, fields),
            }


def _annotation(info: dict[str, str], alt: str, fields: list[str]) -> dict[str, str]:
    """Gene, class and protein change: of the allele's first annotation, the most severe."""
    if "ANN" in info:
        entries = [entry.split("|") for entry in info["ANN"].split(",")]
        places = _ANN
    elif fields and "CSQ" in info:
        entries = [entry.split("|") for entry in info["CSQ"].split(",")]
        names = {"allele": "Allele", "class": "Consequence", "gene": "SYMBOL",
                 "protein_change": "HGVSp"}  # fmt: skip
        places = {ours: fields.index(name) for ours, name in names.items() if name in fields}
    else:
        return {"gene": "", "class": "", "protein_change": ""}
    entry = next((one for one in entries if one[places.get("allele", 0)] == alt), entries[0])
    return {
        ours: entry[places[ours]].strip() if places.get(ours, len(entry)) < len(entry) else ""
        for ours in ("gene", "class", "protein_change")
    }
