"""Which strategy to trust, and why, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_radiogenomics.fusion.advice_errors import bias_and_variance
from napari_radiogenomics.fusion.outcome import Kind, Outcome
from napari_radiogenomics.fusion.validation.measures import CHANCE, MAIN, WORDS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["above_chance", "advise", "of_second_cohort", "trusted_strategy"]

_SURE = 0.05
_EVENTS_ADVISED = 10
_FEW_MISSING = 0.02
_NEAR = 0.02
_SMALL_GAIN = 0.03
_PLAIN = {"0", "1", "0.0", "1.0", "True", "False"}  # classes whose names tell the event


def trusted_strategy(kind: Kind, table: pd.DataFrame, comparison: pd.DataFrame) -> str:
    """Strategy to trust: of those that cannot be told from the best, the plainest.

    Plainest is the baseline, then a single modality, then the one whose predictions vary least
    between fits. One that leaves patients without an answer has to be surely better, on the
    patients that both answer, than the best that answers all.

    Parameters
    ----------
    kind : str
        Of the outcome.
    table, comparison : DataFrame
        As in `FusionResult`.
    """
    main = MAIN[kind]
    whole = _whole(kind, table)
    best = str(table.loc[whole, main].fillna(-np.inf).idxmax())
    rivals = _rivals(kind, best, whole, table, comparison)
    among = list(rivals) or whole
    best = max(rivals, key=rivals.__getitem__) if rivals else best
    reach = (table.loc[best, main] - table.loc[best, f"{main}_low"]) / 2
    alike = [best, *_alike(best, among, comparison, reach)]
    return min(alike, key=lambda name: (_plainness(name), _number(table, name)))


def above_chance(kind: Kind, table: pd.DataFrame, name: str) -> bool:
    """Whether the interval of a strategy's main measure lies above chance."""
    return bool(table.loc[name, f"{MAIN[kind]}_low"] > CHANCE[kind])


def _whole(kind: Kind, table: pd.DataFrame) -> list[str]:
    """Strategies that answer all patients, or as many as any does."""
    known = table[np.isfinite(table[MAIN[kind]])]
    known = known if len(known) else table
    most = known["answered"].max() - _FEW_MISSING
    return [str(name) for name in known.index[known["answered"] >= most]]


def _best_whole(kind: Kind, table: pd.DataFrame) -> str:
    return str(table.loc[_whole(kind, table), MAIN[kind]].fillna(-np.inf).idxmax())


def _rivals(
    kind: Kind, best: str, whole: list[str], table: pd.DataFrame, comparison: pd.DataFrame
) -> dict[str, float]:
    """Strategies that answer fewer patients and do better there, and by how much."""
    found = {}
    for name in map(str, table.index):
        if name in whole:
            continue
        pair = _pair(name, best, comparison)
        alone = above_chance(kind, table, name) and not above_chance(kind, table, best)
        if pair is not None and pair.difference > 0 and (pair.p_value < _SURE or alone):
            found[name] = pair.difference
    return found


class _Pair(NamedTuple):
    """Two strategies on the patients that both answer."""

    patients: int
    value: float
    other_value: float
    p_value: float

    @property
    def difference(self) -> float:
        return self.value - self.other_value


def _pair(name: str, other: str, comparison: pd.DataFrame) -> _Pair | None:
    """One strategy against another, whichever stands first; None where they are not compared."""
    for row in comparison.itertuples():
        if (row.strategy, row.other) == (name, other):
            return _Pair(row.patients, row.value, row.other_value, row.p_value)
        if (row.strategy, row.other) == (other, name):
            return _Pair(row.patients, row.other_value, row.value, row.p_value)
    return None


def _alike(best: str, among: list[str], comparison: pd.DataFrame, reach: float) -> list[str]:
    """Strategies whose difference from the best is within chance, and not large."""
    pairs = {name: _pair(best, name, comparison) for name in among if name != best}
    return [
        name
        for name, pair in pairs.items()
        if pair is not None and pair.difference < max(reach, _NEAR) and not pair.p_value < _SURE
    ]


def _plainness(name: str) -> int:
    return 0 if name == "baseline" else 1 if name.endswith(" alone") else 2


def _number(table: pd.DataFrame, name: str) -> float:
    variance = float(table.loc[name, "variance"])
    return variance if np.isfinite(variance) else -float(table.loc[name].iloc[0])


