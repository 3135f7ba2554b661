"""Images as measurements: orientation for display, resampling, intensity, bias field, blur."""

from __future__ import annotations

from napari_radiogenomics.imaging.bias_field import correct_bias_field
from napari_radiogenomics.imaging.display import Shown, edited, show
from napari_radiogenomics.imaging.histogram_standard import (
    HistogramStandard,
    learn_histogram,
    match_histogram,
)
from napari_radiogenomics.imaging.point_spread import (
    PointSpread,
    blurriest,
    estimate_blur,
    match_blur,
)
from napari_radiogenomics.imaging.resample import resample
from napari_radiogenomics.imaging.zscore import zscore_intensity

__all__ = [
    "HistogramStandard",
    "PointSpread",
    "Shown",
    "blurriest",
    "correct_bias_field",
    "edited",
    "estimate_blur",
    "learn_histogram",
    "match_blur",
    "match_histogram",
    "resample",
    "show",
    "zscore_intensity",
]
