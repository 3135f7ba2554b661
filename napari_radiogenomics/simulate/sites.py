"""The sites of a simulated study: their scanners, protocols and habits.

A site is what harmonization must undo: spacing, orientation, point-spread function, noise,
gain. How often EGFR is mutated differs by site as well, and that alone makes noise look like
a signature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry

__all__ = ["SITES", "Site", "grid_of", "sites_of"]

_AXES = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}


@dataclass(frozen=True)
class Site:
    """One hospital: scanner, protocol, and who comes to it.

    Attributes
    ----------
    name : str
        Letter of the site.
    cohort : {"discovery", "validation"}
        Study it belongs to.
    modality : {"CT", "MR"}
        What it scans with.
    share : float
        Part of the cohort's patients of this modality.
    scanner : str
        Invented model name.
    protocol : str
        Reconstruction kernel (CT) or sequence family (MR).
    strength : float
        Tube voltage in kV (CT) or field strength in T (MR).
    spacing : tuple of float
        Voxel spacing along i, j, k in mm; k is the slice axis.
    orientation : str
        Where i, j and k run to.
    tilt : float
        Rotation of the grid about the left-right axis in degrees.
    psf : tuple of float
        Full width at half maximum of the point-spread function along i, j, k in mm.
    noise : float
        Standard deviation of the noise in tumour: HU (CT), or percent of white matter's T1
        signal (MR).
    gain : float
        Stored value per unit of the phantom.
    offset : float
        Added to the stored value: calibration error in HU (CT); 0 for MR.
    points : {"LPS", "RAS"}
        Convention of the biopsy coordinates that it exports.
    egfr : float
        Part of its patients with an EGFR alteration.
    """

    name: str
    cohort: str
    modality: str
    share: float
    scanner: str
    protocol: str
    strength: float
    spacing: tuple[float, float, float]
    orientation: str
    tilt: float
    psf: tuple[float, float, float]
    noise: float
    gain: float
    offset: float
    points: str
    egfr: float

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Direction of the index axes as a (3, 3) matrix in LPS."""
        matrix = np.zeros((3, 3))
        for column, letter in enumerate(self.orientation):
            axis, sign = _AXES[letter]
            matrix[axis, column] = sign
        angle = np.deg2rad(self.tilt)
        cosine, sine = np.cos(angle), np.sin(angle)
        return np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]]) @ matrix


SITES: tuple[Site, ...] = (
    Site("A", "discovery", "CT", 0.36, "Corvus 64", "soft", 120, (1.6, 1.6, 1.6), "LPS", 0,
         (1.7, 1.7, 1.7), 8.5, 1.0, 0.0, "LPS", 0.15),
    Site("B", "discovery", "CT", 0.32, "Lynx One", "standard", 120, (1.7, 1.7, 2.5), "RAS", 0,
         (1.8, 1.8, 2.6), 11.0, 1.0, 6.0, "RAS", 0.42),
    Site("C", "discovery", "CT", 0.32, "Corvus 16", "sharp", 100, (1.5, 1.5, 2.0), "LAS", 0,
         (1.4, 1.4, 2.0), 14.5, 1.0, -5.0, "LPS", 0.80),
    Site("D", "discovery", "MR", 0.5, "Meridian 3T", "3D gradient echo", 3.0, (2.0, 2.0, 2.8),
         "PSR", 0, (2.0, 2.0, 2.6), 2.2, 0.9, 0.0, "LPS", 0.3),
    Site("E", "discovery", "MR", 0.5, "Boreal 1.5T", "spin echo", 1.5, (2.0, 2.0, 3.2), "RAS", 9,
         (2.1, 2.1, 3.1), 3.0, 0.7, 0.0, "RAS", 0.6),
    Site("F", "validation", "CT", 0.5, "Lynx Two", "standard", 120, (1.6, 1.6, 2.0), "LPS", 0,
         (1.6, 1.6, 2.1), 11.0, 1.0, 3.0, "LPS", 0.45),
    Site("G", "validation", "CT", 0.5, "Tern 128", "sharp", 110, (1.6, 1.6, 1.8), "RAI", 0,
         (1.5, 1.5, 1.7), 14.0, 1.0, -3.0, "RAS", 0.45),
    Site("H", "validation", "MR", 1.0, "Meridian 3T", "3D gradient echo", 3.0, (2.0, 2.0, 3.0),
         "LSP", 0, (2.0, 2.0, 2.7), 2.6, 0.8, 0.0, "LPS", 0.45),
)  # fmt: skip


def sites_of(cohort: str, modality: str) -> list[Site]:
    """Sites of one cohort that scan with one modality."""
    return [site for site in SITES if (site.cohort, site.modality) == (cohort, modality)]


def grid_of(site: Site, extent: NDArray[np.float64], center: NDArray[np.float64]) -> Geometry:
    """Grid that a site's protocol puts on a field of view.

    Parameters
    ----------
    site : Site
        Scanner and protocol.
    extent : ndarray, shape (3,)
        Field of view along x, y, z in mm.
    center : ndarray, shape (3,)
        Its centre, LPS mm.
    """
    along = [extent[_AXES[letter][0]] for letter in site.orientation]
    size = np.round(np.asarray(along) / site.spacing).astype(int)
    half = (size - 1) / 2 * np.asarray(site.spacing)
    origin = center - site.matrix @ half
    return Geometry(tuple(size), site.spacing, tuple(origin), tuple(site.matrix.ravel()))
