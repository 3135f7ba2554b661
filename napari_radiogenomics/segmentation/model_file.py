"""A trained classifier as a file: its trees and samples as plain arrays, the rest as JSON.

A digest tells of arrays that were changed or cut off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.segmentation import Label
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.model_archive import ModelArchive
from napari_radiogenomics.provenance import content_hash
from napari_radiogenomics.segmentation.channels import Channel
from napari_radiogenomics.segmentation.forest import Forest
from napari_radiogenomics.segmentation.pixel_features import Recipe
from napari_radiogenomics.segmentation.samples import Samples

if TYPE_CHECKING:
    from napari_radiogenomics.segmentation.classifier import PixelClassifier

__all__ = ["read_model", "write_model"]

_ARCHIVE = ModelArchive(
    "pixel classifier",
    "classifier",
    "Choose a file that PixelClassifier.save wrote, or train it again.",
)
_TREE, _SAMPLE = "forest_", "samples_"
_SETTINGS = ("scales_mm", "position", "trees", "seed")


def write_model(
    model: PixelClassifier, forest: Forest, samples: Mapping[str, Samples], path: Path
) -> Path:
    """Write a trained classifier; see `PixelClassifier.save`."""
    arrays = {_TREE + name: array for name, array in forest.arrays().items()}
    for number, part in enumerate(samples.values()):
        arrays |= {f"{_SAMPLE}{number}_{name}": a for name, a in vars(part).items()}
    about = {
        **_ARCHIVE.header(),
        "settings": {name: getattr(model, name) for name in _SETTINGS},
        "channels": [asdict(channel) for channel in model.channels],
        "classes": [{"value": x.value, "name": x.name, "color": x.color} for x in model.classes],
        "features": model.features,
        "patients": list(samples),
        "digest": content_hash(dict(sorted(arrays.items()))),
    }
    return _ARCHIVE.write(path, about, arrays)


def read_model(
    path: Path,
) -> tuple[dict[str, Any], tuple[Channel, ...], tuple[Label, ...], Forest, dict[str, Samples]]:
    """Read what a classifier is made of; see `PixelClassifier.load`."""
    with _ARCHIVE.opened(path) as (about, arrays):
        return _parts(about, arrays)


def _parts(
    about: dict[str, Any], arrays: dict[str, NDArray]
) -> tuple[dict[str, Any], tuple[Channel, ...], tuple[Label, ...], Forest, dict[str, Samples]]:
    if about["digest"] != content_hash(dict(sorted(arrays.items()))):
        raise InputError("its arrays are not those that were saved; it was changed or cut off")
    settings = {name: about["settings"][name] for name in _SETTINGS}
    settings["scales_mm"] = tuple(settings["scales_mm"])
    channels = tuple(Channel(**entry) for entry in about["channels"])
    classes = tuple(
        Label(int(x["value"]), str(x["name"]), tuple(x["color"])) for x in about["classes"]
    )
    names = Recipe(settings["scales_mm"], settings["position"]).names([c.name for c in channels])
    if about["features"] != names:
        raise InputError(
            "its features are not those of this version; update or go back to the version "
            f"{about.get('versions', {}).get('napari-radiogenomics', 'it was made with')}"
        )
    trees = {
        name.removeprefix(_TREE): array for name, array in arrays.items() if name.startswith(_TREE)
    }
    forest = Forest.from_arrays(trees, features=len(names), classes=len(classes))
    samples = {
        key: _samples(arrays, f"{_SAMPLE}{number}_", len(names), [x.value for x in classes])
        for number, key in enumerate(about["patients"])
    }
    return settings, channels, classes, forest, samples


def _samples(
    arrays: Mapping[str, NDArray], prefix: str, features: int, values: list[int]
) -> Samples:
    places, classes, table = (arrays[prefix + name] for name in ("places", "classes", "table"))
    n = places.size
    whole = places.dtype == np.int64 and classes.dtype == np.int64 and table.dtype == np.float32
    fits = places.shape == classes.shape == (n,) and table.shape == (n, features)
    if not (whole and fits and np.isin(classes, values).all() and np.isfinite(table).all()):
        raise InputError("its samples are damaged")
    return Samples(places, classes, table)
