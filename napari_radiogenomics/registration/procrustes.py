"""The rotation, and where asked the scale, that bring landmarks nearest to their partners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.registration.model import Fit

__all__ = ["procrustes"]

Reals = NDArray[np.float64]


def procrustes(fit: Fit, *, scaled: bool) -> Reals:
    """Fit by weighted least squares.

    Parameters
    ----------
    fit : Fit
        Landmarks. Two planes are turned within the plane; a plane in space is turned in space,
        where a mirror image of it is the plane seen from behind.
    scaled : bool
        Whether one side may be larger.

    Returns
    -------
    ndarray, shape (4, 4)

    References
    ----------
    Umeyama, IEEE PAMI 1991, doi:10.1109/34.88573.

    Examples
    --------
    >>> corners = np.array([[0, 0, 0], [2, 0, 0], [0, 1, 0]], float)
    >>> turned = corners[:, [1, 0, 2]] * [-1, 1, 1]
    >>> fit = Fit(corners, turned, np.ones(3), "plane")
    >>> np.round(procrustes(fit, scaled=True)[:2, :2]).astype(int).tolist()
    [[0, -1], [1, 0]]
    """
    wide = 2 if fit.layout == "plane" else 3
    share = fit.weights / fit.weights.sum()
    centers = share @ fit.source, share @ fit.target
    source = (fit.source - centers[0])[:, :wide]
    target = (fit.target - centers[1])[:, :wide]
    left, sizes, right = np.linalg.svd((target * share[:, None]).T @ source)
    signs = np.ones(wide)
    wanted = -1.0 if fit.mirror and fit.layout != "plane in space" else 1.0
    signs[-1] = wanted * np.sign(np.linalg.det(left) * np.linalg.det(right))
    turn = left @ np.diag(signs) @ right
    scale = float(sizes @ signs) / float(share @ (source**2).sum(axis=1)) if scaled else 1.0
    matrix = np.eye(4)
    matrix[:wide, :wide] = scale * turn
    matrix[:3, 3] = centers[1] - matrix[:3, :3] @ centers[0]
    return matrix
