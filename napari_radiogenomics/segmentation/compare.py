"""How far two segmentations agree, label by label, and where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.data.geometry import require_same_grid
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.segmentation.edit import Mask, region, spacing_zyx
from napari_radiogenomics.segmentation.surfaces import (
    distances,
    surface_of,
    weighted_percentile,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare_segmentations", "difference"]

_NAMES = ("First segmentation", "Second segmentation")
_AGREE, _FIRST, _SECOND = (
    Label(1, "agreement", (0, 158, 115)),
    Label(2, "only first", (230, 159, 0)),
    Label(3, "only second", (86, 180, 233)),
)


@verb
def compare_segmentations(
    first: Segmentation,
    second: Segmentation,
    *,
    labels: Sequence[int] | None = None,
    tolerance_mm: float = 2.0,
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Compare two segmentations, or two readers, label by label.

    Distances are between the centres of voxel faces of the two outlines, and count by the area
    of the faces.

    Parameters
    ----------
    first, second : Segmentation
        On the same grid. Differences are second minus first.
    labels : sequence of int, optional
        Labels to compare; all that occur in either where None is given.
    tolerance_mm : float, optional
        Distance up to which outlines count as equal, for the surface Dice.
    progress : Progress, optional
        Reports the labels, may cancel.

    Returns
    -------
    DataFrame
        One row a label (index ``label``): ``name``, ``dice``, ``jaccard``, ``surface_dice``,
        ``hausdorff95_mm`` (the larger of the two directed 95th percentiles),
        ``mean_distance_mm`` (over both outlines), ``volume_first_ml``, ``volume_second_ml``,
        ``volume_difference_ml``, ``volume_difference_percent`` (of the first) and ``note``. A
        label that only one of them has gets 0 for overlaps, no distances, and a note.

    Raises
    ------
    GeometryError
        If the grids differ.
    InputError
        If a label occurs in neither, or the tolerance is not a number of mm.

    References
    ----------
    Dice, Ecology 1945, doi:10.2307/1932409. Surface Dice: Nikolov et al., J Med Internet Res
    2021, doi:10.2196/26151.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> grid = Geometry((4, 1, 1))
    >>> first = Segmentation(np.array([[[1, 1, 0, 0]]]), grid)
    >>> second = Segmentation(np.array([[[0, 1, 1, 0]]]), grid)
    >>> table = compare_segmentations(first, second, tolerance_mm=0.5)
    >>> float(table.loc[1, "dice"]), float(table.loc[1, "hausdorff95_mm"])
    (0.5, 1.0)
    """
    import pandas as pd

    require_same_grid(first.geometry, second.geometry, names=_NAMES)
    if not (np.isfinite(tolerance_mm) and tolerance_mm >= 0):
        raise InputError(f"The tolerance is a number of mm, 0 or more; got {tolerance_mm}.")
    names = {x.value: x.name for x in (*second.scheme, *first.scheme)}
    rows = {}
    for label in progress(_labels(first, second, labels), "Labels"):
        masks = _mask(first, label), _mask(second, label)
        rows[label] = {"name": names[label], **_row(*masks, first, tolerance_mm)}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "label"
    return table


def _labels(
    first: Segmentation, second: Segmentation, labels: Sequence[int] | None
) -> tuple[int, ...]:
    either = sorted({*first.present, *second.present})
    if labels is None:
        found = tuple(either)
    else:
        found = tuple(dict.fromkeys(int(label) for label in labels))
    missing = [label for label in found if label not in either]
    if missing or not found:
        what = f"Labels {', '.join(map(str, missing))} occur" if missing else "No label occurs"
        raise InputError(
            f"{what} in neither segmentation. Present: {', '.join(map(str, either)) or 'none'}."
            if missing
            else f"{what} in the two segmentations: there is nothing to compare."
        )
    return found


def _mask(segmentation: Segmentation, label: int) -> Mask:
    """Voxels of a label that may not occur."""
    found: Mask = np.any([layer == label for layer in segmentation.layers()], axis=0)
    return found


def _row(one: Mask, two: Mask, grid: Segmentation, tolerance: float) -> dict[str, object]:
    ml = grid.geometry.voxel_volume / 1000
    n_one, n_two, n_both = int(one.sum()), int(two.sum()), int((one & two).sum())
    row: dict[str, object] = {
        "dice": 2 * n_both / (n_one + n_two),
        "jaccard": n_both / (n_one + n_two - n_both),
        "surface_dice": 0.0,
        "hausdorff95_mm": np.nan,
        "mean_distance_mm": np.nan,
        "volume_first_ml": n_one * ml,
        "volume_second_ml": n_two * ml,
        "volume_difference_ml": (n_two - n_one) * ml,
        "volume_difference_percent": 100 * (n_two - n_one) / n_one if n_one else np.nan,
        "note": "",
    }
    if not n_one or not n_two:
        row["note"] = f"only the {'first' if n_one else 'second'} has it; there is no distance"
        return row
    row.update(_apart(one, two, spacing_zyx(grid), tolerance))
    return row


def _apart(one: Mask, two: Mask, spacing: Sequence[float], tolerance: float) -> dict[str, object]:
    part = region(one | two, spacing)
    first = surface_of(one[part.box], spacing)
    second = surface_of(two[part.box], spacing)
    forth, back = distances(first, second), distances(second, first)
    total = first.areas.sum() + second.areas.sum()
    near = first.areas[forth <= tolerance + 1e-9].sum()
    near += second.areas[back <= tolerance + 1e-9].sum()
    directed = [
        weighted_percentile(values, surface.areas, 95)
        for values, surface in ((forth, first), (back, second))
    ]
    mean = ((forth * first.areas).sum() + (back * second.areas).sum()) / total
    return {
        "surface_dice": float(near / total),
        "hausdorff95_mm": max(directed),
        "mean_distance_mm": float(mean),
    }


@verb
def difference(first: Segmentation, second: Segmentation, *, label: int = 1) -> Segmentation:
    """Show where two segmentations agree on a label and where only one has it.

    Parameters
    ----------
    first, second : Segmentation
        On the same grid.
    label : int, optional
        The label compared.

    Returns
    -------
    Segmentation
        1 agreement, 2 only first, 3 only second.

    Raises
    ------
    GeometryError
        If the grids differ.
    InputError
        If the label occurs in neither.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> grid = Geometry((3, 1, 1))
    >>> first = Segmentation(np.array([[[1, 1, 0]]]), grid)
    >>> difference(first, Segmentation(np.array([[[0, 1, 1]]]), grid)).labels.tolist()
    [[[2, 1, 3]]]
    """
    require_same_grid(first.geometry, second.geometry, names=_NAMES)
    _labels(first, second, [label])
    one, two = _mask(first, label), _mask(second, label)
    labels = np.zeros(one.shape, np.uint8)
    labels[one] = _FIRST.value
    labels[two] = _SECOND.value
    labels[one & two] = _AGREE.value
    names = [x.name for x in (*first.scheme, *second.scheme) if x.value == label]
    return Segmentation(
        labels, first.geometry, (_AGREE, _FIRST, _SECOND), name=f"difference of {names[0]}"
    )
