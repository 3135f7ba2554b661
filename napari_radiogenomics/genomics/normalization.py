"""What a normalization is: one module in ``normalizations/`` that defines ``NORMALIZATION``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.nature import Kind
from napari_radiogenomics.registry import Registry

__all__ = ["NORMALIZATIONS", "Normalization", "Normalized", "log_cpm"]


@dataclass(frozen=True)
class Normalized:
    """What a normalization answers.

    Attributes
    ----------
    values : ndarray, shape (N, G)
        New values.
    unit : str
        What they are.
    factors : ndarray, shape (N,), or None
        Factor of each sample: what its counts (or its library size) are divided by.
    notes : tuple of str
        What should be known.
    """

    values: NDArray[np.float64]
    unit: str
    factors: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Normalization:
    """One way to make samples comparable.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name in full.
    meaning : str
        What it does, in one sentence.
    doi : str
        Where it is defined.
    limits : str
        Where it fails.
    takes : tuple of str
        Kinds of values (`data.nature.KINDS`) that it is made for.
    normalize : callable
        ``normalize(values, *, log, prior_count) -> Normalized``; ``values`` has shape (N, G)
        and is not to be written to; ``prior_count`` is None where the person left it open.
    single_sample : bool
        Whether a sample comes out alike whichever others are beside it; the mean library of a
        prior count may be shared.
    """

    name: str
    title: str
    meaning: str
    doi: str
    limits: str
    takes: tuple[Kind, ...]
    normalize: Callable[..., Normalized] = field(repr=False)
    single_sample: bool = False


NORMALIZATIONS: Registry[Normalization] = Registry(
    "napari_radiogenomics.genomics.normalizations",
    attribute="NORMALIZATION",
    noun="normalization",
    group="napari_radiogenomics.normalizations",
)


def log_cpm(
    counts: NDArray[np.float64],
    factors: NDArray[np.float64],
    *,
    log: bool = True,
    prior_count: float | None = None,
) -> Normalized:
    """Counts per million of the effective library size, as edgeR's ``cpm``.

    The prior is scaled to each library, so that samples of different depth with no read of a
    gene get the same value.

    Parameters
    ----------
    counts : ndarray, shape (N, G)
        Counts.
    factors : ndarray, shape (N,)
        Factors of the library sizes, with a geometric mean of 1.
    log : bool, optional
        Answer with log2.
    prior_count : float or None, optional
        Average count added before the logarithm; None means 2.

    Returns
    -------
    Normalized
    """
    library = counts.sum(axis=1) * factors
    if not log:
        return Normalized(counts / (library[:, None] / 1e6), "CPM", factors)
    prior = (2.0 if prior_count is None else prior_count) * library / library.mean()
    values = counts + prior[:, None]
    values /= ((library + 2 * prior) / 1e6)[:, None]
    np.log2(values, out=values)
    return Normalized(values, "log2 CPM", factors)
