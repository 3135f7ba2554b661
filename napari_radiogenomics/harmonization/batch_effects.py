"""`batch_effects`: how much of each feature is site, and whether a model can tell the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.harmonization.design import CovariateCode, indicator, require_estimable
from napari_radiogenomics.harmonization.harmonize import harmonize
from napari_radiogenomics.harmonization.harmonizer import HARMONIZERS, Request
from napari_radiogenomics.harmonization.inputs import inputs_of, same_samples
from napari_radiogenomics.harmonization.patients import (
    Joined,
    joined_by_patient,
    owners_of,
    refuse_repeated,
)
from napari_radiogenomics.harmonization.shares import batch_shares
from napari_radiogenomics.harmonization.site_model import FEWEST_IN_FOLDS, batch_area
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting
from napari_radiogenomics.statistics.roc import Area

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.provenance import Record

__all__ = ["BatchEffects", "batch_effects"]

Reals = NDArray[np.float64]
_COMPONENTS = 5
_REMEDY = "Give patient=… with the patient of each row, or one row of each patient."


@dataclass(frozen=True, eq=False)
class BatchEffects:
    """What the batches do to features.

    Attributes
    ----------
    table : DataFrame
        One row a feature, the most affected first: ``feature``, ``n``, ``batch_share`` (of the
        variance, beside the covariates, less what chance gives), a ``…_share`` for each
        covariate, ``statistic`` and ``p_value`` of Kruskal and Wallis (beside the covariates),
        ``q_value`` (Benjamini and Hochberg over the features).
    area : Area or None
        Cross-validated area under the ROC curve of a model that tells the batch, with interval:
        0.5 is chance. None where no two batches are large enough, or after a harmonizer that
        cannot be learned inside folds.
    silhouette : float
        How much nearer samples are to their own batch than to the nearest other, from -1 to 1;
        0 or less: batches are no clusters.
    coordinates : DataFrame
        First principal components of each sample, and its batch, to draw.
    explained : tuple of float
        Share of the variance of each component.
    batches : dict
        Samples of each batch.
    method : str
        Harmonizer, or empty for the features as they are.
    after : BatchEffects or None
        The same after harmonization.
    warnings : tuple of str
        What should be known.
    history : tuple of Record
        How it came to be.
    """

    table: pd.DataFrame
    area: Area | None
    silhouette: float
    coordinates: pd.DataFrame
    explained: tuple[float, ...]
    batches: dict[str, int]
    method: str = ""
    after: BatchEffects | None = None
    warnings: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    def summary(self) -> pd.DataFrame:
        """Before and after in a few numbers, one row each."""
        import pandas as pd

        states = [("as they are", self)]
        if self.after is not None:
            states.append((self.after.method, self.after))
        rows = {
            name: {
                "median_batch_share": state.table["batch_share"].median(),
                "features_with_batch": int((state.table["q_value"] < 0.05).sum()),
                "silhouette": state.silhouette,
                "batch_auc": state.area.value if state.area else np.nan,
                "batch_auc_low": state.area.low if state.area else np.nan,
                "batch_auc_high": state.area.high if state.area else np.nan,
            }
            for name, state in states
        }
        return pd.DataFrame.from_dict(rows, orient="index")


def _choices() -> Mapping[str, str]:
    return {"": "Not compared."} | HARMONIZERS.titles()


@verb
def batch_effects(
    features: pd.DataFrame,
    batch: pd.Series,
    *,
    covariates: pd.DataFrame | None = None,
    patient: pd.Series | None = None,
    after: Annotated[str, Setting(choices=_choices)] = "",
    seed: Annotated[int, Setting(advanced=True)] = 0,
    progress: Progress = quiet,
) -> BatchEffects:
    """Measure how much of each feature is site or scanner, before and after harmonization.

    Parameters
    ----------
    features : DataFrame, N samples × P features
        Numbers; NaN where missing.
    batch : Series
        Site or scanner, by the index of ``features``.
    covariates : DataFrame, optional
        What may differ between batches for good reasons, by the same index; kept by the
        harmonizer.
    patient : Series, optional
        Patient of each row, where rows repeat one: rows of a patient in a batch are joined by
        their mean, and folds keep a patient together.
    after : str, optional
        Harmonizer to compare with. For the area it is learned in each fold on the training
        part: harmonizing all samples first pushes the area below chance, which is no success.
    seed : int, optional
        Of the folds.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    BatchEffects

    Raises
    ------
    InputError
        If there is one batch only, a covariate follows from the batches, no feature varies, ids
        do not match, or they repeat a patient and ``patient`` is not given.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> site = pd.Series(["A", "B"] * 20)
    >>> table = pd.DataFrame(rng.normal(size=(40, 5))).add_prefix("f")
    >>> table["f0"] += 3.0 * (site == "B")
    >>> found = batch_effects(table, site, after="combat")
    >>> found.table.loc[0, "feature"], bool(found.area.low > 0.5 > found.after.area.low)
    ('f0', True)
    """
    rows = _rows(features, batch, covariates, patient)
    numbers, notes = _varying(rows.features)
    unit = replace(rows, features=numbers)
    if patient is not None:
        unit = joined_by_patient(numbers, rows.batch, rows.covariates, rows.patient)
        numbers, flat = _varying(unit.features)
        unit = replace(unit, features=numbers)
        notes += [unit.note(len(rows.batch)), *flat]
    notes += _harmonized_before(features)
    counts = _counts(unit.batch)
    big, few = _big_enough(unit.batch, counts)
    area = _area(unit, big, None, seed, progress)
    found = replace(_measured(unit, counts, big), area=area, warnings=(*notes, *few))
    if not after:
        return found
    return replace(found, after=_after(after, rows, unit, counts, big, seed, progress))


def _rows(features: pd.DataFrame, batch: Any, covariates: Any, patient: Any) -> Joined:
    """Features with batch, covariates and patient of each row."""
    import pandas as pd

    if patient is None:
        refuse_repeated(features, _REMEDY)
    names = pd.Series(same_samples(features, batch, "batch")).set_axis(features.index)
    kept = None if covariates is None else same_samples(features, covariates, "covariates")
    own = range(len(features)) if patient is None else patient
    return Joined(features, names.astype(object), kept, owners_of(features, own))


def _harmonized_before(features: pd.DataFrame) -> list[str]:
    """A note where the table was harmonized whole: its numbers say too little of the batch."""
    method = features.attrs.get("method", "")
    if method not in HARMONIZERS:
        return []
    return [
        f"The features were harmonized before ({method}), from all samples together: shares and "
        "the area, which falls below chance, do not tell how much of the batch is left in new "
        "patients. Give the raw features with after=…."
    ]


def _after(
    after: str,
    rows: Joined,
    unit: Joined,
    counts: dict[str, int],
    big: NDArray[np.bool_],
    seed: int,
    progress: Progress,
) -> BatchEffects:
    """The same after a harmonizer."""
    entry = HARMONIZERS[after]
    if "patient" in entry.uses and not unit.patient.equals(rows.patient):
        numbers = rows.features[unit.features.columns].astype(float)
        scans = harmonize(
            numbers, rows.batch, method=after, covariates=rows.covariates, patient=rows.patient
        )
        even = joined_by_patient(scans, rows.batch, rows.covariates, rows.patient).features
        even.attrs = scans.attrs
    else:
        even = harmonize(unit.features, unit.batch, method=after, covariates=unit.covariates)
    then = _measured(replace(unit, features=even), counts, big)
    said = list(even.attrs["notes"])
    if entry.model is None:
        said.append(
            f"{entry.title} describes a whole table and cannot be learned inside folds: there is "
            "no area after it."
        )
        return replace(then, method=after, warnings=tuple(said))
    make, request = entry.model, Request(unit.features, unit.batch, unit.covariates)
    area = _area(unit, big, lambda: make(request), seed, progress)
    return replace(then, area=area, method=after, warnings=tuple(said))


def _varying(features: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Features with at least two values; a note names the others."""
    values, _, _ = inputs_of(features, np.zeros(len(features)), None)
    low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    moves, empty = low < high, ~np.isfinite(low)
    if not moves.any():
        raise InputError("No feature varies over the samples, so that there is nothing to measure.")
    notes = []
    for mask, one, many in (
        (empty, "has no value", "have no value"),
        (~moves & ~empty, "does not vary", "do not vary"),
    ):
        lost = [str(name) for name in features.columns[mask]]
        if len(lost) == 1:
            notes.append(f"{lost[0]} {one}: left out.")
        elif lost:
            notes.append(f"{len(lost)} features {many}, the first is {lost[0]}: left out.")
    return features.loc[:, moves].astype(float), notes


