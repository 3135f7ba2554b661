"""Regions: draw, grow, shape, combine, compare and measure them, in mm on the true grid.

One file a tool in ``tools/``; each is a function that changes nothing in place.
"""

from __future__ import annotations

from napari_radiogenomics.segmentation.classifier import PixelClassifier
from napari_radiogenomics.segmentation.compare import compare_segmentations, difference
from napari_radiogenomics.segmentation.consensus import consensus
from napari_radiogenomics.segmentation.edit import changes
from napari_radiogenomics.segmentation.measure import diameters, measure_regions
from napari_radiogenomics.segmentation.paint import paint_mask
from napari_radiogenomics.segmentation.tool import TOOLS
from napari_radiogenomics.segmentation.tools.classify_pixels import classify_pixels
from napari_radiogenomics.segmentation.tools.combine import combine
from napari_radiogenomics.segmentation.tools.contours import contours
from napari_radiogenomics.segmentation.tools.fill_holes import fill_holes
from napari_radiogenomics.segmentation.tools.grow import grow
from napari_radiogenomics.segmentation.tools.interpolate import interpolate
from napari_radiogenomics.segmentation.tools.islands import islands
from napari_radiogenomics.segmentation.tools.margin import margin
from napari_radiogenomics.segmentation.tools.mask import mask
from napari_radiogenomics.segmentation.tools.refine import refine
from napari_radiogenomics.segmentation.tools.ring import ring
from napari_radiogenomics.segmentation.tools.smooth import smooth
from napari_radiogenomics.segmentation.tools.threshold import threshold

__all__ = [
    "TOOLS",
    "PixelClassifier",
    "changes",
    "classify_pixels",
    "combine",
    "compare_segmentations",
    "consensus",
    "contours",
    "diameters",
    "difference",
    "fill_holes",
    "grow",
    "interpolate",
    "islands",
    "margin",
    "mask",
    "measure_regions",
    "paint_mask",
    "refine",
    "ring",
    "smooth",
    "threshold",
]
