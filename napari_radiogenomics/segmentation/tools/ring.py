"""A hollow ring around a label: the tissue next to a tumour."""

from __future__ import annotations

from collections.abc import Sequence

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.segmentation.edit import next_free, spacing_zyx, with_masks
from napari_radiogenomics.segmentation.morphology import grown
from napari_radiogenomics.segmentation.tool import Tool

__all__ = ["TOOL", "ring"]


@verb
def ring(
    segmentation: Segmentation,
    *,
    label: int = 1,
    thickness_mm: float = 5.0,
    gap_mm: float = 0.0,
    inside: int | None = None,
    into: int | None = None,
    overwrite: bool = False,
    locked: Sequence[int] = (),
) -> Segmentation:
    """Label a ring around a region, for example the tissue around a tumour.

    Parameters
    ----------
    segmentation : Segmentation
        Holds the label.
    label : int, optional
        Region in the middle; it stays as it is.
    thickness_mm : float, optional
        How wide the ring is.
    gap_mm : float, optional
        Distance between the region and the ring.
    inside : int, optional
        Clip the ring to this label, for example to the organ.
    into : int, optional
        Label of the ring; a new one where None is given.
    overwrite : bool, optional
        Take voxels of other labels too, and not of the background and ``inside`` alone.
    locked : sequence of int, optional
        Labels that never change.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        If the label does not occur, the thickness is not positive, or the ring is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics import Geometry
    >>> drawn = Segmentation(np.array([[[0, 0, 1, 0, 0]]]), Geometry((5, 1, 1)))
    >>> ring(drawn, thickness_mm=1).labels.tolist()
    [[[0, 2, 1, 2, 0]]]
    """
    if thickness_mm <= 0 or gap_mm < 0:
        raise InputError(
            f"A ring needs a thickness above 0 mm and a gap of 0 mm or more; got {thickness_mm} "
            f"and {gap_mm}."
        )
    core, spacing = segmentation.mask(label), spacing_zyx(segmentation)
    value = next_free(segmentation.labels) if into is None else into
    if value == label:
        raise InputError(f"The ring cannot get label {label} itself. Choose another for it.")
    mask = grown(core, spacing, gap_mm + thickness_mm)
    mask &= ~(grown(core, spacing, gap_mm) if gap_mm else core)
    allowed = segmentation.mask(inside) if inside is not None else None
    if allowed is not None:
        mask &= allowed
    elif not overwrite:
        for layer in segmentation.layers():
            mask &= (layer == 0) | (layer == value)
    if not mask.any():
        raise InputError(
            f"No voxel lies in a ring of {thickness_mm:g} mm around label {label}"
            f"{f' inside label {inside}' if inside is not None else ''}; voxels are "
            f"{segmentation.geometry}. Make it thicker, or choose another place."
        )
    names = {x.value: x.name for x in segmentation.scheme}
    name = f"{names[label]}, ring {thickness_mm:g} mm"
    return with_masks(segmentation, {value: mask}, locked=locked, names={value: name})


TOOL = Tool(
    "ring",
    "Ring",
    "shape",
    "Labels the tissue around a region, up to a distance in mm, clipped to an organ.",
    ring,
    limits="Across thick slices a ring thinner than the slice distance lies in the slices only.",
)
