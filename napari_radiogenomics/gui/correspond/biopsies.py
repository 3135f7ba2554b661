"""Where the biopsies of a comparison lie: what their colors mean, and a way to the nearest one."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_radiogenomics.gui.correspond.work import NEAR_MM
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.style import tone_color
from napari_radiogenomics.gui.genes.legend_bar import LegendBar

if TYPE_CHECKING:
    import pandas as pd
    from napari.components import ViewerModel

    from napari_radiogenomics.gui.correspond.work import Compared

__all__ = ["BiopsyBox", "BiopsyLine", "Nearest", "WayToBiopsies", "carriers", "near_words",
           "nearest_to"]  # fmt: skip

_GO, _BACK = "go", "back"
# Towards which side of the patient the coordinates of LPS grow, and fall.
_SIDES = {"z": ("above", "below"), "y": ("behind", "in front of"), "x": ("left of", "right of")}
_WHOLE_MM = 10.0
_NEAR = f"within {NEAR_MM:g} mm of the section"


def carriers(compared: Compared | None) -> pd.DataFrame | None:
    """Biopsies that have a place and a value of the gene; None where none was asked for."""
    if compared is None or not compared.asked.score:
        return None
    return compared.biopsies[compared.biopsies["value"].notna()]


def near_words(compared: Compared) -> str:
    """How many biopsies with a value of the gene lie near the section; nothing without a gene."""
    table, score = carriers(compared), compared.asked.score
    if table is None:
        return ""
    if not len(table):
        return f"{score}: no biopsy has a place and a value."
    return f"{score}: {compared.n_near or 'none'} of {_biopsies(len(table))} {_NEAR}."


def _biopsies(n: int) -> str:
    return "1 biopsy" if n == 1 else f"{n} biopsies"


@dataclass(frozen=True)
class Nearest:
    """The biopsy nearest to a slice.

    Attributes
    ----------
    name : str
        Its key.
    place : tuple of float
        z, y, x in LPS mm.
    off_mm : float
        From the slice; positive where coordinates grow.
    inside : bool
        Whether its ball reaches into the slice.
    away_mm : float
        From the section to its ball.
    """

    name: str
    place: tuple[float, float, float]
    off_mm: float
    inside: bool
    away_mm: float

    def words(self, axis: str) -> str:
        """Where it lies.

        Examples
        --------
        >>> Nearest("b1", (12.4, 0, 0), 12.4, False, 9.0).words("z")
        'b1, 12 mm above this slice'
        >>> Nearest("b1", (0, 3, 0), -0.84, False, 0.0).words("y")
        'b1, 0.8 mm in front of this slice'
        >>> Nearest("b1", (0, 3, 0), 0.2, True, 13.6).words("z")
        'b1 lies in this slice, 14 mm from the section'
        """
        if self.inside:
            where = f"{_mm(self.away_mm)} from" if self.away_mm > 0 else "on"
            return f"{self.name} lies in this slice, {where} the section"
        side = _SIDES[axis][0 if self.off_mm > 0 else 1]
        return f"{self.name}, {_mm(abs(self.off_mm))} {side} this slice"


def _mm(length: float) -> str:
    return f"{length:.{0 if length >= _WHOLE_MM else 1}f} mm"


def nearest_to(
    table: pd.DataFrame, at: tuple[float, float, float], axis: str, half_mm: float
) -> Nearest:
    """Find the biopsy nearest to a slice; of those in it, that nearest to the crosshair.

    Parameters
    ----------
    table : DataFrame
        At least one row of `Compared.biopsies`.
    at : tuple of float
        Where the slices meet: z, y, x in LPS mm.
    axis : {"x", "y", "z"}
        Across the slice, in LPS.
    half_mm : float
        Half of its thickness.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"sample_id": ["b1", "b2"], "radius_mm": 1.5, "away_mm": 9.0,
    ...                       "x": [0.0, 8.0], "y": 0.0, "z": [12.0, -30.0]})
    >>> nearest_to(table, (0, 0, 0), "z", 1.25).name
    'b1'
    >>> nearest_to(table, (-20, 0, 0), "z", 1.25).off_mm
    -10.0
    """
    away_from = table[["z", "y", "x"]].to_numpy(float) - np.asarray(at, float)  # (N, 3)
    off = away_from[:, "zyx".index(axis)]
    reach = np.maximum(table["radius_mm"].to_numpy(float), half_mm)
    away = np.maximum(np.abs(off) - reach, 0.0)
    aside = np.linalg.norm(away_from, axis=1)
    first = int(np.lexsort((aside, away))[0])
    row = table.iloc[first]
    place = (float(row["z"]), float(row["y"]), float(row["x"]))
    inside = bool(away[first] == 0)
    return Nearest(str(row["sample_id"]), place, float(off[first]), inside, float(row["away_mm"]))


class BiopsyBox(QWidget):
    """What the colors of the biopsies mean, and how many lie near the section."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.legend = QLabel(), LegendBar()
        self.words.setWordWrap(True)
        self.words.setAccessibleName("Biopsies")
        self.words.setToolTip(f"<p>Counted are those whose ball comes {_NEAR}.</p>")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.words, self.legend):
            column.addWidget(widget)
        self.use(None)

    def use(self, compared: Compared | None) -> None:
        """Speak of the biopsies of a comparison."""
        self.words.setText("" if compared is None else near_words(compared))
        self.setVisible(bool(self.words.text()))
        shown = compared is not None and len(compared.biopsies) > 0
        self.legend.show_scale(
            compared.scale if compared is not None and shown else None,
            compared.asked.score if compared is not None else "",
        )


