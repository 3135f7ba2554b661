"""What measuring vessels gives: a table by region, a table by vessel, curves and a map."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.provenance import Record
from napari_radiogenomics.vessels.tortuosity import METRICS

__all__ = ["Vessel", "VesselMeasures", "region_columns"]

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Vessel:
    """One vessel: from branch point or end to the next.

    Attributes
    ----------
    points : ndarray, shape (P, 3)
        Smoothed centerline in LPS mm, evenly sampled.
    radius_mm : ndarray, shape (P,)
        Radius at each point; NaN where it has none.
    outside_mm : ndarray, shape (P,)
        Distance of each point from the region; 0 inside it.
    local : ndarray, shape (P,)
        Local tortuosity at each point.
    pieces : ndarray, shape (P,)
        Distance metric of the piece around each point.
    length_mm : float
        Along the centerline.
    metrics : dict of str to float
        By the names of `METRICS`.
    """

    points: Points
    radius_mm: NDArray[np.float64]
    outside_mm: NDArray[np.float64]
    local: NDArray[np.float64]
    pieces: NDArray[np.float64]
    length_mm: float
    metrics: dict[str, float]


@dataclass(frozen=True, eq=False)
class VesselMeasures:
    """Vessels of a region and of the rings around it.

    Attributes
    ----------
    regions : DataFrame
        One row a ring, and one for the region where it was looked into (index ``region``).
        Tortuosity is the mean over vessels, weighted by the length that each has there.
        ``attrs["units"]`` has the units.
    vessels : DataFrame
        One row a vessel (index ``vessel``, from 1).
    lines : tuple of Vessel
        Centerlines and what was measured along them, in the order of the table.
    map : Image or None
        Local tortuosity on the grid of the scan; NaN where there is no vessel nearby.
    notes : tuple of str
        What a person should know before using the numbers.
    history : tuple of Record
        How it came to be; the tables and the map carry it too.
    """

    regions: pd.DataFrame
    vessels: pd.DataFrame
    lines: tuple[Vessel, ...]
    map: Image | None = None
    notes: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        for table in (self.regions, self.vessels):
            table.attrs["history"] = self.history
        if self.map is not None:
            object.__setattr__(self, "map", replace(self.map, history=self.history))

    def __repr__(self) -> str:
        rows = ", ".join(map(str, self.regions.index))
        return f"VesselMeasures({len(self.lines)} vessels; {rows})"

    @property
    def centerlines(self) -> tuple[Points, ...]:
        """Centerline of each vessel in LPS mm, shape (P, 3)."""
        return tuple(line.points for line in self.lines)

    def points(self) -> pd.DataFrame:
        """Every point of the centerlines: vessel, x, y, z (LPS), radius, local tortuosity."""
        columns = ["vessel", "x_mm", "y_mm", "z_mm", "radius_mm", "local"]
        parts = [
            np.column_stack([np.full(len(x.local), i), x.points, x.radius_mm, x.local])
            for i, x in enumerate(self.lines, 1)
        ]
        table = pd.DataFrame(np.concatenate(parts) if parts else np.empty((0, 6)), columns=columns)
        table = table.astype({"vessel": int}).set_index("vessel")
        table.attrs["history"] = self.history
        return table


def region_columns(*, flat: bool) -> dict[str, str]:
    """Columns of the table of regions, with their units."""
    size, per = ("area_mm2", "cm²") if flat else ("volume_ml", "mL")
    return {
        size: "mm²" if flat else "mL",
        "vessels": "",
        "length_mm": "mm",
        **{name: metric.unit for name, metric in METRICS.items()},
        "length_density": f"mm/{per}",
        "branch_density": f"1/{per}",
        "fractal_dimension": "",
    }
