"""Whether the numbers at a color bar can be read: napari asks nobody how many there shall be."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from vispy.visuals import AxisVisual

__all__ = ["ticks_fit", "ticks_of"]

_LEAST, _LINE = 2, 15  # numbers, and pixels from one to the next
_DPI = 96  # of no effect on so short an axis, and needed


@lru_cache(maxsize=1)
def _axis() -> AxisVisual:
    """An axis from 0 to 1 that is drawn nowhere."""
    ends = np.array([[0.0, 0.0], [1.0, 0.0]])
    axis = AxisVisual(pos=ends, major_tick_length=0, tick_label_margin=0)
    axis.transforms.dpi = _DPI
    return axis


@lru_cache(maxsize=256)
def ticks_of(low: float, high: float) -> tuple[float, ...]:
    """Where vispy, which napari draws with, puts numbers between two limits, from 0 to 1.

    Examples
    --------
    >>> ticks_of(0.0, 1.0)
    (0.0, 0.5, 1.0)
    >>> len(ticks_of(57.0, 125.0)), len(ticks_of(1.3, 2.6))
    (7, 3)
    """
    axis = _axis()
    axis.domain = low, high
    _, labels, places, *_ = axis.ticker.get_update()
    found = np.reshape(np.asarray(places, float), (len(labels), -1))
    return tuple(sorted(round(float(place), 6) for place in found[:, 0])) if len(labels) else ()


def ticks_fit(limits: tuple[float, float], height: int) -> bool:
    """Whether a bar of a height in pixels has two numbers or more, none of them on another.

    Examples
    --------
    >>> ticks_fit((57.0, 125.0), 50), ticks_fit((57.0, 125.0), 110)
    (False, True)
    """
    low, high = limits
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        return False
    places = ticks_of(float(low), float(high))
    return len(places) >= _LEAST and float(np.diff(places).min()) * height >= _LINE
