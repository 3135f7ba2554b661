"""Thin-plate spline: bent as little as it takes to pass through the landmarks."""

from __future__ import annotations

from napari_radiogenomics.data.thin_plate import ThinPlate
from napari_radiogenomics.registration.model import Fit, Model

__all__ = ["MODEL"]


def _fit(fit: Fit) -> ThinPlate:
    return ThinPlate(fit.source, fit.target, fit.layout != "space", fit.stiffness)


MODEL = Model(
    "thin-plate",
    "Thin-plate spline",
    "bent as little as it takes to pass through the landmarks",
    {"plane": 3, "space": 4, "plane in space": 3},
    _fit,
    doi="10.1109/34.24792",
    limits="Passes through wrong landmarks too: only the error with each left out tells. Far from "
    "all landmarks it is a guess. Weights do not count.",
)
