"""Biopsies outside the tumor: said, and corrected by one click that can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.data.flip import flip_samples
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.errors import RadiogenomicsError
from napari_radiogenomics.io.cohort_samples import correct_samples

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.gui.genes.dock import GenesDock

__all__ = ["Flips"]


class Flips:
    """Binds the strip below the table to the cohort.

    Parameters
    ----------
    dock : GenesDock
        Its dock.
    """

    def __init__(self, dock: GenesDock) -> None:
        self._dock = dock
        self._before: Samples | None = None
        self._moving = False
        page = dock.page
        page.flip_button.clicked.connect(self.correct)
        page.undo_button.clicked.connect(self.undo)
        page.save_button.clicked.connect(self.save)

    def use(self, _cohort: Cohort | None) -> None:
        """Forget what was corrected when another cohort is opened."""
        if not self._moving:
            self._before = None
        self._dock.page.flips.setVisible(False)

    def show(self) -> None:
        """Say which biopsies lie outside, and how they would lie inside."""
        page, found = self._dock.page, self._dock.answered
        flips = {} if found is None else found.links.flips
        if flips:
            system = "/".join(dict.fromkeys(flips.values()))
            names = ", ".join(list(flips)[:4]) + (" …" if len(flips) > 4 else "")
            lie, them = ("lies", "its") if len(flips) == 1 else ("lie", "their")
            page.flip_text.setText(
                f"⚠ {names} {lie} outside the tumor, and inside it if {them} coordinates are "
                f"{system}: a likely RAS/LPS flip."
            )
            page.flip_button.setText(f"Take as {system}")
        elif self._before is not None:
            names = ", ".join(map(str, self._before.table.index[:4]))
            page.flip_text.setText(f"Coordinates corrected: {names}. Not yet saved.")
        page.flip_button.setVisible(bool(flips))
        page.undo_button.setVisible(self._before is not None)
        page.save_button.setVisible(self._before is not None)
        page.flips.setVisible(bool(flips) or self._before is not None)

    def correct(self) -> None:
        """Take the coordinates of outliers as the system that puts them inside."""
        found, cohort = self._dock.answered, self._dock.session.cohort
        if found is None or cohort is None or not found.links.flips:
            return
        flips = found.links.flips
        samples = cohort.samples_table(found.question.patient_id)
        chosen = samples.select(samples.table.index.isin(list(flips)))
        try:
            corrected = flip_samples(chosen, flips)
        except RadiogenomicsError as error:
            self._dock.say(str(error), "error")
            return
        self._before = chosen
        self._take(corrected)

    def undo(self) -> None:
        """Take the coordinates as they were."""
        before, self._before = self._before, None
        if before is not None:
            self._take(before)

    def save(self) -> None:
        """Write the corrected coordinate systems into the cohort's table of samples."""
        cohort, before = self._dock.session.cohort, self._before
        if cohort is None or before is None:
            return
        now = cohort.samples_table(str(before.table["patient_id"].iloc[0]))
        try:
            correct_samples(cohort, now.select(now.table.index.isin(before.table.index)), save=True)
        except RadiogenomicsError as error:
            self._dock.say(str(error), "error")
            return
        self._before = None
        self.show()
        self._dock.say("The corrected coordinate systems are saved in the samples table.", "good")

    def _take(self, samples: Samples) -> None:
        """Open the cohort with other coordinates at the same patient, region and gene."""
        session = self._dock.session
        if session.cohort is None:
            return
        keep = session.selection
        self._moving = True
        try:
            session.cohort = correct_samples(session.cohort, samples)
        finally:
            self._moving = False
        session.select(
            patient_id=keep.patient_id, timepoint=keep.timepoint, label=keep.label,
            region=keep.region, gene=keep.gene, feature=keep.feature,
        )  # fmt: skip
