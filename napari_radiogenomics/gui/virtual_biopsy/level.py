"""A button that takes the level of the intervals that the biopsies are enough for."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton

from napari_radiogenomics.correspondence.biopsy_targets import TooFewPatients
from napari_radiogenomics.gui.forms.runner import Outcome

__all__ = ["LevelButton"]


class LevelButton(QPushButton):
    """Seen where the biopsies are too few for the level that was asked, and enough for a lower one.

    Attributes
    ----------
    wanted : Signal(float)
        Level that the person takes.
    """

    wanted = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._level = 0.0
        self.setToolTip("Intervals of this level need no more patients than there are")
        self.clicked.connect(lambda: self.wanted.emit(self._level))
        self.hide()

    def show_outcome(self, outcome: Outcome) -> None:
        """Offer the level where that is what stood in the way."""
        error = outcome.error
        level = error.level if isinstance(error, TooFewPatients) else None
        self._level = level or 0.0
        self.setText(f"Learn at {self._level:.0%}")
        self.setVisible(level is not None)
