"""Shares of habitats: how much of each region looks like what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.extraction.measure import Block, Measure, Settings
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.radiomics.habitat_model import HabitatModel
from napari_radiogenomics.radiomics.habitats import find_habitats
from napari_radiogenomics.radiomics.voxelwise import texture_maps

if TYPE_CHECKING:
    from napari_radiogenomics.extraction.case import Opened

__all__ = ["MEASURE"]

_OF_MAPS = ("families", "features", "kernel_radius", "bin_width", "bin_count", "image_types")
_OF_HABITATS = ("n", "method", "model", "seed")
_OWN = "Habitats are each patient's own, in the order of {first}; with a model they are the same."


def _run(opened: Opened, settings: Settings, progress: Progress) -> Block:
    of_maps: dict[str, Any] = {"families": ("firstorder",), "features": ("Mean", "Entropy")}
    of_maps |= {name: settings[name] for name in _OF_MAPS if name in settings}
    of_habitats = {name: settings[name] for name in _OF_HABITATS if name in settings}
    model = of_habitats.get("model")
    if model is None:  # which brings its own number
        of_habitats.setdefault("n", 3)
    if isinstance(model, str | Path):
        model = of_habitats["model"] = HabitatModel.load(model)
    rows: dict[int, dict[str, float]] = {}
    notes: list[str] = []
    for label in opened.segmentation.present:
        maps = texture_maps(
            opened.image, opened.segmentation, label=label, **of_maps, progress=progress
        )
        found = find_habitats(
            maps, opened.segmentation, label=label, **of_habitats, progress=progress
        )
        rows[label] = _shares(np.bincount(found.labels.ravel(), minlength=len(found.scheme) + 1))
        notes += found.notes
        if model is None:
            notes.append(_OWN.format(first=next(iter(maps))))
    return Block(rows, {"habitats_entropy": "bits"}, tuple(dict.fromkeys(notes)))


def _shares(counts: np.ndarray) -> dict[str, float]:
    """Share of each habitat, and how evenly they are mixed."""
    shares = counts[1:] / counts[1:].sum()
    entropy = -sum(share * np.log2(share) for share in shares if share > 0)
    named = {f"habitat_{k}_share": float(share) for k, share in enumerate(shares, 1)}
    return {**named, "habitats_entropy": float(entropy)}


MEASURE = Measure(
    name="habitats",
    title="Habitat shares",
    meaning="Which share of each region belongs to which habitat; best with a model of the cohort.",
    run=_run,
    settings=(*_OF_MAPS, *_OF_HABITATS),
)
