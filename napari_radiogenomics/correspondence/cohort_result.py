"""What a cohort's correspondence is: its patients, each by itself, and what they say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.correspondence.chain import told
from napari_radiogenomics.correspondence.patients import PooledCorrespondence
from napari_radiogenomics.correspondence.result import Correspondence
from napari_radiogenomics.correspondence.sample_result import SampleCorrespondence

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.provenance import Record

__all__ = ["CohortCorrespondence"]


@dataclass(frozen=True, eq=False)
class CohortCorrespondence:
    """An image feature, a tissue measure and a gene or pathway in the patients of a cohort.

    Attributes
    ----------
    feature, tissue, score : str
        The three; ``score`` may be empty.
    titles : tuple of str
        What a person calls them, with units.
    cases : mapping
        Patient → correspondence of the maps on the section: this tumor only.
    pooled : PooledCorrespondence or None
        One effect a patient, joined, of the maps freed of trend and what else was taken out; None
        where no patient has one.
    samples : SampleCorrespondence or None
        The gene at biopsies against the image map, within patients; None where it was not asked
        for or cannot be told, and then ``notes`` say why.
    patients : DataFrame, index ``patient_id``
        ``feature, tissue, score``: one number a patient each, NaN where it has none, or where
        the feature is on another scale than in most.
    links : DataFrame
        Rank correlations of these three across patients: the chain.
    failed : mapping
        Patient → why there is no comparison, in a sentence.
    pooled_raw : PooledCorrespondence or None
        As ``pooled``, of the maps as they are.
    scales : mapping
        Patient → scan and unit that its feature is of.
    notes, history : tuple
        What should be known, and how it came to be.
    """

    feature: str
    tissue: str
    score: str
    titles: tuple[str, ...]
    cases: Mapping[str, Correspondence]
    pooled: PooledCorrespondence | None
    samples: SampleCorrespondence | None
    patients: pd.DataFrame
    links: pd.DataFrame
    failed: Mapping[str, str] = field(default_factory=dict)
    pooled_raw: PooledCorrespondence | None = None
    scales: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    def evidence(self) -> pd.DataFrame:
        """One row a patient with ``r`` and ``n`` (effective), as `Study` takes its ``tissue``.

        Patients whose maps are worth too few places have a row too.
        """
        import pandas as pd

        rows = {
            patient: {"r": case.r, "n": case.n_effective} for patient, case in self.cases.items()
        }
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["r", "n"])
        table.index.name = "patient_id"
        table.attrs |= {"measure": f"{self.titles[1]} map", "feature": self.feature}
        return table

    def pooled_text(self) -> str:
        """What the tumors say together: of the maps as they are, and freed of what else tells both.

        Empty where nothing could be joined.
        """
        both = [one for one in (self.pooled_raw, self.pooled) if one is not None]
        told = {one.step: one.text() for one in both}
        if self.pooled_raw is None and self.cases:
            signs = [case.row(step="raw")["r"] > 0 for case in self.cases.values()]
            said = f"positive in {sum(signs)} of {len(signs)}, too smooth to be joined."
            told = {"as they are": said} | told
        return " ".join(f"Maps {step}: {said}" for step, said in told.items())

    def table(self) -> pd.DataFrame:
        """One row a patient: what was compared, or why it was not."""
        table = self.patients.copy()
        for name in ("r", "low", "high", "n_effective", "p_value"):
            table[name] = [
                float(self.cases[one].row()[name]) if one in self.cases else np.nan
                for one in table.index
            ]
        raw = {name: case.row(step="raw") for name, case in self.cases.items()}
        table["r_raw"] = [float(raw[one]["r"]) if one in raw else np.nan for one in table.index]
        table["scan"] = [self.scales.get(str(one), "") for one in table.index]
        table["problem"] = [self.failed.get(str(one), "") for one in table.index]
        return table

    def text(self) -> str:
        """The answer in words, one line each."""
        lines = [" ~ ".join(self.titles)]
        if self.pooled_text():
            lines.append(f"Same places within tumors. {self.pooled_text()}")
        if self.samples is not None:
            lines.append(f"{self.titles[-1]} at biopsies: {self.samples.text()}")
        lines += [f"Across patients: {sentence}." for sentence in told(self.links, self.titles)]
        if self.failed:
            lines.append(f"{len(self.failed)} patients could not be compared on a section.")
        return "\n".join(lines)
