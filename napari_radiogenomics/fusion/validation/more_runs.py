"""Runs beside the main one: without harmonization, other sites, added modalities, fewer patients.

Letters: N patients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.model import FusionModel, modalities_of
from napari_radiogenomics.fusion.models.told import raw_view
from napari_radiogenomics.fusion.models.views import VOLUME
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.strategies.late import LateFusion
from napari_radiogenomics.fusion.validation.comparing import held_of
from napari_radiogenomics.fusion.validation.intervals import Estimate
from napari_radiogenomics.fusion.validation.measures import main_measure
from napari_radiogenomics.fusion.validation.paired import Paired, on_both
from napari_radiogenomics.fusion.validation.running import run_splits
from napari_radiogenomics.fusion.validation.split_run import Data, SplitRun
from napari_radiogenomics.fusion.validation.splits import Split, site_splits

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ablation_table", "contrast_table", "learning_table", "permuted"]

_SHARES = (0.5, 0.75)
_FEWEST_SITES = 2


def contrast_table(
    data: Data,
    models: Mapping[str, FusionModel],
    names: Sequence[str],
    runs: Sequence[SplitRun],
    **options: Any,
) -> pd.DataFrame:
    """Raw | harmonized | leave-one-site-out | volume only, with intervals.

    Parameters
    ----------
    data : Data
        Patients.
    models : mapping of str to FusionModel
        All models.
    names : sequence of str
        Those to show.
    runs : sequence of SplitRun
        Main run, with harmonization in the fold.
    **options
        ``workers`` and ``progress``.
    """
    import pandas as pd

    some = {name: models[name] for name in names}
    splits = [run.split for run in runs]
    found = {"harmonized": _measured(data, runs, names)}
    raw = {name: raw_view(view) for name, view in data.views.items()}
    sites = data.tables.sites
    if sites is not None and raw != dict(data.views):
        without = replace(data, views=raw, raw=True)
        again = _beside(without, some, splits, what="Raw", **options)
        if again:
            found = {"raw": _measured(data, again, names), **found}
    if sites is not None and len(np.unique(sites.astype(str))) >= _FEWEST_SITES:
        left = _left_out(data, some, **options)
        if left:
            found["leave_site_out"] = _measured(data, left, names)
    volume = f"{VOLUME} alone"
    if volume in models:
        alone = _measured(data, runs, [volume])[volume]
        found["volume_only"] = dict.fromkeys(names, alone)
    rows = {
        name: {
            f"{kind}{end}": value
            for kind, part in found.items()
            for end, value in zip(("", "_low", "_high"), vars(part[name]).values(), strict=True)
        }
        for name in names
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("strategy")


def _left_out(data: Data, models: Mapping[str, FusionModel], **options: Any) -> list[SplitRun]:
    splits = learnable(data, site_splits(data.tables.sites))
    return _beside(data, models, splits, what="Sites left out", **options)


def _beside(
    data: Data, models: Mapping[str, FusionModel], splits: Sequence[Split], **options: Any
) -> list[SplitRun]:
    """Runs beside the main one; none where too few patients are left to learn from."""
    try:
        return run_splits(data, models, splits, details=False, **options) if splits else []
    except InputError:  # the main run stands without it
        return []


def learnable(data: Data, splits: Sequence[Split]) -> list[Split]:
    """Splits whose training part has enough events for the inner folds."""
    return [
        split
        for split in splits
        if data.outcome.take(np.unique(split.train)).n_events >= data.inner_folds
    ]


def _measured(data: Data, runs: Sequence[SplitRun], names: Sequence[str]) -> dict[str, Estimate]:
    return {name: main_measure(data.outcome, held_of(runs, name)) for name in names}


def ablation_table(data: Data, runs: Sequence[SplitRun], **options: Any) -> pd.DataFrame:
    """What each modality adds to clinical facts and volume, on the same folds."""
    import pandas as pd

    columns = ["modality", "baseline", "with_it", "difference", "difference_low"]
    columns += ["difference_high", "p_value"]
    simple = [name for name, view in data.views.items() if view.preparation == "clinical"]
    simple += [VOLUME] * (VOLUME in data.views)
    if "baseline" not in runs[0].links:
        return pd.DataFrame(columns=columns)
    added = {
        name: LateFusion(combine="stack", modalities=(*simple, name), inner_folds=data.inner_folds)
        for name in modalities_of(data.views)
        if name not in simple
    }
    if not added:
        return pd.DataFrame(columns=columns)
    splits = [run.split for run in runs]
    again = _beside(data, added, splits, what="Added to the baseline", **options)
    if not again:
        return pd.DataFrame(columns=columns)
    base = held_of(runs, "baseline")
    share = float(np.mean([len(split.test) / len(split.train) for split in splits]))
    compared, rows = Paired(data.outcome, share), []
    for name in added:
        before, after = on_both(base, held_of(again, name))
        values = (main_measure(data.outcome, folds).value for folds in (before, after))
        rows.append((name, *values, *compared(after, before)))
    return pd.DataFrame(rows, columns=columns)


def learning_table(
    data: Data, model: FusionModel, name: str, runs: Sequence[SplitRun], **options: Any
) -> pd.DataFrame:
    """Main measure of a model by number of training patients, in the first repeat.

    ``gain`` is what all patients add to so many, on the same test patients, with its interval.
    """
    import pandas as pd

    first = [run for run in runs if run.split.repeat == 0]
    strata, whole = data.outcome.strata(), held_of(first, name)
    share = float(np.mean([len(run.split.test) / len(run.split.train) for run in first]))
    rows, compared = [], Paired(data.outcome, share)
    none = (np.nan, np.nan, np.nan)
    for part in _SHARES:
        splits = learnable(data, [_fewer(run.split, strata, part, data.seed) for run in first])
        what = f"{part:.0%} of the patients"
        fewer = _beside(data, {name: model}, splits, what=what, **options)
        if fewer:
            folds = held_of(fewer, name)
            found = main_measure(data.outcome, folds)
            gain = compared(whole, folds)[:3] if len(folds) == len(whole) else none
            learned = float(np.mean([len(s.train) for s in splits]))
            rows.append((learned, *vars(found).values(), *gain))
    found = main_measure(data.outcome, whole)
    learned = float(np.mean([len(run.split.train) for run in first]))
    rows.append((learned, *vars(found).values(), *none))
    columns = ["patients", "value", "low", "high", "gain", "gain_low", "gain_high"]
    return pd.DataFrame(rows, columns=columns)


def _fewer(split: Split, strata: Any, share: float, seed: int) -> Split:
    rng = np.random.default_rng([seed, 29, split.fold])
    kept = []
    for stratum in np.unique(strata[split.train]):
        own = split.train[strata[split.train] == stratum]
        kept.append(rng.permutation(own)[: max(1, round(share * len(own)))])
    return replace(split, train=np.sort(np.concatenate(kept)))


def permuted(
    data: Data,
    models: Mapping[str, FusionModel],
    seen: Mapping[str, float],
    resplit: Callable[[Outcome], list[Split]],
    *,
    count: int,
    **options: Any,
) -> dict[str, float]:
    """P-value of each model: the whole pipeline on outcomes shuffled within site.

    Parameters
    ----------
    data : Data
        Patients.
    models : mapping of str to FusionModel
        Unfitted.
    seen : mapping of str to float
        Main measure of each model with the true outcome.
    resplit : callable
        ``resplit(outcome) -> splits`` of one repeat.
    count : int
        Shuffled outcomes.
    **options
        ``workers`` and ``progress``.
    """
    above = dict.fromkeys(models, 0)
    for number in range(count):
        shuffled = replace(data, outcome=data.outcome.take(_shuffle(data, number)))
        what = f"Shuffled outcome {number + 1} of {count}"
        splits = resplit(shuffled.outcome)
        again = run_splits(shuffled, models, splits, details=False, what=what, **options)
        for name in models:
            found = main_measure(shuffled.outcome, held_of(again, name)).value
            above[name] += not found < seen[name]
    return {name: (1 + n) / (1 + count) for name, n in above.items()}


def _shuffle(data: Data, number: int) -> Any:
    rng = np.random.default_rng([data.seed, 31, number])
    order = np.arange(len(data.outcome))
    sites = data.tables.sites
    groups = np.zeros(len(order), int) if sites is None else sites.astype(str)
    for group in np.unique(groups):
        own = np.flatnonzero(groups == group)
        order[own] = rng.permutation(own)
    return order
