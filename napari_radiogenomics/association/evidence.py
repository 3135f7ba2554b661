"""`weigh_evidence`: what speaks for a claim and what against it, on one card.

A feature that goes with a gene may follow the scanner, the site, the size of the tumour or
chance. Each of these has its line, with a number, an interval, and a rule that is written down
before the number is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

from napari_radiogenomics.association.checks import refuse_harmonized
from napari_radiogenomics.association.effect import effect_of
from napari_radiogenomics.association.evidence_line import PARTS, Line, Part
from napari_radiogenomics.association.held_out import held_out_effects
from napari_radiogenomics.association.side_by_side import review_line, tissue_line
from napari_radiogenomics.association.verdict import RULES, Conclusion, concluded, summary_of
from napari_radiogenomics.association.weighing import (
    adjusted_line,
    expected_lines,
    folds_line,
    harmonized_line,
    raw_line,
    search_line,
    shuffled_line,
    sites_line,
    stability_line,
    validation_lines,
    volume_line,
    without_site_line,
)
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import Record, history_of, verb
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.association.effect import Effect
    from napari_radiogenomics.association.study import Pair, Study

__all__ = ["Conclusion", "EvidenceCard", "weigh_evidence"]

_MARK = {"holds": "✓", "open": "?", "falls": "✗", "untested": "–"}


@dataclass(frozen=True, eq=False)
class EvidenceCard:
    """What speaks for a claim, and what against it.

    Attributes
    ----------
    feature, outcome : str
        The claim: the feature goes with the outcome.
    cohort : str
        Where it was found.
    conclusion : {"credible", "promising", "masked by site", "illusion", "refuted", "not shown"}
        By `rule`.
    rule : str
        How the conclusion is reached.
    summary : str
        The conclusion in plain words.
    lines : tuple of Line
        In the order of the parts.
    positive : str
        The class that counts as positive; empty where the outcome is a number.
    history : tuple of Record
        How it was made.
    """

    feature: str
    outcome: str
    cohort: str
    conclusion: Conclusion
    rule: str
    summary: str
    lines: tuple[Line, ...]
    positive: str = ""
    history: tuple[Record, ...] = ()

    def __getitem__(self, name: str) -> Line:
        """Return the line of a name, such as ``"harmonized"``."""
        for line in self.lines:
            if line.name == name:
                return line
        known = ", ".join(line.name for line in self.lines)
        raise InputError(f'The card has no line "{name}". Known: {known}.')

    def part(self, name: Part) -> tuple[Line, ...]:
        """Lines of one part."""
        return tuple(line for line in self.lines if line.part == name)

    def table(self) -> pd.DataFrame:
        """One row a line: ``part, line, effect, low, high, n, verdict, sentence, rule``."""
        import pandas as pd

        rows = [
            {
                "part": line.part,
                "line": line.name,
                **{
                    name: None if line.effect is None else getattr(line.effect, name)
                    for name in ("measure", "value", "low", "high", "n")
                },
                "verdict": line.verdict,
                "sentence": line.sentence,
                "rule": line.rule,
            }
            for line in self.lines
        ]
        table = pd.DataFrame(rows).rename(columns={"value": "effect"})
        numbers = ["effect", "low", "high", "n"]
        return table.astype(dict.fromkeys(numbers, float))

    def text(self) -> str:
        """Write the card as lines of text."""
        rows = [f"{self.feature}  ~  {self.outcome}: {self.conclusion.upper()}", self.summary]
        for part in PARTS:
            rows.append(f"{part}:")
            rows += [
                f"  {_MARK[line.verdict]} {line.title}: {line.sentence}" for line in self.part(part)
            ]
        return "\n".join(rows)

    def to_json(self) -> str:
        """Write everything, also the single effects, as JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, default=str)

    def methods(self) -> str:
        """Sentences for the methods section of a paper."""
        raw, folds = self["raw"].effect, self["folds"]
        measure = "area under the ROC curve" if raw and raw.measure == "auc" else "Spearman's ρ"
        tested = [line.title for line in self.lines if line.verdict != "untested"]
        return (
            f"The association of {self.feature} with {self.outcome} was measured by {measure} with "
            f"95 % intervals, the patient being the unit. {folds.sentence} Sites were harmonized "
            "by ComBat fitted within the folds, the outcome never being an input. Lines weighed: "
            f"{'; '.join(tested)}. Rules were set beforehand: a line that adjusts holds where half "
            "of the raw effect is left and its interval leaves out none. Conclusion "
            f'"{self.conclusion}": {self.rule}'
        )


