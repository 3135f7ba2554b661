"""`combat_seq`: batch effects taken out of counts, which stay counts.

Strategy: a negative binomial regression of each gene on batch and covariates, with a dispersion
for each batch; a count is replaced by the count at the same quantile of the distribution
without the batch. The counts are sva's ComBat_seq's (without shrinkage, which is its default).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.nature import require, settle_nature
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.levenberg import fit_levenberg, fit_with_prior
from napari_radiogenomics.genomics.matrix import table_like, values_of
from napari_radiogenomics.genomics.nb_glm import common_dispersion, gene_dispersions
from napari_radiogenomics.genomics.normalize import StatedKind
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["combat_seq"]

Reals = NDArray[np.float64]
_PRIOR = 1e-4


@dataclass(frozen=True)
class _Layout:
    """Batches and covariates as matrices.

    Attributes
    ----------
    names : tuple of str, length B
        Batches.
    members : tuple of ndarray of intp
        Samples of each batch.
    batches : ndarray, shape (N, B)
        1 where a sample is of a batch.
    covariates : ndarray, shape (N, C)
        What is kept, without a constant.
    """

    names: tuple[str, ...]
    members: tuple[NDArray[np.intp], ...]
    batches: Reals
    covariates: Reals

    @property
    def design(self) -> Reals:
        """Batches and covariates, shape (N, B + C)."""
        return np.hstack([self.batches, self.covariates])

    def within(self, members: NDArray[np.intp]) -> Reals:
        """Design inside a batch; a constant alone where it cannot bear more."""
        constant = np.ones((len(members), 1))
        full = np.hstack([constant, self.covariates[members]])
        if len(members) <= full.shape[1] or np.linalg.matrix_rank(full) < full.shape[1]:
            return constant
        return full


@verb
def combat_seq(
    expression: pd.DataFrame,
    batch: pd.Series,
    covariates: pd.DataFrame | None = None,
    *,
    nature: Annotated[StatedKind, Setting(advanced=True)] = "auto",
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Take batch effects out of counts; the result is counts.

    Parameters
    ----------
    expression : DataFrame, N samples × G genes
        Counts.
    batch : Series
        Batch of each sample, by the index of ``expression``.
    covariates : DataFrame, optional
        What is kept, by the same index: numbers, or text for groups. Never the outcome of a
        prediction.
    nature : str, optional
        As for `normalize_counts`.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame, N samples × G genes
        Whole numbers. Genes without a read in some batch are as they were; ``attrs["notes"]``
        say how many.

    Raises
    ------
    InputError
        If the values are no counts, a batch has fewer than 2 samples, a sample has no batch, or
        a covariate follows from the batches.

    References
    ----------
    Zhang, Parmigiani and Johnson 2020, https://doi.org/10.1093/nargab/lqaa078.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> counts = pd.DataFrame(rng.poisson(50, (8, 30))).add_prefix("G")
    >>> batch = pd.Series(["a"] * 4 + ["b"] * 4)
    >>> combat_seq(counts, batch).shape
    (8, 30)
    """
    values = values_of(expression)
    unit = str(expression.attrs.get("unit", "")) if nature == "auto" else nature
    found, notes = settle_nature(values, unit, table=expression)
    require(found, ("count",), "ComBat-seq", {"log": "Use ComBat on log values instead."})
    layout = _layout(expression, batch, covariates)
    used = np.all([values[rows].any(axis=0) for rows in layout.members], axis=0)
    if not used.any():
        raise InputError("No gene has a read in every batch, so that nothing can be compared.")
    adjusted = values.copy()
    adjusted[:, used] = _adjust(values[:, used], layout, progress)
    if not used.all():
        notes += (f"{int((~used).sum())} genes without a read in some batch are as they were.",)
    table = table_like(adjusted, expression, "count", notes=notes)
    attrs = table.attrs
    table = table.astype(np.int64)
    table.attrs = attrs
    return table


