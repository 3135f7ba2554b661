"""Where napari's own brush, eraser, bucket and polygon may paint on a Labels layer.

A guard accompanies a Labels layer. It lets napari paint, then puts back what was not to be
painted, within the same undo step, before anything is drawn; so locked labels and a range of
values hold for every tool of napari, in every linked view.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.gui.layers.keys import LOCKED

if TYPE_CHECKING:
    from napari.layers import Labels

__all__ = ["Guard", "PaintRule", "guard_of", "locked_of"]

_KEY = "_radiogenomics_guard"
_PAINTING = ("paint", "fill", "paint_polygon")


@dataclass(frozen=True)
class PaintRule:
    """What a brush may paint on, besides locked labels.

    Attributes
    ----------
    values : ndarray, shape (Z, Y, X), or None
        Values of the scan on the screen; needed for a range.
    low, high : float or None
        Range of the values that may be painted, both ends included.
    inside : tuple of int
        Only voxels of these labels; 0 is the background. Empty: anywhere.
    """

    values: NDArray | None = field(default=None, compare=False)
    low: float | None = None
    high: float | None = None
    inside: tuple[int, ...] = ()

    def allows(self, part: tuple[slice, ...], before: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Voxels of a part of the layer that may be painted.

        Parameters
        ----------
        part : tuple of slice
            The part.
        before : ndarray of int
            Its labels before painting.

        Examples
        --------
        >>> rule = PaintRule(np.array([[[10, 20, 30]]]), low=15, inside=(0,))
        >>> everything = (slice(None),) * 3
        >>> rule.allows(everything, np.array([[[0, 0, 2]]])).tolist()
        [[[False, True, False]]]
        """
        allowed = np.ones(before.shape, bool)
        if self.values is not None and self.low is not None:
            allowed &= self.values[part] >= self.low
        if self.values is not None and self.high is not None:
            allowed &= self.values[part] <= self.high
        if self.inside:
            allowed &= np.isin(before, self.inside)
        return allowed


def locked_of(layer: Labels) -> frozenset[int]:
    """Label values of a layer that are locked."""
    return frozenset(layer.metadata.get(LOCKED, ()))


