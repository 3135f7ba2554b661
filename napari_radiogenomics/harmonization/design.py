"""Batches and covariates as matrices, coded the same way for the training and the new samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEWEST", "BatchCode", "CovariateCode", "indicator", "require_estimable"]

Reals = NDArray[np.float64]
FEWEST = 2
"""Samples that a batch needs: of one sample, nobody can tell what is batch and what is sample."""
# The batch explains a covariate where its column is so nearly a sum of the others.
_RANK_TOLERANCE = 1e-10


@dataclass(frozen=True)
class BatchCode:
    """The batches that were there at the fit, in order.

    Attributes
    ----------
    levels : tuple of str, length B
        Names.
    """

    levels: tuple[str, ...]

    @classmethod
    def of(cls, batch: ArrayLike) -> BatchCode:
        """Learn the batches.

        Parameters
        ----------
        batch : array_like, shape (N,)
            Batch of each sample.

        Raises
        ------
        InputError
            If there is one batch only, one of fewer than two samples, or a sample without.
        """
        names = _names(batch, "batch")
        levels, counts = np.unique(names, return_counts=True)
        if len(levels) < 2:
            raise InputError(
                f"There is one batch ({levels[0]}), so that there is nothing to take out. "
                "Choose a column that tells sites or scanners apart."
            )
        small = [str(level) for level, n in zip(levels, counts, strict=True) if n < FEWEST]
        if small:
            raise InputError(
                f"{_list(small)} {'has' if len(small) == 1 else 'have'} one sample. A batch needs "
                f"at least {FEWEST} to tell its effect from that of the sample: join it with "
                "another batch, or leave it out."
            )
        return cls(tuple(map(str, levels)))

    def encode(self, batch: ArrayLike) -> NDArray[np.intp]:
        """Place of each sample's batch among the levels, shape (N,).

        Raises
        ------
        InputError
            If a batch was not there at the fit.
        """
        names = _names(batch, "batch")
        place = {level: at for at, level in enumerate(self.levels)}
        unseen = sorted(set(names) - set(place))
        if unseen:
            raise InputError(
                f"{_list(unseen)} {'was' if len(unseen) == 1 else 'were'} not there when the model "
                f"was fitted (batches: {', '.join(self.levels)}), so that nothing is known of its "
                'effect. Fit with some of its samples, or choose unseen="standardize" to bring '
                "new batches to the common mean and scale by their own samples."
            )
        return np.array([place[name] for name in names], np.intp)

    def require(self, name: str, noun: str) -> int:
        """Place of a batch by its name."""
        if name not in self.levels:
            raise InputError(f'No {noun} "{name}". {did_you_mean(name, list(self.levels))}')
        return self.levels.index(name)


@dataclass(frozen=True)
class CovariateCode:
    """How covariates become columns: numbers as they are, groups as 0 and 1 by frozen levels.

    Attributes
    ----------
    columns : tuple of (str, tuple of str)
        Name of each covariate and its levels; no levels for numbers.
    """

    columns: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, covariates: pd.DataFrame | None) -> CovariateCode:
        """Learn the levels of every covariate."""
        if covariates is None:
            return cls()
        return cls(tuple((str(name), _levels(covariates[name])) for name in covariates))

    def encode(self, covariates: pd.DataFrame | None, n_samples: int) -> Reals:
        """Columns of the covariates without a constant, shape (N, C).

        Raises
        ------
        InputError
            If a covariate is absent, has a missing value, or a level that was not there at the
            fit.
        """
        if not self.columns:
            return np.empty((n_samples, 0))
        if covariates is None:
            named = ", ".join(name for name, _ in self.columns)
            raise InputError(f"The model keeps {named}. Give the same covariates here.")
        parts = [_coded(covariates, name, levels) for name, levels in self.columns]
        return np.column_stack(parts)


def _names(values: ArrayLike, noun: str) -> list[str]:
    import pandas as pd

    series = pd.Series(np.asarray(values, dtype=object))
    lost = series.isna() | (series.astype(str) == "")
    if lost.any():
        raise InputError(
            f"{int(lost.sum())} samples have no {noun}, the first is number "
            f"{int(np.flatnonzero(lost)[0]) + 1}. Fill it in, or leave these samples out."
        )
    return [str(value) for value in series]


def _levels(column: pd.Series) -> tuple[str, ...]:
    if column.dtype.kind in "iuf":
        return ()
    return tuple(np.unique(_names(column, str(column.name))).tolist())


def _coded(covariates: pd.DataFrame, name: str, levels: tuple[str, ...]) -> Reals:
    if name not in covariates:
        raise InputError(
            f'The covariate "{name}" is missing. {did_you_mean(name, list(covariates.columns))}'
        )
    column = covariates[name]
    if not levels:
        values = column.to_numpy(float)
        if not np.isfinite(values).all():
            raise InputError(
                f'The covariate "{name}" is missing for {int((~np.isfinite(values)).sum())} '
                "samples. Leave these samples out, or impute it inside each fold and say so."
            )
        return values[:, np.newaxis]
    found = _names(column, name)
    unseen = sorted(set(found) - set(levels))
    if unseen:
        raise InputError(
            f"{name} is {_shown(unseen)} in new samples; the model knows {', '.join(levels)}. "
            "Fit with such samples, or leave them out."
        )
    return np.array([[value == level for level in levels[1:]] for value in found], float)


def require_estimable(batches: Reals, covariates: Reals, code: CovariateCode) -> None:
    """Refuse covariates that the batches, or other covariates, determine.

    Parameters
    ----------
    batches : ndarray, shape (N, B)
        1 where a sample is of a batch.
    covariates : ndarray, shape (N, C)
        Columns of the covariates.
    code : CovariateCode
        For their names.

    Raises
    ------
    InputError
        Naming the first covariate that adds no rank.
    """
    design = batches
    start = 0
    for name, levels in code.columns:
        width = max(len(levels) - 1, 0) if levels else 1
        more = covariates[:, start : start + width]
        start += width
        if not width:
            raise InputError(f'The covariate "{name}" is the same for all samples. Leave it out.')
        design = np.hstack(
            [design, (more - more.mean(0)) / np.where(more.std(0) > 0, more.std(0), 1)]
        )
        if np.linalg.matrix_rank(design, tol=_RANK_TOLERANCE * len(design)) < design.shape[1]:
            raise InputError(
                f'The covariate "{name}" follows from the batch or from the other covariates, so '
                "that their effects cannot be told apart. Leave it out, or use site as a "
                "covariate of the model instead of harmonizing."
            )


def _shown(names: list[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


def _list(names: list[str]) -> str:
    shown = _shown(names)
    return f"Batch {shown}" if len(names) == 1 else f"Batches {shown}"


def indicator(codes: NDArray[np.intp], n_levels: int) -> Reals:
    """Matrix of 0 and 1 from places, shape (N, B)."""
    return np.asarray(codes[:, np.newaxis] == np.arange(n_levels), float)
