"""How good a virtual biopsy is, in large plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_radiogenomics.data.wording import p_said
from napari_radiogenomics.gui.forms.style import Tone, tone_color

if TYPE_CHECKING:
    from napari_radiogenomics.correspondence import VirtualBiopsy, VirtualBiopsyModel

__all__ = ["Verdict"]

# napari sets the size of all text by its style sheet, so that a font of ours would not last.
_LARGE = "font-size: 15pt; font-weight: bold;"


class Verdict(QWidget):
    """One large line, and what stands behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.large, self.small = QLabel(), QLabel()
        self.large.setAccessibleName("Verdict")
        for label in (self.large, self.small):
            label.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.large)
        column.addWidget(self.small)
        self._tone: Tone = "plain"

    def show_nothing(self) -> None:
        """Say that nothing was learned yet."""
        self._say(
            "No virtual biopsy yet",
            "It is learned from biopsies with a place in the scan, two or more in each of ten "
            "patients, and drawn only where it tells more than the patient's mean.",
            "plain",
        )

    def show_found(self, found: VirtualBiopsy) -> None:
        """Say how good it is; where it is refused, why there is no map."""
        facts = _facts(found, found.n_patients, found.n_biopsies)
        if found.refused:
            self._say(f"No map: {found.target} is not told by the scan", f"{found.refused} {facts}",
                      "warning")  # fmt: skip
        else:
            self._say(_better(found.skill), facts, "good")

    def show_model(self, model: VirtualBiopsyModel) -> None:
        """Say how good a model is that was read from a file."""
        facts = _facts(model, len(model.patients), len(model.y))
        self._say(_better(model.skill), f"Read from a file, {model.target}. {facts}", "good")

    def use_theme(self, theme: str) -> None:
        """Color the large line."""
        self.large.setStyleSheet(f"{_LARGE} color: {tone_color(theme, self._tone)}")

    def _say(self, large: str, small: str, tone: Tone) -> None:
        self._tone = tone
        self.large.setText(large)
        self.small.setText(small)


def _better(skill: float) -> str:
    return f"{percent(skill)} better than the patient's mean"


def _facts(found: VirtualBiopsy | VirtualBiopsyModel, patients: int, biopsies: int) -> str:
    return (
        f"Skill {percent(found.skill)} ({percent(found.skill_low)} to "
        f"{percent(found.skill_high)}, {p_said(found.p_value)}): part of the variance within "
        f"patients that is predicted in patients left out. {patients} patients, "
        f"{biopsies} biopsies."
    )


def percent(share: float) -> str:
    """Share as a person reads it.

    Examples
    --------
    >>> percent(0.664), percent(-0.001)
    ('66 %', '0 %')
    """
    return f"{round(100 * share) + 0} %"
