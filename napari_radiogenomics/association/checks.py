"""What makes an association an illusion: refused, or said on the result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.association.correlations import ranked
from napari_radiogenomics.association.inputs import Tables
from napari_radiogenomics.association.method import Method
from napari_radiogenomics.association.tables import some
from napari_radiogenomics.data.nature import nature_of, require
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics.linear import (
    basis_of,
    correlate,
    correlation_p,
    unit,
)
from napari_radiogenomics.statistics.multiplicity import adjust
from napari_radiogenomics.statistics.patterns import patterns_of

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.provenance import Record

__all__ = [
    "missingness",
    "refuse_counts",
    "refuse_harmonized",
    "refuse_harmonized_for",
    "refuse_unestimable",
    "warn_of_sites",
    "warn_of_volume",
]

Reals = NDArray[np.float64]
_ALPHA = 0.05
_FOLLOWS_VOLUME = 0.7
_MANY_COUNTS = 20
_LARGE_COUNT = 100
_MOST_COMPARED = 50
_SMALL_SITE = 5


def refuse_harmonized_for(features: Any, outcomes: Any) -> None:
    """Refuse features that were harmonized while keeping what is tested now."""
    kept = set(map(str, getattr(features, "attrs", {}).get("kept", ())))
    names = getattr(outcomes, "columns", [getattr(outcomes, "name", None)])
    found = [str(name) for name in names if str(name) in kept]
    if found:
        raise InputError(
            f'The features were harmonized keeping "{found[0]}", which is tested here: what was '
            "kept is found again, with p-values that are too small. Harmonize without it, or "
            "give the sites as groups instead of harmonizing."
        )


def refuse_harmonized(history: Iterable[Record], name: str) -> None:
    """Refuse features that were harmonized before, where the raw effect is to be measured.

    Parameters
    ----------
    history : iterable of Record
        How the features came to be.
    name : str
        Of the cohort.
    """
    if any(record.verb == "harmonize" for record in history):
        raise InputError(
            f"The features of {name} were harmonized from all patients together: no raw effect "
            "can be measured, and what was kept would be found again. Give the features as they "
            "were measured, and the sites: the card harmonizes them inside the folds."
        )


def refuse_unestimable(tables: Tables, method: Method) -> None:
    """Refuse a confounder that sites or others determine, and an outcome that sites determine."""
    design = np.ones((len(tables.patients), 1))
    if tables.site is not None and method.site in ("fixed", "strata"):
        design = _members(tables.site)
    for name in dict.fromkeys(tables.confounder_names):
        own = np.array([other == name for other in tables.confounder_names])
        columns = tables.confounders[:, own]
        wider = np.hstack([design, columns - columns.mean(axis=0)])
        if basis_of(wider).shape[1] < wider.shape[1]:
            among = "the sites or " if tables.site is not None else ""
            raise InputError(
                f'The confounder "{name}" follows from {among}other confounders, so that their '
                "effects cannot be told apart. Leave one of them out."
            )
        design = wider
    if tables.site is not None and method.site and method.outcome != "survival":
        _refuse_determined(tables, tables.site)


def _members(site: NDArray[np.intp]) -> Reals:
    """1 where a patient is of a site, shape (N, S)."""
    return np.equal.outer(site, np.unique(site)).astype(float)


def _refuse_determined(tables: Tables, site: NDArray[np.intp]) -> None:
    for rows, own in patterns_of(np.isfinite(tables.outcomes)):
        values = tables.outcomes[np.ix_(rows, own)]
        left, _ = unit(basis_of(_members(site[rows])), values)
        determined = ~np.isfinite(left).all(axis=0) & (np.ptp(values, axis=0) > 0)
        if determined.any():
            name = tables.outcome_names[own[int(determined.argmax())]]
            raise InputError(
                f'The outcome "{name}" is the same for all patients of each site, so that its '
                "effect cannot be told from that of the site. Leave it out, or find sites with "
                "both."
            )


def warn_of_sites(tables: Tables, method: Method) -> list[str]:
    """Sites of few patients, and outcomes that differ between sites."""
    if tables.site is None:
        return [
            "No sites were given; differences between them are not accounted for, and what differs "
            "between scanners looks like biology. Give the site of each patient (groups) where "
            "there is more than one."
        ]
    notes = []
    counts = np.bincount(tables.site, minlength=len(tables.site_names))
    few = [
        f"{name} ({count})"
        for name, count in zip(tables.site_names, counts, strict=True)
        if count < _SMALL_SITE
    ]
    if few:
        plural = "these add" if len(few) > 1 else "this adds"
        notes.append(
            f"Fewer than {_SMALL_SITE} patients in {', '.join(few)}: {plural} little or nothing "
            "to the tests."
        )
    share, p_values = _between_sites(tables)
    q = adjust(p_values)
    differ = np.flatnonzero(q < _ALPHA)
    if len(differ):
        most = int(differ[share[differ].argmax()])
        taken = {
            "fixed": "Sites are part of the model.",
            "strata": "Sites are strata of the model.",
            "random": "Sites are random effects of the model.",
            "studies": "Each site is tested by itself.",
            "": f"{method.title} does not know of sites: what differs between scanners looks "
            'like biology. Use the method "partial", or another one that takes sites.',
        }[method.site]
        names = [tables.outcome_names[at] for at in differ]
        notes.append(
            f"{some(names, 'outcome')} differ{'s' if len(names) == 1 else ''} between sites "
            f'("{tables.outcome_names[most]}": {share[most]:.0%} of its variance). {taken}'
        )
    return notes


def _between_sites(tables: Tables) -> tuple[Reals, Reals]:
    """Share of the variance of each outcome between sites, and its p-value."""
    from scipy.special import fdtrc

    share = np.full(len(tables.outcome_names), np.nan)
    p_values = share.copy()
    for rows, own in patterns_of(np.isfinite(tables.outcomes)):
        site = tables.site[rows] if tables.site is not None else np.zeros(0, np.intp)
        levels = np.unique(site)
        within = len(site) - len(levels)
        if len(levels) < 2 or within < 1:
            continue
        values = tables.outcomes[np.ix_(rows, own)]
        values = values - values.mean(axis=0)
        member = np.equal.outer(levels, site).astype(float)
        between = ((member @ values) ** 2 / member.sum(axis=1)[:, None]).sum(axis=0)
        whole = np.maximum((values**2).sum(axis=0), 1e-300)
        share[own] = np.minimum(between / whole, 1.0)
        f = share[own] / np.maximum(1 - share[own], 1e-15) * within / (len(levels) - 1)
        p_values[own] = fdtrc(len(levels) - 1, within, f)
    return share, p_values


def warn_of_volume(tables: Tables, method: Method) -> list[str]:
    """Features that follow the volume where it is no confounder, or a volume that is not known."""
    named = [at for at, name in enumerate(tables.feature_names) if "volume" in name.lower()]
    taken = any("volume" in name.lower() for name in tables.confounder_names)
    if taken or len(tables.feature_names) == len(named):
        return []
    if not named:
        return [
            "No feature or confounder is called a volume: whether what is found is size alone was "
            "not looked at. Give the volume of the region, as a confounder where the method takes "
            "some."
        ]
    volume = tables.features[:, named[0]]
    known = np.isfinite(volume)
    filled = np.where(
        np.isfinite(tables.features), tables.features, np.nanmedian(tables.features, axis=0)
    )
    basis = np.full((int(known.sum()), 1), known.sum() ** -0.5)
    r = correlate(basis, ranked(filled[known]), ranked(volume[known][:, None])).r[:, 0]
    follow = [
        name
        for at, name in enumerate(tables.feature_names)
        if at not in named and abs(r[at]) >= _FOLLOWS_VOLUME
    ]
    if not follow:
        return []
    name = tables.feature_names[named[0]]
    how = (
        f'Adjust for "{name}", as a confounder, to see what is left beside it.'
        if method.confounders
        else f'Use the method "partial" and adjust for "{name}" to see what is left beside it.'
    )
    return [
        f"{some(follow, 'feature')} follow{'s' if len(follow) == 1 else ''} the volume (rank "
        f"correlation of {_FOLLOWS_VOLUME} or more), and volume is no confounder: what they find "
        f"may be size alone. {how}"
    ]


def refuse_counts(tables: Tables, outcomes: Any, method: Method) -> None:
    """Refuse where counts are treated as what they are not.

    Raises
    ------
    InputError
        If counts are wanted and others given, or the other way round.
    """
    if method.outcome not in ("count", "log", "number"):
        return
    if not np.isfinite(tables.outcomes).all():
        return
    stated = str(getattr(outcomes, "attrs", {}).get("unit", "")).lower()
    found = nature_of(tables.outcomes)
    if method.outcome == "count":
        remedy = (
            "Harmonized, normalized or log values are no counts: give the original counts, with "
            "site as groups."
        )
        others = ("expected count", "TPM", "FPKM", "log", "z", "intensity")
        remedies = dict.fromkeys(others, remedy)
        what = "the negative binomial model"
        require(found, ("count",), what, remedies, may_state=False)
        return
    many = tables.outcomes.shape[1] >= _MANY_COUNTS and found.largest > _LARGE_COUNT
    if found.kind == "count" and (many or stated in ("count", "counts")):
        raise InputError(
            f"The outcomes are raw counts ({found.reason}), which differ in library size and in "
            f"variance; {method.title} would mistake that for biology. Normalize them first "
            '(normalize_counts), or choose the method "negative_binomial".'
        )


def missingness(tables: Tables) -> pd.DataFrame:
    """Whether values of features are missing more often with some outcomes or sites.

    Returns
    -------
    DataFrame
        One row a pattern of missing features and an outcome: ``features`` (how many),
        ``first``, ``n_missing``, ``outcome``, ``correlation`` of being missing with the
        outcome, ``p_value`` and ``q_value``. Empty where nothing is missing.
    """
    import pandas as pd

    rows = []
    for pattern, owners in patterns_of(np.isfinite(tables.features)):
        if pattern.all():
            continue
        for name, outcome in _compared(tables):
            there = np.isfinite(outcome)
            basis = np.full((int(there.sum()), 1), there.sum() ** -0.5)
            lost = (~pattern[there]).astype(float)[:, None]
            pairs = correlate(basis, lost, outcome[there][:, None])
            r = float(pairs.r[0, 0])
            p = float(correlation_p(pairs.r, pairs.freedom)[0, 0]) if pairs.freedom > 0 else np.nan
            first = tables.feature_names[owners[0]]
            rows.append((len(owners), first, int((~pattern).sum()), name, r, p))
    columns = ["features", "first", "n_missing", "outcome", "correlation", "p_value"]
    table = pd.DataFrame(rows, columns=columns)
    table["q_value"] = adjust(table["p_value"].to_numpy(float)) if len(table) else np.empty(0)
    return table


def _compared(tables: Tables) -> list[tuple[str, Reals]]:
    """Outcomes, the first principal axis of very many, and sites one by one."""
    out: list[tuple[str, Reals]] = []
    if tables.event is not None:
        out.append(("event", tables.event))
    if len(tables.outcome_names) <= _MOST_COMPARED:
        out += list(zip(tables.outcome_names, tables.outcomes.T, strict=True))
    else:
        complete = tables.outcomes[:, np.isfinite(tables.outcomes).all(axis=0)]
        if complete.shape[1]:
            scaled = (complete - complete.mean(axis=0)) / complete.std(axis=0)
            values, vectors = np.linalg.eigh(scaled @ scaled.T)
            out.append(("first principal component of the outcomes", vectors[:, values.argmax()]))
    if tables.site is not None:
        out += [
            (f"site {name}", (tables.site == at).astype(float))
            for at, name in enumerate(tables.site_names)
        ]
    return out
