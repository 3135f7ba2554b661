"""A view: what one modality brings to a model, and how its table becomes features.

Letters: N patients, F features of a view.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.learner import settings_of
from napari_radiogenomics.fusion.preparation import PREPARATIONS, preparation_for
from napari_radiogenomics.fusion.tables import Tables
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VOLUME", "FittedView", "View", "fit_view", "views_of"]

Reals = NDArray[np.float64]
VOLUME = "volume"
MOST_MISSING = 0.5  # of the columns; beyond it a modality counts as not there
_VOLUMES = re.compile(r"mesh_?volume|voxel_?volume|^volume|_volume(_ml|_mm3)?$", re.IGNORECASE)


@dataclass(frozen=True)
class View:
    """How a modality becomes features.

    Attributes
    ----------
    name : str
        What it is called; that of the modality, or ``"volume"``.
    source : str
        Modality.
    preparation : str
        Name of the preparation.
    settings : mapping
        Of the preparation.
    columns : tuple of str, optional
        Columns of the modality; all where None.
    """

    name: str
    source: str
    preparation: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None

    def frame(self, tables: Tables) -> pd.DataFrame:
        """Columns of the view, by patient."""
        frame = tables.frames[self.source]
        return frame if self.columns is None else frame.reindex(columns=list(self.columns))


@dataclass(frozen=True, eq=False)
class FittedView:
    """A view with what its preparation learned.

    Attributes
    ----------
    view : View
        Of what.
    state : dict
        What the preparation learned.
    mean, scale : ndarray, shape (F,)
        Of the features in the training patients.
    """

    view: View
    state: Mapping[str, Any]
    mean: Reals
    scale: Reals

    @property
    def names(self) -> list[str]:
        """Names of the features, length F."""
        return list(self.state["names"])

    @property
    def origins(self) -> list[str]:
        """Column of the table that each feature was made of, length F; itself where it is one."""
        return list(self.state.get("origins") or self.state["names"])

    def held(self, tables: Tables) -> NDArray[np.bool_]:
        """Patients who have the view, shape (N,): none where most of its columns are missing."""
        if self.view.source not in tables.frames:
            return np.zeros(len(tables), bool)
        if len(self.missing(tables)) > MOST_MISSING * len(self.state["columns"]):
            return np.zeros(len(tables), bool)
        return held(self.view, tables)

    def matrix(self, tables: Tables) -> Reals:
        """Standardized features, shape (N, F); NaN for patients without the modality."""
        out = np.full((len(tables), len(self.mean)), np.nan)
        rows = np.flatnonzero(self.held(tables))
        if rows.size:
            frame = self.view.frame(tables).iloc[rows].reset_index(drop=True)
            sites = None if tables.sites is None else tables.sites[rows]
            values = PREPARATIONS[self.view.preparation].apply(self.state, frame, sites)
            out[rows] = (values - self.mean) / self.scale
        return out

    def missing(self, tables: Tables) -> list[str]:
        """Columns that the model reads and a table does not have."""
        there = set(map(str, tables.frames[self.view.source].columns))
        return [name for name in self.state["columns"] if name not in there]


def held(view: View, tables: Tables) -> NDArray[np.bool_]:
    """Patients who have a view, shape (N,)."""
    return tables.present.get(view.source, np.zeros(len(tables), bool))


def fit_view(view: View, tables: Tables) -> FittedView:
    """Learn a preparation, and mean and scale of its features, on the patients who have it."""
    rows = np.flatnonzero(held(view, tables))
    if rows.size < 2:
        raise InputError(
            f'{rows.size} of the {len(tables)} training patients have "{view.source}". Give more '
            "patients of it, or leave the modality out."
        )
    frame = view.frame(tables).iloc[rows].reset_index(drop=True)
    sites = None if tables.sites is None else tables.sites[rows]
    entry = PREPARATIONS[view.preparation]
    try:
        state = entry.learn(frame, sites, settings_of(entry, view.settings))
    except InputError as error:
        raise InputError(f'The modality "{view.source}" cannot be prepared: {error}') from error
    values = entry.apply(state, frame, sites)
    spread = values.std(axis=0)
    tiny = spread <= 1e-12 * (1 + np.abs(values).max(axis=0))
    return FittedView(view, state, values.mean(axis=0), np.where(tiny, np.inf, spread))


def views_of(
    frames: Mapping[str, pd.DataFrame],
    preparations: Mapping[str, Any] | None = None,
    shared: Mapping[str, Any] | None = None,
) -> dict[str, View]:
    """Views of all modalities; the volume, where an imaging modality holds it, is one of its own.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        By modality.
    preparations : mapping, optional
        Modality → name of a preparation, or ``{"method": name, **settings}``.
    shared : mapping, optional
        The same, for modalities that ``preparations`` does not name.

    Raises
    ------
    InputError
        If it names a modality or a preparation that there is not.
    """
    if not isinstance(preparations or {}, Mapping):
        raise InputError(
            f'preparations are {preparations!r}. Give a dictionary such as {{"rna": "expression"}}.'
        )
    given = dict(preparations or {})
    for name in given:
        if name not in frames:
            hint = did_you_mean(str(name), list(map(str, frames)))
            raise InputError(f'There is no modality "{name}" to prepare. {hint}')
    given = {**(shared or {}), **given}
    views: dict[str, View] = {}
    for name, frame in frames.items():
        wish = given.get(name) or {}
        if not isinstance(wish, str | Mapping):
            raise InputError(
                f'The preparation of "{name}" is {wish!r}. Give a name such as "numeric", or '
                '{"method": name, **settings}.'
            )
        wish = {"method": wish} if isinstance(wish, str) else dict(wish)
        method = wish.pop("method", None) or preparation_for(name, frame)
        settings_of(PREPARATIONS[method], wish)  # refuses what there is not
        views[name] = View(name, name, method, wish)
    volume = next((v for v in map(_volume, views.values(), frames.values()) if v), None)
    if volume is not None and VOLUME not in views:
        views[VOLUME] = volume
    return views


def _volume(view: View, frame: pd.DataFrame) -> View | None:
    if view.preparation == "expression":
        return None
    found = [str(name) for name in frame.columns if _VOLUMES.search(str(name))]
    if not found:
        return None
    # Mesh and voxel volume say the same: one is enough.
    best = next((name for name in found if "mesh" in name.lower()), found[0])
    return View(VOLUME, view.source, "numeric", {"log": True}, (best,))
