"""Fusion: models on image, genes and clinic, with a validation that cannot leak.

Learners, preparations and strategies are one file each. Letters: N patients, F features,
K folds.
"""

from napari_radiogenomics.fusion.explaining.explain import explain, predict_patients
from napari_radiogenomics.fusion.explaining.permutation import permutation_importance
from napari_radiogenomics.fusion.fuse import fuse
from napari_radiogenomics.fusion.missing_curve import missing_curve
from napari_radiogenomics.fusion.models.model_card import model_card
from napari_radiogenomics.fusion.models.model_file import load_model, save_model
from napari_radiogenomics.fusion.result import FusionResult
from napari_radiogenomics.fusion.strategies.baseline import Baseline
from napari_radiogenomics.fusion.strategies.cooperative import CooperativeFusion
from napari_radiogenomics.fusion.strategies.early import EarlyFusion
from napari_radiogenomics.fusion.strategies.hybrid import HybridFusion
from napari_radiogenomics.fusion.strategies.late import LateFusion
from napari_radiogenomics.fusion.strategies.single import SingleModality

__all__ = [
    "Baseline",
    "CooperativeFusion",
    "EarlyFusion",
    "FusionResult",
    "HybridFusion",
    "LateFusion",
    "SingleModality",
    "explain",
    "fuse",
    "load_model",
    "missing_curve",
    "model_card",
    "permutation_importance",
    "predict_patients",
    "save_model",
]
