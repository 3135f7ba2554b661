"""Values of a region on a large grid, in the room of the region alone.

Letters: V voxels of the region; (Z, Y, X) the grid, (z, y, x) the box around the region.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import InputError

__all__ = ["Inlay", "tight"]


class Inlay(NDArrayOperatorsMixin):
    """An array of a whole grid that is one value but for a region.

    It can be indexed, computed with and given to NumPy as any array. A slice or the voxels of
    a mask are made when they are asked for; everything else makes the whole array for the
    moment.

    Parameters
    ----------
    values : ndarray, shape (V,)
        Values of the region, in scan order.
    inside : ndarray of bool, shape (z, y, x)
        The region in its box; may be shared by many.
    start : tuple of int
        Where the box begins, along Z, Y, X.
    shape : tuple of int
        Of the whole grid.
    fill : float, optional
        Value outside the region.

    Examples
    --------
    >>> array = Inlay(np.array([5.0, 7.0]), np.ones((1, 1, 2), bool), (0, 0, 1), (1, 1, 4))
    >>> array[0].tolist()
    [[nan, 5.0, 7.0, nan]]
    >>> (2 * array).shape, float(np.nansum(array))
    ((1, 1, 4), 12.0)
    """

    def __init__(
        self,
        values: NDArray,
        inside: NDArray[np.bool_],
        start: tuple[int, int, int],
        shape: tuple[int, int, int],
        fill: float = np.nan,
    ) -> None:
        self.values, self.inside, self.start, self.fill = values, inside, start, fill
        self.shape, self.dtype, self.ndim = shape, values.dtype, 3
        self.size = int(np.prod(shape))

    def __repr__(self) -> str:
        return f"Inlay({self.values.size} voxels of {self.shape}, {self.dtype})"

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Where the region's box lies in the grid."""
        places = zip(self.start, self.inside.shape, strict=True)
        z, y, x = (slice(start, start + n) for start, n in places)
        return z, y, x

    @property
    def part(self) -> NDArray:
        """The box, shape (z, y, x)."""
        return self._rows(0, len(self.inside))

    def _rows(self, low: int, high: int) -> NDArray:
        """Slices of the box from ``low`` to ``high``."""
        inside = self.inside[low:high]
        first = int(np.count_nonzero(self.inside[:low]))
        part = np.full(inside.shape, self.fill, self.dtype)
        part[inside] = self.values[first : first + int(np.count_nonzero(inside))]
        return part

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        if copy is False:
            raise ValueError("The whole array is made anew each time: it cannot be had uncopied.")
        return self._block(tuple(slice(None) for _ in self.shape)).astype(
            dtype or self.dtype, copy=False
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        whole = (np.asarray(x) if isinstance(x, Inlay) else x for x in inputs)
        return getattr(ufunc, method)(*whole, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "shape" not in self.__dict__:
            raise AttributeError(name)
        return getattr(np.asarray(self), name)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, np.ndarray) and index.dtype == bool and index.shape == self.shape:
            return self._masked(index)
        places = index if isinstance(index, tuple) else (index,)
        if len(places) == self.ndim + 1:
            places = tuple(place for place in places if place is not Ellipsis)
        simple = all(isinstance(p, int | np.integer | slice) for p in places)
        if simple and len(places) <= self.ndim:
            return self._block(places)
        return np.asarray(self)[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        raise InputError(
            "The array of a map cannot be written to: it holds its region alone. Change a copy: "
            "array = np.array(image.array)."
        )

    def _masked(self, mask: NDArray[np.bool_]) -> NDArray:
        inner = mask[self.box]
        if np.count_nonzero(inner) == np.count_nonzero(mask):
            return self.part[inner]
        return np.asarray(self)[mask]

    def _block(self, places: tuple[Any, ...]) -> NDArray:
        """Voxels at whole numbers and slices, as indexing an array gives them."""
        places += (slice(None),) * (self.ndim - len(places))
        axes = [np.arange(n)[p] for n, p in zip(self.shape, places, strict=True)]
        found = np.full(tuple(np.size(axis) for axis in axes), self.fill, self.dtype)
        near = [np.atleast_1d(axis) - start for axis, start in zip(axes, self.start, strict=True)]
        kept = [(a >= 0) & (a < n) for a, n in zip(near, self.inside.shape, strict=True)]
        z, y, x = (a[k] for a, k in zip(near, kept, strict=True))
        if z.size and y.size and x.size:
            low = int(z.min())
            rows = self._rows(low, int(z.max()) + 1)
            found[np.ix_(*kept)] = rows[np.ix_(z - low, y, x)]
        return found.reshape(tuple(n for axis in axes for n in np.shape(axis)))[()]


def tight(image: Image) -> Image:
    """The box of an image that holds a region alone; any other image as it is.

    Parameters
    ----------
    image : Image
        For example a texture map.

    Returns
    -------
    Image
        With an ordinary array, at the same place in the patient.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> array = Inlay(np.array([5.0]), np.ones((1, 1, 1), bool), (0, 0, 2), (1, 1, 4))
    >>> small = tight(Image(array, Geometry((4, 1, 1), spacing=(2, 1, 1))))
    >>> small.array.tolist(), small.geometry.origin
    ([[[5.0]]], (4.0, 0.0, 0.0))
    """
    array = cast(Any, image.array)
    if not isinstance(array, Inlay):
        return image
    inside = range(array.box[0].start, array.box[0].stop)
    blank = tuple(k - inside.start for k in image.blank_slices if k in inside)
    geometry = image.geometry.part(array.box)
    return replace(image, array=array.part, geometry=geometry, blank_slices=blank)
