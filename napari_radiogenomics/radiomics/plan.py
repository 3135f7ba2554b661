"""How texture maps are measured: made ready once, then block after block.

Strategy: what is checked, derived, cropped and sorted into gray levels is kept, so that a part
of a region, for example the slice a person looks at, can be measured first and gets the values
of the whole. Blocks of voxels go to a few threads; progress and cancel fall between.

Letters: V voxels of the region, N voxels of a part.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.inlay import Inlay
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.radiomics.boxes import box_around
from napari_radiogenomics.radiomics.compiling import prepare
from napari_radiogenomics.radiomics.family import (
    Family,
    Feature,
    Neighborhoods,
    full_title,
    in_sentence,
)
from napari_radiogenomics.radiomics.filter import ImageTypes, derive
from napari_radiogenomics.radiomics.map_settings import MapSettings, settle_maps
from napari_radiogenomics.radiomics.room import let_go, room_for
from napari_radiogenomics.radiomics.surroundings import make_neighborhoods

__all__ = ["MapPlan", "plan_maps"]

# Kernel voxels in a block of first order: 20-50 ms of work for one thread, so that cancel
# answers at once, and what a block costs whatever its size does not matter.
_BLOCK = 2_000_000
# Blocks for each thread, so that none waits long for the last; but of no fewer voxels, and of
# no less work than this part of a block.
_SHARES = 4
_SMALL_BLOCK = 256
_SMALL_PART = 0.1
# Gray levels in a kernel up to which their number does not matter.
_FEW_LEVELS = 60
_THREADS = min(2, os.cpu_count() or 1)


@dataclass(frozen=True, eq=False)
class MapPlan:
    """What a run of texture maps measures, ready for kernels; parts of it may be measured first.

    Attributes
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    mask : ndarray of bool, shape (Z, Y, X)
        Region.
    wanted : dict
        Families, each with its features.
    seen : dict
        By name of the derived image ("original"): its unit, and what kernels see in it. Gray
        levels are those of the whole region.
    centers : ndarray of intp, shape (V,)
        Flat positions of the region's voxels in it, in scan order.
    facts : dict
        What is noted with each map.
    outside : float
        Value outside the region.
    notes : tuple of str
        What a parameter file names and nothing is made of.
    """

    image: Image
    mask: NDArray[np.bool_]
    wanted: dict[Family, tuple[Feature, ...]]
    seen: dict[str, tuple[str, Neighborhoods]]
    centers: NDArray[np.intp]
    facts: dict[str, Any]
    outside: float = math.nan
    notes: tuple[str, ...] = ()

    def only(self, derived: str) -> MapPlan:
        """The plan of one derived image alone, such as ``"wavelet-HHH"``."""
        return replace(self, seen={derived: self.seen[derived]})

    @cached_property
    def features(self) -> dict[str, tuple[Family, Feature]]:
        """Records of the features by PyRadiomics' name of their map."""
        return {
            f"{derived}_{family.name}_{feature.name}": (family, feature)
            for derived in self.seen
            for family, found in self.wanted.items()
            for feature in found
        }

    @cached_property
    def _laid(self) -> tuple[NDArray[np.bool_], tuple[int, int, int]]:
        """The region in its box, and where the box begins."""
        z, y, x = box = box_around(self.mask)
        return self.mask[box].copy(), (z.start, y.start, x.start)

    def _notes_on_size(self) -> list[str]:
        side = 2 * int(self.facts["kernel_radius"]) + 1
        if any(side <= n for n in self.mask.shape):
            return []
        return [
            f"The kernel of {side}×{side}×{side} voxels is larger than the scan "
            f"({self.image.geometry}): it sees what the scan holds of it. Use a smaller "
            "kernel_radius."
        ]

    def unit_of(self, name: str) -> str:
        """Unit of a map."""
        unit, _ = self.seen[name.partition("_")[0]]
        return self.features[name][1].unit_on(unit)

    def title_of(self, name: str) -> str:
        """Title of a map, with what the scan is seen through."""
        title, derived = full_title(*self.features[name]), name.partition("_")[0]
        return title if derived == "original" else f"{title} ({derived})"

    def measure(
        self, part: NDArray[np.intp] | None = None, *, progress: Progress = quiet
    ) -> dict[str, NDArray[np.float64]]:
        """Measure the region or some of its voxels; either way they get the same values.

        Parameters
        ----------
        part : ndarray of intp, shape (N,), optional
            Numbers of the voxels, in scan order; all without it.
        progress : Progress, optional
            Reports blocks of voxels; may cancel.

        Returns
        -------
        dict of str to ndarray of float64, shape (N,)
            By PyRadiomics' name; NaN where a feature has no value.
        """
        centers = self.centers if part is None else self.centers[part]
        views = [neighborhoods for _, neighborhoods in self.seen.values()]
        return dict(
            zip(self.features, _measure(views, centers, self.wanted, progress), strict=True)
        )

    def map_of(self, name: str, values: NDArray[np.float64]) -> Image:
        """Make the map of a feature from its values at all voxels of the region.

        Parameters
        ----------
        name : str
            PyRadiomics' name.
        values : ndarray of float64, shape (V,)
            In scan order.
        """
        _, feature = self.features[name]
        title = self.title_of(name)
        array = Inlay(values, *self._laid, self.image.geometry.shape, self.outside)
        undefined = int(np.isnan(values).sum())
        let_go(values)
        are = "it is" if undefined == 1 else "they are"
        note = f"{title} has no value in {undefined} of {values.size} voxels; {are} blank."
        notes = ([note] if undefined else []) + self._notes_on_size() + [*self.notes]
        return Image(
            cast(NDArray, array),
            self.image.geometry,
            unit=self.unit_of(name),
            name=" ".join(filter(None, (self.image.name, in_sentence(title)))),
            modality="map",
            blank_slices=self.image.blank_slices,
            notes=tuple(notes),
            metadata={
                "feature": name, "title": title, "meaning": feature.meaning, **self.facts
            },
        )  # fmt: skip


