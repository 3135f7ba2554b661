"""Tables in which a step was learned on all patients, refused before anything is validated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.traces import leave_trace, traced
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.predictor import sigmoid
from napari_radiogenomics.genomics.normalization import NORMALIZATIONS
from napari_radiogenomics.genomics.scorer import SCORERS
from napari_radiogenomics.provenance import Record, history_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FITTED", "leave_answers", "refuse_fitted_outside", "require_unfitted"]

_MEASURED = (
    "Give the table as it was measured, and the sites as groups: each fold harmonizes it anew."
)
_MODEL = (
    "Leave it out and give what the model read; name a model in strategies={…} and each fold "
    "learns it anew."
)
FITTED = "a fitted"
"""How the name of the step begins by which a model has answered patients that it knows."""
_OUTSIDE = {
    "combat_seq": "Give the counts as they were read; each fold normalizes them anew.",
    "normalize_counts": "Give counts; each fold normalizes them anew "
    '(preparations={"rna": {"method": "expression", "scale": "counts"}}).',
    "score_pathways": "Give the expression; each fold scores it anew "
    '(preparations={"rna": {"method": "expression", "gene_sets": "curated"}}), or choose a score '
    'of single samples, such as "ssgsea" or "singscore".',
    "fuse": "Leave it out: predictions of these patients are what is to be validated.",
    "ClinicalEncoder": "Give the columns as they were read; each fold fills them in anew.",
    **dict.fromkeys(("harmonize", "ComBat", "CovBat", "LongitudinalComBat"), _MEASURED),
}


def _normalized_together(method: str) -> bool:
    return method not in NORMALIZATIONS or not NORMALIZATIONS[method].single_sample


def _scored_together(method: str) -> bool:
    if method not in SCORERS:
        return True
    return not (SCORERS[method].single_sample or SCORERS[method].common_factor)


_BY_METHOD: Mapping[str, Callable[[str], bool]] = {
    "normalize_counts": _normalized_together,
    "score_pathways": _scored_together,
}
"""Steps of which some methods look at one sample at a time: those pass."""


def refuse_fitted_outside(modalities: Mapping[str, pd.DataFrame]) -> None:
    """Refuse modalities in which a step was learned on all patients.

    A table says so by its history; where that was lost, by a join or as an array, the values
    themselves, or the order in which they put the patients, are known again for the rest of the
    session (`data.traces`). So are answers of a fitted model about patients that it learned from.

    Parameters
    ----------
    modalities : mapping of str to DataFrame
        Modality → table.

    Raises
    ------
    InputError
        If the patients to be tested took part in what made a table.
    """
    for name, frame in modalities.items():
        require_unfitted(f'The modality "{name}"', history_of(frame))
        found = traced(frame) if hasattr(frame, "dtypes") else {}
        for column, step in found.items():
            more = f" and {len(found) - 1} more columns" if len(found) > 1 else ""
            raise _refusal(f'In the modality "{name}" "{column}"{more}', step)


def require_unfitted(what: str, history: Iterable[Record]) -> None:
    """Refuse what has such a step in its history.

    Parameters
    ----------
    what : str
        Name of it, as a sentence begins.
    history : iterable of Record
        How it came about.

    Examples
    --------
    >>> require_unfitted("The table", [Record("extract_cohort", {}, {}, {}, "")])
    >>> require_unfitted("It", [Record("normalize_counts", {"method": "log_cpm"}, {}, {}, "")])
    """
    for record in history:
        if record.verb in _OUTSIDE and _was_together(record.verb, record.settings):
            raise _refusal(what, record.verb)


def leave_answers(
    step: str,
    links: NDArray[np.float64],
    patients: NDArray[Any],
    frames: Iterable[pd.DataFrame],
    learned: Collection[str],
) -> None:
    """Remember what models say of patients that they learned from.

    Parameters
    ----------
    step : str
        Who answers.
    links : ndarray, shape (N, M)
        Log odds, numbers or log hazards.
    patients : ndarray of str, shape (N,)
        Whom.
    frames : iterable of DataFrame, N rows each
        What the models read; a column of theirs that orders the patients alike stays free.
    learned : collection of str
        Who was learned from; of others a model may speak, as a score of another cohort does.
    """
    known = np.array([str(name) in learned for name in patients], bool)
    known &= np.isfinite(links).all(axis=1)
    if known.sum() < 2:
        return
    own = links[known]
    columns = [frame.select_dtypes("number").to_numpy(float)[known] for frame in frames]
    before = np.concatenate([own[:, :0], *columns], axis=1)
    made = np.concatenate([own, sigmoid(own), sigmoid(-own)], axis=1)
    leave_trace(step, made, before, ids=patients[known].tolist())


def _was_together(step: str, settings: Mapping[str, Any]) -> bool:
    """Whether a step looked at several samples at a time."""
    return step not in _BY_METHOD or _BY_METHOD[step](str(settings.get("method", "")))


def _refusal(what: str, step: str) -> InputError:
    remedy = _MODEL if step.startswith(FITTED) else _OUTSIDE.get(step, _MEASURED)
    return InputError(
        f"{what} went through {step}, which learned from all patients, those of the test too: a "
        f"validation would shine by that. {remedy}"
    )
