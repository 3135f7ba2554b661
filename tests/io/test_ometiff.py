"""Slides in TIFF: pyramids, pixel sizes, stains; damaged ones are told apart from unknown ones."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_radiogenomics import read
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import DataWarning, InputError, MissingDependency


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)


def _pyramid(path: Path, picture: np.ndarray, **metadata: object) -> Path:
    with tifffile.TiffWriter(path, ome=True) as writer:
        options = {"tile": (64, 64), "compression": "zlib", "photometric": "rgb"}
        writer.write(picture, subifds=1, metadata={"axes": "YXS", **metadata}, **options)
        writer.write(picture[::2, ::2], subfiletype=1, **options)
    return path


def test_a_pyramid_is_read_lazily_with_its_pixel_size(tmp_path: Path, picture: np.ndarray) -> None:
    path = _pyramid(
        tmp_path / "block 3.ome.tiff", picture, Name="P001 CD31", PhysicalSizeX=0.25,
        PhysicalSizeXUnit="µm", PhysicalSizeY=500, PhysicalSizeYUnit="nm",
    )  # fmt: skip
    slide = read(path)
    assert isinstance(slide, Slide)
    assert [level.shape for level in slide.levels] == [(300, 400, 3), (150, 200, 3)]
    assert not isinstance(slide.levels[0], np.ndarray)
    np.testing.assert_array_equal(
        np.asarray(slide.levels[0][100:200, 50:70]), picture[100:200, 50:70]
    )
    np.testing.assert_array_equal(np.asarray(slide.levels[1]), picture[::2, ::2])
    assert slide.um_per_pixel == (0.5, 0.25)
    assert slide.stain == "CD31"


def test_the_file_name_tells_the_stain_before_the_header(
    tmp_path: Path, picture: np.ndarray
) -> None:
    size = {"PhysicalSizeX": 1, "PhysicalSizeY": 1}
    assert read(_pyramid(tmp_path / "a_CAIX.ome.tif", picture, Name="CD31", **size)).stain == "CAIX"


def test_resolution_tags_give_the_pixel_size(tmp_path: Path, picture: np.ndarray) -> None:
    path = tmp_path / "tumour_HE.tif"
    tifffile.imwrite(path, picture, resolution=(20000, 10000), resolutionunit="CENTIMETER")
    slide = read(path)
    assert slide.um_per_pixel == pytest.approx((1.0, 0.5))
    assert slide.stain == "H&E"


def test_an_unknown_pixel_size_is_said_and_not_guessed(tmp_path: Path, picture: np.ndarray) -> None:
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, picture, resolution=(72, 72), resolutionunit="INCH")
    with pytest.warns(DataWarning, match="does not tell its pixel size"):
        slide = read(path)
    assert slide.um_per_pixel is None
    assert slide.stain == ""


def test_gray_and_planar_pictures_become_rgb(tmp_path: Path, picture: np.ndarray) -> None:
    size = {"resolution": (1e4, 1e4), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(tmp_path / "gray.tif", picture[..., 0], **size)
    planes = np.moveaxis(picture, -1, 0)
    tifffile.imwrite(
        tmp_path / "planar.tif", planes, photometric="rgb", planarconfig="separate", **size
    )
    gray, planar = read(tmp_path / "gray.tif"), read(tmp_path / "planar.tif")
    np.testing.assert_array_equal(np.asarray(gray.levels[0])[..., 2], picture[..., 0])
    np.testing.assert_array_equal(np.asarray(planar.levels[0]), picture)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros((40, 40), np.uint16), "8 bits"),
        (np.zeros((5, 40, 40), np.uint8), "one RGB or gray picture"),
    ],
)
def test_what_is_no_slide_says_so(tmp_path: Path, content: np.ndarray, message: str) -> None:
    tifffile.imwrite(tmp_path / "stack.tif", content, photometric="minisblack")
    with pytest.raises(InputError, match=message):
        read(tmp_path / "stack.tif")


@pytest.mark.parametrize("keep", [9, 200, 0.5])
def test_a_cut_off_file_is_one_clear_message(
    tmp_path: Path, picture: np.ndarray, keep: float
) -> None:
    whole = _pyramid(tmp_path / "whole.ome.tiff", picture).read_bytes()
    path = tmp_path / "half.ome.tiff"
    path.write_bytes(whole[: keep if keep > 1 else int(len(whole) * keep)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        with pytest.raises(InputError, match=r"half\.ome\.tiff .*again"):
            read(path)


def test_a_missing_codec_names_the_extra(
    tmp_path: Path, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("imagecodecs")
    path = tmp_path / "lzw.tif"
    tifffile.imwrite(path, picture, compression="lzw")
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(MissingDependency, match=r"lzw\.tif .*\[slides\]"):
        read(path)


def test_a_foreign_pyramid_of_pages_is_one_slide(real_data: Callable[[str], Path]) -> None:
    path = real_data("slides/boxes.tiff")
    with pytest.warns(DataWarning, match="pixel size"):  # 353 µm by its tags: no microscope's
        slide = read(path)
    assert [level.shape[:2] for level in slide.levels] == [
        (250, 300),
        (125, 150),
        (62, 75),
        (31, 37),
    ]
    np.testing.assert_array_equal(np.asarray(slide.levels[0]), tifffile.imread(path, key=0))


@pytest.mark.parametrize("name", ["unopenable.tiff", "unreadable.svs"])
def test_a_broken_file_is_one_clear_message(real_data: Callable[[str], Path], name: str) -> None:
    if name.endswith(".svs"):
        pytest.importorskip("imagecodecs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        with pytest.raises(InputError, match=f"{name}.*damaged"):
            read(real_data(f"slides/{name}"))
