"""Rigid: turned and moved, sizes stay."""

from __future__ import annotations

from functools import partial

from napari_radiogenomics.registration.model import Model
from napari_radiogenomics.registration.procrustes import procrustes

__all__ = ["MODEL"]

MODEL = Model(
    "rigid",
    "Rigid",
    "turned and moved; sizes stay",
    {"plane": 2, "space": 3, "plane in space": 3},
    partial(procrustes, scaled=False),
    doi="10.1109/34.88573",
    limits="Tissue shrinks by some percent when it is fixed and cut: compare with similarity.",
)
