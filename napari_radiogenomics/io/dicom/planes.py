"""The planes of DICOM images: one record for a slice or a frame, classic or enhanced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.dicom.headers import understood

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["Plane", "planes_of"]


@dataclass(frozen=True, eq=False)
class Plane:
    """One two-dimensional picture and where it lies.

    Attributes
    ----------
    path : Path
        Its file.
    frame : int
        Number of the frame in the file, from 0.
    header : Dataset
        Header of the file.
    position : ndarray, shape (3,), or None
        LPS position of the centre of its first pixel in mm.
    orientation : ndarray, shape (6,), or None
        Direction of the rows (along x), then of the columns.
    spacing : tuple of float or None
        Distance of pixel centres along x and y in mm.
    thickness : float or None
        Slice thickness in mm.
    slope, intercept : float
        From stored values to values in ``unit``.
    window : tuple of tuple
        Window presets (center, width, explanation).
    facts : Mapping
        What may tell planes at one place apart: echo time, b-value, time.
    """

    path: Path
    frame: int
    header: Dataset
    position: np.ndarray | None
    orientation: np.ndarray | None
    spacing: tuple[float, float] | None
    thickness: float | None
    slope: float
    intercept: float
    window: tuple[tuple[float, float, str], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """File name, with the frame where the file holds several."""
        several = int(self.header.get("NumberOfFrames") or 1) > 1
        return f"{self.path.name} frame {self.frame + 1}" if several else self.path.name

    @property
    def placed(self) -> bool:
        """Whether the header says where in the patient it lies."""
        return self.position is not None and self.orientation is not None

    @property
    def normal(self) -> np.ndarray:
        """Unit vector across the plane, along which slices are counted."""
        if self.orientation is None:
            return np.array([0.0, 0.0, 1.0])
        return np.cross(self.orientation[:3], self.orientation[3:])


def planes_of(path: Path, header: Dataset) -> list[Plane]:
    """List the planes of one image file.

    Raises
    ------
    InputError
        If a number in the header is none, or a direction no direction.
    """
    with understood(path):
        return _planes(path, header)


def _planes(path: Path, header: Dataset) -> list[Plane]:
    frames = int(header.get("NumberOfFrames") or 1)
    groups = list(header.get("PerFrameFunctionalGroupsSequence") or [])
    if not groups:
        return list(_classic(path, header, frames))
    shared = (header.get("SharedFunctionalGroupsSequence") or [None])[0]
    if len(groups) < frames:
        raise InputError(
            f"{path} announces {frames} frames and describes {len(groups)}. Export it again."
        )
    return [_enhanced(path, header, n, _Groups(groups[n], shared)) for n in range(frames)]


def _classic(path: Path, header: Dataset, frames: int) -> Iterator[Plane]:
    orientation = _direction(header.get("ImageOrientationPatient"), path)
    position = _vector(header.get("ImagePositionPatient"), 3, path)
    detector = (header.get("DetectorInformationSequence") or [None])[0]
    if detector is not None and position is None:
        orientation = _direction(detector.get("ImageOrientationPatient"), path)
        position = _vector(detector.get("ImagePositionPatient"), 3, path)
    offsets = _offsets(header, frames)
    slope, intercept = _rescale(header)
    for frame in range(frames):
        place = position
        if frames > 1:
            place = None
            if position is not None and orientation is not None and offsets is not None:
                place = position + offsets[frame] * _normal(orientation)
        yield Plane(
            path,
            frame,
            header,
            place,
            orientation,
            _spacing(header, path),
            _number(header.get("SliceThickness")),
            slope,
            intercept,
            _window(header),
            _facts(header),
        )


def _normal(orientation: np.ndarray) -> np.ndarray:
    return np.cross(orientation[:3], orientation[3:])


def _offsets(header: Dataset, frames: int) -> np.ndarray | None:
    """Offsets of the frames of a dose grid or a tomogram along their normal, in mm."""
    grid = header.get("GridFrameOffsetVector")
    if grid is not None and len(grid) == frames:
        offsets = np.array(grid, float)
        return offsets - offsets[0]
    step = _number(header.get("SpacingBetweenSlices"))
    if header.get("Modality") == "NM" and step and int(header.get("NumberOfSlices") or 0) == frames:
        return np.arange(frames) * step  # the only place these frames have
    return None


class _Groups:
    """Functional groups of one frame: its own first, then those shared by all."""

    def __init__(self, own: Dataset, shared: Dataset | None) -> None:
        self.places = (own, shared) if shared is not None else (own,)

    def __call__(self, name: str) -> Any:
        for place in self.places:
            if place.get(name):
                return place[name].value[0]
        return {}


def _enhanced(path: Path, header: Dataset, frame: int, group: _Groups) -> Plane:
    slope, intercept = _rescale(group("PixelValueTransformationSequence") or header)
    measures = group("PixelMeasuresSequence")
    return Plane(
        path,
        frame,
        header,
        _vector(group("PlanePositionSequence").get("ImagePositionPatient"), 3, path),
        _direction(group("PlaneOrientationSequence").get("ImageOrientationPatient"), path),
        _spacing(measures, path),
        _number(measures.get("SliceThickness")),
        slope,
        intercept,
        _window(group("FrameVOILUTSequence")),
        _enhanced_facts(group),
    )


def _enhanced_facts(group: _Groups) -> dict[str, Any]:
    content, diffusion = group("FrameContentSequence"), group("MRDiffusionSequence")
    gradient = (diffusion.get("DiffusionGradientDirectionSequence") or [{}])[0]
    kind = group("MRImageFrameTypeSequence") or group("CTImageFrameTypeSequence")
    facts = {
        "time point": _number(content.get("TemporalPositionIndex")),
        "b": _number(diffusion.get("DiffusionBValue")),
        "direction": _tuple(gradient.get("DiffusionGradientOrientation")),
        "TE": _number(group("MREchoSequence").get("EffectiveEchoTime")),
        "type": _words(kind.get("FrameType")) + _words(kind.get("ComplexImageComponent")),
        "trigger": _number(
            group("CardiacSynchronizationSequence").get("NominalCardiacTriggerDelayTime")
        ),
        "stack": str(content.get("StackID", "")),
        "acquired": _seconds(str(content.get("FrameAcquisitionDateTime", ""))),
    }
    return {key: value for key, value in facts.items() if value not in (None, "", ())}


def _facts(header: Dataset) -> dict[str, Any]:
    date = str(header.get("AcquisitionDate", ""))
    clock = str(header.get("AcquisitionTime", ""))
    moment = str(header.get("AcquisitionDateTime", "")) or (date + clock if clock else "")
    reference = _number(header.get("FrameReferenceTime"))
    facts = {
        "time point": _number(header.get("TemporalPositionIdentifier")),
        "b": _number(header.get("DiffusionBValue")),
        "direction": _tuple(header.get("DiffusionGradientOrientation")),
        "TE": _number(header.get("EchoTime")),
        "TI": _number(header.get("InversionTime")),
        "type": _words(header.get("ImageType")),
        "trigger": _number(header.get("TriggerTime")),
        "reference": None if reference is None else reference / 1000,
        "acquisition": _number(header.get("AcquisitionNumber")),
        "acquired": _seconds(moment),
        "instance": _number(header.get("InstanceNumber")),
    }
    if facts["b"] is None and header.get((0x0019, 0x0010)) is not None:
        facts["b"] = _private_b(header)
    return {key: value for key, value in facts.items() if value not in (None, "", ())}


def _private_b(header: Dataset) -> float | None:
    """b-value as Siemens keeps it in its private group."""
    if not str(header[0x0019, 0x0010].value).startswith("SIEMENS MR"):
        return None
    element = header.get((0x0019, 0x100C))
    value = getattr(element, "value", None)
    if isinstance(value, bytes):
        value = value.decode("ascii", "ignore").strip("\0 ")
    return _number(value)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def _tuple(values: Any) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values) if values else ()


def _words(values: Any) -> tuple[str, ...]:
    if not values:
        return ()
    return (values,) if isinstance(values, str) else tuple(str(value) for value in values)


def _seconds(moment: str) -> float | None:
    """Seconds of a DICOM date and time ``YYYYMMDDHHMMSS.F``; a time alone counts from 0."""
    moment = moment.split("+")[0].split("-")[0].strip()
    whole, _, part = moment.partition(".")
    if not whole.isdigit() or len(whole) not in (6, 14):
        return None
    clock = whole[-6:]
    days = np.datetime64(f"{whole[:4]}-{whole[4:6]}-{whole[6:8]}", "D") if len(whole) == 14 else 0
    seconds = int(clock[:2]) * 3600 + int(clock[2:4]) * 60 + int(clock[4:])
    return int(np.int64(days)) * 86400 + seconds + float(f"0.{part or 0}")


def _vector(values: Any, length: int, path: Path) -> np.ndarray | None:
    if not values:
        return None
    try:
        vector = np.array([float(value) for value in values])
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} has a position that is no number. Export it again.") from error
    if len(vector) != length or not np.isfinite(vector).all():
        raise InputError(
            f"{path} has a position or direction of {len(vector)} numbers where {length} finite "
            "ones are needed. Export it again."
        )
    return vector


def _direction(values: Any, path: Path) -> np.ndarray | None:
    vector = _vector(values, 6, path)
    if vector is None:
        return None
    row, column = vector[:3], vector[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if not np.allclose(lengths, 1, atol=1e-2) or abs(row @ column) > 1e-2:
        raise InputError(
            f"{path} has an ImageOrientationPatient that is no pair of perpendicular directions: "
            f"{np.round(vector, 4).tolist()}. Export it again."
        )
    # Headers round to a few digits; the axes are made exactly perpendicular again.
    row = row / lengths[0]
    column = column - (column @ row) * row
    return np.concatenate([row, column / np.linalg.norm(column)])


def _spacing(header: Any, path: Path) -> tuple[float, float] | None:
    for name in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        values = header.get(name)
        if values:
            down, along = float(values[0]), float(values[1])
            if not (down > 0 and along > 0):
                raise InputError(f"{path} has a {name} of {down}×{along} mm. Export it again.")
            return along, down
    return None


def _rescale(header: Any) -> tuple[float, float]:
    dose = _number(header.get("DoseGridScaling"))
    slope = _number(header.get("RescaleSlope"))
    slope = 1.0 if slope is None else slope
    return dose if dose else slope, _number(header.get("RescaleIntercept")) or 0.0


def _window(header: Any) -> tuple[tuple[float, float, str], ...]:
    centers, widths = header.get("WindowCenter"), header.get("WindowWidth")
    if centers is None or widths is None:
        return ()
    words = _words(header.get("WindowCenterWidthExplanation"))
    pairs = list(zip(_several(centers), _several(widths), strict=False))
    words = words + ("",) * (len(pairs) - len(words))
    return tuple(
        (float(center), float(width), word)
        for (center, width), word in zip(pairs, words, strict=False)
    )


def _several(values: Any) -> list[float]:
    return [float(v) for v in values] if hasattr(values, "__iter__") else [float(values)]
