"""What the canvas shows of a slide while tiles are read: no picture waits, none goes black.

Strategy: napari asks for the pixels in sight within the event of the mouse that pans. It gets
what is there: tiles that were read before, elsewhere a coarser level. What lacks is read in a
thread, the newest wish first, and then the layer is drawn again. A tile that cannot be read is
hatched and told.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import RadiogenomicsError
from napari_radiogenomics.io.slides.levels import UNREADABLE

if TYPE_CHECKING:
    from napari_radiogenomics.data.slide import Slide

__all__ = ["HATCH", "ShownLevel", "ShownPyramid"]

# Side of what is read and kept at once, in pixels.
_SIDE = 512
_MOST_BYTES = 256_000_000
# The coarsest picture is held in memory; a larger one is thinned out to this many pixels.
_OVERVIEW_PIXELS = 4_000_000
HATCH = np.array([[214, 40, 90], [235, 235, 235]], np.uint8)
"""The two colors of a tile that cannot be read: no stain looks so."""

Box = tuple[int, int, int, int]
Key = tuple[int, int, int]


def _nothing(*_: Any) -> None:
    pass


class ShownLevel:
    """One level, as napari slices it.

    Parameters
    ----------
    pyramid : ShownPyramid
        Whose it is.
    number : int
        Of the level; 0 is the finest.
    shape : tuple of int
        Rows, columns, 3.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, pyramid: ShownPyramid, number: int, shape: tuple[int, ...]) -> None:
        self._pyramid, self._number = pyramid, number
        self.shape = shape
        self.size = int(np.prod(shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        """Pixels as far as they are there, else those of a coarser level."""
        key = key if isinstance(key, tuple) else (key,)
        rows, columns = (
            np.arange(size)[key[axis] if axis < len(key) else slice(None)]
            for axis, size in enumerate(self.shape[:2])
        )
        if not (rows.size and columns.size):
            return np.zeros((*rows.shape, *columns.shape, 3), np.uint8)
        top, left = int(rows.min()), int(columns.min())
        box = top, int(rows.max()) + 1, left, int(columns.max()) + 1
        found = self._pyramid.picture(self._number, box)
        found = found[rows - top][..., columns - left, :]
        return found[..., key[2]] if len(key) > 2 else found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        """All of it: napari asks for that of the coarsest level, for its thumbnail."""
        return np.asarray(self[:], dtype)


class ShownPyramid:
    """A slide for the canvas.

    Parameters
    ----------
    slide : Slide
        Its levels may be lazy.
    wait : bool, optional
        Read what is asked for at once instead of in a thread: for scripts without a window.

    Attributes
    ----------
    levels : list of ShownLevel
        For a layer of napari.
    arrived, failed : callable
        Called from the thread when tiles were read, and with a message when one cannot be.
    """

    def __init__(self, slide: Slide, *, wait: bool = False) -> None:
        self.arrived: Callable[[], None] = _nothing
        self.failed: Callable[[str], None] = _nothing
        self._sources = list(slide.levels)
        self._wait, self._closed = wait, False
        self._tiles: OrderedDict[Key, NDArray[np.uint8]] = OrderedDict()
        self._lock = threading.Lock()
        self._wish: list[Key] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="slide")
        self._busy = False
        self._messages: list[str] = []
        self._overview = self._make_overview()
        shapes = [tuple(source.shape) for source in self._sources]
        self._shapes = [*shapes[: len(self._sources) - self._whole], self._overview.shape]
        self.levels = [ShownLevel(self, n, shape) for n, shape in enumerate(self._shapes)]

    def _make_overview(self) -> NDArray[np.uint8]:
        """The coarsest picture, thinned out where it is large."""
        last = self._sources[-1]
        rows, columns = last.shape[:2]
        step = int(np.ceil((rows * columns / _OVERVIEW_PIXELS) ** 0.5))
        self._whole = step <= 1  # it is the last level itself
        found = np.zeros((-(-rows // step), -(-columns // step), 3), np.uint8)
        side = _SIDE * step
        for top in range(0, rows, side):
            for left in range(0, columns, side):
                box = top, min(top + side, rows), left, min(left + side, columns)
                part = self._read(len(self._sources) - 1, box)[::step, ::step]
                y, x = top // step, left // step
                found[y : y + part.shape[0], x : x + part.shape[1]] = part
        return found

    @property
    def messages(self) -> tuple[str, ...]:
        """What could not be read."""
        return tuple(self._messages)

    def picture(self, number: int, box: Box, *, ask: bool = True) -> NDArray[np.uint8]:
        """Pixels of a level.

        Parameters
        ----------
        number : int
            Of the level.
        box : tuple of int
            First row, row behind the last, first column, column behind the last.
        ask : bool, optional
            Have read what lacks.
        """
        top, bottom, left, right = box
        if number == len(self._shapes) - 1:
            return self._overview[top:bottom, left:right]
        keys = self._keys(number, box)
        lacking = [key for key in keys if key not in self._tiles]
        if lacking and self._wait:
            self._load(lacking)
        elif lacking and ask:
            self._ask_for(lacking)
        with self._lock:
            there = {key: self._tiles[key] for key in keys if key in self._tiles}
            for key in there:
                self._tiles.move_to_end(key)
        if len(there) < len(keys):
            found = self._stand_in(number, box)
        else:
            found = np.empty((bottom - top, right - left, 3), np.uint8)
        for (_, row, column), tile in there.items():
            y, x = row * _SIDE - top, column * _SIDE - left
            part = tile[max(0, -y) : bottom - top - y, max(0, -x) : right - left - x]
            y, x = max(y, 0), max(x, 0)
            found[y : y + part.shape[0], x : x + part.shape[1]] = part
        return found

    def _keys(self, number: int, box: Box) -> list[Key]:
        top, bottom, left, right = box
        return [
            (number, row, column)
            for row in range(top // _SIDE, -(-bottom // _SIDE))
            for column in range(left // _SIDE, -(-right // _SIDE))
        ]

    def _stand_in(self, number: int, box: Box) -> NDArray[np.uint8]:
        """Pixels of the next coarser level, enlarged."""
        own, coarse = self._shapes[number], self._shapes[number + 1]
        rows, columns = (
            np.minimum((np.arange(*ends) + 0.5) * coarse[axis] / own[axis], coarse[axis] - 1)
            .astype(np.intp)
            for axis, ends in enumerate((box[:2], box[2:]))
        )  # fmt: skip
        inner = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
        found = self.picture(number + 1, inner, ask=False)
        return found[rows - rows[0]][:, columns - columns[0]]

    # Reading

    def _ask_for(self, keys: list[Key]) -> None:
        """Wish for tiles; an older wish that was not begun is dropped."""
        with self._lock:
            self._wish = keys
            if self._busy or self._closed:
                return
            self._busy = True
        self._thread.submit(self._work)

    def _work(self) -> None:
        while True:
            with self._lock:
                keys, self._wish = self._wish, []
                keys = [key for key in keys if key not in self._tiles]
                if not keys or self._closed:
                    self._busy = False
                    return
            self._load(keys)
            self.arrived()

    def _load(self, keys: list[Key]) -> None:
        """Read tiles of one level, together where they all can be read."""
        number = keys[0][0]
        rows, columns = [key[1] for key in keys], [key[2] for key in keys]
        around = self._box((number, min(rows), min(columns)))
        last = self._box((number, max(rows), max(columns)))
        box = around[0], last[1], around[2], last[3]
        told = len(self._messages)
        found = self._read(number, box)
        for key in keys:
            top, bottom, left, right = self._box(key)
            y, x = top - box[0], left - box[2]
            self._keep(key, found[y : y + bottom - top, x : x + right - left])
        for message in self._messages[told:]:
            self.failed(message)

    def _box(self, key: Key) -> Box:
        number, row, column = key
        rows, columns = self._sources[number].shape[:2]
        top, left = row * _SIDE, column * _SIDE
        return top, min(top + _SIDE, rows), left, min(left + _SIDE, columns)

    def _read(self, number: int, box: Box) -> NDArray[np.uint8]:
        """Read pixels; where they cannot be, by smaller and smaller parts, and hatched."""
        top, bottom, left, right = box
        try:
            return np.asarray(self._sources[number][top:bottom, left:right])
        except (RadiogenomicsError, *UNREADABLE) as error:
            if max(bottom - top, right - left) <= _SIDE // 2:
                self._messages.append(str(error))
                return _hatched(box)
        if bottom - top >= right - left:
            middle = _middle(top, bottom)
            halves = [(top, middle, left, right), (middle, bottom, left, right)]
        else:
            middle = _middle(left, right)
            halves = [(top, bottom, left, middle), (top, bottom, middle, right)]
        axis = 0 if halves[0][1] < bottom else 1
        return np.concatenate([self._read(number, half) for half in halves], axis=axis)

    def _keep(self, key: Key, tile: NDArray[np.uint8]) -> None:
        with self._lock:
            self._tiles[key] = np.ascontiguousarray(tile)
            while len(self._tiles) * _SIDE * _SIDE * 3 > _MOST_BYTES:
                self._tiles.popitem(last=False)

    def close(self) -> None:
        """Read no more, and let go of what was read."""
        self._closed = True
        self.arrived = self.failed = _nothing
        self._thread.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._tiles.clear()


def _middle(first: int, last: int) -> int:
    """Middle of a range, at a multiple of a small tile where there is one within."""
    middle = (first + last) // 2 // (_SIDE // 4) * (_SIDE // 4)
    return middle if first < middle < last else (first + last) // 2


def _hatched(box: Box) -> NDArray[np.uint8]:
    """Slanted stripes."""
    top, bottom, left, right = box
    along = np.arange(top, bottom)[:, None] + np.arange(left, right)
    found: NDArray[np.uint8] = HATCH[along // 16 % 2]
    return found