def plan_maps(
    image: Image,
    segmentation: Segmentation,
    *,
    families: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    label: int | None = None,
    kernel_radius: int = 1,
    masked_kernel: bool = True,
    bin_width: float = 25.0,
    bin_count: int | None = None,
    distances: Sequence[int] = (1,),
    symmetrical: bool = True,
    weighting_norm: str | None = None,
    gldm_a: int = 0,
    force_2d: bool = False,
    force_2d_dimension: int = 0,
    image_types: ImageTypes = ("Original",),
    log_sigma_mm: Sequence[float] = (3.0,),
    init_value: float = math.nan,
    parameters: str | Path | Mapping[str, Any] | None = None,
    progress: Progress = quiet,
) -> MapPlan:
    """Check what `texture_maps` is given and make it ready for kernels.

    Parameters
    ----------
    image, segmentation, **settings
        As for `texture_maps`; raises as it does.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> grid = Geometry((4, 1, 1))
    >>> scan = Image(np.array([[[0.0, 100.0, 100.0, 100.0]]]), grid)
    >>> plan = plan_maps(scan, Segmentation(np.ones((1, 1, 4), np.uint8), grid), features=["Mean"])
    >>> plan.measure(np.array([0, 3]))
    {'original_firstorder_Mean': array([ 50., 100.])}
    """
    given = {
        "kernel_radius": kernel_radius,
        "masked_kernel": masked_kernel,
        "bin_width": bin_width,
        "bin_count": bin_count,
        "distances": distances,
        "symmetrical": symmetrical,
        "weighting_norm": weighting_norm,
        "gldm_a": gldm_a,
        "force_2d": force_2d,
        "force_2d_dimension": force_2d_dimension,
        "log_sigma_mm": log_sigma_mm,
        "init_value": init_value,
    }
    how = settle_maps(
        given,
        families=families,
        features=features,
        label=label,
        image_types=image_types,
        parameters=parameters,
    )
    kernels = {kind: how.of_kernels(kind) for kind in how.image_types}
    image, segmentation, mask = how.ready(image, segmentation)
    seen, centers = {}, np.empty(0, np.intp)
    for kind, name, derived, inside in _derived(image, mask, how, progress):
        neighborhoods, centers = make_neighborhoods(derived, inside, **kernels[kind])
        seen[name] = (derived.unit, neighborhoods)
    if not seen:
        raise InputError("No image is chosen to map. Name at least one image type: Original.")
    facts = {"kernel_radius": how.radius, **_origin(image, segmentation)}
    outside = float(how.settings["initValue"])
    return MapPlan(image, mask, how.wanted, seen, centers, facts, outside, how.notes)


