"""Gray level co-occurrence matrix: which gray levels lie side by side.

p(i, j) is the share of pairs of gray levels i and j in one direction; px and py are its
margins, HX, HY and HXY entropies, HXY1 = HXY2 = HX + HY, and Ng is the highest gray level of
the region. A feature is the mean over the directions in which the kernel holds a pair; with a
weighting norm the matrices are added first. A voxel without any neighbor is blank.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.families._glcm_region import measure_region
from napari_radiogenomics.radiomics.family import Family, Feature, Neighborhoods

__all__ = ["FAMILY"]

_DOI = "10.1109/TSMC.1973.4309314"

_FEATURES = (
    Feature(
        "Autocorrelation", "Autocorrelation",
        "How bright neighbors are together: high in coarse, bright texture.",
        "sum of p(i,j)·i·j", "QWB0", doi=_DOI,
    ),
    Feature(
        "JointAverage", "Joint average",
        "The average gray level of the pairs.",
        "μ = sum of p(i,j)·i", "60VM", doi=_DOI,
    ),
    Feature(
        "ClusterProminence", "Cluster prominence",
        "Whether a few pairs are much brighter or darker than the rest: high at strong edges.",
        "sum of (i + j − 2μ)⁴·p(i,j)", "AE86", doi=_DOI,
    ),
    Feature(
        "ClusterShade", "Cluster shade",
        "Whether outstanding pairs are bright (positive) or dark (negative).",
        "sum of (i + j − 2μ)³·p(i,j)", "7NFM", doi=_DOI,
    ),
    Feature(
        "ClusterTendency", "Cluster tendency",
        "Whether neighbors are alike while pairs differ: high where bright and dark patches "
        "meet.",
        "sum of (i + j − 2μ)²·p(i,j)", "DG8W", doi=_DOI,
    ),
    Feature(
        "Contrast", "Contrast",
        "How much the gray levels of neighbors differ, large differences most.",
        "sum of (i − j)²·p(i,j)", "ACUI", doi=_DOI,
    ),
    Feature(
        "Correlation", "Correlation",
        "Whether a bright voxel has bright neighbors: 1 when neighbors are equal, −1 when "
        "they alternate.",
        "(sum of p(i,j)·i·j − μx·μy) / (σx·σy)",
        "NI2N", "", "Angle of one gray level: 1.", doi=_DOI,
    ),
    Feature(
        "DifferenceAverage", "Difference average",
        "How much the gray levels of neighbors differ on average. The IBSI also calls it "
        "dissimilarity.",
        "sum of |i − j|·p(i,j)", "TF7R", doi=_DOI,
    ),
    Feature(
        "DifferenceEntropy", "Difference entropy",
        "How unpredictable the difference between neighbors is.",
        "−sum of d(k)·log₂ d(k), d(k): share of pairs with |i − j| = k", "NTRS", "bits", doi=_DOI,
    ),
    Feature(
        "DifferenceVariance", "Difference variance",
        "How much the difference between neighbors varies.",
        "sum of (k − mean)²·d(k), d(k): share of pairs with |i − j| = k", "D3YU", doi=_DOI,
    ),
    Feature(
        "JointEnergy", "Joint energy",
        "How much a few pairs of gray levels dominate; 1 where all pairs are the same.",
        "sum of p(i,j)²", "8ZQL", doi=_DOI,
    ),
    Feature(
        "JointEntropy", "Joint entropy",
        "How unpredictable the pairs of neighboring gray levels are.",
        "HXY = −sum of p(i,j)·log₂ p(i,j)", "TU9B", "bits", doi=_DOI,
    ),
    Feature(
        "Imc1", "Informational measure of correlation 1",
        "How much a voxel tells about its neighbor: 0 for nothing, −1 for everything.",
        "(HXY − HXY1) / max(HX, HY)", "R8DG", "", "Angle of one gray level: 0.", doi=_DOI,
    ),
    Feature(
        "Imc2", "Informational measure of correlation 2",
        "How much a voxel tells about its neighbor: 0 for nothing, near 1 for much.",
        "√(1 − exp(−2·(HXY2 − HXY)))", "JN9H", "", "Neighbors that tell nothing: 0.", doi=_DOI,
    ),
    Feature(
        "Idm", "Inverse difference moment",
        "How alike neighbors are, close ones most; also called homogeneity 2.",
        "sum of p(i,j) / (1 + (i − j)²)", "WF0Z", doi=_DOI,
    ),
    Feature(
        "MCC", "Maximal correlation coefficient",
        "How well a voxel predicts its neighbor when gray levels may be relabeled at will: 0 "
        "not at all, 1 in at least one respect exactly.",
        "√(second largest eigenvalue of Q), Q(i,j) = sum over k of p(i,k)·p(j,k) / (px(i)·py(k))",
        "", "", "Angle of one gray level: 0; region of one gray level: 1.", doi=_DOI,
    ),
    Feature(
        "Idmn", "Inverse difference moment, normalized",
        "How alike neighbors are, close ones most, with differences as shares of the number of "
        "gray levels.",
        "sum of p(i,j) / (1 + (i − j)² / Ng²)", "1QCO", doi=_DOI,
    ),
    Feature(
        "Id", "Inverse difference",
        "How alike neighbors are; also called homogeneity 1.",
        "sum of p(i,j) / (1 + |i − j|)", "IB1Z", doi=_DOI,
    ),
    Feature(
        "Idn", "Inverse difference, normalized",
        "How alike neighbors are, with differences as shares of the number of gray levels.",
        "sum of p(i,j) / (1 + |i − j| / Ng)", "NDRX", doi=_DOI,
    ),
    Feature(
        "InverseVariance", "Inverse variance",
        "How often neighbors differ by little, without those that are equal.",
        "sum over i ≠ j of p(i,j) / (i − j)²", "E8JP", doi=_DOI,
    ),
    Feature(
        "MaximumProbability", "Maximum probability",
        "How common the most common pair of gray levels is.",
        "max p(i,j)", "GYBY", doi=_DOI,
    ),
    Feature(
        "SumAverage", "Sum average",
        "The average sum of two neighbors; of symmetrical matrices twice the joint average.",
        "sum of p(i,j)·(i + j)", "ZGXS", doi=_DOI,
    ),
    Feature(
        "SumEntropy", "Sum entropy",
        "How unpredictable the sum of two neighbors is.",
        "−sum of s(k)·log₂ s(k), s(k): share of pairs with i + j = k", "P6QZ", "bits", doi=_DOI,
    ),
    Feature(
        "SumSquares", "Sum of squares",
        "How much the gray levels of the pairs vary. The IBSI calls it joint variance.",
        "sum of (i − μ)²·p(i,j)", "UR99", doi=_DOI,
    ),
)  # fmt: skip

# These come from the histograms of a voxel; the rest from sums.
_OF_HISTOGRAMS = {
    "DifferenceEntropy", "JointEnergy", "JointEntropy", "Imc1", "Imc2", "MaximumProbability",
    "SumEntropy",
}  # fmt: skip
# These from sums or histograms of differences, whichever is sooner.
_OF_DIFFERENCES = {"Id", "Idm", "Idn", "Idmn", "InverseVariance"}

# Cells of a kernel up to which there are compiled kernels of their own: 3×3×3.
_FEW_CELLS = 27


def _is_small(neighborhoods: Neighborhoods) -> bool:
    return neighborhoods.offsets.size <= _FEW_CELLS


def _measure(
    neighborhoods: Neighborhoods, centers: NDArray[np.intp], names: tuple[str, ...]
) -> NDArray[np.float64]:
    from napari_radiogenomics.radiomics.kernels.glcm import ROWS
    from napari_radiogenomics.radiomics.kernels.glcm_any import any_glcm_rows

    settings, near = neighborhoods.matrix, neighborhoods.pairs()
    joined = settings.weighting_norm is not None
    out = np.zeros((len(ROWS), centers.size))
    arguments = (
        neighborhoods.native_levels,
        centers,
        neighborhoods.offsets,
        *near[:3],
        neighborhoods.n_native_levels,
    )
    simple = set(names) - {"MCC"}
    if joined or not settings.symmetrical:
        weights = _weights(neighborhoods) if joined else np.ones(len(near.steps))
        any_glcm_rows(*arguments, settings.symmetrical, joined, weights, out)
        answer = np.full((centers.size, 1 if joined else len(near.steps)), np.inf)
    else:
        by_histogram = _OF_HISTOGRAMS
        if not _is_small(neighborhoods):
            by_histogram = by_histogram | _OF_DIFFERENCES
        stages = (bool(simple - by_histogram), bool(simple & by_histogram), "MCC" in names)
        answer = _add_rows(neighborhoods, centers, stages, out)
    if "MCC" in names:
        out[ROWS.index("MCC")] = _mcc(neighborhoods, centers, answer)
    return out[[ROWS.index(name) for name in names]]


def _add_rows(
    neighborhoods: Neighborhoods,
    centers: NDArray[np.intp],
    stages: tuple[bool, bool, bool],
    out: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Fill what the stages give: from sums, from histograms; the mean over angles.

    The third gives MCC of each angle, shape (V, A); infinite where it is left to others.
    """
    from napari_radiogenomics.radiomics.kernels.few_links import coefficients
    from napari_radiogenomics.radiomics.kernels.few_pairs import few_pair_rows
    from napari_radiogenomics.radiomics.kernels.glcm import ROWS, histogram_rows
    from napari_radiogenomics.radiomics.kernels.moments import moment_rows

    by_sums, by_histograms, solved = stages
    solved = solved and not neighborhoods.one_level
    strands, angles = neighborhoods.strands, np.zeros(centers.size)
    answer = np.full((centers.size, len(neighborhoods.pairs().steps) if solved else 0), np.inf)
    arguments = (
        neighborhoods.native_levels,
        centers,
        strands,
        neighborhoods.planes(),
        neighborhoods.offsets.size // strands.size // 2,
        neighborhoods.n_native_levels,
    )
    few = _is_small(neighborhoods)
    cells = (*arguments[:2], neighborhoods.offsets, *neighborhoods.pairs()[:3])
    if by_sums:
        moment_rows(*arguments, few, out, angles)
    if solved and few:
        coefficients(*cells, answer)
    if by_histograms:
        angles[:] = 0.0
    if by_histograms and few:
        few_pair_rows(*cells, out, angles)
    elif by_histograms or (solved and not few):
        wanted = (by_histograms, solved)
        histogram_rows(*arguments, wanted, out, angles, answer)
    out[ROWS.index("SumAverage")] = 2.0 * out[ROWS.index("JointAverage")]
    out /= np.where(angles > 0, angles, np.nan)
    return answer


