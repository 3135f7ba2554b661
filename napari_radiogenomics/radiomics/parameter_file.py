"""PyRadiomics' parameter files (YAML or JSON), read as they are and checked key by key."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.family import families_of
from napari_radiogenomics.registry import did_you_mean

__all__ = [
    "KEYS",
    "MAP_KEYS",
    "Key",
    "ParameterFile",
    "check_setting",
    "filter_keys",
    "read_parameters",
]

# SimpleITK's numbers of interpolators, from 1 on.
_INTERPOLATORS = (
    "sitkNearestNeighbor", "sitkLinear", "sitkBSpline", "sitkGaussian", "sitkLabelGaussian",
    "sitkHammingWindowedSinc", "sitkCosineWindowedSinc", "sitkWelchWindowedSinc",
    "sitkLanczosWindowedSinc", "sitkBlackmanWindowedSinc",
)  # fmt: skip
_NORMS = ("euclidean", "manhattan", "infinity", "no_weighting")
_MODES = ("absolute", "relative", "sigma")
# What PyRadiomics still knows by name and does not compute any more, and what says the same.
_RETIRED = {
    "glcm": {
        "Dissimilarity": "DifferenceAverage",
        "Homogeneity1": "Id",
        "Homogeneity2": "Idm",
        "SumVariance": "ClusterTendency",
    },
    "gldm": {
        "GrayLevelNonUniformityNormalized": "firstorder_Uniformity",
        "DependencePercentage": "",
    },
}
_SECTIONS = ("setting", "imageType", "featureClass", "voxelSetting")


@dataclass(frozen=True)
class Key:
    """One setting of PyRadiomics.

    Attributes
    ----------
    keyword : str
        Our name of it.
    default : object
        What holds where nothing is said.
    needs : str
        What a value must be, for messages.
    accepts : callable
        ``accepts(value) -> bool``.
    """

    keyword: str
    default: Any
    needs: str
    accepts: Callable[[Any], bool]


def _whole(low: int, high: float = math.inf) -> Callable[[Any], bool]:
    def accepts(value: Any) -> bool:
        return _is_number(value) and value == int(value) and low <= value <= high

    return accepts


def _above(low: float, *, including: bool = False) -> Callable[[Any], bool]:
    def accepts(value: Any) -> bool:
        return _is_number(value) and (value > low or (including and value == low))

    return accepts


def _one_of(names: Sequence[str]) -> Callable[[Any], bool]:
    return lambda value: value in names


def _list_of(accepts: Callable[[Any], bool], *lengths: int) -> Callable[[Any], bool]:
    def all_accepted(value: Any) -> bool:
        if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray) or not len(value):
            return False
        return (not lengths or len(value) in lengths) and all(map(accepts, value))

    return all_accepted


def _or_none(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or accepts(value)


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) or hasattr(value, "__float__")
    return number and not isinstance(value, bool | str) and math.isfinite(value)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _key(keyword: str, default: Any, needs: str, accepts: Callable[[Any], bool]) -> Key:
    return Key(keyword, default, needs, _or_none(accepts) if default is None else accepts)


_YES = "yes or no (true or false)"
KEYS: Mapping[str, Key] = {
    "minimumROIDimensions": _key("minimum_roi_dimensions", 2, "1, 2 or 3", _whole(1, 3)),
    "minimumROISize": _key("minimum_roi_size", None, "a number of voxels, 1 or more", _whole(1)),
    "geometryTolerance": _key("geometry_tolerance", None, "a number above 0", _above(0)),
    "correctMask": _key("correct_mask", False, _YES, _is_bool),
    "additionalInfo": _key("diagnostics", False, _YES, _is_bool),
    "label": _key("labels", None, "a label, 1 or more", _whole(1)),
    "label_channel": _key("label_channel", None, "a number, 0 or more", _whole(0)),
    "binWidth": _key("bin_width", 25.0, "a number above 0", _above(0)),
    "binCount": _key("bin_count", None, "a whole number, 1 or more", _whole(1)),
    "normalize": _key("normalize", False, _YES, _is_bool),
    "normalizeScale": _key("normalize_scale", 1.0, "a number above 0", _above(0)),
    "removeOutliers": _key("remove_outliers", None, "a number above 0", _above(0)),
    "resampledPixelSpacing": _key(
        "resample_spacing", None, "three sizes in mm along x, y, z, 0 or more",
        _list_of(_above(0, including=True), 3),
    ),
    "interpolator": _key(
        "interpolator", "sitkBSpline", f"one of {', '.join(_INTERPOLATORS)}",
        _or_none(lambda value: value in _INTERPOLATORS or _whole(1, 10)(value)),
    ),
    "padDistance": _key("pad_distance", 5, "a number of voxels, 0 or more", _whole(0)),
    "distances": _key(
        "distances", (1,), "whole numbers, 1 or more (1 is usual)", _list_of(_whole(1))
    ),
    "force2D": _key("force_2d", False, _YES, _is_bool),
    "force2Ddimension": _key(
        "force_2d_dimension", 0, "0 (along k), 1 (j) or 2 (i)", _whole(0, 2)
    ),
    "resegmentRange": _key(
        "resegment_range", None, "one or two numbers", _list_of(_is_number, 1, 2)
    ),
    "resegmentMode": _key(
        "resegment_mode", "absolute", f"one of {', '.join(_MODES)}", _one_of(_MODES)
    ),
    "resegmentShape": _key("resegment_shape", False, _YES, _is_bool),
    "preCrop": _key("pre_crop", False, _YES, _is_bool),
    "voxelArrayShift": _key("voxel_array_shift", 0, "a number", _is_number),
    "symmetricalGLCM": _key("symmetrical", True, _YES, _is_bool),
    "weightingNorm": _key("weighting_norm", None, f"one of {', '.join(_NORMS)}", _one_of(_NORMS)),
    "gldm_a": _key("gldm_a", 0, "a whole number, 0 or more", _whole(0)),
}  # fmt: skip
# Settings of maps alone.
MAP_KEYS: Mapping[str, Key] = {
    "kernelRadius": _key("kernel_radius", 1, "a whole number of voxels, 1 or more", _whole(1)),
    "maskedKernel": _key("masked_kernel", True, _YES, _is_bool),
    "initValue": _key("init_value", math.nan, "a number", lambda v: v != v or _is_number(v)),
    "voxelBatch": _key("voxel_batch", -1, "a whole number, or -1", _whole(-1)),
}


@dataclass(frozen=True)
class ParameterFile:
    """What a parameter file says.

    Attributes
    ----------
    settings : dict
        Settings that are given, by PyRadiomics' names.
    image_types : dict or None
        Image types, each with its own settings; None where the file names none.
    features : tuple of str or None
        ``family_Feature`` or ``family_all``; None where the file names none.
    maps : dict
        Settings of maps alone, by PyRadiomics' names.
    notes : tuple of str
        What was left out, and why.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    image_types: Mapping[str, Mapping[str, Any]] | None = None
    features: tuple[str, ...] | None = None
    maps: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def check_setting(name: str, value: Any, *, called: str = "") -> Any:
    """Refuse a value that a setting cannot have.

    Parameters
    ----------
    name : str
        PyRadiomics' name, one of `KEYS` or `MAP_KEYS`.
    value : object
        Its value.
    called : str, optional
        Its name in the message.

    Returns
    -------
    object
        The value; interpolators by name.

    Raises
    ------
    InputError
        With the value and what is needed.

    Examples
    --------
    >>> check_setting("interpolator", 2)
    'sitkLinear'
    """
    key = MAP_KEYS[name] if name in MAP_KEYS else KEYS[name]
    if not key.accepts(value):
        hint = ""
        if isinstance(value, str) and key.needs.startswith("one of "):
            hint = f" {did_you_mean(value, key.needs.removeprefix('one of ').split(', '))}"
        raise InputError(f"{called or name} is {key.needs}; got {value!r}.{hint}")
    if name == "interpolator" and value is not None and not isinstance(value, str):
        return _INTERPOLATORS[int(value) - 1]
    return value


