"""From values to colors that everybody can tell apart, with the limits that a legend shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.precision import Precision, allows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MARKS", "MISSING", "RGBA", "Scale", "mark_text", "scale_of"]

RGBA = tuple[float, float, float, float]
MISSING: RGBA = (0.55, 0.55, 0.55, 1.0)
"""Color of what was not measured."""
MARKS = {
    Precision.POINT: "●",
    Precision.POLYGON: "⬟",
    Precision.REGION: "◼",
    Precision.TUMOUR: "▢",
    Precision.PATIENT: "◇",
}
"""Mark of how finely a value is located."""
_STOPS = 256
_DIVERGING = ("#2166ac", "#67a9cf", "#e6e6e6", "#ef8a62", "#b2182b")
# Okabe and Ito: told apart with any color vision.
_WILD, _MUTATED = "#56b4e9", "#d55e00"
_LEAST_SPREAD = 1e-9
# Values on a linear scale that span more than this ratio are told apart by their logarithms.
_LONG_TAIL = 30.0


def mark_text(precision: str) -> str:
    """Mark and word of a precision, which stay in one line; empty where there is none.

    Examples
    --------
    >>> mark_text("tumour").split(), mark_text("")
    (['▢', 'tumor'], '')
    """
    if not precision:
        return ""
    found = Precision.parse(precision)
    word = "tumor" if found is Precision.TUMOUR else found.value
    return f"{MARKS[found]}\u00a0{word}"


@dataclass(frozen=True)
class Scale:
    """Limits and colors.

    Attributes
    ----------
    kind : {"sequential", "diverging", "classes"}
        Viridis; blue to red around 0; two colors for wildtype and mutated.
    low, high : float
        Values that have the first and the last color; others are drawn as these.
    unit : str
        Of the values.
    log : bool
        Whether colors follow the logarithm: of values on a linear scale with a long tail.

    Examples
    --------
    >>> around_0 = Scale("diverging", -2.0, 2.0, "z")
    >>> [round(part, 2) for part in around_0.rgba(0.0)]
    [0.9, 0.9, 0.9, 1.0]
    >>> around_0.rgba(float("nan")) == MISSING
    True
    """

    kind: Literal["sequential", "diverging", "classes"]
    low: float
    high: float
    unit: str = ""
    log: bool = False

    def share(self, values: float | Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Place of values between the first color (0) and the last (1); NaN where missing.

        Examples
        --------
        >>> Scale("sequential", 1.0, 100.0, "FPKM", log=True).share([1.0, 10.0, 500.0]).tolist()
        [0.0, 0.5, 1.0]
        """
        numbers = np.clip(np.asarray(values, float), self.low, self.high)
        low, high = self.low, self.high
        if self.log:
            numbers, low, high = np.log(numbers), float(np.log(low)), float(np.log(high))
        return np.asarray((numbers - low) / (high - low), float)

    def rgba(self, value: float) -> RGBA:
        """Color of a value."""
        return tuple(map(float, self.colors([value])[0]))  # type: ignore[return-value]

    def colors(self, values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Colors of values, shape (N, 4); gray where a value is missing."""
        numbers = np.asarray(values, float)
        share = self.share(numbers)
        found = _ramp(self.kind)[np.nan_to_num(share * (_STOPS - 1)).astype(int)]
        found[~np.isfinite(numbers)] = MISSING
        return found


def _ramp(kind: str) -> NDArray[np.float64]:
    """Colors from the lowest to the highest value, shape (256, 4)."""
    from napari.utils.colormaps import Colormap, ensure_colormap

    share = np.linspace(0, 1, _STOPS)
    if kind == "sequential":
        return np.asarray(ensure_colormap("viridis").map(share), float)
    if kind == "classes":
        half = np.array([_WILD, _MUTATED])
        return np.asarray(Colormap(list(half), interpolation="zero").map(share), float)
    return np.asarray(Colormap(list(_DIVERGING)).map(share), float)


def scale_of(scores: pd.DataFrame) -> Scale:
    """Scale for the scores of a cohort: the same in every patient, so that colors compare.

    Parameters
    ----------
    scores : DataFrame
        As `score_cohort` answers.

    Returns
    -------
    Scale
        From the 2nd to the 98th percentile; around 0 for z and for pathways; logarithmic where
        values on a linear scale have a long tail.
    """
    unit = str(scores.attrs.get("unit", ""))
    if scores.attrs.get("kind") == "mutation":
        return Scale("classes", 0.0, 1.0, unit)
    fit = [allows(text, "patient") for text in scores["precision"]]
    values = scores["value"].to_numpy(float)[np.array(fit, bool)]
    values = values[np.isfinite(values)]
    if not values.size:
        return Scale("sequential", 0.0, 1.0, unit)
    low, high = (float(value) for value in np.percentile(values, [2, 98]))
    if "z" in unit.split() and low < 0 < high:
        most = max(-low, high)
        return Scale("diverging", -most, most, unit)
    if high - low < _LEAST_SPREAD:
        low, high = low - 0.5, high + 0.5
    long = not unit.startswith("log") and low > 0 and high > _LONG_TAIL * low
    return Scale("sequential", low, high, unit, log=long)
