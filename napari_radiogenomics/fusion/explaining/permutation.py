"""`permutation_importance`: what a strategy loses when a feature or a modality is shuffled.

Letters: N test patients, G groups of features that are shuffled together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.expert import Expert
from napari_radiogenomics.fusion.models.fitted import Fitted, combined
from napari_radiogenomics.fusion.models.joining import applied
from napari_radiogenomics.fusion.models.told import Benches
from napari_radiogenomics.fusion.strategy import STRATEGIES
from napari_radiogenomics.fusion.study import data_of, models_of, splits_of
from napari_radiogenomics.fusion.tables import Tables
from napari_radiogenomics.fusion.validation.intervals import Held, corrected_t
from napari_radiogenomics.fusion.validation.measures import score_folds
from napari_radiogenomics.fusion.validation.split_run import Data
from napari_radiogenomics.fusion.validation.splits import Scheme, Split
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.models.model import FusionModel

__all__ = ["permutation_importance"]

Reals = NDArray[np.float64]
Group = tuple[str, str]
"""Modality and column; an empty column is the whole modality."""


@verb
def permutation_importance(
    modalities: Mapping[str, pd.DataFrame],
    target: pd.Series | pd.DataFrame,
    *,
    strategy: str = "late",
    by: Literal["modality", "column"] = "modality",
    shuffles: Annotated[int, Setting(minimum=1)] = 10,
    groups: pd.Series | None = None,
    event: str = "",
    learner: str = "linear",
    learner_settings: Mapping[str, Any] | None = None,
    preparations: Mapping[str, Any] | None = None,
    scheme: Scheme = "kfold",
    folds: Annotated[int, Setting(minimum=2)] = 5,
    repeats: Annotated[int, Setting(minimum=1)] = 1,
    inner_folds: Annotated[int, Setting(minimum=2, advanced=True)] = 5,
    seed: Annotated[int, Setting(advanced=True)] = 0,
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Shuffle a modality, or a column, among the test patients and measure what is lost.

    The model of each fold stays as it was learned; only patients that it did not learn from are
    shuffled, so that a feature that was fitted by chance counts for nothing.

    Parameters
    ----------
    modalities, target
        As for `fuse`.
    strategy : str, optional
        Name of a model in the table of `fuse`: ``"late"``, ``"imaging alone"``, ``"baseline"``.
    by : {"modality", "column"}, optional
        Whole modalities, which shares what their columns tell alike, or each column that a
        model uses.
    shuffles : int, optional
        How often each is shuffled in each fold.
    groups, event, learner, learner_settings, preparations
        As for `fuse`.
    scheme, folds, repeats, inner_folds, seed
        As for `fuse`; with the same values the folds and the models are the same.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame
        ``modality``, ``column`` (empty for a whole modality), ``importance``, the mean loss of
        the main measure, with its interval ``low`` and ``high`` over the folds, and ``used``,
        the share of folds whose model used it; the greatest first.

    Raises
    ------
    InputError
        If there is no such strategy, or as `fuse`.

    Notes
    -----
    Columns that tell alike share their importance: shuffling one leaves the others to speak.
    The interval is that of the corrected resampled t-test, as folds share training patients.

    References
    ----------
    Breiman 2001, https://doi.org/10.1023/A:1010933404324; Nadeau and Bengio 2003,
    https://doi.org/10.1023/A:1024068626366.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> ids = [f"P{n}" for n in range(80)]
    >>> y = pd.Series(rng.integers(0, 2, 80), ids)
    >>> imaging = pd.DataFrame(rng.normal(size=(80, 4)) + 2 * y.to_numpy()[:, None], ids)
    >>> rna = pd.DataFrame(rng.normal(size=(80, 4)), ids)
    >>> found = permutation_importance({"imaging": imaging, "rna": rna}, y, folds=3, inner_folds=3)
    >>> found["modality"][0], bool(found["low"][0] > 0)
    ('imaging', True)
    """
    if by not in ("modality", "column"):
        raise InputError(f'by is "{by}". Choose "modality" or "column".')
    if shuffles < 1:
        raise InputError(f"shuffles is {shuffles}; it must be 1 or more.")
    data = data_of(
        modalities,
        target,
        groups,
        preparations=preparations,
        inner_folds=inner_folds,
        seed=seed,
        event=event,
    )
    model = _model(data, strategy, learner, learner_settings)
    splits = splits_of(data, data.outcome, scheme, folds=folds, repeats=repeats)
    found = [
        _of_split(data, model, split, by == "column", shuffles)
        for split in progress(splits, f"Shuffled, {strategy}")
    ]
    share = float(np.mean([len(split.test) / len(split.train) for split in splits]))
    return _table(found, share)


