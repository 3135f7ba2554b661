"""Tests of every pair, in blocks of patients for whom nothing is missing; millions are screened.

Strategy: features and outcomes are sorted by the pattern of their missing values; each pair of
patterns is one block of complete data. A linear method gives correlations by one product of
matrices; of very many pairs only those with small p-values are kept, and their exact ranks among
all tests are what the adjustment needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.association.correlations import Correlated, described, prepared
from napari_radiogenomics.association.inputs import Tables
from napari_radiogenomics.association.method import Block, Method
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.statistics.patterns import patterns_of

__all__ = ["Pairs", "blocks_of", "screen", "test_all", "whole_block"]

Reals = NDArray[np.float64]
Places = NDArray[np.intp]
_FREE = 2
_FEATURES_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Pairs:
    """Tests, one a row.

    Attributes
    ----------
    feature, outcome : ndarray of int, shape (T,)
        Places among the features and outcomes.
    n : ndarray of int, shape (T,)
        Patients.
    columns : dict of str to ndarray, shape (T,)
        ``effect``, ``low``, ``high``, ``statistic``, ``p_value``, and those of the method.
    n_tests : int
        Tests made, also those that were not kept.
    """

    feature: Places
    outcome: Places
    n: Places
    columns: dict[str, NDArray[np.generic]]
    n_tests: int


def blocks_of(tables: Tables) -> Iterator[tuple[Places, Places, Block, Reals]]:
    """Complete blocks: places of features and outcomes, the block, and the features' spread."""
    outcomes = patterns_of(np.isfinite(tables.outcomes))
    for x_rows, own_x in patterns_of(np.isfinite(tables.features)):
        for y_rows, own_y in outcomes:
            rows = np.flatnonzero(x_rows & y_rows)
            yield (own_x, own_y, *_block(tables, rows, own_x, own_y))


def _block(tables: Tables, rows: Places, own_x: Places, own_y: Places) -> tuple[Block, Reals]:
    x = tables.features[np.ix_(rows, own_x)]
    center = x.mean(axis=0) if len(rows) else np.zeros(len(own_x))
    spread = x.std(axis=0, ddof=1) if len(rows) > 1 else np.zeros(len(own_x))
    moves = spread > 1e-12 * np.maximum(np.abs(center), 1e-300)
    spread = np.where(moves, spread, 1.0)
    block = Block(
        np.where(moves, (x - center) / spread, 0.0),
        tables.outcomes[np.ix_(rows, own_y)],
        tables.confounders[rows],
        None if tables.site is None else tables.site[rows],
        None if tables.event is None else tables.event[rows],
        None if tables.size_factors is None else tables.size_factors[rows],
    )
    return block, spread


def whole_block(tables: Tables) -> Block:
    """All patients, features and outcomes.

    Raises
    ------
    InputError
        If a value is missing.
    """
    found = list(blocks_of(tables))
    if len(found) > 1 or found[0][2].n < len(tables.patients):
        raise InputError(
            "Permutations move whole patients, so that nothing may be missing. Leave features, "
            "outcomes or patients with missing values out, or set n_permutations to 0."
        )
    return found[0][2]


def _enough(block: Block) -> bool:
    return block.n >= block.given.shape[1] + 1 + _FREE


