"""`ClinicalEncoder`: clinical columns as numbers, learned from the training patients alone."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from napari_radiogenomics.clinical.columns import Read, Types, read_columns
from napari_radiogenomics.clinical.dates import day_is_first, days_of, read_dates
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.provenance import history_of, record_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ClinicalEncoder"]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class _Column:
    """How one column becomes numbers; all of it learned in ``fit``."""

    name: str
    type: str
    levels: tuple[str, ...]
    fill: float
    origin: float
    had_gaps: bool
    day_first: bool
    codes: tuple[str, ...]


class ClinicalEncoder(TransformerMixin, BaseEstimator):
    """Clinical columns as numbers: levels, dates and missing values included.

    Parameters
    ----------
    types : Mapping, optional
        Types of columns, as for `column_types`; those that are not named are recognized from
        the training patients. Name them all where folds are small, so that each fold has the
        same.
    missing : Mapping, optional
        Further values that mean missing, by column.
    impute : {"median", "none"}, optional
        Fill numbers and ordered levels with the median, others with the commonest level, of the
        training patients; or leave them NaN.
    indicators : bool, optional
        Add a column ``…_missing`` for each one that had missing values at the fit.
    drop_first : bool, optional
        No column for the first level, which follows from the others.
    unseen : {"refuse", "missing"}, optional
        What to do with a level that did not occur at the fit.

    Attributes
    ----------
    types_ : dict of str to str
        Type of each column at the fit.
    left_out_ : tuple of str
        Columns that are no numbers: texts and identifiers.
    feature_names_in_ : ndarray of str
        Columns at the fit.

    Notes
    -----
    Inside a pipeline it is fitted anew in each fold, so that no test patient takes part in the
    imputation. The outcome is never looked at.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"age": [60, None, 70], "stage": ["I", "III", "II"],
    ...                       "smoking": ["yes", "no", "unknown"]})
    >>> ClinicalEncoder().fit_transform(table).to_dict("list")  # doctest: +NORMALIZE_WHITESPACE
    {'age': [60.0, 65.0, 70.0], 'age_missing': [0.0, 1.0, 0.0], 'stage': [0.0, 2.0, 1.0],
     'smoking=yes': [1.0, 0.0, 0.0], 'smoking_missing': [0.0, 0.0, 1.0]}
    """

    def __init__(
        self,
        *,
        types: Types | None = None,
        missing: Mapping[str, Collection[Any]] | None = None,
        impute: Literal["median", "none"] = "median",
        indicators: bool = True,
        drop_first: bool = True,
        unseen: Literal["refuse", "missing"] = "refuse",
    ) -> None:
        self.types = types
        self.missing = missing
        self.impute = impute
        self.indicators = indicators
        self.drop_first = drop_first
        self.unseen = unseen

    def fit(self, X: pd.DataFrame, y: object = None) -> ClinicalEncoder:
        """Learn types, levels and what to fill in.

        Parameters
        ----------
        X : DataFrame, N patients × C columns
            Training patients.
        y : object, optional
            Not used.

        Raises
        ------
        InputError
            If a setting is not known, or a column holds nothing.
        """
        for name, known in (("impute", ("median", "none")), ("unseen", ("refuse", "missing"))):
            if getattr(self, name) not in known:
                raise InputError(f'{name} is "{known[0]}" or "{known[1]}".')
        read = read_columns(X, types=self.types, missing=self.missing)
        self.feature_names_in_ = np.array(list(read), dtype=object)
        self.types_ = {name: one.type for name, one in read.items()}
        skipped = ("text", "identifier")
        empty = [n for n, one in read.items() if one.missing.mask.all()]
        if empty:
            raise InputError(
                f'"{empty[0]}" holds nothing in the {len(X)} training patients. Leave it out.'
            )
        self.left_out_ = tuple(name for name, one in read.items() if one.type in skipped)
        self._columns = [_learned(n, one) for n, one in read.items() if one.type not in skipped]
        if not self._columns:
            raise InputError("All columns are texts or identifiers: there is nothing to encode.")
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Encode patients by what was learned.

        Parameters
        ----------
        X : DataFrame
            The columns of the fit; others are not used.

        Returns
        -------
        DataFrame of float, N patients × K columns
            With the index of ``X``; columns as `get_feature_names_out` says.

        Raises
        ------
        InputError
            If a column is missing, or a level is new and ``unseen`` is "refuse".
        """
        import pandas as pd

        check_is_fitted(self, "types_")
        wanted = [column.name for column in self._columns]
        lost = [name for name in wanted if name not in X]
        if lost:
            raise InputError(f'The column "{lost[0]}" of the fit is missing.')
        # Levels, dates and codes for missing are told apart as at the fit, not anew.
        types: Types = {c.name: "ratio" if c.type == "ratio" else "text" for c in self._columns}
        missing = {c.name: (*(self.missing or {}).get(c.name, ()), *c.codes) for c in self._columns}
        read = read_columns(X[wanted], types=types, missing=missing)
        parts = [self._encoded(column, read[column.name]) for column in self._columns]
        values = np.concatenate(parts, axis=1)
        table = pd.DataFrame(values, index=X.index, columns=self.get_feature_names_out())
        table.attrs["history"] = history_of(X)
        if self.impute == "median" and any(read[name].missing.mask.any() for name in wanted):
            # What was filled in tells of the patients of the fit.
            table.attrs["history"] += (replace(record_of(self.fit, X), verb="ClinicalEncoder"),)
        return table

    def get_feature_names_out(self, input_features: object = None) -> NDArray[Any]:
        """Names of the encoded columns: ``age``, ``smoking=never``, ``crp_missing``."""
        check_is_fitted(self, "types_")
        names: list[str] = []
        for column in self._columns:
            if column.type == "nominal":
                names += [f"{column.name}={level}" for level in self._shown(column)]
            else:
                names.append(f"{column.name}_days" if column.type == "date" else column.name)
            if self.indicators and column.had_gaps:
                names.append(f"{column.name}_missing")
        return np.array(names, dtype=object)

    def _shown(self, column: _Column) -> tuple[str, ...]:
        """Levels with a column of their own; the second of two stands for both."""
        return column.levels[1:] if self.drop_first else column.levels

    def _encoded(self, column: _Column, read: Read) -> Reals:
        """Columns of one column, shape (N, K)."""
        values = self._values(column, read)
        gone = np.isnan(values)
        if self.impute == "median":
            values = np.where(gone, column.fill, values)
        if gone.any() and not column.had_gaps and self.impute == "median" and self.indicators:
            warnings.warn(
                f'"{column.name}" is missing in {int(gone.sum())} new patients and was not in the '
                "training ones; it is filled in without an indicator.",
                DataWarning,
                stacklevel=4,
            )
        if column.type == "nominal":
            codes = [column.levels.index(level) for level in self._shown(column)]
            parts = np.stack([(values == code).astype(float) for code in codes], axis=1)
            parts[np.isnan(values)] = np.nan
        else:
            parts = (values - column.origin)[:, None]
        flag = [gone.astype(float)[:, None]] if self.indicators and column.had_gaps else []
        return np.concatenate([parts, *flag], axis=1)

    def _values(self, column: _Column, read: Read) -> Reals:
        """Numbers, days or codes of the fit, NaN where missing."""
        if column.type == "ratio":
            return read.numbers()
        if column.type == "date":
            return days_of(read_dates(read.texts, column.day_first))
        new = sorted({text for text in read.texts if text} - set(column.levels))
        if new and self.unseen == "refuse":
            raise InputError(
                f'"{column.name}" has the level "{new[0]}", which did not occur at the fit '
                f'({", ".join(column.levels)}). Choose unseen="missing" to take it as missing.'
            )
        codes = {level: float(code) for code, level in enumerate(column.levels)}
        return np.array([codes.get(text, np.nan) for text in read.texts])


def _learned(name: str, read: Read) -> _Column:
    values = read.numbers()
    known = values[np.isfinite(values)]
    levels, fill = read.levels, float(np.median(known))
    if read.type == "nominal":
        levels = tuple(sorted(read.levels))
        fill = float(levels.index(read.levels[int(np.argmax(np.bincount(known.astype(int))))]))
    return _Column(
        name,
        read.type,
        levels,
        fill,
        origin=float(known.min()) if read.type == "date" else 0.0,
        had_gaps=bool(read.missing.mask.any()),
        day_first=day_is_first(read.texts)[0],
        codes=read.missing.codes,
    )
