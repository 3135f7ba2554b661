"""The verb for all slides of a cohort that are stained for a measure: one row a slide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.io.patient import load_patient
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.tissue.kinds import Kind, TissueMeasure, find_kind, is_named
from napari_radiogenomics.tissue.measure import measure_tissue

__all__ = ["measure_slides", "slides_for"]


def slides_for(slides: Sequence[Slide], measure: TissueMeasure) -> list[Slide]:
    """Slides that are stained for a measure; for nuclei those with hematoxylin and eosin."""
    kind = find_kind(measure)
    return [slide for slide in slides if _is_for(slide.stain, kind)]


def _is_for(stain: str, kind: Kind) -> bool:
    return is_named(stain, kind) if kind.stains else stain.upper() in ("H&E", "HE")


@verb
def measure_slides(
    cohort: Cohort,
    *,
    measure: TissueMeasure = "vessels",
    patients: Sequence[str] | None = None,
    timepoint: str = "",
    settings: Mapping[str, Any] | None = None,
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Measure all slides of a cohort that are stained for it.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    measure : {"vessels", "hypoxia", "nuclei"}, optional
        As for `measure_tissue`. It chooses the slides by their stain.
    patients : sequence of str, optional
        Whose; everybody's without it.
    timepoint : str, optional
        Of one visit only.
    settings : Mapping, optional
        Further settings of `measure_tissue`.
    progress : Progress, optional
        Reports slides and tiles; may cancel.

    Returns
    -------
    DataFrame
        One row a slide (index ``patient_id, slide_id``), as `measure_tissue` has it.
        ``attrs["failures"]`` has slide and reason of what could not be measured,
        ``attrs["warnings"]`` what should be known, ``attrs["units"]`` the units.

    Raises
    ------
    InputError
        If no slide could be measured.
    Cancelled
        If ``progress`` says so.

    Examples
    --------
    >>> from napari_radiogenomics import measure_slides, open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> table = measure_slides(open_cohort(sample_cohort()), patients=["P001", "P004"])
    >>> table["vessels_per_mm2"].round().tolist()
    [17.0, 42.0]
    """
    kind = find_kind(measure)
    chosen = [cohort.resolve(one) for one in patients or cohort.patients.index]
    rows = cohort.slides[cohort.slides["patient_id"].isin(chosen)]
    if timepoint:
        rows = rows[rows["timepoint"] == timepoint]
    owners = [one for one in chosen if one in set(rows["patient_id"])]
    tables: list[pd.DataFrame] = []
    failures: list[tuple[str, str]] = []
    notes: list[str] = []
    for patient in progress(owners, "Slides"):
        data = load_patient(cohort, patient, timepoint=timepoint, scans=False, segmentations=False)
        failures += [(patient, str(one)) for one in data.problems if one.level == "error"]
        for slide in slides_for(data.slides, measure):
            try:
                found = measure_tissue(
                    slide, measure=measure, **dict(settings or {}), progress=progress
                )
            except (InputError, MissingDependency, OSError) as error:
                failures.append((slide.name, str(error)))
                continue
            tables.append(_keyed(found.table, patient))
            notes += [f"{slide.name}: {note}" for note in found.warnings]
    if not tables:
        raise InputError(_nothing(cohort, kind, failures))
    table = pd.concat(tables)
    table.attrs = {
        "units": tables[0].attrs["units"],
        "failures": pd.DataFrame(failures, columns=["slide", "error"]),
        "warnings": tuple(notes),
    }
    return table


def _keyed(table: pd.DataFrame, patient: str) -> pd.DataFrame:
    keys = [(patient, str(slide)) for slide in table.index]
    return table.set_axis(pd.MultiIndex.from_tuples(keys, names=["patient_id", "slide_id"]))


def _nothing(cohort: Cohort, kind: Kind, failures: Sequence[tuple[str, str]]) -> str:
    if failures:
        slide, error = failures[0]
        return f"None of the slides could be measured. {slide}: {error}"
    stained = ", ".join(sorted(set(cohort.slides["stain"]) - {""})) or "none that is told"
    wanted = " or ".join(kind.stains[:3]) or "H&E"
    return (
        f"The cohort has no slide stained for {kind.name} ({wanted}); its stains: {stained}. "
        "Correct the column stain of slides.csv."
    )
