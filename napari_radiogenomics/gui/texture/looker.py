"""What the Texture dock shows on the canvas at this moment: a finished map, or the preview."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_radiogenomics.gui.canvas.legend import map_title
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.texture.glance import Ask
from napari_radiogenomics.gui.texture.job import Board, job_of
from napari_radiogenomics.gui.texture.map_layer import choose_map, run_shown
from napari_radiogenomics.gui.texture.outlines import Outlines
from napari_radiogenomics.gui.texture.preview import LivePreview, planes_in_sight
from napari_radiogenomics.gui.texture.preview_layer import PreviewLayer
from napari_radiogenomics.gui.texture.sheet import Plane, Sheet, like
from napari_radiogenomics.radiomics.family import in_sentence

if TYPE_CHECKING:
    from napari.layers import Image as ImageLayer

    from napari_radiogenomics.gui.texture.dock import TextureDock

__all__ = ["Looker"]

# The person rests on a slice and on settings for so long before the other slices follow.
_REST_MS = 400


class Looker(QObject):
    """Keeps the canvas true to the settings of the dock.

    Where a finished run has these settings, its map is shown; else a preview of the slices in
    sight. While a run is under way, its values are shown as they come.

    Parameters
    ----------
    dock : TextureDock
        Whose settings.

    Attributes
    ----------
    shown : Signal(object)
        The layer that is meant now: the preview's or that of finished maps.
    told : Signal(str, str)
        A message and its tone.
    rested : Signal()
        The person rests: the other slices may follow.
    wish : str
        The feature chosen last, by PyRadiomics' name.
    board : Board
        Where the run that is under way shows its values.
    """

    shown = Signal(object)
    told = Signal(str, str)
    rested = Signal()

    def __init__(self, dock: TextureDock) -> None:
        super().__init__(dock)
        self._dock = dock
        self.wish = ""
        self.board = Board()
        self.run_key: Any = None
        self.by_itself = False
        self._planes: list[Plane] = []
        self.preview = LivePreview(self, self._ask)
        self.layer = PreviewLayer(dock.viewer)
        self.outlines = Outlines(dock.viewer)
        self.connections = Connections(dock)
        self.preview.seen.connect(self._show_seen)
        self.preview.failed.connect(self._show_failed)
        self.preview.stopped.connect(self.clear)
        self.preview.waits.connect(self._tell_wait)
        dock.runner.stepped.connect(self._show_filling)
        dims = dock.viewer.dims.events
        for event in (dims.current_step, dims.order, dims.ndisplay):
            self.connections.add(event, self._move)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_REST_MS)
        self._pause.timeout.connect(self.rested)

    @property
    def wanted(self) -> str:
        """The feature that is to be seen: the one chosen last, else the first that is ticked."""
        names = self._dock.names
        return self.wish if like(self.wish, names) else next(iter(names), "")

    @property
    def key(self) -> Any:
        """The same for as long as all voxels would get the same values."""
        dock = self._dock
        return dock.over.version, repr(sorted(dock.form.values.items()))

    def near(self) -> Plane:
        """The slice in the main view."""
        return next(iter(planes_in_sight(self._dock.viewer)), (0, 0.0))

    def look(self, event: object = None) -> None:
        """Look anew: the person wants another setting, region or feature."""
        self.layer.uncover()
        self.follow()

    def follow(self) -> None:
        """Look anew without a wish of the person: what lies over the preview stays there."""
        if self.by_itself and self._dock.runner.running and self.run_key != self.key:
            self._dock.runner.cancel()
        self._pause.stop()
        self.preview.refresh()

    def _move(self, event: object = None) -> None:
        """Look anew where other slices came into sight; viewers tell of the same ones too."""
        if planes_in_sight(self._dock.viewer) != self._planes:
            self.follow()

    def _ask(self) -> Ask | None:
        dock, name = self._dock, self.wanted
        scan, region = dock.scan.layer, dock.region.layer
        if not (dock.in_sight and name) or dock.runner.running:
            return None
        if scan is None or region is None or dock.label.value is None:
            return None
        if self._show_finished(name) or not dock.live.isChecked():
            return None
        settings = dock.settings_for((name.partition("_")[2],))
        make_job = partial(job_of, dock.viewer, scan, region)
        self._planes = planes_in_sight(dock.viewer)
        return Ask(dock.over.version, make_job, settings, self._planes)

    def _show_finished(self, name: str) -> bool:
        """Show the map of a finished run with these settings, where there is one."""
        layer, name = run_shown(self._dock.viewer, self.key, name)
        if layer is None:
            return False
        if self.layer.layer is not None:
            self.layer.remove(restore=False)
            layer.visible = True
        if self._dock.section.current_map is None or self._dock.shown.currentData() != name:
            choose_map(layer, name)
        self.shown.emit(layer)
        found = self._dock.current_map
        if self._dock.tone == "error" and found is not None:  # of settings that are no more
            self.told.emit(f"{map_title(found)}: finished with these settings. Save it.", "plain")
        return True

    def _show_seen(self, sheet: Sheet) -> None:
        name = sheet.map_like(self.wanted)
        if self._dock.runner.running or not name or not self._dock.in_sight:
            return
        self._show(sheet, name)
        part = f"{sheet.in_sight.sum():,} of {sheet.known.size:,} voxels"
        self.told.emit(
            f"Preview of {in_sentence(sheet.title_of(name))}: {part}. Compute all fills the rest.",
            "plain",
        )
        if self._dock.rest.isChecked():
            self._pause.start()

    def _show_failed(self, message: str) -> None:
        if not self._dock.runner.running:
            self.clear()
            self.told.emit(message, "error")

    def _tell_wait(self, what: str) -> None:
        self.told.emit(what, "plain")

    def clear(self) -> None:
        """Take the preview away, unless a run fills it."""
        if not self._dock.runner.running and self.layer.layer is not None:
            self.layer.remove()
            self.shown.emit(None)
        self.outlines.undo()

    def _show_filling(self, done: int, total: int, what: str) -> None:
        """Show how far the run is that fills the region outward."""
        sheet = self.board.sheet
        name = "" if sheet is None else sheet.map_like(self.wanted)
        if sheet is None or not name or not self._dock.runner.running:
            return
        if self._dock.in_sight and self.run_key == self.key and sheet.in_sight.any():
            self._show(sheet, name)

    def _show(self, sheet: Sheet, name: str) -> None:
        layer = self.layer.show(sheet, name)
        self.outlines.draw(self._dock.region.layer)
        self.shown.emit(layer)

    def give_layer(self) -> ImageLayer | None:
        """Hand the layer of the preview over to the finished maps it was a preview of."""
        return self.layer.give_away() if self.run_key == self.key else None

    def close(self) -> None:
        """Want nothing: the dock is out of sight."""
        self._pause.stop()
        self.preview.stop()
        self.clear()
