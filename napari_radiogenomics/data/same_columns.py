"""Columns of a table that are columns of a search, under other names and scales too.

Letters: N patients, C columns of the table, K columns of searches, R patients of both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.orders import FEWEST_ORDERED, Followers, digits_of, follows
from napari_radiogenomics.data.tests_made import Block, Search, has_few_levels

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Given", "numbers_of_table"]

_DIGITS = 3.0  # 1 in a thousand tables has a column that equals another by chance
_STEPS = 1000  # of a range, by which values of few levels are told apart

Reals = NDArray[np.float64]
Places = NDArray[np.intp]


class Given:
    """A table whose columns may be those of searches.

    Parameters
    ----------
    table : DataFrame, N patients
        By patient id.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        self.columns = list(map(str, table.columns))
        self._ids = table.index.astype(str)
        self._values = numbers_of_table(table)
        self._place = {name: at for at, name in enumerate(self.columns)}
        self._rows: dict[bytes, tuple[NDArray[np.bool_], Reals]] = {}
        self._followers: dict[bytes, Followers] = {}

    def places(self, searches: Sequence[Search]) -> list[dict[int, int]]:
        """Of each search: place of a column → place in the table of the same column.

        A column of the same name has to follow it; one of another name in so many patients that
        this is no chance (`data.orders`). Columns of few different values have to be alike in
        all patients.
        """
        found: list[dict[int, int]] = [{} for _ in searches]
        groups: dict[bytes, list[int]] = defaultdict(list)
        for at, search in enumerate(searches):
            groups[search.features.patients].append(at)
        for group in groups.values():
            blocks = {searches[at].features.key: searches[at].features for at in group}
            pairs = self._pairs(list(blocks.values()))
            done: dict[tuple[bytes, tuple[str, ...]], dict[int, int]] = {}
            for at in group:
                block, names = searches[at].features, searches[at].names
                if (block.key, names) not in done:
                    done[block.key, names] = self._of_block(block, names, pairs[block.key])
                found[at] = done[block.key, names].copy()
        for at, search in enumerate(searches):
            if len(search.level_at):
                self._add_equal(search, found[at])
        return found

    def following(self, block: Block, names: Sequence[str]) -> dict[int, int]:
        """Place of a column of a block → place in the table of the same column."""
        return self._of_block(block, names, self._pairs([block])[block.key])

    def _shared(self, block: Block) -> tuple[NDArray[np.bool_], Reals]:
        if block.patients not in self._rows:
            places = self._ids.get_indexer(block.ids)
            shared = places >= 0
            self._rows[block.patients] = shared, self._values[places[shared]]
        return self._rows[block.patients]

    def _pairs(self, blocks: Sequence[Block]) -> dict[bytes, Places]:
        """Columns that follow, of blocks of the same patients, by the key of the block."""
        shared, mine = self._shared(blocks[0])
        if shared.sum() < FEWEST_ORDERED:
            return {block.key: np.zeros((0, 2), np.intp) for block in blocks}
        if blocks[0].patients not in self._followers:
            self._followers[blocks[0].patients] = Followers(mine)
        known = np.concatenate([block.values[shared] for block in blocks], axis=1)
        pairs = self._followers[blocks[0].patients].of(known)
        ends = np.cumsum([block.values.shape[1] for block in blocks])
        whose = np.searchsorted(ends, pairs[:, 1], side="right")
        found = {}
        for at, block in enumerate(blocks):
            own = pairs[whose == at].copy()
            own[:, 1] -= ends[at] - block.values.shape[1]
            found[block.key] = own
        return found

    def _of_block(self, block: Block, names: Sequence[str], pairs: Places) -> dict[int, int]:
        shared, mine = self._shared(block)
        if shared.sum() < FEWEST_ORDERED:
            return {}
        same = self._named(block.values[shared], names, mine)
        given = set(same[:, 0].tolist())
        found = {int(at): int(own) for own, at in same}
        for own, at in pairs.tolist():
            if own not in given:
                given.add(own)
                found[at] = own
        return found

    def _named(self, known: Reals, names: Sequence[str], mine: Reals) -> Places:
        """Columns of the same name that follow, shape (pairs, 2)."""
        named = [(self._place[name], at) for at, name in enumerate(names) if name in self._place]
        pairs = np.array(sorted(named), np.intp).reshape(-1, 2)
        own = mine[:, pairs[:, 0]]
        enough = np.isfinite(own).sum(axis=0) >= FEWEST_ORDERED  # a patient may lack a modality
        varied = np.nanmax(own, axis=0, initial=-np.inf) > np.nanmin(own, axis=0, initial=np.inf)
        return pairs[enough & varied & follows(own, known[:, pairs[:, 1]])]

    def _add_equal(self, search: Search, found: dict[int, int]) -> None:
        """Add columns of few different values that are alike in all patients."""
        shared, mine = self._shared(search.levels)
        if shared.sum() < FEWEST_ORDERED:
            return
        taken = set(found.values())
        few = [at for at in np.flatnonzero(has_few_levels(mine)).tolist() if at not in taken]
        if not few:
            return
        places: dict[bytes, list[int]] = defaultdict(list)
        known = _codes(search.levels.values[shared])
        for at, code in zip(search.level_at.tolist(), known, strict=True):
            if code and at not in found:
                places[code].append(at)
        codes = dict(zip(few, _codes(mine[:, few]), strict=True))
        alike = [own for own in few if codes[own] in places]
        need = _DIGITS + np.log10(2.0 * len(self.columns) * len(known))
        for own, digits in zip(alike, digits_of(mine[:, alike]), strict=True):
            free = [at for at in places[codes[own]] if at not in found]
            same = [at for at in free if search.names[at] == self.columns[own]]
            if same or (free and digits >= need):
                found[(same or free)[0]] = own


def numbers_of_table(table: pd.DataFrame) -> Reals:
    """Numbers as they are, words as codes, shape (N, C)."""
    import pandas as pd

    if all(kind.kind in "iufb" for kind in table.dtypes):
        return table.to_numpy(float)
    parts = [
        column if column.dtype.kind in "iufb" else pd.Series(column.factorize(sort=True)[0])
        for _, column in table.items()
    ]
    return np.column_stack([np.asarray(part, float) for part in parts])


def _codes(values: NDArray[Any]) -> list[bytes]:
    """One word a column, the same up and down and on any scale; empty where nothing varies."""
    numbers = np.asarray(values, float)
    there = np.isfinite(numbers)
    low = np.where(there, numbers, np.inf).min(axis=0, initial=np.inf)
    high = np.where(there, numbers, -np.inf).max(axis=0, initial=-np.inf)
    varied = high > low
    span = np.where(varied, high - low, 1.0)
    scaled = np.where(there, numbers - np.where(varied, low, 0.0), 0.0) / span
    up = np.where(there, np.round(scaled * _STEPS), -1).astype(np.int16)
    down = np.where(there, _STEPS - up, -1).astype(np.int16)
    pairs = zip(np.ascontiguousarray(up.T), np.ascontiguousarray(down.T), varied, strict=True)
    return [min(a.tobytes(), b.tobytes()) if own else b"" for a, b, own in pairs]