def filter_keys() -> frozenset[str]:
    """Names of the settings of all image types, except those that texture has too."""
    from napari_radiogenomics.radiomics.filter import FILTERS

    return frozenset(name for found in FILTERS for name in found.settings) - set(KEYS)


def read_parameters(source: str | Path | Mapping[str, Any] | None) -> ParameterFile:
    """Read a parameter file of PyRadiomics.

    Parameters
    ----------
    source : str, Path, Mapping or None
        YAML or JSON file, or what it would hold; None says nothing.

    Returns
    -------
    ParameterFile

    Raises
    ------
    InputError
        If the file cannot be read, or names a section, setting, image type, family or feature
        that is not known (with the nearest one that is), or a value is out of range.

    References
    ----------
    PyRadiomics' ``paramSchema.yaml``, doi:10.1158/0008-5472.CAN-17-0339.

    Examples
    --------
    >>> found = read_parameters({"setting": {"binWidth": 10}, "featureClass": {"glcm": ["Id"]}})
    >>> found.settings, found.features
    ({'binWidth': 10}, ('glcm_Id',))
    """
    if source is None:
        return ParameterFile()
    if isinstance(source, Mapping):
        return _parameters(source, "The parameters")
    return _parameters(_load(Path(source)), str(source))


def _load(path: Path) -> Any:
    import yaml

    if not path.is_file():
        raise InputError(f"The parameter file {path} does not exist. Check its name and place.")
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))  # JSON is YAML too
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} is neither YAML nor JSON: {reason}") from error


