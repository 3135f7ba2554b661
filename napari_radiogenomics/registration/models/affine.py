"""Affine: stretched and sheared too, differently along each direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.registration.model import Fit, Model

__all__ = ["MODEL"]


def _fit(fit: Fit) -> NDArray[np.float64]:
    """Weighted least squares; across a plane it goes along the normal, mm to mm."""
    wide = 3 if fit.layout == "space" else 2
    root = np.sqrt(fit.weights)[:, None]
    center = fit.source.mean(axis=0)
    known = np.column_stack([np.ones(len(fit.source)), (fit.source - center)[:, :wide]])
    found, *_ = np.linalg.lstsq(known * root, fit.target * root, rcond=None)
    matrix = np.eye(4)
    matrix[:3, :wide] = found[1:].T
    if wide == 2:
        normal = np.cross(found[1], found[2])
        flat = fit.layout == "plane"
        matrix[:3, 2] = [0, 0, 1] if flat else normal / np.linalg.norm(normal)
    matrix[:3, 3] = found[0] - matrix[:3, :3] @ center
    return matrix


MODEL = Model(
    "affine",
    "Affine",
    "stretched and sheared too, differently along each direction",
    {"plane": 3, "space": 4, "plane in space": 3},
    _fit,
    doi="10.1109/34.24792",
    limits="Follows the error of few landmarks: look at the error with each left out.",
)
