"""Linear algebra in one thread, where matrices are too small to share."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any

__all__ = ["one_thread"]


def one_thread() -> AbstractContextManager[Any]:
    """Limit linear algebra to one thread within a ``with``.

    Handing a small matrix to several threads costs more than it saves, and on a machine that is
    busy they wait for each other.

    Examples
    --------
    >>> import numpy as np
    >>> with one_thread():
    ...     np.linalg.svd(np.eye(3), compute_uv=False).tolist()
    [1.0, 1.0, 1.0]
    """
    limit: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return limit


@functools.cache
def _libraries() -> Any:
    """The libraries of linear algebra that are loaded; looking for them takes 10 ms."""
    import scipy.linalg  # noqa: F401 - it brings its own
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
