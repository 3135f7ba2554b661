"""Tissue samples: where they were taken, and how finely that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.conform import conform, read_free_columns
from napari_radiogenomics.data.geometry import Geometry, flip_lps_ras
from napari_radiogenomics.data.places import inside_or_near
from napari_radiogenomics.data.precision import Precision, finest_claim
from napari_radiogenomics.data.problems import Problem
from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.table import Table
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import Record

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Samples", "check_locations"]

_TO_MM = {"mm": 1.0, "cm": 10.0, "um": 1e-3, "µm": 1e-3, "m": 1000.0}
_XYZ = ["x", "y", "z"]


def check_locations(table: Table) -> tuple[Table, list[Problem]]:
    """Refuse coordinates that do not say what they are.

    Parameters
    ----------
    table : Table
        Samples after `conform`.

    Returns
    -------
    table : Table
        Without the refused rows; ``unit`` and ``precision`` filled where they follow.
    problems : list of Problem
        Errors name the rows left out.
    """
    frame = table.frame
    problems: list[Problem] = []
    given = np.isfinite(frame[_XYZ].to_numpy(float))  # (N, 3)
    system = np.array(table.texts("coord_system"), dtype=object)
    some, whole = given.any(axis=1), given.all(axis=1)
    keep = np.ones(len(table), bool)
    for at in np.flatnonzero(some & ~whole):
        keep[at] = False
        absent = ", ".join(name for name, there in zip(_XYZ, given[at], strict=True) if not there)
        what = f"The position has no {absent}; the sample is left out."
        problems.append(table.problem(at, absent.split(",")[0], what, "Give x, y and z, or none."))
    known = TABLES["samples"].columns
    systems = next(column.choices for column in known if column.name == "coord_system")
    for at in np.flatnonzero(whole & ~np.isin(system, systems)):
        keep[at] = False
        said = f'"{system[at]}"' if system[at] else "nothing"
        what = f"Coordinates without a coordinate system (it says {said}) are refused."
        remedy = "Write RAS (as in 3D Slicer's tables), LPS (as in DICOM) or voxel."
        problems.append(table.problem(at, "coord_system", what, remedy))
    table = _fill_units(table, keep & whole, problems, keep)
    return _fill_precision(table, whole, keep, problems).keep(keep), problems


def _fill_units(
    table: Table, located: NDArray[np.bool_], problems: list[Problem], keep: NDArray[np.bool_]
) -> Table:
    units, systems = table.texts("unit"), table.texts("coord_system")
    for at in np.flatnonzero(located):
        wanted = ("voxel",) if systems[at] == "voxel" else tuple(_TO_MM)
        if units[at] in wanted:
            continue
        if not units[at]:
            units[at] = wanted[0]
            what = f"The unit of the coordinates is empty; {wanted[0]} is assumed."
            problems.append(
                table.problem(at, "unit", what, f"Write {wanted[0]} if that is so.", "warning")
            )
            continue
        keep[at] = False
        what = f'"{units[at]}" is no unit of {systems[at]} coordinates; the sample is left out.'
        problems.append(table.problem(at, "unit", what, f"Known: {', '.join(wanted)}."))
    return table.assign({"unit": units})


def _fill_precision(
    table: Table, located: NDArray[np.bool_], keep: NDArray[np.bool_], problems: list[Problem]
) -> Table:
    """Take the coarsest where it is not said, and never believe a point without a place."""
    precision = table.texts("precision")
    known = {member.value for member in Precision}
    plain = known - {Precision.POINT.value}
    for at in np.flatnonzero(keep):
        text = precision[at]
        if text in plain:
            continue
        if text not in known:
            precision[at] = Precision.TUMOUR.value
            what = "The precision is not known; the sample counts for the whole tumour only."
            remedy = f"Write one of {', '.join(member.value for member in Precision)}."
            problems.append(table.problem(at, "precision", what, remedy, "warning"))
        elif text == Precision.POINT.value and not located[at]:
            precision[at] = Precision.TUMOUR.value
            what = 'Precision "point" without coordinates; the sample counts for the whole tumour.'
            remedy = "Give x, y, z and coord_system, or correct the precision."
            problems.append(table.problem(at, "precision", what, remedy, "warning"))
    return table.assign({"precision": precision})


@dataclass(frozen=True, eq=False)
class Samples:
    """Validated table of samples.

    Attributes
    ----------
    table : DataFrame, N rows, index ``sample_id``
        Columns of the samples table. Text that is missing is ``""``, numbers NaN.
    name : str
        What a person calls it.
    problems : tuple of Problem
        Rows that were refused, and what else should be known.
    notes : tuple of str
        The same in one sentence, for whoever reads a file.
    metadata : Mapping
        ``path``, and ``rows``: row of each sample in its file.
    history : tuple of Record
        How it came to be.

    Raises
    ------
    InputError
        If a row has coordinates without a coordinate system; `from_table` leaves such rows
        out and says so.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"sample_id": ["b1"], "patient_id": ["P1"], "coord_system": ["RAS"],
    ...     "unit": ["mm"], "x": [10], "y": [-5], "z": [3], "precision": ["point"]})
    >>> samples = Samples.from_table(frame)
    >>> samples.points_lps().tolist(), samples.finest_claim.value
    ([[-10.0, 5.0, 3.0]], 'point')
    """

    table: pd.DataFrame
    name: str = ""
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        absent = [name for name in TABLES["samples"].names[1:] if name not in self.table]
        if absent or self.table.index.name != "sample_id":
            lacking = ", ".join(absent) or "the index sample_id"
            raise InputError(
                f"A table of samples needs {lacking}. Make it with Samples.from_table(frame)."
            )
        refused = self._has_place & ~self.table["coord_system"].isin(["RAS", "LPS", "voxel"])
        if refused.any():
            raise InputError(
                f"{int(refused.sum())} samples have coordinates without RAS, LPS or voxel in "
                f'coord_system, the first "{self.table.index[refused][0]}". '
                "Fill it in, or leave them out with Samples.from_table(frame)."
            )

    @classmethod
    def from_table(
        cls, table: pd.DataFrame | Table, *, name: str = "", file: str = "samples.csv"
    ) -> Samples:
        """Check a table and leave out the rows that cannot be used.

        Parameters
        ----------
        table : DataFrame or Table
            One row a sample, with ``sample_id`` as a column or as the index.
        name : str, optional
            What a person calls it.
        file : str, optional
            Where it comes from, for the messages.

        Returns
        -------
        Samples
            The usable rows; ``problems`` tell of the others.
        """
        raw = table if isinstance(table, Table) else _as_table(table, file)
        spec = TABLES["samples"]
        conformed, problems = conform(raw, spec)
        located, more = check_locations(conformed)
        final, further = read_free_columns(located, spec)
        found = (*problems, *more, *further)
        return cls(
            final.frame.set_index("sample_id"),
            name=name,
            problems=found,
            notes=tuple(str(problem) for problem in found if problem.level != "note"),
            metadata={
                "path": raw.file,
                "rows": dict(zip(final.texts("sample_id"), final.rows.tolist(), strict=True)),
            },
        )

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        located = int(self._has_place.sum())
        return f"Samples({self.name!r}, {len(self)} samples, {located} with coordinates)"

    @property
    def _has_place(self) -> NDArray[np.bool_]:
        return np.isfinite(self.table[_XYZ].to_numpy(float)).all(axis=1)

    @property
    def located(self) -> Samples:
        """The samples that have coordinates, in order."""
        return replace(self, table=self.table[self._has_place])

    @property
    def finest_claim(self) -> Precision:
        """Finest claim that all of them together support."""
        return finest_claim(self.table["precision"])

    def select(self, mask: Sequence[bool] | NDArray[np.bool_]) -> Samples:
        """Rows for which a mask, shape (N,), is true."""
        return replace(self, table=self.table[np.asarray(mask, bool)])

    def points_lps(self, geometry: Geometry | None = None) -> NDArray[np.float64]:
        """Positions of the located samples.

        Parameters
        ----------
        geometry : Geometry, optional
            Grid that voxel coordinates (i, j, k; 0 is the centre of the first voxel) count.

        Returns
        -------
        ndarray, shape (N, 3)
            LPS mm of ``samples.located``, in its order; samples without coordinates have none.

        Raises
        ------
        InputError
            If there are voxel coordinates and no grid.
        """
        table = self.located.table
        points = table[_XYZ].to_numpy(float)  # (N, 3)
        system = table["coord_system"].to_numpy()
        voxel, ras = system == "voxel", system == "RAS"
        if voxel.any() and geometry is None:
            raise InputError(
                f"{int(voxel.sum())} samples have voxel coordinates, which mean nothing without "
                "their scan. Give its geometry: points_lps(scan.geometry)."
            )
        scale = np.array([_TO_MM.get(unit, 1.0) for unit in table["unit"]])
        points = points * scale[:, np.newaxis]
        points[ras] = flip_lps_ras(points[ras])
        if geometry is not None and voxel.any():
            points[voxel] = geometry.index_to_world(table[_XYZ].to_numpy(float)[voxel])
        return points

    def check_inside(self, *segmentations: Segmentation) -> tuple[Problem, ...]:
        """Flag located samples outside the tumour, and say when a flip would put them inside.

        A point counts as inside when it lies in a labelled voxel, or nearer to one than its
        radius, its uncertainty or one voxel.

        Parameters
        ----------
        *segmentations : Segmentation
            Tumours of their patient, in their frame; inside one of them is inside.

        Returns
        -------
        tuple of Problem
            One warning for each sample outside.
        """
        located = self.located
        if not len(located) or not segmentations:
            return ()
        points = located.points_lps(segmentations[0].geometry)
        slack = located.table[["radius_mm", "uncertainty_mm"]].max(axis=1).fillna(0.0).to_numpy()
        inside = np.logical_or.reduce([inside_or_near(points, slack, seg) for seg in segmentations])
        if inside.all():
            return ()
        mirrored = flip_lps_ras(points)
        flipped = np.logical_or.reduce(
            [inside_or_near(mirrored, slack, seg) for seg in segmentations]
        )
        return tuple(
            located._outside(at, bool(flipped[at]), segmentations[0].name)
            for at in np.flatnonzero(~inside)
        )

    def _outside(
        self,
        at: int | np.integer[Any],
        flipped: bool,
        segmentation: str,
    ) -> Problem:
        row = self.table.iloc[at]
        identity, system = self.table.index[at], row["coord_system"]
        place = "(" + ", ".join(f"{row[axis]:g}" for axis in _XYZ) + f") {row['unit']} {system}"
        what = f'Sample "{identity}" at {place} lies outside the segmentation "{segmentation}".'
        if flipped and system != "voxel":
            other = "LPS" if system == "RAS" else "RAS"
            what += f" The same numbers as {other} lie inside: RAS and LPS are likely swapped."
            remedy = f"Write {other} as coord_system if that is so."
        else:
            remedy = "Check its coordinates, its frame and its patient; a RAS/LPS swap is common."
        line = self.metadata.get("rows", {}).get(identity) or None
        file = str(self.metadata.get("path", ""))
        return Problem(file, line, "coord_system", what, remedy, "warning", row["patient_id"])


def _as_table(frame: pd.DataFrame, file: str) -> Table:
    if frame.index.name == "sample_id" and "sample_id" not in frame:
        frame = frame.reset_index()
    cells = frame.astype(object).where(frame.notna(), "")
    return Table(cells.reset_index(drop=True), np.arange(2, len(frame) + 2), file)
