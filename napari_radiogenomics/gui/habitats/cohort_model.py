"""Habitats learned from all patients of the open cohort; no Qt, runs in a worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.genes.across import Recipe, recipe_of, scan_for
from napari_radiogenomics.io.cohorts import load_patient
from napari_radiogenomics.io.files import write
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.radiomics import habitat_model, texture_maps
from napari_radiogenomics.radiomics.habitat_model import HabitatModel, Within

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["Learned", "how_made", "learn_from_cohort", "save_habitats", "save_model"]

Case = tuple[dict[str, Image], Segmentation]


@dataclass(frozen=True, eq=False)
class Learned:
    """A model, and who is not in it.

    Attributes
    ----------
    model : HabitatModel
        Of the cohort.
    notes : tuple of str
        Who was left out, and why.
    """

    model: HabitatModel
    notes: tuple[str, ...] = field(default=())


def how_made(maps: Mapping[str, Image], cohort: Cohort) -> Recipe:
    """How the maps on the screen were made, so that they can be made in other patients.

    Raises
    ------
    InputError
        If that is not known.
    """
    name, image = next(iter(maps.items()))
    recipe = recipe_of(image, cohort, name)
    if recipe is None or not recipe.role:
        raise InputError(
            "How these maps were made in the cohort is not known. Open a patient of the cohort "
            "and compute the maps in the Texture dock."
        )
    wanted = tuple(dict.fromkeys(one.partition("_")[2] for one in maps))
    families = tuple(dict.fromkeys(one.partition("_")[0] for one in wanted))
    settings = {**recipe.settings, "families": families, "features": wanted}
    return Recipe(name, recipe.role, recipe.label, settings)


def learn_from_cohort(
    cohort: Cohort,
    recipe: Recipe,
    names: Sequence[str],
    *,
    progress: Progress = quiet,
    **settings: Any,
) -> Learned:
    """Map every tumor of a cohort and learn habitats from all of them.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    recipe : Recipe
        How maps are made.
    names : sequence of str
        The maps, by PyRadiomics' name.
    progress : Progress, optional
        Reports patients and numbers of habitats; may cancel.
    **settings
        As for `habitat_model`.

    Raises
    ------
    InputError
        If no patient can be measured.
    """
    notes: list[str] = []
    cases = []
    for patient in progress([str(one) for one in cohort.patients.index], "Patients"):
        try:
            cases += list(_cases_of(cohort, patient, recipe, names))
        except InputError as error:
            notes.append(f"{patient} is left out: {error}")
    if not cases:
        first = f" {notes[0]}" if notes else ""
        raise InputError(f"No patient has a {recipe.role} scan with this region.{first}")
    # HU mean the same in every scan; the signal of MR does not.
    within: Within = "cohort" if cases[0][1] == "HU" else "case"
    model = habitat_model([case for case, _ in cases], within=within, progress=progress, **settings)
    return Learned(model, tuple(notes))


def _cases_of(
    cohort: Cohort, patient: str, recipe: Recipe, names: Sequence[str]
) -> Iterator[tuple[Case, str]]:
    """Maps and region of each scan of a patient, and its unit; the first reader's, if several."""
    measured: list[Image] = []
    data = load_patient(cohort, patient, slides=False)
    for segmentation in data.segmentations:
        scan = scan_for(cohort, data, segmentation, recipe.role)
        seen = any(scan is one for one in measured)
        if scan is None or seen or (recipe.label or 1) not in segmentation.present:
            continue
        measured.append(scan)
        maps = texture_maps(scan, segmentation, label=recipe.label, **recipe.settings)
        yield ({name: maps[name] for name in names}, segmentation), scan.unit


def save_model(model: HabitatModel, path: str | Path) -> str:
    """Write a model as JSON; answers with what the person is told."""
    return f"Model saved as {model.save(path)}. Load it to find the same habitats elsewhere."


def save_habitats(found: Segmentation, path: str | Path) -> str:
    """Write habitats with their history beside them; answers with what the person is told."""
    return f"Habitats saved as {write(found, path)}, with their history beside it."
