"""`skat`: gene sets against an imaging phenotype, from genotypes, mutations or expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.association.inputs import shared_patients, site_columns
from napari_radiogenomics.association.tables import (
    as_table,
    coded,
    numbers_of,
    one_row_a_patient,
    some,
)
from napari_radiogenomics.data.gene_sets import gene_sets_of
from napari_radiogenomics.data.tests_made import remember_tests
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.statistics.linear import basis_of
from napari_radiogenomics.statistics.multiplicity import Correction, adjust
from napari_radiogenomics.statistics.skat_optimal import optimal
from napari_radiogenomics.statistics.threads import one_thread
from napari_radiogenomics.statistics.variance_component import (
    NullModel,
    SetKernel,
    burden,
    kernel_test,
)

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.provenance import Record

__all__ = ["SetTest", "SkatResult", "Weights", "skat"]

Reals = NDArray[np.float64]
SetTest = Literal["skat", "burden", "skat-o"]
Weights = Literal["auto", "beta", "equal"]
_TITLES = {"skat": "SKAT", "burden": "Burden test", "skat-o": "SKAT-O"}
_FEW = 200
# Shares of values that are 0, 1 or 2, from which the others are taken for dosages, or for errors.
_DOSAGES, _MOSTLY = 0.5, 0.9


@dataclass(frozen=True, eq=False)
class SkatResult:
    """Gene sets against one outcome.

    Attributes
    ----------
    table : DataFrame
        One row a set, the smallest p-values first: ``set``, ``n`` (patients), ``members``,
        ``statistic``, ``p_value``, ``q_value``; of SKAT-O also ``rho``, from 0 (SKAT) to 1
        (burden), and the statistic is the smallest p-value over ρ, not yet paid for.
    method : str
        Test.
    family : str
        How many sets were adjusted together, and how.
    p_kind : str
        Whether the p-values are exact, adjusted for the small sample, or of a large sample; of
        SKAT-O also how it differs from R's.
    warnings : tuple of str
        What should be known.
    history : tuple of Record
        How it came to be.
    """

    table: pd.DataFrame
    method: str
    family: str
    p_kind: str
    warnings: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()


@verb
def skat(
    members: pd.DataFrame,
    outcome: pd.Series,
    gene_sets: Mapping[str, Any] | None = None,
    *,
    method: SetTest = "skat",
    covariates: pd.DataFrame | None = None,
    groups: pd.Series | None = None,
    weights: Weights = "auto",
    small_sample: bool = True,
    correction: Correction = "bh",
    progress: Progress = quiet,
) -> SkatResult:
    """Test whether the members of a gene set, taken together, vary with an outcome.

    Parameters
    ----------
    members : DataFrame, N patients × K
        Genotypes (0, 1, 2), mutations (0, 1) or expression, by patient.
    outcome : Series
        Imaging phenotype, by patient: numbers, or two classes.
    gene_sets : mapping, optional
        Name of each set to its columns (as `GeneSets`); None takes all columns as one set.
        Weights of a set multiply those of ``weights``.
    method : {"skat", "burden", "skat-o"}, optional
        Effects in any direction; all in one direction; or what fits better, with its price.
    covariates : DataFrame, optional
        What else may explain the outcome, by patient.
    groups : Series, optional
        Site or scanner of each patient, part of the model.
    weights : {"auto", "beta", "equal"}, optional
        ``"beta"`` weighs rare variants more: Beta(1, 25) of the minor allele frequency.
        ``"auto"`` does so for 0, 1, 2 and dosages between, and weighs all else alike.
    small_sample : bool, optional
        SKAT and burden of numbers: the exact test. SKAT of two classes: mean, variance and
        kurtosis of the small sample. False gives the large-sample answers of R's SKAT. SKAT-O
        is of a large sample either way.
    correction : str, optional
        How p-values are adjusted for the number of sets.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    SkatResult

    Raises
    ------
    InputError
        If rows repeat a patient, tables share none, the outcome has one value, no set has a
        member that varies, or genotypes hold a value that is none, such as 5 or -9.

    Notes
    -----
    Statistics and large-sample p-values of SKAT and burden are those of R's SKAT. The tail of
    the χ² mixture is right to rounding; SKAT-O integrates over it. SKAT-O differs from R's by
    intent: the limits of its tests are quantiles of the mixture itself, where R takes those of a
    scaled χ². Of the three reference cases, R answers 0.0499, 0.0872 and 0.4436, this 0.0511,
    0.0896 and 0.4424; four million draws of the scores under the null say 0.0512, 0.0894 and
    0.4416 (± 0.0001 to 0.0002). With R's limits the answers are R's to 1.2e-4, the precision of
    its integral. R also adjusts two classes for a small sample unless told otherwise, which
    SKAT-O here does not.

    References
    ----------
    Wu 2011, https://doi.org/10.1016/j.ajhg.2011.05.029; Lee 2012,
    https://doi.org/10.1016/j.ajhg.2012.06.007.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> genes = pd.DataFrame(rng.normal(size=(60, 4)), columns=["KDR", "FLT1", "TEK", "ACTB"])
    >>> tortuosity = genes["KDR"] - genes["FLT1"] + rng.normal(size=60)
    >>> found = skat(genes, tortuosity, {"VEGF": ["KDR", "FLT1"], "other": ["ACTB"]})
    >>> found.table["set"].tolist(), bool(found.table["q_value"][0] < 0.01)
    (['VEGF', 'other'], True)
    """
    notes: list[str] = []
    patients, values, names, y, given = _joined(members, outcome, covariates, groups, notes)
    binary = set(np.unique(y)) == {0.0, 1.0}
    null = NullModel.of_classes(y, given) if binary else NullModel.continuous(y, given)
    weighted = _weighted(values, names, weights, notes)
    sets = {"all": dict.fromkeys(names, 1.0)} if gene_sets is None else _sets(gene_sets)
    _tell_absent(sets, names, notes)
    place = {name: at for at, name in enumerate(names) if np.ptp(weighted[:, at]) > 0}
    rows = []
    with one_thread():
        whole = SetKernel.of(weighted, null)  # the covariates are taken out of all members once
        for name, genes in progress(list(sets.items()), _TITLES[_known(method)]):
            own = {place[gene]: weight for gene, weight in genes.items() if gene in place}
            if not own:
                notes.append(f'"{name}" has no member in the table that varies: not tested.')
                continue
            kernel = whole.part(list(own), np.array(list(own.values())))
            rows.append((name, len(y), len(own), *_tested(kernel, method, small_sample)))
    if not rows:
        raise InputError(
            "No set has a member that varies. Check that the sets name the columns of the table."
        )
    kind = _kind(method, binary, small_sample)
    if method == "skat-o" and len(y) < _FEW:
        what, small = ("two classes", "adjusted") if binary else ("numbers", "exact")
        notes.append(
            f"SKAT-O of {what} and {len(y)} patients answers for large samples; look at "
            f'the method "skat", which is {small} for small ones, too.'
        )
    table = _table(rows, method, correction)
    _remember(patients, values, names, y, sets, table)
    words = f"{_TITLES[method]}: {len(table)} gene sets adjusted together ({correction})."
    return SkatResult(table, method, words, kind, tuple(notes))


def _remember(
    patients: Sequence[str],
    values: Reals,
    names: Sequence[str],
    y: Reals,
    sets: Mapping[str, Mapping[str, float]],
    table: pd.DataFrame,
) -> None:
    """Each member has been tested, with the smallest p-value of a set that it is in."""
    place = {name: at for at, name in enumerate(names)}
    tested = zip(table["set"], table["p_value"], strict=True)
    pairs = [(place[gene], p) for name, p in tested for gene in sets[name] if gene in place]
    at, p_value = (np.array(part) for part in zip(*pairs, strict=True))
    tests = (at, np.zeros_like(at), p_value)
    remember_tests(patients, values, y[:, None], names, tests)


def _tell_absent(
    sets: Mapping[str, Mapping[str, float]], names: Sequence[str], notes: list[str]
) -> None:
    """Tell of members that the table has not."""
    known = set(names)
    lost = list(
        dict.fromkeys(gene for genes in sets.values() for gene in genes if gene not in known)
    )
    if lost:
        count = sum(not known.issuperset(genes) for genes in sets.values())
        where = f"{count} set{'s' if count != 1 else ''}"
        are = "is" if len(lost) == 1 else "are"
        notes.append(f"{some(lost, 'member')} of {where} {are} not in the table and left out.")


def _known(method: str) -> str:
    from napari_radiogenomics.registry import did_you_mean

    if method not in _TITLES:
        raise InputError(f'No set test "{method}". {did_you_mean(method, list(_TITLES))}')
    return method


def _joined(
    members: Any, outcome: Any, covariates: Any, groups: Any, notes: list[str]
) -> tuple[list[str], Reals, list[str], Reals, Reals]:
    """Patients, their members, names of these, the outcome, and what is given."""
    table = one_row_a_patient(as_table(members), None, "", "members")
    wanted = one_row_a_patient(as_table(outcome), None, "", "outcomes").iloc[:, :1]
    table, wanted = _with_outcome(table, wanted, notes)
    beside = (
        None
        if covariates is None
        else one_row_a_patient(as_table(covariates), None, "", "confounders")
    )
    site = None if groups is None else one_row_a_patient(as_table(groups), None, "", "groups")
    patients = shared_patients(
        table, wanted, beside, None if site is None else site.iloc[:, 0], notes
    )
    y, coding = numbers_of(wanted.loc[patients], "outcome")
    notes += coding
    y = y[:, 0]
    levels = np.unique(y)
    if len(levels) < 2:
        raise InputError("The outcome is the same for all patients. Choose another one.")
    if len(levels) == 2:
        y = (y == levels[1]).astype(float)
    matrix, _ = coded(None if beside is None else beside.loc[patients], len(patients))
    codes, _ = site_columns(None if site is None else site.iloc[:, 0], patients)
    given = np.hstack([np.ones((len(y), 1)), matrix, codes])
    if basis_of(given).shape[1] < given.shape[1]:
        raise InputError(
            "The covariates follow from each other or from the sites, so that their effects "
            "cannot be told apart. Leave one of them out."
        )
    if len(y) < given.shape[1] + 3:
        raise InputError(f"{len(y)} patients are too few for {given.shape[1]} covariates.")
    values, _ = numbers_of(table.loc[patients], "member")
    return list(map(str, patients)), values, list(map(str, table.columns)), y, given


def _with_outcome(
    table: pd.DataFrame, wanted: pd.DataFrame, notes: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables without the patients whose outcome is missing, who are told."""
    missing = wanted.index[wanted.iloc[:, 0].isna()]
    if len(missing) == len(wanted):
        raise InputError("The outcome has no value for any patient. Choose another one.")
    lost = [str(name) for name in table.index.intersection(missing, sort=False)]
    if lost:
        notes.append(f"{some(lost, 'patient')} without a value of the outcome: left out.")
    return table.drop(index=lost), wanted.drop(index=missing)