class BiopsyLine(QLabel):
    """One sentence of the wide dock, with a link to the biopsy or back to the section.

    Attributes
    ----------
    asked_to_go, asked_back : Signal()
        The link was followed.
    """

    asked_to_go = Signal()
    asked_back = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setAccessibleName("Where the biopsies are")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.linkActivated.connect(self._follow)
        self._color, self._said = "", ("", "", "")
        self.say("")

    def use_theme(self, theme: str) -> None:
        """Let the link be read in napari's theme: Qt's blue is too dark on a dark one."""
        self._color = tone_color(theme, "plain")
        self.say(*self._said)

    def say(self, words: str, link: str = "", link_words: str = "") -> None:
        """Show a sentence; without one nothing."""
        self._said = (words, link, link_words)
        look = f"color: {self._color}; font-weight: bold"
        more = f" <a href='{link}' style='{look}'>{escape(link_words)}</a>" if link else ""
        text = f"{escape(words)}{more}"
        if text != self.text():
            self.setText(text)
        self.setVisible(bool(words))

    def _follow(self, link: str) -> None:
        (self.asked_to_go if link == _GO else self.asked_back).emit()


class WayToBiopsies(QObject):
    """Keeps the sentence true while the slices move, and goes where its link says.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer of the scan; its world is LPS mm in the order z, y, x.
    line : BiopsyLine
        Where the sentence stands.

    Attributes
    ----------
    went : Signal(str)
        The slices were moved to this biopsy.
    """

    went = Signal(str)

    def __init__(self, viewer: ViewerModel, line: BiopsyLine) -> None:
        super().__init__(line)
        self.viewer, self.line = viewer, line
        self._compared: Compared | None = None
        self._nearest: Nearest | None = None
        self._away = False  # from the section, to a biopsy
        connections = self.connections = Connections(line)
        for event in (viewer.dims.events.point, viewer.dims.events.order):
            connections.add(event, self.update)
        line.asked_to_go.connect(self.go)
        line.asked_back.connect(self.be_back)

    def use(self, compared: Compared | None) -> None:
        """Speak of the biopsies of a comparison; of None nothing is said."""
        self._compared, self._away = compared, False
        self.update()

    def be_back(self) -> None:
        """The section is looked at again."""
        self._away = False
        self.update()

    def update(self, _event: object = None) -> None:
        """Say where the biopsies are, seen from the slice in sight."""
        if not isalive(self.line):
            return
        self._nearest = None
        compared, table = self._compared, carriers(self._compared)
        if compared is None or table is None:
            self.line.say("")
            return
        score, n = compared.asked.score, len(table)
        if not n:
            self.line.say(f"No biopsy of this tumor has a place and a value of {score}.")
            return
        carry = "carries" if n == 1 else "carry"
        near = compared.n_near
        some = f"{near or 'none'} of them " if n > 1 else "" if near else "not "
        said = f"{_biopsies(n)} of this tumor {carry} {score}, {some}{_NEAR}"
        dims = self.viewer.dims
        if dims.ndisplay != 2 or dims.ndim < 3:
            self.line.say(f"{said}.")
            return
        across = dims.order[-3]
        axis = "zyx"[across - dims.ndim + 3]
        half = float(dims.range[across].step) / 2
        z, y, x = map(float, dims.point[-3:])
        nearest = self._nearest = nearest_to(table, (z, y, x), axis, half)
        told = f"{said}; {'' if nearest.inside else 'nearest: '}{nearest.words(axis)}."
        if self._away and nearest.inside:
            self.line.say(told, _BACK, "Back to the section")
        else:
            self.line.say(told, _GO, "Go there")

    def go(self) -> None:
        """Show the slices through the nearest biopsy; the slide stays."""
        nearest, dims = self._nearest, self.viewer.dims
        if nearest is None:
            return
        self._away = True
        dims.set_point(range(dims.ndim - 3, dims.ndim), nearest.place)
        shown = [axis - dims.ndim + 3 for axis in dims.displayed]
        self.viewer.scene.camera.center = tuple(nearest.place[axis] for axis in shown)
        self.update()
        self.went.emit(nearest.name)
