"""How the matrices of directions and slices become one number, as the IBSI names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.discretize import Binning, Standard
from napari_radiogenomics.radiomics.family import Family
from napari_radiogenomics.radiomics.roi import Region
from napari_radiogenomics.registry import did_you_mean

__all__ = ["AGGREGATIONS", "Aggregation", "aggregated", "measure_slices"]


class Aggregation(NamedTuple):
    """One way of the IBSI.

    Attributes
    ----------
    ibsi : str
        Its permanent id.
    meaning : str
        In plain words.
    flat : bool
        Neighbors lie in one slice.
    merged : bool
        The matrices of all directions are added before features are made of them.
    by_slice : bool
        Features are made of each slice, and their mean is taken.
    """

    ibsi: str
    meaning: str
    flat: bool
    merged: bool
    by_slice: bool


AGGREGATIONS = {
    "2D averaged": Aggregation(
        "BTW3", "Each slice and direction by itself; mean of the features.", True, False, True
    ),
    "2D slice-merged": Aggregation(
        "SUJT", "Directions of a slice added; mean over the slices.", True, True, True
    ),
    "2.5D direction-merged": Aggregation(
        "JJUI", "Slices added; mean over the directions.", True, False, False
    ),
    "2.5D merged": Aggregation(
        "ZW7Z", "Slices and directions within them added.", True, True, False
    ),
    "3D averaged": Aggregation(
        "ITBB", "Directions through space; mean over them.", False, False, False
    ),
    "3D merged": Aggregation("IAZD", "Directions through space added.", False, True, False),
}


def aggregated(name: str | None, given: Mapping[str, Any], standard: Standard) -> dict[str, Any]:
    """Settings that a way of the IBSI means.

    Parameters
    ----------
    name : str or None
        Of `AGGREGATIONS`; None leaves the settings as they are.
    given : Mapping
        Settings by our keywords.
    standard : {"pyradiomics", "ibsi"}
        Whose definitions hold.

    Raises
    ------
    InputError
        If the name is not known, or the definitions are not the IBSI's.

    Examples
    --------
    >>> aggregated("2.5D merged", {}, "ibsi")
    {'force_2d': True, 'weighting_norm': 'no_weighting'}
    """
    if name is None:
        return dict(given)
    if name not in AGGREGATIONS:
        hint = did_you_mean(str(name), list(AGGREGATIONS))
        raise InputError(f'Unknown aggregation "{name}". {hint}')
    if standard != "ibsi":
        raise InputError(
            f'aggregation="{name}" is the IBSI\'s; the standard is "{standard}". Set '
            'standard="ibsi", or use force_2d and weighting_norm.'
        )
    way = AGGREGATIONS[name]
    norm = "no_weighting" if way.merged else None
    return {**given, "force_2d": way.flat, "weighting_norm": norm}


def measure_slices(family: Family, region: Region, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Measure features of each slice, and take the mean of those that have a value.

    Parameters
    ----------
    family : Family
        Of features made from matrices.
    region : Region
        With a ``thin_axis``; gray levels are those of the whole.
    names : tuple of str
        F features.

    Returns
    -------
    ndarray of float64, shape (F,)
        NaN where no slice has a value.
    """
    axis = region.thin_axis or 0
    levels = np.zeros(region.inside.shape, np.int32)
    levels[region.inside] = region.levels
    binning = Binning(1.0, standard="ibsi", lowest=1.0)  # levels stay what they are
    whole = replace(region, array=levels, binning=binning, most=region.n_levels)
    found = []
    for place in np.flatnonzero(region.inside.any(axis=tuple({0, 1, 2} - {axis}))):
        part = [slice(None)] * 3
        part[axis] = slice(place, place + 1)
        where = tuple(part)
        of_slice = replace(whole, inside=region.inside[where], array=levels[where])
        found.append(family.measure_region(of_slice, names))
    table = np.array(found)  # (slices, F)
    known = np.isfinite(table)
    total = np.where(known, table, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
