"""The kernel on the canvas: a box of its true size in mm around the voxel under the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.components.overlays import ZoomOverlay
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.gui.attached import Attached, attached
from napari_radiogenomics.gui.cohort.refill import models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel

__all__ = ["KernelBox", "KernelBoxes", "kernel_extent", "on_canvas"]

_KEY = "radiogenomics_kernel"
_EVERY_MS = 30

Corners = tuple[tuple[float, float], tuple[float, float]]


def kernel_extent(
    geometry: Geometry, point: Sequence[float], radius: int, thin_axis: int | None = None
) -> NDArray[np.float64]:
    """Extent of the kernel around a point, along z, y and x.

    Parameters
    ----------
    geometry : Geometry
        True grid of the scan.
    point : sequence of float
        z, y, x in LPS mm.
    radius : int
        Of the kernel, in voxels.
    thin_axis : int, optional
        Index axis (0 = i) along which the kernel is one voxel thick.

    Returns
    -------
    ndarray, shape (2, 3)
        Lowest and highest z, y, x in mm; around a tilted kernel.

    Examples
    --------
    >>> kernel_extent(Geometry((9, 9, 9), spacing=(1, 1, 5)), (11.0, 4.2, 4.0), 1).tolist()
    [[2.5, 2.5, 2.5], [17.5, 5.5, 5.5]]
    """
    center = np.rint(geometry.world_to_index(np.asarray(point, float)[::-1]))
    reach = np.full(3, radius + 0.5)
    if thin_axis is not None:
        reach[thin_axis] = 0.5
    signs = np.array(np.meshgrid(*[(-1, 1)] * 3, indexing="ij")).reshape(3, -1).T
    corners = geometry.index_to_world(center + signs * reach)[:, ::-1]
    return np.stack([corners.min(axis=0), corners.max(axis=0)])


def on_canvas(viewer: ViewerModel, extent: NDArray[np.float64]) -> Corners:
    """Corners of an extent (2, 3) of z, y, x in pixels (row, column) of the canvas."""
    camera, displayed = viewer.scene.camera, list(viewer.dims.displayed)
    lead = viewer.dims.ndim - 3
    signs = np.array([-1 if str(camera.orientation[1]) == "up" else 1, 1])
    middle = np.asarray(viewer.canvas.size, float) / 2
    seen = extent[:, [axis - lead for axis in displayed]]
    pixels = (seen - np.asarray(camera.center)[-2:]) * camera.zoom * signs + middle
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    return (float(low[0]), float(low[1])), (float(high[0]), float(high[1]))


class KernelBox(Attached):
    """Box around the mouse in one view.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        from superqt.utils import qthrottled

        super().__init__(viewer)
        self._kernel: tuple[Geometry, int, int | None] | None = None
        self.viewer.canvas.overlays[_KEY] = ZoomOverlay(box=False, opacity=0.9)
        self._later = qthrottled(self.update, timeout=_EVERY_MS)
        viewer = self.viewer
        for event in (
            viewer.cursor.events.position,
            viewer.events.mouse_over_canvas,
            viewer.scene.camera.events.zoom,
            viewer.scene.camera.events.center,
            viewer.canvas.events.size,
            viewer.dims.events.current_step,
        ):
            event.connect(self._moved)

    def show(self, kernel: tuple[Geometry, int, int | None] | None) -> None:
        """Draw the kernel of a scan: its grid, radius and thin axis; None for nothing."""
        self._kernel = kernel
        self.update()

    def _moved(self, event: object = None) -> None:
        if self._kernel is not None:
            self._later()

    def update(self) -> None:
        """Draw the box where the mouse is now."""
        viewer = self._viewer()
        if viewer is None:
            return
        box = viewer.canvas.overlays[_KEY]
        position, dims = viewer.cursor.position, viewer.dims
        shown = self._kernel is not None and viewer.mouse_over_canvas and dims.ndisplay == 2
        if not shown or viewer.canvas.grid.enabled or len(position) != dims.ndim or dims.ndim < 3:
            box.visible = False
            return
        geometry, radius, thin_axis = self._kernel  # type: ignore[misc]
        point = position[-3:]
        box.visible = bool(geometry.contains(point[::-1]))
        if box.visible:
            box.position = on_canvas(viewer, kernel_extent(geometry, point, radius, thin_axis))


class KernelBoxes:
    """Boxes in the viewer and in all its linked views.

    Parameters
    ----------
    viewer : ViewerModel
        The main viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer

    def show(self, geometry: Geometry | None, radius: int, thin_axis: int | None) -> None:
        """Draw a kernel around the mouse; no grid for nothing."""
        kernel = None if geometry is None else (geometry, radius, thin_axis)
        for model in models(self.viewer):
            attached(model, KernelBox).show(kernel)
