"""Which of two classes is the event: the one that a person means, unless another is named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["likely_event"]

_HAPPENS = {
    "1", "yes", "y", "true", "positive", "pos", "+", "mutated", "mutant", "mutation", "mut",
    "altered", "amplified", "deleted", "methylated", "dead", "died", "deceased", "death", "event",
    "progressed", "progression", "recurrence", "recurred", "relapse", "relapsed", "metastatic",
    "malignant", "high", "present", "case", "responder",
}  # fmt: skip
_DOES_NOT = {
    "0", "no", "n", "false", "negative", "neg", "-", "wildtype", "wt", "none", "normal", "benign",
    "alive", "living", "censored", "low", "absent", "control", "stable", "healthy",
}  # fmt: skip
_WITHOUT = re.compile(r"(no|not)[ _-]\w|non[ _-]?[a-z]{3}|un[a-z]{4}")


def likely_event(values: pd.Series) -> Any:
    """Of two numbers the greater; of two words the one that happens, or else the rarer.

    Parameters
    ----------
    values : Series
        Of patients; two different ones. Where both are as frequent, and neither is a word of
        what happens, the event is the last of the alphabet.

    Examples
    --------
    >>> import pandas as pd
    >>> likely_event(pd.Series(["wildtype", "mutated", "mutated"]))
    'mutated'
    >>> likely_event(pd.Series(["F", "M", "M"])), likely_event(pd.Series([1, 2, 2]))
    ('F', 2)
    """
    counts = values.dropna().value_counts()
    classes = sorted(counts.index, key=str)
    numbers = [_number(name) for name in classes]
    if numbers[0] is not None and numbers[1] is not None:
        return classes[0] if numbers[0] > numbers[1] else classes[1]
    said = [_happens(str(name)) for name in classes]
    if said[0] != said[1]:
        return classes[said.index(max(said))]
    return classes[0] if counts[classes[0]] < counts[classes[1]] else classes[1]


def _number(value: Any) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _happens(name: str) -> int:
    """1 for a name of what happens, -1 for one of what does not, 0 for any other."""
    known = re.sub(r"[ _]|(?<=.)-", "", name.strip().lower())
    if known in _HAPPENS:
        return 1
    return -1 if known in _DOES_NOT or _WITHOUT.match(name.strip().lower()) else 0
