"""Run again: the settings of a map that was saved, read from the history beside it."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.texture.job import Job, objects_of
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import content_hash, history_path, read_history
from napari_radiogenomics.radiomics.family import chosen_names, find_features

__all__ = ["Again", "again_from", "check_voxels"]

_VERB = "texture_maps"
_NOT_IN_FORM = ("families", "features", "label", "init_value")


@dataclass(frozen=True)
class Again:
    """How a map was made.

    Attributes
    ----------
    settings : dict
        For the form, with ``features`` as ``family_Feature``.
    label : int or None
        Region that was measured.
    scan, region : str
        Names of what was measured.
    hashes : tuple of str
        Content of scan and segmentation.
    text : str
        All of it in a sentence.
    """

    settings: dict[str, Any]
    label: int | None
    scan: str
    region: str
    hashes: tuple[str, str]
    text: str


def again_from(path: str | Path, *, known: Collection[str]) -> Again:
    """Read how a saved map was made.

    Parameters
    ----------
    path : str or Path
        File of the map.
    known : collection of str
        Settings that the form has.

    Raises
    ------
    InputError
        If there is no history beside the file, or none of a texture map.
    """
    path = Path(path)
    records = [record for record in read_history(path) if record.verb == _VERB]
    if not records:
        raise InputError(
            f"{path.name} has no history of a texture map beside it "
            f"({history_path(path).name}). Choose a map that this dock has saved."
        )
    record = records[-1]
    settings = {name: _value(value) for name, value in record.settings.items()}
    found = find_features(
        *chosen_names(settings.pop("families", None), settings.pop("features", None))
    )
    keys = tuple(f"{family.name}_{x.name}" for family, features in found.items() for x in features)
    said = {name for name, value in settings.items() if value is not None}
    lost = sorted(said - set(known) - set(_NOT_IN_FORM))
    scan, region = (record.inputs.get(name, {}) for name in ("image", "segmentation"))
    text = (
        f"Settings of {path.name}, made on {record.time[:10]} "
        f'from "{scan.get("name", "")}" and "{region.get("name", "")}".'
    )
    if lost:
        text += f" Not known here: {', '.join(lost)}."
    return Again(
        {name: value for name, value in settings.items() if name in known} | {"features": keys},
        settings.get("label"),
        scan.get("name", ""),
        region.get("name", ""),
        (scan.get("hash", ""), region.get("hash", "")),
        text,
    )


def _value(value: Any) -> Any:
    """Setting as the form takes it; JSON knows neither tuples nor NaN."""
    if value in ("nan", "inf", "-inf"):
        return math.nan if value == "nan" else float(value)
    return tuple(value) if isinstance(value, list) else value


def check_voxels(job: Job, again: Again, *, progress: Progress = quiet) -> str:
    """Say whether what is open holds the voxels that the map was made from.

    Parameters
    ----------
    job : Job
        The layers that are chosen.
    again : Again
        How the map was made.
    progress : Progress, optional
        Reports the two objects.

    Returns
    -------
    str
        What the person is told.
    """
    titles = ("scan", "segmentation")
    pairs = list(zip(titles, objects_of(job), again.hashes, strict=True))
    other = [title for title, obj, was in progress(pairs, "Compare") if content_hash(obj) != was]
    if not other:
        return f"{again.text} The same voxels are open: Compute all gives the same map."
    return f"{again.text} Other voxels are open now than those of its {' and '.join(other)}."
