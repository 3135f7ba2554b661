"""Learning from strokes as a job: the slices in sight first, then everything within reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from napari_radiogenomics.data.orientation import true_slice
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.segment.job import (
    Change,
    ToolJob,
    change_of,
    drawn_by,
    other_scans,
    regions_of,
    scan_fitting,
    with_strokes,
)
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.segmentation import PixelClassifier
from napari_radiogenomics.segmentation.lesson import Lesson, Likelihood

__all__ = ["LESSON", "Learned", "LessonJob", "run_lesson"]

LESSON = "classify_pixels"
"""Name of the tool that learns."""
_OF_MODEL = ("scales_mm", "position", "trees", "seed")


@dataclass(frozen=True, eq=False)
class LessonJob(ToolJob):
    """What is to be learned, and where it is looked at first.

    Attributes
    ----------
    seen : sequence of tuple of int
        Axis and index of the slices on the screen.
    model : PixelClassifier or None
        What was learned before.
    glimpsed : callable
        Called from the worker with the `Change` of these slices.
    """

    seen: Sequence[tuple[int, int]] = ()
    model: PixelClassifier | None = None
    glimpsed: Callable[[Change], None] | None = None


@dataclass(frozen=True, eq=False)
class Learned(Change):
    """A change that was learned.

    Attributes
    ----------
    model : PixelClassifier
        What is known now.
    likelihood : Likelihood
        How likely each label is.
    """

    model: PixelClassifier | None = None
    likelihood: Likelihood | None = None


def model_of(job: LessonJob) -> PixelClassifier:
    """Return what was learned before, or an empty classifier with the settings of the job."""
    if job.model is not None:
        return job.model
    return PixelClassifier(**{name: job.settings[name] for name in _OF_MODEL})


def run_lesson(job: LessonJob, *, progress: Progress = quiet) -> Learned:
    """Learn from strokes, tell of the slices in sight, then look everywhere within reach.

    Raises
    ------
    InputError
        If there is nothing to learn from, the channels do not fit, or nothing would change.
    GeometryError
        If scan and segmentation are on different grids.
    """
    before = regions_of(job.region, [job.scan])
    asked = with_strokes(job, before)
    scan = scan_fitting(job, before)
    images = ([] if scan is None else [scan]) + other_scans(job, before)
    names = ("background", "reach_mm", "locked")
    lesson = Lesson.learned(
        asked, images, model_of(job), **{name: job.settings[name] for name in names}
    )
    if job.glimpsed is not None and job.seen and not before.geometry.is_oblique:
        job.glimpsed(_in_sight(job, lesson, before))
    how = {name: job.settings[name] for name in ("from_strokes", "smooth_mm")}
    after, likelihood = lesson.everywhere(**how, progress=progress)
    change = change_of(job, before, after)
    if not change.voxels:
        raise InputError(
            f"{job.tool.title} would change nothing here. Draw a stroke where it should."
        )
    told = vars(change) | {
        "notes": lesson.notes, "drawn": drawn_by(job, before, asked, after),
    }  # fmt: skip
    return Learned(**told, model=lesson.model, likelihood=likelihood)


def _in_sight(job: LessonJob, lesson: Lesson, before: Segmentation) -> Change:
    """Change of the slices that are seen, by their look alone."""
    found: list[tuple[tuple[Any, ...], Any]] = []
    for axis, index in job.seen:
        true, place = true_slice(before.geometry, axis, index)
        found.append(((slice(None),) * true + (place,), lesson.slice(true, place)))
    kind = np.result_type(before.labels, *(labels for _, labels in found))
    after = before.labels.astype(kind, copy=True)
    for at, labels in found:
        after[at] = labels
    scheme = lesson.scheme
    return change_of(job, before, replace(before, labels=after, scheme=scheme), whole=False)
