"""One learned transform for all sections of a block: H&E, CD31 and CAIX lie side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.data.transform import Transform
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.registration.pictures import Channel
from napari_radiogenomics.registration.register import register
from napari_radiogenomics.registration.result import Registration

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["register_siblings", "siblings_of"]

# Sections of one block agree in these columns of slides.csv, as far as they are there.
_BLOCK = ("patient_id", "timepoint", "sample_id", "block")


def siblings_of(cohort: Cohort, slide_id: str) -> tuple[str, ...]:
    """Other slides of the same block: same patient, timepoint, sample and, where told, block.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    slide_id : str
        One of its slides.

    Returns
    -------
    tuple of str
        By section.

    Raises
    ------
    InputError
        If the slide is not of the cohort.
    """
    table: pd.DataFrame = cohort.slides
    if slide_id not in table.index:
        raise InputError(f'Slide "{slide_id}" is not in {cohort.name}.')
    same = table.index != slide_id
    for column in _BLOCK:
        if column in table:
            same &= (table[column] == table.at[slide_id, column]).to_numpy()
    found = table[same]
    order = found["section"].astype(str).str.zfill(6).argsort(kind="stable")
    return tuple(map(str, found.index[order]))


def register_siblings(
    registration: Registration | Transform,
    slide: Slide,
    siblings: Sequence[Slide],
    *,
    align: bool = True,
    method: str = "rigid",
    channel: Channel = "hematoxylin",
    progress: Progress = quiet,
) -> list[Transform]:
    """Use what was learned on one section for its siblings.

    Parameters
    ----------
    registration : Registration or Transform
        Of the slide and a scan, in either direction.
    slide : Slide
        The one it was learned on.
    siblings : sequence of Slide
        Other sections of its block.
    align : bool, optional
        Register each sibling to the slide by brightness first. Without it, equal places in mm on
        the glass are taken as the same place.
    method : {"rigid", "similarity", "affine"}, optional
        How siblings are aligned.
    channel : {"hematoxylin", "gray"}, optional
        What is compared.
    progress : Progress, optional
        Reports siblings; may cancel.

    Returns
    -------
    list of Transform
        One for each sibling, in the direction of the one that was learned. ``notes`` say how
        they came about.

    Raises
    ------
    InputError
        If the transform is of another frame than the slide.
    """
    learned = registration.transform if isinstance(registration, Registration) else registration
    if slide.frame not in (learned.from_frame, learned.to_frame):
        raise InputError(
            f'The transform leads from "{learned.from_frame}" to "{learned.to_frame}"; slide '
            f'"{slide.frame}" is in neither. Give the slide that it was learned on.'
        )
    leads_away = learned.from_frame == slide.frame
    found = []
    for sibling in progress(siblings, "Siblings"):
        if align:
            own = register(
                slide, sibling, method=method, channel=channel, start="auto", progress=progress
            )
            to_slide = own.transform  # sibling to slide
            note = f'Aligned to "{slide.frame}" by brightness: {own.text()}'
            notes = (note, *own.warnings[:-1])
        else:
            to_slide = Transform(from_frame=sibling.frame, to_frame=slide.frame)
            notes = (f'Taken over from "{slide.frame}" as it is.',)
        step = to_slide.compose(learned) if leads_away else learned.compose(to_slide.inverse())
        found.append(replace(step, notes=(*learned.notes, *notes)))
    return found
