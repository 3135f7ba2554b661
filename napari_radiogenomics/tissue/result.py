"""What measuring tissue gives: a row for the section, fields, objects and maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.provenance import Record

__all__ = ["TissueMeasurement"]


@dataclass(frozen=True, eq=False)
class TissueMeasurement:
    """Vessels, nuclei or hypoxia of one section.

    Attributes
    ----------
    table : DataFrame
        One row (index ``slide``): the numbers of the whole section or region, and the rules
        they were made by. ``attrs["units"]`` has the units.
    fields : DataFrame
        One row a field: ``kind`` (``systematic``, ``hot spot``), center ``x_mm, y_mm`` on the
        slide, and what was found in it.
    objects : DataFrame
        One row a vessel or nucleus: center ``x_mm, y_mm`` on the slide, ``area_um2``. Empty for
        hypoxia.
    maps : Mapping of str to Image
        Local values in a moving window, as images of one slice in mm of the slide; NaN where
        there is no tissue.
    warnings : tuple of str
        What a person should know before using the numbers.
    history : tuple of Record
        How it came to be; tables and maps carry it too.
    """

    table: pd.DataFrame
    fields: pd.DataFrame
    objects: pd.DataFrame
    maps: Mapping[str, Image] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        for table in (self.table, self.fields, self.objects):
            table.attrs["history"] = self.history
        maps = {name: replace(found, history=self.history) for name, found in self.maps.items()}
        object.__setattr__(self, "maps", maps)

    def __repr__(self) -> str:
        row = self.table.iloc[0]
        return f"TissueMeasurement({self.table.index[0]!r}, {row['measure']}: {self.text()})"

    def text(self) -> str:
        """The main numbers in words, with their units."""
        row, units = self.table.iloc[0], self.table.attrs["units"]
        shown = [
            f"{name.replace('_per_mm2', '').replace('_', ' ')} {row[name]:.4g} {units[name]}"
            for name in self.table.attrs["main"]
        ]
        return f"{', '.join(shown)} in {row['tissue_mm2']:.3g} mm² of tissue"