def _model(data: Data, name: str, learner: str, settings: Mapping[str, Any] | None) -> FusionModel:
    known = list(STRATEGIES.names())
    models = models_of(data, known, learner=learner, learner_settings=settings)
    if name not in models:
        raise InputError(
            f'There is no strategy "{name}" for these modalities. '
            f"{did_you_mean(name, list(models))}"
        )
    return models[name]


def _of_split(
    data: Data, model: FusionModel, split: Split, columns: bool, shuffles: int
) -> dict[Group, float]:
    """Mean loss of each group in one fold; NaN where its patients tell nothing."""
    from threadpoolctl import threadpool_limits

    test = data.tables.take(split.test)
    # The seed of a fold is that of the same fold in `fuse`.
    benches = Benches(data, split.train, (split.repeat, split.fold))
    with threadpool_limits(1):
        fitted = benches.fit(model).fitted_
        shuffled = _Shuffled.of(fitted, test)
        rng = np.random.default_rng([data.seed, 37, split.repeat, split.fold])
        orders = [rng.permutation(len(test)) for _ in range(shuffles)]

        def score(link: Reals) -> float:
            return float(score_folds(data.outcome, [Held(split.repeat, split.test, link)])[0])

        whole = score(fitted.link(test))
        found = {}
        for group in shuffled.groups(columns):
            lost = [whole - score(shuffled.link(group, order)) for order in orders]
            found[group] = float(np.mean(lost))
    return found


@dataclass(frozen=True, eq=False)
class _Shuffled:
    """Features of test patients, made once, and what a model says when some are shuffled."""

    fitted: Fitted
    parts: tuple[tuple[NDArray[np.intp], dict[str, Reals]], ...]
    n: int

    @classmethod
    def of(cls, fitted: Fitted, test: Tables) -> _Shuffled:
        parts = []
        for expert in fitted.experts:
            rows = np.flatnonzero(expert.held(test))
            own = test.take(rows)
            matrices = {}
            if rows.size:
                matrices = {name: view.matrix(own) for name, view in expert.views.items()}
            parts.append((rows, matrices))
        return cls(fitted, tuple(parts), len(test))

    def groups(self, columns: bool) -> list[Group]:
        """What a model uses: modalities, or their columns."""
        from napari_radiogenomics.fusion.explaining.importance import feature_weights

        weights = feature_weights(self.fitted)
        sources = {
            name: view.view.source
            for expert in self.fitted.experts
            for name, view in expert.views.items()
        }
        used = weights[weights["share"] > 0]
        pairs = [
            (sources[str(view)], str(column) if columns else "")
            for view, column in zip(used["view"], used["column"], strict=True)
        ]
        return list(dict.fromkeys(pairs))

    def link(self, group: Group, order: NDArray[np.intp]) -> Reals:
        """Prediction, shape (N,), when a group is dealt among the patients who have it."""
        links = np.full((self.n, len(self.parts)), np.nan)
        for at, (expert, (rows, matrices)) in enumerate(
            zip(self.fitted.experts, self.parts, strict=True)
        ):
            if rows.size:
                links[rows, at] = _answer(expert, matrices, group, np.argsort(order[rows]))
        return self.fitted.line(combined(links, self.fitted.rule, self.fitted.weights))


def _answer(
    expert: Expert, matrices: Mapping[str, Reals], group: Group, dealt: NDArray[np.intp]
) -> Reals:
    """Answer of an expert for the patients it can judge, a group of features dealt anew."""
    source, column = group
    blocks = []
    for name, view in expert.views.items():
        matrix = matrices[name]
        if view.view.source == source:
            own = np.flatnonzero([column in ("", origin) for origin in view.origins])
            if own.size:
                matrix = matrix.copy()
                matrix[:, own] = matrix[np.ix_(dealt, own)]
        blocks.append(applied(expert.maps[name], matrix))
    return np.asarray(expert.line(expert.predictor.link(np.hstack(blocks))), float)


def _table(found: list[dict[Group, float]], share: float) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for modality, column in dict.fromkeys(group for fold in found for group in fold):
        # A fold whose model does not use it loses nothing.
        lost = np.array([fold.get((modality, column), 0.0) for fold in found])
        used = float(np.mean([(modality, column) in fold for fold in found]))
        rows.append((modality, column, *corrected_t(lost, test_share=share)[:3], used))
    columns = ["modality", "column", "importance", "low", "high", "used"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("importance", ascending=False, ignore_index=True)
