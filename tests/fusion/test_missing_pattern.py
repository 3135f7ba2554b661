"""Who has a modality may tell the outcome; then no strategy is trusted for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.errors import DataWarning
from napari_radiogenomics.fusion import fuse

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False}


def _noise(n=90):
    rng = np.random.default_rng(3)
    ids = [f"P{k:03d}" for k in range(n)]
    y = pd.Series(rng.choice(["mutated", "wildtype"], n), ids, name="EGFR")
    tables = {
        name: pd.DataFrame(rng.normal(size=(n, 12)), ids).add_prefix(name[0])
        for name in ("imaging", "rna")
    }
    return tables, y, rng


def test_noise_whose_gaps_tell_the_outcome_has_no_star():
    tables, y, rng = _noise()
    keep = (y == "mutated") | (rng.random(90) < 0.3)
    given = {**tables, "rna": tables["rna"][keep]}
    with pytest.warns(DataWarning, match="Who has rna tells EGFR by itself with an AUC of 0.8"):
        found = fuse(given, y, event="mutated", strategies=["late", "single"], **QUICK)
    assert found.star == ""
    assert len(found.doubts) == 1
    assert found.warnings[0] == found.doubts[0]
    assert "AUC among those who have it: " in found.doubts[0]
    assert "late" in found.doubts[0]
    assert found.advice[0].startswith("Nothing is to be trusted")
    alone = found.missing.set_index("modality").loc["rna", "alone"]
    cases = (y == "mutated").to_numpy()
    assert alone == pytest.approx(0.5 + 0.5 * (1 - keep[~cases].mean()))


def test_gaps_by_chance_say_nothing():
    tables, y, rng = _noise()
    signal = tables["imaging"].add(1.2 * (y == "mutated"), axis=0)
    given = {"imaging": signal, "rna": tables["rna"][rng.random(90) < 0.6]}
    found = fuse(given, y, event="mutated", strategies=["late", "single"], **QUICK)
    assert found.doubts == ()
    assert found.warnings == ()
    assert found.star
