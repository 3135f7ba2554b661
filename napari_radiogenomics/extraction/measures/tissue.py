"""Stained sections of the visit: microvessel density and hypoxic fraction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.measure import Block, Measure, Settings, Value
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.tissue.cohort import slides_for
from napari_radiogenomics.tissue.kinds import find_kind
from napari_radiogenomics.tissue.measure import measure_tissue

if TYPE_CHECKING:
    from napari_radiogenomics.extraction.case import Opened

__all__ = ["MEASURE"]

_USUAL = ("vessels", "hypoxia")
# How it was measured, which is the same for everybody.
_NOT_MEASURED = ("field_mm", "n_fields")
_SETTINGS = (
    "measure", "vectors", "threshold", "threshold_rule", "resolution_um", "min_area_um2",
    "max_area_um2", "gap_um", "background_um", "field_mm", "n_fields", "tissue_od", "living_od",
    "seed",
)  # fmt: skip


def _run(opened: Opened, settings: Settings, progress: Progress) -> Block:
    own = dict(settings)
    asked = own.pop("measure", _USUAL)
    kinds: Sequence[str] = [asked] if isinstance(asked, str) else list(asked)
    row: dict[str, Value] = {}
    units: dict[str, str] = {}
    notes: list[str] = []
    for kind in kinds:
        name = find_kind(kind).name
        slides = slides_for(opened.slides, name)
        found = [measure_tissue(slide, measure=name, **own, progress=progress) for slide in slides]
        for one in found:
            notes += one.warnings
        if not found:
            continue
        for column in found[0].table.attrs["numbers"]:
            if column not in _NOT_MEASURED:
                key = f"tissue_{column}" if column != "tissue_mm2" else f"tissue_{name}_mm2"
                row[key] = sum(float(one.table[column].iloc[0]) for one in found) / len(found)
                units[key] = found[0].table.attrs["units"][column]
        if len(found) > 1:
            notes.append(f"Mean of several slides for {name}.")
    if not row:
        stained = ", ".join(sorted({one.stain for one in opened.slides} - {""}))
        raise InputError(
            f"There is no slide for {' or '.join(kinds)}; stains: {stained or 'no slide at all'}."
        )
    labels = opened.segmentation.present
    return Block(
        {label: row for label in labels}, {n: u for n, u in units.items() if u}, tuple(notes)
    )


MEASURE = Measure(
    name="tissue",
    title="Tissue",
    meaning="Microvessel density and hypoxic fraction of the stained sections of the visit.",
    run=_run,
    settings=_SETTINGS,
    slides=True,
)
