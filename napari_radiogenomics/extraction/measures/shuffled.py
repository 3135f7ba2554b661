"""The same features of a region whose voxels were shuffled: a control without any pattern.

What a feature tells of shuffled voxels it tells by their values and their number alone (Welch
2019, https://doi.org/10.1016/j.radonc.2018.10.027).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.extraction.measure import Block, Measure, Settings
from napari_radiogenomics.extraction.measures.features import textures_of
from napari_radiogenomics.progress import Progress

if TYPE_CHECKING:
    from napari_radiogenomics.extraction.case import Opened

__all__ = ["MEASURE", "PREFIX"]

PREFIX = "shuffled_"
"""Of the names of the columns."""
_SEED = 20190101  # the same shuffle for the same voxels, whoever measures them


def _run(opened: Opened, settings: Settings, progress: Progress) -> Block:
    image, labels = opened.image, opened.segmentation.labels
    if image.array.shape == labels.shape:  # another grid is refused by name below
        image = replace(image, array=_shuffled(image.array, labels))
    found = textures_of(image, opened.segmentation, settings, progress)
    return Block(
        {
            label: {f"{PREFIX}{name}": value for name, value in row.items()}
            for label, row in found.rows.items()
        },
        {f"{PREFIX}{name}": unit for name, unit in found.units.items()},
        found.notes,
    )


def _shuffled(values: NDArray, labels: NDArray) -> NDArray:
    """Values whose places were drawn anew within each region."""
    values, rng = values.copy(), np.random.default_rng(_SEED)
    for label in np.unique(labels[labels > 0]):
        own = labels == label
        values[own] = rng.permutation(values[own])
    return values


MEASURE = Measure(
    name="shuffled",
    title="Features of shuffled voxels",
    meaning="A control: the same features after the voxels of each region were shuffled.",
    run=_run,
    extraction=True,
)
