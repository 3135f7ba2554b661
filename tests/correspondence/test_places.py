"""What is learned from biopsies: weights, intervals that hold, and skill told from chance."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, cross_val_predict

from napari_radiogenomics.correspondence.fitted_places import Known, fit_places
from napari_radiogenomics.correspondence.place_skill import skill_of
from napari_radiogenomics.correspondence.within import centered
from napari_radiogenomics.correspondence.within_ridge import (
    PENALTIES,
    fit_ridge,
    folds_of,
    left_out,
    solve,
)

N_PATIENTS, EACH = 20, 4


def biopsies(seed, *, effect=1.0, noise=0.5, between=1.5, places=EACH, n=N_PATIENTS):
    """Features that differ within and between patients, and scores that follow the first."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(n), places)
    own, mean = rng.normal(size=(n * places, 3)), rng.normal(size=(n, 3))
    x = own + mean[patient]
    offset = between * rng.normal(size=n)
    y = effect * x[:, 0] + offset[patient] + noise * rng.normal(size=n * places)
    return x, y, patient


def skill(seed, x, y, patient):
    folds = folds_of(patient, 40)
    return skill_of(x, y, patient, folds, permutations=99, seed=seed)


def test_the_weights_are_those_of_scikit_learn_for_every_penalty():
    x, y, patient = biopsies(0)
    own_x, own_y = centered(x, patient)[0], centered(y[:, None], patient)[0]
    found = solve(own_x, own_y, PENALTIES)
    for penalty, weights in zip(PENALTIES, found, strict=True):
        other = Ridge(alpha=penalty, fit_intercept=False).fit(own_x, own_y[:, 0])
        np.testing.assert_allclose(weights[:, 0], other.coef_, rtol=1e-9)


def test_the_penalty_is_that_of_the_least_error_in_patients_left_out():
    x, y, patient = biopsies(1, noise=2.0)
    own_x, own_y = centered(x, patient)[0], centered(y, patient)[0]
    own_x = own_x / np.sqrt((own_x**2).mean(axis=0))
    errors = []
    for penalty in PENALTIES:
        # The inner folds: 16 of 20 patients are learned from each time.
        model = Ridge(alpha=penalty * 16 * EACH, fit_intercept=False)
        predicted = cross_val_predict(model, own_x, own_y, groups=patient % 5, cv=GroupKFold(5))
        errors.append(((own_y - predicted) ** 2).sum())
    found = fit_ridge(own_x, own_y[:, None], patient)
    assert found.penalty[0] == pytest.approx(PENALTIES[np.argmin(errors)] * len(y))


def test_all_shuffles_at_once_are_as_each_by_itself():
    x, y, patient = biopsies(2)
    rng = np.random.default_rng(0)
    scores = centered(np.column_stack([y, *(rng.permutation(y) for _ in range(4))]), patient)[0]
    own = centered(x, patient)[0]
    together = left_out(own, scores, patient, patient)
    for column, alone in enumerate(scores.T):
        each = left_out(own, alone[:, None], patient, patient)[:, 0]
        np.testing.assert_allclose(together[:, column], each, atol=1e-12)


def test_differences_between_patients_change_no_weight():
    x, y, patient = biopsies(3)
    rng = np.random.default_rng(1)
    moved = x + 50 * rng.normal(size=(N_PATIENTS, 3))[patient]
    before, after = (
        fit_places(one, y + 9 * patient, patient, patient).weights for one in (x, moved)
    )
    np.testing.assert_allclose(before, after, rtol=1e-6)


@pytest.mark.parametrize("anchored", [False, True])
def test_intervals_of_90_percent_hold_for_places_of_new_patients(anchored):
    """400 new patients of 40 cohorts: 90 % is covered, and a little more as patients are few."""
    covered = []
    for seed in range(40):
        x, y, patient = biopsies(seed, n=N_PATIENTS + 10, places=EACH + 10)
        known = np.arange(len(x)) % (EACH + 10) < EACH
        old = known & (patient < N_PATIENTS)
        fit = fit_places(x[old], y[old], patient[old], patient[old])
        for new in range(N_PATIENTS, N_PATIENTS + 10):
            own = patient == new
            start = Known(x[own & known], y[own & known]) if anchored else None
            found = fit.predict(x[own & ~known], level=0.9, known=start)
            inside = (found.low <= y[own & ~known]) & (y[own & ~known] <= found.high)
            covered.append(inside.mean())
    assert 0.89 <= np.mean(covered) <= 0.95


