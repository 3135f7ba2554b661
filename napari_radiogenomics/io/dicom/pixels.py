"""Stored pixels of DICOM files, and the values they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.io.dicom.headers import damaged, quiet_pydicom
from napari_radiogenomics.io.dicom.planes import Plane

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.pixels.decoders.base import Decoder
    from pydicom.uid import UID

__all__ = ["decoder_of", "frames_of", "stored", "values"]


def frames_of(path: Path) -> NDArray:
    """Stored values of all frames of a file.

    Returns
    -------
    ndarray, shape (F, Y, X) or (F, Y, X, 3)
        Three values a pixel are red, green and blue.

    Raises
    ------
    InputError
        If the file holds no pixels, or fewer than it announces.
    MissingDependency
        If its compression needs a decoder that is not installed.
    """
    import pydicom

    try:
        with quiet_pydicom():
            data = pydicom.dcmread(path, force=True)
            _require_decoder(data, path)
            array = _decoded(data)
    except (MissingDependency, InputError):
        raise
    except RuntimeError as error:
        raise InputError(
            f"{path} cannot be decoded ({data.file_meta.TransferSyntaxUID.name}): it is damaged, "
            "or of a kind that the installed decoders do not know. Convert it to uncompressed "
            "DICOM first."
        ) from error
    except damaged() as error:
        raise InputError(
            f"{path} is damaged or cut off: its pixels cannot be read ({type(error).__name__}). "
            "Copy or export it again; moved away, the rest of its series opens with its place "
            "blank."
        ) from error
    frames = int(data.get("NumberOfFrames") or 1)
    return array if frames > 1 else array[np.newaxis]


def _decoded(data: Dataset) -> NDArray:
    from pydicom.pixels import apply_color_lut, apply_modality_lut

    array = data.pixel_array
    if data.get("PhotometricInterpretation") == "PALETTE COLOR" and data.get("Modality") != "SEG":
        array = apply_color_lut(array, data)[..., :3]
    elif "ModalityLUTSequence" in data:
        array = np.asarray(apply_modality_lut(array, data))
    return array


def _require_decoder(data: Dataset, path: Path) -> None:
    if not any(name in data for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise InputError(
            f"{path} announces {data.Columns}×{data.Rows} pixels and holds none. Copy or export "
            "it again."
        )
    if "TransferSyntaxUID" not in data.file_meta:
        data.file_meta.TransferSyntaxUID = _guessed_syntax(data)
    decoder_of(data.file_meta.TransferSyntaxUID, path)


def decoder_of(syntax: UID, path: Path) -> Decoder:
    """Return what decodes the pixels of a file.

    Raises
    ------
    InputError
        If they are no still image.
    MissingDependency
        If a package is missing.
    """
    from pydicom.pixels import get_decoder

    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise InputError(
            f"{path} is stored as {syntax.name}, which is no still image that can be read. "
            "Convert it to uncompressed DICOM first."
        ) from None
    if not decoder.is_available:
        raise MissingDependency(
            "pylibjpeg", extra="dicom", purpose=f"decode {path.name} ({syntax.name})"
        )
    return decoder


def _guessed_syntax(data: Dataset) -> UID:
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    implicit, little = data.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def stored(planes: Sequence[Plane]) -> list[NDArray]:
    """Stored values of each plane, shape (Y, X) or (Y, X, 3); each file is decoded once."""
    wanted: dict[Path, list[int]] = {}
    for number, plane in enumerate(planes):
        wanted.setdefault(plane.path, []).append(number)
    found: list[NDArray] = [np.empty(0)] * len(planes)
    for path, numbers in wanted.items():
        frames = frames_of(path)
        for number in numbers:
            found[number] = _of_plane(frames, planes[number])
    return found


def _of_plane(frames: NDArray, plane: Plane) -> NDArray:
    expected = int(plane.header.Rows), int(plane.header.Columns)
    if plane.frame >= len(frames) or frames.shape[1:3] != expected:
        raise InputError(
            f"{plane.path} announces {expected[1]}×{expected[0]} pixels and holds "
            f"{frames.shape[2]}×{frames.shape[1]} in {len(frames)} frames. Export it again."
        )
    return frames[plane.frame]


def values(raw: Sequence[NDArray], planes: Sequence[Plane]) -> list[NDArray]:
    """Apply slope and intercept of each plane; whole numbers stay whole.

    Returns
    -------
    list of ndarray
        All of one dtype: as stored where nothing is to be applied, else the smallest of int16
        and int32 that holds every value, or float32 where slopes are fractions.
    """
    scales = [
        (1.0, 0.0) if "ModalityLUTSequence" in plane.header else (plane.slope, plane.intercept)
        for plane in planes
    ]
    dtype = _dtype(raw, scales)
    return [_scaled(array, *scale, dtype) for array, scale in zip(raw, scales, strict=True)]


def _dtype(raw: Sequence[NDArray], scales: Sequence[tuple[float, float]]) -> np.dtype:
    if any(array.dtype.kind == "f" for array in raw):
        return np.dtype(np.float32)
    if all(scale == (1.0, 0.0) for scale in scales):
        return np.result_type(*{array.dtype for array in raw})
    if not all(slope.is_integer() and intercept.is_integer() for slope, intercept in scales):
        return np.dtype(np.float32)
    ends = [
        float(end) * slope + intercept
        for array, (slope, intercept) in zip(raw, scales, strict=True)
        for end in (array.min(), array.max())
    ]
    for dtype in (np.int16, np.int32):
        limits = np.iinfo(dtype)
        if limits.min <= min(ends) and max(ends) <= limits.max:
            return np.dtype(dtype)
    return np.dtype(np.float32)


def _scaled(array: NDArray, slope: float, intercept: float, dtype: np.dtype) -> NDArray:
    if (slope, intercept) == (1.0, 0.0):
        return array.astype(dtype, copy=False)
    if dtype.kind == "f":
        return (array * np.float64(slope) + intercept).astype(dtype)
    return (
        array.astype(np.int64 if dtype == np.int32 else np.int32) * int(slope) + int(intercept)
    ).astype(dtype)
