"""What habitats look like: centers in the space of maps, shared by a patient or a cohort.

Letters: V voxels, P maps, K habitats.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import Record
from napari_radiogenomics.radiomics.clusterer import CLUSTERERS
from napari_radiogenomics.radiomics.family import FAMILIES, several_have
from napari_radiogenomics.radiomics.habitat_points import Preparation

__all__ = ["MOST_HABITATS", "HabitatModel", "Within", "fit_habitats"]

Within = Literal["cohort", "case"]

_FORMAT = 1
# Of a model that was saved before maps could be prepared.
_PLAIN = {"limits": None, "edge_mm": 0.0, "smooth_mm": 0.0}
# Clusters are learned from this many voxels at most; every voxel is then given to one.
_MOST_POINTS = 20_000
# Standard deviations from the average below which a habitat is called average.
_AVERAGE = 0.25
_WORDS = {-1: "low", 0: "average", 1: "high"}
MOST_HABITATS = 20
"""The most habitats that a region is divided into."""


@dataclass(frozen=True, eq=False)
class HabitatModel:
    """Habitats in the space of maps, in order of the mean of the first map.

    Attributes
    ----------
    features : tuple of str
        Names of the P maps.
    center, scale : ndarray of float64, shape (P,)
        Mean and standard deviation of the maps over all voxels it was learned from.
    within : {"cohort", "case"}
        Whether maps are standardized by these, or each case by its own.
    method : str
        Name of the clustering method.
    arrays : Mapping of str to ndarray
        What clusters look like to it; each has K rows. ``"means"``, shape (K, P), are their
        centers in standard deviations.
    criterion : str
        Name of the score.
    scores : Mapping of int to float
        Score of each number of habitats that was tried.
    n_cases, n_points : int
        How many regions it was learned from, and how many voxels.
    preparation : Preparation
        Which voxels count, and how maps are smoothed.
    history : tuple of Record
        How it came to be.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> model = fit_habitats([points], ["Mean"], n=2, method="kmeans")
    >>> model.names, model.centers.ravel().round(6).tolist()
    (('Habitat 1 (low Mean)', 'Habitat 2 (high Mean)'), [0.5, 10.5])
    >>> model.assign(np.array([[-3.0], [7.0]])).tolist()
    [1, 2]
    """

    features: tuple[str, ...]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    method: str
    arrays: Mapping[str, NDArray[np.float64]]
    criterion: str = ""
    scores: Mapping[int, float] = field(default_factory=dict)
    n_cases: int = 1
    n_points: int = 0
    within: Within = "cohort"
    preparation: Preparation = field(default_factory=Preparation)
    history: tuple[Record, ...] = ()

    @property
    def n(self) -> int:
        """Number of habitats."""
        return len(self.arrays["means"])

    @property
    def centers(self) -> NDArray[np.float64]:
        """Centers in the units of the maps, of the average case; shape (K, P)."""
        return self.arrays["means"] * self.scale + self.center

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the habitats: where each lies in the first map, which orders them.

        No two are described alike: those that are average there are compared with each other
        in the map in which they differ most.
        """
        means = self.arrays["means"]
        levels = np.where(np.abs(means[:, 0]) < _AVERAGE, 0, np.sign(means[:, 0])).astype(int)
        low, average, high = ((levels == level).sum() for level in (-1, 0, 1))
        words = [
            *_ranks(low, "lowest", "low"),
            *["average"] * average,
            *_ranks(high, "highest", "high")[::-1],
        ]
        said = [f"{word} {_short(self.features[0])}" for word in words]
        if average > 1:
            alike = means[levels == 0]
            at = int(np.ptp(alike, axis=0).argmax())
            compared = _compared(average, _short(self.features[at]))
            for place, k in enumerate(np.argsort(alike[:, at], kind="stable")):
                said[low + k] += f", {compared[place]}"
        return tuple(f"Habitat {k} ({what})" for k, what in enumerate(said, 1))

    def assign(self, points: NDArray[np.float64]) -> NDArray[np.intp]:
        """Habitat of each voxel.

        Parameters
        ----------
        points : ndarray, shape (V, P)
            Values of the maps, in the order of ``features``.

        Returns
        -------
        ndarray of intp, shape (V,)
            1 to K.
        """
        standard = (points - self.center) / self.scale
        if self.within == "case":
            standard = _standardized([points], self.features)[0]
        return CLUSTERERS[self.method].assign(standard, self.arrays) + 1

    def save(self, path: str | Path) -> Path:
        """Write as JSON.

        Parameters
        ----------
        path : str or Path
            File to write; its folder exists.
        """
        target = Path(path)
        content = {
            "format": _FORMAT,
            "features": list(self.features),
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "method": self.method,
            "arrays": {name: array.tolist() for name, array in self.arrays.items()},
            "criterion": self.criterion,
            "scores": {str(n): score for n, score in self.scores.items()},
            "n_cases": self.n_cases,
            "n_points": self.n_points,
            "within": self.within,
            "preparation": asdict(self.preparation),
            "history": [record.to_dict() for record in self.history],
        }
        with atomic_path(target) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return target

    @classmethod
    def load(cls, path: str | Path) -> HabitatModel:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is not there, or not such a model.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls._from(content)
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}).") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path} is not a habitat model of this version ({error}). Make it again with "
                "habitat_model."
            ) from error

    @classmethod
    def _from(cls, content: dict[str, Any]) -> HabitatModel:
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']} instead of {_FORMAT}")
        arrays = {name: np.asarray(a, float) for name, a in content["arrays"].items()}
        features = tuple(map(str, content["features"]))
        if arrays["means"].shape[1:] != (len(features),) or content["method"] not in CLUSTERERS:
            raise ValueError("means and features do not fit, or the method is not known")
        return cls(
            features,
            np.asarray(content["center"], float),
            np.asarray(content["scale"], float),
            content["method"],
            arrays,
            content["criterion"],
            {int(n): float(score) for n, score in content["scores"].items()},
            int(content["n_cases"]),
            int(content["n_points"]),
            content["within"],
            Preparation.of(**content.get("preparation", _PLAIN)),
            tuple(Record(**record) for record in content["history"]),
        )


