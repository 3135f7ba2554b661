"""The regions of a Labels layer: names, colors, visibility and locks, written to its scheme.

What a layer's values mean is in the scheme of the segmentation it shows, so that names and
colors are saved with it; which labels are locked or hidden is a matter of this session.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation, labels_present
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.layers.edits import object_of
from napari_radiogenomics.gui.layers.keys import (
    ERASED,
    HIDDEN,
    LOCKED,
    PART,
    RENAMED,
    SAVED,
    SOURCE,
)
from napari_radiogenomics.gui.layers.layers import label_colors, segmentation_layers

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels, Layer

__all__ = [
    "Entry",
    "add_label",
    "adopt",
    "delete_label",
    "entries",
    "new_segmentation",
    "recolor",
    "rename",
    "restore_erased",
    "scheme_with",
    "set_hidden",
    "set_locked",
    "write_scheme",
]

_HIDDEN_ALPHA = 0.0


@dataclass(frozen=True)
class Entry:
    """One region as a table shows it.

    Attributes
    ----------
    label : Label
        Value, name and color.
    drawn : bool
        Whether any voxel has it.
    visible, locked : bool
        State in this session.
    """

    label: Label
    drawn: bool
    visible: bool = True
    locked: bool = False


def adopt(layer: Labels, others: Iterable[Layer] = ()) -> Segmentation:
    """Return the segmentation behind a layer; a layer of napari itself gets one.

    Parameters
    ----------
    layer : napari.layers.Labels
        Any volume of labels.
    others : iterable of Layer
        Layers whose true grid it takes where it lies on theirs.

    Raises
    ------
    GeometryError
        If it is rotated or sheared.
    """
    source = layer.metadata.get(SOURCE)
    if isinstance(source, Segmentation):
        return source
    drawn = object_of(layer, others)
    facts = {}
    for other in others:
        scan = other.metadata.get(SOURCE)
        if isinstance(scan, Image) and scan.geometry.same_grid(drawn.geometry):
            facts = _facts_of(scan)
            break
    empty = replace(drawn, labels=np.zeros_like(drawn.labels), metadata=facts)
    layer.metadata = {**layer.metadata, SOURCE: empty, PART: 0}
    _dress(layer, empty, [label.value for label in empty.scheme])
    return empty


def new_segmentation(viewer: ViewerModel, scan: Layer) -> Labels:
    """Add an empty segmentation on the grid of a scan, with one label to draw.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    scan : napari.layers.Image
        Layer of the scan.

    Returns
    -------
    napari.layers.Labels
        The layer, selected.
    """
    image = object_of(scan)
    empty = Segmentation(
        np.zeros(image.geometry.shape, np.uint8),
        image.geometry,
        (Label(1, "tumour"),),
        name=f"{image.name} segmentation".strip(),
        metadata=_facts_of(image),
    )
    data, settings, _ = segmentation_layers(empty)[0]
    layer = viewer.add_labels(data, **settings)
    viewer.layers.selection.active = layer
    return layer


def _facts_of(scan: Image) -> dict[str, str]:
    """Which scan regions are drawn on."""
    known = {"scan_id": "scan_id", "scan_path": "path"}
    return {ours: scan.metadata[key] for ours, key in known.items() if scan.metadata.get(key)}


def entries(layer: Labels) -> list[Entry]:
    """List the regions of a layer by value: those named, and those drawn."""
    present = labels_present(np.asarray(layer.data))
    erased = {label.value: label for label in layer.metadata.get(ERASED, ())}
    source = layer.metadata.get(SOURCE)
    known, listed = {}, []
    if isinstance(source, Segmentation):
        # A label that was read stays in the scheme for as long as the source holds its voxels.
        listed = [value for value in _listed(layer, source) if value not in erased]
        known = {label.value: label for label in source.scheme}
    known |= erased
    hidden, locked = layer.metadata.get(HIDDEN, ()), layer.metadata.get(LOCKED, ())
    return [
        Entry(
            known.get(value, Label(value)), value in present, value not in hidden, value in locked
        )
        for value in sorted({*listed, *present})
    ]


def _listed(layer: Labels, source: Segmentation) -> list[int]:
    """Values that belong to this layer; of overlapping regions, those in its own table."""
    if not source.overlapping:
        return [label.value for label in source.scheme]
    return [int(value) for value in layer.features.get("index", ()) if value]


def scheme_with(scheme: Iterable[Label], *labels: Label) -> tuple[Label, ...]:
    """Put labels into a scheme, in place of those with the same value.

    Examples
    --------
    >>> [x.name for x in scheme_with((Label(1, "core"), Label(2, "rim")), Label(1, "necrosis"))]
    ['necrosis', 'rim']
    """
    found = {label.value: label for label in (*scheme, *labels)}
    return tuple(found[value] for value in sorted(found))


def write_scheme(viewer: ViewerModel, layer: Labels, scheme: Iterable[Label]) -> None:
    """Give a layer, and those of overlapping regions beside it, another scheme.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer with the layers.
    layer : napari.layers.Labels
        A layer that was adopted.
    scheme : iterable of Label
        All labels of the segmentation.
    """
    source = layer.metadata[SOURCE]
    after = replace(source, scheme=tuple(scheme))
    of_layer = [label.value for label in after.scheme]
    if source.overlapping:
        known = {label.value for label in source.scheme}
        own = {*_listed(layer, source)}
        of_layer = [value for value in of_layer if value in own or value not in known]
    for other in viewer.layers:
        if other.metadata.get(SOURCE) is not source:
            continue
        values = of_layer if other is layer else _listed(other, source)
        other.metadata = {SAVED: source, **other.metadata, SOURCE: after, RENAMED: True}
        _dress(other, after, values)


def _dress(layer: Labels, source: Segmentation, values: Iterable[int]) -> None:
    """Write names and colors of a scheme to napari's own table and colors."""
    import pandas as pd
    from napari.utils.colormaps import DirectLabelColormap

    wanted = {*values}
    own = [label for label in source.scheme if label.value in wanted]
    volumes: Mapping[int, float] = {}
    if {"index", "volume_mL"} <= set(layer.features.columns):
        volumes = dict(zip(layer.features["index"], layer.features["volume_mL"], strict=True))
    layer.features = pd.DataFrame(
        {
            "index": [0, *(label.value for label in own)],
            "name": ["background", *(label.name for label in own)],
            "volume_mL": [np.nan, *(volumes.get(label.value, 0.0) for label in own)],
        }
    )
    colors = label_colors(source.scheme)
    for value in layer.metadata.get(HIDDEN, ()):
        if value in colors:
            colors[value] = (*colors[value][:3], _HIDDEN_ALPHA)
    layer.colormap = DirectLabelColormap(color_dict=colors)


