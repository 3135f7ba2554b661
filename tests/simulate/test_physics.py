"""Scanner, vessels, counts and stains against what theory says of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage
from skimage.color import rgb2hed

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.simulate import counts, fields, scanner, slides, vessels
from napari_radiogenomics.simulate.biopsies import _spread_point
from napari_radiogenomics.simulate.randomness import smooth_field, stream
from napari_radiogenomics.simulate.sites import SITES, grid_of

CUBE = Geometry((48, 48, 48), (1.0, 1.0, 1.0), (-23.5, -23.5, -23.5))
CT = SITES[0]
MR = next(site for site in SITES if site.modality == "MR")
SAME = np.eye(4)


@pytest.fixture(scope="module")
def tumor() -> fields.Tumor:
    activity = dict.fromkeys(fields.PROGRAMS, 0.0)
    return fields.make_tumor(
        1, "P", CUBE, center=np.zeros(3), volume_ml=18, baseline_ml=18, activity=activity
    )


def _flat(value: float) -> np.ndarray:
    return np.full(CUBE.shape, value, np.float32)


def test_ct_noise_is_poisson_gaussian() -> None:
    variances = []
    levels = np.array([-900.0, -500.0, 0.0, 60.0, 400.0])
    for level in levels:
        scan = scanner.ct(_flat(level), CUBE, CUBE, SAME, CT, noise=12.0, rng=stream(1, level))
        assert scan.mean() == pytest.approx(level, abs=0.3)
        variances.append(scan.var())
    slope, intercept = np.polyfit(levels + 1000, variances, 1)
    assert 1 / slope == pytest.approx(scanner.photons_per_hu(12.0), rel=0.03)
    # Electronics, and rounding to steps: step² / 12.
    assert intercept == pytest.approx(9.0 + scanner.HU_STEP**2 / 12, abs=2.0)
    assert np.sqrt(variances[3]) == pytest.approx(12.0, rel=0.03)
    assert (scan % scanner.HU_STEP == 0).all()


def test_mr_noise_is_rician() -> None:
    site = dataclasses.replace(MR, gain=10.0)
    options = {"noise": 3.0, "bias": _flat(1.0), "rng": stream(1, "rician")}
    scan = scanner.mr(_flat(14.0), CUBE, CUBE, SAME, site, **options) / 10
    # The second moment of a Rice distribution is signal² + 2 noise².
    assert (scan**2).mean() == pytest.approx(14.0**2 + 2 * 3.0**2, rel=0.01)
    assert scan.mean() > 14.2
    air = scanner.mr(_flat(0.0), CUBE, CUBE, SAME, site, **options)
    assert not air.any()


def test_the_point_spread_has_the_stated_width_along_each_axis_of_the_scanner() -> None:
    site = dataclasses.replace(CT, orientation="PSR", psf=(3.0, 4.0, 6.0))
    point = np.zeros(CUBE.shape, np.float32)
    point[24, 24, 24] = 1.0
    blurred = scanner._blurred(point, site, CUBE)
    offsets = np.arange(48) - 24
    widths = []
    for axis in (2, 1, 0):  # x, y, z
        profile = blurred.sum(axis=tuple({0, 1, 2} - {axis}))
        widths.append(np.sqrt((profile * offsets**2).sum() / profile.sum()) * scanner.FWHM)
    # i runs along y, j along z, k along x. The kernel is cut off at 3 standard deviations.
    np.testing.assert_allclose(widths, [6.0, 3.0, 4.0], rtol=0.04)


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_a_scan_shows_each_place_where_its_grid_says(site) -> None:
    x, y, z = fields.axes_of(CUBE)
    ramp = (x + 3 * y + 7 * z).astype(np.float32)
    grid = grid_of(site, np.array([24.0, 26.0, 22.0]), np.array([1.0, -2.0, 3.0]))
    assert grid.orientation == site.orientation
    assert grid.is_oblique == (site.tilt != 0)
    values = scanner.resample_field(ramp, CUBE, grid, SAME)
    index = np.stack(np.meshgrid(*map(np.arange, grid.size), indexing="ij"), axis=-1)
    expected = grid.index_to_world(index) @ [1, 3, 7]
    np.testing.assert_allclose(values.transpose(2, 1, 0), expected, atol=1e-3)


@pytest.mark.parametrize("length", [2.0, 5.0])
def test_a_smooth_field_has_unit_variance_and_the_stated_length(length: float) -> None:
    grid = Geometry((80, 80, 80), (1.0, 1.0, 1.0))
    field = smooth_field(stream(2, length), grid, length)
    assert field.mean() == pytest.approx(0, abs=0.25)
    assert field.std() == pytest.approx(1, abs=0.1)
    # Noise smoothed by a Gaussian of σ correlates as exp(-d² / 4σ²).
    lag = round(length)
    seen = np.mean([
        np.corrcoef(field.take(range(80 - lag), axis).ravel(),
                    field.take(range(lag, 80), axis).ravel())[0, 1]
        for axis in range(3)
    ])  # fmt: skip
    assert seen == pytest.approx(np.exp(-(lag**2) / (4 * length**2)), abs=0.06)


def test_the_tumour_is_one_piece_of_the_wanted_volume(tumor: fields.Tumor) -> None:
    assert tumor.volume_ml == pytest.approx(18, rel=1e-3)
    assert ndimage.label(tumor.mask)[1] == 1
    core, rim = tumor.core > 0.9, tumor.mask & (tumor.core < 0.1)
    assert tumor.depth[core].min() > tumor.depth[rim].min()
    assert tumor.programs["hypoxia"][core].mean() - tumor.programs["hypoxia"][rim].mean() > 1
    assert (
        tumor.programs["proliferation"][core].mean() < tumor.programs["proliferation"][rim].mean()
    )


@pytest.mark.parametrize("distance", [1.1, 1.4, 1.8])
def test_vessels_are_as_tortuous_as_asked(tumor: fields.Tumor, distance: float) -> None:
    tubes = vessels.corkscrews(3, "P", tumor, distance=distance, room=18.0, count=40)
    metric = np.mean([vessels.distance_metric(points) for points, _ in tubes])
    assert metric == pytest.approx(distance, rel=0.1)


def test_tortuosity_of_a_helix_is_analytic() -> None:
    angle = np.linspace(0, 8 * np.pi, 4000)
    helix = np.stack([2 * np.cos(angle), 2 * np.sin(angle), angle], axis=1)
    assert vessels.distance_metric(helix) == pytest.approx(np.sqrt(5), rel=1e-4)
    # Curvature of a helix of radius r and pitch 2πc is r / (r² + c²).
    assert vessels.sum_of_angles(helix) == pytest.approx(2 / 5, rel=1e-3)


def test_a_drawn_tube_has_the_volume_of_a_cylinder() -> None:
    along = np.arange(-15, 15, 0.25)
    points = np.stack([along * 0 + 0.3, along * 0 - 0.2, along], axis=1)
    drawn = vessels.draw([(points, np.full(len(along), 3.0))], CUBE)
    assert drawn[14:34].sum() == pytest.approx(20 * np.pi * 9, rel=0.03)
    assert vessels.draw([], CUBE).sum() == 0


def test_tubes_may_leave_the_lattice() -> None:
    points = np.stack([np.arange(-60, 60, 0.5)] * 3, axis=1)
    drawn = vessels.draw([(points, np.full(len(points), 2.0))], CUBE)
    assert drawn[0, 0, 0] == 1
    assert drawn[24, 24, 24] == 1


def test_counts_are_negative_binomial_with_library_sizes() -> None:
    table = counts.genes()
    log2 = counts.expected_log2(np.zeros((1, 5)))
    draws = np.stack([counts.counts(log2, stream(1, n)) for n in range(1500)])
    libraries = draws.sum(axis=1)
    assert np.median(libraries) == pytest.approx(counts.MEDIAN_LIBRARY, rel=0.05)
    assert np.log(libraries).std() == pytest.approx(0.35, abs=0.03)
    shares = draws / libraries[:, None]
    high = draws.mean(axis=0) > 500
    spread = shares[:, high].var(axis=0) / shares[:, high].mean(axis=0) ** 2
    poisson = np.mean(1 / libraries) / shares[:, high].mean(axis=0)
    np.testing.assert_allclose(
        np.median((spread - poisson) / table.dispersion[high]), 1.0, rtol=0.05
    )


def test_genes_follow_their_programs_and_no_other() -> None:
    table = counts.genes()
    sets = counts.gene_sets()
    change = counts.expected_log2(np.array([[2.0, 0, 0, 0, 0]])) - counts.expected_log2(
        np.zeros((1, 5))
    )
    hypoxic = np.isin(table.symbols, [*sets["BUFFA_HYPOXIA"], *sets["HALLMARK_HYPOXIA"]])
    assert (change[hypoxic & (np.array(table.symbols) != "HIF1A")] > 0.1).mean() > 0.95
    np.testing.assert_allclose(change[~hypoxic], 0, atol=1e-12)
    assert change[table.symbols.index("HIF1A")] == 0
    assert {"EGFR", "KRAS", "IDH1", "TP53", "VEGFA", "CA9", "PECAM1"} <= set(table.symbols)


def test_bulk_is_the_mean_of_the_rna_and_not_of_the_activity() -> None:
    mixed = counts.expected_log2(np.array([[-3.0, 0, 0, 0, 0], [3.0, 0, 0, 0, 0]]))
    middle = counts.expected_log2(np.zeros((1, 5)))
    assert (mixed >= middle - 1e-12).all()
    assert (mixed - middle).max() > 0.5


def test_gene_sets_of_the_gmt_name_their_source() -> None:
    for line in counts.gmt().splitlines():
        name, source, *symbols = line.split("\t")
        assert source
        assert len(symbols) == len(set(symbols)) >= 10, name


def test_stains_follow_the_fields_at_their_place(tumor: fields.Tumor) -> None:
    sections = {section.stain: section for section in slides.cut(5, "P", tumor)}
    assert list(sections) == ["HE", "CD31", "CAIX"]
    pink = slides.draw_slide(5, "P", tumor, sections["HE"])
    tissue = ndimage.binary_closing(pink.min(axis=2) < 243, iterations=4)  # one outline for all
    brown = {}
    for stain in ("CD31", "CAIX"):
        dab = rgb2hed(slides.draw_slide(5, "P", tumor, sections[stain]))[..., 2]
        brown[stain] = _tiles(np.where(tissue, dab, np.nan), 48)
    rows, columns = np.meshgrid(
        *[(np.arange(n // 48) + 0.5) * 48 for n in slides.SIZE], indexing="ij"
    )
    for stain, program, least in (("CAIX", "hypoxia", 0.6), ("CD31", "angiogenesis", 0.3)):
        points = sections[stain].to_world(
            np.stack([columns, rows], axis=-1) * slides.MICRONS / 1000
        )
        field = fields.sample_at(tumor.programs[program], tumor.geometry, points)
        known = np.isfinite(brown[stain])
        assert np.corrcoef(brown[stain][known], field[known])[0, 1] > least, stain


def _tiles(values: np.ndarray, size: int) -> np.ndarray:
    rows, columns = (n // size for n in values.shape)
    blocks = values[: rows * size, : columns * size].reshape(rows, size, columns, size)
    filled = np.isfinite(blocks).mean(axis=(1, 3))
    return np.where(
        filled > 0.6, np.nansum(blocks, axis=(1, 3)) / size**2 / filled.clip(0.1), np.nan
    )


def test_a_slide_is_a_pyramid_with_its_pixel_size(tumor: fields.Tumor, tmp_path: Path) -> None:
    section = slides.cut(5, "P", tumor)[0]
    turn = section.matrix[:3, :3]
    np.testing.assert_allclose(turn.T @ turn, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    assert np.abs(turn).max() < 0.999  # oblique
    pixels = slides.draw_slide(5, "P", tumor, section)
    slides.write_slide(pixels, tmp_path / "P_HE.ome.tiff", name="P", stain="HE")
    with tifffile.TiffFile(tmp_path / "P_HE.ome.tiff") as file:
        assert file.is_ome
        assert [level.shape[0] for level in file.series[0].levels] == [432, 216, 108]
        np.testing.assert_array_equal(file.series[0].asarray(), pixels)


def test_a_tumor_without_a_full_core_is_biopsied_where_it_is_most_like_one(
    tumor: fields.Tumor,
) -> None:
    pale = dataclasses.replace(tumor, core=0.7 * tumor.core)  # nowhere above 0.85
    point = _spread_point(np.random.default_rng(0), pale, "core", [])
    value = float(fields.sample_at(pale.core, pale.geometry, point[None])[0])
    deep = pale.core[pale.depth > 2.5]
    assert value >= np.sort(deep)[-40] - 1e-6
