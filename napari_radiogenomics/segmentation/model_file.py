"""A trained classifier as a file: a zip of plain arrays and one JSON text.

Nothing in it is run on loading. What the text says of the arrays is checked before they are
used, and a digest tells of a file that was changed or cut off.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.segmentation import Label
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.provenance import content_hash
from napari_radiogenomics.segmentation.channels import Channel
from napari_radiogenomics.segmentation.forest import Forest
from napari_radiogenomics.segmentation.pixel_features import Recipe
from napari_radiogenomics.segmentation.samples import Samples

if TYPE_CHECKING:
    from napari_radiogenomics.segmentation.classifier import PixelClassifier

__all__ = ["read_model", "write_model"]

_SCHEMA, _VERSION = "napari-radiogenomics pixel classifier", 1
_ABOUT = "about"
_TREE, _SAMPLE = "forest_", "samples_"
_MOST_BYTES = 1 << 30  # unpacked
_SETTINGS = ("scales_mm", "position", "trees", "seed")
# What numpy and zipfile raise at files that are no such archive, or a broken one.
_BROKEN = (OSError, EOFError, ValueError, LookupError, TypeError, zipfile.BadZipFile, zlib.error)


def write_model(
    model: PixelClassifier, forest: Forest, samples: Mapping[str, Samples], path: Path
) -> Path:
    """Write a trained classifier; see `PixelClassifier.save`."""
    if path.suffix != ".npz":
        raise InputError(f'"{path.name}" is no name for a classifier. End it with .npz.')
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist. Create it, then save again.")
    arrays = {_TREE + name: array for name, array in forest.arrays().items()}
    for number, part in enumerate(samples.values()):
        arrays |= {f"{_SAMPLE}{number}_{name}": a for name, a in vars(part).items()}
    about = {
        "schema": _SCHEMA,
        "version": _VERSION,
        "settings": {name: getattr(model, name) for name in _SETTINGS},
        "channels": [asdict(channel) for channel in model.channels],
        "classes": [{"value": x.value, "name": x.name, "color": x.color} for x in model.classes],
        "features": model.features,
        "patients": list(samples),
        "versions": {p: version(p) for p in ("napari-radiogenomics", "numpy", "scikit-learn")},
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "digest": content_hash(dict(sorted(arrays.items()))),
    }
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    try:
        with atomic_path(path) as temporary:
            np.savez_compressed(temporary, **{_ABOUT: text}, **arrays)  # type: ignore[arg-type]
    except OSError as error:
        raise InputError(
            f"{path} could not be saved: {error.strerror or error}. Check the permissions and the "
            "free space, or save it elsewhere."
        ) from error
    return path


def read_model(
    path: Path,
) -> tuple[dict[str, Any], tuple[Channel, ...], tuple[Label, ...], Forest, dict[str, Samples]]:
    """Read what a classifier is made of; see `PixelClassifier.load`."""
    if not path.is_file():
        raise InputError(
            f"{path} does not exist. Check the spelling; looked in {path.parent.resolve()}."
        )
    try:
        arrays = _arrays(path)
        about = json.loads(bytes(arrays.pop(_ABOUT)))
        _require_schema(about)
        return _parts(about, arrays)
    except InputError as error:
        raise InputError(f"{path} is no classifier that can be used: {error}. {_REMEDY}") from error
    except _BROKEN as error:
        raise InputError(
            f"{path} is no classifier that can be used: it is damaged, or another kind of file "
            f"({type(error).__name__}). {_REMEDY}"
        ) from error


_REMEDY = "Choose a file that PixelClassifier.save wrote, or train it again."


def _arrays(path: Path) -> dict[str, NDArray]:
    """Arrays of the file; members that are too large or hold objects are refused."""
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > _MOST_BYTES:
        raise InputError(f"it unpacks to {size / 1e9:.1f} GB, more than any classifier needs")
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _require_schema(about: Any) -> None:
    if not isinstance(about, dict) or about.get("schema") != _SCHEMA:
        raise InputError("it says nothing of a pixel classifier")
    if about.get("version") != _VERSION:
        raise InputError(
            f"it is of version {about.get('version')}, and version {_VERSION} can be read; update "
            "napari-radiogenomics"
        )


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
