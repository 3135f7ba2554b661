"""Rows of the region table: what is drawn, what its samples say, how finely; no Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.data.structures import WHOLE
from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.plots.scales import MARKS, mark_text

if TYPE_CHECKING:
    import pandas as pd
    from napari.layers import Layer

    from napari_radiogenomics.gui.genes.answer import Answer

__all__ = ["RegionRow", "drawn_rows", "scored_rows", "segmentation_of", "value_text"]


@dataclass(frozen=True)
class RegionRow:
    """One region.

    Attributes
    ----------
    name : str
        Of the region.
    label : int or None
        Its value; None for the whole tumor, or where nothing is drawn.
    volume_ml, mean : float
        Volume, and mean of the chosen map; NaN where not known.
    samples : tuple of str
        Those that count for it.
    score, percentile : float
        Mean of its samples, and where it stands in the cohort.
    cohort_n, n : int
        How many samples it is compared with, and is made of.
    precision : str
        Of the claim: a region, although its samples may be points; empty without a score.
    how, reference, unit : str
        How the samples are placed, what the percentile is among, unit of the score.
    text : str
        Class of a mutation, which is said in place of the score.
    """

    name: str
    label: int | None = None
    volume_ml: float = math.nan
    mean: float = math.nan
    samples: tuple[str, ...] = ()
    score: float = math.nan
    percentile: float = math.nan
    cohort_n: int = 0
    n: int = 0
    precision: str = ""
    how: str = ""
    reference: str = ""
    unit: str = ""
    text: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it is the tumor as a whole."""
        return self.name == WHOLE

    @property
    def mark(self) -> str:
        """Mark of the precision; empty without a score."""
        from napari_radiogenomics.data.precision import Precision

        return MARKS[Precision.parse(self.precision)] if self.precision else ""

    @property
    def words(self) -> str:
        """The score in words: ``"7.9 log2 CPM (● point, n=1)"``; what lacks without one."""
        if not math.isfinite(self.score):
            return "not measured"
        by = ", by structure name" if "structure name" in self.how else ""
        said = self.text or f"{value_text(self.score)} {self.unit}".rstrip()
        fine = f"{self.mark}\u00a0whole tumor" if self.is_whole else mark_text(self.precision)
        return f"{said} ({fine}, n={self.n}{by})"


def value_text(value: float) -> str:
    """Write a score with two figures behind the point, a dash where it is missing.

    Examples
    --------
    >>> value_text(7.912), value_text(-0.204), value_text(float("nan"))
    ('7.9', '−0.20', '–')
    """
    if not math.isfinite(value):
        return "–"
    text = f"{value:.2f}" if abs(value) < 1 else f"{value:.1f}" if abs(value) < 1000 else ""
    return (text or number_text(value)).replace("-", "−")


def segmentation_of(layer: Layer | None) -> str:
    """Identifier of the segmentation that a labels layer shows; empty where it has none."""
    from napari_radiogenomics.gui.layers.keys import SOURCE

    source = None if layer is None else layer.metadata.get(SOURCE)
    return str(getattr(source, "metadata", {}).get("segmentation_id", ""))


def drawn_rows(layer: Layer | None, means: Mapping[int, float]) -> list[RegionRow]:
    """Rows of what a labels layer shows, without scores.

    Parameters
    ----------
    layer : Labels or None
        Layer with our features (``index``, ``name``, ``volume_mL``).
    means : mapping of int to float
        Label → mean of the chosen map.
    """
    if layer is None:
        return []
    features = layer.features
    if not {"index", "name"} <= set(features.columns):
        return []
    volumes = features["volume_mL"] if "volume_mL" in features else [math.nan] * len(features)
    rows = [
        RegionRow(str(name), int(label), float(ml), means.get(int(label), math.nan))
        for label, name, ml in zip(features["index"], features["name"], volumes, strict=True)
        if label and ml != 0
    ]
    whole = RegionRow(WHOLE, None, float(np.nansum([row.volume_ml for row in rows])),
                      means.get(0, math.nan))  # fmt: skip
    return [*rows, whole] if rows else []


def scored_rows(
    answer: Answer, segmentation_id: str, means: Mapping[int, float]
) -> list[RegionRow]:
    """Rows of an answer for one segmentation, the whole tumor last.

    Parameters
    ----------
    answer : Answer
        What the cohort answered.
    segmentation_id : str
        Which segmentation; empty for samples placed by structure name alone.
    means : mapping of int to float
        Label → mean of the chosen map, 0 for the whole tumor.
    """
    table = answer.regions if answer.regions is not None else answer.links.regions
    if answer.regions is None and not len(table):
        return []
    own = table[table["segmentation_id"] == segmentation_id]
    return [_row(record, means, answer.scores) for record in own.to_dict("records")]


def _row(
    record: Mapping[Any, Any],
    means: Mapping[int, float],
    scores: pd.DataFrame | None,
) -> RegionRow:
    label = record["label"]
    label = None if label is None or label != label or str(label) == "<NA>" else int(label)
    name = str(record["region"])
    samples = tuple(part for part in str(record.get("samples", "")).split(", ") if part)
    whole = name == WHOLE
    return RegionRow(
        name,
        label,
        float(record.get("volume_ml", math.nan)),
        means.get(0 if whole else label if label is not None else -1, math.nan),
        samples,
        float(record.get("score", math.nan)),
        float(record.get("percentile", math.nan)),
        int(record.get("cohort_n", 0)),
        int(record.get("n", 0)),
        str(record.get("precision", "")),
        str(record.get("how", "")),
        str(record.get("reference", "")),
        str(record.get("unit", "")),
        _class_of(scores, samples),
    )


def _class_of(scores: pd.DataFrame | None, samples: Iterable[str]) -> str:
    """Class of a mutation in some samples; empty for scores that are numbers."""
    if scores is None or scores.attrs.get("kind") != "mutation":
        return ""
    found = scores["text"].reindex(list(samples)).dropna()
    return ", ".join(dict.fromkeys(text for text in found if text))
