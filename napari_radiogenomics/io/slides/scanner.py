"""Slides as scanners write them, read lazily through OpenSlide.

OpenSlide puts overlapping tiles and several scanned areas together, which a plain TIFF reader
does not. It reads the picture of the tissue only: photographs of the label and of the whole
slide, which may show a name, are listed and never read.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.io.slides.facts import COARSEST_UM, no_pixel_size, number_in, stain_of
from napari_radiogenomics.io.slides.levels import check_corner, lazy_level

if TYPE_CHECKING:
    from openslide import OpenSlide

__all__ = ["read_scanner_slide"]

_WHITE = "FFFFFF"


def read_scanner_slide(path: Path) -> Slide:
    """Read a slide that OpenSlide knows; its levels are lazy.

    Parameters
    ----------
    path : Path
        Main file of the slide; MIRAX and Hamamatsu VMS have others beside it.

    Raises
    ------
    MissingDependency
        If OpenSlide is not installed.
    InputError
        If the file is damaged, incomplete, or of a kind that OpenSlide does not know.
    """
    handle = _Handle(path)
    slide, facts = handle.slide, dict(handle.slide.properties)
    order = sorted(range(slide.level_count), key=lambda n: -slide.level_dimensions[n][0])
    levels = tuple(_level(handle, number, place) for place, number in enumerate(order))
    check_corner(levels[-1])
    size = tuple(number_in(facts.get(f"openslide.mpp-{axis}")) for axis in "yx")
    known = min(size) > 0 and max(size) < COARSEST_UM
    power = number_in(facts.get("openslide.objective-power"))
    metadata = {
        "path": str(path),
        "vendor": facts.get("openslide.vendor", ""),
        "associated": tuple(sorted(slide.associated_images)),
    }
    return Slide(
        levels,
        (size[0], size[1]) if known else None,
        stain_of(path.stem),
        name=path.stem,
        notes=() if known else (no_pixel_size(path.name, power),),
        metadata=metadata | ({"objective_power": power} if power else {}),
    )


class _Handle:
    """An open slide; opened anew after an error, as OpenSlide then answers nothing else."""

    def __init__(self, path: Path) -> None:
        self.path, self._lock = path, threading.Lock()
        self.slide = _opened(path)
        color = self.slide.properties.get("openslide.background-color", _WHITE)
        self._glass = np.array(list(bytes.fromhex(color)), np.float32)

    def read(self, level: int, top: int, left: int, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Pixels of a level, of size (rows, columns), from a row and column of that level on."""
        from openslide import OpenSlideError

        slide = self.slide
        scale = slide.level_downsamples[level]
        place = round(left * scale), round(top * scale)
        try:
            found = np.asarray(slide.read_region(place, level, size[::-1]))
        except OpenSlideError as error:
            with self._lock:
                if self.slide is slide:
                    self.slide = _opened(self.path)
            raise OSError(str(error)) from error
        color, cover = found[..., :3], found[..., 3:]
        if (cover == 255).all():
            return color
        part = cover.astype(np.float32) / 255
        return np.rint(color * part + self._glass * (1 - part)).astype(np.uint8)


def _opened(path: Path) -> OpenSlide:
    try:
        import openslide
    except ImportError:
        raise MissingDependency(
            "openslide-python", extra="slides", purpose=f"read {path.name}"
        ) from None
    known = openslide.OpenSlide.detect_format(path)
    if known is None:
        raise InputError(
            f"{path} is no slide that OpenSlide {openslide.__library_version__} knows: it is "
            f"damaged, incomplete, or of another kind. {_remedy(path)}"
        )
    try:
        return openslide.OpenSlide(path)
    except openslide.OpenSlideError as error:
        raise InputError(
            f"{path} is damaged or incomplete, {known} says: {error}. {_remedy(path)}"
        ) from error


def _remedy(path: Path) -> str:
    beside = {
        ".mrxs": f"Copy it again with the folder {path.stem} beside it",
        ".vms": "Copy it again with the .jpg files beside it",
        ".vmu": "Copy it again with the .ngr files beside it",
    }
    return f"{beside.get(path.suffix.lower(), 'Copy it again')}, or export it as OME-TIFF."


def _level(handle: _Handle, number: int, place: int) -> Any:
    width, height = handle.slide.level_dimensions[number]
    facts = handle.slide.properties
    tile = tuple(
        int(facts.get(f"openslide.level[{number}].tile-{side}", 256))
        for side in ("height", "width")
    )

    def read(top: int, bottom: int, left: int, right: int) -> NDArray[np.uint8]:
        return handle.read(number, top, left, (bottom - top, right - left))

    return lazy_level(
        (height, width), read, path=handle.path, number=place, tile=(tile[0], tile[1])
    )
