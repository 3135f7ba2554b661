"""Gray level dependence matrix: how many neighbors of a voxel have its gray level.

P(i, j) counts the voxels of gray level i with j − 1 dependent neighbors: their levels differ by
no more than ``gldm_a``. Nz is the number of voxels, and p = P / Nz. A voxel alone in its kernel
has one dependence, itself, so every voxel has a value. The IBSI calls it NGLDM.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.family import Family, Feature, Neighborhoods, Region

__all__ = ["FAMILY"]

_DOI = "10.1016/0734-189X(83)90032-4"

_FEATURES = (
    Feature(
        "SmallDependenceEmphasis", "Small dependence emphasis",
        "How few neighbors share a voxel's gray level: high in fine texture.",
        "sum of P(i,j)/j² / Nz", "SODN", doi=_DOI,
    ),
    Feature(
        "LargeDependenceEmphasis", "Large dependence emphasis",
        "How many neighbors share a voxel's gray level: high in coarse texture.",
        "sum of P(i,j)·j² / Nz", "IMOQ", doi=_DOI,
    ),
    Feature(
        "GrayLevelNonUniformity", "Gray level non-uniformity",
        "Whether few gray levels hold most voxels. It grows with the number of voxels.",
        "sum over i of (sum over j of P(i,j))² / Nz", "FP8K", doi=_DOI,
    ),
    Feature(
        "DependenceNonUniformity", "Dependence non-uniformity",
        "Whether most voxels have equally many dependent neighbors. It grows with the number "
        "of voxels.",
        "sum over j of (sum over i of P(i,j))² / Nz", "Z87G", doi=_DOI,
    ),
    Feature(
        "DependenceNonUniformityNormalized", "Dependence non-uniformity, normalized",
        "Whether most voxels have equally many dependent neighbors; 1 where all have.",
        "sum over j of (sum over i of P(i,j))² / Nz²", "OKJI", doi=_DOI,
    ),
    Feature(
        "GrayLevelVariance", "Gray level variance",
        "How much the gray levels of the voxels vary.",
        "sum of p(i,j)·(i − μ)²", "1PFV", doi=_DOI,
    ),
    Feature(
        "DependenceVariance", "Dependence variance",
        "How much the numbers of dependent neighbors vary.",
        "sum of p(i,j)·(j − μ)²", "DNX2", doi=_DOI,
    ),
    Feature(
        "DependenceEntropy", "Dependence entropy",
        "How unpredictable gray level and number of dependent neighbors are.",
        "−sum of p(i,j)·log₂ p(i,j)", "FCBV", "bits", doi=_DOI,
    ),
    Feature(
        "LowGrayLevelEmphasis", "Low gray level emphasis",
        "How many voxels are dark.",
        "sum of P(i,j)/i² / Nz", "TL9H", doi=_DOI,
    ),
    Feature(
        "HighGrayLevelEmphasis", "High gray level emphasis",
        "How many voxels are bright.",
        "sum of P(i,j)·i² / Nz", "OAE7", doi=_DOI,
    ),
    Feature(
        "SmallDependenceLowGrayLevelEmphasis", "Small dependence low gray level emphasis",
        "How many voxels with few dependent neighbors are dark.",
        "sum of P(i,j)/(i²·j²) / Nz", "EQ3F", doi=_DOI,
    ),
    Feature(
        "SmallDependenceHighGrayLevelEmphasis", "Small dependence high gray level emphasis",
        "How many voxels with few dependent neighbors are bright.",
        "sum of P(i,j)·i²/j² / Nz", "JA6D", doi=_DOI,
    ),
    Feature(
        "LargeDependenceLowGrayLevelEmphasis", "Large dependence low gray level emphasis",
        "How many voxels with many dependent neighbors are dark.",
        "sum of P(i,j)·j²/i² / Nz", "NBZI", doi=_DOI,
    ),
    Feature(
        "LargeDependenceHighGrayLevelEmphasis", "Large dependence high gray level emphasis",
        "How many voxels with many dependent neighbors are bright.",
        "sum of P(i,j)·i²·j² / Nz", "9QMG", doi=_DOI,
    ),
)  # fmt: skip

# Two measures of a matrix say nothing here: one is Uniformity, the other always 1.
_ROWS = (0, 1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15)
_ROW_OF = {feature.name: row for feature, row in zip(_FEATURES, _ROWS, strict=True)}


def _measure(
    neighborhoods: Neighborhoods, centers: NDArray[np.intp], names: tuple[str, ...]
) -> NDArray[np.float64]:
    from napari_radiogenomics.radiomics.kernels.sizes import N_MEASURES, dependence_rows

    near = neighborhoods.pairs()
    out = np.zeros((N_MEASURES, centers.size))
    dependence_rows(
        neighborhoods.native_levels,
        centers,
        neighborhoods.offsets,
        near.first,
        near.second,
        2 * len(near.steps),
        neighborhoods.n_native_levels,
        neighborhoods.matrix.alpha,
        out,
    )
    return out[[_ROW_OF[name] for name in names]]


def _measure_region(region: Region, names: tuple[str, ...]) -> NDArray[np.float64]:
    from napari_radiogenomics.radiomics.kernels.region import dependence_counts, matrix_measures

    steps = region.steps
    counts = dependence_counts(region.nodes, steps, region.level_values, region.matrix.alpha)
    out = np.empty(max(_ROWS) + 1)
    matrix_measures(counts, region.level_values, np.arange(1, counts.shape[1] + 1), out)
    return out[[_ROW_OF[name] for name in names]]


FAMILY = Family(
    name="gldm",
    title="Dependences (GLDM)",
    features=_FEATURES,
    measure=_measure,
    measure_region=_measure_region,
    needs_matrix=True,
    by_distance=True,
    cost=1.5,
)
