"""What the patients of a cohort may be asked: classes, numbers, mutations, survival."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.cohort_tables import clinical_columns
from napari_radiogenomics.genomics.cohort_outcomes import cohort_outcomes
from napari_radiogenomics.io.cohort_variants import mutation_table

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["NAMED", "Target", "event_column", "own_columns", "target_values", "targets_of"]

_SURVIVAL = (("os_days", "os_event"), ("time", "event"), ("survival_days", "event"))
_FEW, _QUICK_BYTES = 6, 5_000_000
_NO, _YES = "no", "yes"


@dataclass(frozen=True)
class Target:
    """An outcome to predict.

    Attributes
    ----------
    kind : {"column", "level", "mutation", "survival", "named"}
        A column as it is, one of its groups against the others, a mutated gene, times, or what
        is named in a line of text.
    name, level : str
        Column or gene, and the group.
    """

    kind: Literal["column", "level", "mutation", "survival", "named"]
    name: str = ""
    level: str = ""

    @property
    def title(self) -> str:
        """As a person reads it."""
        if self.kind == "survival":
            return f"Survival ({self.name})"
        if self.kind == "named":
            return "Named below"
        if self.kind == "mutation":
            return f"{self.name} mutation"
        return f"{self.name}: {self.level}" if self.level else self.name


NAMED = Target("named")
"""A gene, a pathway or a mutation that the person writes."""


def targets_of(cohort: Cohort | None) -> list[Target]:
    """Outcomes that a cohort offers, classes before numbers.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> found = targets_of(open_cohort(sample_cohort()))
    >>> [target.title for target in found if target.kind in ("mutation", "survival")]
    ['EGFR mutation', 'TP53 mutation', 'IDH1 mutation', 'KRAS mutation', 'Survival (os_days)']
    """
    if cohort is None:
        return []
    found = [Target("mutation", gene) for gene in _mutated(cohort)]
    pair = _survival_columns(cohort)
    found += [Target("survival", pair[0])] if pair else []
    numbers: list[Target] = []
    for name in clinical_columns(cohort):
        values = cohort.patients[name].replace("", None).dropna()
        levels = sorted({str(value) for value in values})
        if len(levels) == 2:
            found.append(Target("column", name))
        elif 2 < len(levels) <= _FEW:
            found += [Target("level", name, level) for level in levels]
        elif pair is None or name not in pair:
            numbers += [Target("column", name)] * _are_numbers(values)
    return [*found, *numbers, NAMED]


def _are_numbers(values: pd.Series) -> bool:
    return bool(pd.to_numeric(values, errors="coerce").notna().all())


def _mutated(cohort: Cohort) -> list[str]:
    """Genes with enough altered and unaltered patients; of a large file nothing: name one."""
    if any(ref.path.exists() and ref.path.stat().st_size > _QUICK_BYTES for ref in cohort.variants):
        return []
    try:
        table = mutation_table(cohort)
    except InputError:
        return []
    wild = table.eq("wildtype")
    few = np.minimum(wild.sum(), (table.notna() & ~wild).sum())
    return [str(name) for name in few[few > 1].sort_values(ascending=False, kind="stable").index]


def _survival_columns(cohort: Cohort) -> tuple[str, str] | None:
    known = set(map(str, cohort.patients.columns))
    return next((pair for pair in _SURVIVAL if set(pair) <= known), None)


def target_values(
    cohort: Cohort, target: Target, text: str = ""
) -> tuple[pd.Series | pd.DataFrame, set[str], str]:
    """Outcome of each patient.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    target : Target
        Which.
    text : str, optional
        Name of the gene, pathway or mutation (``"EGFR mutation"``) of `NAMED`.

    Returns
    -------
    values : Series or DataFrame
        By patient, as `fuse` takes it.
    made_of : set of str
        Columns and genes that must not predict it.
    kind : str
        What it is, as `cohort_modalities` takes it.

    Raises
    ------
    InputError
        If nothing is named, or the name is unknown.
    """
    if target.kind == "survival":
        return _survival(cohort)
    if target.kind == "mutation":
        return _mutation(cohort, target.name)
    if target.kind == "named":
        return _named(cohort, text.strip())
    column = cohort.patients[target.name].replace("", None)
    if target.kind == "level":
        same = pd.Series(np.where(column.astype(str) == target.level, _YES, _NO), column.index)
        values = same.where(column.notna()).rename(target.title)
    else:
        plain = _are_numbers(column.dropna())
        values = (pd.to_numeric(column) if plain else column).rename(target.name)
    return values, {target.name}, "clinical"


def event_column(cohort: Cohort | None, target: Target) -> str:
    """Column that says whether the event of a time came; empty for other outcomes."""
    pair = _survival_columns(cohort) if cohort is not None else None
    return pair[1] if pair and target.kind == "survival" else ""


def own_columns(cohort: Cohort | None, target: Target | None) -> set[str]:
    """Columns of the patients that an outcome is made of; none of what is still to be named."""
    if cohort is None or target is None or target == NAMED:
        return set()
    if target.kind == "survival":
        return set(_survival_columns(cohort) or ())
    return {target.name} if target.kind != "mutation" else _named_after(cohort, target.name)


def _survival(cohort: Cohort) -> tuple[pd.DataFrame, set[str], str]:
    pair = _survival_columns(cohort)
    if pair is None:
        raise InputError(
            "The table of patients has no survival. Name its columns os_days and os_event."
        )
    table = cohort.patients[list(pair)].apply(pd.to_numeric, errors="coerce")
    later = {name for name, early in clinical_columns(cohort).items() if not early}
    return table, {*pair, *later}, "survival"


def _mutation(cohort: Cohort, gene: str) -> tuple[pd.Series, set[str], str]:
    values = cohort_outcomes(cohort, [f"{gene} mutation"]).iloc[:, 0]
    told = values.map({0.0: _NO, 1.0: _YES}).rename(f"{gene} mutation")
    return told, {gene, *_named_after(cohort, gene)}, "mutation"


def _named_after(cohort: Cohort, gene: str) -> set[str]:
    same = re.compile(rf"{re.escape(gene)}([ _-]?(mut|status|alter).*)?", re.IGNORECASE)
    return {name for name in map(str, cohort.patients.columns) if same.fullmatch(name)}


def _named(cohort: Cohort, text: str) -> tuple[pd.Series, set[str], str]:
    if not text:
        raise InputError("Nothing is named. Write a gene, a gene set or a mutation: EGFR mutation.")
    if text.endswith(" mutation"):
        return _mutation(cohort, text.removesuffix(" mutation"))
    table = cohort_outcomes(cohort, [text])
    kind = str(table.attrs["kinds"][text])
    if kind == "mutation":
        return _mutation(cohort, text)
    return table[text], {text}, kind


def target_called(cohort: Cohort, name: str) -> tuple[Target, str]:
    """Outcome that a person names in one line of text.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    name : str
        A column, ``"column: group"``, a mutated gene (``"EGFR"``, ``"EGFR mutation"``), or a
        gene or gene set of the expression.

    Returns
    -------
    target : Target
    text : str
        What `target_values` takes beside it.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> cohort = open_cohort(sample_cohort())
    >>> [target_called(cohort, name)[0].title for name in ("EGFR", "stage: II", "sex")]
    ['EGFR mutation', 'stage: II', 'sex']
    """
    column, colon, level = name.partition(": ")
    if name in cohort.patients:
        return Target("column", name), ""
    if colon and column in cohort.patients and (cohort.patients[column].astype(str) == level).any():
        return Target("level", column, level), ""
    gene = name.removesuffix(" mutation")
    try:
        mutated = gene in mutation_table(cohort)
    except InputError:
        mutated = False
    return (Target("mutation", gene), "") if mutated else (NAMED, name)
