"""`region_scores`: what the samples of a region say, and where it stands in the cohort.

And `paint`, `paint_points`: the only answers to "which color may this region, this point have".
Letters: R regions, N samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.link import Links
from napari_radiogenomics.data.precision import Precision, allows
from napari_radiogenomics.data.structures import WHOLE
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["paint", "paint_points", "percentile", "region_scores"]

_KEYS = ("patient_id", "segmentation_id", "label", "region", "volume_ml")
_Group = tuple[dict[str, Any], list[str], Precision, str]
_POOLED = "mean of the samples of its regions"


@verb
def region_scores(
    links: Links, scores: pd.DataFrame | pd.Series, *, progress: Progress = quiet
) -> pd.DataFrame:
    """Score regions by their samples, and place each score in the cohort.

    Parameters
    ----------
    links : Links
        From `link_samples`.
    scores : DataFrame or Series
        Of the samples of the whole cohort, index ``sample_id``: what `score_cohort` answers
        (columns ``value`` and ``precision``), or a column for each gene set as from
        `score_pathways`, or one Series.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame
        A row for each region and score, the whole tumor among the regions: ``patient_id,
        segmentation_id, label, region, volume_ml, name`` (of the score), ``score`` (mean of
        its samples), ``n`` and ``samples`` (their ids); ``percentile`` of the score among
        ``cohort_n`` samples of the cohort that are as precise, ``reference`` in words;
        ``precision``, ``how`` and ``unit``. A region without samples has ``n`` 0 and no score.

    Raises
    ------
    InputError
        If none of the linked samples has a score.

    Notes
    -----
    The whole tumor is scored by its bulk samples; where there are none, by the mean of those
    of its regions, which ``how`` says. Percentiles count ties half.

    Examples
    --------
    >>> import pandas as pd
    >>> from napari_radiogenomics import Samples
    >>> frame = pd.DataFrame({"sample_id": ["a", "b"], "patient_id": ["W1", "W2"],
    ...     "structure": ["CTpan", "CT"], "precision": "region"})
    >>> from napari_radiogenomics.data.link import link_samples
    >>> links = link_samples(Samples.from_table(frame))
    >>> table = region_scores(links, pd.Series({"a": 3.0, "b": 1.0}, name="CA9"))
    >>> table[["patient_id", "region", "score", "percentile"]].values.tolist()[0]
    ['W1', 'necrotic', 3.0, 75.0]
    """
    import pandas as pd

    found = _Scores.of(scores)
    linked = set(links.table["sample_id"])
    if not linked & set(found.values.index):
        some = ", ".join(map(str, list(found.values.index)[:3]))
        raise InputError(
            f"None of the {len(linked)} linked samples has a score: samples are called "
            f"{', '.join(sorted(linked)[:3])}, scores {some}. Score the same cohort."
        )
    plans: dict[frozenset[str], _Plan] = {}
    rows: list[dict[str, Any]] = []
    for name in progress(list(map(str, found.values)), "Scores"):
        values = found.values[name].dropna().to_dict()
        known = frozenset(map(str, values))
        if known not in plans:  # scores of the same samples share who counts for what
            plans[known] = _Plan.of(links, found, known)
        rows += _rows(plans[known], values, name, found.unit)
    columns = [*_KEYS, "name", "score", "n", "samples", "percentile", "cohort_n", "reference",
               "precision", "how", "unit"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns).astype({"label": "Int64"})
    table.attrs.update(unit=found.unit, notes=(*found.notes, *links.notes))
    return table


@dataclass(frozen=True, eq=False)
class _Scores:
    """Scores in one form.

    Attributes
    ----------
    values : DataFrame, N samples × scores
        Index ``sample_id``.
    precision : dict
        Sample → precision of its score, where that is known.
    """

    values: pd.DataFrame
    precision: dict[str, str]
    unit: str
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, scores: pd.DataFrame | pd.Series) -> _Scores:
        import pandas as pd

        unit, notes = str(scores.attrs.get("unit", "")), tuple(scores.attrs.get("notes", ()))
        if isinstance(scores, pd.Series):
            values = scores.to_frame(str(scores.name or "score"))
            return cls(_numeric(values), {}, unit, notes)
        if "value" not in scores:
            return cls(_numeric(scores), dict(scores.attrs.get("precision", {})), unit, notes)
        name = str(scores.attrs.get("name", "value"))
        precision = scores["precision"].to_dict() if "precision" in scores else {}
        return cls(_numeric(scores[["value"]].set_axis([name], axis=1)), precision, unit, notes)

    def may(self, sample: str, claim: Precision) -> bool:
        """Whether the score of a sample, if its precision is known, supports a claim."""
        return allows(self.precision.get(sample, Precision.POINT), claim)


def _numeric(table: pd.DataFrame) -> pd.DataFrame:
    text = [str(name) for name, kind in table.dtypes.items() if kind.kind not in "iufb"]
    if text:
        raise InputError(f'The scores "{text[0]}" are no numbers. Leave that column out.')
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()][0]
        raise InputError(f'Sample "{twice}" has several rows of scores. Keep one.')
    return table.astype(float)


@dataclass(frozen=True)
class _Plan:
    """Who counts for which region, and for what each claim is compared with.

    Attributes
    ----------
    groups : list
        Keys, samples with a score, claim and way of each region.
    references : dict
        Claim → samples of the cohort that are as precise, and what they are in words.
    """

    groups: list[_Group]
    references: dict[Precision, tuple[list[str], str]]

    @classmethod
    def of(cls, links: Links, scores: _Scores, known: frozenset[str]) -> _Plan:
        claims = (Precision.REGION, Precision.TUMOUR)
        references = {claim: _reference(scores, known, claim) for claim in claims}
        return cls(list(_groups(links, scores, known)), references)


def _rows(plan: _Plan, values: dict[str, float], name: str, unit: str) -> Iterator[dict[str, Any]]:
    """Rows of one score: every region of every patient, then the whole tumors."""
    references = {
        claim: (np.array([values[sample] for sample in samples]), said)
        for claim, (samples, said) in plan.references.items()
    }
    for keys, samples, claim, how in plan.groups:
        known = [values[sample] for sample in samples]
        score = float(np.mean(known)) if known else np.nan
        reference, said = references[claim]
        yield {
            **keys, "name": name, "score": score, "n": len(known), "samples": ", ".join(samples),
            "percentile": percentile(score, reference), "cohort_n": len(reference),
            "reference": said, "precision": claim.value if known else "", "how": how,
            "unit": unit,
        }  # fmt: skip


def _groups(links: Links, scores: _Scores, known: frozenset[str]) -> Iterator[_Group]:
    """Keys, samples with a score, claim and way of each region."""
    fine, coarse = (
        _scored(links.counting(claim), scores, known, claim)
        for claim in (Precision.REGION, Precision.TUMOUR)
    )
    owners = links.table[["patient_id", "segmentation_id"]].drop_duplicates()
    for patient, segmentation in owners.itertuples(index=False):
        own, all_own = (
            rows[(rows["patient_id"] == patient) & (rows["segmentation_id"] == segmentation)]
            for rows in (fine, coarse)
        )
        for keys in _regions(links, patient, segmentation):
            if keys["region"] == WHOLE:
                bulk = all_own[all_own["how"] == "tumor"]
                used, claim = (bulk if len(bulk) else all_own), Precision.TUMOUR
                how = [_POOLED] if len(all_own) and not len(bulk) else bulk["how"]
            else:
                used, claim = own[own["region"] == keys["region"]], Precision.REGION
                how = used["how"]
            samples = [str(sample) for sample in dict.fromkeys(used["sample_id"])]
            yield keys, samples, claim, " and ".join(dict.fromkeys(how))


def _scored(
    rows: pd.DataFrame, scores: _Scores, known: frozenset[str], claim: Precision
) -> pd.DataFrame:
    """Rows of samples that have a score which supports a claim."""
    mask = [sample in known and scores.may(sample, claim) for sample in rows["sample_id"]]
    return rows[np.array(mask, bool)]


def _regions(links: Links, patient: str, segmentation: str) -> list[dict[str, Any]]:
    """Regions of a segmentation; without one, those that its samples name, and the tumor."""
    table = links.regions
    found = table[(table["patient_id"] == patient) & (table["segmentation_id"] == segmentation)]
    records = found.to_dict("records")
    if not records:
        rows = links.table[links.table["patient_id"] == patient]
        names = [name for name in dict.fromkeys(rows["region"]) if name and name != WHOLE]
        records = [{"segmentation_id": segmentation, "label": None, "region": name,
                    "volume_ml": np.nan} for name in [*names, WHOLE]]  # fmt: skip
    return [{**record, "patient_id": patient} for record in records]


def _reference(scores: _Scores, known: frozenset[str], claim: Precision) -> tuple[list[str], str]:
    """Samples of the cohort that a score of this claim is compared with, and what they are."""
    stated = scores.precision
    samples = sorted(known)
    if not stated:
        return samples, f"all {len(samples)} scored samples"
    fine = [s for s in samples if allows(stated.get(s, "patient"), "region")]
    bulk = [s for s in samples if s not in set(fine) and allows(stated.get(s, "patient"), "tumour")]
    if claim is Precision.REGION:
        return fine, f"{len(fine)} samples of a known place in the cohort"
    if not bulk:  # the tumors themselves are scored by the samples of their regions
        return fine, f"{len(fine)} samples of regions in the cohort"
    return bulk, f"{len(bulk)} samples of whole tumors in the cohort"


def percentile(score: float, reference: NDArray[np.float64]) -> float:
    """Percentage of reference values below a score, ties counted half; NaN without either.

    Examples
    --------
    >>> percentile(2.0, np.array([1.0, 2.0, 3.0]))
    50.0
    """
    if not len(reference) or not np.isfinite(score):
        return float("nan")
    below, same = (reference < score).sum(), (reference == score).sum()
    return float(100 * (below + same / 2) / len(reference))


def paint(
    table: pd.DataFrame, *, claim: Literal["auto", "region", "tumor"] = "auto"
) -> pd.DataFrame:
    """Say which value each label of one tumor may be colored by: the rule of every view.

    Parameters
    ----------
    table : DataFrame
        Rows of `region_scores` of one patient, segmentation and score.
    claim : {"auto", "region", "tumor"}, optional
        Color regions by their own samples, or the whole tumor by one value; ``"auto"`` takes
        regions where any has samples.

    Returns
    -------
    DataFrame, index ``label``
        ``value, precision, how, n, unit``; labels without a value that they may claim are not
        in it.

    Raises
    ------
    InputError
        If the rows are of several scores, patients or segmentations, or no sample supports
        the claim.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"patient_id": "P1", "segmentation_id": "R1", "name": "CA9",
    ...     "label": pd.array([1, 3, None], "Int64"), "region": ["core", "rim", "whole tumor"],
    ...     "score": [None, None, 6.5], "n": [0, 0, 1], "precision": ["", "", "tumour"],
    ...     "how": ["", "", "tumor"], "unit": "log2 CPM"})
    >>> paint(rows)["value"].to_dict()
    {1: 6.5, 3: 6.5}
    """
    for column in ("name", "patient_id", "segmentation_id"):
        if table[column].nunique() > 1:
            found = ", ".join(map(str, table[column].unique()[:3]))
            raise InputError(f"Rows of several {column} cannot color one tumor: {found}.")
    whole = table["region"] == WHOLE
    own = table[~whole & (table["n"] > 0) & table["label"].notna()]
    bulk = table[whole & (table["n"] > 0)]
    if claim == "region" or (claim == "auto" and len(own)):
        if not len(own):
            raise InputError(
                "No region has samples of its own; those at hand speak for the whole tumor. "
                'Color the whole tumor (claim="tumor").'
            )
        chosen = own.set_index("label")
    else:
        if not len(bulk):
            raise InputError("No sample of this tumor has a score. Choose another gene or patient.")
        labels = table.loc[~whole & table["label"].notna(), "label"]
        chosen = bulk.iloc[[0] * len(labels)].assign(label=labels.to_numpy()).set_index("label")
    renamed = chosen.rename(columns={"score": "value"})
    return renamed[["value", "precision", "how", "n", "unit"]]


def paint_points(links: Links, scores: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """Say which samples may be drawn as points, and the value of each.

    Parameters
    ----------
    links : Links
        From `link_samples`.
    scores : DataFrame or Series
        As for `region_scores`, of one score.

    Returns
    -------
    DataFrame, index ``sample_id``
        ``value`` and ``precision``: samples located to a point or a polygon, whose score is as
        fine. Empty where there are none.

    Raises
    ------
    InputError
        If there are several scores.
    """
    import pandas as pd

    found = _Scores.of(scores)
    if found.values.shape[1] != 1:
        known = [str(name) for name in found.values]
        raise InputError(f"Points have one color, not {len(known)}. {did_you_mean('', known)}")
    values = found.values.iloc[:, 0].dropna()
    rows = links.counting(Precision.POLYGON)
    rows = rows[rows["how"] == "coordinates"].drop_duplicates("sample_id")
    kept = [str(s) for s in rows["sample_id"]
            if s in values.index and found.may(str(s), Precision.POLYGON)]  # fmt: skip
    precision = rows.set_index("sample_id")["precision"]
    index = pd.Index(kept, name="sample_id", dtype=object)
    return pd.DataFrame({"value": values.reindex(index), "precision": precision.reindex(index)})
