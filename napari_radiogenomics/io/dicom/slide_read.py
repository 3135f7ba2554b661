"""Tissue slides in DICOM (VL Whole Slide Microscopy): the levels of a series, read by frames.

Levels may be tiled in full or sparsely, and be split into several files (concatenations). Of
several optical paths or focal planes the first is shown, and that is said. Pictures of the label
and of the whole slide, which may show a name, are never read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.dicom.frames import Frames
from napari_radiogenomics.io.dicom.headers import listed
from napari_radiogenomics.io.slides.facts import no_pixel_size, number_in, stain_of
from napari_radiogenomics.io.slides.levels import check_corner, lazy_level

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["read_slide_series"]

Tiles = dict[tuple[int, int], tuple[Frames, int]]
"""Frame of each tile, by its row and column among the tiles."""

# What a slide leaves out is glass.
_ABSENT = 255
_SUBSTANCE = "424361007"  # SCT: using substance


def read_slide_series(headers: Mapping[Path, Dataset], name: str, path: Path) -> Slide:
    """Put the files of one series together.

    Parameters
    ----------
    headers : mapping of Path to Dataset
        Files of the series, with what they say before their pixels.
    name : str
        Of the slide.
    path : Path
        Of the file or folder, for messages.

    Raises
    ------
    InputError
        If there is no picture of the tissue, or it is no RGB or gray picture of 8 bits.
    """
    volumes = {p: header for p, header in headers.items() if _flavor(header) == "VOLUME"}
    if not volumes:
        kinds = listed(dict.fromkeys(_flavor(header).lower() for header in headers.values()))
        raise InputError(
            f"{path} holds no picture of the tissue, only: {kinds}. Copy the whole series."
        )
    sizes = sorted({_size(header) for header in volumes.values()}, reverse=True)
    levels, notes = [], []
    for number, size in enumerate(sizes):
        files = {p: header for p, header in volumes.items() if _size(header) == size}
        level, note = _level(files, size, number, path)
        levels.append(level)
        notes += [note] if note else []
    check_corner(levels[-1])
    finest = next(header for header in volumes.values() if _size(header) == sizes[0])
    pixel, power = _um_per_pixel(finest), _objective(finest)
    notes += [] if pixel else [no_pixel_size(path.name, power)]
    metadata = {"path": str(path), "series": str(finest.get("SeriesInstanceUID", ""))}
    return Slide(
        tuple(levels),
        pixel,
        _stain(finest) or stain_of(name),
        name=name,
        notes=tuple(dict.fromkeys(notes)),
        metadata=metadata | ({"objective_power": power} if power else {}),
    )


def _flavor(header: Dataset) -> str:
    kinds = header.get("ImageType") or []
    return str(kinds[2]).upper() if len(kinds) > 2 else "VOLUME"


def _size(header: Dataset) -> tuple[int, int]:
    """Rows and columns of the level that a file is of."""
    return (
        int(header.get("TotalPixelMatrixRows") or header.Rows),
        int(header.get("TotalPixelMatrixColumns") or header.Columns),
    )


def _level(
    files: Mapping[Path, Dataset], size: tuple[int, int], number: int, path: Path
) -> tuple[Any, str]:
    """One level, and a note on what of it is not shown."""
    first = next(iter(files.values()))
    if int(first.BitsAllocated) != 8 or int(first.SamplesPerPixel) not in (1, 3):
        raise InputError(
            f"{path} has {first.BitsAllocated} bits and {first.SamplesPerPixel} values a pixel; a "
            "slide is RGB or gray with 8 bits. Export it as 8-bit RGB."
        )
    parts = {p: h for p, h in files.items() if _whole(h) == _whole(first)}
    tile = int(first.Rows), int(first.Columns)
    tiles: Tiles = {}
    left_out = len(files) > len(parts)
    for file, header in sorted(parts.items(), key=lambda one: _first_frame(one[1])):
        frames = Frames(file, header)
        for place, frame in _places(header, size, file):
            left_out |= place in tiles
            if frame < len(frames):
                tiles.setdefault(place, (frames, frame))
    note = f"{path.name} holds several focal planes or optical paths; the first is shown."
    return _lazy(tiles, size, tile, path, number), note if left_out else ""


def _whole(header: Dataset) -> str:
    """What a file is a part of: a concatenation, or itself."""
    whole = header.get("ConcatenationUID") or header.get("SOPInstanceUID")
    return str(whole)


def _first_frame(header: Dataset) -> int:
    return int(header.get("ConcatenationFrameOffsetNumber") or 0)


def _places(
    header: Dataset, size: tuple[int, int], path: Path
) -> Iterator[tuple[tuple[int, int], int]]:
    """Row and column among the tiles of each frame of a file."""
    tile = int(header.Rows), int(header.Columns)
    if header.get("DimensionOrganizationType") != "TILED_FULL":
        groups = header.get("PerFrameFunctionalGroupsSequence")
        for number, group in enumerate(groups or ()):
            yield _place_of(group, tile, path), number
        if groups:
            return
    across = -(-size[1] // tile[1])
    first, each = _first_frame(header), across * -(-size[0] // tile[0])
    for number in range(int(header.get("NumberOfFrames") or 1)):
        # Tiles run along rows first; further planes and optical paths follow behind.
        row, column = divmod((first + number) % each, across)
        yield (row, column), number


def _place_of(group: Dataset, tile: tuple[int, int], path: Path) -> tuple[int, int]:
    try:
        position = group.PlanePositionSlideSequence[0]
        corner = (
            int(position.RowPositionInTotalImagePixelMatrix) - 1,
            int(position.ColumnPositionInTotalImagePixelMatrix) - 1,
        )
    except (AttributeError, IndexError):
        raise InputError(
            f"{path} does not tell where its tiles lie on the slide. Export it again, tiled in "
            "full."
        ) from None
    if min(corner) < 0 or corner[0] % tile[0] or corner[1] % tile[1]:
        raise InputError(
            f"{path} has a tile at row {corner[0]}, column {corner[1]}, off the grid of "
            f"{tile[0]}×{tile[1]} pixels. Export it again, tiled in full."
        )
    return corner[0] // tile[0], corner[1] // tile[1]


def _lazy(
    tiles: Tiles, size: tuple[int, int], tile: tuple[int, int], path: Path, number: int
) -> Any:
    height, width = tile

    def read(top: int, bottom: int, left: int, right: int) -> NDArray[np.uint8]:
        found = np.full((bottom - top, right - left, 3), _ABSENT, np.uint8)
        for row in range(top // height, -(-bottom // height)):
            for column in range(left // width, -(-right // width)):
                if (row, column) not in tiles:
                    continue
                frames, frame = tiles[row, column]
                picture = frames.read(frame)
                y, x = row * height - top, column * width - left
                part = picture[max(0, -y) : bottom - top - y, max(0, -x) : right - left - x]
                y, x = max(y, 0), max(x, 0)
                found[y : y + part.shape[0], x : x + part.shape[1]] = (
                    part if part.ndim == 3 else part[..., np.newaxis]
                )
        return found

    return lazy_level(size, read, path=path, number=number, tile=tile)


def _um_per_pixel(header: Dataset) -> tuple[float, float] | None:
    shared = header.get("SharedFunctionalGroupsSequence") or [{}]
    measures = shared[0].get("PixelMeasuresSequence") or [{}]
    spacing = [number_in(one) for one in measures[0].get("PixelSpacing") or ()]
    if len(spacing) != 2 or min(spacing) <= 0:
        rows, columns = _size(header)
        spacing = [
            number_in(header.get("ImagedVolumeHeight")) / rows,
            number_in(header.get("ImagedVolumeWidth")) / columns,
        ]
    return (spacing[0] * 1000, spacing[1] * 1000) if min(spacing) > 0 else None


def _objective(header: Dataset) -> float:
    paths = header.get("OpticalPathSequence") or [{}]
    return number_in(paths[0].get("ObjectiveLensPower"))


def _stain(header: Dataset) -> str:
    """Stain by the substances that the specimen was prepared with."""
    names = []
    for specimen in header.get("SpecimenDescriptionSequence") or ():
        for step in specimen.get("SpecimenPreparationSequence") or ():
            for item in step.get("SpecimenPreparationStepContentItemSequence") or ():
                concept = item.get("ConceptNameCodeSequence") or [{}]
                if concept[0].get("CodeValue") == _SUBSTANCE:
                    used = item.get("ConceptCodeSequence") or [{}]
                    names.append(str(used[0].get("CodeMeaning") or item.get("TextValue", "")))
    return stain_of(" ".join(names))
