"""Visium sections as tissue samples: every spot under the tissue is a point of its slide.

The scale follows from the array itself: neighbors in a row are 100 µm apart, rows 50 √3 µm
(10x Genomics), whatever the image was scanned with. So a spot has its place in the slide's frame
in mm: x to the right, y down, from the middle of the first pixel of the full-resolution image.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression import read_expression
from napari_radiogenomics.io.expression_formats.tenx import read_visium_spots
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.slide import Slide

__all__ = ["read_visium", "spot_records", "um_per_pixel", "visium_samples", "visium_slide"]

# One step of the array's column and row, in µm, and half the diameter of a spot, in mm.
_COLUMN_UM, _ROW_UM, _RADIUS_MM = 50.0, 50.0 * 3**0.5, 0.0275


def um_per_pixel(spots: pd.DataFrame) -> float:
    """Side of a pixel of the full-resolution image, in µm, from the pitch of the array.

    Parameters
    ----------
    spots : DataFrame
        As `read_visium_spots` answers.

    Raises
    ------
    InputError
        If there are too few spots, or they do not lie on the array of Visium.

    Examples
    --------
    >>> import pandas as pd
    >>> spots = pd.DataFrame({"array_row": [0, 0, 1, 1], "array_col": [0, 2, 1, 3]})
    >>> spots["pxl_row_in_fullres"] = spots["array_row"] * 50 * 3**0.5 / 0.5
    >>> spots["pxl_col_in_fullres"] = spots["array_col"] * 50 / 0.5
    >>> round(um_per_pixel(spots), 6)
    0.5
    """
    steps = spots[["array_row", "array_col"]].to_numpy(float)
    places = spots[["pxl_row_in_fullres", "pxl_col_in_fullres"]].to_numpy(float)
    design = np.column_stack([steps, np.ones(len(steps))])
    if len(spots) < 4 or np.linalg.matrix_rank(design) < 3:
        raise InputError(f"{len(spots)} spots do not tell how large a pixel is. Give um_per_pixel.")
    found = np.linalg.lstsq(design, places, rcond=None)[0]
    pixels: NDArray[np.float64] = np.linalg.norm(found[:2], axis=1)
    sides = np.array([_ROW_UM, _COLUMN_UM]) / pixels
    if not np.isfinite(sides).all() or np.ptp(sides) > 0.05 * sides.mean():
        raise InputError(
            f"Rows and columns of the spots say {sides[0]:.3g} and {sides[1]:.3g} µm a pixel: this "
            "is not the array of Visium. Give um_per_pixel."
        )
    return float(sides.mean())


def spot_records(
    path: str | Path,
    facts: Mapping[str, str],
    *,
    prefix: str = "",
    um_per_px: float | None = None,
) -> list[dict[str, object]]:
    """Rows for a table of samples, one for each spot under the tissue.

    Parameters
    ----------
    path : str or Path
        Folder of the section.
    facts : mapping of str to str
        Columns that all rows share: ``patient_id``, ``frame``, ….
    prefix : str, optional
        Comes before the barcode in ``sample_id``: barcodes are the same in every section.
    um_per_px : float, optional
        Side of a full-resolution pixel; from the array where not given.

    Raises
    ------
    InputError
        If there is no table of positions, or no scale.
    """
    spots = read_visium_spots(path)
    mm = (um_per_pixel(spots) if um_per_px is None else um_per_px) / 1000
    seen = spots[spots["in_tissue"] == 1]
    rows, columns = (seen[f"pxl_{axis}_in_fullres"].to_numpy(float) * mm for axis in ("row", "col"))
    return [
        {
            **facts, "sample_id": f"{prefix}{barcode}", "kind": "spot", "coord_system": "LPS",
            "unit": "mm", "x": round(float(x), 5), "y": round(float(y), 5), "z": 0.0,
            "radius_mm": _RADIUS_MM, "selected_by": "location", "expression_column": barcode,
            "precision": "point",
        }
        for barcode, x, y in zip(map(str, seen.index), columns, rows, strict=True)
    ]  # fmt: skip


def visium_samples(
    path: str | Path,
    *,
    patient_id: str = "",
    timepoint: str = "",
    frame: str = "",
    um_per_px: float | None = None,
) -> Samples:
    """Read the spots of a Visium section as samples.

    Parameters
    ----------
    path : str or Path
        Folder of the section.
    patient_id : str, optional
        Whose tissue it is; the name of the folder where not given.
    timepoint : str, optional
        When it was taken.
    frame : str, optional
        Frame of the slide; the name of the folder where not given.
    um_per_px : float, optional
        Side of a full-resolution pixel; from the array where not given.

    Returns
    -------
    Samples
        Spots under the tissue, as points in mm of the slide's frame.

    Raises
    ------
    InputError
        If there is no table of positions, or no scale.
    """
    import pandas as pd

    path = Path(path)
    facts = {"patient_id": patient_id or path.name, "timepoint": timepoint,
             "frame": frame or path.name}  # fmt: skip
    records = spot_records(path, facts, um_per_px=um_per_px)
    samples = Samples.from_table(pd.DataFrame(records), name=path.name, file=str(path))
    if patient_id:
        return samples
    note = f"The section says no patient; its spots are filed under {path.name}."
    return replace(samples, notes=(*samples.notes, note))


def visium_slide(path: str | Path, *, frame: str = "") -> Slide:
    """Read the picture of a Visium section that Space Ranger keeps beside the spots.

    Parameters
    ----------
    path : str or Path
        Folder of the section.
    frame : str, optional
        Frame of the slide; the name of the folder where not given.

    Returns
    -------
    Slide
        The picture of about 2000 pixels, or else of 600, with its pixel size. It begins where
        the full-resolution image does, so that spots lie on it to within half of its pixels.

    Raises
    ------
    InputError
        If there is no picture, or its scale is not told.
    """
    from skimage.io import imread

    from napari_radiogenomics.data.slide import Slide

    path = Path(path)
    spatial = path / "spatial"
    scales = _scales(spatial / "scalefactors_json.json")
    for kind in ("hires", "lowres"):
        picture, scale = spatial / f"tissue_{kind}_image.png", scales.get(f"tissue_{kind}_scalef")
        if picture.is_file() and scale:
            side = um_per_pixel(read_visium_spots(path)) / scale
            array = _on_white(imread(picture))
            about = {"path": str(path), "picture": picture.name}
            return Slide(
                (array,), (side, side), frame=frame or path.name, name=path.name, metadata=about
            )
    raise InputError(
        f"{spatial} has no tissue_hires_image.png or tissue_lowres_image.png with a scale in "
        "scalefactors_json.json. Copy the folder again, or open the full-resolution image."
    )


def _scales(path: Path) -> dict[str, float]:
    """Positive numbers of Space Ranger's scale factors."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {k: float(v) for k, v in found.items() if isinstance(v, int | float) and v > 0}
    except (OSError, ValueError, AttributeError):
        return {}


