"""How blurred a scan is, estimated from edges or noise, and brought to that of the blurriest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.imaging.edge_spread import edge_sigma
from napari_radiogenomics.imaging.foreground import foreground, require_one_scan
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

__all__ = ["FWHM", "PointSpread", "blurriest", "estimate_blur", "match_blur"]

FWHM = 2.3548200450309493  # of a Gaussian, in standard deviations
_FEW = 50  # pairs of voxels, or crossings of an edge
_LAGS = 8
_CLEAREST = float(np.exp(-0.5))
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class PointSpread:
    """How blurred a scan is.

    Attributes
    ----------
    fwhm_mm : tuple of float
        Full width at half maximum along i, j and k; NaN where it cannot be told.
    method : {"edges", "noise"}
        What it was estimated from.
    used : tuple of int
        Edge crossings, or pairs of voxels, along each axis.
    notes : tuple of str
        How far to trust it.
    """

    fwhm_mm: Triple
    method: str
    used: tuple[int, int, int]
    notes: tuple[str, ...] = ()


def estimate_blur(
    image: Image,
    segmentation: Segmentation,
    *,
    method: Literal["edges", "noise"] = "edges",
    label: int | None = None,
) -> PointSpread:
    """Estimate the point spread of a scan as a Gaussian along each axis.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    segmentation : Segmentation
        A region with a sharp border to one kind of surroundings (edges), or one that is the same
        everywhere but for noise (noise): muscle, liver, a phantom.
    method : {"edges", "noise"}, optional
        From the rise of the values across the border; or from how alike the noise of neighbors
        is.
    label : int, optional
        Label of the region; all of them together without it.

    Returns
    -------
    PointSpread
        Full widths at half maximum in mm.

    Raises
    ------
    GeometryError
        If the grids differ.
    InputError
        If the method is not known, or nothing can be told along any axis.

    Notes
    -----
    Neither is a measurement of the scanner. A tumor's border is not a step, so that edges tell
    the blur at the most; compare scans of the same kind only. Noise tells the blur of the
    reconstruction (filter, smoothing), not that of the detector, and texture is taken for blur.
    Voxels at the distance d with the autocorrelation ρ come from a Gaussian with
    σ² = -d² / (4 ln ρ).

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> from scipy.ndimage import gaussian_filter
    >>> noise = gaussian_filter(np.random.default_rng(0).normal(size=(40, 40, 40)), 1.0)
    >>> grid = Geometry((40, 40, 40))
    >>> region = Segmentation(np.ones(grid.shape, np.uint8), grid)
    >>> blur = estimate_blur(Image(noise, grid), region, method="noise")
    >>> [round(width / FWHM, 1) for width in blur.fwhm_mm]
    [1.0, 1.0, 1.0]
    """
    require_one_scan(image)
    if method not in ("edges", "noise"):
        raise InputError(f'method is "edges" or "noise"; got "{method}".')
    inside = foreground(image, segmentation, label)
    spacing = image.geometry.spacing[::-1]  # along z, y, x
    values = image.array.astype(np.float64)
    along = edge_sigma if method == "edges" else noise_sigma
    found = [along(values, inside, spacing, axis) for axis in (2, 1, 0)]
    widths = [FWHM * sigma if used >= _FEW else float("nan") for sigma, used in found]
    if not np.isfinite(widths).any():
        what = "crossings of the border" if method == "edges" else "pairs of voxels"
        raise InputError(
            f"There are too few {what} to tell the blur: {', '.join(str(n) for _, n in found)} "
            f"along i, j, k; {_FEW} are needed. Use a larger region."
        )
    notes = [f"Too little to tell the blur along {n}." for n, w in zip("ijk", widths, strict=True)
             if not np.isfinite(w)]  # fmt: skip
    notes.append(
        "The border of the region is taken for a step: this is the blur at the most."
        if method == "edges"
        else "This is the blur of the noise; texture of the region makes it larger."
    )
    counts = tuple(used for _, used in found)
    return PointSpread(tuple(widths), method, counts, tuple(notes))  # type: ignore[arg-type]


def noise_sigma(
    values: NDArray[np.float64],
    inside: NDArray[np.bool_],
    spacing: Sequence[float],
    axis: int,
) -> tuple[float, int]:
    """Standard deviation (mm) of the Gaussian that makes the noise of neighbors alike.

    Parameters
    ----------
    values : ndarray, shape (Z, Y, X)
        Scan.
    inside : ndarray of bool
        Homogeneous region.
    spacing : sequence of float
        mm along z, y, x.
    axis : int
        Array axis.

    Returns
    -------
    sigma : float
        0 where neighbors are not alike.
    used : int
        Pairs of neighbors.
    """
    rest = np.moveaxis(_detrended(values, inside), axis, 0)
    power = np.nanmean(rest**2)
    rho, lag, used = 0.0, 1, 0
    for further in range(1, min(_LAGS, len(rest) - 1) + 1):
        products = rest[:-further] * rest[further:]
        pairs = int(np.isfinite(products).sum())
        used = max(used, pairs)
        if pairs < _FEW or power == 0:
            break
        found = float(np.nanmean(products) / power)
        # An alikeness of about e^-1/2 tells the width best; one within its error tells nothing.
        if further == 1 or abs(found - _CLEAREST) < abs(rho - _CLEAREST):
            rho, lag = (found if found > 3 / np.sqrt(pairs) else 0.0), further
        if found < _CLEAREST:
            break
    if rho <= 0:
        return (0.0 if used >= _FEW else float("nan")), used
    return float(lag * spacing[axis] / (2 * np.sqrt(-np.log(min(rho, 1 - 1e-9))))), used


def _detrended(values: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What a quadratic trend leaves of a region; NaN outside."""
    where = np.argwhere(inside).astype(np.float64)
    where -= where.mean(axis=0)
    where /= max(np.abs(where).max(), 1)
    z, y, x = where.T
    design = np.stack([np.ones_like(z), z, y, x, z * z, y * y, x * x, z * y, z * x, y * x], axis=1)
    own = values[inside]
    rest = np.full(values.shape, np.nan)
    rest[inside] = own - design @ np.linalg.lstsq(design, own, rcond=None)[0]
    return rest


