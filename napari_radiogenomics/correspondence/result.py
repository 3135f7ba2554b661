"""What a correspondence is: one tumor, two maps, the honest statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.data.wording import p_said

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.provenance import Record

__all__ = ["SCOPE", "Correspondence", "step_words"]

SCOPE = "This tumor only: what is found speaks of places within it, not of other patients."

# What was taken out, as it is said in few words.
_SHORT = {
    "linear trend": "trend",
    "distance to the edge": "edge distance",
    "across slices": "slice",
}


def step_words(row: Mapping[str, object] | pd.Series) -> str:
    """Of which maps a correlation is: as they are, or freed of what.

    Examples
    --------
    >>> step_words({"given": ""})
    'as they are'
    >>> step_words({"given": "linear trend, distance to the edge squared, cellularity"})
    'freed of trend, edge distance, cellularity'
    """
    names = [name for name in str(row["given"]).split(", ") if name]
    found = dict.fromkeys(_in_short(name) for name in names)
    return f"freed of {', '.join(found)}" if found else "as they are"


def _in_short(name: str) -> str:
    return next((short for known, short in _SHORT.items() if known in name), name)


@dataclass(frozen=True, eq=False)
class Correspondence:
    """Two maps of one tumor.

    Attributes
    ----------
    table : DataFrame
        A row for each step and method: ``step`` (``raw``, ``detrended``, ``partialled``),
        ``method`` (``pearson``, ``spearman``), ``r`` with ``low`` and ``high``,
        ``n_effective``, ``p_value`` of as many independent places, ``r_supervoxels`` and
        ``p_surrogate`` of surrogates, ``given`` in words. Empty where it cannot be told.
    places : DataFrame
        A row a voxel: ``z, y, x``; ``a, b`` as measured; ``a_left, b_left`` beside all that was
        given at the last step, in the same units.
    names : tuple of str
        The two maps.
    n_voxels : int
        Voxels compared; no sample size.
    n_supervoxels : int
        Blocks that surrogates were drawn on; 0 without surrogates.
    scope : str
        What the answer speaks of.
    notes : tuple of str
        What should be known.
    history : tuple of Record
        How it came to be.
    """

    table: pd.DataFrame
    places: pd.DataFrame
    names: tuple[str, str]
    n_voxels: int
    n_supervoxels: int
    scope: str = SCOPE
    notes: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    def row(self, method: str = "pearson", step: str = "") -> pd.Series:
        """Row of a method, at a step or at the last one."""
        rows = self.table[self.table["method"] == method]
        rows = rows[rows["step"] == step] if step else rows
        return rows.iloc[-1]

    @property
    def r(self) -> float:
        """Pearson's correlation at the last step."""
        return float(self.row()["r"])

    @property
    def n_effective(self) -> float:
        """Independent places that the voxels are worth, at the last step."""
        return float(self.row()["n_effective"])

    @property
    def p_value(self) -> float:
        """Of Pearson's correlation at the last step, by the effective sample size."""
        return float(self.row()["p_value"])

    @property
    def p_surrogate(self) -> float:
        """The same by surrogates."""
        return float(self.row()["p_surrogate"])

    def text(self) -> str:
        """The answer in words, with what it speaks of."""
        pearson, spearman = self.row(), self.row("spearman")
        given = f" beside {pearson['given']}" if pearson["given"] else ""
        r = f"r = {pearson['r']:.2f}"
        if np.isfinite(pearson["low"]):
            r += f" ({pearson['low']:.2f} to {pearson['high']:.2f})"
        tests = [
            f"{name} {p_said(value)}"
            for name, value in (
                ("effective sample size", pearson["p_value"]),
                ("surrogates", pearson["p_surrogate"]),
            )
            if np.isfinite(value)
        ]
        return (
            f"{self.names[0]} and {self.names[1]}{given}: {r}, Spearman {spearman['r']:.2f}. "
            f"{self.n_voxels} voxels are worth {pearson['n_effective']:.1f} independent places; "
            f"{', '.join(tests) or 'too few for a p-value'}. {self.scope}"
        )