def _ranks(n: int, first: str, last: str) -> list[str]:
    """Words for n places from one end on: "lowest", "2nd lowest", "low"."""
    marks = {2: "2nd", 3: "3rd"}
    between = [f"{marks.get(k, f'{k}th')} {first}" for k in range(2, n)]
    return [first, *between, last] if n > 1 else [last] * n


def _compared(n: int, map_name: str) -> list[str]:
    """What is said of n habitats among each other: others may lie lower or higher than all."""
    if n == 2:
        return [f"lower {map_name}", f"higher {map_name}"]
    ranks = ["lowest", "middle", "highest"] if n == 3 else _ranks(n, "lowest", "highest")
    return [f"{rank} {map_name} of these {n}" for rank in ranks]


def _short(name: str) -> str:
    """Short name of a map: that of its feature, with family and filter where they are needed."""
    parts = name.split("_")
    if len(parts) != 3:
        return name
    derived, family, feature = parts
    known = family in FAMILIES and several_have(feature)
    words = (FAMILIES[family].short if known else "", feature, derived.removeprefix("original"))
    return " ".join(filter(None, words))


def fit_habitats(
    cases: Sequence[NDArray[np.float64]],
    features: Sequence[str],
    *,
    n: int | Literal["auto"] | None = None,
    max_n: int = 6,
    method: str = "kmeans",
    seed: int = 0,
    within: Within = "cohort",
    preparation: Preparation | None = None,
    progress: Progress = quiet,
) -> HabitatModel:
    """Learn habitats from the voxels of one region or several.

    Parameters
    ----------
    cases : sequence of ndarray, shape (V, P)
        Finite values of the maps in the voxels of each region. Each region has the same say,
        however large it is.
    features : sequence of str
        Names of the maps.
    n : int or "auto", optional
        Number of habitats; the best of those up to ``max_n`` without it.
    max_n : int, optional
        The most that are tried.
    method : str, optional
        Name of the clustering method.
    seed : int, optional
        Of the random starts.
    within : {"cohort", "case"}, optional
        Standardize all voxels together, or each region by itself.
    preparation : Preparation, optional
        How the values were made; kept in the model.
    progress : Progress, optional
        Reports the numbers tried; may cancel.

    Raises
    ------
    InputError
        If there are fewer distinct voxels than habitats, a map is the same everywhere, or a
        number of habitats is none.
    """
    clusterer = CLUSTERERS[method]
    wanted = None if n is None or n == "auto" else _whole("n", n, 1)
    most = _whole("max_n", max_n, 2)
    if within not in ("cohort", "case"):
        raise InputError(f'within is "cohort" or "case"; got "{within}".')
    pooled = _pooled(cases, seed)
    points = np.concatenate(pooled)
    parts = _standardized([points] if within == "cohort" else pooled, features)
    standard = np.concatenate(parts)
    distinct = len(np.unique(standard, axis=0))
    numbers = _numbers(wanted, most, clusterer.fewest, distinct)
    found, scores = {}, {}
    for number in progress(numbers, "Numbers of habitats"):
        found[number] = clusterer.fit(standard, number, seed)
        judged = number >= clusterer.fewest and distinct > number
        scores[number] = clusterer.score(standard, found[number], seed) if judged else -np.inf
    best = max(numbers, key=lambda number: (scores[number], -number))
    arrays = _ordered(found[best])
    kept = {number: score for number, score in scores.items() if np.isfinite(score)}
    return HabitatModel(
        tuple(features), points.mean(axis=0), points.std(axis=0), method, arrays,
        clusterer.criterion, kept, len(cases), len(points), within,
        preparation or Preparation(),
    )  # fmt: skip


