"""What drove the predictions of patients that were not learned from, gathered over the folds.

Letters: N patients, F features.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_radiogenomics.fusion.explaining.explain import explained
from napari_radiogenomics.fusion.models.fitted import Fitted
from napari_radiogenomics.fusion.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KEYS", "MOST_SHARES", "fold_shares", "mean_shares"]

MOST_SHARES = 10
"""Features that are kept of each patient; the others are kept as one sum."""
KEYS = ["view", "feature"]
"""What tells features apart."""


def fold_shares(fitted: Fitted, tables: Tables) -> tuple[pd.DataFrame, pd.Series]:
    """Shapley values of test patients, and how much each feature moved them in all.

    Parameters
    ----------
    fitted : Fitted
        Model of the fold.
    tables : Tables
        Test patients of the fold.

    Returns
    -------
    shares : DataFrame
        As `explain` answers, the greatest of each patient; the others summed up in one row
        without a name.
    sizes : Series
        Sum of the absolute values over the patients, by ``view`` and ``feature``.
    """
    import pandas as pd

    found = explained(fitted, tables)
    size = found["contribution"].abs()
    sizes = size.groupby([found[name] for name in KEYS], sort=False).sum()
    order = size.sort_values(ascending=False, kind="stable").index
    rank = found.loc[order].groupby("patient_id", sort=False).cumcount().reindex(found.index)
    top, rest = found[rank < MOST_SHARES], found[rank >= MOST_SHARES]
    summed = rest.groupby("patient_id", sort=False)["contribution"].sum().reset_index()
    named = summed.assign(modality="", view="", feature="", column="", value=float("nan"))
    shares = pd.concat([top, named[top.columns]], ignore_index=True) if len(named) else top.copy()
    shares.attrs = dict(found.attrs)
    return shares, sizes


def mean_shares(sizes: Sequence[pd.Series], patients: int) -> pd.Series:
    """Mean absolute Shapley value of each feature over all patients, by view and feature.

    Parameters
    ----------
    sizes : sequence of Series
        Of the folds.
    patients : int
        Patients that were explained.
    """
    import pandas as pd

    known = [part for part in sizes if len(part)]
    joined = pd.concat(known) if known else sizes[0]
    return joined.groupby(level=KEYS, sort=False).sum() / max(patients, 1)