class Guard:
    """Keeps napari's painting on one layer within its rule and off locked labels.

    Parameters
    ----------
    layer : napari.layers.Labels
        The layer; its painting methods are wrapped as long as it lives.

    Attributes
    ----------
    rule : PaintRule
        Where to paint.
    locked : callable
        Answers with the locked labels; for the copy of a layer in a linked view, those of the
        layer itself.
    refused : list of callable
        Called with a message when nothing was painted: a label is locked, or a range is left.
    """

    def __init__(self, layer: Labels) -> None:
        self.rule = PaintRule()
        self.locked: Callable[[], frozenset[int]] = lambda: locked_of(layer)
        self.refused: list[Callable[[str], None]] = []
        self._inside = False
        self._originals: dict[str, Callable[..., None]] = {}
        for name in (*_PAINTING, "data_setitem"):
            self._originals[name] = getattr(layer, name)
        for name in _PAINTING:
            setattr(layer, name, self._painting(layer, name))
        layer.data_setitem = self._setting(layer)

    def _painting(self, layer: Labels, name: str) -> Callable[..., None]:
        original = self._originals[name]

        def paint(place: Any, new_label: int, *more: Any, **settings: Any) -> None:
            idle = not self.locked() and self.rule == PaintRule()
            if self._inside or idle or layer.multiscale:
                original(place, new_label, *more, **settings)
                return
            if new_label in self.locked():
                self._refuse(f"Label {new_label} is locked. Unlock it, or choose another label.")
                return
            self._inside = True
            try:
                self._paint_within(layer, original, place, new_label, *more, **settings)
            finally:
                self._inside = False

        return paint

    def _paint_within(
        self,
        layer: Labels,
        original: Callable[..., None],
        place: Any,
        new_label: int,
        *more: Any,
        **settings: Any,
    ) -> None:
        """Paint, and put back what was not to be painted, as one undo step.

        Within a stroke napari gathers the steps itself. A single call is one step already when
        it returns: then it is taken back and done again as a gathered one.
        """
        part = _painted_part(layer, original.__name__, place)
        before = np.array(layer.data[part])
        counted = _counted(layer, lambda: original(place, new_label, *more, **settings))
        self._tell_if_nothing(layer, part, before)
        if counted:
            if not self._forbidden(layer, part, before).any():
                return
            layer.undo()
            with layer.block_history():
                original(place, new_label, *more, **settings)
                self._put_back(layer, part, before)
        else:
            self._put_back(layer, part, before)

    def _tell_if_nothing(
        self, layer: Labels, part: tuple[slice, ...], before: NDArray[np.integer]
    ) -> None:
        """Say why where all that was painted is put back."""
        changed = np.asarray(layer.data[part]) != before
        if not changed.any() or (changed & ~self._forbidden(layer, part, before)).any():
            return
        locked = [int(v) for v in np.unique(before[changed]) if v in self.locked()]
        if locked:
            which = "Label" if len(locked) == 1 else "Labels"
            names = ", ".join(map(str, locked))
            verb, them = ("is", "it") if len(locked) == 1 else ("are", "them")
            self._refuse(f"{which} {names} {verb} locked. Unlock {them} to change what is there.")
        else:
            self._refuse(
                "Nothing was painted: it lies outside what the brush is kept to. Change Brush "
                "below the table of labels."
            )

    def _forbidden(
        self, layer: Labels, part: tuple[slice, ...], before: NDArray[np.integer]
    ) -> NDArray[np.bool_]:
        """Voxels of a part that were painted and must not be."""
        allowed = self.rule.allows(part, before)
        locked = self.locked()
        if locked:
            allowed &= ~np.isin(before, [*locked])
        return (np.asarray(layer.data[part]) != before) & ~allowed

    def _put_back(
        self, layer: Labels, part: tuple[slice, ...], before: NDArray[np.integer]
    ) -> None:
        forbidden = self._forbidden(layer, part, before)
        if forbidden.any():
            corner = [one.start or 0 for one in part]
            places = np.nonzero(forbidden)
            indices = tuple(p + c for p, c in zip(places, corner, strict=True))
            self._originals["data_setitem"](indices, before[forbidden])

    def _setting(self, layer: Labels) -> Callable[..., None]:
        original = self._originals["data_setitem"]

        def data_setitem(indices: Any, value: Any, refresh: bool = True) -> None:
            locked = self.locked()
            if not locked:
                original(indices, value, refresh)
                return
            values = np.broadcast_to(value, np.shape(layer.data[indices]))
            kept = np.isin(layer.data[indices], [*locked]) | np.isin(values, [*locked])
            changed = values != layer.data[indices]
            if (kept & changed).any():
                self._refuse("Locked labels stay as they are. Unlock them to change them.")
            left = tuple(np.asarray(index)[~kept] for index in indices)
            original(left, np.array(values[~kept]), refresh)

        return data_setitem

    def _refuse(self, text: str) -> None:
        for tell in self.refused:
            tell(text)


def _counted(layer: Labels, paint: Callable[[], None]) -> bool:
    """Paint, and say whether that was an undo step of its own."""
    steps: list[Any] = []

    def count(event: Any = None) -> None:
        steps.append(event)

    layer.events.paint.connect(count)
    try:
        paint()
    finally:
        layer.events.paint.disconnect(count)
    return bool(steps)


def _painted_part(layer: Labels, method: str, place: Any) -> tuple[slice, ...]:
    """Part of the voxels that a call may change: around the brush, else all."""
    if method != "paint":
        return tuple(slice(0, n) for n in layer.data.shape)
    reach = int(layer.brush_size) // 2 + 2
    middle = np.round(np.asarray(place, float)).astype(int)
    return tuple(
        slice(max(int(m) - reach, 0), max(min(int(m) + reach + 1, n), 0))
        for m, n in zip(middle, layer.data.shape, strict=True)
    )


def guard_of(layer: Labels) -> Guard:
    """Return the guard of a layer, made on first use.

    Parameters
    ----------
    layer : napari.layers.Labels
        The layer.

    Examples
    --------
    >>> from napari.layers import Labels
    >>> drawn = Labels(np.array([[0, 1, 2]]), metadata={LOCKED: {2}})
    >>> _ = guard_of(drawn)
    >>> drawn.data_setitem((np.array([0, 0]), np.array([0, 2])), 1)
    >>> drawn.data.tolist()
    [[1, 1, 2]]
    """
    guard = layer.__dict__.get(_KEY)
    if guard is None:
        guard = layer.__dict__[_KEY] = Guard(layer)
    return guard