def _weighted(values: Reals, names: list[str], weights: str, notes: list[str]) -> Reals:
    """Members times their weights; missing ones get the mean, common alleles are turned."""
    values = values.copy()
    known = np.isfinite(values)
    lost = ~known.all(axis=0)
    if lost.any():
        found = [names[at] for at in np.flatnonzero(lost)]
        gone = int((~known).sum())
        notes.append(
            f"{some(found, 'member')} miss{'es' if len(found) == 1 else ''} {gone} "
            f"value{'s' if gone != 1 else ''}, set to the mean."
        )
        counts = np.maximum(known.sum(axis=0), 1)
        means = np.where(known, values, 0.0).sum(axis=0) / counts
        values = np.where(known, values, means)
    if weights not in ("auto", "beta", "equal"):
        raise InputError(f'No weights "{weights}". Choose "auto", "beta" or "equal".')
    if weights == "equal" or not _genotypes(values, known, names, weights == "beta", notes):
        return values
    frequency = values.mean(axis=0) / 2
    common = frequency > 0.5
    if common.any():
        turned = [names[at] for at in np.flatnonzero(common)]
        one = len(turned) == 1
        notes.append(
            f"{some(turned, 'member')} count{'s' if one else ''} the common allele: turned to the "
            "rare one."
        )
        values[:, common] = 2 - values[:, common]
        frequency = np.where(common, 1 - frequency, frequency)
    return np.asarray(values * 25 * (1 - frequency) ** 24)  # density of Beta(1, 25)


