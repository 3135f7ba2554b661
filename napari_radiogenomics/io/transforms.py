"""Transforms as files: JSON holds all of it; a 4×4 text or an ITK file holds a matrix.

All of them map LPS mm of the first frame to those of the second, as ITK's do from the fixed
image to the moving one: 3D Slicer and SimpleITK take the ``.tfm`` as it is.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from napari_radiogenomics.data.transform import Transform
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.atomic import atomic_path

__all__ = ["TRANSFORM_SUFFIXES", "read_transform", "write_transform"]

TRANSFORM_SUFFIXES = (".json", ".txt", ".tfm")


def read_transform(path: str | Path, *, from_frame: str = "", to_frame: str = "") -> Transform:
    """Read a transform.

    Parameters
    ----------
    path : str or Path
        ``.json`` (of this package, or ``{"matrix": …}``), ``.txt`` with 4 rows of 4 numbers, or
        ``.tfm`` of ITK.
    from_frame, to_frame : str, optional
        Its frames where the file names none.

    Returns
    -------
    Transform

    Raises
    ------
    InputError
        If the file holds no transform of mm that can be inverted.
    """
    path = Path(path)
    suffix = _known(path)
    try:
        if suffix == ".json":
            content = json.loads(path.read_text("utf-8"))
            if not isinstance(content, dict):
                raise InputError("It is no JSON object.")
            found = Transform.from_dict(content)
        else:
            matrix = np.loadtxt(path) if suffix == ".txt" else _itk_matrix(path)
            found = Transform.of(matrix)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else "nothing in it"
        raise InputError(
            f"{path} holds no transform ({reason}). Write a JSON with a 4×4 matrix of mm, or "
            "register again."
        ) from error
    return Transform(
        found.steps,
        found.from_frame or from_frame,
        found.to_frame or to_frame,
        found.error_mm,
        found.notes,
        {"path": str(path)},
        found.history,
    )


def write_transform(transform: Transform, path: str | Path) -> Path:
    """Write a transform, all or nothing.

    Parameters
    ----------
    transform : Transform
        Thin-plate splines are written as JSON only.
    path : str or Path
        ``.json``, ``.txt`` (4 rows of 4 numbers) or ``.tfm`` (ITK).

    Returns
    -------
    Path
        The written file.

    Raises
    ------
    InputError
        If the format cannot hold it, or the folder does not exist.
    """
    path = Path(path)
    suffix = _known(path)
    if not path.absolute().parent.is_dir():
        raise InputError(f"The folder {path.absolute().parent} does not exist. Create it first.")
    with atomic_path(path) as temporary:
        if suffix == ".json":
            text = json.dumps(transform.to_dict(), indent=1)
            temporary.write_text(f"{text}\n", encoding="utf-8")
        elif suffix == ".txt":
            np.savetxt(temporary, transform.matrix, fmt="%.12g")
        else:
            _write_itk(transform, temporary)
    return path


def _known(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in TRANSFORM_SUFFIXES:
        raise InputError(
            f"{path.name} is no file of a transform. Known: {', '.join(TRANSFORM_SUFFIXES)}."
        )
    return suffix


def _itk_matrix(path: Path) -> np.ndarray:
    import SimpleITK as sitk

    found = sitk.ReadTransform(str(path))
    if not (found.IsLinear() and found.GetDimension() == 3):
        raise InputError("It is no linear transform in three dimensions.")
    matrix = np.eye(4)
    matrix[:3, 3] = found.TransformPoint((0.0, 0.0, 0.0))
    for axis in range(3):
        unit = [float(axis == one) for one in range(3)]
        matrix[:3, axis] = np.array(found.TransformPoint(unit)) - matrix[:3, 3]
    return matrix


def _write_itk(transform: Transform, path: Path) -> None:
    import SimpleITK as sitk

    affine = sitk.AffineTransform(3)
    affine.SetMatrix(transform.matrix[:3, :3].ravel().tolist())
    affine.SetTranslation(transform.matrix[:3, 3].tolist())
    sitk.WriteTransform(affine, str(path))