def test_intervals_are_those_of_the_definition():
    """Jackknife+ written out for one place, with every patient of the same say."""
    x, y, patient = biopsies(5, n=12)
    fit = fit_places(x, y, patient, patient)
    place = np.array([0.3, -1.0, 2.0])
    lows, highs, weights = [], [], []
    for at in range(len(y)):
        fold = patient[at]

        def said(where, fold=fold):
            z = (where - fit.center[fold]) / fit.scale[fold]
            spread = np.sqrt(1 + z @ fit.inverse[fold] @ z)
            return fit.mean[fold] + z @ fit.weights[fold], spread

        value, spread = said(x[at])
        missed = abs(y[at] - value) / spread
        value, spread = said(place)
        lows.append(value - missed * spread)
        highs.append(value + missed * spread)
        weights.append(1 / (EACH * 13))

    def reached(values):
        order = np.argsort(values)
        return np.array(values)[order][np.searchsorted(np.cumsum(np.array(weights)[order]),
                                                       0.9 - 1e-9)]  # fmt: skip

    found = fit.predict(place[None], level=0.9)
    assert found.high[0] == pytest.approx(reached(highs))
    assert found.low[0] == pytest.approx(-reached([-low for low in lows]))


def test_intervals_grow_away_from_the_biopsies_and_far_places_are_unlike():
    x, y, patient = biopsies(6)
    fit = fit_places(x, y, patient, patient)
    far = x.mean(axis=0) + np.outer([0.0, 1.0, 30.0], np.ones(3))
    found = fit.predict(far, level=0.9)
    widths = found.high - found.low
    assert widths[0] < widths[1] < widths[2]
    assert found.unlike.tolist() == [False, False, True]
    marked = np.mean([
        fit.predict(x[patient == one], level=0.9, left_out=one).unlike.mean()
        for one in range(N_PATIENTS)
    ])  # fmt: skip
    assert marked <= 0.06  # 95 % of the biopsies of patients left out are like the others


def test_means_of_batches_are_taken_away_where_they_are_learned():
    x, y, patient = biopsies(7, between=0.1, noise=0.1)
    batch = patient % 2
    moved = x + np.where(batch[:, None] == 1, 40.0, 0.0)
    fit = fit_places(moved, y, patient, patient, batch)
    plain = fit_places(moved, y, patient, patient)

    def error(model, number):
        said = [model.predict(moved[patient == one], level=0.9, left_out=one,
                              batch=number(one)).value for one in range(N_PATIENTS)]  # fmt: skip
        return np.abs(np.concatenate(said) - y).mean()

    assert error(fit, lambda one: one % 2) < 2.0 < 15 < error(plain, lambda one: -1)


def test_a_link_within_patients_is_found_and_its_part_of_the_variance_said():
    found = skill(0, *biopsies(8, effect=1.0, noise=0.5))
    assert found.refusal == ""
    # Of scores with a variance of 1 + 0.25 within patients, 1 can be predicted.
    assert found.value == pytest.approx(0.8, abs=0.06)
    assert found.low < 0.8 < found.high


def test_unrelated_scores_are_refused():
    """In 80 cohorts: at most 5 % are let through."""
    let_through = [skill(seed, *biopsies(seed, effect=0.0)).refusal == "" for seed in range(80)]
    assert np.mean(let_through) <= 0.05


def test_a_score_that_only_tells_patients_apart_is_refused():
    """The mean of the features of a patient tells its scores to 0.99; no place does."""
    let_through = []
    for seed in range(40):
        x, _, patient = biopsies(seed)
        rng = np.random.default_rng(seed + 1000)
        means = centered(x, patient)[1]
        y = 5 * means[:, 0] + 0.3 * rng.normal(size=len(x))
        assert np.corrcoef(y, means[:, 0])[0, 1] > 0.9
        let_through.append(skill(seed, x, y, patient).refusal == "")
    assert np.mean(let_through) <= 0.05


def test_patients_stay_whole_in_groups_of_many():
    patient = np.repeat(np.arange(45), 2)
    folds = folds_of(patient, 10)
    assert len(set(folds)) == 10
    assert all(len(set(folds[patient == one])) == 1 for one in range(45))
