"""What the map of a feature is called on the screen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_radiogenomics.data.image import Image

__all__ = ["feature_of", "feature_title", "layer_name", "map_title"]

_WORDS = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+")
_PREFIXES = ("original", "log-sigma", "wavelet", "square", "logarithm", "exponential", "gradient")


def feature_title(name: str) -> str:
    """Name of a feature as a person reads it.

    Parameters
    ----------
    name : str
        PyRadiomics name, ``image type _ family _ feature``, or any other name, which is
        returned as it is.

    Examples
    --------
    >>> feature_title("original_firstorder_Entropy"), feature_title("original_glcm_JointEnergy")
    ('Entropy', 'Joint energy')
    >>> feature_title("original_glcm_Contrast")
    'GLCM contrast'
    >>> feature_title("log-sigma-2-0-mm-3D_firstorder_10Percentile")
    '10th percentile (log-sigma-2-0-mm-3D)'
    >>> feature_title("T1 map")
    'T1 map'
    """
    parts = name.split("_")
    if len(parts) != 3 or not parts[0].startswith(_PREFIXES):
        return name
    title = _full_title(parts[1], parts[2])
    return title if parts[0] == "original" else f"{title} ({parts[0]})"


def _full_title(family: str, feature: str) -> str:
    """Title from the record of the feature, else from the words that its name is made of."""
    from napari_radiogenomics.radiomics.family import FAMILIES, full_title

    if family in FAMILIES and feature in FAMILIES[family]:
        return full_title(FAMILIES[family], FAMILIES[family][feature])
    words = _WORDS.findall(feature)
    title = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    return title[:1].upper() + title[1:]


def feature_of(image: Image) -> str:
    """PyRadiomics' name of the feature that a map shows, else the name of the image.

    A map that was read from a file tells it by its history: by the only feature of its run,
    else by the one whose name is in the name of the file.

    Parameters
    ----------
    image : Image
        A map.
    """
    own = image.metadata.get("feature")
    if own or len(image.name.split("_")) == 3:
        return str(own or image.name)
    from napari_radiogenomics.radiomics.family import chosen_names

    settings = image.history[-1].settings if image.history else {}
    families, features = chosen_names(settings.get("families", ()), settings.get("features", ()))
    names = [str(name) for name in features]
    said = image.name.lower()
    found = names if len(names) == 1 else [x for x in names if _bare(x).lower() in said]
    if len(found) != 1 or "all" in found:
        return image.name
    name = found[0]
    family = "" if "_" in name or len(families) != 1 else f"{families[0]}_"
    return f"original_{family}{name}"


def _bare(name: str) -> str:
    return name.rpartition("_")[-1]


def layer_name(image: Image) -> str:
    """Name of the layer of a map: its own, or its feature's where it was read from a file."""
    return image.name if "title" in image.metadata else map_title(image)


def map_title(image: Image) -> str:
    """Title of a map: the one it carries, else that of its feature, else its name."""
    given = image.metadata.get("title")
    return str(given) if given else feature_title(feature_of(image))
