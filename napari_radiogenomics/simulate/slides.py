"""Tissue sections drawn from the tumour's fields: H&E, CD31 and CAIX.

A section lies on an oblique plane across the border of core and rim, so that its colours
change along it. Stains absorb light by Beer and Lambert with the vectors of Ruifrok and
Johnston 2001 (Anal Quant Cytol Histol 23:291-299), in a few steps of density.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.simulate.fields import Tumor, sample_at
from napari_radiogenomics.simulate.randomness import stream

__all__ = [
    "MICRONS",
    "STAINS",
    "WITH_ANGIOGENESIS",
    "Section",
    "cut",
    "draw_slide",
    "microvessels",
    "tissue_on",
    "write_slide",
]

STAINS = ("HE", "CD31", "CAIX")
MICRONS = 8.0
SIZE = (432, 544)  # rows, columns: 3.5 mm × 4.4 mm
LEVELS = 3
PER_MM2 = 38.0
WITH_ANGIOGENESIS = 0.35
"""By how much the log of the density of microvessels rises with a standard deviation of it."""
_VECTORS = np.array([[0.65, 0.70, 0.29], [0.12, 0.94, 0.31], [0.27, 0.57, 0.78]])
_STEP = 0.15  # optical density of one step
_HALF_STAINED = 1.0  # hypoxia at which the membranes have half of the CAIX they can have
_DEAD = 0.9  # core from which on tissue is dead, and takes up less of it
_COARSE = 16  # pixels between the places where the fields are looked up


@dataclass(frozen=True)
class Section:
    """Where a slide lies in the tumour.

    Attributes
    ----------
    stain : str
        One of `STAINS`.
    matrix : ndarray, shape (4, 4)
        From slide mm (x to the right, y down, z = 0, the centre of the first pixel is 0) to
        LPS mm.
    """

    stain: str
    matrix: NDArray[np.float64]

    def to_world(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map slide points (..., 2) in mm to LPS mm."""
        return points @ self.matrix[:3, :2].T + self.matrix[:3, 3]


def cut(seed: int, patient: str, tumor: Tumor) -> list[Section]:
    """Cut neighbouring sections, one for each stain, on one oblique plane."""
    rng = stream(seed, patient, "section")
    place = _border_point(rng, tumor)
    across = place - tumor.center
    across /= np.linalg.norm(across)
    helper = rng.standard_normal(3)
    along = helper - across * (helper @ across)
    along /= np.linalg.norm(along)
    normal = np.cross(across, along)
    half = np.array(SIZE[::-1]) * MICRONS / 2000
    sections = []
    for number, stain in enumerate(STAINS):
        angle = np.deg2rad(rng.uniform(-6, 6))  # each slide is laid down a little differently
        right = np.cos(angle) * across + np.sin(angle) * along
        down = -np.sin(angle) * across + np.cos(angle) * along
        corner = place + 0.005 * number * normal - half[0] * right - half[1] * down
        corner = corner + rng.uniform(-0.15, 0.15) * right + rng.uniform(-0.15, 0.15) * down
        matrix = np.eye(4)
        matrix[:3, :4] = np.stack([right, down, normal, corner], axis=1)
        sections.append(Section(stain, matrix))
    return sections


def _border_point(rng: np.random.Generator, tumor: Tumor) -> NDArray[np.float64]:
    """A place on the border of the core; the middle of the tumour where there is no core."""
    border = np.argwhere(tumor.mask & (np.abs(tumor.core - 0.5) < 0.2))
    if not len(border):
        return tumor.center.copy()
    return tumor.geometry.index_to_world(border[rng.integers(len(border))][::-1])


def _lookup(section: Section, tumor: Tumor, name: str) -> NDArray[np.float32]:
    """A field of the tumour at every pixel."""
    from scipy import ndimage

    rows, columns = (np.arange(0, n + _COARSE, _COARSE) for n in SIZE)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    points = section.to_world(np.stack([x, y], axis=-1) * MICRONS / 1000)
    field = {"core": tumor.core, "depth": tumor.depth}.get(name)
    field = tumor.programs[name] if field is None else field
    values = sample_at(field, tumor.geometry, points)
    return ndimage.affine_transform(values, [1 / _COARSE] * 2, output_shape=SIZE, order=1)


def microvessels(section: Section, tumor: Tumor) -> NDArray[np.floating]:
    """Expected microvessels per mm² at every pixel: few in the core."""
    core, vascular = (_lookup(section, tumor, name) for name in ("core", "angiogenesis"))
    return PER_MM2 * np.exp(WITH_ANGIOGENESIS * vascular) * (1 - 0.92 * core)


def tissue_on(seed: int, patient: str) -> NDArray[np.bool_]:
    """Where the piece of tissue lies on a patient's slides."""
    return _tissue(stream(seed, patient, "tissue"))


