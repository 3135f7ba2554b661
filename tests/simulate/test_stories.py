"""Every planted story is found again in the written files, by code that shares nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

VEGF, HYPOXIA, E2F = "VEGF_LIGAND_RECEPTOR", "BUFFA_HYPOXIA", "HALLMARK_E2F_TARGETS"
Statistics = dict[str, Callable]


@pytest.fixture
def size(truth: dict) -> Callable[[str, str], object]:
    """What ``truth.json`` says of a story, as something to compare with."""
    stories = {story["id"]: story for story in truth["stories"]}

    def find(story: str, name: str) -> object:
        planted = stories[story]
        return pytest.approx(planted["size"][name], abs=planted["tolerance"][name])

    return find


def test_egfr_is_seen_by_noise_until_the_site_is_removed(
    measured: pd.DataFrame, statistics: Statistics, size: Callable
) -> None:
    raw = statistics["auc"](measured["fine_noise"], measured["egfr"])
    centered = statistics["center_by"](np.log(measured["fine_noise"]), measured["site"])
    harmonized = statistics["auc"](centered, measured["egfr"])
    assert raw == size("egfr_scanner", "auc_raw")
    assert harmonized == size("egfr_scanner", "auc_after_site_means_removed")
    assert raw - harmonized > 0.15


def test_the_noise_is_what_the_scanner_was_given(measured: pd.DataFrame, truth: dict) -> None:
    planted = pd.Series({name: facts["noise"] for name, facts in truth["patients"].items()})
    ratio = measured["fine_noise"] / planted  # steps of 5 HU and the finest texture add a little
    assert 0.97 < ratio.median() < 1.15
    assert ratio.min() > 0.85
    assert np.corrcoef(measured["fine_noise"], planted)[0, 1] > 0.95


def test_tortuosity_follows_vegf_whatever_site_and_volume(
    measured: pd.DataFrame, statistics: Statistics, size: Callable
) -> None:
    raw = statistics["rho"](measured["tortuosity"], measured[VEGF])
    given = measured[["site", "volume_ml"]]
    adjusted = statistics["partial_rho"](measured["tortuosity"], measured[VEGF], given)
    assert raw == size("tortuosity_vegf", "rho")
    assert adjusted == size("tortuosity_vegf", "rho_given_site_and_volume")
    by_site = [
        statistics["rho"](rows["tortuosity"], rows[VEGF]) for _, rows in measured.groupby("site")
    ]
    assert min(by_site) > 0


def test_tortuosity_is_the_distance_metric_of_the_planted_vessels(
    measured: pd.DataFrame, statistics: Statistics, truth: dict
) -> None:
    planted = pd.Series({name: f["distance_metric"] for name, f in truth["patients"].items()})
    assert statistics["rho"](measured["tortuosity"], planted) > 0.6


def test_coarse_texture_follows_hypoxia(
    measured: pd.DataFrame, statistics: Statistics, size: Callable
) -> None:
    raw = statistics["rho"](measured["coarse_texture"], measured[HYPOXIA])
    given = measured[["site", "volume_ml"]]
    adjusted = statistics["partial_rho"](measured["coarse_texture"], measured[HYPOXIA], given)
    assert raw == size("hypoxia_texture", "rho")
    assert adjusted == size("hypoxia_texture", "rho_given_site_and_volume")


def test_energy_is_only_volume(
    measured: pd.DataFrame, statistics: Statistics, size: Callable
) -> None:
    raw = statistics["rho"](measured["energy"], measured[E2F])
    adjusted = statistics["partial_rho"](measured["energy"], measured[E2F], measured[["volume_ml"]])
    assert raw == size("volume_only", "rho")
    assert adjusted == size("volume_only", "rho_given_volume")
    assert statistics["rho"](measured["energy"], measured["volume_ml"]) > 0.99


def test_egfr_and_texture_tell_nothing_of_vessels(
    measured: pd.DataFrame, statistics: Statistics
) -> None:
    given = measured[["site"]]
    null = statistics["partial_rho"](measured["fine_noise"], measured[VEGF], given)
    assert abs(null) < 0.3


def test_pathways_follow_habitats(study, statistics: Statistics, size: Callable) -> None:
    samples = pd.read_csv(study / "samples.csv", index_col="sample_id").query("kind == 'biopsy'")
    scores = statistics["set_scores"](study).loc[samples.index]
    means = scores.groupby([samples["patient_id"], samples["structure"]]).mean()
    change = means.xs("core", level="structure") - means.xs("rim", level="structure")
    assert len(change) == 20  # a quarter of the patients
    for name in (HYPOXIA, E2F, "CRISTESCU_ANGIOGENESIS", "HOUSEKEEPING"):
        assert change[name].mean() == size("habitat_pathways", name)
    assert (change[HYPOXIA] > 0).mean() > 0.9


def test_segmented_volumes_are_the_planted_ones(measured: pd.DataFrame, truth: dict) -> None:
    planted = pd.Series({name: f["volume_ml"][0] for name, f in truth["patients"].items()})
    np.testing.assert_allclose(measured["volume_ml"], planted[measured.index], rtol=0.06)


def test_hypoxia_shortens_survival(measured: pd.DataFrame, statistics: Statistics) -> None:
    # Without a Cox model: the follow-up of those who died is shorter with more hypoxia.
    dead = measured[measured["os_event"] == 1]
    assert len(dead) > 30
    assert statistics["rho"](dead["os_days"], dead[HYPOXIA]) < -0.15
