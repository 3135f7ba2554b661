"""What a virtual biopsy answers: how good it is in patients left out, and a model, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.biopsy_lesson import Lesson
from napari_radiogenomics.correspondence.fitted_places import FittedPlaces, Known
from napari_radiogenomics.correspondence.place_skill import Skill
from napari_radiogenomics.correspondence.virtual_model import VirtualBiopsyModel
from napari_radiogenomics.data.wording import p_said
from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.provenance import Record

__all__ = ["VirtualBiopsy", "held_out_table"]

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VirtualBiopsy:
    """How well a score is told from scans, and what may be drawn.

    Attributes
    ----------
    target, title, unit : str
        The score.
    level : float
        Of the intervals.
    refused : str
        Why no map is drawn; empty where one may be.
    skill, skill_low, skill_high : float
        Part of the variance within patients that is predicted in patients left out, against
        their own means, with its 95 % interval over draws of patients. 0 is no better.
    p_value : float
        How often biopsies that changed places within their patients did as well.
    samples : DataFrame, index ``sample_id``
        ``patient_id, score``; of fits that did not see the patient ``predicted, low, high``
        (of a patient with no biopsy), ``anchored, anchored_low, anchored_high`` (from the mean
        of its other biopsies); ``score_within, predicted_within`` (differences from the mean of
        the patient); and ``unlike``, whether the features are like no other biopsy.
    n_patients : int
        Patients learned from, each of two biopsies or more.
    model : VirtualBiopsyModel or None
        None where it is refused.
    notes, history : tuple
        What should be known, and how it came to be.
    """

    target: str
    title: str
    unit: str
    level: float
    refused: str
    skill: float
    skill_low: float
    skill_high: float
    p_value: float
    samples: pd.DataFrame
    n_patients: int
    model: VirtualBiopsyModel | None
    notes: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    @property
    def n_biopsies(self) -> int:
        """Biopsies learned from."""
        return len(self.samples)

    @property
    def learned(self) -> VirtualBiopsyModel:
        """The model, with the history of the result.

        Raises
        ------
        InputError
            If it is refused.
        """
        if self.model is None:
            raise InputError(f"No map of {self.title} is drawn. {self.refused}")
        return replace(self.model, history=self.history)

    def text(self) -> str:
        """The answer in words."""
        skill, low, high = (
            f"{round(100 * one) + 0} %" for one in (self.skill, self.skill_low, self.skill_high)
        )
        said = f"{self.title}: {skill} of the variance within patients is predicted in patients "
        said += f"left out ({low} to {high}, {p_said(self.p_value)}; {self.n_patients} patients, "
        said += f"{self.n_biopsies} biopsies)."
        if self.refused:
            return f"{said} REFUSED, no map is drawn: {self.refused}"
        unit = f" {self.unit}" if self.unit else ""
        free = float(np.median(self.samples["high"] - self.samples["low"]))
        own = float(np.median(self.samples["anchored_high"] - self.samples["anchored_low"]))
        said += (
            f" Better than the patient's mean. Intervals of {self.level:.0%} are {own:.3g}{unit}"
        )
        said += f" wide where the patient has biopsies of its own, {free:.3g}{unit} where not."
        return said


def held_out_table(
    lesson: Lesson, skill: Skill, places: FittedPlaces, level: float
) -> pd.DataFrame:
    """Each biopsy with what fits say that did not see its patient."""
    free, anchored = np.empty((len(lesson.y), 3)), np.empty((len(lesson.y), 3))
    unlike = np.empty(len(lesson.y), bool)
    for at, patient in enumerate(lesson.patient):
        own = np.flatnonzero(lesson.patient == patient)
        others = own[own != at]
        place, batch = lesson.x[at : at + 1], int(lesson.batch[at])
        found = places.predict(place, level=level, left_out=patient, batch=batch)
        free[at] = found.value[0], found.low[0], found.high[0]
        unlike[at] = found.unlike[0]
        known = Known(lesson.x[others], lesson.y[others])
        found = places.predict(place, level=level, left_out=patient, known=known, batch=batch)
        anchored[at] = found.value[0], found.low[0], found.high[0]
    table = lesson.table[["patient_id", "score"]].assign(
        predicted=free[:, 0], low=free[:, 1], high=free[:, 2], anchored=anchored[:, 0],
        anchored_low=anchored[:, 1], anchored_high=anchored[:, 2], score_within=skill.score,
        predicted_within=skill.predicted, unlike=unlike,
    )  # fmt: skip
    return table
