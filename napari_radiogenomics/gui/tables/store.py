"""The tables of a cohort by their names: a harmonized one is new, the raw one stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.attached import Attached
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_radiogenomics.extraction.result import CohortFeatures

__all__ = ["FeatureTables"]


class FeatureTables(Attached):
    """Tables of features of the open cohort.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer. Each cohort has tables of its own, kept while another one is open.

    Attributes
    ----------
    changed : Signal(str)
        A table came, or another cohort; the name of the new table, or an empty text.
    """

    changed = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._session = session_of(self.viewer)
        self._of_cohorts: dict[str, dict[str, CohortFeatures]] = {}
        self._session.cohort_changed.connect(self._tell)

    def _tell(self, _cohort: object = None) -> None:
        self.changed.emit("")

    @property
    def _own(self) -> dict[str, CohortFeatures]:
        root = str(getattr(self._session.cohort, "root", ""))
        return self._of_cohorts.setdefault(root, {})

    @property
    def names(self) -> list[str]:
        """Names of the tables, in the order in which they came."""
        return list(self._own)

    def __getitem__(self, name: str) -> CohortFeatures:
        """Return a table by its name."""
        if name not in self._own:
            raise InputError(f'There is no table "{name}". {did_you_mean(name, self.names)}')
        return self._own[name]

    def add(self, name: str, features: CohortFeatures) -> str:
        """Add a table; where the name is taken it gets a number.

        Returns
        -------
        str
            The name under which it stands.
        """
        wanted = name.strip() or "features"
        free, number = wanted, 1
        while free in self._own:
            number += 1
            free = f"{wanted} {number}"
        self._own[free] = features
        self.changed.emit(free)
        return free
