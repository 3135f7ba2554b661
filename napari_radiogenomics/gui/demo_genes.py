"""Scenes of the demo that show genes: in the regions, and in all patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import napari

__all__ = ["GENE_SHOTS", "gene_scenes"]

_SMALL, _USUAL = (1366, 768), (1920, 1080)
GENE_SHOTS = {
    "8-gene": [(_SMALL, "dark"), (_SMALL, "light")],
    "8-pathway": [(_SMALL, "dark"), (_USUAL, "dark")],
    "9-patients-genes": [(_SMALL, "dark"), (_USUAL, "light")],
}
"""Sizes and themes of each scene."""


def gene_scenes(
    viewer: napari.Viewer, dock: Any, patient: str, until: Callable[[Callable[[], bool], str], None]
) -> Iterator[tuple[str, str]]:
    """Show a gene and a pathway in the regions of a patient, and all patients beside each other.

    Parameters
    ----------
    viewer : napari.Viewer
        With the patient open and the Genes dock in front.
    dock : GenesDock
        That dock.
    patient : str
        Who is open.
    until : callable
        Waits for a condition, with a word for it.

    Yields
    ------
    tuple of str
        Name and caption of each scene.
    """
    _ask(dock, "VEGFA", until)
    yield (
        "8-gene",
        f"VEGFA in the regions and biopsies of {patient}; pathways of the chosen region.",
    )
    dock.page.tabs.setCurrentIndex(1)
    _ask(dock, "hypoxia", until)
    yield "8-pathway", f"Hypoxia in the regions of {patient}, and in those of all patients."
    plugin = "napari-radiogenomics"
    below, heat = viewer.window.add_plugin_dock_widget(plugin, "Patients × genes")
    heat.search.setText("hypoxia")
    heat.look()
    until(lambda: heat.at_rest and heat.plot.heat is not None, "The heat map")
    yield "9-patients-genes", "Genes of hypoxia in all patients: a column opens its patient."
    viewer.window.remove_dock_widget(below)


def _ask(dock: Any, text: str, until: Callable[[Callable[[], bool], str], None]) -> None:
    dock.ask(text)
    until(lambda: dock.at_rest and dock.scale is not None, text)