def _parameters(content: Any, where: str) -> ParameterFile:
    sections = _mapping(content, where)
    wrong: list[str] = []  # all unknown names are told at once
    for name in sections:
        _is_known(name, _SECTIONS, "section", where, wrong)
    settings = _settings(sections.get("setting"), f'{where}, section "setting"', wrong)
    of_maps = _of_maps(sections.get("voxelSetting"), f'{where}, section "voxelSetting"', wrong)
    types = sections.get("imageType")
    seen = _image_types(types, f'{where}, section "imageType"', wrong) if types else None
    classes = sections.get("featureClass")
    features, notes = _features(classes, f'{where}, section "featureClass"', wrong)
    if wrong:
        raise InputError(" ".join(wrong))
    return ParameterFile(
        settings={name: value for name, value in settings.items() if name not in MAP_KEYS},
        image_types=seen,
        features=features,
        maps={name: value for name, value in settings.items() if name in MAP_KEYS} | of_maps,
        notes=notes,
    )


def _mapping(content: Any, where: str) -> Mapping[str, Any]:
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise InputError(
            f'{where} holds {type(content).__name__} where "name: value" pairs are needed.'
        )
    return content


def _is_known(name: Any, known: Sequence[str], what: str, where: str, wrong: list[str]) -> bool:
    """Whether a name is known; what is to be said of it joins ``wrong`` else."""
    if name not in known:
        wrong.append(f'{where}: unknown {what} "{name}". {did_you_mean(str(name), [*known])}')
    return name in known


def _settings(
    content: Any, where: str, wrong: list[str], own: Sequence[str] = ()
) -> dict[str, Any]:
    """Settings by name; an unknown one is compared with those of its image type, if given."""
    known = [*KEYS, *sorted(filter_keys()), *MAP_KEYS]
    found = {}
    for name, value in _mapping(content, where).items():
        if name not in known:
            _is_known(name, own or known, "setting", where, wrong)
            continue
        if name in KEYS or name in MAP_KEYS:
            value = check_setting(name, value, called=f"{where}: {name}")
        found[name] = value
    return found


def _of_maps(content: Any, where: str, wrong: list[str]) -> dict[str, Any]:
    """Settings of maps by name."""
    return {
        name: check_setting(name, value, called=f"{where}: {name}")
        for name, value in _mapping(content, where).items()
        if _is_known(name, list(MAP_KEYS), "setting", where, wrong)
    }


def _image_types(content: Any, where: str, wrong: list[str]) -> dict[str, dict[str, Any]]:
    from napari_radiogenomics.radiomics.filter import FILTERS

    found = {}
    for name, own in _mapping(content, where).items():
        if _is_known(name, FILTERS.names(), "image type", where, wrong):
            found[name] = _settings(own, f"{where}, {name}", wrong, [*FILTERS[name].settings])
    return found


def _features(
    content: Any, where: str, wrong: list[str]
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Features as ``family_Feature``, and notes of those that nobody computes any more."""
    classes = _mapping(content, where)
    if not classes:
        return None, ()
    families = {family.name: family for family in families_of("regions")}
    found, notes = [], []
    for name, wanted in classes.items():
        if not _is_known(name, list(families), "feature class", where, wrong):
            continue
        if wanted is not None and (isinstance(wanted, str) or not isinstance(wanted, Sequence)):
            raise InputError(f"{where}, {name}: a list of features is needed; got {wanted!r}.")
        for feature in wanted or ["all"]:
            if feature in _RETIRED.get(name, {}):
                notes.append(_retired(name, feature))
                continue
            known = ["all", *(one.name for one in families[name].features)]
            if _is_known(feature, known, "feature", f"{where}, {name}", wrong):
                found.append(f"{name}_{feature}")
    return tuple(found), tuple(notes)


def _retired(family: str, feature: str) -> str:
    instead = _RETIRED[family][feature]
    remedy = f"; {instead} says the same" if instead else ", for it says nothing"
    return f"{family}_{feature} is not computed any more{remedy}."
