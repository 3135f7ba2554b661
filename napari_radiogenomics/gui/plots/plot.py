"""The base of our plots: napari's colors, and a button that saves or copies the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyqtgraph as pg
from napari.utils.theme import get_theme
from qtpy.QtCore import QPoint, QSize, Qt
from qtpy.QtGui import QColor, QGuiApplication, QPainter
from qtpy.QtWidgets import QFileDialog, QLabel, QMenu, QVBoxLayout, QWidget

from napari_radiogenomics.errors import InputError

__all__ = ["HERE", "Plot"]

HERE = "#d55e00"
"""Color of the patient on the screen, in every plot."""
_ENDINGS = (".png", ".svg")
_MARGIN = 16  # pixels of an axis that a name cannot have
_EDGE = 6  # pixels around the axes: what hangs below a label would be cut


class _Canvas(pg.PlotWidget):
    """A plot that asks for little: a dock on a small screen would scroll otherwise."""

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt names it
        """A small plot; it takes what room there is."""
        return QSize(240, 120)


class Plot(QWidget):
    """A plot with a line of words above it.

    Parameters
    ----------
    name : str
        What it shows, for screen readers and file names.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.setAccessibleName(name)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.plot = _Canvas(background=None)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(False, False)
        self.plot.getPlotItem().layout.setContentsMargins(1, _EDGE, 2 * _EDGE, _EDGE)
        for side in (
            "bottom",
            "left",
            "top",
        ):  # once, while they are empty: later it would scale by 1000
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self.plot.setAccessibleName(name)
        self.plot.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.plot.customContextMenuRequested.connect(self._open_menu)
        self.text_color = QColor("white")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.words)
        column.addWidget(self.plot, 1)

    def use_theme(self, theme: str) -> None:
        """Draw in the colors of napari's theme; what is drawn already stays as it is."""
        found = get_theme(theme)
        self.text_color = QColor(found.text.as_hex())
        self.plot.setBackground(found.background.as_hex())  # Qt keeps that of the theme before
        for side in ("bottom", "left", "top"):
            axis = self.plot.getAxis(side)
            axis.setPen(self.text_color)
            axis.setTextPen(self.text_color)

    def name_axis(self, names: Sequence[tuple[str, str]], width: int) -> None:
        """Write a name beside each row, in an axis of that many pixels.

        A name that has no room is cut in the middle; the axis would leave it out.

        Parameters
        ----------
        names : sequence of (str, str)
            Name of each row, and what follows it and is never cut.
        width : int
            Of the axis.
        """
        axis = self.plot.getAxis("left")
        axis.setWidth(width)
        metrics, room = self.plot.fontMetrics(), width - _MARGIN
        ticks = []
        for at, (name, end) in enumerate(names):
            left = room - metrics.horizontalAdvance(end)
            kept = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, left)
            ticks.append((at, f"{kept}{end}"))
        axis.setTicks([ticks])

    def clear(self, words: str = "") -> None:
        """Show no plot, and say why."""
        self.plot.clear()
        self.plot.setVisible(False)
        self.words.setText(words)

    def begin(self, words: str) -> None:
        """Empty the plot and write the line above it."""
        self.plot.clear()
        self.plot.setVisible(True)
        self.words.setText(words)

    def save(self, path: str | Path) -> Path:
        """Write the picture.

        Parameters
        ----------
        path : str or Path
            PNG or SVG, as its ending says.

        Raises
        ------
        InputError
            If the ending is another, or the file cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() not in _ENDINGS:
            raise InputError(f'A plot cannot be written as "{path.suffix}". Use .png or .svg.')
        with self.in_full():
            self._write(path)
        return path

    @contextmanager
    def in_full(self) -> Iterator[None]:
        """Show all there is while a picture is taken; a plot that scrolls has more."""
        yield

    def _write(self, path: Path) -> None:
        if path.suffix.lower() == ".png":
            if not self.grab().save(str(path)):
                raise InputError(f"{path} cannot be written. Choose another folder.")
            return
        from qtpy.QtSvg import QSvgGenerator

        generator = QSvgGenerator()
        generator.setFileName(str(path))
        generator.setSize(self.size())
        generator.setViewBox(self.rect())
        painter = QPainter()
        if not painter.begin(generator):
            raise InputError(f"{path} cannot be written. Choose another folder.")
        self.render(painter)
        painter.end()

    def _open_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.addAction("Copy picture", self._copy)
        menu.addAction("Save picture…", self._ask_and_save)
        menu.popup(self.plot.mapToGlobal(place))

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            with self.in_full():
                clipboard.setPixmap(self.grab())

    def _ask_and_save(self) -> None:
        name = self.name.lower().replace(" ", "-") + ".png"
        path, _ = QFileDialog.getSaveFileName(
            self, "Save picture", name, "PNG (*.png);;SVG (*.svg)"
        )
        if path:
            self.save(path)
