"""The same tumour seen a little otherwise: other contours, other noise, another angle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.boxes import box_around, depths
from napari_radiogenomics.radiomics.checks import region_of
from napari_radiogenomics.registry import did_you_mean

__all__ = ["KINDS", "Perturbation", "estimate_noise", "perturbed", "require_perturbations"]

Perturbation = Literal["contour", "grow", "shrink", "noise", "rotation"]
KINDS: tuple[Perturbation, ...] = get_args(Perturbation)
Mask = NDArray[np.bool_]

# Around the region, so far supervoxels are looked for.
_AROUND_MM = 10.0
# A supervoxel of the rim is about so wide.
_SUPERVOXEL_MM = 4.0
# Supervoxels that lie inside by more are always in, by less never (Zwanenburg 2019).
_SURELY_IN, _SURELY_OUT = 0.9, 0.2
_MAD_TO_SD = 0.6744897501960817


def estimate_noise(image: Image) -> float:
    """Standard deviation of the noise of a scan, from differences that cancel structure.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan.

    Returns
    -------
    float
        In the unit of the scan: the median absolute mixed difference within slices, which is 0
        for slopes, scaled to that of white noise.

    References
    ----------
    Donoho 1994, https://doi.org/10.1093/biomet/81.3.425.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> rng = np.random.default_rng(0)
    >>> noisy = Image(rng.normal(0, 5, (4, 64, 64)), Geometry((64, 64, 4)))
    >>> bool(abs(estimate_noise(noisy) - 5) < 0.3)
    True
    """
    a = image.array.astype(np.float64)
    mixed = (a[:, 1:, 1:] - a[:, :-1, 1:] - a[:, 1:, :-1] + a[:, :-1, :-1]) / 2
    mixed = mixed[np.isfinite(mixed)]
    # Air that a reconstruction sets to one value has no noise to be measured.
    mixed = mixed[mixed != 0]
    return float(np.median(np.abs(mixed)) / _MAD_TO_SD) if mixed.size else 0.0


def perturbed(
    image: Image,
    segmentation: Segmentation,
    label: int | None = None,
    *,
    kinds: Sequence[Perturbation] = KINDS,
    repeats: int = 3,
    margin_mm: float = 1.0,
    noise: float = 1.0,
    degrees: float = 5.0,
    seed: int = 0,
) -> Iterator[tuple[str, Image, Segmentation]]:
    """Make perturbed copies of a scan and a region.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    segmentation : Segmentation
        Region, on its grid.
    label : int, optional
        Label; 1 where there is one, else the only one.
    kinds : sequence of str, optional
        Which of ``"contour"`` (supervoxels at the rim are in or out by chance), ``"grow"``,
        ``"shrink"``, ``"noise"`` and ``"rotation"``.
    repeats : int, optional
        Copies of each kind that is random (contour, noise); rotation is done both ways.
    margin_mm : float, optional
        How far the region grows or shrinks.
    noise : float, optional
        Added noise, in standard deviations of the noise that the scan has.
    degrees : float, optional
        Angle around the axis of the slices.
    seed : int, optional
        The same seed gives the same copies.

    Yields
    ------
    name, image, segmentation : str, Image, Segmentation
        The unperturbed pair first, called ``"original"``. Regions have label 1.

    Raises
    ------
    InputError
        If a kind is unknown, a setting makes no sense, or shrinking leaves nothing.
    """
    require_perturbations(kinds, repeats, margin_mm, noise, degrees)
    mask = region_of(image, segmentation, label)
    rng = np.random.default_rng(seed)
    yield "original", image, _region(segmentation, mask)
    if "contour" in kinds:
        pieces = _supervoxels(image, mask)
        for n in range(1, repeats + 1):
            yield f"contour {n}", image, _region(segmentation, _chosen(pieces, mask, rng))
    for kind, sign in (("grow", 1.0), ("shrink", -1.0)):
        if kind in kinds:
            _require_margin(mask, image.geometry.spacing, kind, margin_mm)
            moved = _moved(mask, image.geometry.spacing, sign * margin_mm)
            _require_moved(moved, mask, kind, margin_mm)
            yield kind, image, _region(segmentation, moved)
    if "noise" in kinds:
        size = noise * estimate_noise(image)
        for n in range(1, repeats + 1):
            noisy = image.array.astype(np.float64) + rng.normal(0, size, image.array.shape)
            yield f"noise {n}", replace(image, array=noisy), _region(segmentation, mask)
    if "rotation" in kinds:
        for angle in (-degrees, degrees):
            turned, region = _rotated(image, mask, angle)
            yield f"rotation {angle:+g}°", turned, _region(segmentation, region)


def require_perturbations(
    kinds: Sequence[str], repeats: int, margin_mm: float, noise: float, degrees: float
) -> None:
    """Refuse what `perturbed` cannot do, whatever the scan.

    Parameters
    ----------
    kinds, repeats, margin_mm, noise, degrees
        As for `perturbed`.

    Raises
    ------
    InputError
        If a kind is unknown, or a setting makes no sense.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f'No perturbation "{kind}". {did_you_mean(kind, list(KINDS))}')
    if not kinds:
        raise InputError(f"No perturbation is chosen. Known: {', '.join(KINDS)}.")
    if repeats < 1 or margin_mm <= 0 or noise <= 0 or not 0 < abs(degrees) < 90:
        raise InputError(
            f"repeats = {repeats}, margin_mm = {margin_mm:g}, noise = {noise:g}, degrees = "
            f"{degrees:g}: give at least one repeat, and sizes above 0 (an angle below 90)."
        )


