"""Versions of the segmentation that is drawn on: save one beside the expert's, bring one back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import GeometryError, InputError, RadiogenomicsError
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.layers.edits import mark_saved, object_of
from napari_radiogenomics.gui.layers.keys import PART, SOURCE
from napari_radiogenomics.gui.preferences import preference
from napari_radiogenomics.gui.segment.job import regions_of
from napari_radiogenomics.gui.session import Session
from napari_radiogenomics.imaging.display import show
from napari_radiogenomics.io.versions import restore, save_version, versions
from napari_radiogenomics.segmentation import changes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VersionsRow", "version_text"]

_ID = Qt.ItemDataRole.UserRole
_ROWS = 4
_NONE = "Versions are kept for segmentations of an open cohort of our own folder format."


def version_text(row: pd.Series) -> str:
    """Say when, who, what kind and with which tool.

    Examples
    --------
    >>> import pandas as pd
    >>> facts = {"time": "2026-11-23T11:19:28+00:00", "reader": "AB", "source": "corrected"}
    >>> version_text(pd.Series({**facts, "tool": "margin"}))
    '2026-11-23 11:19 · corrected · AB · margin'
    """
    when = str(row["time"])[:16].replace("T", " ") or "as opened"
    parts = (when, row["source"], row["reader"], row["tool"])
    return " · ".join(str(part) for part in parts if part)


class VersionsRow(QWidget):
    """List of versions, with Save and Restore.

    Parameters
    ----------
    session : Session
        Whose cohort keeps them.

    Attributes
    ----------
    said : Signal(str, str)
        What happened, and its tone.
    """

    said = Signal(str, str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.layer: Labels | None = None
        self._saved: tuple[Labels, Segmentation] | None = None
        self.runner = Runner(self)
        self.runner.ended.connect(self._ended)
        self.about = QLabel(_NONE)
        self.about.setWordWrap(True)
        self.list = QListWidget()
        self.list.setAccessibleName("Versions")
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setFixedHeight((self.fontMetrics().lineSpacing() + 4) * _ROWS + 4)
        self.save_button, self.restore_button = QPushButton("Save version"), QPushButton("Restore")
        self.save_button.setToolTip("A new file beside the others; the expert's stays as it is")
        self.restore_button.setToolTip("Bring the chosen version back, as one undo step")
        self.save_button.clicked.connect(self.save)
        self.restore_button.clicked.connect(self.restore)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.save_button)
        row.addWidget(self.restore_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in (self.about, self.list):
            column.addWidget(part)
        column.addLayout(row)
        self.use(None)

    def use(self, layer: Labels | None) -> None:
        """List the versions of the segmentation that a layer shows."""
        self.layer = layer
        self.list.clear()
        table = self._table()
        for name, row in [] if table is None else table.iterrows():
            item = QListWidgetItem(version_text(row), self.list)
            item.setData(_ID, name)
            item.setToolTip(f"{name}<br>{row['path']}")
        known = table is not None and len(table) > 0
        self.list.setCurrentRow(0 if known else -1)
        self.about.setVisible(not known)
        self.list.setVisible(known)
        for button in (self.save_button, self.restore_button):
            button.setEnabled(known)

    @property
    def own_id(self) -> str:
        """Id of the segmentation in the cohort; empty where it is of none."""
        source = None if self.layer is None else self.layer.metadata.get(SOURCE)
        facts = source.metadata if isinstance(source, Segmentation) else {}
        return str(facts.get("segmentation_id", ""))

    def _table(self) -> pd.DataFrame | None:
        cohort = self.session.cohort
        if cohort is None or not self.own_id:
            return None
        try:
            return versions(cohort, self.own_id)
        except InputError:
            return None  # another layout, or a cohort that was opened since

    def save(self) -> None:
        """Write what is drawn as a new version."""
        cohort, layer = self.session.cohort, self.layer
        if cohort is None or layer is None or not self.own_id:
            self.said.emit(_NONE, "error")
            return
        drawn = object_of(layer)
        self._saved = (layer, drawn)
        self._start(
            save_version,
            cohort,
            drawn,
            title="Save version",
            segmentation_id=self.own_id,
            reader=str(preference("reader")),
            tool=drawn.history[-1].verb if drawn.history else "brush",
        )

    def restore(self) -> None:
        """Bring the chosen version back onto the screen."""
        item, cohort = self.list.currentItem(), self.session.cohort
        if item is None or cohort is None:
            self.said.emit("Choose a version in the list.", "error")
            return
        self._start(restore, cohort, item.data(_ID), title="Restore version")

    def _start(self, function: Any, *data: Any, title: str, **settings: Any) -> None:
        try:
            self.runner.run(function, *data, title=title, **settings)
        except InputError as error:
            self.said.emit(str(error), "error")
        else:
            self.said.emit("Working …", "plain")

    def _ended(self, outcome: Outcome) -> None:
        if not outcome.ok:
            self.said.emit(str(outcome.error), "error")
        elif isinstance(outcome.value, Segmentation):
            try:
                self._bring_back(outcome.value)
            except RadiogenomicsError as error:
                self.said.emit(str(error), "error")
        else:
            self._note_saved(str(outcome.value))

    def _note_saved(self, name: str) -> None:
        if self._saved is not None:
            layer, drawn = self._saved
            mark_saved(layer.metadata, drawn)
            self.session.edits.saved.emit(drawn)
        self.use(self.layer)
        self.said.emit(f"Saved as {name}. The versions before it stay as they are.", "good")

    def _bring_back(self, found: Segmentation) -> None:
        layer = self.layer
        if layer is None:
            raise InputError("The segmentation is no longer open. Open its patient again.")
        here = regions_of(layer.as_layer_data_tuple())
        if not found.geometry.same_grid(here.geometry):
            raise GeometryError(
                f"The version ({found.geometry}) and the segmentation on the screen "
                f"({here.geometry}) are on different grids. Open the version as a file."
            )
        shown = show(found)
        part = layer.metadata.get(PART, 0) if len(shown) > 1 else 0
        indices, values = changes(np.asarray(layer.data), shown[part].array)
        if not values.size:
            self.said.emit("This version is what is on the screen already.", "plain")
            return
        layer.data_setitem(indices, values)
        self.said.emit(f"{found.name} is back: {values.size:,} voxels. Undo takes it away.", "good")
