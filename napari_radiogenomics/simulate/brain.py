"""A head in four MR contrasts: T1, T1 after contrast, T2, FLAIR.

Signals are in percent of white matter in T1. Tissue is layered from outside in; the folds of
the cortex come from a smooth random field.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.simulate.fields import Tumor, axes_of, block_of, ellipsoid
from napari_radiogenomics.simulate.randomness import smooth_field, stream
from napari_radiogenomics.simulate.vessels import Tube, draw, keep_outside, tree

__all__ = ["CHANNELS", "FIELD_OF_VIEW", "brain", "edema_of", "tumor_center"]

Float = NDArray[np.float32]

FIELD_OF_VIEW = np.array([154.0, 190.0, 100.0])
LATTICE_MM = 1.5
CHANNELS = ("T1", "T1c", "T2", "FLAIR")
# Signal of each tissue in T1, T1c, T2, FLAIR, in percent of white matter in T1.
_SIGNAL = {
    "air": (0, 0, 0, 0),
    "scalp": (125, 128, 70, 75),
    "skull": (14, 15, 12, 12),
    "csf": (22, 23, 185, 18),
    "gray": (72, 76, 98, 92),
    "white": (100, 103, 68, 66),
    "edema": (74, 77, 140, 138),
    "core": (40, 44, 150, 92),
    "rim": (70, 168, 118, 122),
    "vessel": (58, 190, 25, 35),
}


def tumor_center(side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A place in the white matter of one hemisphere, LPS mm."""
    shift = rng.uniform(-1, 1, 3) * np.array([4.0, 16.0, 8.0])
    return np.array([side * 33.0, 2.0, 14.0]) + shift


def edema_of(seed: int, patient: str, tumor: Tumor, *, whole: bool) -> Float:
    """Level set of the oedema around a tumour, positive inside; it stays in the brain."""
    lumps = smooth_field(stream(seed, patient, "edema"), tumor.geometry, 7.0)
    edema = tumor.depth + 7.0 + 3.5 * lumps
    if whole:
        edema = np.minimum(edema, _skull(tumor.geometry) - 17.0)
    return edema.astype(np.float32)


def _skull(geometry: Geometry) -> Float:
    """Depth below the skin in mm."""
    return ellipsoid(axes_of(geometry), (0, 0, -6), (76, 94, 84))


def brain(
    seed: int,
    patient: str,
    lattice: Geometry,
    tumor: Tumor,
    vessels: list[Tube],
    *,
    whole: bool,
    contrast: float,
) -> dict[str, Float]:
    """Signal of each channel, arrays of shape (Z, Y, X) of the lattice.

    Parameters
    ----------
    seed, patient
        Name of the random streams.
    lattice : Geometry
        Grid of the phantom.
    tumor : Tumor
        Shape and texture of the lesion.
    vessels : list of Tube
        Vessels around the tumour.
    whole : bool
        Draw the head too; without it the lattice is taken for white matter.
    contrast : float
        How strongly the patches show: 1 is the average patient.
    """
    layers = _head(seed, patient, lattice) if whole else []
    texture = 1 + 0.025 * smooth_field(stream(seed, patient, "white"), lattice, 4.0)
    edema = edema_of(seed, patient, tumor, whole=whole)
    blood = draw(vessels + (_normal_vessels(seed, patient, tumor) if whole else []), lattice)
    block = block_of(lattice, tumor.geometry)
    mm = lattice.spacing[0]
    parts = [(tissue, np.clip(inside / mm + 0.5, 0, 1)) for tissue, inside in layers]
    channels = {}
    for number, name in enumerate(CHANNELS):
        start = "air" if whole else "white"
        values = np.full(lattice.shape, _SIGNAL[start][number], np.float32)
        for tissue, part in parts:
            values += part * (_SIGNAL[tissue][number] - values)
        values[block] = _fill(values[block], edema, _SIGNAL["edema"][number], mm)
        values *= texture
        values += blood * (_SIGNAL["vessel"][number] - values)
        lesion = _lesion(tumor, number, contrast)
        values[block] = _fill(values[block], tumor.depth, lesion, mm)
        channels[name] = values
    return channels


def _lesion(tumor: Tumor, channel: int, contrast: float) -> Float:
    rim, core = _SIGNAL["rim"][channel], _SIGNAL["core"][channel]
    return (rim + (core - rim) * tumor.core) * (1 - 0.13 * contrast * tumor.patches)


def _fill(values: Float, inside: Float, value: Float | float, mm: float) -> Float:
    part = np.clip(inside / mm + 0.5, 0, 1)
    return values + part * (value - values)


def _head(seed: int, patient: str, geometry: Geometry) -> list[tuple[str, Float]]:
    """Layers from outside in: scalp, skull, fluid, cortex, white matter, ventricles, nuclei."""
    rng = stream(seed, patient, "head")
    x, y, z = axes_of(geometry)
    folds = smooth_field(rng, geometry, 5.5)
    fine = smooth_field(rng, geometry, 9.0)
    head = _skull(geometry)
    fissure = np.abs(x) - 1.0 - 0.5 * np.abs(fine) + np.maximum(z - 60, 0)  # falx
    cortex = np.minimum(head - 12.8, fissure + 0.0 * folds)
    # Sulci: sheets where a random field crosses zero, deep to about 26 mm below the skin.
    sulci = np.abs(folds) * 7.0 - 1.4 + np.maximum(head - 23, 0) * 0.55
    cortex = np.minimum(cortex, sulci)
    white = np.minimum(head - 16.5, sulci - 3.0)
    callosum = np.minimum(5 - np.abs(z - 14 + 0.004 * y**2), 26 - np.abs(y)) + 0 * x
    bridge = np.minimum(callosum, 9 - np.abs(x))
    white = np.maximum(np.minimum(white, fissure + 3 - 0.02 * z), bridge)
    side = np.abs(x)
    horn = ellipsoid((side, y, z), (9, 0, 10), (7.0, 34, 10)) - 0.08 * np.abs(y)
    third = ellipsoid((x, y, z), (0, 4, -4), (3, 14, 10))
    nuclei = np.maximum(
        ellipsoid((side, y, z), (13, 10, -2), (9, 15, 10)),
        ellipsoid((side, y, z), (24, -4, 0), (7, 16, 12)),
    )
    ventricles = np.maximum(horn, third)
    return [
        ("scalp", head),
        ("skull", head - 5.0),
        ("csf", head - 11.5),
        ("gray", cortex),
        ("white", white),
        ("gray", np.minimum(nuclei, head - 20)),
        ("csf", ventricles),
    ]


def _normal_vessels(seed: int, patient: str, tumor: Tumor) -> list[Tube]:
    rng = stream(seed, patient, "brain vessels")
    tubes: list[Tube] = []
    for side in (-1.0, 1.0):
        for aim in ([side, 0.2, 0.1], [side * 0.2, -1, 0.5], [side * 0.3, 0.8, 0.3]):
            start = np.array([side * 6.0, -6.0, -26.0])
            tubes += tree(rng, start, np.asarray(aim), length=24, radius=1.9, levels=3)
    sinus = np.arange(-80, 70, 0.5)
    top = -6 + 80 * np.sqrt(np.clip(1 - (sinus / 92) ** 2, 0, 1)) - 8
    tubes.append((np.stack([0 * sinus, sinus, top], axis=1), np.full(len(sinus), 3.0)))
    return keep_outside(tubes, tumor, 18.0)
