"""What a slide is looked at through, at low power: glass, tissue, region, local background.

All of it is known for the whole slide before the first tile is measured, so that no result
depends on the tiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.tissue.lattice import Lattice, lattice_of
from napari_radiogenomics.tissue.polygon import checked_polygon, in_polygon
from napari_radiogenomics.tissue.stains import amount, optical_density

__all__ = ["LOW_POWER_UM", "Ground", "local_background", "look_at", "rasterized"]

LOW_POWER_UM = 8.0
_TILE = 1024
# Glass is bright and has hardly a color.
_BRIGHT, _COLORFUL = 190.0, 0.12
_LEAST_GLASS = 0.002  # part of the slide
_BRIGHTEST, _NOISE = 99.0, 8.0  # percentile, gray levels
# Smaller holes are lumens and cracks that belong to the tissue, smaller islands are debris.
_ISLAND_MM2, _HOLE_MM2 = 0.01, 0.001
_LOOSE_UM = 16.0
_ALL_WHITE = (255.0, 255.0, 255.0)
_BLOCKS_A_WINDOW = 5
# Neither glass nor tissue: what a scanner did not scan, or the background of a fluorescence
# picture. No stain is so dark in all three colors over such an area.
_BLACK, _MOST_BLACK, _TOLD_BLACK = 24, 0.5, 0.01
_NO_GLASS = (
    "There is no glass in sight: light that nothing absorbs is taken as 255. Give white, the red, "
    "green and blue of glass, where the slide has a tint."
)


@dataclass(frozen=True, eq=False)
class Ground:
    """A slide at low power.

    Attributes
    ----------
    lattice : Lattice
        Its pixels.
    pixels : ndarray of uint8, shape (Y, X, 3)
        The picture.
    white : ndarray, shape (3,)
        Red, green and blue of glass.
    tissue : ndarray of bool, shape (Y, X)
        Where there is tissue.
    inside : ndarray of bool, shape (Y, X)
        Where the region is; everywhere without one.
    searched : ndarray of bool, shape (Y, X)
        Tissue of the region and of a margin around it, so that no object is cut by its border.
    notes : tuple of str
        What should be known.
    """

    lattice: Lattice
    pixels: NDArray[np.uint8]
    white: NDArray[np.float64]
    tissue: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    searched: NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Tissue of the region: what areas are areas of."""
        return self.tissue & self.inside


def look_at(
    slide: Slide,
    region: Segmentation | NDArray | None,
    *,
    white: Sequence[float] | None,
    tissue_od: float,
    margin_mm: float,
    progress: Progress,
) -> Ground:
    """Read the slide at low power and find its tissue.

    Parameters
    ----------
    slide : Slide
        Of known pixel size.
    region : Segmentation, ndarray of shape (N, 2), or None
        In mm of the slide; everything where None.
    white : sequence of float or None
        Red, green and blue of glass; found on the slide where None.
    tissue_od : float
        Mean optical density of the three colors from which on a place is tissue.
    margin_mm : float
        How far beyond the region objects are followed.
    progress : Progress
        Reports tiles.

    Raises
    ------
    InputError
        If there is no tissue, or none in the region, or the picture is black.
    """
    lattice = lattice_of(slide, LOW_POWER_UM)
    pixels = _read(lattice, progress)
    notes: tuple[str, ...] = ()
    if white is None:
        found = _glass(pixels)
        notes = () if found is not None else (_NO_GLASS,)
        known = np.array(_ALL_WHITE) if found is None else found
    else:
        known = _checked(white)
    black, about = _black(slide, pixels, lattice.pixel_mm2, lit=not notes)
    notes = (*about, *notes)
    tissue = _tissue(pixels, known, tissue_od, lattice.pixel_mm2) & ~black
    if not tissue.any():
        raise InputError(
            f"No tissue was found on the slide {slide.name!r}: nowhere is the mean optical "
            f"density {tissue_od:g} or more. Lower tissue_od, or check that the slide is no blank."
        )
    inside, searched = np.ones(tissue.shape, bool), tissue
    if region is not None:
        inside = rasterized(region, lattice)
        searched = tissue & _dilated(inside, margin_mm, lattice)
        if not (tissue & inside).any():
            raise InputError(
                f"The region holds no tissue of the slide {slide.name!r}. Regions are in mm from "
                "the center of the first pixel, x to the right and y down."
            )
    return Ground(lattice, pixels, known, tissue, inside, searched, notes)


