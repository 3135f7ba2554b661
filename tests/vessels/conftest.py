"""Vessels drawn into scans: tubes of a known course, blurred and noisy, on any grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree

from napari_radiogenomics import Geometry, Image, Segmentation

# About 46 × 46 × 45 mm, slices thicker than pixels are wide.
GRID = Geometry((84, 84, 56), (0.55, 0.55, 0.8), origin=(-40.0, 12.0, 100.0))


def center_of(geometry: Geometry) -> np.ndarray:
    return geometry.index_to_world((np.array(geometry.size) - 1) / 2)


def dense(points: np.ndarray, step: float = 0.05) -> np.ndarray:
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    even = np.arange(0, along[-1], step)
    return np.stack([np.interp(even, along, column) for column in points.T], axis=1)


def draw_tubes(
    courses: Sequence[np.ndarray],
    *,
    radius: float = 1.0,
    geometry: Geometry = GRID,
    noise: float = 5.0,
    blur_mm: float = 0.35,
    contrast: float = 700.0,
) -> Image:
    """A lung with tubes; their courses are in mm from the middle of the grid."""
    world = geometry.index_to_world(np.argwhere(np.ones(geometry.shape, bool))[:, ::-1])
    points = np.concatenate([dense(course) for course in courses]) + center_of(geometry)
    away, _ = cKDTree(points).query(world, distance_upper_bound=radius + 2)
    side = float(np.mean(geometry.spacing))
    part = np.clip((radius - np.minimum(away, radius + 2)) / side + 0.5, 0, 1)
    part = ndimage.gaussian_filter(
        part.reshape(geometry.shape), blur_mm / np.array(geometry.spacing[::-1])
    )
    values = -860 + contrast * part
    values += np.random.default_rng(0).normal(0, noise, geometry.shape)
    return Image(values.astype(np.float32), geometry, unit="HU", modality="CT", name="scan")


def one_voxel(geometry: Geometry = GRID, shift: Sequence[int] = (0, 0, 0)) -> Segmentation:
    """A region of one voxel in the middle, which rings of any width fit around."""
    labels = np.zeros(geometry.shape, np.uint8)
    labels[tuple(np.array(geometry.shape) // 2 + np.array(shift))] = 1
    return Segmentation(labels, geometry, name="R1")


@pytest.fixture(scope="session")
def tubes() -> Callable[..., Image]:
    return draw_tubes


@pytest.fixture(scope="session")
def spot() -> Callable[..., Segmentation]:
    return one_voxel
