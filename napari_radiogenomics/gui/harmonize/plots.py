"""Plots of batch effects: patients by their main components, and one feature by site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor

from napari_radiogenomics.gui.plots.colors import SITE_COLORS, site_colors
from napari_radiogenomics.gui.plots.plot import HERE, Plot

__all__ = ["ComponentPlot", "DensityPlot", "density"]

_POINTS = 128


class ComponentPlot(Plot):
    """Patients by their first two principal components, colored by site.

    Attributes
    ----------
    chosen : Signal(str)
        The patient whose dot was clicked.
    """

    chosen = Signal(str)

    def show_components(
        self,
        patients: Sequence[str],
        places: NDArray[np.float64],
        sites: Sequence[str],
        *,
        here: str,
        words: str,
    ) -> None:
        """Draw patients, shape (N, 2)."""
        self.begin(words)
        colors = site_colors(sites)
        dots = pg.ScatterPlotItem(hoverable=True, tip=_tip)
        dots.addPoints([
            {
                "pos": tuple(map(float, place)),
                "size": 11 if patient == here else 7,
                "brush": QColor(colors[site]),
                "pen": pg.mkPen(HERE, width=2.5) if patient == here else None,
                "data": (patient, site),
            }
            for patient, place, site in zip(patients, places, sites, strict=True)
        ])  # fmt: skip
        dots.sigClicked.connect(self._clicked)
        self.plot.addItem(dots)
        for side in ("bottom", "left"):  # the numbers of components say nothing
            self.plot.getAxis(side).setStyle(showValues=False)
        self.plot.setLabel("bottom", "component 1")
        self.plot.setLabel("left", "component 2")
        self.plot.enableAutoRange()

    def _clicked(self, _item: object, points: Sequence[Any], _event: object = None) -> None:
        if len(points):
            self.chosen.emit(str(points[-1].data()[0]))


def _tip(x: float, y: float, data: tuple[str, str]) -> str:
    return f"{data[0]}, site {data[1]}"


def density(values: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Smooth density of values, by a Gaussian kernel of Silverman's width.

    Examples
    --------
    >>> at = np.linspace(-8, 8, 400)
    >>> found = density(np.random.default_rng(0).normal(size=200), at)
    >>> bool(abs(found.sum() * (at[1] - at[0]) - 1) < 0.01)
    True
    """
    spread = values.std(ddof=1) if len(values) > 1 else 0.0
    if not spread > 0:
        return np.zeros(len(at))
    width = 1.06 * spread * len(values) ** -0.2
    z = (at[:, None] - values[None, :]) / width
    summed = np.exp(-0.5 * z**2).sum(axis=1) / (len(values) * width * np.sqrt(2 * np.pi))
    return np.asarray(summed, float)


class DensityPlot(Plot):
    """One feature in each site: dashed before, solid after."""

    def __init__(self) -> None:
        super().__init__("A feature by site")

    def show_feature(
        self,
        before: NDArray[np.float64],
        after: NDArray[np.float64],
        sites: Sequence[str],
        *,
        name: str,
    ) -> None:
        """Draw the densities of a feature, shape (N,), in each site."""
        self.begin("dashed before, solid after")
        colors, owner = site_colors(sites), np.asarray(sites)
        both = np.concatenate([before, after])
        both = both[np.isfinite(both)]
        if not both.size:
            self.clear("No value of this feature is known.")
            return
        margin = 0.08 * (np.ptp(both) or 1.0)
        at = np.linspace(both.min() - margin, both.max() + margin, _POINTS)
        for site, color in colors.items():
            for values, style in (
                (before, Qt.PenStyle.DashLine),
                (after, Qt.PenStyle.SolidLine),
            ):
                own = values[owner == site]
                pen = pg.mkPen(QColor(color), width=2, style=style)
                self.plot.plot(at, density(own[np.isfinite(own)], at), pen=pen)
        self.plot.getAxis("left").setStyle(showValues=False)
        self.plot.setLabel("bottom", name)
        self.plot.setLabel("left", "patients")
        self.plot.enableAutoRange()


def legend_of(sites: Sequence[str]) -> str:
    """Sites with their colors, as rich text."""
    return (
        " &nbsp; ".join(
            f'<span style="color:{color}">●</span> {name}'
            for name, color in site_colors(sites).items()
        )
        or f'<span style="color:{SITE_COLORS[-1]}">no site</span>'
    )