def advise(
    outcome: Outcome,
    trusted: str,
    table: pd.DataFrame,
    comparison: pd.DataFrame,
    *,
    n_features: int,
    contrast: pd.DataFrame,
    ablation: pd.DataFrame,
    missing: pd.DataFrame,
    learning: pd.DataFrame,
    trade_off: pd.DataFrame,
    external: pd.DataFrame | None = None,
    doubts: Sequence[str] = (),
    leaks: Sequence[str] = (),
) -> tuple[str, ...]:
    """Sentences about what a validation found.

    Parameters
    ----------
    outcome : Outcome
        Of all patients.
    trusted : str
        Strategy to trust.
    table, comparison, contrast, ablation, missing, learning, trade_off : DataFrame
        As in `FusionResult`.
    n_features : int
        Columns of all modalities.
    external : DataFrame, optional
        As in `FusionResult`.
    doubts : sequence of str, optional
        Why nothing is to be trusted as it stands.
    leaks : sequence of str, optional
        Those of them that name columns which may be the target itself.
    """
    main = MAIN[outcome.kind]
    said = [_why(outcome.kind, trusted, table, comparison)]
    if doubts and above_chance(outcome.kind, table, trusted):
        reached = f"{trusted} reaches {_told(outcome.kind, table, trusted)}"
        why = "but a warning says what else that may be."
        if leaks:
            why = (
                f"which is not to be believed while a column may be {outcome.name} itself: a "
                "warning names it. Leave that out and run again."
            )
        said = [f"Nothing is to be trusted as it stands: {reached}, {why}"]
    said += _of_some(outcome.kind, trusted, table, comparison)
    said += of_second_cohort(outcome.kind, trusted, external)
    said += _event(outcome)
    said += [_enough_events(outcome, table, trusted, n_features)]
    said += bias_and_variance(outcome.kind, trusted, table, trade_off, missing)
    said += _collapse(main, contrast, outcome.kind)
    said += _adds(main, ablation)
    said += _lost(missing)
    said += _more_patients(outcome.kind, main, learning)
    return tuple(said)


def _shown(main: str, value: float, low: float, high: float) -> str:
    interval = f" ({low:.2f} to {high:.2f})" if np.isfinite(low) else ""
    return f"{WORDS[main]} {value:.2f}{interval}"


def _why(kind: Kind, trusted: str, table: pd.DataFrame, comparison: pd.DataFrame) -> str:
    shown, whole = _told(kind, table, trusted), _whole(kind, table)
    if not above_chance(kind, table, trusted):
        return (
            f"Nothing is to be trusted yet: {'of the best strategies, ' * (len(table) > 1)}"
            f"{trusted} reaches {shown}, which is not clearly above chance."
        )
    best = _best_whole(kind, table)
    if trusted not in whole:
        pair = _pair(trusted, best, comparison)
        against = "" if pair is None else f" ({pair.value:.2f} against {pair.other_value:.2f})"
        return (
            f"Trust {trusted} where it answers, which is for {_answers(table, trusted)} of the "
            f"patients: {shown}; on these it is better than {best}{against}. Of the strategies "
            f"that answer {_everybody(table, best)}, {best} is the best: "
            f"{_told(kind, table, best)}."
        )
    if len(table) == 1:
        return f"Trust {trusted}, the only strategy that was tried: {shown}."
    if trusted == best:
        of = f"of {len(table)} strategies"
        if len(whole) < len(table):
            of = f"of the {len(whole)} strategies that answer {_everybody(table, best)}"
        return f"Trust {trusted}: {shown} is the best {of}."
    return (
        f"Trust {trusted}: {shown}. The best, {best} ({_told(kind, table, best)}), is not surely "
        f"better, and {trusted} is plainer or steadier."
    )


def _told(kind: Kind, table: pd.DataFrame, name: str) -> str:
    main = MAIN[kind]
    return _shown(main, *(table.loc[name, f"{main}{end}"] for end in ("", "_low", "_high")))


def _answers(table: pd.DataFrame, name: str) -> str:
    return f"{table.loc[name, 'answered']:.0%}"


def _everybody(table: pd.DataFrame, name: str) -> str:
    every = table.loc[name, "answered"] >= 1 - _FEW_MISSING
    return "all patients" if every else f"most ({_answers(table, name)})"


def _of_some(kind: Kind, trusted: str, table: pd.DataFrame, comparison: pd.DataFrame) -> list[str]:
    """What is to be known of strategies that answer some of the patients."""
    said, whole, main = [], _whole(kind, table), MAIN[kind]
    if trusted in whole and table.loc[trusted, "answered"] < 1 - _FEW_MISSING:
        said.append(
            f"{trusted} answers {_answers(table, trusted)} of the patients; the others have "
            "nothing that it reads."
        )
    greater = [n for n in map(str, table.index) if table.loc[n, main] > table.loc[trusted, main]]
    for name in greater:
        pair = _pair(name, trusted, comparison)
        if name in whole or pair is None:
            continue
        said.append(
            f"{name} ({WORDS[main]} {table.loc[name, main]:.2f}) answers {_answers(table, name)} "
            f"of the patients only; on the {pair.patients} that both answer it has "
            f"{pair.value:.3f}, {trusted} {pair.other_value:.3f}."
        )
    return said


