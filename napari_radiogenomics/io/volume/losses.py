"""What of a segmentation a file of voxels cannot hold."""

from __future__ import annotations

from typing import Any

from napari_radiogenomics.data.segmentation import Label, Segmentation

__all__ = ["lost_fractions", "lost_names_and_fractions"]


def lost_fractions(obj: Any) -> str:
    """Name the fractions of a segmentation, where it has them; ``""`` otherwise."""
    if not isinstance(obj, Segmentation) or obj.fractions is None:
        return ""
    return "the fractions of its labels, which DICOM SEG (.dcm) keeps"


def lost_names_and_fractions(obj: Any) -> str:
    """Name what a file of bare label values cannot hold of a segmentation.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics.data.geometry import Geometry
    >>> grid, labels = Geometry((2, 1, 1)), np.ones((1, 1, 2), np.uint8)
    >>> lost_names_and_fractions(Segmentation(labels, grid, (Label(1, "tumour"),)))
    'the names of its labels, which NRRD (.nrrd) and DICOM SEG (.dcm) keep'
    >>> lost_names_and_fractions(Segmentation(labels, grid))
    ''
    """
    lost = []
    if isinstance(obj, Segmentation) and any(
        label.name != Label(label.value).name for label in obj.scheme
    ):
        lost.append("the names of its labels, which NRRD (.nrrd) and DICOM SEG (.dcm) keep")
    return " and without ".join(filter(None, [*lost, lost_fractions(obj)]))
