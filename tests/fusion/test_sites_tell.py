"""Sites and outcomes: the EGFR illusion is shown, and a site that is the outcome is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion import fuse

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "strategies": ["single"]}


@pytest.fixture(scope="module")
def illusion():
    """Features that tell the scanner only; mutations are frequent at one of four sites."""
    rng = np.random.default_rng(5)
    ids = [f"P{n:03d}" for n in range(200)]
    sites = pd.Series(np.array(list("ABCD"))[np.arange(200) % 4], ids)
    share = sites.map({"A": 0.85, "B": 0.2, "C": 0.25, "D": 0.2})
    egfr = pd.Series(np.where(rng.random(200) < share, "mutated", "wildtype"), ids, name="EGFR")
    scanner = pd.DataFrame(rng.normal(size=(200, 12)), ids).add_prefix("f")
    scanner.loc[sites == "A", ["f0", "f1", "f2"]] += 1.5
    return {"imaging": scanner}, egfr, sites


def test_the_illusion_collapses_at_sites_left_out(illusion):
    modalities, egfr, sites = illusion
    with pytest.warns(DataWarning, match="The site tells EGFR"):
        found = fuse(modalities, egfr, groups=sites, event="mutated", **QUICK)
    row = found.contrast.loc["imaging alone"]
    assert row["raw"] > 0.65
    assert row["leave_site_out"] < 0.6
    assert row["harmonized"] < row["raw"] - 0.1
    assert any("The site, not the tumor, speaks in part" in text for text in found.advice)
    assert found.warnings[0].startswith("The site tells EGFR: by itself it orders patients")


def test_a_site_that_is_the_outcome_is_refused(illusion):
    modalities, egfr, _ = illusion
    same = egfr.map({"mutated": "A", "wildtype": "B"})
    with pytest.raises(InputError, match="each of the 2 sites, such as A and B, holds one class"):
        fuse(modalities, egfr, groups=same, **QUICK)


def test_sites_that_are_alike_are_not_warned_of(cohort):
    found = fuse({"rna": cohort.modalities["rna"]}, cohort.target, groups=cohort.sites,
                 thorough=False, **QUICK)  # fmt: skip
    assert found.warnings == ()


def test_events_for_what_was_kept_are_not_called_enough_for_what_was_offered(draw):
    cohort = draw(6, n=200, kind="regression")
    found = fuse({"rna": cohort.modalities["rna"]}, cohort.target, thorough=False, **QUICK)
    (said,) = [text for text in found.advice if "stand against" in text]
    assert "enough for these, but choosing them took the same patients" in said
