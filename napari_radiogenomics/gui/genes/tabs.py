"""What the tabs of the Genes dock show: pathways, patients, map against score, structures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject

from napari_radiogenomics.data.precision import Precision, allows
from napari_radiogenomics.data.structures import WHOLE, StructureMap
from napari_radiogenomics.errors import RadiogenomicsError
from napari_radiogenomics.gui.canvas.legend import feature_of
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.genes.across import Everybody, dots_of, everybody, recipe_of
from napari_radiogenomics.gui.genes.answer import NO_PATHWAYS
from napari_radiogenomics.gui.genes.asked import short_name
from napari_radiogenomics.gui.genes.plots import Dot, PathwayBar, rank_correlation
from napari_radiogenomics.io.structure_map import (
    STRUCTURES_FILE,
    cohort_structures,
    write_structures,
)

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.gui.genes.across import Recipe
    from napari_radiogenomics.gui.genes.answer import Answer
    from napari_radiogenomics.gui.genes.dock import GenesDock

__all__ = ["Tabs", "pathway_bars"]

_PATHWAYS, _PATIENTS, _SCATTER, _STRUCTURES = range(4)
_TOP = 6
# A cohort of no more patients is compared without being asked to.
_FEW = 60
_Key = tuple["Answer", Everybody, str]


def pathway_bars(found: Answer, region: str, segmentation_id: str) -> list[PathwayBar]:
    """Pathways of a region that are farthest from the middle of the cohort, the highest first.

    Parameters
    ----------
    found : Answer
        With pathways.
    region : str
        Name of a region, or the whole tumor.
    segmentation_id : str
        Of which segmentation.
    """
    table, many = found.pathways, found.pathway_scores
    if table is None or many is None:
        return []
    rows = table[(table["region"] == region) & (table["n"] > 0)]
    rows = rows[rows["segmentation_id"].isin([segmentation_id, ""])]
    rows = rows.assign(far=(rows["percentile"] - 50).abs()).nlargest(_TOP, "far")
    bars = []
    for name, value in rows.sort_values("score", ascending=False)[["name", "score"]].values:
        low, median, high = _quartiles(many, str(name), region)
        bars.append(PathwayBar(str(name), short_name(str(name)), float(value), low, median, high))
    return bars


def _quartiles(many: pd.DataFrame, name: str, region: str) -> tuple[float, float, float]:
    """Quartiles of the samples that are as precise as the claim."""
    stated = many.attrs.get("precision", {})
    fine = np.array([allows(stated.get(s, "point"), Precision.REGION) for s in many.index], bool)
    used = ~fine if region == WHOLE and (~fine).any() else fine
    values = many[name].to_numpy(float)[used if used.any() else slice(None)]
    low, median, high = np.nanpercentile(values, [25, 50, 75])
    return float(low), float(median), float(high)


class Tabs(QObject):
    """Fills the tabs, each only while it is looked at.

    Parameters
    ----------
    dock : GenesDock
        Its dock.
    """

    def __init__(self, dock: GenesDock) -> None:
        super().__init__(dock)
        self._dock = dock
        self.everyone: Everybody | None = None
        self.edited_structures: StructureMap | None = None
        self._runner = Runner(self)
        self._runner.ended.connect(self._ended)
        # Scoring the regions of hundreds of patients takes seconds.
        self._scorer = Runner(self, activity=False)
        self._scorer.ended.connect(self._scored)
        self._dots: dict[_Key, list[Dot]] = {}
        self._scoring: _Key | None = None
        page = dock.page
        page.tabs.currentChanged.connect(self.refresh)
        page.pathways.asked.connect(dock.ask)
        for plot in (page.strip, page.scatter):
            plot.chosen.connect(self._open)
        page.compare_button.clicked.connect(self.compare)
        page.cancel_button.clicked.connect(self._runner.cancel)
        page.structures.changed.connect(self._edit)
        page.structures.save_asked.connect(self._save)

    @property
    def busy(self) -> bool:
        """Whether patients are being read or scored."""
        return self._runner.running or self._scorer.running

    def use(self, cohort: Cohort | None) -> None:
        """Take another cohort."""
        self._runner.cancel()
        self.everyone, self.edited_structures = None, None
        self._dots.clear()
        self._show_structures(cohort)
        self.refresh()

    def refresh(self, _tab: int = 0) -> None:
        """Draw the tab that is looked at."""
        shown = self._dock.page.tabs.currentIndex()
        if shown == _PATHWAYS:
            self._show_pathways()
        elif shown == _PATIENTS:
            self._show_patients()
        elif shown == _SCATTER:
            self._show_scatter()

    def _show_pathways(self) -> None:
        dock, plot = self._dock, self._dock.page.pathways
        found = dock.answered
        if found is None or found.pathway_scores is None:
            notes = () if found is None else found.notes
            why = next((note for note in notes if note.startswith(NO_PATHWAYS)), "")
            plot.clear(why or "Pathways of the region appear here for a cohort with expression.")
            return
        region = self._region()
        bars = pathway_bars(found, region, dock.segmentation_id)
        if not bars:
            plot.clear(f"No sample tells of {region}. Choose a region with samples above.")
            return
        unit = str(found.pathway_scores.attrs.get("unit", ""))
        words = (
            f"{region}: its most unusual pathways. Orange: here; gray: middle half of the cohort "
            "with its median. Click one to search it."
        )
        plot.show_bars(bars, words, unit)

    def _region(self) -> str:
        """The chosen region, else the first that has samples."""
        chosen = self._dock.page.table.region
        if chosen is not None:
            return chosen.name
        found = self._dock.answered
        if found is None or found.pathways is None:
            return WHOLE
        own = found.pathways[found.pathways["n"] > 0]
        return str(own["region"].iloc[0]) if len(own) else WHOLE

    def _ready(self, plot: object) -> bool:
        """Whether there is a score and everybody is known; else say so and start."""
        dock, found = self._dock, self._dock.answered
        if found is None or found.scores is None:
            plot.clear("Search a gene or pathway to compare patients.")  # type: ignore[attr-defined]
            return False
        if self.everyone is None:
            plot.clear("Reading the regions of all patients …")  # type: ignore[attr-defined]
            few = len(found.question.cohort) <= _FEW
            if few and not self._runner.running and dock.in_sight:
                self._run(None)
            elif not few and not self._runner.running:
                plot.clear("Press Map × score ▸ Measure to read all patients.")  # type: ignore[attr-defined]
            return False
        return True

    def _show_patients(self) -> None:
        dock, plot = self._dock, self._dock.page.strip
        if not self._ready(plot) or self.everyone is None or dock.answered is None:
            return
        dots = self._dots_for(None)
        if dots is None:
            plot.clear("Scoring the regions of all patients …")
            return
        here = dock.session.selection.patient_id
        if not dots:
            plot.clear("No region of any patient has a sample with a value.")
            return
        patients = len({dot.patient_id for dot in dots})
        words = f"{self._title} in {patients} patients; orange: {here or 'nobody'}. Line: median."
        plot.show_dots(dots, here, words, dock.answered.unit, self._classes)

    @property
    def _title(self) -> str:
        found = self._dock.answered
        return "" if found is None or found.asked is None else found.asked.title

    @property
    def _classes(self) -> tuple[str, ...]:
        """Names of the values 0 and 1 of a mutation."""
        found = self._dock.answered
        mutated = found is not None and found.asked is not None and found.asked.kind == "mutation"
        return ("wildtype", "mutated") if mutated else ()

    @property
    def recipe(self) -> Recipe | None:
        """How the chosen map can be made in other patients; None where that is not known."""
        image, cohort = self._dock.measuring.image, self._dock.session.cohort
        if image is None or cohort is None:
            return None
        feature = feature_of(image) if image.modality == "map" else ""
        return recipe_of(image, cohort, feature)

    def _show_scatter(self) -> None:
        dock, plot, recipe = self._dock, self._dock.page.scatter, self.recipe
        dock.page.compare_button.setEnabled(recipe is not None and not self._runner.running)
        if not self._ready(plot) or self.everyone is None or dock.answered is None:
            return
        title, scores = dock.measuring.title, dock.answered.scores
        title = f"mean {recipe.role}" if recipe is not None and not recipe.name else title
        if recipe is None or scores is None:
            plot.clear("Choose a map that was computed here, or a scan, above.")
            return
        if recipe.key not in self.everyone.means:
            plot.clear(f"{title} is not measured in the other patients yet.")
            return
        dots = self._dots_for(recipe)
        if dots is None:
            plot.clear("Scoring the regions of all patients …")
            return
        if not dots:
            plot.clear(f"No region has both {title} and a sample.")
            return
        here = dock.session.selection.patient_id
        patients = len({dot.patient_id for dot in dots})
        words = (
            f"{len(dots)} regions of {patients} patients, rank correlation "
            f"{_number(rank_correlation(dots))} (regions of a patient are not independent). "
            f"Orange: {here or 'nobody'}."
        )
        units = (f"{title} [{dock.measuring.unit}]", f"{self._title} [{dock.answered.unit}]")
        plot.show_dots(dots, here, words, units, self._classes)

    def _dots_for(self, recipe: Recipe | None) -> list[Dot] | None:
        """Dots of what is asked now; None while they are computed."""
        found, everyone = self._dock.answered, self.everyone
        if found is None or found.scores is None or everyone is None:
            return []
        key = (found, everyone, "" if recipe is None else recipe.key)
        if key in self._dots:
            return self._dots[key]
        if not self._scorer.running:
            self._scoring = key
            self._scorer.run(dots_of, everyone, found.scores, recipe, title="Score all patients")
        return None

    def _scored(self, outcome: Outcome) -> None:
        if outcome.ok and self._scoring is not None:
            self._dots = {self._scoring: outcome.value}  # of the newest question alone
        self.refresh()

    def compare(self) -> None:
        """Measure the chosen map in all patients."""
        if not self._runner.running:
            self._run(self.recipe)

    def _run(self, recipe: Recipe | None) -> None:
        cohort = self._dock.session.cohort
        if cohort is None:
            return
        self._dock.page.cancel_button.setEnabled(True)
        self._dock.page.compare_button.setEnabled(False)
        self._cohort = cohort
        self._runner.run(
            everybody, cohort, structures=self.edited_structures, recipe=recipe,
            known=self.everyone, title="Regions of all patients",
        )  # fmt: skip

    def _ended(self, outcome: Outcome) -> None:
        self._dock.page.cancel_button.setEnabled(False)
        if outcome.ok and self._cohort is self._dock.session.cohort:
            self.everyone = outcome.value
            if self.everyone is not None and self.everyone.notes:
                self._dock.say(self.everyone.notes[0], "warning")
            self.refresh()
        elif outcome.expected and not outcome.cancelled:
            self._dock.say(str(outcome.error), "error")
        self._dock.page.compare_button.setEnabled(self.recipe is not None)

    def _open(self, patient: str, region: str) -> None:
        self._dock.session.select(patient_id=patient, region=region)

    # Structures

    def _show_structures(self, cohort: Cohort | None) -> None:
        tabs = self._dock.page.tabs
        used = [] if cohort is None else [name for name in dict.fromkeys(
            cohort.samples["structure"]) if name]  # fmt: skip
        tabs.setTabVisible(_STRUCTURES, bool(used))
        if cohort is None or not used:
            return
        try:
            known = cohort_structures(cohort)
        except RadiogenomicsError as error:
            self._dock.say(str(error), "error")
            return
        regions = [str(name) for name in dict.fromkeys(cohort.labels["name"]) if name]
        self._dock.page.structures.show_map(known, used, regions)

    def _edit(self, structures: StructureMap) -> None:
        self.edited_structures = structures
        self.everyone = None
        self._dock.look_soon()

    def _save(self) -> None:
        cohort = self._dock.session.cohort
        if cohort is None:
            return
        try:
            path = write_structures(self._dock.page.structures.structures,
                                    cohort.root / STRUCTURES_FILE)  # fmt: skip
        except (RadiogenomicsError, OSError) as error:
            self._dock.say(f"The structures could not be saved: {error}", "error")
            return
        self._dock.page.structures.save_button.setEnabled(False)
        self._dock.say(f"Structures and regions are saved in {path.name}.", "good")


def _number(value: float) -> str:
    return "not defined" if value != value else f"{value:.2f}".replace("-", "−")
