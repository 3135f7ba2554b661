"""The chosen tool at work: its job, the piece that is clicked, Apply and Cancel."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QWidget

from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.forms.inputs import belongs_to
from napari_radiogenomics.gui.segment.job import ToolJob, job_for
from napari_radiogenomics.gui.segment.learner import Learner
from napari_radiogenomics.gui.segment.lesson_job import LESSON, LessonJob
from napari_radiogenomics.gui.segment.painting import NO_SCAN_FITS, fits
from napari_radiogenomics.gui.segment.places import contour_points, slices_in_sight
from napari_radiogenomics.gui.segment.regions import entries
from napari_radiogenomics.gui.segment.strokes import FROM_STROKES, StrokeMemory
from napari_radiogenomics.gui.segment.tool_work import ToolWork

if TYPE_CHECKING:
    from napari.layers import Labels, Layer, Shapes

    from napari_radiogenomics.gui.segment.desk import DrawDesk
    from napari_radiogenomics.gui.segment.job import Change

__all__ = ["ToolDesk"]


class ToolDesk(QObject):
    """Previews and applies the tool of a page.

    Parameters
    ----------
    desk : DrawDesk
        The desk it belongs to.

    Attributes
    ----------
    work : ToolWork
        Preview and Apply.
    learner : Learner
        What the tool that learns knows.
    strokes : StrokeMemory
        What was drawn by hand where regions have grown from it.
    """

    def __init__(self, desk: DrawDesk) -> None:
        super().__init__(desk)
        self.desk, self.page = desk, desk.page
        self._at_mm: tuple[float, float, float] | None = None
        self._on_click = _weakly(desk.page, self._clicked)
        self._shapes: Shapes | None = None
        self.strokes = StrokeMemory()
        self.work = ToolWork(desk.viewer, self._make_job, self)
        self.learner = Learner(desk.viewer, desk.page.learn, self)
        page, work = self.page, self.work
        page.tools.chosen.connect(self.show_tool)
        page.tools.changed.connect(work.wake)
        page.second.currentIndexChanged.connect(work.wake)
        page.shapes.chosen.connect(self._use_shapes)
        page.tools.range.proposal_asked.connect(self._propose_for_tool)
        page.painting.range.proposal_asked.connect(self._propose_for_brush)
        page.preview_box.toggled.connect(self._switch_preview)
        page.apply_button.clicked.connect(self.apply)
        page.cancel_button.clicked.connect(self.cancel)
        work.said.connect(desk.said)
        work.busy_changed.connect(desk.show_buttons)
        work.applied.connect(self._applied)
        work.shown.connect(self._learned)
        self.learner.said.connect(desk.said)
        self.learner.changed.connect(work.wake)
        desk.connections.add(desk.viewer.dims.events.point, self._moved)
        desk.connections.add(desk.viewer.layers.events.inserted, work.allow)
        self._use_shapes()

    @property
    def _learns(self) -> bool:
        tool = self.page.tools.tool
        return tool is not None and tool.name == LESSON

    def _learned(self, change: object) -> None:
        self.learner.take(change, self.desk.value)

    def _moved(self, event: object = None) -> None:
        """Look first at the slice that is seen now, while the whole is not known yet."""
        if self._learns and self.work.busy:
            self.work.wake()

    def show_tool(self) -> None:
        """Show the settings of the chosen tool and look what it would do."""
        tool = self.page.tools.tool
        self.page.show_rows()
        self.page.list_seconds()
        self._listen_to_clicks()
        self._at_mm = None
        self.work.turn()
        if tool is None:
            self.work.clear()
        elif tool.name == "threshold" and not self.page.tools.range.touched:
            self._begin_range()
        else:
            self.work.wake()
        if self._learns:
            self.learner.warm_up()
        self.desk.show_buttons()

    def _use_shapes(self) -> None:
        """Follow the polygons of another layer."""
        shapes = self.page.shapes.layer
        if shapes is not self._shapes:
            if self._shapes is not None:
                self.desk.connections.drop(self._shapes.events.data)
            if shapes is not None:
                self.desk.connections.add(shapes.events.data, self._polygons_changed)
            self._shapes = shapes
        self._polygons_changed()

    def _polygons_changed(self, event: object = None) -> None:
        tool = self.page.tools.tool
        if tool is not None and tool.name == "contours":
            self.work.wake()

    def _make_job(self) -> ToolJob | None:
        tool, layer = self.page.tools.tool, self.desk.watched
        if tool is None or layer is None:
            return None
        if self.page.tools.needs_click and self._at_mm is None:
            self.desk.say("Click on the piece that is meant.")
            return None
        points = []
        if tool.name == "contours":
            if self.page.shapes.layer is None:
                self.desk.say("Draw polygons in a Shapes layer: Layers ▸ New ▸ Shapes.")
                return None
            points = contour_points(self.page.shapes.layer)
        settings = self.page.tools.settings(self.desk.value, self._at_mm)
        second = self.page.second.currentData() if self.page.more.isRowVisible(0) else None
        scan = self.page.scan.layer
        others = [x for x in self.page.scan.layers if x is not scan and belongs_to(layer, x)]
        job = job_for(tool, layer, scan, settings, second=second, others=others, points=points)
        if tool.name in FROM_STROKES:
            self.page.tools.require_background(entries(layer))
            job = replace(job, known=self.strokes.of(layer))
        return self._lesson(job) if self._learns else job

    def _lesson(self, job: ToolJob) -> LessonJob:
        seen = slices_in_sight(models(self.desk.viewer), job.layer)
        model = self.learner.model_for(job.settings)
        return LessonJob(**vars(job), seen=seen, model=model, glimpsed=self.work.glimpsed.emit)

    def _listen_to_clicks(self) -> None:
        for model in models(self.desk.viewer):
            if self._on_click not in model.mouse_drag_callbacks:
                model.mouse_drag_callbacks.append(self._on_click)

    def _clicked(self, event: Any) -> None:
        if event.button == 1 and self.page.tools.needs_click:
            self.take_click(event.position)

    def take_click(self, position: Any) -> None:
        """Mean the piece at a world position, its last axes z, y, x."""
        z, y, x = (float(v) for v in tuple(position)[-3:])
        self._at_mm = (x, y, z)
        self.work.wake()

    def _switch_preview(self, on: bool) -> None:
        self.work.live = on
        if on and self.page.tools.tool is not None:
            self.work.wake()
        elif not on:
            self.work.clear()

    def apply(self) -> None:
        """Apply the chosen tool."""
        if self.page.tools.tool is None:
            self.desk.say("Choose a tool first.", "error")
        elif self.desk.watched is None:
            self.desk.say("Open a segmentation, or press New to draw one on the scan.", "error")
        else:
            self.work.apply()

    def leave(self) -> None:
        """Another patient: put the tool away, and forget what was drawn here."""
        self.cancel()
        self.learner.leave()
        self.strokes.forget()

    def cancel(self) -> None:
        """Put the tool away; nothing is changed."""
        tool = self.page.tools.tool
        self.work.clear()
        if tool is not None:
            self.page.tools.choose("")
            self.desk.say(f"{tool.title} put away. Nothing was changed.")

    def _applied(self, change: Change) -> None:
        self.strokes.keep(change.job.layer, change.drawn)
        self.desk.list_labels()
        self.desk.measured.ask()

    def _begin_range(self) -> None:
        """Begin with the range of what is drawn, and propose nothing until it is touched."""
        layer, scan = self.desk.watched, self.page.scan.layer
        self.page.tools.forms["threshold"].fields["add"].value = True  # what is drawn stays
        self.work.rest()
        if layer is None or scan is None or not fits(layer, scan):
            self.work.wake()  # it says what is missing
        elif (np.asarray(layer.data) == self.desk.value).any():
            self.page.tools.range.suggest(*self._range_of_label(layer, scan))
            name = self.desk.name_of(self.desk.value)
            self.desk.say(
                f"The range is that of {name} (mean ± 2 SD). Change it, or press Apply once, to "
                "see a preview."
            )
        else:
            self.desk.say("Set the range of values; what it would label is shown then.")

    def _propose_for_tool(self) -> None:
        self._propose(self.page.tools.range)

    def _propose_for_brush(self) -> None:
        self._propose(self.page.painting.range)

    def _propose(self, row: Any) -> None:
        """Give a range the values of the chosen label: mean ± 2 SD."""
        layer, scan = self.desk.watched, self.page.scan.layer
        if layer is None or scan is None or not fits(layer, scan):
            self.desk.say(NO_SCAN_FITS, "error")
            return
        if not (np.asarray(layer.data) == self.desk.value).any():
            name = self.desk.name_of(self.desk.value)
            self.desk.say(f"{name} is not drawn: paint some of it first.", "error")
            return
        row.range = self._range_of_label(layer, scan)

    def _range_of_label(self, layer: Labels, scan: Layer) -> tuple[float, float]:
        """Mean ± 2 SD of the chosen label, which is drawn."""
        inside = np.asarray(scan.data)[np.asarray(layer.data) == self.desk.value]
        mean, sd = float(inside.mean()), float(inside.std())
        return mean - 2 * sd, mean + 2 * sd


def _weakly(owner: QWidget, method: Callable[[Any], None]) -> Callable[[Any, Any], None]:
    """Make a mouse callback that is silent once its widget is gone: the viewer outlives it."""
    held, called = weakref.ref(owner), weakref.WeakMethod(method)

    def call(_viewer: Any, event: Any) -> None:
        widget, work = held(), called()
        if widget is not None and work is not None and isalive(widget):
            work(event)

    return call
