"""Random streams that do not depend on the order of the work, and smooth random fields."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry

__all__ = ["smooth_field", "stream"]

Float = NDArray[np.float32]


def stream(seed: int, *names: object) -> np.random.Generator:
    """Return the generator of one purpose; the same names always give the same numbers.

    Parameters
    ----------
    seed : int
        Seed of the cohort.
    *names : object
        What the numbers are for: patient, timepoint, quantity.

    Examples
    --------
    >>> bool(stream(1, "P001", "noise").random() == stream(1, "P001", "noise").random())
    True
    """
    text = "/".join(map(str, (seed, *names)))
    words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words.tolist())))


def smooth_field(rng: np.random.Generator, geometry: Geometry, length: float) -> Float:
    """Draw a stationary Gaussian field of zero mean and unit variance.

    The noise is smoothed on a lattice of half the correlation length and interpolated, which
    costs little for long correlations and nothing visible for short ones.

    Parameters
    ----------
    rng : numpy.random.Generator
        Stream to draw from.
    geometry : Geometry
        Grid with the axes of the patient.
    length : float
        Standard deviation of the smoothing kernel in mm.

    Returns
    -------
    ndarray of float32, shape (Z, Y, X)
        The field.
    """
    from scipy import ndimage

    spacing = np.asarray(geometry.spacing[::-1])
    step = np.maximum(length / 2, spacing)
    extent = (np.asarray(geometry.shape) - 1) * spacing
    shape = np.ceil(extent / step).astype(int) + 2
    noise = rng.standard_normal(shape, dtype=np.float32)
    # Wrapping around keeps the variance even up to the border.
    field = ndimage.gaussian_filter(noise, length / step, mode="wrap", truncate=3.0)
    field = (field - field.mean()) / (field.std() or np.float32(1))
    for axis in (2, 1, 0):
        field = _stretched(field, axis, geometry.shape[axis], spacing[axis] / step[axis])
    return field


def _stretched(field: Float, axis: int, size: int, step: float) -> Float:
    """Interpolate linearly along one axis at 0, step, 2 step and so on."""
    places = np.arange(size) * step
    first = places.astype(int)
    shape = [1, 1, 1]
    shape[axis] = size
    weight = (places - first).astype(np.float32).reshape(shape)
    low = field.take(first, axis=axis)
    return low + weight * (field.take(first + 1, axis=axis) - low)
