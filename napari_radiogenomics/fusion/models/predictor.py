"""What a learner has learned, as plain arrays: a line, or trees that are added up.

Letters: N samples, P features, T trees, D nodes of all trees, B samples of the background.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numba as nb
import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["Linear", "Predictor", "Trees", "logit", "predictor_from", "sigmoid"]

Reals = NDArray[np.float64]
_FEWEST_SURE = 1e-3  # a share of votes closer to 0 or 1 counts as this


def sigmoid(link: Any) -> Any:
    """Probability of a log odds."""
    return 1 / (1 + np.exp(-np.clip(link, -500, 500)))


def logit(share: Any) -> Any:
    """Log odds of a probability that is kept away from 0 and 1."""
    kept = np.clip(share, _FEWEST_SURE, 1 - _FEWEST_SURE)
    return np.log(kept / (1 - kept))


@dataclass(frozen=True, eq=False)
class Linear:
    """A line: intercept + X · coefficients.

    Attributes
    ----------
    intercept : float
        Prediction where all features are at their mean.
    coefficients : ndarray, shape (P,)
        Of the features as they come in.
    """

    intercept: float
    coefficients: Reals

    def link(self, X: Reals) -> Reals:
        """Log odds, number or log hazard, shape (N,)."""
        return self.intercept + X @ self.coefficients

    def used(self) -> NDArray[np.bool_]:
        """Features that count, shape (P,)."""
        return self.coefficients != 0

    def state(self) -> dict[str, Any]:
        """Plain values for a file."""
        return {"type": "linear", "intercept": self.intercept, "coefficients": self.coefficients}


@dataclass(frozen=True, eq=False)
class Trees:
    """Decision trees whose answers are added up.

    Attributes
    ----------
    base : float
        What is added to the answers of the trees.
    roots : ndarray of int32, shape (T,)
        First node of each tree.
    feature : ndarray of int32, shape (D,)
        Column that a node looks at; -1 at a leaf.
    threshold : ndarray of float64, shape (D,)
        Values up to it go left.
    left, right : ndarray of int32, shape (D,)
        Next nodes, always farther on than the node itself.
    value : ndarray of float64, shape (D,)
        Answer of a leaf, as it is added.
    scale : {"link", "share"}
        Whether the sum is the link itself, or a probability.
    background : ndarray of float64, shape (B, P)
        Typical samples that explanations are measured from: centers of clusters, no patients.
    """

    base: float
    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: Reals
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Reals
    scale: Literal["link", "share"]
    background: Reals

    @classmethod
    def of(
        cls,
        trees: Sequence[Any],
        values: Sequence[Reals],
        base: float,
        scale: Literal["link", "share"],
        background: Reals,
    ) -> Trees:
        """Take over trees that scikit-learn has grown, with the answers of their nodes."""
        sizes = [tree.node_count for tree in trees]
        roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
        parts: dict[str, list[Any]] = {"feature": [], "threshold": [], "left": [], "right": []}
        for root, tree in zip(roots, trees, strict=True):
            parts["feature"].append(np.where(tree.children_left < 0, -1, tree.feature))
            parts["threshold"].append(tree.threshold)
            parts["left"].append(tree.children_left + root)
            parts["right"].append(tree.children_right + root)
        joined = {name: np.concatenate(part) for name, part in parts.items()}
        return cls(
            float(base),
            roots,
            joined["feature"].astype(np.int32),
            joined["threshold"].astype(float),
            joined["left"].astype(np.int32),
            joined["right"].astype(np.int32),
            np.concatenate(values).astype(float),
            scale,
            np.asarray(background, float),
        )

    def total(self, X: Reals) -> Reals:
        """Sum of the trees, on their own scale, shape (N,)."""
        # Trees were grown on single precision, and must be asked in it.
        rows = np.ascontiguousarray(X, np.float32)
        return self.base + _walk(
            rows, self.roots, self.feature, self.threshold, self.left, self.right, self.value
        )

    def link(self, X: Reals) -> Reals:
        """Log odds, number or log hazard, shape (N,)."""
        total = self.total(X)
        return logit(total) if self.scale == "share" else total

    def used(self) -> NDArray[np.bool_]:
        """Features that a tree looks at, shape (P,)."""
        found = np.zeros(self.background.shape[1], bool)
        found[self.feature[self.feature >= 0]] = True
        return found

    def state(self) -> dict[str, Any]:
        """Plain values for a file."""
        return {"type": "trees", **vars(self)}


@nb.njit(cache=True, nogil=True)
def _walk(
    X: NDArray[np.float32],
    roots: NDArray[np.int32],
    feature: NDArray[np.int32],
    threshold: Reals,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    value: Reals,
) -> Reals:
    """No bounds checking: the nodes are checked where they are read from a file."""
    out = np.zeros(X.shape[0])
    for i in range(X.shape[0]):
        for root in roots:
            node = root
            while feature[node] >= 0:
                node = left[node] if X[i, feature[node]] <= threshold[node] else right[node]
            out[i] += value[node]
    return out


Predictor = Linear | Trees


def predictor_from(state: Mapping[str, Any], n_features: int) -> Predictor:
    """Read what `state` answered, and check it.

    Raises
    ------
    InputError
        If the arrays do not fit together.
    """
    if state["type"] == "linear":
        coefficients = np.asarray(state["coefficients"], float)
        if coefficients.shape != (n_features,) or not np.isfinite(coefficients).all():
            raise InputError("its coefficients do not fit its features")
        return Linear(float(state["intercept"]), coefficients)
    trees = Trees(**{name: value for name, value in state.items() if name != "type"})
    _require_sound(trees, n_features)
    return trees


def _require_sound(trees: Trees, n_features: int) -> None:
    nodes = np.arange(trees.feature.size)
    inner = trees.feature >= 0
    sizes = {a.size for a in (trees.threshold, trees.left, trees.right, trees.value)}
    sound = (
        sizes == {nodes.size}
        and trees.background.shape[1:] == (n_features,)
        and trees.feature.max(initial=-1) < n_features
        and ((trees.roots >= 0) & (trees.roots < nodes.size)).all()
        and all(
            ((side[inner] > nodes[inner]) & (side[inner] < nodes.size)).all()
            for side in (trees.left, trees.right)
        )
        and np.isfinite(trees.value).all()
        and trees.scale in ("link", "share")
    )
    if not sound:
        raise InputError("its trees do not fit together")
