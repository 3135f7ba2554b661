"""Images as measurements: orientation for display, resampling, intensity."""

from __future__ import annotations

from napari_radiogenomics.imaging.display import Shown, edited, show
from napari_radiogenomics.imaging.resample import resample

__all__ = ["Shown", "edited", "resample", "show"]
