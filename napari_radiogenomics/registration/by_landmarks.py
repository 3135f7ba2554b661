"""Registration by landmarks alone: from a plane into space where one side is a slide."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.transform import Step, Transform
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registration.fitting import (
    Errors,
    errors_of,
    fit_model,
    in_plane,
    layout_of,
    scale_doubts,
)
from napari_radiogenomics.registration.landmarks import Landmarks
from napari_radiogenomics.registration.model import Fit, Model
from napari_radiogenomics.registration.result import Registration
from napari_radiogenomics.registration.sides import (
    Object,
    flat_side,
    frame_of,
    plane_matrix,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["by_landmarks", "no_landmarks"]

Reals = NDArray[np.float64]
_ACROSS = {"axial": 2, "coronal": 1, "sagittal": 0}
# A landmark is doubted when its error is so many times the median of the others'.
_OUTLIER, _FEWEST = 4.0, 5


def no_landmarks() -> pd.DataFrame:
    """The table of a registration without landmarks."""
    import pandas as pd

    sides = [f"{side}_{axis}" for side in ("fixed", "moving") for axis in "xyz"]
    return pd.DataFrame(
        columns=["name", *sides, "weight", "residual_mm", "left_out_mm", "note"]
    ).astype({"residual_mm": float, "left_out_mm": float})


def by_landmarks(
    moving: Object,
    fixed: Object,
    pairs: Landmarks,
    model: Model,
    *,
    mirror: bool,
    plane: str,
    plane_mm: float | None,
    stiffness: float,
) -> Registration:
    """Fit a model to pairs of landmarks; settings as of `register`.

    Raises
    ------
    InputError
        If the landmarks cannot carry the model.
    """
    flat = flat_side(fixed), flat_side(moving)
    turned = flat == (False, True)  # fitted from the slide into the scan, then taken back
    source, target = (pairs.moving, pairs.fixed) if turned else (pairs.fixed, pairs.moving)
    frames = (frame_of(fixed), frame_of(moving))
    error_frame = frames[0] if turned else frames[1]
    cut = _cut(plane, plane_mm, target, flat)
    inside = target if cut is None else Transform.of(np.linalg.inv(cut)).points(target) * [1, 1, 0]
    layout = "plane" if cut is not None else layout_of(any(flat), all(flat))
    fit = Fit(source, inside, pairs.weights, layout, mirror, stiffness)
    if layout == "plane in space" and mirror:
        raise InputError(
            "Landmarks alone cannot tell a slide in space from its mirror image seen from behind. "
            "Name the plane that it was cut along, then mirror it."
        )
    step = fit_model(model, fit, pairs.names)
    errors = errors_of(model, fit, step)
    warnings: list[str] = []
    if cut is not None:
        depth = Transform.of(np.linalg.inv(cut)).points(target)[:, 2]
        errors = Errors(*(np.hypot(one, depth) for one in (errors.residual, errors.left_out)))
        step = in_plane(step, cut)
    transform = Transform.of(step)
    transform = transform.inverse() if turned else transform
    table = _table(pairs, errors, warnings)
    found = Registration(transform, table, model.title, error_frame)
    warnings += _facing(step, layout) + _doubts(found, model, pairs)
    warnings += scale_doubts(model, fit, step, turned=turned)
    error = found.left_out_rms_mm
    transform = replace(
        transform,
        from_frame=frames[0],
        to_frame=frames[1],
        error_mm=error if np.isfinite(error) else found.rms_mm,
    )
    return replace(found, transform=transform, warnings=tuple(warnings))


def _cut(
    plane: str, plane_mm: float | None, target: Reals, flat: tuple[bool, bool]
) -> Reals | None:
    """Plane of the scan that the slide was cut along, (4, 4) into LPS mm."""
    if plane == "free":
        if plane_mm is not None:
            raise InputError("plane_mm says where a plane lies. Choose the plane too.")
        return None
    if flat[0] == flat[1]:
        raise InputError("A plane is that of a slide in a scan. Leave it free for two alike.")
    at = float(target[:, _ACROSS[plane]].mean()) if plane_mm is None else float(plane_mm)
    return plane_matrix(plane, at)


def _table(pairs: Landmarks, errors: Errors, warnings: list[str]) -> pd.DataFrame:
    table = pairs.table().drop(columns=["unit", "fixed_frame", "moving_frame"])
    lost = ~np.isfinite(errors.left_out)
    note = "the others lie on a line or in a plane without it"
    table = table.assign(
        residual_mm=errors.residual,
        left_out_mm=errors.left_out,
        note=np.where(lost, note, ""),
    )
    if lost.any():
        named = ", ".join(table.loc[lost, "name"])
        warnings.append(
            f"The error without {named} is not known: {note.replace('it', 'that one')}. Place one "
            "more landmark elsewhere."
        )
    return table


def _facing(step: Step, layout: str) -> list[str]:
    """That a free plane hides whether the slide was turned over, and how to find out."""
    if layout != "plane in space":
        return []
    ends = Transform((step,)).points([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    axis = int(np.argmax(np.abs(np.cross(ends[1] - ends[0], ends[2] - ends[0]))))
    name = {2: "axial", 1: "coronal", 0: "sagittal"}[axis]
    return [
        "With a free plane a slide that was turned over fits as well as one that was not, so this "
        f"is not checked. To check it, set plane to {name}, which is the nearest: landmarks that "
        "are mirrored there are refused."
    ]


def _doubts(found: Registration, model: Model, pairs: Landmarks) -> list[str]:
    """What the errors say about the landmarks."""
    said = []
    errors = found.landmarks["left_out_mm"].to_numpy(float)
    known = errors[np.isfinite(errors)]
    if len(known) >= _FEWEST:
        rest = float(np.median(np.delete(known, int(np.argmax(known)))))
        if known.max() > _OUTLIER * rest and known.max() > 1e-6:
            said.append(
                f"Landmark {found.worst} is {known.max():.2f} mm off where the others put it, they "
                f"are {rest:.2f} mm (median). Check the pair."
            )
    if model.name == "thin-plate" and np.ptp(pairs.weights) > 0:
        said.append("Weights do not count for a thin-plate spline.")
    return said
