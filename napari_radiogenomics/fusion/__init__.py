"""Fusion: models on image, genes and clinic, with a validation that cannot leak.

Learners, preparations and strategies are one file each. Letters: N patients, F features,
K folds.
"""

from napari_radiogenomics.fusion.fuse import fuse
from napari_radiogenomics.fusion.strategies.early import EarlyFusion
from napari_radiogenomics.fusion.strategies.hybrid import HybridFusion
from napari_radiogenomics.fusion.strategies.late import LateFusion

__all__ = ["EarlyFusion", "HybridFusion", "LateFusion", "fuse"]
