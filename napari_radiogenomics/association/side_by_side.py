"""Whether image and tissue agree side by side: the lines of the card, and who is heard on it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from napari_radiogenomics.association.effect import FEWEST, Effect, joined
from napari_radiogenomics.association.evidence_line import Line, Verdict
from napari_radiogenomics.association.study import Study
from napari_radiogenomics.data.wording import counted

__all__ = ["is_about", "review_line", "tissue_line", "votes_on"]

_VESSELS = "vessels_"
_INTENSITY = ("original_firstorder_Mean", "original_firstorder_Median")
_FEW_FOR_TEST = 6


def tissue_line(study: Study, feature: str = "") -> Line:
    """Tell whether the map lies where the tissue says."""
    rule = (
        "One effect a patient (Fisher's z, effective n), joined by random effects. Holds where the "
        "interval leaves out none above; fewer than six patients stay open."
    )
    table, title = study.tissue, "Tissue"
    if table is None or not len(table):
        missing = "No slide or biopsy was held against the map (correspond)."
        return Line("coherence", "tissue", title, "untested", missing, rule)
    about = str(table.attrs.get("feature", ""))
    if about and feature and not is_about(about, feature):
        missing = f"The slides were held against another feature ({about}), not this one."
        return Line("coherence", "tissue", title, "untested", missing, rule)
    used = table[table["n"] > FEWEST - 2]
    measure = str(table.attrs.get("measure", "tissue"))
    positive = int((used["r"] > 0).sum())
    sentence = f"{measure}: {positive} of {len(used)} tumours positive ({study.name})"
    if len(used) < _FEW_FOR_TEST:
        short = f"{positive} of {len(used)} positive"
        too_few = f"{sentence}; too few to test."
        return Line("coherence", "tissue", title, "open", too_few, rule, short=short)
    effects = tuple((str(name), _of_map(row["r"], row["n"])) for name, row in used.iterrows())
    effect, pooled = joined([own for _, own in effects])
    verdict: Verdict = "open"
    if effect.excludes_null:
        verdict = "holds" if effect.size > 0 else "falls"
    interval = f"[{effect.low:.2f}, {effect.high:.2f}]"
    sentence += f"; joined r {effect.value:.2f} {interval}, I² {pooled.i2:.0f} %."
    return Line("coherence", "tissue", title, verdict, sentence, rule, effect, effects)


def _of_map(r: float, n: float) -> Effect:
    """Effect of one tumour from its correlation and effective number of places."""
    z, variance = float(np.arctanh(np.clip(r, -0.999, 0.999))), 1 / (n - 3)
    reach = 1.959963984540054 * np.sqrt(variance)
    low, high = float(np.tanh(z - reach)), float(np.tanh(z + reach))
    return Effect(float(r), low, high, round(n), "rho", z, variance)


def review_line(study: Study, feature: str = "", outcome: str = "") -> Line:
    """Tell what people say who looked at scan, slide and map side by side."""
    rule = (
        "The last word of each reviewer on each patient. Holds where more agree than disagree, "
        "falls where fewer do. One that was given without a gene, or with no biopsy of the gene "
        "near the section, says that image and tissue agree."
    )
    votes, people, n_patients = votes_on(study, feature, outcome)
    if not votes:
        missing = "No reviewer has looked at scan and tissue side by side."
        return Line("coherence", "review", "Reviewers", "untested", missing, rule)
    agree, against = votes.count("agrees"), votes.count("disagrees")
    verdict: Verdict = "holds" if agree > against else "falls" if against > agree else "open"
    short = f"{agree} agree, {against} disagree"
    sentence = f"{short}, {len(votes) - agree - against} cannot tell"
    sentence += f" ({people}; {counted(n_patients, 'patient')})." if people else "."
    if len(votes) == 1:
        short = votes[0]
        sentence = f"reviewer{f' {people}' if people else ''}: {votes[0]}."
    return Line("coherence", "review", "Reviewers", verdict, sentence, rule, short=short)


def is_about(seen: str, feature: str) -> bool:
    """Whether a map that a person saw is that of a feature of patients.

    Parameters
    ----------
    seen : str
        Name of the map: a texture map, a measure of vessels, or the intensity.
    feature : str
        Column of the features: vessels have one for each ring.

    Examples
    --------
    >>> is_about("original_glcm_Contrast", "original_glcm_Contrast")
    True
    >>> is_about("vessels_distance_metric", "vessels_ring_0-20mm_distance_metric")
    True
    >>> is_about("original_firstorder_Entropy", "original_glcm_JointEntropy")
    False
    """
    if seen.startswith(_VESSELS):
        metric = seen.removeprefix(_VESSELS)
        return feature.startswith(_VESSELS) and feature.endswith(f"_{metric}")
    return seen == feature or (seen == "intensity" and feature in _INTENSITY)


def votes_on(study: Study, feature: str, outcome: str) -> tuple[list[str], str, int]:
    """Last verdict of each reviewer on each patient, the reviewers in words, n of patients."""
    reviews = study.reviews
    if not isinstance(reviews, pd.DataFrame):
        return [str(vote).lower() for vote in reviews], "", 0
    about = [
        (not feature or is_about(str(row["feature"]), feature))
        and _gene(row) in ("", outcome)
        and row["patient_id"] in study.features.index
        for _, row in reviews.iterrows()
    ]
    own = reviews[pd.Series(about, reviews.index, dtype=bool)]
    if "time" in own:
        own = own.sort_values("time", kind="stable")
    last = own.drop_duplicates(["reviewer", "patient_id"], keep="last")
    people = ", ".join(dict.fromkeys(map(_who, own.to_dict("records"))))
    votes = [str(vote).lower() for vote in last["verdict"]]
    return votes, people, last["patient_id"].nunique()


def _who(review: Mapping[Hashable, Any]) -> str:
    """Reviewer, and what agreed where no gene was compared."""
    name, tissue = str(review["reviewer"]), str(review.get("tissue", ""))
    if _gene(review):
        return name
    gene = f"{review['score']} not compared" if review["score"] else "without a gene"
    return f"{name} on image ~ {tissue or 'tissue'}, {gene}"


def _gene(review: Mapping[Hashable, Any] | pd.Series) -> str:
    """Gene that the reviewer saw beside the others; empty where no biopsy of it lay near."""
    return str(review["score"]) if review.get("gene_compared", True) else ""
