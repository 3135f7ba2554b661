"""`extract_cohort`: all measures of all patients, in parallel, resumable, as one table."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.assemble import assemble
from napari_radiogenomics.extraction.cache import cache_folder
from napari_radiogenomics.extraction.case import Case, Regions, find_case
from napari_radiogenomics.extraction.measure import MEASURES
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.extraction.schedule import run_tasks
from napari_radiogenomics.extraction.task import Outcome
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.radiomics.region import extract_features
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import Setting

__all__ = ["extract_cohort"]

_OWN = ("labels", "progress")  # settings of extract_features that are parameters here


@verb
def extract_cohort(
    cohort: Cohort,
    *,
    measures: Annotated[
        Sequence[str] | Mapping[str, Mapping[str, Any]], Setting(choices=MEASURES.meanings)
    ] = ("features", "shape", "clinical"),
    extraction: Mapping[str, Any] | None = None,
    patients: Sequence[str] | None = None,
    timepoint: str = "",
    role: str = "",
    reader: str = "",
    labels: Annotated[Sequence[int] | None, Setting(minimum=1)] = None,
    regions: Regions = "whole",
    scheduler: Annotated[str, Setting(advanced=True)] = "threads",
    workers: Annotated[int | None, Setting(minimum=1, advanced=True)] = None,
    cache: Annotated[str | Path | None, Setting(advanced=True)] = None,
    progress: Progress = quiet,
) -> CohortFeatures:
    """Measure all patients of a cohort: one table of features, habitats, vessels and facts.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    measures : sequence of str or Mapping, optional
        Blocks of columns, or each with its own settings:
        ``{"features": {}, "habitats": {"n": 3}}``.
    extraction : Mapping, optional
        Settings of `extract_features`, such as ``{"bin_width": 10.0}``, for features and shape.
    patients : sequence of str, optional
        Whom to measure; everybody without it.
    timepoint : str, optional
        Which visit; each patient's first without it.
    role : str, optional
        Which scan, by its role (T1c, CT); without it the one that the regions were drawn on.
    reader : str, optional
        Whose regions; those of the first in the table without it.
    labels : sequence of int, optional
        Labels that count; all of them without it.
    regions : {"whole", "each"}, optional
        Measure their union as one region, or each label by itself.
    scheduler : str, optional
        "threads", "processes", or the address of a Dask scheduler (``tcp://…``), whose workers
        see the same files under the same paths and have this package installed.
    workers : int, optional
        Threads or processes; as many as processors without it.
    cache : path, optional
        Folder where what was measured is kept; the person's cache folder without it. A run
        that was stopped goes on from there.
    progress : Progress, optional
        Reports patients; may cancel.

    Returns
    -------
    CohortFeatures
        ``table`` has one row a patient, or a patient and label. Who could not be measured is in
        ``failures`` with the reason; a measure that failed alone leaves its cells empty.

    Raises
    ------
    InputError
        If nobody could be measured, or a name is not known.
    MissingDependency
        If an address is given and ``distributed`` is not installed.
    Cancelled
        If ``progress`` says so. What was measured until then is kept.

    Notes
    -----
    A block is taken from the cache where the bytes of the patient's files, the settings and the
    code are the same as when it was measured. With ``"processes"``, call it below
    ``if __name__ == "__main__":``, as Python asks for. No port is opened.

    Examples
    --------
    >>> import tempfile
    >>> from napari_radiogenomics import extract_cohort, open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> features = extract_cohort(
    ...     open_cohort(sample_cohort()), patients=["P001", "P002"], cache=tempfile.mkdtemp(),
    ...     extraction={"families": ["firstorder"], "features": ["Mean", "Entropy"]})
    >>> features.table["original_firstorder_Entropy"].round(1).tolist()
    [3.4, 3.4]
    >>> features.blocks["stage"], features.units["original_firstorder_Mean"]
    ('clinical', 'HU')
    """
    wanted = _wanted(measures, dict(extraction or {}))
    chosen = _patients(cohort, patients)
    of_images = {name: own for name, own in wanted.items() if MEASURES[name].run is not None}
    part = replace(cohort, patients=cohort.patients.loc[chosen])
    known = {
        name: of_cohort(part, own)
        for name, own in wanted.items()
        if (of_cohort := MEASURES[name].of_cohort) is not None
    }
    cases: dict[str, Case] = {}
    outcomes = {patient: Outcome(patient) for patient in chosen}
    for patient in chosen if of_images else ():
        try:
            cases[patient] = find_case(
                cohort, patient, timepoint=timepoint, role=role, reader=reader,
                labels=None if labels is None else tuple(labels), regions=regions,
            )  # fmt: skip
        except InputError as error:
            outcomes[patient].errors[""] = str(error)
    with warnings.catch_warnings():  # what the patients' tasks leave of the filters is undone
        for outcome in run_tasks(
            list(cases.values()), of_images,
            cache=cache_folder(cache), scheduler=scheduler, workers=workers, progress=progress,
        ):  # fmt: skip
            outcomes[outcome.patient_id] = outcome
    table = assemble(list(outcomes.values()), cases, known, list(wanted), regions)
    return replace(table, settings=wanted)


def _wanted(
    measures: Sequence[str] | Mapping[str, Mapping[str, Any]], extraction: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Measures with their settings, checked by name."""
    if isinstance(measures, str) or not measures:
        raise InputError(
            f"measures is a list of names, at least one; got {measures!r}. "
            f"Known: {', '.join(MEASURES.names())}."
        )
    _require_extraction(extraction)
    wanted: dict[str, dict[str, Any]] = {}
    for name in measures:
        measure = MEASURES[name]
        own = dict(measures[name] or {}) if isinstance(measures, Mapping) else {}
        if measure.extraction:
            _require_extraction(own)
            own = {**extraction, **own}
        else:
            measure.require_settings(own)
        wanted[name] = own
    return wanted


def _require_extraction(settings: Mapping[str, Any]) -> None:
    parameters = inspect.signature(extract_features).parameters.values()
    known = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
    for name in settings:
        if name in _OWN:
            raise InputError(f'"{name}" is not for extraction; use the parameter of its own.')
        if name not in known:
            raise InputError(f'Unknown setting "{name}" of features. {did_you_mean(name, known)}')


def _patients(cohort: Cohort, patients: Sequence[str] | None) -> list[str]:
    if isinstance(patients, str):
        raise InputError(f"patients is a list of ids; got the text {patients!r}.")
    if patients is None:
        patients = [str(name) for name in cohort.patients.index]
    if not len(patients):
        raise InputError("There is no patient to measure.")
    return list(dict.fromkeys(map(cohort.resolve, patients)))
