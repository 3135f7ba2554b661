"""Local binary patterns in a slice: which neighbors are brighter."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.filter import Filter, Source
from napari_radiogenomics.registry import did_you_mean

__all__ = ["FILTER"]

_METHODS = ["default", "ror", "uniform", "nri_uniform", "var"]


def _apply(
    source: Source,
    *,
    lbp2DRadius: float,
    lbp2DSamples: int,
    lbp2DMethod: str,
    force2Ddimension: int,
    force2D: bool,
) -> Iterator[tuple[str, NDArray]]:
    from skimage.feature import local_binary_pattern

    if lbp2DMethod not in _METHODS:
        hint = did_you_mean(str(lbp2DMethod), _METHODS)
        raise InputError(f'Unknown lbp2DMethod "{lbp2DMethod}". {hint}')
    reach = _reach(source.spacing, lbp2DRadius=lbp2DRadius, force2Ddimension=force2Ddimension)
    values, inside = source.around(reach)
    slices = np.array(np.swapaxes(values, 0, force2Ddimension))
    with warnings.catch_warnings():
        # PyRadiomics gives it values of any type; equal neighbors of doubles are what they are.
        warnings.filterwarnings("ignore", "Applying `local_binary_pattern` to floating-point")
        for one in source.progress(
            slices, FILTER.title
        ):  # a pattern is kept in the type of the scan, as PyRadiomics does
            one[...] = local_binary_pattern(one, lbp2DSamples, lbp2DRadius, lbp2DMethod)
    yield "lbp-2D", np.swapaxes(slices, 0, force2Ddimension)[inside]


def _reach(
    spacing: tuple[float, float, float],
    *,
    lbp2DRadius: float,
    force2Ddimension: int,
    **settings: Any,
) -> tuple[int, int, int]:
    if force2Ddimension not in (0, 1, 2):
        raise InputError(f"force2Ddimension is 0, 1 or 2; got {force2Ddimension}.")
    if not lbp2DRadius > 0:
        raise InputError(f"lbp2DRadius is a number of voxels, more than 0; got {lbp2DRadius}.")
    far = int(np.ceil(lbp2DRadius)) + 1
    z, y, x = (0 if axis == force2Ddimension else far for axis in range(3))
    return z, y, x


FILTER = Filter(
    "LBP2D",
    "Local binary pattern, 2D",
    "How many neighbors in the slice are brighter than the voxel, where they lie together.",
    "number of samples on a circle with x ≥ center, if uniform; else samples + 1",
    _apply,
    settings={
        "lbp2DRadius": 1,
        "lbp2DSamples": 8,
        "lbp2DMethod": "uniform",
        "force2Ddimension": 0,
        "force2D": False,
    },
    reach=_reach,
    unit="",
    doi="10.1016/0031-3203(95)00067-4",
    limits="A handful of values: use a bin width of 1.",
)
