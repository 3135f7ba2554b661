"""Slides of all kinds: huge ones open by a few tiles, damage is told by place, nobody is named."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_radiogenomics import read
from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.io.slides.levels import lazy_level
from napari_radiogenomics.io.slides.scanner import read_scanner_slide
from napari_radiogenomics.io.visium import visium_samples, visium_slide

TILE = 1024


def _all_tiles_alike(path: Path, shape: tuple[int, int], levels: int) -> None:
    """Write a pyramid whose tiles are stored once a level: level n is filled with 10 n."""
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        for level in range(levels):
            size = tuple(-(-side // 4**level) for side in shape)
            count = int(np.prod([-(-side // TILE) for side in size]))
            tile = np.full((TILE, TILE, 3), 10 * level, np.uint8)
            tiles = iter([tile, *[None] * (count - 1)])  # empty tiles take no room
            writer.write(
                tiles, shape=(*size, 3), dtype=np.uint8, tile=(TILE, TILE), photometric="rgb",
                compression="zlib", subfiletype=int(level > 0), metadata=None,
                resolution=(40_000, 40_000), resolutionunit="CENTIMETER",
            )  # fmt: skip
    with tifffile.TiffFile(path, mode="r+") as file:
        for page in file.pages:
            for name in ("TileOffsets", "TileByteCounts"):
                tag = page.tags[name]
                tag.overwrite([tag.value[0]] * len(tag.value))


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("huge") / "huge_HE.tif"
    _all_tiles_alike(path, (80_000, 100_000), 5)
    return path


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the tiles that are decoded."""
    seen: list[int] = []
    made = tifffile.TiffPage.decode.func  # type: ignore[attr-defined]

    def counting(page: tifffile.TiffPage) -> Callable[..., object]:
        inner = made(page)

        def decode(data: bytes, index: int, **options: object) -> object:
            seen.append(index)
            return inner(data, index, **options)

        return decode

    monkeypatch.setattr(tifffile.TiffPage, "decode", property(counting))
    return seen


def test_a_huge_pyramid_opens_by_one_tile_and_is_read_by_tiles(
    huge: Path, decoded: list[int]
) -> None:
    assert huge.stat().st_size < 2_000_000
    slide = read(huge)
    assert slide.shape == (80_000, 100_000)
    assert slide.um_per_pixel == pytest.approx((0.25, 0.25))
    assert slide.extent_mm == pytest.approx((20.0, 25.0))
    assert [level.shape[1] for level in slide.levels] == [100_000, 25_000, 6250, 1563, 391]
    assert len(decoded) == 1
    decoded.clear()
    part = np.asarray(slide.levels[0][40_100:40_800, 50_000:51_300])
    assert part.shape == (700, 1300, 3)
    assert (part == 0).all()
    assert len(decoded) == 3  # a canvas full, in one row of tiles and three columns
    decoded.clear()
    assert (np.asarray(slide.levels[1][1100:2000, 1024:2048]) == 10).all()
    assert len(decoded) == 1
    decoded.clear()
    np.asarray(slide.levels[0][1023:1025, 2047:2049])
    assert len(decoded) == 4


def test_a_tile_that_is_left_out_is_glass(tmp_path: Path) -> None:
    path = tmp_path / "sparse.tif"
    tile = np.full((64, 64, 3), 9, np.uint8)
    tifffile.imwrite(
        path, iter([tile, None]), shape=(64, 128, 3), dtype=np.uint8, tile=(64, 64),
        photometric="rgb", compression="zlib", resolution=(2e4, 2e4), resolutionunit="CENTIMETER",
    )  # fmt: skip
    found = np.asarray(read(path).levels[0])
    assert (found[:, :64] == 9).all()
    assert (found[:, 64:] == 255).all()


def test_a_damaged_tile_is_told_by_its_place_and_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "scratched.tif"
    picture = np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    tifffile.imwrite(
        path, picture, tile=(64, 64), photometric="rgb", compression="zlib",
        resolution=(2e4, 2e4), resolutionunit="CENTIMETER",
    )  # fmt: skip
    with tifffile.TiffFile(path) as file:
        start, length = file.pages[0].dataoffsets[5], file.pages[0].databytecounts[5]
    with path.open("r+b") as raw:
        raw.seek(start)
        raw.write(b"\0" * length)
    slide = read(path)
    with pytest.raises(InputError, match=r"scratched\.tif .*rows 64 to 128, columns 70 to 80"):
        np.asarray(slide.levels[0][64:128, 70:80])
    np.testing.assert_array_equal(np.asarray(slide.levels[0][128:, 64:]), picture[128:, 64:])


