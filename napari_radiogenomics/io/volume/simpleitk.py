"""Volumes through SimpleITK: what NIfTI, NRRD and MetaImage share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import FourthAxis, Image
from napari_radiogenomics.data.segmentation import Segmentation, labels_present
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.io.format import ReadOptions
from napari_radiogenomics.io.volume import slicer_seg as slicer_seg
from napari_radiogenomics.io.volume.labels import as_labels, unfit_voxel

if TYPE_CHECKING:
    import SimpleITK as sitk

__all__ = ["base_name", "read_volume", "write_volume"]

_LOOKS_LABELLED = re.compile(
    r"(^|[^a-z])(seg|segmentation|label|labels|labelmap|mask|roi|glistrboost|"
    r"tumor_segmentation|manuallycorrected)([^a-z]|$)"
)
# More distinct whole numbers than this are taken for a scan, unless the name says otherwise.
_MOST_LABELS = 64
# Free text that NIfTI (80 bytes), NRRD and MetaImage all keep: what a legend needs.
_NOTES = "ITK_FileNotes"
_TOLD = re.compile(r"unit=([^;]*); modality=([^;]*)(?:; feature=([^;]*))?")
_MOST_TOLD = 79  # bytes
_SUFFIX = re.compile(r"\.(nii|nii\.gz|nrrd|nhdr|mha|mhd)$", re.IGNORECASE)


def base_name(path: Path) -> str:
    """Return the name of a file without its format's suffix."""
    return _SUFFIX.sub("", path.name)


def _as_it_is(array: np.ndarray, path: Path) -> np.ndarray:
    return array


def read_volume(
    path: Path,
    options: ReadOptions,
    *,
    restored: Callable[[np.ndarray, Path], np.ndarray] = _as_it_is,
) -> list[Image | Segmentation]:
    """Read a file that SimpleITK knows; label maps are recognized by content and name.

    ``restored(array, path)`` puts back what SimpleITK loses of a format's voxels.
    """
    import SimpleITK as sitk

    try:
        source = sitk.ReadImage(str(path))
    except RuntimeError as error:
        if "orthonormal" in str(error) or "orthogonal" in str(error):
            raise GeometryError(
                f"{path}: the axes of its grid are not perpendicular (sheared), which cannot be "
                "shown or measured without interpolation. Resample it onto a straight grid first."
            ) from error
        raise
    array = sitk.GetArrayFromImage(source)  # (Z, Y, X), (N, Z, Y, X) or with a last channel axis
    if array.dtype.kind == "c":
        raise InputError(f"{path} holds complex numbers. Save their magnitude, then open that.")
    array, geometry, fourth = _arrange(array, source, path)
    array = restored(array, path)
    fourth = options.fourth_axis or fourth if array.ndim == 4 else ""
    metadata = {key: source.GetMetaData(key) for key in source.GetMetaDataKeys()}
    metadata["path"] = str(path)
    slicer = slicer_seg.is_slicer(metadata) and options.kind != "image"
    if slicer or _is_labelled(array, path, options):
        return [_segmentation(array, geometry, path, metadata)]
    told = _TOLD.fullmatch(metadata.get(_NOTES, ""))
    unit, modality, feature = told.groups("") if told else ("", "", "")
    if feature:
        metadata["feature"] = feature
    name = base_name(path)
    notes = _called_labels(array, path, options)
    return [Image(array, geometry, unit, name, modality, fourth, notes=notes, metadata=metadata)]


def _segmentation(
    array: np.ndarray, geometry: Geometry, path: Path, metadata: dict[str, Any]
) -> Segmentation:
    labels = slicer_seg.unlayered(as_labels(array, path), metadata)
    if labels.ndim == 4 and len(labels) == 1:
        labels = labels[0]
    segmentation = Segmentation(
        labels,
        geometry,
        slicer_seg.scheme_of(metadata),
        name=base_name(path).removesuffix(".seg"),
        metadata=metadata,
    )
    return slicer_seg.whole_grid(segmentation)


def _arrange(
    array: np.ndarray, source: sitk.Image, path: Path
) -> tuple[np.ndarray, Geometry, FourthAxis]:
    dimension = source.GetDimension()
    vector = source.GetNumberOfComponentsPerPixel() > 1
    if dimension == 2:
        array = array[np.newaxis]
        direction = np.eye(3)
        direction[:2, :2] = np.reshape(source.GetDirection(), (2, 2))
        geometry = Geometry(
            (*source.GetSize(), 1),
            (*source.GetSpacing(), 1.0),
            (*source.GetOrigin(), 0.0),
            tuple(direction.ravel()),
        )
    elif dimension == 3:
        geometry = Geometry.from_sitk(source)
    elif dimension in (4, 5) and not vector:
        fourth: FourthAxis = "time"
        if dimension == 5:
            array, fourth = _four_axes(array, path)
        direction = np.reshape(source.GetDirection(), (dimension, dimension))[:3, :3]
        geometry = Geometry(
            source.GetSize()[:3],
            source.GetSpacing()[:3],
            source.GetOrigin()[:3],
            tuple(direction.ravel()),
        )
        if len(array) == 1:
            return array[0], geometry, ""
        return array, geometry, fourth
    else:
        raise InputError(
            f"{path} has {dimension} axes with {source.GetNumberOfComponentsPerPixel()} values a "
            "voxel; 2 to 4 axes can be read. Split it first."
        )
    if vector:
        return np.moveaxis(array, -1, 0), geometry, "channel"
    return array, geometry, ""


