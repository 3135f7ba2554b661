"""A list to tick, with a search line: for what is chosen from many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

__all__ = ["CheckList"]

_KEY = Qt.ItemDataRole.UserRole
_ROWS = 6
# napari draws an empty box in the color of the list: it would not be seen. This gray is on both.
_BOX = """
QListWidget::indicator:unchecked {
    width: 11px; height: 11px; border: 1px solid #8a8f98; border-radius: 2px;
}
"""


class CheckList(QWidget):
    """Entries with a tick each, found by typing.

    Parameters
    ----------
    entries : sequence of (key, title, meaning)
        What is returned, what is read, and what the search and the tooltip know besides.
    what : str, optional
        What the entries are.
    rows : int, optional
        How many are seen at once.
    by_hand : collection of str, optional
        Keys of entries that All leaves out.

    Attributes
    ----------
    changed : Signal()
        A tick changed.
    looked_at : Signal(str)
        Key of the entry that the person looks at.
    top : QHBoxLayout
        The row of the search line, for more buttons.
    """

    changed = Signal()
    looked_at = Signal(str)

    def __init__(
        self,
        entries: Sequence[tuple[str, str, str]],
        *,
        what: str = "",
        rows: int = _ROWS,
        by_hand: Collection[str] = (),
    ) -> None:
        super().__init__()
        self._by_hand = frozenset(by_hand)
        self._what, self._most = what or "entries", rows
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.list = QListWidget()
        self.list.setAccessibleName(self._what)
        self.list.setStyleSheet(_BOX)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._texts: dict[str, str] = {}
        self.offer(entries)
        self.list.setMinimumWidth(120)
        self.list.itemChanged.connect(self.changed)
        self.list.currentItemChanged.connect(self._look)
        self._lay_out()
        self.setFocusProxy(self.search)

    def _lay_out(self) -> None:
        self.top = top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self.search, 1)
        for text, tip, state in (
            ("All", "Tick every entry in sight", Qt.CheckState.Checked),
            ("None", "Untick every entry in sight", Qt.CheckState.Unchecked),
        ):
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, state=state: self._tick_visible(state))
            top.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.list)

    def offer(self, entries: Sequence[tuple[str, str, str]]) -> None:
        """Show other entries; those that were ticked before stay ticked.

        Parameters
        ----------
        entries : sequence of (key, title, meaning)
            As for the class.
        """
        ticked = set(self.checked)
        self.list.blockSignals(True)
        self.list.clear()
        self._texts.clear()
        for key, title, meaning in entries:
            item = QListWidgetItem(title, self.list)
            item.setData(_KEY, key)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            on = key in ticked
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            item.setToolTip(f"<p><b>{title}</b><br>{meaning}</p>" if meaning else title)
            self._texts[key] = f"{key} {title} {meaning}".lower()
        self.list.blockSignals(False)
        own = [key for key, *_ in entries if key not in self._by_hand]
        self.search.setPlaceholderText(f"Search {len(own)} {self._what}")
        row_height = self.fontMetrics().lineSpacing() + 1
        self.list.setFixedHeight(row_height * min(self._most, max(2, len(entries))) + 6)

    def _items(self) -> Iterable[QListWidgetItem]:
        return (self.list.item(row) for row in range(self.list.count()))

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        for item in self._items():
            found = self._texts[item.data(_KEY)]
            item.setHidden(not all(word in found for word in words))

    def _tick_visible(self, state: Qt.CheckState) -> None:
        before = self.checked
        self.list.blockSignals(True)
        for item in self._items():
            kept = state == Qt.CheckState.Checked and item.data(_KEY) in self._by_hand
            if not item.isHidden() and not kept:
                item.setCheckState(state)
        self.list.blockSignals(False)
        if self.checked != before:
            self.changed.emit()

    def _look(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.looked_at.emit(item.data(_KEY))

    def look_at(self, key: str) -> None:
        """Make an entry the current one."""
        for item in self._items():
            if item.data(_KEY) == key:
                self.list.setCurrentItem(item)

    @property
    def shown(self) -> tuple[str, ...]:
        """Keys of the entries that the search leaves."""
        return tuple(item.data(_KEY) for item in self._items() if not item.isHidden())

    @property
    def checked(self) -> tuple[str, ...]:
        """Keys of the ticked entries, in the order of the list."""
        on = Qt.CheckState.Checked
        return tuple(item.data(_KEY) for item in self._items() if item.checkState() == on)

    @checked.setter
    def checked(self, keys: Iterable[str]) -> None:
        wanted, before = set(keys), self.checked
        self.list.blockSignals(True)
        for item in self._items():
            on = item.data(_KEY) in wanted
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.list.blockSignals(False)
        if self.checked != before:
            self.changed.emit()