def blurriest(spreads: Iterable[PointSpread | Sequence[float]]) -> Triple:
    """Widths to which scans of several sites can all be brought: the largest along each axis.

    Parameters
    ----------
    spreads : iterable of PointSpread, or of three widths in mm
        One a site, along the same axes of the patient.

    Returns
    -------
    tuple of float
        Full widths at half maximum, mm.

    Examples
    --------
    >>> blurriest([(1.7, 1.7, 1.7), (1.4, 1.4, 2.6)])
    (1.7, 1.7, 2.6)
    """
    rows = [one.fwhm_mm if isinstance(one, PointSpread) else tuple(one) for one in spreads]
    if not rows or not np.isfinite(rows).any(axis=0).all():
        raise InputError("Along some axis no site has a known blur. Estimate it first.")
    i, j, k = np.nanmax(rows, axis=0)
    return float(i), float(j), float(k)


@verb
def match_blur(
    image: Image,
    *,
    fwhm_mm: Annotated[Sequence[float], Setting(minimum=0, title="Blur of the scan")],
    target_fwhm_mm: Annotated[Sequence[float], Setting(minimum=0, title="Blur wanted")],
) -> Image:
    """Blur a scan until it is as blurred as the blurriest of a study.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    fwhm_mm : sequence of float
        How blurred it is: full widths at half maximum along i, j, k, as `estimate_blur` finds.
    target_fwhm_mm : sequence of float
        How blurred it should be, along the same axes, as `blurriest` says.

    Returns
    -------
    Image
        float32. ``notes`` name an axis along which it is too blurred already: nothing is
        sharpened.

    Raises
    ------
    InputError
        If a width is not a positive number, or there are not three of each.

    Notes
    -----
    Variances of Gaussians add, so that what is missing is √(target² - own²). The discrete
    Gaussian (Lindeberg) has exactly that variance, however few voxels it is wide. Blurring lowers
    the noise too: texture of the finest kind is lost for all, which is the price.

    References
    ----------
    Lindeberg, IEEE Trans Pattern Anal Mach Intell 1990, doi:10.1109/34.49051.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> point = np.zeros((1, 1, 41)); point[0, 0, 20] = 1
    >>> scan = Image(point, Geometry((41, 1, 1)))
    >>> wide = match_blur(scan, fwhm_mm=(3, 1, 1), target_fwhm_mm=(5, 1, 1)).array[0, 0]
    >>> x = np.arange(41) - 20
    >>> round(float(np.sqrt((wide * x**2).sum()) * FWHM), 3)  # √(5² - 3²)
    4.0
    """
    require_one_scan(image)
    own, target = _widths(fwhm_mm, "fwhm_mm"), _widths(target_fwhm_mm, "target_fwhm_mm")
    array = image.array.astype(np.float64)
    notes = []
    for at, (name, spacing) in enumerate(zip("ijk", image.geometry.spacing, strict=True)):
        if own[at] > target[at]:
            notes.append(
                f"Along {name} the scan has {own[at]:.1f} mm already, more than {target[at]:.1f} "
                "mm, and is left as it is."
            )
            continue
        variance = (target[at] ** 2 - own[at] ** 2) / (FWHM * spacing) ** 2
        array = _blurred(array, variance, axis=2 - at)
    return replace(image, array=array.astype(np.float32), notes=(*image.notes, *notes))


def _widths(widths: Sequence[float], name: str) -> Triple:
    found = tuple(map(float, widths))
    if len(found) != 3 or not all(np.isfinite(w) and w >= 0 for w in found):
        raise InputError(f"{name} is three widths in mm, along i, j, k; got {tuple(widths)}.")
    return found


def _blurred(array: NDArray[np.float64], variance: float, axis: int) -> NDArray[np.float64]:
    """Convolve with the discrete Gaussian of a variance in voxels."""
    from scipy.ndimage import correlate1d
    from scipy.special import ive

    if variance <= 0:
        return array
    reach = int(np.ceil(6 * np.sqrt(variance))) + 2
    weights = ive(np.abs(np.arange(-reach, reach + 1)), variance)
    blurred: NDArray[np.float64] = correlate1d(
        array, weights / weights.sum(), axis=axis, mode="nearest"
    )
    return blurred
