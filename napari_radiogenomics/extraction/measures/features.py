"""Radiomic features of the regions: first order and texture, as `extract_features` names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_radiogenomics.extraction.measure import Block, Measure, Settings
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.radiomics.extraction import DEFAULT_FAMILIES
from napari_radiogenomics.radiomics.region import extract_features

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.image import Image
    from napari_radiogenomics.data.segmentation import Segmentation
    from napari_radiogenomics.extraction.case import Opened

__all__ = ["MEASURE", "SHAPES", "as_block", "textures_of"]

SHAPES = ("shape", "shape2D")


def as_block(table: pd.DataFrame) -> Block:
    """Block of a table of regions.

    Parameters
    ----------
    table : DataFrame
        From `extract_features`.
    """
    columns = [str(name) for name in table.columns]
    rows = {
        int(label): dict(zip(columns, map(_plain, values), strict=True))
        for label, values in zip(table.index, table.itertuples(index=False), strict=True)
    }
    units = {name: unit for name, unit in table.attrs["units"].items() if name in columns and unit}
    return Block(rows, units, tuple(table.attrs["notes"]))


def _plain(value: Any) -> float | str | None:
    return float(value) if isinstance(value, int | float) else str(value)


def textures_of(
    image: Image, segmentation: Segmentation, settings: Settings, progress: Progress
) -> Block:
    """Block of the first-order and texture features of regions, by the settings of a measure."""
    families = settings.get("families", DEFAULT_FAMILIES)
    textures = tuple(name for name in families if name not in SHAPES)
    if not textures:
        return Block({})
    # A parameter file chooses its own families, but only where none are named.
    named = (
        {} if "parameters" in settings and "families" not in settings else {"families": textures}
    )
    found = extract_features(image, segmentation, **{**settings, **named}, progress=progress)
    return as_block(found[[name for name in found if name.split("_")[1] not in SHAPES]])


def _run(opened: Opened, settings: Settings, progress: Progress) -> Block:
    return textures_of(opened.image, opened.segmentation, settings, progress)


MEASURE = Measure(
    name="features",
    title="Radiomic features",
    meaning="First-order and texture features of each region, on all image types.",
    run=_run,
    extraction=True,
)
