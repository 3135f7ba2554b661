"""What the lines of an evidence card come to, by rules written down, and in plain words."""

from __future__ import annotations

from typing import Literal

from napari_radiogenomics.association.effect import Effect
from napari_radiogenomics.association.evidence_line import Line, said

__all__ = ["RULES", "Conclusion", "concluded", "summary_of"]

Conclusion = Literal["credible", "promising", "masked by site", "illusion", "refuted", "not shown"]
# What an illusion is made of, by the line that falls.
_CAUSES = {
    "harmonized": "site and scanner",
    "volume": "the volume of the tumour",
    "adjusted": "confounders, alone or together",
}
_CAVEAT = (
    " A caveat: it measures the distribution of the intensities, not their pattern (shuffled "
    "voxels say the same)."
)
_UNMASKED = ("harmonized", "adjusted", "folds")
_NEEDED = ("raw", "harmonized", "adjusted", "volume", "folds", "validation")
RULES: dict[Conclusion, str] = {
    "not shown": "The raw effect does not hold.",
    "masked by site": (
        "The raw effect does not hold, but harmonized in fold, adjusted and held out the intervals "
        "leave out none, in one direction, and no second cohort says the opposite: promising, no "
        "more."
    ),
    "illusion": "The raw effect holds, but harmonized, adjusted or volume fall.",
    "refuted": (
        "It survives in its own cohort, but cross-validation, sites or the second cohort fall."
    ),
    "credible": (
        "Raw, harmonized, adjusted, volume, cross-validation and second cohort hold; none falls. "
        "A pair found by searching is confirmed by the second cohort."
    ),
    "promising": (
        "Nothing falls that matters, but something that credibility needs is open or untested."
    ),
}


def concluded(lines: tuple[Line, ...]) -> Conclusion:
    """Conclude from the lines, by `RULES`."""
    verdicts = {line.name: line.verdict for line in lines}
    if verdicts["raw"] != "holds":
        return "masked by site" if _masked(lines) else "not shown"
    if any(verdicts.get(name) == "falls" for name in _CAUSES):
        return "illusion"
    if any(verdicts.get(name) == "falls" for name in ("folds", "sites", "validation")):
        return "refuted"
    if all(verdicts.get(name) == "holds" for name in _NEEDED) and "falls" not in verdicts.values():
        return "credible"
    return "promising"


def _masked(lines: tuple[Line, ...]) -> bool:
    """Whether an effect shows once sites are evened out, by every line that does so."""
    effects = {line.name: line.effect for line in lines}
    shown = [effects.get(name) for name in _UNMASKED]
    even, free, out = shown
    if even is None or free is None or out is None:
        return False
    if not all(effect.excludes_null for effect in (even, free, out)):
        return False
    second = effects.get("validation")
    against = second is not None and second.size * even.size < 0
    return even.size * free.size > 0 and out.size > 0 and not against


def summary_of(conclusion: Conclusion, lines: tuple[Line, ...], raw: Effect) -> str:
    """Say the conclusion in plain words."""
    by_name = {line.name: line for line in lines}
    falls = [line for line in lines if line.verdict == "falls"]
    if conclusion == "not shown":
        return f"No effect is shown in {raw.n} patients: {by_name['raw'].sentence}"
    if conclusion == "masked by site":
        effects = [by_name[name].effect for name in _UNMASKED]
        even, free, out = (said(effect) for effect in effects if effect is not None)
        return (
            f"Promising, and masked by site: in {raw.n} patients as they are {said(raw)} shows "
            f"nothing, but once sites are evened out {even}, freed of confounders {free}, held out "
            f"{out}. Confirm it in patients of other sites, harmonized by a plan made beforehand."
        )
    if conclusion == "illusion":
        causes = [name for name in _CAUSES if by_name[name].verdict == "falls"]
        return (
            f"What looks like an effect follows {_CAUSES[causes[0]]}. {by_name[causes[0]].sentence}"
        )
    if conclusion == "refuted":
        first = next(line for line in falls if line.name in ("folds", "sites", "validation"))
        return f"It does not hold elsewhere. {first.sentence}"
    caveat = _CAVEAT if by_name["shuffled"].verdict == "open" else ""
    lacking = [
        f"{line.title.lower()} ({line.verdict})"
        for line in lines
        if (line.verdict in ("open", "falls") and line.name != "shuffled")
        or (line.verdict == "untested" and line.name in _NEEDED)
    ]
    if conclusion == "promising":
        return f"It survives what was tested. Not settled: {', '.join(lacking)}.{caveat}"
    untested = [line.title.lower() for line in lines if line.verdict == "untested"]
    rest = f" Not tested: {', '.join(untested)}." if untested else ""
    return (
        "It survives site, scanner and volume, is there in held-out patients and in the second "
        f"cohort.{caveat}{rest}"
    )
