"""What the Slide dock does in the background: read slides, measure, read spots, save."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.gui.slide.tiles import ShownPyramid
from napari_radiogenomics.io.files import read_all
from napari_radiogenomics.io.patient import load_patient
from napari_radiogenomics.io.tables_write import write_table
from napari_radiogenomics.io.visium import read_visium
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import write_history
from napari_radiogenomics.tissue.measure import measure_tissue

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.tissue.result import TissueMeasurement

__all__ = [
    "Entry", "Measured", "Spots", "measure_entry", "prepare", "read_files", "read_patient",
    "read_spots", "save_tables",
]  # fmt: skip

# A gene is shown per this many counts of a spot, as spots hold more or less tissue.
_PER_COUNTS = 10_000


@dataclass(frozen=True, eq=False)
class Entry:
    """One slide of the list.

    Attributes
    ----------
    key : str
        ``slide_id`` of the cohort, or the path.
    slide : Slide or None
        None where it cannot be read.
    problem : str
        Why not, and what to do.
    """

    key: str
    slide: Slide | None = None
    problem: str = ""

    @property
    def section(self) -> str:
        """Folder of the Visium section whose picture it is; empty for other slides."""
        facts = {} if self.slide is None else self.slide.metadata
        return str(facts.get("path", "")) if "picture" in facts else ""


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured, on which slide, with fields of which side."""

    entry: Entry
    found: TissueMeasurement
    field_mm: float


@dataclass(frozen=True, eq=False)
class Spots:
    """Spots of a section: places in mm, and counts (spots × genes)."""

    places: pd.DataFrame
    counts: pd.DataFrame

    def of_gene(self, gene: str) -> pd.DataFrame:
        """Places with the expression of a gene, log2 of 1 + counts per 10,000.

        Raises
        ------
        InputError
            If the section has no such gene.
        """
        from napari_radiogenomics.registry import did_you_mean

        names = {str(name).upper(): name for name in self.counts.columns}
        if gene.upper() not in names:
            raise InputError(
                f'No gene "{gene}" was counted in this section. {did_you_mean(gene, list(names))}'
            )
        counts = self.counts[names[gene.upper()]].to_numpy(float)
        total = np.maximum(self.counts.to_numpy(float).sum(axis=1), 1.0)
        return self.places.assign(counts=counts, value=np.log2(1 + _PER_COUNTS * counts / total))


def read_patient(
    cohort: Cohort, patient_id: str, *, progress: Progress = quiet
) -> tuple[str, list[Entry]]:
    """Read the slides of a patient, as far as their headers; what is broken is listed too."""
    data = load_patient(cohort, patient_id, scans=False, segmentations=False, progress=progress)
    found = {str(slide.metadata["slide_id"]): slide for slide in data.slides}
    rows = cohort.rows.get("slides", {})
    said = {problem.row: problem.what for problem in data.problems if problem.level == "error"}
    entries = [
        Entry(key, found.get(key), "" if key in found else said.get(rows.get(key), "No file."))
        for key in map(str, cohort.slides_of(data.patient_id).index)
    ]
    return data.patient_id, entries


def read_files(paths: Sequence[str], *, progress: Progress = quiet) -> list[Entry]:
    """Read slides from files and folders; the first that cannot be read is told."""
    entries = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        for path in progress(list(paths), "Reading slides"):
            for slide in read_all(path, kind="slide"):
                entries.append(Entry(f"{path}#{slide.name}", slide))
    return entries


def prepare(entry: Entry, *, progress: Progress = quiet) -> tuple[Entry, ShownPyramid]:
    """Read what is seen of a slide at first.

    Raises
    ------
    InputError
        If it could not be read.
    """
    if entry.slide is None:
        raise InputError(entry.problem)
    return entry, ShownPyramid(entry.slide)


def measure_entry(
    entry: Entry, region: NDArray | None, *, progress: Progress = quiet, **settings: Any
) -> Measured:
    """Measure a slide; parameters as for `measure_tissue`."""
    if entry.slide is None:
        raise InputError(entry.problem)
    found = measure_tissue(entry.slide, region, progress=progress, **settings)
    return Measured(entry, found, float(settings.get("field_mm", 0.5)))


def read_spots(section: str, *, progress: Progress = quiet) -> tuple[str, Spots]:
    """Read places and counts of a Visium section."""
    import pandas as pd

    samples, counts = read_visium(section, patient_id="section", progress=progress)
    x, y = samples.points_lps()[:, :2].T
    places = pd.DataFrame({"x_mm": x, "y_mm": y}, index=samples.table.index)
    return section, Spots(places, counts)


def save_tables(measured: Measured, path: Path, *, progress: Progress = quiet) -> Path:
    """Write the row of the section, and beside it the fields and the objects."""
    path = path if path.suffix else path.with_suffix(".csv")
    tables = {"": measured.found.table, "-fields": measured.found.fields,
              "-objects": measured.found.objects}  # fmt: skip
    for ending, table in tables.items():
        if len(table):
            target = path.with_name(f"{path.stem}{ending}{path.suffix}")
            write_history(table, write_table(table, target))
    return path
