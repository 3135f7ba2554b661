"""Joint factors of several views by MOFA, kept as weights that new patients are projected with.

The factors of a patient are the mean of their posterior given what MOFA learned: with weights W
and precisions τ of each view, z = S⁻¹ Σ Wᵀ τ x and S = 1 + Σ Wᵀ τ W. That is a sum over views;
each view gets its part as columns, which the learner adds up as it likes.

Letters: N patients, F features of a view, K factors.
"""

from __future__ import annotations

import contextlib
import io
import threading
import warnings
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import MissingDependency

__all__ = ["joint_factors"]

Reals = NDArray[np.float64]
_ROUNDS, _SEED = 300, 1
_ALONE = threading.Lock()  # the package draws from numpy's one generator, and prints


def joint_factors(blocks: Mapping[str, Reals], count: int) -> dict[str, Reals]:
    """Weights (F, K) of each view: what it puts into the joint factors of a patient.

    Parameters
    ----------
    blocks : mapping of str to ndarray, shape (N, F)
        Standardized features of the training patients.
    count : int
        K at most.

    Raises
    ------
    MissingDependency
        If ``mofapy2`` is not installed.

    References
    ----------
    Argelaguet 2018, https://doi.org/10.15252/msb.20178124.
    """
    weights, precisions = _learned([X - X.mean(axis=0) for X in blocks.values()], count)
    inner = np.eye(weights[0].shape[1])
    for own, tau in zip(weights, precisions, strict=True):
        inner += own.T @ (tau[:, None] * own)
    turned = np.linalg.inv(inner)
    return {
        name: tau[:, None] * own @ turned
        for name, own, tau in zip(blocks, weights, precisions, strict=True)
    }


def _learned(matrices: list[Reals], count: int) -> tuple[list[Reals], list[Reals]]:
    """Weights (F, K) and precisions (F,) of each view."""
    try:
        from mofapy2.run.entry_point import entry_point
    except ImportError as error:
        raise MissingDependency(
            "mofapy2", extra="mofa", purpose='draw factors with components="mofa"'
        ) from error
    with _ALONE, contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are of the other package
        before = np.random.get_state()
        try:
            model = entry_point()
            model.set_data_options(scale_views=False, center_groups=False)
            model.set_data_matrix([[X] for X in matrices])
            model.set_model_options(factors=count, spikeslab_weights=False, ard_weights=True)
            model.set_train_options(iter=_ROUNDS, convergence_mode="fast", seed=_SEED,
                                    verbose=False, quiet=True)  # fmt: skip
            model.build()
            model.run()
        finally:
            np.random.set_state(before)
        nodes = model.model.nodes
        weights = [np.asarray(part, float) for part in nodes["W"].getExpectation()]
        # One precision a feature; the package repeats it for each patient.
        precisions = [np.asarray(part, float)[0] for part in nodes["Tau"].getExpectation()]
    return weights, precisions
