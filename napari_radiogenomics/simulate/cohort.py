"""`simulate_cohort`: a folder full of patients whose truths are known."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pandas as pd

from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.simulate.clinical import clinical_row, variant_rows
from napari_radiogenomics.simulate.counts import genes, gmt
from napari_radiogenomics.simulate.patient import FieldOfView, make_patient
from napari_radiogenomics.simulate.rows import Rows
from napari_radiogenomics.simulate.stories import Flavor, Patient, draw_patients
from napari_radiogenomics.simulate.truth import truth

__all__ = ["simulate_cohort"]

_FOLDERS = ("scans", "segmentations", "slides", "transforms")
_COLUMNS = {
    "timepoints": "patient_id timepoint days",
    "aliases": "patient_id system alias",
    "scans": "scan_id patient_id timepoint modality role path unit frame scanner protocol kvp "
    "tube_current_mas field_t",
    "segmentations": "segmentation_id scan_id path source reader",
    "samples": "sample_id patient_id timepoint kind frame coord_system unit x y z radius_mm "
    "uncertainty_mm structure selected_by expression_column precision",
    "slides": "slide_id patient_id timepoint sample_id stain path um_per_pixel frame section",
    "transforms": "from_frame to_frame path landmarks method error_mm",
}
_LABELS = "value,name,color,segmentation_id\n1,necrotic core,#56b4e9,\n2,edema,#f0e442,\n"
_LABELS += "3,viable tumor,#d55e00,\n"


@verb
def simulate_cohort(
    folder: str | Path,
    *,
    n_patients: int = 100,
    n_validation: int = 40,
    seed: int = 1,
    modality: Flavor = "both",
    field_of_view: FieldOfView = "organ",
    timepoints: int = 3,
    complete: bool = False,
    progress: Progress = quiet,
) -> Path:
    """Simulate a cohort of tumours with planted truths.

    A physical phantom: hidden fields of each tumour drive its scans, its RNA and its slides;
    sites differ in scanner, spacing, orientation and noise. ``truth.json`` in the folder tells
    what was planted, how large it is and how it is measured. The same settings always give
    the same files.

    Parameters
    ----------
    folder : str or Path
        Where; it must not exist yet, or be empty. It appears when the cohort is complete.
    n_patients : int, optional
        Patients of the discovery cohort.
    n_validation : int, optional
        Patients of the validation cohort, from other sites. They are in the same folder; the
        column ``cohort`` of ``patients.csv`` tells them apart.
    seed : int, optional
        Seed of all that is random.
    modality : {"both", "CT", "MR"}, optional
        Lung tumours in CT, brain tumours in MR, or both.
    field_of_view : {"organ", "tumor"}, optional
        Scan one lung or the whole head, or only the tumour and 20 mm around it, which is
        faster and smaller.
    timepoints : int, optional
        Most timepoints that a patient has: a third of the patients have a second one, and a
        sixth a third one.
    complete : bool, optional
        Every patient has biopsies and slides, instead of a quarter and a twelfth of them.
    progress : Progress, optional
        Shows the progress and may cancel; nothing is left behind then.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If the folder holds files, or a number is out of range.

    Notes
    -----
    Patients are simulated in as many threads as there are processors, and each draws from
    random streams of its own, so that the result does not depend on their number.

    Examples
    --------
    >>> import tempfile
    >>> from napari_radiogenomics import simulate_cohort
    >>> folder = simulate_cohort(
    ...     tempfile.mkdtemp(), n_patients=1, n_validation=0, modality="CT", field_of_view="tumor"
    ... )
    >>> sorted(path.name for path in folder.glob("*.toml"))
    ['cohort.toml']
    """
    target = Path(folder)
    _check(target, n_patients, n_validation, timepoints, seed)
    patients = [
        patient
        for cohort, number in (("discovery", n_patients), ("validation", n_validation))
        for patient in draw_patients(
            seed, cohort, number, modality=modality, timepoints=timepoints, complete=complete
        )
    ]
    target.parent.mkdir(parents=True, exist_ok=True)
    settings: dict[str, object] = {
        "n_patients": n_patients,
        "n_validation": n_validation,
        "seed": seed,
        "modality": modality,
        "field_of_view": field_of_view,
        "timepoints": timepoints,
        "complete": complete,
    }
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".simulating-") as temporary:
        draft = Path(temporary) / "cohort"
        for name in _FOLDERS:
            (draft / name).mkdir(parents=True)
        results = _work(seed, patients, draft, field_of_view, progress)
        _write_tables(seed, patients, results, draft)
        _write_truth(settings, patients, results, draft)
        _write_description(settings, draft)
        _publish(draft, target)
    return target


def _check(target: Path, n_patients: int, n_validation: int, timepoints: int, seed: int) -> None:
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise InputError(
            f"{target} already holds files, and a simulation never overwrites. "
            "Choose a new folder, or remove this one first."
        )
    limits = {
        "n_patients": (n_patients, 1, 999),
        "n_validation": (n_validation, 0, 999),
        "timepoints": (timepoints, 1, 3),
        "seed": (seed, 0, 2**63 - 1),
    }
    for name, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise InputError(f"{name} is {value}; choose a number from {low} to {high}.")


def _publish(draft: Path, target: Path) -> None:
    if target.is_dir():  # empty, as checked before
        target.rmdir()
    os.replace(draft, target)


def _work(
    seed: int, patients: list[Patient], draft: Path, view: FieldOfView, progress: Progress
) -> list[Rows]:
    """Simulate every patient; a cancel stops all within one stage of one patient."""
    stop = threading.Event()
    finished: SimpleQueue[Future[Rows] | None] = SimpleQueue()  # a visit, or a failed patient

    def check() -> None:
        if stop.is_set():
            raise Cancelled("The simulation was cancelled.")

    def one(patient: Patient) -> Rows:
        return make_patient(
            seed, patient, draft, view=view, check=check, visited=lambda: finished.put(None)
        )

    def report_failure(future: Future[Rows]) -> None:
        if not future.cancelled() and future.exception() is not None:
            finished.put(future)

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        futures = [pool.submit(one, patient) for patient in patients]
        for future in futures:
            future.add_done_callback(report_failure)
        try:
            for _ in progress(range(sum(len(patient.days) for patient in patients)), "Visits"):
                failed = finished.get()
                if failed is not None:
                    failed.result()
        finally:
            stop.set()
            for future in futures:
                future.cancel()
    return [future.result() for future in futures]


def _write_tables(seed: int, patients: list[Patient], results: list[Rows], draft: Path) -> None:
    clinical = pd.DataFrame([clinical_row(seed, patient) for patient in patients])
    _csv(clinical, draft / "patients.csv")
    variants = [row for patient in patients for row in variant_rows(seed, patient)]
    _csv(pd.DataFrame(variants), draft / "variants.csv")
    aliases = [
        {"patient_id": p.patient_id, "system": "hospital",
         "alias": f"{p.site.name}-{1000 + 7 * number}"}
        for number, p in enumerate(patients)
    ]  # fmt: skip
    for name, columns in _COLUMNS.items():
        rows = (
            aliases
            if name == "aliases"
            else [row for result in results for row in result.tables.get(name, [])]
        )
        _csv(pd.DataFrame(rows, columns=columns.split()), draft / f"{name}.csv")
    (draft / "labels.csv").write_text(_LABELS, encoding="utf-8", newline="\n")
    (draft / "gene_sets.gmt").write_text(gmt(), encoding="utf-8", newline="\n")
    _write_expression(results, draft / "expression.csv.gz")


def _csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, lineterminator="\n")


def _write_expression(results: list[Rows], path: Path) -> None:
    samples = {name: row for result in results for name, row in result.expression.items()}
    table = pd.DataFrame(
        np.stack(list(samples.values())), index=list(samples), columns=genes().symbols
    )
    text = table.to_csv(index_label="sample_id", lineterminator="\n")
    # Neither time nor name in the header: the same seed gives the same bytes.
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


def _write_truth(
    settings: dict[str, object], patients: list[Patient], results: list[Rows], draft: Path
) -> None:
    content = truth(settings, patients, [result.truth for result in results])
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (draft / "truth.json").write_text(text + "\n", encoding="utf-8", newline="\n")


def _write_description(settings: dict[str, object], draft: Path) -> None:
    """Write ``cohort.toml``, which makes the folder a cohort, last."""
    total = int(str(settings["n_patients"])) + int(str(settings["n_validation"]))
    text = f"""format = 1
name = "Simulated cohort"
description = "{total} simulated tumors, seed {settings["seed"]}; truth.json tells what is planted"

[[expression]]
id = "rna"
path = "expression.csv.gz"
unit = "count"
gene_id = "symbol"
rows = "samples"

[[gene_sets]]
id = "programs"
path = "gene_sets.gmt"

[[variants]]
id = "mutations"
path = "variants.csv"
"""
    (draft / "cohort.toml").write_text(text, encoding="utf-8", newline="\n")
