"""Tables of vessels: one row a vessel, one row a region or ring.

A region is summed up by length: vessels of one tumor are no independent samples, and one that
is cut in two must not count twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_radiogenomics.vessels.area import Part
from napari_radiogenomics.vessels.measures import Vessel, region_columns
from napari_radiogenomics.vessels.tortuosity import METRICS

__all__ = ["Found", "fractal_dimension", "region_table", "vessel_table"]

# Box counting needs boxes of this many sizes to tell a slope.
_BOX_SIZES = 3
# Over the distance of the ends, which may be next to nothing.
_RATIOS = ("distance_metric", "inflection_count")


@dataclass(frozen=True)
class Found:
    """What was found on the lattice, besides the vessels.

    Attributes
    ----------
    skeleton : ndarray of int, shape (N, D)
        Points of the skeleton.
    skeleton_outside, junction_outside : ndarray, shape (N,) and (J,)
        Distance from the region in mm of those points, and of branch points.
    area_outside : ndarray
        Distance from the region of every point that was searched.
    step_mm : float
        Of the lattice.
    """

    skeleton: NDArray[np.intp]
    skeleton_outside: NDArray[np.floating]
    junction_outside: NDArray[np.floating]
    area_outside: NDArray[np.floating]
    step_mm: float

    @property
    def flat(self) -> bool:
        """Whether the scan is a single slice."""
        return self.skeleton.shape[1] == 2


def vessel_table(lines: Sequence[Vessel], parts: Sequence[Part]) -> pd.DataFrame:
    """One row a vessel: length, metrics, and its length in each region or ring."""
    rows = []
    for line in lines:
        radius = line.radius_mm[np.isfinite(line.radius_mm)]
        within = {f"{part.name} (mm)": _length_in(line, part) for part in parts}
        start, end = line.points[0].round(3).tolist(), line.points[-1].round(3).tolist()
        ends = dict(zip(["x0_mm", "y0_mm", "z0_mm", "x1_mm", "y1_mm", "z1_mm"], start + end,
                        strict=True))  # fmt: skip
        own = line.metrics | {
            "local_distance_metric": _whole(line.pieces),
            "radius_mm": float(radius.mean()) if radius.size else np.nan,
        }
        metrics = {name: own[name] for name in METRICS}
        rows.append({"length_mm": line.length_mm, **metrics, **within, **ends})
    table = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="vessel"))
    units = {name: "mm" for name in table.columns if name.endswith(("_mm", "(mm)"))}
    table.attrs["units"] = units | {name: metric.unit for name, metric in METRICS.items()}
    return table


def _length_in(line: Vessel, part: Part) -> float:
    """Length in mm that a vessel has in a region or ring."""
    inside = part.holds(line.outside_mm)
    weight = np.ones(len(inside))
    weight[[0, -1]] = 0.5
    return float(line.length_mm * (weight * inside).sum() / weight.sum())


def region_table(lines: Sequence[Vessel], parts: Sequence[Part], found: Found) -> pd.DataFrame:
    """One row for the region and each ring; metrics are means weighted by length."""
    columns = region_columns(flat=found.flat)
    table = pd.DataFrame(
        [_region_row(lines, part, found) for part in parts],
        index=pd.Index([part.name for part in parts], name="region"),
    )
    table = table[list(columns)]
    table.attrs["units"] = columns
    return table


def _region_row(lines: Sequence[Vessel], part: Part, found: Found) -> dict[str, float]:
    dimensions = found.skeleton.shape[1]
    size = float(part.holds(found.area_outside).sum()) * found.step_mm**dimensions
    size_name, unit = ("area_mm2", 100.0) if found.flat else ("volume_ml", 1000.0)
    lengths = np.array([_length_in(line, part) for line in lines])
    total = float(lengths.sum())
    junctions = int(part.holds(found.junction_outside).sum())
    inside = found.skeleton[part.holds(found.skeleton_outside)]
    row: dict[str, float] = {
        size_name: size if found.flat else size / 1000.0,
        "vessels": int((lengths > 0).sum()),
        "length_mm": total,
        "length_density": total / size * unit if size else np.nan,
        "branch_density": junctions / size * unit if size else np.nan,
        "fractal_dimension": fractal_dimension(inside),
    }
    for name in METRICS:
        row[name] = _weighted(lines, lengths, part, name)
    return row


def _weighted(
    lines: Sequence[Vessel], lengths: NDArray[np.float64], part: Part, name: str
) -> float:
    """Mean weighted by length, over vessels that have the measure; NaN where none has."""
    if name in ("radius_mm", "local_distance_metric"):
        along = [line.radius_mm if name == "radius_mm" else line.pieces for line in lines]
        held = [a[part.holds(line.outside_mm)] for a, line in zip(along, lines, strict=True)]
        at = np.concatenate(held) if held else np.empty(0)
        at = at[np.isfinite(at)]
        if not at.size:
            return np.nan
        return float(at.mean()) if name == "radius_mm" else _whole(at)
    values = np.array([line.metrics[name] for line in lines])
    use = np.isfinite(values) & (lengths > 0)
    if not use.any():
        return np.nan
    if name in _RATIOS:
        # All lengths over all chords: a vessel that nearly closes a circle does not outweigh all.
        return float(lengths[use].sum() / (lengths[use] / values[use]).sum())
    return float(np.average(values[use], weights=lengths[use]))


def _whole(pieces: NDArray[np.float64]) -> float:
    """Distance metric of pieces of one length together: all lengths over all chords."""
    return float(1 / (1 / pieces).mean())


def fractal_dimension(points: NDArray[np.intp]) -> float:
    """Box-counting dimension of points on a lattice; NaN where they span too little.

    Parameters
    ----------
    points : ndarray of int, shape (N, D)
        Points of a skeleton.

    Returns
    -------
    float
        Slope of log count over log size for boxes of 2, 4, 8 … points, up to half of the span.
        1 is a line, 2 fills a plane.

    Examples
    --------
    >>> plane = np.argwhere(np.ones((64, 64)))
    >>> round(fractal_dimension(plane), 9)
    2.0
    """
    if not len(points):
        return float("nan")
    points = points - points.min(axis=0)
    sizes = 2 ** np.arange(1, 20)
    sizes = sizes[sizes <= (points.max() + 1) / 2]
    if len(sizes) < _BOX_SIZES:
        return float("nan")
    counts = [len(np.unique(points // size, axis=0)) for size in sizes]
    return float(-np.polyfit(np.log(sizes), np.log(counts), 1)[0])
