"""From our objects to napari's layers: canonical voxels in LPS mm, with their source kept.

Every layer has axes z, y, x in mm and keeps the object it came from in
``metadata["radiogenomics"]``, so that measuring and saving use the true geometry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.inlay import tight
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.layers.keys import AXES, PART, SOURCE, UNITS
from napari_radiogenomics.gui.layers.map_titles import layer_name
from napari_radiogenomics.gui.layers.sample_points import coarsest, samples_layers
from napari_radiogenomics.imaging.display import display_geometry, show
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    from napari_radiogenomics.data.slide import Slide

__all__ = [
    "AXES",
    "PART",
    "SOURCE",
    "UNITS",
    "WINDOWS",
    "FourthAxisView",
    "LayerData",
    "body_limits",
    "contrast_limits",
    "image_layers",
    "label_colors",
    "label_features",
    "layers_of",
    "notes_of",
    "segmentation_layers",
    "slide_layer",
]

LayerData = tuple[Any, dict[str, Any], str]
FourthAxisView = Literal["auto", "layers", "slider"]

# Width and level in HU.
WINDOWS: dict[str, tuple[float, float]] = {
    "abdomen": (400.0, 40.0),
    "bone": (1000.0, 400.0),
    "brain": (100.0, 50.0),
    "lung": (1400.0, -500.0),
}
# Percentiles are taken from no more voxels than this: enough for a contrast, and quick.
_MOST_SAMPLED = 400_000
# A slide is put this far from the edge of the scan, or of the slide before.
_SLIDE_GAP_MM = 10.0
# Aerated lung is denser than air and lighter than anything else; from this share of the voxels
# that are not air on, a CT is one of the chest.
_AIR_HU, _LUNG_HU, _MUCH_LUNG = -950.0, -600.0, 0.25


def _common(obj: Any, grid: Geometry, **more: Any) -> dict[str, Any]:
    return {
        "name": obj.name,
        "scale": grid.spacing[::-1],
        "translate": grid.origin[::-1],
        "axis_labels": AXES,
        "units": UNITS,
        "metadata": {SOURCE: obj},
        **more,
    }


def body_limits(array: NDArray) -> tuple[float, float]:
    """Contrast limits from the values themselves: dark background to bright tissue.

    Parameters
    ----------
    array : ndarray
        Voxel values; those that are not finite are left out.

    Returns
    -------
    tuple of float
        1st percentile of all, 99.5th of those above the mean; rising always.

    Examples
    --------
    >>> body_limits(np.zeros((2, 2, 2)))
    (0.0, 1.0)
    """
    values = array.ravel()[:: max(1, array.size // _MOST_SAMPLED)]
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low = float(np.percentile(values, 1))
    bright = values[values > values.mean()]
    high = float(np.percentile(bright, 99.5)) if bright.size else low
    return low, high if high > low else low + 1.0


def contrast_limits(image: Image, preset: str = "auto") -> tuple[float, float]:
    """Contrast limits of a scan by a window preset.

    Parameters
    ----------
    image : Image
        The scan.
    preset : str, optional
        A name of `WINDOWS`; ``"percentiles"``; or ``"auto"``: the window that the file asks
        for, else lung or soft tissue for CT, else percentiles. Presets in HU are taken for CT
        only.

    Raises
    ------
    InputError
        If the preset is unknown.

    Examples
    --------
    >>> ct = Image(np.zeros((1, 2, 2)), Geometry((2, 2, 1)), unit="HU")
    >>> contrast_limits(ct, "lung")
    (-1200.0, 200.0)
    """
    known = ["auto", "percentiles", *WINDOWS]
    if preset not in known:
        raise InputError(f'Unknown window preset "{preset}". {did_you_mean(preset, known)}')
    window = WINDOWS.get(preset)
    if preset == "auto":
        window = _window_of_file(image) or _window_of_tissue(image)
    elif image.unit != "HU":
        window = None
    if window is None:
        return body_limits(image.array)
    width, level = window
    return level - width / 2, level + width / 2


def _window_of_tissue(image: Image) -> tuple[float, float] | None:
    """Lung where a CT shows much of it, else soft tissue; nothing for other scans."""
    if image.unit != "HU":
        return None
    values = image.array.ravel()[:: max(1, image.array.size // _MOST_SAMPLED)]
    values = values[values > _AIR_HU]
    lung = values.size > 0 and float(np.mean(values < _LUNG_HU)) > _MUCH_LUNG
    return WINDOWS["lung" if lung else "abdomen"]


def _window_of_file(image: Image) -> tuple[float, float] | None:
    """Width and level that the source asks for, if it does; DICOM gives level and width."""
    window = image.metadata.get("window")
    if not isinstance(window, Sequence) or isinstance(window, str) or len(window) != 2:
        return None
    level, width = (float(value) for value in window)
    return (width, level) if width > 0 else None


def image_layers(
    image: Image, *, window: str = "auto", fourth_axis: FourthAxisView = "auto"
) -> list[LayerData]:
    """Make the layers of a scan or of a map.

    Parameters
    ----------
    image : Image
        Three- or four-dimensional.
    window : str, optional
        Window preset, see `contrast_limits`.
    fourth_axis : {"auto", "layers", "slider"}, optional
        How to show a fourth axis; ``"auto"`` makes channels layers and time a slider.

    Returns
    -------
    list of LayerData
        One layer, or one a channel of which only the first is visible.
    """
    shown = show(image)[0]
    looks: dict[str, Any] = {"colormap": "gray"}
    if image.modality == "map":
        looks = _map_looks(tight(image))
    if not image.fourth_axis:
        looks.setdefault("contrast_limits", contrast_limits(image, window))
        return [(shown.array, _common(image, shown.geometry, **looks), "image")]
    as_slider = fourth_axis == "slider" or (fourth_axis == "auto" and image.fourth_axis == "time")
    if as_slider:
        looks.setdefault("contrast_limits", contrast_limits(image, window))
        settings = _common(image, shown.geometry, **looks)
        settings |= {
            "scale": (1.0, *settings["scale"]),
            "translate": (0.0, *settings["translate"]),
            "axis_labels": (image.fourth_axis, *AXES),
            "units": ("pixel", *UNITS),
        }
        return [(shown.array, settings, "image")]
    layers: list[LayerData] = []
    for volume, array in zip(image.volumes(), shown.array, strict=True):
        own = {"contrast_limits": contrast_limits(volume, window), **looks}
        settings = _common(volume, shown.geometry, visible=not layers, **own)
        layers.append((array, settings, "image"))
    return layers


def _map_looks(image: Image) -> dict[str, Any]:
    finite = image.array[np.isfinite(image.array)]
    low, high = np.percentile(finite, [1, 99]) if finite.size else (0.0, 1.0)
    return {
        "name": layer_name(image),
        "colormap": "viridis",
        "contrast_limits": (float(low), float(high) if high > low else float(low) + 1.0),
        "opacity": 0.75,
        "blending": "translucent_no_depth",
    }


def label_features(labels: NDArray, geometry: Geometry, scheme: Iterable[Label]) -> pd.DataFrame:
    """Make the table that napari shows for each label, keyed by ``index``.

    Parameters
    ----------
    labels : ndarray of int
        Voxels of one layer.
    geometry : Geometry
        Their grid.
    scheme : iterable of Label
        Labels to list, also those without voxels.

    Returns
    -------
    DataFrame
        Columns ``index`` (label value), ``name``, ``volume_mL``; the background comes first,
        because napari takes row numbers for labels where ``index`` is missing.
    """
    scheme = list(scheme)
    counts = {label.value: 0 for label in scheme}
    values, found = np.unique(labels[labels > 0], return_counts=True)
    counts.update(zip(values.tolist(), found.tolist(), strict=True))
    volume = [counts[label.value] * geometry.voxel_volume / 1000 for label in scheme]
    return pd.DataFrame(
        {
            "index": [0, *(label.value for label in scheme)],
            "name": ["background", *(label.name for label in scheme)],
            "volume_mL": [np.nan, *np.round(volume, 3)],
        }
    )


def label_colors(scheme: Iterable[Label]) -> dict[int | None, Any]:
    """Colors of the labels for napari's ``DirectLabelColormap``; unknown ones are gray."""
    colors: dict[int | None, Any] = {None: (0.6, 0.6, 0.6, 1.0), 0: (0.0, 0.0, 0.0, 0.0)}
    for label in scheme:
        red, green, blue = label.color or (255, 255, 255)
        colors[label.value] = (red / 255, green / 255, blue / 255, 1.0)
    return colors


