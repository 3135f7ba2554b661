"""`register`: how a slide or a scan lies to another one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import numpy as np

from napari_radiogenomics.data.transform import Transform
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registration.brightness import Search, search
from napari_radiogenomics.registration.by_landmarks import by_landmarks, no_landmarks
from napari_radiogenomics.registration.landmarks import Landmarks
from napari_radiogenomics.registration.model import MODELS
from napari_radiogenomics.registration.pictures import Channel, Start, picture_of, start_of
from napari_radiogenomics.registration.result import Registration
from napari_radiogenomics.registration.sides import (
    PLANES,
    Object,
    Plane,
    flat_side,
    frame_of,
    require_sides,
)
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["register"]

_BRIGHTNESS = ("rigid", "similarity", "affine")
# Mutual information that rose by less, in nats, did not rise.
_LEAST_GAIN = 1e-3
# A refined one is doubted when it is so much further from the landmarks than they from each other.
_WORSE = 1.5


@verb
def register(
    moving: Object,
    fixed: Object,
    landmarks: pd.DataFrame | Landmarks | None = None,
    *,
    method: Annotated[str, Setting(choices=MODELS.titles)] = "rigid",
    mirror: bool = False,
    plane: Plane = "free",
    plane_mm: Annotated[float | None, Setting(title="Plane at")] = None,
    stiffness: Annotated[float, Setting(minimum=0, advanced=True)] = 0.0,
    refine: Annotated[bool, Setting(title="Refine by brightness")] = False,
    channel: Annotated[Channel, Setting(advanced=True)] = "hematoxylin",
    start: Annotated[Start, Setting(advanced=True)] = "auto",
    levels: Annotated[int, Setting(minimum=1, maximum=6, advanced=True)] = 3,
    iterations: Annotated[int, Setting(minimum=1, advanced=True)] = 100,
    seed: Annotated[int, Setting(minimum=1, advanced=True)] = 1,
    progress: Progress = quiet,
) -> Registration:
    """Register a slide or a scan to another one, by landmarks, by brightness or by both.

    Parameters
    ----------
    moving : Image or Slide
        What is brought to the other one.
    fixed : Image or Slide
        What stays. Two slides, two scans, or a slide and a scan.
    landmarks : DataFrame or Landmarks, optional
        Pairs of places in mm: ``name``, ``fixed_x, fixed_y, fixed_z``, ``moving_x, moving_y,
        moving_z``, and where it is known ``weight``. Without them brightness registers two scans
        or two slides.
    method : str, optional
        What the transform may do.
    mirror : bool, optional
        One side is the mirror image of the other, as a section that was turned over.
    plane : {"free", "axial", "coronal", "sagittal"}, optional
        Plane of the scan that the slide was cut along (block face). Free, the landmarks tell how
        the slide lies in space.
    plane_mm : float, optional
        Where that plane lies along its normal, in LPS mm; the mean of the landmarks without it.
    stiffness : float, optional
        Of a thin-plate spline: 0 passes through all landmarks, 1 hardly bends.
    refine : bool, optional
        Go on by brightness from where the landmarks lead.
    channel : {"hematoxylin", "gray"}, optional
        What is compared of two slides.
    start : {"auto", "position", "center"}, optional
        Where brightness starts without landmarks: as two scans lie, with the centers of their
        brightness on each other, or the former where they overlap.
    levels : int, optional
        From coarse to fine, each with half the voxel.
    iterations : int, optional
        The most on each level.
    seed : int, optional
        Of the voxels that are compared.
    progress : Progress, optional
        Reports steps; may cancel at any iteration.

    Returns
    -------
    Registration
        ``transform`` maps points of the fixed frame to the moving one, so that
        ``transform.resample(moving, fixed)`` brings the moving image onto the fixed grid;
        ``landmarks`` with the residual and the error with each left out in turn, in mm;
        ``text()``, the answer in words.

    Raises
    ------
    InputError
        If landmarks are too few, on a line or in a plane, on the same place, of another frame,
        or mirrored without ``mirror``; if a slide has no pixel size; if a slide and a scan are
        to be registered by brightness, which do not look alike.
    Cancelled
        If ``progress`` says so.

    Notes
    -----
    The residual at landmarks says how well the transform passes through them; the error with one
    left out says how far off it is at a place that it was not fitted to, and is what counts. The
    latter is the error of a fit with one landmark fewer: a little larger than that of the result.
    Brightness is compared by mutual information of a fifth of the voxels, drawn once.

    References
    ----------
    Umeyama 1991, doi:10.1109/34.88573 (rigid, similarity); Bookstein 1989,
    doi:10.1109/34.24792 (affine, thin-plate); Fitzpatrick 1998, doi:10.1109/42.736021 (error);
    Mattes 2003, doi:10.1109/TMI.2003.809072 (brightness).

    Examples
    --------
    >>> import pandas as pd
    >>> from napari_radiogenomics import Geometry, Image, register
    >>> first = Image(np.zeros((9, 9, 9)), Geometry((9, 9, 9)), metadata={"frame": "CT"})
    >>> second = Image(np.zeros((9, 9, 9)), Geometry((9, 9, 9)), metadata={"frame": "MR"})
    >>> places = np.array([[0, 0, 0], [8, 0, 0], [0, 8, 0], [0, 0, 8], [8, 8, 1]], float)
    >>> table = pd.DataFrame(places, columns=["fixed_x", "fixed_y", "fixed_z"])
    >>> table[["moving_x", "moving_y", "moving_z"]] = places + [5, 0, 0]
    >>> found = register(second, first, table)
    >>> found.transform.points([[1, 2, 3]]).round(6).tolist()
    [[6.0, 2.0, 3.0]]
    >>> bool(found.left_out_rms_mm < 1e-6)
    True
    """
    _check(method, plane, landmarks is None, refine)
    pairs = landmarks
    if pairs is not None and not isinstance(pairs, Landmarks):
        pairs = Landmarks.from_table(pairs)
    require_sides(moving, fixed, pairs)
    if pairs is None:
        return _by_brightness(
            moving, fixed, None,
            method=method, mirror=mirror, channel=channel, start=start,
            how=Search(method, levels, iterations, seed), progress=progress,
        )  # fmt: skip
    found = by_landmarks(
        moving, fixed, pairs, MODELS[method],
        mirror=mirror, plane=plane, plane_mm=plane_mm, stiffness=stiffness,
    )  # fmt: skip
    if not refine:
        return found
    return _by_brightness(
        moving, fixed, found,
        method=method, mirror=mirror, channel=channel, start=start,
        how=Search(method, levels, iterations, seed), progress=progress,
    )  # fmt: skip


def _check(method: str, plane: str, without: bool, refine: bool) -> None:
    if plane not in PLANES:
        raise InputError(f'Unknown plane "{plane}". {did_you_mean(plane, list(PLANES))}')
    MODELS[method]
    if (without or refine) and method not in _BRIGHTNESS:
        raise InputError(
            f"By brightness {MODELS[method].title.lower()} is not found. Choose "
            f"{', '.join(_BRIGHTNESS[:-1])} or {_BRIGHTNESS[-1]}, or place landmarks."
        )


def _by_brightness(
    moving: Object,
    fixed: Object,
    begun: Registration | None,
    *,
    method: str,
    mirror: bool,
    channel: Channel,
    start: Start,
    how: Search,
    progress: Progress,
) -> Registration:
    """Registration by brightness alone, or from where landmarks led."""
    if flat_side(moving) != flat_side(fixed):
        raise InputError(
            "A slide and a scan do not look alike: brightness cannot register them. Place "
            f"{MODELS[method].least['plane in space'] + 1} pairs of landmarks or more."
        )
    if begun is None and mirror:
        raise InputError("Brightness alone does not mirror. Place landmarks, then refine.")
    pictures = picture_of(fixed, channel), picture_of(moving, channel)
    first = start_of(*pictures, start) if begun is None else begun.transform.matrix
    found = search(*pictures, first, how, progress)
    warnings = []
    if not found.after > found.before + _LEAST_GAIN:
        warnings.append(
            f"Brightness did not improve on the start: mutual information {found.before:.3f} "
            f"before, {found.after:.3f} after. The start is kept. Place landmarks."
        )
    elif not found.ended:
        warnings.append(
            f"It still moved after {how.iterations} iterations of the last level. Raise iterations."
        )
    transform = Transform.of(found.matrix, frame_of(fixed), frame_of(moving))
    title = f"{MODELS[method].title}, by brightness"
    values = (found.before, found.after)
    if begun is None:
        warnings.append(
            "Its error in mm was not measured: place landmarks and look at their residuals."
        )
        return Registration(
            transform, no_landmarks(), title, frame_of(moving), values, tuple(warnings)
        )
    return _checked_by(begun, transform, title, values, warnings)


def _checked_by(
    begun: Registration,
    transform: Transform,
    title: str,
    values: tuple[float, float],
    warnings: list[str],
) -> Registration:
    """A refined registration, with how far it is from the landmarks that it began from."""
    table = begun.landmarks.copy()
    fixed, moving = (table[[f"{side}_{a}" for a in "xyz"]].to_numpy(float)
                     for side in ("fixed", "moving"))  # fmt: skip
    table["residual_mm"] = np.linalg.norm(transform.points(fixed) - moving, axis=1)
    found = Registration(
        transform, table, f"{title} from landmarks", begun.error_frame, values, begun.warnings
    )
    if found.rms_mm > _WORSE * begun.left_out_rms_mm:
        warnings.append(
            f"Brightness led away from the landmarks: RMS {found.rms_mm:.2f} mm against "
            f"{begun.left_out_rms_mm:.2f} mm by landmarks alone, each left out in turn. Look at "
            "the overlay, and set refine to no if it is worse."
        )
    warnings.append(
        "Errors with each left out are those by landmarks alone; residuals are after brightness."
    )
    return replace(
        found,
        transform=replace(transform, error_mm=found.rms_mm),
        warnings=(*begun.warnings, *warnings),
    )
