"""Progress and cancelling: one callable that wraps an iterable.

The core writes ``for block in progress(blocks, "Voxels"):`` and knows nothing else. Who
calls decides what is shown: `quiet` shows nothing, `bar` draws on a terminal, the dock
passes its own. Cancelling is a `Cancelled` raised between two steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Protocol, TypeVar

from napari_radiogenomics.errors import Cancelled

__all__ = ["Progress", "bar", "is_cancelled", "quiet", "reporting", "stop_if_cancelled"]

T = TypeVar("T")


class Progress(Protocol):
    """Wraps an iterable, reports each step, may raise `Cancelled`."""

    def __call__(self, steps: Iterable[T], what: str = "") -> Iterator[T]:
        """Yield the steps one by one; ``what`` names them."""
        ...


def quiet(steps: Iterable[T], what: str = "") -> Iterator[T]:
    """Report nothing.

    Examples
    --------
    >>> list(quiet([1, 2], "Voxels"))
    [1, 2]
    """
    yield from steps


def bar(steps: Iterable[T], what: str = "") -> Iterator[T]:
    """Draw a bar on the terminal."""
    from tqdm import tqdm

    yield from tqdm(steps, desc=what, leave=False)


def reporting(
    report: Callable[[int, int, str], None], *, cancelled: Callable[[], bool] = lambda: False
) -> Progress:
    """Make a `Progress` that calls ``report(done, total, what)`` and can be cancelled.

    Parameters
    ----------
    report : callable
        Called before each step with the number of steps done, their total (0 when it is not
        known) and what they are.
    cancelled : callable, optional
        Asked before each step; when it answers True the work stops with `Cancelled`.

    Examples
    --------
    >>> seen = []
    >>> progress = reporting(lambda done, total, what: seen.append((done, total)))
    >>> for _ in progress([10, 20], "Voxels"): pass
    >>> seen
    [(0, 2), (1, 2), (2, 2)]
    """

    def progress(steps: Iterable[T], what: str = "") -> Iterator[T]:
        total = len(steps) if isinstance(steps, Sized) else 0
        done = 0
        for step in steps:
            if cancelled():
                raise Cancelled(f"{what or 'Work'} cancelled after {done} of {total or '?'} steps.")
            report(done, total, what)
            yield step
            done += 1
        report(done, total, what)

    progress.cancelled = cancelled  # type: ignore[attr-defined]
    return progress


def is_cancelled(progress: Progress) -> bool:
    """Whether the work should stop, for who waits within a step.

    Parameters
    ----------
    progress : Progress
        One of `reporting` can tell at any time; another is asked at its next step.

    Examples
    --------
    >>> is_cancelled(reporting(print, cancelled=lambda: True)), is_cancelled(quiet)
    (True, False)
    """
    return bool(getattr(progress, "cancelled", bool)())


def stop_if_cancelled(progress: Progress, what: str) -> None:
    """Raise `Cancelled` where the work should stop, within a step that takes long.

    Parameters
    ----------
    progress : Progress
        As for `is_cancelled`.
    what : str
        What stops.
    """
    if is_cancelled(progress):
        raise Cancelled(f"{what} cancelled.")
