"""What theory says: chance on noise, and who holds when a modality is missing (minutes)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from napari_radiogenomics.fusion import EarlyFusion, LateFusion, SingleModality, fuse
from napari_radiogenomics.fusion.study import data_of, models_of, splits_of
from napari_radiogenomics.fusion.validation.comparing import held_of
from napari_radiogenomics.fusion.validation.measures import main_measure
from napari_radiogenomics.fusion.validation.running import run_splits
from napari_radiogenomics.progress import quiet

REPLICATES, SMALL = 30, 60
SMALL_SETTINGS: dict[str, dict[str, Any]] = {
    "linear": {"penalties": 8},
    "forest": {"trees": 10},
    "boosting": {"trees": 15},
    "svm": {"costs": 3},
}


def _areas_of_noise(seed: int) -> pd.Series:
    rng = np.random.default_rng(1000 + seed)
    ids = [f"P{n}" for n in range(100)]
    target = pd.Series((rng.random(100) < 0.4).astype(int), ids)
    modalities = {
        "imaging": pd.DataFrame(rng.normal(size=(100, 100)), ids).add_prefix("f"),
        "rna": pd.DataFrame(rng.normal(size=(100, 150)), ids).add_prefix("g"),
        "clinical": pd.DataFrame(
            {"age": rng.normal(size=100), "sex": rng.choice(["F", "M"], 100)}, ids
        ),
    }
    modalities["imaging"]["MeshVolume"] = np.exp(rng.normal(size=100))
    sites = pd.Series(rng.choice(["A", "B"], 100), ids)
    return fuse(modalities, target, groups=sites, repeats=1, thorough=False).table["auc"]


@pytest.mark.slow
def test_one_replicate_of_each_long_test_runs():
    noise = _areas_of_noise(0)
    assert len(noise) == 9
    assert noise.between(0.2, 0.8).all()
    areas = pd.Series(_areas(0))
    assert {"late", "mean-imputed early", "imaging alone", "late, complete"} <= set(areas.index)
    assert areas.between(0.4, 1.0).all()


def _quick_areas(seed: int, learner: str = "linear", strategies: Any = None) -> dict[str, float]:
    """The same pipeline on less noise, without the tables beside."""
    rng = np.random.default_rng(5000 + seed)
    ids = [f"P{n}" for n in range(SMALL)]
    target = pd.Series(rng.permutation(np.arange(SMALL) % 2), ids)
    modalities = {
        "imaging": pd.DataFrame(rng.normal(size=(SMALL, 15)), ids).add_prefix("f"),
        "rna": pd.DataFrame(rng.normal(size=(SMALL, 20)), ids).add_prefix("g"),
        "clinical": pd.DataFrame({"age": rng.normal(size=SMALL)}, ids),
    }
    modalities["imaging"]["MeshVolume"] = np.exp(rng.normal(size=SMALL))
    sites = pd.Series(rng.choice(["A", "B"], SMALL), ids)
    data = data_of(modalities, target, sites, preparations=None, inner_folds=2, seed=seed)
    models = models_of(data, strategies, learner=learner, learner_settings=SMALL_SETTINGS[learner])
    splits = splits_of(data, data.outcome, "kfold", folds=3, repeats=1)
    runs = run_splits(data, models, splits, details=False, progress=quiet)
    return {name: main_measure(data.outcome, held_of(runs, name)).value for name in models}


def test_noise_gives_chance_in_a_quick_run():
    means = pd.DataFrame([_quick_areas(seed) for seed in range(REPLICATES)]).mean()
    assert len(means) == 9
    assert (abs(means - 0.5) < _reach()).all(), means


def _reach() -> float:
    """Three standard errors of the mean area of so many patients of two classes (Hanley 1982)."""
    reach = 3 * ((SMALL + 1) / (3 * SMALL**2) / REPLICATES) ** 0.5
    assert reach < 0.05
    return reach


def test_noise_gives_chance_with_the_learner_that_learns_it_quickest():
    areas = [_quick_areas(seed, "boosting", ["early"])["early"] for seed in range(REPLICATES)]
    assert abs(np.mean(areas) - 0.5) < _reach()


@pytest.mark.very_slow
@pytest.mark.parametrize("learner", ["forest", "boosting", "svm"])
def test_noise_gives_chance_for_every_strategy_and_learner(learner):
    means = pd.DataFrame([_quick_areas(seed, learner) for seed in range(REPLICATES)]).mean()
    assert len(means) == 8  # all but cooperative learning, which is linear
    assert (abs(means - 0.5) < _reach()).all(), means


@pytest.mark.very_slow
def test_noise_gives_chance_for_every_strategy():
    means = pd.DataFrame([_areas_of_noise(seed) for seed in range(REPLICATES)]).mean()
    assert len(means) == 9
    assert (abs(means - 0.5) < 0.03).all(), means


def _draw(rng: np.random.Generator, n: int) -> tuple[dict[str, pd.DataFrame], pd.Series]:
    """Two modalities that tell alike, of which the second is wider."""
    latent = rng.normal(size=n)
    ids = [f"P{number}" for number in range(n)]
    imaging, rna = rng.normal(size=(n, 40)), rng.normal(size=(n, 400))
    imaging[:, :10] += 0.45 * latent[:, None]
    rna[:, :10] += 0.45 * latent[:, None]
    target = pd.Series((latent + 0.6 * rng.normal(size=n) > 0).astype(int), ids)
    return {
        "imaging": pd.DataFrame(imaging, ids).add_prefix("f"),
        "rna": pd.DataFrame(rna, ids).add_prefix("g"),
    }, target


def _lose(rng: np.random.Generator, table: pd.DataFrame, share: float) -> pd.DataFrame:
    return table.iloc[np.sort(rng.permutation(len(table))[: round((1 - share) * len(table))])]


def _mean_imputed(table: pd.DataFrame, everyone: pd.Index, mean: pd.Series) -> pd.DataFrame:
    """What the package never does: the mean of the others for a whole block."""
    return table.reindex(everyone).fillna(mean)


def _areas(seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    learn, y = _draw(rng, 120)
    test, truth = _draw(rng, 300)
    gone = {**learn, "rna": _lose(rng, learn["rna"], 0.4)}
    left = {**test, "rna": _lose(rng, test["rna"], 0.4)}
    quick = {"inner_folds": 4}
    early = EarlyFusion(block_scaling="none", **quick)

    def area(link: np.ndarray, patients: pd.Index) -> float:
        return float(roc_auc_score(truth.loc[patients], link))

    found = {}
    for name, model in {
        "late": LateFusion(**quick),
        "early by pattern": EarlyFusion(block_scaling="none", **quick),
        "imaging alone": SingleModality("imaging", **quick),
    }.items():
        model.fit(gone, y)
        found[name] = area(model.decision_function(left), model.patients_in(left))
    mean = gone["rna"].mean()
    filled = {**learn, "rna": _mean_imputed(gone["rna"], y.index, mean)}
    asked = {**test, "rna": _mean_imputed(left["rna"], truth.index, mean)}
    found["mean-imputed early"] = area(
        early.fit(filled, y).decision_function(asked), early.patients_in(asked)
    )
    late = LateFusion(**quick).fit(learn, y)
    found["late, complete"] = area(late.decision_function(test), late.patients_in(test))
    complete = early.fit(learn, y)
    found["early, complete"] = area(complete.decision_function(test), complete.patients_in(test))
    return found


@pytest.mark.very_slow
def test_late_fusion_holds_and_mean_imputed_early_fusion_falls():
    areas = pd.DataFrame([_areas(seed) for seed in range(REPLICATES)])
    means = areas.mean()
    gap = areas["late"] - areas["mean-imputed early"]
    # 40 % of one modality missing: late fusion holds …
    assert means["late"] >= means["imaging alone"]
    # … and early fusion with the mean of a block falls, below a single modality even.
    assert gap.mean() > 2 * gap.sem()
    assert means["mean-imputed early"] < means["imaging alone"]
    assert means["late, complete"] > means["late"]
