"""`FusionModel`: what all fusion models share, in the manner of scikit-learn.

Letters: N patients.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion.checks.blank_target import warn_of_blanks
from napari_radiogenomics.fusion.checks.fitted_outside import (
    FITTED,
    leave_answers,
    refuse_fitted_outside,
)
from napari_radiogenomics.fusion.checks.same_id import require_one_site
from napari_radiogenomics.fusion.checks.spellings import refuse_spellings, warn_of_further_rows
from napari_radiogenomics.fusion.explaining.conformal import conformal_scores
from napari_radiogenomics.fusion.models.bench import Bench
from napari_radiogenomics.fusion.models.calibration import Line
from napari_radiogenomics.fusion.models.expert import Variant, fit_expert
from napari_radiogenomics.fusion.models.fitted import Fitted, combined
from napari_radiogenomics.fusion.models.predictor import sigmoid
from napari_radiogenomics.fusion.models.views import View, views_of
from napari_radiogenomics.fusion.outcome import FEWEST_EVENTS, outcome_of
from napari_radiogenomics.fusion.tables import Tables, patients_of, tables_of
from napari_radiogenomics.fusion.validation.operating_points import points_of, threshold_of
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FusionModel",
    "enough_for",
    "finished",
    "modalities_of",
    "new_tables",
    "require_view",
    "too_few",
]

Reals = NDArray[np.float64]
_FEWEST_PATIENTS = 20  # who hold a pattern of modalities, to fit an expert of it


class FusionModel(BaseEstimator):
    """What all fusion models share; use one of its kinds."""

    fitted_: Fitted

    def fit(
        self, X: Mapping[str, pd.DataFrame], y: Any, groups: Any = None, *, event: Any = ""
    ) -> Any:
        """Learn from modalities, with every preparation inside.

        Parameters
        ----------
        X : mapping of str to DataFrame
            Modality → table, one row a patient, the patient ids as its index. Patients may lack
            modalities.
        y : Series or DataFrame
            Target by patient id: two classes, numbers, or the columns ``time`` and ``event``.
        groups : Series, optional
            Site of each patient; imaging is harmonized over them.
        event : optional
            Class whose probability is predicted; as for `fuse` without it.

        Returns
        -------
        self

        Raises
        ------
        InputError
            If a patient is there twice, the outcome has one class or too few events, the tables
            share no patients, or one was harmonized over all patients.
        """
        refuse_fitted_outside(X)
        everyone = patients_of(X)
        require_one_site(X, groups)
        outcome, patients = outcome_of(y, event=event)
        refuse_spellings([*everyone, *patients])
        rows = np.flatnonzero(patients.isin(everyone))
        if not rows.size:
            raise InputError(
                "None of the patients of the target is in a table. Give both the same patient ids."
            )
        tables = tables_of(X, patients[rows], groups)
        warn_of_further_rows(tables.patients)
        warn_of_blanks(X, y, outcome, groups)
        bench = Bench(
            tables,
            outcome.take(rows),
            views_of(tables.frames, self._setting("preparations")),
            inner_folds=self._setting("inner_folds"),
            seed=self._setting("seed"),
        )
        return self.fit_bench(bench)

    def fit_bench(self, bench: Bench) -> Any:
        """Learn from training patients that other models share; see `Bench`."""
        self.fitted_ = self._fit(bench)
        self.classes_ = np.array(bench.outcome.classes)
        self.learned_ = frozenset(map(str, bench.tables.patients))  # not in the model's file
        return self

    def decision_function(self, X: Mapping[str, pd.DataFrame], groups: Any = None) -> Reals:
        """Log odds, number or log hazard, shape (N,), by the patients of `patients_in`.

        NaN where a patient has none of what the model needs.

        Parameters
        ----------
        X : mapping of str to DataFrame
            As for `fit`; modalities may be missing.
        groups : Series, optional
            Site of each patient.
        """
        check_is_fitted(self, "fitted_")
        tables = new_tables(X, groups)
        _refuse_misnamed(self.fitted_, tables)
        self._tell_missing(tables)
        link = self.fitted_.link(tables)
        learned: frozenset[str] = getattr(self, "learned_", frozenset())
        step = f"{FITTED} {type(self).__name__}"
        leave_answers(step, link[:, None], tables.patients, tables.frames.values(), learned)
        return link

    def predict_proba(self, X: Mapping[str, pd.DataFrame], groups: Any = None) -> Reals:
        """Probability of both classes, shape (N, 2); parameters as `decision_function`."""
        self._require("classification")
        p = sigmoid(self.decision_function(X, groups))
        return np.column_stack([1 - p, p])

    def predict(
        self,
        X: Mapping[str, pd.DataFrame],
        groups: Any = None,
        *,
        threshold: str | float = "youden",
    ) -> NDArray[Any]:
        """Class, number or log hazard, shape (N,).

        Parameters
        ----------
        X, groups
            As for `decision_function`.
        threshold : str or float, optional
            Probability above which a patient is called, or the name of an operating point that
            the inner folds have chosen: ``"youden"``, ``"sensitive"``, ``"specific"``. By default
            as `predict_patients`; 0.5 calls the more likely class.

        Raises
        ------
        InputError
            If a patient has nothing that the model can use, so that there is no class, there
            is no such threshold, or the model has no classes and one is named.
        """
        check_is_fitted(self, "fitted_")
        refuse_threshold(self.fitted_, threshold)
        link = self.decision_function(X, groups)
        if self.fitted_.kind != "classification":
            return link
        limit = threshold_of(self.fitted_.points, threshold)
        if not np.isfinite(link).all():
            lost = patients_of(X)[~np.isfinite(link)]
            raise InputError(
                f"{len(lost)} patients have nothing that the model can use, the first is "
                f"{lost[0]}. {self._why(X)}Leave them out, or ask predict_proba, which answers NaN "
                "for them."
            )
        return np.asarray(self.classes_[(sigmoid(link) > limit).astype(int)])

    def patients_in(self, X: Mapping[str, pd.DataFrame]) -> pd.Index:
        """Patients of the tables, in the order in which predictions are answered."""
        return patients_of(X)

    def _require(self, kind: str) -> None:
        check_is_fitted(self, "fitted_")
        if self.fitted_.kind != kind:
            raise InputError(
                f"The model predicts {self.fitted_.target} ({self.fitted_.kind}), which has no "
                "classes. Use predict."
            )

    def _tell_missing(self, tables: Tables) -> None:
        from napari_radiogenomics.fusion.checks.lost_columns import lost_columns

        lost = lost_columns(self.fitted_, tables)
        if lost:
            warnings.warn(" ".join(lost), DataWarning, stacklevel=3)

    def _fit(self, bench: Bench) -> Fitted:
        raise NotImplementedError

    def _why(self, X: Mapping[str, pd.DataFrame]) -> str:
        """What counts as not there, as sentences."""
        from napari_radiogenomics.fusion.checks.lost_columns import not_there

        return "".join(f"{said} " for said in not_there(self.fitted_, new_tables(X)).values())

    def _setting(self, name: str) -> Any:
        return self.get_params(deep=False)[name]

    def _views(self, bench: Bench) -> tuple[str, ...]:
        """Views that the model uses."""
        chosen = self._setting("modalities")
        for name in chosen or ():
            require_view(bench.views, name)
        return tuple(chosen) if chosen else modalities_of(bench.views)

    def _fit_patterns(self, bench: Bench, variants: Sequence[Variant]) -> Fitted:
        """One expert for each pattern of modalities that enough training patients hold."""
        names = self._views(bench)
        experts, answers = [], []
        for pattern in _patterns(bench, names):
            expert, inner = fit_expert(
                bench,
                pattern,
                variants,
                learner=self._setting("learner"),
                settings=self._setting("learner_settings"),
            )
            experts.append(expert)
            answers.append(inner)
        links = np.column_stack(answers)
        weights = np.ones(len(experts))
        inner = combined(links, "first", weights)
        return finished(bench, "first", experts, weights, Line(), inner)


def finished(
    bench: Bench, rule: Any, experts: list[Any], weights: Reals, line: Line, inner: Reals
) -> Fitted:
    """Put experts together, with what the inner folds tell of new patients."""
    outcome = bench.outcome
    return Fitted(
        outcome.kind,
        outcome.name,
        outcome.classes,
        rule,
        tuple(experts),
        weights,
        line,
        conformal_scores(outcome, inner),
        points_of(outcome, inner),
        bench.facts(),
    )


def _patterns(bench: Bench, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Sets of views, large ones first, that some patient has and enough have at least.

    Raises
    ------
    InputError
        If too few patients have any of them.
    """
    there = {name: bench.held((name,)) for name in names}
    seen = set(zip(*(there[name].tolist() for name in names), strict=True))
    found = []
    for size in range(len(names), 0, -1):
        for pattern in combinations(names, size):
            exact = tuple(name in pattern for name in names)
            if (exact in seen or size == len(names)) and enough_for(bench, pattern):
                found.append(pattern)
    if not found:
        raise too_few(names, "Use late fusion, which learns each modality by itself, or give more")
    return found