def _require_margin(mask: Mask, spacing: Sequence[float], kind: str, margin_mm: float) -> None:
    """Refuse a margin that leaves nothing, or a region that is another one."""
    box = box_around(mask)
    width = max((part.stop - part.start) * mm for part, mm in zip(box, spacing[::-1], strict=True))
    if kind == "grow" and margin_mm > width:
        raise InputError(
            f"To grow by {margin_mm:g} mm is no small change of a region {width:.3g} mm wide. "
            f"Choose a margin_mm of at most {width:.3g} mm; 1 to 2 mm are usual."
        )
    if kind == "shrink" and margin_mm >= (deepest := depths(mask, spacing[::-1]).max()):
        raise InputError(
            f"The region is gone when it is to shrink by {margin_mm:g} mm: its deepest voxel lies "
            f"{deepest:.3g} mm from the outside. Choose a smaller margin_mm, or leave this "
            "perturbation out."
        )


def _require_moved(moved: Mask, mask: Mask, kind: str, margin_mm: float) -> None:
    if (moved == mask).all():  # every feature would look stable
        raise InputError(
            f"The region does not {kind} by {margin_mm:g} mm: that is less than a voxel. Choose "
            "a larger margin, or leave this perturbation out."
        )


def _region(segmentation: Segmentation, mask: Mask) -> Segmentation:
    return replace(segmentation, labels=mask.astype(np.uint8), scheme=(), fractions=None)


def _moved(mask: Mask, spacing: Sequence[float], by_mm: float) -> Mask:
    """Region grown (or shrunk, for a negative distance) by a distance in mm."""
    from scipy.ndimage import distance_transform_edt

    sampling, moved = spacing[::-1], np.zeros_like(mask)
    if by_mm < 0:
        moved[mask] = depths(mask, sampling) > -by_mm
        return moved
    reach = int(np.ceil(abs(by_mm) / min(spacing))) + 1
    box = box_around(mask, reach)
    moved[box] = distance_transform_edt(~mask[box], sampling) <= by_mm
    return moved


def _supervoxels(image: Image, mask: Mask) -> NDArray[np.int64]:
    """Pieces of about the same volume that follow edges, around the region; 0 far away."""
    from skimage.segmentation import slic

    spacing = image.geometry.spacing
    box = box_around(mask, int(np.ceil(_AROUND_MM / min(spacing))))
    values = image.array[box].astype(np.float64)
    low, high = np.percentile(values[mask[box]], (1, 99))
    scaled = np.clip((values - low) / max(high - low, 1e-12), -0.5, 1.5)
    piece_mm3 = _SUPERVOXEL_MM**2 * max(_SUPERVOXEL_MM, spacing[2])
    count = max(8, round(values.size * float(np.prod(spacing)) / piece_mm3))
    pieces = slic(
        scaled,
        n_segments=count,
        compactness=0.1,
        spacing=tuple(spacing[::-1]),
        channel_axis=None,
        start_label=1,
    )
    out = np.zeros(mask.shape, np.int64)
    out[box] = pieces
    return out


def _chosen(pieces: NDArray[np.int64], mask: Mask, rng: np.random.Generator) -> Mask:
    """Pieces that are in: by chance, as much as they overlap the region (Zwanenburg 2019)."""
    total = np.bincount(pieces.ravel())
    share = np.bincount(pieces.ravel(), mask.ravel(), len(total)) / np.maximum(total, 1)
    into = rng.random(len(total)) <= share
    into[share >= _SURELY_IN] = True
    into[share < _SURELY_OUT] = False
    into[0] = False
    chosen = into[pieces]
    return chosen if chosen.any() else mask


def _rotated(image: Image, mask: Mask, degrees: float) -> tuple[Image, Mask]:
    """Scan and region turned around the middle of the region, within slices, on the same grid."""
    from scipy.ndimage import affine_transform

    angle = np.deg2rad(degrees)
    sx, sy = image.geometry.spacing[:2]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    in_mm = np.diag([sy, sx])
    matrix = np.eye(3)
    matrix[1:, 1:] = np.linalg.inv(in_mm) @ turn @ in_mm
    middle = np.argwhere(mask).mean(axis=0)
    offset = middle - matrix @ middle
    values = image.array.astype(np.float64)
    turned = affine_transform(values, matrix, offset, order=1, mode="nearest")
    region = affine_transform(mask.astype(np.float64), matrix, offset, order=1) >= 0.5
    return replace(image, array=turned), np.asarray(region)
