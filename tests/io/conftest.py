"""Synthetic DICOM files for the tests of `io`, built with pydicom alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
SECRET = "Mustermann^Erika"


def dataset(sop: str, **attributes: Any) -> Dataset:
    """Make a file of a class with the patient's name in it."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = sop
    data.SOPClassUID = sop
    data.SOPInstanceUID = generate_uid()
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.PatientName, data.PatientID, data.PatientBirthDate = SECRET, "P1", "19700101"
    data.StudyInstanceUID, data.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    data.FrameOfReferenceUID = "1.2.3.5"
    for name, value in attributes.items():
        setattr(data, name, value)
    return data


def pixels(data: Dataset, array: np.ndarray) -> Dataset:
    """Give a file grey pixels, (Y, X) or (F, Y, X)."""
    data.Rows, data.Columns = array.shape[-2:]
    if array.ndim == 3:
        data.NumberOfFrames = len(array)
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = data.get("PhotometricInterpretation", "MONOCHROME2")
    data.BitsAllocated = data.BitsStored = 8 * array.itemsize
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(array.dtype.kind == "i")
    data.PixelData = array.tobytes()
    return data


def save(data: Dataset, path: Path) -> Path:
    data.save_as(path, enforce_file_format=True)
    return path


def series(
    folder: Path,
    array: np.ndarray,
    *,
    matrix: np.ndarray | None = None,
    spacing: tuple[float, float, float] = (0.75, 0.5, 2.5),
    origin: tuple[float, float, float] = (-10.0, 20.0, -30.0),
    shear: tuple[float, float, float] = (0.0, 0.0, 0.0),
    depths: list[float] | None = None,
    prefix: str = "slice",
    sop: str = CT,
    modality: str = "CT",
    **attributes: Any,
) -> list[Path]:
    """Write a (Z, Y, X) array as a classic series; slice k lies at ``depths[k]`` mm.

    ``matrix`` has the directions of i, j, k in its columns; ``shear`` slides slices in mm per
    mm. Attributes that are lists of the length Z are given slice by slice.
    """
    folder.mkdir(parents=True, exist_ok=True)
    matrix = np.eye(3) if matrix is None else np.asarray(matrix, float)
    paths = []
    for k, plane in enumerate(array):
        own = {n: v[k] if isinstance(v, list) else v for n, v in attributes.items()}
        depth = k * spacing[2] if depths is None else depths[k]
        data = dataset(sop, Modality=modality, **own)
        data.ImageOrientationPatient = [*matrix[:, 0].tolist(), *matrix[:, 1].tolist()]
        place = np.asarray(origin) + depth * (matrix[:, 2] + np.asarray(shear))
        data.ImagePositionPatient = [round(float(v), 9) for v in place]
        data.PixelSpacing = [spacing[1], spacing[0]]
        data.SliceThickness = spacing[2]
        data.SpacingBetweenSlices = 99.0  # must never be believed
        if "InstanceNumber" not in own:
            data.InstanceNumber = k + 1
        paths.append(save(pixels(data, plane), folder / f"{prefix}{k:03d}.dcm"))
    return paths


@pytest.fixture(scope="session")
def dicom() -> SimpleNamespace:
    """Builders of synthetic DICOM files."""
    return SimpleNamespace(
        dataset=dataset, pixels=pixels, save=save, series=series, secret=SECRET,
        CT=CT, MR=MR, ENHANCED_MR=ENHANCED_MR, RTSTRUCT=RTSTRUCT,
    )  # fmt: skip