def _genotypes(
    values: Reals, known: NDArray[np.bool_], names: list[str], wanted: bool, notes: list[str]
) -> bool:
    """Whether members are genotypes or dosages, by their values; a note where that is in doubt.

    Raises
    ------
    InputError
        If they are, but for a value that no genotype has.
    """
    given = values[known]
    share = float(np.isin(given, (0.0, 1.0, 2.0)).mean()) if len(given) else 0.0
    outside = known & ((values < 0) | (values > 2))
    if outside.any() and not wanted and share < _MOSTLY:
        return False
    if outside.any():
        row, at = np.argwhere(outside)[0]
        raise InputError(
            f'"{names[at]}" holds {values[row, at]:g}, and genotypes are 0, 1, 2 or between '
            f"({int(outside.sum())} values are not). Correct it, or leave it empty where it means "
            'missing; where these are no genotypes, choose the weights "equal".'
        )
    if share < 1 and (wanted or share >= _DOSAGES):
        notes.append(
            f"{100 * (1 - share):.2g} % of the values lie between 0, 1 and 2: taken for dosages, "
            'rare ones weighed more. Choose the weights "equal" where they are none.'
        )
    elif share < 1 and len(given):
        notes.append(
            "All members lie between 0 and 2, but few are 0, 1 or 2: weighed alike. Choose the "
            'weights "beta" where they are dosages of alleles.'
        )
        return False
    return True


