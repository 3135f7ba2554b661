"""The radiogenomics workspace: all docks as tabs on the right, three linked views."""

from __future__ import annotations

import gc
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import napari.viewer
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QMainWindow

from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.placing import call_shortly, tabs_along_the_edge
from napari_radiogenomics.gui.preferences import prefer_own_reader

if TYPE_CHECKING:
    from napari_radiogenomics.gui.cohort.dock import CohortDock

__all__ = ["DOCKS", "choose_cohort", "open_cohort_dock", "open_workspace"]

_PLUGIN = "napari-radiogenomics"
DOCKS = (
    "Cohort", "Scan", "Segment", "Texture", "Features", "Habitats", "Vessels", "Slide",
    "Register", "Correspondence", "Genes", "Virtual biopsy", "Harmonize", "Associate", "Fuse",
)  # fmt: skip
"""Docks of the workspace by their names in the manifest, in the order of the tabs."""
_WIDTH = 380
# By then the linked views are there.
_SETTLED_MS = 500


def open_workspace(viewer: napari.viewer.Viewer, *, three_views: bool = True) -> dict[str, Any]:
    """Lay out all docks as tabs on the right, with three orthogonal views where installed.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    three_views : bool, optional
        Show coronal and sagittal views too, with napari-orthogonal-views.

    Returns
    -------
    dict
        The widgets by their names.
    """
    prefer_own_reader()
    widgets, docks = {}, []
    for name in DOCKS:
        dock, widgets[name] = viewer.window.add_plugin_dock_widget(_PLUGIN, name, tabify=True)
        call_shortly(dock)
        docks.append(dock)
    _lay_out(docks)
    dress_canvas(viewer)
    if three_views and find_spec("napari_orthogonal_views") is not None:
        from napari_radiogenomics.gui.canvas.three_views import show_three_views

        show_three_views(viewer)
    QTimer.singleShot(_SETTLED_MS, _settle)
    _settle_after_first_patient(widgets["Cohort"])
    return widgets


def _settle() -> None:
    """Leave what is there by now out of later garbage collections.

    napari collects once a canvas when layers go, and walks through every module and widget of
    the program each time: half of what changing a patient costs.
    """
    gc.collect()
    gc.freeze()


def _settle_after_first_patient(dock: CohortDock) -> None:
    """Leave out too what was imported and compiled for the first patient."""

    def settle() -> None:
        dock.rested.disconnect(settle)
        _settle()

    dock.rested.connect(settle)


def _lay_out(docks: list[Any]) -> None:
    """Give the tabs the width of the right column and raise the first."""
    window = docks[0].window()
    if isinstance(window, QMainWindow):
        tabs_along_the_edge(window)
        window.resizeDocks(docks, [_WIDTH] * len(docks), Qt.Orientation.Horizontal)
    docks[0].show()
    docks[0].raise_()


def cohort_dock(viewer: napari.viewer.Viewer) -> CohortDock:
    """Return the Cohort dock of a viewer, opened and raised."""
    prefer_own_reader()
    dock, widget = viewer.window.add_plugin_dock_widget(_PLUGIN, "Cohort", tabify=True)
    dock.show()
    dock.raise_()
    return widget


def open_cohort_dock(viewer: napari.viewer.Viewer, folder: str | Path) -> CohortDock:
    """Open a cohort in the Cohort dock, with its first patient.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    folder : str or Path
        Folder of the cohort.
    """
    dock = cohort_dock(viewer)
    dock.open_cohort(folder)
    return dock


def choose_cohort(viewer: napari.viewer.Viewer) -> None:
    """Ask for the folder of a cohort and open it in the Cohort dock."""
    cohort_dock(viewer).ask_for_cohort()
