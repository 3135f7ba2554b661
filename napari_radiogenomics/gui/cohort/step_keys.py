"""PageDown and PageUp on the canvas: the next patient and the one before."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["bind_step_keys"]

_KEYS = {"PageDown": 1, "PageUp": -1}


def bind_step_keys(viewer: ViewerModel, step: Callable[[int], None]) -> None:
    """Bind the keys for as long as the owner of a method lives; keys that are taken stay so.

    Parameters
    ----------
    viewer : ViewerModel
        Whose keys.
    step : callable
        Method that is told 1 or -1.
    """
    taken = {str(bound) for bound in (*viewer.keymap, *viewer.class_keymap)}
    free = {key: by for key, by in _KEYS.items() if key not in taken}
    step_of = weakref.WeakMethod(step)  # the viewer outlives a closed dock
    alive = weakref.ref(viewer)

    def bind(key: str, by: int) -> None:
        def press(_viewer: object) -> None:
            bound = step_of()
            if bound is not None:
                bound(by)

        viewer.bind_key(key, press)

    def release() -> None:
        there = alive()
        for key in free:
            if there is not None:
                there.bind_key(key, None, overwrite=True)

    for key, by in free.items():
        bind(key, by)
    weakref.finalize(step.__self__, release).atexit = False  # type: ignore[attr-defined]
