"""Numbers as they are, on a logarithmic scale if asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.models.columns import filled, learn_columns
from napari_radiogenomics.fusion.preparation import Preparation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PREPARATION"]


def _learn(
    frame: pd.DataFrame, sites: NDArray[Any] | None, settings: Mapping[str, Any]
) -> dict[str, Any]:
    state, values = learn_columns(frame)
    # A logarithm is taken of columns that are positive in all training patients.
    least = np.where(settings["log"] & (values.min(axis=0) > 0), values.min(axis=0), 0.0)
    return {**state, "names": state["columns"], "least": least}


def _apply(state: Mapping[str, Any], frame: pd.DataFrame, sites: Any) -> NDArray[Any]:
    values, least = filled(state, frame), state["least"]
    return np.where(least > 0, np.log(np.maximum(values, np.where(least > 0, least, 1))), values)


PREPARATION = Preparation(
    name="numeric",
    title="Numbers as they are",
    meaning="Missing values become the median of the training patients; nothing else is changed.",
    defaults={"log": False},
    learn=_learn,
    apply=_apply,
)
