"""Training patients and their inner folds, each prepared once for all models.

Letters: N patients, F features of a view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.views import FittedView, View, fit_view, held
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.tables import Tables
from napari_radiogenomics.fusion.validation.splits import fold_numbers, require_folds, require_seed

__all__ = ["WHOLE", "Bench"]

Reals = NDArray[np.float64]
WHOLE = -1


class Bench:
    """Training patients of one fold.

    Every preparation is learned here, on the training patients alone; nothing that was learned
    on others can be brought in.

    Parameters
    ----------
    tables : Tables
        Of the training patients; a patient drawn twice (bootstrap) has two rows.
    outcome : Outcome
        Of the same patients.
    views : mapping of str to View
        How modalities become features.
    inner_folds : int
        Folds in which settings are chosen.
    seed : int
        Of the folds.
    check : callable, optional
        Called before a view is prepared; may raise `Cancelled`.
    """

    def __init__(
        self,
        tables: Tables,
        outcome: Outcome,
        views: Mapping[str, View],
        *,
        inner_folds: int,
        seed: int,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        require_seed(seed)
        self.tables, self.outcome, self.views = tables, outcome, dict(views)
        self.seed, self.check = seed, check
        self._prepared: dict[tuple[str, int], tuple[FittedView, Reals]] = {}
        self.numbers = self._fold_numbers(inner_folds)
        self.n_folds = inner_folds

    def _fold_numbers(self, folds: int) -> NDArray[np.intp]:
        """Inner fold of each row; rows of one patient are in the same one."""
        names, first, back = np.unique(
            self.tables.patients.astype(str), return_index=True, return_inverse=True
        )
        own = self.outcome.take(first)
        require_folds(own, folds)
        strata = own.strata()
        rng = np.random.default_rng([self.seed, 17, len(names)])
        # Order of the draw hangs on the rows as they were given, not on the spelling of the ids.
        order = np.argsort(first, kind="stable")
        numbers = np.empty(len(first), np.intp)
        numbers[order] = fold_numbers(strata[order], folds, rng)
        placed: NDArray[np.intp] = numbers[back]
        return placed

    def rows(self, split: int, of: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Training rows of an inner split (or all of them) among some patients."""
        if split == WHOLE:
            return np.flatnonzero(of)
        return np.flatnonzero(of & (self.numbers != split))

    def held(self, names: tuple[str, ...]) -> NDArray[np.bool_]:
        """Who has all of some views, shape (N,)."""
        if not names:
            raise InputError("A model needs at least one modality.")
        there: NDArray[np.bool_] = np.logical_and.reduce(
            [held(self.views[name], self.tables) for name in names]
        )
        return there

    def prepared(self, name: str, split: int) -> tuple[FittedView, Reals]:
        """View learned on the training part of an inner split, and its features of all rows."""
        key = (name, split)
        if key not in self._prepared:
            self.check()
            train = self.rows(split, np.ones(len(self.tables), bool))
            fitted = fit_view(self.views[name], self.tables.take(train))
            self._prepared[key] = fitted, fitted.matrix(self.tables)
        return self._prepared[key]

    def facts(self) -> dict[str, Any]:
        """What a model file says of the training patients."""
        own, times = self.outcome, {}
        if own.kind == "survival":
            middle = float(np.median(own.values[own.event]))
            times = {"event": own.event_name, "median_event_time": middle}
        held_by = {name: int(there.sum()) for name, there in self.tables.present.items()}
        sites = self.tables.sites
        return {
            "patients": len(self.tables),
            "events": own.n_events,
            **times,
            "held": held_by,
            "sites": {}
            if sites is None
            else {str(s): int((sites == s).sum()) for s in np.unique(sites.astype(str))},
        }
