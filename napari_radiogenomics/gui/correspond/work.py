"""What the Correspondence dock does in the background: open, map, measure, compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.case import (
    Case,
    FeatureMap,
    TissueOfCase,
    feature_map,
    open_case,
    tissue_of,
)
from napari_radiogenomics.correspondence.choices import INTENSITY, feature_titles
from napari_radiogenomics.correspondence.correspond_section import correspond_section
from napari_radiogenomics.correspondence.result import Correspondence
from napari_radiogenomics.correspondence.section import Section, match_section
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.inlay import Inlay
from napari_radiogenomics.errors import Cancelled, InputError, RadiogenomicsError
from napari_radiogenomics.genomics.cohort_scores import score_cohort
from napari_radiogenomics.gui.plots.scales import Scale, scale_of
from napari_radiogenomics.gui.register.overlay import Overlay, make_overlay
from napari_radiogenomics.gui.slide.tiles import ShownPyramid
from napari_radiogenomics.io.frames import in_frame
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.radiomics.boxes import box_around

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.data.segmentation import Segmentation

__all__ = ["Asked", "Compared", "NEAR_MM", "compare_patient"]

NEAR_MM = 3.0
"""Biopsies whose ball comes as near to the section are drawn on the slide."""
_OF_MAP = ("label", "kernel_radius", "ring_mm")
_OF_COMPARISON = ("label", "detrend", "partial", "surrogates", "seed")


@dataclass(frozen=True)
class Asked:
    """The three that are held against each other, and whose."""

    patient_id: str
    feature: str
    tissue: str
    score: str = ""
    role: str = ""

    @property
    def three(self) -> tuple[str, str, str, str]:
        """What is compared, whoever it is."""
        return self.feature, self.tissue, self.score, self.role


@dataclass(frozen=True, eq=False)
class Compared:
    """One patient, ready to be shown.

    Attributes
    ----------
    asked : Asked
        What was asked.
    case : Case
        Scan, region, slide and transform.
    image : FeatureMap
        Of the scan.
    drawn : Image
        What of it is drawn on the scan.
    tissue : TissueOfCase
        Of the slide.
    shown : ShownPyramid
        The slide's levels for the canvas.
    overlay : Overlay or None
        The scan's section on the slide.
    section : Section or None
        Matched places; None where the maps cannot be compared, and ``problem`` says why.
    found : Correspondence or None
        The statistics.
    problem : str
        Why there are none.
    biopsies : DataFrame
        ``sample_id, value`` (of the gene), ``x_mm, y_mm`` on the slide and ``off_mm`` from it,
        ``radius_mm``, how far its ball ends from the section (``away_mm``; 0 where it reaches
        it), and the place ``x, y, z`` in LPS mm.
    scale : Scale or None
        Colors of the gene, the same in every patient; None where there are no biopsies.
    settings : dict
        Of maps and comparison.
    """

    asked: Asked
    case: Case
    image: FeatureMap
    drawn: Image
    tissue: TissueOfCase
    shown: ShownPyramid
    overlay: Overlay | None
    section: Section | None
    found: Correspondence | None
    problem: str
    biopsies: pd.DataFrame
    scale: Scale | None
    settings: dict[str, Any]

    @property
    def near(self) -> pd.DataFrame:
        """Biopsies near the section."""
        return self.biopsies[self.biopsies["away_mm"] <= NEAR_MM]

    @property
    def n_near(self) -> int:
        """How many of them have a value of the gene: without any it is not seen beside the rest."""
        return int(self.near["value"].notna().sum()) if self.asked.score else 0


def compare_patient(
    cohort: Cohort, asked: Asked, *, progress: Progress = quiet, **settings: Any
) -> Compared:
    """Bring scan, slide and gene of a patient together.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    asked : Asked
        Which three, and whose.
    progress : Progress, optional
        Reports; may cancel.
    **settings
        As for `correspond_cohort`.

    Raises
    ------
    InputError
        If scan, slide or transform lack, or a map cannot be made: then there is nothing to show.
    """
    case = open_case(cohort, asked.patient_id, asked.tissue, role=asked.role, progress=progress)
    tissue = tissue_of(case.slide, asked.tissue, progress=progress)
    image = feature_map(
        case.scan, case.region, asked.feature, **_some(settings, _OF_MAP), progress=progress
    )
    section = found = None
    problem = ""
    how = _some(settings, _OF_COMPARISON)
    data = (image.map, tissue.map, case.transform, case.region)
    try:
        matching = _some(settings, ("label", "partial"))
        section = match_section(*data, **matching, progress=progress)
        found = correspond_section(*data, **how, progress=progress)
    except Cancelled:
        raise
    except RadiogenomicsError as error:
        problem = str(error)
    drawn = image.map
    if asked.feature == INTENSITY:
        drawn = _intensity_inside(image.map, case.region, settings.get("label"))
    return Compared(
        asked, case, image, drawn, tissue, ShownPyramid(case.slide), _overlay(case, progress),
        section, found, problem, *_biopsies(cohort, case, asked.score), dict(settings),
    )  # fmt: skip


def _intensity_inside(scan: Image, region: Segmentation, label: int | None) -> Image:
    """The scan within its region, as a map: in the window of its organ a tumor is one white."""
    labels = [layer > 0 for layer in region.layers()] if label is None else [region.mask(label)]
    inside = np.logical_or.reduce(labels)
    box = box_around(inside)
    first = (box[0].start, box[1].start, box[2].start)
    values = np.asarray(scan.array)[inside].astype(np.float32)
    title = feature_titles()[INTENSITY]
    array = cast(Any, Inlay(values, inside[box], first, inside.shape))
    return replace(
        scan, array=array, name=title, modality="map",
        metadata={**scan.metadata, "title": title},
    )  # fmt: skip


def _some(settings: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: settings[name] for name in names if name in settings}


def _overlay(case: Case, progress: Progress) -> Overlay:
    """The scan where the section lies: resampled under the slide, which stays as it is."""
    scan = replace(case.scan, metadata={"frame": case.transform.to_frame})
    return make_overlay(case.transform, case.slide, scan, progress=progress)


def _biopsies(cohort: Cohort, case: Case, score: str) -> tuple[pd.DataFrame, Scale | None]:
    """Biopsies of the patient with the gene's value, where they lie beside the section, colors."""
    import pandas as pd

    columns = ["sample_id", "value", "x_mm", "y_mm", "off_mm", "radius_mm", "away_mm",
               "x", "y", "z"]  # fmt: skip
    samples = cohort.samples_table(case.patient_id)
    if not score or not len(samples):
        return pd.DataFrame(columns=columns), None
    scores = score_cohort(cohort, score)
    try:
        located = in_frame(cohort, samples, str(case.scan.metadata.get("frame", ""))).located
        places = located.points_lps(case.scan.geometry)
        points = case.transform.inverse().points_or_nan(places)
    except InputError:
        return pd.DataFrame(columns=columns), None
    table = pd.DataFrame({"sample_id": located.table.index.astype(str)})
    table["value"] = scores["value"].reindex(located.table.index).to_numpy(float)
    table[["x_mm", "y_mm", "off_mm"]] = np.reshape(points, (-1, 3))
    table["radius_mm"] = located.table["radius_mm"].fillna(0.0).to_numpy(float)
    table["away_mm"] = _away_mm(table, case.slide.extent_mm)
    table[["x", "y", "z"]] = np.reshape(places, (-1, 3))
    return table, scale_of(scores)


def _away_mm(table: pd.DataFrame, extent_mm: tuple[float, float]) -> NDArray[np.float64]:
    """How far the balls of biopsies end from the section."""
    height, width = extent_mm
    beside = np.hypot(_outside(table["x_mm"], width), _outside(table["y_mm"], height))
    away = np.hypot(beside, table["off_mm"].to_numpy(float)) - table["radius_mm"].to_numpy(float)
    return np.asarray(np.maximum(away, 0.0))


def _outside(values: pd.Series, length: float) -> NDArray[np.float64]:
    """How far values lie outside of 0 to a length."""
    found = values.to_numpy(float)
    return np.asarray(np.maximum(np.maximum(-found, found - length), 0.0))
