"""First-order features: the distribution of values around a voxel, wherever they lie.

Definitions, order of operations and degenerate cases are those of PyRadiomics 3.0.1. Where it
decides by rounding noise, the exact answer is given: a kernel is flat when its values are
equal, and its entropy, skewness and kurtosis are then 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.family import Family, Feature, Neighborhoods, Region

__all__ = ["FAMILY"]

Rows = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class _Recipe:
    """A feature, the rows of the kernel that it needs, and how it is made of them."""

    feature: Feature
    needs: tuple[str, ...]
    value: Callable[[Rows, float], NDArray[np.float64]]


def _row(name: str) -> Callable[[Rows, float], NDArray[np.float64]]:
    return lambda rows, _: rows[name]


def _ratio(numerator: NDArray[np.float64], m2: NDArray[np.float64], power: float) -> NDArray:
    """Standardized moment; 0 where the kernel is flat."""
    flat = m2 == 0
    return np.where(flat, 0.0, numerator / np.where(flat, 1.0, m2) ** power)


_RECIPES = (
    _Recipe(
        Feature(
            "Energy", "Energy",
            "How large the values are in all: the sum of their squares. It grows with the "
            "number of voxels and changes when the scan's zero is shifted.",
            "sum of x²", "N8CA", "{unit}²",
        ),
        ("energy",), _row("energy"),
    ),
    _Recipe(
        Feature(
            "TotalEnergy", "Total energy",
            "Energy times the volume of a voxel, so that scans of other spacing compare.",
            "voxel volume · sum of x²", "", "{unit}²·mm³",
        ),
        ("energy",), lambda rows, volume: rows["energy"] * volume,
    ),
    _Recipe(
        Feature(
            "Entropy", "Entropy",
            "How unpredictable the gray levels are around a voxel.",
            "−sum of p(i)·log₂ p(i) over gray levels i", "TLU2", "bits",
            "One gray level in the kernel: 0.",
        ),
        ("entropy",), _row("entropy"),
    ),
    _Recipe(
        Feature(
            "Minimum", "Minimum", "The lowest value around a voxel.", "min x", "1GSF", "{unit}"
        ),
        ("minimum",), _row("minimum"),
    ),
    _Recipe(
        Feature(
            "10Percentile", "10th percentile",
            "A low value around a voxel that a single dark one does not change.",
            "P10 of x, linear between ranks", "QG58", "{unit}",
        ),
        ("p10",), _row("p10"),
    ),
    _Recipe(
        Feature(
            "90Percentile", "90th percentile",
            "A high value around a voxel that a single bright one does not change.",
            "P90 of x, linear between ranks", "8DWT", "{unit}",
        ),
        ("p90",), _row("p90"),
    ),
    _Recipe(
        Feature(
            "Maximum", "Maximum", "The highest value around a voxel.", "max x", "84IY", "{unit}"
        ),
        ("maximum",), _row("maximum"),
    ),
    _Recipe(
        Feature(
            "Mean", "Mean", "The average value around a voxel: the scan, smoothed.",
            "mean of x", "Q4LE", "{unit}", of_region="The average value in the region.",
        ),
        ("mean",), _row("mean"),
    ),
    _Recipe(
        Feature(
            "Median", "Median",
            "The middle value around a voxel: the scan, smoothed, edges kept.",
            "P50 of x", "Y12H", "{unit}",
            of_region="The middle value in the region: half of its voxels are darker.",
        ),
        ("p50",), _row("p50"),
    ),
    _Recipe(
        Feature(
            "InterquartileRange", "Interquartile range",
            "How far the middle half of the values around a voxel spreads.",
            "P75 − P25", "SALO", "{unit}",
        ),
        ("p75",), lambda rows, _: rows["p75"] - rows["p25"],
    ),
    _Recipe(
        Feature(
            "Range", "Range", "How far the lowest and highest value around a voxel lie apart.",
            "max x − min x", "2OJQ", "{unit}",
        ),
        ("maximum",), lambda rows, _: rows["maximum"] - rows["minimum"],
    ),
    _Recipe(
        Feature(
            "MeanAbsoluteDeviation", "Mean absolute deviation",
            "How far values around a voxel lie from their mean, on average.",
            "mean of |x − mean|", "4FUA", "{unit}",
        ),
        ("mad",), _row("mad"),
    ),
    _Recipe(
        Feature(
            "RobustMeanAbsoluteDeviation", "Robust mean absolute deviation",
            "How far values around a voxel lie from their mean, on average, of those between the "
            "10th and 90th percentile: outliers do not count.",
            "mean of |x − mean| over P10 ≤ x ≤ P90", "1128", "{unit}",
        ),
        ("rmad",), _row("rmad"),
    ),
    _Recipe(
        Feature(
            "RootMeanSquared", "Root mean square",
            "The typical size of the values around a voxel, whatever their sign.",
            "√(mean of x²)", "5ZWQ", "{unit}",
        ),
        ("energy",), lambda rows, _: np.sqrt(rows["energy"] / rows["n"]),
    ),
    _Recipe(
        Feature(
            "StandardDeviation", "Standard deviation",
            "How much the values around a voxel vary, in the scan's unit.",
            "√(mean of (x − mean)²)", "", "{unit}", by_default=False,
        ),
        ("m2",), lambda rows, _: np.sqrt(rows["m2"]),
    ),
    _Recipe(
        Feature(
            "Skewness", "Skewness",
            "Whether a few values around a voxel are much brighter (positive) or darker "
            "(negative) than the rest.",
            "μ₃ / σ³", "KE2A", "", "Flat kernel: 0.",
        ),
        ("m3",), lambda rows, _: _ratio(rows["m3"], rows["m2"], 1.5),
    ),
    _Recipe(
        Feature(
            "Kurtosis", "Kurtosis",
            "Whether values far from the mean are common around a voxel. A normal distribution "
            "has 3 (the IBSI subtracts it).",
            "μ₄ / σ⁴", "IPH6", "", "Flat kernel: 0.",
        ),
        ("m4",), lambda rows, _: _ratio(rows["m4"], rows["m2"], 2.0),
    ),
    _Recipe(
        Feature(
            "Variance", "Variance", "How much the values around a voxel vary, squared.",
            "mean of (x − mean)²", "ECT3", "{unit}²",
        ),
        ("m2",), _row("m2"),
    ),
    _Recipe(
        Feature(
            "Uniformity", "Uniformity",
            "How much one gray level dominates around a voxel; 1 where there is only one.",
            "sum of p(i)² over gray levels i", "BJ5W", "",
        ),
        ("uniformity",), _row("uniformity"),
    ),
)  # fmt: skip

_RECIPE_OF = {recipe.feature.name: recipe for recipe in _RECIPES}
_MOMENTS = {"mad", "m2", "m3", "m4"}
_ORDERED = {"p10", "p25", "p50", "p75", "p90", "rmad"}
_COUNTED = {"entropy", "uniformity"}
# Where no order statistics are needed.
_UNRANKED = (np.zeros(1, np.int32), np.zeros(1))


def _measure(
    neighborhoods: Neighborhoods, centers: NDArray[np.intp], names: tuple[str, ...]
) -> NDArray[np.float64]:
    recipes = [_RECIPE_OF[name] for name in names]
    needed = {row for recipe in recipes for row in recipe.needs}
    plane = neighborhoods.plane
    rows = _rows(neighborhoods, plane, centers, needed)
    if neighborhoods.shift and "energy" in needed:
        shifted = replace(neighborhoods, values=neighborhoods.values + neighborhoods.shift)
        rows["energy"] = _rows(shifted, plane, centers, {"energy"})["energy"]
    volume = neighborhoods.voxel_volume
    return np.stack([recipe.value(rows, volume) for recipe in recipes])  # (F, V)


def _rows(
    neighborhoods: Neighborhoods,
    plane: NDArray[np.intp],
    centers: NDArray[np.intp],
    needed: set[str],
) -> Rows:
    from napari_radiogenomics.radiomics.kernels.few_values import MOST_CELLS, few_value_rows
    from napari_radiogenomics.radiomics.kernels.firstorder import ROWS, firstorder_rows

    stages = (bool(needed & _MOMENTS), bool(needed & _ORDERED), bool(needed & _COUNTED))
    out = np.full((len(ROWS), centers.size), np.nan)
    values, levels, offsets = neighborhoods.values, neighborhoods.levels, neighborhoods.offsets
    if offsets.size <= MOST_CELLS:
        few_value_rows(values, levels, centers, offsets, stages, out)
        return dict(zip(ROWS, out, strict=True))
    ranks, in_order = neighborhoods.ranked if stages[1] else _UNRANKED
    firstorder_rows(
        values,
        levels,
        ranks,
        in_order,
        centers,
        plane,
        offsets.size // plane.size,
        neighborhoods.n_levels,
        stages,
        out,
    )
    return dict(zip(ROWS, out, strict=True))


def _measure_region(region: Region, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Measure the region as if it were one kernel."""
    recipes = [_RECIPE_OF[name] for name in names]
    whole = Neighborhoods(
        values=region.values,
        levels=region.levels,
        n_levels=int(region.level_values[-1]),
        offsets=np.arange(region.values.size, dtype=np.intp),
        spacing=region.spacing,
        native_levels=np.zeros(0, np.int16),
        n_native_levels=0,
        radius=0,
    )
    needed = {row for recipe in recipes for row in recipe.needs}
    rows = _rows(whole, whole.offsets, np.zeros(1, np.intp), needed)
    if region.shift:
        rows["energy"] = np.array([((region.values + region.shift) ** 2).sum()])
    found = np.stack([recipe.value(rows, region.voxel_volume) for recipe in recipes])[:, 0]
    if region.standard == "ibsi" and "Kurtosis" in names:
        found[names.index("Kurtosis")] -= 3.0
    return found


FAMILY = Family(
    name="firstorder",
    title="First order",
    features=tuple(recipe.feature for recipe in _RECIPES),
    measure=_measure,
    measure_region=_measure_region,
)
