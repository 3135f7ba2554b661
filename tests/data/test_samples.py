"""Samples: places in LPS mm, refused rows, and the RAS/LPS swap that everybody makes once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.precision import Precision, allows, finest_claim
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError


def rows(*records: dict[str, object]) -> pd.DataFrame:
    base = {"patient_id": "P1", "unit": "mm", "coord_system": "LPS", "precision": "point"}
    return pd.DataFrame(
        [{"sample_id": f"s{n}", **base, **record} for n, record in enumerate(records)]
    )


def test_points_in_lps_whatever_the_table_says() -> None:
    geometry = Geometry(
        (10, 12, 8), (2.0, 2.0, 3.0), (-5.0, 7.0, 100.0), (-1, 0, 0, 0, -1, 0, 0, 0, 1)
    )
    table = rows(
        {"x": 1, "y": 2, "z": 3},
        {"x": 1, "y": 2, "z": 3, "coord_system": "RAS"},
        {"x": 1, "y": 2, "z": 3, "coord_system": "voxel", "unit": "voxel"},
        {"x": 0.1, "y": 0.2, "z": 0.3, "unit": "cm"},
    )
    points = Samples.from_table(table).points_lps(geometry)
    by_hand = [[1, 2, 3], [-1, -2, 3], [-5 - 2, 7 - 4, 100 + 9], [1, 2, 3]]
    np.testing.assert_allclose(points, by_hand, atol=1e-12)


def test_voxel_places_need_their_scan() -> None:
    samples = Samples.from_table(
        rows({"x": 1, "y": 2, "z": 3, "coord_system": "voxel", "unit": "voxel"})
    )
    with pytest.raises(InputError, match="voxel coordinates"):
        samples.points_lps()


def test_samples_without_a_place_have_no_point() -> None:
    samples = Samples.from_table(
        rows(
            {"x": 1, "y": 2, "z": 3},
            {"coord_system": "", "unit": "", "precision": "tumour"},
            {"x": 4, "y": 5, "z": 6},
        )
    )
    assert not samples.problems
    assert len(samples) == 3
    assert samples.located.table.index.tolist() == ["s0", "s2"]
    assert samples.points_lps().shape == (2, 3)
    assert np.isfinite(samples.points_lps()).all()


def test_places_without_a_system_are_refused_and_the_rest_stays() -> None:
    samples = Samples.from_table(
        rows(
            {"x": 1, "y": 2, "z": 3, "coord_system": ""},
            {"x": 1, "y": 2, "z": 3},
            {"x": 1, "y": 2, "z": 3, "coord_system": "MNI"},
            {"x": 1, "y": "", "z": 3},
            {"x": 1, "y": 2, "z": 3, "unit": "inch"},
        )
    )
    assert samples.table.index.tolist() == ["s1"]
    errors = {p.row: p for p in samples.problems if p.level == "error"}
    assert errors.keys() >= {2, 4, 5, 6}
    assert errors[2].column == "coord_system"
    assert "RAS" in errors[2].remedy
    assert errors[5].column == "y"
    assert errors[6].column == "unit"


def test_a_table_with_unexplained_places_cannot_be_made_directly() -> None:
    good = Samples.from_table(rows({"x": 1, "y": 2, "z": 3})).table
    with pytest.raises(InputError, match="from_table"):
        Samples(good.assign(coord_system=""))
    with pytest.raises(InputError, match="sample_id"):
        Samples(good.reset_index(drop=True))


def test_empty_unit_is_assumed_and_said() -> None:
    samples = Samples.from_table(rows({"x": 1, "y": 2, "z": 3, "unit": ""}))
    assert samples.table["unit"].tolist() == ["mm"]
    (problem,) = samples.problems
    assert (problem.level, problem.column, problem.row) == ("warning", "unit", 2)


def test_precision_is_never_finer_than_what_is_known() -> None:
    samples = Samples.from_table(
        rows(
            {"coord_system": "", "precision": "point"},
            {"coord_system": "", "precision": ""},
            {"coord_system": "", "precision": "exact"},
            {"coord_system": "", "precision": "Tumor"},
        )
    )
    assert samples.table["precision"].tolist() == ["tumour"] * 4
    assert {p.row for p in samples.problems} == {2, 3, 4}


def box(origin: tuple[float, float, float] = (20.0, 30.0, 0.0)) -> Segmentation:
    """10 mm cube of tumour at x, y = 23-32, 33-42 LPS, z = 3-12."""
    labels = np.zeros((16, 16, 16), np.uint8)
    labels[3:13, 3:13, 3:13] = 2
    return Segmentation(labels, Geometry((16, 16, 16), origin=origin), name="tumour")


def test_swapped_ras_is_recognized() -> None:
    inside = {"x": 27.0, "y": 37.0, "z": 8.0}
    samples = Samples.from_table(
        rows(
            inside,
            {**inside, "coord_system": "RAS"},
            {"x": -27.0, "y": -37.0, "z": 8.0},
            {"x": -27.0, "y": -37.0, "z": 8.0, "coord_system": "RAS"},
            {"x": 27.0, "y": 37.0, "z": 60.0},
        )
    )
    second, third, fifth = samples.check_inside(box())
    assert (second.row, third.row, fifth.row) == (3, 4, 6)
    assert "Read as LPS it would lie inside" in second.what
    assert "Write LPS" in second.remedy
    assert "Read as RAS it would lie inside" in third.what
    assert "would lie inside" not in fifth.what
    assert second.patient_id == "P1"


def test_radius_and_uncertainty_reach_over_the_edge() -> None:
    place = {"x": 38.0, "y": 37.0, "z": 8.0}  # 6 mm outside the last voxel centre
    samples = Samples.from_table(
        rows(place, {**place, "radius_mm": 4}, {**place, "uncertainty_mm": 7})
    )
    assert [p.row for p in samples.check_inside(box())] == [2, 3]


def test_inside_one_of_two_tumours_is_inside() -> None:
    samples = Samples.from_table(
        rows({"x": 27.0, "y": 37.0, "z": 8.0}, {"x": 127.0, "y": 37.0, "z": 8.0})
    )
    far = box((120.0, 30.0, 0.0))
    assert len(samples.check_inside(box())) == 1
    assert samples.check_inside(box(), far) == ()


@given(
    st.lists(
        st.tuples(*[st.floats(-400, 400, allow_nan=False) for _ in range(3)]),
        min_size=1,
        max_size=8,
    )
)
def test_ras_and_lps_name_the_same_points(points: list[tuple[float, float, float]]) -> None:
    lps = [dict(zip("xyz", point, strict=True)) for point in points]
    ras = [{"x": -x, "y": -y, "z": z, "coord_system": "RAS"} for x, y, z in points]
    np.testing.assert_array_equal(
        Samples.from_table(rows(*lps)).points_lps(), Samples.from_table(rows(*ras)).points_lps()
    )


def test_precision_order() -> None:
    names = ["point", "polygon", "region", "tumour", "patient"]
    assert sorted(Precision) == [Precision(name) for name in names]
    for fine, precision in enumerate(names):
        for coarse, claim in enumerate(names):
            assert allows(precision, claim) == (fine <= coarse)


@given(st.lists(st.sampled_from(list(Precision)), min_size=1))
def test_the_finest_claim_is_allowed_by_every_sample(precisions: list[Precision]) -> None:
    claim = finest_claim(precisions)
    assert all(allows(precision, claim) for precision in precisions)
    finer = [other for other in Precision if other < claim]
    assert all(any(not allows(p, other) for p in precisions) for other in finer)


def test_nothing_is_claimed_without_samples_or_with_an_unknown_word() -> None:
    with pytest.raises(InputError, match="at least one"):
        finest_claim([])
    with pytest.raises(InputError, match='Did you mean "polygon"'):
        Precision.parse("polygons")
