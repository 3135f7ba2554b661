"""One line of an evidence card: a number with its interval, a sentence, and a written rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_radiogenomics.association.effect import Effect

__all__ = ["HALF", "PARTS", "Line", "Part", "Verdict", "judge_kept", "kept", "said"]

Part = Literal["robustness", "consistency", "coherence"]
Verdict = Literal["holds", "open", "falls", "untested"]
PARTS: tuple[Part, ...] = ("robustness", "consistency", "coherence")
HALF = 0.5
"""Share of the raw effect that must be left."""
_SIGN = {"rho": "ρ", "auc": "AUC"}


@dataclass(frozen=True)
class Line:
    """One line of the card.

    Attributes
    ----------
    part : {"robustness", "consistency", "coherence"}
        Where it stands.
    name, title : str
        Its key, and what a person reads.
    verdict : {"holds", "open", "falls", "untested"}
        By the rule.
    sentence : str
        What was found, in plain words; for an untested line, what is missing.
    rule : str
        How the verdict is reached.
    effect : Effect, optional
        Number and interval.
    parts : tuple of (str, Effect)
        What it is made of: sites, cohorts.
    short : str
        A few words in place of the effect, where it is none: an ICC, votes.
    """

    part: Part
    name: str
    title: str
    verdict: Verdict
    sentence: str
    rule: str
    effect: Effect | None = None
    parts: tuple[tuple[str, Effect], ...] = ()
    short: str = ""


def said(effect: Effect, *, interval: bool = True) -> str:
    """Write an effect: ``ρ 0.46 [0.29, 0.60]``."""
    text = f"{_SIGN[effect.measure]} {effect.value:.2f}"
    return f"{text} [{effect.low:.2f}, {effect.high:.2f}]" if interval else text


def kept(raw: Effect, effect: Effect) -> float:
    """Share of the raw effect that is left; negative where the direction has changed."""
    return effect.size / raw.size if raw.size else 0.0


def judge_kept(raw: Effect, effect: Effect) -> Verdict:
    """Judge what is left of the raw effect: half of it, and an interval beside the null."""
    share = kept(raw, effect)
    if share < HALF:
        return "falls"
    return "holds" if effect.excludes_null else "open"
