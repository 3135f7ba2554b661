"""One helper of each kind for each viewer, kept for as long as the viewer lives."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Attached", "attached", "is_attached", "plain_viewer"]

H = TypeVar("H", bound="Attached")

_HELPERS: weakref.WeakKeyDictionary[Any, dict[type[Attached], Attached]]
_HELPERS = weakref.WeakKeyDictionary()


def plain_viewer(viewer: ViewerModel) -> ViewerModel:
    """Return the viewer itself where a plugin was handed napari's proxy of it."""
    return inspect.unwrap(viewer)


class Attached:
    """Base of what accompanies a viewer: it holds the viewer weakly, so both can go.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer: Callable[[], ViewerModel | None] = weakref.ref(plain_viewer(viewer))

    @property
    def viewer(self) -> ViewerModel:
        """The viewer.

        Raises
        ------
        ReferenceError
            If it is gone.
        """
        viewer = self._viewer()
        if viewer is None:
            raise ReferenceError("The viewer is closed.")
        return viewer


def attached(viewer: ViewerModel, kind: type[H]) -> H:
    """Return the viewer's helper of this kind, made on first use.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    kind : type
        Class that takes the viewer alone.

    Returns
    -------
    Attached
        The same helper at every call for the same viewer.
    """
    helpers = _HELPERS.setdefault(plain_viewer(viewer), {})
    if kind not in helpers:
        helpers[kind] = kind(viewer)
    return helpers[kind]  # type: ignore[return-value]


def is_attached(viewer: ViewerModel, kind: type[Attached]) -> bool:
    """Whether the viewer has a helper of this kind."""
    return kind in _HELPERS.get(plain_viewer(viewer), {})
