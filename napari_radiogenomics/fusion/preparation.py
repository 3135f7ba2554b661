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

from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PREPARATIONS", "Preparation", "preparation_for", "preparation_named", "text_columns"]

_BY_NAME = {
    "clinical": ("clinic", "patient", "demograph"),
    "expression": ("rna", "gene", "express", "transcript", "count"),
    "imaging": ("imag", "radiom", "texture", "ct", "mr", "pet", "feature", "scan"),
}  # how names of modalities begin
_SHOWN = 5


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

    Raises
    ------
    InputError
        If it is called like imaging or expression and holds text.

    Examples
    --------
    >>> import pandas as pd
    >>> preparation_for("RNA", pd.DataFrame({"VEGFA": [1.0]}))
    'expression'
    """
    named = preparation_named(modality)
    text = text_columns(frame)
    if text and named in ("expression", "imaging"):
        raise InputError(
            f'The modality "{modality}" has {counted(len(text), "column")} with text: '
            f"{', '.join(text[:_SHOWN])}. Measures are numbers: leave these columns out, or give "
            f'them as a modality "clinical".'
        )
    return named or ("clinical" if text else "numeric")


def preparation_named(modality: str) -> str:
    """Name of the preparation that the name of a modality tells; empty where it tells none.

    Examples
    --------
    >>> preparation_named("mr_imaging"), preparation_named("pathology")
    ('imaging', '')
    """
    words = modality.lower()
    for name, begins in _BY_NAME.items():
        if any(words.startswith(begin) or f"_{begin}" in words for begin in begins):
            return name
    return ""


def text_columns(frame: pd.DataFrame) -> list[str]:
    """Names of the columns that hold other things than numbers."""
    return [
        str(name)
        for name, kind in zip(frame.columns, frame.dtypes, strict=True)
        if kind.kind not in "iufb"
    ]
