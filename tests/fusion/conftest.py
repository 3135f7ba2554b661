"""Small cohorts with a known story, drawn from one latent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest


class Cohort(NamedTuple):
    """Modalities, target and sites of one cohort."""

    modalities: dict[str, pd.DataFrame]
    target: Any
    sites: pd.Series


def draw_cohort(
    seed: int = 0, *, n: int = 120, strength: float = 0.9, kind: str = "classification"
) -> Cohort:
    """Two modalities and clinical facts, of whose features the first few hold the latent."""
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"P{number:03d}" for number in range(n)], name="patient_id")
    latent = rng.normal(size=n)
    imaging = rng.normal(size=(n, 24))
    imaging[:, :5] += strength * latent[:, None]
    rna = rng.normal(size=(n, 30))
    rna[:, :5] += strength * latent[:, None]
    tables = {
        "imaging": pd.DataFrame(imaging, ids).add_prefix("f"),
        "rna": pd.DataFrame(rna, ids).add_prefix("g"),
        "clinical": pd.DataFrame(
            {"age": rng.normal(60, 9, n), "sex": rng.choice(["F", "M"], n)}, ids
        ),
    }
    tables["imaging"]["original_shape_MeshVolume"] = np.exp(rng.normal(9, 1, n))
    if kind == "survival":
        time = rng.exponential(np.exp(-1.2 * latent)) * 100
        target: Any = pd.DataFrame({"time": time + 0.1, "event": rng.random(n) < 0.7}, ids)
    elif kind == "regression":
        target = pd.Series(latent + 0.5 * rng.normal(size=n), ids, name="hypoxia")
    else:
        shifted = latent + 0.5 * rng.normal(size=n)
        target = pd.Series(np.where(shifted > 0, "mutated", "wildtype"), ids, name="EGFR")
    return Cohort(tables, target, pd.Series(rng.choice(["A", "B", "C"], n), ids))


@pytest.fixture(scope="session")
def cohort() -> Cohort:
    return draw_cohort()


@pytest.fixture(scope="session")
def draw() -> Callable[..., Cohort]:
    return draw_cohort
