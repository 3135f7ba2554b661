"""What a layout of expression tables is: one module in ``io/expression_formats/``.

What a layout reads is a `RawExpression`: a matrix as it stands in the file, with what the file
says of its rows and columns. Turning it, and ruling on repeats and blanks, is `io.expression`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import Registry

__all__ = ["LAYOUTS", "ExpressionLayout", "RawExpression", "Rows", "dense"]

Rows = Literal["auto", "samples", "genes"]
_LARGEST = 2_000_000_000  # bytes


@dataclass(frozen=True)
class RawExpression:
    """An expression matrix as it stands in a file.

    Attributes
    ----------
    values : ndarray of float, shape (rows, columns)
        NaN where a cell is blank.
    row_names, column_names : sequence of str
        As in the file, stripped.
    rows : {"auto", "samples", "genes"}
        What a row is; ``"auto"`` where the file does not say.
    reason : str
        How the file says it.
    unit : str
        What the values are; empty where the file does not say.
    notes : tuple of str
        What should be known.
    facts : mapping
        Sample → what the file says of it.
    """

    values: NDArray[np.float64]
    row_names: Sequence[str]
    column_names: Sequence[str]
    rows: Rows = "auto"
    reason: str = ""
    unit: str = ""
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class ExpressionLayout:
    """One layout of expression tables.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name a person knows.
    reads : callable
        ``reads(path) -> bool``: whether this file or folder is of the layout. Looks at the name
        and the first bytes at most.
    read : callable
        ``read(path) -> RawExpression``.
    last : bool
        Asked after all others, because it takes what nobody else knows.
    """

    name: str
    title: str
    reads: Callable[[Path], bool]
    read: Callable[[Path], RawExpression]
    last: bool = False


LAYOUTS: Registry[ExpressionLayout] = Registry(
    "napari_radiogenomics.io.expression_formats",
    attribute="LAYOUT",
    noun="expression layout",
    group="napari_radiogenomics.expression_layouts",
)


def dense(matrix: Any, path: Path) -> NDArray[np.float64]:
    """Array of a matrix that may be sparse.

    Raises
    ------
    InputError
        If it would take more than 2 GB.
    """
    rows, columns = matrix.shape
    if rows * columns * 8 > _LARGEST:
        raise InputError(
            f"{path} holds {rows} × {columns} values, {rows * columns * 8 / 1e9:.1f} GB as a full "
            "table; 2 GB is the limit. Write a file with fewer samples or genes."
        )
    full = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    return np.asarray(full, np.float64)
