"""Scenes of the demo that show segmentation: every tool before it is applied, two readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import distance_transform_edt

from napari_radiogenomics.gui.segment.places import region_place
from napari_radiogenomics.segmentation.tool import TOOLS

if TYPE_CHECKING:
    import napari
    from napari.layers import Labels

__all__ = ["SEGMENT_SHOTS", "segment_scenes"]

_SMALL = (1366, 768)
# Settings with which a tool shows something on the patient of the demo.
_SETTINGS: dict[str, dict[str, Any]] = {
    "smooth": {"method": "opening", "radius_mm": 3.0},
    "margin": {"margin_mm": 4.0},
    "refine": {"reach_mm": 4.0, "expansion": 0.5},
    "mask": {"inside": (), "outside": ()},
    "grow": {"background": 2},
    "classify_pixels": {"background": 2},
}
_OF_STROKES = ("grow", "classify_pixels")
_DAMAGED = ("interpolate", "islands", "fill_holes")
SEGMENT_SHOTS = {
    "5-segment": [(_SMALL, "dark"), (_SMALL, "light")],
    **{f"5-tool-{name}": [(_SMALL, "dark")] for name in TOOLS.names() if name != "ring"},
    "6-compare": [(_SMALL, "dark")],
}
"""Sizes and themes of each scene."""

Until = Callable[[Callable[[], bool], str], None]


def segment_scenes(
    viewer: napari.Viewer, dock: Any, patient: str, until: Until
) -> Iterator[tuple[str, str]]:
    """Show a tool before it is applied, each of the others, and two segmentations compared.

    Parameters
    ----------
    viewer : napari.Viewer
        With the patient open and the Segment dock in front.
    dock : SegmentDock
        That dock.
    patient : str
        Who is open.
    until : callable
        Waits for a condition, with a word for it.

    Yields
    ------
    tuple of str
        Name and caption of each scene.
    """
    desk, page = dock.desk, dock.draw
    until(lambda: not desk.measured.work.busy, "The measured regions")
    desk.choose(int(desk.measured.table["volume_ml"].idxmax()))  # there is room around it
    page.tools.choose("ring")
    until(lambda: desk.tools.work.change is not None, "The preview of the ring")
    yield "5-segment", f"Labels of {patient}, measured; a ring before it is applied."
    desk.tools.cancel()
    for name in (x for x in page.tools.tools if x != "ring"):
        yield from _tool(viewer, dock, name, until)
    yield from _compared(viewer, dock, until)


def _tool(viewer: napari.Viewer, dock: Any, name: str, until: Until) -> Iterator[tuple[str, str]]:
    """Show what one tool would change; everything is taken back."""
    desk, page = dock.desk, dock.draw
    layer, value = desk.layer, desk.value
    there, strokes = [*viewer.layers], name in _OF_STROKES
    until(lambda: not desk.measured.work.busy, "The measured regions")
    if strokes:
        _draw_strokes(dock, layer)
    elif name in _DAMAGED:
        _damage(layer, value, name)
    elif name == "contours":
        _outline(viewer, layer, value)
    page.tools.range.proposal_asked.emit()
    page.tools.choose(name)
    page.tools.forms[name].values = _settings(name, desk, value)
    until(lambda: not desk.tools.work.busy, f"The preview of {name}")
    yield f"5-tool-{name}", f"{TOOLS[name].title}: {TOOLS[name].meaning}"
    desk.tools.cancel()
    if name in _DAMAGED:
        desk.undo()
    for added in [x for x in viewer.layers if x not in there]:
        viewer.layers.remove(added)
    if strokes:
        page.region.layer = layer
        layer.visible = True
    desk.choose(value)


def _settings(name: str, desk: Any, value: int) -> dict[str, Any]:
    if name == "combine":
        others = [e.label.value for e in desk.page.table.entries if e.label.value != value]
        return {"other": others[0] if others else value}
    return _SETTINGS.get(name, {})


def _draw_strokes(dock: Any, layer: Labels) -> None:
    """Draw a stroke in the brightest region and a loop around all, in a new segmentation."""
    data = np.asarray(layer.data)
    value = int(dock.desk.measured.table["mean"].idxmax())
    z, y, _ = region_place(data, value) or (0, 0, 0)
    rows, columns = (np.flatnonzero((data[z] > 0).any(axis=axis)) for axis in (1, 0))
    layer.visible = False
    dock.desk.labels.new()
    dock.desk.labels.add()
    drawn, last = dock.desk.layer, np.array(data.shape[1:]) - 1
    own = np.flatnonzero(data[z, y] == value)
    drawn.data_setitem((np.full(own.size, z), np.full(own.size, y), own), 1)
    top, left = max(int(rows[0]) - 4, 0), max(int(columns[0]) - 4, 0)
    bottom, right = (int(min(n[-1] + 4, m)) for n, m in zip((rows, columns), last, strict=True))
    loop = np.zeros(data.shape[1:], bool)
    loop[[top, bottom], left : right + 1] = loop[top : bottom + 1, [left, right]] = True
    places = np.nonzero(loop)
    drawn.data_setitem((np.full(places[0].size, z), *places), 2)
    dock.desk.choose(1)


def _damage(layer: Labels, value: int, name: str) -> None:
    """Make what a tool mends: missing slices, a stray piece, a hole; one undo step."""
    data = np.asarray(layer.data)
    z, y, x = region_place(data, value) or (0, 0, 0)
    if name == "interpolate":
        places = np.nonzero(data == value)
        layer.data_setitem(tuple(p[(places[0] - z) % 3 != 1] for p in places), 0)
        return
    if name == "fill_holes":
        depth = distance_transform_edt(data == value)
        deepest = np.unravel_index(depth.argmax(), data.shape)
        layer.data_setitem(tuple(np.array([n]) for n in deepest), 0)
        return
    row = max(y - data.shape[1] // 3, 1)
    block = np.meshgrid([z], [row, row + 1], [x, x + 1], indexing="ij")
    layer.data_setitem(tuple(part.ravel() for part in block), value)


def _outline(viewer: napari.Viewer, layer: Labels, value: int) -> None:
    """Draw a polygon around the region, a little larger than it is."""
    z, _, _ = region_place(np.asarray(layer.data), value) or (0, 0, 0)
    rows, columns = np.nonzero(layer.data[z] == value)
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    height, width = (np.ptp(part) / 2 + 2 for part in (rows, columns))
    corners = np.stack(
        [
            np.full(12, z),
            rows.mean() + height * np.sin(angles),
            columns.mean() + width * np.cos(angles),
        ],
        axis=1,
    )
    viewer.add_shapes(
        [corners], shape_type="polygon", face_color="transparent", edge_color="white",
        edge_width=0.3, scale=layer.scale, translate=layer.translate, name="contours",
        axis_labels=layer.axis_labels, units=layer.units,
    )  # fmt: skip


def _compared(viewer: napari.Viewer, dock: Any, until: Until) -> Iterator[tuple[str, str]]:
    dock.tabs.setCurrentWidget(dock.compare)
    regions = dock.compare.first.layer
    other = viewer.add_labels(
        np.roll(regions.data, 3, axis=2), name="second reader", scale=regions.scale,
        translate=regions.translate, axis_labels=regions.axis_labels, units=regions.units,
    )  # fmt: skip
    dock.compare.first.layer, dock.compare.second.layer = regions, other
    dock.compare.compare()
    until(lambda: dock.compare.result is not None, "The comparison")
    dock.compare.show_difference()
    yield "6-compare", "Two readers by label, and where they differ."
    dock.compare.hide_difference()
    viewer.layers.remove(other)
    regions.visible = True
    dock.tabs.setCurrentIndex(0)
