"""What should be known of the tests that were made, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.association.inputs import Tables
from napari_radiogenomics.association.method import Method
from napari_radiogenomics.association.pairs import Pairs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["notes_on", "sites_in_words"]


def notes_on(tables: Tables, pairs: Pairs, missing: pd.DataFrame) -> list[str]:
    """Pairs without a test, penalized ones, and missing values that go with an outcome."""
    notes = []
    untested = int((~np.isfinite(pairs.columns["p_value"])).sum())
    if untested:
        notes.append(
            f"{untested} pairs could not be tested: too few patients with both, nothing left "
            "beside the confounders, or no estimate. Their p-value is empty."
        )
    firth = pairs.columns.get("firth")
    if firth is not None and firth.any():
        notes.append(
            f"In {int(firth.sum())} tests the feature parts the classes (nearly) without error; "
            "Firth's penalized likelihood gives the answer."
        )
    endless = pairs.columns.get("endless")
    if endless is not None and endless.any():
        notes.append(
            f"In {int(endless.sum())} tests the hazard ratio grows without end (every event has "
            "the extreme value of those at risk); they have no estimate."
        )
    worst = missing[missing["q_value"] < 0.05] if len(missing) else missing
    if len(worst):
        first = worst.sort_values("p_value").iloc[0]
        notes.append(
            f'Values are not missing at random: "{first["first"]}" is missing for '
            f'{first["n_missing"]} patients, and that goes with "{first["outcome"]}" '
            f"(correlation {first['correlation']:.2f}). Tests of the patients that are left may be "
            "bent; see missing."
        )
    if pairs.n.size and pairs.n.min() < len(tables.patients):
        notes.append(
            f"Some values are missing: tests rest on {pairs.n.min()} to {pairs.n.max()} of "
            f"{len(tables.patients)} patients (column n)."
        )
    return notes


def sites_in_words(tables: Tables, entry: Method) -> str:
    """How the sites were taken."""
    if tables.site is None:
        return "No sites were given; differences between them are not accounted for."
    words = {
        "fixed": "part of the model",
        "strata": "strata with a hazard of their own",
        "random": "random effects",
        "studies": "studies of a meta-analysis",
        "": "not part of the model; permutations stay within them",
    }[entry.site]
    return f"{len(tables.site_names)} sites, {words}."
