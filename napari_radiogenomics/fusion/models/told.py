"""Benches of one set of training patients: one for all models, and one for each that was told more.

A model that is given with settings of its own (preparations, inner folds, seed) keeps them; where
it was left at its defaults, those of the validation hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from napari_radiogenomics.fusion.models.bench import Bench
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.models.views import View, views_of
from napari_radiogenomics.fusion.preparation import PREPARATIONS

if TYPE_CHECKING:
    from napari_radiogenomics.fusion.validation.split_run import Data

__all__ = ["Benches", "own_views", "raw_view"]


@dataclass(frozen=True, eq=False)
class Benches:
    """Fits models to some of the patients, each by its own settings.

    Attributes
    ----------
    data : Data
        All patients, and the settings of the validation.
    rows : ndarray of intp
        Who is learned from.
    place : tuple of int
        Repeat and fold, from which the seed is drawn; empty for all patients.
    check : callable
        Called before a view is prepared; may raise `Cancelled`.
    """

    data: Data
    rows: NDArray[np.intp]
    place: tuple[int, ...] = ()
    check: Callable[[], None] = lambda: None
    _made: dict[tuple[Any, ...], Bench] = field(default_factory=dict)

    def fit(self, unfitted: FusionModel) -> FusionModel:
        """Fit a copy of a model."""
        seed = self._seed(unfitted)
        bench = self._bench(unfitted, seed)
        fitted: FusionModel = clone(unfitted).set_params(seed=seed).fit_bench(bench)
        return fitted

    def _seed(self, model: FusionModel) -> int:
        seed = _told(model, "seed", self.data.seed)
        if not self.place:
            return seed
        return int(np.random.default_rng([seed, *self.place]).integers(2**31))

    def _bench(self, model: FusionModel, seed: int) -> Bench:
        data = self.data
        folds = _told(model, "inner_folds", data.inner_folds)
        told = _told(model, "preparations", None)
        key = (seed, folds, id(told) if told else None)
        if key not in self._made:
            self._made[key] = Bench(
                data.tables.take(self.rows),
                data.outcome.take(self.rows),
                own_views(data, told),
                inner_folds=folds,
                seed=seed,
                check=self.check,
            )
        return self._made[key]


def _told(model: FusionModel, name: str, otherwise: Any) -> Any:
    """A setting that a model was given, or another value where it has its default."""
    value = model.get_params(deep=False).get(name)
    default = signature(type(model)).parameters.get(name)
    return otherwise if default is None or value == default.default else value


def own_views(data: Data, told: Mapping[str, Any] | None) -> Mapping[str, View]:
    """Views of a validation, prepared as a model was told where it was told something.

    Raises
    ------
    InputError
        If it names a modality, a preparation or a setting that there is not.
    """
    if not told:
        return data.views
    whole = {name: view for name, view in data.views.items() if name in data.tables.frames}
    shared = {name: {"method": v.preparation, **v.settings} for name, v in whole.items()}
    views = views_of(data.tables.frames, told, shared)
    return {name: raw_view(view) for name, view in views.items()} if data.raw else views


def raw_view(view: View) -> View:
    """View that is not harmonized, where its preparation would do that."""
    if not PREPARATIONS[view.preparation].defaults.get("harmonize", False):
        return view
    return replace(view, settings={**view.settings, "harmonize": False})
