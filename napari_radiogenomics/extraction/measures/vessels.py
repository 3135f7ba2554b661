"""Vessels in the rings around each region: how tortuous, how dense, how wide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.extraction.measure import Block, Measure, Settings, Value
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.vessels.measure import measure_vessels

if TYPE_CHECKING:
    from napari_radiogenomics.extraction.case import Opened

__all__ = ["MEASURE"]

_SETTINGS = (
    "ring_mm", "organ", "inside", "vesselness", "vessels", "scales_mm", "threshold", "low_share",
    "spacing_mm", "smoothing_mm", "min_length_mm", "gap_mm",
)  # fmt: skip


def _run(opened: Opened, settings: Settings, progress: Progress) -> Block:
    rows: dict[int, dict[str, Value]] = {}
    units: dict[str, str] = {}
    notes: list[str] = []
    for label in opened.segmentation.present:
        found = measure_vessels(
            opened.image,
            opened.segmentation,
            label=label,
            map_sigma_mm=0.0,
            **settings,
            progress=progress,
        )
        row: dict[str, Value] = {}
        for region, values in found.regions.iterrows():
            place = str(region).replace(" mm", "mm").replace(" ", "_")  # ring_0-20mm
            named = {f"vessels_{place}_{name}": float(value) for name, value in values.items()}
            row |= named
            units |= zip(named, found.regions.attrs["units"].values(), strict=True)
        rows[label] = row
        notes += found.notes
    return Block(rows, {name: unit for name, unit in units.items() if unit}, tuple(notes))


MEASURE = Measure(
    name="vessels",
    title="Vessels",
    meaning="Tortuosity, density and width of the vessels in rings around each region.",
    run=_run,
    settings=_SETTINGS,
)
