"""Size and shape of the regions, as `extract_features` names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.extraction.measure import Block, Measure, Settings
from napari_radiogenomics.extraction.measures.features import SHAPES, as_block
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.radiomics.region import extract_features

if TYPE_CHECKING:
    from napari_radiogenomics.extraction.case import Opened

__all__ = ["MEASURE"]

# What does not touch the outline: the image types, and which texture features there are.
_OF_TEXTURE = ("families", "features", "image_types", "sigma", "wavelet", "diagnostics")


def _run(opened: Opened, settings: Settings, progress: Progress) -> Block:
    families = tuple(name for name in settings.get("families", ()) if name in SHAPES)
    kept = {name: value for name, value in settings.items() if name not in _OF_TEXTURE}
    table = extract_features(
        opened.image,
        opened.segmentation,
        families=families or SHAPES[:1],
        **kept,
        progress=progress,
    )
    return as_block(table)


MEASURE = Measure(
    name="shape",
    title="Size and shape",
    meaning="Volume, surface, diameters and roundness of each region.",
    run=_run,
    extraction=True,
)