@verb
def weigh_evidence(
    feature: str,
    outcome: str,
    cohort: Study,
    validation: Study | None = None,
    *,
    expected: Mapping[str, int] | None = None,
    q_value: float | None = None,
    n_tests: Annotated[int | None, Setting(minimum=1)] = None,
    search_method: Annotated[str, Setting(advanced=True)] = "",
    folds: Annotated[int, Setting(minimum=2)] = 5,
    repeats: Annotated[int, Setting(minimum=1, advanced=True)] = 10,
    seed: Annotated[int, Setting(minimum=0, advanced=True)] = 0,
    progress: Progress = quiet,
) -> EvidenceCard:
    """Weigh what speaks for a feature's going with an outcome, and what against it.

    Parameters
    ----------
    feature, outcome : str
        Columns of ``cohort.features`` and ``cohort.outcomes``.
    cohort : Study
        Where the claim was found.
    validation : Study, optional
        Patients of other sites.
    expected : Mapping from str to int, optional
        Other outcomes, and how they should go along if the claim is true: 1, -1, or 0 where
        there should be nothing.
    q_value : float, optional
        Of the pair in the search that found it.
    n_tests : int, optional
        How many tests the search made; without ``q_value`` the p-value is for all of them.
    search_method : str, optional
        By what the search was made, in words.
    folds, repeats : int, optional
        Of the cross-validation.
    seed : int, optional
        Of folds and resamples; the same seed gives the same card.
    progress : Progress, optional
        Reports; may cancel.

    Returns
    -------
    EvidenceCard

    Raises
    ------
    InputError
        If feature or outcome are unknown, hold text or one value only, fewer than six
        patients have both, or the features were harmonized before. A line that cannot be
        measured is untested, and says what is missing.

    Notes
    -----
    Effects are Spearman's correlation for numbers and the area under the ROC curve for two
    classes, with intervals; patients are the units.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from napari_radiogenomics import Study
    >>> rng = np.random.default_rng(0)
    >>> ids = [f"P{i}" for i in range(90)]
    >>> site = pd.Series(np.repeat(["A", "B", "C"], 30), ids)
    >>> noise = site.map({"A": 0.0, "B": 1.5, "C": 3.0})
    >>> features = pd.DataFrame(rng.normal(size=(90, 4)), ids).add_prefix("f").add(noise, axis=0)
    >>> chance = site.map({"A": 0.1, "B": 0.5, "C": 0.9})
    >>> outcomes = pd.DataFrame({"EGFR": (rng.random(90) < chance).astype(int)}, ids)
    >>> weigh_evidence("f0", "EGFR", Study(features, outcomes, site=site)).conclusion
    'illusion'
    """
    for study in (cohort, validation):
        if study is not None:
            refuse_harmonized(history_of(study.features), study.name)
    pair = cohort.pair(feature, outcome)
    raw = effect_of(pair.feature, pair.outcome, measure=pair.measure)
    lines = [
        raw_line(raw),
        search_line(raw, q_value, n_tests, search_method),
        *_held_out_lines(raw, cohort, feature, pair, (folds, repeats, seed), progress),
        without_site_line(raw, cohort, pair),
        adjusted_line(raw, cohort, pair, seed),
        volume_line(raw, cohort, pair, seed),
        shuffled_line(raw, cohort, feature, outcome),
        stability_line(cohort, feature),
        sites_line(raw, cohort, pair),
        *validation_lines(raw, cohort, feature, outcome, validation, seed),
        *expected_lines(raw, cohort, feature, expected or {}, seed),
        tissue_line(cohort, feature),
        review_line(cohort, feature, outcome),
    ]
    ordered = tuple(line for part in PARTS for line in lines if line.part == part)
    conclusion = concluded(ordered)
    return EvidenceCard(
        feature, outcome, cohort.name, conclusion, RULES[conclusion],
        summary_of(conclusion, ordered, raw), ordered, pair.positive,
    )  # fmt: skip


def _held_out_lines(
    raw: Effect,
    cohort: Study,
    feature: str,
    pair: Pair,
    how: tuple[int, int, int],
    progress: Progress,
) -> list[Line]:
    folds, repeats, seed = how
    try:
        held = held_out_effects(
            cohort, feature, pair, folds=folds, repeats=repeats, seed=seed, progress=progress
        )
    except InputError as error:
        rule = "Could not be measured."
        return [
            Line("robustness", "harmonized", "Harmonized in fold", "untested", str(error), rule),
            Line("consistency", "folds", "Cross-validated", "untested", str(error), rule),
        ]
    return [harmonized_line(raw, held), folds_line(raw, held)]
