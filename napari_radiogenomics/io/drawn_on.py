"""Which scan a segmentation was drawn on: what DICOM SEG writes as its reference."""

from __future__ import annotations

from dataclasses import replace

from napari_radiogenomics.data.geometry import require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation

__all__ = ["drawn_on"]

# Where the DICOM reader leaves a fact of a scan: where the writer looks for it.
_CARRIED = {
    "source_files": "source_files",
    "series": "source_series",
    "sop_class": "source_class",
    "instances": "source_instances",
    "study": "study",
    "frame_of_reference": "frame_of_reference",
}


def drawn_on(segmentation: Segmentation, scan: Image) -> Segmentation:
    """Let a segmentation know its scan.

    Parameters
    ----------
    segmentation : Segmentation
        Labels, from wherever.
    scan : Image
        The scan, on the same grid.

    Returns
    -------
    Segmentation
        The same labels. Where the scan came from DICOM, the segmentation refers to it when it
        is written as DICOM SEG.

    Raises
    ------
    GeometryError
        If the grids differ.

    Notes
    -----
    A DICOM SEG that was read without its scan may lie on a smaller grid; read it again with
    ``read(path, reference=scan)``, which puts it on the grid of the scan and says the same.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics import Geometry
    >>> grid = Geometry((4, 3, 2))
    >>> scan = Image(np.zeros(grid.shape), grid, metadata={"series": "1.2.3"})
    >>> drawn = drawn_on(Segmentation(np.ones(grid.shape, np.uint8), grid), scan)
    >>> drawn.metadata["source_series"]
    '1.2.3'
    """
    require_same_grid(scan.geometry, segmentation.geometry, names=("Scan", "Segmentation"))
    known = {theirs: scan.metadata.get(ours) for ours, theirs in _CARRIED.items()}
    carried = {key: value for key, value in known.items() if value}
    return replace(segmentation, metadata={**segmentation.metadata, **carried})
