"""What the cohort answers to what was asked, for the patient on the screen; no Qt.

Everything here may run in a worker: it reads expression once for each cohort, links the samples
of the patient with the regions as they are drawn now, and scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.data.link import Links
from napari_radiogenomics.data.region_scores import region_scores
from napari_radiogenomics.data.structures import StructureMap
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_scores import (
    cohort_pathways,
    score_cohort,
    score_names,
)
from napari_radiogenomics.gui.genes.asked import Asked, find_asked
from napari_radiogenomics.gui.layers.edits import object_from
from napari_radiogenomics.io.cohort_genes import cohort_expression, cohort_gene_sets, kept
from napari_radiogenomics.io.cohorts import PatientData
from napari_radiogenomics.io.expression import DATES
from napari_radiogenomics.io.link_patient import link_patient
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["NO_PATHWAYS", "Answer", "Question", "answer", "names_of"]

NO_PATHWAYS = "No pathways"
"""Beginning of the note that says why there are none."""


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked, of whom.

    Attributes
    ----------
    cohort : Cohort
        As opened.
    patient_id, timepoint : str
        Who is on the screen; empty where nobody is.
    drawn : list of layer data tuple
        Its labels layers, each a part of a segmentation, as they are drawn now.
    text : str
        Gene, pathway or mutation; empty asks for the regions and pathways alone.
    z : bool
        Answer in standard deviations of the cohort.
    structures : StructureMap or None
        As edited; that of the cohort where None.
    """

    cohort: Cohort
    patient_id: str = ""
    timepoint: str = ""
    drawn: Sequence[Any] = ()
    text: str = ""
    z: bool = False
    structures: StructureMap | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """What was found.

    Attributes
    ----------
    question : Question
        What was asked.
    links : Links
        Samples of the patient and their regions.
    asked : Asked or None
        What the text meant.
    scores : DataFrame or None
        Of all samples of the cohort, as `score_cohort` answers.
    regions : DataFrame or None
        As `region_scores` answers, of this patient; None without a score.
    pathways : DataFrame or None
        The same of all pathways.
    pathway_scores : DataFrame or None
        Samples of the cohort × pathways.
    notes : tuple of str
        What lacks, in sentences.
    faults : tuple of str
        Files and rows of gene sets that were left out, with the remedy.
    """

    question: Question
    links: Links
    asked: Asked | None = None
    scores: pd.DataFrame | None = None
    regions: pd.DataFrame | None = None
    pathways: pd.DataFrame | None = None
    pathway_scores: pd.DataFrame | None = None
    notes: tuple[str, ...] = field(default=())
    faults: tuple[str, ...] = field(default=())

    @property
    def unit(self) -> str:
        """Unit of the scores."""
        return "" if self.scores is None else str(self.scores.attrs.get("unit", ""))


def names_of(cohort: Cohort) -> dict[str, list[str]]:
    """Names that can be asked for; the expression is read here, once."""
    return score_names(cohort)


def answer(question: Question, *, progress: Progress = quiet) -> Answer:
    """Answer a question.

    Parameters
    ----------
    question : Question
        What is asked.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    Answer

    Raises
    ------
    InputError
        If nothing has that name, or a table cannot be read.
    """
    cohort = question.cohort
    links = _links(question, progress)
    notes: list[str] = []
    asked = scores = regions = None
    if question.text:
        asked = _asked(question)
        scores = score_cohort(
            cohort, asked.name, kind=asked.kind, standardize=_wants_z(question, asked),
            progress=progress,
        )  # fmt: skip
        regions = _regions(links, scores, notes)
    many, pathways = _pathways(cohort, links, progress, notes)
    said = tuple(dict.fromkeys(notes))
    return Answer(question, links, asked, scores, regions, pathways, many, said, _faults(cohort))


def _faults(cohort: Cohort) -> tuple[str, ...]:
    return cohort_gene_sets(cohort).left_out if cohort.expression else ()


def _asked(question: Question) -> Asked:
    """What the text means; a gene may be missing because a spreadsheet made a date of it."""
    try:
        return find_asked(question.text, score_names(question.cohort))
    except InputError as error:
        if not question.cohort.expression:
            raise
        notes = cohort_expression(question.cohort).attrs["notes"]
        dates = next((note for note in notes if DATES in note), "")
        dates = "" if "repair_dates" in str(error) else dates
        said = " ".join([str(error), dates, *_faults(question.cohort)[:1]])
        raise InputError(" ".join(said.split())) from error


def _wants_z(question: Question, asked: Asked) -> bool:
    return question.z and asked.kind != "mutation"


def _links(question: Question, progress: Progress) -> Links:
    """Link the samples of the patient with its regions as they are drawn now."""
    cohort, patient = question.cohort, question.patient_id
    if not patient:
        return link_patient(cohort, PatientData(""))
    samples = cohort.samples_table(patient, question.timepoint)
    drawn = _segmentations(question.drawn)
    data = PatientData(patient, segmentations=drawn, samples=samples if len(samples) else None)
    return link_patient(cohort, data, structures=question.structures, progress=progress)


def _segmentations(drawn: Sequence[Any]) -> list[Any]:
    """Segmentations of labels layers with their edits; those of the same one come together."""
    found: dict[Any, Any] = {}
    for data, attributes, kind in drawn:
        one = object_from(data, attributes, kind, list(drawn))
        found.setdefault(one.metadata.get("segmentation_id", id(one)), one)
    return list(found.values())


def _regions(links: Links, scores: pd.DataFrame, notes: list[str]) -> pd.DataFrame | None:
    if not len(links):
        return None
    try:
        return region_scores(links, scores)
    except InputError:
        who = links.name or "this patient"
        notes.append(f"None of the samples of {who} has a value.")
        return None


def _pathways(
    cohort: Cohort, links: Links, progress: Progress, notes: list[str]
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Scores of all pathways: of the cohort, and of the regions of the patient."""
    if not cohort.expression:
        return None, None
    try:
        # Kept for the next question: of 20,000 genes they take seconds.
        many = kept(
            cohort, ("pathways",), cohort.expression[0].path,
            lambda: cohort_pathways(cohort, progress=progress),
        )  # fmt: skip
    except InputError as error:
        notes.append(f"{NO_PATHWAYS}: {error}")
        return None, None
    # A pathway that has the same value in all samples tells nothing of a region.
    spread = many.std()
    many_told = many.loc[:, np.asarray(spread > 0)]
    many_told.attrs = many.attrs
    return many_told, _regions(links, many_told, notes)
