"""Columns of new patients that lie far from those of the training patients: other units, mostly.

What is compared with are means, spreads and medians, which the model holds anyhow; least and
greatest values, which are those of a patient, are not kept.

Letters: N patients, F features.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.models.views import FittedView
from napari_radiogenomics.fusion.tables import Tables

__all__ = ["far_columns"]

Reals = NDArray[np.float64]
_SOME = 10  # patients from which a typical value is known
_FAR, _FAR_OF_FEW = 5.0, 10.0  # standard deviations of the median; of each of few patients
_TIMES, _SURELY = 8.0, 3.0  # ratio of medians; of three quarters of the patients
_TYPICAL = 0.3  # of the spread in training, below which a median is near 0
_SHOWN = 5


def far_columns(view: FittedView, tables: Tables) -> str:
    """Sentence about columns of a view that lie far from the training; empty where none does.

    Parameters
    ----------
    view : FittedView
        Of the model.
    tables : Tables
        Of N new patients.
    """
    rows = np.flatnonzero(view.held(tables))
    if not rows.size:
        return ""
    found = _by_spread(view, view.matrix(tables)[rows])
    if "medians" in view.state and view.names == list(view.state["columns"]):
        found = {**_by_median(view, tables, rows), **found}
    if not found:
        return ""
    some = ", ".join(f"{name}: {words}" for name, words in list(found.items())[:_SHOWN])
    more = " …" if len(found) > _SHOWN else ""
    return (
        f'{len(found)} columns of "{view.view.name}" lie far from those of the training patients '
        f"({some}{more}). Are they in the same units?"
    )


def _by_spread(view: FittedView, z: Reals) -> dict[str, str]:
    """Columns whose typical patient is many standard deviations away; ``z`` has shape (N, F)."""
    few = len(z) < _SOME
    size = np.abs(z).min(axis=0) if few else np.abs(np.median(z, axis=0))
    middle = np.median(z, axis=0)
    found = {}
    for at in np.flatnonzero(size > (_FAR_OF_FEW if few else _FAR)):
        name = view.names[at]
        if name == view.origins[at]:  # groups that are rare in training are far by themselves
            side = "above" if middle[at] > 0 else "below"
            found[name] = f"{abs(middle[at]):.0f} standard deviations {side}"
    return found


def _by_median(view: FittedView, tables: Tables, rows: NDArray[np.intp]) -> dict[str, str]:
    """Columns that are several times as great or small as in training, for most patients."""
    columns = list(view.state["columns"])
    frame = view.view.frame(tables).iloc[rows].reindex(columns=columns)
    values = np.abs(frame.to_numpy(float, na_value=np.nan))
    known = np.isfinite(values).sum(axis=0) >= _SOME
    typical = np.abs(np.asarray(view.state["medians"], float))
    found = {}
    # A column that is around 0 in training has no typical size.
    sized = typical > _TYPICAL * view.scale
    for at in np.flatnonzero(known & sized):
        low, middle, high = np.nanquantile(values[:, at], (0.25, 0.5, 0.75)) / typical[at]
        if middle >= _TIMES and low >= _SURELY:
            found[columns[at]] = f"{middle:.3g} times as great"
        elif 0 < middle <= 1 / _TIMES and high <= 1 / _SURELY:
            found[columns[at]] = f"{1 / middle:.3g} times as small"
    return found
