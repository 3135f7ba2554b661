"""From branches of a skeleton to vessels: smooth centerlines, and what is measured along them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.progress import Progress
from napari_radiogenomics.vessels.area import Lattice
from napari_radiogenomics.vessels.centerline import inside_radius, on_ridge, smooth_path
from napari_radiogenomics.vessels.detect import Tree
from napari_radiogenomics.vessels.measures import Vessel
from napari_radiogenomics.vessels.tortuosity import (
    Shape,
    local_distance_metric,
    moving_mean,
    shape_of,
)

__all__ = ["LineSettings", "LocalMetric", "lines_of"]

LocalMetric = Literal["distance_metric", "sum_of_angles", "curvature"]

# Samples of a centerline a step of the lattice.
_SAMPLES = 2
# A ridge is found to about this part of a step; a winding of that amplitude, at the wavelength
# of the smoothing, is what noise can look like.
_RIDGE_ERROR = 0.025
# Where noise is a tenth of the contrast, a centerline of a straight vessel bows out by less than
# this part of a step.
_BOW_ERROR = 0.25
# How many of the coarsest scales a radius is looked for.
_RADIUS_SCALES = 3.0


@dataclass(frozen=True)
class LineSettings:
    """How centerlines are made and measured; lengths in mm."""

    smoothing_mm: float
    min_length_mm: float
    local_metric: LocalMetric
    window_mm: float
    coarsest_mm: float
    bright: bool
    ridge_sigma_mm: float = 0.0

    def least_curvature(self, step_mm: float) -> float:
        """Curvature that the error of a centerline can feign, in 1/mm."""
        if self.smoothing_mm <= 0:
            return 1e-6
        return _RIDGE_ERROR * step_mm * (2 * np.pi / self.smoothing_mm) ** 2


def lines_of(
    tree: Tree,
    image: NDArray[np.float32],
    sharp: NDArray[np.float32],
    outside: NDArray[np.float32],
    lattice: Lattice,
    settings: LineSettings,
    *,
    progress: Progress,
) -> list[Vessel]:
    """Measure the branches that are long enough.

    Parameters
    ----------
    tree : Tree
        Skeleton.
    image : ndarray of float32
        Smoothed scan on the lattice, whose ridges are the centerlines.
    sharp : ndarray of float32
        The scan on the lattice hardly smoothed, for radii.
    outside : ndarray of float32
        Distance from the region on the lattice.
    lattice : Lattice
        Where the points are.
    settings : LineSettings
        How.
    progress : Progress
        Reports branches; may cancel.
    """
    step = lattice.step_mm
    ridge = on_ridge(tree.coordinates, image, bright=settings.bright) * step
    found: list[tuple[NDArray[np.float64], Shape]] = []
    for branch in progress(tree.branches, "Vessels"):
        closed = branch.first == branch.last
        points = smooth_path(
            ridge[branch.path],
            step=step / _SAMPLES,
            wavelength=settings.smoothing_mm,
            closed=closed,
            ridge_sigma=settings.ridge_sigma_mm,
        )
        least = settings.least_curvature(step)
        shape = shape_of(
            points,
            closed=closed,
            least_curvature=least,
            least_bow_mm=_BOW_ERROR * step,
            smoothing_mm=settings.smoothing_mm,
        )
        if shape.length >= settings.min_length_mm and len(points) > 2:
            found.append((points / step, shape))
    return _vessels(found, sharp, outside, lattice, settings)


def _vessels(
    found: list[tuple[NDArray[np.float64], Shape]],
    sharp: NDArray[np.float32],
    outside: NDArray[np.float32],
    lattice: Lattice,
    settings: LineSettings,
) -> list[Vessel]:
    vessels = []
    farthest = _RADIUS_SCALES * settings.coarsest_mm / lattice.step_mm
    for points, shape in found:
        radius = inside_radius(points, sharp, farthest=farthest, bright=settings.bright)
        distance = outside.reshape(-1)[lattice.flat_index(points)]
        pieces = local_distance_metric(points * lattice.step_mm, settings.window_mm)
        vessels.append(
            Vessel(
                points=lattice.to_world(points),
                radius_mm=radius * lattice.step_mm,
                outside_mm=distance.astype(float),
                local=_local(pieces, shape, settings),
                pieces=pieces,
                length_mm=shape.length,
                metrics=shape.metrics(),
            )
        )
    return vessels


def _local(
    pieces: NDArray[np.float64], shape: Shape, settings: LineSettings
) -> NDArray[np.float64]:
    """Tortuosity around each point of a centerline."""
    if settings.local_metric == "distance_metric":
        return pieces
    values = shape.curvature if settings.local_metric == "curvature" else shape.turning
    count = round(settings.window_mm * (len(pieces) - 1) / shape.length) + 1
    return moving_mean(values, count)
