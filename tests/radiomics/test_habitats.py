"""Habitats: planted clusters found again, the same in every patient, in a fixed order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from napari_radiogenomics import find_habitats, habitat_model, load_patient, open_cohort
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.radiomics.habitat_model import HabitatModel

SAMPLE = Path(__file__).parents[2] / "sample_data" / "cohort"
SHAPE = (6, 20, 20)
GRID = Geometry(SHAPE[::-1])
METHODS = ["kmeans", "gaussian_mixture"]


def blobs(n: int = 3, seed: int = 0, shift: float = 0.0) -> tuple[dict[str, Image], np.ndarray]:
    """Two maps of n compact clusters, in different units, and which voxel is of which."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n, SHAPE)
    density = 10.0 * truth + rng.normal(size=SHAPE) + shift
    texture = 1e-3 * (7.0 * (truth % 2) + rng.normal(size=SHAPE))
    return {"density": Image(density, GRID), "texture": Image(texture, GRID)}, truth


def whole() -> Segmentation:
    return Segmentation(np.ones(SHAPE, np.uint8), GRID, name="tumour")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [None, "auto", 3])
def test_planted_habitats_are_found_in_order(method: str, n: int | str | None) -> None:
    maps, truth = blobs()
    found = find_habitats(maps, whole(), n=n, method=method)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.labels, truth + 1)
    shares = [label.metadata["share"] for label in found.scheme]
    assert sum(shares) == pytest.approx(1.0)
    means = [label.metadata["means"]["density"] for label in found.scheme]
    np.testing.assert_allclose(means, [0, 10, 20], atol=0.2)
    assert found.metadata["habitats"]["features"] == ("density", "texture")
    assert found.history[-1].verb == "find_habitats"


def test_units_do_not_matter_and_the_seed_decides() -> None:
    maps, _ = blobs(4)
    first = find_habitats(maps, whole(), n=4)
    scaled = {"density": replace(maps["density"], array=maps["density"].array * 1e6 - 3),
              "texture": maps["texture"]}  # fmt: skip
    np.testing.assert_array_equal(find_habitats(scaled, whole(), n=4).labels, first.labels)
    np.testing.assert_array_equal(find_habitats(maps, whole(), n=4).labels, first.labels)


@pytest.mark.parametrize("method", METHODS)
def test_a_shared_model_gives_a_habitat_the_same_number_in_every_patient(
    method: str, tmp_path: Path
) -> None:
    many, truth = blobs()
    few, _ = blobs()
    only_dense = np.where(truth == 2, few["density"].array, 20.0)
    texture = np.where(truth == 2, few["texture"].array, 0.0)
    few = {"density": Image(only_dense, GRID), "texture": Image(texture, GRID)}
    model = habitat_model([(many, whole()), (many, whole())], n=3, method=method)
    assert set(np.unique(find_habitats(few, whole(), model=model).labels)) == {3}
    again = HabitatModel.load(model.save(tmp_path / "habitats.json"))
    assert again.names == model.names
    np.testing.assert_array_equal(find_habitats(many, whole(), model=again).labels, truth + 1)
    backwards = dict(reversed(many.items()))
    np.testing.assert_array_equal(find_habitats(backwards, whole(), model=again).labels, truth + 1)


def test_voxels_without_a_value_have_no_habitat_and_are_counted() -> None:
    maps, truth = blobs()
    holes = maps["texture"].array.copy()
    holes[0, :5] = np.nan
    found = find_habitats(maps | {"texture": Image(holes, GRID)}, whole(), n=3)
    assert (found.labels[0, :5] == 0).all()
    np.testing.assert_array_equal(found.labels[1:], truth[1:] + 1)
    assert any("100 of 2400 voxels" in note for note in found.notes)


def test_noise_is_said_to_be_hardly_apart() -> None:
    rng = np.random.default_rng(0)
    maps = {name: Image(rng.normal(size=SHAPE), GRID) for name in ("a", "b", "c", "d", "e", "f")}
    assert any("hardly apart" in note for note in find_habitats(maps, whole(), n=3).notes)


def test_bic_finds_one_habitat_where_there_is_one() -> None:
    rng = np.random.default_rng(0)
    maps = {"a": Image(rng.normal(size=SHAPE), GRID)}
    assert len(find_habitats(maps, whole(), method="gaussian_mixture").scheme) == 1


def test_the_regions_of_a_simulated_tumour_are_found_in_four_channels() -> None:
    data = load_patient(open_cohort(SAMPLE), "P006", timepoint="t0", slides=False)
    drawn = data.segmentations[0]
    inside = drawn.labels > 0
    tumour = replace(drawn, labels=inside.astype(np.uint8), scheme=())
    scans = {scan.metadata["role"]: scan for scan in data.scans}
    found = find_habitats(scans, tumour, n=3, method="gaussian_mixture")
    assert adjusted_rand_score(drawn.labels[inside], found.labels[inside]) > 0.5
    shuffled = np.random.default_rng(0).permutation(found.labels[inside])
    assert abs(adjusted_rand_score(drawn.labels[inside], shuffled)) < 0.02


def test_bad_input_is_refused_with_the_reason(tmp_path: Path) -> None:
    maps, _ = blobs()
    flat = {"flat": Image(np.ones(SHAPE), GRID)}
    elsewhere = {"other": Image(np.ones((6, 20, 21)), Geometry((21, 20, 6)))}
    model = habitat_model([(maps, whole())], n=2)
    with pytest.raises(InputError, match="no map"):
        find_habitats({}, whole())
    with pytest.raises(InputError, match="single image"):
        find_habitats(maps["density"], whole())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="flat is the same in every voxel"):
        find_habitats(maps | flat, whole())
    with pytest.raises(GeometryError):
        find_habitats(maps | elsewhere, whole())
    with pytest.raises(InputError, match="needs the map texture"):
        find_habitats({"density": maps["density"]}, whole(), model=model)
    with pytest.raises(InputError, match="1 or more"):
        find_habitats(maps, whole(), n=0)
    with pytest.raises(InputError, match="Did you mean"):
        find_habitats(maps, whole(), method="kmean")
    with pytest.raises(InputError, match="no case"):
        habitat_model([])
    with pytest.raises(InputError, match="Give every case the same"):
        habitat_model([(maps, whole()), ({"density": maps["density"]}, whole())])
    broken = tmp_path / "model.json"
    broken.write_text('{"format": 1}')
    with pytest.raises(InputError, match="not a habitat model"):
        HabitatModel.load(broken)


def test_a_tiny_region_cannot_hold_many_habitats() -> None:
    maps, _ = blobs()
    labels = np.zeros(SHAPE, np.uint8)
    labels[0, 0, :2] = 1
    with pytest.raises(InputError, match="2 different voxels"):
        find_habitats(maps, Segmentation(labels, GRID), n=3)
