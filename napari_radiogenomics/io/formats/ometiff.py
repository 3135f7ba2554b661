"""Tissue slides in TIFF: OME-TIFF and other pyramids, read lazily through tifffile.

Tiles are read when they are looked at. Deflate, PackBits and uncompressed tiles need nothing
more; JPEG, JPEG 2000, LZW and others need the extra ``slides`` (imagecodecs).
"""

from __future__ import annotations

import re
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.io.format import Format, ReadOptions
from napari_radiogenomics.io.slides.facts import COARSEST_UM, no_pixel_size, number_in, stain_of
from napari_radiogenomics.io.slides.levels import check_corner, lazy_level
from napari_radiogenomics.io.slides.scanner import read_scanner_slide

if TYPE_CHECKING:
    import tifffile

__all__ = ["FORMAT", "is_whole_slide"]

_SUFFIXES = (".ome.tif", ".ome.tiff", ".tif", ".tiff", ".ome.btf", ".svs")
_SUFFIX = re.compile(r"(\.ome)?\.(tiff?|btf|svs)$", re.IGNORECASE)
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Compressions that tifffile decodes without imagecodecs: none, Deflate (two codes), PackBits.
_PLAIN = {1, 8, 32773, 32946}
_TO_UM = {"nm": 1e-3, "µm": 1.0, "um": 1.0, "\u03bcm": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}
_RESOLUTION_UNIT = {2: 25400.0, 3: 10000.0}  # inch, centimetre
# What a file leaves out of a slide is glass.
_ABSENT = 255


def _reads(path: Path) -> bool:
    if not (path.is_file() and path.name.lower().endswith(_SUFFIXES)):
        return False
    with path.open("rb") as file:
        return file.read(4) in _MAGIC


def is_whole_slide(path: Path) -> bool:
    """Whether a TIFF is a pyramid or comes from a slide scanner, not just a picture.

    Parameters
    ----------
    path : Path
        Existing or not; what is no TIFF is no slide. Only its directory is read.
    """
    import tifffile

    try:
        if not _reads(path):
            return False
        with tifffile.TiffFile(path) as file:
            scanner = file.is_svs or file.is_scn or file.is_bif or file.is_philips or file.is_ndpi
            return bool(scanner or file.series[0].is_pyramidal)
    except (OSError, tifffile.TiffFileError, LookupError, TypeError, ValueError, AttributeError):
        return False


def _read(path: Path, options: ReadOptions) -> list[Slide]:
    import tifffile

    try:
        file = tifffile.TiffFile(path)
    except tifffile.TiffFileError as error:
        raise _damaged(path, error) from error
    try:
        # Their tiles overlap, or several areas make one slide: OpenSlide puts them together.
        if file.is_bif or file.is_scn or file.is_philips:
            file.close()
            return [read_scanner_slide(path)]
        return [_slide(file, path)]
    except BaseException:
        file.close()
        raise


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path} is not a readable TIFF: its directory is damaged or cut off. "
        f"Copy or export it again. ({type(error).__name__}: {error})"
    )


def _slide(file: tifffile.TiffFile, path: Path) -> Slide:
    try:
        series = file.series[0]
        page = series.keyframe
    except (IndexError, TypeError, AttributeError, KeyError) as error:
        raise _damaged(path, error) from error
    _check_codec(page, path)
    _check_complete(series, path)
    stores = [series.aszarr(level=n, fillvalue=_ABSENT) for n in range(len(series.levels))]
    _close_after(file, stores)
    levels = [
        _level(level, store, path, number)
        for number, (level, store) in enumerate(zip(series.levels, stores, strict=True))
    ]
    levels.sort(key=lambda level: level.shape[0], reverse=True)
    check_corner(levels[-1])
    name = _SUFFIX.sub("", path.name)
    title, size, power = _ome_facts(file.ome_metadata) if file.is_ome else ("", None, 0.0)
    size = size or _aperio_size(page) or _tag_size(page)
    power = power or _aperio_number(page, "AppMag")
    metadata = {"path": str(path), "title": title, "compression": page.compression.name}
    return Slide(
        tuple(levels),
        size,
        stain_of(name) or stain_of(title),
        name=name,
        notes=() if size else (no_pixel_size(path.name, power),),
        metadata=metadata | ({"objective_power": power} if power else {}),
    )


def _close_after(file: tifffile.TiffFile, stores: list[Any]) -> None:
    """Close the file when the last of its lazy levels is gone."""
    alive = set(range(len(stores)))

    def gone(number: int) -> None:
        alive.discard(number)
        if not alive:
            file.close()

    for number, store in enumerate(stores):
        weakref.finalize(store, gone, number)