def _tissue(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Outline of the piece of tissue on the glass."""
    y, x = np.meshgrid(np.linspace(-1, 1, SIZE[0]), np.linspace(-1, 1, SIZE[1]), indexing="ij")
    angle = np.arctan2(y, x)
    edge = 0.9 + sum(
        0.03 * rng.standard_normal() * np.cos(k * angle + rng.uniform(0, 6.3)) for k in range(2, 9)
    )
    return (np.abs(x) ** 3 + np.abs(y) ** 3) ** (1 / 3) < edge


def _specks(rng: np.random.Generator, chance: NDArray) -> NDArray[np.bool_]:
    """Nuclei: single pixels, some of them two pixels wide."""
    first = rng.random(SIZE) < chance
    wide = first & (rng.random(SIZE) < 0.5)
    return first | np.roll(wide, 1, axis=1)


def _vessel_map(rng: np.random.Generator, density: NDArray) -> NDArray[np.uint8]:
    """0 nothing, 1 wall, 2 lumen; density in vessels per mm²."""
    pixel = (MICRONS / 1000) ** 2
    found = np.argwhere(rng.random(SIZE) < density * pixel)
    vessels = np.zeros(SIZE, np.uint8)
    for y, x in found:
        radius = min(7.0, 1.3 * np.exp(rng.normal(0.25, 0.45)))
        stretch, angle = rng.uniform(1, 2.2), rng.uniform(0, np.pi)
        reach = int(np.ceil(radius * stretch)) + 1
        top, left = max(0, y - reach), max(0, x - reach)
        dy, dx = np.ogrid[top - y : min(SIZE[0], y + reach + 1) - y,
                          left - x : min(SIZE[1], x + reach + 1) - x]  # fmt: skip
        along = (dx * np.cos(angle) + dy * np.sin(angle)) / stretch
        away = np.hypot(along, dy * np.cos(angle) - dx * np.sin(angle))
        patch = vessels[top : top + away.shape[0], left : left + away.shape[1]]
        patch[away <= radius] = 1
        patch[away <= radius - 1.6] = 2
    return vessels


def _bands(rng: np.random.Generator, sigma: float) -> NDArray[np.float64]:
    from scipy import ndimage

    field = ndimage.gaussian_filter(rng.standard_normal(SIZE), sigma, mode="wrap")
    return field / field.std()


def draw_slide(seed: int, patient: str, tumor: Tumor, section: Section) -> NDArray[np.uint8]:
    """Draw one stained section.

    Returns
    -------
    ndarray of uint8, shape (432, 544, 3)
        Red, green, blue.
    """
    shared = stream(seed, patient, "tissue")  # neighbouring sections show the same vessels
    own = stream(seed, patient, "tissue", section.stain)
    tissue = _tissue(shared)
    core = _lookup(section, tumor, "core")
    growth = _lookup(section, tumor, "proliferation")
    living = 1 - 0.85 * core
    vessels = _vessel_map(shared, microvessels(section, tumor))
    nuclei = _specks(shared, 0.085 * np.exp(0.22 * growth) * living)
    steps = np.zeros((*SIZE, 3), np.uint8)  # hematoxylin, eosin, DAB
    if section.stain == "HE":
        pink = 2.2 - 0.8 * core + 0.25 * _bands(own, 12)
        steps[..., 1] = np.clip(_dithered(pink), 0, 4)
        steps[..., 0] = np.where(nuclei, 5, _dithered(0.6 * living - 0.2))
        steps[vessels == 1] = (1, 5, 0)
        steps[vessels == 2] = (0, 0, 0)
    else:
        # A counterstain leaves a haze on all tissue, dead or alive, by which it differs from glass.
        steps[..., 0] = np.where(nuclei, 4, 1 + _dithered(0.8 * living - 0.2))
        steps[vessels == 2] = 0
        brown = (vessels == 1) * 5 if section.stain == "CD31" else _caix(own, section, tumor)
        steps[..., 2] = brown
    steps[~tissue] = 0
    absorbed = steps.astype(np.float32) @ (_VECTORS * _STEP).astype(np.float32)
    return np.round(244 * 10**-absorbed).astype(np.uint8)


def _dithered(level: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Whole steps in a regular pattern (Bayer), so that slow changes show no edges."""
    pattern = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16
    tiled = np.tile(pattern, (-(-SIZE[0] // 4), -(-SIZE[1] // 4)))[: SIZE[0], : SIZE[1]]
    return np.floor(np.maximum(level, 0) + tiled).astype(np.uint8)


def _caix(rng: np.random.Generator, section: Section, tumor: Tumor) -> NDArray[np.uint8]:
    """Membranes brown where hypoxia is high; dead tissue holds little."""
    hypoxia, core = (_lookup(section, tumor, name) for name in ("hypoxia", "core"))
    dead = np.clip((core - _DEAD) / (1 - _DEAD), 0, 1)
    level = 5 / (1 + np.exp(_HALF_STAINED - hypoxia)) * (1 - 0.6 * dead)
    nests = np.abs(_bands(rng, 3.0)) < 0.7
    return _dithered(level * np.where(nests, 1.0, 0.2))


def write_slide(pixels: NDArray[np.uint8], path: Path, *, name: str, stain: str) -> None:
    """Write a pyramid of three levels as tiled OME-TIFF, deflate compressed."""
    import uuid

    import tifffile

    options: dict[str, Any] = {"tile": (256, 256), "photometric": "rgb"}
    options |= {"compression": "zlib", "compressionargs": {"level": 9}}
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"{name}/{stain}")
    metadata = {
        "axes": "YXS",
        "Name": f"{name} {stain}",
        "PhysicalSizeX": MICRONS,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": MICRONS,
        "PhysicalSizeYUnit": "µm",
        "UUID": str(identity),
    }
    level = pixels
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(level, subifds=LEVELS - 1, metadata=metadata, **options)
        for _ in range(LEVELS - 1):
            rows, columns = level.shape[0] // 2, level.shape[1] // 2
            blocks = level.reshape(rows, 2, columns, 2, 3).mean(axis=(1, 3))
            level = (np.round(blocks / 8) * 8).clip(0, 248).astype(np.uint8)  # deflates better
            writer.write(level, subfiletype=1, metadata=None, **options)
