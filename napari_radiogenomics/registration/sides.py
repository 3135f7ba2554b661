"""The two objects of a registration: which frame they are in, and whether they are flat."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registration.landmarks import Landmarks

__all__ = ["PLANES", "Object", "Plane", "flat_side", "frame_of", "plane_matrix", "require_sides"]

Object = Image | Slide
Plane = Literal["free", "axial", "coronal", "sagittal"]
PLANES = ("free", "axial", "coronal", "sagittal")
# To the right and down on the screen, in LPS, and the axis across.
_SCREEN = {
    "axial": ((1, 0, 0), (0, 1, 0), 2),
    "coronal": ((1, 0, 0), (0, 0, -1), 1),
    "sagittal": ((0, 1, 0), (0, 0, -1), 0),
}


def frame_of(one: Object) -> str:
    """Name of the frame that an object lies in; empty where it is not known."""
    return one.frame if isinstance(one, Slide) else str(one.metadata.get("frame", ""))


def flat_side(one: Object) -> bool:
    """Whether it is a slide or a map on one: everything lies in a plane, z = 0."""
    if isinstance(one, Slide):
        return True
    grid = one.geometry
    return grid.size[2] == 1 and grid.origin[2] == 0 and np.allclose(grid.matrix, np.eye(3))


def require_sides(moving: Object, fixed: Object, landmarks: Landmarks | None) -> None:
    """Refuse slides without a pixel size, landmarks of other frames, and depth on a slide.

    Raises
    ------
    InputError
        With what is wrong, and the remedy.
    """
    sides = (("fixed", fixed), ("moving", moving))
    for side, one in sides:
        if isinstance(one, Slide) and one.um_per_pixel is None:
            raise InputError(
                f"The pixel size of the {side} slide {one.name!r} is not known: its landmarks have "
                "no mm. Give um_per_pixel in slides.csv."
            )
    first, second = frame_of(fixed), frame_of(moving)
    if first and first == second:
        raise InputError(
            f'Both lie in frame "{first}": there is nothing to register. Choose two frames.'
        )
    if landmarks is None:
        return
    for (side, one), named in zip(sides, landmarks.frames, strict=True):
        own = frame_of(one)
        if named and own and named != own:
            swapped = landmarks.frames == (second, first)
            remedy = "Exchange fixed and moving." if swapped else "Take the landmarks of its frame."
            raise InputError(
                f'The {side} landmarks are of frame "{named}", the {side} object lies in "{own}". '
                f"{remedy}"
            )
        points = getattr(landmarks, side)
        deep = np.flatnonzero(np.abs(points[:, 2]) > 0)
        if flat_side(one) and len(deep):
            raise InputError(
                f'Landmark "{landmarks.names[deep[0]]}" has z = {points[deep[0], 2]:g} mm on the '
                f"{side} side, which is a slide and has no depth. Leave its z empty."
            )


def plane_matrix(plane: str, at_mm: float) -> NDArray[np.float64]:
    """Matrix (4, 4) from mm of a plane, as it is shown on the screen, to LPS mm.

    Examples
    --------
    >>> (plane_matrix("axial", 30.0) @ [5, 7, 0, 1]).tolist()
    [5.0, 7.0, 30.0, 1.0]
    >>> (plane_matrix("coronal", -4.0) @ [5, 7, 0, 1]).tolist()
    [5.0, -4.0, -7.0, 1.0]
    """
    right, down, across = _SCREEN[plane]
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = right, down, np.cross(right, down)
    matrix[across, 3] = at_mm
    return matrix