def _sets(gene_sets: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    found = gene_sets_of(gene_sets)
    return {one.name: {gene: one.weight_of(gene) for gene in one.genes} for one in found.values()}


def _tested(kernel: SetKernel, method: str, small_sample: bool) -> tuple[float, float, float]:
    """Statistic, p-value and ρ of one set."""
    if method == "skat-o":
        p_value, rho, least = optimal(kernel)
        return least, p_value, rho
    if method == "burden":
        total = float(kernel.members.sum(axis=1) @ kernel.null.residual)
        return total**2 / 2, burden(kernel, exact=small_sample), np.nan
    return kernel.q / 2, kernel_test(kernel, exact=small_sample), np.nan


def _kind(method: str, binary: bool, small_sample: bool) -> str:
    if method == "skat-o":
        return "large sample; limits from the mixture itself, R's SKAT-O takes a scaled χ²"
    if not small_sample or (binary and method == "burden"):
        return "large sample"
    return "adjusted for the small sample" if binary else "exact"


def _table(rows: list[Any], method: str, correction: Correction) -> pd.DataFrame:
    import pandas as pd

    columns = ["set", "n", "members", "statistic", "p_value", "rho"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(5, "q_value", adjust(table["p_value"].to_numpy(float), correction))
    table = table if method == "skat-o" else table.drop(columns="rho")
    return table.sort_values("p_value", kind="stable", ignore_index=True)
