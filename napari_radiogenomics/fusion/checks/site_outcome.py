"""Sites that tell the outcome: what a model then learns may be the scanner.

Letters: N patients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.validation.metrics import column_concordance

if TYPE_CHECKING:
    from napari_radiogenomics.fusion.outcome import Outcome
    from napari_radiogenomics.fusion.tables import Tables
from napari_radiogenomics.fusion.checks.warned import warned

__all__ = ["warn_of_sites"]

_SURE, _STRONG = 0.001, 0.7


def warn_of_sites(tables: Tables, outcome: Outcome) -> tuple[str, ...]:
    """Warn of sites whose outcomes differ so much that the site alone predicts.

    Parameters
    ----------
    tables : Tables
        Of N patients.
    outcome : Outcome
        Theirs.

    Returns
    -------
    tuple of str
        The warning; empty where sites are alike or unknown.

    Raises
    ------
    InputError
        If every site holds one class only, so that site and outcome are one.
    """
    from scipy.stats import kruskal

    if tables.sites is None:
        return ()
    sites = tables.sites.astype(str)
    names = np.unique(sites)
    if len(names) < 2:
        return ()
    aim = outcome.working()
    groups = [aim[sites == name] for name in names]
    if outcome.kind == "classification" and all(np.ptp(group) == 0 for group in groups):
        first, last = names[0], names[-1]
        raise InputError(
            f"The site tells {outcome.name}: each of the {len(names)} sites, such as {first} and "
            f"{last}, holds one class only, so that a model of the scanner looks like one of the "
            "tumor. Give sites that hold both classes."
        )
    means = np.array([group.mean() for group in groups])
    alone = column_concordance(means[np.searchsorted(names, sites)], outcome)
    if kruskal(*groups).pvalue > _SURE or alone < _STRONG:
        return ()
    text = (
        f"The site tells {outcome.name}: by itself it orders patients with a concordance of "
        f"{alone:.2f}. What is above chance with sites mixed may be the scanner; believe what "
        "holds at sites left out."
    )
    return warned([text])
