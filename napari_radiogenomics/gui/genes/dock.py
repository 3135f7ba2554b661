"""The Genes dock: what the regions on the screen are, by gene, pathway or mutation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Layer, Points
from qtpy.QtCore import QSize, QTimer
from qtpy.QtWidgets import QVBoxLayout

from napari_radiogenomics.data.structures import WHOLE
from napari_radiogenomics.genomics.cohort_scores import has_genes
from napari_radiogenomics.gui.attached import attached, plain_viewer
from napari_radiogenomics.gui.cohort.patient import PatientView
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.forms.sight import Sight
from napari_radiogenomics.gui.forms.style import Tone, tone_color
from napari_radiogenomics.gui.genes.answer import Answer, Question, answer, names_of
from napari_radiogenomics.gui.genes.coloring import Coloring
from napari_radiogenomics.gui.genes.flips import Flips
from napari_radiogenomics.gui.genes.measuring import Measuring
from napari_radiogenomics.gui.genes.page import GenesPage
from napari_radiogenomics.gui.genes.painter import Painter
from napari_radiogenomics.gui.genes.pick import Picker
from napari_radiogenomics.gui.genes.rows import (
    RegionRow,
    drawn_rows,
    scored_rows,
    segmentation_of,
)
from napari_radiogenomics.gui.genes.tabs import Tabs
from napari_radiogenomics.gui.genes.words import empty_hint, said_of
from napari_radiogenomics.gui.layers.keys import PASSING, SOURCE
from napari_radiogenomics.gui.placing import PlacedWidget
from napari_radiogenomics.gui.plots.scales import RGBA, Scale, scale_of
from napari_radiogenomics.gui.session import Selection, session_of

if TYPE_CHECKING:
    import napari

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["GenesDock"]

_WIDTH = 380
# Layers of a patient have all come, and the person has paused, after this long.
_PAUSE_MS = 200


class GenesDock(PlacedWidget):
    """Regions & genes.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.

    Attributes
    ----------
    answered : Answer or None
        What is shown.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = plain_viewer(napari_viewer)
        self.session = session_of(self.viewer)
        self.connections, self.runner = Connections(self), Runner(self)
        self.painter = attached(self.viewer, Painter)
        self.picker = attached(self.viewer, Picker)
        self.answered: Answer | None = None
        self.scale: Scale | None = None
        self.shown_rows: list[RegionRow] = []
        self._names: dict[str, list[str]] | None = None
        self._again = False
        self._tone: Tone = "plain"
        self.setMinimumWidth(320)
        self.setObjectName("radiogenomics-genes")
        self.page = GenesPage(self.viewer)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.page)
        self._pause = QTimer(self, interval=_PAUSE_MS, singleShot=True)
        self._pause.timeout.connect(self.look)
        self.measuring, self.coloring = Measuring(self), Coloring(self)
        self.flips, self.tabs = Flips(self), Tabs(self)
        self.in_sight = Sight(self)
        self._connect()
        self._use(self.session.cohort)
        self._color()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt names it
        """Width of a right-hand dock."""
        return QSize(_WIDTH, 600)

    def _connect(self) -> None:
        page, add = self.page, self.connections.add
        page.search.asked.connect(self.ask)
        page.units.currentIndexChanged.connect(self.look_soon)
        page.region.chosen.connect(self.look_soon)
        page.map.chosen.connect(self.measuring.soon)
        page.table.chosen.connect(self._choose)
        page.color_regions.toggled.connect(self.coloring.refresh)
        page.color_points.toggled.connect(self.coloring.refresh)
        self.runner.ended.connect(self._ended)
        self.in_sight.changed.connect(self._come_or_go)
        layers = self.viewer.layers.events
        add(layers.inserted, self.look_soon)
        add(layers.removed, self.look_soon)
        add(self.session.cohort_changed, self._use)
        add(self.session.selection_changed, self._follow)
        add(self.viewer.events.theme, self._color)

    # What is on the screen

    @property
    def layer(self) -> Labels | None:
        """The chosen labels layer."""
        layer = self.page.region.layer
        return layer if isinstance(layer, Labels) else None

    @property
    def segmentation_id(self) -> str:
        """Identifier of the segmentation that is listed."""
        return segmentation_of(self.layer)

    @property
    def points(self) -> list[Points]:
        """Layers of biopsies."""
        own = (layer for layer in self.viewer.layers if isinstance(layer, Points))
        return [layer for layer in own if "sample_id" in layer.features.columns]

    @property
    def on_screen(self) -> tuple[str, str]:
        """Patient and timepoint whose layers are shown; empty where there is none."""
        view = attached(self.viewer, PatientView)
        return view.patient_id, view.timepoint

    def question(self, cohort: Cohort) -> Question:
        """What is asked now, with the regions as they are drawn."""
        patient, timepoint = self.on_screen
        drawn = []
        for layer in self.viewer.layers:
            facts = getattr(layer.metadata.get(SOURCE), "metadata", {})
            if isinstance(layer, Labels) and facts.get("scan_id") in cohort.scans.index:
                data, attributes, kind = layer.as_layer_data_tuple()
                drawn.append((np.array(data), attributes, kind))
        text = self.session.selection.gene
        z, edited = bool(self.page.units.currentData()), self.tabs.edited_structures
        return Question(cohort, patient, timepoint, drawn, text, z, edited)

    # What is asked

    def ask(self, text: str) -> None:
        """Ask for a gene, a pathway or a mutation: it is selected everywhere."""
        if text != self.session.selection.gene:
            self.session.select(gene=text)
        elif text:
            self.look_soon()

    def look_soon(self, _event: object = None) -> None:
        """Look again once nothing more happens."""
        self._watch()
        self._pause.start()

    def look(self) -> None:
        """Ask the cohort in the background; the newest question is answered."""
        cohort = self.session.cohort
        self.picker.follow()
        self.measuring.soon()
        if cohort is None or not self.in_sight:
            self.show_rows()
            return
        if self.runner.running:
            self._again = True
            self.runner.cancel()
            return
        if self._names is None and has_genes(cohort):
            self.say("Reading genes …")
            self.runner.run(names_of, cohort, title="Read genes")
            return
        self.runner.run(answer, self.question(cohort), title="Score regions")

    def _ended(self, outcome: Outcome) -> None:
        again, self._again = self._again, False
        if isinstance(outcome.value, dict):
            self._names = outcome.value
            self.page.search.offer(self._names)
            again = True
        elif outcome.ok and not again:
            self._show(outcome.value)
        elif outcome.expected and not outcome.cancelled:
            if self._names is None:
                self._names = {}  # the table is broken: regions are shown without it
            self._show_failure(str(outcome.error))
        if again:
            self.look()

    def _show(self, found: Answer) -> None:
        if found.question.cohort is not self.session.cohort:
            return
        self.answered = found
        self.scale = None if found.scores is None else scale_of(found.scores)
        self.show_rows()
        self.flips.show()
        self.tabs.refresh()
        text, tone = said_of(found, self.shown_rows)
        self.say(text, tone)

    def _show_failure(self, text: str) -> None:
        self.answered = self.scale = None
        self.show_rows()
        self.tabs.refresh()
        self.say(text, "error")

    # What is shown

    def show_rows(self) -> None:
        """List the regions, and color them."""
        layer, means = self.layer, self.measuring.means
        rows = drawn_rows(layer, means)
        if self.answered is not None:
            rows = scored_rows(self.answered, segmentation_of(layer), means) or rows
            rows = rows or scored_rows(self.answered, "", means)
        self.shown_rows = rows
        scale = self.scale
        shares = [] if scale is None else scale.share([row.score for row in rows]).tolist()
        colors = [] if scale is None else [scale.rgba(row.score) for row in rows]
        self.coloring.refresh()
        squares: dict[int | None, RGBA] = {}
        for row in rows if layer is not None else ():
            if row.label is not None and layer is not None:
                squares[row.label] = _color_of(layer, row.label)
        self.page.table.show_rows(
            rows, colors=squares, shares=shares, score_colors=colors,
            map_unit=self.measuring.unit,
        )  # fmt: skip
        self._select(self.session.selection)

    # One selection for everything

    def _choose(self, row: int) -> None:
        chosen = self.shown_rows[row]
        self.session.select(label=chosen.label, region=chosen.name, sample_id="")

    def _follow(self, selection: Selection) -> None:
        self.page.search.show_text(selection.gene)
        before = self.answered
        same = before is not None and (
            before.question.patient_id == selection.patient_id
            and before.question.text == selection.gene
        )
        if before is not None and before.question.patient_id != selection.patient_id:
            self.coloring.forget()  # before the layers are filled with another patient
        if not same:
            self.look_soon()
        self._select(selection)
        self.tabs.refresh()

    def _select(self, selection: Selection) -> None:
        label, name = selection.label, selection.region
        if selection.sample_id:
            label, name = self._place_of(selection.sample_id, label, name)
        self.page.table.select(label, name)
        layer = self.layer
        if layer is not None and label is not None and layer.selected_label != label:
            layer.selected_label = label
        for points in self.points:
            ids = points.features["sample_id"].astype(str)
            wanted = set(np.flatnonzero(ids == selection.sample_id).tolist())
            if set(points.selected_data) != wanted:
                points.selected_data = wanted

    def _place_of(self, sample: str, label: int | None, name: str) -> tuple[int | None, str]:
        """Region for which a sample counts."""
        for row in self.shown_rows:
            if sample in row.samples and not row.is_whole:
                return row.label, row.name
        return label, name or WHOLE

    def _label_picked(self, _event: object = None) -> None:
        """Follow the label that the person picked in napari's own controls."""
        layer = self.layer
        if layer is None or self._pause.isActive():
            return
        label = int(layer.selected_label)
        row = next((row for row in self.shown_rows if row.label == label), None)
        if row is not None and self.session.selection.label != label:
            self.session.select(label=label, region=row.name, sample_id="")

    # What happens around

    def _use(self, cohort: Cohort | None) -> None:
        self.coloring.forget()
        self._names, self.answered, self.scale = None, None, None
        self.page.search.offer({})
        self.page.search.show_text("")
        hint = empty_hint(cohort)
        self.page.hint.setText(hint)
        self.page.hint.setVisible(bool(hint))
        asks = cohort is not None and has_genes(cohort)
        self.page.search.setEnabled(asks)
        self.page.units.setEnabled(asks)
        self.tabs.use(cohort)
        self.flips.use(cohort)
        self.say("")
        self.look_soon()

    def _come_or_go(self) -> None:
        if self.in_sight:
            self.look_soon()

    def _watch(self) -> None:
        """Follow what happens to the labels layers: other voxels, painting, the label picked."""
        for layer in self.viewer.layers:
            passing = layer.metadata.get(PASSING)
            own = isinstance(layer, Labels) and not passing
            if own and not self.connections.has(layer.events.paint):
                self.connections.add(layer.events.paint, self.look_soon)
                self.connections.add(layer.events.metadata, self.look_soon)
                self.connections.add(layer.events.selected_label, self._label_picked)
                self.connections.add(layer.events.visible, self.coloring.outlines.follow)

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Write the message line."""
        self._tone = tone
        self.page.message_line.setText(text)
        self.page.message_line.setToolTip(text)
        self._color()

    @property
    def message(self) -> str:
        """Text of the message line."""
        return self.page.message_line.text()

    @property
    def at_rest(self) -> bool:
        """Whether nothing is under way."""
        busy = (self.runner.running, self._pause.isActive(), self.measuring.busy, self.tabs.busy)
        return not any(busy)

    def _color(self, _event: Any = None) -> None:
        self.page.message_line.setStyleSheet(f"color: {tone_color(self.viewer.theme, self._tone)}")
        self.page.use_theme(self.viewer.theme)
        self.tabs.refresh()


def _color_of(layer: Layer, label: int) -> tuple[float, float, float, float]:
    return tuple(map(float, layer.get_color(label)))  # type: ignore[return-value]
