"""What a matrix holds: counts, TPM or FPKM, or values on a log scale; and what may be done to it.

Strategy: hard facts first (a negative value is no count, a fraction is no count), then the
totals of the samples (TPM and CPM add up to one million in each), then the size of the largest
value (log2 of the most abundant gene stays below 32), then how the variance follows the mean:
counts vary at least as much as a Poisson variable of their mean, rounded logarithms far less.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "KINDS",
    "Kind",
    "Nature",
    "nature_of",
    "require",
    "settle_nature",
    "stated_kind",
]

Kind = Literal["count", "expected count", "TPM", "FPKM", "log", "z", "intensity"]
KINDS: dict[Kind, str] = {
    "count": "whole numbers of reads; their totals are library sizes",
    "expected count": "fractions of reads shared between genes (RSEM, kallisto, salmon)",
    "TPM": "relative abundance; every sample adds up to one million (CPM too)",
    "FPKM": "relative abundance on a linear scale, with totals that differ",
    "log": "values on a log scale",
    "z": "values centered on each gene",
    "intensity": "array intensities on a linear scale, some negative after the background was "
    "subtracted",
}
# The most abundant gene of a deep library has 10^8 reads at most: log2 is 27, ln 18.
_LARGEST_LOG = 32.0
# Logarithms with a tiny constant added reach down to -33.
_LARGEST_SIGNED = 40.0
_MILLION = 1e6


@dataclass(frozen=True)
class Nature:
    """What was found in a matrix.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    reason : str
        The fact that decided.
    smallest, largest : float
        Of all values.
    whole : float
        Fraction of the values other than zero that are whole numbers.
    library_sizes : tuple of float
        Smallest, median and largest total of a sample.
    overdispersion : float
        Median over the expressed genes of (variance - mean) / mean², after dividing by the
        relative library size: 0 for Poisson counts, 0.05 to 0.5 for RNA-seq. NaN where there
        are fewer than 2 samples or no gene with a mean of 1.
    slope : float
        Slope of log variance on log mean over the same genes: 1 for Poisson, toward 2 for
        overdispersed counts; NaN where it cannot be fitted.
    """

    kind: Kind
    reason: str
    smallest: float
    largest: float
    whole: float
    library_sizes: tuple[float, float, float]
    overdispersion: float
    slope: float


def nature_of(values: NDArray[np.float64]) -> Nature:
    """Tell what a matrix holds.

    Parameters
    ----------
    values : ndarray, shape (N, G)
        Finite.

    Returns
    -------
    Nature

    Examples
    --------
    >>> counts = np.random.default_rng(0).poisson(50, (6, 40)).astype(float)
    >>> nature_of(counts).kind, nature_of(np.log2(counts + 1)).kind
    ('count', 'log')
    """
    smallest, largest = float(values.min()), float(values.max())
    totals = values.sum(axis=1)
    whole = _whole(values)
    dispersion, slope, ratio = _spread(values, totals) if smallest >= 0 else (np.nan,) * 3
    kind, reason = _decide(values, totals, smallest, largest, whole, ratio)
    sizes = (float(totals.min()), float(np.median(totals)), float(totals.max()))
    return Nature(kind, reason, smallest, largest, whole, sizes, dispersion, slope)


def _whole(values: NDArray[np.float64]) -> float:
    filled = whole = 0
    for row in values:  # row by row: no temporary of the size of the matrix
        there = row != 0
        filled += int(there.sum())
        whole += int(((row == np.floor(row)) & there).sum())
    return whole / filled if filled else 1.0


def _spread(values: NDArray[np.float64], totals: NDArray[np.float64]) -> tuple[float, float, float]:
    """Overdispersion, slope of log variance on log mean, and mean of variance / mean.

    The last is a mean, because the median of few samples' variances is below their expectation.
    """
    if len(values) < 2 or not totals.all():
        return np.nan, np.nan, np.nan
    weights = (totals / totals.mean())[:, None]
    mean = np.zeros(values.shape[1])
    square = np.zeros(values.shape[1])
    for row, weight in zip(values, weights[:, 0], strict=True):
        mean += row / weight
    mean /= len(values)
    for row, weight in zip(values, weights[:, 0], strict=True):
        square += (row / weight - mean) ** 2
    variance = square / (len(values) - 1)
    expressed = (mean >= 1) & (variance > 0)
    if not expressed.any():
        return np.nan, np.nan, np.nan
    m, v = mean[expressed], variance[expressed]
    slope = float(np.polyfit(np.log(m), np.log(v), 1)[0]) if np.ptp(np.log(m)) > 0.1 else np.nan
    return float(np.median((v - m) / m**2)), slope, float(np.mean(v / m))


def _decide(
    values: NDArray[np.float64],
    totals: NDArray[np.float64],
    smallest: float,
    largest: float,
    whole: float,
    ratio: float,
) -> tuple[Kind, str]:
    if smallest < 0:
        return _signed(values, smallest, largest)
    if whole == 1.0:
        if largest <= _LARGEST_LOG and ratio < 0.5:
            return "log", (
                f"whole numbers up to {largest:g} that vary {ratio:.2g} times as much as counts "
                "of their mean would at least: logarithms that were rounded"
            )
        return "count", f"every value is a whole number, the largest {largest:g}"
    if np.ptp(totals) <= 0.01 * _MILLION and abs(np.median(totals) - _MILLION) <= 0.01 * _MILLION:
        return "TPM", "the values of every sample add up to one million"
    if largest <= _LARGEST_LOG:
        return "log", f"fractions, the largest {largest:.4g}: too small for a linear scale"
    if whole >= 0.5:
        return "expected count", f"{whole:.0%} of the values are whole numbers, the rest fractions"
    return "FPKM", (
        f"fractions up to {largest:.4g} with totals of {totals.min():.4g} to {totals.max():.4g}"
    )


def _signed(values: NDArray[np.float64], smallest: float, largest: float) -> tuple[Kind, str]:
    fact = f"the smallest value is {smallest:.4g}, and no count or abundance is negative"
    centers, scale = values.mean(axis=0), values.std()
    if len(values) > 2 and scale > 0 and np.abs(centers).max() < 1e-3 * scale:
        return "z", f"{fact}; every gene has a mean of 0"
    if max(-smallest, largest) > _LARGEST_SIGNED:
        return "intensity", f"{fact}; {smallest:.4g} to {largest:.4g} are no logarithms either"
    return "log", fact


def settle_nature(
    values: NDArray[np.float64], stated: str, *, table: pd.DataFrame | None = None
) -> tuple[Nature, tuple[str, ...]]:
    """Nature of a matrix where somebody has stated one.

    Parameters
    ----------
    values : ndarray, shape (N, G)
        Finite.
    stated : str
        One of `KINDS`, or ``"auto"`` or ``""`` to tell from the values.
    table : DataFrame, N samples × G genes, optional
        Where the values come from: a message names its file (``attrs["source"]``), and the
        sample and gene of the first value that cannot be.

    Returns
    -------
    nature : Nature
        With the stated kind where it is possible.
    notes : tuple of str
        Where what is stated is not what the values look like.

    Raises
    ------
    InputError
        If the values cannot be what is stated.
    """
    found = nature_of(values)
    kind = stated_kind(stated)
    if kind is None or kind == found.kind:
        return found, ()
    needs_positive = kind not in ("log", "z", "intensity")
    fractions = kind == "count" and found.whole < 1
    if (needs_positive and found.smallest < 0) or fractions:
        if found.smallest < 0:
            cell, many = int(values.argmin()), int((values < 0).sum())
            why = f"the smallest value is {found.smallest:g}{_place(table, cell)}, {many} below 0"
        else:
            cell = int((values != np.floor(values)).argmax())
            first = f"{values.flat[cell]:g}{_place(table, cell)}"
            why = f"{1 - found.whole:.0%} of the values have fractions, the first is {first}"
        raise InputError(
            f"{_called(table)} is said to hold {kind} values, but {why}: it looks like "
            f"{found.kind} values ({KINDS[found.kind]}). Mend the cells, say what it holds (its "
            "unit), or give the original table."
        )
    note = f"Taken as {kind}, as stated; the values look like {found.kind} ({found.reason})."
    settled = Nature(**{**found.__dict__, "kind": kind, "reason": "as stated"})
    return settled, (note,)


def _called(table: pd.DataFrame | None) -> str:
    source = "" if table is None else str(table.attrs.get("source", ""))
    return source or "The matrix"


def _place(table: pd.DataFrame | None, cell: int) -> str:
    """Sample and gene of a cell, counted row by row, in brackets."""
    if table is None:
        return ""
    row, column = divmod(cell, table.shape[1])
    return f" (sample {table.index[row]}, gene {table.columns[column]})"


def stated_kind(stated: str) -> Kind | None:
    """Kind that a unit names; None where it names none.

    Examples
    --------
    >>> stated_kind("counts"), stated_kind("log2 TPM"), stated_kind("energy")
    ('count', 'log', None)
    """
    text = stated.strip().lower()
    if text in ("", "auto"):
        return None
    for kind in KINDS:
        if text in (kind.lower(), f"{kind.lower()}s"):
            return kind
    if "log" in text or "vst" in text or "clr" in text:
        return "log"
    return {"cpm": "TPM", "rpkm": "FPKM", "z-score": "z"}.get(text)  # type: ignore[return-value]


def require(
    nature: Nature,
    wanted: Collection[str],
    what: str,
    remedies: dict[str, str],
    *,
    may_state: bool = True,
) -> None:
    """Refuse a matrix that a treatment is not made for.

    Parameters
    ----------
    nature : Nature
        What the matrix is.
    wanted : collection of str
        Kinds that the treatment takes.
    what : str
        Name of the treatment in the message.
    remedies : dict
        What to do instead, by kind.
    may_state : bool, optional
        Whether the caller has a setting ``nature`` that overrules what the values look like.

    Raises
    ------
    InputError
        With the fact, the limit and the remedy.
    """
    if nature.kind in wanted:
        return
    remedy = remedies.get(nature.kind, "Give the original table.")
    otherwise = " If the matrix is something else, say so with nature=…." if may_state else ""
    raise InputError(
        f"The matrix holds {nature.kind} values ({nature.reason}); {what} takes "
        f"{' or '.join(wanted)} values. {remedy}{otherwise}"
    )
