"""What a preparation is: one module in ``preparations/`` that defines ``PREPARATION``.

It learns on training patients only, answers with plain values that can be saved, and is never
told the outcome.

Letters: N patients, P columns of the table, F features it makes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from napari_radiogenomics.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PREPARATIONS", "Preparation", "preparation_for"]

_IMAGING = ("imag", "radiom", "texture", "ct", "mr", "pet", "feature", "scan")
_EXPRESSION = ("rna", "gene", "express", "transcript", "count")
_CLINICAL = ("clinic", "patient", "demograph")


@dataclass(frozen=True)
class Preparation:
    """One way to make features of a table.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name in full.
    meaning : str
        What it does, in one sentence.
    defaults : mapping
        Settings and their values.
    learn : callable
        ``learn(frame, sites, settings) -> state``: plain values; ``state["columns"]`` are the
        columns it reads, ``state["names"]`` the F features it makes, ``state["notes"]`` what
        should be known, and ``state["origins"]``, where it is there, the column of each feature.
    apply : callable
        ``apply(state, frame, sites) -> ndarray, shape (N, F)``, all finite. Columns that are not
        there count as missing.
    """

    name: str
    title: str
    meaning: str
    defaults: Mapping[str, Any]
    learn: Callable[[pd.DataFrame, NDArray[Any] | None, Mapping[str, Any]], dict[str, Any]] = field(
        repr=False
    )
    apply: Callable[[Mapping[str, Any], pd.DataFrame, NDArray[Any] | None], NDArray[Any]] = field(
        repr=False
    )


PREPARATIONS: Registry[Preparation] = Registry(
    "napari_radiogenomics.fusion.preparations",
    attribute="PREPARATION",
    noun="preparation",
    group="napari_radiogenomics.preparations",
)


def preparation_for(modality: str, frame: pd.DataFrame) -> str:
    """Name of the preparation that suits a modality, by its name and its columns.

    Examples
    --------
    >>> import pandas as pd
    >>> preparation_for("RNA", pd.DataFrame({"VEGFA": [1.0]}))
    'expression'
    """
    if any(kind.kind not in "iufb" for kind in frame.dtypes):
        return "clinical"
    words = modality.lower()
    for name, begins in (
        ("clinical", _CLINICAL),
        ("expression", _EXPRESSION),
        ("imaging", _IMAGING),
    ):
        if any(words.startswith(begin) or f"_{begin}" in words for begin in begins):
            return name
    return "numeric"
