"""A score and a map in the regions of all patients of a cohort; no Qt, may run in a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.link import Links, join_links
from napari_radiogenomics.data.region_scores import region_scores
from napari_radiogenomics.data.structures import WHOLE, StructureMap
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.genes.means import region_means
from napari_radiogenomics.gui.genes.plots import Dot
from napari_radiogenomics.io.cohorts import load_patient
from napari_radiogenomics.io.link_patient import link_patient
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.radiomics.family import chosen_names

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["Everybody", "Recipe", "dots_of", "everybody", "recipe_of", "scan_for"]

_FIRSTORDER = "original_"
# Settings of a run that do not say how it measures.
_NOT_HOW = ("init_value", "features", "families", "label")


@dataclass(frozen=True)
class Recipe:
    """How the map on the screen was made, so that it can be made in other patients.

    Attributes
    ----------
    name : str
        PyRadiomics' name of the feature; empty for the scan itself.
    role : str
        Role of the scan in the cohort (``T1c``), or its modality.
    label : int or None
        Region that was mapped; None for all.
    settings : dict
        Of `texture_maps`.
    """

    name: str
    role: str
    label: int | None
    settings: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The same for the same measure."""
        return f"{self.name} {self.role} {self.label} {sorted(self.settings.items(), key=str)}"


@dataclass(frozen=True, eq=False)
class Everybody:
    """All patients: their samples' places, and the means of a map.

    Attributes
    ----------
    links : Links
        Of all patients.
    means : dict
        Recipe's key → (segmentation id, label) → mean; label 0 is the whole tumor.
    notes : tuple of str
        Who is left out, and why.
    """

    links: Links
    means: Mapping[str, Mapping[tuple[str, int], float]]
    notes: tuple[str, ...] = ()


def recipe_of(image: Image, cohort: Cohort, feature: str) -> Recipe | None:
    """Recipe of what a layer shows; None for a map whose run is not known.

    Parameters
    ----------
    image : Image
        Scan or map.
    cohort : Cohort
        Its scans table tells the role.
    feature : str
        PyRadiomics' name of the map; ignored for a scan.
    """
    scans = cohort.scans
    scan_id = str(image.metadata.get("scan_id", ""))
    role = ""
    if scan_id in scans.index:
        role = str(scans.at[scan_id, "role"] or scans.at[scan_id, "modality"])
    if image.modality != "map":
        return Recipe("", role, None, {}) if role else None
    runs = [record for record in image.history if record.verb == "texture_maps"]
    if not runs or not feature:
        return None
    settings = dict(runs[-1].settings)
    label = settings.get("label")
    how = {name: value for name, value in settings.items() if name not in _NOT_HOW}
    if feature.startswith(_FIRSTORDER):
        family = feature.split("_")[1]
        how |= {"families": (family,), "features": (feature.removeprefix(_FIRSTORDER),)}
    else:
        families, features = chosen_names(settings["families"], settings["features"])
        how |= {"families": families, "features": features}
    return Recipe(feature, role, None if label is None else int(label), how)


def everybody(
    cohort: Cohort,
    *,
    structures: StructureMap | None = None,
    recipe: Recipe | None = None,
    known: Everybody | None = None,
    progress: Progress = quiet,
) -> Everybody:
    """Link the samples of all patients with their regions, and measure a map where asked.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    structures : StructureMap, optional
        As edited.
    recipe : Recipe, optional
        What to measure; nothing where not given.
    known : Everybody, optional
        What was found before; its means are kept.
    progress : Progress, optional
        Reports the patients, may cancel.

    Returns
    -------
    Everybody
        A patient that cannot be read is left out with a note.
    """
    links, notes = [], []
    means: dict[tuple[str, int], float] = {}
    for patient in progress([str(one) for one in cohort.patients.index], "Patients"):
        try:
            data = load_patient(cohort, patient, scans=recipe is not None, slides=False)
            links.append(link_patient(cohort, data, structures=structures))
            if recipe is not None:
                means |= _measure(cohort, data, recipe)
        except InputError as error:
            notes.append(f"{patient} is left out: {error}")
    before = {} if known is None else dict(known.means)
    if recipe is not None:
        before[recipe.key] = means
    return Everybody(join_links(links, name=cohort.name), before, tuple(notes))


def _measure(cohort: Cohort, data: Any, recipe: Recipe) -> dict[tuple[str, int], float]:
    """Means of a recipe in one patient, at all its timepoints."""
    from napari_radiogenomics.radiomics import texture_maps

    found: dict[tuple[str, int], float] = {}
    for segmentation in data.segmentations:
        scan = scan_for(cohort, data, segmentation, recipe.role)
        if scan is None:
            continue
        if recipe.name:
            if recipe.label is not None and recipe.label not in segmentation.present:
                continue
            maps = texture_maps(scan, segmentation, label=recipe.label, **recipe.settings)
            image = maps[recipe.name]
        else:
            image = scan
        identity = str(segmentation.metadata["segmentation_id"])
        for label, mean in region_means(image, segmentation).items():
            found[(identity, label)] = mean
    return found


def scan_for(cohort: Cohort, data: Any, segmentation: Any, role: str) -> Any:
    """Scan of this role on the grid of a segmentation: its own, else another of its visit."""
    scans = {scan.metadata["scan_id"]: scan for scan in data.scans}
    table = cohort.scans
    own = segmentation.metadata.get("scan_id")
    for identity in (own, *scans):
        if identity in scans and role in (
            table.at[identity, "role"],
            table.at[identity, "modality"],
        ):
            same_visit = table.at[identity, "timepoint"] == table.at[own, "timepoint"]
            if same_visit and scans[identity].geometry.same_grid(segmentation.geometry):
                return scans[identity]
    return None


def dots_of(everyone: Everybody, scores: pd.DataFrame, recipe: Recipe | None = None) -> list[Dot]:
    """Score of every region that has samples; with the mean of a map where one is given.

    Parameters
    ----------
    everyone : Everybody
        All patients.
    scores : DataFrame
        As `score_cohort` answers.
    recipe : Recipe, optional
        Map for ``x``; regions without a mean are left out.
    """
    try:
        table = region_scores(everyone.links, scores)
    except InputError:
        return []
    means = everyone.means.get(recipe.key, {}) if recipe is not None else {}
    dots = []
    for row in table[table["n"] > 0].to_dict("records"):
        label = 0 if row["region"] == WHOLE else row["label"]
        known = label is not None and label == label and str(label) != "<NA>"
        key = (str(row["segmentation_id"]), int(label) if known else -1)
        if recipe is None or key in means:
            x = means.get(key, 0.0)
            dots.append(Dot(str(row["patient_id"]), str(row["region"]), x, float(row["score"])))
    return dots
