"""The wide dock of correspondence: matched places, the honest numbers, and the patients."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QSplitter,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.correspondence.chain import patients_of
from napari_radiogenomics.correspondence.result import step_words
from napari_radiogenomics.data.wording import p_said
from napari_radiogenomics.gui.associate.plots import PairPlot
from napari_radiogenomics.gui.correspond.biopsies import BiopsyLine
from napari_radiogenomics.gui.correspond.plots import (
    ForestPlot,
    PlacesPlot,
    signs_differ,
)
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.placing import PlacedWidget, Side

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.correspondence.cohort_result import CohortCorrespondence
    from napari_radiogenomics.correspondence.result import Correspondence

__all__ = ["CorrespondSheet", "numbers_html"]

_NOTHING = "Compare scan and slide: the dock on the right does it."
_ASK = "All patients asks whether what holds here holds in others: one effect a patient."
# At first, in a window of 1366 pixels: the numbers stand in one line each.
_LEFT, _RIGHT = 300, 360
_LINK = 220


def numbers_html(found: Correspondence) -> str:
    """Table of the statistics, with what they speak of."""
    head = "".join(f"<th align='left' style='white-space: nowrap'>{name}</th>" for name in
                   ("", "r (95 %)", "eff. n", "p", "p surr."))  # fmt: skip
    rows = []
    for _, row in found.table[found.table["method"] == "pearson"].iterrows():
        interval = f" ({row['low']:.2f} to {row['high']:.2f})" if np.isfinite(row["low"]) else ""
        cells = (
            escape(step_words(row)), f"<b>{row['r']:.2f}</b>{interval}",
            f"{row['n_effective']:.1f}", _p(row["p_value"]), _p(row["p_surrogate"]),
        )  # fmt: skip
        line = f"<td>{cells[0]}</td>" + "".join(
            f"<td style='white-space: nowrap'>{cell}</td>" for cell in cells[1:]
        )
        rows.append(f"<tr>{line}</tr>")
    last = found.row("spearman")
    turned = filter(None, (signs_differ(found),))
    notes = "".join(f"<li>{escape(note)}</li>" for note in (*turned, *found.notes))
    return (
        f"<p><b>This tumor only.</b> {found.n_voxels:,} places, worth "
        f"{found.n_effective:.1f} independent ones. Spearman, {escape(step_words(last))}: "
        f"{last['r']:.2f}.</p>"
        f"<table cellspacing='0' cellpadding='2' style='font-size: small'><tr>{head}</tr>"
        f"{''.join(rows)}</table><ul style='margin-left: -24px'>{notes}</ul>"
    )


def _p(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "–"


class CorrespondSheet(PlacedWidget):
    """Scatter of this tumor with its numbers; effects of the patients; the chain across them.

    Attributes
    ----------
    place_chosen : Signal(int)
        Row of the place that was clicked.
    patient_chosen : Signal(str)
        Patient of a dot.
    """

    side: ClassVar[Side] = "below"

    place_chosen = Signal(int)
    patient_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("radiogenomics-correspondence")
        self.found: Correspondence | None = None
        self.cohort_found: CohortCorrespondence | None = None
        self.labels = ("", "")
        self._here, self._sites = "", {}  # type: ignore[var-annotated]
        self.places, self.forest, self.pairs = PlacesPlot(), ForestPlot(), PairPlot()
        self._build()
        self.places.chosen.connect(self.place_chosen)
        self.forest.chosen.connect(self.patient_chosen)
        self.pairs.chosen.connect(self.patient_chosen)
        self.left_box.toggled.connect(self._draw_places)
        self.link.currentIndexChanged.connect(self._draw_pairs)
        self.clear(_NOTHING)
        self.show_cohort(None)

    def _build(self) -> None:
        self.left_box = QCheckBox("Freed of trend, edge and slice")
        self.left_box.setToolTip("Draw what is left of both maps, as the message of the dock tells")
        here = QWidget()
        column = QVBoxLayout(here)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.places, 1)
        column.addWidget(self.left_box)
        self.numbers, self.cohort_text = QTextBrowser(), QTextBrowser()
        self.numbers.setAccessibleName("Statistics of this tumor")
        self.cohort_text.setAccessibleName("What the cohort says")
        self.link = QuietCombo()
        self.link.setAccessibleName("Which two of the three")
        self.link.setMinimumWidth(_LINK)
        chain = QWidget()
        rows = QVBoxLayout(chain)
        rows.setContentsMargins(0, 2, 0, 0)
        row = QHBoxLayout()
        row.addWidget(self.link)
        row.addStretch(1)
        rows.addLayout(row)
        rows.addWidget(self.pairs, 1)
        self.right = QTabWidget()
        self.right.setDocumentMode(True)
        for widget, name in ((self.numbers, "Numbers"), (self.forest, "Across patients"),
                             (chain, "Chain"), (self.cohort_text, "Cohort")):  # fmt: skip
            self.right.addTab(widget, name)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        for widget in (here, self.right):
            splitter.addWidget(widget)
        splitter.setChildrenCollapsible(False)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([_LEFT, _RIGHT])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(6, 2, 6, 4)
        whole.addWidget(splitter, 1)
        self.biopsy_line = BiopsyLine()
        whole.addWidget(self.biopsy_line)

    # This tumor

    def clear(self, words: str) -> None:
        """Show no tumor, and say why."""
        self.found = None
        self.places.clear(words)
        self.numbers.setHtml(f"<p>{escape(words)}</p>")
        self.left_box.setEnabled(False)

    def show_tumor(self, found: Correspondence, labels: tuple[str, str], patient: str) -> None:
        """Show matched places of a patient, and the numbers beside them."""
        self.found, self.labels = found, labels
        self.left_box.setEnabled(True)
        self.numbers.setHtml(numbers_html(found))
        self._draw_places()
        self.mark(patient)
        if self.cohort_found is None:
            self.right.setCurrentWidget(self.numbers)

    def _draw_places(self, _on: object = None) -> None:
        if self.found is not None:
            self.places.show_places(self.found, self.labels, left=self.left_box.isChecked())

    # Across patients

    def show_cohort(
        self, found: CohortCorrespondence | None, sites: pd.Series | None = None
    ) -> None:
        """Show what the patients say together; None asks for it."""
        self.cohort_found = found
        self._sites = {} if sites is None else {str(k): str(v) for k, v in sites.items()}
        self.link.clear()
        if found is None:
            for plot in (self.forest, self.pairs):
                plot.clear(_ASK)
            self.cohort_text.setHtml(f"<p>{_ASK}</p>")
            return
        lines = "".join(f"<p>{escape(line)}</p>" for line in found.text().splitlines())
        lost = "".join(f"<li>{escape(k)}: {escape(v)}</li>" for k, v in found.failed.items())
        notes = "".join(f"<li>{escape(note)}</li>" for note in found.notes)
        self.cohort_text.setHtml(f"{lines}<ul>{notes}{lost}</ul>")
        for at, row in found.links.iterrows():
            if not row["given"]:
                names = dict(zip(("feature", "tissue", "score"), found.titles, strict=False))
                self.link.addItem(f"{names[row['first']]} ~ {names[row['second']]}", at)
        self.mark(self._here)

    def mark(self, patient: str) -> None:
        """Mark the patient on the screen among the others."""
        self._here = patient
        found = self.cohort_found
        if found is None:
            return
        if found.pooled is None:
            self.forest.clear("No section has enough places with both values.")
        else:
            self.forest.show_patients(found.pooled, patient, found.pooled_raw)
        self._draw_pairs()

    def _draw_pairs(self, _index: object = None) -> None:
        found, at = self.cohort_found, self.link.currentData()
        if found is None or at is None:
            return
        row = found.links.loc[at]
        table = found.patients[[row["first"], row["second"]]].dropna()
        said = f"ρ {row['rho']:.2f}"
        if np.isfinite(row["p_value"]):
            said += f" ({row['low']:.2f} to {row['high']:.2f}, {p_said(row['p_value'])})"
        said += f", sites held fixed, {patients_of(row)}."
        names = dict(zip(("feature", "tissue", "score"), found.titles, strict=False))
        self.pairs.show_patients(
            [str(name) for name in table.index], table.iloc[:, 0].to_numpy(float),
            table.iloc[:, 1].to_numpy(float),
            sites={k: v for k, v in self._sites.items() if k in table.index},
            here=self._here, words=said, labels=(names[row["first"]], names[row["second"]]),
        )  # fmt: skip

    def use_theme(self, theme: str) -> None:
        """Draw in the colors of napari's theme."""
        for plot in (self.places, self.forest, self.pairs):
            plot.use_theme(theme)
        self.biopsy_line.use_theme(theme)
        self._draw_places()
        if self.cohort_found is not None:
            self.mark(self._here)
