"""Gray level size zone matrix: how large the patches of one gray level are.

P(i, j) counts the zones of gray level i and j voxels, which touch by faces, edges or corners;
Nz is the number of zones, and p = P / Nz. A voxel alone in its kernel is one zone, so every
voxel has a value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.family import Family, Feature, Neighborhoods, Region
from napari_radiogenomics.radiomics.lattice import directions

__all__ = ["FAMILY"]

_DOI = "10.1109/TBME.2013.2284600"

_FEATURES = (
    Feature(
        "SmallAreaEmphasis", "Small area emphasis",
        "How small the zones of one gray level are: high in fine texture.",
        "sum of P(i,j)/j² / Nz", "5QRC", doi=_DOI,
    ),
    Feature(
        "LargeAreaEmphasis", "Large area emphasis",
        "How large the zones of one gray level are: high in coarse texture.",
        "sum of P(i,j)·j² / Nz", "48P8", doi=_DOI,
    ),
    Feature(
        "GrayLevelNonUniformity", "Gray level non-uniformity",
        "Whether few gray levels hold most zones. It grows with the number of zones.",
        "sum over i of (sum over j of P(i,j))² / Nz", "JNSA", doi=_DOI,
    ),
    Feature(
        "GrayLevelNonUniformityNormalized", "Gray level non-uniformity, normalized",
        "Whether few gray levels hold most zones; 1 where one holds all.",
        "sum over i of (sum over j of P(i,j))² / Nz²", "Y1RO", doi=_DOI,
    ),
    Feature(
        "SizeZoneNonUniformity", "Size zone non-uniformity",
        "Whether most zones have the same size. It grows with the number of zones.",
        "sum over j of (sum over i of P(i,j))² / Nz", "4JP3", doi=_DOI,
    ),
    Feature(
        "SizeZoneNonUniformityNormalized", "Size zone non-uniformity, normalized",
        "Whether most zones have the same size; 1 where all have.",
        "sum over j of (sum over i of P(i,j))² / Nz²", "VB3A", doi=_DOI,
    ),
    Feature(
        "ZonePercentage", "Zone percentage",
        "How many zones there are for the number of voxels: 1 where every voxel is one of its "
        "own, low in coarse texture.",
        "Nz / number of voxels", "P30P", doi=_DOI,
    ),
    Feature(
        "GrayLevelVariance", "Gray level variance",
        "How much the gray levels of zones vary.",
        "sum of p(i,j)·(i − μ)²", "BYLV", doi=_DOI,
    ),
    Feature(
        "ZoneVariance", "Zone variance",
        "How much the sizes of zones vary.",
        "sum of p(i,j)·(j − μ)²", "3NSA", doi=_DOI,
    ),
    Feature(
        "ZoneEntropy", "Zone entropy",
        "How unpredictable gray level and size of zones are.",
        "−sum of p(i,j)·log₂ p(i,j)", "GU8N", "bits", doi=_DOI,
    ),
    Feature(
        "LowGrayLevelZoneEmphasis", "Low gray level zone emphasis",
        "How many zones are dark.",
        "sum of P(i,j)/i² / Nz", "XMSY", doi=_DOI,
    ),
    Feature(
        "HighGrayLevelZoneEmphasis", "High gray level zone emphasis",
        "How many zones are bright.",
        "sum of P(i,j)·i² / Nz", "5GN9", doi=_DOI,
    ),
    Feature(
        "SmallAreaLowGrayLevelEmphasis", "Small area low gray level emphasis",
        "How many zones are small and dark.",
        "sum of P(i,j)/(i²·j²) / Nz", "5RAI", doi=_DOI,
    ),
    Feature(
        "SmallAreaHighGrayLevelEmphasis", "Small area high gray level emphasis",
        "How many zones are small and bright.",
        "sum of P(i,j)·i²/j² / Nz", "HW1V", doi=_DOI,
    ),
    Feature(
        "LargeAreaLowGrayLevelEmphasis", "Large area low gray level emphasis",
        "How many zones are large and dark.",
        "sum of P(i,j)·j²/i² / Nz", "YH51", doi=_DOI,
    ),
    Feature(
        "LargeAreaHighGrayLevelEmphasis", "Large area high gray level emphasis",
        "How many zones are large and bright.",
        "sum of P(i,j)·i²·j² / Nz", "J17V", doi=_DOI,
    ),
)  # fmt: skip
_ROW_OF = {feature.name: row for row, feature in enumerate(_FEATURES)}


def _measure(
    neighborhoods: Neighborhoods, centers: NDArray[np.intp], names: tuple[str, ...]
) -> NDArray[np.float64]:
    from napari_radiogenomics.radiomics.kernels.sizes import zone_rows

    near = neighborhoods.touching()
    out = np.zeros((len(_FEATURES), centers.size))
    zone_rows(
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
    from napari_radiogenomics.radiomics.kernels.region import matrix_measures, zones

    level, size = zones(region.nodes, directions((1,), region.thin_axis))
    sizes, column = np.unique(size, return_inverse=True)
    shape = (len(region.level_values), len(sizes))
    cell = np.ravel_multi_index((level, column), shape)
    counts = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
    out = np.empty(len(_FEATURES))
    matrix_measures(counts, region.level_values, sizes, out)
    return out[[_ROW_OF[name] for name in names]]


FAMILY = Family(
    name="glszm",
    title="Size zones (GLSZM)",
    features=_FEATURES,
    measure=_measure,
    measure_region=_measure_region,
    needs_matrix=True,
    cost=2.0,
)
