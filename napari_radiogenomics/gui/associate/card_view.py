"""The evidence card on the screen: its forest plot, its rules on hover, its texts to copy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QRectF, QSize, Qt
from qtpy.QtGui import QGuiApplication, QHelpEvent, QImage, QPainter, QPaintEvent
from qtpy.QtSvg import QSvgRenderer
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.forms.style import theme_kind
from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.provenance import write_history
from napari_radiogenomics.report.forest import evidence_hints, evidence_svg

if TYPE_CHECKING:
    from napari_radiogenomics.association.evidence import EvidenceCard

__all__ = ["CardView"]

_LEAST = 420
_EMPTY = "Weigh a pair to see what speaks for it and what against it."


class _Picture(QWidget):
    """The card as it is drawn; a tooltip on every line says what was found and by which rule."""

    def __init__(self) -> None:
        super().__init__()
        self.card: EvidenceCard | None = None
        self.theme = "dark"
        self._renderer: QSvgRenderer | None = None
        self.setMinimumWidth(_LEAST)
        self.setAccessibleName("Evidence card")

    def show_card(self, card: EvidenceCard | None) -> None:
        """Draw a card."""
        self.card = card
        self._draw()

    def use_theme(self, theme: str) -> None:
        """Draw in the colors of a theme."""
        self.theme = theme
        self._draw()

    def _draw(self) -> None:
        self._renderer = None
        if self.card is not None:
            text = evidence_svg(self.card, theme=theme_kind(self.theme), width=self.width())
            self._renderer = QSvgRenderer(text.encode())
            self.setFixedHeight(self._renderer.defaultSize().height())
        self.update()

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 - Qt names it
        """Draw anew for the width there is."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._draw()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt names it
        """Paint the picture at its size."""
        if self._renderer is not None:
            painter = QPainter(self)
            self._renderer.render(painter, QRectF(self._renderer.viewBoxF()))
            painter.end()

    def hint_at(self, y: float) -> str:
        """What the line at a height says, and its rule."""
        hints = [] if self.card is None else evidence_hints(self.card, width=self.width())
        above = [0.0, *(edge for edge, _ in hints)]
        return next(
            (hint for (edge, hint), top in zip(hints, above, strict=False) if top <= y < edge), ""
        )

    def event(self, event: QEvent) -> bool:
        """Show the rule of the line under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            hint = self.hint_at(event.pos().y())
            if hint:
                QToolTip.showText(event.globalPos(), hint, self)
            else:
                QToolTip.hideText()
            return True
        return bool(super().event(event))


class CardView(QWidget):
    """An evidence card with what can be done with it.

    Attributes
    ----------
    card : EvidenceCard or None
        The card that is shown.
    """

    def __init__(self) -> None:
        super().__init__()
        self.picture = _Picture()
        self.empty = QLabel(_EMPTY)
        self.empty.setWordWrap(True)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(self.picture)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self._area = area
        self.copy_button, self.save_button = QPushButton("Copy methods text"), QPushButton("Save…")
        self.copy_button.setToolTip("Sentences for the methods section of a paper")
        self.save_button.setToolTip("Picture (SVG, PNG), table (CSV), all of it (JSON)")
        self.copy_button.clicked.connect(self.copy_methods)
        self.save_button.clicked.connect(self.ask_and_save)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.copy_button)
        buttons.addWidget(self.save_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.empty)
        column.addWidget(area, 1)
        column.addLayout(buttons)
        self.show_card(None)

    @property
    def card(self) -> EvidenceCard | None:
        """The card that is shown."""
        return self.picture.card

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt names it
        """Room for the plot."""
        return QSize(640, 420)

    def show_card(self, card: EvidenceCard | None) -> None:
        """Show a card, or that there is none."""
        self.picture.show_card(card)
        self.empty.setVisible(card is None)
        self._area.setVisible(card is not None)
        for button in (self.copy_button, self.save_button):
            button.setEnabled(card is not None)

    def use_theme(self, theme: str) -> None:
        """Draw in the colors of a theme."""
        self.picture.use_theme(theme)

    def copy_methods(self) -> None:
        """Put the methods text on the clipboard."""
        if self.card is not None:
            QGuiApplication.clipboard().setText(self.card.methods())

    def ask_and_save(self) -> None:
        """Ask for a file and write the card there."""
        if self.card is None:
            return
        name = f"{self.card.feature}_{self.card.outcome}.svg"
        kinds = "Picture (*.svg *.png);;Table (*.csv);;Everything (*.json)"
        path, _ = QFileDialog.getSaveFileName(self, "Save the evidence card", name, kinds)
        if path:
            self.save(path)

    def save(self, path: str | Path) -> Path:
        """Write the card, by the ending of the file; its history is written beside it.

        Raises
        ------
        InputError
            If there is no card, or the ending is another.
        """
        path, card = Path(path), self.card
        if card is None:
            raise InputError("There is no card yet. Weigh a pair first.")
        writers = {".svg": self._svg, ".png": self._png, ".csv": self._csv, ".json": self._json}
        if path.suffix.lower() not in writers:
            raise InputError(
                f'A card cannot be written as "{path.suffix}". Use {", ".join(writers)}.'
            )
        with atomic_path(path) as temporary:
            writers[path.suffix.lower()](card, temporary)
        write_history(card, path)
        return path

    def _svg(self, card: EvidenceCard, path: Path) -> None:
        path.write_text(evidence_svg(card), encoding="utf-8")

    def _csv(self, card: EvidenceCard, path: Path) -> None:
        card.table().to_csv(path, index=False)

    def _json(self, card: EvidenceCard, path: Path) -> None:
        path.write_text(card.to_json() + "\n", encoding="utf-8")

    def _png(self, card: EvidenceCard, path: Path) -> None:
        renderer = QSvgRenderer(evidence_svg(card).encode())
        image = QImage(2 * renderer.defaultSize(), QImage.Format.Format_RGB32)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        if not image.save(str(path), "PNG"):
            raise InputError(f"{path} cannot be written. Choose another folder.")
