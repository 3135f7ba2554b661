"""`correspond_cohort`: image feature, tissue measure and gene, in every patient with a slide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from napari_radiogenomics.correspondence.at_points import values_at
from napari_radiogenomics.correspondence.beside import Trend
from napari_radiogenomics.correspondence.biopsies import correspond_samples
from napari_radiogenomics.correspondence.case import feature_map, open_case, tissue_of
from napari_radiogenomics.correspondence.chain import links_of
from napari_radiogenomics.correspondence.choices import (
    TISSUE_MAPS,
    feature_titles,
    require_feature,
    require_tissue,
)
from napari_radiogenomics.correspondence.cohort_result import CohortCorrespondence
from napari_radiogenomics.correspondence.correspond_section import correspond_section
from napari_radiogenomics.correspondence.patients import (
    PooledCorrespondence,
    Step,
    pool_correspondence,
)
from napari_radiogenomics.correspondence.result import Correspondence
from napari_radiogenomics.correspondence.sample_result import SampleCorrespondence
from napari_radiogenomics.correspondence.scales import (
    Scale,
    commonest,
    others_left_out,
    scale_of,
)
from napari_radiogenomics.correspondence.section import SectionPartial, depth_map
from napari_radiogenomics.correspondence.surrogates import require_surrogates
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.errors import Cancelled, InputError, RadiogenomicsError
from napari_radiogenomics.genomics.cohort_scores import score_cohort
from napari_radiogenomics.io.frames import in_frames
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["correspond_cohort", "score_of_patients"]

_COARSE = ("tumour", "patient")
_JITTERS = 50


def _tissue_titles() -> dict[str, str]:
    return {name: one.title for name, one in TISSUE_MAPS.items()}


@verb
def correspond_cohort(
    cohort: Cohort,
    *,
    feature: Annotated[str, Setting(choices=feature_titles)] = "intensity",
    tissue: Annotated[str, Setting(choices=_tissue_titles)] = "vessels_per_mm2",
    score: str = "",
    role: str = "",
    patients: Sequence[str] = (),
    label: Annotated[int | None, Setting(minimum=1)] = None,
    kernel_radius: Annotated[int, Setting(unit="voxels", minimum=1)] = 1,
    ring_mm: Annotated[Sequence[float], Setting(title="Rings")] = (0.0, 20.0),
    detrend: Trend = "linear",
    partial: Sequence[SectionPartial] = ("edge", "slice"),
    surrogates: Annotated[int, Setting(minimum=0)] = 0,
    groups: str = "site",
    seed: Annotated[int, Setting(minimum=0, advanced=True)] = 0,
    progress: Progress = quiet,
) -> CohortCorrespondence:
    """Compare an image feature, a tissue measure and a gene in the patients of a cohort.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    feature : str, optional
        Of the scan: its intensity, a texture map, or a measure of vessels.
    tissue : str, optional
        Of the slide.
    score : str, optional
        Gene or gene set, as for `score_cohort`; none without it.
    role : str, optional
        Channel of the scan; the one that was segmented without it.
    patients : sequence of str, optional
        Which; all that have slides without it.
    label : int, optional
        Label of the region; all together without it.
    kernel_radius : int, optional
        Of texture maps.
    ring_mm : sequence of float, optional
        Ring around the region in which vessels are measured.
    detrend, partial, surrogates
        As for `correspond_section`.
    groups : str, optional
        Column of the table of patients whose groups are held fixed across patients, as the site;
        empty for none. A cohort without the column has none.
    seed : int, optional
        Of the random numbers.
    progress : Progress, optional
        Reports patients; may cancel.

    Returns
    -------
    CohortCorrespondence
        ``cases`` (this tumor only, each), ``pooled`` (one effect a patient), ``samples`` (the
        gene at biopsies against the image map) and ``links`` (the chain across patients). A
        patient that cannot be compared is one of ``failed``, with the reason; the others go on.

    Raises
    ------
    InputError
        If a name is unknown, or no patient could be measured.

    Notes
    -----
    Three questions that are easily taken for one another. *Within a tumor*: do the maps coincide
    on the section (`correspond_section`, `pool_correspondence`). *At biopsies*: does the gene
    follow the image map from place to place within patients (`correspond_samples`). *Across
    patients*: do patients with more of the feature have more of the tissue measure, and of the
    gene: rank correlations of one number a patient, with groups held fixed; a patient that is
    alone in its group says nothing. A chain may hold across patients and not within tumors, and
    the other way around. Nothing is said with a p-value below six patients.

    Correlations have no unit, and are joined over all patients: of the maps as they are
    (``pooled_raw``) and freed of what else tells both (``pooled``), which may answer otherwise.
    What has a unit, the effect at biopsies and the feature of a patient, is of the patients whose
    scans are alike: the modality and unit that most of them have, and without a unit one role. A
    note names the others; ``role`` or ``patients`` chooses them.

    References
    ----------
    Bonett and Wright 2000, https://doi.org/10.1007/BF02294183 (interval of rank correlations).

    Examples
    --------
    >>> from napari_radiogenomics import correspond_cohort, open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> cohort = open_cohort(sample_cohort())
    >>> found = correspond_cohort(cohort, patients=["P001", "P002"], score="VEGFA")
    >>> found.patients.round(1).loc["P001"].to_dict()
    {'feature': -3.5, 'tissue': 16.7, 'score': 10.1}
    >>> len(found.cases), found.pooled.p_value  # two patients: no p-value
    (2, nan)
    """
    import pandas as pd

    require_surrogates(surrogates)
    require_feature(feature)
    kind = require_tissue(tissue)
    wanted = [cohort.resolve(one) for one in patients] or list(
        dict.fromkeys(cohort.slides["patient_id"].astype(str))
    )
    if not wanted:
        raise InputError(f"{cohort.name} has no slides. Name them in slides.csv.")
    scores = score_cohort(cohort, score) if score else None
    taken = _Taken()
    for patient in progress(wanted, "Patients"):
        try:
            _one(taken, cohort, patient, feature, tissue, role=role,
                 mapping={"label": label, "kernel_radius": kernel_radius, "ring_mm": ring_mm},
                 how={"label": label, "detrend": detrend, "partial": partial,
                      "surrogates": surrogates, "seed": seed}, progress=progress)  # fmt: skip
        except Cancelled:
            raise
        except RadiogenomicsError as error:
            taken.failed[patient] = str(error)
    table = pd.DataFrame.from_dict(taken.values, orient="index", columns=["feature", "tissue"])
    table = table.reindex(wanted).rename_axis("patient_id")
    if table.isna().all(axis=None):
        raise InputError(f"No patient could be compared. {next(iter(taken.failed.values()))}")
    titles = [feature_titles()[feature], kind.title]
    if scores is not None:
        table["score"] = score_of_patients(scores).reindex(table.index)
        titles.append(str(scores.attrs["name"]))
    kept = commonest(taken.scales)
    note = others_left_out(taken.scales, kept)
    taken.notes += [note] if note else []
    apart = [name for name, scale in taken.scales.items() if scale != kept]
    table.loc[apart, "feature"] = np.nan
    titles[0] += f" ({kept.unit})" if kept.unit else ""
    pooled, raw = _pooled(taken), _pooled(taken, "raw")
    alike = {name: image for name, image in taken.maps.items() if name not in apart}
    samples = _samples(cohort, replace(taken, maps=alike), scores, partial, seed)
    return CohortCorrespondence(
        feature, tissue, score, tuple(titles), taken.cases, pooled, samples, table,
        links_of(table, _groups(cohort, groups)), taken.failed, raw,
        {name: scale.words for name, scale in taken.scales.items()},
        tuple(dict.fromkeys(taken.notes)),
    )  # fmt: skip


@dataclass
class _Taken:
    """What the patients gave so far."""

    cases: dict[str, Correspondence] = field(default_factory=dict)
    maps: dict[str, Image] = field(default_factory=dict)
    scales: dict[str, Scale] = field(default_factory=dict)
    depths: dict[str, Image] = field(default_factory=dict)
    values: dict[str, dict[str, float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def _one(
    taken: _Taken,
    cohort: Cohort,
    patient: str,
    feature: str,
    tissue: str,
    *,
    role: str,
    mapping: dict[str, Any],
    how: dict[str, Any],
    progress: Progress,
) -> None:
    case = open_case(cohort, patient, tissue, role=role, progress=progress)
    section = tissue_of(case.slide, tissue, progress=progress)
    own = taken.values.setdefault(patient, {"tissue": section.value})
    image = feature_map(case.scan, case.region, feature, **mapping, progress=progress)
    own["feature"], taken.maps[patient] = image.value, image.map
    taken.scales[patient] = scale_of(case.scan, image.map, feature)
    taken.depths[patient] = depth_map(image.map, case.region, mapping["label"])
    taken.cases[patient] = correspond_section(
        image.map, section.map, case.transform, case.region, **how, progress=progress
    )


def _pooled(taken: _Taken, step: Step = "last") -> PooledCorrespondence | None:
    if not taken.cases:
        taken.notes.append("No section has enough places with both values: nothing is joined.")
        return None
    try:
        return pool_correspondence(taken.cases, step=step)
    except InputError as error:
        taken.notes.append(f"Maps as they are: {error}" if step == "raw" else str(error))
        return None


def _samples(
    cohort: Cohort,
    taken: _Taken,
    scores: pd.DataFrame | None,
    partial: Sequence[SectionPartial],
    seed: int,
) -> SampleCorrespondence | None:
    """Biopsies against the maps, beside their depth; a note says why where there is no answer."""
    if scores is None:
        return None
    frames = [str(image.metadata.get("frame", "")) for image in taken.maps.values()]
    try:
        own = cohort.samples["patient_id"].isin(list(taken.maps))
        samples = in_frames(cohort, Samples(cohort.samples[own]), frames)
        depths = _depths(samples.located, taken) if "edge" in partial else None
        return correspond_samples(
            samples, scores["value"], taken.maps, depths, jitters=_JITTERS, seed=seed
        )
    except InputError as error:
        taken.notes.append(f"Biopsies: {error}")
        return None


def _depths(samples: Samples, taken: _Taken) -> pd.DataFrame:
    """Distance of each biopsy to the edge of its tumor in mm."""
    import pandas as pd

    found = pd.Series(np.nan, samples.table.index, name="distance to the edge")
    for patient, depth in taken.depths.items():
        own = (samples.table["patient_id"] == patient).to_numpy()
        if own.any():
            points = samples.select(own).points_lps(depth.geometry)
            found[own] = values_at(depth, points, np.zeros(len(points)))
    return found.to_frame()


def _groups(cohort: Cohort, column: str) -> pd.Series | None:
    return cohort.patients[column] if column and column in cohort.patients else None


def score_of_patients(scores: pd.DataFrame) -> pd.Series:
    """Mean of the bulk samples of each patient; of the biopsies where there is no bulk."""
    known = scores.dropna(subset=["value"])
    bulk = known["precision"].isin(_COARSE)
    means = known[bulk].groupby("patient_id")["value"].mean()
    others = known[~bulk].groupby("patient_id")["value"].mean()
    return means.combine_first(others)