def _read(lattice: Lattice, progress: Progress) -> NDArray[np.uint8]:
    pixels = np.empty((*lattice.shape, 3), np.uint8)
    size = max(1, _TILE // lattice.factor)
    for tile in progress(list(lattice.tiles(size)), "Low power"):
        pixels[tile.rows, tile.columns] = np.rint(lattice.read(tile))
    return pixels


def _glass(pixels: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """Color of the brightest peak among what is bright and gray; None where there is too little."""
    flat = pixels.reshape(-1, 3)
    flat = flat[:: max(1, len(flat) // 1_000_000)]
    top, low = flat.max(axis=1).astype(float), flat.min(axis=1).astype(float)
    gray = flat[(top >= _BRIGHT) & (top - low <= _COLORFUL * top)].astype(float)
    if len(gray) < max(1, _LEAST_GLASS * len(flat)):
        return None
    brightness = gray.mean(axis=1)
    # Pale stroma is gray too, and darker than the glass by more than its noise.
    glass = brightness >= np.percentile(brightness, _BRIGHTEST) - _NOISE
    white: NDArray[np.float64] = np.median(gray[glass], axis=0)
    return white


def _black(
    slide: Slide, pixels: NDArray[np.uint8], pixel_mm2: float, *, lit: bool
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Where the picture is black, and what to say; refuse what mostly is, with no glass."""
    dark = np.asarray((pixels < _BLACK).all(axis=2))
    black = _without_small(dark, _ISLAND_MM2 / pixel_mm2, np.ones((3, 3)))
    share = float(black.mean())
    if share > _MOST_BLACK and not lit:
        raise InputError(
            f"{100 * share:.3g} % of the slide {slide.name!r} is black, and no glass is in "
            "sight. Stains are measured by the light that they take from a bright background, and "
            "this looks like a fluorescence picture or an empty one. Choose a slide seen in "
            "transmitted light."
        )
    if share < _TOLD_BLACK:
        return black, ()
    return black, (f"{100 * share:.2g} % of the picture is black, and counts as no tissue.",)


def _checked(white: Sequence[float]) -> NDArray[np.float64]:
    known = np.asarray(white, float)
    if known.shape != (3,) or not ((known > 0) & (known <= 255)).all():
        raise InputError(
            f"white is red, green and blue of glass, each above 0 and up to 255; got {white}."
        )
    return known


def _tissue(
    pixels: NDArray[np.uint8], white: NDArray[np.float64], tissue_od: float, pixel_mm2: float
) -> NDArray[np.bool_]:
    from scipy import ndimage

    dense = np.empty(pixels.shape[:2], bool)
    for start in range(0, len(pixels), _TILE):
        rows = slice(start, start + _TILE)
        dense[rows] = optical_density(pixels[rows], white).mean(axis=2) >= tissue_od
    # Between fibers and nuclei of loose tissue there is no glass, though it may be as bright.
    around = round(_LOOSE_UM / LOW_POWER_UM)
    bridge = np.ones((2 * around + 1,) * 2)
    dense = ndimage.binary_closing(np.pad(dense, 2 * around), bridge)
    dense = dense[2 * around : -2 * around, 2 * around : -2 * around]
    dense = ~_without_small(~dense, _HOLE_MM2 / pixel_mm2, ndimage.generate_binary_structure(2, 1))
    return _without_small(dense, _ISLAND_MM2 / pixel_mm2, np.ones((3, 3)))


def _without_small(mask: NDArray[np.bool_], least: float, touching: NDArray) -> NDArray[np.bool_]:
    from scipy import ndimage

    labels, _ = ndimage.label(mask, touching)
    large = np.bincount(labels.ravel()) >= least
    large[0] = False
    kept: NDArray[np.bool_] = large[labels]
    return kept


def rasterized(region: Segmentation | NDArray, lattice: Lattice) -> NDArray[np.bool_]:
    """Pixels of a lattice whose centers lie in a region.

    Parameters
    ----------
    region : Segmentation or ndarray, shape (N, 2)
        Labels on a grid of one slice in mm of the slide, or corners (x, y) of a polygon.
    lattice : Lattice
        Of the slide.

    Raises
    ------
    InputError
        If the region is neither, or a polygon that crosses itself.
    """
    rows, columns = np.arange(lattice.shape[0]), np.arange(lattice.shape[1])
    x, y = lattice.to_mm(rows, columns)
    if isinstance(region, Segmentation):
        return _in_segmentation(region, x, y)
    return in_polygon(checked_polygon(region), x, y)


def _in_segmentation(region: Segmentation, x: NDArray, y: NDArray) -> NDArray[np.bool_]:
    geometry = region.geometry
    if geometry.size[2] != 1:
        raise InputError(
            f"A region of a slide is one slice; {region.name!r} has {geometry.size[2]}. "
            "Draw it on the slide, or give a polygon."
        )
    mask = region.labels[0] > 0
    inside = np.zeros((len(y), len(x)), bool)
    for row, level in enumerate(y):
        points = np.stack([x, np.full(len(x), level), np.full(len(x), geometry.origin[2])], axis=1)
        index = np.rint(geometry.world_to_index(points)[:, :2]).astype(int)
        held = ((index >= 0) & (index < geometry.size[:2])).all(axis=1)
        inside[row, held] = mask[index[held, 1], index[held, 0]]
    return inside


def _dilated(inside: NDArray[np.bool_], margin_mm: float, lattice: Lattice) -> NDArray[np.bool_]:
    from scipy import ndimage

    if inside.all() or not inside.any():
        return inside
    sampling = np.array(lattice.um) / 1000
    near: NDArray[np.bool_] = ndimage.distance_transform_edt(~inside, sampling) <= margin_mm
    return near


def local_background(
    ground: Ground, matrix: NDArray[np.float64], stain: int, width_um: float
) -> NDArray[np.float32]:
    """Amount of a stain that is usual around each place of the tissue: a local median.

    Parameters
    ----------
    ground : Ground
        The slide at low power.
    matrix : ndarray, shape (S, 3)
        Vectors of the stains.
    stain : int
        Which one.
    width_um : float
        Width of the window.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        On the lattice of the ground; 0 or more.

    Notes
    -----
    The median is taken of five by five blocks, each the mean over its tissue. What covers less
    than half of the window does not move it much.
    """
    from scipy import ndimage

    height, width = ground.lattice.shape
    step = [max(1, round(width_um / _BLOCKS_A_WINDOW / um)) for um in ground.lattice.um]
    total = np.zeros((-(-height // step[0]), -(-width // step[1])))
    weight = np.zeros_like(total)
    starts = np.arange(0, width, step[1])
    for number, top in enumerate(range(0, height, step[0])):
        rows = slice(top, min(top + step[0], height))
        density = optical_density(ground.pixels[rows], ground.white)
        found = amount(density, matrix, stain)
        held = ground.tissue[rows]
        values = np.where(held, np.maximum(found, 0), 0).sum(axis=0, dtype=float)
        total[number] = np.add.reduceat(values, starts)
        weight[number] = np.add.reduceat(held.sum(axis=0), starts)
    known = weight > 0
    blocks = np.divide(total, weight, out=np.zeros_like(total), where=known)
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    usual = ndimage.median_filter(blocks[tuple(nearest)], _BLOCKS_A_WINDOW, mode="reflect")
    for axis, (size, width_px) in enumerate(zip((height, width), step, strict=True)):
        usual = _stretched(usual, axis, size, width_px)
    return usual.astype(np.float32)


def _stretched(blocks: NDArray, axis: int, size: int, width: int) -> NDArray:
    """Interpolate linearly between the middles of blocks along one axis."""
    places = np.clip((np.arange(size) + 0.5) / width - 0.5, 0, blocks.shape[axis] - 1)
    low = places.astype(np.intp)
    high = np.minimum(low + 1, blocks.shape[axis] - 1)
    part = np.expand_dims(places - low, 1 - axis)
    found: NDArray = blocks.take(low, axis) * (1 - part) + blocks.take(high, axis) * part
    return found
