"""What stands on the canvas besides the layers: orientation letters, scale bar.

Everything is napari's own text overlay, put into ``viewer.canvas.overlays``: the same code
serves the main viewer and the models of orthogonal views, with and without a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.components.overlays import TextOverlay

from napari_radiogenomics.gui.attached import Attached, attached

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = [
    "OrientationLetters",
    "Upright",
    "edge_letters",
    "keep_text",
    "show_orientation",
    "show_scale_bar",
    "stand_upright",
    "upright_orientation",
]

# Where each patient axis starts and ends in LPS: x runs to the left, y to the posterior,
# z to the superior.
_ENDS = {"x": ("R", "L"), "y": ("A", "P"), "z": ("I", "S")}
_EDGES = {
    "top": "top_center",
    "bottom": "bottom_center",
    "left": "middle_left",
    "right": "middle_right",
}
# Where the lower letter stands on a canvas less wide than this (pixels): in the middle of the edge
# the scale bar would lie over it.
_BESIDE_BAR, _ROOM_FOR_BAR = "bottom_left", 380
_PREFIX = "radiogenomics_"


def keep_text(viewer: ViewerModel, name: str, **fields: object) -> TextOverlay:
    """Return the viewer's text overlay of this name, made on first use.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    name : str
        What it is for; other plugins' overlays are left alone.
    **fields
        Fields of a new overlay (position, font_size, …).

    Returns
    -------
    TextOverlay
        The one overlay of that name.
    """
    overlays = viewer.canvas.overlays
    key = _PREFIX + name
    if key not in overlays:
        overlays[key] = TextOverlay(**fields)
    return overlays[key]


def edge_letters(
    labels: tuple[str, ...], displayed: tuple[int, ...], *, down: bool = True, right: bool = True
) -> dict[str, str]:
    """Say which side of the patient lies at each edge of the canvas.

    Parameters
    ----------
    labels : tuple of str
        Names of the world axes, ``("z", "y", "x")`` or with more in front.
    displayed : tuple of int
        Axes on the screen: vertical, then horizontal.
    down, right : bool, optional
        Whether coordinates grow downwards and to the right, as napari draws them.

    Returns
    -------
    dict
        ``top, bottom, left, right``; empty where the axes are not those of a patient.

    Examples
    --------
    >>> edge_letters(("z", "y", "x"), (1, 2))
    {'top': 'A', 'bottom': 'P', 'left': 'R', 'right': 'L'}
    >>> edge_letters(("z", "y", "x"), (0, 2), down=False)["top"]
    'S'
    """
    if tuple(labels[-3:]) != ("z", "y", "x") or len(displayed) != 2:
        return {}
    names = [labels[axis] for axis in displayed]
    if any(name not in _ENDS for name in names):
        return {}
    vertical = _ENDS[names[0]] if down else _ENDS[names[0]][::-1]
    horizontal = _ENDS[names[1]] if right else _ENDS[names[1]][::-1]
    return {
        "top": vertical[0],
        "bottom": vertical[1],
        "left": horizontal[0],
        "right": horizontal[1],
    }


class OrientationLetters(Attached):
    """R, L, A, P, S, I at the edges of the canvas; they follow the displayed axes.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._enabled = True
        self._texts = {
            edge: keep_text(viewer, f"edge_{edge}", position=position, font_size=12)
            for edge, position in _EDGES.items()
        }
        for event in (
            viewer.dims.events.order,
            viewer.dims.events.ndisplay,
            viewer.dims.events.axis_labels,
            viewer.scene.camera.events.orientation,
            viewer.layers.events.inserted,
            viewer.layers.events.removed,
            viewer.canvas.events.size,
        ):
            event.connect(self.update)
        self.update()

    @property
    def enabled(self) -> bool:
        """Whether the letters are shown."""
        return self._enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self._enabled = enabled
        self.update()

    def letters(self) -> dict[str, str]:
        """Letters of the present view, by edge; empty where they would mean nothing."""
        dims = self.viewer.dims
        if not len(self.viewer.layers) or dims.ndisplay != 2:
            return {}
        _, vertical, horizontal = (str(way) for way in self.viewer.scene.camera.orientation)
        return edge_letters(
            tuple(dims.axis_labels),
            tuple(dims.displayed),
            down=vertical == "down",
            right=horizontal == "right",
        )

    def update(self, event: object = None) -> None:
        """Write the letters of the present view."""
        letters = self.letters() if self._enabled else {}
        narrow = self.viewer.canvas.size[1] < _ROOM_FOR_BAR
        self._texts["bottom"].position = _BESIDE_BAR if narrow else _EDGES["bottom"]
        for edge, text in self._texts.items():
            text.text = letters.get(edge, "")
            text.visible = edge in letters


