"""What the values of a single BraTS segmentation mean, where file and values agree."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_radiogenomics.data.segmentation import Label, Segmentation

__all__ = ["with_brats_names"]

_NAMED = re.compile(r"(?<![a-z])brats", re.IGNORECASE)
_FOLDERS = 3  # above the file, in which the name is looked for


def with_brats_names(obj: Any, path: Path) -> Any:
    """Name the labels of a BraTS file that brings no names itself, and say so in a note.

    Both have to speak for it: the name of the file or of a folder above it, and the values, which
    are some of 1, 2, 4 (until 2021) or 1, 2, 3 (since 2023) and more than 1 alone.

    Parameters
    ----------
    obj : Segmentation or other
        What was read; anything else comes back as it is.
    path : Path
        Where it was read from.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics import Geometry
    >>> read = Segmentation(np.array([[[1, 2, 4]]]), Geometry((3, 1, 1)))
    >>> [x.name for x in with_brats_names(read, Path("BraTS_001_seg.nii.gz")).scheme][2]
    'enhancing tumour'
    >>> with_brats_names(read, Path("P1_seg.nii.gz")) is read
    True
    """
    if not isinstance(obj, Segmentation) or not set(obj.present) - {1}:
        return obj
    from napari_radiogenomics.io.cohorts._names import brats_labels  # its room reads files itself

    bare = all(label.name == Label(label.value).name for label in obj.scheme)
    where = next((n for n in path.resolve().parts[: -_FOLDERS - 2 : -1] if _NAMED.search(n)), "")
    scheme = brats_labels(obj.present) if bare and where else ()
    if not scheme:
        return obj
    values = ", ".join(f"{label.value} {label.name}" for label in scheme)
    note = (
        f'Labels are named as in BraTS ({values}): "{where}" and the values say so. Rename them '
        "where it is something else."
    )
    return replace(obj, scheme=scheme, notes=(*obj.notes, note))
