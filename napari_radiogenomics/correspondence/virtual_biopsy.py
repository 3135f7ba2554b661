"""`virtual_biopsy`: a score at every place of a tumor, learned from biopsies; or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from napari_radiogenomics.correspondence.around import Recipe, Scope
from napari_radiogenomics.correspondence.biopsy_lesson import (
    channels_of,
    measure_biopsies,
    with_channels,
)
from napari_radiogenomics.correspondence.biopsy_targets import biopsies_of, find_target, in_company
from napari_radiogenomics.correspondence.fitted_places import fit_places
from napari_radiogenomics.correspondence.place_skill import skill_of
from napari_radiogenomics.correspondence.virtual_model import model_of
from napari_radiogenomics.correspondence.virtual_result import VirtualBiopsy, held_out_table
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_scores import ScoreKind
from napari_radiogenomics.genomics.scorer import SCORERS
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.radiomics.family import feature_meanings
from napari_radiogenomics.signature import Setting

__all__ = ["virtual_biopsy"]


@verb
def virtual_biopsy(
    cohort: Cohort,
    target: str,
    *,
    channels: Sequence[str] = (),
    features: Annotated[Sequence[str], Setting(choices=feature_meanings)] = ("Entropy",),
    labels: Annotated[Sequence[int], Setting(minimum=1, title="Labels of the tumor")] = (),
    level: Annotated[float, Setting(minimum=0.5, maximum=0.99, title="Interval")] = 0.9,
    radius_mm: Annotated[float | None, Setting(minimum=0)] = None,
    edge_mm: Annotated[float, Setting(minimum=0)] = 2.0,
    scope: Annotated[Scope, Setting(title="Compare values within")] = "tumor",
    batch: Annotated[str, Setting(advanced=True, title="Batch column")] = "",
    kernel_radius: Annotated[int, Setting(unit="voxels", minimum=1, maximum=5)] = 1,
    bin_width: Annotated[float, Setting(unit="unit of the scan", minimum=0)] = 25.0,
    bin_count: Annotated[int | None, Setting(minimum=1, advanced=True)] = None,
    timepoint: Annotated[str, Setting(advanced=True)] = "",
    kind: Annotated[ScoreKind, Setting(advanced=True)] = "auto",
    expression: Annotated[str, Setting(advanced=True)] = "",
    method: Annotated[str, Setting(choices=SCORERS.meanings, advanced=True)] = "zscore_lee",
    permutations: Annotated[int, Setting(minimum=99, advanced=True)] = 499,
    seed: Annotated[int, Setting(minimum=0, advanced=True)] = 0,
    progress: Progress = quiet,
) -> VirtualBiopsy:
    """Learn a gene or pathway score from what scans show around biopsies, or refuse.

    Parameters
    ----------
    cohort : Cohort
        As opened, with biopsies located as points.
    target : str
        Gene, gene set, or a column of numbers in samples.csv.
    channels : sequence of str, optional
        Roles of the scans to look at, such as CT, or T1c and T2. Without it, those that most
        of the patients share.
    features : sequence of str, optional
        Texture features that are mapped on each channel beside the channel itself.
    labels : sequence of int, optional
        Labels of the segmentation that make up the tumor; all of them without it.
    level : float, optional
        Share of places whose score is to lie within its interval.
    radius_mm : float, optional
        Radius of the ball over which scans are averaged. Without it, radius and uncertainty of
        the least well located biopsy.
    edge_mm : float, optional
        Voxels this near to the surface of the tumor are not looked at, as they are half
        surroundings: else any texture tells the rim.
    scope : {"tumor", "cohort"}, optional
        Values as spreads from the middle of their own tumor, which no scanner changes, or as
        they are in the whole cohort.
    batch : str, optional
        Column of the patients with the site or scanner, whose means are taken away; for
        values of the whole cohort.
    kernel_radius, bin_width, bin_count
        As for `texture_maps`.
    timepoint : str, optional
        Biopsies of this timepoint; of that with the most of each patient without it.
    kind, expression, method
        As for `score_cohort`.
    permutations : int, optional
        Shuffles of biopsies within their patients.
    seed : int, optional
        Of the random numbers.
    progress : Progress, optional
        Reports patients and shuffles; may cancel.

    Returns
    -------
    VirtualBiopsy
        With a model for `map_virtual_biopsy`; or refused, without one, and it says why.

    Raises
    ------
    InputError
        If nothing has the name of the target; if no biopsy is located as a point; if fewer
        patients have two of them than an interval needs (10 for 90 %); if the scans of too many
        are missing; if scores or features do not vary within patients.

    Notes
    -----
    Ridge regression of differences within patients: what differs between patients, as site,
    age or purity, cannot teach it where in a tumor a score is high. On 20 simulated patients of
    4 biopsies, partial least squares, random forest and Gaussian process did worse, or better
    by 0.05 of skill at most; every step of the ridge can be repeated under permutation.
    Penalty, spreads and batches are learned within the folds, which leave out whole patients.

    The predictor to beat is the patient's own mean. A map is refused where the skill, part of
    the variance within patients left out, is 0 or less, where more than 5 % of shuffles do as
    well, or where the 95 % interval of the skill over draws of patients reaches 0.

    Intervals are jackknife+ [1]_ with patients as the unit [2]_: every patient has the same
    say, and they hold for patients that were not seen. They assume that places of a map are
    like places of biopsies; where the features lie farther from the biopsies than 95 % of
    those of patients left out, the place is marked as unlike.

    References
    ----------
    .. [1] Barber et al. 2021, https://doi.org/10.1214/20-AOS1965.
    .. [2] Dunn, Wasserman and Ramdas 2023, https://doi.org/10.1080/01621459.2022.2060112.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort, virtual_biopsy
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> found = virtual_biopsy(
    ...     open_cohort(sample_cohort()), "BUFFA_HYPOXIA", level=0.8, permutations=99
    ... )
    >>> found.n_patients, found.n_biopsies, found.refused, found.skill > 0.5
    (8, 37, '', True)
    """
    _check(radius_mm, edge_mm)
    notes: list[str] = []
    wanted = find_target(cohort, target, kind, expression, method, progress)
    notes += wanted.notes
    table, radius = biopsies_of(cohort, wanted, timepoint, radius_mm, notes)
    roles = channels_of(cohort, table, channels) if len(table) else ()
    table = with_channels(cohort, table, roles, notes)
    in_company(table, level, [])  # before any scan is read
    recipe = Recipe(
        roles, tuple(features), radius, scope, edge_mm, tuple(labels), kernel_radius, bin_width,
        bin_count,
    )  # fmt: skip
    lesson = measure_biopsies(cohort, table, recipe, level, notes, progress)
    lesson = lesson.with_batches(cohort, batch)
    skill = skill_of(
        lesson.x,
        lesson.y,
        lesson.patient,
        lesson.folds,
        permutations=permutations,
        seed=seed,
        progress=progress,
    )
    places = fit_places(lesson.x, lesson.y, lesson.patient, lesson.folds, lesson.batch)
    facts: dict[str, Any] = {
        "target": wanted.name,
        "title": wanted.title,
        "unit": wanted.unit,
        "level": level,
        "skill": skill.value,
        "skill_low": skill.low,
        "skill_high": skill.high,
        "p_value": skill.p_value,
    }
    return VirtualBiopsy(
        **facts,
        refused=skill.refusal,
        samples=held_out_table(lesson, skill, places, level),
        n_patients=len(lesson.patients),
        model=None if skill.refusal else model_of(lesson, places, facts, batch),
        notes=tuple(notes),
    )


def _check(radius_mm: float | None, edge_mm: float) -> None:
    if radius_mm is not None and not 0 < radius_mm < np.inf:
        raise InputError(f"radius_mm is {radius_mm}; it is a length in mm above 0.")
    if not 0 <= edge_mm < np.inf:
        raise InputError(f"edge_mm is {edge_mm}; it is a length in mm, 0 or more.")