def segmentation_layers(segmentation: Segmentation) -> list[LayerData]:
    """Make one Labels layer for each layer of a segmentation.

    Parameters
    ----------
    segmentation : Segmentation
        On its true grid; the layers get copies that may be painted on.
    """
    from napari.utils.colormaps import DirectLabelColormap

    shown = show(segmentation)
    layers: list[LayerData] = []
    for number, (part, true) in enumerate(zip(shown, segmentation.layers(), strict=True)):
        scheme = segmentation.scheme
        if len(shown) > 1:
            scheme = tuple(label for label in scheme if (true == label.value).any())
        colors = DirectLabelColormap(color_dict=label_colors(scheme))
        # napari compiles this for seconds; here it is not the window that waits.
        colors.map(np.zeros(1, part.array.dtype))
        settings = _common(
            segmentation,
            part.geometry,
            opacity=0.5,
            features=label_features(true, segmentation.geometry, scheme),
            colormap=colors,
        )
        settings["metadata"][PART] = number
        if len(shown) > 1:
            names = ", ".join(label.name for label in scheme)
            settings["name"] = f"{segmentation.name}: {names}"
        layers.append((part.array, settings, "labels"))
    return layers


def slide_layer(slide: Slide, at: tuple[float, float] | None = None) -> LayerData:
    """Make the layer of a tissue slide, in mm.

    Parameters
    ----------
    slide : Slide
        Pyramid, finest level first.
    at : tuple of float, optional
        y, x of its first pixel in mm where it is laid beside a scan, as its name then says: it
        is seen at its size, not at its place in the patient.
    """
    facts = [slide.stain] if slide.stain else []
    facts += [] if at is None else ["beside the scan"]
    levels = list(slide.levels)
    settings: dict[str, Any] = {
        "name": f"{slide.name} ({', '.join(facts)})" if facts else slide.name,
        "rgb": True,
        "scale": tuple(um / 1000 for um in _um_per_pixel(slide)),
        "translate": at or (0.0, 0.0),
        "axis_labels": AXES[1:],
        "units": UNITS[1:],
        "metadata": {SOURCE: slide},
    }
    if len(levels) > 1:
        return levels, settings | {"multiscale": True}, "image"
    return levels[0], settings, "image"


