"""What a measure is: one module in ``measures/`` that defines ``MEASURE``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import Registry, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.extraction.case import Opened
    from napari_radiogenomics.progress import Progress

__all__ = ["MEASURES", "Block", "Measure"]

Settings = Mapping[str, Any]
Value = float | str | None


@dataclass(frozen=True)
class Block:
    """What a measure says of one patient.

    Attributes
    ----------
    rows : Mapping of int to Mapping of str to value
        Columns of each region, by label. None and NaN are missing.
    units : Mapping of str to str
        Units of the columns that have one.
    notes : tuple of str
        What should be known about the numbers.
    """

    rows: Mapping[int, Mapping[str, Value]]
    units: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it JSON-ready; a missing number is null."""
        rows = {
            str(label): {
                name: None if value is None or value != value else value
                for name, value in row.items()
            }
            for label, row in self.rows.items()
        }
        return {"rows": rows, "units": dict(self.units), "notes": list(self.notes)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Block:
        """Make it again from what `to_dict` returned."""
        rows = {int(label): dict(row) for label, row in content["rows"].items()}
        return cls(rows, dict(content["units"]), tuple(content["notes"]))


@dataclass(frozen=True)
class Measure:
    """One block of columns.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name in full.
    meaning : str
        What it measures, in one sentence.
    run : callable or None
        ``run(opened, settings, progress) -> Block``: measures the regions of one patient.
    of_cohort : callable or None
        ``of_cohort(cohort, settings) -> DataFrame`` with one row a patient (index
        ``patient_id``), for what is known without images; ``attrs`` may hold ``units`` and
        ``notes``. A measure has either this or ``run``.
    settings : tuple of str
        Names of the settings it takes.
    extraction : bool
        Whether it takes the settings of `extract_features` instead.
    slides : bool
        Whether it measures the slides of the visit: their files count for what is kept.
    version : int
        Raised when its numbers change, so that no older ones are taken from the cache.
    """

    name: str
    title: str
    meaning: str
    run: Callable[[Opened, Settings, Progress], Block] | None = field(default=None, repr=False)
    of_cohort: Callable[[Cohort, Settings], pd.DataFrame] | None = field(default=None, repr=False)
    settings: tuple[str, ...] = ()
    extraction: bool = False
    slides: bool = False
    version: int = 1

    def require_settings(self, given: Settings) -> None:
        """Refuse a setting that it does not have.

        Raises
        ------
        InputError
            With the nearest name.
        """
        for name in given:
            if name not in self.settings:
                hint = did_you_mean(name, list(self.settings))
                raise InputError(f'The measure {self.name} has no setting "{name}". {hint}')


MEASURES: Registry[Measure] = Registry(
    "napari_radiogenomics.extraction.measures",
    attribute="MEASURE",
    noun="measure",
    group="napari_radiogenomics.measures",
)