def _on_white(picture: NDArray) -> NDArray[np.uint8]:
    """RGB of a picture that is gray, RGB, or partly transparent."""
    if picture.ndim == 2:
        return np.repeat(picture[..., np.newaxis], 3, axis=-1)
    if picture.shape[2] == 4:
        cover = picture[..., 3:] / 255
        return np.rint(picture[..., :3] * cover + 255 * (1 - cover)).astype(np.uint8)
    return picture


def read_visium(
    path: str | Path,
    *,
    patient_id: str = "",
    timepoint: str = "",
    frame: str = "",
    progress: Progress = quiet,
) -> tuple[Samples, pd.DataFrame]:
    """Read a Visium section: where its spots lie, and their counts.

    Parameters
    ----------
    path : str or Path
        Folder of the section, with ``spatial`` and the matrix.
    patient_id, timepoint, frame
        As for `visium_samples`.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    samples : Samples
        Spots under the tissue that have counts.
    expression : DataFrame, spots × genes
        Counts, as `read_expression` answers, in the same order.

    Raises
    ------
    InputError
        If the folder is no Visium section, or no spot has counts.
    """
    samples = visium_samples(path, patient_id=patient_id, timepoint=timepoint, frame=frame)
    table = read_expression(path, layout="10x", progress=progress)
    counted = samples.table.index.isin(table.index)
    if not counted.any():
        raise InputError(
            f"No spot of {path} is in its matrix: {samples.table.index[0]} and {table.index[0]} "
            "are of different sections. Copy both again."
        )
    used = samples.select(counted)
    attrs = table.attrs
    table = table.loc[used.table.index]
    table.attrs = attrs
    return used, table
