"""Connections of a widget to the viewer's events that end with the widget."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from qtpy.compat import isalive
from qtpy.QtWidgets import QWidget

__all__ = ["Connections"]


class Connections:
    """Connections to events of napari, silent once the widget is gone.

    The viewer outlives a closed dock, whose Qt half is gone while Python may still hold the
    rest: a callback then would fail. So each is called only while the widget is alive, and
    the viewer holds it weakly.

    Parameters
    ----------
    owner : QWidget
        Whose methods are connected.
    """

    def __init__(self, owner: QWidget) -> None:
        self._owner = weakref.ref(owner)
        self._made: list[tuple[Any, Callable[..., None]]] = []

    def add(self, event: Any, callback: Callable[..., Any]) -> None:
        """Connect a method of the widget to an event."""
        owner, method = self._owner, weakref.WeakMethod(callback)

        def call(event: Any = None) -> None:
            widget, called = owner(), method()
            if widget is not None and called is not None and isalive(widget):
                called(event)

        event.connect(call)
        self._made.append((event, call))

    def has(self, event: Any) -> bool:
        """Whether a method is connected to an event."""
        return any(made[0] is event for made in self._made)

    def drop(self, event: Any) -> None:
        """Undo the connections to one event."""
        for made in [made for made in self._made if made[0] is event]:
            self._made.remove(made)
            made[0].disconnect(made[1])
