"""The Harmonize dock: how much of the features is the site, and a table without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd
from qtpy.QtWidgets import QLineEdit

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.forms.checklist import CheckList
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.harmonize.sheet import HarmonizeSheet, area_text
from napari_radiogenomics.gui.harmonize.work import Evened, batches_of, even_out
from napari_radiogenomics.gui.session import Selection
from napari_radiogenomics.gui.tables.groups import batch_columns, groups_and_numbers, is_number
from napari_radiogenomics.gui.tables.panel import TablePanel
from napari_radiogenomics.harmonization.harmonize import harmonize
from napari_radiogenomics.harmonization.harmonizer import HARMONIZERS

if TYPE_CHECKING:
    import napari

__all__ = ["HarmonizeDock"]

_HIDDEN = ("covariates", "patient", "smooth", "reference")
_READY = "Even out gives a new table; the raw one stays."


class HarmonizeDock(TablePanel):
    """Site and scanner taken out of a table of features, before and after side by side.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.

    Attributes
    ----------
    sheet : HarmonizeSheet
        The wide dock of the plots; it opens with the first result.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        self.sheet = HarmonizeSheet()
        super().__init__(
            napari_viewer,
            harmonize,
            sheet=self.sheet,
            sheet_name="Before and after",
            name="harmonize",
            purpose="How much of the features is the site or scanner, and what is left without?",
            run="Even out",
            hidden=_HIDDEN,
        )
        self._make_inputs()
        self._connect()
        self.recall()
        self._list_columns()
        self.sheet.use_theme(self.viewer.theme)
        self.say(_READY)

    def _make_inputs(self) -> None:
        self.batch, self.reference, self.smooth = QuietCombo(), QuietCombo(), QuietCombo()
        self.keep = CheckList([], what="clinical columns", rows=4)
        self.keep.setToolTip(
            "<p>What may differ between sites for good reasons and is kept: age, sex, stage. "
            "Never what you mean to predict: it would come back out of the features.</p>"
        )
        self.new_name = QLineEdit()
        self.new_name.setPlaceholderText("harmonized")
        self.inputs.addRow("Batch", self.batch)
        self.inputs.addRow("Keep", self.keep)
        self.inputs.addRow("Reference", self.reference)
        self.inputs.addRow("Curve over", self.smooth)
        self.inputs.addRow("New table", self.new_name)

    def _connect(self) -> None:
        self.batch.currentIndexChanged.connect(self._follow_batch)
        self.form.changed.connect(self._follow_method)
        self.sheet.patient_chosen.connect(self.choose_patient)
        self.connections.add(self.session.cohort_changed, self._list_columns)
        self.connections.add(self.session.selection_changed, self._follow)
        self.connections.add(self.viewer.events.theme, self._use_theme)

    def _list_columns(self, _cohort: object = None) -> None:
        self.batch.blockSignals(True)
        self.batch.clear()
        self.batch.addItems(batch_columns(self.session.cohort))
        self.batch.blockSignals(False)
        self._follow_batch()
        self._follow_method()

    def _follow_batch(self, _index: int = 0) -> None:
        """List what can be kept beside the batch, and the batches that can be the reference."""
        cohort, column = self.session.cohort, self.batch.currentText()
        names = groups_and_numbers(cohort, column)
        self.keep.offer([(name, name, "") for name in names])
        self.smooth.clear()
        self.smooth.addItems([name for name in names if is_number(cohort, name)])
        self.reference.clear()
        self.reference.addItem("None: all are brought to their mean", None)
        if cohort is not None and column in cohort.patients:
            for name in sorted(set(cohort.patients[column].astype(str)) - {""}):
                self.reference.addItem(name, name)

    def _follow_method(self) -> None:
        """Offer a reference and a curve only where the method takes them."""
        for name, combo in (("reference", self.reference), ("smooth", self.smooth)):
            self.inputs.setRowVisible(combo, self._takes(name))

    def _takes(self, setting: str) -> bool:
        method = str(self.form.values.get("method", ""))
        return method in HARMONIZERS and setting in HARMONIZERS[method].uses

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """The chosen table, its batches, and what is kept."""
        cohort = self.cohort
        features, column = self.picker.features, self.batch.currentText()
        if not column:
            raise InputError("No column tells sites or scanners apart. Add one to patients.csv.")
        batch = batches_of(cohort, features, column)
        settings = dict(self.form.values)
        keep = list(self.keep.checked)
        if self._takes("reference") and self.reference.currentData():
            settings["reference"] = self.reference.currentData()
        if self._takes("smooth") and self.smooth.currentText():
            settings["smooth"] = (self.smooth.currentText(),)
            keep = [*keep, *(name for name in settings["smooth"] if name not in keep)]
        kept = None
        if keep:
            kept = cohort.patients[keep].reindex(batch.index)
            kept = kept.apply(_numbers_where_they_are)
        return even_out, (features, batch, kept), settings

    def show_found(self, found: Any) -> str:
        """Show before and after, and keep the new table beside the raw one."""
        evened: Evened = found
        self.open_sheet()
        self.sheet.show_evened(evened, self.session.selection.patient_id)
        source = self.picker.name
        method = str(self.form.values.get("method", ""))
        name = self.new_name.text() or f"{source}, {method}"
        name = self.picker.tables.add(name, evened.features)
        self.picker.refresh(source)  # the raw table stays chosen
        said = area_text(evened.effects)
        for mark in ("<b>", "</b>", "<small>", "</small>"):
            said = said.replace(mark, "")
        return " ".join([f'{said}. New table "{name}".', *evened.notes[:2]])

    def _follow(self, selection: Selection) -> None:
        """Mark the patient on the screen."""
        if self.sheet.evened is not None:
            self.sheet.show_here(selection.patient_id)

    def _use_theme(self, _event: object = None) -> None:
        self.sheet.use_theme(self.viewer.theme)
        if self.sheet.evened is not None:  # what is drawn keeps the colors of the theme before
            self.sheet.show_evened(self.sheet.evened, self.session.selection.patient_id)


def _numbers_where_they_are(column: pd.Series) -> pd.Series:
    """A column as numbers where all its cells are numbers, else as text."""
    filled = column.where(column.astype(str) != "")
    numbers = pd.to_numeric(filled, errors="coerce")
    return numbers if numbers.notna().equals(filled.notna()) else filled
