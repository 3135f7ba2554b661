"""Samples and regions: by coordinates, id, structure or tumour, and never finer than allowed."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from napari_radiogenomics.data.flip import flip_samples
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.link import join_links, link_samples
from napari_radiogenomics.data.places import ball_fractions, distances, inside_or_near
from napari_radiogenomics.data.precision import Precision, allows
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.data.structures import DEFAULT_STRUCTURES, WHOLE, StructureMap
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import history_of

CORE, EDEMA, RIM = 1, 2, 4
SCHEME = (
    Label(CORE, "necrotic and non-enhancing core"),
    Label(EDEMA, "oedema"),
    Label(RIM, "enhancing tumour"),
)


def tumor(**changes) -> Segmentation:
    """Core (x 10-20), rim (20-30), edema (30-40) in a block of 1 mm voxels off the origin."""
    labels = np.zeros((30, 30, 50), np.uint8)
    labels[5:25, 5:25, 10:20] = CORE
    labels[5:25, 5:25, 20:30] = RIM
    labels[5:25, 5:25, 30:40] = EDEMA
    geometry = Geometry(labels.shape[::-1], origin=(40.0, -90.0, 12.0))
    return Segmentation(
        **{"labels": labels, "geometry": geometry, "scheme": SCHEME, "name": "R1"} | changes
    )


def point(i: float, j: float = 15, k: float = 15) -> dict[str, float]:
    """LPS of a place on the grid of the tumour."""
    x, y, z = tumor().geometry.index_to_world([i, j, k])
    return {"x": float(x), "y": float(y), "z": float(z)}


def samples(*records: dict[str, object]) -> Samples:
    base = {
        "patient_id": "P1", "unit": "mm", "coord_system": "LPS", "precision": "point",
        "radius_mm": 1.5, "uncertainty_mm": 1.0,
    }  # fmt: skip
    rows = [{"sample_id": f"s{n}", **base, **record} for n, record in enumerate(records)]
    for row in rows:
        if "x" not in row:
            row.update(coord_system="", unit="")
    return Samples.from_table(pd.DataFrame(rows))


def one(record: dict[str, object], segmentation=None, **settings) -> pd.Series:
    """The row that counts, of one sample."""
    links = link_samples(samples(record), segmentation or tumor(), **settings)
    rows = links.table[links.table["counts"]]
    assert len(rows) == 1
    return rows.iloc[0]


# ---------------------------------------------------------------- coordinates


@pytest.mark.parametrize(("i", "label"), [(14, CORE), (25, RIM), (35, EDEMA)])
@pytest.mark.parametrize("system", ["LPS", "RAS", "voxel"])
def test_a_located_sample_is_of_the_region_it_lies_in(i, label, system):
    place = point(i)
    if system == "RAS":
        place |= {"x": -place["x"], "y": -place["y"]}
    if system == "voxel":
        place = {"x": i, "y": 15, "z": 15, "unit": "voxel"}
    row = one({**place, "coord_system": system})
    assert row["label"] == label
    assert (row["how"], row["precision"], row["warning"]) == ("coordinates", "point", "")
    assert row["distance_mm"] == 0
    assert row["fraction"] == 1


def test_the_grid_may_have_any_orientation():
    matrix = (0, 0, -1, 1, 0, 0, 0, -1, 0)
    geometry = Geometry((50, 30, 30), (1.0, 2.0, 3.0), (7.0, 8.0, 9.0), matrix)
    seg = tumor(geometry=geometry)
    x, y, z = geometry.index_to_world([25, 15, 15])
    assert one({"x": x, "y": y, "z": z}, seg)["label"] == RIM


def test_a_ball_across_regions_counts_for_the_larger_part_and_shows_both():
    links = link_samples(samples(point(18.6)), tumor())
    table = links.table.set_index("region")
    assert table.loc["necrotic and non-enhancing core", "counts"]
    assert not table.loc["enhancing tumour", "counts"]
    assert table["fraction"].sum() == pytest.approx(1)
    assert links.precision_of("s0") is Precision.POINT


def test_a_ball_that_no_region_holds_half_of_counts_for_the_tumour_alone():
    """A corner where three regions meet: 1/2 of none of them."""
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[:10, :, :10], labels[:10, :, 10:], labels[10:, :, :] = CORE, EDEMA, RIM
    labels[10:, 10:, :], labels[:10, 10:, :10] = 3, 5
    seg = Segmentation(labels, Geometry((20, 20, 20)), SCHEME)
    place = {"x": 9.5, "y": 9.5, "z": 9.5, "radius_mm": 4.0}
    row = one(place, seg)
    assert (row["region"], row["precision"]) == (WHOLE, "tumour")
    assert pd.isna(row["label"])
    assert "lies across regions" in row["warning"]
    links = link_samples(samples(place), seg)
    assert not len(links.counting("region"))
    assert len(links.counting("tumour")) == 1


def test_uncertainty_makes_the_claim_coarser_and_never_finer():
    """The wider the ball, the smaller the part of it in the region of its center."""
    parts = [
        one({**point(16), "uncertainty_mm": u, "radius_mm": 0.5})["fraction"]
        for u in (0.5, 4.0, 8.0)
    ]
    assert parts == sorted(parts, reverse=True)
    assert parts[0] == 1
    assert parts[-1] < 0.8


@example(14.0, 0.0, 0.0, 12.0, 12.0, "point", "location", "CT", True)  # across regions, and named
@given(
    st.floats(0, 49), st.floats(0, 29), st.floats(0, 29), st.floats(0, 12), st.floats(0, 12),
    st.sampled_from(["point", "polygon", "region", "tumour", "patient"]),
    st.sampled_from(["location", "histology", "expression"]),
    st.sampled_from(["CT", "IT", "CTpan", "tumor", "nonsense", ""]),
    st.booleans(),
)  # fmt: skip
def test_no_claim_is_ever_finer_than_the_sample(i, j, k, radius, more, precision, by, name, place):
    record = {
        "radius_mm": radius, "uncertainty_mm": more, "precision": precision, "selected_by": by,
        "structure": name, **(point(i, j, k) if place else {}),
    }  # fmt: skip
    made = samples(record)
    stated = made.table["precision"].iloc[0]
    links = link_samples(made, tumor())
    assert len(links) >= 1
    for row in links.table.to_dict("records"):
        assert allows(stated, row["precision"])
        fine = allows(row["precision"], "region")
        assert pd.notna(row["label"]) <= fine
        assert not (fine and by == "expression")
    for claim in Precision:
        assert all(allows(stated, claim) for _ in links.counting(claim).index)


def test_fractions_are_those_of_a_sphere_cut_by_a_plane():
    """Volume of a spherical cap, in a grid so fine that voxels do not matter."""
    labels = np.ones((120, 120, 120), np.uint8)
    labels[:, :, 60:] = 2
    seg = Segmentation(labels, Geometry((120, 120, 120), (0.1, 0.1, 0.1)))
    for cut in (-2.0, -0.6, 0.0, 1.1, 2.4):
        center = 5.95 - cut  # the plane is `cut` mm beyond the center of the ball
        height = 3.0 - cut
        cap = np.pi * height**2 * (9.0 - height) / 3 / (4 / 3 * np.pi * 27)
        part, inside = ball_fractions(np.array([[center, 6.0, 6.0]]), np.array([3.0]), seg, (1, 2))
        assert part[0, 1] == pytest.approx(cap, abs=0.01)
        assert inside[0] == 1


def test_distances_are_those_of_all_voxels():
    seg = tumor()
    rng = np.random.default_rng(1)
    points = seg.geometry.index_to_world(rng.uniform(-5, 50, (20, 3)))
    found = distances(points, seg, (CORE, RIM))
    for column, label in enumerate((CORE, RIM)):
        voxels = seg.geometry.index_to_world(np.argwhere(seg.mask(label))[:, ::-1])
        every = np.linalg.norm(points[:, None] - voxels, axis=2).min(axis=1)
        index = np.rint(seg.geometry.world_to_index(points)).astype(int)
        within = np.all((index >= 0) & (index < seg.geometry.size), axis=1)
        inside = np.array([
            ok and seg.labels[k, j, i] == label
            for ok, (i, j, k) in zip(within, index, strict=True)
        ])  # fmt: skip
        np.testing.assert_allclose(found[:, column], np.where(inside, 0, every))


def test_an_empty_segmentation_accuses_nobody():
    empty = Segmentation(np.zeros((3, 3, 3), np.uint8), Geometry((3, 3, 3)))
    assert inside_or_near(np.zeros((2, 3)), np.zeros(2), empty).all()
    with pytest.raises(InputError, match="has no tumor to link samples with. Present: none"):
        link_samples(samples(point(14)), empty)


# ---------------------------------------------------------------- outside, and flips


def test_a_swap_of_ras_and_lps_is_named_and_mended_with_one_call():
    swapped = samples(*({**point(i), "coord_system": "RAS"} for i in (14, 25, 35)))
    links = link_samples(swapped, tumor())
    assert links.flips == {"s0": "LPS", "s1": "LPS", "s2": "LPS"}
    assert set(links.table["precision"]) == {"patient"}
    assert "likely a RAS/LPS flip" in links.table["warning"][0]
    assert "3 of 3 located samples lie outside the tumor, and inside it if" in links.notes[0]
    mended = flip_samples(swapped, links.flips)
    again = link_samples(mended, tumor())
    assert again.table["label"].tolist() == [CORE, RIM, EDEMA]
    assert again.flips == {}
    assert mended.notes[-1] == "Taken as LPS instead of RAS: s0, s1, s2."
    assert [record.verb for record in history_of(mended)] == ["flip_samples"]
    assert swapped.table["coord_system"].tolist() == ["RAS"] * 3


def test_voxels_taken_for_millimetres_are_told_apart_from_a_flip():
    links = link_samples(samples({"x": 25.0, "y": 15.0, "z": 15.0}), tumor())
    assert links.flips == {"s0": "voxel"}
    assert "not mm but voxels" in links.table["warning"][0]
    mended = flip_samples(samples({"x": 25.0, "y": 15.0, "z": 15.0}), links.flips)
    assert link_samples(mended, tumor()).table["label"][0] == RIM
    assert mended.table["unit"].tolist() == ["voxel"]


def test_a_point_outside_that_no_flip_explains_claims_nothing():
    row = one({**point(200), "radius_mm": 1.0})
    assert (row["region"], row["precision"], row["flip"]) == ("", "patient", "")
    assert row["distance_mm"] == pytest.approx(161)
    assert row["warning"] == "161.0 mm outside the tumor (nearest: oedema)"


def test_a_point_beside_the_tumour_counts_for_the_tumour_alone():
    row = one({**point(39.9), "radius_mm": 0.1, "uncertainty_mm": 0.2})
    assert (row["region"], row["precision"]) == (WHOLE, "tumour")
    assert "outside oedema" in row["warning"]


@pytest.mark.parametrize(
    ("ids", "to", "message"),
    [
        (["s9"], "", '"s9" is not among those with coordinates'),
        (["s1"], "", '"s1" is not among those with coordinates'),
        (["s2"], "", "Voxel coordinates have no opposite"),
    ],
)
def test_flips_that_make_no_sense_are_refused(ids, to, message):
    made = samples(point(14), {"precision": "tumour"}, {**point(3), "coord_system": "voxel",
                                                        "unit": "voxel"})  # fmt: skip
    with pytest.raises(InputError, match=message):
        flip_samples(made, ids, to=to)


@given(st.lists(st.floats(-200, 200), min_size=3, max_size=3))
def test_a_flip_undoes_itself(xyz):
    x, y, z = xyz
    made = samples({"x": x, "y": y, "z": z})
    twice = flip_samples(flip_samples(made))
    np.testing.assert_array_equal(twice.points_lps(), made.points_lps())
    np.testing.assert_allclose(flip_samples(made).points_lps(), [[-x, -y, z]])


# ---------------------------------------------------------------- by name, id, tumour


@pytest.mark.parametrize(
    ("structure", "labels"),
    [
        ("CT", [RIM]), ("CTmvp", [RIM]), ("CTpan", [CORE]), ("LE", [EDEMA]), ("ithbv", [EDEMA]),
        ("oedema", [EDEMA]), ("Enhancing Tumor", [RIM]), ("edema", [EDEMA]), ("core", [CORE]),
    ],
)  # fmt: skip
def test_a_structure_stands_for_its_regions_and_says_so(structure, labels):
    made = samples({"structure": structure, "precision": "polygon"})
    links = link_samples(made, tumor())
    assert links.table["label"].tolist() == labels
    assert set(links.table["how"]) == {"structure name"}
    assert set(links.table["precision"]) == {"region"}
    assert "1 samples are placed by the name of their structure" in links.notes[0]


def test_the_map_is_the_persons_and_may_name_several_regions():
    mine = DEFAULT_STRUCTURES.changed({"CTpan": ["enhancing", "necrotic"], "LE": ""})
    links = link_samples(
        samples({"structure": "CTpan", "precision": "region"},
                {"structure": "LE", "precision": "region"}),
        tumor(), structures=mine,
    )  # fmt: skip
    assert links.table["label"].dropna().tolist() == [CORE, RIM]
    lost = links.table.iloc[-1]
    assert (lost["region"], lost["precision"]) == (WHOLE, "tumour")
    assert 'structure "LE" means no region in the map' in lost["warning"]
    with pytest.raises(InputError, match='"CTX" has no region in the map. Did you mean "CT'):
        DEFAULT_STRUCTURES.require(["CT", "CTX"])
    with pytest.raises(InputError, match='"CT" has no region'):
        StructureMap({"CT": ()})


@pytest.mark.parametrize(
    ("names", "structure", "expected"),
    [
        (("necrotic core", "edema", "viable tumor"), "rim", [3]),
        (("necrotic core", "edema", "viable tumor"), "CT", [3]),
        (("NCR", "ED", "ET"), "CTpnz", [1]),
        (("core", "rim"), "core", [1]),
        (("liver", "spleen"), "CT", []),
        (("liver", "spleen"), "tumor", [1, 2]),
    ],
)
def test_regions_are_known_by_what_segmentations_call_them(names, structure, expected):
    labels = np.arange(len(names) + 1, dtype=np.uint8).reshape(1, 1, -1)
    scheme = tuple(Label(n, name) for n, name in enumerate(names, start=1))
    seg = Segmentation(labels, Geometry(labels.shape[::-1]), scheme)
    assert list(DEFAULT_STRUCTURES.labels(structure, seg)) == expected


@pytest.mark.parametrize("text", ["4", 4, 4.0, "enhancing tumour", "R1:4", "R1:enhancing tumour"])
def test_a_region_id_names_its_region(text):
    row = one({"precision": "region", "region_id": text, "structure": "LE"})
    assert (row["label"], row["how"], row["precision"]) == (RIM, "region id", "region")


def test_a_region_id_of_another_segmentation_is_not_used():
    row = one({"precision": "region", "region_id": "R2:4"})
    assert row["precision"] == "tumour"
    assert 'region "R2:4" is not in the segmentation' in row["warning"]


def test_coordinates_win_over_the_structure_and_the_difference_is_said():
    row = one({**point(14), "structure": "CT"})
    assert (row["label"], row["how"]) == (CORE, "coordinates")
    assert row["warning"] == 'its structure "CT" means enhancing tumour'
    assert one({**point(14), "structure": "CTpan"})["warning"] == ""
    assert one({**point(14), "structure": "nobody knows"})["warning"] == ""


def test_bulk_is_of_the_whole_tumour_even_if_it_has_coordinates():
    for place in ({}, point(14)):
        row = one({"precision": "tumour", "structure": "CT", **place})
        assert (row["region"], row["how"], row["precision"]) == (WHOLE, "tumor", "tumour")
    row = one({"precision": "patient"})
    assert (row["region"], row["precision"]) == ("", "patient")


def test_what_was_picked_by_expression_is_no_evidence_of_a_place():
    for place in ({}, point(14)):
        row = one({"precision": "polygon" if not place else "point", "structure": "CT",
                   "selected_by": "expression", **place})  # fmt: skip
        assert row["precision"] == "tumour"
    assert "picked by its expression" in row["warning"]


def test_without_a_segmentation_structures_still_have_their_regions():
    made = samples({"structure": "CTpan", "precision": "region"},
                   {"structure": "what", "precision": "region", "patient_id": "P2"})  # fmt: skip
    links = link_samples(made)
    assert links.table["region"].tolist() == ["necrotic", WHOLE]
    assert not len(links.regions)
    assert 'structure "what" has no region in the map' in links.table["warning"][1]


def test_samples_of_two_patients_never_meet_one_segmentation():
    made = samples(point(14), {**point(25), "patient_id": "P2"})
    with pytest.raises(InputError, match="of 2 patients"):
        link_samples(made, tumor())


def test_only_labels_that_are_tumour_count():
    links = link_samples(samples(point(14), point(25)), tumor(), tumor_labels=[RIM])
    assert links.regions["region"].tolist() == ["enhancing tumour", WHOLE]
    assert links.table.loc[links.table["counts"], "region"].tolist() == ["", "enhancing tumour"]
    with pytest.raises(InputError, match="Choose tumor_labels"):
        link_samples(samples(point(14)), tumor(), tumor_labels=[9])


def test_overlapping_regions_are_each_counted_in_full():
    both = np.zeros((2, 30, 30, 50), np.uint8)
    both[0], both[1, 5:25, 5:25, 10:20] = tumor().labels, 3
    seg = tumor(labels=both, scheme=(*SCHEME, Label(3, "hypoxic")))
    links = link_samples(samples(point(14)), seg)
    assert links.table["fraction"].tolist() == [1, 1]
    assert links.regions["volume_ml"].tolist() == [4, 4, 4, 4, 12]


def test_two_readers_give_two_links_and_volumes_in_ml():
    links = link_samples(samples(point(14)), [tumor(), tumor(name="R2")])
    assert links.table["segmentation_id"].tolist() == ["R1", "R2"]
    assert links.regions.groupby("segmentation_id")["volume_ml"].last().to_dict() == {
        "R1": 12.0, "R2": 12.0,
    }  # fmt: skip


def test_links_are_put_together_and_may_be_none():
    first, second = (link_samples(samples(point(i)), tumor()) for i in (14, 25))
    whole = join_links([first, second], name="both")
    assert len(whole) == 2
    assert len(join_links([])) == 0
    assert len(join_links([]).counting("tumour")) == 0
    with pytest.raises(InputError, match='No sample "s7" is linked'):
        whole.precision_of("s7")
    assert "0 warnings" in repr(whole)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_the_samples_does_not_matter(order):
    records = [{"sample_id": name, **place} for name, place in
               (("a", point(14)), ("b", point(25)), ("c", {"precision": "tumour"}))]  # fmt: skip
    links = link_samples(samples(*(records[n] for n in order)), tumor())
    counted = links.table[links.table["counts"]].set_index("sample_id")["region"]
    assert counted.to_dict() == {
        "a": "necrotic and non-enhancing core", "b": "enhancing tumour", "c": WHOLE,
    }  # fmt: skip
