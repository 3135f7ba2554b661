"""A virtual biopsy that was learned: what it measures, what it knows, and its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.around import Recipe
from napari_radiogenomics.correspondence.biopsy_lesson import Lesson
from napari_radiogenomics.correspondence.fitted_places import FittedPlaces
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.model_archive import ModelArchive
from napari_radiogenomics.provenance import Record, content_hash

__all__ = ["VirtualBiopsyModel", "model_of"]

Reals = NDArray[np.float64]
_ARCHIVE = ModelArchive(
    "virtual biopsy", "virtual biopsy", "Choose a file that save wrote, or learn it again."
)
_WHOLE = ("patient", "fold")
_LISTS = ("features", "patients", "samples", "batches")
_PLAIN = (
    "target",
    "title",
    "unit",
    "level",
    "batch",
    "skill",
    "skill_low",
    "skill_high",
    "p_value",
)


@dataclass(frozen=True, eq=False)
class VirtualBiopsyModel:
    """What `map_virtual_biopsy` draws maps with.

    Attributes
    ----------
    target, title, unit : str
        The score.
    level : float
        Of its intervals.
    recipe : Recipe
        How a place is measured.
    features : tuple of str
        Names of the P features.
    places : FittedPlaces
        What was learned.
    patients : tuple of str
        Those learned from, by their number.
    samples : tuple of str
        Ids of their biopsies.
    points : ndarray, shape (N, 3)
        Where those are, as samples.csv says it: by this a patient is known again.
    x, y : ndarray, shapes (N, P) and (N,)
        Features and scores of the biopsies.
    batch, batches : str, tuple of str
        Column of the patients with the batch, and its values; empty where none.
    skill, skill_low, skill_high, p_value : float
        As in `VirtualBiopsy`.
    history : tuple of Record
        How it came to be.
    """

    target: str
    title: str
    unit: str
    level: float
    recipe: Recipe
    features: tuple[str, ...]
    places: FittedPlaces
    patients: tuple[str, ...]
    samples: tuple[str, ...]
    points: Reals
    x: Reals
    y: Reals
    batch: str = ""
    batches: tuple[str, ...] = ()
    skill: float = float("nan")
    skill_low: float = float("nan")
    skill_high: float = float("nan")
    p_value: float = float("nan")
    history: tuple[Record, ...] = ()

    def save(self, path: str | Path) -> Path:
        """Write as plain arrays and JSON; nothing in the file is run when it is read.

        Parameters
        ----------
        path : str or Path
            File, ending with ``.npz``; its folder exists.

        Raises
        ------
        InputError
            If the name is none, or it cannot be written.
        """
        arrays = {**self.places.arrays, "points": self.points, "x": self.x, "y": self.y}
        about = {**_ARCHIVE.header(), "model": self._facts()}
        about["digest"] = _digest(about, arrays)
        return _ARCHIVE.write(Path(path), about, arrays)

    def _facts(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "recipe": self.recipe.to_dict(),
            **{name: list(getattr(self, name)) for name in _LISTS},
            "history": [record.to_dict() for record in self.history],
        }

    @classmethod
    def load(cls, path: str | Path) -> VirtualBiopsyModel:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is damaged, was changed, or is of another schema or version.
        """
        with _ARCHIVE.opened(Path(path)) as (about, arrays):
            if about.pop("digest", "") != _digest(about, arrays):
                raise InputError("it is not what was saved; it was changed or cut off")
            return cls._from(about["model"], arrays)

    @classmethod
    def _from(cls, facts: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> VirtualBiopsyModel:
        own = {field.name: arrays[field.name] for field in fields(FittedPlaces)}
        own |= {name: own[name].astype(np.intp) for name in _WHOLE}
        places = FittedPlaces(**own)
        x, y, points = (arrays[name] for name in ("x", "y", "points"))
        lists = {name: tuple(facts[name]) for name in _LISTS}
        problem = places.problem()
        n, p = len(places.patient), places.n_features
        shapes = (x.shape, y.shape, points.shape, len(lists["features"]), len(lists["samples"]))
        if not problem and shapes != ((n, p), (n,), (n, 3), p, n):
            problem = "its biopsies do not fit its features"
        if not problem and int(places.patient.max()) + 1 != len(lists["patients"]):
            problem = "its patients do not fit its biopsies"
        if problem:
            raise InputError(problem)
        history = tuple(Record(**record) for record in facts["history"])
        told: dict[str, Any] = {**{name: facts[name] for name in _PLAIN}, **lists}
        recipe = Recipe.from_dict(facts["recipe"])
        return cls(**told, points=points, x=x, y=y, recipe=recipe, places=places, history=history)


def model_of(
    lesson: Lesson, places: FittedPlaces, facts: Mapping[str, Any], batch: str
) -> VirtualBiopsyModel:
    """Make a model of what was learned.

    Parameters
    ----------
    lesson : Lesson
        What it was learned from.
    places : FittedPlaces
        What was learned.
    facts : mapping
        Target, level and skill.
    batch : str
        Column of the batch.
    """
    own = {name: getattr(lesson, name) for name in (*_LISTS, "points", "x", "y", "recipe")}
    return VirtualBiopsyModel(**facts, **own, places=places, batch=batch)


def _digest(about: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> str:
    told = json.dumps({k: v for k, v in about.items() if k != "digest"}, sort_keys=True)
    return content_hash([told, dict(sorted(arrays.items()))])
