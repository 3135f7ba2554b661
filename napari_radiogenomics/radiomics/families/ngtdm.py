"""Neighboring gray tone difference matrix: how much voxels differ from their surroundings.

s(i) adds |i − mean of the neighbors' levels| over the voxels of gray level i, p(i) is the share
of these voxels, N the number of all voxels and Ng that of the levels present. A voxel without
neighbors counts with a difference of 0, so every voxel has a value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.family import Family, Feature, Neighborhoods, Region

__all__ = ["FAMILY"]

_DOI = "10.1109/21.44046"

_FEATURES = (
    Feature(
        "Coarseness", "Coarseness",
        "How little voxels differ from their surroundings: high in coarse, even texture.",
        "1 / sum of p(i)·s(i)",
        "QCDE", "", "No voxel differs from its neighbors: 1,000,000.", doi=_DOI,
    ),
    Feature(
        "Contrast", "Contrast",
        "How far gray levels spread, and how much voxels differ from their surroundings.",
        "sum of p(i)·p(j)·(i − j)² / (Ng·(Ng − 1)) · sum of s(i) / N",
        "65HE", "", "One gray level: 0.", doi=_DOI,
    ),
    Feature(
        "Busyness", "Busyness",
        "How quickly gray levels change from voxel to voxel.",
        "sum of p(i)·s(i) / sum of |i·p(i) − j·p(j)|",
        "NQ30",
        "",
        "Nothing to divide by: 0. Where i·p(i) = j·p(j) for all levels it is rounding noise.",
        doi=_DOI,
    ),
    Feature(
        "Complexity", "Complexity",
        "How much there is to see: many gray levels, and quick changes between them.",
        "sum of |i − j|·(p(i)·s(i) + p(j)·s(j)) / (p(i) + p(j)) / N", "HDEZ", doi=_DOI,
    ),
    Feature(
        "Strength", "Strength",
        "How clearly patches stand out: slow changes between gray levels that lie far apart.",
        "sum of (p(i) + p(j))·(i − j)² / sum of s(i)",
        "1X9X", "", "No voxel differs from its neighbors: 0.", doi=_DOI,
    ),
)  # fmt: skip

_ROW_OF = {feature.name: row for row, feature in enumerate(_FEATURES)}


def _measure(
    neighborhoods: Neighborhoods, centers: NDArray[np.intp], names: tuple[str, ...]
) -> NDArray[np.float64]:
    from napari_radiogenomics.radiomics.kernels.ngtdm import tone_rows

    near = neighborhoods.pairs()
    out = np.empty((len(_FEATURES), centers.size))
    tone_rows(
        neighborhoods.native_levels,
        centers,
        neighborhoods.offsets,
        near.first,
        near.second,
        neighborhoods.n_native_levels,
        out,
    )
    return out[[_ROW_OF[name] for name in names]]


def _measure_region(region: Region, names: tuple[str, ...]) -> NDArray[np.float64]:
    from napari_radiogenomics.radiomics.kernels.ngtdm import tone_measures
    from napari_radiogenomics.radiomics.kernels.region import tone_sums

    steps, levels = region.steps, region.level_values
    # The IBSI leaves out voxels without neighbors.
    count, tone, n = tone_sums(region.nodes, steps, levels, region.standard == "pyradiomics")
    if n == 0:
        return np.full(len(names), np.nan)
    present = np.flatnonzero(count)
    out = np.empty((len(_FEATURES), 1))
    tone_measures(present, len(present), count, tone, n, out, 0)
    return out[[_ROW_OF[name] for name in names], 0]


FAMILY = Family(
    name="ngtdm",
    title="Gray tone differences (NGTDM)",
    features=_FEATURES,
    measure=_measure,
    measure_region=_measure_region,
    needs_matrix=True,
    by_distance=True,
    cost=1.5,
)
