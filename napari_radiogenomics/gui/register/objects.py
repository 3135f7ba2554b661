"""What can be registered: scans on the screen, and slides of the patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.forms.inputs import is_scan
from napari_radiogenomics.gui.layers.edits import object_of
from napari_radiogenomics.gui.layers.keys import PASSING, SOURCE
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.io.patient import load_slide

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

__all__ = ["Entry", "entries_of", "load"]


@dataclass(frozen=True, eq=False)
class Entry:
    """Something to register.

    Attributes
    ----------
    title : str
        As the list shows it.
    layer : napari.layers.Layer or None
        Layer of the main viewer that shows it.
    slide_id : str
        Its key where it is a slide of the cohort that is not on the screen.
    """

    title: str
    layer: Layer | None = None
    slide_id: str = ""

    @property
    def key(self) -> str:
        """By which it is known again when the list is filled anew."""
        return self.slide_id or self.title


def entries_of(viewer: ViewerModel) -> list[Entry]:
    """Scans of the main viewer, then slides of its patient, then slides that were dropped."""
    found = [
        Entry(layer.name, layer)
        for layer in viewer.layers
        if is_scan(layer) and not layer.metadata.get(PASSING) and not _is_map(layer)
    ]
    session = session_of(viewer)
    known: set[str] = set()
    if session.cohort is not None and session.selection.patient_id:
        slides = session.cohort.slides_of(session.selection.patient_id)
        known = set(map(str, slides.index))
        found += [
            Entry(f"{name} ({stain})" if stain else str(name), slide_id=str(name))
            for name, stain in slides["stain"].items()
        ]
    dropped = [layer for layer in viewer.layers if _slide_of(layer) is not None]
    found += [Entry(layer.name, layer) for layer in dropped if _name_of(layer) not in known]
    return found


def load(viewer: ViewerModel, entry: Entry) -> Image | Slide:
    """Return the scan or slide of an entry.

    Raises
    ------
    InputError
        If it cannot be read, or is of several volumes.
    """
    if entry.layer is None:
        cohort = session_of(viewer).cohort
        if cohort is None:
            raise InputError("No cohort is open. Open it, then choose the slide.")
        return load_slide(cohort, entry.slide_id)
    one: Any = object_of(entry.layer)
    if isinstance(one, Image) and one.fourth_axis:
        raise InputError(f"{entry.title} has several volumes. Show one of them as a layer.")
    if not isinstance(one, Image | Slide):
        raise InputError(f"{entry.title} is neither a scan nor a slide.")
    return one


def _is_map(layer: Layer) -> bool:
    return getattr(layer.metadata.get(SOURCE), "modality", "") == "map"


def _slide_of(layer: Layer) -> Slide | None:
    source = layer.metadata.get(SOURCE)
    return source if isinstance(source, Slide) else None


def _name_of(layer: Layer) -> str:
    slide = _slide_of(layer)
    return "" if slide is None else slide.name
