"""What was drawn by hand, remembered when a tool has grown regions from it.

Apply writes regions over the strokes they grew from and leaves the background empty. A correction
that is drawn then has to be learned beside these strokes, not beside the regions: thousands of
voxels of a region against a few of its background would take everything for the region.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.segmentation.edit import holder_of

if TYPE_CHECKING:
    from napari.layers import Labels

__all__ = ["FROM_STROKES", "Drawn", "StrokeMemory", "strokes_of"]

FROM_STROKES = ("grow", "classify_pixels")
"""Names of the tools that grow regions from strokes."""
_MOST_STATES = 8


@dataclass(frozen=True, eq=False)
class Drawn:
    """Labels as they were at a time, and the strokes behind them.

    Attributes
    ----------
    labels : ndarray of int, shape (Z, Y, X)
        On the true grid.
    strokes : ndarray of int, shape (Z, Y, X)
        What was drawn by hand, the background too.
    """

    labels: NDArray[np.integer]
    strokes: NDArray[np.integer]


def strokes_of(
    labels: NDArray[np.integer],
    known: Sequence[Drawn],
    *,
    background: int | None = None,
    competing: Collection[int] | None = None,
    locked: Collection[int] = (),
) -> NDArray[np.integer]:
    """Strokes behind labels: those remembered, and what was corrected by hand since.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
        As they are now.
    known : sequence of Drawn
        Earlier states. The one that differs in the fewest voxels counts, so that it does not
        matter whether a tool was taken back.
    background : int, optional
        What is erased from a grown region is a stroke of this label.
    competing : collection of int, optional
        Labels that are asked for; the others, and the locked ones, are taken as they are.
    locked : collection of int, optional
        Labels that never change.

    Returns
    -------
    ndarray of int, shape (Z, Y, X)

    Examples
    --------
    >>> drawn, grown = np.array([[[1, 0, 0, 2, 0]]]), np.array([[[1, 1, 1, 0, 0]]])
    >>> known = [Drawn(drawn, drawn), Drawn(grown, drawn)]
    >>> strokes_of(np.array([[[1, 1, 0, 0, 1]]]), known, background=2).tolist()
    [[[1, 0, 2, 2, 1]]]
    >>> strokes_of(np.array([[[1, 0, 0, 2, 2]]]), known, background=2).tolist()
    [[[1, 0, 0, 2, 2]]]
    """
    alike = [one for one in known if one.labels.shape == labels.shape]
    if not alike:
        return labels
    before = min(reversed(alike), key=lambda one: int(np.count_nonzero(one.labels != labels)))
    strokes = np.where(labels == before.labels, before.strokes, labels)
    if background is not None:
        strokes = strokes.astype(holder_of(background, strokes), copy=False)
        strokes[(labels == 0) & (before.labels > 0) & (before.strokes == 0)] = background
    fixed = _fixed(labels, competing, locked) | _fixed(strokes, competing, locked)
    return np.where(fixed, labels, strokes)


def _fixed(
    labels: NDArray[np.integer], competing: Collection[int] | None, locked: Collection[int]
) -> NDArray[np.bool_]:
    fixed = np.isin(labels, [*locked])
    if competing is not None:
        fixed |= ~np.isin(labels, [0, *competing])
    return fixed


class StrokeMemory:
    """Strokes behind the regions of each layer, for as long as its patient is open."""

    def __init__(self) -> None:
        self._known: weakref.WeakKeyDictionary[Labels, tuple[str, tuple[Drawn, ...]]] = (
            weakref.WeakKeyDictionary()
        )

    def of(self, layer: Labels) -> tuple[Drawn, ...]:
        """States of a layer that are known; none where it holds another segmentation by now."""
        name, known = self._known.get(layer, ("", ()))
        return known if name == _name(layer) else ()

    def keep(self, layer: Labels, states: Sequence[Drawn]) -> None:
        """Remember states of a layer: before a tool was applied, and after."""
        if states:
            self._known[layer] = (_name(layer), (*self.of(layer), *states)[-_MOST_STATES:])

    def forget(self) -> None:
        """Another patient: nothing drawn before counts."""
        self._known.clear()


def _name(layer: Labels) -> str:
    return str(getattr(layer.metadata.get(SOURCE), "name", ""))
