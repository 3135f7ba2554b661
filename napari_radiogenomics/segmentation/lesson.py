"""Strokes on a patient, what a classifier makes of them, and where its answer goes.

A `Lesson` is learned once; then it answers for one slice at once, and for everything within
reach of the strokes when there is time.

Letters: C classes.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.segmentation.channels import match_channels
from napari_radiogenomics.segmentation.classifier import PixelClassifier
from napari_radiogenomics.segmentation.edit import (
    region,
    require_unlocked,
    spacing_zyx,
    with_masks,
)
from napari_radiogenomics.segmentation.pixel_features import Box
from napari_radiogenomics.segmentation.seeds import grow_seeds, scaled

__all__ = ["Lesson", "Likelihood"]


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Probability of each class where it was looked for.

    Attributes
    ----------
    shares : ndarray of float32, shape (C, Z, Y, X)
        In the box; together they are 1.
    box : tuple of slice
        Place in the grid.
    classes : tuple of Label
        In the order of ``shares``.
    image : Image
        A scan of the grid.
    """

    shares: NDArray[np.float32]
    box: Box
    classes: tuple[Label, ...]
    image: Image

    def of(self, label: int) -> Image | None:
        """Map of the probability of a label, NaN beyond the box; None where it was not learned."""
        values = [one.value for one in self.classes]
        if label not in values:
            return None
        place = values.index(label)
        whole = np.full(self.image.geometry.shape, np.nan, np.float32)
        whole[self.box] = self.shares[place]
        facts = {k: v for k, v in self.image.metadata.items() if k == "scan_id"}
        name = f"probability of {self.classes[place].name}"
        return Image(whole, self.image.geometry, "probability", name, "map", metadata=facts)


@dataclass(frozen=True, eq=False)
class Lesson:
    """What was learned, and on whom.

    Attributes
    ----------
    segmentation : Segmentation
        As it was drawn.
    images : list of Image
        Channels of the classifier; the first gives the edges.
    strokes : ndarray of int, shape (Z, Y, X)
        Labels of the segmentation without the locked ones.
    model : PixelClassifier
        Trained.
    background : int or None
        The label that is no region.
    locked : frozenset of int
        Labels that never change.
    box : tuple of slice
        Where to look.
    notes : tuple of str
        Which scan was taken as which channel, where roles do not tell.
    """

    segmentation: Segmentation
    images: list[Image]
    strokes: NDArray[np.integer]
    model: PixelClassifier
    background: int | None
    locked: frozenset[int]
    box: Box
    notes: tuple[str, ...] = ()

    @classmethod
    def learned(
        cls,
        segmentation: Segmentation,
        images: Sequence[Image],
        model: PixelClassifier,
        *,
        background: int | None = None,
        reach_mm: float | None = None,
        locked: Collection[int] = (),
    ) -> Lesson:
        """Learn from the strokes of a segmentation.

        Parameters
        ----------
        segmentation : Segmentation
            Strokes. A classifier that is trained does without them.
        images : sequence of Image
            Scans on the same grid.
        model : PixelClassifier
            Untrained, or what was learned before; it stays as it is.
        background, reach_mm, locked
            As for `classify_pixels`.

        Returns
        -------
        Lesson

        Raises
        ------
        InputError
            If there is nothing to learn from, a label means something else than in the
            classifier, a channel is missing or a locked label would change.
        GeometryError
            If scans and segmentation are on different grids.
        """
        for one in images:
            require_same_grid(one.geometry, segmentation.geometry, names=("Scan", "Segmentation"))
        kept = frozenset(locked)
        strokes = _strokes(segmentation, kept, needed=not model.trained)
        if background is not None and not model.trained and not (strokes == background).any():
            raise InputError(
                f"The background label {background} has no stroke. Draw one of it beside the "
                "region."
            )
        _require_same_meaning(segmentation, model)
        own, learned = list(images), copy.copy(model)
        notes: tuple[str, ...] = ()
        if model.channels:
            own, notes = match_channels(images, model.channels)
        if strokes.any():
            drawn = Segmentation(strokes, segmentation.geometry, segmentation.scheme)
            learned.update(own, drawn)
        box = _box(strokes, segmentation, reach_mm)
        lesson = cls(segmentation, own, strokes, learned, background, kept, box, notes)
        require_unlocked(segmentation, lesson.labels, locked)
        return lesson

    @property
    def labels(self) -> list[int]:
        """Values of the classes."""
        return [label.value for label in self.model.classes]

    def slice(self, axis: int, index: int) -> NDArray[np.integer]:
        """Labels of one slice as they would become by their look alone.

        Parameters
        ----------
        axis, index : int
            Axis of the array, and the slice along it.

        Returns
        -------
        ndarray of int, two axes
            Beyond the reach as drawn.
        """
        found = self.model.predict_slice(self.images, axis, index)
        before = self.segmentation.labels.take(index, axis)
        drawn = self.strokes.take(index, axis)
        after = before.astype(np.result_type(before, found), copy=True)
        place = tuple(part for n, part in enumerate(self.box) if n != axis)
        inside = np.zeros(before.shape, bool)
        inside[place] = self.box[axis].start <= index < self.box[axis].stop
        free = inside & (before == 0)
        after[free] = found[free]
        if self.background is not None:
            after[(after == self.background) & (free | (drawn > 0))] = 0
        return after

    def everywhere(
        self, *, from_strokes: bool = True, smooth_mm: float = 1.0, progress: Progress = quiet
    ) -> tuple[Segmentation, Likelihood]:
        """Labels of every voxel within reach, and how likely each of them is.

        Parameters
        ----------
        from_strokes, smooth_mm, progress
            As for `classify_pixels`. Where there are no strokes each voxel is decided by its look.

        Returns
        -------
        segmentation : Segmentation
        likelihood : Likelihood
        """
        shares = self.model.shares(self.images, within=self.box, progress=progress)
        drawn = self.strokes[self.box]
        spread = from_strokes and set(self.labels) <= set(np.unique(drawn).tolist())
        if spread:
            part = self._spread(shares, drawn, smooth_mm, progress)
        else:
            part = self.model.decide(shares, spacing_zyx(self.segmentation), smooth_mm)
            part = np.where(drawn > 0, drawn, part)
        masks = {label: np.zeros(self.strokes.shape, bool) for label in self.labels}
        for label in self.labels:
            masks[label][self.box] = (part == label) & (label != self.background)
        notes = tuple(dict.fromkeys((*self.segmentation.notes, *self.notes)))
        named = replace(self.segmentation, scheme=self.scheme, notes=notes)
        after = with_masks(named, masks, locked=self.locked, overwrite=False)
        return after, Likelihood(shares, self.box, self.model.classes, self.images[0])

    @property
    def scheme(self) -> tuple[Label, ...]:
        """Labels of the segmentation, and those that the classifier brings."""
        known = {label.value for label in self.segmentation.scheme}
        new = (label for label in self.model.classes if label.value != self.background)
        return (*self.segmentation.scheme, *(x for x in new if x.value not in known))

    def _spread(
        self,
        shares: NDArray[np.float32],
        seeds: NDArray[np.integer],
        smooth_mm: float,
        progress: Progress,
    ) -> NDArray[np.integer]:
        """Labels of the box, reached from the strokes through what looks like them."""
        return grow_seeds(
            scaled(self.images[0].volumes()[0].array[self.box]),
            seeds,
            self.labels,
            spacing_zyx(self.segmentation),
            likelihoods=shares.astype(float),
            blocked=np.isin(self.segmentation.labels[self.box], [*self.locked]),
            smooth_mm=smooth_mm,
            progress=progress,
        )


