"""Patients who have no outcome: how many are left out, and whether they are like the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.fusion.checks.warned import warned

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.outcome import Outcome

__all__ = ["warn_of_blanks"]

Flags = NDArray[np.bool_]
_SURE, _STRONG = 0.01, 0.2  # of a pattern: p-value, and difference of the shares
_SHOWN = 4


def warn_of_blanks(
    modalities: Mapping[str, pd.DataFrame],
    target: pd.Series | pd.DataFrame,
    outcome: Outcome,
    groups: Any = None,
    *,
    whose: str = "",
) -> tuple[str, ...]:
    """Warn of patients whose outcome is blank, and of what goes with that.

    Patients whom the target does not name at all were not asked for, and are not counted.

    Parameters
    ----------
    modalities : mapping of str to DataFrame
        Modality → table.
    target : Series or DataFrame
        By patient id, as it was given.
    outcome : Outcome
        Of those who have one.
    groups : Series, optional
        Site of each patient.
    whose : str, optional
        How the warning begins, where it is not of the patients to learn from.

    Returns
    -------
    tuple of str
        The warning; empty where nobody in a table is without an outcome.
    """
    import pandas as pd

    blank = _blank(target)
    ids = target.index.astype(str)
    there = {
        str(name): ids.isin(frame.index[frame.notna().any(axis=1).to_numpy()].astype(str))
        for name, frame in modalities.items()
    }
    some = np.logical_or.reduce(list(there.values()))
    n = int((blank & some).sum())
    if not n:
        return ()
    verb = "has" if n == 1 else "have"
    text = (
        f"{whose}{n} of {counted(int(some.sum()), 'patient')} {verb} no {outcome.name} and "
        f"{'is' if n == 1 else 'are'} left out."
    )
    own = {name: held[some] for name, held in there.items()}
    sites = None
    if isinstance(groups, pd.Series):
        sites = groups.set_axis(groups.index.astype(str)).reindex(ids[some]).astype(str).to_numpy()
    found = list(_patterns(blank[some], own, sites, outcome.name))
    if found:
        text += (
            f" They are not like the rest: {'; '.join(found)}. What is found holds for patients "
            "like those who are left."
        )
    return warned([text])


def _blank(target: pd.Series | pd.DataFrame) -> Flags:
    """Who has no outcome, shape (N,); a time without an event is none."""
    missing = target.isna()
    if missing.ndim == 1:
        return missing.to_numpy(bool)
    pair = [name for name in missing.columns if str(name) in ("time", "event")]
    return (missing[pair] if len(pair) == 2 else missing).any(axis=1).to_numpy(bool)


def _patterns(
    blank: Flags, there: Mapping[str, Flags], sites: NDArray[Any] | None, name: str
) -> Iterator[str]:
    """What blanks go with: having a modality, or a site."""
    from scipy.stats import chi2_contingency, fisher_exact

    tests = len(there) + (sites is not None)
    for modality, held in there.items():
        if held.all() or not held.any():
            continue
        with_, without = blank[held], blank[~held]
        counts = [[int(part.sum()), int((~part).sum())] for part in (with_, without)]
        gap = abs(with_.mean() - without.mean())
        if fisher_exact(counts)[1] * tests < _SURE and gap >= _STRONG:
            yield (
                f"{without.mean():.0%} of those without {modality} have no {name}, "
                f"{with_.mean():.0%} of those with it"
            )
    if sites is None or len(np.unique(sites)) < 2 or blank.all():
        return
    names, of = np.unique(sites, return_inverse=True)
    shares = np.bincount(of, blank) / np.bincount(of)
    table = np.stack([np.bincount(of, blank), np.bincount(of, ~blank)])
    if chi2_contingency(table).pvalue * tests < _SURE and np.ptp(shares) >= _STRONG:
        order = np.argsort(-shares, kind="stable")[:_SHOWN]
        told = ", ".join(f"{shares[at]:.0%} at {names[at]}" for at in order)
        yield f"without {name} are {told}{' …' if len(names) > _SHOWN else ''}"
