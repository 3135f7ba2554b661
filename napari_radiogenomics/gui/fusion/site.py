"""Where a patient was seen: what is known of it by its name, else nothing until one is chosen."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.tables.groups import batch_columns, usual_batches

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["SiteBox"]

_NOBODY = "Not known"
_TIP = (
    "<p>Folds are balanced over sites, imaging is harmonized in each fold, and each site is tested "
    "by models of the others. A column that is no site (a receptor, a grade) must not be named "
    "here.</p>"
)


class SiteBox(QuietCombo):
    """Columns that may be the site; never the outcome."""

    def __init__(self) -> None:
        super().__init__()
        self._cohort: Cohort | None = None
        self._chosen: str | None = None
        self.setAccessibleName("Site")
        self.setToolTip(_TIP)
        self.activated.connect(self._keep)

    @property
    def column(self) -> str:
        """Column of the site; empty where it is not known."""
        return str(self.currentData() or "")

    def offer(self, cohort: Cohort | None, without: Collection[str]) -> None:
        """Offer the columns of a cohort.

        Parameters
        ----------
        cohort : Cohort or None
            As opened. What a person chose stays while it is the same.
        without : collection of str
            Columns that the outcome is made of.
        """
        if cohort is not self._cohort:
            self._cohort, self._chosen = cohort, None
        offered = [name for name in batch_columns(cohort) if name not in without]
        usual = [name for name in usual_batches(cohort) if name in offered]
        self.clear()
        for name in offered:
            self.addItem(name, name)
        self.addItem(_NOBODY, "")
        first = usual[0] if usual else ""
        kept = self._chosen if self._chosen in (*offered, "") else first
        self.setCurrentIndex(self.findData(kept))

    def _keep(self, _index: int) -> None:
        self._chosen = self.column
