"""`map_virtual_biopsy`: a learned score at every voxel of a tumor, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.around import Scene, Visit, open_scene
from napari_radiogenomics.correspondence.biopsy_lesson import batch_of
from napari_radiogenomics.correspondence.fitted_places import Known, Predicted
from napari_radiogenomics.correspondence.virtual_model import VirtualBiopsyModel
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    from napari_radiogenomics.provenance import Record

__all__ = ["VirtualMaps", "map_virtual_biopsy"]

Reals = NDArray[np.float64]
_BLOCK = 2000


@dataclass(frozen=True, eq=False)
class VirtualMaps:
    """Maps of one tumor, on the grid of its segmentation.

    Attributes
    ----------
    patient_id : str
        Whose.
    value, low, high : Image
        The score, and the ends of its interval.
    width : Image
        Of the interval.
    unlike : Segmentation
        Label 1 where the scans look like around no biopsy that was learned from.
    share_unlike : float
        Part of the tumor.
    anchored : int
        Biopsies of the patient from whose mean the map starts; 0 where it starts from that of
        other patients.
    held_out : bool
        Whether the patient was among those learned from, so that the fit without it was used.
    notes, history : tuple
        What should be known, and how it came to be.
    """

    patient_id: str
    value: Image
    low: Image
    high: Image
    width: Image
    unlike: Segmentation
    share_unlike: float
    anchored: int
    held_out: bool
    notes: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()


@verb
def map_virtual_biopsy(
    model: VirtualBiopsyModel,
    cohort: Cohort,
    patient_id: str,
    *,
    anchor: Annotated[bool, Setting(title="Start from the patient's own biopsies")] = True,
    timepoint: str = "",
    progress: Progress = quiet,
) -> VirtualMaps:
    """Draw the score at every voxel of a tumor, with its interval, where the scans allow.

    Parameters
    ----------
    model : VirtualBiopsyModel
        As `virtual_biopsy` learned it, or as it was saved.
    cohort : Cohort
        That of the patient, the same or another.
    patient_id : str
        Whose tumor. Of a patient that was learned from, the fit without it is used.
    anchor : bool, optional
        Start from the mean of the patient's own biopsies, where it was learned from: the
        interval then need not cover how patients differ.
    timepoint : str, optional
        Of the scans; the first without it.
    progress : Progress, optional
        Reports blocks of voxels; may cancel.

    Returns
    -------
    VirtualMaps

    Raises
    ------
    InputError
        If the patient lacks a scan of the model's channels, or a segmentation.

    Notes
    -----
    Each voxel stands for the ball around it whose radius the biopsies were located with: finer
    structure of the map is none of the score's.

    Examples
    --------
    >>> from napari_radiogenomics import map_virtual_biopsy, open_cohort, virtual_biopsy
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> cohort = open_cohort(sample_cohort())
    >>> model = virtual_biopsy(cohort, "BUFFA_HYPOXIA", level=0.8, permutations=99).learned
    >>> maps = map_virtual_biopsy(model, cohort, "P001")
    >>> maps.held_out, bool(np.nanmin(maps.width.array) > 0)
    (True, True)
    """
    patient_id = cohort.resolve(patient_id)
    own = _own_biopsies(model, cohort, patient_id)
    visits = cohort.timepoints_of(patient_id)
    taken, frame = ("", "") if own is None else own.visit
    visit = timepoint or taken or visits[0]
    if timepoint and timepoint not in visits:
        raise InputError(
            f'{patient_id} has no timepoint "{timepoint}". {did_you_mean(timepoint, visits)}'
        )
    there = own is not None and visit in (taken, "")
    place = Visit(patient_id, visit, frame if there else "")
    scene, _ = open_scene(cohort, place, model.recipe, progress)
    if tuple(scene.maps) != model.features:
        raise InputError(
            f"The model was learned from {', '.join(model.features)}; the scans of {patient_id} "
            f"give {', '.join(scene.maps)}. Learn it again with this version."
        )
    known = own.known if own is not None and there and anchor else None
    notes: list[str] = []
    batch = _batch(model, cohort, patient_id, notes)
    number = None if own is None else own.number
    x = scene.at(scene.voxels(), progress)
    found = _predicted(model, x, number, known, batch, progress)
    return _maps(model, scene, found, known, number, notes)


@dataclass(frozen=True)
class _Own:
    """Biopsies of the patient among those learned from."""

    number: int
    visit: tuple[str, str]
    known: Known


def _own_biopsies(model: VirtualBiopsyModel, cohort: Cohort, patient_id: str) -> _Own | None:
    """Those of the patient; None of another one who only has the same id in another cohort."""
    if patient_id not in model.patients:
        return None
    number = model.patients.index(patient_id)
    rows = np.flatnonzero(model.places.patient == number)
    names = [model.samples[row] for row in rows]
    here = cohort.samples[cohort.samples["patient_id"] == patient_id]
    if not set(names) <= set(here.index):
        return None
    here = here.loc[names]
    if not np.allclose(here[["x", "y", "z"]].to_numpy(float), model.points[rows], atol=1e-3):
        return None
    visit = (str(here["timepoint"].iloc[0]), str(here["frame"].iloc[0]))
    return _Own(number, visit, Known(model.x[rows], model.y[rows]))


def _batch(model: VirtualBiopsyModel, cohort: Cohort, patient_id: str, notes: list[str]) -> int:
    if not model.batch:
        return -1
    name = batch_of(cohort, patient_id, model.batch)
    if name in model.batches:
        return model.batches.index(name)
    notes.append(
        f'Nothing was learned from patients of {model.batch} "{name}": its scans are taken as '
        "they are."
    )
    return -1


def _predicted(
    model: VirtualBiopsyModel,
    x: Reals,
    number: int | None,
    known: Known | None,
    batch: int,
    progress: Progress,
) -> Predicted:
    """Scores of all voxels, block by block; NaN where nothing is known."""
    seen = np.asarray(np.isfinite(x).all(axis=1))
    value, low, high = (np.full(len(x), np.nan) for _ in range(3))
    unlike = np.asarray(~seen)
    places = np.flatnonzero(seen)
    for start in progress(range(0, len(places), _BLOCK), "Voxels"):
        part = places[start : start + _BLOCK]
        found = model.places.predict(
            x[part], level=model.level, left_out=number, known=known, batch=batch
        )
        value[part], low[part], high[part], unlike[part] = found
    return Predicted(value, low, high, unlike)


def _maps(
    model: VirtualBiopsyModel,
    scene: Scene,
    found: Predicted,
    known: Known | None,
    number: int | None,
    notes: list[str],
) -> VirtualMaps:
    inside = scene.inside
    share = f"{model.level:.0%}"
    start = (
        f"It starts from the mean of {len(known.y)} biopsies of the patient."
        if known is not None
        else "It starts from the mean of other patients: the interval covers how patients differ."
    )
    meaning = (
        f"{model.title} as biopsies of other patients foretell it, over balls of "
        f"{model.recipe.radius_mm:g} mm. {start}"
    )

    def image(values: Reals, what: str, feature: str) -> Image:
        array = np.full(inside.shape, np.nan)
        array[inside] = values
        facts = {"feature": feature, "title": f"{model.target}, {what}", "meaning": meaning,
                 "radius_mm": model.recipe.radius_mm}  # fmt: skip
        name = f"{scene.patient_id} {model.target}, {what}"
        return Image(array, scene.region.geometry, model.unit, name, "map", metadata=facts,
                     history=model.history)  # fmt: skip

    marked = np.zeros(inside.shape, np.uint8)
    marked[inside] = found.unlike
    unlike = Segmentation(
        marked,
        scene.region.geometry,
        (Label(1, "unlike any biopsy", (150, 150, 150)),),
        name=f"{scene.patient_id} unlike any biopsy",
    )
    share_unlike = float(found.unlike.mean())
    notes.append(f"{share_unlike:.0%} of the tumor looks like around no biopsy learned from.")
    notes.append(start)
    return VirtualMaps(
        scene.patient_id,
        image(found.value, "virtual biopsy", "virtual_biopsy"),
        image(found.low, f"low end of {share}", "virtual_biopsy_low"),
        image(found.high, f"high end of {share}", "virtual_biopsy_high"),
        image(found.high - found.low, f"width of {share}", "virtual_biopsy_width"),
        unlike,
        share_unlike,
        0 if known is None else len(known.y),
        number is not None,
        tuple(notes),
        model.history,
    )