def _check_codec(page: tifffile.TiffPage, path: Path) -> None:
    code = int(page.compression)
    try:
        name = page.compression.name
    except AttributeError:
        raise InputError(
            f"{path} is compressed with method {code}, which no TIFF reader knows: it is damaged "
            "or of a private kind. Export it again as OME-TIFF."
        ) from None
    if code in _PLAIN:
        return
    try:
        import imagecodecs  # noqa: F401
    except ImportError:
        raise MissingDependency(
            "imagecodecs", extra="slides", purpose=f"read {path.name} (compressed as {name})"
        ) from None


def _check_complete(series: tifffile.TiffPageSeries, path: Path) -> None:
    """Refuse a file that ends before its tiles do."""
    size = path.stat().st_size
    for level in series.levels:
        for page in level.pages:
            ends = (a + n for a, n in zip(page.dataoffsets, page.databytecounts, strict=True))
            missing = max(ends, default=0) - size
            if missing > 0:
                raise InputError(
                    f"{path} is cut off: at least {missing} bytes of its tiles are missing. "
                    "Copy or export it again."
                )


def _level(level: Any, store: Any, path: Path, number: int) -> Any:
    """One level of the pyramid as a lazy (Y, X, 3) array."""
    import numpy as np
    import zarr

    if level.dtype != np.uint8:
        raise InputError(
            f"{path} holds {level.dtype} values; a slide has 8 bits a channel. Export it as "
            "8-bit RGB, or open it as an image."
        )
    array, axes, shape = zarr.open_array(store, mode="r"), level.axes, level.shape
    rgb = axes == "YXS" and shape[2] in (3, 4)
    planar = axes in ("SYX", "CYX") and shape[0] == 3
    if not (rgb or planar or axes == "YX"):
        raise InputError(
            f"{path} has the axes {axes} of size {shape}; a slide is one RGB or gray picture. "
            "Split its channels or planes into files first."
        )

    def read(top: int, bottom: int, left: int, right: int) -> Any:
        if planar:
            return np.moveaxis(np.asarray(array[:, top:bottom, left:right]), 0, -1)
        found = np.asarray(array[top:bottom, left:right])
        return found[..., :3] if rgb else np.repeat(found[..., np.newaxis], 3, axis=-1)

    first = axes.index("Y")
    tile = array.chunks[first], array.chunks[first + 1]
    return lazy_level(shape[first : first + 2], read, path=path, number=number, tile=tile)


def _ome_facts(text: str | None) -> tuple[str, tuple[float, float] | None, float]:
    """Name, pixel size and power of the objective of the first picture of an OME header."""
    from defusedxml import ElementTree

    try:
        root = ElementTree.fromstring(text or "<OME/>")
    except ElementTree.ParseError:
        return "", None, 0.0
    image = root.find("{*}Image")
    pixels = image.find("{*}Pixels") if image is not None else None
    if image is None or pixels is None:
        return "", None, 0.0
    objective = root.find("{*}Instrument/{*}Objective")
    power = number_in(objective.get("NominalMagnification")) if objective is not None else 0.0
    size = []
    for axis in "YX":
        unit = _TO_UM.get(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        value = number_in(pixels.get(f"PhysicalSize{axis}"))
        if unit is None or value <= 0:
            return image.get("Name", ""), None, power
        size.append(value * unit)
    return image.get("Name", ""), (size[0], size[1]), power


def _aperio_number(page: tifffile.TiffPage, key: str) -> float:
    """Find a value of Aperio's description; some scanners write a decimal comma."""
    found = re.search(rf"\|\s*{key}\s*=([^|]*)", page.description)
    return number_in(found.group(1)) if found else 0.0


def _aperio_size(page: tifffile.TiffPage) -> tuple[float, float] | None:
    value = _aperio_number(page, "MPP")
    return (value, value) if value > 0 else None


def _tag_size(page: tifffile.TiffPage) -> tuple[float, float] | None:
    """Pixel size by the resolution tags, where they can be a microscope's."""
    unit = page.tags.valueof("ResolutionUnit")
    tags = [page.tags.valueof(f"{axis}Resolution") for axis in "YX"]
    if unit not in _RESOLUTION_UNIT or any(not tag or not tag[0] or not tag[1] for tag in tags):
        return None
    height, width = (_RESOLUTION_UNIT[unit] * tag[1] / tag[0] for tag in tags)
    return (height, width) if max(height, width) < COARSEST_UM else None


FORMAT = Format(
    name="ometiff",
    title="TIFF slide",
    suffixes=_SUFFIXES,
    kinds=("slide",),
    reads=_reads,
    read=_read,
)
