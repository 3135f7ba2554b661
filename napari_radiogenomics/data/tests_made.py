"""Columns that were tested against an outcome, kept to be known where they are to predict it.

Who looks for the columns that go with an outcome in all patients, and then validates a model of
those columns in the same patients, has seen the answers. What was tested is therefore kept for
the session: a few values of each column and outcome, by patient, and the p-values; likewise what
models weighed, and of which genes scores of gene sets were made. `data.chosen` looks there.

A table that is tested again and again is kept once, with the smallest p-values.

Letters: N patients, P features, Q outcomes, T tests, R patients that are kept, S gene sets.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Block",
    "Scored",
    "Search",
    "forget_tests",
    "has_few_levels",
    "remember_sets",
    "remember_tests",
    "remembered",
]

_FEW_LEVELS = 8  # columns of fewer different values are known by the values of all patients
_ROWS = 32
_MOST_OF_OUTCOMES = 1_000_000
_MOST_OF_GENES = 4_000_000
_MOST = 512_000_000  # bytes of all that is kept; the oldest goes first
_SMALL = 0.05  # greatest p-value that is kept of very many

Reals = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Block:
    """Columns by patient.

    Attributes
    ----------
    ids : ndarray of str, shape (R,)
        Patients.
    values : ndarray, shape (R, C)
        NaN where missing.
    key, patients : bytes
        Of all of it, and of the ids alone: what is alike has the same.
    """

    ids: NDArray[Any]
    values: NDArray[Any]
    key: bytes
    patients: bytes


@dataclass(frozen=True, eq=False)
class Search:
    """Tests of the columns of a table, one a row.

    Attributes
    ----------
    features, levels, outcomes : Block
        Some patients of all features; all patients of those of few different values; outcomes.
    level_at : ndarray, shape (C,)
        Which features have few values.
    names : tuple of str, length P
        Features.
    feature, outcome, p_value : ndarray, shape (T,)
        Of each test.
    weighed : bool
        Not tested, but ranked by what a model made of them.
    """

    features: Block
    levels: Block
    outcomes: Block
    level_at: Places
    names: tuple[str, ...]
    feature: NDArray[np.int32]
    outcome: NDArray[np.int32]
    p_value: Reals
    weighed: bool = False

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All values."""
        return self.features, self.levels, self.outcomes

    @property
    def size(self) -> int:
        """Bytes of all else."""
        return 16 * self.p_value.size


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of gene sets, and the genes that they were made of.

    Attributes
    ----------
    scores, genes : Block
        One column a set, and one a gene of any set.
    names, gene_names : tuple of str
        Of these.
    members : tuple of ndarray
        Genes of each set, by place.
    """

    scores: Block
    genes: Block
    names: tuple[str, ...]
    gene_names: tuple[str, ...]
    members: tuple[Places, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All values."""
        return self.scores, self.genes

    @property
    def size(self) -> int:
        """Bytes of all else."""
        return 8 * sum(map(len, self.members))


_kept: dict[bytes, Search | Scored] = {}
_lock = threading.Lock()


def remember_tests(
    patients: Sequence[Any],
    features: Reals,
    outcomes: Reals,
    names: Sequence[str],
    tests: tuple[Places, Places, Reals],
    *,
    weighed: bool = False,
) -> None:
    """Remember which features were tested against which outcomes.

    Parameters
    ----------
    patients : sequence of str, length N
        Ids.
    features, outcomes : ndarray, shape (N, P) and (N, Q)
        NaN where missing.
    names : sequence of str, length P
        Features.
    tests : tuple of ndarray, shape (T,) each
        Place of the feature, place of the outcome, p-value.
    weighed : bool, optional
        The p-values are ranks of what models made of the features, over P.
    """
    ids = np.asarray(patients, object).astype(str)
    few = _some(len(ids), _ROWS)
    rows = few if outcomes.size > _MOST_OF_OUTCOMES else np.arange(len(ids))
    feature, outcome, p_value = tests
    if p_value.size > _MOST_OF_OUTCOMES:
        small = p_value <= _SMALL
        feature, outcome, p_value = feature[small], outcome[small], p_value[small]
    level_at = np.flatnonzero(has_few_levels(features))
    search = Search(
        _block(ids[few], features[few]),
        _block(ids, features[:, level_at].astype(np.float32)),
        _block(ids[rows], outcomes[rows]),
        level_at,
        tuple(map(str, names)),
        feature.astype(np.int32),
        outcome.astype(np.int32),
        np.nan_to_num(p_value, nan=1.0),
        weighed,
    )
    # Each ranking stands by itself: of many, joined, most columns would be among the first.
    ranking = blake2b(search.p_value.tobytes()).digest() if weighed else b""
    _keep(search, search.names, ranking)