def _change(viewer: ViewerModel, layer: Labels, value: int, **changes: Any) -> None:
    source = layer.metadata[SOURCE]
    known = {entry.label.value: entry.label for entry in entries(layer)}
    if value not in known:
        raise InputError(f"Label {value} is not listed. Add it first.")
    write_scheme(viewer, layer, scheme_with(source.scheme, replace(known[value], **changes)))


def restore_erased(viewer: ViewerModel, layer: Labels) -> None:
    """Give deleted labels that undo brought back their names and colors."""
    erased = layer.metadata.get(ERASED, ())
    if not erased:
        return
    present = labels_present(np.asarray(layer.data))
    back = [label for label in erased if label.value in present]
    if back:
        layer.metadata[ERASED] = tuple(label for label in erased if label not in back)
        write_scheme(viewer, layer, scheme_with(layer.metadata[SOURCE].scheme, *back))


def rename(viewer: ViewerModel, layer: Labels, value: int, name: str) -> None:
    """Give a label another name.

    Raises
    ------
    InputError
        If the name is empty, or another label has it.
    """
    name = name.strip()
    if not name:
        raise InputError("A label needs a name. Type one.")
    taken = [e.label.value for e in entries(layer) if e.label.name == name]
    if taken and taken != [value]:
        raise InputError(f'Label {taken[0]} is called "{name}" already. Choose another name.')
    _change(viewer, layer, value, name=name)


def recolor(viewer: ViewerModel, layer: Labels, value: int, color: tuple[int, int, int]) -> None:
    """Give a label another color: red, green, blue, 0-255."""
    _change(viewer, layer, value, color=color)


def add_label(viewer: ViewerModel, layer: Labels, name: str = "") -> Label:
    """Add a label, select it and answer with it.

    Raises
    ------
    InputError
        If the type of the labels holds no more values.
    """
    source = layer.metadata[SOURCE]
    taken = {entry.label.value for entry in entries(layer)}
    taken |= {label.value for label in source.scheme}
    value = next(v for v in range(1, len(taken) + 2) if v not in taken)
    most = int(np.iinfo(layer.data.dtype).max)
    if value > most:
        raise InputError(
            f"{layer.data.dtype} labels end at {most}. Convert the layer to a wider type: "
            "right-click it in the list, Convert data type."
        )
    label = Label(value, name)
    write_scheme(viewer, layer, scheme_with(source.scheme, label))
    layer.selected_label = value
    return label


def delete_label(viewer: ViewerModel, layer: Labels, value: int) -> int:
    """Erase a label, as one undo step, and take it from the scheme.

    Returns
    -------
    int
        How many voxels were erased.

    Raises
    ------
    InputError
        If it is locked.
    """
    found = {entry.label.value: entry for entry in entries(layer)}
    if value not in found:
        raise InputError(f"Label {value} is not listed.")
    if found[value].locked:
        raise InputError(f"{found[value].label.name} is locked. Unlock it to delete it.")
    places = np.nonzero(np.asarray(layer.data) == value)
    source = layer.metadata[SOURCE]
    layer.metadata[ERASED] = (*layer.metadata.get(ERASED, ()), found[value].label)
    if places[0].size:
        layer.data_setitem(places, 0)
    # The source holds the labels as read: there the value may stay in the scheme.
    kept = [label for label in source.scheme if label.value != value]
    write_scheme(viewer, layer, kept)
    return int(places[0].size)


def set_locked(layer: Labels, value: int, locked: bool) -> None:
    """Lock or unlock a label."""
    layer.metadata[LOCKED] = _with(layer.metadata.get(LOCKED, ()), value, locked)


def set_hidden(layer: Labels, value: int, hidden: bool) -> None:
    """Hide a label, or show it again."""
    layer.metadata[HIDDEN] = _with(layer.metadata.get(HIDDEN, ()), value, hidden)
    source = layer.metadata[SOURCE]
    _dress(layer, source, _listed(layer, source))


def _with(values: Iterable[int], value: int, there: bool) -> frozenset[int]:
    found = frozenset(values)
    return found | {value} if there else found - {value}
