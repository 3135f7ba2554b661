"""Gray levels: the values of a region sorted into bins, as PyRadiomics does.

Binning is global: one set of edges for the region, never one a kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["MOST_LEVELS", "Binning", "Standard", "bin_edges", "gray_levels"]

Standard = Literal["pyradiomics", "ibsi"]

# More levels than this mean a bin width in the wrong unit, and histograms that fill the memory.
MOST_LEVELS = 1 << 20


def bin_edges(
    values: NDArray, *, bin_width: float = 25.0, bin_count: int | None = None
) -> NDArray[np.float64]:
    """Edges of the bins for the values of a region.

    Parameters
    ----------
    values : ndarray
        Finite values of the region, at least one. Edges of float32 values are computed in
        float32, as PyRadiomics does; whole numbers never overflow.
    bin_width : float, optional
        Width of a bin. Edges lie at multiples of it (PyRadiomics), not at the minimum of the
        region (IBSI "fixed bin size").
    bin_count : int, optional
        Number of bins between minimum and maximum; ``bin_width`` does not count then.

    Returns
    -------
    ndarray of float64, shape (bins + 1 or more,)
        Ascending; each bin holds its lower edge. A flat region has one bin.

    Raises
    ------
    InputError
        If the width or the count is not positive, or makes too many bins.

    References
    ----------
    van Griethuysen et al., Cancer Res 2017, doi:10.1158/0008-5472.CAN-17-0339.

    Examples
    --------
    >>> bin_edges(np.array([54.0, 166.0]), bin_width=25).tolist()
    [50.0, 75.0, 100.0, 125.0, 150.0, 175.0, 200.0]
    """
    if bin_count is not None:
        if bin_count < 1 or bin_count > MOST_LEVELS:
            raise InputError(f"bin_count is 1 to {MOST_LEVELS}; got {bin_count}. 32 is usual.")
        edges = np.histogram(values, bin_count)[1].astype(float)
        edges[-1] += 1  # so that the maximum falls into the last bin
        return edges
    if not (np.isfinite(bin_width) and bin_width > 0):
        raise InputError(
            f"bin_width is a positive number in the unit of the scan; got {bin_width}."
        )
    low, high = values.min(), values.max()
    if values.dtype != np.float32:
        low, high = float(low), float(high)
    wanted = (float(high) - float(low)) / bin_width
    if wanted > MOST_LEVELS:
        raise InputError(
            f"A bin width of {bin_width:g} makes {wanted:.3g} gray levels of "
            f"values from {low:g} to {high:g}; the limit is {MOST_LEVELS}. Use a larger bin_width "
            "or set bin_count."
        )
    edges = np.arange(low - low % bin_width, high + 2 * bin_width, bin_width)
    return edges if len(edges) > 1 else np.array([edges[0] - 0.5, edges[0] + 0.5])


def gray_levels(
    array: NDArray,
    mask: NDArray[np.bool_],
    *,
    bin_width: float = 25.0,
    bin_count: int | None = None,
) -> NDArray[np.int32]:
    """Sort the values inside a mask into bins.

    Parameters
    ----------
    array : ndarray, shape (Z, Y, X)
        Values.
    mask : ndarray of bool, shape (Z, Y, X)
        The region; at least one voxel.
    bin_width, bin_count
        As for `bin_edges`.

    Returns
    -------
    ndarray of int32, shape (Z, Y, X)
        1 for the lowest bin, 0 outside the mask.

    Examples
    --------
    >>> gray_levels(np.array([[[1.0, 30.0, 80.0]]]), np.array([[[True, True, False]]]))
    array([[[1, 2, 0]]], dtype=int32)
    """
    inside = array[mask]
    levels = np.zeros(array.shape, np.int32)
    levels[mask] = np.digitize(inside, bin_edges(inside, bin_width=bin_width, bin_count=bin_count))
    return levels


@dataclass(frozen=True)
class Binning:
    """How the values of a region become gray levels.

    Attributes
    ----------
    bin_width, bin_count
        As for `bin_edges`.
    standard : {"pyradiomics", "ibsi"}
        Where bins start: at multiples of the width, or at ``lowest``.
    lowest : float or None
        Lower end of the range that the region was cut to; the region's minimum where None is
        given (IBSI only).
    """

    bin_width: float = 25.0
    bin_count: int | None = None
    standard: Standard = "pyradiomics"
    lowest: float | None = None

    def levels(self, values: NDArray) -> NDArray[np.int32]:
        """Gray level of each value, 1 or more.

        Parameters
        ----------
        values : ndarray, shape (N,)
            Finite values of the region, in the scan's own type.

        Returns
        -------
        ndarray of int32, shape (N,)

        Raises
        ------
        InputError
            As `bin_edges`.

        References
        ----------
        Image Biomarker Standardisation Initiative, reference manual, 2.7 (Q3RU, K15C).

        Examples
        --------
        >>> values = np.array([54.0, 78.0, 166.0])
        >>> Binning(25).levels(values).tolist()
        [1, 2, 5]
        >>> Binning(25, standard="ibsi").levels(values).tolist()
        [1, 1, 5]
        """
        if self.standard == "pyradiomics":
            edges = bin_edges(values, bin_width=self.bin_width, bin_count=self.bin_count)
            return np.digitize(values, edges).astype(np.int32)
        exact = values.astype(np.float64)
        bin_edges(exact, bin_width=self.bin_width, bin_count=self.bin_count)  # refuses too many
        low, high = exact.min(), exact.max()
        if self.bin_count is not None:
            if low == high:
                return np.ones(values.shape, np.int32)
            part = self.bin_count * (exact - low) / (high - low)
            return np.minimum(np.floor(part) + 1, self.bin_count).astype(np.int32)
        start = low if self.lowest is None else self.lowest
        return (np.floor((exact - start) / self.bin_width) + 1).astype(np.int32)
