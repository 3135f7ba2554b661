"""The wide dock of harmonization: patients before and after, and one feature by site."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.harmonize.plots import ComponentPlot, DensityPlot, legend_of
from napari_radiogenomics.gui.placing import PlacedWidget, Side

if TYPE_CHECKING:
    from napari_radiogenomics.gui.harmonize.work import Evened
    from napari_radiogenomics.harmonization.batch_effects import BatchEffects

__all__ = ["HarmonizeSheet", "area_text"]

_LARGE = 15


def area_text(effects: BatchEffects) -> str:
    """What a model can tell of the batch, before and after, as rich text."""

    def said(state: BatchEffects | None) -> str:
        if state is None or state.area is None:
            return "not known"
        area = state.area
        return f"{area.value:.2f} <small>[{area.low:.2f}, {area.high:.2f}]</small>"

    return f"A model can tell the site: AUC <b>{said(effects)} → {said(effects.after)}</b>"


class HarmonizeSheet(PlacedWidget):
    """Before and after, side by side.

    Attributes
    ----------
    patient_chosen : Signal(str)
        Patient of a dot that was clicked.
    """

    side: ClassVar[Side] = "below"

    patient_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.evened: Evened | None = None
        self.setObjectName("radiogenomics-harmonization")
        self.before, self.after = ComponentPlot("Before"), ComponentPlot("After")
        self.density = DensityPlot()
        self.feature = QuietCombo()
        self.feature.setAccessibleName("Feature")
        self.headline, self.legend = QLabel(), QLabel()
        for label in (self.headline, self.legend):
            label.setTextFormat(Qt.TextFormat.RichText)
        font = self.headline.font()
        font.setPointSize(_LARGE)
        self.headline.setFont(font)
        self._lay_out()
        self.feature.currentIndexChanged.connect(self._show_feature)
        self.before.chosen.connect(self.patient_chosen)
        self.after.chosen.connect(self.patient_chosen)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.headline, 1)
        top.addWidget(self.legend)
        right = QVBoxLayout()
        right.addWidget(self.feature)
        right.addWidget(self.density, 1)
        row = QHBoxLayout()
        row.addWidget(self.before, 1)
        row.addWidget(self.after, 1)
        row.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 4)
        column.setSpacing(4)
        column.addLayout(top)
        column.addLayout(row, 1)

    def show_evened(self, evened: Evened, here: str) -> None:
        """Show what harmonization changed.

        Parameters
        ----------
        evened : Evened
            Tables and effects before and after.
        here : str
            The patient on the screen.
        """
        self.evened = evened
        effects = evened.effects
        self.headline.setText(area_text(effects))
        self.legend.setText(legend_of(evened.batch.tolist()))
        self.show_here(here)
        self.feature.blockSignals(True)
        self.feature.clear()
        self.feature.addItems([str(name) for name in effects.table["feature"]])
        self.feature.blockSignals(False)
        self._show_feature()

    def show_here(self, here: str) -> None:
        """Mark the patient on the screen among the others."""
        effects = None if self.evened is None else self.evened.effects
        after = None if effects is None else effects.after
        for plot, state, when in ((self.before, effects, "Before"), (self.after, after, "After")):
            if state is not None:
                self._show_components(plot, state, when, here)

    def _show_components(
        self, plot: ComponentPlot, state: BatchEffects, when: str, here: str
    ) -> None:
        frame = state.coordinates
        places = frame[[name for name in frame.columns if name != "batch"]].to_numpy(float)
        if places.shape[1] < 2:
            places = np.column_stack([places, np.zeros(len(places))])
        share = state.table["batch_share"].median()
        plot.show_components(
            [str(name) for name in frame.index], places[:, :2], frame["batch"].tolist(),
            here=here,
            words=f"{when}: the site is {share:.0%} of a feature (median), "
            f"silhouette {state.silhouette:.2f}",
        )  # fmt: skip

    def _show_feature(self, _index: int = 0) -> None:
        name = self.feature.currentText()
        if self.evened is None or not name:
            return
        raw = self.evened.raw
        after = self.evened.features.table[name]
        self.density.show_feature(
            raw[name].to_numpy(float), after.to_numpy(float),
            self.evened.batch.reindex(raw.index).tolist(), name=name,
        )  # fmt: skip

    def use_theme(self, theme: str) -> None:
        """Draw in the colors of napari's theme."""
        for plot in (self.before, self.after, self.density):
            plot.use_theme(theme)
