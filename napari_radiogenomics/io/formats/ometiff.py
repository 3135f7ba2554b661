"""Tissue slides in TIFF: OME-TIFF and other pyramids, read lazily through tifffile.

Tiles are read when they are looked at. Deflate, PackBits and uncompressed tiles need nothing
more; JPEG, JPEG 2000, LZW and others need the extra ``slides`` (imagecodecs).
"""

from __future__ import annotations

import re
import weakref
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.io.format import Format, ReadOptions

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
# A resolution above this (µm) is a screen's 72 or 96 dots per inch, not a microscope's.
_COARSEST_UM = 120.0
_STAINS = {
    "H&E": r"h&e|h_e|he|hne|hematoxylin",
    "CD31": r"cd31|pecam1?",
    "CD34": r"cd34",
    "CAIX": r"caix|ca9|ca-ix",
    "HIF1A": r"hif-?1-?a(lpha)?",
    "Ki-67": r"ki-?67|mki67",
    "VEGFA": r"vegfa?",
}


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
    stores = [series.aszarr(level=number) for number in range(len(series.levels))]
    _close_after(file, stores)
    levels = tuple(
        _level(level, store, path) for level, store in zip(series.levels, stores, strict=True)
    )
    _check_first_tile(levels[-1], path)
    name = _SUFFIX.sub("", path.name)
    title, size = _ome_facts(file.ome_metadata) if file.is_ome else ("", None)
    size = size or _aperio_size(page) or _tag_size(page)
    notes = () if size else (
        f"{path.name} does not tell its pixel size; nothing per mm² can be measured. "
        "Give um_per_pixel in slides.csv.",
    )  # fmt: skip
    stain = _stain_of(name) or _stain_of(title)
    metadata = {"path": str(path), "title": title, "compression": page.compression.name}
    return Slide(levels, size, stain, name=name, notes=notes, metadata=metadata)


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


def _level(level: Any, store: Any, path: Path) -> Any:
    """One level of the pyramid as a lazy (Y, X, 3) array."""
    import dask.array as da
    import numpy as np
    import zarr

    if level.dtype != np.uint8:
        raise InputError(
            f"{path} holds {level.dtype} values; a slide has 8 bits a channel. Export it as "
            "8-bit RGB, or open it as an image."
        )
    array = da.from_zarr(zarr.open_array(store, mode="r"))
    axes = level.axes
    if axes == "YXS" and level.shape[2] in (3, 4):
        return array[..., :3]
    if axes in ("SYX", "CYX") and level.shape[0] == 3:
        return da.moveaxis(array, 0, -1).rechunk({-1: 3})
    if axes == "YX":
        return da.stack([array] * 3, axis=-1).rechunk({-1: 3})
    raise InputError(
        f"{path} has the axes {axes} of size {level.shape}; a slide is one RGB or gray picture. "
        "Split its channels or planes into files first."
    )


def _check_first_tile(level: Any, path: Path) -> None:
    """Decode a corner of the coarsest level, so that damage is told when the slide is opened."""
    try:
        level[:1, :1].compute()
    except (OSError, RuntimeError, ValueError, TypeError, IndexError, zlib.error) as error:
        raise InputError(
            f"{path} has a damaged picture: its tiles cannot be decoded. Copy or export it "
            f"again. ({type(error).__name__}: {error})"
        ) from error


def _ome_facts(text: str | None) -> tuple[str, tuple[float, float] | None]:
    """Name and pixel size of the first picture of an OME header."""
    from defusedxml import ElementTree

    try:
        root = ElementTree.fromstring(text or "<OME/>")
    except ElementTree.ParseError:
        return "", None
    image = root.find("{*}Image")
    pixels = image.find("{*}Pixels") if image is not None else None
    if image is None or pixels is None:
        return "", None
    size = []
    for axis in "YX":
        unit = _TO_UM.get(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        value = _number(pixels.get(f"PhysicalSize{axis}", ""))
        if unit is None or value <= 0:
            return image.get("Name", ""), None
        size.append(value * unit)
    return image.get("Name", ""), (size[0], size[1])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _aperio_size(page: tifffile.TiffPage) -> tuple[float, float] | None:
    found = re.search(r"\|\s*MPP\s*=\s*([\d.]+)", page.description)
    value = _number(found.group(1)) if found else 0.0
    return (value, value) if value > 0 else None


def _tag_size(page: tifffile.TiffPage) -> tuple[float, float] | None:
    """Pixel size by the resolution tags, where they can be a microscope's."""
    unit = page.tags.valueof("ResolutionUnit")
    tags = [page.tags.valueof(f"{axis}Resolution") for axis in "YX"]
    if unit not in _RESOLUTION_UNIT or any(not tag or not tag[0] or not tag[1] for tag in tags):
        return None
    height, width = (_RESOLUTION_UNIT[unit] * tag[1] / tag[0] for tag in tags)
    return (height, width) if max(height, width) < _COARSEST_UM else None


def _stain_of(name: str) -> str:
    """Stain that a name tells, as a word of its own.

    Examples
    --------
    >>> _stain_of("P001_CD31"), _stain_of("tumour H&E 3"), _stain_of("sheep")
    ('CD31', 'H&E', '')
    """
    for stain, pattern in _STAINS.items():
        if re.search(rf"(?<![a-z0-9])({pattern})(?![a-z0-9])", name, re.IGNORECASE):
            return stain
    return ""


FORMAT = Format(
    name="ometiff",
    title="TIFF slide",
    suffixes=_SUFFIXES,
    kinds=("slide",),
    reads=_reads,
    read=_read,
)
