"""Scores of regions: who counts, where it stands in the cohort, and what may be coloured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import percentileofscore

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.link import Links, join_links, link_samples
from napari_radiogenomics.data.region_scores import paint, paint_points, percentile, region_scores
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.data.structures import WHOLE
from napari_radiogenomics.errors import InputError


def tumor() -> Segmentation:
    labels = np.ones((10, 10, 20), np.uint8)
    labels[:, :, 10:] = 3
    scheme = (Label(1, "core"), Label(3, "rim"), Label(7, "absent"))
    return Segmentation(labels, Geometry((20, 10, 10)), scheme, name="R1")


def linked(patient: str, *records: dict[str, object]) -> Links:
    """Links of one patient: x is a place, None is bulk."""
    rows = []
    for n, record in enumerate(records):
        x = record.get("x")
        rows.append(
            {"sample_id": f"{patient}-{n}", "patient_id": patient, "x": x,
             "y": 5.0 if x is not None else None, "z": 5.0 if x is not None else None,
             "coord_system": "LPS" if x is not None else "", "unit": "mm",
             "precision": record.get("precision", "point" if x is not None else "tumour")}
        )  # fmt: skip
    return link_samples(Samples.from_table(pd.DataFrame(rows)), tumor())


def scores(values: dict[str, float], precision: dict[str, str] | None = None) -> pd.DataFrame:
    told = precision or {}
    table = pd.DataFrame({"value": values})
    table["precision"] = [told.get(s, "tumour" if s.endswith("-0") else "point") for s in values]
    table.index.name = "sample_id"
    table.attrs.update(unit="log2 CPM", name="CA9")
    return table


@pytest.fixture
def one() -> Links:
    """Bulk, two biopsies of the core, none of the rim."""
    return linked("P1", {}, {"x": 3.0}, {"x": 5.0})


def test_regions_are_scored_by_their_own_samples(one):
    values = scores({"P1-0": 6.0, "P1-1": 9.0, "P1-2": 8.0, "P2-0": 5.0, "P2-1": 1.0})
    table = region_scores(one, values).set_index("region")
    assert table.index.tolist() == ["core", "rim", WHOLE]
    assert table.loc["core", ["score", "n", "precision"]].tolist() == [8.5, 2, "region"]
    assert table.loc["core", "samples"] == "P1-1, P1-2"
    assert table.loc["core", "volume_ml"] == 1.0
    assert table.loc["rim", "n"] == 0
    assert np.isnan(table.loc["rim", "score"])
    assert table.loc["rim", "precision"] == ""
    assert table.loc[WHOLE, ["score", "n", "how"]].tolist() == [6.0, 1, "tumor"]
    assert set(table["unit"]) == {"log2 CPM"}


def test_percentiles_compare_like_with_like(one):
    """Located samples with located ones, bulk with bulk; scipy counts the same."""
    values = scores({"P1-0": 6.0, "P1-1": 9.0, "P1-2": 8.0, "P2-0": 6.0, "P2-1": 1.0, "P3-0": 4.0})
    table = region_scores(one, values).set_index("region")
    assert table.loc["core", "cohort_n"] == 3
    assert table.loc["core", "percentile"] == pytest.approx(
        percentileofscore([9.0, 8.0, 1.0], 8.5, kind="mean")
    )
    assert table.loc[WHOLE, "cohort_n"] == 3
    assert table.loc[WHOLE, "percentile"] == pytest.approx(
        percentileofscore([6.0, 6.0, 4.0], 6.0, kind="mean")
    )
    assert table.loc[WHOLE, "reference"] == "3 samples of whole tumors in the cohort"
    assert np.isnan(percentile(np.nan, np.array([1.0])))
    assert np.isnan(percentile(1.0, np.array([])))


def test_bulk_colors_only_the_whole_tumor():
    links = linked("P1", {})
    table = region_scores(links, scores({"P1-0": 6.5, "P2-0": 2.0}))
    painted = paint(table)
    assert painted["value"].to_dict() == {1: 6.5, 3: 6.5}
    assert set(painted["precision"]) == {"tumour"}
    assert not len(paint_points(links, scores({"P1-0": 6.5})))
    with pytest.raises(InputError, match="those at hand speak for the whole tumor"):
        paint(table, claim="region")


def test_biopsies_color_their_regions_and_themselves(one):
    values = scores({"P1-0": 6.0, "P1-1": 9.0, "P1-2": 8.0})
    table = region_scores(one, values)
    assert paint(table)["value"].to_dict() == {1: 8.5}  # the rim has no sample: no color
    assert paint(table, claim="tumor")["value"].to_dict() == {1: 6.0, 3: 6.0}
    points = paint_points(one, values)
    assert points["value"].to_dict() == {"P1-1": 9.0, "P1-2": 8.0}


def test_a_tumor_without_bulk_is_the_mean_of_its_samples_and_says_so():
    links = linked("P1", {"x": 3.0}, {"x": 15.0})
    values = scores({"P1-0": 1.0, "P1-1": 3.0}, {"P1-0": "point"})
    row = region_scores(links, values).set_index("region").loc[WHOLE]
    assert row["score"] == 2.0
    assert row["how"] == "mean of the samples of its regions"


def test_a_score_of_the_tumor_never_colors_a_point(one):
    """A mutation found in the tumor, although the samples are points."""
    values = scores({"P1-0": 1.0, "P1-1": 1.0}, dict.fromkeys(["P1-0", "P1-1"], "tumour"))
    table = region_scores(one, values).set_index("region")
    assert table.loc["core", "n"] == 0
    assert table.loc[WHOLE, "score"] == 1.0
    assert not len(paint_points(one, values))


def test_a_score_of_the_patient_colors_nothing():
    links = linked("P1", {"precision": "patient"})
    values = scores({"P1-0": 1.0}, {"P1-0": "patient"})
    table = region_scores(links, values)
    assert table["n"].sum() == 0
    with pytest.raises(InputError, match="No sample of this tumor has a score"):
        paint(table)


def test_several_scores_and_patients_at_once():
    links = join_links([linked("P1", {}, {"x": 3.0}), linked("P2", {}, {"x": 15.0})])
    values = pd.DataFrame(
        {"HYPOXIA": [1.0, 2.0, 3.0, 4.0], "VEGF": [4.0, 3.0, 2.0, np.nan]},
        index=["P1-0", "P1-1", "P2-0", "P2-1"],
    )
    table = region_scores(links, values).set_index(["name", "patient_id", "region"]).sort_index()
    assert table.loc[("HYPOXIA", "P2", "rim"), "score"] == 4.0
    assert table.loc[("VEGF", "P2", "rim"), "n"] == 0
    assert table.loc[("VEGF", "P1", WHOLE), "score"] == 4.0
    with pytest.raises(InputError, match="Rows of several name cannot color one tumor"):
        paint(table.reset_index())
    with pytest.raises(InputError, match="Points have one color, not 2"):
        paint_points(links, values)


def test_scores_of_other_samples_are_refused(one):
    with pytest.raises(InputError, match="None of the 3 linked samples has a score"):
        region_scores(one, pd.Series({"X": 1.0}))
    with pytest.raises(InputError, match='"site" are no numbers'):
        region_scores(one, pd.DataFrame({"site": ["A"]}, index=["P1-0"]))
    with pytest.raises(InputError, match='"P1-0" has several rows'):
        region_scores(one, pd.Series([1.0, 2.0], index=["P1-0", "P1-0"]))
