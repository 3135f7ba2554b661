"""Reading the neighbors of the open patient while the person looks at it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qtpy.QtCore import QObject

from napari_radiogenomics.gui.cohort.patient import Loaded, load_layers
from napari_radiogenomics.gui.forms.runner import Outcome, Runner

__all__ = ["ReadAhead"]

# Two patients at most are kept beside the open one, each no larger than this.
_MOST_BYTES = 256 * 2**20


def _size(loaded: Loaded) -> int:
    return sum(getattr(data, "nbytes", _MOST_BYTES) for data, _, _ in loaded.layers)


class ReadAhead(QObject):
    """Reads what will probably be asked for next, in the background, one after the other.

    Parameters
    ----------
    parent : QObject
        Owner; reading ends when it goes.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.runner = Runner(self, activity=False)
        self.runner.ended.connect(self._ended)
        self._wanted: list[dict[str, Any]] = []
        self._reading: dict[str, Any] | None = None
        self._read: list[tuple[dict[str, Any], Loaded]] = []

    def read(self, wishes: Iterable[dict[str, Any]], *, beside: Loaded) -> None:
        """Read up to two patients; what was read before and is not wished for is forgotten.

        Parameters
        ----------
        wishes : iterable of dict
            Arguments of `load_layers`, what is most likely first.
        beside : Loaded
            The open patient: beside a large one nothing is read, as its neighbors are large too.
        """
        self.stop()
        wishes = list(wishes)[:2] if _size(beside) <= _MOST_BYTES else []
        self._read = [kept for kept in self._read if kept[0] in wishes]
        known = [wish for wish, _ in self._read]
        self._wanted = [wish for wish in wishes if wish not in known]
        self._start()

    def take(self, wish: dict[str, Any]) -> Loaded | None:
        """Return a patient that was read, once: its labels may be painted on."""
        found = next((kept for kept in self._read if kept[0] == wish), None)
        if found is None:
            return None
        self._read.remove(found)
        return found[1]

    def stop(self) -> None:
        """Read no further: the processor is needed."""
        self._wanted = []
        self._reading = None
        self.runner.cancel()

    def forget(self, _why: object = None) -> None:
        """Forget what was read: files or wishes are no longer the same."""
        self.stop()
        self._read = []

    def _start(self) -> None:
        if self._wanted and not self.runner.running:
            self._reading = self._wanted.pop(0)
            self.runner.run(load_layers, **self._reading)

    def _ended(self, outcome: Outcome) -> None:
        wish, self._reading = self._reading, None
        # What cannot be read says so when it is opened.
        if wish is not None and outcome.ok and _size(outcome.value) <= _MOST_BYTES:
            self._read.append((wish, outcome.value))
        self._start()