def _weights(neighborhoods: Neighborhoods) -> NDArray[np.float64]:
    """Weight of each angle when their matrices are added."""
    lengths = neighborhoods.lengths(neighborhoods.pairs().steps)
    if neighborhoods.matrix.weighting_norm == "no_weighting":
        return lengths
    return np.exp(-(lengths**2))


def _mcc(
    neighborhoods: Neighborhoods, centers: NDArray[np.intp], found: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean over the angles, shape (V, A); those that are infinite are solved first."""
    if neighborhoods.one_level:
        return np.ones(centers.size)
    for v in np.flatnonzero(np.isinf(found).any(axis=1)):
        found[v] = _mcc_of(neighborhoods, centers[v])
    known = ~np.isnan(found)
    n = known.sum(axis=1)
    mean = np.where(known, found, 0.0).sum(axis=1) / np.maximum(n, 1)
    return np.where(n > 0, mean, np.nan)


def _mcc_of(neighborhoods: Neighborhoods, center: int) -> NDArray[np.float64]:
    """Second singular value of each normalized matrix around one voxel, by LAPACK."""
    settings, near = neighborhoods.matrix, neighborhoods.pairs()
    levels = neighborhoods.native_levels[center + neighborhoods.offsets]
    present, node = np.unique(levels, return_inverse=True)
    angle = np.repeat(np.arange(len(near.steps)), np.diff(near.starts))
    counts = (levels[near.first] > 0) & (levels[near.second] > 0)
    a, b = node[near.first[counts]], node[near.second[counts]]
    matrices = np.zeros((len(near.steps), present.size, present.size))
    np.add.at(matrices, (angle[counts], a, b), 1.0)
    if settings.symmetrical:
        matrices += matrices.transpose(0, 2, 1)
    if settings.weighting_norm is not None:
        matrices = (matrices * _weights(neighborhoods)[:, None, None]).sum(axis=0)[None]
    total = matrices.sum(axis=(1, 2))
    px, py = matrices.sum(axis=2), matrices.sum(axis=1)
    scale = np.sqrt(px[:, :, None] * py[:, None, :])
    matrices /= np.where(scale > 0, scale, 1.0)
    if settings.symmetrical:  # their singular values are their eigenvalues, found sooner
        values = np.sort(np.abs(np.linalg.eigvalsh(matrices)))[:, ::-1]
    else:
        values = np.linalg.svd(matrices, compute_uv=False)
    second = values[:, 1] if present.size > 1 else np.zeros(len(values))
    return np.where(total > 0, second, np.nan)


FAMILY = Family(
    name="glcm",
    title="Co-occurrence (GLCM)",
    features=_FEATURES,
    measure=_measure,
    measure_region=measure_region,
    needs_matrix=True,
    by_distance=True,
    cost=10.0,
    level_power=2,
)
