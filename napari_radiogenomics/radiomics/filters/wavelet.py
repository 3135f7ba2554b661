"""Wavelet parts of a scan: smooth (L) or detailed (H) along each axis."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.filter import Filter, Source
from napari_radiogenomics.registry import did_you_mean

__all__ = ["FILTER"]

# Voxels in a slab: 10 ms of work or so.
_VOXELS = 200_000


def _apply(
    source: Source,
    *,
    wavelet: str,
    level: int,
    start_level: int,
    force2D: bool,
    force2Ddimension: int,
) -> Iterator[tuple[str, NDArray]]:
    axes = [axis for axis in (2, 1, 0) if not (force2D and axis == force2Ddimension)]
    bank = _wavelet(wavelet)
    reach = _reach(source.spacing, wavelet=wavelet, level=level, start_level=start_level)
    data, inside = _wrapped(source, reach, axes)
    smooth = "a" * len(axes)
    for _ in range(start_level):
        data = _split(data, bank, axes, source)[smooth]
    for step in range(1, level + 1):
        parts = _split(data, bank, axes, source)
        data = parts.pop(smooth)
        for letters, part in parts.items():
            yield _name(step, letters), part[inside]
    yield _name(level, smooth), data[inside]


def _split(data: NDArray, bank: Any, axes: list[int], source: Source) -> dict[str, NDArray]:
    """One level of PyWavelets' ``swtn``, in its order: smooth (a) and detail (d) along each axis.

    One slab across the first other axis is a step.
    """
    from pywt import swt

    kind = np.result_type(data.dtype, np.float32) if data.dtype.kind == "f" else np.float64
    parts = {"": np.asarray(data, kind)}
    steps = [(axis, slab) for axis in axes for slab in _slabs(data.shape, axis)]
    halves: dict[str, NDArray] = {}
    for axis, slab in source.progress(steps, FILTER.title):
        for letters, part in parts.items():
            for half, found in zip("ad", swt(part[slab], bank, level=1, axis=axis)[0], strict=True):
                whole = halves.setdefault(letters + half, np.empty(part.shape, found.dtype))
                whole[slab] = found
        if slab[-1].stop >= data.shape[len(slab) - 1]:
            parts, halves = halves, {}
    return parts


def _slabs(shape: tuple[int, ...], axis: int) -> list[tuple[slice, ...]]:
    """Slabs of a few hundred thousand voxels that keep an axis whole."""
    across = 1 if axis == 0 else 0
    thick = max(1, _VOXELS * shape[across] // math.prod(shape))
    return [(*[slice(None)] * across, slice(k, k + thick)) for k in range(0, shape[across], thick)]


def _name(step: int, letters: str) -> str:
    number = "" if step == 1 else str(step)
    return f"wavelet{number}-" + letters.replace("a", "L").replace("d", "H")


def _wavelet(name: str) -> Any:
    from pywt import Wavelet, wavelist

    known = wavelist(kind="discrete")
    if name not in known:
        raise InputError(f'Unknown wavelet "{name}". {did_you_mean(str(name), known)}')
    return Wavelet(name)


def _reach(
    spacing: tuple[float, float, float],
    *,
    wavelet: str,
    level: int,
    start_level: int,
    **settings: Any,
) -> tuple[int, int, int]:
    if level < 1 or start_level < 0:
        raise InputError(
            f"level is 1 or more and start_level 0 or more; got {level} and {start_level}."
        )
    far = _wavelet(wavelet).dec_len * (level + start_level)
    return far, far, far


def _wrapped(
    source: Source, reach: tuple[int, int, int], axes: list[int]
) -> tuple[NDArray, tuple[slice, ...]]:
    """Values that reach the box; beyond its edge the scan begins again on the other side.

    An odd number of voxels is made even by the first of them, as PyRadiomics does.
    """
    places, inside = [], []
    for axis, (part, far, size) in enumerate(
        zip(source.box, reach, source.array.shape, strict=True)
    ):
        even = size + size % 2
        first, count = part.start - far, part.stop - part.start + 2 * far
        count += count % 2
        if axis not in axes or count >= even:
            first, count = 0, even
        start = part.start - first
        inside.append(slice(start, start + part.stop - part.start))
        places.append((np.arange(first, first + count) % even) % size)
    low, high = int(places[0].min()), int(places[0].max()) + 1
    source.require_measured(low, high)
    values = source.array[np.ix_(*places)]
    source.require_finite(values)
    return values, tuple(inside)


FILTER = Filter(
    "Wavelet",
    "Wavelet",
    "The scan split into smooth (L) and detailed (H) parts along x, y and z.",
    "stationary wavelet transform, one level at a time, periodic",
    _apply,
    settings={
        "wavelet": "coif1",
        "level": 1,
        "start_level": 0,
        "force2D": False,
        "force2Ddimension": 0,
    },
    reach=_reach,
    doi="10.1017/CBO9780511841040",
    limits="Near an edge of the scan it looks at the opposite edge. Parts along thick slices "
    "compare tissue far apart.",
)