def _adjust(counts: Reals, layout: _Layout, progress: Progress) -> Reals:
    """Counts without the batches, shape (N, G)."""
    phi = np.empty((len(layout.names), counts.shape[1]))
    for at in progress(range(len(layout.names)), "Dispersions"):
        rows = layout.members[at]
        design = layout.within(rows)
        phi[at] = gene_dispersions(counts[rows], design, common_dispersion(counts[rows], design))
    each = layout.batches @ phi
    effect, mu = _batch_effects(counts, layout, each)
    out = np.empty_like(counts)
    for at in progress(range(len(layout.names)), "Batches"):
        rows = layout.members[at]
        new = mu[rows] / np.exp(effect[at])
        out[rows] = _match(counts[rows], mu[rows], phi[at], new, phi.mean(axis=0))
    return out


def _batch_effects(counts: Reals, layout: _Layout, dispersion: Reals) -> tuple[Reals, Reals]:
    """Log effect of each batch on each gene, shape (B, G), and fitted counts, shape (N, G)."""
    n_batches = len(layout.names)
    offset = np.broadcast_to(np.log(counts.sum(axis=1))[:, None], counts.shape)
    first = fit_with_prior(counts, layout.design, dispersion, offset, _PRIOR)
    level = layout.batches.mean(axis=0) @ first[:n_batches]
    offset = offset + level
    effects = fit_with_prior(counts, layout.design, dispersion, offset, _PRIOR)[:n_batches]
    return effects, fit_levenberg(counts, layout.design, dispersion, offset)[1]


def _match(counts: Reals, mu: Reals, phi: Reals, new_mu: Reals, new_phi: Reals) -> Reals:
    """Counts at the same quantiles of other distributions; 0 and 1 stay, and far tails."""
    from scipy.stats import nbinom

    size, new_size = 1 / phi, 1 / new_phi
    below = nbinom.cdf(counts - 1, size, size / (size + mu))
    moved = (counts > 1) & (np.abs(below - 1) >= 1e-4)
    quantile = nbinom.ppf(below, new_size, new_size / (new_size + new_mu))
    return np.where(moved, 1 + quantile, counts)


def _layout(expression: pd.DataFrame, batch: pd.Series, covariates: pd.DataFrame | None) -> _Layout:
    found = _aligned(expression, batch, "batch").astype(str)
    names = tuple(sorted(found.unique()))
    if len(names) < 2:
        raise InputError(f"There is one batch ({names[0]}), so that there is nothing to take out.")
    members = tuple(np.flatnonzero(found.to_numpy() == name) for name in names)
    small = [name for name, rows in zip(names, members, strict=True) if len(rows) < 2]
    if small:
        raise InputError(
            f"Batch {small[0]} has 1 sample; a batch needs at least 2 to tell its effect from "
            "that of the sample. Join it with another or leave it out."
        )
    batches = np.array([[name == own for name in names] for own in found], float)
    kept = _covariate_columns(expression, covariates)
    layout = _Layout(names, members, batches, kept)
    if np.linalg.matrix_rank(layout.design) < layout.design.shape[1]:
        raise InputError(
            "A covariate follows from the batches or from the others, so that its effect and "
            "theirs cannot be told apart. Leave it out."
        )
    return layout


def _aligned(expression: pd.DataFrame, facts: pd.Series, what: str) -> pd.Series:
    found = facts.reindex(expression.index)
    if found.isna().any():
        lost = expression.index[found.isna()]
        raise InputError(
            f"{len(lost)} samples have no {what}, the first is {lost[0]}. Give a Series with the "
            "index of the expression table, and leave out samples without."
        )
    return found


def _covariate_columns(expression: pd.DataFrame, covariates: pd.DataFrame | None) -> Reals:
    import pandas as pd

    if covariates is None or covariates.shape[1] == 0:
        return np.empty((len(expression), 0))
    columns = [_aligned(expression, covariates[name], str(name)) for name in covariates]
    coded = pd.get_dummies(pd.concat(columns, axis=1), drop_first=True, dtype=float)
    return coded.to_numpy(float)
