"""What is told of the data: as a warning at once, and on the result for later."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from napari_radiogenomics.errors import DataWarning

__all__ = ["warned"]


def warned(said: Sequence[str]) -> tuple[str, ...]:
    """Warn whoever called the function that calls this one's caller; answer with what was said.

    Parameters
    ----------
    said : sequence of str
        Sentences; without any nobody is warned.
    """
    if said:
        warnings.warn(" ".join(said), DataWarning, stacklevel=4)
    return tuple(said)
