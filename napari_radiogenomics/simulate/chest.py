"""Half a chest in contrast-enhanced CT: what a targeted reconstruction of one lung shows.

Plain shapes (Hounsfield units) chosen so that the picture reads as a scan: fat, muscle, ribs,
spine, lung with vessels, heart, aorta and airway.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.simulate.fields import Tumor, axes_of, block_of, ellipsoid
from napari_radiogenomics.simulate.randomness import smooth_field, stream
from napari_radiogenomics.simulate.vessels import Tube, draw, keep_outside, tree

__all__ = ["FIELD_OF_VIEW", "Body", "chest", "field_center", "tumor_center", "tumor_hu"]

Float = NDArray[np.float32]

FIELD_OF_VIEW = np.array([142.0, 148.0, 76.0])
LATTICE_MM = 1.25

AIR, FAT, LUNG, MUSCLE, BLOOD, BONE = -1000.0, -95.0, -860.0, 48.0, 210.0, 420.0
TUMOR, CORE = 72.0, 34.0


@dataclass(frozen=True)
class Body:
    """Which lung carries the tumour, and the size of the person.

    Attributes
    ----------
    side : {1, -1}
        1 left, -1 right.
    scale : float
        Size relative to a chest of 340 mm × 236 mm.
    """

    side: int
    scale: float


def field_center(body: Body) -> NDArray[np.float64]:
    """Centre of the field of view, LPS mm."""
    return np.array([body.side * 75.0, 3.0, 0.0])


def tumor_center(body: Body, rng: np.random.Generator) -> NDArray[np.float64]:
    """A place well inside the lung."""
    shift = rng.uniform(-1, 1, 3) * np.array([5.0, 12.0, 10.0])
    return np.array([body.side * 84.0, 4.0, 0.0]) * body.scale + shift


def _fill(values: Float, inside: Float, value: Float | float) -> Float:
    """Paint a value, in place, where a level set is positive; the border is one voxel soft."""
    part = np.multiply(inside, 1 / LATTICE_MM, dtype=np.float32)
    part += 0.5
    np.clip(part, 0, 1, out=part)
    values += part * (value - values)
    return values


def chest(
    seed: int,
    patient: str,
    lattice: Geometry,
    tumor: Tumor,
    vessels: list[Tube],
    *,
    body: Body | None,
    contrast: float,
) -> Float:
    """Hounsfield units of the phantom, shape (Z, Y, X) of the lattice.

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
    body : Body or None
        The chest around the lung; with None the whole lattice is lung.
    contrast : float
        How strongly the patches show: 1 is the average patient.
    """
    texture = smooth_field(stream(seed, patient, "parenchyma"), lattice, 3.0)
    _, y, _ = axes_of(lattice)
    values = LUNG + 0.2 * y + 7 * texture  # the lung's lower part (posterior) is denser
    if body is not None:
        values = _thorax(seed, patient, lattice, body, values)
        vessels = keep_outside(_normal_vessels(seed, patient, body), tumor, 20.0) + vessels
    blood = draw(vessels, lattice)
    values = values + blood * np.maximum(BLOOD - values, 0)
    block = block_of(lattice, tumor.geometry)
    values[block] = _fill(values[block], tumor.depth, tumor_hu(tumor, contrast))
    return values


def tumor_hu(tumor: Tumor, contrast: float) -> Float:
    """Signal of the lesion: a dark core, and patches where hypoxia enhances less."""
    return TUMOR + (CORE - TUMOR) * tumor.core - 18.0 * contrast * tumor.patches


def _normal_vessels(seed: int, patient: str, body: Body) -> list[Tube]:
    rng = stream(seed, patient, "lung vessels")
    tubes: list[Tube] = []
    root = np.array([body.side * 36.0, 8.0, 0.0]) * body.scale
    for angle in np.linspace(0, 2 * np.pi, 13, endpoint=False):
        aim = np.array([body.side * 0.8, np.cos(angle), np.sin(angle)])
        aim += rng.normal(0, 0.15, 3)
        start = root + np.array([0, 6 * np.cos(angle), 8 * np.sin(angle)])
        tubes += tree(rng, start, aim, length=26, radius=3.2, levels=5)
    return tubes


def _thorax(seed: int, patient: str, geometry: Geometry, body: Body, lung: Float) -> Float:
    rng = stream(seed, patient, "thorax")
    axes = tuple(axis / body.scale for axis in axes_of(geometry))
    x, y, z = axes
    flat = np.zeros_like(z)
    rough = smooth_field(rng, geometry, 10.0)
    skin = ellipsoid((x, y, flat), (0, 0, 0), (172, 118, 1e3))
    cage = ellipsoid((x, y, z), (0, -2, 10), (140, 96, 260)) + 0.6 * rough
    values = np.full(geometry.shape, AIR, np.float32)
    values = _fill(values, skin, FAT + 4 * rough)
    values = _fill(values, cage + 17, MUSCLE + 2 * rough)
    values = _ribs(values, cage, axes)
    cavity = cage - 4
    values = _fill(values, cavity, FAT + 60 + 4 * rough)
    for side in (1, -1):
        lobe = ellipsoid(axes, (side * 76, -2, -4), (56, 84, 150)) + 1.5 * rough
        values = _fill(values, np.minimum(lobe, cavity - 1), lung)
    return _mediastinum(values, axes, rough)


def _ribs(values: Float, cage: Float, axes: tuple) -> Float:
    """Bone where a shell around the lungs meets slanted bands."""
    x, y, z = axes
    shell = 5.0 - np.abs(cage - 1.5)
    band = 5.5 * np.cos(2 * np.pi * (z + 0.42 * y + 0.05 * np.abs(x)) / 27.0) - 0.6
    rib = np.minimum(shell, band)
    values = _fill(values, rib, BONE)
    return _fill(values, rib - 2.2, 190.0)  # marrow


def _mediastinum(values: Float, axes: tuple, rough: Float) -> Float:
    x, y, z = axes
    flat = np.zeros_like(z)
    heart = ellipsoid(axes, (22, -30, -46), (52, 42, 58)) + rough
    values = _fill(values, heart, 118.0)
    for center in ((32, -24, -48), (2, -38, -44)):
        chamber = ellipsoid(axes, center, (21, 19, 34)) + rough
        values = _fill(values, chamber, BLOOD)
    ascending = 15 - np.hypot(x + 10, y + 26) - 0.5 * np.maximum(-z - 10, 0)
    values = _fill(values, ascending + flat, BLOOD + 30)
    pulmonary = ellipsoid(axes, (0, -8, 2), (40, 11, 12))
    values = _fill(values, pulmonary, BLOOD)
    airway = 8.5 - np.hypot(x - np.sign(x) * np.maximum(8 - z, 0) * 0.55, y - 14)
    values = _fill(values, airway + 1.6, MUSCLE)
    values = _fill(values, airway, AIR + 10)
    descending = 12.5 - np.hypot(x - 27, y - 46)
    values = _fill(values, descending + flat, BLOOD + 30)
    return _spine(values, axes, rough)


def _spine(values: Float, axes: tuple, rough: Float) -> Float:
    x, y, z = axes
    disc = np.cos(2 * np.pi * z / 26.0)  # bodies alternate with discs
    muscle = np.maximum(30 - np.hypot((np.abs(x) - 30) * 0.8, y - 92), 24 - np.hypot(x, y - 78))
    values = _fill(values, muscle + 0 * z, MUSCLE + 3 * rough)
    vertebra = 19 - np.hypot(x, (y - 66) * 1.12) + 0 * z
    values = _fill(values, vertebra, np.where(disc > -0.85, BONE, 90.0))
    values = _fill(values, vertebra - 3, np.where(disc > -0.8, 190 + 22 * rough, 80.0))
    arch = 5.0 - np.abs(np.hypot(x, y - 92) - 12) + 0 * z
    values = _fill(values, arch, BONE)
    spinous = np.minimum(4.0 - np.abs(x), 14 - np.abs(y - 112)) + 0 * z
    values = _fill(values, np.minimum(spinous, 8 * disc + 4), BONE)
    canal = 9.0 - np.hypot(x, y - 92) + 0 * z
    return _fill(values, canal, 25.0)
