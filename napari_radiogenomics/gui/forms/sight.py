"""Whether a dock is seen: Qt calls a dock visible that lies behind the tab of another."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtWidgets import QDockWidget, QWidget

__all__ = ["Sight"]


class Sight(QObject):
    """Watches whether a widget is seen.

    Parameters
    ----------
    widget : QWidget
        The widget, in a dock or on its own.

    Attributes
    ----------
    changed : Signal()
        It may have come into sight, or gone.
    """

    changed = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._dock: QDockWidget | None = None
        widget.installEventFilter(self)

    def __bool__(self) -> bool:
        return self._widget.isVisible() and not self._widget.visibleRegion().isEmpty()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Hear of the widget being shown and hidden; Qt names the method."""
        if event is None or not isalive(self._widget):
            return False  # a widget that is being deleted is hidden once more
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide):
            self._find_dock()
            self.changed.emit()
        return False

    def _find_dock(self) -> None:
        """Follow the dock that the widget was put into: it hears of tabs."""
        parent = self._widget.parentWidget()
        while parent is not None and not isinstance(parent, QDockWidget):
            parent = parent.parentWidget()
        if parent is not None and parent is not self._dock:
            parent.visibilityChanged.connect(self._tell)
            self._dock = parent

    def _tell(self, visible: bool = True) -> None:
        self.changed.emit()
