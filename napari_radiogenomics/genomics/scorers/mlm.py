"""Multivariate linear model: all sets in one regression, as decoupleR's ``run_mlm``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.scorer import LOG, PlacedSets, Scorer
from napari_radiogenomics.progress import Progress

__all__ = ["SCORER"]


def _score(
    values: NDArray[np.float64], sets: PlacedSets, progress: Progress
) -> NDArray[np.float64]:
    """Give t of each coefficient; one QR decomposition serves all samples."""
    weights = sets.matrix(weighted=True).toarray()
    design = np.column_stack([np.ones(sets.n_genes), weights])
    left = sets.n_genes - design.shape[1]
    _require_rank(design, sets, left)
    for q, r in progress([np.linalg.qr(design)], "Regression"):
        projected = values @ q  # (N, S + 1)
        inverse = np.linalg.inv(r)
        coefficients = projected @ inverse.T
        residual = np.einsum("ij,ij->i", values, values) - np.einsum(
            "ij,ij->i", projected, projected
        )
        error = np.sqrt(np.einsum("ij,ij->i", inverse, inverse) * residual[:, None] / left)
    return (coefficients / error)[:, 1:]


def _require_rank(design: NDArray[np.float64], sets: PlacedSets, left: int) -> None:
    if left < 1:
        raise InputError(
            f"{len(sets.names)} sets cannot be told apart with {sets.n_genes} genes. Score fewer "
            'sets, or use method="ulm".'
        )
    rank = np.linalg.matrix_rank(design)
    if rank < design.shape[1]:
        raise InputError(
            f"{design.shape[1] - rank} of the {len(sets.names)} gene sets follow from the others "
            '(the same genes and weights?). Leave them out, or use method="ulm".'
        )


SCORER = Scorer(
    name="mlm",
    title="Multivariate linear model (decoupleR's mlm)",
    meaning="t of each coefficient when the genes of a sample are regressed on the weights of "
    "all sets at once. The way PROGENy is scored.",
    doi="10.1093/bioadv/vbac016",
    limits="Sets that overlap much take each other's share; a set's score depends on which others "
    "are scored with it. Made for values centered on each gene.",
    unit="t",
    takes=LOG,
    score=_score,
    weighted=True,
    single_sample=True,
    has_background=True,
)
