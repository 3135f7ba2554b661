"""One step of a comparison: two maps beside what is given, tested in both ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.effective import Correlogram, Lags, correlation_test
from napari_radiogenomics.correspondence.surrogates import Supervoxels, Variograms
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.statistics.linear import basis_of, unit

__all__ = ["Comparison"]

Reals = NDArray[np.float64]
_LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Comparison:
    """Ready to compare any two maps of a region, beside what is given.

    Attributes
    ----------
    basis : ndarray, shape (n, Q)
        Orthonormal; what is given at each voxel.
    correlogram : Correlogram
        Tells the effective sample size.
    blocks, variograms : Supervoxels and Variograms, or None
        What surrogates are drawn on.
    """

    basis: Reals
    correlogram: Correlogram
    blocks: Supervoxels | None
    variograms: Variograms | None

    @classmethod
    def of(
        cls,
        given: Reals,
        lags: Lags,
        blocks: Supervoxels | None = None,
        *,
        progress: Progress = quiet,
    ) -> Comparison:
        """Prepare the region.

        Parameters
        ----------
        given : ndarray, shape (n, Q)
            The constant among its columns.
        lags : Lags
            Of the mask.
        blocks : Supervoxels, optional
            For surrogates.
        """
        basis = basis_of(given)
        variograms = None if blocks is None else Variograms.of(blocks.centers, blocks.means(given))
        return cls(basis, lags.beside(basis, progress=progress), blocks, variograms)

    def test(
        self,
        a: Reals,
        b: Reals,
        *,
        names: tuple[str, str] = ("map A", "map B"),
        given: str = "a constant",
        surrogates: int = 0,
        seed: int = 0,
    ) -> dict[str, float]:
        """Correlation of two maps, and how likely chance alone makes it.

        Parameters
        ----------
        a, b : ndarray, shape (n,)
        names, given : str
            The maps, and what is given, for messages.
        surrogates, seed : int
            As for `correspond`.

        Raises
        ------
        InputError
            If nothing of a map is left beside what is given.
        """
        both, _ = unit(self.basis, np.stack([a, b], axis=1))
        for name, column in zip(names, both.T, strict=True):
            if not np.isfinite(column).all():
                raise InputError(
                    f'Nothing of "{name}" is left beside {given}. Leave some of it out, or '
                    "choose another map."
                )
        r = float(np.clip(both[:, 0] @ both[:, 1], -1, 1))
        n_effective = self.correlogram.n_effective(both[:, 0], both[:, 1])
        low, high, p_value = correlation_test(r, n_effective, _LEVEL)
        found = {"r": r, "low": low, "high": high, "n_effective": n_effective, "p_value": p_value}
        of_blocks = p_surrogate = np.nan
        if surrogates and self.blocks is not None and self.variograms is not None:
            means = self.blocks.means(np.stack([a, b], axis=1))
            of_blocks, p_surrogate = self.variograms.p_value(
                means[:, 0], means[:, 1], surrogates, seed
            )
        return {**found, "r_supervoxels": of_blocks, "p_surrogate": p_surrogate}
