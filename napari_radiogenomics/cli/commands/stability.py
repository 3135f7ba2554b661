"""``stability COHORT --output …``: which features survive other contours, noise and angles."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.cli.command import Command
from napari_radiogenomics.cli.options import add_arguments, given, terminal_progress
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.data.image import Image
    from napari_radiogenomics.data.segmentation import Segmentation

__all__ = ["COMMAND"]


def _configure(parser: argparse.ArgumentParser) -> None:
    from napari_radiogenomics.radiomics.stability import feature_stability

    parser.add_argument("cohort", type=Path, metavar="COHORT", help="Folder of the cohort.")
    parser.add_argument(
        "--role",
        default="",
        metavar="ROLE",
        help="Which scan to measure, by its role (T1c, CT); without it the one that the "
        "region was drawn on.",
    )
    add_arguments(parser, describe(feature_stability), without=("cases",))
    parser.add_argument(
        "--parameters",
        type=Path,
        default=None,
        metavar="PATH",
        help="Parameter file of PyRadiomics: which features, and how.",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="CSV file: one row a feature. The history is written beside it.",
    )


def _run(arguments: argparse.Namespace) -> int:
    from napari_radiogenomics.io.cohorts import open_cohort
    from napari_radiogenomics.io.tables_write import write_table
    from napari_radiogenomics.provenance import write_history
    from napari_radiogenomics.radiomics.stability import feature_stability, stable_features

    output: Path = arguments.output
    if not output.absolute().parent.is_dir():
        raise InputError(f"The folder {output.absolute().parent} does not exist. Create it first.")
    settings = given(arguments, describe(feature_stability))
    extraction: dict[str, Any] = {}
    if arguments.parameters is not None:
        extraction["parameters"] = arguments.parameters
    cases = _Cases(open_cohort(arguments.cohort), arguments.role)
    table = feature_stability(
        cases, **settings, extraction=extraction, progress=terminal_progress()
    )
    write_table(table, output)
    write_history(table, output)
    for note in (*cases.missing, *table.attrs["notes"]):
        sys.stderr.write(f"{note}\n")
    stable = len(stable_features(table))
    sys.stdout.write(f"{stable} of {len(table)} features are stable (ICC surely 0.75 or more)\n")
    sys.stdout.write(f"{output}\n")
    return 0


class _Cases:
    """Scan and region of each patient's first visit, read when it is their turn."""

    def __init__(self, cohort: Cohort, role: str) -> None:
        self.cohort, self.role = cohort, role
        self.missing: list[str] = []

    def __len__(self) -> int:
        return len(self.cohort.patients)

    def __iter__(self) -> Iterator[tuple[Image, Segmentation]]:
        for patient in self.cohort.patients.index:
            found = self._of(str(patient))
            if found is None:
                self.missing.append(f"{patient} has no such scan with a region, and is left out.")
            else:
                yield found

    def _of(self, patient: str) -> tuple[Image, Segmentation] | None:
        from napari_radiogenomics.io.patient import load_patient

        visits = self.cohort.scans_of(patient)["timepoint"]
        if visits.empty:
            return None
        first = str(visits.iloc[0]) if visits.notna().iloc[0] else ""
        data = load_patient(self.cohort, patient, timepoint=first, slides=False)
        for region in data.segmentations:
            for scan in data.scans:
                drawn_on = region.metadata["scan_id"] == scan.metadata["scan_id"]
                wanted = scan.metadata.get("role") == self.role if self.role else drawn_on
                if wanted and scan.geometry.same_grid(region.geometry):
                    return scan, region
        return None


COMMAND = Command(
    "stability",
    "Measure which features survive other contours, noise and angles.",
    _configure,
    _run,
)
