"""From a slide and settings to a scene that can be measured, and what is refused before that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.tissue.cells import cells_of
from napari_radiogenomics.tissue.estimate import estimate_vectors
from napari_radiogenomics.tissue.ground import Ground, local_background, look_at
from napari_radiogenomics.tissue.kinds import KINDS, Kind, is_named
from napari_radiogenomics.tissue.lattice import Lattice, Tile, lattice_of
from napari_radiogenomics.tissue.living import without_dead
from napari_radiogenomics.tissue.scene import Scene
from napari_radiogenomics.tissue.stains import StainSet, find_stains, optical_density

__all__ = ["Wanted", "prepare", "with_pixel_size"]

# Objects are followed so far beyond the region.
_MARGIN_MM = 0.1
_SAMPLE_TILES, _SAMPLE_SIDE = 25, 256


@dataclass(frozen=True, eq=False)
class Wanted:
    """Settings of `measure_tissue`, under the same names."""

    kind: Kind
    stains: str
    vectors: str
    threshold_rule: str
    threshold: float | None
    resolution_um: float
    min_area_um2: float | None
    max_area_um2: float | None
    gap_um: float
    background_um: float
    field_mm: float
    n_fields: int
    window_mm: float
    window_rule: str
    map_step_mm: float
    tissue_od: float
    living_od: float
    white: Sequence[float] | None
    seed: int
    tile: int

    def __post_init__(self) -> None:
        least, most = self.area_um2
        if least > most:
            raise InputError(
                f"min_area_um2 is {least:g} and max_area_um2 {most:g}: nothing would count."
            )
        if self.threshold_rule not in ("fixed", "otsu"):
            raise InputError(f'threshold_rule is "fixed" or "otsu"; got "{self.threshold_rule}".')
        if self.threshold_rule == "otsu" and (self.kind.target and self.kind.above_background):
            raise InputError(
                "One threshold by Otsu for the whole slide merges vessels: they are found by a "
                "fixed amount above the local background. Give threshold, or leave it."
            )
        if self.threshold_rule == "otsu" and self.threshold is not None:
            raise InputError("Otsu's rule finds the threshold itself: give the rule or the number.")
        if self.window_rule not in ("fixed", "likelihood"):
            raise InputError(f'window_rule is "fixed" or "likelihood"; got "{self.window_rule}".')
        if self.window_rule == "likelihood" and not self.kind.noun:
            raise InputError(
                f"The {self.kind.name} of a section is an area: nothing is counted that a window "
                'could be found by. Give window_mm with window_rule="fixed".'
            )

    @property
    def area_um2(self) -> tuple[float, float]:
        """Stained area of an object, least and most."""
        given = (self.min_area_um2, self.max_area_um2)
        least, most = (
            usual if own is None else float(own)
            for own, usual in zip(given, self.kind.area_um2, strict=True)
        )
        return least, most


def with_pixel_size(slide: Slide, um_per_pixel: float | None) -> tuple[Slide, tuple[str, ...]]:
    """Give a slide its pixel size; refuse it where nobody knows.

    Raises
    ------
    InputError
        If neither the slide nor the setting tells the pixel size.
    """
    if um_per_pixel is None:
        if slide.um_per_pixel is None:
            raise InputError(
                f"The pixel size of the slide {slide.name!r} is not known, and nothing per mm² can "
                "be measured without it. Give um_per_pixel, here or in slides.csv: 0.25 is usual "
                "for a scan at 40×, 0.5 at 20×."
            )
        return slide, ()
    if not (np.isfinite(um_per_pixel) and um_per_pixel > 0):
        raise InputError(f"um_per_pixel is a number above 0; got {um_per_pixel}.")
    known = slide.um_per_pixel
    notes: tuple[str, ...] = ()
    if known is not None and max(abs(size / um_per_pixel - 1) for size in known) > 0.01:
        told = "×".join(f"{size:g}" for size in known)
        notes = (f"The slide tells {told} µm per pixel; {um_per_pixel:g} is used, as given.",)
    return replace(slide, um_per_pixel=(float(um_per_pixel),) * 2), notes


def prepare(
    slide: Slide,
    region: Segmentation | NDArray | None,
    wanted: Wanted,
    *,
    progress: Progress,
) -> tuple[Scene, tuple[str, ...]]:
    """Look at the slide at low power and find its stains.

    Parameters
    ----------
    slide : Slide
        Of known pixel size.
    region : Segmentation, ndarray or None
        As for `measure_tissue`.
    wanted : Wanted
        Settings.
    progress : Progress
        Reports tiles.

    Raises
    ------
    InputError
        If the slide cannot be measured so.
    """
    kind = wanted.kind
    stains = find_stains(wanted.stains, slide.stain)
    _require_stain(slide, stains, kind)
    lattice = lattice_of(slide, wanted.resolution_um)
    coarse = _too_coarse(slide, lattice, kind)
    cells = cells_of(lattice, wanted.map_step_mm)
    ground = look_at(
        slide, region, white=wanted.white, tissue_od=wanted.tissue_od, margin_mm=_MARGIN_MM,
        progress=progress,
    )  # fmt: skip
    matrix = stains.matrix
    if wanted.vectors == "estimated":
        matrix = estimate_vectors(_sample(lattice, ground), stains)
    elif wanted.vectors != "fixed":
        raise InputError(f'vectors are "fixed" or "estimated"; got "{wanted.vectors}".')
    if wanted.living_od:
        ground = without_dead(ground, matrix, wanted.living_od)
    stain = stains.stains.index(stains.target) if kind.target else 0
    background = np.zeros(ground.lattice.shape, np.float32)
    if kind.above_background:
        background = local_background(ground, matrix, stain, wanted.background_um)
    scene = Scene(lattice, ground, cells, matrix, stain, background, int(wanted.tile))
    return scene, (*_about_stain(slide, kind), *coarse, *ground.notes)


def _require_stain(slide: Slide, stains: StainSet, kind: Kind) -> None:
    if kind.target and not stains.target:
        needs = "need" if kind.noun else "needs"
        raise InputError(
            f"The slide {slide.name!r} is stained {slide.stain or stains.title}, which marks no "
            f"antibody; {kind.name} {needs} one, such as {kind.stains[0]}. Choose that slide of "
            "the tumor, or say what it is stained with by stains and antibody."
        )


def _about_stain(slide: Slide, kind: Kind) -> tuple[str, ...]:
    if is_named(slide.stain, kind):
        return ()
    what = f"is stained for {slide.stain}" if slide.stain else "does not tell its antibody"
    is_or_are = "are" if kind.noun else "is"
    other = next((one for one in KINDS.values() if one.stains and is_named(slide.stain, one)), None)
    if other:
        raise InputError(
            f"The slide {slide.name!r} {what}, a stain for {other.name}; {kind.name} {is_or_are} "
            f"not told by it. Measure {other.name}, or give antibody if it is stained for another, "
            f"such as {kind.stains[0]}."
        )
    return (
        f"The slide {slide.name!r} {what}; {kind.name} {is_or_are} measured as if it were for "
        f"{' or '.join(kind.stains[:3])}.",
    )


def _too_coarse(slide: Slide, lattice: Lattice, kind: Kind) -> tuple[str, ...]:
    um = max(lattice.um)
    if um > kind.refused_um:
        raise InputError(
            f"{kind.name.capitalize()} cannot be told at {um:.3g} µm per pixel; "
            f"{kind.refused_um:g} µm is the limit. Scan the slide {slide.name!r} finer, or make "
            "resolution_um smaller where it is finer."
        )
    if um > kind.coarsest_um:
        return (
            f"Pixels of {um:.3g} µm: {kind.name} smaller than a pixel are missed, and neighbors "
            f"merge. {kind.coarsest_um:g} µm or finer is better.",
        )
    return ()


def _sample(lattice: Lattice, ground: Ground) -> NDArray[np.float32]:
    """Optical densities of tissue, from tiles spread evenly over it."""
    tiles = [
        tile
        for tile in lattice.tiles(_SAMPLE_SIDE)
        if ground.counted[np.ix_(*lattice.places_in(ground.lattice, tile))].mean() > 0.5
    ] or list(lattice.tiles(_SAMPLE_SIDE))
    chosen: list[Tile] = tiles[:: -(-len(tiles) // _SAMPLE_TILES)]
    found = []
    for tile in chosen:
        held = ground.counted[np.ix_(*lattice.places_in(ground.lattice, tile))]
        found.append(optical_density(lattice.read(tile)[held], ground.white))
    return np.concatenate(found)