def too_few(names: tuple[str, ...], remedy: str) -> InputError:
    """Refusal of views that too few training patients have."""
    return InputError(
        f"Fewer than {_FEWEST_PATIENTS} training patients, or {FEWEST_EVENTS // 2} events, have "
        f"{' and '.join(names)}. {remedy} patients."
    )


def enough_for(bench: Bench, pattern: tuple[str, ...]) -> bool:
    """Whether the training patients who have all of some views are enough for an expert."""
    rows = np.flatnonzero(bench.held(pattern))
    if len(rows) < _FEWEST_PATIENTS:
        return False
    own = bench.outcome.take(rows)
    if own.n_events < FEWEST_EVENTS // 2:
        return False
    # Each inner fold must be able to learn and to be tested.
    folds = np.unique(bench.numbers[rows])
    return len(folds) == bench.n_folds


def require_view(views: Mapping[str, View], name: str) -> None:
    """Refuse a modality that there is not."""
    if name not in views:
        raise InputError(f'There is no modality "{name}". {did_you_mean(name, list(views))}')


def modalities_of(views: Mapping[str, View]) -> tuple[str, ...]:
    """Views of whole modalities: all but the volume, which the imaging holds already."""
    return tuple(name for name, view in views.items() if name == view.source)


def refuse_threshold(fitted: Fitted, threshold: str | float) -> None:
    """Refuse a threshold, other than the default, where there are no classes."""
    if fitted.kind != "classification" and threshold != "youden":
        raise InputError(
            f"threshold is {threshold}, but the model predicts {fitted.target} ({fitted.kind}), "
            "which has no classes. Leave threshold out."
        )


def _refuse_misnamed(fitted: Fitted, tables: Tables) -> None:
    """Refuse a table that stands under another name than in training."""
    known = list(map(str, fitted.facts["held"]))
    lacking = [name for name in known if name not in tables.frames]
    for name in tables.frames:
        hint = did_you_mean(name, lacking) if name not in known and lacking else ""
        if hint.startswith("Did"):
            raise InputError(f'The model knows no modality "{name}". {hint}')


def new_tables(X: Mapping[str, pd.DataFrame], groups: Any = None) -> Tables:
    """Tables of patients to be predicted, in the order of `patients_of`."""
    everyone = patients_of(X)
    require_one_site(X, groups)
    return tables_of(X, everyone, groups)