def _whole(name: str, value: object, least: int) -> int:
    """A number of habitats; refuses what is none."""
    number = float(value) if isinstance(value, int | float | np.integer) else np.nan
    if isinstance(value, bool) or not number.is_integer() or not least <= number <= MOST_HABITATS:
        auto = ', or "auto"' if name == "n" else ""
        raise InputError(
            f"{name} is a whole number of habitats from {least} to {MOST_HABITATS}{auto}; "
            f"got {value!r}."
        )
    return int(number)


def _numbers(n: int | None, max_n: int, fewest: int, distinct: int) -> list[int]:
    least = n if n is not None else 2
    if distinct < least:
        raise InputError(
            f"The region has {distinct} different voxels, too few for {least} habitats. "
            "Use a larger region, or fewer habitats."
        )
    return [n] if n is not None else list(range(fewest, min(max_n, distinct) + 1))


def _standardized(
    parts: Sequence[NDArray[np.float64]], features: Sequence[str]
) -> list[NDArray[np.float64]]:
    """Each part with a mean of 0 and a standard deviation of 1 in every map."""
    standard = []
    for points in parts:
        center, scale = points.mean(axis=0), points.std(axis=0)
        flat = np.flatnonzero(scale <= 1e-12 * np.abs(center))
        if flat.size:
            raise InputError(
                f"{features[flat[0]]} is the same in every voxel of the region, and tells no "
                "habitats apart. Leave it out."
            )
        standard.append((points - center) / scale)
    return standard


def _pooled(cases: Sequence[NDArray[np.float64]], seed: int) -> list[NDArray[np.float64]]:
    """Voxels of all regions, as many of each."""
    smallest = min(map(len, cases))
    most = min(max(1, _MOST_POINTS // len(cases)), smallest)
    rng = np.random.default_rng(seed)
    return [points[np.sort(rng.choice(len(points), most, replace=False))] for points in cases]


def _ordered(arrays: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Clusters by the mean of the first map, ascending; the next maps decide between equals."""
    order = np.lexsort(arrays["means"].T[::-1])
    return {name: array[order] for name, array in arrays.items()}
