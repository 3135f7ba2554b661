"""Which of two classes is predicted: the one that a person means, unless another is chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.fusion.outcomes import Target, target_values

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["EventBox", "likely_event"]

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
_TIP = (
    "<p>Class whose probability is predicted. At first the one that happens (mutated, yes, 1, "
    "dead, positive …), or else the rarer.</p>"
)


def likely_event(values: pd.Series) -> Any:
    """Of two classes the one that happens by its name, or else the rarer, or else the greater.

    Parameters
    ----------
    values : Series
        Of patients; two different ones.

    Examples
    --------
    >>> import pandas as pd
    >>> likely_event(pd.Series(["wildtype", "mutated", "mutated"]))
    'mutated'
    >>> likely_event(pd.Series(["F", "M", "M"]))
    'F'
    """
    counts = values.dropna().value_counts()
    classes = sorted(counts.index, key=str)
    said = [_happens(str(name)) for name in map(_plain, classes)]
    if said[0] != said[1]:
        return classes[said.index(max(said))]
    return classes[0] if counts[classes[0]] < counts[classes[1]] else classes[1]


def _happens(name: str) -> int:
    """1 for a name of what happens, -1 for one of what does not, 0 for any other."""
    known = re.sub(r"[ _]|(?<=.)-", "", name.strip().lower())
    if known in _HAPPENS:
        return 1
    return -1 if known in _DOES_NOT or _WITHOUT.match(name.strip().lower()) else 0


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


class EventBox(QuietCombo):
    """The two classes of an outcome; empty where it has no classes, or none that are known."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Event")
        self.setToolTip(_TIP)

    @property
    def chosen(self) -> str:
        """The class as `fuse` takes it; empty where there is none."""
        return str(self.currentData() or "")

    def offer(self, cohort: Cohort | None, target: Target | None) -> None:
        """Offer the classes of an outcome, the likely one first chosen.

        Parameters
        ----------
        cohort : Cohort or None
            As opened.
        target : Target or None
            Outcome.
        """
        self.clear()
        classes, first = _classes_of(cohort, target)
        for name in classes:
            self.addItem(_plain(name), str(name))
        self.setCurrentIndex(self.findData(str(first)))


def _classes_of(cohort: Cohort | None, target: Target | None) -> tuple[Sequence[Any], Any]:
    """The two classes and the likely event; none for numbers, times and what is written."""
    if cohort is None or target is None:
        return (), ""
    if target.kind in ("mutation", "level"):
        return ("no", "yes"), "yes"
    if target.kind != "column":
        return (), ""
    values, _, _ = target_values(cohort, target)
    known = values.dropna()
    classes = sorted(known.unique().tolist(), key=lambda value: (str(type(value)), value))
    return (classes, likely_event(known)) if len(classes) == 2 else ((), "")
