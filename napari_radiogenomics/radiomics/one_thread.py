"""Linear algebra in one thread, where matrices are too small to share."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any

__all__ = ["one_thread"]


def one_thread() -> AbstractContextManager[Any]:
    """Keep the libraries of linear algebra to one thread for as long as the context lasts.

    Threads that wait for each other take more computing than a small product: a Laplacian of
    Gaussian took six times the time of one thread where something else was at work.

    Examples
    --------
    >>> import numpy as np
    >>> with one_thread():
    ...     float(np.ones((3, 3)).dot(np.ones(3)).sum())
    9.0
    """
    context: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return context


@functools.cache
def _libraries() -> Any:
    """The libraries of linear algebra that are loaded; looking for them takes 10 ms."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
