"""One step of a slider is one slice of the scan, whatever lies beside it.

napari takes the finest step of all layers: 1 mm where biopsies are shown, a few µm where slides
are. The sliders then pass through the same slice many times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer

from napari_radiogenomics.gui.attached import Attached, attached

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["SliderSteps", "step_by_slices"]

_ROUNDING = 1e-6


def _has_slices(layer: Layer) -> bool:
    volume = isinstance(layer, Labels) or (isinstance(layer, ImageLayer) and not layer.rgb)
    return volume and layer.ndim >= 3


def _with_last(start: float, stop: float, step: float) -> tuple[float, float, float]:
    """Range of an axis whose last slice napari does not lose to rounding: 4.9 // 0.7 is 6."""
    lost = (stop - start) // step < round((stop - start) / step)
    return float(start), float(stop + lost * step * _ROUNDING), float(step)


class SliderSteps(Attached):
    """Gives the sliders the extent and the steps of the volumes, whenever napari sets others.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.viewer.dims.events.range.connect(self.update)
        self.update()

    def update(self, event: object = None) -> None:
        """Set the range of the sliders; without a volume they keep napari's."""
        viewer = self._viewer()
        volumes = [] if viewer is None else [x for x in viewer.layers if _has_slices(x)]
        if viewer is None or not volumes:
            return
        extent = viewer.layers.get_extent(volumes)
        wanted = [_with_last(*axis) for axis in zip(*extent.world, extent.step, strict=True)]
        dims = viewer.dims
        # A volume with a time axis has one axis more than the others, in front.
        ours = [*dims.range[: dims.ndim - len(wanted)], *wanted][-dims.ndim :]
        if [tuple(axis) for axis in dims.range] != [tuple(axis) for axis in ours]:
            dims.range = ours


def step_by_slices(viewer: ViewerModel) -> SliderSteps:
    """Let the sliders step by slices; a second call finds the helper of the first.

    Examples
    --------
    >>> import numpy as np
    >>> from napari.components import ViewerModel
    >>> viewer = ViewerModel()
    >>> _ = viewer.add_image(np.zeros((4, 3, 3)), scale=(5, 2, 2))
    >>> _ = viewer.add_points([[2.5, 1.0, 1.0]])
    >>> viewer.dims.nsteps[0]
    16
    >>> _ = step_by_slices(viewer)
    >>> viewer.dims.nsteps[0]
    4
    """
    return attached(viewer, SliderSteps)
