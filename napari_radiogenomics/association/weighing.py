"""The lines of an evidence card, one function each: what is measured, and how it is judged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from napari_radiogenomics.association.effect import FEWEST, Effect, effect_of, joined
from napari_radiogenomics.association.evidence_line import (
    HALF,
    Line,
    Verdict,
    judge_kept,
    kept,
    said,
)
from napari_radiogenomics.association.held_out import HeldOut
from napari_radiogenomics.association.study import Pair, Study
from napari_radiogenomics.errors import InputError

__all__ = [
    "adjusted_line", "expected_lines", "folds_line", "harmonized_line", "raw_line",
    "search_line", "shuffled_line", "sites_line", "stability_line",
    "validation_lines", "volume_line", "without_site_line",
]  # fmt: skip

_KEPT = "Holds where at least half of the raw effect is left and the 95 % interval leaves out none."
_GOOD_ICC, _POOR_ICC = 0.75, 0.5
_ALIKE, _AS_MUCH = 0.99, 0.8
_ALPHA = 0.05
_NAUGHT = 0.005  # an effect that is written as none


def _percent(raw: Effect, effect: Effect) -> str:
    share = kept(raw, effect)
    if share < 0 and abs(effect.size) < _NAUGHT:
        return "nothing of the raw effect is left"
    if share < 0:
        return "it points the other way"
    return f"{100 * share:.0f} % of the raw effect is left"


def raw_line(raw: Effect) -> Line:
    """Tell whether there is an effect at all."""
    verdict: Verdict = "holds" if raw.excludes_null else "falls"
    rule = "Holds where the 95 % interval leaves out none."
    sentence = f"In {raw.n} patients {said(raw)}."
    return Line("robustness", "raw", "Raw", verdict, sentence, rule, raw)


def search_line(raw: Effect, q_value: float | None, n_tests: int | None, by: str) -> Line:
    """Tell whether the pair stands out among all that were tested."""
    title = "Among all tests"
    rule = (
        "Holds where q, or p for all tests that were made, is 0.05 or less; else open: a pair that "
        "was found by searching must hold in other patients."
    )
    if q_value is None and n_tests is None:
        missing = "How many pairs were searched is not known (q_value, n_tests)."
        return Line("robustness", "search", title, "untested", missing, rule)
    many = "" if n_tests is None else f" among {n_tests:,} tests"
    if q_value is not None:
        verdict: Verdict = "holds" if q_value <= _ALPHA else "open"
        how = f" by {by}" if by else ""
        short = f"q {q_value:.2g}"
        return Line(
            "robustness", "search", title, verdict, f"{short}{many}{how}.", rule, short=short
        )
    p_value = min(1.0, _p_value(raw) * (n_tests or 1))
    verdict = "holds" if p_value <= _ALPHA else "open"
    short = f"p {p_value:.2g}"
    sentence = f"{short} for all {n_tests:,} tests (Bonferroni)."
    return Line("robustness", "search", title, verdict, sentence, rule, short=short)


def _p_value(effect: Effect) -> float:
    from scipy.stats import norm

    return float(2 * norm.sf(abs(effect.z) / np.sqrt(effect.variance)))


def harmonized_line(raw: Effect, held: HeldOut) -> Line:
    """Tell what is left once the sites are evened out, by what the other folds taught."""
    title = "Harmonized in fold"
    if not held.harmonized_sites:
        return Line(
            "robustness", "harmonized", title, "untested",
            f"One site only, or none known. Give the sites of {FEWEST} patients or more of two.",
            _KEPT,
        )  # fmt: skip
    effect = held.harmonized
    sentence = (
        f"Once sites are evened out (ComBat, fitted without the patients it is used on) "
        f"{said(effect)}: {_percent(raw, effect)}."
    )
    return Line("robustness", "harmonized", title, judge_kept(raw, effect), sentence, _KEPT, effect)


def _site_effects(study: Study, pair: Pair) -> dict[str, Effect]:
    """Effect within each site that allows one."""
    sites = study.sites_of(pair.patients)
    found: dict[str, Effect] = {}
    if sites is None:
        return found
    place = pair.patients.get_indexer(sites.index)
    for name in sorted(sites.unique()):
        own = place[(sites == name).to_numpy()]
        try:
            found[name] = effect_of(pair.feature[own], pair.outcome[own], measure=pair.measure)
        except InputError:
            continue  # one class, or too few: it has no say, and the line counts the others
    return found


def without_site_line(raw: Effect, study: Study, pair: Pair) -> Line:
    """Tell whether one site makes the effect: the weakest of all that leave one site out."""
    title = "Without one site"
    rule = (
        "Effects within sites, joined without each site in turn. Holds where the weakest is at "
        "least half of the raw effect; falls where it is less than a quarter."
    )
    sites = _site_effects(study, pair)
    if len(sites) < 2:
        missing = "Fewer than two sites allow an effect of their own."
        return Line("robustness", "without_site", title, "untested", missing, rule)
    left: dict[str, Effect] = {}
    for out in sites:
        rest = [effect for name, effect in sites.items() if name != out]
        left[out] = rest[0] if len(rest) == 1 else joined(rest)[0]
    weakest = min(left, key=lambda name: kept(raw, left[name]))
    effect = left[weakest]
    share = kept(raw, effect)
    verdict: Verdict = "holds" if share >= HALF else "falls" if share < HALF / 2 else "open"
    sentence = f"Weakest without site {weakest}: {said(effect)}; {_percent(raw, effect)}."
    parts = tuple((f"without {name}", own) for name, own in left.items())
    return Line("robustness", "without_site", title, verdict, sentence, rule, effect, parts)


def _adjusted(
    study: Study, pair: Pair, table: pd.DataFrame, seed: int, *, by_site: bool = True
) -> Effect:
    """Effect freed of a table's columns; ``by_site`` where sites are among them.

    Resamples keep the size of each site only then: else they would hide that the effect varies
    with the mix of sites, and the interval would be too narrow.
    """
    place = pair.patients.get_indexer(table.index)
    sites = study.sites_of(table.index) if by_site else None
    strata = None if sites is None else sites.reindex(table.index).fillna("").tolist()
    return effect_of(
        pair.feature[place], pair.outcome[place], measure=pair.measure,
        covariates=table.to_numpy(float), strata=strata, seed=seed,
    )  # fmt: skip


def adjusted_line(raw: Effect, study: Study, pair: Pair, seed: int) -> Line:
    """Tell what is left once site, volume and the other confounders are known."""
    title = "Adjusted for confounders"
    table, names = study.covariates_of(pair.patients)
    if not names:
        missing = "Neither sites nor volume nor other confounders are known. Give them."
        return Line("robustness", "adjusted", title, "untested", missing, _KEPT)
    effect = _adjusted(study, pair, table, seed)
    sentence = f"Freed of {', '.join(names)} {said(effect)}: {_percent(raw, effect)}."
    return Line("robustness", "adjusted", title, judge_kept(raw, effect), sentence, _KEPT, effect)


def volume_line(raw: Effect, study: Study, pair: Pair, seed: int) -> Line:
    """Tell whether it is only the size of the tumour."""
    title = "Volume alone"
    rule = (
        "Holds where at least half of the raw effect is left once the volume is known, else falls."
    )
    if study.volume is None:
        missing = "The volumes are not known. Give them."
        return Line("robustness", "volume", title, "untested", missing, rule)
    table, _ = study.covariates_of(pair.patients, site=False, others=False)
    place = pair.patients.get_indexer(table.index)
    alone = effect_of(table["volume"].to_numpy(), pair.outcome[place], measure=pair.measure)
    beyond = _adjusted(study, pair, table, seed, by_site=False)
    verdict: Verdict = "holds" if kept(raw, beyond) >= HALF else "falls"
    sentence = (
        f"Volume alone {said(alone)}; the feature beyond volume {said(beyond)}: "
        f"{_percent(raw, beyond)}."
    )
    parts = (("volume alone", alone), ("feature beyond volume", beyond))
    return Line("robustness", "volume", title, verdict, sentence, rule, alone, parts)


def shuffled_line(raw: Effect, study: Study, feature: str, outcome: str) -> Line:
    """Tell whether the pattern matters, or shuffled voxels say the same."""
    title = "Shuffled voxels"
    rule = (
        "Holds where the feature of shuffled voxels keeps less than 80 % of the effect; else open, "
        "as a caveat: the effect may be true, but it lies in the distribution of the intensities."
    )
    missing = (
        "The feature of shuffled voxels was not measured (extract_cohort with shuffled voxels)."
    )
    if study.shuffled is None or feature not in study.shuffled:
        return Line("robustness", "shuffled", title, "untested", missing, rule)
    both = study.features[feature].corr(study.shuffled[feature], method="spearman")
    if both > _ALIKE:
        same = "The feature does not depend on the order of the voxels: shuffling says nothing."
        return Line("robustness", "shuffled", title, "untested", same, rule)
    control = Study(study.shuffled, study.outcomes).pair(feature, outcome)
    effect = effect_of(control.feature, control.outcome, measure=control.measure)
    alike = abs(effect.size) >= _AS_MUCH * abs(raw.size)
    verdict: Verdict = "open" if alike else "holds"
    sentence = f"Of shuffled voxels {said(effect)}, against {said(raw, interval=False)} as it is."
    if alike:
        sentence += " It lies in the distribution of the intensities, not in their pattern."
    return Line("robustness", "shuffled", title, verdict, sentence, rule, effect)


def stability_line(study: Study, feature: str) -> Line:
    """Tell whether the feature survives another contour, noise, angle."""
    title = "Stability"
    rule = (
        "Holds where the lower end of the ICC's interval is 0.75 or more; falls where the ICC is "
        "below 0.5 (Koo and Li 2016)."
    )
    table = study.stability
    if table is None or feature not in table.index or not np.isfinite(table.loc[feature, "icc"]):
        missing = "No ICC under changes of the contour is known (feature_stability)."
        return Line("robustness", "stability", title, "untested", missing, rule)
    icc, low, high = (float(table.loc[feature, name]) for name in ("icc", "low", "high"))
    verdict: Verdict = "holds" if low >= _GOOD_ICC else "falls" if icc < _POOR_ICC else "open"
    short = f"ICC {icc:.2f} [{low:.2f}, {high:.2f}]"
    sentence = f"{short} under changes of contour, noise and angle."
    return Line("robustness", "stability", title, verdict, sentence, rule, short=short)


def folds_line(raw: Effect, held: HeldOut) -> Line:
    """Tell whether it predicts patients that had no part in choosing its direction."""
    rule = (
        "Holds where the interval in held-out patients leaves out none; falls below half of the "
        "raw effect."
    )
    effect = held.predicted  # points up where the training parts saw the right direction
    verdict: Verdict = "holds" if effect.excludes_null else "open"
    if effect.size < HALF * abs(raw.size):
        verdict = "falls"
    sentence = (
        f"Held out, {held.folds} folds × {held.repeats}: {said(effect)} (± {held.spread:.2f} over "
        "the repeats), harmonizer and direction learned without them."
    )
    return Line("consistency", "folds", "Cross-validated", verdict, sentence, rule, effect)


def sites_line(raw: Effect, study: Study, pair: Pair) -> Line:
    """Tell whether it is there within each site."""
    rule = (
        "Effects within sites, joined by random effects. Holds where at least half of the raw "
        "effect is left, the interval leaves out none and no site says the opposite for sure."
    )
    sites = _site_effects(study, pair)
    title = "Each site"
    if len(sites) < 2:
        missing = "Fewer than two sites allow an effect of their own."
        return Line("consistency", "sites", title, "untested", missing, rule)
    effect, pooled = joined(list(sites.values()))
    verdict = judge_kept(raw, effect)
    if any(own.excludes_null and kept(raw, own) < 0 for own in sites.values()):
        verdict = "falls"
    listed = ", ".join(f"{name} {own.value:.2f} (n {own.n})" for name, own in sites.items())
    sentence = f"Within sites {listed}; joined {said(effect)}, I² {pooled.i2:.0f} %."
    return Line(
        "consistency", "sites", title, verdict, sentence, rule, effect, tuple(sites.items())
    )


def validation_lines(
    raw: Effect, study: Study, feature: str, outcome: str, validation: Study | None, seed: int
) -> list[Line]:
    """Tell whether the second cohort says it too, and what all say together."""
    rule = (
        "Adjusted for the sites of the second cohort. Holds where its interval leaves out none, in "
        "the same direction; falls where it leaves out half of the raw effect."
    )
    title = "Second cohort"
    if validation is None:
        missing = "There is no second cohort. Measure the feature in patients of other sites."
        return [Line("consistency", "validation", title, "untested", missing, rule)]
    try:
        pair = validation.pair(feature, outcome)
        table, names = validation.covariates_of(pair.patients, volume=False, others=False)
        effect = _adjusted(validation, pair, table, seed)
    except InputError as error:
        return [Line("consistency", "validation", title, "untested", str(error), rule)]
    share = kept(raw, effect)
    verdict: Verdict = "holds" if share > 0 and effect.excludes_null else "open"
    farthest = effect.high if raw.size > 0 else effect.low
    if (farthest - effect.null) / raw.size < HALF:
        verdict = "falls"
    within = " within its sites" if names else ""
    sentence = (
        f"In {effect.n} patients of {validation.name}{within} {said(effect)}: "
        f"{_percent(raw, effect)}."
    )
    lines = [Line("consistency", "validation", title, verdict, sentence, rule, effect)]
    return [*lines, _together(raw, study, study.pair(feature, outcome), validation.name, effect)]


def _together(raw: Effect, study: Study, pair: Pair, name: str, second: Effect) -> Line:
    rule = (
        "Sites and second cohort joined by random effects (REML, Knapp and Hartung, never narrower "
        f"than a common effect). {_KEPT}"
    )
    parts = {**_site_effects(study, pair), name: second}
    if len(parts) < 2 or study.sites_of(pair.patients) is None:
        parts = {study.name: raw, name: second}
    effect, pooled = joined(list(parts.values()))
    sentence = f"{len(parts)} sites and cohorts joined {said(effect)}, I² {pooled.i2:.0f} %."
    return Line(
        "consistency", "together", "All together", judge_kept(raw, effect), sentence, rule,
        effect, tuple(parts.items()),
    )  # fmt: skip


def expected_lines(
    raw: Effect, study: Study, feature: str, expected: Mapping[str, int], seed: int
) -> list[Line]:
    """Tell whether those outcomes go along that should if the claim is true, and others not."""
    return [_expected(raw, study, feature, name, sign, seed) for name, sign in expected.items()]


def _expected(raw: Effect, study: Study, feature: str, name: str, sign: int, seed: int) -> Line:
    rule = (
        "Adjusted for site. A rise or fall that is expected holds where the interval leaves out "
        "none on that side, and falls on the other; where none is expected, less than half of "
        "the main effect holds."
    )
    title = f"{name}, expected {'+' if sign > 0 else '-' if sign < 0 else 'none'}"
    try:
        pair = study.pair(feature, name)
        table, _ = study.covariates_of(pair.patients, volume=False, others=False)
        effect = _adjusted(study, pair, table, seed)
    except InputError as error:
        return Line("coherence", name, title, "untested", str(error), rule)
    verdict: Verdict = "open"
    if sign == 0:
        verdict = "holds" if abs(effect.size) < HALF * abs(raw.size) else "open"
        if effect.excludes_null and abs(effect.size) >= abs(raw.size):
            verdict = "falls"
    elif effect.excludes_null:
        verdict = "holds" if effect.size * sign > 0 else "falls"
    return Line("coherence", name, title, verdict, f"{said(effect)}.", rule, effect)
