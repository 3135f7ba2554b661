"""`correspond_samples`: biopsies against a map, within their patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.at_points import values_at
from napari_radiogenomics.correspondence.patients import LEAST_PATIENTS
from napari_radiogenomics.correspondence.sample_numbers import require_varying, sample_numbers
from napari_radiogenomics.correspondence.sample_result import SampleCorrespondence
from napari_radiogenomics.correspondence.scales import unit_of
from napari_radiogenomics.correspondence.within import Slope, Within, centered
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.precision import allows
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd


__all__ = ["SampleCorrespondence", "correspond_samples"]

Reals = NDArray[np.float64]
_OFF = 0.05  # share of moved positions without a value from which on it is told


@verb
def correspond_samples(
    samples: Samples,
    scores: pd.Series,
    maps: Mapping[str, Image],
    covariates: pd.DataFrame | None = None,
    *,
    error_mm: Annotated[float | None, Setting(minimum=0, title="Registration error")] = None,
    jitters: Annotated[int, Setting(minimum=0)] = 200,
    permutations: Annotated[int, Setting(minimum=99, advanced=True)] = 1999,
    seed: Annotated[int, Setting(minimum=0, advanced=True)] = 0,
    progress: Progress = quiet,
) -> SampleCorrespondence:
    """Compare a gene or pathway score of biopsies with a map at the places they were taken.

    Parameters
    ----------
    samples : Samples
        Biopsies with coordinates, in the frame of the map of their patient.
    scores : Series
        Score of each biopsy, index ``sample_id``.
    maps : mapping
        Patient → map, the same feature for all.
    covariates : DataFrame, optional
        What else differs between places, index ``sample_id``, as distance to the edge or purity:
        taken out within patients.
    error_mm : float, optional
        Root mean square error of the positions, by which they are jittered. Without it, the
        ``uncertainty_mm`` of each sample.
    jitters : int, optional
        How often positions are jittered; not at all with 0, or where no error is known.
    permutations : int, optional
        Permutations of the two tests by them.
    seed : int, optional
        Of the random numbers.
    progress : Progress, optional
        Reports patients; may cancel.

    Returns
    -------
    SampleCorrespondence

    Raises
    ------
    InputError
        If fewer than two patients have two biopsies with a score and a value, scores or values
        do not vary within patients or are told by the covariates, a score is no number, or maps
        are in different units.

    Notes
    -----
    Map and score are split into means of patients and differences from them; the mixed model has
    both parts of the map and a random intercept (REML, Satterthwaite). What differs between
    patients, as site, age or purity, cannot make an effect within them: with such confounding
    and no true effect, a pooled test is wrong in 8 of 10 studies, this one in 1 of 20. Two
    permutation tests stand beside it: biopsies change places within their patient, and the link
    of each patient changes its sign. Below six patients there is no p-value. A biopsy fills a
    ball of ``radius_mm``; the map is averaged over it. Only samples located as points count.

    References
    ----------
    Neuhaus 1998, https://doi.org/10.2307/3109770; Kuznetsova 2017,
    https://doi.org/10.18637/jss.v082.i13; Winkler 2014,
    https://doi.org/10.1016/j.neuroimage.2014.01.060.

    Examples
    --------
    >>> import pandas as pd
    >>> from napari_radiogenomics import Geometry, Image, Samples
    >>> rng = np.random.default_rng(0)
    >>> grid = Geometry((20, 20, 1))
    >>> maps = {f"P{k}": Image(rng.normal(size=grid.shape) + k, grid) for k in range(6)}
    >>> x, y = rng.integers(0, 20, (2, 24))
    >>> frame = pd.DataFrame({"sample_id": [f"b{k}" for k in range(24)], "x": x, "y": y, "z": 0,
    ...     "patient_id": [f"P{k // 4}" for k in range(24)], "coord_system": "LPS", "unit": "mm",
    ...     "precision": "point"})
    >>> near = [maps[f"P{k // 4}"].array[0, y[k], x[k]] for k in range(24)]
    >>> scores = pd.Series(2 * np.array(near) + rng.normal(size=24) / 9, frame["sample_id"])
    >>> found = correspond_samples(Samples.from_table(frame), scores, maps, jitters=0)
    >>> round(float(found.table.loc["within", "effect"]), 1), found.skill_within > 0.9
    (2.0, True)
    """
    notes: list[str] = []
    rng = np.random.default_rng(seed)
    taken = _Taken.of(samples, scores, maps, covariates, notes)
    unit, taken = taken.unit, taken.measured(notes, progress)
    within = taken.within()
    enough = taken.n_patients >= LEAST_PATIENTS
    if not enough:
        notes.append(
            f"{taken.n_patients} patients with two biopsies are too few to speak of others: no "
            f"p-value and no interval below {LEAST_PATIENTS}. Look at the patients."
        )
    table, skill_within, skill = _with_predictions(taken, within)
    return SampleCorrespondence(
        table=_effects(within, enough),
        tests=_tests(within, enough, permutations, rng),
        samples=table,
        jitter=_jittered(taken, within, error_mm, jitters, enough, rng, progress, notes),
        r_within=within.r,
        skill_within=skill_within,
        skill=skill,
        n_patients=taken.n_patients,
        unit=unit,
        notes=tuple(notes),
    )


@dataclass(frozen=True, eq=False)
class _Taken:
    """Biopsies that can be compared, those of a patient together.

    Attributes
    ----------
    table : DataFrame, index ``sample_id``
        ``patient_id, radius_mm, uncertainty_mm, score`` and ``value``.
    points : ndarray, shape (N, 3)
        LPS mm.
    maps : mapping
        By patient.
    covariates : ndarray, shape (N, C)
    """

    table: pd.DataFrame
    points: Reals
    maps: Mapping[str, Image]
    covariates: Reals

    @classmethod
    def of(
        cls,
        samples: Samples,
        scores: pd.Series,
        maps: Mapping[str, Image],
        covariates: pd.DataFrame | None,
        notes: list[str],
    ) -> _Taken:
        import pandas as pd

        if not scores.index.is_unique:
            twice = scores.index[scores.index.duplicated()][0]
            raise InputError(f'Sample "{twice}" has several scores. Keep one.')
        given = sample_numbers(scores.to_frame(scores.name or "score"), "score")[:, 0]
        scores = pd.Series(given, scores.index)
        located = samples.located
        fine = np.array([allows(text, "point") for text in located.table["precision"]], bool)
        _tell(notes, len(samples) - int(fine.sum()), "not located as a point")
        located = located.select(fine)
        known = located.table.index.isin(scores.dropna().index)
        _tell(notes, int((~known).sum()), "no score")
        mapped = located.table["patient_id"].isin(list(maps)).to_numpy()
        _tell(notes, int((known & ~mapped).sum()), "no map of the patient")
        kept = known & mapped
        beside = np.empty((len(located), 0))
        if covariates is not None:
            beside = sample_numbers(covariates, "covariate")
            beside = pd.DataFrame(beside, covariates.index).reindex(located.table.index).to_numpy()
            whole = np.isfinite(beside).all(axis=1)
            _tell(notes, int((kept & ~whole).sum()), "a covariate is missing")
            kept &= whole
        located, beside = located.select(kept), beside[kept]
        order = np.argsort(located.table["patient_id"].to_numpy(str), kind="stable")
        table = located.table.iloc[order][["patient_id", "radius_mm", "uncertainty_mm"]]
        table = table.assign(score=scores.reindex(table.index).to_numpy())
        points = np.empty((len(table), 3))
        for patient in table["patient_id"].unique():
            own = (located.table["patient_id"] == patient).to_numpy()
            here = (table["patient_id"] == patient).to_numpy()
            points[here] = located.select(own).points_lps(maps[patient].geometry)
        return cls(table, points, maps, beside[order])

    def measured(self, notes: list[str], progress: Progress) -> _Taken:
        """With the value of the map, without the samples that have none."""
        values = self.values(self.points, progress)
        known = np.isfinite(values)
        _tell(notes, int((~known).sum()), "the map has no value there")
        table = self.table.assign(value=values)[known]
        counts = table["patient_id"].value_counts()
        if (counts > 1).sum() < 2:
            raise InputError(
                f"{int((counts > 1).sum())} patients have two biopsies or more with a score and a "
                "value of the map; at least 2 are needed. Check names, frames and scores."
            )
        taken = _Taken(table, self.points[known], self.maps, self.covariates[known])
        for name in ("score", "value"):
            parts, _ = centered(table[name].to_numpy(float), taken.patient)
            if np.abs(parts).max() <= 1e-12 * np.abs(table[name]).max():
                raise InputError(
                    f"The {name} is the same for all biopsies of a patient, in every patient. "
                    "Choose one that differs between places."
                )
            require_varying(parts, centered(taken.covariates, taken.patient)[0], name)
        return taken

    @property
    def patient(self) -> NDArray[np.intp]:
        """Number of the patient of each biopsy."""
        return np.unique(self.table["patient_id"].to_numpy(str), return_inverse=True)[1]

    @property
    def n_patients(self) -> int:
        """Patients of two biopsies or more."""
        return int((np.bincount(self.patient) > 1).sum())

    @property
    def unit(self) -> str:
        """Of the maps, which is one."""
        return unit_of({name: self.maps[name] for name in self.table["patient_id"].unique()})

    def values(self, points: Reals, progress: Progress = quiet) -> Reals:
        """Value of the map at points, one a biopsy."""
        radii = self.table["radius_mm"].fillna(0.0).to_numpy(float)
        values = np.empty(len(points))
        names = self.table["patient_id"].to_numpy(str)
        for name in progress(list(np.unique(names)), "Patients"):
            image = self.maps[name]
            if image.array.ndim != 3:
                raise InputError(f"The map of patient {name} holds several volumes. Choose one.")
            own = names == name
            values[own] = values_at(image, points[own], radii[own])
        return values

    def within(self) -> Within:
        """Ready to be tested."""
        covariates, _ = centered(self.covariates, self.patient)
        y, x = (self.table[name].to_numpy(float) for name in ("score", "value"))
        return Within(y, x, self.patient, covariates)


def _tell(notes: list[str], count: int, what: str) -> None:
    if count:
        notes.append(f"{counted(count, 'sample')} left out: {what}.")


def _effects(within: Within, enough: bool) -> pd.DataFrame:
    import pandas as pd

    rows: dict[str, Slope] = {"within": within.slope()}
    if np.ptp(centered(within.x, within.patient)[1]) > 0 and len(within.sizes) > 2:
        rows["between"] = within.slope_between()
    table = pd.DataFrame({name: vars(slope) for name, slope in rows.items()}).T
    if not enough:
        table[["low", "high", "p_value"]] = np.nan
    return table


def _tests(within: Within, enough: bool, count: int, rng: np.random.Generator) -> pd.DataFrame:
    import pandas as pd

    found = {
        "mixed model": within.slope().p_value,
        "shuffled within patients": within.shuffled_p(count, rng),
        "signs by patient": within.flipped_p(count, rng),
    }
    table = pd.DataFrame({"p_value": pd.Series(found, dtype=float)})
    return table if enough else table * np.nan


def _with_predictions(taken: _Taken, within: Within) -> tuple[pd.DataFrame, float, float]:
    """Biopsies with what models of the other patients say, and how good that is."""
    deviation, score, reference = within.left_out()
    own, _ = centered(within.y, within.patient)
    table = taken.table[["patient_id", "score", "value"]].assign(
        score_within=own,
        value_within=centered(within.x, within.patient)[0],
        predicted_within=deviation,
        predicted=score,
    )
    skill_within = 1 - ((own - deviation) ** 2).sum() / (own**2).sum()
    skill = 1 - ((within.y - score) ** 2).sum() / ((within.y - reference) ** 2).sum()
    return table, float(skill_within), float(skill)


def _jittered(
    taken: _Taken,
    within: Within,
    error_mm: float | None,
    count: int,
    enough: bool,
    rng: np.random.Generator,
    progress: Progress,
    notes: list[str],
) -> pd.DataFrame:
    """Effects when positions move by the registration error.

    A place without a value stays, which is told where it is more than some: effects hold then
    because positions were not moved.
    """
    import pandas as pd
    from scipy.stats import t

    columns = ["effect", "p_value"]
    if error_mm is None:
        error = taken.table["uncertainty_mm"].fillna(0.0).to_numpy(float)
    else:
        error = np.full(len(taken.table), float(error_mm))
    if not count or not error.any():
        return pd.DataFrame(columns=columns, dtype=float)
    moved = np.empty((len(taken.points), count))
    off = 0
    for at in progress(range(count), "Positions"):
        shift = rng.normal(size=taken.points.shape) * (error / np.sqrt(3))[:, None]
        values = taken.values(taken.points + shift)
        known = np.isfinite(values)
        off += int((~known).sum())
        moved[:, at] = np.where(known, values, within.x)
    if off > _OFF * moved.size:
        notes.append(
            f"{off / moved.size:.0%} of the moved positions lie where the map has no value, and "
            "stayed where they were: the effects of moved positions are not to be read. The error "
            "of the positions is large for these maps."
        )
    fits = within.slopes_of(moved)
    p_value = 2 * t(fits.freedom).sf(np.abs(fits.coefficient / fits.error))
    table = pd.DataFrame({"effect": fits.coefficient, "p_value": p_value})
    return table if enough else table.assign(p_value=np.nan)
