"""A random forest as plain arrays: saved without pickle, and quick on many voxels.

Letters: V voxels, F features, N nodes of all trees, T trees, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier

__all__ = ["Forest"]

_ARRAYS = ("roots", "feature", "threshold", "left", "right", "share")


@dataclass(frozen=True, eq=False)
class Forest:
    """Decision trees, one after the other.

    Attributes
    ----------
    roots : ndarray of int32, shape (T,)
        First node of each tree.
    feature : ndarray of int32, shape (N,)
        Column that a node looks at; -1 at a leaf.
    threshold : ndarray of float64, shape (N,)
        Values up to it go left.
    left, right : ndarray of int32, shape (N,)
        Next nodes; always farther on than the node itself.
    share : ndarray of float64, shape (N, C)
        Share of each class among the samples of a node.

    Examples
    --------
    >>> one = np.array([0, -1, -1], np.int32)
    >>> forest = Forest(
    ...     np.array([0], np.int32), one, np.array([0.5, 0, 0]), one + 1,
    ...     np.array([2, 0, 0], np.int32), np.array([[0.5, 0.5], [1, 0], [0, 1]]),
    ... )
    >>> forest.probabilities(np.array([[0.2], [0.9]], np.float32)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    share: NDArray[np.float64]
    _grown: tuple[Any, ...] = field(default=(), repr=False)  # compiled trees of scikit-learn

    @classmethod
    def of(cls, trained: RandomForestClassifier) -> Forest:
        """Take over the trees of a forest that scikit-learn has grown."""
        trees = [estimator.tree_ for estimator in trained.estimators_]
        starts = np.cumsum([0, *(tree.node_count for tree in trees)])
        leaf = [tree.children_left < 0 for tree in trees]
        share = np.concatenate([tree.value[:, 0, :] for tree in trees])

        def joined(parts: list[NDArray], dtype: type) -> NDArray:
            return np.concatenate(parts).astype(dtype)

        def children(name: str) -> NDArray[np.int32]:
            sides = zip(trees, starts[:-1], leaf, strict=True)
            parts = [np.where(end, 0, getattr(tree, name) + start) for tree, start, end in sides]
            return joined(parts, np.int32)

        feature = [np.where(end, -1, tree.feature) for tree, end in zip(trees, leaf, strict=True)]
        return cls(
            starts[:-1].astype(np.int32),
            joined(feature, np.int32),
            joined([tree.threshold for tree in trees], np.float64),
            children("children_left"),
            children("children_right"),
            share / share.sum(axis=1, keepdims=True),
            tuple(trees),
        )

    def arrays(self) -> dict[str, NDArray]:
        """Its arrays by name, for a file."""
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], *, features: int, classes: int) -> Forest:
        """Make it of arrays from a file; what would lead astray is refused.

        Raises
        ------
        InputError
            If types or shapes are not those of a forest, or a node leads out of it or back.
        """
        forest = cls(**{name: arrays[name] for name in _ARRAYS})
        wrong = forest._wrong(features, classes)
        if wrong:
            raise InputError(f"the trees are damaged: {wrong}")
        return forest

    def _wrong(self, features: int, classes: int) -> str:
        n = self.feature.size
        whole = (self.roots, self.feature, self.left, self.right)
        if any(array.dtype != np.int32 or array.ndim != 1 for array in whole):
            return "an array is of the wrong type"
        if self.threshold.dtype != np.float64 or self.share.dtype != np.float64:
            return "an array is of the wrong type"
        shapes = [self.threshold.shape, self.left.shape, self.right.shape]
        if shapes != [(n,)] * 3 or self.share.shape != (n, classes) or not self.roots.size:
            return "the lengths of the arrays differ"
        inner = self.feature >= 0
        own = np.arange(n)[inner]
        sides = self.left[inner], self.right[inner]
        if any((side <= own).any() or (side >= n).any() for side in sides):
            return "a node leads out of its tree"
        if (self.feature < -1).any() or (self.feature >= features).any():
            return "a node asks for a feature that there is not"
        if (self.roots < 0).any() or (self.roots >= n).any():
            return "a tree begins nowhere"
        finite = np.isfinite(self.threshold).all() and np.isfinite(self.share).all()
        even = finite and np.allclose(self.share.sum(axis=1), 1) and (self.share >= 0).all()
        return "" if even else "shares or thresholds are no numbers"

    def probabilities(self, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of each class: mean share of the leaves that a voxel falls into.

        Parameters
        ----------
        table : ndarray of float32, shape (V, F)
            Features.

        Returns
        -------
        ndarray of float32, shape (V, C)
        """
        found = np.zeros((len(table), self.share.shape[1]), np.float64)
        if self._grown:  # the first answer does not wait for a kernel to be compiled or loaded
            for root, tree in zip(self.roots, self._grown, strict=True):
                found += self.share[root + tree.apply(table)]
            return (found / self.roots.size).astype(np.float32)
        from napari_radiogenomics.segmentation.trees import fall

        for root in self.roots:
            fall(table, int(root), self.feature, self.threshold, self.left, self.right,
                 self.share, found)  # fmt: skip
        return (found / self.roots.size).astype(np.float32)
