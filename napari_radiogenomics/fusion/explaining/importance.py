"""What a model goes by: the weight of each feature, and of each modality.

Letters: N patients, F features of a view, K columns that the learner sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.models.expert import Expert
from napari_radiogenomics.fusion.models.fitted import Fitted
from napari_radiogenomics.fusion.models.predictor import Linear, Trees

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["column_weights", "feature_weights"]

Reals = NDArray[np.float64]


def column_weights(expert: Expert) -> Reals:
    """Weight of each column that the learner sees, shape (K,).

    Of a line, the coefficient; of trees, how much the answers of the two sides of its splits
    differ, summed.
    """
    predictor = expert.predictor
    if isinstance(predictor, Linear):
        return predictor.coefficients
    return _tree_weights(predictor)


def _tree_weights(trees: Trees) -> Reals:
    """Absolute differences of the mean answers below each split, by feature, shape (K,)."""
    mean = trees.value.copy()
    inner = np.flatnonzero(trees.feature >= 0)
    for node in inner[::-1]:  # children are farther on than their parent
        mean[node] = (mean[trees.left[node]] + mean[trees.right[node]]) / 2
    gap = np.abs(mean[trees.left[inner]] - mean[trees.right[inner]])
    return np.bincount(trees.feature[inner], gap, trees.background.shape[1]).astype(float)


def feature_weights(fitted: Fitted) -> pd.DataFrame:
    """Weight of each feature of a model, over all its experts.

    Parameters
    ----------
    fitted : Fitted
        The model.

    Returns
    -------
    DataFrame
        ``view``, ``feature``, ``column`` (of the table that it comes from), ``weight`` on the
        standardized scale (signed for lines, where the first expert gives it), and ``share`` of
        the sum of absolute weights.
    """
    import pandas as pd

    total: dict[tuple[str, str], float] = {}
    origin: dict[tuple[str, str], str] = {}
    size: dict[tuple[str, str], float] = {}
    counts = fitted.weights if fitted.rule == "mean" else np.eye(1, len(fitted.experts))[0]
    for expert, count in zip(fitted.experts, counts, strict=True):
        for name, weights in _by_view(expert).items():
            view = expert.views[name]
            for feature, source, weight in zip(view.names, view.origins, weights, strict=True):
                key = (name, feature)
                origin[key] = source
                total[key] = total.get(key, 0.0) + count * weight
                size[key] = size.get(key, 0.0) + abs(count * weight)
    whole = sum(size.values())
    rows = [
        (view, feature, origin[key], total[key],
         size[key] / whole if whole > 0 else 0.0)
        for key in total
        for view, feature in [key]
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["view", "feature", "column", "weight", "share"])


def _by_view(expert: Expert) -> dict[str, Reals]:
    """Weight of the standardized features of each view, shape (F,) each."""
    columns, start = column_weights(expert), 0
    signed = isinstance(expert.predictor, Linear)
    found: dict[str, Reals] = {}
    for name in expert.views:
        weights = expert.maps[name]
        width = len(weights) if weights.ndim == 1 else weights.shape[1]
        own = columns[start : start + width]
        start += width
        if weights.ndim == 1:
            found[name] = own * (weights if signed else 1.0)
        else:
            found[name] = (weights if signed else np.abs(weights)) @ own
        found[name] = found[name] * expert.line.slope
    return found
