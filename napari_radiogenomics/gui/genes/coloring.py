"""Regions and biopsies in the colors of their scores, with what the hover card adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.data.region_scores import paint, paint_points
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.attached import attached, is_attached
from napari_radiogenomics.gui.canvas.hover import HoverCard
from napari_radiogenomics.gui.genes.rows import segmentation_of
from napari_radiogenomics.gui.genes.unmeasured import Unmeasured
from napari_radiogenomics.gui.layers.keys import CARD
from napari_radiogenomics.gui.plots.scales import Scale, mark_text

if TYPE_CHECKING:
    from napari_radiogenomics.gui.genes.answer import Answer
    from napari_radiogenomics.gui.genes.dock import GenesDock

__all__ = ["Coloring"]


class Coloring:
    """Colors the layers by what the dock shows.

    Parameters
    ----------
    dock : GenesDock
        Its dock.
    """

    def __init__(self, dock: GenesDock) -> None:
        self._dock = dock

    @property
    def outlines(self) -> Unmeasured:
        """Outlines of the regions that were not measured."""
        return attached(self._dock.viewer, Unmeasured)

    def refresh(self, _on: object = None) -> None:
        """Give regions and biopsies the colors of their scores, or those that they had."""
        self._dock.painter.restore()
        page, found, scale = self._dock.page, self._dock.answered, self._dock.scale
        page.claim.setText("")
        title = "" if found is None or found.asked is None else found.asked.title
        page.legend.show_scale(scale, title)
        self._write_cards(title)
        if found is None or scale is None or found.scores is None:
            self.outlines.clear()
            return
        if page.color_regions.isChecked():
            self._color_regions(found, scale)
        else:
            self.outlines.clear()
        if page.color_points.isChecked():
            values = paint_points(found.links, found.scores)["value"]
            colors = {str(name): scale.rgba(value) for name, value in values.items()}
            for layer in self._dock.points:
                self._dock.painter.paint_points(layer, colors)

    def forget(self) -> None:
        """Give all layers the colors that they had, and take the outlines off."""
        self._dock.painter.restore()
        self.outlines.clear()

    def _color_regions(self, found: Answer, scale: Scale) -> None:
        layer = self._dock.layer
        if layer is None or found.regions is None:
            self.outlines.clear()
            return
        own = found.regions[found.regions["segmentation_id"] == segmentation_of(layer)]
        try:
            painted = paint(own)
        except InputError:
            painted = None
        colors = {} if painted is None else {
            int(label): scale.rgba(value) for label, value in painted["value"].items()
        }  # fmt: skip
        self._dock.painter.paint_regions(layer, colors)
        drawn = {row.label for row in self._dock.shown_rows if row.label is not None}
        self.outlines.show(layer, drawn - set(colors), found)
        marks = [] if painted is None else list(dict.fromkeys(painted["precision"]))
        self._dock.page.claim.setText(" ".join(mark_text(mark) for mark in marks))
        self._dock.page.claim.setToolTip(
            "How fine the colors are: one color for the whole tumor where only its bulk was "
            "measured"
        )

    def _write_cards(self, title: str) -> None:
        """Tell the hover card what each region says."""
        layer = self._dock.layer
        for other in self._dock.viewer.layers:
            if CARD in other.metadata and other is not layer:
                del other.metadata[CARD]
        if layer is None:
            return
        whole = next((row for row in self._dock.shown_rows if row.is_whole and row.n), None)
        said = {}
        for row in self._dock.shown_rows:
            if row.label is None or not title:
                continue
            best = row if row.n or whole is None else whole
            said[row.label] = f"{title} {best.words}"
        layer.metadata[CARD] = said
        if is_attached(self._dock.viewer, HoverCard):
            attached(self._dock.viewer, HoverCard).update()  # also under a mouse at rest
