"""The Associate dock: whether a feature goes with a gene, and whether that holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QLabel, QLineEdit

from napari_radiogenomics.association.associate import associate
from napari_radiogenomics.association.evidence import EvidenceCard
from napari_radiogenomics.correspondence.cohort_result import CohortCorrespondence
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.associate.sheet import AssociateSheet
from napari_radiogenomics.gui.associate.work import (
    OUTCOMES,
    Asked,
    Found,
    find_associations,
    weigh_pair,
)
from napari_radiogenomics.gui.forms.checklist import CheckList
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.form import folded
from napari_radiogenomics.gui.session import SLIDES, Selection
from napari_radiogenomics.gui.tables.behind import Behind
from napari_radiogenomics.gui.tables.groups import EVERYBODY, offer_groups
from napari_radiogenomics.gui.tables.panel import TablePanel

if TYPE_CHECKING:
    import napari

__all__ = ["AssociateDock"]

_HIDDEN = ("confounders", "groups", "unit", "aggregate", "event", "library_sizes")
_NOT_CONFOUNDERS = ("cohort", "site", "os_days", "os_event", "note", "diagnosis")
_SITE = ("site", "scanner", "center", "institution")
_MOST_LEVELS = 8


class AssociateDock(TablePanel):
    """Features against genes, pathways, mutations and survival, and the card of a pair.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.

    Attributes
    ----------
    sheet : AssociateSheet
        The wide dock of the results; it opens with the first.
    found : Found or None
        What was found last.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        self.sheet = AssociateSheet()
        super().__init__(
            napari_viewer,
            associate,
            sheet=self.sheet,
            sheet_name="Associations",
            name="associate",
            purpose="Does a feature go with a gene or pathway, and does it hold?",
            run="Associate",
            hidden=_HIDDEN,
        )
        self.found: Found | None = None
        self._here = ""
        self.behind = Behind(self.viewer, self)
        self._make_inputs()
        self._connect()
        self.recall()
        self._list_columns()
        self.sheet.use_theme(self.viewer.theme)
        self.say("Choose a table, and what to hold it against.")

    def _make_inputs(self) -> None:
        self.who, self.second, self.outcomes = QuietCombo(), QuietCombo(), QuietCombo()
        for key, title in OUTCOMES.items():
            self.outcomes.addItem(title, key)
        self.names = QLineEdit()
        self.names.setPlaceholderText("CA9, VEGFA, EGFR mutation, stage …")
        self.expected = QLineEdit()
        self.expected.setPlaceholderText("rises, -falls, 0neither")
        self.expected.setToolTip(
            "<p>For the evidence card: outcomes that should go along if the claim is true. "
            "A minus before those that should fall, a zero before those that should not move.</p>"
        )
        self.confounders = CheckList([], what="confounders", rows=3)
        self.inputs.addRow("Against", self.outcomes)
        self.inputs.addRow("Names", self.names)
        self.inputs.addRow("Patients", self.who)
        self.inputs.addRow("2nd cohort", self.second)
        self.inputs.addRow("Adjust for", self.confounders)
        self.before_settings.addWidget(_words("Sites are part of the model where they are known."))
        settings = folded("Settings")
        settings.addWidget(self.form)
        self.before_settings.addWidget(settings)
        self.before_settings.addWidget(_words("Expected along with it, for the evidence card:"))
        self.before_settings.addWidget(self.expected)

    def _connect(self) -> None:
        self.outcomes.currentIndexChanged.connect(self._follow_outcomes)
        self.sheet.pair_chosen.connect(self._choose_pair)
        self.sheet.patient_chosen.connect(self._open_patient)
        self.behind.told.connect(self._say_behind)
        self.behind.waits.connect(self._say_waiting)
        self.sheet.weighed.connect(self.weigh)
        self.sheet.saved.connect(self._say_saved)
        self.connections.add(self.session.cohort_changed, self._list_columns)
        self.connections.add(self.session.selection_changed, self._follow)
        self.connections.add(self.viewer.events.theme, self._use_theme)
        self._follow_outcomes()

    def _follow_outcomes(self) -> None:
        named = self.outcomes.currentData() == "named"
        self.inputs.setRowVisible(self.names, named)
        if self.outcomes.currentData() == "survival":
            self.form.values = {"method": "cox"}

    def _list_columns(self, _cohort: object = None) -> None:
        """Groups of patients and clinical columns of the open cohort."""
        cohort = self.session.cohort
        offer_groups(cohort, [(self.who, EVERYBODY, 1), (self.second, "None", 2)])
        columns = [] if cohort is None else _confounders_of(cohort.patients)
        entries = [("volume", "volume of the tumour", "")] if cohort is not None else []
        self.confounders.offer([*entries, *((name, name, "") for name in columns)])

    @property
    def asked(self) -> Asked:
        """What the controls ask."""
        cohort = self.session.cohort
        columns = [] if cohort is None else [str(name) for name in cohort.patients.columns]
        site = next((name for name in _SITE if name in columns), "")
        names = tuple(name.strip() for name in self.names.text().split(",") if name.strip())
        return Asked(
            str(self.outcomes.currentData()), names, self.who.currentData(),
            self.second.currentData(), site, self.confounders.checked,
        )  # fmt: skip

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """The chosen table and what it is held against."""
        return (
            find_associations,
            (self.picker.features, self.cohort),
            {**self.form.values, "asked": self.asked},
        )

    def weigh(self) -> None:
        """Weigh the chosen pair, in the background."""
        if self.found is None or not self.sheet.pair[0]:
            self.say("Choose a pair first: a cell, a dot or a row.", "warning")
            return
        wanted = [name.strip() for name in self.expected.text().split(",") if name.strip()]
        data = (self._with_slides(self.found), self.sheet.pair)
        self.work(weigh_pair, lambda: data, "Weigh the evidence", expected=wanted)

    def _with_slides(self, found: Found) -> Found:
        """What was found, with what the Correspondence dock said of the slides last."""
        slides = self.session.state.get(SLIDES)
        if not isinstance(slides, CohortCorrespondence):
            return found
        effects = slides.evidence()
        own = effects[effects.index.isin(found.study.features.index)]
        return replace(found, study=replace(found.study, tissue=own))

    def show_found(self, found: Any) -> str:
        """Show pairs, or the card of one."""
        if isinstance(found, EvidenceCard):
            self.sheet.show_card(found)
            return f"{found.feature} ~ {found.outcome}: {found.conclusion}. {found.summary}"
        return self._show_pairs(found)

    def _show_pairs(self, found: Found) -> str:
        self.found = found
        self.open_sheet()
        result = found.result
        self.sheet.show_result(result)
        if len(result.table):
            first = result.table.iloc[0]
            self._choose_pair(str(first["feature"]), str(first["outcome"]))
        sure = int((result.table["q_value"] <= 0.05).sum())
        warned = len(result.warnings)
        more = f" {warned} warning{'s' if warned != 1 else ''}: see Notes." if warned else ""
        said = (
            f"{sure} of {result.n_tests:,} pairs have q ≤ 0.05 in {result.n_patients} patients."
            f"{more} Next: click a pair and weigh the evidence."
        )
        return said

    def _choose_pair(self, feature: str, outcome: str) -> None:
        if self.found is None:
            return
        study, self._here = self.found.study, self.session.selection.patient_id
        self.sheet.mark(feature, outcome)
        try:
            pair = study.pair(feature, outcome)
        except InputError as error:
            self.sheet.patients.clear(str(error))
            return
        sites = study.sites_of(pair.patients)
        known = {} if sites is None else {str(who): str(at) for who, at in sites.items()}
        classes = ("no", pair.positive or "yes") if pair.measure == "auc" else None
        self.sheet.show_patients(
            [str(name) for name in pair.patients],
            (np.asarray(pair.feature), np.asarray(pair.outcome)),
            sites=known,
            here=self._here,
            words=f"{len(pair.patients)} patients; click one to open it.",
            classes=classes,
        )
        self.session.select(feature=feature, gene=outcome)

    def _open_patient(self, patient: str) -> None:
        """Open the patient of a dot, with the map of the feature; the Genes dock has the gene."""
        feature, outcome = self.sheet.pair
        self.choose_patient(patient)
        self.say_of_patient(f"{patient}: {self._said_of(patient)}. Opening …", clicked=True)
        self.session.select(feature=feature, gene=outcome.removesuffix(" mutation"))
        self.behind.follow(patient, feature)

    def _said_of(self, patient: str) -> str:
        """Values of the pair in a patient, in words."""
        if self.found is None:
            return ""
        told = []
        for table, name in zip(
            (self.found.study.features, self.found.study.outcomes), self.sheet.pair, strict=True
        ):
            if name not in table or patient not in table.index:
                continue
            if table.attrs.get("kinds", {}).get(name) == "mutation":
                state = {1.0: "mutated", 0.0: "wildtype"}.get(table.loc[patient, name], "not known")
                told.append(f"{name.removesuffix(' mutation')} {state}")
            else:
                unit = table.attrs.get("units", {}).get(name, "")
                told.append(f"{name} {table.loc[patient, name]:.4g} {unit}".rstrip())
        return ", ".join(told)

    def _say_behind(self, text: str) -> None:
        """Say what is on the scan, the pair's values, and where the gene has its colors."""
        patient = self.session.selection.patient_id
        outcome = self.sheet.pair[1]
        self.say_of_patient(
            f"{self._said_of(patient)}. {text} The Genes dock colors the regions by {outcome}."
        )

    def _say_waiting(self, text: str) -> None:
        """Say what the map of the clicked patient waits for."""
        self.say_of_patient(f"{self._said_of(self.session.selection.patient_id)}. {text}")

    def _follow(self, selection: Selection) -> None:
        """Mark the patient on the screen among those of the pair."""
        if selection.patient_id != self._here and self.sheet.pair[0]:
            self._choose_pair(*self.sheet.pair)

    def _say_saved(self, path: str) -> None:
        self.say(f"Written: {path}", "good")

    def _use_theme(self, _event: object = None) -> None:
        self.sheet.use_theme(self.viewer.theme)
        pair = self.sheet.pair
        if self.found is not None:  # what is drawn keeps the colors of the theme before
            card, shown = self.sheet.card.card, self.sheet.right.currentWidget()
            self.sheet.show_result(self.found.result)
            self._choose_pair(*pair)
            self.sheet.show_card(card)
            self.sheet.right.setCurrentWidget(shown)


def _words(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label


def _confounders_of(patients: Any) -> list[str]:
    """Clinical columns that a model can take: numbers, and groups of a few."""
    import pandas as pd

    kept = []
    for name in map(str, patients.columns):
        values = patients[name].replace("", None).dropna()
        numbers = pd.to_numeric(values, errors="coerce").notna().all()
        few = values.nunique() <= _MOST_LEVELS
        if name not in _NOT_CONFOUNDERS and len(values) and (numbers or few):
            kept.append(name)
    return kept
