"""Z-scores, histogram standards and bias fields: what was planted is taken out."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import Cancelled, GeometryError, InputError
from napari_radiogenomics.imaging import (
    HistogramStandard,
    correct_bias_field,
    learn_histogram,
    match_histogram,
    zscore_intensity,
)
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.provenance import history_of

GRID = Geometry((24, 20, 16), (1.0, 1.0, 1.5))
Z, Y, X = np.mgrid[:16, :20, :24]
HEAD = ((Z - 8) / 7) ** 2 + ((Y - 10) / 9) ** 2 + ((X - 12) / 11) ** 2 < 1


def head(seed: int, gain: float = 1.0, offset: float = 0.0) -> Image:
    """Three tissues with noise in a head, zero outside."""
    rng = np.random.default_rng(seed)
    tissue = np.choose((X // 4 + Y // 4 + Z // 4) % 3, [60.0, 100.0, 150.0])
    values = np.where(HEAD, (tissue + rng.normal(0, 4, HEAD.shape)) * gain + offset, 0)
    return Image(values.astype(np.float32), GRID, modality="MR")


def region(mask: np.ndarray) -> Segmentation:
    return Segmentation(mask.astype(np.uint8), GRID)


@pytest.mark.parametrize("robust", [False, True])
def test_zscores_of_two_scanners_are_the_same(robust: bool) -> None:
    one = zscore_intensity(head(1), region(HEAD), robust=robust)
    two = zscore_intensity(head(1, gain=3.2, offset=40), region(HEAD), robust=robust)
    np.testing.assert_allclose(one.array[HEAD], two.array[HEAD], atol=1e-5)
    assert one.unit == "SD"
    assert history_of(one)[-1].settings == {"label": None, "robust": robust}
    if not robust:
        assert one.array[HEAD].mean() == pytest.approx(0, abs=1e-5)
        assert one.array[HEAD].std() == pytest.approx(1, abs=1e-5)


def test_a_bright_tumor_moves_the_mean_but_not_the_median() -> None:
    lesion = (Z - 8) ** 2 + (Y - 10) ** 2 + (X - 12) ** 2 < 16
    plain, bright = head(1), head(1)
    bright = replace(bright, array=np.where(lesion, 900, bright.array).astype(np.float32))
    away = HEAD & ~lesion
    shift = {}
    for robust in (False, True):
        before = zscore_intensity(plain, region(HEAD), robust=robust).array[away]
        after = zscore_intensity(bright, region(HEAD), robust=robust).array[away]
        shift[robust] = np.abs(before - after).max()
    assert shift[True] < 0.3 < shift[False]


def test_zscore_says_what_it_cannot_do() -> None:
    flat = replace(head(1), array=np.full(HEAD.shape, 5.0))
    with pytest.raises(InputError, match="same everywhere"):
        zscore_intensity(flat)
    with pytest.raises(InputError, match="same everywhere"):
        zscore_intensity(flat, region(HEAD))
    with pytest.raises(InputError, match="region is empty"):
        zscore_intensity(head(1), region(np.zeros_like(HEAD)))
    with pytest.raises(GeometryError):
        zscore_intensity(head(1), Segmentation(np.ones((2, 2, 2), np.uint8), Geometry((2, 2, 2))))
    series = Image(np.zeros((2, *GRID.shape)), GRID, fourth_axis="time")
    with pytest.raises(InputError, match="has 2 volumes"):
        zscore_intensity(series)
    assert "Hounsfield" in zscore_intensity(replace(head(1), unit="HU")).notes[-1]


def test_histograms_of_scanners_match_after_and_not_before() -> None:
    training = [(head(seed, gain), region(HEAD)) for seed, gain in ((1, 1.0), (2, 2.0), (3, 5.0))]
    standard = learn_histogram(training)
    assert standard.n_scans == 3
    assert standard.landmarks[0] == 0
    assert standard.landmarks[-1] == 100
    new = [head(9, 0.4), head(9, 7.0, offset=90)]
    before = [np.percentile(scan.array[HEAD], [5, 25, 50, 75, 95]) for scan in new]
    matched = [match_histogram(scan, region(HEAD), standard=standard) for scan in new]
    after = [np.percentile(scan.array[HEAD], [5, 25, 50, 75, 95]) for scan in matched]
    assert np.abs(before[0] - before[1]).max() > 100
    np.testing.assert_allclose(after[0], after[1], atol=1e-3)
    own = np.percentile(matched[0].array[HEAD], standard.percentiles)
    np.testing.assert_allclose(own, standard.landmarks, atol=0.5)
    order = np.argsort(new[1].array[HEAD], kind="stable")
    assert (np.diff(matched[1].array[HEAD][order]) >= 0).all()  # no order of values is changed
    assert history_of(matched[0])[-1].verb == "match_histogram"


def test_a_standard_is_learned_from_training_scans_alone_and_kept(tmp_path) -> None:
    standard = learn_histogram([head(1), head(2, 3.0)])
    path = standard.save(tmp_path / "standard.json")
    assert HistogramStandard.load(path) == standard
    one, two = (
        match_histogram(head(5), standard=which).array
        for which in (standard, HistogramStandard.load(path))
    )
    np.testing.assert_array_equal(one, two)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "landmarks": content["landmarks"][::-1]}))
    with pytest.raises(InputError, match="not a histogram standard"):
        HistogramStandard.load(path)
    with pytest.raises(InputError, match="cannot be read"):
        HistogramStandard.load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"percentiles": [50, 10]}, "percentiles rise"),
        ({"percentiles": [10, 120]}, "percentiles is a number, from 0 to 100"),
        ({"low": 5.0, "high": 5.0}, "below high"),
    ],
)
def test_wrong_standards_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        learn_histogram([head(1)], **settings)


def test_scans_without_a_histogram_are_refused() -> None:
    two_values = Image(np.where(HEAD, 7.0, 0), GRID)
    with pytest.raises(InputError, match="too few different values"):
        learn_histogram([two_values])
    with pytest.raises(InputError, match="no scan"):
        learn_histogram([])


@pytest.fixture(scope="module")
def shaded() -> tuple[Image, np.ndarray]:
    plain = head(4)
    field = np.exp(0.35 * (X - 12) / 12 + 0.25 * ((Y - 10) / 10) ** 2)
    return replace(plain, array=(plain.array * field).astype(np.float32)), field


def test_the_planted_bias_field_is_removed(shaded) -> None:
    scan, field = shaded
    corrected = correct_bias_field(scan, region(HEAD), shrink=1)
    truth = head(4).array[HEAD]

    def unevenness(values: np.ndarray) -> float:
        ratio = values / truth
        return float(ratio.std() / ratio.mean())

    before, after = unevenness(scan.array[HEAD]), unevenness(corrected.array[HEAD])
    assert before > 0.14
    assert after < 0.1 * before
    assert corrected.array[HEAD].mean() == pytest.approx(scan.array[HEAD].mean(), rel=1e-5)
    facts = corrected.metadata["bias_field"]
    planted = field[HEAD] / field[HEAD].mean()
    assert facts["lowest"] == pytest.approx(planted.min(), abs=0.05)
    assert facts["highest"] == pytest.approx(planted.max(), abs=0.05)
    assert history_of(corrected)[-1].settings["levels"] == 4


def test_an_even_scan_stays_even() -> None:
    scan = head(4)
    corrected = correct_bias_field(scan, region(HEAD), shrink=1)
    ratio = corrected.array[HEAD] / scan.array[HEAD]
    assert ratio.std() < 0.02


def test_bias_fields_are_of_magnitudes_of_mr(shaded) -> None:
    scan, _ = shaded
    with pytest.raises(InputError, match="this is CT"):
        correct_bias_field(replace(scan, unit="HU"))
    with pytest.raises(InputError, match="below 0"):
        correct_bias_field(replace(scan, array=scan.array - 50))
    asked = []
    progress = reporting(lambda *_: asked.append(1), cancelled=lambda: len(asked) > 0)
    with pytest.raises(Cancelled):
        correct_bias_field(scan, progress=progress)
