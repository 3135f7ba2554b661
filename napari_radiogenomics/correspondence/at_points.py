"""Values of a map at points: the mean over the ball that a sample fills.

Letters: N points, M places in a ball.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image

__all__ = ["values_at"]

Reals = NDArray[np.float64]
_SIDE = np.linspace(-0.8, 0.8, 5)


def values_at(image: Image, points: Reals, radii: Reals) -> Reals:
    """Mean of a map over balls; NaN where it has no value.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
    points : ndarray, shape (N, 3)
        LPS mm.
    radii : ndarray, shape (N,)
        mm; 0 takes the voxel of the point.

    Examples
    --------
    >>> from napari_radiogenomics.data.geometry import Geometry
    >>> ramp = Image(np.arange(9.0).reshape(1, 1, 9), Geometry((9, 1, 1)))
    >>> values_at(ramp, np.array([[4.0, 0, 0], [20.0, 0, 0]]), np.array([2.0, 0])).tolist()
    [4.0, nan]
    """
    cube = np.stack(np.meshgrid(_SIDE, _SIDE, _SIDE, indexing="ij"), axis=-1).reshape(-1, 3)
    ball = cube[(cube**2).sum(axis=1) <= 1]
    places = points[:, None] + radii[:, None, None] * ball  # (N, M, 3)
    index = np.rint(image.geometry.world_to_index(places)).astype(int)
    within = np.all((index >= 0) & (index < image.geometry.size), axis=-1)
    i, j, k = np.moveaxis(np.where(within[..., None], index, 0), -1, 0)
    values = np.where(within, image.array[k, j, i].astype(float), np.nan)
    values[np.isin(k, image.blank_slices)] = np.nan
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