def _derived(
    image: Image, mask: NDArray[np.bool_], how: MapSettings, progress: Progress
) -> Iterator[tuple[str, str, Image, NDArray[np.bool_]]]:
    """Image types and names of derived images, cut to what kernels see.

    The scan itself stays whole, for its messages.
    """
    box = box_around(mask, how.radius)
    for kind in how.image_types:
        types = {kind: how.of_filter(kind)}
        for name, derived in derive(image, types, box=box, progress=progress):
            if name == "original":
                yield kind, name, image, mask
            else:
                yield kind, name, derived, mask[box]


def _measure(
    views: Sequence[Neighborhoods],
    centers: NDArray[np.intp],
    wanted: dict[Family, tuple[Feature, ...]],
    progress: Progress,
) -> Iterator[NDArray[np.float64]]:
    """Measure all blocks; gives the values of one feature after the other, shape (V,)."""
    for matrix in dict.fromkeys(view.matrix for view in views):
        prepare(wanted, matrix, progress)
    total = len(views) * sum(map(len, wanted.values())) * centers.size
    tables = [
        {family: room_for((len(found), centers.size), total) for family, found in wanted.items()}
        for _ in views
    ]

    def run(view: Neighborhoods, table: NDArray[np.float64], family: Family, block: slice) -> None:
        names = tuple(feature.name for feature in wanted[family])
        table[:, block] = family.measure(view, centers[block], names)
        let_go(table)

    jobs = [
        (view, table[family], family, block)
        for view, table in zip(views, tables, strict=True)
        for family in wanted
        for block in _blocks(centers.size, _cost(view, family))
    ]
    _run_all(run, jobs, progress)
    return (values for table in tables for found in table.values() for values in found)


def _cost(view: Neighborhoods, family: Family) -> float:
    """Time for a voxel, in kernel voxels of first order."""
    levels = min(view.n_native_levels, view.offsets.size)
    return view.offsets.size * family.cost * max(levels / _FEW_LEVELS, 1.0) ** family.level_power


def _blocks(n: int, cost: float) -> list[slice]:
    most = int(_BLOCK / cost)
    share = max(_SMALL_BLOCK, n // (_SHARES * _THREADS), int(_SMALL_PART * most))
    step = max(1, min(most, share))
    return [slice(start, start + step) for start in range(0, n, step)]


def _run_all(run: Callable[..., None], jobs: Sequence[tuple[Any, ...]], progress: Progress) -> None:
    """Run jobs in threads, few at a time: cancel finds little that has begun."""
    rest, running, done = iter(jobs), deque[Future[None]](), False
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="texture") as pool:
        try:
            for _ in progress(jobs, "Blocks of voxels"):
                for job in islice(rest, 2 * _THREADS - len(running)):
                    running.append(pool.submit(run, *job))
                running.popleft().result()
            done = True
        finally:
            if not done:
                pool.shutdown(cancel_futures=True)


def _origin(image: Image, segmentation: Segmentation) -> dict[str, Any]:
    """Which scan and segmentation a map was made from."""
    sources = ((image.metadata, "scan_id"), (segmentation.metadata, "segmentation_id"))
    return {key: metadata[key] for metadata, key in sources if key in metadata}
