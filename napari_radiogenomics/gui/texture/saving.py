"""Writing maps: one, or all of a run, each with its history beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.files import write
from napari_radiogenomics.progress import Progress, quiet

__all__ = ["save_all", "save_one"]


def save_one(image: Image, path: str | Path) -> str:
    """Write a map; answers with what the person is told."""
    written = write(image, path)
    return f"Saved as {written}. Open it again by dropping it on the window."


def save_all(maps: Mapping[str, Image], folder: str | Path, *, progress: Progress = quiet) -> str:
    """Write maps into a folder as NIfTI, each named after its feature.

    Parameters
    ----------
    maps : mapping of str to Image
        By PyRadiomics' name.
    folder : str or Path
        Where; files of the same names are replaced.
    progress : Progress, optional
        Reports maps; what was written before a cancel stays.

    Returns
    -------
    str
        What the person is told.

    Raises
    ------
    InputError
        If the folder does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"The folder {folder} does not exist. Create it, then save again.")
    for name, image in progress(maps.items(), "Maps"):
        write(image, folder / f"{name}.nii.gz")
    return f"{len(maps)} maps saved in {folder}, each with its history beside it."
