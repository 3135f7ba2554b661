"""Gradient magnitude: how steeply values change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.filter import Filter, Source
from napari_radiogenomics.radiomics.itk_steps import run_itk

__all__ = ["FILTER"]


def _apply(source: Source, *, gradientUseSpacing: bool) -> Iterator[tuple[str, NDArray]]:
    import SimpleITK as sitk

    values, inside = source.around(_reach(source.spacing))
    scan = sitk.GetImageFromArray(np.ascontiguousarray(values))
    scan.SetSpacing(source.spacing[::-1])
    gradient = sitk.GradientMagnitudeImageFilter()
    gradient.SetUseImageSpacing(gradientUseSpacing)
    found = run_itk(gradient, scan, source.progress, FILTER.title)
    yield "gradient", sitk.GetArrayFromImage(found)[inside]


def _reach(spacing: tuple[float, float, float], **settings: Any) -> tuple[int, int, int]:
    return (1, 1, 1)


FILTER = Filter(
    "Gradient",
    "Gradient",
    "How steeply values change at a voxel: edges are high, even tissue is low.",
    "f = |∇x|, by central differences",
    _apply,
    settings={"gradientUseSpacing": True},
    reach=_reach,
    unit="{unit}/mm",
    limits="Noise is steep too; on thick slices the slope across them is a guess.",
)
