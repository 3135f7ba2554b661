"""The table of regions by features, filled region by region and image by image."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import DataWarning, GeometryError, InputError
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.radiomics.aggregation import measure_slices
from napari_radiogenomics.radiomics.boxes import box_around, crop
from napari_radiogenomics.radiomics.checks import empty_segmentation
from napari_radiogenomics.radiomics.diagnostics import diagnose
from napari_radiogenomics.radiomics.extraction import Extraction
from napari_radiogenomics.radiomics.family import Family, Feature, Region
from napari_radiogenomics.radiomics.filter import derive
from napari_radiogenomics.radiomics.prepare import normalize_image
from napari_radiogenomics.radiomics.prepare_region import Ready, prepare_region
from napari_radiogenomics.radiomics.pyradiomics_engine import measure_with_pyradiomics
from napari_radiogenomics.statistics.threads import one_thread

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["table_by_pyradiomics", "table_of_regions"]

# Gray levels above which a note says what they cost.
_MANY_LEVELS = 256


@dataclass
class _Rows:
    """Rows that fill up, and what is known of their columns."""

    plan: Extraction
    values: dict[int, dict[str, Any]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    ibsi: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refused: list[InputError] = field(default_factory=list)

    def add(self, label: int, name: str, family: Family, chosen: Sequence[Feature],
            region: Region, unit: str) -> None:  # fmt: skip
        """Measure features of one family in one image."""
        names = tuple(feature.name for feature in chosen)
        if self.plan.by_slice and family.needs_matrix:
            found = measure_slices(family, region, names)
        else:
            found = family.measure_region(region, names)
        columns = [f"{name}_{family.name}_{feature.name}" for feature in chosen]
        self.values[label].update(zip(columns, found.tolist(), strict=True))
        if columns[0] not in self.units:
            self.units.update(zip(columns, (f.unit_on(unit) for f in chosen), strict=True))
            self.ibsi.update(zip(columns, (f.ibsi for f in chosen), strict=True))
        for place in np.flatnonzero(np.isnan(found)):
            self.notes.append(f"{columns[place]} has no value for label {label}.")

    def leave_out(self, label: int, error: InputError) -> None:
        self.refused.append(error)
        self.notes.append(f"Label {label} is left out: {error}")

    def table(self) -> pd.DataFrame:
        """Make the table; refuses when no region could be measured."""
        if not self.values:
            raise self.refused[0]
        for note in self.notes if self.refused else ():
            if "is left out" in note:
                warnings.warn(note, DataWarning, stacklevel=2)
        table = self._frame()
        table.attrs |= {
            "units": self.units,
            "ibsi": self.ibsi,
            "standard": self.plan.standard,
            "settings": dict(self.plan.settings),
            "image_types": {name: dict(own) for name, own in self.plan.image_types.items()},
            "notes": (*self.plan.notes, *self.notes),
        }
        return table

    def _frame(self) -> pd.DataFrame:
        """Facts, then features; one block of numbers, for a thousand columns of one row each."""
        import pandas as pd

        index = pd.Index(self.values, name="label")
        columns = dict.fromkeys(name for row in self.values.values() for name in row)
        numbers = [name for name in columns if not name.startswith("diagnostics_")]
        rows = [[row.get(name, np.nan) for name in numbers] for row in self.values.values()]
        table = pd.DataFrame(np.array(rows, float), index=index, columns=numbers)
        if len(numbers) == len(columns):
            return table
        facts = [{k: v for k, v in row.items() if k not in table} for row in self.values.values()]
        return pd.concat([pd.DataFrame(facts, index=index), table], axis=1)


def table_of_regions(
    image: Image,
    segmentation: Segmentation,
    labels: Sequence[int] | None,
    plan: Extraction,
    progress: Progress,
) -> pd.DataFrame:
    """Measure regions by this package's own kernels.

    Parameters
    ----------
    image, segmentation, labels, progress
        As for `extract_features`.
    plan : Extraction
        What to measure.

    Raises
    ------
    InputError
        If no region can be measured.
    """
    rows = _Rows(plan)
    scan = _normalized(image, plan)
    found = _labels(segmentation, labels, plan)
    jobs = [(label, kind) for label in found for kind in ("", *plan.image_types)]
    ready: Ready | None = None
    with one_thread():
        for label, kind in progress(jobs, "Regions and image types"):
            if not kind:
                ready = _prepared(rows, image, scan, segmentation, label)
            elif ready is not None:
                _measure_image(rows, label, kind, ready, progress)
    return rows.table()


def table_by_pyradiomics(
    image: Image,
    segmentation: Segmentation,
    labels: Sequence[int] | None,
    plan: Extraction,
    progress: Progress,
) -> pd.DataFrame:
    """Measure regions by PyRadiomics.

    Parameters
    ----------
    image, segmentation, labels, plan, progress
        As for `table_of_regions`.
    """
    rows = _Rows(plan)
    for label in progress(_labels(segmentation, labels, plan), "Regions"):
        try:
            found = measure_with_pyradiomics(image, segmentation, label, plan)
        except InputError as error:
            rows.leave_out(label, error)
            continue
        wanted = plan.settings["additionalInfo"]
        rows.values[label] = {
            name: value
            for name, value in found.items()
            if wanted or not name.startswith("diagnostics_")
        }
    return rows.table()


def _labels(
    segmentation: Segmentation, labels: Sequence[int] | None, plan: Extraction
) -> tuple[int, ...]:
    if labels is None and plan.settings["label"] is not None:
        labels = (int(plan.settings["label"]),)
    if labels is not None and not len(labels):
        raise InputError("labels names no label. Leave it out to measure all that occur.")
    if labels is not None:
        for label in labels:
            segmentation.mask(label)  # refuses one that does not occur
        return tuple(dict.fromkeys(map(int, labels)))
    present = segmentation.present
    if not present:
        raise InputError(empty_segmentation(segmentation))
    return present


def _normalized(image: Image, plan: Extraction) -> Image:
    if image.array.dtype.kind not in "fiub":
        raise InputError(f"The scan holds {image.array.dtype} values; features need real numbers.")
    if not plan.settings["normalize"]:
        return image
    scale, limit = plan.settings["normalizeScale"], plan.settings["removeOutliers"]
    return normalize_image(image, scale=scale, remove_outliers=limit)


def _prepared(
    rows: _Rows, image: Image, scan: Image, segmentation: Segmentation, label: int
) -> Ready | None:
    """Make a region ready and measure its shape; None where it cannot be measured."""
    plan = rows.plan
    try:
        ready = prepare_region(scan, segmentation, label, plan.settings, plan.standard)
        plan.require_distances(label, ready.mask[ready.box].shape)
    except GeometryError:
        raise
    except InputError as error:
        rows.leave_out(label, error)
        return None
    rows.values[label] = {}
    if plan.settings["additionalInfo"]:
        rows.values[label] |= diagnose(image, segmentation, label, plan, ready)
    box = box_around(ready.shape_mask)
    region = plan.region(crop(ready.image, ready.box), ready.shape_mask[box])
    for family, chosen in plan.wanted.items():
        if family.of_shape and _fits(rows, family, region):
            rows.add(label, "original", family, chosen, region, "")
    return ready


def _fits(rows: _Rows, family: Family, region: Region) -> bool:
    """Whether the shape of slices is asked for of a slice."""
    if family.name != "shape2D" or region.thin_axis is not None:
        return True
    note = "shape2D is left out: it needs force_2d."
    if note not in rows.notes:
        rows.notes.append(note)
    return False


def _measure_image(rows: _Rows, label: int, kind: str, ready: Ready, progress: Progress) -> None:
    plan = rows.plan
    textures = {f: chosen for f, chosen in plan.wanted.items() if not f.of_shape}
    if not textures:
        return
    inside = ready.mask[ready.box]
    types = {kind: plan.of_filter(kind)}
    for name, derived in derive(ready.image, types, box=ready.box, progress=progress):
        _require_finite(derived, inside, name, ready)
        region = plan.region(derived, inside, kind)
        for family, chosen in textures.items():
            rows.add(label, name, family, chosen, region, derived.unit)
        rows.notes += _notes_on_levels(label, name, region)


def _notes_on_levels(label: int, name: str, region: Region) -> list[str]:
    """What is told of gray levels that are too coarse or too fine for what is binned."""
    n, binning = len(region.level_values), region.binning
    if binning.bin_count is not None:
        return []
    width, of_label = f"{binning.bin_width:g}", f"in the {name} image of label {label}"
    low, high = region.values.min(), region.values.max()
    if n == 1 and low < high:
        return [
            f"One gray level {of_label}: its values are {low:.3g} to {high:.3g}, the bin width is "
            f"{width}. Entropy and texture say nothing there; use a smaller bin_width."
        ]
    if n > _MANY_LEVELS:
        return [
            f"{n} gray levels {of_label}, of {region.values.size} voxels, by a bin width of "
            f"{width}: matrices have {n} × {n} cells, nearly all empty, which costs time and tells "
            "little. 16 to 128 levels are usual; use a larger bin_width."
        ]
    return []


def _require_finite(derived: Image, inside: Any, name: str, ready: Ready) -> None:
    bad = ~np.isfinite(derived.array) & inside
    if bad.any():
        z, y, x = (
            int(n) + part.start for n, part in zip(np.argwhere(bad)[0], ready.box, strict=True)
        )
        what = counted(int(bad.sum()), "voxel", "of the region is", "of the region are")
        raise InputError(
            f"{what} not finite (NaN or infinite) in the {name} image, the first at "
            f"i={x}, j={y}, k={z}. Leave them out of the region, or repair the scan."
        )
