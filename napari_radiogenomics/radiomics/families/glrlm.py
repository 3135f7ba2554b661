"""Gray level run length matrix: how long voxels of one gray level follow each other in a line.

P(i, j) counts the runs of gray level i and length j in one direction, Nr all of them, and
p = P / Nr. A feature is the mean over the directions in which a line of the kernel holds two
voxels at least; with a weighting norm the matrices are added first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.family import Family, Feature, Neighborhoods, Region
from napari_radiogenomics.radiomics.lattice import directions

__all__ = ["FAMILY"]

_DOI = "10.1016/S0146-664X(75)80008-6"

_FEATURES = (
    Feature(
        "ShortRunEmphasis", "Short run emphasis",
        "How short the runs of one gray level are: high in fine texture.",
        "sum of P(i,j)/j² / Nr",
        "22OV", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "LongRunEmphasis", "Long run emphasis",
        "How long the runs of one gray level are: high in coarse texture.",
        "sum of P(i,j)·j² / Nr",
        "W4KF", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "GrayLevelNonUniformity", "Gray level non-uniformity",
        "Whether few gray levels hold most runs. It grows with the number of runs.",
        "sum over i of (sum over j of P(i,j))² / Nr",
        "R5YN", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "GrayLevelNonUniformityNormalized", "Gray level non-uniformity, normalized",
        "Whether few gray levels hold most runs; 1 where one holds all.",
        "sum over i of (sum over j of P(i,j))² / Nr²",
        "OVBL", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "RunLengthNonUniformity", "Run length non-uniformity",
        "Whether most runs have the same length. It grows with the number of runs.",
        "sum over j of (sum over i of P(i,j))² / Nr",
        "W92Y", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "RunLengthNonUniformityNormalized", "Run length non-uniformity, normalized",
        "Whether most runs have the same length; 1 where all have.",
        "sum over j of (sum over i of P(i,j))² / Nr²",
        "IC23", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "RunPercentage", "Run percentage",
        "How many runs there are for the number of voxels: 1 where every voxel is one of its "
        "own, low in coarse texture.",
        "Nr / number of voxels",
        "9ZK5", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "GrayLevelVariance", "Gray level variance",
        "How much the gray levels of runs vary.",
        "sum of p(i,j)·(i − μ)²",
        "8CE5", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "RunVariance", "Run variance",
        "How much the lengths of runs vary.",
        "sum of p(i,j)·(j − μ)²",
        "SXLW", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "RunEntropy", "Run entropy",
        "How unpredictable gray level and length of runs are.",
        "−sum of p(i,j)·log₂ p(i,j)",
        "HJ9O", "bits", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "LowGrayLevelRunEmphasis", "Low gray level run emphasis",
        "How many runs are dark.",
        "sum of P(i,j)/i² / Nr",
        "V3SW", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "HighGrayLevelRunEmphasis", "High gray level run emphasis",
        "How many runs are bright.",
        "sum of P(i,j)·i² / Nr",
        "G3QZ", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "ShortRunLowGrayLevelEmphasis", "Short run low gray level emphasis",
        "How many runs are short and dark.",
        "sum of P(i,j)/(i²·j²) / Nr",
        "HTZT", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "ShortRunHighGrayLevelEmphasis", "Short run high gray level emphasis",
        "How many runs are short and bright.",
        "sum of P(i,j)·i²/j² / Nr",
        "GD3A", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "LongRunLowGrayLevelEmphasis", "Long run low gray level emphasis",
        "How many runs are long and dark.",
        "sum of P(i,j)·j²/i² / Nr",
        "IVPO", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
    Feature(
        "LongRunHighGrayLevelEmphasis", "Long run high gray level emphasis",
        "How many runs are long and bright.",
        "sum of P(i,j)·i²·j² / Nr",
        "3KUM", "", "A voxel without another in line with it: blank.", doi=_DOI,
    ),
)  # fmt: skip
_ROW_OF = {feature.name: row for row, feature in enumerate(_FEATURES)}


def _measure(
    neighborhoods: Neighborhoods, centers: NDArray[np.intp], names: tuple[str, ...]
) -> NDArray[np.float64]:
    from napari_radiogenomics.radiomics.kernels.runs import run_rows, weighted_run_rows

    near = neighborhoods.pairs(distances=(1,))
    far = neighborhoods.far_pairs()
    out = np.zeros((len(_FEATURES), centers.size))
    arguments = (
        neighborhoods.native_levels,
        centers,
        neighborhoods.offsets,
        near[:3],
        far[:3],
        neighborhoods.n_native_levels,
        2 * neighborhoods.radius + 1,
    )
    if neighborhoods.matrix.weighting_norm is None:
        run_rows(*arguments, out)
    else:
        weighted_run_rows(*arguments, neighborhoods.lengths(near.steps), out)
    return out[[_ROW_OF[name] for name in names]]


def _measure_region(region: Region, names: tuple[str, ...]) -> NDArray[np.float64]:
    from napari_radiogenomics.radiomics.kernels.region import matrix_measures, run_counts

    steps, levels = directions((1,), region.thin_axis), region.level_values
    longest = max(region.nodes.shape)
    found = [run_counts(region.nodes, step, len(levels), longest) for step in steps]
    matrices = [counts for counts, holds_two in found if holds_two]
    if region.matrix.weighting_norm is not None and matrices:
        used = [holds_two for _, holds_two in found]
        weights = region.lengths(steps)[used]
        matrices = [np.tensordot(weights, np.stack(matrices), axes=1)]
    if not matrices:
        return np.full(len(names), np.nan)
    out = np.empty((len(matrices), len(_FEATURES)))
    for row, counts in zip(out, matrices, strict=True):
        matrix_measures(counts, levels, np.arange(1, longest + 1), row)
    return out.mean(axis=0)[[_ROW_OF[name] for name in names]]


FAMILY = Family(
    name="glrlm",
    title="Run lengths (GLRLM)",
    features=_FEATURES,
    measure=_measure,
    measure_region=_measure_region,
    needs_matrix=True,
    cost=2.5,
)
