"""Where a NIfTI-1 file lies: sform, else qform, else nothing, in mm.

NIfTI has two answers. Of files in which they differ, readers disagree: nibabel, FSL and SPM
take the sform, ITK and what is built on it often the qform. Here it is the sform, and it is
told. A sheared sform is an alignment to another space and is left for the qform.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import GeometryError

__all__ = ["with_space"]

_HEADER = 348
# Factors to mm of the codes for meter, millimeter and micrometer; others count as mm.
_TO_MM = {1: 1000.0, 2: 1.0, 3: 0.001}
# Grids that differ by less than this part of a voxel agree: both are stored in single precision.
_AGREE = 0.1


@dataclass(frozen=True)
class _Header:
    """The fields that place the voxels."""

    size: tuple[int, int, int]
    sform: NDArray[np.float64] | None
    qform: NDArray[np.float64] | None
    spacing: NDArray[np.float64]


def with_space(obj: Image | Segmentation, path: Path) -> Image | Segmentation:
    """Put an image on the grid that its NIfTI header says, and tell what is doubtful.

    Parameters
    ----------
    obj : Image or Segmentation
        As SimpleITK read it.
    path : Path
        The file, NIfTI-1.

    Raises
    ------
    GeometryError
        If the grid is sheared and the header knows no other.
    """
    header = _read_header(path)
    if header is None or header.size != obj.geometry.size:
        return obj
    geometry, note = _geometry(header, path)
    return replace(obj, geometry=geometry, notes=(*obj.notes, note) if note else obj.notes)


def _geometry(header: _Header, path: Path) -> tuple[Geometry, str]:
    sform, qform = (_grid(form, header.size) for form in (header.sform, header.qform))
    if sform is not None and qform is not None:
        shift = float(np.linalg.norm(sform.corners - qform.corners, axis=1).max())
        if shift > _AGREE * min(sform.spacing):
            return sform, (
                f"{path}: sform and qform of its NIfTI header differ by up to {shift:.3g} mm; the "
                "sform is taken, as nibabel, FSL and SPM do. Programs built on ITK may take the "
                "other: check that it lies on its scan."
            )
        return sform, ""
    if sform is not None:
        return sform, ""
    if header.sform is not None and qform is None:
        raise GeometryError(
            f"{path}: the axes of its grid are not perpendicular (sheared), which cannot be shown "
            "or measured without interpolation. Resample it onto a straight grid first."
        )
    if header.sform is not None and qform is not None:
        return qform, (
            f"{path}: the sform of its NIfTI header is sheared, an alignment to another space; "
            "the qform, where it was scanned, is taken."
        )
    if qform is not None:
        return qform, ""
    affine = np.diag([*header.spacing, 1.0])
    return Geometry.from_affine(affine, header.size, ras=True), (
        f"{path}: its NIfTI header says not where in the patient it lies (sform and qform are "
        "unset); it is placed at the origin, and left and right may be swapped."
    )


def _grid(affine: NDArray[np.float64] | None, size: tuple[int, int, int]) -> Geometry | None:
    if affine is None:
        return None
    try:
        return Geometry.from_affine(affine, size, ras=True)
    except GeometryError:
        return None


def _read_header(path: Path) -> _Header | None:
    """Fields of a NIfTI-1 header, lengths in mm; None where it is none."""
    with path.open("rb") as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
    with gzip.open(path) if compressed else path.open("rb") as file:
        data = file.read(_HEADER)
    if len(data) < _HEADER:
        return None
    order = "<" if int(np.frombuffer(data, "<i4", 1)[0]) == _HEADER else ">"

    def field(kind: str, count: int, offset: int) -> NDArray[Any]:
        return np.frombuffer(data, f"{order}{kind}", count, offset)

    scale = _TO_MM.get(data[123] & 7, 1.0)
    dim, pixdim = field("i2", 8, 40), field("f4", 8, 76).astype(float)
    qcode, scode = (int(code) for code in field("i2", 2, 252))
    spacing = np.abs(pixdim[1:4]) * scale
    spacing[spacing == 0] = 1.0
    size = tuple(max(1, int(n)) if axis < dim[0] else 1 for axis, n in enumerate(dim[1:4]))
    sform = np.vstack([field("f4", 12, 280).reshape(3, 4).astype(float) * scale, [0, 0, 0, 1]])
    quaternion, offset = field("f4", 3, 256).astype(float), field("f4", 3, 268) * scale
    qform = _from_quaternion(quaternion, offset, spacing, -1.0 if pixdim[0] < 0 else 1.0)
    sform_known = scode > 0 and bool(np.isfinite(sform).all())
    qform_known = qcode > 0 and bool(np.isfinite(qform).all())
    return _Header(
        size,  # type: ignore[arg-type]
        sform if sform_known else None,
        qform if qform_known else None,
        spacing,
    )


def _from_quaternion(
    bcd: NDArray[np.float64],
    offset: NDArray[np.floating],
    spacing: NDArray[np.float64],
    qfac: float,
) -> NDArray[np.float64]:
    """(4, 4) index-to-RAS matrix of the NIfTI standard's method 2."""
    rest = 1.0 - float(bcd @ bcd)
    if rest < 3 * np.finfo(np.float32).eps:  # a half turn: what is left over is rounding
        bcd, rest = bcd / np.linalg.norm(bcd), 0.0
    a, (b, c, d) = np.sqrt(rest), bcd
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    affine = np.eye(4)
    affine[:3, :3] = rotation * spacing * [1.0, 1.0, qfac]
    affine[:3, 3] = offset
    return affine