def test_all(tables: Tables, method: Method, per_unit: bool, progress: Progress) -> Pairs:
    """Test every pair and keep them all.

    Parameters
    ----------
    tables : Tables
    method : Method
    per_unit : bool
        Give slopes for one unit of the feature instead of one standard deviation.
    """
    shape = (len(tables.feature_names), len(tables.outcome_names))
    n = np.zeros(shape, np.intp)
    columns: dict[str, NDArray[np.generic]] = {
        name: np.full(shape, np.nan) for name in ("effect", "low", "high", "statistic", "p_value")
    }
    for own_x, own_y, block, spread in progress(list(blocks_of(tables)), method.title):
        for part in _parts(own_x, method):
            places = np.ix_(own_x[part], own_y)
            n[places] = block.n
            if not _testable(block, method):
                continue
            with np.errstate(invalid="ignore", divide="ignore"):
                found = method.run(replace(block, features=block.features[:, part]))
            scale = spread[part][:, None] if per_unit and method.slope else 1.0
            for name in ("effect", "low", "high"):
                columns[name][places] = getattr(found, name) / scale
            columns["statistic"][places] = found.statistic
            columns["p_value"][places] = found.p_value
            for name, values in found.extra.items():
                empty = np.zeros(shape, bool) if values.dtype == bool else np.full(shape, np.nan)
                columns.setdefault(name, empty)[places] = values
    rows, cols = (index.ravel() for index in np.indices(shape))
    flat = {name: values.ravel() for name, values in columns.items()}
    tested = int(np.isfinite(columns["p_value"]).sum())
    return Pairs(rows, cols, n.ravel(), flat, tested)


def _parts(own_x: Places, method: Method) -> list[slice]:
    """Features at once: few where each needs designs of its own."""
    step = len(own_x) if method.joint or method.describe else 256
    return [slice(start, start + step) for start in range(0, len(own_x), max(step, 1))]


def _testable(block: Block, method: Method) -> bool:
    if not _enough(block):
        return False
    if method.outcome == "classes":
        return bool((np.ptp(block.outcomes, axis=0) > 0).all())
    return method.outcome != "survival" or bool(block.event is not None and block.event.any())


def screen(
    tables: Tables, method: Method, per_unit: bool, keep: float, progress: Progress
) -> Pairs:
    """Correlate every pair of a linear method and keep those with p-values up to ``keep``.

    Parameters
    ----------
    tables : Tables
    method : Method
        Linear.
    per_unit : bool
        As for `test_all`.
    keep : float
        Greatest p-value that is kept.
    """
    parts: list[Pairs] = []
    for own_x, own_y, block, spread in blocks_of(tables):
        if not _enough(block):
            continue
        ready = prepared(block, method)
        tests = int(np.isfinite(ready.x_size).sum()) * int(np.isfinite(ready.y_size).sum())
        rows, cols, r = _strongest(ready, keep, progress, method.title)
        found = described(method, r, ready.freedom, ready.x_size[rows], ready.y_size[cols])
        scale = spread[rows] if per_unit and method.slope else 1.0
        columns: dict[str, NDArray[np.generic]] = {
            "effect": found.effect / scale,
            "low": found.low / scale,
            "high": found.high / scale,
            "statistic": found.statistic,
            "p_value": found.p_value,
        }
        n = np.full(len(rows), block.n)
        parts.append(Pairs(own_x[rows], own_y[cols], n, columns, tests))
    if not parts:
        raise InputError("No pair of columns has enough patients in common. Nothing was tested.")
    return _together(parts)


def _together(parts: list[Pairs]) -> Pairs:
    names = parts[0].columns
    return Pairs(
        np.concatenate([part.feature for part in parts]),
        np.concatenate([part.outcome for part in parts]),
        np.concatenate([part.n for part in parts]),
        {name: np.concatenate([part.columns[name] for part in parts]) for name in names},
        sum(part.n_tests for part in parts),
    )


def _strongest(
    ready: Correlated, keep: float, progress: Progress, what: str
) -> tuple[Places, Places, Reals]:
    """Places and correlations of the pairs whose p-value is at most ``keep``."""
    from scipy.stats import t

    limit = float(t.isf(keep / 2, ready.freedom))
    least = limit / (limit**2 + ready.freedom) ** 0.5
    u, v = np.nan_to_num(ready.u).T.copy(), np.nan_to_num(ready.v)
    rows, cols, values = [], [], []
    for start in progress(range(0, len(u), _FEATURES_AT_ONCE), what):
        r = u[start : start + _FEATURES_AT_ONCE] @ v
        at, column = np.nonzero((r >= least) | (r <= -least))
        rows.append(at + start)
        cols.append(column)
        values.append(r[at, column])
    return np.concatenate(rows), np.concatenate(cols), np.concatenate(values)
