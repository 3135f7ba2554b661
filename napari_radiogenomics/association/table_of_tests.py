"""The table of the tests, with p-values adjusted in the family that was declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.association.inputs import Tables
from napari_radiogenomics.association.method import Method
from napari_radiogenomics.association.pairs import Pairs
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics.multiplicity import Correction, adjust

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Family", "family_of", "table_of"]

Family = Literal["all", "outcome", "feature"]
_CORRECTIONS: Mapping[str, str] = {
    "bh": "false discovery rate by Benjamini and Hochberg",
    "by": "false discovery rate by Benjamini and Yekutieli",
    "storey": "false discovery rate by Storey's q-values",
    "holm": "family-wise error by Holm",
    "bonferroni": "family-wise error by Bonferroni",
    "none": "not adjusted",
}


def family_of(pairs: Pairs, family: str) -> NDArray[np.intp]:
    """Place of the family of each pair."""
    return {"all": np.zeros_like(pairs.feature), "outcome": pairs.outcome}.get(
        family, pairs.feature
    )


def table_of(
    tables: Tables, entry: Method, pairs: Pairs, family: str, correction: Correction, limit: float
) -> tuple[pd.DataFrame, str]:
    """Table of the tests with q-values, and the family in words."""
    import pandas as pd

    of = family_of(pairs, family)
    p_values = np.asarray(pairs.columns["p_value"], float)
    if pairs.n_tests > np.isfinite(p_values).sum():
        if family != "all" or correction == "storey":
            raise InputError(
                'A screen of so many tests is adjusted as one family, and not by "storey". Set '
                "keep=1 to keep every test, or test fewer."
            )
        q_values = _adjust_kept(p_values, pairs.n_tests, correction)
    else:
        q_values = np.full(p_values.shape, np.nan)
        for one in np.unique(of):
            q_values[of == one] = adjust(p_values[of == one], correction)
    names = {
        "all": ["all"],
        "outcome": list(tables.outcome_names),
        "feature": list(tables.feature_names),
    }[family]
    columns: dict[str, Any] = {
        "feature": pd.Categorical.from_codes(pairs.feature, list(tables.feature_names)),
        "outcome": pd.Categorical.from_codes(pairs.outcome, list(tables.outcome_names)),
        "n": pairs.n,
    }
    rest = dict(pairs.columns)
    for name in ("effect", "low", "high", "statistic", "p_value"):
        columns[name] = rest.pop(name)
    columns["q_value"] = q_values
    columns["family"] = pd.Categorical.from_codes(of, names)
    table = pd.DataFrame(columns | rest)
    if limit < 1:
        table = table[table["p_value"] <= limit]
    table = table.sort_values("p_value", kind="stable", ignore_index=True)
    return table, _words(tables, entry, pairs, family, correction, limit)


def _adjust_kept(
    p_values: NDArray[np.float64], n_tests: int, correction: str
) -> NDArray[np.float64]:
    """Adjust the smallest p-values of a family whose other tests are not kept.

    The ranks are those among all tests; the step-up minimum runs over the kept ones, so that an
    adjusted value is never too small.
    """
    order = np.argsort(p_values, kind="stable")
    rank = np.arange(1, len(order) + 1)
    factor = {
        "bh": n_tests / rank,
        "by": n_tests / rank * (np.log(n_tests) + np.euler_gamma + 0.5 / n_tests),
        "holm": n_tests + 1.0 - rank,
        "bonferroni": np.full(len(order), float(n_tests)),
        "none": np.ones(len(order)),
    }[correction]
    raised = p_values[order] * factor
    if correction == "holm":
        raised = np.maximum.accumulate(raised)
    elif correction in ("bh", "by"):
        raised = np.minimum.accumulate(raised[::-1])[::-1]
    out = np.empty_like(p_values)
    out[order] = np.minimum(raised, 1.0)
    return out


def _words(
    tables: Tables, entry: Method, pairs: Pairs, family: str, correction: str, limit: float
) -> str:
    p, m = len(tables.feature_names), len(tables.outcome_names)
    sizes = f"{p} features × {m} outcomes, {pairs.n_tests} tests"
    together = {
        "all": "all adjusted together",
        "outcome": f"the tests of each of {m} outcomes adjusted together",
        "feature": f"the tests of each of {p} features adjusted together",
    }[family]
    kept = f"; the table keeps p-values up to {limit:g}" if limit < 1 else ""
    return f"{entry.title}: {sizes}, {together} ({_CORRECTIONS[correction]}){kept}."
