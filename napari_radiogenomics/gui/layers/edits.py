"""From napari's layers back to our objects, and what was drawn and not yet saved.

`object_of` gives the object of a layer as it is now, on its true grid. `Edits` keeps the
layers of patients that were left: edited labels with their undo history, and layers that the
person made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.orientation import from_canonical
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.gui.layers.keys import AXES, PART, PASSING, RENAMED, SAVED, SOURCE, TRUE
from napari_radiogenomics.imaging.display import display_geometry, edited, show

if TYPE_CHECKING:
    from napari.layers import Layer

Visit = tuple[str, str]

__all__ = ["Edits", "is_edited", "is_unsaved", "mark_saved", "object_from", "object_of"]


def object_of(layer: Layer, others: Iterable[Layer] = ()) -> Any:
    """Return the object that a layer shows, as it is now, on its true grid.

    Parameters
    ----------
    layer : napari Layer
        Image, Labels, or any layer that we made.
    others : iterable of Layer, optional
        Layers whose true grid is taken where the layer has none of its own but lies on theirs,
        as a Labels layer does that was added with napari's own button.

    Returns
    -------
    Image, Segmentation, Samples or Slide
        Labels carry what was painted.

    Raises
    ------
    InputError
        If the layer is of another type.
    GeometryError
        If it is rotated or sheared, or does not fit the grid it came from.
    """
    data, attributes, kind = layer.as_layer_data_tuple()
    tuples = [other.as_layer_data_tuple() for other in others if other is not layer]
    return object_from(data, attributes, kind, tuples)


def object_from(
    data: Any, attributes: Mapping[str, Any], kind: str, others: Iterable[Any] = ()
) -> Any:
    """Do as `object_of`, for the layer data tuples that writers get."""
    source = attributes.get("metadata", {}).get(SOURCE)
    part = attributes.get("metadata", {}).get(PART, 0)
    if kind not in ("image", "labels"):
        if source is not None:
            return source
        raise InputError(f"A {kind} layer holds no voxels. Choose an image or a labels layer.")
    if source is not None and hasattr(source, "levels"):
        return source
    array = np.asarray(data)
    if isinstance(source, Segmentation) and kind == "labels":
        return _carried_back(source, array, part, attributes["metadata"].get(TRUE, ()))
    if isinstance(source, Image) and kind == "image" and _shows(source, array):
        return source
    grid = source.geometry if isinstance(source, Image | Segmentation) else None
    return _as_drawn(array, attributes, kind, grid, others)


def _carried_back(
    source: Segmentation, array: NDArray, part: int, known: Sequence[tuple[NDArray, NDArray]]
) -> Segmentation:
    """Bring labels to the true grid: from the nearest state of which the true labels are known."""
    if not known:
        return edited(source, array, layer=part)
    best = source, float(np.count_nonzero(show(source)[part].array != array))
    for shown, labels in known:
        differs = float(np.count_nonzero(shown != array)) if shown.shape == array.shape else np.inf
        if differs <= best[1]:
            layers = source.layers()
            layers[part] = labels
            whole = np.stack(layers) if source.overlapping else labels
            best = replace(source, labels=whole, fractions=None), differs
    return edited(best[0], array, layer=part) if best[1] else best[0]


def _shows(image: Image, array: NDArray) -> bool:
    shown = show(image)[0].array
    return shown.shape == array.shape and (
        np.shares_memory(shown, array) or np.array_equal(shown, array, equal_nan=_is_float(array))
    )


def _is_float(array: NDArray) -> bool:
    return array.dtype.kind == "f"


def _as_drawn(
    array: NDArray,
    attributes: Mapping[str, Any],
    kind: str,
    true: Geometry | None,
    others: Iterable[Any],
) -> Image | Segmentation:
    """Voxels that we did not read: on the grid of a scan they lie on, else on their own."""
    name = str(attributes.get("name", ""))
    drawn = _layer_geometry(array, attributes, kind)
    array = array.reshape(*array.shape[:-3], *drawn.shape)
    for grid in [true, *(_true_grid(other) for other in others)]:
        if grid is None or not display_geometry(grid).same_grid(drawn):
            continue
        if kind == "labels":
            empty = np.zeros(grid.shape, array.dtype)
            return edited(Segmentation(empty, grid, name=name), array)
        if not grid.is_oblique:
            drawn, array = grid, np.ascontiguousarray(from_canonical(array, grid))
        break
    if kind == "labels":
        return Segmentation(array, drawn, name=name)
    return Image(array, drawn, name=name, fourth_axis="time" if array.ndim == 4 else "")


def _true_grid(layer: Any) -> Geometry | None:
    source = layer[1].get("metadata", {}).get(SOURCE)
    return source.geometry if isinstance(source, Image | Segmentation) else None


def _layer_geometry(array: NDArray, attributes: Mapping[str, Any], kind: str) -> Geometry:
    """Grid of a layer by its scale and translate."""
    name = attributes.get("name", "")
    straight = (
        np.allclose(attributes.get("affine", np.eye(1)), np.eye(array.ndim + 1))
        if "affine" in attributes
        else True
    )
    rotate = np.atleast_2d(attributes.get("rotate", np.eye(array.ndim)))
    if not (straight and _is_identity(rotate) and not np.any(attributes.get("shear", 0))):
        raise GeometryError(
            f'Layer "{name}" is rotated or sheared; its voxels cannot be written without '
            "resampling. Reset its transform first."
        )
    if array.ndim not in ((2, 3, 4) if kind == "image" else (2, 3)) or attributes.get("rgb"):
        raise InputError(
            f'Layer "{name}" has {array.ndim} axes or colors; volumes of {" ".join(AXES)} can be '
            "written. Split it first."
        )
    scale = tuple(attributes.get("scale", np.ones(array.ndim)))[-3:]
    translate = tuple(attributes.get("translate", np.zeros(array.ndim)))[-3:]
    lack = 3 - len(scale)
    size = (*(1,) * lack, *array.shape[-3:])[-3:]
    scale, translate = (1.0,) * lack + scale, (0.0,) * lack + translate
    return Geometry(size[::-1], scale[::-1], translate[::-1])


def _is_identity(matrix: NDArray) -> bool:
    return matrix.shape[0] == matrix.shape[1] and np.allclose(matrix, np.eye(len(matrix)))


def is_edited(layer: Layer) -> bool:
    """Whether the labels, their names or colors differ from what was read."""
    return _differs(layer, layer.metadata.get(SOURCE)) or RENAMED in layer.metadata


def is_unsaved(layer: Layer) -> bool:
    """Whether the labels differ from what was last read or written.

    A Labels layer that the person made and never wrote is unsaved when anything is drawn.
    """
    source = layer.metadata.get(SOURCE)
    known = layer.metadata.get(SAVED, source)
    renamed = isinstance(source, Segmentation) and source.scheme != known.scheme
    return _differs(layer, known) or (renamed and RENAMED in layer.metadata)


def _differs(layer: Layer, known: Any) -> bool:
    if not _is_labels(layer) or layer.metadata.get(PASSING):
        return False
    if not isinstance(known, Segmentation):
        return bool(np.any(layer.data))
    parts = show(known)
    part = layer.metadata.get(PART, 0) if len(parts) > 1 else 0
    return not np.array_equal(parts[part].array, layer.data)


def _is_labels(layer: Layer) -> bool:
    from napari.layers import Labels

    return isinstance(layer, Labels)


def mark_saved(metadata: dict[str, Any], written: Any) -> None:
    """Note in a layer's own metadata what was written, so that it counts as saved."""
    if isinstance(written, Segmentation):
        metadata[SAVED] = replace(written, labels=written.labels.copy())


