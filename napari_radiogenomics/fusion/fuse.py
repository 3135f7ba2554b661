"""`fuse`: all strategies on the same folds, one table, and a word on which to trust."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.advice import advise, trusted_strategy
from napari_radiogenomics.fusion.checks.blank_target import warn_of_blanks
from napari_radiogenomics.fusion.checks.chosen_outside import remember_weights, warn_of_chosen
from napari_radiogenomics.fusion.checks.fitted_outside import leave_answers
from napari_radiogenomics.fusion.checks.lost_columns import losses
from napari_radiogenomics.fusion.checks.same_id import warn_of_two_names
from napari_radiogenomics.fusion.checks.same_patient import refuse_copies
from napari_radiogenomics.fusion.checks.site_outcome import warn_of_sites
from napari_radiogenomics.fusion.checks.spellings import warn_of_further_rows
from napari_radiogenomics.fusion.checks.target_leak import warn_of_near_target, warn_of_target
from napari_radiogenomics.fusion.explaining.explain import explained
from napari_radiogenomics.fusion.explaining.importance import feature_weights
from napari_radiogenomics.fusion.learner import LEARNERS
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.models.model_card import validation_lines
from napari_radiogenomics.fusion.models.told import Benches
from napari_radiogenomics.fusion.result import FusionResult
from napari_radiogenomics.fusion.strategy import STRATEGIES
from napari_radiogenomics.fusion.study import data_of, models_of, splits_of
from napari_radiogenomics.fusion.tables import Tables
from napari_radiogenomics.fusion.validation.comparing import (
    calibration_curve,
    compare_pairs,
    decision_curve,
    held_of,
    measure_table,
    patient_means,
    site_table,
)
from napari_radiogenomics.fusion.validation.final import (
    external_table,
    optimism_corrected,
    outside_of,
    warn_of_lacking,
)
from napari_radiogenomics.fusion.validation.measures import MAIN
from napari_radiogenomics.fusion.validation.missingness import missing_by_outcome, warn_of_pattern
from napari_radiogenomics.fusion.validation.more_runs import (
    ablation_table,
    contrast_table,
    learning_table,
    permuted,
)
from napari_radiogenomics.fusion.validation.operating_points import external_points, point_table
from napari_radiogenomics.fusion.validation.running import run_splits
from napari_radiogenomics.fusion.validation.split_run import Data, SplitRun
from napari_radiogenomics.fusion.validation.splits import Scheme
from napari_radiogenomics.fusion.validation.summaries import (
    contribution_table,
    fold_table,
    importance_table,
    modality_table,
    prediction_table,
    without_table,
)
from napari_radiogenomics.fusion.validation.trade_off import trade_off_table
from napari_radiogenomics.progress import Progress, quiet, stop_if_cancelled
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fuse"]

_EXPLAINED = 100  # patients whose Shapley values rank the columns


@verb
def fuse(
    modalities: Mapping[str, pd.DataFrame],
    target: pd.Series | pd.DataFrame,
    *,
    strategies: Annotated[Sequence[str] | None, Setting(choices=STRATEGIES.meanings)] = None,
    groups: pd.Series | None = None,
    event: str = "",
    learner: Annotated[str, Setting(choices=LEARNERS.meanings)] = "linear",
    learner_settings: Mapping[str, Any] | None = None,
    preparations: Mapping[str, Any] | None = None,
    scheme: Scheme = "kfold",
    folds: Annotated[int, Setting(minimum=2)] = 5,
    repeats: Annotated[int, Setting(minimum=1)] = 2,
    inner_folds: Annotated[int, Setting(minimum=2, advanced=True)] = 5,
    thorough: Annotated[bool, Setting(advanced=True)] = True,
    n_permutations: Annotated[int, Setting(minimum=0)] = 0,
    external: tuple[Any, ...] | None = None,
    seed: Annotated[int, Setting(advanced=True)] = 0,
    workers: Annotated[int, Setting(minimum=1, advanced=True)] = 1,
    progress: Progress = quiet,
) -> FusionResult:
    """Compare ways to predict a target from image, genes and clinic, without leaks.

    Harmonization, selection of features, imputation and tuning are learned anew in the training
    part of each fold. No fitted step is taken; tables that are known to hold one are refused.

    Parameters
    ----------
    modalities : mapping of str to DataFrame
        Modality → table with one row a patient and the patient ids as its index. Patients may
        lack modalities.
    target : Series or DataFrame
        By patient id: two classes, numbers, or the columns ``time`` and ``event``.
    strategies : sequence of str, optional
        Ways to fuse; all without it.

        Of ``"baseline"``, ``"single"``, ``"early"``, ``"late"``, ``"hybrid"``,
        ``"cooperative"``. Or a mapping of names to models such as
        ``LateFusion(combine="stack")``; preparations, inner folds and seed that a model was told
        go before those below.
    groups : Series, optional
        Site of each patient. Folds are balanced over sites, imaging is harmonized in the fold,
        and leave-one-site-out is shown beside.
    event : str, optional
        Class whose probability is predicted, such as ``"mutated"``. Without it the greater of
        two numbers; of two words the one that happens (``"yes"``, ``"mutated"``, ``"dead"``), or
        else the rarer. The advice says which.
    learner : str, optional
        What the models learn with: an elastic net (``"linear"``), a random forest
        (``"forest"``), boosted trees (``"boosting"``) or a linear support vector machine
        (``"svm"``).
    learner_settings : mapping, optional
        Of the learner.
    preparations : mapping, optional
        Modality → ``"imaging"``, ``"expression"``, ``"clinical"`` or ``"numeric"``, or
        ``{"method": name, **settings}``. Chosen by the name of the modality without it.
    scheme : {"kfold", "leave_site_out", "bootstrap632"}, optional
        Repeated folds by patient, one site at a time, or .632+ of ``repeats`` bootstraps.
    folds : int, optional
        Outer folds: each patient is left out once in so many.
    repeats : int, optional
        How often patients are dealt to folds anew; bootstraps of ``"bootstrap632"``.
    inner_folds : int, optional
        Folds within each training part, in which settings are chosen.
    thorough : bool, optional
        Also run without harmonization, at sites left out, with each modality added to the
        baseline, with fewer patients, and on halves of the patients that tell bias from variance.
    n_permutations : int, optional
        Repeat the whole pipeline on so many shuffled outcomes, for a p-value.
    external : tuple, optional
        ``(modalities, target)`` or ``(modalities, target, groups)`` of another cohort, on which
        the models of all patients are tested.
    seed : int, optional
        Of everything that is drawn; the same seed gives the same numbers.
    workers : int, optional
        Folds at a time.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    FusionResult
        Tables, advice in words, and each strategy fitted on all patients.

    Raises
    ------
    InputError
        If the outcome has one class or too few events, each site has one class, there are fewer
        patients than folds, a patient is there twice, an id has two sites, or a modality shares no
        patient with the target.

    References
    ----------
    Varma and Simon 2006 (nested folds), https://doi.org/10.1186/1471-2105-7-91; Efron 1997
    (.632+), https://doi.org/10.1080/01621459.1997.10474007; METRICS,
    https://doi.org/10.1186/s13244-023-01572-w; TRIPOD+AI, https://doi.org/10.1136/bmj-2023-078378.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> ids = [f"P{n}" for n in range(60)]
    >>> y = pd.Series(rng.integers(0, 2, 60), ids, name="mutated")
    >>> imaging = pd.DataFrame(rng.normal(size=(60, 5)) + y.to_numpy()[:, None], ids)
    >>> rna = pd.DataFrame(rng.normal(size=(60, 6)), ids)
    >>> found = fuse({"imaging": imaging, "rna": rna}, y, strategies=["single", "late"],
    ...              folds=3, inner_folds=3, repeats=1, thorough=False)
    >>> found.trusted
    'imaging alone'
    """
    data = data_of(
        modalities,
        target,
        groups,
        preparations=preparations,
        inner_folds=inner_folds,
        seed=seed,
        event=event,
    )
    models = models_of(data, strategies, learner=learner, learner_settings=learner_settings)
    resplit = partial(splits_of, data, scheme=scheme, folds=folds)
    splits = resplit(outcome=data.outcome, repeats=repeats)
    if n_permutations < 0:
        raise InputError(f"n_permutations is {n_permutations}; it must be 0 or more.")
    second = None
    if external is not None:  # refused before the work, not after it
        second, _ = outside_of(external, kind=data.outcome.kind, classes=data.outcome.classes,
                               learned=set(map(str, data.tables.patients)))  # fmt: skip
        refuse_copies(second, data.tables)
    doubts = warn_of_chosen(data.tables, data.outcome)
    warned = (*doubts, *warn_of_sites(data.tables, data.outcome))
    stop_if_cancelled(progress, "Fuse")
    leaks, close = (warn_of_target(data.tables, data.outcome),
                    warn_of_near_target(data.tables, data.outcome))  # fmt: skip
    doubts, warned = (*leaks, *doubts), (*leaks, *close, *warned)
    warned += (
        *warn_of_blanks(modalities, target, data.outcome, groups),
        *warn_of_two_names(modalities, groups),
        *warn_of_further_rows(data.tables.patients),
    )
    options: dict[str, Any] = {"workers": workers, "progress": progress}
    runs = run_splits(data, models, splits, what="Folds", **options)
    pattern = warn_of_pattern(data.tables, data.outcome, runs)
    doubts, warned = (*doubts, *pattern), (*pattern, *warned)
    fitted = _on_all(data, models, progress)
    table = measure_table(data.outcome, runs, seed=seed, progress=progress)
    if scheme == "bootstrap632":
        table = optimism_corrected(table, data, fitted)
    if n_permutations:
        once = partial(resplit, repeats=1 if scheme == "kfold" else repeats)
        table["p_permutation"] = permuted(
            data,
            models,
            table[MAIN[data.outcome.kind]].to_dict(),
            lambda outcome: once(outcome=outcome),
            count=n_permutations,
            **options,
        )
    outside = None
    if external is not None:
        outside = external_table(fitted, data, external, progress=progress)
    points = _points(data, runs, fitted, external)
    found = _result(
        data, models, runs, fitted, table, outside, points, thorough, scheme, doubts, leaks, options
    )
    for name, model in fitted.items():
        lost = losses(found.table, found.without, found.main, name)
        model.fitted_ = replace(model.fitted_, facts={**model.fitted_.facts, "lost": lost})
    if external is not None and second is not None:
        warned += (*warn_of_lacking(fitted, second), *_of_second(external, data))
    found = replace(found, warnings=warned, doubts=doubts)
    _remember(data, runs, found)
    _carry(found)
    return found


def _weights(name: str, model: FusionModel, tables: Tables) -> Iterator[pd.DataFrame]:
    """What a model of all patients made of each column: its weights, and Shapley values."""
    yield feature_weights(model.fitted_).assign(strategy=name)
    some = np.unique(np.linspace(0, len(tables) - 1, min(len(tables), _EXPLAINED)).astype(int))
    found = explained(model.fitted_, tables.take(some)).drop(columns="view")
    shares = found.assign(strategy=name, share=found["contribution"].abs())
    yield shares.rename(columns={"modality": "view"})


def _carry(found: FusionResult) -> None:
    """Let each model tell its validation, in a file too."""
    for name, model in found.models.items():
        carried = {"strategy": name, "lines": validation_lines(found, name)}
        facts = {**model.fitted_.facts, "validation": carried}
        model.fitted_ = replace(model.fitted_, facts=facts)


def _of_second(external: tuple[Any, ...], data: Data) -> tuple[str, ...]:
    """Who of the second cohort is left out, and whether its sites can be told."""
    modalities, target, *groups = external
    blank = warn_of_blanks(modalities, target, data.outcome, *groups, whose="Second cohort: ")
    return (*blank, *warn_of_two_names(modalities, *groups))


def _remember(data: Data, runs: Sequence[SplitRun], found: FusionResult) -> None:
    """Predictions of patients left out know the outcomes of the others: they are no modality.

    So do the weights of columns: their best are no choice made before.
    """
    tables, links = data.tables, []
    for name in runs[0].links:
        folds = held_of(runs, name)
        for repeat in sorted({fold.repeat for fold in folds}):
            links.append(patient_means(data.outcome, [f for f in folds if f.repeat == repeat]))
        links.append(patient_means(data.outcome, folds))
    learned = set(map(str, tables.patients))
    for link in links:  # one by one: a strategy may leave some patients without an answer
        leave_answers("fuse", link[:, None], tables.patients, tables.frames.values(), learned)
    own = [part for name, model in found.models.items() for part in _weights(name, model, tables)]
    remember_weights(tables, data.outcome, [found.importance, *own])


def _on_all(
    data: Data, models: Mapping[str, FusionModel], progress: Progress
) -> dict[str, FusionModel]:
    """Each model fitted on all patients."""
    check = partial(stop_if_cancelled, progress, "All patients")
    benches = Benches(data, np.arange(len(data.outcome)), check=check)
    return {name: benches.fit(models[name]) for name in progress(list(models), "All patients")}


def _points(
    data: Data,
    runs: Sequence[SplitRun],
    fitted: Mapping[str, FusionModel],
    external: tuple[Any, ...] | None,
) -> pd.DataFrame:
    """What operating points reach in patients left out, and in the external cohort."""
    import pandas as pd

    table = point_table(data.outcome, runs)
    if external is None or data.outcome.kind != "classification":
        return table
    classes = data.outcome.classes
    tables, own = outside_of(external, kind="classification", classes=classes, learned=())
    links = {name: model.fitted_.link(tables) for name, model in fitted.items()}
    points = {name: model.fitted_.points for name, model in fitted.items()}
    return pd.concat([table, external_points(own, links, points)], ignore_index=True)


def _result(
    data: Data,
    models: Mapping[str, FusionModel],
    runs: Sequence[SplitRun],
    fitted: Mapping[str, FusionModel],
    table: pd.DataFrame,
    outside: pd.DataFrame | None,
    points: pd.DataFrame,
    thorough: bool,
    scheme: str,
    doubts: Sequence[str],
    leaks: Sequence[str],
    options: Mapping[str, Any],
) -> FusionResult:
    import pandas as pd

    outcome = data.outcome
    comparison = compare_pairs(outcome, runs)
    trusted = trusted_strategy(outcome.kind, table, comparison)
    contrast = ablation = learning = trade_off = pd.DataFrame()
    if thorough and scheme == "kfold":
        shown = [trusted, *(n for n in models if n == "imaging alone" and n != trusted)]
        contrast = contrast_table(data, models, shown, runs, **options)
        ablation = ablation_table(data, runs, **options)
        learning = learning_table(data, models[trusted], trusted, runs, **options)
        trade_off = trade_off_table(data, models, runs, **options)
    missing = missing_by_outcome(data.tables, outcome)
    importance = importance_table(runs)
    n_features = int(np.sum([frame.shape[1] for frame in data.tables.frames.values()]))
    advice = advise(
        outcome,
        trusted,
        table,
        comparison,
        n_features=n_features,
        contrast=contrast,
        ablation=ablation,
        missing=missing,
        learning=learning,
        trade_off=trade_off,
        external=outside,
        doubts=doubts,
        leaks=leaks,
    )
    return FusionResult(
        outcome.kind,
        outcome.name,
        MAIN[outcome.kind],
        scheme,
        table,
        prediction_table(data, runs),
        fold_table(outcome, runs),
        comparison,
        contrast,
        ablation,
        without_table(outcome, runs),
        trade_off,
        site_table(outcome, runs, data.tables.sites),
        calibration_curve(outcome, runs),
        decision_curve(outcome, runs),
        points,
        importance,
        contribution_table(runs),
        modality_table(importance),
        missing,
        learning,
        outside,
        trusted,
        advice,
        fitted,
    )
