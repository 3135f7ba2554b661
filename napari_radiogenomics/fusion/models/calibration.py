"""Predictions that mean what they say: a slope and an intercept, from patients not learned on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.models.elastic_net import elastic_net_path
from napari_radiogenomics.fusion.outcome import Outcome

__all__ = ["Line", "calibration_line", "recalibration"]

Reals = NDArray[np.float64]
_RIDGE = 1e-3  # keeps the slope finite where the classes are apart


@dataclass(frozen=True)
class Line:
    """intercept + slope · link.

    Attributes
    ----------
    intercept, slope : float
        0 and 1 change nothing.
    """

    intercept: float = 0.0
    slope: float = 1.0

    def __call__(self, link: Reals) -> Reals:
        """Apply it."""
        return self.intercept + self.slope * link


def calibration_line(outcome: Outcome, link: Reals, *, ridge: float = 0.0) -> Line:
    """Regression of the outcome on predictions: logistic, linear or Cox.

    Parameters
    ----------
    outcome : Outcome
        Of N patients.
    link : ndarray, shape (N,)
        Log odds, number or log hazard.
    ridge : float, optional
        Penalty of the standardized slope.
    """
    spread, center = float(link.std()), float(link.mean())
    if spread < 1e-10:
        spread = np.inf
    z = ((link - center) / spread)[:, None]
    path = elastic_net_path(z, outcome, np.array([ridge]), l1_ratio=0.0, tolerance=1e-8)
    slope = float(path.coefficients[0, 0]) / spread
    base = float(path.intercepts[0])
    return Line(base - slope * center, slope)


def recalibration(outcome: Outcome, link: Reals) -> Line:
    """Line for new patients (Platt 1999): never one that turns the order around."""
    line = calibration_line(outcome, link, ridge=_RIDGE)
    if line.slope > 0:
        return line
    flat = calibration_line(outcome, np.zeros(len(link)))
    return Line(flat.intercept, 0.0)
