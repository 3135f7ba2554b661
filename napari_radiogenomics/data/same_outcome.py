"""Outcomes that are one outcome: under another coding, or one made of the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.orders import FEWEST_ORDERED, digits_of, follows

__all__ = ["same_outcomes"]

_SURE = 6.0  # of an outcome that was made of another one, by chance 1 in 10 to the

Reals = NDArray[np.float64]


def same_outcomes(
    known: Reals, outcome: Reals, event: NDArray[np.bool_] | None = None
) -> NDArray[np.intp]:
    """Outcomes of a search that are this one, under any coding that keeps or turns the order.

    An outcome that was made of a tested one (its upper half, or rounded) is that one too, and so
    is one of which a tested one was made: who has died by two years, of the time until death.

    Parameters
    ----------
    known : ndarray, shape (R, Q)
        Of the search.
    outcome : ndarray, shape (R,)
        Of the same patients.
    event : ndarray of bool, shape (R,), optional
        Where the outcome is a time: whether it came.

    Examples
    --------
    >>> time = np.arange(1.0, 41)
    >>> came = time % 3 > 0
    >>> dead = came & (time < 20)
    >>> same_outcomes(np.column_stack([time % 7, dead, -time]), time, came).tolist()
    [1, 2]
    """
    if len(outcome) < FEWEST_ORDERED or np.ptp(outcome) == 0:
        return np.zeros(0, np.intp)
    forms = [outcome]
    if event is not None and not event.all():  # who was not seen to die comes last
        forms.append(np.where(event, outcome, outcome.max() + 1))
    need = _SURE + np.log10(2.0 * known.shape[1])
    digits = [digits_of(form[:, None])[0] for form in forms]
    tested = digits_of(known)
    there = np.isfinite(known)
    enough = there.sum(axis=0) >= max(FEWEST_ORDERED, len(outcome) / 2)
    hits = []
    for at in np.flatnonzero(enough):
        rows = there[:, at]
        own = known[rows, at]
        if any(
            _order(own) == _order(form[rows])
            or (made >= need and _made_of(form[rows], own))
            or (tested[at] >= need and _made_of(own, form[rows]))
            for form, made in zip(forms, digits, strict=True)
        ):
            hits.append(at)
    return np.array(hits, np.intp)


def _made_of(one: Reals, other: Reals) -> bool:
    return bool(follows(one[:, None], other[:, None])[0])


def _order(values: Reals) -> bytes:
    """Order of the rows, up or down, ties and gaps included; empty where all are alike."""
    _, ranks = np.unique(np.where(np.isnan(values), -np.inf, values), return_inverse=True)
    if not len(ranks) or ranks.max() == 0:
        return b""
    turned = ranks.max() - ranks
    return min(ranks.astype(np.uint16).tobytes(), turned.astype(np.uint16).tobytes())