class Edits:
    """Layers of patients that were left, kept until they are opened again.

    Attributes
    ----------
    changed : Signal()
        Emitted when what is kept or unsaved changes.
    saved : Signal(Segmentation)
        Emitted when labels were written to a file.

    Examples
    --------
    >>> Edits().unsaved()
    frozenset()
    """

    changed = Signal()
    saved = Signal(object)

    def __init__(self) -> None:
        self._kept: dict[Visit, list[Layer]] = {}
        self._touched: set[str] = set()

    def touch(self, patient_id: str, *, unsaved: bool = True) -> None:
        """Note that the labels of the open patient were edited, or are all written."""
        unsaved = unsaved or self._unsaved_elsewhere(patient_id)
        if (patient_id in self._touched) != unsaved:
            (self._touched.add if unsaved else self._touched.discard)(patient_id)
            self.changed.emit()

    def _unsaved_elsewhere(self, patient_id: str) -> bool:
        return any(
            is_unsaved(layer)
            for visit, layers in self._kept.items()
            for layer in layers
            if visit[0] == patient_id
        )

    def keep(
        self, visit: Visit, layers: Iterable[Layer], *, loaded: Collection[Layer] = ()
    ) -> list[Layer]:
        """Keep, of a patient's layers, what would otherwise be lost.

        Parameters
        ----------
        visit : tuple of str
            Patient and timepoint that are left.
        layers : iterable of Layer
            Its layers.
        loaded : collection of Layer, optional
            Those that its files give back when it is opened again.

        Returns
        -------
        list of Layer
            Those that are kept: edited labels, and layers that did not come from its files.
        """
        own = [layer for layer in layers if not layer.metadata.get(PASSING)]
        kept = [layer for layer in own if layer not in loaded or is_edited(layer)]
        self._kept.pop(visit, None)
        if kept:
            self._kept[visit] = kept
        unsaved = self._unsaved_elsewhere(visit[0])
        (self._touched.add if unsaved else self._touched.discard)(visit[0])
        self.changed.emit()
        return kept

    def kept(self, visit: Visit) -> list[Layer]:
        """Give back the layers that are kept of a patient; the viewer holds them again."""
        return self._kept.pop(visit, [])

    def unsaved(self) -> frozenset[str]:
        """Patients with labels that are not written."""
        return frozenset(self._touched)
