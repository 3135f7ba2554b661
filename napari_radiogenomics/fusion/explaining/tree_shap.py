"""Exact Shapley values of trees, measured from a background.

For one sample and one background sample, a tree is walked once: where both go the same way the
split says nothing, where they part, one side goes on as "with the sample's value" and the other
"with the background's". At a leaf reached with a features of the sample and b of the background,
each of the former gains (a−1)! b! / (a+b)! and each of the latter loses a! (b−1)! / (a+b)! of its
answer (interventional Shapley values; Lundberg 2020, https://doi.org/10.1038/s42256-019-0138-9).

Letters: N samples, P features, B background samples.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.models.predictor import Trees

__all__ = ["tree_shap"]

Reals = NDArray[np.float64]
Places = NDArray[np.int64]
_DEEPEST = 64


def tree_shap(trees: Trees, X: Reals) -> tuple[Reals, float]:
    """Shapley values of the sum of trees.

    Parameters
    ----------
    trees : Trees
        Fitted trees with their background.
    X : ndarray, shape (N, P)
        Samples.

    Returns
    -------
    values : ndarray, shape (N, P)
        They add up to the sum of the trees less its mean over the background.
    base : float
        That mean.
    """
    rows = np.ascontiguousarray(X, np.float32)
    background = np.ascontiguousarray(trees.background, np.float32)
    values = _explain(
        rows,
        background,
        trees.roots,
        trees.feature,
        trees.threshold,
        trees.left,
        trees.right,
        trees.value,
    )
    return values, float(trees.total(trees.background).mean())


@nb.njit(cache=True, nogil=True)
def _credit(
    out: Reals, path: Places, side: Places, depth: int, answer: float, factorial: Reals
) -> None:
    """Share the answer of a leaf among the features on which its path parted."""
    ours = 0
    for k in range(depth):
        ours += side[k]
    theirs = depth - ours
    for k in range(depth):
        if side[k] == 1:
            out[path[k]] += answer * factorial[ours - 1] * factorial[theirs] / factorial[depth]
        else:
            out[path[k]] -= answer * factorial[ours] * factorial[theirs - 1] / factorial[depth]


@nb.njit(cache=True, nogil=True)
def _explain(
    X: NDArray[np.float32],
    background: NDArray[np.float32],
    roots: NDArray[np.int32],
    feature: NDArray[np.int32],
    threshold: Reals,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    value: Reals,
) -> Reals:
    factorial = np.ones(_DEEPEST + 1)
    for k in range(1, _DEEPEST + 1):
        factorial[k] = factorial[k - 1] * k
    out = np.zeros(X.shape)
    # One path at a time: where it forks, the other side waits on the stack.
    node_at = np.empty(_DEEPEST * 2, np.int64)
    depth_at = np.empty(_DEEPEST * 2, np.int64)
    turn_at = np.empty(_DEEPEST * 2, np.int64)
    path = np.empty(_DEEPEST + 1, np.int64)  # features on which the path parted
    side = np.empty(_DEEPEST + 1, np.int64)  # 1: with the sample's value, 0: the background's
    for i in range(X.shape[0]):
        x = X[i]
        for b in range(background.shape[0]):
            z = background[b]
            for root in roots:
                waiting = 1
                node_at[0], depth_at[0], turn_at[0] = root, 0, -1
                while waiting > 0:
                    waiting -= 1
                    node, depth = node_at[waiting], depth_at[waiting]
                    if turn_at[waiting] >= 0:
                        side[depth - 1] = turn_at[waiting]
                    while feature[node] >= 0:
                        f = feature[node]
                        to_x = left[node] if x[f] <= threshold[node] else right[node]
                        to_z = left[node] if z[f] <= threshold[node] else right[node]
                        if to_x == to_z:
                            node = to_x
                            continue
                        taken = -1
                        for k in range(depth):
                            if path[k] == f:
                                taken = side[k]
                        if taken >= 0:
                            node = to_x if taken == 1 else to_z
                            continue
                        node_at[waiting], depth_at[waiting], turn_at[waiting] = to_z, depth + 1, 0
                        waiting += 1
                        path[depth] = f
                        side[depth] = 1
                        depth += 1
                        node = to_x
                    _credit(out[i], path, side, depth, value[node], factorial)
    return out / background.shape[0]
