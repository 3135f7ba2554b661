"""In-situ hybridization of the Ivy Glioblastoma Atlas: a gene's energy in each structure."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression_layout import ExpressionLayout, RawExpression
from napari_radiogenomics.io.text import first_lines, read_bytes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LAYOUT", "sample_facts"]

_ENERGY = "expression_energy_"
# As the atlas writes its structures.
_STRUCTURES = {
    "le": "LE", "lehbv": "LEhbv", "it": "IT", "ithbv": "IThbv", "ct": "CT", "ctpnz": "CTpnz",
    "ctpnn": "CTpnn", "ctpan": "CTpan", "cthbv": "CThbv", "ctmvp": "CTmvp", "ctne": "CTne",
}  # fmt: skip


def _reads(path: Path) -> bool:
    return path.is_file() and _ENERGY.encode() in next(first_lines(path, 1), b"")


def _read(path: Path) -> RawExpression:
    """Mean over the blocks of each tumour: the tumour is the unit, not the block."""
    import pandas as pd

    frame = pd.read_csv(io.BytesIO(read_bytes(path)), low_memory=False)
    energies = [name for name in frame.columns if name.startswith(_ENERGY)]
    missing = {"tumor_name", "gene_symbol"} - set(frame.columns)
    if missing:
        raise InputError(f"{path} has no column {' or '.join(sorted(missing))}. Download it again.")
    means = frame.groupby(["tumor_name", "gene_symbol"])[energies].mean()
    wide = means.stack().unstack("gene_symbol")
    keys = [(str(tumor), _structure(name)) for tumor, name in wide.index]
    facts = {_name(*key): _facts(*key) for key in keys}
    notes = (
        f"{len(frame)} measurements were averaged within each tumour and structure.",
        "survival_days has no event flag: no survival is offered on it.",
    )
    return RawExpression(
        wide.to_numpy(float), list(facts), [str(name) for name in wide.columns], "samples",
        "a sample is a structure of a tumour", "ISH expression energy", notes, facts,
    )  # fmt: skip


def sample_facts(frame: pd.DataFrame) -> dict[str, dict[str, str]]:
    """What the table says of its samples, which are the structures measured in each tumor.

    Parameters
    ----------
    frame : DataFrame
        Cells of the table as text, ``""`` where blank.
    """
    energies = [name for name in frame.columns if name.startswith(_ENERGY)]
    measured = (frame[energies] != "").groupby(frame["tumor_name"]).any()
    return {
        _name(str(tumor), _structure(name)): _facts(str(tumor), _structure(name))
        for tumor, row in measured.iterrows()
        for name in energies
        if row[name]
    }


def _name(tumor: str, structure: str) -> str:
    return f"{tumor} {structure}"


def _facts(tumor: str, structure: str) -> dict[str, str]:
    return {
        "patient_id": tumor.partition("-")[0],
        "tumor": tumor,
        "structure": structure,
        "selected_by": "histology",
    }


def _structure(column: str) -> str:
    name = column.removeprefix(_ENERGY)
    return _STRUCTURES.get(name, name)


LAYOUT = ExpressionLayout(
    name="ivygap_ish", title="Ivy Glioblastoma Atlas ISH table", reads=_reads, read=_read
)