def test_a_level_is_sliced_as_the_array_that_it_stands_for() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (90, 70, 3), dtype=np.uint8)
    level = lazy_level(
        (90, 70), lambda a, b, c, d: picture[a:b, c:d], path=Path("x"), number=0, tile=(16, 16)
    )
    for key in (np.s_[::3, 5:60:7], np.s_[4, :, 1], np.s_[10:10], np.s_[::-2, 3]):
        np.testing.assert_array_equal(np.asarray(level[key]), picture[key])


def test_the_real_svs_has_its_pixel_size_and_objective(real_data: Callable[[str], Path]) -> None:
    pytest.importorskip("imagecodecs")
    slide = read(real_data("slides/small.svs"))
    assert slide.um_per_pixel == (0.499, 0.499)
    assert slide.metadata["objective_power"] == 20
    assert slide.shape == (16, 16)


# OpenSlide


def test_openslide_reads_the_same_pixels(real_data: Callable[[str], Path]) -> None:
    pytest.importorskip("openslide")
    slide = read_scanner_slide(real_data("slides/boxes.tiff"))
    oracle = [tifffile.imread(real_data("slides/boxes.tiff"), key=n) for n in range(4)]
    for level, pixels in zip(slide.levels, oracle, strict=True):
        np.testing.assert_array_equal(np.asarray(level), pixels)
    assert slide.um_per_pixel is None  # 353 µm is no microscope's
    svs = read_scanner_slide(real_data("slides/small.svs"))
    assert svs.um_per_pixel == (0.499, 0.499)
    assert svs.metadata["associated"] == ("thumbnail",)


@pytest.mark.parametrize("name", ["unopenable.tiff", "unreadable.svs"])
def test_openslide_says_what_is_broken(real_data: Callable[[str], Path], name: str) -> None:
    pytest.importorskip("openslide")
    with pytest.raises(InputError, match=f"{name} .*damaged.* again"):
        read_scanner_slide(real_data(f"slides/{name}"))


def test_after_a_damaged_tile_openslide_reads_on(real_data: Callable[[str], Path]) -> None:
    openslide = pytest.importorskip("openslide")
    slide = read_scanner_slide(real_data("slides/boxes.tiff"))
    whole = openslide.OpenSlide.read_region
    calls = []

    def failing(self: object, *args: object) -> object:
        calls.append(self)
        if len(calls) == 1:
            raise openslide.OpenSlideError("bad tile")
        if self is calls[0]:
            raise openslide.OpenSlideError("in error state")
        return whole(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openslide.OpenSlide, "read_region", failing)
        with pytest.raises(InputError, match=r"boxes\.tiff has a damaged picture.*bad tile"):
            np.asarray(slide.levels[0][:10, :10])
        assert np.asarray(slide.levels[0][100:110, :10]).shape == (10, 10, 3)


def test_a_missing_openslide_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openslide", None)
    (tmp_path / "a.ndpi").write_bytes(b"II*\0 and more")
    with pytest.raises(MissingDependency, match=r"a\.ndpi .*\[slides\]"):
        read(tmp_path / "a.ndpi")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("a.ndpi", r"a\.ndpi .*export it as OME-TIFF"),
        ("a.mrxs", r"a\.mrxs .*with the folder a beside it"),
        ("a.vsi", r"a\.vsi .*cellSens.*Export it as OME-TIFF"),
    ],
)
def test_what_openslide_does_not_know_has_a_remedy(tmp_path: Path, name: str, remedy: str) -> None:
    pytest.importorskip("openslide")
    (tmp_path / name).write_bytes(b"nothing of a slide")
    with pytest.raises(InputError, match=remedy):
        read(tmp_path / name)


# Visium


def test_spots_of_visium_lie_on_its_picture(real_data: Callable[[str], Path]) -> None:
    section = real_data("visium")
    slide = read(section, "slide")
    samples = visium_samples(section, patient_id="M1")
    # 0.727 µm a full-resolution pixel, shrunk to 0.150015
    assert slide.um_per_pixel == pytest.approx((4.84, 4.84), rel=0.01)
    assert slide.shape == (2000, 2000)
    x, y = samples.points_lps()[:, :2].T
    height, width = slide.extent_mm
    assert 0 < x.min() < x.max() < width
    assert 0 < y.min() < y.max() < height
    assert slide.frame == samples.table["frame"].iloc[0]


def test_a_section_without_a_picture_says_so(
    tmp_path: Path, real_data: Callable[[str], Path]
) -> None:
    shutil.copytree(real_data("visium/spatial"), tmp_path / "spatial")
    (tmp_path / "spatial/tissue_hires_image.png").unlink()
    assert visium_slide(tmp_path).metadata["picture"] == "tissue_lowres_image.png"
    (tmp_path / "spatial/scalefactors_json.json").write_text("{")
    with pytest.raises(InputError, match=r"no tissue_hires_image\.png .*scale"):
        visium_slide(tmp_path)
