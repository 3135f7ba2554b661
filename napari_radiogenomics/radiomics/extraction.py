"""What is to be measured of regions, and how: keywords and parameter file made one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.aggregation import AGGREGATIONS, aggregated
from napari_radiogenomics.radiomics.checks import thin_axis_of
from napari_radiogenomics.radiomics.discretize import Binning, Standard
from napari_radiogenomics.radiomics.family import (
    Family,
    Feature,
    MatrixSettings,
    chosen_names,
    families_of,
    find_features,
)
from napari_radiogenomics.radiomics.filter import FILTERS, ImageTypes
from napari_radiogenomics.radiomics.parameter_file import (
    KEYS,
    ParameterFile,
    check_setting,
    read_parameters,
)
from napari_radiogenomics.radiomics.roi import Region
from napari_radiogenomics.registry import did_you_mean

__all__ = ["DEFAULT_FAMILIES", "Extraction", "checked_types", "plan_extraction", "settled"]

DEFAULT_FAMILIES = ("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")


@dataclass(frozen=True, eq=False)
class Extraction:
    """What to measure of regions, and how.

    Attributes
    ----------
    settings : Mapping
        Every setting by PyRadiomics' name.
    image_types : Mapping
        Image types in order, each with its own settings.
    wanted : dict
        Families, each with its features.
    standard : {"pyradiomics", "ibsi"}
        Whose definitions hold.
    notes : tuple of str
        What was left out.
    by_slice : bool
        Matrices are made of each slice, and the mean of their features is taken.
    """

    settings: Mapping[str, Any]
    image_types: Mapping[str, Mapping[str, Any]]
    wanted: Mapping[Family, tuple[Feature, ...]]
    standard: Standard
    notes: tuple[str, ...] = ()
    by_slice: bool = False

    def of_filter(self, image_type: str) -> dict[str, Any]:
        """Settings that the filter of an image type knows."""
        known = FILTERS[image_type].settings
        merged = {**self.settings, **self.image_types[image_type]}
        return {name: value for name, value in merged.items() if name in known}

    def require_distances(self, label: int, shape: tuple[int, ...]) -> None:
        """Refuse a region in whose box, (Z, Y, X) voxels, no two voxels are so far apart."""
        if not any(family.by_distance for family in self.wanted):
            return
        for found in ({}, *self.image_types.values()):
            how = {**self.settings, **found}
            thin = thin_axis_of(how["force2D"], how["force2Ddimension"])
            most = max(n for axis, n in enumerate(shape) if axis != thin) - 1
            least = min(how["distances"])
            if least > max(most, 1):
                raise InputError(
                    f"No two voxels of label {label}, in a box of {'×'.join(map(str, shape[::-1]))}"
                    f" voxels, are {least} apart. Use distances up to {most}."
                )

    def region(self, image: Image, inside: NDArray[np.bool_], image_type: str = "") -> Region:
        """One region of an image, both cropped to its box, ready to be measured.

        Parameters
        ----------
        image : Image
            Box of the image.
        inside : ndarray of bool
            Box of the mask.
        image_type : str, optional
            Whose own settings hold.
        """
        found = {**self.settings, **self.image_types.get(image_type, {})}
        limits = found["resegmentRange"]
        absolute = limits is not None and found["resegmentMode"] == "absolute"
        return Region(
            inside=inside,
            array=image.array,
            spacing=image.geometry.spacing[::-1],
            binning=Binning(
                found["binWidth"],
                found["binCount"],
                self.standard,
                float(min(limits)) if absolute and image_type == "Original" else None,
            ),
            matrix=MatrixSettings(
                tuple(sorted({int(d) for d in found["distances"]})),
                found["symmetricalGLCM"],
                found["weightingNorm"],
                found["gldm_a"],
            ),
            thin_axis=thin_axis_of(found["force2D"], found["force2Ddimension"]),
            shift=found["voxelArrayShift"],
        )


def plan_extraction(
    given: Mapping[str, Any],
    *,
    families: Sequence[str],
    features: Sequence[str],
    image_types: ImageTypes,
    parameters: str | Path | Mapping[str, Any] | None,
    standard: Standard,
    aggregation: str | None = None,
) -> Extraction:
    """Make one of keywords and parameter file; a keyword other than its default wins.

    Parameters
    ----------
    given : Mapping
        Settings by our keywords.
    families, features, image_types, parameters, standard, aggregation
        As for `extract_features`.

    Raises
    ------
    InputError
        If a name is not known, or a value out of range.
    """
    if standard not in ("pyradiomics", "ibsi"):
        hint = did_you_mean(str(standard), ["pyradiomics", "ibsi"])
        raise InputError(f'Unknown standard "{standard}". {hint}')
    file = read_parameters(parameters)
    types: ImageTypes = image_types
    if file.image_types is not None and list(image_types) == ["Original"]:
        types = file.image_types
    return Extraction(
        settings=settled(aggregated(aggregation, given, standard), file),
        image_types=checked_types(types),
        wanted=_wanted(families, features, file),
        standard=standard,
        notes=(*file.notes, *_of_maps_alone(file)),
        by_slice=aggregation is not None and AGGREGATIONS[aggregation].by_slice,
    )


def _of_maps_alone(file: ParameterFile) -> list[str]:
    if not file.maps:
        return []
    return [f"{', '.join(file.maps)}: only for texture maps (texture_maps); ignored here."]


def settled(given: Mapping[str, Any], file: ParameterFile) -> dict[str, Any]:
    """Every setting of texture by PyRadiomics' name; a keyword other than its default wins.

    Parameters
    ----------
    given : Mapping
        Settings by our keywords.
    file : ParameterFile
        What the file says.

    Raises
    ------
    InputError
        If a value is out of range.
    """
    settings = {name: value for name, value in file.settings.items() if name not in KEYS}
    settings |= {name: given[name] for name in ("sigma", "wavelet") if given.get(name)}
    for name, key in KEYS.items():
        value = given.get(key.keyword, key.default)
        if name == "label":
            settings[name] = file.settings.get(name)
        elif value is not key.default and not _same(value, key.default):
            settings[name] = check_setting(name, value, called=key.keyword)
        else:
            settings[name] = file.settings.get(name, key.default)
    return settings


def _same(value: Any, default: Any) -> bool:
    if isinstance(default, tuple):
        return isinstance(value, Sequence) and tuple(value) == default
    return type(value) is type(default) and bool(value == default)


def checked_types(image_types: ImageTypes) -> dict[str, dict[str, Any]]:
    """Image types in order, each with its own settings; refuses what is not known.

    Parameters
    ----------
    image_types : sequence of str or Mapping
        As for `derive`; settings of texture may be among those of a type.
    """
    if isinstance(image_types, str) or not image_types:
        raise InputError(
            f"image_types is a list of names, at least one; got {image_types!r}. "
            f"Known: {', '.join(FILTERS.names())}."
        )
    named = image_types if isinstance(image_types, Mapping) else dict.fromkeys(image_types)
    checked = read_parameters({"imageType": {FILTERS[name].name: named[name] for name in named}})
    return {name: dict(own) for name, own in (checked.image_types or {}).items()}


def _wanted(
    families: Sequence[str], features: Sequence[str], file: ParameterFile
) -> dict[Family, tuple[Feature, ...]]:
    families, names = chosen_names(families, features)
    if file.features is not None and families == DEFAULT_FAMILIES and names == ("all",):
        families = tuple(family.name for family in families_of("regions"))
        if not file.features:
            raise InputError("The parameter file names no feature that is still computed.")
        names = file.features
    found = find_features(families, names, use="regions")
    ordered = {
        family: tuple(sorted(chosen, key=lambda feature: feature.name))
        if {"all", f"{family.name}_all"} & set(names)
        else chosen
        for family, chosen in found.items()
    }
    return dict(sorted(ordered.items(), key=lambda item: not item[0].of_shape))
