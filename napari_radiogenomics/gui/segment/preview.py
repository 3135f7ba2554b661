"""What a tool would change, drawn over the segmentation before it is applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from napari.layers import Labels

from napari_radiogenomics.gui.attached import Attached
from napari_radiogenomics.gui.layers.keys import PASSING
from napari_radiogenomics.gui.layers.layers import label_colors
from napari_radiogenomics.gui.segment.job import Change
from napari_radiogenomics.gui.segment.regions import entries, scheme_with

if TYPE_CHECKING:
    from napari_radiogenomics.data.segmentation import Label

__all__ = ["REMOVED", "Preview", "preview_labels"]

REMOVED = (255, 0, 255)
"""Color of voxels that a tool would erase."""
_NAME = "preview"
_OPACITY = 0.85


def preview_labels(change: Change) -> tuple[np.ndarray, int]:
    """Labels of a preview, and the value that stands for erased voxels.

    Parameters
    ----------
    change : Change
        What `run_tool` found.

    Returns
    -------
    labels : ndarray of uint16, uint32
        The new label where one changes, 0 where nothing does.
    erased : int
        Value of voxels that become background; it is no label.
    """
    before, after = change.job.shown, change.after
    top = max(int(before.max(initial=0)), int(after.max(initial=0)))
    erased = top + 1
    labels = np.zeros(before.shape, np.uint16 if erased < 1 << 16 else np.uint32)
    changed = after != before
    labels[changed] = np.where(after[changed] == 0, erased, after[changed])
    return labels, erased


class Preview(Attached):
    """The preview layer of a viewer: filled again and again, never saved, kept or measured."""

    @property
    def layer(self) -> Labels | None:
        """The layer, where one is shown."""
        viewer = self._viewer()
        if viewer is None:
            return None
        return next((x for x in viewer.layers if x.metadata.get(PASSING) == _NAME), None)

    def show(self, change: Change) -> Labels:
        """Draw a change over its layer, which stays the selected one."""
        from napari.utils.colormaps import DirectLabelColormap

        labels, erased = preview_labels(change)
        names = _names(change)
        colors = label_colors(names) | {erased: (*(c / 255 for c in REMOVED), 1.0)}
        colormap = DirectLabelColormap(color_dict=colors)
        table = pd.DataFrame(
            {
                "index": [0, *(label.value for label in names), erased],
                "name": ["", *(f"becomes {label.name}" for label in names), "is erased"],
            }
        )
        layer, base = self.layer, change.job.layer
        if layer is not None and layer.data.dtype == labels.dtype and _lies_on(layer, base):
            layer.data, layer.colormap, layer.features = labels, colormap, table
            layer.visible = True
            return layer
        self.clear()
        return self._add(labels, base, colormap=colormap, features=table)

    def _add(self, labels: np.ndarray, base: Labels, **looks: object) -> Labels:
        layers = self.viewer.layers
        layer = Labels(
            labels,
            name=_NAME,
            scale=base.scale,
            translate=base.translate,
            axis_labels=base.axis_labels,
            units=base.units,
            opacity=_OPACITY,
            metadata={PASSING: _NAME},
            **looks,
        )
        layer.editable = False
        chosen = layers.selection.active
        place = layers.index(base) + 1 if base in layers else len(layers)
        layers.insert(place, layer)
        layers.selection.active = chosen
        return layer

    def hide(self) -> None:
        """Take the preview off the screen and leave its layer for the next one.

        napari looks through all of the memory whenever a layer goes, which takes longer than
        the edit of millions of voxels itself.
        """
        layer = self.layer
        if layer is not None:
            layer.visible = False

    def clear(self) -> None:
        """Take the preview off the screen, and its layer out of the list."""
        layer = self.layer
        if layer is not None:
            chosen = self.viewer.layers.selection.active
            self.viewer.layers.remove(layer)
            if chosen in self.viewer.layers:
                self.viewer.layers.selection.active = chosen


def _names(change: Change) -> tuple[Label, ...]:
    known = [entry.label for entry in entries(change.job.layer)]
    return scheme_with(known, *change.scheme)


def _lies_on(layer: Labels, base: Labels) -> bool:
    return (
        layer.data.shape == base.data.shape
        and np.allclose(layer.scale, base.scale)
        and np.allclose(layer.translate, base.translate)
    )
