"""`Study`: the tables that a claim is weighed on, joined by patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_radiogenomics.association.effect import FEWEST, Measure, measure_for
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

__all__ = ["SMALLEST_SITE", "Pair", "Study"]

SMALLEST_SITE = 5
"""Patients below which a site says nothing by itself."""
_NOT_PATIENTS = ("stability", "reviews")


@dataclass(frozen=True, eq=False)
class Pair:
    """A feature and an outcome of the patients that have both.

    Attributes
    ----------
    patients : Index, length N
        Who.
    feature, outcome : ndarray, shape (N,)
        Numbers; two classes are 0 and 1.
    measure : {"rho", "auc"}
        How the effect is measured.
    positive : str
        The class that is 1; empty for a number.
    """

    patients: pd.Index
    feature: NDArray[np.float64]
    outcome: NDArray[np.float64]
    measure: Measure
    positive: str


@dataclass(frozen=True, eq=False)
class Study:
    """Tables of one cohort, a row a patient, each joined by the patient's id.

    Attributes
    ----------
    features : DataFrame, N patients × P features
        Image features as measured, not harmonized.
    outcomes : DataFrame, patients × outcomes
        Genes, pathways, mutations, clinical values.
    site : Series, optional
        Site or scanner.
    volume : Series, optional
        Volume of the tumour.
    confounders : DataFrame, optional
        What else could make a feature go with an outcome: age, stage, purity.
    shuffled : DataFrame, optional
        The same features after the voxels of each region were shuffled.
    stability : DataFrame, optional
        What `feature_stability` answered.
    tissue : DataFrame, optional
        One row a patient with ``r`` and ``n`` (effective): whether the feature's map lies where
        the slide or the biopsies say; ``attrs["measure"]`` names it, and ``attrs["feature"]``
        the feature that it speaks of, all where it is not there.
    reviews : DataFrame or sequence of str, optional
        Verdicts of reviewers who looked: ``"agrees"``, ``"disagrees"``, ``"cannot tell"``. A
        table has a row each, with ``patient_id, feature, score, verdict, reviewer``; those of
        other patients, features and outcomes do not count. Where ``gene_compared`` is False
        nobody saw the score: the verdict is of image and tissue alone.
    name : str, optional
        Of the cohort.

    Examples
    --------
    >>> table = pd.DataFrame({"Entropy": [4.1, 3.9, 5.0]}, index=["P1", "P2", "P3"])
    >>> len(Study(table, pd.DataFrame({"CA9": [7.0, 6.5, 8.1]}, index=table.index)))
    3
    """

    features: pd.DataFrame
    outcomes: pd.DataFrame
    site: pd.Series | None = None
    volume: pd.Series | None = None
    confounders: pd.DataFrame | None = None
    shuffled: pd.DataFrame | None = None
    stability: pd.DataFrame | None = None
    tissue: pd.DataFrame | None = None
    reviews: Sequence[str] | pd.DataFrame = ()
    name: str = "cohort"

    def __post_init__(self) -> None:
        """Refuse patients that are there twice: regions of one patient are not independent."""
        for entry in fields(self):
            table = getattr(self, entry.name)
            if not isinstance(table, pd.DataFrame | pd.Series) or entry.name in _NOT_PATIENTS:
                continue
            twice = table.index[table.index.duplicated()].unique()
            if len(twice):
                raise InputError(
                    f'Patient "{twice[0]}" stands in several rows of {entry.name}. The patient is '
                    "the unit: give one row each, for instance the mean over the regions."
                )

    def __len__(self) -> int:
        return len(self.features)

    def pair(self, feature: str, outcome: str) -> Pair:
        """Return feature and outcome of the patients that have both.

        Raises
        ------
        InputError
            If one is unknown, holds text, has one value, or too few patients have both.
        """
        x = _numbers(_column(self.features, feature, "feature"), feature)
        y = _column(self.outcomes, outcome, "outcome").dropna()
        both = x.index[np.isfinite(x)].intersection(y.index, sort=False)
        if len(both) < FEWEST:
            raise InputError(
                f'{len(both)} patients of {self.name} have "{feature}" and "{outcome}"; {FEWEST} '
                "are needed at least. Are the ids of both tables the same?"
            )
        y = y.loc[both]
        try:
            measure = measure_for(y.to_numpy())
        except InputError as error:
            raise InputError(f'"{outcome}": {error}') from None
        values, positive = _coded(y, measure)
        return Pair(both, x.loc[both].to_numpy(float), values, measure, positive)

    def sites_of(self, patients: pd.Index) -> pd.Series | None:
        """Site of each patient, where sites are known and there are two or more.

        Patients of sites too small to say something (fewer than `SMALLEST_SITE`) and of no
        site are left out.
        """
        if self.site is None:
            return None
        names = self.site.reindex(patients).dropna().astype(str)
        counts = names.value_counts()
        names = names[names.map(counts) >= SMALLEST_SITE]
        return names if names.nunique() > 1 else None

    def covariates_of(
        self, patients: pd.Index, *, site: bool = True, volume: bool = True, others: bool = True
    ) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Columns to adjust for, and their names in words; patients without them left out.

        Volume enters by its logarithm, sites and other groups by indicators.
        """
        parts: list[pd.DataFrame] = []
        names: list[str] = []
        sites = self.sites_of(patients) if site else None
        if sites is not None:
            parts.append(_indicators(sites))
            names.append("site")
        if volume and self.volume is not None:
            own = _numbers(self.volume.reindex(patients), "volume")
            parts.append(np.log(own.where(own > 0)).rename("volume").to_frame())
            names.append("volume")
        if others and self.confounders is not None:
            for column in self.confounders.columns:
                parts.append(_as_columns(self.confounders[column].reindex(patients)))
                names.append(str(column))
        if not parts:
            return pd.DataFrame(index=patients), ()
        return pd.concat(parts, axis=1, join="inner").dropna(), tuple(names)


def _column(table: pd.DataFrame, name: str, noun: str) -> pd.Series:
    if name not in table.columns:
        known = [str(column) for column in table.columns]
        shown = known if len(known) <= 30 else known[:30]
        raise InputError(f'There is no {noun} "{name}". {did_you_mean(name, shown)}')
    return table[name]


def _numbers(values: pd.Series, name: str) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce")
    text = values[numbers.isna() & values.notna()]
    if len(text):
        raise InputError(
            f'"{name}" of patient "{text.index[0]}" is "{text.iloc[0]}", not a number. Leave it '
            "empty where it is missing."
        )
    return numbers.astype(float)


def _coded(outcome: pd.Series, measure: Measure) -> tuple[NDArray[np.float64], str]:
    """Numbers of an outcome, and the class that is 1."""
    if measure == "rho":
        return outcome.to_numpy(float), ""
    high = max(outcome.unique().tolist(), key=_rank_of_class)
    return (outcome == high).to_numpy(float), str(high)


def _rank_of_class(value: Any) -> tuple[int, Any]:
    """Order of two classes: what says "no" or "wildtype" is the lesser one."""
    no = str(value).strip().lower() in {"wildtype", "wt", "no", "negative", "absent", "none"}
    return (0 if no else 1, value if not isinstance(value, str) else value.lower())


def _indicators(groups: pd.Series) -> pd.DataFrame:
    return pd.get_dummies(groups, prefix=str(groups.name), drop_first=True).astype(float)


def _as_columns(values: pd.Series) -> pd.DataFrame:
    if pd.api.types.is_numeric_dtype(values):
        return values.astype(float).to_frame()
    return _indicators(values.dropna())
