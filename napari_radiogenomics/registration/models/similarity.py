"""Similarity: turned, moved, and larger or smaller as a whole."""

from __future__ import annotations

from functools import partial

from napari_radiogenomics.registration.model import Model
from napari_radiogenomics.registration.procrustes import procrustes

__all__ = ["MODEL"]

MODEL = Model(
    "similarity",
    "Similarity",
    "turned, moved, and larger or smaller as a whole, as tissue that shrank",
    {"plane": 2, "space": 3, "plane in space": 3},
    partial(procrustes, scaled=True),
    doi="10.1109/34.88573",
    limits="Between scans of one person the scale should come out near 1; else mm are wrong.",
)