def _strokes(
    segmentation: Segmentation, locked: frozenset[int], *, needed: bool
) -> NDArray[np.integer]:
    """Labels that are learned from: all but the locked ones."""
    if segmentation.overlapping:
        raise InputError(
            f"The regions of {segmentation.called} may overlap, and strokes may not. Draw the "
            "strokes in a new, empty segmentation."
        )
    labels: NDArray[np.integer] = np.where(
        np.isin(segmentation.labels, [*locked]), 0, segmentation.labels
    )
    if needed and not labels.any():
        raise InputError(
            f"No label is chosen or drawn in {segmentation.called}. Draw a stroke "
            "of each of two labels first."
        )
    return labels


def _require_same_meaning(segmentation: Segmentation, model: PixelClassifier) -> None:
    """Refuse a classifier whose labels are others here: tumour there, organ here."""
    here = {label.value: label.name for label in segmentation.scheme}
    for label in model.classes:
        name = here.get(label.value, label.name)
        if name != label.name and Label(label.value).name not in (name, label.name):
            raise InputError(
                f'Label {label.value} is "{name}" here and "{label.name}" in the classifier. '
                "Rename it, or draw in a new segmentation."
            )


def _box(strokes: NDArray[np.integer], segmentation: Segmentation, reach_mm: float | None) -> Box:
    if reach_mm is None or not strokes.any():
        return tuple(slice(0, size) for size in strokes.shape)  # type: ignore[return-value]
    if not (np.isfinite(reach_mm) and reach_mm >= 0):
        raise InputError(f"The reach is a number of mm, 0 or more; got {reach_mm}.")
    found = region(strokes > 0, spacing_zyx(segmentation), reach_mm).box
    sizes = strokes.shape
    return tuple(slice(p.start, min(p.stop, n)) for p, n in zip(found, sizes, strict=True))  # type: ignore[return-value]