def _counts(names: pd.Series) -> dict[str, int]:
    if names.isna().any():
        raise InputError(f"{int(names.isna().sum())} samples have no batch. Fill it in.")
    counts = {str(name): int(n) for name, n in names.astype(str).value_counts().items()}
    if len(counts) < 2:
        raise InputError(
            f"There is one batch ({next(iter(counts))}), so that there is nothing to compare. "
            "Choose a column that tells sites or scanners apart."
        )
    return counts


def _big_enough(names: pd.Series, counts: dict[str, int]) -> tuple[NDArray[np.bool_], list[str]]:
    """Samples of batches that can be learned and tested, and a note of the others."""
    small = [f"{name} ({n})" for name, n in counts.items() if n < FEWEST_IN_FOLDS]
    kept = names.astype(str).map(counts).to_numpy() >= FEWEST_IN_FOLDS
    notes = []
    if small:
        notes.append(
            f"Fewer than {FEWEST_IN_FOLDS} samples in {', '.join(small)}: left out of the area "
            "and the silhouette."
        )
    if names[kept].nunique() < 2:
        notes.append("Fewer than two batches are large enough for an area and a silhouette.")
    return np.asarray(kept), notes


def _area(
    unit: Joined,
    big: NDArray[np.bool_],
    model: Callable[[], Any] | None,
    seed: int,
    progress: Progress,
) -> Area | None:
    if unit.batch[big].nunique() < 2:
        return None
    return batch_area(
        unit.features[big],
        unit.batch[big],
        model=model,
        covariates=None if unit.covariates is None else unit.covariates[big],
        patient=unit.patient[big],
        seed=seed,
        progress=progress,
    )


