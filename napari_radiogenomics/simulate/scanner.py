"""The scanner as physics: point-spread function, sampling on a tilted grid, noise, gain.

CT noise is Poisson-Gaussian: photons are counted in proportion to the signal above air, and
the electronics add a little. MR magnitudes are Rician (Gudbjartsson and Patz 1995,
https://doi.org/10.1002/mrm.1910340618).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.simulate.randomness import smooth_field
from napari_radiogenomics.simulate.sites import Site

__all__ = ["HU_STEP", "coil", "ct", "mr", "photons_per_hu", "resample_field", "sharpness"]

Float = NDArray[np.float32]

FWHM = 2.354820045
HU_STEP = 5  # stored values are multiples of it, which keeps the files small
# Signal above air at which a site's noise is stated: tumour.
_REFERENCE = 1060.0
READ_NOISE_HU = 3.0


def photons_per_hu(noise: float) -> float:
    """Photons counted per Hounsfield unit for a noise (HU) in tumour.

    Examples
    --------
    >>> round(photons_per_hu(10.0), 2)
    11.65
    """
    return _REFERENCE / (noise**2 - READ_NOISE_HU**2)


def sharpness(site: Site, spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    """Standard deviations of the point-spread function along z, y, x in lattice voxels."""
    along = np.abs(site.matrix) @ np.asarray(site.psf) / FWHM
    return (along / np.asarray(spacing))[::-1]


def resample_field(
    field: Float, lattice: Geometry, grid: Geometry, to_phantom: NDArray[np.float64]
) -> Float:
    """Interpolate a field of the phantom at the voxels of a scan.

    Parameters
    ----------
    field : ndarray, shape (Z, Y, X)
        Values on the lattice.
    lattice, grid : Geometry
        Grids of the phantom and of the scan.
    to_phantom : ndarray, shape (4, 4)
        From the scan's frame to the phantom, LPS mm.
    """
    from scipy import ndimage

    chain = np.linalg.inv(lattice.affine) @ to_phantom @ grid.affine
    matrix, shift = chain[:3, :3][::-1, ::-1], chain[:3, 3][::-1]
    return ndimage.affine_transform(
        field, matrix, shift, output_shape=grid.shape, order=1, mode="nearest"
    )


def _blurred(field: Float, site: Site, lattice: Geometry) -> Float:
    from scipy import ndimage

    sigma = sharpness(site, lattice.spacing)
    return ndimage.gaussian_filter(field, sigma, mode="nearest", truncate=3.0)


def ct(
    hu: Float,
    lattice: Geometry,
    grid: Geometry,
    to_phantom: NDArray[np.float64],
    site: Site,
    *,
    noise: float,
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    """Scan a phantom of Hounsfield units; values in steps of `HU_STEP`.

    Parameters
    ----------
    hu : ndarray, shape (Z, Y, X)
        The phantom.
    lattice, grid, to_phantom
        As for `resample_field`.
    site : Site
        Scanner.
    noise : float
        Standard deviation in tumour, HU.
    rng : numpy.random.Generator
        Stream of the noise.
    """
    signal = resample_field(_blurred(hu, site, lattice), lattice, grid, to_phantom)
    photons = photons_per_hu(noise)
    counted = rng.poisson(np.maximum(signal + 1000.0, 0) * photons) / photons - 1000.0
    counted = counted + rng.normal(0, READ_NOISE_HU, grid.shape)
    values = np.clip(counted * site.gain + site.offset, -1024, 3071)
    return (np.round(values / HU_STEP) * HU_STEP).astype(np.int16)


def mr(
    signal: Float,
    lattice: Geometry,
    grid: Geometry,
    to_phantom: NDArray[np.float64],
    site: Site,
    *,
    noise: float,
    bias: Float,
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    """Scan one MR channel; magnitudes of a complex signal.

    Parameters
    ----------
    signal : ndarray, shape (Z, Y, X)
        Percent of white matter's T1 signal.
    noise : float
        Standard deviation of the real and of the imaginary part, in the same percent.
    bias : ndarray, shape (Z, Y, X)
        Sensitivity of the coil on the lattice, about 1.
    lattice, grid, to_phantom, site, rng
        As for `ct`.
    """
    seen = resample_field(_blurred(signal * bias, site, lattice), lattice, grid, to_phantom)
    head = seen > 4 * noise  # air outside the head is set to zero, as exported scans often are
    real = seen + rng.normal(0, noise, grid.shape)
    imaginary = rng.normal(0, noise, grid.shape)
    return np.round(np.hypot(real, imaginary) * site.gain * head).astype(np.int16)


def coil(rng: np.random.Generator, lattice: Geometry) -> Float:
    """Smooth sensitivity of a receive coil, 1 on average."""
    return 1 + 0.07 * smooth_field(rng, lattice, 45.0)
