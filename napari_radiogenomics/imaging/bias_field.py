"""Slow changes of brightness over an MR scan, taken out."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.imaging.foreground import foreground, require_one_scan
from napari_radiogenomics.progress import Progress, is_cancelled, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

__all__ = ["correct_bias_field"]

Float = NDArray[np.float32]


@verb
def correct_bias_field(
    image: Image,
    segmentation: Segmentation | None = None,
    *,
    label: Annotated[int | None, Setting(minimum=1)] = None,
    levels: Annotated[int, Setting(minimum=1, maximum=6)] = 4,
    iterations: Annotated[int, Setting(minimum=1)] = 50,
    control_points: Annotated[int, Setting(minimum=4, advanced=True)] = 4,
    shrink: Annotated[int, Setting(unit="voxels", minimum=1, advanced=True)] = 2,
    progress: Progress = quiet,
) -> Image:
    """Correct the bias field of an MR scan (N4).

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Magnitude image; no value below 0.
    segmentation : Segmentation, optional
        Where the field is learned, such as the brain; what is not air without it.
    label : int, optional
        One label of it.
    levels : int, optional
        How often the mesh of the field is made finer; the more, the faster it may change.
    iterations : int, optional
        The most on each level.
    control_points : int, optional
        Of the first mesh, along each axis.
    shrink : int, optional
        The field is learned on every so many voxels, and taken out of all.
    progress : Progress, optional
        May cancel.

    Returns
    -------
    Image
        float32, with the mean of the region as before. ``metadata["bias_field"]`` has the
        lowest and highest factor of the field in the region.

    Raises
    ------
    GeometryError
        If the grids differ.
    InputError
        If the scan is CT, or has values below 0.
    Cancelled
        If ``progress`` says so.

    References
    ----------
    Tustison et al., IEEE Trans Med Imaging 2010, doi:10.1109/TMI.2010.2046908.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> z, y, x = np.mgrid[:12, :16, :16]
    >>> tissue = np.where((y // 4 + x // 4 + z // 4) % 2, 100.0, 200.0)
    >>> shaded = Image((tissue * (1 + 0.03 * x)).astype(np.float32), Geometry((16, 16, 12)))
    >>> field = correct_bias_field(shaded, shrink=1).metadata["bias_field"]
    >>> field["highest"] / field["lowest"] > 1.2
    True
    """
    require_one_scan(image)
    if image.unit == "HU" or image.modality == "CT":
        raise InputError(
            "A bias field is of the receive coil of an MR scanner; this is CT. Leave it as it is."
        )
    if not (np.isfinite(image.array).all() and (image.array >= 0).all()):
        raise InputError("N4 takes magnitudes: a value is below 0 or not finite.")
    inside = foreground(image, segmentation, label)
    field = _field(image, inside, levels, iterations, control_points, shrink, progress)
    corrected = image.array / field
    corrected *= image.array[inside].mean() / corrected[inside].mean()
    factors = field[inside] / field[inside].mean()
    facts = {"lowest": float(factors.min()), "highest": float(factors.max())}
    return replace(
        image,
        array=corrected.astype(np.float32),
        metadata={**image.metadata, "bias_field": facts},
    )


def _field(
    image: Image,
    inside: NDArray[np.bool_],
    levels: int,
    iterations: int,
    control_points: int,
    shrink: int,
    progress: Progress,
) -> Float:
    """Bias field on the grid of the scan, shape (Z, Y, X)."""
    import SimpleITK as sitk

    scan = sitk.GetImageFromArray(image.array.astype(np.float32))
    mask = sitk.GetImageFromArray(inside.astype(np.uint8))
    for one in (scan, mask):
        one.SetSpacing(image.geometry.spacing)
    # An axis of few slices is not thinned further than to what a mesh needs.
    factors = [max(1, min(shrink, size // 4)) for size in scan.GetSize()]
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetMaximumNumberOfIterations([iterations] * levels)
    n4.SetNumberOfControlPoints([control_points] * 3)

    def look() -> None:
        if is_cancelled(progress):
            n4.Abort()

    n4.AddCommand(sitk.sitkIterationEvent, look)
    for _ in progress([0], "Bias field"):
        n4.Execute(sitk.Shrink(scan, factors), sitk.Shrink(mask, factors))
    if is_cancelled(progress):
        raise Cancelled("The bias field was cancelled.")
    log_field: Float = sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(scan))
    field: Float = np.exp(log_field)
    return field
