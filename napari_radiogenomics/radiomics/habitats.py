"""Habitats: parts of a tumor whose voxels look alike in several maps at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.radiomics.clusterer import CLUSTERERS
from napari_radiogenomics.radiomics.habitat_model import (
    MOST_HABITATS,
    HabitatModel,
    Within,
    fit_habitats,
)
from napari_radiogenomics.radiomics.habitat_points import (
    Maps,
    Points,
    Preparation,
    named_maps,
    points_of,
)
from napari_radiogenomics.signature import Setting

__all__ = ["find_habitats", "habitat_model"]

Number = int | Literal["auto"] | None
# Below this mean silhouette habitats are hardly apart (Rousseeuw 1987; Kaufman 1990).
_HARDLY_APART = 0.25


@verb
def find_habitats(
    maps: Maps,
    segmentation: Segmentation,
    *,
    n: Annotated[
        Number, Setting(minimum=1, maximum=MOST_HABITATS, title="Number of habitats")
    ] = None,
    max_n: Annotated[
        int, Setting(minimum=2, maximum=MOST_HABITATS, title="At most", advanced=True)
    ] = 6,
    method: Annotated[str, Setting(choices=CLUSTERERS.titles)] = "kmeans",
    label: Annotated[int | None, Setting(minimum=1)] = None,
    limits: Annotated[
        Sequence[float], Setting(advanced=True, title="Values of the first map")
    ] = (),
    edge_mm: Annotated[float, Setting(unit="mm", minimum=0, advanced=True, title="Edge")] = 0.0,
    smooth_mm: Annotated[
        float, Setting(unit="mm", minimum=0, advanced=True, title="Smoothing")
    ] = 0.0,
    model: HabitatModel | None = None,
    seed: Annotated[int, Setting(minimum=0, advanced=True)] = 0,
    progress: Progress = quiet,
) -> Segmentation:
    """Divide a region into habitats: parts that look alike in several maps at once.

    Parameters
    ----------
    maps : mapping of str to Image, or sequence of Image
        Texture maps or scans, all on the grid of the segmentation. The first decides the order
        of the habitats.
    segmentation : Segmentation
        Region to divide.
    n : int or "auto", optional
        Number of habitats, 20 at most. Without it, or with "auto", the one with the best
        silhouette (k-means) or Bayesian information criterion (Gaussian mixture).
    max_n : int, optional
        The most that are tried.
    method : str, optional
        How voxels are clustered.
    label : int, optional
        Label to divide. Without it, label 1 where there is one, else the only one.
    limits : sequence of float, optional
        Lowest and highest value of the first map to keep: -150 and 300 HU leave out air and
        bone. Other voxels get no habitat.
    edge_mm : float, optional
        Voxels this near to the outside of the region get no habitat: at the edge of a lung
        tumor they hold air too, which outweighs what tells core from rim.
    smooth_mm : float, optional
        Smooth maps by a Gaussian of this standard deviation, within the voxels that count: a
        noisy scan has habitats then, and not speckles.
    model : HabitatModel, optional
        Habitats of a cohort, from `habitat_model`: the same habitat is then the same in every
        patient. All settings but ``label`` are then those of the model; others that are given
        are refused.
    seed : int, optional
        Of the random starts; the same seed gives the same habitats.
    progress : Progress, optional
        Reports the numbers tried; may cancel.

    Returns
    -------
    Segmentation
        Habitat 1 has the lowest mean in the first map, the last one the highest. Each label's
        ``metadata`` holds its share of the voxels and the mean of every map in it;
        ``metadata["habitats"]`` of the segmentation the scores and the centers.

    Raises
    ------
    GeometryError
        If a map is on another grid.
    InputError
        If there is no map, one is the same everywhere, maps or settings are not those of the
        model, or the region is empty or too small, or a number of habitats is none.
    Cancelled
        If ``progress`` says so.

    Notes
    -----
    Maps are standardized within the region (or within the cohort, by the model), so that their
    units do not matter. Voxels where a map has no value are left out, and counted in ``notes``.
    Clusters are learned from at most 20,000 voxels.

    References
    ----------
    Gatenby et al., Radiology 2013, doi:10.1148/radiol.13122697 (habitats);
    Rousseeuw, J Comput Appl Math 1987, doi:10.1016/0377-0427(87)90125-7 (silhouette);
    Schwarz, Ann Stat 1978, doi:10.1214/aos/1176344136 (BIC).

    Examples
    --------
    >>> from napari_radiogenomics import Geometry, Image, Segmentation, find_habitats
    >>> grid = Geometry((6, 1, 1))
    >>> perfusion = Image(np.array([[[9.0, 9.5, 1.0, 1.2, 0.9, 9.2]]]), grid, name="perfusion")
    >>> tumour = Segmentation(np.ones((1, 1, 6), np.uint8), grid)
    >>> habitats = find_habitats([perfusion], tumour)
    >>> habitats.labels.tolist(), [label.name for label in habitats.scheme]
    ([[[2, 2, 1, 1, 1, 2]]], ['Habitat 1 (low perfusion)', 'Habitat 2 (high perfusion)'])
    """
    named = named_maps(maps)
    if model is None:
        found = points_of(named, segmentation, label, Preparation.of(limits, edge_mm, smooth_mm))
        model = fit_habitats(
            [found.values], list(named),
            n=n, max_n=max_n, method=method, seed=seed, progress=progress,
        )  # fmt: skip
    else:
        how = Preparation.of(limits, edge_mm, smooth_mm)
        _require_settings_of(model, n, method, how)
        named = _of_model(model, named)
        found = points_of(named, segmentation, label, model.preparation)
    values = np.zeros(found.known.size, np.uint8)
    values[found.known] = model.assign(found.values)
    labels = np.zeros(found.mask.shape, np.uint8)
    labels[found.mask] = values
    return _result(segmentation, model, labels, found, _most_tried(model, n, max_n))


@verb
def habitat_model(
    cases: Sequence[tuple[Maps, Segmentation]],
    *,
    n: Annotated[
        Number, Setting(minimum=1, maximum=MOST_HABITATS, title="Number of habitats")
    ] = None,
    max_n: Annotated[
        int, Setting(minimum=2, maximum=MOST_HABITATS, title="At most", advanced=True)
    ] = 6,
    method: Annotated[str, Setting(choices=CLUSTERERS.titles)] = "kmeans",
    label: Annotated[int | None, Setting(minimum=1)] = None,
    limits: Annotated[
        Sequence[float], Setting(advanced=True, title="Values of the first map")
    ] = (),
    edge_mm: Annotated[float, Setting(unit="mm", minimum=0, advanced=True, title="Edge")] = 0.0,
    smooth_mm: Annotated[
        float, Setting(unit="mm", minimum=0, advanced=True, title="Smoothing")
    ] = 0.0,
    within: Within = "cohort",
    seed: Annotated[int, Setting(minimum=0, advanced=True)] = 0,
    progress: Progress = quiet,
) -> HabitatModel:
    """Learn habitats from a whole cohort, to be found in each patient by `find_habitats`.

    Parameters
    ----------
    cases : sequence of (maps, segmentation)
        Maps and region of each patient. Every patient has the same maps, in the same order, and
        the same say, however large the tumor is. May be an iterator that reads them one by one.
    n, max_n, method, label, limits, edge_mm, smooth_mm, seed
        As for `find_habitats`.
    within : {"cohort", "case"}, optional
        Standardize maps over the cohort, where a value means the same in every scan (HU, ADC),
        or in each case by itself, where it does not (MR signal).
    progress : Progress, optional
        Reports cases and numbers tried; may cancel.

    Returns
    -------
    HabitatModel
        ``model.save(path)`` writes it as JSON, ``HabitatModel.load(path)`` reads it.

    Raises
    ------
    InputError
        If there is no case, or a case has other maps than the first.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry, Image, Segmentation
    >>> grid = Geometry((4, 1, 1))
    >>> region = Segmentation(np.ones((1, 1, 4), np.uint8), grid)
    >>> flow = [Image(np.array([[row]], float), grid, name="flow")
    ...         for row in ([1, 2, 8, 9], [1, 1, 2, 2])]
    >>> model = habitat_model([([image], region) for image in flow], n=2)
    >>> find_habitats([flow[1]], region, model=model).labels.tolist()
    [[[1, 1, 1, 1]]]
    """
    columns: list[str] = []
    how = Preparation.of(limits, edge_mm, smooth_mm)
    collected: list[NDArray[np.float64]] = []
    for maps, segmentation in progress(cases, "Cases"):
        named = named_maps(maps)
        columns = columns or list(named)
        if list(named) != columns:
            raise InputError(
                f"Case {len(collected) + 1} ({segmentation.name or 'without a name'}) has the maps "
                f"{', '.join(named)}, the first has {', '.join(columns)}. Give every case the same."
            )
        collected.append(points_of(named, segmentation, label, how).values)
    if not collected:
        raise InputError("There is no case to learn habitats from.")
    return fit_habitats(
        collected, columns,
        n=n, max_n=max_n, method=method, seed=seed, within=within, preparation=how,
        progress=progress,
    )  # fmt: skip


def _require_settings_of(model: HabitatModel, n: Number, method: str, how: Preparation) -> None:
    """Refuse settings beside a model that are not its own, and would be passed over."""
    own = model.preparation
    pairs = (
        ("n", n, model.n, (None, "auto")),
        ("method", method, model.method, ("kmeans",)),
        ("limits", how.limits, own.limits, (None,)),
        ("edge_mm", how.edge_mm, own.edge_mm, (0.0,)),
        ("smooth_mm", how.smooth_mm, own.smooth_mm, (0.0,)),
    )
    for name, given, of_model, defaults in pairs:
        if given not in defaults and given != of_model:
            raise InputError(
                f"{name} is {given}, and that of the habitat model is {of_model}: a model brings "
                f"its own settings. Leave {name} out, or learn another model with habitat_model."
            )


def _most_tried(model: HabitatModel, n: Number, max_n: int) -> int:
    """The most habitats that were tried to find the best number; 0 where it was given."""
    if model.history:
        settings = model.history[-1].settings
        n, max_n = settings.get("n"), int(settings.get("max_n", 0))
    return max_n if n in (None, "auto") else 0


def _of_model(model: HabitatModel, named: Mapping[str, Image]) -> dict[str, Image]:
    """The maps that a model was made of, in its order."""
    missing = [name for name in model.features if name not in named]
    if missing:
        raise InputError(
            f"The habitat model needs the map {missing[0]}, which is not given. It was made of "
            f"{', '.join(model.features)}."
        )
    return {name: named[name] for name in model.features}


def _result(
    segmentation: Segmentation,
    model: HabitatModel,
    labels: NDArray[np.uint8],
    found: Points,
    most: int,
) -> Segmentation:
    points, habitats = found.values, labels[found.mask][found.known]
    scheme = tuple(
        Label(k, name, metadata=_facts(model, points[habitats == k], len(points)))
        for k, name in enumerate(model.names, 1)
    )
    facts: dict[str, Any] = {
        "features": model.features,
        "centers": model.centers.tolist(),
        "method": model.method,
        "criterion": model.criterion,
        "scores": dict(model.scores),
        "n_cases": model.n_cases,
    }
    return replace(
        segmentation,
        labels=labels,
        scheme=scheme,
        name=f"Habitats of {segmentation.name}".removesuffix(" of "),
        fractions=None,
        notes=tuple(_notes(model, found, most)),
        metadata={**_source(segmentation), "habitats": facts},
    )


def _facts(model: HabitatModel, points: NDArray[np.float64], total: int) -> dict[str, Any]:
    means = points.mean(axis=0).tolist() if len(points) else [None] * len(model.features)
    return {
        "share": len(points) / total,
        "means": dict(zip(model.features, means, strict=True)),
    }


def _source(segmentation: Segmentation) -> dict[str, Any]:
    """Which scan it was drawn on; the file it came from is not that of the habitats."""
    return {key: segmentation.metadata[key] for key in ("scan_id",) if key in segmentation.metadata}


def _notes(model: HabitatModel, found: Points, most: int) -> list[str]:
    total = found.known.size
    unknown = total - len(found.values) - found.left_out
    notes = [f"Habitats are numbered by their mean of {model.features[0]}, lowest first."]
    if unknown:
        have = "has" if unknown == 1 else "have"
        notes.append(f"{unknown} of {total} voxels {have} no value in some map and no habitat.")
    if found.left_out:
        lie = "lies at the edge or beyond the limits and has"
        lie = lie if found.left_out == 1 else "lie at the edge or beyond the limits and have"
        notes.append(f"{found.left_out} of {total} voxels {lie} no habitat.")
    score = model.scores.get(model.n)
    if model.criterion == "mean silhouette" and score is not None and score < _HARDLY_APART:
        notes.append(
            f"The habitats are hardly apart (mean silhouette {score:.2f}): the region may well "
            "be one."
        )
    if model.scores and model.n == most:
        notes.append(_told_of_most(model))
    return notes


def _told_of_most(model: HabitatModel) -> str:
    more = "Raise max_n, or set n" if model.n < MOST_HABITATS else "Set n"
    if len(model.scores) == 1:
        return (
            f"No other number than {model.n} habitats was tried (max_n = {model.n}): others may "
            f"fit better. {more} to what you can explain."
        )
    return (
        f"{model.n} habitats, the most that were tried, have the best {model.criterion}: it "
        f"may still rise beyond. {more} to what you can explain."
    )
