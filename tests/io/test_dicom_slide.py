"""Slides in DICOM: levels of a series, tiles in full or sparse, read by frames; labels never."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from napari_radiogenomics import read
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.io.dicom.frames import Frames
from napari_radiogenomics.io.dicom.headers import SLIDE

TILE = 16
RLE = UID("1.2.840.10008.1.2.5")


def _tiles(picture: np.ndarray) -> list[np.ndarray]:
    """Tiles of a picture along its rows, the last ones filled up with black."""
    rows, columns = (-(-side // TILE) for side in picture.shape[:2])
    full = np.zeros((rows * TILE, columns * TILE, 3), np.uint8)
    full[: picture.shape[0], : picture.shape[1]] = picture
    return [
        full[r * TILE : (r + 1) * TILE, c * TILE : (c + 1) * TILE]
        for r in range(rows)
        for c in range(columns)
    ]


def _instance(
    picture: np.ndarray, *, um: float = 0.5, flavor: str = "VOLUME", series: str = "1.2.3"
) -> Dataset:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = UID(SLIDE)
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.SeriesInstanceUID, data.Modality = UID(series), "SM"
    data.PatientName = "Doe^Jane"
    data.ImageType = ["ORIGINAL", "PRIMARY", flavor, "NONE"]
    data.Rows = data.Columns = TILE
    data.TotalPixelMatrixRows, data.TotalPixelMatrixColumns = picture.shape[:2]
    data.SamplesPerPixel, data.PlanarConfiguration = 3, 0
    data.PhotometricInterpretation = "RGB"
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.DimensionOrganizationType = "TILED_FULL"
    measures, shared, path = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [um / 1000, um / 1000]
    shared.PixelMeasuresSequence = [measures]
    data.SharedFunctionalGroupsSequence = [shared]
    path.ObjectiveLensPower = 20
    data.OpticalPathSequence = [path]
    _fill(data, _tiles(picture))
    return data


def _fill(data: Dataset, tiles: list[np.ndarray]) -> None:
    data.NumberOfFrames = len(tiles)
    data.PixelData = b"".join(tile.tobytes() for tile in tiles)
    data["PixelData"].VR = "OB"


def _place(data: Dataset, corners: list[tuple[int, int]]) -> None:
    """Say of each frame where it lies, by row and column from 0."""
    data.DimensionOrganizationType = "TILED_SPARSE"
    groups = []
    for row, column in corners:
        position, group = Dataset(), Dataset()
        position.RowPositionInTotalImagePixelMatrix = row + 1
        position.ColumnPositionInTotalImagePixelMatrix = column + 1
        group.PlanePositionSlideSequence = [position]
        groups.append(group)
    data.PerFrameFunctionalGroupsSequence = groups


def _save(data: Dataset, path: Path) -> Path:
    data.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (50, 70, 3), dtype=np.uint8)


def test_the_real_slide_is_read_as_it_is(real_data: Callable[[str], Path]) -> None:
    path = real_data("dicom_seg/highdicom/sm_image.dcm")
    slide = read(path)
    assert slide.um_per_pixel == pytest.approx((0.499, 0.499))
    assert slide.stain == "H&E"
    frames = pydicom.dcmread(path).pixel_array
    rows = [np.concatenate(list(frames[5 * row : 5 * row + 5]), axis=1) for row in range(5)]
    np.testing.assert_array_equal(np.asarray(slide.levels[0]), np.concatenate(rows))
    assert "Test" not in repr(slide) + str(slide.metadata)  # no name of patient or physician


def test_levels_of_a_folder_are_sorted_and_the_label_is_left_out(
    tmp_path: Path, picture: np.ndarray
) -> None:
    _save(_instance(picture[::2, ::2], um=1.0), tmp_path / "a.dcm")
    _save(_instance(picture), tmp_path / "b.dcm")
    for flavor in ("LABEL", "OVERVIEW", "THUMBNAIL"):
        _save(_instance(picture[:20, :20] * 0, flavor=flavor), tmp_path / f"{flavor}.dcm")
    slide = read(tmp_path)
    assert [level.shape for level in slide.levels] == [(50, 70, 3), (25, 35, 3)]
    assert slide.um_per_pixel == pytest.approx((0.5, 0.5))
    assert slide.level_um_per_pixel(1) == pytest.approx((1.0, 1.0))
    assert slide.metadata["objective_power"] == 20
    np.testing.assert_array_equal(np.asarray(slide.levels[0]), picture)
    np.testing.assert_array_equal(np.asarray(slide.levels[1]), picture[::2, ::2])
    assert read(tmp_path / "a.dcm").shape == (50, 70)  # one file stands for its series


def test_only_a_label_is_no_slide(tmp_path: Path, picture: np.ndarray) -> None:
    _save(_instance(picture, flavor="LABEL"), tmp_path / "a.dcm")
    with pytest.raises(InputError, match="no picture of the tissue, only: label"):
        read(tmp_path)


def test_sparse_tiles_lie_where_they_say_and_the_rest_is_glass(
    tmp_path: Path, picture: np.ndarray
) -> None:
    data = _instance(picture)
    tiles = _tiles(picture)
    _fill(data, [tiles[6], tiles[0]])
    _place(data, [(16, 16), (0, 0)])
    found = np.asarray(read(_save(data, tmp_path / "sparse.dcm")).levels[0])
    np.testing.assert_array_equal(found[16:32, 16:32], picture[16:32, 16:32])
    np.testing.assert_array_equal(found[:16, :16], picture[:16, :16])
    rest = np.ones((50, 70), bool)
    rest[16:32, 16:32] = rest[:16, :16] = False
    assert (found[rest] == 255).all()


def test_a_tile_off_the_grid_is_said(tmp_path: Path, picture: np.ndarray) -> None:
    data = _instance(picture)
    _fill(data, _tiles(picture)[:1])
    _place(data, [(3, 0)])
    with pytest.raises(InputError, match=r"off\.dcm has a tile at row 3, column 0, off the grid"):
        read(_save(data, tmp_path / "off.dcm"))


def test_the_first_of_several_planes_is_shown_and_that_is_said(
    tmp_path: Path, picture: np.ndarray
) -> None:
    data = _instance(picture)
    _fill(data, _tiles(picture) + _tiles(255 - picture))
    with pytest.warns(DataWarning, match="several focal planes or optical paths"):
        slide = read(_save(data, tmp_path / "planes.dcm"))
    np.testing.assert_array_equal(np.asarray(slide.levels[0]), picture)


def test_parts_of_a_level_are_put_together(tmp_path: Path, picture: np.ndarray) -> None:
    tiles, whole = _tiles(picture), generate_uid()
    for name, first in (("b", 0), ("a", 12)):
        data = _instance(picture)
        data.ConcatenationUID, data.ConcatenationFrameOffsetNumber = whole, first
        _fill(data, tiles[first : first + 12])
        _save(data, tmp_path / f"{name}.dcm")
    np.testing.assert_array_equal(np.asarray(read(tmp_path).levels[0]), picture)


@pytest.mark.parametrize("table", ["basic", "extended", "none"])
def test_compressed_frames_are_found_and_decoded_one_by_one(
    tmp_path: Path, picture: np.ndarray, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydicom.pixels.encoders import RLELosslessEncoder

    data = _instance(picture)
    options = {
        "rows": TILE, "columns": TILE, "samples_per_pixel": 3, "bits_allocated": 8,
        "bits_stored": 8, "pixel_representation": 0, "photometric_interpretation": "RGB",
        "number_of_frames": 1, "planar_configuration": 0,
    }  # fmt: skip
    coded = [RLELosslessEncoder.encode(t.tobytes(), **options) for t in _tiles(picture)]
    data.file_meta.TransferSyntaxUID = RLE
    if table == "extended":
        found, data.ExtendedOffsetTable, data.ExtendedOffsetTableLengths = encapsulate_extended(
            coded
        )
        data.PixelData = found
    else:
        data.PixelData = encapsulate(coded, has_bot=table == "basic")
    data["PixelData"].VR = "OB"
    slide = read(_save(data, tmp_path / "rle.dcm"))
    np.testing.assert_array_equal(np.asarray(slide.levels[0]), picture)
    seen: list[int] = []
    whole = Frames.read
    monkeypatch.setattr(Frames, "read", lambda self, n: [seen.append(n), whole(self, n)][1])
    np.asarray(slide.levels[0][20:30, 20:40])
    assert sorted(seen) == [6, 7]


def test_a_slide_that_is_cut_off_says_so(tmp_path: Path, picture: np.ndarray) -> None:
    path = _save(_instance(picture), tmp_path / "cut.dcm")
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(InputError, match=r"cut\.dcm is cut off: at least \d+ bytes"):
        read(path)


def test_without_a_pixel_size_it_is_said(tmp_path: Path, picture: np.ndarray) -> None:
    data = _instance(picture)
    del data.SharedFunctionalGroupsSequence
    with pytest.warns(DataWarning, match=r"a\.dcm does not tell its pixel size \(only a 20×"):
        assert read(_save(data, tmp_path / "a.dcm")).um_per_pixel is None
