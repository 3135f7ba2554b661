"""Intensities as standard deviations from the mean of a region."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.imaging.foreground import foreground, hu_note, require_one_scan
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

__all__ = ["zscore_intensity"]

_MAD = 1.4826022185056018  # of a normal distribution, in standard deviations


@verb
def zscore_intensity(
    image: Image,
    segmentation: Segmentation | None = None,
    *,
    label: Annotated[int | None, Setting(minimum=1)] = None,
    robust: bool = False,
) -> Image:
    """Standardize intensities: 0 is the mean of a reference region, 1 its standard deviation.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan, of MR usually.
    segmentation : Segmentation, optional
        Reference region, such as the brain or normal white matter; what is not air without it.
    label : int, optional
        One label of it.
    robust : bool, optional
        Median and median absolute deviation instead, which a bright tumor does not move.

    Returns
    -------
    Image
        float32, unit ``SD``. The numbers used are in ``metadata["zscore"]``.

    Raises
    ------
    GeometryError
        If the grids differ.
    InputError
        If the region is empty or the same everywhere.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> scan = Image(np.array([[[0.0, 10.0, 20.0, 30.0]]]), Geometry((4, 1, 1)))
    >>> zscore_intensity(scan).array.round(2).tolist()
    [[[-2.450000047683716, -1.2200000286102295, 0.0, 1.2200000286102295]]]
    """
    require_one_scan(image)
    values = image.array[foreground(image, segmentation, label)].astype(np.float64)
    center = float(np.median(values) if robust else values.mean())
    spread = float(np.median(np.abs(values - center)) * _MAD if robust else values.std())
    if spread <= 0:
        raise InputError(
            "The reference region is the same everywhere, so that nothing can be measured by it. "
            "Choose another."
        )
    array = ((image.array - center) / spread).astype(np.float32)
    facts = {"center": center, "spread": spread, "voxels": len(values)}
    return replace(
        image,
        array=array,
        unit="SD",
        notes=(*image.notes, *hu_note(image)),
        metadata={**image.metadata, "zscore": facts},
    )