def remember_sets(
    patients: Sequence[Any],
    scores: Reals,
    names: Sequence[str],
    genes: Reals,
    gene_names: Sequence[str],
    members: Sequence[Places],
) -> None:
    """Remember of which genes scores were made.

    Parameters
    ----------
    patients : sequence of str, length N
        Ids.
    scores : ndarray, shape (N, S)
        Of each set.
    names : sequence of str, length S
        Sets.
    genes : ndarray, shape (N, G)
        All genes of the table.
    gene_names : sequence of str, length G
        Theirs.
    members : sequence of ndarray, length S
        Places of the genes of each set.
    """
    ids = np.asarray(patients, object).astype(str)
    used, places = np.unique(np.concatenate(members), return_inverse=True)
    own = np.split(places, np.cumsum([len(one) for one in members])[:-1])
    few = _some(len(ids), _ROWS)
    rows = few if used.size * len(ids) > _MOST_OF_GENES else np.arange(len(ids))
    kept = tuple(str(gene_names[at]) for at in used)
    scored = Scored(
        _block(ids[few], scores[few]),
        _block(ids[rows], genes[np.ix_(rows, used)]),
        tuple(names),
        kept,
        tuple(own),
    )
    _keep(scored, scored.names, [one.tolist() for one in own])


def remembered() -> list[Search | Scored]:
    """All that is kept, the oldest first."""
    with _lock:
        return list(_kept.values())


def forget_tests() -> None:
    """Forget all of it, as a new session does."""
    with _lock:
        _kept.clear()


def has_few_levels(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Columns of fewer than eight different values, shape (C,)."""
    ordered = np.sort(values, axis=0)  # NaN comes last
    steps = (ordered[1:] != ordered[:-1]) & np.isfinite(ordered[1:])
    return np.asarray(steps.sum(axis=0) + 1 < _FEW_LEVELS, bool)


def _some(n: int, count: int) -> Places:
    return np.unique(np.linspace(0, n - 1, min(count, n)).astype(np.intp))


def _block(ids: NDArray[Any], values: NDArray[Any]) -> Block:
    own = np.ascontiguousarray(values)
    patients = blake2b("\n".join(ids.tolist()).encode()).digest()
    key = blake2b(patients + str(own.shape).encode() + own.tobytes()).digest()
    return Block(ids, own.copy(), key, patients)


def _keep(new: Search | Scored, *more: Any) -> None:
    """Keep it, once where the same was kept, and the oldest no longer where it gets too much."""
    key = blake2b(b"".join(part.key for part in new.blocks) + repr(more).encode()).digest()
    with _lock:
        known = {part.key: part for kept in _kept.values() for part in kept.blocks}
        old = _kept.pop(key, None)
        if isinstance(new, Search):
            new = _joined(new, old if isinstance(old, Search) else None, known)
        _kept[key] = new
        while len(_kept) > 1 and _size() > _MOST:
            _kept.pop(next(iter(_kept)))


def _joined(new: Search, old: Search | None, known: dict[bytes, Block]) -> Search:
    """The tests of both, each once with its smallest p-value; blocks that are known are shared."""
    features, levels, outcomes = (known.get(part.key, part) for part in new.blocks)
    feature, outcome, p_value = new.feature, new.outcome, new.p_value
    if old is not None:
        feature = np.concatenate([feature, old.feature])
        outcome = np.concatenate([outcome, old.outcome])
        p_value = np.concatenate([p_value, old.p_value])
        order = np.lexsort((p_value, outcome, feature))
        feature, outcome, p_value = feature[order], outcome[order], p_value[order]
        first = np.ones(len(order), bool)
        first[1:] = (np.diff(feature) != 0) | (np.diff(outcome) != 0)
        feature, outcome, p_value = feature[first], outcome[first], p_value[first]
    return Search(
        features, levels, outcomes, new.level_at, new.names, feature, outcome, p_value, new.weighed
    )


def _size() -> int:
    """Bytes of all that is kept; what several share counts once."""
    parts = {part.key: part.values.nbytes for kept in _kept.values() for part in kept.blocks}
    return sum(parts.values()) + sum(kept.size for kept in _kept.values())
