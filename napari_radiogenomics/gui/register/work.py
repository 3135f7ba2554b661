"""What the Register dock does in the worker, and its live fit. No Qt here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.gui.register.overlay import Overlay, make_overlay
from napari_radiogenomics.io.cohort_transforms import save_transform
from napari_radiogenomics.io.patient import load_slide
from napari_radiogenomics.io.transforms import write_transform
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import write_history
from napari_radiogenomics.registration import (
    Landmarks,
    Registration,
    register,
    register_siblings,
    siblings_of,
)
from napari_radiogenomics.registration.by_landmarks import by_landmarks
from napari_radiogenomics.registration.model import MODELS
from napari_radiogenomics.registration.sides import frame_of, require_sides

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["Registered", "framed", "live_fit", "register_sides", "save_file", "save_in_cohort"]

_LIVE = ("mirror", "plane", "plane_mm", "stiffness")


@dataclass(frozen=True, eq=False)
class Registered:
    """What the worker answers.

    Attributes
    ----------
    registration : Registration
        What was found.
    overlay : Overlay
        One side on the other.
    """

    registration: Registration
    overlay: Overlay


def framed(one: Image | Slide, title: str) -> Image | Slide:
    """The object in a frame that has a name: its own, else its title."""
    if frame_of(one):
        return one
    if isinstance(one, Slide):
        return replace(one, frame=title)
    return replace(one, metadata={**one.metadata, "frame": title})


def live_fit(
    fixed: Image | Slide, moving: Image | Slide, landmarks: Landmarks, settings: Mapping[str, Any]
) -> Registration:
    """Fit to landmarks alone, as `register` does, in a moment: nothing is hashed.

    Raises
    ------
    InputError
        As for `register`.
    """
    require_sides(moving, fixed, landmarks)
    chosen = {name: settings[name] for name in _LIVE}
    return by_landmarks(moving, fixed, landmarks, MODELS[settings["method"]], **chosen)


def register_sides(
    moving: Image | Slide,
    fixed: Image | Slide,
    landmarks: Landmarks | None,
    *,
    progress: Progress = quiet,
    **settings: Any,
) -> Registered:
    """Register and bring one side onto the other; settings as for `register`."""
    found = register(moving, fixed, landmarks, progress=progress, **settings)
    return Registered(found, make_overlay(found.transform, fixed, moving, progress=progress))


def save_file(found: Registration, path: Path) -> Path:
    """Write the transform as a file, with its history beside it."""
    path = path if path.suffix else path.with_suffix(".json")
    write_history(found, write_transform(replace(found.transform, history=found.history), path))
    return path


def save_in_cohort(
    cohort: Cohort,
    found: Registration,
    slide_id: str,
    *,
    siblings: bool,
    progress: Progress = quiet,
) -> tuple[Cohort, tuple[str, ...]]:
    """Save a registration in its cohort, and where asked what follows for siblings of its slide.

    Parameters
    ----------
    cohort : Cohort
        A cohort folder.
    found : Registration
        What to save.
    slide_id : str
        Its slide; empty between two scans.
    siblings : bool
        Align the other sections of the block by brightness, and save their transforms too.
    progress : Progress, optional
        Reports siblings; may cancel before anything is saved.

    Returns
    -------
    cohort : Cohort
        With the transforms.
    names : tuple of str
        Siblings that have one now.
    """
    names = siblings_of(cohort, slide_id) if siblings else ()
    others = [load_slide(cohort, name) for name in names]
    shared = []
    if others:
        own = load_slide(cohort, slide_id)
        shared = register_siblings(found, own, others, progress=progress)
    transform = replace(found.transform, history=found.history)
    cohort = save_transform(
        cohort, transform, landmarks=found.landmarks, method=found.method.lower()
    )
    for one in shared:
        cohort = save_transform(cohort, one, method=f"{found.method.lower()}, from {slide_id}")
    return cohort, names
