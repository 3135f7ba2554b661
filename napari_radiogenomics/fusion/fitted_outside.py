"""Tables in which a step was learned on all patients, refused before anything is validated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.data.traces import traced
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.normalization import NORMALIZATIONS
from napari_radiogenomics.genomics.scorer import SCORERS
from napari_radiogenomics.provenance import Record, history_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["refuse_fitted_outside", "require_unfitted"]

_MEASURED = (
    "Give the table as it was measured, and the sites as groups: each fold harmonizes it anew."
)
_OUTSIDE = {
    "combat_seq": "Give the counts as they were read; each fold normalizes them anew.",
    "normalize_counts": "Give counts; each fold normalizes them anew "
    '(preparations={"rna": {"method": "expression", "scale": "counts"}}).',
    "score_pathways": "Give the expression; each fold scores it anew "
    '(preparations={"rna": {"method": "expression", "gene_sets": "curated"}}), or choose a score '
    'of single samples, such as "ssgsea" or "singscore".',
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
    themselves are known again for the rest of the session (`data.traces`).

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


def _was_together(step: str, settings: Mapping[str, Any]) -> bool:
    """Whether a step looked at several samples at a time."""
    return step not in _BY_METHOD or _BY_METHOD[step](str(settings.get("method", "")))


def _refusal(what: str, step: str) -> InputError:
    return InputError(
        f"{what} went through {step}, which learned from all patients, those of the test too: a "
        f"validation would shine by that. {_OUTSIDE.get(step, _MEASURED)}"
    )
