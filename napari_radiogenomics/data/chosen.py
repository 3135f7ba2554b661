"""Which columns of a table are those that a search against its outcome found.

Each search of the session is judged by itself, and all together: who tests twenty columns a call
has tested all of them. Scores of gene sets stand for their genes.

Letters: N patients, P columns that were tested, R patients whose values are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from math import comb
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.same_columns import Given
from napari_radiogenomics.data.same_outcome import same_outcomes
from napari_radiogenomics.data.tests_made import Scored, Search, remembered

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Chosen", "chosen_of"]

_FEWEST_OF_FAMILY = 3
_FEWEST_TABLES = 5  # of which one was chosen: two or three are measured for their own sake
_MOST_OF_SET = 0.5
_TIMES, _TENTH = 3, 10  # genes of a set are looked for among so many times as many smallest

Reals = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Chosen:
    """A part of the columns that were tested against an outcome.

    Attributes
    ----------
    names : tuple of str
        Columns that are given now.
    n_tested : int
        How many were tested.
    ahead : float
        How often a column that is given had a smaller p-value than one that is not: 0.5 where
        the choice has nothing to do with the outcome, 1 where it took the smallest.
    p_value : float
        Of a choice without regard to the outcome.
    family : str
        How all tested columns that are given, and no others that were tested, begin: with the
        name of a family, up to its underscore. Empty where they are no such family.
    kind : {"tests", "tables", "few", "weights", "genes"}
        One search or all together; whole tables of many, or one or two columns, that are ahead
        of other calls'; ranked by a model; genes of the gene sets that are given.
    most : bool
        Most genes of the set are among the smallest p-values.
    """

    names: tuple[str, ...]
    n_tested: int
    ahead: float
    p_value: float
    family: str = ""
    kind: Literal["tests", "tables", "few", "weights", "genes"] = "tests"
    most: bool = False


@dataclass(frozen=True, eq=False)
class _Tested:
    """Searches of one table against the outcome, and the smallest p-value of each column."""

    search: Search
    least: Reals


@dataclass(frozen=True, eq=False)
class _Union:
    """All columns that were tested in any search, each once.

    Attributes
    ----------
    p_value, own : ndarray, shape (P,)
        Smallest p-value; column that is given, or -1.
    whole : ndarray of bool, shape (P,)
        Given with all others of each search that it was in.
    names : list of str
        As tested.
    tables : int
        Searches of which nothing is given.
    """

    p_value: Reals
    own: Places
    whole: NDArray[np.bool_]
    names: list[str]
    tables: int


def chosen_of(
    table: pd.DataFrame,
    outcome: Reals,
    *,
    event: NDArray[np.bool_] | None = None,
    parts: Sequence[Collection[int]] = (),
) -> list[Chosen]:
    """For each search that tested columns of a table against its outcome, and for all: which.

    Nothing for searches of which all columns are given, or of other patients.

    Parameters
    ----------
    table : DataFrame, N patients
        By patient id.
    outcome : ndarray, shape (N,)
        Of the same patients.
    event : ndarray of bool, shape (N,), optional
        Where the outcome is a time: whether it came.
    parts : sequence of collections of int, optional
        Columns of each modality, that are judged by themselves too.

    Examples
    --------
    >>> import pandas as pd
    >>> from napari_radiogenomics.data.tests_made import remember_tests
    >>> rng = np.random.default_rng(0)
    >>> ids, x = [f"P{n}" for n in range(40)], rng.normal(size=(40, 3))
    >>> y = rng.normal(size=(40, 1))
    >>> at = np.arange(3)
    >>> remember_tests(ids, x, y, ["a", "b", "c"], (at, at * 0, np.array([0.9, 0.001, 0.5])))
    >>> [found] = chosen_of(pd.DataFrame({"other": x[:, 1]}, ids), y[:, 0])
    >>> found.names, found.n_tested, found.ahead
    (('other',), 3, 1.0)
    """
    kept = remembered()
    if not kept or not table.index.astype(str).is_unique:
        return []
    ids = table.index.astype(str)
    tested = list(_against(kept, ids, outcome, event))
    if not tested:
        return []
    given = Given(table)
    matches = given.places([one.search for one in tested])
    found = [
        _enriched(one.least, at, one.search.names, given.columns, one.search.weighed)
        for one, at in zip(tested, matches, strict=True)
        if 0 < len(at) < len(one.least)
    ]
    pairs = [(one, at) for one, at in zip(tested, matches, strict=True) if not one.search.weighed]
    if len(pairs) > 1:
        found += _together(_union(pairs), given.columns, parts)
    for scored in kept:
        if isinstance(scored, Scored) and pairs:
            found += _of_sets(scored, given, [one for one, _ in pairs])
    return found


def _against(
    kept: Sequence[Search | Scored],
    ids: pd.Index,
    outcome: Reals,
    event: NDArray[np.bool_] | None,
) -> Iterator[_Tested]:
    """What was tested against this outcome, each table once."""
    known: dict[bytes, Places] = {}
    tested: dict[Any, _Tested] = {}
    for at, search in enumerate(kept):
        if isinstance(search, Scored):
            continue
        block = search.outcomes
        if block.key not in known:
            places = ids.get_indexer(block.ids)
            shared = places >= 0
            came = None if event is None else event[places[shared]]
            known[block.key] = same_outcomes(block.values[shared], outcome[places[shared]], came)
        own = np.isin(search.outcome, known[block.key])
        if not own.any():
            continue
        least = np.ones(len(search.names))
        np.minimum.at(least, search.feature[own], search.p_value[own])
        key = at if search.weighed else (search.features.key, search.names)
        if key in tested:
            least = np.minimum(least, tested[key].least)
        tested[key] = _Tested(search, least)
    yield from tested.values()


def _union(pairs: Sequence[tuple[_Tested, dict[int, int]]]) -> _Union:
    """All columns, each once: by what is given, by its values, or elsewhere by its name."""
    places: dict[Any, int] = {}
    p_value: list[float] = []
    own: list[int] = []
    whole: list[bool] = []
    names: list[str] = []
    where: dict[str, bytes] = {}
    for one, at in pairs:
        search = one.search
        entire = len(at) == len(search.names) >= _FEWEST_OF_FAMILY
        values = np.ascontiguousarray(search.features.values.T)
        for place, (name, p) in enumerate(zip(search.names, one.least.tolist(), strict=True)):
            column = at.get(place, -1)
            group = where.setdefault(name, search.features.patients)
            key: Any = column if column >= 0 else name
            if column < 0 and group == search.features.patients:
                key = (group, values[place].tobytes())
                places.setdefault(name, places.get(key, len(p_value)))
            if key not in places:
                places[key] = len(p_value)
                p_value.append(1.0)
                own.append(column)
                whole.append(True)
                names.append(name)
            p_value[places[key]] = min(p_value[places[key]], p)
            whole[places[key]] &= entire
    tables = sum(not at and len(one.least) >= _FEWEST_OF_FAMILY for one, at in pairs)
    return _Union(np.array(p_value), np.array(own), np.array(whole), names, tables)


def _together(
    union: _Union, columns: Sequence[str], parts: Sequence[Collection[int]]
) -> Iterator[Chosen]:
    """What is given of all that was tested: in all modalities, and in each."""
    others = union.own < 0
    everything = [range(len(columns)), *parts] if len(parts) > 1 else [range(len(columns))]
    for part in everything:
        inside = np.isin(union.own, list(part)) & ~others
        for whole in (False, True):
            given = inside & (union.whole == whole)
            if not given.any() or not others.any() or (whole and union.tables < _FEWEST_TABLES):
                continue
            rows = np.flatnonzero(given | others)
            at = {place: int(union.own[row]) for place, row in enumerate(rows) if given[row]}
            names = [union.names[row] for row in rows]
            found = _enriched(union.p_value[rows], at, names, columns)
            few: Literal["few", "tests"] = "few" if given.sum() < _FEWEST_OF_FAMILY else "tests"
            yield replace(found, kind="tables" if whole else few)


def _of_sets(scored: Scored, given: Given, tested: Sequence[_Tested]) -> Iterator[Chosen]:
    """Gene sets whose scores are given, by the p-values of their genes."""
    import pandas as pd

    sets = given.following(scored.scores, scored.names)
    if not sets:
        return
    genes = Given(pd.DataFrame(scored.genes.values, scored.genes.ids, scored.gene_names))
    matches = genes.places([one.search for one in tested])
    pairs = [(one, at) for one, at in zip(tested, matches, strict=True) if at]
    if not pairs:
        return
    union = _union(pairs)
    groups: list[tuple[tuple[str, ...], Places]] = [
        ((given.columns[own],), scored.members[at]) for at, own in sets.items()
    ]
    if len(groups) > 1:
        names = tuple(name for group, _ in groups for name in group)
        groups.append((names, np.unique(np.concatenate([one for _, one in groups]))))
    for names, members in groups:
        inside = np.isin(union.own, members)
        if 0 < inside.sum() < len(inside) / 2:
            yield _of_genes(union.p_value, inside, names)


def _of_genes(p_value: Reals, inside: NDArray[np.bool_], names: tuple[str, ...]) -> Chosen:
    """Whether most genes of a set are among the smallest p-values.

    A published set of the right process has many good genes among thousands, but hardly the
    best of all.
    """
    from scipy.stats import hypergeom

    count, n = int(inside.sum()), len(p_value)
    top = max(count, min(_TIMES * count, n // _TENTH))
    best = np.argsort(p_value, kind="stable")[:top]
    hits = int(inside[best].sum())
    chance = float(hypergeom.sf(hits - 1, n, count, top))
    ahead = _ahead(p_value[inside], p_value[~inside])[0]
    return Chosen(names, n, ahead, chance, kind="genes", most=hits >= _MOST_OF_SET * count)


def _family(names: Sequence[str], at: Collection[int]) -> str:
    """How all of these places' names begin, and no others, up to an underscore."""
    given = [names[place] for place in at]
    low, high = min(given), max(given)
    alike = next((k for k in range(len(low)) if low[k] != high[k : k + 1]), len(low))
    start, mark, _ = low[:alike].rpartition("_")
    own = [name for name in names if name.startswith(start + mark)]
    return start + mark if mark and len(own) == len(given) >= _FEWEST_OF_FAMILY else ""


def _ahead(one: Reals, other: Reals) -> tuple[float, float]:
    """How often one is smaller than the other, and the p-value of that."""
    from scipy.stats import mannwhitneyu

    test = mannwhitneyu(one, other, alternative="less")
    return 1 - float(test.statistic) / (len(one) * len(other)), float(test.pvalue)


def _enriched(
    p_value: Reals,
    at: dict[int, int],
    names: Sequence[str],
    columns: Sequence[str],
    weighed: bool = False,
) -> Chosen:
    given = np.isin(np.arange(len(p_value)), list(at))
    one = p_value[given]
    ahead, chance = _ahead(one, p_value[~given])
    if ahead == 1:  # one of all choices of so many
        chance = min(chance, 1 / comb(len(p_value), len(one)))
    own = tuple(columns[column] for column in at.values())
    kind: Literal["weights", "tests"] = "weights" if weighed else "tests"
    return Chosen(own, len(p_value), ahead, chance, _family(names, at), kind)
