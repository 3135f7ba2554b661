"""`harmonize`: site and scanner taken out of a table of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.traces import leave_trace
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.harmonization.harmonizer import HARMONIZERS, Harmonizer, Request
from napari_radiogenomics.harmonization.inputs import as_table, same_samples
from napari_radiogenomics.harmonization.patients import refuse_repeated
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SMALL", "harmonize"]

SMALL = 10
"""Samples below which a batch's variance is hardly known, and a note says so."""

_REMEDY = (
    "Make one row of each patient, such as the mean; where patients were scanned more than once, "
    'choose "longitudinal_combat" with patient=….'
)


@verb
def harmonize(
    features: pd.DataFrame,
    batch: pd.Series,
    *,
    method: Annotated[str, Setting(choices=HARMONIZERS.meanings)] = "combat",
    covariates: pd.DataFrame | None = None,
    reference: str | None = None,
    smooth: Sequence[str] = (),
    patient: pd.Series | None = None,
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Take batch effects out of a whole table, to look at it and to describe it.

    To predict something, harmonize inside the folds instead, with the estimator `ComBat`: what
    is learned from all samples together leaks from the test part into the training part.

    Parameters
    ----------
    features : DataFrame, N samples × P features
        Numbers; NaN where missing.
    batch : Series
        Site or scanner, by the index of ``features``.
    method : str, optional
        Name of a harmonizer.
    covariates : DataFrame, optional
        What is kept, by the same index: age, sex, stage. Never the outcome of a prediction.
    reference : str, optional
        Batch that stays as it is.
    smooth : sequence of str, optional
        Covariate that is kept as a curve (``"combat_gam"``).
    patient : Series, optional
        Patient of each row (``"longitudinal_combat"``).
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame, N samples × P features
        A new table. ``attrs`` hold ``method``, ``batches`` (samples of each), ``kept``,
        ``notes`` and the history. A feature that is the same everywhere is as it was.

    Raises
    ------
    InputError
        If there is one batch only or one of one sample, a covariate follows from the batches, a
        feature does not vary within a batch, ids do not match, or they repeat a patient
        (but for ``"longitudinal_combat"``).

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> site = pd.Series(["A", "B"] * 20)
    >>> table = pd.DataFrame(rng.normal(size=(40, 5))).add_prefix("f")
    >>> table += 2.0 * (site == "B").to_numpy()[:, None]
    >>> even = harmonize(table, site)
    >>> bool((even[site == "A"].mean() - even[site == "B"].mean()).abs().max() < 0.3)
    True
    """
    entry = HARMONIZERS[method]
    _refuse_unused(entry, reference, smooth, patient)
    features = as_table(features)
    if "patient" not in entry.uses:
        refuse_repeated(features, _REMEDY)
    names = _with_index(same_samples(features, batch, "batch"), features)
    kept = None if covariates is None else same_samples(features, covariates, "covariates")
    kept = None if kept is None else _with_index(kept, features)
    owner = None if patient is None else same_samples(features, patient, "patient")
    flat = _constant(features)
    table = features if not flat.any() else features.loc[:, ~flat]
    request = Request(table, names, kept, reference, tuple(smooth), owner)
    for step in progress([entry], entry.title):
        even = step.run(request)
    result = _filled(features, ~flat, even)
    before = features.to_numpy(float, na_value=np.nan)
    leave_trace("harmonize", result.to_numpy(float), before, ids=features.index)
    constant = [str(name) for name in features.columns[flat]]
    counts = {str(name): int(n) for name, n in names.astype(str).value_counts().items()}
    result.attrs = {
        "method": method,
        "batches": counts,
        "kept": () if kept is None else tuple(map(str, kept.columns)),
        "notes": (*features.attrs.get("notes", ()), *_notes(counts, constant)),
    }
    return result


def _with_index(facts: Any, features: pd.DataFrame) -> Any:
    """Batches or covariates by sample, also where they came in order alone."""
    import pandas as pd

    if isinstance(facts, pd.Series | pd.DataFrame):
        return facts
    values = np.asarray(facts)
    if values.ndim == 1:
        return pd.Series(values, features.index)
    return pd.DataFrame(values, features.index).add_prefix("covariate ")


def _refuse_unused(
    entry: Harmonizer,
    reference: str | None,
    smooth: Sequence[str],
    patient: pd.Series | None,
) -> None:
    """A setting that would do nothing is a mistake that nobody would see."""
    given = {
        "reference": reference is not None,
        "smooth": bool(smooth),
        "patient": patient is not None,
    }
    for name, there in given.items():
        if there and name not in entry.uses:
            takers = ", ".join(other.name for other in HARMONIZERS if name in other.uses)
            raise InputError(
                f'{entry.title} takes no "{name}". Leave it out, or choose one of {takers}.'
            )


def _constant(features: pd.DataFrame) -> NDArray[np.bool_]:
    """Which features are the same everywhere, shape (P,)."""
    if features.select_dtypes("number").shape[1] < features.shape[1]:
        return np.zeros(features.shape[1], bool)  # the harmonizer says which columns hold text
    values = features.to_numpy(float)
    low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    flat = (low == high) & np.isfinite(low)
    if flat.all():
        raise InputError("No feature varies over the samples, so that there is nothing to do.")
    return np.asarray(flat)


def _filled(features: pd.DataFrame, at: NDArray[np.bool_], even: pd.DataFrame) -> pd.DataFrame:
    """A new table of the features, with those at ``at`` replaced."""
    import pandas as pd

    values = even.to_numpy(float)
    if not at.all():
        values, kept = features.to_numpy(float, copy=True), values
        values[:, at] = kept
    return pd.DataFrame(values, index=features.index, columns=features.columns)


def _notes(counts: Mapping[str, int], constant: Sequence[str]) -> tuple[str, ...]:
    notes = []
    small = {name: n for name, n in counts.items() if n < SMALL}
    if small:
        listed = ", ".join(f"{name} ({n})" for name, n in small.items())
        notes.append(
            f"Fewer than {SMALL} samples in {listed}: their variances are hardly known. Look "
            "whether the result changes without them."
        )
    if constant:
        more = " …" if len(constant) > 5 else ""
        what = "feature is" if len(constant) == 1 else "features are"
        stay = "stays as it is" if len(constant) == 1 else "stay as they are"
        notes.append(
            f"{len(constant)} {what} the same everywhere and {stay}: "
            f"{', '.join(constant[:5])}{more}."
        )
    return tuple(notes)
