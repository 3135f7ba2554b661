"""What is seen around places of a tumor: channels and their textures, as means over a ball.

Training and prediction go through the same lines: a biopsy and a voxel of a map are measured
alike. Letters: N places, P features, V voxels of the region.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.at_points import values_at
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.imaging.resample import resample as bring_onto
from napari_radiogenomics.io.patient import PatientData, load_patient
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.radiomics import texture_maps

__all__ = ["Recipe", "Scene", "Scope", "Visit", "open_scene", "roles_of"]

Reals = NDArray[np.float64]
Scope = Literal["tumor", "cohort"]
# Voxels of a region that tell its middle and its spread.
_ENOUGH = 3000
_BLOCK = 4000


@dataclass(frozen=True)
class Recipe:
    """How a place is measured; the same for every patient, and kept in the model.

    Attributes
    ----------
    channels : tuple of str
        Roles of the scans.
    features : tuple of str
        Texture features of each, by the names of `texture_maps`.
    radius_mm : float
        Of the ball over which values are averaged.
    scope : {"tumor", "cohort"}
        Values in spreads from the middle of their own tumor, or as they are.
    edge_mm : float
        Voxels this near to the surface of the region do not count: they are half surroundings.
    labels : tuple of int
        Of the segmentation that make up the region; all where empty.
    kernel_radius, bin_width, bin_count
        As for `texture_maps`.
    """

    channels: tuple[str, ...]
    features: tuple[str, ...]
    radius_mm: float
    scope: Scope = "tumor"
    edge_mm: float = 2.0
    labels: tuple[int, ...] = ()
    kernel_radius: int = 1
    bin_width: float = 25.0
    bin_count: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Recipe:
        """Read what `to_dict` gave."""
        lists = {key: tuple(facts[key]) for key in ("channels", "features", "labels")}
        return cls(**{**facts, **lists})


@dataclass(frozen=True)
class Visit:
    """Where the scans of a patient are looked for; anywhere where empty."""

    patient_id: str
    timepoint: str = ""
    frame: str = ""


@dataclass(frozen=True, eq=False)
class Scene:
    """The maps of one tumor.

    Attributes
    ----------
    patient_id : str
        Whose.
    region : Segmentation
        The region as label 1, as it was drawn.
    maps : dict of str to Image
        By feature; nothing outside the region, and nothing at its surface.
    radius_mm : float
        Of the ball.
    scope : {"tumor", "cohort"}
        As in the `Recipe`.
    """

    patient_id: str
    region: Segmentation
    maps: dict[str, Image]
    radius_mm: float
    scope: Scope

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Voxels of the region, shape (Z, Y, X)."""
        return np.asarray(self.region.mask(1))

    def voxels(self) -> Reals:
        """Centers of the V voxels of the region, LPS mm, in scan order."""
        return self.region.geometry.index_to_world(np.argwhere(self.inside)[:, ::-1])

    def at(self, points: Reals, progress: Progress = quiet) -> Reals:
        """Features at places, shape (N, P); NaN where nothing is known."""
        values = self._means(points, progress)
        if self.scope == "cohort":
            return values
        voxels = self.voxels()
        step = -(-len(voxels) // _ENOUGH)
        typical = self._means(voxels[::step], quiet)
        low, middle, high = np.nanpercentile(typical, [15.87, 50, 84.13], axis=0)
        spread = (high - low) / 2
        flat = np.flatnonzero(~(spread > 0))
        if flat.size:
            raise InputError(
                f"{list(self.maps)[flat[0]]} is the same all over the tumor of {self.patient_id}. "
                'Leave this feature out, or choose scope="cohort".'
            )
        return np.asarray((values - middle) / spread)

    def _means(self, points: Reals, progress: Progress) -> Reals:
        """Means over the ball, as they are measured."""
        values = np.empty((len(points), len(self.maps)))
        starts = list(range(0, len(points), _BLOCK))
        for start in progress(starts, f"Places of {self.patient_id}"):
            part = points[start : start + _BLOCK]
            radii = np.full(len(part), self.radius_mm)
            for column, image in enumerate(self.maps.values()):
                values[start : start + _BLOCK, column] = values_at(image, part, radii)
        return values


def roles_of(cohort: Cohort, patients: Sequence[str]) -> tuple[str, ...]:
    """Roles of scans that most of these patients share.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    patients : sequence of str
        Their ids.

    Returns
    -------
    tuple of str
        The commonest role, and every role that all patients who have it have too.
    """
    scans = cohort.scans[cohort.scans["patient_id"].isin(list(patients))]
    owners = {
        str(role): set(own["patient_id"])
        for role, own in scans[scans["role"] != ""].groupby("role", sort=False)
    }
    if not owners:
        return ()
    most = max(owners.values(), key=len)
    return tuple(role for role, own in owners.items() if most <= own)


def open_scene(
    cohort: Cohort, visit: Visit, recipe: Recipe, progress: Progress = quiet
) -> tuple[Scene, PatientData]:
    """Read the scans of a visit and make the maps of its tumor.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    visit : Visit
        Whose, and which.
    recipe : Recipe
        What is measured.
    progress : Progress, optional
        Reports files and blocks; may cancel.

    Raises
    ------
    InputError
        If a scan or the segmentation is missing or cannot be read, or the region is empty.
    """
    chosen, drawn = _rows(cohort, visit, recipe)
    part = replace(
        cohort,
        scans=cohort.scans.loc[list(dict.fromkeys([*chosen.values(), drawn[1]]))],
        segmentations=cohort.segmentations.loc[[drawn[0]]],
    )
    data = load_patient(part, visit.patient_id, slides=False, progress=progress)
    scans = {scan.metadata["scan_id"]: scan for scan in data.scans}
    for scan_id in chosen.values():
        if scan_id not in scans:
            raise InputError(f"The scan {scan_id} could not be read: {_why(data)}")
    if not data.segmentations:
        raise InputError(f"The segmentation {drawn[0]} could not be read: {_why(data)}")
    region = _region(data.segmentations[0], recipe.labels)
    maps: dict[str, Image] = {}
    for role in recipe.channels:
        scan = scans[chosen[role]].volumes()[0]
        if not scan.geometry.same_grid(region.geometry):
            here = bring_onto(region, scan)
        else:
            here = replace(region, geometry=scan.geometry)
        maps |= _maps(role, scan, _deep(here, recipe.edge_mm), recipe, progress)
    return Scene(visit.patient_id, region, maps, recipe.radius_mm, recipe.scope), data


def _why(data: PatientData) -> str:
    errors = [problem.what for problem in data.problems if problem.level == "error"]
    return errors[0] if errors else "it has no file to open."


def _rows(cohort: Cohort, visit: Visit, recipe: Recipe) -> tuple[dict[str, str], tuple[str, str]]:
    """Scan of each role; and the segmentation, with the scan it was drawn on."""
    name = visit.patient_id
    scans = cohort.scans_of(name, visit.timepoint)
    if visit.frame:
        scans = scans[scans["frame"].isin([visit.frame, ""])]
    chosen = {}
    for role in recipe.channels:
        own = scans[scans["role"] == role]
        if own.empty:
            known = ", ".join(sorted(set(scans["role"]) - {""})) or "none"
            where = f" in the frame {visit.frame}" if visit.frame else ""
            raise InputError(f'{name} has no scan with the role "{role}"{where}; it has {known}.')
        chosen[role] = str(own.index[0])
    drawn = cohort.segmentations_of(name, visit.timepoint)
    drawn = drawn[drawn["scan_id"].isin(scans.index)]
    if drawn.empty:
        raise InputError(f"{name} has no segmentation of its tumor. Draw one first.")
    on_channel = drawn[drawn["scan_id"].isin(list(chosen.values()))]
    first = (drawn if on_channel.empty else on_channel).iloc[0]
    return chosen, (str(first.name), str(first["scan_id"]))


def _region(drawn: Segmentation, labels: Sequence[int]) -> Segmentation:
    kept = [label for label in drawn.present if not labels or label in labels]
    if not kept:
        wanted = ", ".join(map(str, labels)) or "1"
        raise InputError(
            f"{drawn.name} has no voxel with the label {wanted}; it has "
            f"{', '.join(map(str, drawn.present)) or 'none'}."
        )
    inside = np.any([drawn.mask(label) for label in kept], axis=0).astype(np.uint8)
    return replace(drawn, labels=inside, scheme=(Label(1, "region"),), fractions=None)


def _deep(region: Segmentation, edge_mm: float) -> Segmentation:
    """The region without its surface."""
    from scipy import ndimage

    if not edge_mm:
        return region
    inside = np.pad(np.asarray(region.labels) > 0, 1)
    depth = ndimage.distance_transform_edt(inside, sampling=region.geometry.spacing[::-1])
    deep = depth[1:-1, 1:-1, 1:-1] > edge_mm * (1 + 1e-6)
    return replace(region, labels=deep.astype(np.uint8))


def _maps(
    role: str, scan: Image, region: Segmentation, recipe: Recipe, progress: Progress
) -> dict[str, Image]:
    """The channel and its textures, NaN outside the region."""
    inside = np.asarray(region.labels) > 0  # resampling or its surface may leave nothing
    if not inside.any():
        raise InputError(
            f"The region on {scan.name} has no voxel deeper than {recipe.edge_mm:g} mm. Use a "
            "smaller edge_mm, or draw the region again."
        )
    values = np.where(inside, scan.array, np.nan).astype(np.float32)
    maps = {role: replace(scan, array=values)}
    if recipe.features:
        found = texture_maps(
            scan,
            region,
            features=recipe.features,
            label=1,
            kernel_radius=recipe.kernel_radius,
            bin_width=recipe.bin_width,
            bin_count=recipe.bin_count,
            progress=progress,
        )
        short = {name: name.removeprefix("original_") for name in found}
        maps |= {
            f"{role} {short[name]}": replace(image, array=np.asarray(image.array))
            for name, image in found.items()
        }
    return maps
