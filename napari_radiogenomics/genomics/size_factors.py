"""How deep each sample was sequenced, told from the genes that do not change.

Own code from the papers named at each function; the numbers are those of DESeq2 and edgeR.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["median_of_ratios", "relative_log_expression", "trimmed_mean_of_m", "upper_quartile"]

Reals = NDArray[np.float64]


def median_of_ratios(counts: Reals) -> Reals:
    """Size factors by the median of ratios to the geometric mean sample.

    Parameters
    ----------
    counts : ndarray, shape (N, G)
        Counts.

    Returns
    -------
    ndarray, shape (N,)
        Counts divided by them are comparable.

    Raises
    ------
    InputError
        If no gene has reads in every sample.

    References
    ----------
    Anders and Huber 2010, https://doi.org/10.1186/gb-2010-11-10-r106.

    Examples
    --------
    >>> median_of_ratios(np.array([[10.0, 20, 30], [20, 40, 60]])).round(4).tolist()
    [0.7071, 1.4142]
    """
    logs = np.log(counts[:, _everywhere(counts)])
    return np.exp(np.median(logs - logs.mean(axis=0), axis=1))


def _everywhere(counts: Reals) -> NDArray[np.bool_]:
    """Genes with reads in every sample, shape (G,)."""
    found: NDArray[np.bool_] = np.all(counts > 0, axis=0)
    if not found.any():
        raise InputError(
            f"None of the {counts.shape[1]} genes has reads in all {len(counts)} samples, so the "
            "median of ratios has nothing to compare. Leave out shallow samples, or use "
            'method="upper_quartile" or "log_cpm".'
        )
    return found


def relative_log_expression(counts: Reals) -> Reals:
    """Factors of the library sizes by the median of ratios, as edgeR's RLE.

    Returns
    -------
    ndarray, shape (N,)
        With a geometric mean of 1; the effective library size is factor × library size. The
        median is that of the ratios, not of their logarithms: between the two middle ratios
        it differs from `median_of_ratios`.

    References
    ----------
    Anders and Huber 2010, https://doi.org/10.1186/gb-2010-11-10-r106.
    """
    common = counts[:, _everywhere(counts)]
    ratios = common / np.exp(np.log(common).mean(axis=0))
    return _centered(np.median(ratios, axis=1) / counts.sum(axis=1))


def upper_quartile(counts: Reals) -> Reals:
    """Factors of the library sizes by the upper quartile of the counts, as edgeR.

    Genes without a read in any sample do not count.

    References
    ----------
    Bullard et al. 2010, https://doi.org/10.1186/1471-2105-11-94.
    """
    quartiles = np.quantile(counts[:, counts.any(axis=0)], 0.75, axis=1)
    if not quartiles.all():
        raise InputError(
            f"In {int((quartiles == 0).sum())} samples three quarters of the genes have no reads, "
            'so the upper quartile is 0. Use filter_genes first, or method="tmm".'
        )
    return _centered(quartiles / counts.sum(axis=1))


def trimmed_mean_of_m(counts: Reals, *, m_trim: float = 0.3, a_trim: float = 0.05) -> Reals:
    """Factors of the library sizes by the trimmed mean of M values (TMM), as edgeR.

    The reference is the sample whose upper quartile is nearest to the mean of them.

    Parameters
    ----------
    counts : ndarray, shape (N, G)
        Counts.
    m_trim : float, optional
        Fraction of the log ratios left out at each end.
    a_trim : float, optional
        Fraction of the mean abundances left out at each end.

    Returns
    -------
    ndarray, shape (N,)
        With a geometric mean of 1.

    References
    ----------
    Robinson and Oshlack 2010, https://doi.org/10.1186/gb-2010-11-3-r25.
    """
    library = counts.sum(axis=1)
    found = counts[:, counts.any(axis=0)]
    quartiles = np.quantile(found, 0.75, axis=1) / library
    if np.median(quartiles) < 1e-20:
        reference = int(np.argmax(np.sqrt(found).sum(axis=1)))
    else:
        reference = int(np.argmin(np.abs(quartiles - quartiles.mean())))
    against = found[reference], library[reference]
    trims = m_trim, a_trim
    return _centered(
        np.array([_tmm(row, n, *against, *trims) for row, n in zip(found, library, strict=True)])
    )


def _tmm(
    counts: Reals, library: float, reference: Reals, its_library: float, m_trim: float,
    a_trim: float,
) -> float:  # fmt: skip
    from scipy.stats import rankdata

    both = (counts > 0) & (reference > 0)
    x, r = counts[both], reference[both]
    m = np.log2((x / library) / (r / its_library))
    if not m.size or np.abs(m).max() < 1e-6:
        return 1.0
    a = (np.log2(x / library) + np.log2(r / its_library)) / 2
    variance = (library - x) / library / x + (its_library - r) / its_library / r
    n = len(m)
    low_m, low_a = np.floor(n * m_trim) + 1, np.floor(n * a_trim) + 1
    rank_m, rank_a = rankdata(m), rankdata(a)
    kept = (rank_m >= low_m) & (rank_m <= n + 1 - low_m)
    kept &= (rank_a >= low_a) & (rank_a <= n + 1 - low_a)
    if not kept.any():
        return 1.0
    weight = 1 / variance[kept]
    return float(2 ** (np.sum(m[kept] * weight) / weight.sum()))


def _centered(factors: Reals) -> Reals:
    return factors / np.exp(np.mean(np.log(factors)))
