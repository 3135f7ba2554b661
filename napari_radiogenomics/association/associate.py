"""`associate`: features against genes, pathways, mutations, clinical facts or survival."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from napari_radiogenomics.association.checks import (
    missingness,
    refuse_counts,
    refuse_harmonized_for,
    refuse_unestimable,
    warn_of_sites,
    warn_of_volume,
)
from napari_radiogenomics.association.inputs import Tables, join, without_empty
from napari_radiogenomics.association.method import METHODS, Method
from napari_radiogenomics.association.notes import notes_on, sites_in_words
from napari_radiogenomics.association.pairs import Pairs, screen, test_all, whole_block
from napari_radiogenomics.association.permutation import few_orders, permuted_p_values
from napari_radiogenomics.association.result import AssociationResult
from napari_radiogenomics.association.table_of_tests import Family, family_of, table_of
from napari_radiogenomics.association.tables import some
from napari_radiogenomics.data.tests_made import remember_tests
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.size_factors import median_of_ratios
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting
from napari_radiogenomics.statistics.multiplicity import Correction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Aggregate", "associate"]

Aggregate = Literal["", "mean", "median", "min", "max"]
_SCREENED = 1_000_000
_KEEP = 1e-3
_FEWEST_GENES = 100
_MOST_PERMUTED = 10**11


@verb
def associate(
    features: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    method: Annotated[str, Setting(choices=METHODS.meanings)] = "partial",
    confounders: pd.DataFrame | None = None,
    groups: pd.Series | None = None,
    correction: Correction = "bh",
    family: Family = "all",
    unit: pd.Series | None = None,
    aggregate: Aggregate = "",
    per: Annotated[Literal["sd", "unit"], Setting(advanced=True)] = "sd",
    event: Annotated[str, Setting(advanced=True)] = "event",
    library_sizes: pd.Series | None = None,
    n_permutations: Annotated[int, Setting(minimum=0)] = 0,
    seed: Annotated[int, Setting(advanced=True)] = 0,
    keep: Annotated[float | None, Setting(minimum=0, maximum=1, advanced=True)] = None,
    progress: Progress = quiet,
) -> AssociationResult:
    """Test every feature against every outcome, patients as the unit.

    Parameters
    ----------
    features : DataFrame, N patients × P features
        By patient; NaN where missing.
    outcomes : DataFrame or Series
        Genes, pathway scores, mutations or clinical facts, by patient; for ``"cox"`` a time and
        an event.
    method : str, optional
        Name of a method.
    confounders : DataFrame, optional
        What else may explain both, by patient: age, volume. Text makes groups.
    groups : Series, optional
        Site or scanner of each patient: part of the model, and permutations stay within it.
    correction : str, optional
        How p-values are adjusted for the number of tests.
    family : {"all", "outcome", "feature"}, optional
        Which tests are adjusted together: all, those of each outcome, or those of each feature.
        To be fixed before the results are seen.
    unit : Series, optional
        Patient of each row of the features, where rows are lesions or regions.
    aggregate : {"", "mean", "median", "min", "max"}, optional
        How rows of one patient become one. Without it rows that repeat a patient are refused.
    per : {"sd", "unit"}, optional
        Slopes, odds and hazards for one standard deviation of the feature, or one unit of it.
    event : str, optional
        Name of the column with the event (1 happened, 0 censored), for survival.
    library_sizes : Series, optional
        Library size or size factor of each patient, for ``"negative_binomial"``; by default
        told from the counts by medians of ratios, which takes 100 genes or more.
    n_permutations : int, optional
        Freedman-Lane permutations within the sites, for linear methods: columns ``p_permuted``
        and ``p_max_t`` (step-down maxT over the family).
    seed : int, optional
        Of the permutations.
    keep : float, optional
        Greatest p-value that the table keeps; by default 1, and 0.001 beyond a million tests.
        All tests count in the adjustment.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    AssociationResult
        Table of tests, family, missingness, and warnings of what may make an illusion of it.

    Raises
    ------
    InputError
        If rows repeat a patient, tables share none, a confounder follows from others or from
        the sites, raw counts are given to a linear method or others to a count model, or there
        is nothing that varies.

    Notes
    -----
    Equal to R where it has the same: limma-trend, lme4 with lmerTest, survival, partial
    correlations; near to DESeq2 (tests/reference).

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> ids = [f"P{k:02}" for k in range(60)]
    >>> features = pd.DataFrame(rng.normal(size=(60, 2)), ids, ["entropy", "tortuosity"])
    >>> genes = pd.DataFrame({"VEGFA": features["tortuosity"] + rng.normal(size=60)})
    >>> found = associate(features, genes, method="pearson")
    >>> found.table.loc[0, "feature"], bool(found.table.loc[0, "q_value"] < 0.05)
    ('tortuosity', True)
    """
    entry = METHODS[method]
    _refuse_unused(entry, confounders, groups, n_permutations, library_sizes)
    refuse_harmonized_for(features, outcomes)
    joined = join(
        features,
        outcomes,
        method=entry,
        confounders=confounders,
        groups=groups,
        unit=unit,
        aggregate=aggregate,
        event=event,
        library_sizes=library_sizes,
    )
    tables = without_empty(joined, entry.outcome == "classes")
    refuse_unestimable(tables, entry)
    refuse_counts(tables, outcomes, entry)
    notes = [
        *tables.warnings,
        *warn_of_sites(tables, entry),
        *warn_of_volume(tables, entry),
    ]
    tables = _with_sizes(tables, entry)
    limit = _limit(tables, entry, keep)
    if limit < 1 and entry.describe is not None and not n_permutations:
        pairs = screen(tables, entry, per == "unit", limit, progress)
    else:
        pairs = test_all(tables, entry, per == "unit", progress)
    if n_permutations:
        notes += _permute(tables, entry, pairs, family, n_permutations, seed, progress)
    missing = missingness(tables)
    p_values = np.asarray(pairs.columns["p_value"], float)
    tests = (pairs.feature, pairs.outcome, p_values)
    remember_tests(tables.patients, tables.features, tables.outcomes, tables.feature_names, tests)
    notes += notes_on(tables, pairs, missing)
    table, words = table_of(tables, entry, pairs, family, correction, limit)
    effect = entry.effect
    if entry.slope:
        effect += f" per {'standard deviation' if per == 'sd' else 'unit'} of the feature"
    return AssociationResult(
        table,
        method,
        effect,
        words,
        pairs.n_tests,
        len(tables.patients),
        sites_in_words(tables, entry),
        missing,
        tuple(notes),
    )


def _refuse_unused(
    entry: Method,
    confounders: pd.DataFrame | None,
    groups: pd.Series | None,
    n_permutations: int,
    library_sizes: pd.Series | None,
) -> None:
    """A setting that would do nothing is a mistake that nobody would see."""
    if confounders is not None and not entry.confounders:
        raise InputError(
            f'{entry.title} takes no confounders. Choose the method "partial" or '
            '"partial_spearman", or leave them out.'
        )
    if groups is None and entry.site in ("random", "studies"):
        raise InputError(f"{entry.title} needs the site of each patient. Give groups=….")
    if n_permutations and entry.describe is None:
        names = ", ".join(other.name for other in METHODS if other.describe is not None)
        raise InputError(f"{entry.title} takes no permutations. Choose one of {names}.")
    if library_sizes is not None and entry.outcome != "count":
        raise InputError(f"{entry.title} takes no library_sizes; they belong to counts.")


def _with_sizes(tables: Tables, entry: Method) -> Tables:
    """Size factors of counts where they were not given."""
    if entry.joint and not np.isfinite(tables.outcomes).all():
        lost = ~np.isfinite(tables.outcomes).all(axis=0)
        names = [tables.outcome_names[at] for at in np.flatnonzero(lost)]
        raise InputError(
            f"{some(names, 'outcome')} miss values; {entry.title} judges all outcomes together "
            "and needs them complete. Leave these outcomes or patients out."
        )
    if entry.outcome != "count" or tables.size_factors is not None:
        return tables
    if len(tables.outcome_names) < _FEWEST_GENES:
        raise InputError(
            f"{len(tables.outcome_names)} genes are too few to tell how deep each sample was "
            f"sequenced ({_FEWEST_GENES} at least). Give library_sizes=…, from the whole table."
        )
    return replace(tables, size_factors=median_of_ratios(tables.outcomes))


def _limit(tables: Tables, entry: Method, keep: float | None) -> float:
    if keep is not None and not 0 < keep <= 1:
        raise InputError(f"keep is {keep}; it must lie above 0 and up to 1.")
    many = len(tables.feature_names) * len(tables.outcome_names) > _SCREENED
    return keep if keep is not None else _KEEP if many and entry.describe is not None else 1.0


def _permute(
    tables: Tables,
    entry: Method,
    pairs: Pairs,
    family: str,
    n_permutations: int,
    seed: int,
    progress: Progress,
) -> list[str]:
    """Add the p-values of permutations to the pairs; say where there are few orders."""
    block = whole_block(tables)
    work = n_permutations * block.n * len(pairs.feature)
    if work > _MOST_PERMUTED:
        raise InputError(
            f"{n_permutations} permutations of {len(pairs.feature)} tests would take hours. "
            "Screen first, and permute the few features that were chosen in other patients."
        )
    shape = (len(tables.feature_names), len(tables.outcome_names))
    families = family_of(pairs, family).reshape(shape)
    raw, adjusted = permuted_p_values(
        block, entry, families, n_permutations=n_permutations, seed=seed, progress=progress
    )
    pairs.columns["p_permuted"], pairs.columns["p_max_t"] = raw.ravel(), adjusted.ravel()
    few = few_orders(tables.site, block.n, n_permutations)
    return [few] if few else []
