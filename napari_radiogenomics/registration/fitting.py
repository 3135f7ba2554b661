"""A model fitted to landmarks, refused where they cannot carry it, and its error at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.thin_plate import ThinPlate
from napari_radiogenomics.data.transform import Step, Transform
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registration.model import Fit, Layout, Model
from napari_radiogenomics.registration.procrustes import procrustes

__all__ = ["Errors", "errors_of", "fit_model", "require_landmarks", "scale_doubts"]

Reals = NDArray[np.float64]

# Landmarks lie on a line, or in a plane, when they spread across it by less than this part of
# their length.
_FLAT = 0.01
# A mirror image fits at least so much better, and the plain fit is off by this part of how far
# the landmarks lie from a line (or a plane): noise does neither.
_MIRROR_SHARE, _MIRROR_OFF = 0.5, 0.25
# A scale is told to a rigid fit where the RMS with it is so much smaller, and the sides differ by
# more than this part: noise on four landmarks or more does not do both. Tissue shrinks on a slide
# by a third at the most; a larger scale is a pixel size that is wrong.
_SCALE_SHARE, _SCALE_OFF, _SHRINKS = 0.5, 0.05, 1.5
_WHERE = {
    "plane": "between two planes",
    "space": "in space",
    "plane in space": "of a plane in space",
}


@dataclass(frozen=True, eq=False)
class Errors:
    """How far a fit is off.

    Attributes
    ----------
    residual, left_out : ndarray, shape (N,)
        mm; NaN of ``left_out`` where the others cannot carry the model.
    """

    residual: Reals
    left_out: Reals


def fit_model(model: Model, fit: Fit, names: Sequence[str]) -> Step:
    """Fit a model once it is known that the landmarks can carry it.

    Raises
    ------
    InputError
        If there are too few, they lie on a line or in a plane, or one side is mirrored and that
        was not asked for.
    """
    require_landmarks(model, fit, names)
    _require_hand(fit)
    return model.fit(fit)


def require_landmarks(model: Model, fit: Fit, names: Sequence[str]) -> None:
    """Refuse landmarks that do not fix the model, or leave none to tell its error by."""
    least, count = model.least[fit.layout], len(names)
    if count < least + 1:
        raise InputError(
            f"{model.title} {_WHERE[fit.layout]} needs {least + 1} landmarks: {least} fix it, and "
            f"each is left out in turn to tell the error. There "
            f"{'is' if count == 1 else 'are'} {count}. Place {least + 1 - count} more."
        )
    why = _lies_flat(fit, model)
    if why:
        raise InputError(f"{why} Place one well away from it.")


def _lies_flat(fit: Fit, model: Model) -> str:
    """Why the landmarks leave the model open; empty where they do not."""
    needs_space = fit.layout == "space" and model.least["space"] > 3
    for points, where in ((fit.source, "one side"), (fit.target, "the other side")):
        sizes = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
        if sizes[1] < _FLAT * sizes[0]:
            return f"The landmarks lie on a line on {where}: how it turns about it stays open."
        if needs_space and sizes[2] < _FLAT * sizes[0]:
            return (
                f"The landmarks lie in a plane on {where}: {model.title.lower()} stays open across "
                "it."
            )
    return ""


def _require_hand(fit: Fit) -> None:
    """Refuse a mirror image that was not asked for, and one that was and is none."""
    if fit.layout == "plane in space":
        return
    plain, mirrored = (
        _rms(procrustes(replace(fit, mirror=mirror), scaled=True), fit) for mirror in (False, True)
    )
    wide = 2 if fit.layout == "plane" else 3
    spread = np.linalg.svd(fit.target - fit.target.mean(axis=0), compute_uv=False)[wide - 1]
    least = _MIRROR_OFF * spread / np.sqrt(len(fit.target))
    asked, other = (mirrored, plain) if fit.mirror else (plain, mirrored)
    if other >= _MIRROR_SHARE * asked or asked <= least:
        return
    if fit.mirror:
        raise InputError(
            f"Nothing is mirrored: the landmarks fit as they are (RMS {other:.2f} mm, mirrored "
            f"{asked:.2f} mm). Set mirror to no."
        )
    raise InputError(
        f"One side is the mirror image of the other: the landmarks fit with an RMS of {asked:.2f} "
        f"mm as they are, and of {other:.2f} mm mirrored. If the section was turned over, set "
        "mirror to yes; between two scans look for RAS taken as LPS."
    )


def scale_doubts(model: Model, fit: Fit, step: Step, *, turned: bool) -> list[str]:
    """Say where one side is larger than the other: rigid fits hide it, tissue hardly explains it.

    Parameters
    ----------
    model : Model
        That was fitted.
    fit, step : Fit and Step
        Landmarks and what was fitted to them.
    turned : bool
        Whether the source is the moving side.
    """
    scaled = procrustes(fit, scaled=True)
    larger = float(np.linalg.norm(scaled[:3, 0]))
    larger = 1 / larger if turned else larger
    rms, other = _rms(step, fit), _rms(scaled, fit)
    wrong = not 1 / _SHRINKS <= larger <= _SHRINKS
    said = f"lengths of the moving side are {larger:.3g} times those of the fixed"
    check = "Check the pixel size or voxel size of both, and the unit of the landmarks"
    if model.name == "rigid" and abs(larger - 1) > _SCALE_OFF and other < _SCALE_SHARE * rms:
        return [
            f"A similarity fits with a scale: {said}, and the RMS falls from {rms:.2f} to "
            f"{other:.2f} mm. {check}{'.' if wrong else '; choose similarity if tissue shrank.'}"
        ]
    if model.name != "rigid" and wrong:
        return [f"In this fit {said}, more than tissue shrinks. {check}."]
    return []


def _rms(step: Step, fit: Fit) -> float:
    return float(np.sqrt((_off(step, fit.source, fit.target) ** 2).mean()))


def _off(step: Step, source: Reals, target: Reals) -> Reals:
    return np.asarray(np.linalg.norm(Transform((step,)).points(source) - target, axis=1))


def errors_of(model: Model, fit: Fit, step: Step) -> Errors:
    """Residuals of a fit, and the error at each landmark of the fit without it."""
    left_out = np.full(len(fit.source), np.nan)
    for at in range(len(fit.source)):
        kept = np.arange(len(fit.source)) != at
        rest = replace(
            fit, source=fit.source[kept], target=fit.target[kept], weights=fit.weights[kept]
        )
        if not _lies_flat(rest, model):
            own = model.fit(rest)
            left_out[at] = _off(own, fit.source[[at]], fit.target[[at]])[0]
    return Errors(_off(step, fit.source, fit.target), left_out)


def layout_of(flat_source: bool, flat_target: bool) -> Layout:
    """Where landmarks lie, from which of the two sides are flat.

    Examples
    --------
    >>> layout_of(True, False)
    'plane in space'
    """
    if flat_source and flat_target:
        return "plane"
    return "plane in space" if flat_source else "space"


def in_plane(step: Step, plane: Reals) -> Step:
    """A step into a plane followed by the plane's own place in space.

    A thin-plate spline stays one step, with its target moved there.
    """
    if isinstance(step, ThinPlate):
        target = step.target @ plane[:3, :3].T + plane[:3, 3]
        return replace(step, target=target)
    return plane @ step
