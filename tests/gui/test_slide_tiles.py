"""What the canvas gets of a slide: at once something, soon the right thing, never a black hole."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.gui.slide import tiles
from napari_radiogenomics.gui.slide.tiles import HATCH, ShownPyramid
from napari_radiogenomics.io.slides.levels import lazy_level


class Reader:
    """Reads a picture, waits when told to, and fails where it is scratched."""

    def __init__(self, picture, scratch=None):
        self.picture, self.scratch = picture, scratch
        self.boxes, self.open = [], threading.Event()
        self.open.set()

    def __call__(self, top, bottom, left, right):
        self.open.wait(10)
        self.boxes.append((top, bottom, left, right))
        if self.scratch is not None:
            y, x = self.scratch
            if top <= y < bottom and left <= x < right:
                raise OSError("bad tile")
        return self.picture[top:bottom, left:right]


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 200, (2048, 1536, 3), dtype=np.uint8)


def slide_of(picture, reader):
    fine = lazy_level(picture.shape[:2], reader, path=Path("s.tif"), number=0)
    return Slide((fine, picture[::4, ::4]), um_per_pixel=(0.5, 0.5), name="s")


def test_a_script_that_waits_gets_the_pixels(picture):
    shown = ShownPyramid(slide_of(picture, Reader(picture)), wait=True)
    assert [level.shape for level in shown.levels] == [(2048, 1536, 3), (512, 384, 3)]
    for key in (np.s_[100:1300, 700:1500], np.s_[::7, 3:9], np.s_[5, 6], np.s_[0:0, :]):
        np.testing.assert_array_equal(shown.levels[0][key], picture[key])
    np.testing.assert_array_equal(np.asarray(shown.levels[1]), picture[::4, ::4])
    shown.close()


def test_a_coarser_level_stands_in_until_the_tiles_are_read(picture):
    reader, arrived = Reader(picture), threading.Event()
    shown = ShownPyramid(slide_of(picture, reader))
    shown.arrived = arrived.set
    reader.open.clear()
    first = shown.levels[0][512:1024, 512:1024]
    blurred = picture[::4, ::4].repeat(4, axis=0).repeat(4, axis=1)
    np.testing.assert_array_equal(first, blurred[512:1024, 512:1024])
    reader.open.set()
    assert arrived.wait(10)
    np.testing.assert_array_equal(shown.levels[0][512:1024, 512:1024], picture[512:1024, 512:1024])
    before = len(reader.boxes)
    np.testing.assert_array_equal(shown.levels[0][600:700, 600:700], picture[600:700, 600:700])
    assert len(reader.boxes) == before  # kept
    assert max(bottom for _, bottom, _, _ in reader.boxes) <= 1024  # and nothing else was read
    shown.close()


def test_the_newest_wish_is_read_and_older_ones_are_dropped(picture):
    reader, arrived = Reader(picture), threading.Semaphore(0)
    shown = ShownPyramid(slide_of(picture, reader))
    shown.arrived = arrived.release
    reader.open.clear()
    for top in (0, 512, 1024, 1536):
        shown.levels[0][top : top + 512, :512]
    reader.open.set()
    while 1536 not in {top for top, *_ in reader.boxes}:
        assert arrived.acquire(timeout=10)
    assert len({top for top, *_ in reader.boxes}) <= 2
    shown.close()


def test_a_tile_that_fails_is_hatched_and_told_and_its_neighbors_are_seen(picture):
    said = []
    shown = ShownPyramid(slide_of(picture, Reader(picture, scratch=(700, 900))), wait=True)
    shown.failed = said.append
    found = shown.levels[0][:]
    wrong = (found != picture).any(axis=-1)
    rows, columns = np.nonzero(wrong)
    assert rows.min() <= 700 <= rows.max()
    assert columns.min() <= 900 <= columns.max()
    assert np.ptp(rows) < 256
    assert np.ptp(columns) < 256
    hatched = found[wrong]
    assert {tuple(color) for color in hatched} <= {tuple(color) for color in HATCH}
    assert found[700, 900].any()  # not black
    assert len(said) == 1
    assert "s.tif has a damaged picture" in said[0]
    shown.levels[0][:]
    assert len(said) == 1
    shown.close()


def test_a_large_single_level_is_thinned_out_for_its_overview(monkeypatch, picture):
    monkeypatch.setattr(tiles, "_OVERVIEW_PIXELS", 50_000)
    reader = Reader(picture)
    level = lazy_level(picture.shape[:2], reader, path=Path("s.tif"), number=0)
    shown = ShownPyramid(Slide((level,)), wait=True)
    assert [level.shape for level in shown.levels] == [(2048, 1536, 3), (256, 192, 3)]
    np.testing.assert_array_equal(np.asarray(shown.levels[1]), picture[::8, ::8])
    np.testing.assert_array_equal(shown.levels[0][3:900, 5:9], picture[3:900, 5:9])
    shown.close()


def test_memory_is_bounded(monkeypatch, picture):
    monkeypatch.setattr(tiles, "_MOST_BYTES", 3 * 512 * 512 * 3)
    reader = Reader(picture)
    shown = ShownPyramid(slide_of(picture, reader), wait=True)
    for top in range(0, 2048, 512):
        np.testing.assert_array_equal(
            shown.levels[0][top : top + 512, :512], picture[top : top + 512, :512]
        )
    before = len(reader.boxes)
    shown.levels[0][1536:, :512]
    assert len(reader.boxes) == before
    shown.levels[0][:512, :512]
    assert len(reader.boxes) == before + 1
    shown.close()
