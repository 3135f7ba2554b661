"""What a pathway score is: one module in ``scorers/`` that defines ``SCORER``.

Letters: N samples, G genes, S gene sets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.nature import Kind
from napari_radiogenomics.registry import Registry

__all__ = ["SCORERS", "PlacedSets", "Scorer", "standardized"]

LOG: tuple[Kind, ...] = ("log", "z")
ANY: tuple[Kind, ...] = ("count", "expected count", "TPM", "FPKM", "log", "z", "intensity")


@dataclass(frozen=True)
class PlacedSets:
    """Gene sets as places in the columns of a matrix.

    Attributes
    ----------
    names : tuple of str, length S
        Names of the sets.
    places : tuple of ndarray of intp, length S
        Columns of the genes of each set.
    weights : tuple of ndarray of float64, length S
        Weight of each of those genes; 1 where the set has none.
    n_genes : int
        G.
    """

    names: tuple[str, ...]
    places: tuple[NDArray[np.intp], ...]
    weights: tuple[NDArray[np.float64], ...]
    n_genes: int

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """Genes of each set, shape (S,)."""
        return np.array([len(places) for places in self.places], float)

    def matrix(self, *, weighted: bool) -> Any:
        """Sparse matrix of shape (G, S): weight, or 1, where a gene is of a set."""
        from scipy.sparse import csc_matrix

        rows = np.concatenate(self.places)
        values = np.concatenate(self.weights) if weighted else np.ones(len(rows))
        starts = np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.intp)
        return csc_matrix((values, rows, starts), shape=(self.n_genes, len(self.names)))


@dataclass(frozen=True)
class Scorer:
    """One way to make a number of a gene set in a sample.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name in full, with the package whose numbers these are.
    meaning : str
        What it computes, in one sentence.
    doi : str
        Where it is defined.
    limits : str
        When it misleads.
    unit : str
        Unit of the scores.
    takes : tuple of str
        Kinds of values (`data.nature.KINDS`) that it is made for.
    score : callable
        ``score(values, sets, progress) -> ndarray, shape (N, S)``; ``values`` has shape (N, G)
        and is not to be written to.
    weighted : bool
        Whether the weights of the genes count.
    needs_variation : bool
        Whether genes that do not vary over the samples must be left out first.
    min_samples : int
        Least number of samples.
    single_sample : bool
        Whether the score of a sample is independent of the other samples.
    common_factor : bool
        Whether the other samples change nothing but one factor of all scores, which no model
        feels.
    has_background : bool
        Whether the genes outside a set count, so that a set must not hold all genes.
    """

    name: str
    title: str
    meaning: str
    doi: str
    limits: str
    unit: str
    takes: tuple[Kind, ...]
    score: Callable[..., NDArray[np.float64]] = field(repr=False)
    weighted: bool = False
    needs_variation: bool = False
    min_samples: int = 1
    single_sample: bool = False
    common_factor: bool = False
    has_background: bool = False


SCORERS: Registry[Scorer] = Registry(
    "napari_radiogenomics.genomics.scorers",
    attribute="SCORER",
    noun="pathway score",
    group="napari_radiogenomics.scorers",
)


def standardized(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each gene minus its mean over its sample standard deviation (ddof 1), shape (N, G)."""
    z = values - values.mean(axis=0)
    z /= np.sqrt(np.einsum("ij,ij->j", z, z) / (len(z) - 1))
    return z
