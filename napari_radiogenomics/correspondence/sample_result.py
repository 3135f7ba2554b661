"""What a correspondence of biopsies is: the effect within patients, its tests and its skill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.correspondence.patients import LEAST_PATIENTS
from napari_radiogenomics.data.wording import p_said

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.provenance import Record

__all__ = ["SampleCorrespondence"]


@dataclass(frozen=True, eq=False)
class SampleCorrespondence:
    """Scores of biopsies against a map.

    Attributes
    ----------
    table : DataFrame, index ``within`` and ``between``
        ``effect`` (of the score, for each unit of the map) with ``error``, ``low``, ``high`` and
        ``p_value`` of the mixed model. Only the row ``within`` speaks of places; the other may
        be anything in which patients differ.
    tests : DataFrame, index ``mixed model``, ``shuffled within patients``, ``signs by patient``
        ``p_value`` of the effect within patients.
    samples : DataFrame, index ``sample_id``
        ``patient_id, score, value`` of the map, ``score_within, value_within``; and of models
        that did not see the patient ``predicted_within`` and ``predicted``.
    jitter : DataFrame
        ``effect`` and ``p_value`` within patients for each jitter of the positions.
    r_within : float
        Correlation within patients.
    skill_within, skill : float
        Part of the variance that is predicted in patients left out: within them, and of the
        scores as they are. 0 is no better than the mean, below 0 is worse.
    n_patients : int
        Patients of two biopsies or more.
    unit : str
        Of the map.
    notes, history : tuple
        What should be known, and how it came to be.
    """

    table: pd.DataFrame
    tests: pd.DataFrame
    samples: pd.DataFrame
    jitter: pd.DataFrame
    r_within: float
    skill_within: float
    skill: float
    n_patients: int
    unit: str = ""
    notes: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    def text(self) -> str:
        """The answer in words."""
        row = self.table.loc["within"]
        said = f"Within {self.n_patients} patients r = {self.r_within:.2f}, effect "
        said += f"{row['effect']:.3g} per {self.unit or 'unit of the map'}"
        if np.isfinite(row["p_value"]):
            said += f" ({row['low']:.3g} to {row['high']:.3g}, {p_said(row['p_value'])})"
        else:
            said += f" (fewer than {LEAST_PATIENTS} patients: no p-value)"
        if len(self.jitter):
            low, high = self.jitter["effect"].quantile([0.05, 0.95])
            said += f"; {low:.3g} to {high:.3g} when positions move"
        return f"{said}. Patients left out: {self.skill_within:.0%} of the variance within them."
