"""Which of two classes is predicted: the one that a person means, unless another is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.fusion.cohort_targets import Target, target_values
from napari_radiogenomics.fusion.event import likely_event
from napari_radiogenomics.gui.forms.fields import QuietCombo

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["EventBox"]

_TIP = (
    "<p>Class whose probability is predicted. At first the one that happens (mutated, yes, 1, "
    "dead, positive …), or else the rarer.</p>"
)


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
