"""A glance at a region: the texture of the slices in sight, for the settings of this moment.

Runs in the worker. What takes time on a large scan (finding the region in it) is kept for as
long as the same voxels are meant; what the settings decide is made anew from the region's box.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import RadiogenomicsError
from napari_radiogenomics.gui.texture.job import Job, objects_of
from napari_radiogenomics.gui.texture.sheet import Plane, Sheet
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.radiomics.boxes import box_around, crop
from napari_radiogenomics.radiomics.checks import region_of
from napari_radiogenomics.radiomics.voxelwise import MapPlan, plan_maps

__all__ = ["Ask", "Kept", "glance"]

_ALONE = ("Original",)


@dataclass(frozen=True, eq=False)
class Ask:
    """What is wanted.

    Attributes
    ----------
    voxels : hashable
        The same for as long as the same voxels are meant.
    make_job : callable
        Notes these voxels; called in the thread of the screen, only when they are new.
    settings : mapping
        As for `texture_maps`, with one feature.
    planes : sequence of Plane
        Slices in sight, the most important first.
    """

    voxels: Hashable
    make_job: Callable[[], Job]
    settings: Mapping[str, Any]
    planes: Sequence[Plane]

    @property
    def key(self) -> tuple[Hashable, str]:
        """The same for as long as the values would be the same."""
        return self.voxels, repr(sorted(self.settings.items()))


@dataclass
class _Cut:
    """Objects of a job, and the box of the region in them."""

    image: Image
    segmentation: Segmentation
    mask: NDArray[np.bool_]

    def plan(self, settings: Mapping[str, Any], progress: Progress) -> MapPlan:
        """Plan on the region's box alone; errors name places in the whole scan."""
        if tuple(settings.get("image_types", _ALONE)) != _ALONE:
            # Filters look further than the box.
            return plan_maps(self.image, self.segmentation, **settings, progress=progress)
        box = box_around(self.mask, int(settings["kernel_radius"]))
        image = crop(self.image, box)
        region = Segmentation(self.mask[box].astype(np.uint8), image.geometry)
        try:
            return plan_maps(image, region, **{**settings, "label": 1})
        except RadiogenomicsError:
            return plan_maps(self.image, self.segmentation, **settings)


@dataclass
class Kept:
    """What the worker keeps from one glance to the next; one at a time looks at it."""

    voxels: Hashable = None
    cut: _Cut | None = None
    key: Hashable = None
    sheet: Sheet | None = field(default=None)


def glance(ask: Ask, job: Job | None, kept: Kept, *, progress: Progress = quiet) -> Sheet:
    """Measure the voxels in sight.

    Parameters
    ----------
    ask : Ask
        What is wanted.
    job : Job or None
        The voxels, where they are not those of the glance before.
    kept : Kept
        From the glance before; changed.
    progress : Progress, optional
        May cancel.

    Returns
    -------
    Sheet
        The same as before where only other slices are in sight.
    """
    if job is not None:
        image, segmentation = objects_of(job)
        mask = region_of(image, segmentation, ask.settings["label"])
        kept.cut, kept.voxels, kept.sheet = _Cut(image, segmentation, mask), ask.voxels, None
    if kept.cut is None:
        raise ValueError("The first glance needs a job.")
    if kept.sheet is None or kept.key != ask.key:
        settings = {k: v for k, v in ask.settings.items() if k != "init_value"}
        kept.sheet = Sheet(kept.cut.plan(settings, progress), kept.cut.image.geometry)
        kept.key = ask.key
    sheet = kept.sheet
    if not sheet.known.any():
        sheet.probe(progress=progress)
    shown = [sheet.voxels_in(plane) for plane in ask.planes]
    if shown:
        sheet.measure(np.unique(np.concatenate(shown)), progress=progress)
    return sheet