def of_second_cohort(kind: Kind, trusted: str, external: pd.DataFrame | None) -> list[str]:
    """What the second cohort says, and of how many of its patients."""
    if external is None:
        return []
    shown = _told(kind, external, trusted)
    if external.loc[trusted, "answered"] >= 1:
        return [f"In the second cohort {trusted} has {shown}."]
    best = _best_whole(kind, external)
    other = ""
    if trusted not in _whole(kind, external):
        share = _answers(external, best)
        other = f" {best}, which answers {share}, has {_told(kind, external, best)}."
    return [
        f"In the second cohort {trusted} answers {_answers(external, trusted)} of the patients "
        f"only, and has {shown} there.{other}"
    ]


def _event(outcome: Outcome) -> list[str]:
    """Which class is predicted, where its name alone does not tell."""
    if not outcome.classes or {str(name) for name in outcome.classes} <= _PLAIN:
        return []
    other, event = outcome.classes
    return [
        f'The event is "{event}": probabilities are of it. For those of "{other}" set event to '
        f'"{other}".'
    ]


def _enough_events(outcome: Outcome, table: pd.DataFrame, trusted: str, n_features: int) -> str:
    events, used = outcome.n_events, max(1.0, float(table.loc[trusted, "features"]))
    noun = {"classification": "cases of the rarer class", "survival": "events"}
    per = events / used
    word = "few"
    if per >= _EVENTS_ADVISED:
        word = "enough for these, but choosing them took the same patients"
    if events >= _EVENTS_ADVISED * n_features:
        word = "enough"
    return (
        f"{events} {noun.get(outcome.kind, 'patients')} stand against {n_features} features "
        f"offered and {used:.0f} used by {trusted}: {per:.1f} for each, which is {word} "
        f"({_EVENTS_ADVISED} are advised without a penalty)."
    )


def _collapse(main: str, contrast: pd.DataFrame, kind: Kind) -> list[str]:
    said = []
    for name in contrast.index:
        pooled = contrast.get("raw", contrast.get("harmonized"))
        left = contrast.get("leave_site_out")
        if pooled is None or left is None or not np.isfinite(left[name]):
            continue
        if pooled[name] - left[name] > 0.08:
            said.append(
                f"{name}: {WORDS[main]} falls from {pooled[name]:.2f} (raw, sites mixed) to "
                f"{left[name]:.2f} at sites that were not learned from. The site, not the tumor, "
                "speaks in part."
            )
    return said


def _adds(main: str, ablation: pd.DataFrame) -> list[str]:
    said = []
    for row in ablation.itertuples():
        sure = row.difference_low > 0
        verdict = "adds" if sure else "adds nothing that is sure"
        said.append(
            f"{row.modality} {verdict} to clinical facts and volume: {WORDS[main]} "
            f"{row.difference:+.2f} ({row.difference_low:+.2f} to {row.difference_high:+.2f})."
        )
    return said


def _lost(missing: pd.DataFrame) -> list[str]:
    said = []
    for row in missing.itertuples():
        if row.missing <= 0:
            continue
        tied = row.p_value < _SURE
        words = (
            "and more often for one outcome than for the other: who has it is itself a sign, and "
            "patients who have it are not like the rest"
            if tied
            else "alike for both outcomes"
        )
        said.append(
            f"{row.modality} is missing for {row.missing:.0%} of the patients "
            f"({row.missing_low:.0%} and {row.missing_high:.0%} where the outcome is low and "
            f"high), {words}."
        )
    return said


def _more_patients(kind: Kind, main: str, learning: pd.DataFrame) -> list[str]:
    if len(learning) < 2:
        return []
    first, last = learning.iloc[-2], learning.iloc[-1]
    low, high = first["gain_low"], first["gain_high"]
    interval = f" ({low:+.2f} to {high:+.2f})" if np.isfinite(low) else ""
    if not last["low"] > CHANCE[kind]:
        word = "nothing above chance is learned from either, so that this says nothing of more"
    elif low > 0:
        word = "more patients would help"
    else:
        word = "whether more patients would help cannot be told from these"
        if high < _SMALL_GAIN:
            word = "more patients of the same kind would help little"
    return [
        f"From {first['patients']:.0f} to {last['patients']:.0f} training patients {WORDS[main]} "
        f"goes from {first['value']:.2f} to {last['value']:.2f}{interval}: {word}."
    ]
