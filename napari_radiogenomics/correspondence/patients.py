"""`pool_correspondence`: the same two maps in several patients, with the patient as the unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_radiogenomics.correspondence.effective import LEAST_PLACES
from napari_radiogenomics.correspondence.result import Correspondence, step_words
from napari_radiogenomics.data.wording import p_said
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.statistics.meta import Pooled, pool_effects

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.provenance import Record

__all__ = ["LEAST_PATIENTS", "PooledCorrespondence", "pool_correspondence"]

LEAST_PATIENTS = 6
"""Fewer have no p-value: of five patients no sign test can be significant."""

Method = Literal["pearson", "spearman"]
Step = Literal["last", "raw", "detrended", "partialled"]


@dataclass(frozen=True, eq=False)
class PooledCorrespondence:
    """One effect a patient, and their summary.

    Attributes
    ----------
    table : DataFrame, index ``patient_id``
        ``r`` with ``low`` and ``high``, ``n_effective``, ``n_voxels``, ``z`` (Fisher's) and
        ``weight`` (percent in the summary; 0 where the variance cannot be told).
    r, low, high : float
        Random-effects summary, as a correlation; the interval is NaN below 6 patients.
    p_value, p_sign : float
        Of the summary (Knapp and Hartung), and of the sign test; NaN below 6 patients.
    i2 : float
        Percentage of the variation that lies between patients.
    n_patients : int
        Patients in the summary.
    step : str
        Of which maps: as they are, or freed of what.
    notes : tuple of str
        What should be known.
    history : tuple of Record
        How it came to be.
    """

    table: pd.DataFrame
    r: float
    low: float
    high: float
    p_value: float
    p_sign: float
    i2: float
    n_patients: int
    step: str = ""
    notes: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    def text(self) -> str:
        """The answer in words."""
        positive = int((self.table["r"] > 0).sum())
        said = f"r = {self.r:.2f}"
        if np.isfinite(self.p_value):
            said += f" ({self.low:.2f} to {self.high:.2f}, {p_said(self.p_value)})"
        said += f" over {self.n_patients} patients; positive in {positive} of {len(self.table)}"
        if np.isfinite(self.p_sign):
            return f"{said} (sign test {p_said(self.p_sign)}). I² {self.i2:.0f} %."
        return f"{said}. Fewer than {LEAST_PATIENTS} patients: no p-value."


@verb
def pool_correspondence(
    cases: Mapping[str, Correspondence],
    *,
    method: Method = "pearson",
    step: Step = "last",
    progress: Progress = quiet,
) -> PooledCorrespondence:
    """Join the correspondences of several patients: does what holds in one hold in others.

    Parameters
    ----------
    cases : mapping
        Patient → what `correspond` answered, with the same settings for all.
    method : {"pearson", "spearman"}, optional
        Correlation that is joined.
    step : {"last", "raw", "detrended", "partialled"}, optional
        Of the maps as they are (``raw``), freed of a trend, of that and of what else was given,
        or of whatever came last.
    progress : Progress, optional
        Reports patients; may cancel.

    Returns
    -------
    PooledCorrespondence
        One effect a patient, their random-effects summary, and a sign test.

    Raises
    ------
    InputError
        If there is no patient, settings differ, or the step was not taken.

    Notes
    -----
    Fisher's z of each patient has the variance 1 / (effective sample size − 3); random effects are
    fitted by restricted maximum likelihood, with the interval and test of Knapp and Hartung. A
    patient worth 3 places or fewer is not in the summary, but counts in the sign test. Below six
    patients there is no p-value and no interval: look at the patients.

    References
    ----------
    Knapp 2003, https://doi.org/10.1002/sim.1482; Viechtbauer 2005,
    https://doi.org/10.3102/10769986030003261; Dixon 1946,
    https://doi.org/10.1080/01621459.1946.10501898.

    Examples
    --------
    >>> from scipy.ndimage import gaussian_filter
    >>> from napari_radiogenomics import Geometry, Image, Segmentation, correspond
    >>> grid = Geometry((24, 24, 1))
    >>> tumor = Segmentation(np.ones(grid.shape, np.uint8), grid)
    >>> cases = {}
    >>> for k in range(6):
    ...     noise = np.random.default_rng(k).normal(size=(3, 1, 24, 24))
    ...     shared, a, b = (gaussian_filter(one, (0, 1, 1)) for one in noise)
    ...     maps = Image(shared + a, grid), Image(shared + b, grid)
    ...     cases[f"P{k}"] = correspond(*maps, tumor, surrogates=0)
    >>> found = pool_correspondence(cases)
    >>> bool(found.low < 0.5 < found.high), found.p_sign
    (True, 0.03125)
    """
    import pandas as pd

    if method not in ("pearson", "spearman"):
        raise InputError(f'No method "{method}". {did_you_mean(method, ["pearson", "spearman"])}')
    if not cases:
        raise InputError("There is no patient. Give what correspond answered, by patient.")
    rows = {
        str(patient): _row(str(patient), case, method, step)
        for patient, case in progress(list(cases.items()), "Patients")
    }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("patient_id")
    given = [str(case.row(step=_named(step))["given"]) for case in cases.values()]
    notes = _same_settings(cases, given)
    told = table["n_effective"].to_numpy(float) > LEAST_PLACES
    if not told.any():
        raise InputError(
            f"No patient is worth more than {LEAST_PLACES:g} places. Choose larger regions or less "
            "smooth maps."
        )
    if not told.all():
        few = ", ".join(table.index[~told])
        notes.append(f"Too smooth for a variance, only in the sign test: {few}.")
    variance = 1 / (table["n_effective"].to_numpy(float)[told] - LEAST_PLACES)
    pooled = pool_effects(table["z"].to_numpy(float)[told], variance, knapp_hartung=True)
    weight = 1 / (variance + pooled.tau2)
    table["weight"] = 0.0
    table.loc[told, "weight"] = 100 * weight / weight.sum()
    words = step_words({"given": ", ".join(given)})
    return replace(_summary(table, pooled, notes), step=words)


def _named(step: str) -> str:
    return "" if step == "last" else step


def _row(patient: str, case: Any, method: str, step: str) -> dict[str, float]:
    if not isinstance(case, Correspondence):
        raise InputError(f"Patient {patient}: give what correspond answered for two of its maps.")
    steps = list(dict.fromkeys(case.table["step"]))
    if step != "last" and step not in steps:
        raise InputError(
            f'Patient {patient} has no step "{step}". Steps: {", ".join(steps)}, or "last".'
        )
    row = case.row(method, _named(step))
    z = float(np.arctanh(np.clip(row["r"], -1 + 1e-15, 1 - 1e-15)))
    kept = {name: float(row[name]) for name in ("r", "low", "high", "n_effective")}
    return {**kept, "n_voxels": case.n_voxels, "z": z}


def _same_settings(cases: Mapping[str, Correspondence], given: Sequence[str]) -> list[str]:
    """Refuse patients that were compared in other ways; tell of what only some have."""
    used = {
        tuple(str(record.settings.get(name)) for name in ("detrend", "partial"))
        for case in cases.values()
        for record in case.history[-1:]
    }
    if len(used) > 1:
        raise InputError(
            "Patients were compared with other settings of detrend or partial. Compare all of "
            "them in the same way."
        )
    if len(set(given)) > 1:
        said = "; ".join(sorted(one or "nothing" for one in set(given)))
        return [f"What was taken out is not the same in all patients: {said}."]
    return []


def _summary(table: pd.DataFrame, pooled: Pooled, notes: list[str]) -> PooledCorrespondence:
    from scipy.stats import binomtest

    low, high, p_value = np.tanh(pooled.low), np.tanh(pooled.high), pooled.p_value
    if pooled.n < LEAST_PATIENTS:
        low = high = p_value = np.nan
        notes.append(
            f"{pooled.n} patients are too few to speak of others: no p-value and no interval below "
            f"{LEAST_PATIENTS}. Look at the patients."
        )
    signs = table["r"][table["r"] != 0] > 0
    p_sign = np.nan
    if len(signs) >= LEAST_PATIENTS:
        p_sign = float(binomtest(int(signs.sum()), len(signs)).pvalue)
    return PooledCorrespondence(
        table, float(np.tanh(pooled.effect)), float(low), float(high), float(p_value), p_sign,
        pooled.i2, pooled.n, notes=tuple(notes),
    )  # fmt: skip
