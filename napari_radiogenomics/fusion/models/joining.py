"""How the features of several views are joined before one learner sees them.

Letters: N patients, F features of a view, K columns it becomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.joint_factors import joint_factors
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.registry import did_you_mean

__all__ = [
    "BlockScaling",
    "Components",
    "Maps",
    "agreement_rows",
    "applied",
    "block_powers",
    "components",
    "scaled_blocks",
]

Reals = NDArray[np.float64]
BlockScaling = Literal["tuned", "equal", "none"]
Components = Literal["pca", "pls", "supervised", "mofa"]
Maps = dict[str, Reals]
"""By view, shape (F,): a factor for each feature; or shape (F, K): columns out of features."""
_SCREENED = 0.1  # share of the features that supervised components are made of


def applied(weights: Reals, X: Reals) -> Reals:
    """Columns of a view, shape (N, K)."""
    return X * weights if weights.ndim == 1 else X @ weights


def scaled_blocks(blocks: Mapping[str, Reals], outcome: Outcome, *, power: float = 0.0) -> Maps:
    """Factors of the features of each view: their number to a negative power.

    Parameters
    ----------
    blocks : mapping of str to ndarray, shape (N, F)
        Standardized features.
    outcome : Outcome
        Not used.
    power : float, optional
        0 leaves the features alone; 0.5 gives each view the same total variance, however many
        features it has.
    """
    return {name: np.full(X.shape[1], float(X.shape[1]) ** -power) for name, X in blocks.items()}


def block_powers(scaling: str, *, scaled: bool = True) -> tuple[float, ...]:
    """Powers for `scaled_blocks` among which the inner folds choose.

    Parameters
    ----------
    scaling : {"tuned", "equal", "none"}
        What is wished.
    scaled : bool, optional
        Whether the scale of a feature matters to the learner; one power is enough else.

    Raises
    ------
    InputError
        If the scaling is unknown.
    """
    known = {"tuned": (0.0, 0.25, 0.5), "equal": (0.5,), "none": (0.0,)}
    if scaling not in known:
        raise InputError(f'Unknown block scaling "{scaling}". {did_you_mean(scaling, list(known))}')
    return known[scaling] if scaled else (0.0,)


def components(
    blocks: Mapping[str, Reals], outcome: Outcome, *, method: Components, count: int
) -> Maps:
    """A few columns out of each view, the first of each with a variance of 1.

    Parameters
    ----------
    blocks : mapping of str to ndarray, shape (N, F)
        Standardized features of the training patients.
    outcome : Outcome
        Of the same patients.
    method : {"pca", "pls", "supervised", "mofa"}
        Principal components; partial least squares; principal components of the tenth of the
        features that go most with the outcome (Bair 2006); what each view puts into the joint
        factors of all (`joint_factors`).
    count : int
        Components of a view at most.

    References
    ----------
    Bair 2006, https://doi.org/10.1198/016214505000000628; Wold 2001 (PLS),
    https://doi.org/10.1016/S0169-7439(01)00155-1.
    """
    if method == "mofa":
        most = min(count, *(min(X.shape) for X in blocks.values()))
        return joint_factors(blocks, most)
    y = outcome.working()
    made: Maps = {}
    for name, X in blocks.items():
        most = min(count, X.shape[1], len(X) - 1)
        if method == "pls":
            weights = _pls(X, y - y.mean(), most)
        elif method == "supervised":
            weights = _supervised(X, y - y.mean(), most)
        else:
            weights = _principal(X, most)
        spread = (X @ weights[:, :1]).std()
        made[name] = weights / (spread if spread > 0 else 1.0)
    return made


def _principal(X: Reals, count: int) -> Reals:
    """Axes of the largest variance, by the smaller of the two products."""
    from scipy.linalg import eigh

    n, p = X.shape
    centered = X - X.mean(axis=0)
    if p <= n:
        axes = eigh(centered.T @ centered, subset_by_index=[p - count, p - 1])[1][:, ::-1]
    else:
        sizes, rows = eigh(centered @ centered.T, subset_by_index=[n - count, n - 1])
        rows, sizes = rows[:, ::-1], sizes[::-1]
        axes = centered.T @ (rows / np.sqrt(np.maximum(sizes, 1e-12)))
    # The sign is free: the largest entry is positive, so that folds can be compared.
    largest = np.abs(axes).argmax(axis=0)
    signs = np.sign(axes[largest, np.arange(axes.shape[1])])
    return np.asarray(axes * np.where(signs == 0, 1, signs), float)


def _supervised(X: Reals, y: Reals, count: int) -> Reals:
    spread = X.std(axis=0)
    strength = np.abs(y @ X) / np.where(spread > 0, spread, np.inf)
    size = max(count, int(np.ceil(_SCREENED * X.shape[1])))
    kept = np.sort(np.argsort(-strength, kind="stable")[:size])
    weights = np.zeros((X.shape[1], min(count, len(kept))))
    weights[kept] = _principal(X[:, kept], weights.shape[1])
    return weights


def _pls(X: Reals, y: Reals, count: int) -> Reals:
    """Weights R with T = X R of PLS1 (NIPALS)."""
    left = X - X.mean(axis=0)
    directions, loadings = [], []
    for _ in range(count):
        w = left.T @ y
        size = np.linalg.norm(w)
        if size < 1e-10:
            break
        w /= size
        t = left @ w
        square = t @ t
        if square < 1e-10:
            break
        p = left.T @ t / square
        left = left - np.outer(t, p)
        y = y - t * (t @ y) / square
        directions.append(w)
        loadings.append(p)
    if not directions:
        return np.zeros((X.shape[1], 1))
    W, L = np.array(directions).T, np.array(loadings).T
    return np.asarray(W @ np.linalg.inv(L.T @ W), float)


def agreement_rows(blocks: Mapping[str, Reals], *, rho: float) -> Reals | None:
    """Rows that pull the predictions of each two views together (Ding 2022).

    Parameters
    ----------
    blocks : mapping of str to ndarray, shape (N, K)
        Columns of each view.
    rho : float
        How strongly; 0 does not.

    Returns
    -------
    ndarray, shape (N × pairs, columns of all views), or None

    References
    ----------
    https://doi.org/10.1073/pnas.2202113119
    """
    names = list(blocks)
    pairs = [(a, b) for at, a in enumerate(names) for b in names[at + 1 :]]
    if rho <= 0 or not pairs:
        return None
    centered = {name: X - X.mean(axis=0) for name, X in blocks.items()}
    rows = []
    for one, other in pairs:
        signs = {one: -1.0, other: 1.0}
        rows.append(np.hstack([signs.get(name, 0.0) * X for name, X in centered.items()]))
    return np.sqrt(rho) * np.vstack(rows)
