"""The slides of a patient: pictures, places in the scan, and landmarks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from napari_radiogenomics.simulate import slides
from napari_radiogenomics.simulate.fields import Tumor
from napari_radiogenomics.simulate.randomness import stream
from napari_radiogenomics.simulate.rows import Rows, write_transform

__all__ = ["add_slides"]

LANDMARK_ERROR_MM = 0.15


def add_slides(
    seed: int,
    name: str,
    tumor: Tumor,
    folder: Path,
    rows: Rows,
    check: Callable[[], None],
) -> None:
    """Cut, draw and write the sections of one patient."""
    for number, section in enumerate(slides.cut(seed, name, tumor)):
        check()
        stain, frame = section.stain, f"{name}-{section.stain}"
        path = f"slides/{name}_{stain}.ome.tiff"
        pixels = slides.draw_slide(seed, name, tumor, section)
        slides.write_slide(pixels, folder / path, name=name, stain=stain)
        rows.add(
            "slides", slide_id=frame, patient_id=name, timepoint="t0", sample_id="",
            stain={"HE": "H&E"}.get(stain, stain), path=path, um_per_pixel=slides.MICRONS,
            frame=frame, section=number + 1,
        )  # fmt: skip
        stem = f"transforms/{frame}_to_{name}-t0"
        write_transform(folder / f"{stem}.json", frame, f"{name}-t0", section.matrix)
        error = _write_landmarks(seed, name, section, folder / f"{stem}-landmarks.csv")
        rows.add(
            "transforms", from_frame=frame, to_frame=f"{name}-t0", path=f"{stem}.json",
            landmarks=f"{stem}-landmarks.csv", method="rigid, known from the simulation",
            error_mm=round(error, 3),
        )  # fmt: skip


def _write_landmarks(seed: int, name: str, section: slides.Section, path: Path) -> float:
    """Six pairs of points, marked with a small error; return the root mean square error."""
    rng = stream(seed, name, "landmarks", section.stain)
    places = np.array([[0.2, 0.2], [0.8, 0.25], [0.5, 0.5], [0.25, 0.8], [0.75, 0.8], [0.5, 0.15]])
    size = np.array(slides.SIZE[::-1]) * slides.MICRONS / 1000
    moving = (places + rng.uniform(-0.05, 0.05, places.shape)) * size
    error = rng.normal(0, LANDMARK_ERROR_MM, (len(places), 3))
    fixed = section.to_world(moving) + error
    table = pd.DataFrame({"name": [f"L{number + 1}" for number in range(len(places))]})
    table[["fixed_x", "fixed_y", "fixed_z"]] = np.round(fixed, 3)
    table[["moving_x", "moving_y"]] = np.round(moving, 3)
    table["moving_z"] = 0.0
    table.to_csv(path, index=False, lineterminator="\n")
    return float(np.sqrt((error**2).sum(axis=1).mean()))
