"""What `fuse` sets out with: patients, models and splits, all checked.

Letters: N patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.checks.chosen_outside import refuse_chosen
from napari_radiogenomics.fusion.checks.fitted_outside import refuse_fitted_outside
from napari_radiogenomics.fusion.checks.same_id import require_one_site
from napari_radiogenomics.fusion.checks.same_patient import refuse_copies
from napari_radiogenomics.fusion.checks.spellings import refuse_spellings
from napari_radiogenomics.fusion.learner import LEARNERS, settings_of
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.models.model_file import SavedModel
from napari_radiogenomics.fusion.models.told import own_views
from napari_radiogenomics.fusion.models.views import views_of
from napari_radiogenomics.fusion.outcome import Outcome, outcome_of, require_outcome
from napari_radiogenomics.fusion.strategies.baseline import simple_views
from napari_radiogenomics.fusion.strategy import STRATEGIES
from napari_radiogenomics.fusion.tables import Tables, patients_of, tables_of
from napari_radiogenomics.fusion.validation.more_runs import learnable
from napari_radiogenomics.fusion.validation.split_run import Data
from napari_radiogenomics.fusion.validation.splits import (
    Scheme,
    Split,
    bootstrap_splits,
    fold_splits,
    require_seed,
    site_splits,
)
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["data_of", "models_of", "splits_of"]


def data_of(
    modalities: Mapping[str, pd.DataFrame],
    target: Any,
    groups: Any,
    *,
    preparations: Mapping[str, Any] | None,
    inner_folds: int,
    seed: int,
    event: Any = None,
) -> Data:
    """Patients who have the target and at least one modality.

    Raises
    ------
    InputError
        If there are none, the outcome cannot be learned or is a column of a table, a table was
        harmonized over all patients, its columns were chosen by their tests against the outcome,
        or an id has two sites.
    """
    require_seed(seed)
    everyone = patients_of(modalities)
    require_one_site(modalities, groups)
    refuse_fitted_outside(modalities)
    outcome, patients = outcome_of(target, event=event)
    refuse_spellings([*everyone, *patients])
    rows = np.flatnonzero(patients.isin(everyone))
    if not rows.size:
        raise InputError(
            f"None of the {len(patients)} patients of the target is in a table: their ids are like "
            f"{patients[0]}, those of the tables like {everyone[0]}. Give all the same ids."
        )
    own = outcome.take(rows)
    require_outcome(own)
    tables = tables_of(modalities, patients[rows], groups)
    _refuse_own_column(tables, target, patients[rows])
    views = views_of(tables.frames, preparations)
    refuse_chosen(tables, own)
    refuse_copies(tables)
    return Data(tables, own, views, inner_folds, seed)


def _refuse_own_column(tables: Tables, target: Any, patients: pd.Index) -> None:
    """Refuse a column that is the outcome by its name and in every cell."""
    own = target.to_frame() if hasattr(target, "to_frame") else target
    own = own.set_axis(own.index.astype(str)).reindex(patients).reset_index(drop=True)
    for name, frame in tables.frames.items():
        for column in own.columns.intersection(frame.columns):
            both = frame[column].notna() & own[column].notna()
            if both.any() and (frame[column][both] == own[column][both]).all():
                raise InputError(
                    f'The modality "{name}" holds the outcome itself, "{column}". Leave that '
                    "column out, and what else is known only with the outcome."
                )


def models_of(
    data: Data,
    strategies: Sequence[str] | Mapping[str, FusionModel] | None,
    *,
    learner: str,
    learner_settings: Mapping[str, Any] | None,
) -> dict[str, FusionModel]:
    """Unfitted models by name.

    Raises
    ------
    InputError
        If a strategy is unknown, or none fits the modalities.
    """
    settings_of(LEARNERS[learner], learner_settings)
    if isinstance(strategies, Mapping) and strategies:
        for name, model in strategies.items():
            if not isinstance(model, FusionModel):
                raise InputError(
                    f'"{name}" is a {type(model).__name__}, not a fusion model. Give names of '
                    "strategies, or models such as EarlyFusion()."
                )
            _require_own(data, name, model)
        return dict(strategies)
    names = [strategies] if isinstance(strategies, str) else list(strategies or _order())
    models: dict[str, FusionModel] = {}
    for name in names:
        models |= STRATEGIES[name].make(
            data.views,
            learner=learner,
            learner_settings=learner_settings,
            preparations=None,
            inner_folds=data.inner_folds,
            seed=data.seed,
        )
    if not models:
        raise InputError(
            f"None of the strategies ({', '.join(names)}) fits the modalities and the learner "
            f'"{learner}". Add "early" or "late".'
        )
    if "baseline" in models and len(simple := simple_views(data.views)) == 1:
        models.pop(f"{simple[0]} alone", None)  # the same model twice
    return models


def _require_own(data: Data, name: str, model: FusionModel) -> None:
    """Refuse a given model that cannot be fitted anew, or was told what there is not."""
    if isinstance(model, SavedModel):
        raise InputError(
            f'"{name}" was read from a file and is not fitted again, but each fold needs a model '
            "that did not see its patients. Give a new one, such as EarlyFusion(); use "
            "predict_patients for what the saved one says of a cohort."
        )
    told = model.get_params(deep=False)
    try:
        require_seed(told.get("seed", 0))
        own_views(data, told.get("preparations"))
    except InputError as error:
        raise InputError(f'The strategy "{name}": {error}') from error


def _order() -> list[str]:
    """Plain strategies first."""
    first = [name for name in ("baseline", "single") if name in STRATEGIES]
    return first + [name for name in STRATEGIES.names() if name not in first]


def splits_of(
    data: Data, outcome: Outcome, scheme: Scheme, *, folds: int, repeats: int
) -> list[Split]:
    """Splits of a scheme.

    Raises
    ------
    InputError
        If the scheme is unknown, or the patients cannot fill it.
    """
    if scheme not in get_args(Scheme):
        raise InputError(
            f'Unknown scheme "{scheme}". {did_you_mean(str(scheme), list(get_args(Scheme)))}'
        )
    if repeats < 1:
        raise InputError(f"repeats is {repeats}; it must be 1 or more.")
    sites = data.tables.sites
    if scheme == "kfold":
        return fold_splits(outcome, sites, folds=folds, repeats=repeats, seed=data.seed)
    if scheme == "bootstrap632":
        return bootstrap_splits(outcome.strata(), repeats=repeats, seed=data.seed)
    splits = learnable(data, site_splits(sites))
    if not splits:
        raise InputError(
            "No site can be left out: the others hold too few of one outcome. Use "
            'scheme="kfold", or give more patients.'
        )
    return splits