def show_orientation(viewer: ViewerModel) -> OrientationLetters:
    """Show orientation letters; a second call finds those of the first.

    Examples
    --------
    >>> import numpy as np
    >>> from napari.components import ViewerModel
    >>> viewer = ViewerModel()
    >>> _ = viewer.add_image(np.zeros((2, 3, 4)), axis_labels=("z", "y", "x"))
    >>> show_orientation(viewer).letters()["left"]
    'R'
    """
    return attached(viewer, OrientationLetters)


def upright_orientation(labels: tuple[str, ...], order: tuple[int, ...]) -> tuple[str, str, str]:
    """Say how the camera has to look for the head to be up and nothing to be mirrored.

    Parameters
    ----------
    labels : tuple of str
        Names of the world axes, ending with ``"z", "y", "x"``.
    order : tuple of int
        Order of the axes; the last three are depth, vertical, horizontal.

    Returns
    -------
    tuple of str
        Where depth, vertical and horizontal coordinates grow to.

    Examples
    --------
    >>> upright_orientation(("z", "y", "x"), (0, 1, 2))
    ('away', 'down', 'right')
    >>> upright_orientation(("z", "y", "x"), (1, 0, 2))
    ('away', 'up', 'right')
    >>> upright_orientation(("z", "y", "x"), (2, 0, 1))
    ('towards', 'up', 'right')
    """
    vertical, horizontal = ("xyz".index(labels[axis]) for axis in order[-2:])
    # Sign of the permutation: horizontal × vertical = cyclic · depth in a right-handed world.
    cyclic = (vertical - horizontal) % 3 == 1
    up = vertical == 2
    # On the screen right × down points away from the viewer, right × up towards.
    return ("away" if cyclic != up else "towards", "up" if up else "down", "right")


class Upright(Attached):
    """Turns the camera whenever the displayed axes change: head up, nothing mirrored.

    napari draws every axis downwards and depth towards the viewer, which shows a coronal
    slice upside down and mirrors the volume rendering of a scan in LPS.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer, or model of an orthogonal view.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.viewer.dims.events.order.connect(self.update)
        self.viewer.dims.events.axis_labels.connect(self.update)
        self.update()

    def update(self, event: object = None) -> None:
        """Turn the camera where the axes are those of a patient; else leave it alone."""
        dims = self.viewer.dims
        if {dims.axis_labels[axis] for axis in dims.order[-3:]} != set("xyz"):
            return
        camera = self.viewer.scene.camera
        wanted = upright_orientation(tuple(dims.axis_labels), tuple(dims.order))
        if tuple(map(str, camera.orientation)) != wanted:
            camera.orientation = wanted


def stand_upright(viewer: ViewerModel) -> Upright:
    """Keep the head up in every view; a second call finds the helper of the first."""
    return attached(viewer, Upright)


def show_scale_bar(viewer: ViewerModel) -> None:
    """Show napari's scale bar; it reads in mm because every layer is in mm."""
    bar = viewer.canvas.overlays.scale_bar
    bar.visible = True
    bar.box = True