def _measured(unit: Joined, counts: dict[str, int], big: NDArray[np.bool_]) -> BatchEffects:
    """Everything but the area."""
    numbers, names, kept = unit.features, unit.batch, unit.covariates
    levels, codes = np.unique(names.astype(str).to_numpy(str), return_inverse=True)
    code = CovariateCode.of(kept)
    columns = code.encode(kept, len(numbers))
    require_estimable(indicator(codes, len(levels)), columns, code)
    table = batch_shares(numbers, codes, columns, code)
    standard = _standardized(numbers.to_numpy(float))
    coordinates, explained = _components(standard)
    frame = _frame(coordinates, numbers, names)
    silhouette = np.nan
    if len(np.unique(codes[big])) > 1:
        from sklearn.metrics import silhouette_score

        silhouette = float(silhouette_score(standard[big], codes[big]))
    return BatchEffects(table, None, silhouette, frame, explained, counts)


def _standardized(values: Reals) -> Reals:
    """Columns with mean 0 and standard deviation 1, missing values at the median."""
    filled = np.where(np.isfinite(values), values, np.nanmedian(values, axis=0))
    scale = filled.std(axis=0)
    return np.asarray((filled - filled.mean(axis=0)) / np.where(scale > 0, scale, 1.0))


def _components(standard: Reals) -> tuple[Reals, tuple[float, ...]]:
    u, singular, _ = np.linalg.svd(standard, full_matrices=False)
    k = min(_COMPONENTS, len(singular))
    share = singular**2 / max(float((singular**2).sum()), 1e-300)
    return u[:, :k] * singular[:k], tuple(share[:k].tolist())


def _frame(coordinates: Reals, numbers: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    import pandas as pd

    labels = [f"PC{k + 1}" for k in range(coordinates.shape[1])]
    frame = pd.DataFrame(coordinates, index=numbers.index, columns=labels)
    frame["batch"] = names.astype(str).to_numpy()
    return frame
