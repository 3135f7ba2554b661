"""Maps and files: saving one or all, and running again what a saved map was made by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import InputError, RadiogenomicsError
from napari_radiogenomics.gui.texture.again import Again, again_from, check_voxels
from napari_radiogenomics.gui.texture.job import job_of
from napari_radiogenomics.gui.texture.saving import save_all, save_one

if TYPE_CHECKING:
    from napari_radiogenomics.gui.texture.dock import TextureDock

__all__ = ["MapFiles"]

_SAVE_AS = "NIfTI (*.nii.gz *.nii);;NRRD (*.nrrd);;MetaImage (*.mha *.mhd)"
_NO_MAP = "There is no map yet. Compute one first."


class MapFiles(QObject):
    """Asks for files and does the work in the dock's worker.

    Parameters
    ----------
    dock : TextureDock
        Whose maps and settings.
    """

    def __init__(self, dock: TextureDock) -> None:
        super().__init__(dock)
        self._dock = dock
        section = dock.section
        section.save_button.clicked.connect(self.ask_to_save)
        section.save_all_button.clicked.connect(self.ask_to_save_all)
        dock.again_button.clicked.connect(self.ask_to_run_again)

    def ask_to_save(self) -> None:
        """Ask where, and write the map that is shown."""
        image = self._dock.current_map
        if image is None:
            self._dock.say(_NO_MAP, "error")
            return
        proposal = f"{image.metadata.get('feature', image.name)}.nii.gz"
        path, _ = QFileDialog.getSaveFileName(self._dock, "Save map", proposal, _SAVE_AS)
        if path:
            self._try(lambda: self.save(path))

    def save(self, path: str | Path) -> None:
        """Write the map that is shown."""
        image: Image | None = self._dock.current_map
        if image is None:
            raise InputError(_NO_MAP)
        self._dock.runner.run(save_one, image, path, title="Save map")
        self._dock.cancel_button.setEnabled(False)

    def ask_to_save_all(self) -> None:
        """Ask for a folder, and write all maps of the run that is shown."""
        folder = QFileDialog.getExistingDirectory(self._dock, "Folder for all maps")
        if folder:
            self._try(lambda: self.save_all(folder))

    def save_all(self, folder: str | Path) -> None:
        """Write all maps of the run that is shown, each with its history beside it."""
        maps = dict(self._dock.section.maps)
        if not maps:
            raise InputError(_NO_MAP)
        self._dock.runner.run(save_all, maps, folder, title="Save maps")

    def ask_to_run_again(self) -> None:
        """Ask for a saved map, and set everything as it was made."""
        path, _ = QFileDialog.getOpenFileName(self._dock, "Map to run again", "", _SAVE_AS)
        if path:
            self._try(lambda: self.run_again(path))

    def run_again(self, path: str | Path) -> None:
        """Set everything as a saved map was made; the message says on what it was made.

        Parameters
        ----------
        path : str or Path
            The map; its history lies beside it.

        Raises
        ------
        InputError
            If there is no history of a texture map beside it.
        """
        dock = self._dock
        again = again_from(path, known=dock.form.fields)
        self._choose_layers(again)
        dock.settings = again.settings
        scan, region = dock.scan.layer, dock.region.layer
        if scan is None or region is None or dock.label.value is None:
            dock.say(f"{again.text} Open them, then Compute all.", "warning")
            return
        job = job_of(dock.viewer, scan, region)
        dock.runner.run(check_voxels, job, again, title="Compare the scan")

    def _choose_layers(self, again: Again) -> None:
        dock = self._dock
        for combo, name in ((dock.scan, again.scan), (dock.region, again.region)):
            combo.layer = next((layer for layer in combo.layers if layer.name == name), combo.layer)
        if again.label is not None:
            dock.label.value = again.label

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except RadiogenomicsError as error:
            self._dock.say(str(error), "error")