def _four_axes(array: np.ndarray, path: Path) -> tuple[np.ndarray, FourthAxis]:
    """Leave out one of the leading axes (N, T) of a five-dimensional array; it must be 1 long."""
    if array.shape[1] == 1:
        return array[:, 0], "channel"
    if array.shape[0] == 1:
        return array[0], "time"
    raise InputError(
        f"{path} has {array.shape[1]} time points of {array.shape[0]} channels each; 2 to 4 axes "
        "can be read. Split it first."
    )


def _is_labelled(array: np.ndarray, path: Path, options: ReadOptions) -> bool:
    if options.kind != "auto":
        return options.kind == "segmentation"
    named = bool(_LOOKS_LABELLED.search(base_name(path).lower()))
    if array.ndim == 4 and not named:
        return False
    if array.dtype.kind == "f":
        return named and bool((array == np.round(array)).all()) and not unfit_voxel(array)
    if array.dtype.kind not in "iu" or unfit_voxel(array):
        return False
    if named:
        return True
    present = labels_present(array)
    return 0 < len(present) <= _MOST_LABELS and max(present) < 256 and _few_and_flat(array)


def _called_labels(array: np.ndarray, path: Path, options: ReadOptions) -> tuple[str, ...]:
    """Say why a file that is called a segmentation is read as an image."""
    if options.kind != "auto" or not _LOOKS_LABELLED.search(base_name(path).lower()):
        return ()
    finite = array[np.isfinite(array)]
    unfit = unfit_voxel(array)
    if not unfit or not (finite == np.round(finite)).all():
        return ()  # fractions are those of a map, which may well be named after its mask
    return (
        f"{path} is read as an image: it is named like a segmentation, but holds {unfit}, "
        "and labels are whole numbers from 0 on.",
    )


def _few_and_flat(array: np.ndarray) -> bool:
    """Whether neighbours mostly agree, as in a label map and not in a noisy scan."""
    row = array.reshape(-1, array.shape[-1])
    inside = (row[:, 1:] > 0) & (row[:, :-1] > 0)
    if not inside.any():
        return False
    return bool((row[:, 1:] == row[:, :-1])[inside].mean() > 0.8)


def write_volume(obj: Image | Segmentation, path: Path) -> None:
    """Write through SimpleITK on the true grid, compressed."""
    import SimpleITK as sitk

    array = obj.array if isinstance(obj, Image) else obj.labels
    layered = isinstance(obj, Segmentation) and obj.overlapping
    if layered and not path.name.lower().endswith(".nrrd"):
        raise InputError(
            f'"{path.name}" cannot hold overlapping regions. Save them as 3D Slicer segmentation '
            "(.seg.nrrd) or DICOM SEG (.dcm), or split them first."
        )
    if array.dtype in (np.bool_, np.float16):
        array = array.astype(np.uint8 if array.dtype == np.bool_ else np.float32)
    channels = isinstance(obj, Image) and obj.fourth_axis == "channel"
    if array.ndim == 4 and (channels or layered):
        target = _on_grid(np.moveaxis(array, 0, -1), obj.geometry, vector=True)
    elif array.ndim == 4:
        target = sitk.JoinSeries([_on_grid(volume, obj.geometry) for volume in array])
    else:
        target = _on_grid(array, obj.geometry)
    for key, text in _metadata_to_keep(obj, path).items():
        target.SetMetaData(key, text)
    sitk.WriteImage(target, str(path), useCompression=not path.name.endswith(".nii"))
    if layered:
        slicer_seg.declare_layers(path)


def _metadata_to_keep(obj: Image | Segmentation, path: Path) -> dict[str, str]:
    """Unit, modality and feature of an image; of labels what 3D Slicer keeps in NRRD."""
    if isinstance(obj, Image):
        told = f"unit={obj.unit}; modality={obj.modality}"
        more = f"{told}; feature={obj.metadata['feature']}" if "feature" in obj.metadata else told
        fits = (x for x in (more, told) if _TOLD.fullmatch(x) and len(x.encode()) <= _MOST_TOLD)
        text = next(fits, "")
        return {_NOTES: text} if text else {}
    return slicer_seg.metadata_of(obj) if path.name.lower().endswith((".nrrd", ".nhdr")) else {}


def _on_grid(array: np.ndarray, geometry: Geometry, *, vector: bool = False) -> sitk.Image:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(array), isVector=vector)
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(geometry.direction)
    return image
