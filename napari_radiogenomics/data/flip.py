"""Coordinates that say the wrong system: which would be right, and the correction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.places import inside_or_near
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import Setting

__all__ = ["flip_samples", "systems_inside"]

_SYSTEMS = ("LPS", "RAS", "voxel")


def systems_inside(
    samples: Samples,
    slack: NDArray[np.float64],
    segmentation: Segmentation,
    outside: NDArray[np.bool_],
) -> list[str]:
    """Coordinate system that would put samples inside a tumor that they lie outside of.

    Parameters
    ----------
    samples : Samples
        N samples, all with coordinates.
    slack : ndarray, shape (N,)
        Distance to the tumor that still counts as inside, in mm.
    segmentation : Segmentation
        The tumor.
    outside : ndarray of bool, shape (N,)
        Samples that lie outside.

    Returns
    -------
    list of str, length N
        ``"LPS"``, ``"RAS"`` or ``"voxel"``; empty where none does, and for the others.
    """
    found = [""] * len(samples)
    if not outside.any():
        return found
    for system in _SYSTEMS:
        other = _as_system(samples, system)
        points = other.points_lps(segmentation.geometry)
        inside = inside_or_near(points, slack, segmentation)
        stated = samples.table["coord_system"].to_numpy()
        for at in np.flatnonzero(outside & inside & (stated != system)):
            found[at] = found[at] or system
    return found


def _as_system(samples: Samples, system: str) -> Samples:
    table = samples.table.assign(coord_system=system)
    if system == "voxel":
        return replace(samples, table=table.assign(unit="voxel"))
    unit = table["unit"].where(table["unit"] != "voxel", "mm")
    return replace(samples, table=table.assign(unit=unit))


@verb
def flip_samples(
    samples: Samples,
    sample_ids: Iterable[str] | Mapping[str, str] = (),
    *,
    to: Annotated[Literal["", "LPS", "RAS", "voxel"], Setting(title="Coordinate system")] = "",
    progress: Progress = quiet,
) -> Samples:
    """Correct the coordinate system that samples were written with; their numbers stay.

    Parameters
    ----------
    samples : Samples
        Of any patients.
    sample_ids : iterable of str or mapping, optional
        Which; all located ones where not given. A mapping, such as ``links.flips``, gives the
        coordinate system of each.
    to : str, optional
        What their coordinates are; RAS where they said LPS and LPS where they said RAS if empty.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    Samples
        With a note that says what was changed.

    Raises
    ------
    InputError
        If a sample is unknown or has no coordinates, or voxels should be flipped to nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"sample_id": ["b1"], "patient_id": ["P1"], "coord_system": ["RAS"],
    ...     "unit": ["mm"], "x": [10], "y": [-5], "z": [3], "precision": ["point"]})
    >>> samples = flip_samples(Samples.from_table(frame))
    >>> samples.points_lps().tolist(), samples.notes[-1]
    ([[10.0, -5.0, 3.0]], 'Taken as LPS instead of RAS: b1.')
    """
    located = samples.located.table
    chosen = list(sample_ids) or list(located.index)
    for name in chosen:
        if name not in located.index:
            raise InputError(
                f'Sample "{name}" is not among those with coordinates. '
                f"{did_you_mean(name, list(located.index[:50]))}"
            )
    table = samples.table.copy()
    said: dict[tuple[str, str], list[str]] = {}
    for name in progress(chosen, "Samples"):
        old = str(table.at[name, "coord_system"])
        given = sample_ids[name] if isinstance(sample_ids, Mapping) else to
        new = given or _opposite(old)
        table.at[name, "coord_system"] = new
        if (new == "voxel") != (old == "voxel"):
            table.at[name, "unit"] = "voxel" if new == "voxel" else "mm"
        said.setdefault((new, old), []).append(name)
    notes = [f"Taken as {new} instead of {old}: {', '.join(names)}."
             for (new, old), names in said.items() if new != old]  # fmt: skip
    return replace(samples, table=table, notes=(*samples.notes, *notes))


def _opposite(system: str) -> str:
    if system == "voxel":
        raise InputError('Voxel coordinates have no opposite. Say what they are: to="RAS".')
    return "LPS" if system == "RAS" else "RAS"
