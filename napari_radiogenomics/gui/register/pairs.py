"""Pairs of landmarks while they are placed, one side after the other. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.registration import Landmarks

__all__ = ["Pair", "Pairs", "Side"]

Side = Literal["fixed", "moving"]
Place = tuple[float, float, float]
_MOST_UNDONE = 100


@dataclass(frozen=True)
class Pair:
    """One pair, or one side of it.

    Attributes
    ----------
    name : str
        As it is numbered.
    fixed, moving : tuple of float, or None
        x, y, z in mm of the frame of each; None where it is not placed yet.
    """

    name: str
    fixed: Place | None = None
    moving: Place | None = None

    @property
    def complete(self) -> bool:
        """Whether both sides are placed."""
        return self.fixed is not None and self.moving is not None


class Pairs:
    """Pairs in order, with undo.

    Examples
    --------
    >>> pairs = Pairs()
    >>> pairs.place("fixed", (1, 2, 3)); pairs.expected
    'moving'
    >>> pairs.place("moving", (4, 5, 0)); pairs.expected, len(pairs.complete())
    ('fixed', 1)
    >>> pairs.undo(); pairs.items[0].moving is None
    True
    """

    def __init__(self) -> None:
        self.items: tuple[Pair, ...] = ()
        self._before: list[tuple[Pair, ...]] = []

    @property
    def expected(self) -> Side:
        """Side that the next landmark is placed on: that which the open pair lacks."""
        open_ = self._open()
        if open_ is None:
            return "fixed"
        return "fixed" if self.items[open_].fixed is None else "moving"

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._before)

    def place(self, side: Side, place: tuple[float, float, float]) -> None:
        """Place a landmark: the other half of an open pair, or the first of a new one."""
        x, y, z = (float(value) for value in place)
        open_ = self._open()
        items = list(self.items)
        if open_ is not None:
            items[open_] = _with(items[open_], side, (x, y, z))
        else:
            items.append(_with(Pair(self._next_name()), side, (x, y, z)))
        self._set(items)

    def move(self, at: int, side: Side, place: tuple[float, float, float]) -> None:
        """Put one side of a pair somewhere else."""
        x, y, z = (float(value) for value in place)
        items = list(self.items)
        items[at] = _with(items[at], side, (x, y, z))
        self._set(items)

    def delete(self, at: int) -> None:
        """Take a pair away; the others keep their names."""
        self._set([pair for n, pair in enumerate(self.items) if n != at])

    def clear(self) -> None:
        """Take all pairs away."""
        if self.items:
            self._set([])

    def undo(self) -> None:
        """Undo the last change."""
        if self._before:
            self.items = self._before.pop()

    def complete(self) -> tuple[Pair, ...]:
        """Pairs with both sides."""
        return tuple(pair for pair in self.items if pair.complete)

    def landmarks(self, frames: tuple[str, str] = ("", "")) -> Landmarks:
        """Pairs with both sides as landmarks.

        Raises
        ------
        InputError
            If two of them lie on the same place.
        """
        whole = self.complete()
        return Landmarks(
            tuple(pair.name for pair in whole),
            _array([pair.fixed for pair in whole]),
            _array([pair.moving for pair in whole]),
            np.ones(len(whole)),
            frames,
        )

    def use(self, landmarks: Landmarks) -> None:
        """Take over landmarks of a table, in place of what is there."""
        rows = zip(landmarks.names, landmarks.fixed, landmarks.moving, strict=True)
        self._set([Pair(name, _place(fixed), _place(moving)) for name, fixed, moving in rows])

    def _open(self) -> int | None:
        return next((n for n, pair in enumerate(self.items) if not pair.complete), None)

    def _next_name(self) -> str:
        known = {pair.name for pair in self.items}
        return next(name for n in range(1, len(known) + 2) if (name := f"L{n}") not in known)

    def _set(self, items: list[Pair]) -> None:
        self._before = [*self._before, self.items][-_MOST_UNDONE:]
        self.items = tuple(items)


def _with(pair: Pair, side: Side, place: Place) -> Pair:
    return replace(pair, fixed=place) if side == "fixed" else replace(pair, moving=place)


def _place(point: NDArray[np.float64]) -> Place:
    x, y, z = point.tolist()
    return x, y, z


def _array(places: list[Place | None]) -> NDArray[np.float64]:
    return np.array(places, float).reshape(-1, 3)
