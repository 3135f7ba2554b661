"""A map of the scan and a measure of a slide at the same places of one section.

A section is a plane, or a bent sheet, in the scan. The slide is the finer of the two, so the scan
is looked up at the centers of the pixels of the slide's map, and not the other way around: what
lies off the section is never seen.

Letters: N places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.matched import LEAST_VOXELS
from napari_radiogenomics.data.geometry import require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.transform import Transform, require_frame
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet

__all__ = ["Section", "SectionPartial", "depth_map", "match_section"]

Reals = NDArray[np.float64]
SectionPartial = Literal["edge", "slice"]
# A rim that levels off is followed, whatever its width: powers of the distance to the edge.
_EDGE_POWERS = {1: "", 2: " squared", 3: " cubed"}


@dataclass(frozen=True, eq=False)
class Section:
    """What is compared of one section, all on the grid of the slide's map.

    Attributes
    ----------
    scan_map, tissue_map : Image, shape (1, Y, X)
        The scan's map looked up on the section, and the slide's.
    mask : Segmentation
        Places of tissue that have a value in both.
    confounders : tuple of Image, shape (1, Y, X)
        What may explain both.
    transform : Transform
        From mm of the slide to LPS mm of the scan.
    n_scan_voxels : int
        Voxels of the scan that the places lie in: no more places than that are seen by it.
    notes : tuple of str
        What should be known of pixels, voxels and error, in mm.
    """

    scan_map: Image
    tissue_map: Image
    mask: Segmentation
    confounders: tuple[Image, ...]
    transform: Transform
    n_scan_voxels: int
    notes: tuple[str, ...]

    @property
    def most_places(self) -> float:
        """Independent places that the section can be worth at most.

        A map knows nothing finer than its own voxel or window, and two maps together are worth
        no more places than the finer of them: the voxels of the scan that the section lies in,
        or the windows that fill it, whichever is more.
        """
        grid, window = self.tissue_map.geometry, self.tissue_map.metadata.get("window_mm")
        places = float((self.mask.labels > 0).sum())
        if not window:
            return places
        windows = places * grid.spacing[0] * grid.spacing[1] / (np.pi / 4 * float(window) ** 2)
        return min(places, max(float(self.n_scan_voxels), windows))

    def slide_points(self, index: NDArray) -> Reals:
        """Places in mm of the slide, shape (N, 3), of voxels (N, 3) in order z, y, x."""
        return self.tissue_map.geometry.index_to_world(np.asarray(index)[:, ::-1])

    def scan_points(self, index: NDArray) -> Reals:
        """The same places in LPS mm of the scan."""
        return self.transform.points(self.slide_points(index))


def match_section(
    scan_map: Image,
    tissue_map: Image,
    transform: Transform,
    region: Segmentation | None = None,
    confounders: Sequence[Image] = (),
    *,
    label: int | None = None,
    partial: Sequence[SectionPartial] = ("edge", "slice"),
    progress: Progress = quiet,
) -> Section:
    """Look a map of the scan up at the places of a slide's map.

    Parameters
    ----------
    scan_map : Image, shape (Z, Y, X)
        Image feature.
    tissue_map : Image, shape (1, Y, X)
        Measure of the slide, in its mm; NaN where there is no tissue.
    transform : Transform
        From the frame of the slide to that of the scan.
    region : Segmentation, optional
        On the grid of the scan: places outside are left out.
    confounders : sequence of Image
        Further maps of the slide, on the same grid.
    label : int, optional
        Label of the region; all together without it.
    partial : sequence of {"edge", "slice"}
        Distance to the edge of the region, and where a place lies across the slices of the scan,
        as confounders. Without a region there is no such distance.
    progress : Progress, optional
        Reports blocks; may cancel.

    Raises
    ------
    GeometryError
        If the region or a confounder is on another grid.
    InputError
        If frames do not fit, or fewer than 30 places have a value in both maps.
    """
    _check(scan_map, tissue_map, transform)
    grid = tissue_map.geometry
    found = transform.resample(
        _floats(scan_map), tissue_map, fill=float("nan"), progress=progress
    )  # (1, Y, X)
    known = np.isfinite(found.array) & np.isfinite(tissue_map.array)
    notes = _seen(int(known.sum()), int(np.isfinite(tissue_map.array).sum()))
    others = [*confounders]
    for one in others:
        require_same_grid(grid, one.geometry, names=("The slide's map", one.name or "confounder"))
        known &= np.isfinite(one.array)
    if region is not None:
        require_same_grid(scan_map.geometry, region.geometry, names=("The scan's map", "region"))
        depths = depth_map(scan_map, region, label)
        inside = replace(depths, array=depths.array > 0)
        known &= transform.resample(inside, tissue_map, nearest=True, fill=0).array
        depth = transform.resample(depths, tissue_map, fill=0.0)
        if "edge" in partial:
            others += _powers(depth, known)
    if int(known.sum()) < LEAST_VOXELS:
        raise InputError(
            f"Only {int(known.sum())} places of the section have a value in the scan's map and in "
            f"the slide's{'' if region is None else ' within the region'}; at least "
            f"{LEAST_VOXELS} are needed. Check the transform, or choose a map that covers it."
        )
    index = np.argwhere(known)
    world = transform.points(grid.index_to_world(index[:, ::-1]))  # (N, 3)
    at = scan_map.geometry.world_to_index(world)
    if "slice" in partial and np.ptp(at[:, 2]) > 1e-3:
        position = np.full(grid.shape, np.nan)
        position[tuple(index.T)] = at[:, 2]
        others.append(Image(position, grid, name="position across slices"))
    voxels = len(np.unique(np.rint(at).astype(int), axis=0))
    notes = (*notes, _measures(scan_map, tissue_map, transform, at, voxels))
    mask = Segmentation(known.astype(np.uint8), grid, name="section")
    plain = replace(found, name=scan_map.name or "scan map", metadata=dict(found.metadata))
    return Section(plain, tissue_map, mask, tuple(others), transform, voxels, notes)


def depth_map(scan: Image, region: Segmentation, label: int | None = None) -> Image:
    """Distance to the edge of a region in mm at each voxel of a scan, 0 outside."""
    from scipy.ndimage import distance_transform_edt

    inside = _region_mask(region, label)
    spacing = scan.geometry.spacing[::-1]
    distance = distance_transform_edt(np.pad(inside, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    depth = np.maximum(distance - min(spacing) / 2, 0) * inside  # from the face of a voxel
    return Image(
        depth, scan.geometry, unit="mm", name="distance to the edge of the tumor", modality="map",
        metadata={"frame": str(scan.metadata.get("frame", ""))},
    )  # fmt: skip


def _check(scan_map: Image, tissue_map: Image, transform: Transform) -> None:
    if scan_map.array.ndim != 3 or tissue_map.array.ndim != 3:
        raise InputError("A map of several volumes cannot be compared. Choose one of them.")
    if len(tissue_map.array) != 1:
        raise InputError(
            f'"{tissue_map.name}" has {len(tissue_map.array)} slices; the map of a slide has one. '
            "Compare two maps of a scan with correspond."
        )
    frames = (str(tissue_map.metadata.get("frame", "")), str(scan_map.metadata.get("frame", "")))
    require_frame(frames[0], transform.from_frame, "The slide's map is")
    require_frame(frames[1], transform.to_frame, "The scan's map is")


def _floats(image: Image) -> Image:
    """Values with nothing where a slice holds no measurement."""
    array = np.array(image.array, np.float32)
    array[list(image.blank_slices)] = np.nan
    return replace(image, array=array)


def _region_mask(region: Segmentation, label: int | None) -> NDArray[np.bool_]:
    if label is not None:
        return region.mask(label)
    found = np.logical_or.reduce([layer > 0 for layer in region.layers()])
    if not found.any():
        raise InputError(f"T{region.called[1:]} is empty. Draw the region first.")
    return np.asarray(found)


def _powers(depth: Image, known: NDArray[np.bool_]) -> list[Image]:
    """Powers of the distance, as part of the largest; none where it is the same everywhere."""
    if not known.any() or np.ptp(depth.array[known]) == 0:
        return []
    share = depth.array / depth.array[known].max()
    return [
        Image(share**power, depth.geometry, name=f"{depth.name}{words}")
        for power, words in _EDGE_POWERS.items()
    ]


def _seen(known: int, tissue: int) -> tuple[str, ...]:
    if known == tissue:
        return ()
    return (f"{tissue - known} of {tissue} places of tissue have no value in the scan's map.",)


def _measures(
    scan_map: Image, tissue_map: Image, transform: Transform, at: Reals, voxels: int
) -> str:
    """How coarse and how sure the match is."""
    pixel = "×".join(f"{size:.2g}" for size in tissue_map.geometry.spacing[:2])
    voxel = "×".join(f"{size:.2g}" for size in scan_map.geometry.spacing)
    slices = np.ptp(at[:, 2]) * scan_map.geometry.spacing[2]
    error = f"{transform.error_mm:.2g} mm" if transform.error_mm else "unknown"
    window = tissue_map.metadata.get("window_mm")
    around = f" (windows of {window:g} mm)" if window else ""
    return (
        f"Places of the slide, {pixel} mm{around}, are looked up between voxels of {voxel} mm: the "
        f"section lies in {voxels} of them and reaches over {slices:.2g} mm across slices. Error "
        f"of the registration: {error}."
    )
