"""What is to be mapped, and how: keywords and parameter file made one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.checks import (
    chosen_label,
    matrix_settings,
    region_of,
    require_objects,
    require_one_volume,
    require_radius,
    thin_axis_of,
)
from napari_radiogenomics.radiomics.extraction import checked_types, settled
from napari_radiogenomics.radiomics.family import (
    Family,
    Feature,
    chosen_names,
    families_of,
    find_features,
)
from napari_radiogenomics.radiomics.filter import FILTERS, ImageTypes
from napari_radiogenomics.radiomics.parameter_file import (
    MAP_KEYS,
    ParameterFile,
    check_setting,
    read_parameters,
)
from napari_radiogenomics.radiomics.prepare import normalize_image
from napari_radiogenomics.radiomics.prepare_region import prepare_region

__all__ = ["MapSettings", "settle_maps"]


@dataclass(frozen=True, eq=False)
class MapSettings:
    """What to map, and how.

    Attributes
    ----------
    settings : Mapping
        Every setting by PyRadiomics' name, those of maps among them.
    image_types : Mapping
        Image types in order, each with its own settings.
    wanted : dict
        Families, each with its features.
    label : int or None
        Label to measure, where one is named.
    prepares : bool
        Whether a parameter file says what happens to scan and region before.
    notes : tuple of str
        What was left out.
    """

    settings: Mapping[str, Any]
    image_types: Mapping[str, Mapping[str, Any]]
    wanted: dict[Family, tuple[Feature, ...]]
    label: int | None
    prepares: bool
    notes: tuple[str, ...] = ()

    @property
    def radius(self) -> int:
        """Of the kernel, in voxels."""
        return int(self.settings["kernelRadius"])

    def of_filter(self, kind: str) -> dict[str, Any]:
        """Settings that the filter of an image type knows."""
        known = FILTERS[kind].settings
        merged = {**self.settings, **self.image_types[kind]}
        return {name: value for name, value in merged.items() if name in known}

    def of_kernels(self, kind: str) -> dict[str, Any]:
        """How kernels see an image type: settings of `make_neighborhoods`."""
        found = {**self.settings, **self.image_types[kind]}
        return {
            "radius": self.radius,
            "masked": found["maskedKernel"],
            "thin_axis": thin_axis_of(found["force2D"], found["force2Ddimension"]),
            "matrix": matrix_settings(
                found["distances"],
                self.radius,
                found["symmetricalGLCM"],
                found["weightingNorm"],
                found["gldm_a"],
            ),
            "binning": {"bin_width": found["binWidth"], "bin_count": found["binCount"]},
            "needs_matrix": any(family.needs_matrix for family in self.wanted),
            "shift": float(found["voxelArrayShift"]),
        }

    def ready(
        self, image: Image, segmentation: Segmentation
    ) -> tuple[Image, Segmentation, NDArray[np.bool_]]:
        """Scan, segmentation and region, after what a parameter file says happens before."""
        if not self.prepares:
            return image, segmentation, region_of(image, segmentation, self.label)
        require_objects(image, segmentation)
        require_one_volume(image)
        label = chosen_label(segmentation, self.label)
        if self.settings["normalize"]:
            image = normalize_image(
                image,
                scale=self.settings["normalizeScale"],
                remove_outliers=self.settings["removeOutliers"],
            )
        found = prepare_region(image, segmentation, label, self.settings, "pyradiomics")
        return found.image, segmentation, found.mask


def settle_maps(
    given: Mapping[str, Any],
    *,
    families: Sequence[str] | None,
    features: Sequence[str] | None,
    label: int | None,
    image_types: ImageTypes,
    parameters: str | Path | Mapping[str, Any] | None,
) -> MapSettings:
    """Make one of keywords and parameter file; a keyword other than its default wins.

    Parameters
    ----------
    given : Mapping
        Settings by our keywords.
    families, features, label, image_types, parameters
        As for `texture_maps`.

    Raises
    ------
    InputError
        If a name is not known, or a value out of range.
    """
    file = read_parameters(parameters)
    wanted, notes = _wanted(families, features, file, parameters is not None)
    radius = _of_maps("kernelRadius", given, file)
    require_radius(radius, wanted)
    types = image_types
    if file.image_types is not None and list(image_types) == ["Original"]:
        types = file.image_types
    if not types:
        raise InputError("No image is chosen to map. Name at least one image type: Original.")
    settings = {"sigma": given["log_sigma_mm"], **settled(given, file)}
    settings |= {name: _of_maps(name, given, file) for name in MAP_KEYS}
    return MapSettings(
        settings,
        checked_types(types),
        wanted,
        settings["label"] if label is None else label,
        parameters is not None,
        (*file.notes, *notes),
    )


def _of_maps(name: str, given: Mapping[str, Any], file: ParameterFile) -> Any:
    """A setting of maps: the keyword where it is not its default, else the file's."""
    key = MAP_KEYS[name]
    value = given.get(key.keyword, key.default)
    if value is key.default or (type(value) is type(key.default) and value == key.default):
        return file.maps.get(name, key.default)
    return check_setting(name, value, called=key.keyword)


def _wanted(
    families: Sequence[str] | None,
    features: Sequence[str] | None,
    file: ParameterFile,
    has_file: bool,
) -> tuple[dict[Family, tuple[Feature, ...]], list[str]]:
    """Features that are named, else those of the file, and notes of what has no map."""
    if families is not None or features is not None or not has_file:
        return find_features(*chosen_names(families, features)), []
    if file.features is None:
        return find_features(*chosen_names(None, ("all",))), []
    known = [family.name for family in families_of("maps")]
    found = [name for name in file.features if name.partition("_")[0] in known]
    lost = sorted({name.partition("_")[0] for name in file.features} - set(known))
    if not found:
        raise InputError(
            "The parameter file names no feature that has a map. Name one, for example "
            'features=["Entropy"].'
        )
    notes = [f"{', '.join(lost)}: of a whole region, not of a voxel; left out."] if lost else []
    return find_features(known, tuple(found)), notes