def _um_per_pixel(slide: Slide) -> tuple[float, float]:
    """Pixel size; one that the file does not tell, as its notes say, is drawn as 1 µm."""
    return slide.um_per_pixel or (1.0, 1.0)


def _slides_beside(slides: Iterable[Slide], grids: Sequence[Geometry]) -> list[LayerData]:
    """Lay slides in a row on the left-hand side of the patient, where they cover no scan."""
    boxes = [display_geometry(grid) for grid in grids]
    edges = [box.origin[0] + box.spacing[0] * (box.size[0] - 0.5) for box in boxes]
    top = min((box.origin[1] for box in boxes), default=0.0)
    layers: list[LayerData] = []
    for slide in slides:
        if not edges:
            layers.append(slide_layer(slide))
            continue
        width = slide.levels[0].shape[1] * _um_per_pixel(slide)[1] / 1000
        left = max(edges) + _SLIDE_GAP_MM
        layers.append(slide_layer(slide, (top, left)))
        edges.append(left + width)
    return layers


def layers_of(
    objects: Iterable[Any], *, window: str = "auto", fourth_axis: FourthAxisView = "auto"
) -> list[LayerData]:
    """Make the layers of any objects: scans at the bottom, then slides, regions, maps, samples.

    Parameters
    ----------
    objects : iterable
        `Image`, `Segmentation`, `Samples` and `Slide` objects.
    window, fourth_axis
        As for `image_layers`.

    Returns
    -------
    list of LayerData
        In drawing order; of several scans only the first is visible, with the segmentations
        that are not on the grid of another one.
    """
    objects = list(objects)
    scans = [obj for obj in objects if isinstance(obj, Image) and obj.modality != "map"]
    maps = [obj for obj in objects if isinstance(obj, Image) and obj.modality == "map"]
    drawn = [obj for obj in objects if isinstance(obj, Segmentation)]
    rest = [obj for obj in objects if not isinstance(obj, Image | Segmentation)]
    on_grids: list[Image | Segmentation] = [*scans, *maps, *drawn]
    beside = next((obj.geometry for obj in on_grids), None)
    layers: list[LayerData] = []
    for number, scan in enumerate(scans):
        found = image_layers(scan, window=window, fourth_axis=fourth_axis)
        for _, settings, _ in found:
            settings["visible"] = settings.get("visible", True) and number == 0
        layers += found
    slides = [obj for obj in rest if hasattr(obj, "levels")]
    layers += _slides_beside(slides, [obj.geometry for obj in on_grids])
    for segmentation in drawn:
        found = segmentation_layers(segmentation)
        for _, settings, _ in found:
            settings["visible"] = not _belongs_to_hidden(segmentation, scans)
        layers += found
    for image in maps:
        layers += image_layers(image, window=window, fourth_axis=fourth_axis)
    for obj in rest:
        if not hasattr(obj, "levels"):
            layers += samples_layers(obj, beside, unit_mm=coarsest([x.geometry for x in on_grids]))
    return layers


def _belongs_to_hidden(segmentation: Segmentation, scans: Sequence[Image]) -> bool:
    fits = [scan.geometry.same_grid(segmentation.geometry) for scan in scans]
    return any(fits) and not fits[0]


def notes_of(objects: Iterable[Any]) -> list[str]:
    """What a person should know about the reading of the objects, each fact once."""
    return list(dict.fromkeys(note for obj in objects for note in getattr(obj, "notes", ())))
